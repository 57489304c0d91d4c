//! A small `VBoxManage` for machines whose hypervisor is QEMU, so that the course's commands run as printed.
//!
//! Its words and statuses are VirtualBox's, as its public source has them; what it cannot do, it refuses as VirtualBox
//! refuses what it does not know. See [`attach`] for what an order is to QEMU.

pub mod adapter;
pub mod attach;
pub mod bridge;
pub mod grammar;
pub mod machine;
pub mod nic;
pub mod order;
pub mod qmp;
pub mod refusal;
pub mod show;

#[cfg(test)]
mod tests;

use attach::Host;
use grammar::{Command, Listed, Topic};
use machine::{Machine, Places};
use refusal::Refusal;
use std::io::Write;
use std::time::Duration;

/// A version of VirtualBox's whose words these are, marked as distributions mark theirs.
const VERSION: &str = "7.1.4_Saitenr0";
/// How long an order may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What there is besides the words.
pub struct World<'a> {
    /// Where everything is.
    pub places: &'a Places,
    /// How long an order may take.
    pub patience: Duration,
    /// The machine outside.
    pub host: &'a mut dyn Host,
    /// Standard output. A reader who has gone away is no error: the order is carried out all the same.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
}

impl World<'_> {
    fn say(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }

    fn tell(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes());
    }

    fn warn(&mut self, line: &str) {
        self.tell(&format!("VBoxManage: warning: {line}\n"));
    }

    fn error(&mut self, lines: &[String]) {
        let text: String = lines.iter().map(|line| format!("VBoxManage: error: {line}\n")).collect();
        self.tell(&text);
    }

    fn refuse(&mut self, why: &Refusal) -> u8 {
        self.error(&why.lines);
        if let Some(topic) = why.usage {
            self.tell(&format!("\n{}", Topic::usage(topic)));
        }
        why.status
    }

    fn runs(&self, machine: &Machine) -> bool {
        qmp::listens(&self.places.socket(machine))
    }

    fn machines(&mut self) -> Vec<Machine> {
        let (machines, wrong) = machine::all(self.places);
        for why in wrong {
            self.warn(&why);
        }
        machines
    }

    /// The machine of that name or identity.
    fn find(&mut self, word: &str) -> Result<Machine, Refusal> {
        let uuid = machine::as_uuid(word);
        let mut machines = self.machines().into_iter();
        let found = match &uuid {
            Some(uuid) => machines.find(|machine| machine.uuid() == *uuid),
            None => machines.find(|machine| machine.name() == word),
        };
        found.ok_or_else(|| {
            let line = match uuid {
                Some(uuid) => format!("Could not find a registered machine with UUID {{{uuid}}}"),
                None => format!("Could not find a registered machine named '{word}'"),
            };
            let place = "component VirtualBoxWrap, interface IVirtualBox, callee nsISupports";
            Refusal::coded(line, "VBOX_E_OBJECT_NOT_FOUND (0x80bb0001)", place)
        })
    }

    /// Does what the words after the program's name say.
    pub fn run(&mut self, args: &[String]) -> u8 {
        let outcome = grammar::parse(args).and_then(|command| self.carry_out(command));
        outcome.unwrap_or_else(|why| self.refuse(&why))
    }

    fn carry_out(&mut self, command: Command) -> Result<u8, Refusal> {
        match command {
            Command::Version => self.say(&format!("{VERSION}\n")),
            Command::Usage(topic, status) => {
                self.say(&Topic::usage(topic));
                return Ok(status);
            }
            Command::List(what, long) => what.into_iter().for_each(|what| self.list(what, long)),
            Command::Show(word, readable) => {
                let machine = self.find(&word)?;
                let text = show::machine(self.places, &machine, self.runs(&machine), readable);
                self.say(&text);
            }
            Command::Start(words) => return Ok(order::start(self, &words)),
            Command::Control(word, wish) => order::control(self, &word, wish)?,
            Command::Modify(word, changes) => order::modify(self, &word, changes)?,
        }
        Ok(0)
    }

    fn list(&mut self, what: Listed, long: bool) {
        let text = match what {
            Listed::HostOnly => return,
            Listed::Bridged => show::bridged(self.places),
            Listed::Machines | Listed::Running => {
                let mut text = String::new();
                for machine in self.machines() {
                    let runs = self.runs(&machine);
                    if what == Listed::Running && !runs {
                        continue;
                    }
                    text +=
                        &if long { show::machine(self.places, &machine, runs, false) } else { show::short(&machine) };
                }
                text
            }
        };
        self.say(&text);
    }
}

/// Runs `VBoxManage` with the words after its name; returns the exit status.
#[must_use]
pub fn main(args: &[String]) -> u8 {
    let places = Places::real();
    let mut host = bridge::Kernel { places: &places, patience: PATIENCE };
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    World { places: &places, patience: PATIENCE, host: &mut host, out: &mut out, err: &mut err }.run(args)
}
