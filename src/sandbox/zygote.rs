//! The zygote: a process of one thread that clones every sandbox, limits it, and cleans up behind it. Its end is theirs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;

use caps::CapSet;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, Uid, seteuid};

use super::change;
use super::home::Home;
use super::inside::{self, Work};
use super::limits::Group;
use super::message::{Network, Order, Report, Start, receive, send};
use super::spawn::{Cloned, clone_into};
use crate::image::unpack::Limits as ArchiveLimits;

/// Longest last words of a child that failed.
const LAST_WORDS: u64 = 4 << 10;
/// What every sandbox has of its own, whatever its network.
const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWUSER
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWIPC);

/// Runs until the harness is gone. Standard input is the socket to it.
pub fn main() -> ExitCode {
    match serve(io::stdin().as_fd()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            // The harness reads it when the zygote ends unasked.
            let _ = writeln!(io::stderr(), "{err}");
            ExitCode::FAILURE
        }
    }
}

fn serve(socket: BorrowedFd<'_>) -> io::Result<()> {
    let Some((Order::Begin(begin), _)) = receive(socket)? else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the first order must be to begin"));
    };
    let home = match Home::settle(socket, begin) {
        Ok(home) => home,
        Err(err) => return send(socket, &Report::Failed { id: 0, why: err.to_string() }, &[]),
    };
    send(socket, &home.report(), &[])?;
    let mut zygote = Zygote { socket, home, children: BTreeMap::new() };
    let served = zygote.serve();
    zygote.end();
    served
}

/// A child and what is known of it.
struct Child {
    pid: Pid,
    pidfd: OwnedFd,
    group: Option<Group>,
    /// Its side speaks until it has become PID 1, or done its work.
    starting: Option<UnixStream>,
    /// Whether it is a piece of work, which answers with a figure.
    works: bool,
    /// Orders that wait for its end.
    stopping: Vec<u64>,
    /// Directories that go with it.
    goes: Vec<PathBuf>,
}

/// What became ready.
enum Event {
    Order,
    Spoke(u64),
    Ended(u64),
}

struct Zygote<'a> {
    socket: BorrowedFd<'a>,
    home: Home,
    children: BTreeMap<u64, Child>,
}

