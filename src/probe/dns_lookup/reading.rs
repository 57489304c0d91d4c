//! One lookup as the client saw it and as the wire did: to flags, counts and words. Pure.

use std::time::Duration;

use crate::helper::message::Ran;
use crate::measure::Sample;
use crate::probe::dns::asker::Asker;
use crate::probe::dns::ladder;
use crate::wire::lookup::Query;

/// One lookup as the client saw it and as the wire did.
pub struct Seen<'a> {
    /// Who asked.
    pub asker: Asker,
    /// How its command went.
    pub ran: &'a Ran,
    /// Its queries, in order.
    pub asked: &'a [Query],
}

impl Seen<'_> {
    fn last(&self) -> Option<&Query> {
        self.asked.iter().rev().find(|query| query.answer.is_some())
    }

    /// Adds this lookup to a sample of several: times and counts add up, flags hold as long as they hold for each.
    pub fn read(&self, sample: &mut Sample) {
        let answers = self.asked.iter().filter(|query| query.answer.is_some()).count();
        let mut add = |name: &str, value: f64| *sample.readings.entry(name.to_owned()).or_default() += value;
        add("time", Duration::from_nanos(self.ran.took_ns).as_secs_f64());
        add("queries", self.asked.len() as f64);
        add("answers", answers as f64);
        let last = self.last().and_then(|query| query.answer.as_ref());
        let is = |rcode: u8| last.is_some_and(|answer| answer.rcode == rcode);
        let flags = [
            ("ok", self.is_ok()),
            ("noerror", is(0)),
            ("servfail", is(2)),
            ("nxdomain", is(3)),
            ("refused", is(5)),
            ("aa", last.is_some_and(|answer| answer.aa)),
        ];
        for (name, holds) in flags.into_iter().filter(|(_, holds)| !holds) {
            sample.readings.insert(name.to_owned(), f64::from(u8::from(holds)));
        }
        if self.asked.iter().filter_map(|query| query.answer.as_ref()).any(|answer| answer.ra) {
            sample.readings.insert("ra".to_owned(), 1.0);
        }
        if self.ran.timed_out {
            sample.failed = Some("the lookup did not end within its limit".to_owned());
        } else if answers == 0 && !(self.asked.is_empty() && self.asker.may_ask_nothing()) {
            sample.failed = Some(format!("no answer to {} queries: {}", self.asked.len(), self.outcome()));
        }
    }

    /// Whether the client got what it asked for.
    fn is_ok(&self) -> bool {
        match self.asker {
            // dig's exit status says that there was an answer, whatever it is.
            Asker::Dig | Asker::DigSearch | Asker::Raw => {
                let last = self.last().and_then(|query| query.answer.as_ref());
                last.is_some_and(|answer| answer.rcode == 0 && answer.answers > 0)
            }
            Asker::Getent | Asker::Getaddrinfo | Asker::Host | Asker::Nslookup => self.ran.status == 0,
            Asker::Hickory | Asker::NslookupExe | Asker::WindowsClient | Asker::WindowsAppend => {
                self.asker.report(self.ran).is_some_and(|done| !done.found.is_empty())
            }
        }
    }

    /// What the client got, on one short line.
    pub fn outcome(&self) -> String {
        let reported = self.asker.report(self.ran).map(|done| match done.found.is_empty() {
            true => done.failed.or(done.rcode).unwrap_or_default(),
            false => done.found.join(" "),
        });
        let text = reported.unwrap_or_else(|| match (self.asker, self.is_ok()) {
            (Asker::Getent | Asker::Getaddrinfo, true) => {
                self.ran.stdout.split_whitespace().next().unwrap_or_default().to_owned()
            }
            (_, true) => self.last().map(ladder::answer).unwrap_or_default(),
            (_, false) => format!("exit {}: {}", self.ran.status, last_line(self.ran)),
        });
        crate::clean::one_line(&text, 120)
    }
}

