//! The steps: look at VM, NIC, adapter and interface; measure; apply the fix and measure again; put back what was found.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::parse::{self, Adapter, Attachment, Machine, Nic, Vm};
use super::{Counts, Interface, Manage, Said, Taken, Trouble, Watch, Wire, quoted};
use crate::evidence::{ActionRecord, Phase};
use crate::wire::frame::Mac;
use crate::wording::Phrase;

/// How often the wire is looked at while it is waited for the guest's first ping after the fix.
const GLANCE: Duration = Duration::from_millis(200);

/// What the user asks for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Name or UUID of the VM.
    pub vm: String,
    /// The NIC, from 1.
    pub nic: u32,
    /// The host's adapter, as `list bridgedifs` names it.
    pub bridge: String,
    /// The host's interface, where it cannot be told from the adapter.
    pub interface: Option<String>,
    /// Whether the fix is applied.
    pub apply: bool,
    /// Samples of an arm.
    pub samples: u32,
    /// Length of each.
    pub sample: Duration,
    /// How long to wait for the first ping after the fix.
    pub settle: Duration,
}

/// What there is.
#[derive(Debug, Clone)]
pub struct Found {
    /// VirtualBox's version, as it says it.
    pub version: String,
    /// The VM.
    pub vm: Vm,
    /// Number of the NIC, from 1.
    pub number: u32,
    /// The NIC before anything was done.
    pub nic: Nic,
    /// The NIC's address.
    pub mac: Mac,
    /// The adapter.
    pub adapter: Adapter,
    /// The host's interface that it is.
    pub interface: Interface,
}

impl Found {
    /// Whether a NIC is attached to the adapter.
    pub fn bridged(&self, nic: &Nic) -> bool {
        nic.attachment.is(&Attachment::bridged(&self.adapter.name))
    }

    /// What `nicN` is called.
    pub fn nic_word(&self) -> String {
        format!("nic{}", self.number)
    }
}

/// What was measured in one arm.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The NIC at the end of it.
    pub nic: Nic,
    /// The samples.
    pub samples: Vec<Counts>,
    /// Bytes that the guest gave its NIC meanwhile, if VirtualBox counts them.
    pub sent: Option<u64>,
    /// Capture, and losses.
    pub taken: Taken,
}

/// One arm.
#[derive(Debug, Clone)]
pub struct Arm {
    /// What was measured, or in which phase what went wrong.
    pub outcome: Result<Measured, (Phase, Trouble)>,
    /// Calls that change something.
    pub actions: Vec<ActionRecord>,
    /// Time spent in each phase.
    pub phases: Vec<(Phase, Duration)>,
}

/// What became of the NIC in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// It is attached as it was found, and nothing had to be done for it.
    Same,
    /// It was put back.
    Done,
    /// It could not be put back: what to type, and why.
    Failed {
        /// The command.
        command: String,
        /// Why.
        reason: Phrase,
    },
}

/// Everything that was done.
#[derive(Debug, Clone)]
pub struct Course {
    /// As found.
    pub before: Arm,
    /// After the fix.
    pub after: Option<Arm>,
    /// In the end.
    pub back: Back,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A phase begins, in the arm with the fix or in the one without.
    Phase(bool, Phase),
    /// Something was changed.
    Acted(ActionRecord),
    /// An arm is over: the one with the fix, or the one without.
    Ended(bool),
}

/// Carries the steps out.
pub struct Driver<'a> {
    /// VBoxManage.
    pub manage: &'a dyn Manage,
    /// The host.
    pub wire: &'a dyn Wire,
    /// The user's wish to stop. What was changed is put back all the same.
    pub stop: &'a CancellationToken,
    /// Hears what happens.
    pub hear: &'a dyn Fn(Notice),
}

