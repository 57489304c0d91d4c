use super::super::bridge::Kernel;
use super::machine::{Machine, all, as_uuid, hold};
use super::{CENT7, Host, Lab, REALTEK};
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

proptest! {
    #[test]
    fn what_is_not_changed_is_kept(lines in prop::collection::vec("[^\n]*", 0..8), value in "[^\n\0]*") {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut machine = Machine::from_text("x", &text);
        prop_assert_eq!(machine.text(), text.as_str());
        machine.set("a name", &value).unwrap();
        prop_assert_eq!(machine.get("a name"), Some(value.as_str()));
        let kept = machine.text();
        prop_assert_eq!(Machine::from_text("x", &kept), machine);
        if !text.contains("a name=") {
            prop_assert_eq!(kept, format!("{text}a name={value}\n"));
        }
    }
}

#[test]
fn the_last_of_several_lines_counts_and_is_changed() {
    let mut machine = Machine::from_text("x", "nic2=null\r\n\nnic2x=1\n# nic2=2\nnic2=nat");
    assert_eq!((machine.get("nic2"), machine.get("nic"), machine.name()), (Some("nat"), None, "x"));
    machine.set("nic2", "null").unwrap();
    assert_eq!(machine.text(), "nic2=null\r\n\nnic2x=1\n# nic2=2\nnic2=null\n");
    assert!(machine.set("nic2", "a\nnic1=none").is_err());
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let lab = Lab::new();
    let path = lab.places.registry.join("cent7.conf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let mut held = hold(&lab.places, "cent7", Duration::ZERO).unwrap();
    held.machine.set("nic2", "null").unwrap();
    held.machine.save(&lab.places).unwrap();
    assert_eq!(lab.conf(), CENT7.replace("nic2=bridged", "nic2=null"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    held.machine.set("x", &"y".repeat(70_000)).unwrap();
    assert!(held.machine.save(&lab.places).unwrap_err().ends_with("would be larger than 65536 bytes"));
    assert_eq!(lab.conf(), CENT7.replace("nic2=bridged", "nic2=null"));
    assert_eq!(fs::read_dir(&lab.places.registry).unwrap().count(), 1);
}

#[test]
fn only_one_caller_changes_a_machine() {
    let lab = Lab::new();
    let held = hold(&lab.places, "cent7", Duration::ZERO).unwrap();
    assert_eq!(hold(&lab.places, "cent7", Duration::from_millis(30)).unwrap_err(), None);
    drop(held);
    hold(&lab.places, "cent7", Duration::ZERO).unwrap();
    let why = hold(&lab.places, "other", Duration::ZERO).unwrap_err().unwrap();
    assert!(why.contains("other.conf: No such file"), "{why}");
}

#[test]
fn files_that_cannot_be_read_are_said_and_left_out() {
    let lab = Lab::new();
    let write = |name: &str, bytes: &[u8]| fs::write(lab.places.registry.join(name), bytes).unwrap();
    write("large.conf", &[b'x'; 65_537]);
    write("binary.conf", b"name=\xff\n");
    write(".cent7.conf", b"name=hidden\n");
    write("notes.txt", b"name=notes\n");
    write("cent 8 家.conf", b"name=a \"b\"\n");
    let (machines, wrong) = all(&lab.places);
    assert_eq!(machines.iter().map(Machine::name).collect::<Vec<_>>(), ["a \"b\"", "cent7"]);
    assert!(wrong[0].ends_with("binary.conf is not UTF-8"), "{wrong:?}");
    assert!(wrong[1].ends_with("large.conf is larger than 65536 bytes"), "{wrong:?}");
    fs::remove_dir_all(&lab.places.registry).unwrap();
    assert_eq!(all(&lab.places), (vec![], vec![]));
}

#[test]
fn identities_are_told_from_names() {
    let uuid = "8ffdf553-21bf-437e-bdea-13907ed80b66";
    assert_eq!(as_uuid(uuid).as_deref(), Some(uuid));
    assert_eq!(as_uuid(&format!("{{{}}}", uuid.to_uppercase())).as_deref(), Some(uuid));
    for name in [
        "cent7",
        "",
        "{",
        "8ffdf553-21bf-437e-bdea-13907ed80b6",
        "8ffdf553-21bf-437e-bdea-13907ed80b6g",
        "家-家-家-家-家",
    ] {
        assert_eq!(as_uuid(name), None, "{name}");
    }
}

#[test]
fn an_adapter_has_the_bridge_that_it_is_or_was_in() {
    let lab = Lab::new();
    let mut kernel = Kernel { places: &lab.places, patience: Duration::ZERO };
    assert_eq!(kernel.bridge("nobody's"), Ok(None));
    assert_eq!(kernel.bridge("無線 \"LAN\""), Ok(None), "listed, but not there");
    // Fallen out of `br0`, whose address it gave.
    assert_eq!(kernel.bridge(REALTEK), Ok(Some("br0".into())));
    fs::create_dir(lab.places.net.join("br-en0")).unwrap();
    assert_eq!(kernel.bridge("en0: Wi-Fi"), Ok(Some("br-en0".into())), "`br0` is another's");
    std::os::unix::fs::symlink("../virtual/net/br7", lab.places.net.join("en1/master")).unwrap();
    assert_eq!(kernel.bridge(REALTEK), Ok(Some("br7".into())));
    fs::create_dir(lab.places.net.join("lab9")).unwrap();
    fs::write(lab.places.net.join("lab9/address"), "3c:22:fb:0e:61:81\n").unwrap();
    fs::write(&lab.places.defaults, "BRIDGE=x\nBRIDGE='lab9'\n").unwrap();
    assert_eq!(kernel.bridge("en0: Wi-Fi"), Ok(Some("lab9".into())));
}
