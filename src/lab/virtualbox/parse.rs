//! What VBoxManage prints, read. Pure: any text is taken, and what is cut short gives less, never something else.

use crate::wire::frame::Mac;

/// Output as text: without byte order mark and carriage returns, whatever is no UTF-8 replaced.
pub fn text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

/// A registered VM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vm {
    /// Name, as it is.
    pub name: String,
    /// UUID, without braces.
    pub uuid: String,
}

/// The VMs of `list vms`: `"<name>" {<uuid>}`, where a quote within the name stands as it is.
pub fn vms(text: &str) -> Vec<Vm> {
    let vm = |line: &str| {
        let (name, uuid) = line.trim_end().strip_suffix('}')?.rsplit_once(" {")?;
        let name = name.trim_start().strip_prefix('"')?.strip_suffix('"')?;
        is_uuid(uuid).then(|| Vm { name: name.to_owned(), uuid: uuid.to_owned() })
    };
    text.lines().filter_map(vm).collect()
}

/// The VMs that somebody means by a name or UUID, with or without braces: none, one, or several of the same name.
pub fn meant<'a>(vms: &'a [Vm], wanted: &str) -> Vec<&'a Vm> {
    let bare = wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(wanted);
    if let Some(vm) = vms.iter().find(|vm| vm.uuid.eq_ignore_ascii_case(bare)) {
        return vec![vm];
    }
    vms.iter().filter(|vm| vm.name == wanted).collect()
}

/// The text form of a UUID (RFC 9562, section 4).
fn is_uuid(text: &str) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.len() == 36 && text.bytes().enumerate().all(|(at, b)| if dash(at) { b == b'-' } else { b.is_ascii_hexdigit() })
}

/// What a NIC is attached to, in the words of `controlvm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// `none` (the NIC is disabled), `null`, `nat`, `bridged`, …
    pub word: String,
    /// The adapter, network or driver, as it was printed.
    pub name: Option<String>,
}

impl Attachment {
    /// To an adapter of the host's.
    pub fn bridged(adapter: &str) -> Self {
        Attachment { word: "bridged".to_owned(), name: Some(adapter.to_owned()) }
    }

    /// To nothing, without being disabled.
    pub fn null() -> Self {
        Attachment { word: "null".to_owned(), name: None }
    }

    /// Whether this is what was asked for. Some versions print quotes and backslashes behind a backslash, some as they are.
    pub fn is(&self, wanted: &Attachment) -> bool {
        let same = |printed: &str, wanted: &str| printed == wanted || unescaped(printed) == wanted;
        self.word == wanted.word
            && match (&self.name, &wanted.name) {
                (Some(printed), Some(wanted)) => same(printed, wanted),
                (None, None) => true,
                _ => false,
            }
    }

    /// What stands behind `nicN` to bring it about; nothing where `controlvm` has no words for it.
    pub fn arguments(&self) -> Option<Vec<&str>> {
        match (self.word.as_str(), self.name.as_deref()) {
            ("null" | "nat", _) => Some(vec![&self.word]),
            ("bridged" | "intnet" | "hostonly" | "generic" | "natnetwork" | "hostonlynetwork", Some(name)) => {
                Some(vec![&self.word, name])
            }
            _ => None,
        }
    }
}

/// A NIC of a VM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nic {
    /// What it is attached to.
    pub attachment: Attachment,
    /// Its address; a disabled one tells none.
    pub mac: Option<Mac>,
    /// Whether its cable is in.
    pub cable: bool,
}

/// What `showvminfo --machinereadable` says of a VM and one of its NICs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// `running`, `poweroff`, `paused`, …
    pub state: String,
    /// The NIC.
    pub nic: Nic,
}

/// Reads `showvminfo --machinereadable`; nothing if it does not tell of the NIC, be it that it was cut short.
///
/// The line `nicN=` closes what is read: all else of the NIC stands before it. A later line of the same key is not believed,
/// because the VM's description, with whatever lines its author likes, comes last.
pub fn machine(text: &str, nic: u32) -> Option<Machine> {
    let lines: Vec<(&str, &str)> = whole_lines(text).filter_map(pair).collect();
    let find = |key: &str| lines.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let numbered = |key: &str| find(&format!("{key}{nic}"));
    let word = numbered("nic")?.to_ascii_lowercase();
    let key = match word.as_str() {
        "bridged" => "bridgeadapter",
        "intnet" => "intnet",
        "hostonly" => "hostonlyadapter",
        "generic" => "generic",
        "natnetwork" => "nat-network",
        "hostonlynetwork" => "hostonly-network",
        _ => "",
    };
    let name = if key.is_empty() { None } else { numbered(key).or_else(|| numbered(&word)).map(str::to_owned) };
    Some(Machine {
        state: find("VMState")?.to_owned(),
        nic: Nic {
            attachment: Attachment { word, name },
            mac: numbered("macaddress").and_then(mac),
            cable: numbered("cableconnected") == Some("on"),
        },
    })
}

