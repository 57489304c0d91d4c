//! A sandbox's file system: layers, `/proc`, `/dev` and `/sys` as an endpoint may see them, and no way back to the machine's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};

use super::message::{Network, Root, Start, Wire};

/// Where sandboxes put their roots together, relative to the store. Each sees only its own.
const ASSEMBLY: &str = "mnt";
/// Directory of what the zygote keeps in memory: sockets of switches, the TUN device, copies of network files.
pub const MEMORY: &str = "run";
/// The TUN device that the zygote makes where the machine's own is for root only.
pub const TUN: &str = "run/tun";
/// Files below `/etc` that a sandbox with the machine's network shares with it.
pub const NETWORK_FILES: [&str; 2] = ["resolv.conf", "hosts"];
/// Devices that every program may expect (hier(7)).
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// Files of `/proc` that tell of the machine or reach it.
const HIDDEN_FILES: [&str; 8] = [
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/timer_stats",
];
/// Directories that do.
const HIDDEN_DIRECTORIES: [&str; 6] =
    ["/proc/acpi", "/proc/asound", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/kernel/debug"];
/// Directories that may be read and not written.
const READ_ONLY: [&str; 4] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"];

const NONE: Option<&str> = None;
const QUIET: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);
const INERT: MsFlags = QUIET.union(MsFlags::MS_NOEXEC);

fn named<T>(what: impl std::fmt::Display, result: nix::Result<T>) -> io::Result<T> {
    result.map_err(|errno| io::Error::new(io::Error::from(errno).kind(), format!("{what}: {}", errno.desc())))
}

fn mount_new(kind: &str, at: &Path, flags: MsFlags, options: &str) -> io::Result<()> {
    named(format_args!("mounting {kind} on {}", at.display()), mount(Some(kind), at, Some(kind), flags, Some(options)))
}

fn bind(from: &Path, at: &Path) -> io::Result<()> {
    let what = format_args!("binding {} to {}", from.display(), at.display()).to_string();
    named(what, mount(Some(from), at, NONE, MsFlags::MS_BIND, NONE))
}

fn bind_read_only(from: &Path, at: &Path, flags: MsFlags) -> io::Result<()> {
    bind(from, at)?;
    let again = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | flags;
    named(format_args!("making {} read-only", at.display()), mount(NONE, at, NONE, again, NONE))
}

/// Puts the root together and enters it. The current directory is the store; the caller is uid 0 of the sandbox.
///
/// # Errors
/// The step that the kernel refused, by name.
pub fn enter(start: &Start, program: &str, tun: Option<&Path>) -> io::Result<()> {
    let root = assemble(&start.root)?;
    mount_new("proc", &root.join("proc"), INERT, "")?;
    if start.network != Network::Machine {
        mount_new("sysfs", &root.join("sys"), INERT | MsFlags::MS_RDONLY, "")?;
    }
    make_devices(&root.join("dev"), tun)?;
    bind_read_only(Path::new(program), &root.join(".saiten/saiten"), QUIET)?;
    if let Some(wire) = &start.wire {
        bind_wire(wire, &root)?;
    }
    if start.network == Network::Machine {
        for name in NETWORK_FILES {
            bind_read_only(&Path::new(MEMORY).join(name), &root.join("etc").join(name), INERT)?;
        }
    } else {
        fs::write(root.join("etc/hostname"), format!("{}\n", start.hostname))?;
    }
    for (name, value) in &start.sysctls {
        set_parameter(&root, name, value)?;
    }
    pivot(&root)?;
    shut()
}

/// Enters a root without anything else in it: for unpacking and packing.
///
/// # Errors
/// As [`enter`].
pub fn enter_bare(root: &Root) -> io::Result<()> {
    let root = assemble(root)?;
    pivot(&root)
}

