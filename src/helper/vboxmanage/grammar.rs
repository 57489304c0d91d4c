//! VBoxManage's command line, as far as a lab needs it. Its words, its order of checks and its exit statuses are
//! VirtualBox's: 2 where the line as a whole makes no sense, 1 where an order to a machine does not.

use super::nic::{self, Kind};
use super::refusal::Refusal;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Say which version this is.
    Version,
    /// Say how a command is used, and end with that status.
    Usage(Option<Topic>, u8),
    /// List these, the second field says how: at length.
    List(Vec<Listed>, bool),
    /// Show a machine's settings, the second field says how: for programs.
    Show(String, bool),
    /// Start machines.
    Start(Vec<String>),
    /// Tell a running machine something. What is wrong with the order only matters once the machine is known to run.
    Control(String, Result<Order, Refusal>),
    /// Change the settings of a machine that does not run; the same holds.
    Modify(String, Result<Vec<Change>, Refusal>),
}

/// A command that has a text of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// `list`
    List,
    /// `showvminfo`
    Show,
    /// `startvm`
    Start,
    /// `controlvm`
    Control,
    /// `modifyvm`
    Modify,
    /// `import`
    Import,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// All machines.
    Machines,
    /// Those that run.
    Running,
    /// What a NIC can be bridged to.
    Bridged,
    /// What a host-only network can have: nothing here.
    HostOnly,
}

/// What a NIC is to be attached to, and the name of that if one was given.
pub type Attachment = (Kind, Option<String>);

/// An order to a running machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Attach NIC n. A NIC that is not there is told so first, whatever the attachment is.
    Nic(u32, Result<Attachment, Refusal>),
    /// Whether NIC n may see what is not for it; the same holds.
    Promisc(u32, Result<&'static str, Refusal>),
    /// Plug the cable of NIC n in, or out.
    Link(u32, bool),
    /// Switch off.
    PowerOff,
    /// Press the button.
    PowerButton,
}

/// A change of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Attach NIC n, or take it out.
    Nic(u32, Option<Kind>),
    /// The name of what NIC n is, or would be, attached to in that way.
    Name(u32, Kind, String),
    /// The cable of NIC n.
    Cable(u32, bool),
    /// Whether NIC n may see what is not for it.
    Promisc(u32, &'static str),
}

impl Topic {
    const WORDS: [(Self, &str); 6] = [
        (Self::List, "list"),
        (Self::Show, "showvminfo"),
        (Self::Start, "startvm"),
        (Self::Control, "controlvm"),
        (Self::Modify, "modifyvm"),
        (Self::Import, "import"),
    ];

    fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, own)| *own == word).map(|(topic, _)| *topic)
    }

    /// How it is used.
    #[must_use]
    pub fn usage(topic: Option<Self>) -> String {
        let kinds = "<null | nat | bridged | intnet | hostonly | generic | natnetwork>";
        let lines: &[(Self, String)] = &[
            (Self::List, "list [--long] <vms | runningvms | bridgedifs | hostonlyifs>".into()),
            (Self::Show, "showvminfo <uuid | vmname> [--machinereadable]".into()),
            (Self::Start, "startvm <uuid | vmname...> [--type=headless]".into()),
            (Self::Control, format!("controlvm <uuid | vmname> nicN {kinds} [device-name]")),
            (Self::Control, "controlvm <uuid | vmname> nicpromiscN <deny | allow-vms | allow-all>".into()),
            (Self::Control, "controlvm <uuid | vmname> setlinkstateN <on | off>".into()),
            (Self::Control, "controlvm <uuid | vmname> poweroff".into()),
            (Self::Control, "controlvm <uuid | vmname> acpipowerbutton".into()),
            (Self::Modify, format!("modifyvm <uuid | vmname> [--nicN={}]", kinds.replace("<null", "<none | null"))),
            (
                Self::Modify,
                "modifyvm <uuid | vmname> [--bridgeadapterN=<devicename>] [--cableconnectedN=<on | off>]".into(),
            ),
            (Self::Modify, "modifyvm <uuid | vmname> [--nicpromiscN=<deny | allow-vms | allow-all>]".into()),
            (Self::Import, "import <ovf-file | ova-file> [--dry-run]".into()),
        ];
        let own = lines.iter().filter(|(own, _)| topic.is_none_or(|topic| topic == *own));
        own.fold("Usage:\n".to_owned(), |text, (_, line)| format!("{text}  VBoxManage {line}\n"))
    }
}

