//! An ordinary user runs labs without root and without a daemon, and is told what is missing where they cannot.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::person::Person;
use crate::project::{Project, said};
use crate::user::{On, Run, on_docker, text};
use crate::{small, tree};

on_docker!(a_user_who_may_use_the_engine_falls_back_to_it);

/// The TUN device as root keeps it to itself, and as everybody may open it.
const CLOSED: &str =
    "[ ! -e /dev/net/tun ] || { mknod -m 600 $memory/tun c 10 200; mount --bind $memory/tun /dev/net/tun; }";
const OPEN: &str = "mknod -m 666 $memory/tun c 10 200; mount --bind $memory/tun /dev/net/tun";

/// A user whose store has the images of a project, which root builds where images are built for all tests.
pub fn with_images(from: &str, paths: &[&str]) -> Person {
    let person = Person::new();
    person.project.borrow(Path::new(from), paths);
    let archive = person.project.path().join("images.tar");
    let root = || {
        let mut command = crate::user::saiten(On::Native, person.project.path());
        command.arg("--root").arg(person.project.path()).arg("images");
        command
    };
    said(root().arg("build"));
    said(root().arg("save").arg(&archive));
    person.hand(&archive);
    said(person.saiten("").args(["images", "load"]).arg(&archive));
    person
}

#[test]
fn slow_login_has_its_verdicts_over_either_kind_of_nic() {
    let paths = ["scenarios/ssh/slow-login", "containers/sshd", "containers/ssh-client"];
    let person = with_images("", &paths);
    let mut kinds = vec![(String::new(), None)];
    if Person::can_be_changed() {
        kinds = vec![(CLOSED.to_owned(), Some("veth and packet sockets"))];
        if Path::new("/dev/net/tun").exists() {
            kinds.push((OPEN.to_owned(), Some("TAP")));
        }
    }
    for (change, nics) in kinds {
        let mut command = person.saiten(&change);
        command.env("SAITEN_BACKEND", "auto").env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        let run = Run::by(command, person.desk(), &["ssh/slow-login"]);
        assert_eq!(run.status, 0, "{}", run.said);
        let machine = &run.results["run"]["machine"];
        // What `auto` took, why, and what is not limited there, once.
        assert_eq!(run.results["run"]["backend"], "native");
        assert!(run.said.contains("\nBackend: native (it works here)\n"), "{}", run.said);
        let unlimited = usize::from(machine["not limited"].is_string());
        assert_eq!(run.said.matches("Not limited on this machine: ").count(), unlimited, "{}", run.said);
        assert!(nics.is_none_or(|nics| machine["nics"] == nics), "{machine}");
        assert!(machine["started by"].as_str().unwrap().contains("ordinary user"), "{machine}");
        for check in ["login-is-quick", "server-asks-no-name", "client-asks-no-name"] {
            for arm in ["omitted", "applied"] {
                assert_eq!(run.verdict("ssh/slow-login", check, arm), "pass", "{}", run.said);
            }
        }
        assert_eq!(run.median("ssh/slow-login", "omitted", "login.server_queries"), 1.0);
        assert_eq!(run.median("ssh/slow-login", "omitted", "login.client_queries"), 2.0);
    }
}

#[test]
fn an_image_that_a_user_builds_is_as_good_as_roots() {
    let person = Person::new();
    let base = person.project.path().join("base.tar");
    small::base(&base);
    person.hand(&base);
    said(person.saiten("").args(["images", "load"]).arg(&base));
    person.project.write(
        "small/Dockerfile",
        "ARG BASE\nFROM $BASE\nRUN mkdir -m 0750 /made\nCOPY Dockerfile /made\nRUN rm -r /lib64/..\n",
    );
    let failed = person.saiten("").args(["images", "build"]).output().unwrap();
    assert!(text(&failed).contains("line 5"), "{}", text(&failed));
    person.project.write("small/Dockerfile", "ARG BASE\nFROM $BASE\nRUN mkdir -m 0750 /made\nCOPY Dockerfile /made\n");
    let reference = said(person.saiten("").args(["images", "build"]));
    let archive = person.home().join("saved.tar");
    said(person.saiten("").args(["images", "save"]).arg(&archive));
    let root = Project::new();
    root.images(On::Native, &["load", archive.to_str().unwrap()]);
    let look = "cd /made && read x < Dockerfile && echo $x *";
    assert_eq!(tree::inside(On::Native, &root.store(), &reference, look), "ARG BASE Dockerfile\n");
}

/// What doctor finds, and its exit status.
pub fn doctor(command: &mut Command) -> (Option<i32>, Value) {
    let output = command.args(["doctor", "--json"]).output().unwrap();
    let found = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    (output.status.code(), found)
}

/// Outcome, words and cure of a probe.
pub fn probe(found: &Value, name: &str) -> (String, String, String) {
    let probes = found["native"].as_array().unwrap();
    let probe = probes.iter().find(|probe| probe["name"] == name).unwrap_or_else(|| panic!("no {name}: {found}"));
    let cure = probe["cure"].as_str().unwrap_or_default();
    (probe["outcome"].as_str().unwrap().to_owned(), probe["found"].to_string(), cure.to_owned())
}