impl Driver<'_> {
    /// Looks at everything, and changes nothing.
    ///
    /// # Errors
    /// Whatever is not as it has to be for a measurement to mean something.
    pub async fn look(&self, wanted: &Wanted) -> Result<Found, Trouble> {
        let version = self.manage.call(&["--version"]).await?.out.trim().to_owned();
        let vm = self.vm(&wanted.vm).await?;
        let machine = self.machine(&vm, wanted.nic).await?;
        let nic_word = format!("nic{}", wanted.nic);
        let phrase = |id: &str| Phrase::new(id).with("vm", quoted(&vm.name)).with("nic", &nic_word);
        if machine.state != "running" {
            let start = self.manage.typed(&["startvm", typable(&vm)]);
            let phrase = phrase("virtualbox-not-running").with("state", &machine.state);
            return Err(Trouble::machine(phrase.with("command", start)));
        }
        let adapters = parse::adapters(&self.ask(&["list", "bridgedifs"]).await?.out);
        let adapter = adapter_of(&adapters, &wanted.bridge)?;
        if machine.nic.attachment.word == "none" {
            let (number, bridge) = (format!("--{nic_word}"), format!("--bridgeadapter{}", wanted.nic));
            let enable = ["modifyvm", typable(&vm), &number, "bridged", &bridge, &adapter.name];
            return Err(Trouble::asked(phrase("virtualbox-disabled").with("command", self.manage.typed(&enable))));
        }
        if adapter.status.as_deref() == Some("Down") {
            return Err(Trouble::machine(Phrase::new("virtualbox-down").with("adapter", quoted(&adapter.name))));
        }
        let interface = self.interface(&adapter, wanted.interface.as_deref())?;
        if !interface.up {
            return Err(Trouble::machine(Phrase::new("virtualbox-down").with("adapter", quoted(&interface.name))));
        }
        let unread = || phrase("virtualbox-unread").with("command", self.manage.typed(&show(&vm)));
        let mac = machine.nic.mac.ok_or_else(|| Trouble::machine(unread()))?;
        if wanted.apply && machine.nic.attachment.arguments().is_none() {
            let phrase = phrase("virtualbox-no-way-back").with("attachment", shown(&machine.nic.attachment));
            return Err(Trouble::asked(phrase));
        }
        // Nothing is to be changed that cannot be measured afterwards.
        drop(self.wire.watch(&interface.name, mac)?);
        let nic = Nic { attachment: named(machine.nic.attachment, &adapters), ..machine.nic };
        Ok(Found { version, vm, number: wanted.nic, nic, mac, adapter, interface })
    }

    async fn vm(&self, wanted: &str) -> Result<Vm, Trouble> {
        let vms = parse::vms(&self.ask(&["list", "vms"]).await?.out);
        let known = || vms.iter().map(|vm| quoted(&vm.name)).collect::<Vec<_>>().join(", ");
        match parse::meant(&vms, wanted)[..] {
            [vm] => Ok(vm.clone()),
            [] => {
                Err(Trouble::asked(Phrase::new("virtualbox-no-vm").with("vm", quoted(wanted)).with("known", known())))
            }
            ref several => {
                let uuids: Vec<&str> = several.iter().map(|vm| vm.uuid.as_str()).collect();
                let phrase = Phrase::new("virtualbox-many-vms").with("vm", quoted(wanted));
                Err(Trouble::asked(phrase.with("known", uuids.join(", "))))
            }
        }
    }

    fn interface(&self, adapter: &Adapter, asked: Option<&str>) -> Result<Interface, Trouble> {
        let unread = |err: std::io::Error| Trouble::machine(Phrase::new("virtualbox-no-sysfs").with("reason", err));
        let interfaces = self.wire.interfaces().map_err(unread)?;
        let known = || interfaces.iter().map(|interface| quoted(&interface.name)).collect::<Vec<_>>().join(", ");
        interface_of(adapter, &interfaces, asked).cloned().ok_or_else(|| {
            let what = asked.unwrap_or(&adapter.name);
            Trouble::asked(Phrase::new("virtualbox-no-interface").with("adapter", quoted(what)).with("known", known()))
        })
    }

    /// The VM and its NIC as they are now.
    pub(super) async fn machine(&self, vm: &Vm, nic: u32) -> Result<Machine, Trouble> {
        let args = show(vm);
        let said = self.ask(&args).await?;
        parse::machine(&said.out, nic).ok_or_else(|| {
            let phrase = Phrase::new("virtualbox-unread").with("vm", quoted(&vm.name));
            Trouble::machine(phrase.with("nic", format!("nic{nic}")).with("command", self.manage.typed(&args)))
        })
    }

    /// A call that changes nothing, and has to succeed.
    async fn ask(&self, args: &[&str]) -> Result<Said, Trouble> {
        let said = self.manage.call(args).await?;
        if said.status == 0 {
            return Ok(said);
        }
        let phrase = Phrase::new("virtualbox-refused").with("command", self.manage.typed(args));
        Err(Trouble::machine(phrase.with("status", said.status).with("said", said.err.trim())))
    }

    /// Measures, applies the fix if that is wanted, measures again, puts back.
    pub async fn course(&self, found: &Found, wanted: &Wanted) -> Course {
        let before = self.arm(found, wanted, false).await;
        (self.hear)(Notice::Ended(false));
        if !wanted.apply || before.outcome.is_err() {
            return Course { before, after: None, back: Back::Same };
        }
        let mut after = self.arm(found, wanted, true).await;
        let back = self.put_back(found, &mut after).await;
        (self.hear)(Notice::Ended(true));
        Course { before, after: Some(after), back }
    }

    async fn arm(&self, found: &Found, wanted: &Wanted, applied: bool) -> Arm {
        let mut arm =
            Arm { outcome: Err((Phase::Fixes, Trouble::interrupted())), actions: Vec::new(), phases: Vec::new() };
        if applied {
            (self.hear)(Notice::Phase(true, Phase::Fixes));
            let began = Instant::now();
            let fixed = self.fix(found, &mut arm.actions).await;
            arm.phases.push((Phase::Fixes, began.elapsed()));
            if let Err(trouble) = fixed {
                arm.outcome = Err((Phase::Fixes, trouble));
                return arm;
            }
        }
        (self.hear)(Notice::Phase(applied, Phase::Measure));
        let began = Instant::now();
        arm.outcome = self.measure(found, wanted, applied).await.map_err(|trouble| (Phase::Measure, trouble));
        arm.phases.push((Phase::Measure, began.elapsed()));
        arm
    }

    async fn measure(&self, found: &Found, wanted: &Wanted, applied: bool) -> Result<Measured, Trouble> {
        let mut watch = self.wire.watch(&found.interface.name, found.mac)?;
        if applied {
            // A guest whose cable was out asks for its address again.
            let end = Instant::now() + wanted.settle;
            while Instant::now() < end && self.count(&mut *watch, GLANCE).await?.pings == 0 {}
        }
        let sent = self.sent(found).await;
        // What passed while the counter was read belongs to nobody.
        self.count(&mut *watch, Duration::ZERO).await?;
        let mut samples = Vec::new();
        for _ in 0..wanted.samples.max(1) {
            samples.push(self.count(&mut *watch, wanted.sample).await?);
        }
        let sent = sent.zip(self.sent(found).await).and_then(|(begin, end)| end.checked_sub(begin));
        let machine = self.machine(&found.vm, found.number).await?;
        if machine.state != "running" {
            let phrase = Phrase::new("virtualbox-not-running").with("vm", quoted(&found.vm.name));
            let start = self.manage.typed(&["startvm", typable(&found.vm)]);
            return Err(Trouble::machine(phrase.with("state", machine.state).with("command", start)));
        }
        Ok(Measured { nic: machine.nic, samples, sent, taken: watch.end() })
    }

    async fn count(&self, watch: &mut dyn Watch, time: Duration) -> Result<Counts, Trouble> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Trouble::interrupted()),
            counts = watch.count(time) => counts,
        }
    }

    /// Bytes that the guest has given its NIC since the VM's start; versions that do not count them say nothing.
    async fn sent(&self, found: &Found) -> Option<u64> {
        let name = format!("/Public/NetAdapter/{}/BytesTransmitted", found.number.checked_sub(1)?);
        let pattern = format!("--pattern={name}");
        let said = self.manage.call(&["debugvm", &found.vm.uuid, "statistics", &pattern]).await.ok()?;
        parse::counter(&said.out, &name)
    }
}