impl Zygote<'_> {
    fn serve(&mut self) -> io::Result<()> {
        loop {
            for event in self.wait()? {
                match event {
                    Event::Order => match receive(self.socket)? {
                        None => return Ok(()),
                        Some((order, descriptors)) => self.obey(order, descriptors)?,
                    },
                    Event::Spoke(id) => self.hear(id)?,
                    Event::Ended(id) => self.bury(id)?,
                }
            }
        }
    }

    fn wait(&self) -> io::Result<Vec<Event>> {
        let mut watched = vec![PollFd::new(self.socket, PollFlags::POLLIN)];
        let mut events = vec![Event::Order];
        for (id, child) in &self.children {
            // Its end is looked at only when it has nothing more to say.
            let (fd, event) = match &child.starting {
                Some(stream) => (stream.as_fd(), Event::Spoke(*id)),
                None => (child.pidfd.as_fd(), Event::Ended(*id)),
            };
            watched.push(PollFd::new(fd, PollFlags::POLLIN));
            events.push(event);
        }
        match poll(&mut watched, PollTimeout::NONE) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Vec::new()),
            Err(errno) => return Err(errno.into()),
        }
        let ready = watched.iter().map(|fd| fd.revents().is_some_and(|events| !events.is_empty()));
        Ok(events.into_iter().zip(ready).filter_map(|(event, ready)| ready.then_some(event)).collect())
    }

    fn obey(&mut self, order: Order, descriptors: Vec<OwnedFd>) -> io::Result<()> {
        let (id, done) = match order {
            Order::Begin(_) | Order::Mapped => return Err(io::Error::other("an order that comes only once, again")),
            Order::Stop { id, sandbox } => (id, Ok(self.stop(id, sandbox))),
            Order::Start(start) => (start.id, self.start(&start, descriptors).map(|()| None)),
            Order::Unpack { id, root, layer, bytes, entries } => {
                let unpack = |from| Work::Unpack { root, layer, limits: ArchiveLimits { bytes, entries }, from };
                (id, only(descriptors).and_then(|from| self.work(id, unpack(from))))
            }
            Order::Pack { id, layer } => (id, only(descriptors).and_then(|to| self.work(id, Work::Pack { layer, to }))),
            Order::Store { id, change } => (id, change::carry_out(&change, self.home.ids()).map(|()| Some(0))),
        };
        match done {
            Ok(None) => Ok(()),
            Ok(Some(bytes)) => send(self.socket, &Report::Done { id, bytes }, &[]),
            Err(err) => send(self.socket, &Report::Failed { id, why: err.to_string() }, &[]),
        }
    }

    fn start(&mut self, start: &Start, descriptors: Vec<OwnedFd>) -> io::Result<()> {
        let goes = self.home.make_directories(start)?;
        // Numbers are the zygote's own, and a harness has several: one that makes images beside labs, and one for each release.
        let name = format!("{}-{}", std::process::id(), start.id);
        let group = self.home.groups.make(&name, &start.limits)?;
        let mut namespaces = NAMESPACES;
        namespaces.set(CloneFlags::CLONE_NEWNET, start.network != Network::Machine);
        let inherited = self.home.inherited();
        let (pid, pidfd, go) = clone_child(self.home.owner(), namespaces, |go| {
            inside::become_endpoint(start, &inherited, descriptors, go).map(|never| match never {})
        })?;
        let child =
            Child { pid, pidfd, group: Some(group), starting: Some(go), works: false, stopping: Vec::new(), goes };
        self.let_go(start.id, child, start.cables())
    }

    fn work(&mut self, id: u64, work: Work) -> io::Result<Option<u64>> {
        let (pid, pidfd, go) =
            clone_child(self.home.owner(), NAMESPACES | CloneFlags::CLONE_NEWNET, |go| inside::work(work, go))?;
        let child =
            Child { pid, pidfd, group: None, starting: Some(go), works: true, stopping: Vec::new(), goes: Vec::new() };
        self.let_go(id, child, &[]).map(|()| None)
    }

    /// Gives a new child its ids, limits and cables, and lets it go on.
    fn let_go(&mut self, id: u64, child: Child, cables: &[String]) -> io::Result<()> {
        let prepared = self.prepare(id, &child, cables);
        if prepared.is_err() {
            // Its end is cleaned up like any other.
            let _ = kill(child.pid, Signal::SIGKILL);
        }
        let silent = Child { starting: child.starting.filter(|_| prepared.is_ok()), ..child };
        self.children.insert(id, silent);
        prepared
    }

    fn prepare(&self, id: u64, child: &Child, cables: &[String]) -> io::Result<()> {
        let ids = self.home.ids();
        for map in ["uid_map", "gid_map"] {
            let path = format!("/proc/{}/{map}", child.pid);
            fs::write(&path, format!("0 {} {}", ids.first, ids.count)).map_err(|err| named(&path, &err))?;
        }
        if let Some(group) = &child.group {
            group.admit(child.pid.as_raw())?;
        }
        let mut ends = Vec::new();
        for (index, interface) in cables.iter().enumerate() {
            let far = format!("c{id}n{index}");
            ends.push(super::cable::lay(child.pid.as_raw(), interface, &far).map_err(|err| named(interface, &err))?);
        }
        let ends: Vec<BorrowedFd<'_>> = ends.iter().map(AsFd::as_fd).collect();
        child.starting.as_ref().map_or(Ok(()), |go| send(go.as_fd(), &(), &ends))
    }

    /// A child has said how it went.
    fn hear(&mut self, id: u64) -> io::Result<()> {
        let Some(child) = self.children.get_mut(&id) else { return Ok(()) };
        let Some(stream) = child.starting.take() else { return Ok(()) };
        let mut said = String::new();
        // A child that cannot be heard has failed.
        let heard = stream.take(LAST_WORDS).read_to_string(&mut said);
        let report = match (heard, said.split_at_checked(1)) {
            // The socket closed as the child became another program.
            (Ok(_), None) if !child.works => Report::Done { id, bytes: 0 },
            (Ok(_), Some(("+", figure))) => Report::Done { id, bytes: figure.parse().unwrap_or(0) },
            (Ok(_), Some((_, why))) => Report::Failed { id, why: why.to_owned() },
            _ => Report::Failed { id, why: "ended without a word".to_owned() },
        };
        send(self.socket, &report, &[])
    }

    fn stop(&mut self, order: u64, sandbox: u64) -> Option<u64> {
        let Some(child) = self.children.get_mut(&sandbox) else { return Some(0) };
        // It may have ended by itself; it is a zombie until it is buried, so its pid is nobody else's.
        let _ = kill(child.pid, Signal::SIGKILL);
        child.stopping.push(order);
        None
    }

    /// A child has ended, and with it every process of its namespace.
    fn bury(&mut self, id: u64) -> io::Result<()> {
        let Some(child) = self.children.remove(&id) else { return Ok(()) };
        let left = child.clean_up();
        for order in child.stopping {
            let report = match &left {
                Ok(()) => Report::Done { id: order, bytes: 0 },
                Err(err) => Report::Failed { id: order, why: err.to_string() },
            };
            send(self.socket, &report, &[])?;
        }
        Ok(())
    }

    /// The harness is gone, or the zygote cannot go on.
    fn end(self) {
        for child in self.children.values() {
            let _ = kill(child.pid, Signal::SIGKILL);
        }
        for child in self.children.into_values() {
            // What stays is swept by the next run.
            let _ = child.clean_up();
        }
        self.home.leave();
    }
}

