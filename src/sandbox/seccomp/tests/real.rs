//! The filters on a real kernel: this test program starts itself again and goes under them.

use std::env;
use std::fs::File;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::personality::{self, Persona};
use nix::sys::prctl;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_settime};
use nix::unistd::pivot_root;

use super::super::{filters, install_without_no_new_privs};

const INSIDE: &str = "SAITEN_TEST_INSIDE_FILTER";

/// Runs `body` under the filters, in a process of its own that runs only the test `name`.
fn under_the_filters(name: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        prctl::set_no_new_privs().unwrap();
        install_without_no_new_privs(&filters().unwrap()).unwrap();
        return body();
    }
    let name = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
    let again = Command::new(env::current_exe().unwrap()).args(["--exact", &name]).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && said.contains("1 passed"), "{said}");
}

/// Each call would fail for another reason, and harm nothing, if the filters were not there.
#[test]
fn dangerous_calls_get_eperm() {
    under_the_filters("dangerous_calls_get_eperm", || {
        let (nothing, nowhere): (Option<&str>, _) = (None, "/nonexistent");
        let no_namespace = File::open("/dev/null").unwrap();
        assert_eq!(mount(nothing, nowhere, nothing, MsFlags::MS_PRIVATE, nothing), Err(Errno::EPERM));
        assert_eq!(umount2(nowhere, MntFlags::empty()), Err(Errno::EPERM));
        assert_eq!(pivot_root(nowhere, nowhere), Err(Errno::EPERM));
        assert_eq!(unshare(CloneFlags::empty()), Err(Errno::EPERM));
        assert_eq!(setns(&no_namespace, CloneFlags::empty()), Err(Errno::EPERM));
        assert_eq!(clock_settime(ClockId::CLOCK_MONOTONIC, TimeSpec::new(0, 0)), Err(Errno::EPERM));
        assert_eq!(personality::set(Persona::ADDR_NO_RANDOMIZE), Err(Errno::EPERM));
        for family in [AddressFamily::Vsock, AddressFamily::Alg] {
            let made = socket(family, SockType::SeqPacket, SockFlag::empty(), None);
            assert_eq!(made.unwrap_err(), Errno::EPERM, "{family:?}");
        }
    });
}

#[test]
fn ordinary_work_goes_on() {
    under_the_filters("ordinary_work_goes_on", || {
        assert_eq!(thread::spawn(|| 1 + 1).join().unwrap(), 2);
        assert!(Command::new("/bin/sh").args(["-c", "true | true && exec true"]).status().unwrap().success());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        UnixStream::pair().unwrap();
        assert!(personality::get().is_ok());
    });
}

#[test]
fn an_empty_program_is_an_error() {
    let error = install_without_no_new_privs(&[Vec::new()]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