/// The layers, mounted; gives where.
fn assemble(root: &Root) -> io::Result<PathBuf> {
    let below = Path::new(ASSEMBLY);
    let merged = below.join("m");
    let (scratch, layers) = match root {
        Root::Scratch { layers, bytes, inodes } => {
            mount_new("tmpfs", below, QUIET, &format!("size={bytes},nr_inodes={inodes},mode=755"))?;
            (below.to_owned(), layers)
        }
        Root::Kept { layers, dir } | Root::Discarded { layers, dir } => {
            mount_new("tmpfs", below, QUIET, "size=64k,nr_inodes=16,mode=755")?;
            (PathBuf::from(dir), layers)
        }
        Root::Plain(dir) => {
            mount_new("tmpfs", below, QUIET, "size=64k,nr_inodes=16,mode=755")?;
            fs::create_dir(&merged)?;
            bind(Path::new(dir), &merged)?;
            return Ok(merged);
        }
    };
    fs::create_dir(&merged)?;
    let (upper, work) = (scratch.join("u"), scratch.join("w"));
    for dir in [&upper, &work] {
        if !dir.is_dir() {
            fs::create_dir(dir)?;
        }
    }
    // `userxattr`: the only form that a user namespace may write, so the one form of all layers, whoever makes them.
    // `volatile`: what is half-written when the machine stops is swept; what is kept, is written out before.
    let options = format!(
        "userxattr,volatile,lowerdir={},upperdir={},workdir={}",
        layers.join(":"),
        upper.display(),
        work.display()
    );
    mount_new("overlay", &merged, MsFlags::MS_NODEV, &options)?;
    Ok(merged)
}

fn make_devices(dev: &Path, tun: Option<&Path>) -> io::Result<()> {
    mount_new("tmpfs", dev, MsFlags::MS_NOSUID, "mode=755,size=64k,nr_inodes=64")?;
    for dir in ["net", "pts", "shm"] {
        fs::create_dir(dev.join(dir))?;
    }
    // A user namespace makes no device nodes; the machine's own are bound.
    for name in DEVICES {
        fs::write(dev.join(name), "")?;
        bind(&Path::new("/dev").join(name), &dev.join(name))?;
    }
    if let Some(tun) = tun {
        fs::write(dev.join("net/tun"), "")?;
        bind(tun, &dev.join("net/tun"))?;
    }
    let terminals = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    mount_new("devpts", &dev.join("pts"), terminals, "newinstance,ptmxmode=0666,mode=620")?;
    mount_new("tmpfs", &dev.join("shm"), INERT, "size=16m,nr_inodes=1k,mode=1777")?;
    let links =
        [("pts/ptmx", "ptmx"), ("/proc/self/fd", "fd"), ("fd/0", "stdin"), ("fd/1", "stdout"), ("fd/2", "stderr")];
    links.iter().try_for_each(|(to, link)| std::os::unix::fs::symlink(to, dev.join(link)))
}

fn bind_wire(wire: &Wire, root: &Path) -> io::Result<()> {
    let from = Path::new(MEMORY).join(wire.switch.to_string());
    let at = root.join(".wire");
    if wire.own { bind(&from, &at) } else { bind_read_only(&from, &at, INERT) }
}

fn set_parameter(root: &Path, name: &str, value: &str) -> io::Result<()> {
    let path = root.join("proc/sys").join(name.replace('.', "/"));
    match fs::write(path, value) {
        // A kernel without IPv6 has nothing to switch off.
        Err(err) if err.kind() == io::ErrorKind::NotFound && name.starts_with("net.ipv6.") => Ok(()),
        Err(err) => Err(io::Error::new(err.kind(), format!("kernel parameter {name}: {err}"))),
        Ok(()) => Ok(()),
    }
}

/// Makes `root` the root, and lets go of everything that was outside of it.
fn pivot(root: &Path) -> io::Result<()> {
    named("entering the new root", chdir(root))?;
    named("changing the root", pivot_root(".", "."))?;
    named("letting go of the old root", umount2(".", MntFlags::MNT_DETACH))?;
    named("entering the new root", chdir("/"))
}

/// Shuts what leads from `/proc` and `/sys` to the machine.
fn shut() -> io::Result<()> {
    for path in HIDDEN_FILES.map(Path::new).into_iter().filter(|path| path.exists()) {
        bind(Path::new("/dev/null"), path)?;
    }
    for path in HIDDEN_DIRECTORIES.map(Path::new).into_iter().filter(|path| path.is_dir()) {
        mount_new("tmpfs", path, INERT | MsFlags::MS_RDONLY, "size=0,nr_inodes=1,mode=755")?;
    }
    for path in READ_ONLY.map(Path::new).into_iter().filter(|path| path.exists()) {
        bind_read_only(path, path, INERT)?;
    }
    Ok(())
}