/// Lines that have an end: the last one of output that was cut short may be anything.
fn whole_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'))
}

/// `key="value"`; quotes within the value stand as they are, or behind a backslash.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    Some((key, value.trim_end().strip_prefix('"')?.strip_suffix('"')?))
}

/// The text with every `\"` and `\\` taken as the second character alone.
pub fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let hidden = if c == '\\' { chars.next_if(|next| matches!(next, '"' | '\\')) } else { None };
        out.push(hidden.unwrap_or(c));
    }
    out
}

/// An address as `080027000002`, or with colons.
pub fn mac(text: &str) -> Option<Mac> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
    let mut mac = [0; 6];
    if digits.len() != 12 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (octet, pair) in mac.iter_mut().zip(digits.chunks_exact(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(Mac(mac))
}

/// An adapter of the host's that a NIC can be bridged to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adapter {
    /// Name, as `controlvm` takes it.
    pub name: String,
    /// Hardware address.
    pub mac: Option<Mac>,
    /// Whether it is without wires; older versions do not tell.
    pub wireless: Option<bool>,
    /// `Up`, `Down` or `Unknown`.
    pub status: Option<String>,
    /// How the interface's name begins, as the GUID has it on Linux: at most seven bytes.
    pub begins: Option<String>,
    /// Name of the network that VirtualBox makes of it, behind `HostInterfaceNetworking-`.
    pub network: Option<String>,
}

/// What VirtualBox puts before an adapter's name.
const NETWORK: &str = "HostInterfaceNetworking-";

/// The adapters of `list bridgedifs`: blocks with a blank line between them. A block whose last line is missing was cut short,
/// and is left out.
///
/// The labels may be translated, the order is not: the first line has the name, and the last one the network.
pub fn adapters(text: &str) -> Vec<Adapter> {
    let lines: Vec<&str> = whole_lines(text).collect();
    lines.split(|line| line.trim().is_empty()).filter_map(adapter).collect()
}

fn adapter(lines: &[&str]) -> Option<Adapter> {
    let fields: Vec<(&str, &str)> = lines.iter().filter_map(|line| line.split_once(':')).collect();
    let find = |key: &str| fields.iter().find(|(label, _)| label.trim() == key).map(|(_, value)| value.trim());
    let (_, name) = fields.first()?;
    let network = fields.get(1..)?.iter().find_map(|(_, value)| value.trim().strip_prefix(NETWORK))?;
    Some(Adapter {
        name: name.trim().to_owned(),
        mac: find("HardwareAddress").and_then(mac),
        wireless: find("Wireless").map(|word| word.eq_ignore_ascii_case("yes")),
        status: find("Status").map(str::to_owned),
        begins: find("GUID").and_then(begin_of_name),
        network: Some(network.to_owned()),
    })
}

/// How an interface's name begins, from the GUID that VirtualBox makes of it on Linux: the name's bytes, the first three fields of
/// a UUID in the processor's order, the eighth of them spoilt by the version (RFC 9562, section 4.2).
fn begin_of_name(guid: &str) -> Option<String> {
    let [first, second, third, ..] = guid.split('-').collect::<Vec<_>>()[..] else { return None };
    let first = u32::from_str_radix(first, 16).ok()?.to_le_bytes();
    let [second, third] = [second, third].map(|field| u16::from_str_radix(field, 16).map(u16::to_le_bytes));
    let bytes = [&first[..], &second.ok()?, &third.ok()?[..1]].concat();
    let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (name, rest) = bytes.split_at(length);
    let plain = !name.is_empty() && name.iter().all(u8::is_ascii_graphic) && rest.iter().all(|byte| *byte == 0);
    plain.then(|| String::from_utf8_lossy(name).into_owned())
}

/// The counter of this name in the output of `debugvm … statistics`.
pub fn counter(text: &str, name: &str) -> Option<u64> {
    let attribute = |tag: &str, key: &str| {
        let (_, rest) = tag.split_once(&format!(" {key}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let counters = text.split("<Counter").skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag);
    let own = counters.filter(|tag| attribute(tag, "name").as_deref() == Some(name));
    own.filter_map(|tag| attribute(tag, "c")?.parse().ok()).next()
}
