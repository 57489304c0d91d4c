//! Orders to a machine that runs, changes of one that does not, and its start.

use super::World;
use super::adapter::Adapter;
use super::attach;
use super::grammar::{Attachment, Change, Order};
use super::machine::{self, Held, Machine};
use super::nic::{self, Kind, Nic};
use super::qmp::{self, Qmp};
use super::refusal::Refusal;
use serde_json::json;
use std::io::Read;
use std::time::{Duration, Instant};

const BLINK: Duration = Duration::from_millis(10);
const FAILURE: &str = "NS_ERROR_FAILURE (0x80004005)";
const BUSY: &str = "VBOX_E_INVALID_OBJECT_STATE (0x80bb0007)";

fn held(world: &World<'_>, machine: &Machine) -> Result<Held, Refusal> {
    machine::hold(world.places, &machine.stem, world.patience)
        .map_err(|why| why.map_or_else(|| locked(machine), Refusal::plain))
}

fn locked(machine: &Machine) -> Refusal {
    let line = format!("The machine '{}' is already locked for a session (or being unlocked)", machine.name());
    Refusal::coded(line, BUSY, "component MachineWrap, interface IMachine, callee nsISupports")
}

fn failed(line: impl Into<String>) -> Refusal {
    Refusal::coded(line, FAILURE, "component ConsoleWrap, interface IConsole")
}

/// Gives a running machine an order.
///
/// # Errors
/// Why it is not carried out.
pub fn control(world: &mut World<'_>, word: &str, order: Result<Order, Refusal>) -> Result<(), Refusal> {
    let found = world.find(word)?;
    let mut machine = held(world, &found)?;
    let runs = world.runs(&found);
    if !runs {
        return Err(Refusal::plain(format!("Machine '{word}' is not currently running.")));
    }
    let machine = &mut machine.machine;
    match order? {
        Order::Nic(number, wish) => enabled(world, machine, number, "attachment type", wish, attach_nic),
        Order::Promisc(number, wish) => enabled(world, machine, number, "promiscuous mode", wish, promisc),
        Order::Link(number, up) => link(world, machine, number, up),
        Order::PowerOff => power_off(world, machine),
        Order::PowerButton => {
            let answer = connect(world, machine)?.ask("system_powerdown", json!({}));
            answer.map(drop).map_err(|why| failed(why.to_string()))
        }
    }
}

