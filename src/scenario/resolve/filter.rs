//! Rules of the switch, and rules that no frame can match.

use super::super::error::{Problem, Span, say};
use super::super::file::address::Range;
use super::super::file::model;
use super::super::file::value::At;
use super::super::{Filter, FilterAction, Match, Prefix};
use super::Resolver;
use super::names::Noun;

/// Protocols with ports: TCP, UDP and SCTP (IANA protocol numbers).
const WITH_PORTS: [u16; 3] = [6, 17, 132];

impl<'a> Resolver<'a> {
    /// The rules of one network.
    pub(super) fn filters(&mut self, network: &str, table: &'a model::Network) -> Vec<Filter> {
        let filters = self.items(&table.filters);
        self.check_names(Noun::Filter, filters.iter().filter_map(|filter| filter.name.get()));
        let max_frame = table.max_frame.as_ref().map_or(1514, |max| max.value.0);
        filters.iter().filter_map(|filter| self.filter(network, filter, max_frame)).collect()
    }

    fn filter(&mut self, network: &str, filter: &'a At<model::Filter>, max_frame: u64) -> Option<Filter> {
        let action = self.filter_action(filter);
        let matches = match &filter.r#match {
            Some(matches) => {
                self.check_sender(network, matches);
                self.check_possible(matches, max_frame);
                resolve_match(matches)
            }
            None => Match::default(),
        };
        Some(Filter { name: filter.name.get()?.value.clone(), action: action?, matches })
    }

    fn filter_action(&mut self, filter: &'a At<model::Filter>) -> Option<FilterAction> {
        let mut given: Vec<(&Span, Option<FilterAction>)> = Vec::new();
        for (flag, action) in [(&filter.drop, FilterAction::Drop), (&filter.count, FilterAction::Count)] {
            let Some(flag) = flag else { continue };
            if flag.value.0 == Some(false) {
                let problem =
                    Problem::at(&flag.span, say!("`false` says nothing here", "ここでの `false` には意味がありません"));
                self.push(problem.help(say!("leave the key out", "キーを省きます")));
            }
            given.push((&flag.span, Some(action)));
        }
        if let Some(delay) = &filter.delay {
            given.push((&delay.span, delay.value.0.map(FilterAction::Delay)));
        }
        given.sort_by_key(|(span, _)| span.start);
        let help = say!(
            "write one of `drop = true`, `count = true` and `delay = \"…\"`",
            "`drop = true`、`count = true`、`delay = \"…\"` のどれか1つを書きます"
        );
        match given.as_slice() {
            [] => self.push(
                Problem::at(&filter.span, say!("the filter does nothing", "フィルタの動作がありません")).help(help),
            ),
            [_] => {}
            [(first, _), (second, _), ..] => {
                let problem = Problem::at(second, say!("the filter does two things", "フィルタの動作が2つあります"));
                self.push(problem.second(first, say!("one thing here", "1つ目の動作")).help(help));
            }
        }
        given.pop()?.1
    }

    /// The endpoint that a rule waits for frames from must be on the network.
    fn check_sender(&mut self, network: &str, matches: &'a model::Match) {
        let Some(from) = &matches.from else { return };
        let Some(endpoint) = self.endpoint(from) else { return };
        let wired = endpoint.nic.get().is_none_or(|nics| nics.value.0.iter().any(|(name, _)| name.value == network));
        if !wired {
            let name = &from.value;
            let title = say!(
                "`{name}` has no NIC on network `{network}`",
                "`{name}` にはネットワーク `{network}` のNICがありません"
            );
            self.push(Problem::at(&from.span, title).label(say!("no frame can match", "どのフレームにも一致しません")));
        }
    }

    /// Fields that exclude each other make a rule that never matches, and a symptom that never comes.
    fn check_possible(&mut self, matches: &'a model::Match, max_frame: u64) {
        let never = || say!("no frame can match", "どのフレームにも一致しません");
        let port = matches.sport.as_ref().or(matches.dport.as_ref());
        if let (Some(port), Some(protocol)) = (port, &matches.protocol)
            && !WITH_PORTS.contains(&protocol.value.0)
        {
            let problem =
                Problem::at(&port.span, say!("the protocol has no ports", "このプロトコルにポートはありません"));
            self.push(problem.label(never()).second(&protocol.span, say!("this protocol", "このプロトコル")));
        }
        let ranges =
            [&matches.src, &matches.dst].map(|range| range.as_ref().map(|at| (at.value.0.address.is_ipv4(), &at.span)));
        let family = matches.ethertype.as_ref().and_then(|at| match at.value.0 {
            0x0800 => Some((true, &at.span)),
            0x86dd => Some((false, &at.span)),
            _ => None,
        });
        let given: Vec<_> = [family, ranges[0], ranges[1]].into_iter().flatten().collect();
        if let Some((first, other)) =
            given.first().and_then(|first| Some((first, given.iter().find(|one| one.0 != first.0)?)))
        {
            let problem = Problem::at(other.1, say!("IPv4 and IPv6 in one match", "1つの条件にIPv4とIPv6があります"));
            self.push(problem.label(never()).second(first.1, say!("the other family", "もう一方のファミリー")));
        }
        if let Some(least) = matches.min_length.as_ref().filter(|least| least.value.0 > max_frame) {
            let title =
                say!("longer than the network's largest frame", "ネットワークの最大フレームより長くなっています");
            let label = say!("at most {max_frame}", "{max_frame} 以下");
            self.push(Problem::at(&least.span, title).label(label));
        }
    }
}

fn resolve_match(matches: &model::Match) -> Match {
    let prefix = |range: &At<Range>| -> Prefix { range.value.0 };
    Match {
        ethertype: matches.ethertype.as_ref().map(|code| code.value.0),
        protocol: matches.protocol.as_ref().and_then(|code| u8::try_from(code.value.0).ok()),
        src: matches.src.as_ref().map(prefix),
        dst: matches.dst.as_ref().map(prefix),
        sport: matches.sport.as_ref().map(|port| port.value.0 as u16),
        dport: matches.dport.as_ref().map(|port| port.value.0 as u16),
        min_length: matches.min_length.as_ref().map(|least| least.value.0 as u32),
        from: matches.from.as_ref().map(|from| from.value.clone()),
        source_mac: matches.source_mac.as_ref().map(|mac| mac.value.0),
        dns_type: matches.dns_type.as_ref().map(|code| code.value.0),
        dns_suffix: matches.dns_suffix.as_ref().map(|domain| format!("{}.", domain.value.0)),
    }
}
