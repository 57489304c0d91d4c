//! What a strongSwan gateway says of its tunnels: `swanctl --list-sas --raw`, vici's own nesting of sections, lists and values.

use std::net::IpAddr;

/// A tunnel in the gateway's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sa {
    /// The tunnel's inner addresses on the client's side, as they are listed: `10.200.0.11/32`.
    pub clients: Vec<String>,
    /// Whether IKE and its child are both up.
    pub up: bool,
    /// Whether it is in UDP.
    pub encapsulated: bool,
    /// Bytes that came through it.
    pub bytes_in: u64,
}

impl Sa {
    /// Whether it is the tunnel of the client with this inner address.
    pub fn is_of(&self, address: IpAddr) -> bool {
        self.clients.iter().any(|listed| listed.split('/').next() == Some(&address.to_string()))
    }
}

/// Most nested sections that are followed.
const DEPTH_MOST: usize = 8;

/// A section's content.
#[derive(Debug, Default)]
struct Section<'a> {
    values: Vec<(&'a str, &'a str)>,
    lists: Vec<(&'a str, Vec<&'a str>)>,
    sections: Vec<(&'a str, Section<'a>)>,
}

impl<'a> Section<'a> {
    fn value(&self, name: &str) -> &'a str {
        self.values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    fn section(&self, name: &str) -> Option<&Section<'a>> {
        self.sections.iter().find(|(known, _)| *known == name).map(|(_, section)| section)
    }
}

/// Reads the listing; what is no listing has no tunnels.
pub fn read(text: &str) -> Vec<Sa> {
    let mut sas = Vec::new();
    for line in text.lines() {
        let Some(rest) = line.trim().strip_prefix("list-sa event ") else { continue };
        let mut words = Words { rest: rest.strip_prefix('{').unwrap_or(rest) };
        let event = words.section(0);
        sas.extend(event.sections.iter().map(|(_, ike)| sa(ike)));
    }
    sas
}

fn sa(ike: &Section<'_>) -> Sa {
    let children = ike.section("child-sas").map(|children| children.sections.as_slice()).unwrap_or_default();
    let installed: Vec<&Section<'_>> =
        children.iter().map(|(_, child)| child).filter(|child| child.value("state") == "INSTALLED").collect();
    let clients = installed.iter().flat_map(|child| &child.lists).filter(|(name, _)| *name == "remote-ts");
    Sa {
        clients: clients.flat_map(|(_, list)| list.iter().map(|item| (*item).to_owned())).collect(),
        up: ike.value("state") == "ESTABLISHED" && !installed.is_empty(),
        encapsulated: installed.iter().any(|child| child.value("encap") == "yes"),
        bytes_in: installed.iter().filter_map(|child| child.value("bytes-in").parse::<u64>().ok()).sum(),
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// Reads up to the section's closing brace, or the end.
    fn section(&mut self, depth: usize) -> Section<'a> {
        let mut section = Section::default();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix('}') {
                self.rest = rest;
                return section;
            }
            let Some(at) = self.rest.find(['=', '{', '[', '}']) else {
                self.rest = "";
                return section;
            };
            let name = self.rest[..at].trim();
            let sign = self.rest.as_bytes()[at];
            if sign == b'}' {
                // A word without a value.
                self.rest = &self.rest[at..];
                continue;
            }
            self.rest = &self.rest[at + 1..];
            match sign {
                b'{' if depth < DEPTH_MOST => section.sections.push((name, self.section(depth + 1))),
                b'{' => self.rest = "",
                // `name=[a b]`: the sign before the bracket has been read.
                b'=' if self.rest.starts_with('[') => {
                    self.rest = &self.rest[1..];
                    section.lists.push((name, self.list()));
                }
                b'[' => section.lists.push((name, self.list())),
                _ => {
                    let end = self.rest.find([' ', '}']).unwrap_or(self.rest.len());
                    section.values.push((name, &self.rest[..end]));
                    self.rest = &self.rest[end..];
                }
            }
        }
    }

    fn list(&mut self) -> Vec<&'a str> {
        let end = self.rest.find(']').unwrap_or(self.rest.len());
        let items = self.rest[..end].split_whitespace().collect();
        self.rest = self.rest.get(end + 1..).unwrap_or("");
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "list-sa event {cisco {uniqueid=2 version=1 state=ESTABLISHED local-host=198.51.100.10 \
        remote-host=198.51.100.1 remote-port=15 remote-xauth-id=userb initiator-spi=9eb48e1f3a13b1a6 tasks-passive=[a b] \
        child-sas {net-2 {name=net uniqueid=2 reqid=2 state=INSTALLED mode=TUNNEL protocol=ESP encap=yes spi-in=c1 \
        spi-out=ada43ac6 bytes-in=0 packets-in=0 bytes-out=0 packets-out=0 local-ts=[0.0.0.0/0] \
        remote-ts=[10.200.0.12/32]}}}}\n\
        list-sa event {cisco {uniqueid=1 version=1 state=CONNECTING child-sas {}}}\nlist-sas reply {}\n";

    #[test]
    fn a_listing_is_read() {
        let sas = read(TWO);
        let clients = vec!["10.200.0.12/32".to_owned()];
        assert_eq!(sas[0], Sa { clients, up: true, encapsulated: true, bytes_in: 0 });
        assert_eq!(sas[1], Sa::default());
        assert!(sas[0].is_of([10, 200, 0, 12].into()) && !sas[0].is_of([10, 200, 0, 1].into()));
        assert_eq!(sas.len(), 2);
    }

    #[test]
    fn whatever_is_cut_short_or_nested_without_end_is_survived() {
        for end in 0..TWO.len() {
            read(&TWO[..end]);
        }
        assert_eq!(read(&format!("list-sa event {}", "a {".repeat(10_000))).len(), 1);
        assert!(read("connecting to 'unix:///var/run/charon.vici' failed").is_empty());
    }
}