/// An order to a NIC that is not there is answered, and not a failure.
fn enabled<T>(
    world: &mut World<'_>,
    machine: &mut Machine,
    number: u32,
    what: &str,
    wish: Result<T, Refusal>,
    act: impl FnOnce(&mut World<'_>, &mut Machine, Nic, T) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let nic = Nic::of(machine, number);
    if nic.kind.is_none() {
        world.error(&[format!("The NIC {number} is currently disabled and thus its {what} can't be changed.")]);
        return Ok(());
    }
    act(world, machine, nic, wish?)
}

fn connect(world: &World<'_>, machine: &Machine) -> Result<Qmp, Refusal> {
    Qmp::connect(&world.places.socket(machine), world.patience).map_err(|why| failed(why.to_string()))
}

fn attach_nic(world: &mut World<'_>, machine: &mut Machine, old: Nic, wish: Attachment) -> Result<(), Refusal> {
    let (kind, name) = wish;
    let setting = kind.setting(old.number);
    let mut name_changes = false;
    if let (Some(setting), Some(name)) = (setting, &name) {
        name_changes = machine.get(&setting).unwrap_or("") != name;
        if name_changes && name.is_empty() && kind == Kind::Bridged && old.kind == Some(kind) {
            let place = "component NetworkAdapterWrap, interface INetworkAdapter, callee nsISupports";
            return Err(Refusal::coded("Empty or null bridged interface name is not valid", FAILURE, place));
        }
        machine.set(&setting, name).map_err(Refusal::plain)?;
    }
    if let Some(name) = name {
        look_for(world, kind, &name);
    }
    machine.set(&format!("nic{}", old.number), kind.word()).map_err(Refusal::plain)?;
    // A driver's name alone does not make VirtualBox attach anew; other names do.
    if old.kind != Some(kind) || (name_changes && kind != Kind::Generic) {
        anew(world, machine, old.number)?;
    }
    machine.save(world.places).map_err(Refusal::plain)
}

/// A name that nobody has is worth a warning, and is taken.
fn look_for(world: &mut World<'_>, kind: Kind, name: &str) {
    let is_there = Adapter::named(world.places, name).is_some();
    match kind {
        Kind::Bridged | Kind::HostOnly if !is_there => {
            world.warn(&format!("Interface \"{name}\" doesn't seem to exist"))
        }
        Kind::HostOnly => world.warn(&format!("Interface \"{name}\" is of type bridged")),
        _ => {}
    }
}

/// The machine's file is written after this: an order that failed half-way can be given again.
fn anew(world: &mut World<'_>, machine: &Machine, number: u32) -> Result<(), Refusal> {
    let mut qmp = connect(world, machine)?;
    let done = attach::attach(&mut qmp, world.host, &Nic::of(machine, number));
    done.map_err(|why| failed(format!("Could not change the network adaptor attachement type: {why}")))
}

fn promisc(world: &mut World<'_>, machine: &mut Machine, old: Nic, policy: &str) -> Result<(), Refusal> {
    machine.set(&format!("nicpromisc{}", old.number), policy).map_err(Refusal::plain)?;
    // VirtualBox attaches anew for that, too (`NetworkAdapter::setPromiscModePolicy`).
    if old.policy != policy {
        anew(world, machine, old.number)?;
    }
    machine.save(world.places).map_err(Refusal::plain)
}

/// The cable of a NIC that is attached to nothing makes no difference, and as little does one that is as it was.
fn link(world: &mut World<'_>, machine: &mut Machine, number: u32, up: bool) -> Result<(), Refusal> {
    let nic = Nic::of(machine, number);
    if nic.cable != up && !matches!(nic.kind, None | Some(Kind::Null)) {
        attach::link(&mut connect(world, machine)?, &nic, up).map_err(failed)?;
    }
    machine.set(&format!("cableconnected{number}"), if up { "on" } else { "off" }).map_err(Refusal::plain)?;
    machine.save(world.places).map_err(Refusal::plain)
}

fn power_off(world: &mut World<'_>, machine: &Machine) -> Result<(), Refusal> {
    let socket = world.places.socket(machine);
    let end = Instant::now() + world.patience;
    let mut hypervisor = connect(world, machine)?;
    match hypervisor.ask("quit", json!({})) {
        // It may be faster than its answer.
        Ok(_) | Err(qmp::QmpError::Gone) => {}
        Err(why) => return Err(failed(why.to_string())),
    }
    hypervisor.gone().map_err(|why| failed(why.to_string()))?;
    while qmp::listens(&socket) {
        if Instant::now() >= end {
            return Err(failed("Failed to power off machine."));
        }
        std::thread::sleep(BLINK);
    }
    let steps: String = (0..10).map(|ten| format!("{}%...", ten * 10)).collect();
    world.tell(&format!("{steps}100%\n"));
    Ok(())
}

/// Changes a machine that does not run: all that is told, or nothing.
///
/// # Errors
/// Why nothing is changed.
pub fn modify(world: &mut World<'_>, word: &str, changes: Result<Vec<Change>, Refusal>) -> Result<(), Refusal> {
    let found = world.find(word)?;
    let mut machine = held(world, &found)?;
    if world.runs(&found) {
        return Err(locked(&found));
    }
    let machine = &mut machine.machine;
    for change in changes? {
        let set = match change {
            Change::Nic(number, None) => machine.set(&format!("nic{number}"), "none"),
            Change::Nic(number, Some(kind)) => {
                if Nic::of(machine, number).mac.is_empty() {
                    let mac = new_mac().map_err(|why| Refusal::plain(why.to_string()))?;
                    machine.set(&format!("macaddress{number}"), &mac).map_err(Refusal::plain)?;
                }
                machine.set(&format!("nic{number}"), kind.word())
            }
            Change::Name(number, kind, name) => {
                let set = kind.setting(number).map_or(Ok(()), |setting| machine.set(&setting, &name));
                if set.is_ok() && !name.is_empty() {
                    look_for(world, kind, &name);
                }
                set
            }
            Change::Cable(number, up) => machine.set(&format!("cableconnected{number}"), if up { "on" } else { "off" }),
            Change::Promisc(number, policy) => machine.set(&format!("nicpromisc{number}"), policy),
        };
        set.map_err(Refusal::plain)?;
    }
    machine.save(world.places).map_err(Refusal::plain)
}

/// One of those that VirtualBox gives.
fn new_mac() -> std::io::Result<String> {
    let mut bytes = [0; 3];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold("080027".to_owned(), |mac, byte| format!("{mac}{byte:02X}")))
}

/// Starts machines; returns the exit status. One that does not start keeps none of the others from it.
pub fn start(world: &mut World<'_>, words: &[String]) -> u8 {
    words.iter().map(|word| start_one(world, word).map_or_else(|why| world.refuse(&why), |()| 0)).fold(0, u8::max)
}

fn start_one(world: &mut World<'_>, word: &str) -> Result<(), Refusal> {
    let found = world.find(word)?;
    let held = held(world, &found)?;
    let machine = &held.machine;
    if world.runs(machine) {
        let line =
            format!("The machine '{}' is already locked by a session (or being locked or unlocked)", machine.name());
        return Err(Refusal::coded(line, BUSY, "component MachineWrap, interface IMachine"));
    }
    world.say(&format!("Waiting for VM \"{word}\" to power on...\n"));
    for nic in (1..=nic::MOST).map(|number| Nic::of(machine, number)).filter(|nic| nic.kind == Some(Kind::Bridged)) {
        if !Adapter::named(world.places, &nic.name).is_some_and(|adapter| adapter.exists(world.places)) {
            let name = &nic.name;
            return Err(failed(format!("Nonexistent host networking interface, name '{name}' (VERR_INTERNAL_ERROR)")));
        }
    }
    if let Err(log) = world.host.start(&machine.stem) {
        let name = machine.name();
        let line =
            format!("The virtual machine '{name}' has terminated unexpectedly during startup with exit code 1 (0x1)");
        let mut why = Refusal::coded(line, FAILURE, "component MachineWrap, interface IMachine");
        why.lines.extend(log);
        return Err(why);
    }
    world.say(&format!("VM \"{word}\" has been successfully started.\n"));
    Ok(())
}
