//! Filters of one network: which frames they match, and what becomes of those.

use std::net::IpAddr;

use super::config::{Action, Filter, Match};
use super::counters::FilterCounters;
use super::switch::PortId;
use crate::wire::dns;
use crate::wire::frame::{Frame, Transport};

/// The filters of one network, with their counters.
#[derive(Debug)]
pub struct Filters {
    rules: Vec<Rule>,
    /// Whether any rule reads DNS, so that labs without pay nothing for it.
    reads_dns: bool,
}

#[derive(Debug)]
struct Rule {
    filter: Filter,
    ingress: Option<PortId>,
    dns_suffix: Option<String>,
    note: String,
    counters: FilterCounters,
}

/// What the filters say to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Pass, after this many nanoseconds.
    Pass(u64),
    /// Drop; the number of the filter that says so.
    Drop(usize),
}

impl Filters {
    /// Prepares filters. `port` finds a port of this network by name.
    ///
    /// # Errors
    /// The filter whose ingress port is not on this network.
    pub fn new<'a>(filters: &'a [Filter], port: impl Fn(&str) -> Option<PortId>) -> Result<Self, &'a Filter> {
        let rule = |filter: &'a Filter| {
            let ingress = match &filter.matches.ingress {
                None => None,
                Some(name) => Some(port(name).ok_or(filter)?),
            };
            Ok(Rule {
                ingress,
                dns_suffix: filter.matches.dns_suffix.as_deref().map(dns::canonical),
                note: format!("drop=filter:{}", filter.name),
                filter: filter.clone(),
                counters: FilterCounters::default(),
            })
        };
        let rules: Vec<Rule> = filters.iter().map(rule).collect::<Result<_, _>>()?;
        let reads_dns = rules.iter().any(Rule::reads_dns);
        Ok(Self { rules, reads_dns })
    }

    /// Asks the filters in order, until one drops the frame; counts each that matches.
    pub fn rule(&mut self, port: PortId, frame: &Frame) -> Ruling {
        let message = if self.reads_dns { dns_message(frame) } else { None };
        let mut wait = 0_u64;
        for (number, rule) in self.rules.iter_mut().enumerate() {
            if !rule.matches(port, frame, message.as_ref()) {
                continue;
            }
            rule.counters.frames += 1;
            rule.counters.bytes += frame.length as u64;
            match rule.filter.action {
                Action::Drop => return Ruling::Drop(number),
                Action::Count => {}
                Action::Delay { ns } => wait = wait.saturating_add(ns),
            }
        }
        Ruling::Pass(wait)
    }

    /// The capture's note on a frame that this filter dropped: `drop=filter:NAME`.
    pub fn note(&self, number: usize) -> Option<&str> {
        self.rules.get(number).map(|rule| rule.note.as_str())
    }

    /// Name and counters of each filter, in order.
    pub fn counters(&self) -> impl Iterator<Item = (&str, FilterCounters)> {
        self.rules.iter().map(|rule| (rule.filter.name.as_str(), rule.counters))
    }

    /// Sets all counters to zero.
    pub fn reset(&mut self) {
        self.rules.iter_mut().for_each(|rule| rule.counters = FilterCounters::default());
    }
}

impl Rule {
    fn reads_dns(&self) -> bool {
        self.dns_suffix.is_some() || self.filter.matches.dns_type.is_some()
    }

    fn matches(&self, port: PortId, frame: &Frame, message: Option<&dns::Message>) -> bool {
        let Match { ethertype, protocol, src, dst, sport, dport, min_length, source_mac, dns_type, .. } =
            &self.filter.matches;
        let ip = |is: &dyn Fn(IpAddr, IpAddr, u8) -> bool| {
            frame.ip.is_some_and(|ip| is(ip.source, ip.destination, ip.protocol))
        };
        let ports = frame.ports();
        self.ingress.is_none_or(|ingress| ingress == port)
            && ethertype.is_none_or(|ethertype| ethertype == frame.ethertype)
            && source_mac.is_none_or(|mac| mac == frame.source.0)
            && min_length.is_none_or(|least| frame.length >= least)
            && protocol.is_none_or(|wanted| ip(&|_, _, protocol| protocol == wanted))
            && src.is_none_or(|prefix| ip(&|source, _, _| prefix.contains(source)))
            && dst.is_none_or(|prefix| ip(&|_, destination, _| prefix.contains(destination)))
            && sport.is_none_or(|wanted| ports.is_some_and(|(sport, _)| sport == wanted))
            && dport.is_none_or(|wanted| ports.is_some_and(|(_, dport)| dport == wanted))
            && (!self.reads_dns() || message.is_some_and(|message| self.asks(message, *dns_type)))
    }

    fn asks(&self, message: &dns::Message, kind: Option<u16>) -> bool {
        message.questions.iter().any(|question| {
            kind.is_none_or(|kind| question.number == kind)
                && self.dns_suffix.as_deref().is_none_or(|suffix| question.is_below(suffix))
        })
    }
}

/// The DNS message that a frame carries whole, to or from port 53.
fn dns_message(frame: &Frame) -> Option<dns::Message> {
    let (sport, dport) = frame.ports()?;
    if sport != dns::PORT && dport != dns::PORT {
        return None;
    }
    match frame.transport {
        Transport::Udp { payload, .. } => dns::parse_udp(payload),
        Transport::Tcp { payload, .. } => dns::parse_tcp(payload),
        Transport::Icmp { .. } | Transport::Esp { .. } | Transport::Other => None,
    }
}

#[cfg(test)]
mod tests;
