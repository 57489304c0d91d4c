//! Search list and `ndots` of the endpoint itself, from its /etc/resolv.conf (resolv.conf(5)).

/// What glibc would take from the file.
#[derive(Debug, PartialEq, Eq)]
pub struct ResolvConf {
    /// Suffixes in order.
    pub search: Vec<String>,
    /// Dots from which on a name is tried as it is first.
    pub ndots: u8,
}

impl ResolvConf {
    /// The endpoint's own; without a file nothing is searched.
    pub fn read() -> Self {
        Self::parse(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
    }

    /// The last `search` or `domain` line counts.
    fn parse(text: &str) -> Self {
        let mut conf = ResolvConf { search: Vec::new(), ndots: 1 };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("search" | "domain") => conf.search = words.map(str::to_owned).collect(),
                Some("options") => {
                    let ndots = words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok()).next_back();
                    // glibc knows no more than 15 (RES_MAXNDOTS).
                    conf.ndots = ndots.unwrap_or(conf.ndots).min(15);
                }
                _ => {}
            }
        }
        conf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_search_line_counts() {
        let text =
            "nameserver 192.168.1.10\ndomain a.example\nsearch sample.local  b.example\noptions timeout:1 ndots:5\n";
        let conf = ResolvConf::parse(text);
        assert_eq!(conf, ResolvConf { search: vec!["sample.local".into(), "b.example".into()], ndots: 5 });
        assert_eq!(ResolvConf::parse(""), ResolvConf { search: vec![], ndots: 1 });
    }
}