impl Child {
    /// Reaps it and removes what was made for it.
    fn clean_up(&self) -> io::Result<()> {
        waitid(Id::PIDFd(self.pidfd.as_fd()), WaitPidFlag::WEXITED)?;
        self.goes.iter().try_for_each(fs::remove_dir_all)?;
        self.group.as_ref().map_or(Ok(()), Group::remove)
    }
}

fn named(what: &str, err: &io::Error) -> io::Error {
    io::Error::new(err.kind(), format!("{what}: {err}"))
}

fn only(descriptors: Vec<OwnedFd>) -> io::Result<OwnedFd> {
    descriptors
        .into_iter()
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no descriptor came along"))
}

/// Clones; the child does `inside` and ends with its result on the socket: `+` and a figure, or `-` and why not.
fn clone_child(
    owner: Option<Uid>,
    namespaces: CloneFlags,
    inside: impl FnOnce(BorrowedFd<'_>) -> io::Result<u64>,
) -> io::Result<(Pid, OwnedFd, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    let cloned = match owner {
        Some(owner) => clone_as(owner, namespaces),
        None => clone_into(namespaces),
    };
    match cloned? {
        Cloned::Parent(pid, pidfd) => Ok((pid, pidfd, ours)),
        Cloned::Child => {
            drop(ours);
            let said = match inside(theirs.as_fd()) {
                Ok(figure) => format!("+{figure}"),
                Err(err) => format!("-{err}"),
            };
            // Nobody hears it when the zygote is gone.
            let _ = (&theirs).write_all(said.as_bytes());
            std::process::exit(0)
        }
    }
}

/// Clones as `owner`, with all rights. What a sandbox uses up of the kernel's limits by user, as inotify(7)'s, is counted for
/// its namespace's owner too; as root's it would be missing to the machine's own services.
fn clone_as(owner: Uid, namespaces: CloneFlags) -> io::Result<Cloned> {
    let rights = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    seteuid(owner)?;
    let cloned =
        caps::set(None, CapSet::Effective, &rights).map_err(io::Error::other).and_then(|()| clone_into(namespaces));
    if !matches!(cloned, Ok(Cloned::Child)) {
        // The child becomes root of its namespace by itself, when its ids are mapped.
        seteuid(Uid::from_raw(0))?;
    }
    cloned
}