/// Reads the words after the program's name.
///
/// # Errors
/// When they make no sense whatever machines there are.
pub fn parse(args: &[String]) -> Result<Command, Refusal> {
    let mut words = args.iter().map(String::as_str);
    let command = loop {
        match words.next() {
            None => return Ok(Command::Usage(None, 0)),
            Some("-q" | "--nologo" | "-nologo" | "-d" | "--detailed-progress") => {}
            Some("-V" | "--version" | "-v" | "-version" | "-Version") => return Ok(Command::Version),
            Some("help" | "--help" | "-?" | "-h" | "-help") => {
                return match words.next() {
                    None => Ok(Command::Usage(None, 0)),
                    Some(word) => Ok(Command::Usage(Some(Topic::of(word).ok_or_else(|| unknown(word))?), 1)),
                };
            }
            Some(word) => break word,
        }
    };
    let topic = Topic::of(command).ok_or_else(|| unknown(command))?;
    let rest: Vec<&str> = words.collect();
    match (topic, rest.as_slice()) {
        (_, []) => Ok(Command::Usage(Some(topic), 1)),
        (Topic::Import, _) => Err(Refusal::plain("There are no appliances in this lab, and none can be imported")),
        (Topic::List, rest) => list(rest),
        (Topic::Show, rest) => show(rest),
        (Topic::Start, rest) => start(rest),
        (Topic::Control | Topic::Modify, [_]) => Err(Refusal::syntax(topic, "Not enough parameters.")),
        (Topic::Control, [machine, rest @ ..]) => Ok(Command::Control((*machine).to_owned(), order(rest))),
        (Topic::Modify, [machine, rest @ ..]) => Ok(Command::Modify((*machine).to_owned(), changes(rest))),
    }
}

fn unknown(command: &str) -> Refusal {
    Refusal::syntax(None, format!("Invalid command '{command}'"))
}

fn list(words: &[&str]) -> Result<Command, Refusal> {
    let (mut what, mut long) = (Vec::new(), false);
    for word in words {
        what.push(match *word {
            "-l" | "--long" => {
                long = true;
                continue;
            }
            "-s" | "--sorted" => continue,
            "vms" => Listed::Machines,
            "runningvms" => Listed::Running,
            "bridgedifs" => Listed::Bridged,
            "hostonlyifs" => Listed::HostOnly,
            _ if word.starts_with('-') => return Err(Refusal::syntax(Topic::List, format!("Unknown option: {word}"))),
            _ => return Err(Refusal::syntax(Topic::List, format!("Unknown subcommand: {word}"))),
        });
    }
    if what.is_empty() {
        return Err(Refusal::syntax(Topic::List, "Missing subcommand for \"list\" command."));
    }
    Ok(Command::List(what, long))
}

fn show(words: &[&str]) -> Result<Command, Refusal> {
    let (mut machine, mut readable) = (None, false);
    for word in words {
        match *word {
            "--machinereadable" | "-machinereadable" => readable = true,
            "--details" | "-details" | "-D" => {}
            _ if word.starts_with('-') => return Err(Refusal::syntax(Topic::Show, format!("Unknown option: {word}"))),
            _ if machine.is_none() => machine = Some((*word).to_owned()),
            _ => return Err(Refusal::syntax(Topic::Show, format!("Invalid parameter '{word}'"))),
        }
    }
    let missing = || Refusal::syntax(Topic::Show, "VM name or UUID required");
    Ok(Command::Show(machine.ok_or_else(missing)?, readable))
}

fn start(words: &[&str]) -> Result<Command, Refusal> {
    let mut machines = Vec::new();
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let (name, inline) = option(word);
        match name {
            "--type" | "-type" | "-t" => {
                let missing = || Refusal::syntax(Topic::Start, format!("Missing value for option {name}"));
                let kind = inline.or_else(|| words.next()).ok_or_else(missing)?;
                // Whatever is asked for, there is no screen here.
                if !["headless", "gui", "sdl", "separate"].contains(&kind) {
                    return Err(Refusal::plain(format!("Invalid frontend name: '{kind}'")));
                }
            }
            _ if word.starts_with('-') => return Err(Refusal::syntax(Topic::Start, format!("Unknown option: {word}"))),
            _ => machines.push(word.to_owned()),
        }
    }
    if machines.is_empty() {
        return Err(Refusal::syntax(Topic::Start, "at least one VM name or uuid required"));
    }
    Ok(Command::Start(machines))
}

/// `--name=value` and `--name:value`, or a word that is none of these.
fn option(word: &str) -> (&str, Option<&str>) {
    match word.find(['=', ':']) {
        Some(at) if word.starts_with("--") => (&word[..at], Some(&word[at + 1..])),
        _ => (word, None),
    }
}

/// The number of a NIC, after the words before it.
fn number(digits: &str) -> Result<u32, Refusal> {
    let number = digits.parse().ok().filter(|number| (1..=nic::MOST).contains(number));
    number.ok_or_else(|| Refusal::plain(format!("Invalid NIC number '{digits}'")))
}

