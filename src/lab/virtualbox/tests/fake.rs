//! A VirtualBox in memory, with the manners that the sources show, and with faults to order; and the wire behind it.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::super::command::word;
use super::super::driver::{Course, Driver, Found, Notice, Wanted};
use super::super::{Counts, Interface, Mac, Manage, Said, Taken, Trouble, Watch, Wire};
use super::parsing::ADAPTERS;
use crate::wording::{Lang, Phrase};

pub const UUID: &str = "8ffdf553-21bf-437e-bdea-13907ed80b66";
pub const REALTEK: &str = "Realtek PCIe GBE Family Controller";

/// What there is, and what goes wrong.
pub struct State {
    pub vm: String,
    pub running: &'static str,
    /// `nic2` and, where there is one, the name behind it.
    pub nic: (String, Option<String>),
    pub cable: bool,
    pub adapters: String,
    /// The attachment is wedged: no frame passes until it is made anew.
    pub wedged: bool,
    /// That does not help.
    pub stays_wedged: bool,
    /// Whether a ping runs in the guest.
    pub pings: bool,
    /// Whether VirtualBox counts what the guest sends.
    pub counts: bool,
    /// `null` does nothing, and exits with 0.
    pub ignores_null: bool,
    /// `bridged` takes this adapter instead.
    pub takes: Option<String>,
    /// Changes from this one on fail (from 1).
    pub breaks_at: usize,
    /// The user stops after this change.
    pub stop_after: usize,
    /// Only this much of each answer comes.
    pub cut: usize,
    pub changes: Vec<Vec<String>>,
    pub sent: u64,
}

/// Both sides of it.
#[derive(Clone)]
pub struct Fake {
    pub state: Rc<RefCell<State>>,
    pub stop: CancellationToken,
}

impl Fake {
    /// The course's VM, its bridge wedged.
    pub fn wedged() -> Self {
        let state = State {
            vm: "cent7".to_owned(),
            running: "running",
            nic: ("bridged".to_owned(), Some(REALTEK.to_owned())),
            cable: true,
            adapters: ADAPTERS.to_owned(),
            wedged: true,
            stays_wedged: false,
            pings: true,
            counts: true,
            ignores_null: false,
            takes: None,
            breaks_at: usize::MAX,
            stop_after: usize::MAX,
            cut: usize::MAX,
            changes: Vec::new(),
            sent: 0,
        };
        Fake { state: Rc::new(RefCell::new(state)), stop: CancellationToken::new() }
    }

    pub fn with(self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.state.borrow_mut());
        self
    }

    pub fn wanted() -> Wanted {
        Wanted {
            vm: "cent7".to_owned(),
            nic: 2,
            bridge: REALTEK.to_owned(),
            interface: None,
            apply: true,
            samples: 5,
            sample: Duration::from_secs(2),
            settle: Duration::from_secs(15),
        }
    }

    /// Looks, and says in English what is wrong.
    pub async fn look(&self, wanted: &Wanted) -> Result<Found, String> {
        self.driver(&|_| ()).look(wanted).await.map_err(|trouble| trouble.phrase.say(Lang::En))
    }

    /// Looks, and goes all the way.
    pub async fn run(&self, wanted: &Wanted) -> (Found, Course) {
        let found = self.look(wanted).await.unwrap();
        let course = self.driver(&|_| ()).course(&found, wanted).await;
        (found, course)
    }

    pub fn driver<'a>(&'a self, hear: &'a dyn Fn(Notice)) -> Driver<'a> {
        Driver { manage: self, wire: self, stop: &self.stop, hear }
    }

    /// The changes, without the VM's UUID.
    pub fn changes(&self) -> Vec<String> {
        let state = self.state.borrow();
        state
            .changes
            .iter()
            .map(|args| args.iter().filter(|arg| *arg != UUID).cloned().collect::<Vec<_>>().join(" "))
            .collect()
    }
}