/// What a tool said last; dig's own remarks begin with a semicolon.
fn last_line(ran: &Ran) -> &str {
    let mut lines = ran.stderr.lines().chain(ran.stdout.lines()).map(str::trim);
    lines.rfind(|line| !line.is_empty() && !line.starts_with(';')).unwrap_or("no address")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dns::Opcode;
    use crate::wire::dns::passed::Carrier;
    use crate::wire::lookup::Answer;

    fn query(name: &str, answer: Option<(u8, bool, bool, u16)>) -> Query {
        let answer =
            answer.map(|(rcode, aa, ra, answers)| Answer { rcode, aa, ra, tc: false, answers, records: Vec::new() });
        Query {
            at_ns: 0,
            answered_ns: answer.as_ref().map(|_| 1),
            port: "client:eth1".to_owned(),
            kind: "A".to_owned(),
            name: name.to_owned(),
            client: ([192, 168, 1, 20], 40000).into(),
            server: ([192, 168, 1, 10], 53).into(),
            carrier: Carrier::Udp,
            opcode: Opcode::Query,
            rd: true,
            dropped: false,
            answer,
        }
    }

    /// Flags of a sample as the kind begins it.
    fn fresh() -> Sample {
        let mut sample = Sample::default();
        for flag in ["ok", "noerror", "nxdomain", "refused", "servfail", "aa"] {
            sample.readings.insert(flag.to_owned(), 1.0);
        }
        sample.readings.insert("ra".to_owned(), 0.0);
        sample
    }

    fn read(asker: Asker, status: i32, asked: &[Query]) -> Sample {
        let mut sample = fresh();
        Seen { asker, ran: &Ran { status, ..Ran::default() }, asked }.read(&mut sample);
        sample
    }

    fn flags(sample: &Sample) -> Vec<&str> {
        let set = |name: &&&str| sample.readings[**name] == 1.0;
        ["ok", "noerror", "nxdomain", "refused", "servfail", "aa", "ra"].iter().filter(set).copied().collect()
    }

    #[test]
    fn the_last_answer_counts_and_recursion_offered_once_is_offered() {
        let found = [query("a.b.", Some((3, true, true, 0))), query("b.", Some((0, true, false, 1)))];
        assert_eq!(flags(&read(Asker::DigSearch, 0, &found)), ["ok", "noerror", "aa", "ra"]);
        let refused = [query("b.", Some((5, false, false, 0)))];
        assert_eq!(flags(&read(Asker::Raw, 0, &refused)), ["refused"]);
        // dig ends well although there is nothing of what was asked for.
        let nothing = [query("b.", Some((0, true, false, 0)))];
        assert_eq!(flags(&read(Asker::Dig, 0, &nothing)), ["noerror", "aa"]);
        assert_eq!(flags(&read(Asker::Getent, 2, &nothing)), ["noerror", "aa"]);
    }

    #[test]
    fn no_answer_is_a_service_that_could_not_be_used_and_sets_no_flag() {
        let sample = read(Asker::Raw, 0, &[query("b.", None)]);
        assert_eq!(flags(&sample), Vec::<&str>::new());
        assert!(sample.failed.is_some_and(|why| why.starts_with("no answer to 1 queries")));
        assert!(read(Asker::Getent, 2, &[]).failed.is_some());
        // Windows asks DNS nothing about a short name without a suffix.
        assert_eq!(read(Asker::WindowsClient, 0, &[]).failed, None);
        let partly = read(Asker::Getent, 0, &[query("b.", None), query("b.", Some((0, true, false, 1)))]);
        assert_eq!((partly.failed, partly.readings["queries"], partly.readings["answers"]), (None, 2.0, 1.0));
    }

    #[test]
    fn a_flag_of_several_lookups_holds_for_each() {
        let mut sample = fresh();
        let ran = Ran { took_ns: 1_500_000_000, ..Ran::default() };
        for rcode in [5, 0] {
            let asked = [query("b.", Some((rcode, false, false, 0)))];
            Seen { asker: Asker::Raw, ran: &ran, asked: &asked }.read(&mut sample);
        }
        assert_eq!(flags(&sample), Vec::<&str>::new());
        assert_eq!((sample.readings["time"], sample.readings["queries"]), (3.0, 2.0));
    }
}