fn adapter_of(adapters: &[Adapter], wanted: &str) -> Result<Adapter, Trouble> {
    adapters.iter().find(|adapter| adapter.name == wanted).cloned().ok_or_else(|| {
        let known: Vec<String> = adapters.iter().map(|adapter| quoted(&adapter.name)).collect();
        let phrase = Phrase::new("virtualbox-no-adapter").with("adapter", quoted(wanted));
        Trouble::asked(phrase.with("known", known.join(", ")))
    })
}

/// An attachment to an adapter by that one's name, however it was printed: so it will have to be typed.
fn named(attachment: Attachment, adapters: &[Adapter]) -> Attachment {
    let mut names = adapters.iter().map(|adapter| Attachment::bridged(&adapter.name));
    names.find(|named| attachment.is(named)).unwrap_or(attachment)
}

/// An attachment as messages show it.
pub fn shown(attachment: &Attachment) -> String {
    let name = attachment.name.as_ref().map(|name| format!(" {}", quoted(name)));
    format!("{}{}", attachment.word, name.unwrap_or_default())
}

/// What to type for a VM: its name, unless that would be taken for an option.
fn typable(vm: &Vm) -> &str {
    if vm.name.starts_with('-') { &vm.uuid } else { &vm.name }
}

fn show(vm: &Vm) -> [&str; 3] {
    ["showvminfo", &vm.uuid, "--machinereadable"]
}

/// Bytes of an interface's name that a GUID has room for.
const BEGINS: usize = 7;

/// The interface that an adapter is: by its own name, by its network's, by its GUID's, by what the administrator calls it, and at
/// last by its address; by the last three only if no other fits as well.
pub fn interface_of<'a>(adapter: &Adapter, interfaces: &'a [Interface], asked: Option<&str>) -> Option<&'a Interface> {
    let named = |name: &str| interfaces.iter().find(|interface| interface.name == name);
    if let Some(asked) = asked {
        return named(asked);
    }
    let network = || adapter.network.as_deref().and_then(named);
    let only = |fits: &dyn Fn(&Interface) -> bool| {
        let mut fitting = interfaces.iter().filter(|interface| fits(interface));
        fitting.next().filter(|_| fitting.next().is_none())
    };
    let begins = |begin: &str, name: &str| name == begin || (begin.len() == BEGINS && name.starts_with(begin));
    let guid = || only(&|one| adapter.begins.as_deref().is_some_and(|begin| begins(begin, &one.name)));
    let alias = || only(&|one| !one.alias.is_empty() && one.alias == adapter.name);
    let address = || only(&|one| adapter.mac.is_some() && one.mac == adapter.mac);
    named(&adapter.name).or_else(network).or_else(guid).or_else(alias).or_else(address)
}
