//! `saiten virtualbox` as a whole: a VBoxManage that is a shell script, real frames on a real cable, signals.
//!
//! It runs in a network namespace of its own, with a cable in it: one end is the host's interface, on which the "guest" sends.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::Pid;
use rtnetlink::packet_route::link::LinkAttribute;
use rtnetlink::{LinkUnspec, LinkVeth};
use saiten::fabric::packet_socket;

/// Set in the process that a test's body runs in.
const INSIDE: &str = "SAITEN_TEST_INSIDE";
const REALTEK: &str = "Realtek PCIe GBE Family Controller";
const GUEST: [u8; 6] = [8, 0, 0x27, 0, 0, 2];
/// The script keeps the VM in files beside itself: `nic` (word and name), `wedged` while nothing passes, `log`.
const SCRIPT: &str = r#"#!/bin/sh
here=$(dirname "$0")
uuid=8ffdf553-21bf-437e-bdea-13907ed80b66
read -r word name < "$here/nic"
case "$1 $2" in
"--version ") echo 7.0.20r163906 ;;
"list vms") printf '"%s" {%s}\r\n' '講義用 "cent7"' $uuid ;;
"list bridgedifs")
  printf 'Name:            %s\r\nGUID:            30687465-0000-4000-8000-000000000001\r\nDHCP:            Disabled\r\n' "$(cat "$here/adapter")"
  printf 'HardwareAddress: 02:00:00:00:00:01\r\nMediumType:      Ethernet\r\nStatus:          Up\r\n'
  printf 'VBoxNetworkName: HostInterfaceNetworking-phys0\r\n\r\n' ;;
"showvminfo $uuid")
  printf 'name="cent7"\r\nVMState="running"\r\n'
  [ -z "$name" ] || printf 'bridgeadapter2="%s"\r\n' "$name"
  printf 'macaddress2="080027000002"\r\ncableconnected2="on"\r\nnic2="%s"\r\n' "$word" ;;
"controlvm $uuid")
  echo "$3 $4 $5" >> "$here/log"
  [ ! -e "$here/slow" ] || sleep 1
  [ "$4" != null ] || : > "$here/was-null"
  [ "$4" != bridged ] || [ ! -e "$here/was-null" ] || rm -f "$here/wedged"
  echo "$4 $5" > "$here/nic.new" && mv "$here/nic.new" "$here/nic" ;;
*) echo "VBoxManage: error: Unknown command '$1'" >&2; exit 2 ;;
esac
"#;

/// Runs a test in a network namespace of its own, in a process of its own.
fn apart(name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let user: &[&str] = &["--user", "--map-root-user"];
    let can = Command::new("unshare").args(user).args(["--net", "true"]).stderr(Stdio::null()).status().unwrap();
    let mut again = Command::new("unshare");
    again.args(if can.success() || !nix::unistd::geteuid().is_root() { user } else { &[] }).args(["--net", "--"]);
    again.arg(std::env::current_exe().unwrap()).args(["--exact", &format!("virtualbox::{name}")]).env(INSIDE, "1");
    let output = again.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// A cable from the host's interface `phys0` to the network's `lan0`.
fn cable() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection().unwrap();
        tokio::spawn(connection);
        handle.link().add(LinkVeth::new("phys0", "lan0").build()).execute().await.unwrap();
        for name in ["phys0", "lan0"] {
            let index = nix::net::if_::if_nametoindex(name).unwrap();
            handle.link().set(LinkUnspec::new_with_index(index).up().build()).execute().await.unwrap();
        }
    });
}

fn socket_on(interface: &str) -> OwnedFd {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).unwrap();
    packet_socket::bind(&socket, interface).unwrap();
    socket
}

/// A guest that pings five times a second, as long as its VM's attachment lets frames pass; each time an answer comes.
fn guest(dir: &Path) {
    let dir = dir.to_owned();
    let (phys, lan) = (socket_on("phys0"), socket_on("lan0"));
    let icmp = |to: &[u8], from: &[u8], kind: u8| {
        let ip = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1];
        [to, from, &[8, 0], &ip, &[kind, 0, 0, 0, 0, 1, 0, 1], &[0; 18]].concat()
    };
    let (peer, stranger) = ([2, 0, 0, 0, 0, 9], [2, 0, 0, 0, 0, 8]);
    let frames = [icmp(&peer, &GUEST, 8), icmp(&GUEST, &peer, 0), icmp(&peer, &stranger, 8)];
    std::thread::spawn(move || {
        loop {
            let attached = fs::read_to_string(dir.join("nic")).unwrap_or_default() == format!("bridged {REALTEK}\n");
            if attached && !dir.join("wedged").exists() {
                nix::unistd::write(&phys, &frames[0]).unwrap();
                nix::unistd::write(&lan, &frames[1]).unwrap();
            }
            nix::unistd::write(&lan, &frames[2]).unwrap();
            std::thread::sleep(Duration::from_millis(200));
        }
    });
}

struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    fn wedged() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine { dir };
        for (name, text) in
            [("VBoxManage", SCRIPT), ("nic", &format!("bridged {REALTEK}\n")), ("adapter", REALTEK), ("wedged", "")]
        {
            fs::write(machine.path(name), text).unwrap();
        }
        fs::set_permissions(machine.path("VBoxManage"), fs::Permissions::from_mode(0o755)).unwrap();
        cable();
        guest(machine.dir.path());
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn start(&self, more: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
        command.args(["virtualbox", "--vm", "講義用 \"cent7\"", "--nic", "2", "--bridge", REALTEK, "--seconds", "4"]);
        command.arg("--vboxmanage").arg(self.path("VBoxManage")).arg("--out").arg(self.path("out")).args(more);
        command.env("LANG", "C").env_remove("LC_ALL").current_dir(env!("CARGO_MANIFEST_DIR"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn run(&self, more: &[&str]) -> (i32, String) {
        said(self.start(more).wait_with_output().unwrap())
    }
}

fn said(output: Output) -> (i32, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn a_wedged_bridge_is_mended_and_the_reports_are_like_any_others() {
    apart("a_wedged_bridge_is_mended_and_the_reports_are_like_any_others", || {
        let machine = Machine::wedged();
        let (status, text) = machine.run(&["--apply"]);
        assert_eq!(status, 0, "{text}");
        assert!(text.contains("symptom") && text.contains("0 → "), "{text}");
        assert_eq!(machine.read("log"), format!("nic2 null \nnic2 bridged {REALTEK}\n"));
        let junit = machine.read("out/junit.xml");
        assert!(junit.contains("frames-reach-the-wire [applied]") && junit.contains("wire.pcapng"), "{junit}");
        let results: serde_json::Value = serde_json::from_str(&machine.read("out/results.json")).unwrap();
        assert_eq!(results["run"]["backend"], "virtualbox");
        assert_eq!(results["run"]["machine"]["VirtualBox"], "7.0.20r163906");
        // Only the guest's frames are kept.
        let capture = fs::read(machine.path("out/evidence/virtualbox/bridge/applied/wire.pcapng")).unwrap();
        let records = saiten::fabric::capture_read::read(&capture).unwrap();
        assert!(
            records.len() >= 38 && records.iter().all(|record| record.frame[..12].windows(6).any(|mac| mac == GUEST))
        );
        // The evidence can be judged again, with the same bytes.
        let before = (machine.read("out/junit.xml"), machine.read("out/results.json"));
        let mut again = Command::new(env!("CARGO_BIN_EXE_saiten"));
        let again =
            again.arg("regrade").arg(machine.path("out")).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert_eq!(said(again).0, 0);
        assert_eq!((machine.read("out/junit.xml"), machine.read("out/results.json")), before);
    });
}

#[test]
fn without_apply_it_only_looks() {
    apart("without_apply_it_only_looks", || {
        let machine = Machine::wedged();
        // The script counts nothing, so nobody knows whether the guest sent anything.
        let (status, text) = machine.run(&[]);
        assert!(status == 3 && text.contains("whether a ping ran cannot be known"), "{status} {text}");
        fs::remove_file(machine.path("wedged")).unwrap();
        let (status, text) = machine.run(&["--lang", "ja"]);
        assert!(status == 2 && text.contains("ゲストのpingがホストの配線に届く"), "{status} {text}");
        assert_eq!(machine.read("log"), "");
    });
}

#[test]
fn an_interrupt_puts_back_and_a_second_one_does_not_get_in_the_way() {
    apart("an_interrupt_puts_back_and_a_second_one_does_not_get_in_the_way", || {
        let machine = Machine::wedged();
        fs::write(machine.path("nic"), "nat \n").unwrap();
        fs::write(machine.path("slow"), "").unwrap();
        let child = machine.start(&["--apply"]);
        let began = Instant::now();
        while machine.read("log").is_empty() {
            assert!(began.elapsed() < Duration::from_secs(30), "no change yet");
            std::thread::sleep(Duration::from_millis(20));
        }
        let pid = Pid::from_raw(child.id().cast_signed());
        kill(pid, Signal::SIGINT).unwrap();
        std::thread::sleep(Duration::from_millis(1300));
        kill(pid, Signal::SIGINT).unwrap();
        let (status, text) = said(child.wait_with_output().unwrap());
        assert_eq!(status, 130, "{text}");
        assert!(text.contains("the VM's NIC is put back first") && text.contains("interrupted"), "{text}");
        assert_eq!((machine.read("nic").trim(), machine.read("log").as_str()), ("nat", "nic2 null \nnic2 nat \n"));
        assert!(machine.path("out/junit.xml").exists());
    });
}

#[test]
fn what_is_wrong_is_said_before_anything_is_changed() {
    apart("what_is_wrong_is_said_before_anything_is_changed", || {
        let machine = Machine::wedged();
        fs::write(machine.path("adapter"), "イーサネット").unwrap();
        let (status, text) = machine.run(&["--apply"]);
        assert!(status == 2 && text.contains("only to these: \"イーサネット\""), "{status} {text}");
        fs::write(machine.path("adapter"), REALTEK).unwrap();
        fs::write(machine.path("nic"), "none\n").unwrap();
        let (status, text) = machine.run(&["--apply"]);
        assert!(status == 2 && text.contains("is disabled"), "{status} {text}");
        let (status, text) = machine.run(&["--interface", "eth7"]);
        assert!(status == 2, "{status} {text}");
        assert_eq!(machine.read("log"), "");
    });
}

#[test]
fn promiscuous_mode_ends_with_the_watch() {
    apart("promiscuous_mode_ends_with_the_watch", || {
        cable();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let promiscuity = async || {
            let (connection, handle, _) = rtnetlink::new_connection().unwrap();
            tokio::spawn(connection);
            let link = handle.link().get().match_name("phys0".to_owned()).execute().try_next().await.unwrap().unwrap();
            let counts = link.attributes.iter().filter_map(|attribute| match attribute {
                LinkAttribute::Promiscuity(count) => Some(*count),
                _ => None,
            });
            counts.sum::<u32>()
        };
        runtime.block_on(async {
            let watch = packet_socket::watch("phys0").unwrap();
            assert_eq!(promiscuity().await, 1);
            drop(watch);
            assert_eq!(promiscuity().await, 0);
            assert!(packet_socket::watch("nowhere").is_err());
        });
    });
}
