use super::super::grammar::{Change, Command, Listed, Order, Topic, parse};
use super::super::nic::Kind;
use super::super::refusal::Refusal;
use super::Lab;
use proptest::prelude::*;

fn parsed(line: &[&str]) -> Result<Command, Refusal> {
    parse(&line.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
}

fn ordered(line: &[&str]) -> Result<Order, Refusal> {
    match parsed(&[&["controlvm", "x"], line].concat()).unwrap() {
        Command::Control(machine, order) if machine == "x" => order,
        other => panic!("{other:?}"),
    }
}

fn changed(line: &[&str]) -> Result<Vec<Change>, Refusal> {
    match parsed(&[&["modifyvm", "x"], line].concat()).unwrap() {
        Command::Modify(machine, changes) if machine == "x" => changes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whole_lines_are_understood() {
    assert_eq!(parsed(&[]), Ok(Command::Usage(None, 0)));
    assert_eq!(parsed(&["-q", "help"]), Ok(Command::Usage(None, 0)));
    assert_eq!(parsed(&["help", "controlvm"]), Ok(Command::Usage(Some(Topic::Control), 1)));
    assert_eq!(parsed(&["controlvm"]), Ok(Command::Usage(Some(Topic::Control), 1)));
    assert_eq!(parsed(&["--version"]), Ok(Command::Version));
    assert_eq!(parsed(&["list", "-l", "vms"]), Ok(Command::List(vec![Listed::Machines], true)));
    let both = Command::List(vec![Listed::Running, Listed::Bridged], false);
    assert_eq!(parsed(&["--nologo", "list", "runningvms", "bridgedifs"]), Ok(both));
    assert_eq!(parsed(&["showvminfo", "--machinereadable", "a b"]), Ok(Command::Show("a b".into(), true)));
    assert_eq!(parsed(&["startvm", "a", "--type", "headless", "b"]), Ok(Command::Start(vec!["a".into(), "b".into()])));
    assert_eq!(parsed(&["startvm", "家", "--type=gui"]), Ok(Command::Start(vec!["家".into()])));
}

#[test]
fn whole_lines_that_make_no_sense() {
    let table: &[(&[&str], u8, &str)] = &[
        (&["frob"], 2, "Invalid command 'frob'"),
        (&["help", "frob"], 2, "Invalid command 'frob'"),
        (&["list", "frob"], 2, "Unknown subcommand: frob"),
        (&["list", "--frob"], 2, "Unknown option: --frob"),
        (&["list", "-l"], 2, "Missing subcommand for \"list\" command."),
        (&["showvminfo", "--details"], 2, "VM name or UUID required"),
        (&["showvminfo", "a", "b"], 2, "Invalid parameter 'b'"),
        (&["showvminfo", "a", "--frob"], 2, "Unknown option: --frob"),
        (&["startvm", "--type", "headless"], 2, "at least one VM name or uuid required"),
        (&["startvm", "a", "--type"], 2, "Missing value for option --type"),
        (&["startvm", "a", "--type", "x"], 1, "Invalid frontend name: 'x'"),
        (&["controlvm", "a"], 2, "Not enough parameters."),
        (&["modifyvm", "a"], 2, "Not enough parameters."),
        (&["import", "a.ova", "--dry-run"], 1, "There are no appliances in this lab, and none can be imported"),
    ];
    for (line, status, why) in table {
        let refusal = parsed(line).unwrap_err();
        assert_eq!((refusal.status, refusal.lines.as_slice()), (*status, [(*why).to_owned()].as_slice()), "{line:?}");
        assert_eq!(refusal.usage.is_some(), *status == 2, "{line:?}");
    }
}

#[test]
fn orders_are_understood() {
    let nic = |words: &[&str]| match ordered(words).unwrap() {
        Order::Nic(number, wish) => (number, wish.unwrap()),
        other => panic!("{other:?}"),
    };
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(nic(&["nic2", "null"]), (2, (Kind::Null, None)));
    assert_eq!(nic(&["nic1", "nat"]), (1, (Kind::Nat, None)));
    assert_eq!(nic(&["nic1", "nat", "10.0/16"]), (1, (Kind::Nat, name("10.0/16"))));
    assert_eq!(nic(&["nic8", "bridged", "en0: \"家\""]), (8, (Kind::Bridged, name("en0: \"家\""))));
    assert_eq!(nic(&["nic2", "hostif", "eth0"]), (2, (Kind::Bridged, name("eth0"))));
    for (word, kind) in [
        ("intnet", Kind::Internal),
        ("hostonly", Kind::HostOnly),
        ("generic", Kind::Generic),
        ("natnetwork", Kind::NatNetwork),
    ] {
        assert_eq!(nic(&["nic2", word, "x"]), (2, (kind, name("x"))));
    }
    assert_eq!(ordered(&["nicpromisc2", "allow-network"]), Ok(Order::Promisc(2, Ok("allow-vms"))));
    assert_eq!(ordered(&["nicpromisc2", "allow-all"]), Ok(Order::Promisc(2, Ok("allow-all"))));
    assert_eq!(ordered(&["setlinkstate2", "ON"]), Ok(Order::Link(2, true)));
    assert_eq!(ordered(&["setlinkstate2", "off"]), Ok(Order::Link(2, false)));
    assert_eq!(ordered(&["poweroff"]), Ok(Order::PowerOff));
    assert_eq!(ordered(&["acpipowerbutton"]), Ok(Order::PowerButton));
}

/// All with status 1: VirtualBox shows the usage, and ends as after any other failure.
#[test]
fn orders_that_make_no_sense() {
    let table: &[(&[&str], &str)] = &[
        (&["frob"], "Invalid parameter 'frob'."),
        (&["nictrace2", "on"], "Invalid parameter 'nictrace2'."),
        (&["nic2"], "Missing argument to 'nic2'."),
        (&["nic2", "bridged"], "Missing argument to 'bridged'."),
        (&["nic2", "bridge", "x"], "Invalid type 'bridge' specfied for NIC 2."),
        (&["nic2", "Bridged", "x"], "Invalid type 'Bridged' specfied for NIC 2."),
        // Only a machine that does not run can lose a NIC.
        (&["nic2", "none"], "Invalid type 'none' specfied for NIC 2."),
        (&["nicpromisc2"], "Missing argument to 'nicpromisc2'."),
        (&["nicpromisc2", "yes"], "Unknown promiscuous mode policy 'yes'."),
        (&["setlinkstate2"], "Missing argument to 'setlinkstate2'."),
        (&["setlinkstate2", "up"], "Invalid link state 'up'."),
    ];
    for (line, why) in table {
        let refusal = match ordered(line) {
            Err(why) | Ok(Order::Nic(_, Err(why)) | Order::Promisc(_, Err(why))) => why,
            other => panic!("{line:?}: {other:?}"),
        };
        assert_eq!(refusal, Refusal::order(*why), "{line:?}");
    }
    for digits in ["", "0", "9", "-1", "2x", "家", "99999999999"] {
        let why = Refusal::plain(format!("Invalid NIC number '{digits}'"));
        for verb in ["nic", "nicpromisc", "setlinkstate"] {
            assert_eq!(ordered(&[&format!("{verb}{digits}"), "null"]), Err(why.clone()), "{verb}{digits}");
        }
    }
}

#[test]
fn changes_are_understood() {
    let line = ["--nic2", "Bridged", "--bridgeadapter2=a=b: \"c\"", "--cableconnected2", "on", "--nicpromisc2:deny"];
    let changes = [
        Change::Nic(2, Some(Kind::Bridged)),
        Change::Name(2, Kind::Bridged, "a=b: \"c\"".into()),
        Change::Cable(2, true),
        Change::Promisc(2, "deny"),
    ];
    assert_eq!(changed(&line).unwrap(), changes);
    let line = ["--nic1", "none", "--bridge-adapter2", "none", "--hostonlyadapter3", "x", "--cable-connected3=off"];
    let changes = [
        Change::Nic(1, None),
        Change::Name(2, Kind::Bridged, String::new()),
        Change::Name(3, Kind::HostOnly, "x".into()),
        Change::Cable(3, false),
    ];
    assert_eq!(changed(&line).unwrap(), changes);
    let table: &[(&[&str], u8, &str)] = &[
        (&["--frob2", "x"], 2, "Unknown option: --frob2"),
        (&["frob"], 2, "Invalid parameter 'frob'"),
        (&["--nic2"], 2, "Missing value for option --nic2"),
        (&["--nic9", "null"], 1, "Invalid NIC number '9'"),
        (&["--nic", "null"], 1, "Invalid NIC number ''"),
        (&["--nic2", "x"], 1, "Invalid type 'x' specfied for NIC 2"),
        (&["--nicpromisc2", "x"], 1, "Unknown promiscuous mode policy 'x'"),
        (&["--cableconnected2", "x"], 2, "Invalid argument format: --cableconnected2=x"),
        (&["--nic2", "null", "--nic3", "x"], 1, "Invalid type 'x' specfied for NIC 3"),
    ];
    for (line, status, why) in table {
        let refusal = changed(line).unwrap_err();
        assert_eq!((refusal.status, refusal.lines[0].as_str()), (*status, *why), "{line:?}");
    }
}

const KNOWN: &str = "-q help list vms runningvms bridgedifs --long showvminfo --machinereadable startvm --type headless \
    controlvm modifyvm import cent7 nic nic2 nic3 --nic --nic2 null none nat bridged nicpromisc1 \
    setlinkstate2 on --cableconnected2=off --bridgeadapter2 --bridgeadapter2=家 allow-all poweroff - -- = \
    :";

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => prop::sample::select(KNOWN.split(' ').collect::<Vec<_>>()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    /// Whatever is typed has an answer, and the registry stays one.
    #[test]
    fn nothing_that_is_typed_does_harm(words in prop::collection::vec(word(), 0..7)) {
        let lab = Lab::new();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (status, out, err) = lab.run(&words);
        prop_assert!(status <= 2);
        prop_assert!(status == 0 || !out.is_empty() || !err.is_empty());
        let kept = lab.conf();
        prop_assert!(kept.starts_with("# The course's.\nname=cent7\n"));
        prop_assert!(kept.contains("\nguestaddress2=192.168.1.10/24\n"));
    }
}