fn order(words: &[&str]) -> Result<Order, Refusal> {
    let [verb, rest @ ..] = words else { return Err(Refusal::order("Not enough parameters.")) };
    let argument = |what: &str, at: usize| {
        let missing = || Refusal::order(format!("Missing argument to '{what}'."));
        rest.get(at).copied().ok_or_else(missing)
    };
    if let Some(digits) = verb.strip_prefix("setlinkstate") {
        let number = number(digits)?;
        let word = argument(verb, 0)?;
        let state = switch(word).ok_or_else(|| Refusal::order(format!("Invalid link state '{word}'.")))?;
        return Ok(Order::Link(number, state));
    }
    if let Some(digits) = verb.strip_prefix("nicpromisc") {
        let number = number(digits)?;
        let word = argument(verb, 0)?;
        let wrong = || Refusal::order(format!("Unknown promiscuous mode policy '{word}'."));
        return Ok(Order::Promisc(number, policy(word).ok_or_else(wrong)));
    }
    let others = ["nicproperty", "nictrace"];
    if let Some(digits) = verb.strip_prefix("nic").filter(|_| !others.iter().any(|other| verb.starts_with(other))) {
        let number = number(digits)?;
        let word = argument(verb, 0)?;
        let wrong = || Refusal::order(format!("Invalid type '{word}' specfied for NIC {number}."));
        let attachment = Kind::of(word).ok_or_else(wrong).and_then(|kind| match kind.needs_name() {
            true => Ok((kind, Some(argument(word, 1)?.to_owned()))),
            false => Ok((kind, rest.get(1).filter(|_| kind == Kind::Nat).map(|&name| name.to_owned()))),
        });
        return Ok(Order::Nic(number, attachment));
    }
    match *verb {
        "poweroff" => Ok(Order::PowerOff),
        "acpipowerbutton" => Ok(Order::PowerButton),
        _ => Err(Refusal::order(format!("Invalid parameter '{verb}'."))),
    }
}

fn policy(word: &str) -> Option<&'static str> {
    let word = if word == "allow-network" { "allow-vms" } else { word };
    nic::POLICIES.into_iter().find(|policy| *policy == word)
}

fn switch(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" | "1" | "enable" | "enabled" => Some(true),
        "off" | "no" | "false" | "0" | "disable" | "disabled" => Some(false),
        _ => None,
    }
}

fn changes(words: &[&str]) -> Result<Vec<Change>, Refusal> {
    let mut found = Vec::new();
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let (name, inline) = option(word);
        let unknown = || match word.starts_with('-') {
            true => Refusal::syntax(Topic::Modify, format!("Unknown option: {word}")),
            false => Refusal::syntax(Topic::Modify, format!("Invalid parameter '{word}'")),
        };
        let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &name[letters.len()..];
        let known = ["--nic", "--nicpromisc", "--nic-promisc", "--cableconnected", "--cable-connected"];
        let setting = adapter_option(letters);
        if !known.contains(&letters) && setting.is_none() {
            return Err(unknown());
        }
        let missing = || Refusal::syntax(Topic::Modify, format!("Missing value for option {name}"));
        let value = inline.or_else(|| words.next()).ok_or_else(missing)?;
        let number = number(digits)?;
        if let Some(kind) = setting {
            let gone = value.eq_ignore_ascii_case("none");
            found.push(Change::Name(number, kind, if gone { String::new() } else { value.to_owned() }));
            continue;
        }
        let small = value.to_ascii_lowercase();
        found.push(match letters {
            "--nic" if small == "none" => Change::Nic(number, None),
            "--nic" => {
                let wrong = || Refusal::plain(format!("Invalid type '{value}' specfied for NIC {number}"));
                Change::Nic(number, Some(Kind::of(&small).ok_or_else(wrong)?))
            }
            "--nicpromisc" | "--nic-promisc" => {
                let wrong = || Refusal::plain(format!("Unknown promiscuous mode policy '{value}'"));
                Change::Promisc(number, policy(&small).ok_or_else(wrong)?)
            }
            _ => {
                let wrong = || Refusal::syntax(Topic::Modify, format!("Invalid argument format: {name}={value}"));
                Change::Cable(number, switch(value).ok_or_else(wrong)?)
            }
        });
    }
    Ok(found)
}

fn adapter_option(letters: &str) -> Option<Kind> {
    match letters {
        "--bridgeadapter" | "--bridge-adapter" => Some(Kind::Bridged),
        "--hostonlyadapter" | "--host-only-adapter" => Some(Kind::HostOnly),
        "--intnet" => Some(Kind::Internal),
        "--nat-network" | "--natnetwork" => Some(Kind::NatNetwork),
        _ => None,
    }
}