impl State {
    fn answer(&mut self, args: &[&str]) -> Said {
        let said = |out: String| Said { out, ..Said::default() };
        let failed = |err: &str| Said { status: 1, err: err.to_owned(), ..Said::default() };
        match args {
            ["--version"] => said("7.0.20r163906\n".to_owned()),
            ["list", "vms"] => {
                said(format!("\"{}\" {{{UUID}}}\n\"other\" {{00000000-0000-0000-0000-000000000001}}\n", self.vm))
            }
            ["list", "bridgedifs"] => said(self.adapters.clone()),
            ["showvminfo", UUID, "--machinereadable"] => said(self.info()),
            ["debugvm", UUID, "statistics", pattern] if self.counts => {
                let name = pattern.strip_prefix("--pattern=").unwrap();
                self.sent += 60 * u64::from(self.pings);
                said(format!(
                    "<Statistics>\n<Counter c=\"{}\" unit=\"bytes\" name=\"{name}\"/>\n</Statistics>\n",
                    self.sent
                ))
            }
            ["controlvm", UUID, "nic2", rest @ ..] if self.running == "running" => self.attach(rest),
            ["modifyvm", UUID, "--nic2", word, "--bridgeadapter2", name] if self.running == "poweroff" => {
                self.attach(&[word, name])
            }
            _ => failed("VBoxManage: error: Could not find a registered machine named 'X'\n"),
        }
    }

    fn attach(&mut self, rest: &[&str]) -> Said {
        if self.changes.len() >= self.breaks_at {
            return Said {
                status: 1,
                err: "VBoxManage: error: The object is not ready\n".to_owned(),
                ..Said::default()
            };
        }
        if self.nic.0 == "none" {
            let err = "The NIC 2 is currently disabled and thus its attachment type can't be changed.\n";
            return Said { err: err.to_owned(), ..Said::default() };
        }
        match rest {
            ["null"] if self.ignores_null => {}
            [word] => self.nic = ((*word).to_owned(), None),
            [word, name] => {
                let name = self.takes.clone().filter(|_| *word == "bridged").unwrap_or_else(|| (*name).to_owned());
                self.wedged &= self.nic.0 != "null" || self.stays_wedged;
                self.nic = ((*word).to_owned(), Some(name));
            }
            _ => return Said { status: 2, ..Said::default() },
        }
        Said::default()
    }

    fn info(&self) -> String {
        let (word, name) = &self.nic;
        let mut text = format!("name=\"{}\"\nVMState=\"{}\"\n", self.vm, self.running);
        if word == "none" {
            return text + "nic2=\"none\"\n";
        }
        if let Some(name) = name {
            text += &format!("{}2=\"{name}\"\n", if word == "bridged" { "bridgeadapter" } else { word });
        }
        let cable = if self.cable { "on" } else { "off" };
        text + &format!(
            "macaddress2=\"080027000002\"\ncableconnected2=\"{cable}\"\nnic2=\"{word}\"\nnictype2=\"82540EM\"\n"
        )
    }

    fn passes(&self) -> bool {
        self.pings && self.cable && !self.wedged && self.nic == ("bridged".to_owned(), Some(REALTEK.to_owned()))
    }
}

#[async_trait(?Send)]
impl Manage for Fake {
    async fn call(&self, args: &[&str]) -> Result<Said, Trouble> {
        let mut state = self.state.borrow_mut();
        if matches!(args[0], "controlvm" | "modifyvm") {
            state.changes.push(args.iter().map(|arg| (*arg).to_owned()).collect());
        }
        let mut said = state.answer(args);
        said.out = said.out.chars().take(state.cut).collect();
        if state.changes.len() == state.stop_after {
            self.stop.cancel();
        }
        Ok(said)
    }

    fn typed(&self, args: &[&str]) -> String {
        std::iter::once("VBoxManage").chain(args.iter().copied()).map(word).collect::<Vec<_>>().join(" ")
    }
}

impl Wire for Fake {
    fn interfaces(&self) -> io::Result<Vec<Interface>> {
        let named = |name: &str| Interface { name: name.to_owned(), mac: None, alias: String::new(), up: true };
        Ok(vec![named("lo"), named("en0"), named("eth0")])
    }

    fn watch(&self, interface: &str, guest: Mac) -> Result<Box<dyn Watch>, Trouble> {
        if interface != "eth0" || guest != Mac([8, 0, 0x27, 0, 0, 2]) {
            return Err(Trouble::machine(Phrase::new("virtualbox-no-right").with("interface", interface)));
        }
        Ok(Box::new(self.clone()))
    }
}

#[async_trait(?Send)]
impl Watch for Fake {
    async fn count(&mut self, time: Duration) -> Result<Counts, Trouble> {
        tokio::time::sleep(time).await;
        let own = u64::from(self.state.borrow().passes());
        Ok(Counts { frames: 3 + 2 * own, from_guest: own, pings: own, to_guest: own })
    }

    fn end(self: Box<Self>) -> Taken {
        Taken::default()
    }
}