#[test]
fn doctor_says_what_works_and_how_to_have_the_rest() {
    let person = Person::new();
    let change = if Person::can_be_changed() { CLOSED } else { "" };
    let (status, found) = doctor(&mut person.saiten(change));
    assert_eq!((status, &found["backend"][0]), (Some(0), &"native".into()), "{found}");
    for name in ["ids", "store", "namespaces", "endpoint"] {
        assert_eq!(probe(&found, name).0, "good", "{found}");
    }
    for probe in found["native"].as_array().unwrap() {
        assert_eq!(probe["outcome"] == "good", probe["cure"].is_null(), "{probe}");
    }
    if !change.is_empty() {
        assert!(probe(&found, "ids").1.contains("600000:700000 +65536"), "{found}");
        let (outcome, _, cure) = probe(&found, "nics");
        assert_eq!((outcome.as_str(), cure.contains("chmod 0666 /dev/net/tun")), ("less", true), "{found}");
        let (_, found) = doctor(&mut person.saiten(OPEN));
        assert_eq!(probe(&found, "nics").0, "good", "{found}");
    }
}

/// What is said, with status 3, when only the native backend may be used, and when no engine answers either.
pub fn stopped(person: &Person, change: &str) -> String {
    let command = |backend: &str| {
        let mut command = person.saiten(change);
        command.env("SAITEN_BACKEND", backend).env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        command
    };
    let alone = command("native").args(["images", "list"]).output().unwrap();
    assert_eq!(alone.status.code(), Some(3), "{}", text(&alone));
    let neither = command("auto").args(["images", "list"]).output().unwrap();
    assert_eq!(neither.status.code(), Some(3), "{}", text(&neither));
    for part in ["no backend works here", "native: ", "docker: ", "/nowhere/docker.sock"] {
        assert!(text(&neither).contains(part), "no `{part}`: {}", text(&neither));
    }
    let reason = text(&alone).trim().split_once("does not work here: ").unwrap().1.to_owned();
    assert!(text(&neither).contains(&reason), "{} {}", text(&alone), text(&neither));
    reason
}

#[test]
fn without_subordinate_ids_the_command_that_gives_some_is_said() {
    if !Person::can_be_changed() {
        return;
    }
    let person = Person::new();
    // A range beyond everybody's: labuser itself has some group ids up to 765535.
    let cure = |first: u32| {
        let range = format!("{first}-{}", first + 65_535);
        format!("sudo usermod --add-subuids {range} --add-subgids {range} labuser")
    };
    for (change, why, first) in [
        (": > /etc/subuid", "/etc/subuid has no range", 765_536),
        (": > /etc/subgid", "/etc/subgid has no range", 665_536),
        ("rm /etc/subuid /etc/subgid", "/etc/subuid has no range", 524_288),
        ("echo labuser:600000:1000 > /etc/subuid", "/etc/subuid gives labuser 1000", 765_536),
    ] {
        let reason = stopped(&person, change);
        assert!(reason.contains(why) && reason.ends_with(&cure(first)), "{change}: {reason}");
    }
    let (status, found) = doctor(&mut person.saiten(": > /etc/subuid"));
    assert_eq!((status, probe(&found, "ids").2), (Some(3), cure(765_536)), "{found}");
}

fn a_user_who_may_use_the_engine_falls_back_to_it(_: On) {
    if !Person::can_be_changed() {
        return;
    }
    let person = Person::new();
    let member = ": > /etc/subuid; groups=\"--groups $(stat -c %g /var/run/docker.sock)\"";
    let (_, found) = doctor(person.saiten(member).env("SAITEN_BACKEND", "auto"));
    assert_eq!(found["backend"][0], "docker", "{found}");
    assert!(found["backend"][1].to_string().contains("usermod"), "{found}");
}

#[test]
fn without_newuidmap_the_package_is_said() {
    if !Person::can_be_changed() {
        return;
    }
    let person = Person::new();
    let reason = stopped(&person, "enter() { shift; exec env PATH=/nowhere /usr/bin/setpriv \"$@\"; }");
    assert!(reason.contains("newuidmap is not installed"), "{reason}");
    assert!(reason.ends_with("try: sudo apt-get install uidmap"), "{reason}");
    // A copy is not root's with the set-user-ID bit.
    let reason = stopped(&person, "cp $(command -v newuidmap) $memory; PATH=$memory:$PATH");
    assert!(reason.contains("newuidmap: write to uid_map failed: Operation not permitted"), "{reason}");
}

/// Enters a user namespace with all ids, in which no other may be made. It ends with its user namespace.
const FORBIDDEN: &str = r#"
enter() {
  mkfifo "$memory/mapped"
  unshare --user sh -c 'read go < "$0" && exec sh -c "$1" sh "$@"' "$memory/mapped" \
    'shift; echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"' "$@" &
  until [ "$(readlink /proc/$!/ns/user)" != "$(readlink /proc/$$/ns/user)" ]; do sleep 0.02; done
  for ids in uid_map gid_map; do echo 0 0 4294967295 > /proc/$!/$ids; done
  echo go > "$memory/mapped"
  wait $!
}
"#;

#[test]
fn where_user_namespaces_are_forbidden_the_switch_is_said() {
    if !Person::can_be_changed() {
        return;
    }
    let person = Person::new();
    let switch = || std::fs::read_to_string("/proc/sys/user/max_user_namespaces").unwrap();
    let before = switch();
    let reason = stopped(&person, FORBIDDEN);
    assert!(
        reason.contains("user namespace") && reason.contains("sudo sysctl -w user.max_user_namespaces="),
        "{reason}"
    );
    assert_eq!(switch(), before);
}
