//! The one epoll loop that does all of the fabric's I/O: NICs, timer, commands, captures. It needs no privilege.

mod clock;
mod door;
mod key;
mod lateness;
mod obey;
mod outlets;
mod remote;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, SyncSender};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

pub use super::capture::CaptureChunk;
pub use door::hand_over;
pub use remote::{Command, Remote, Reply, Synced};

use super::config::SwitchConfig;
use super::switch::{PortId, Switch};
use clock::Timer;
use door::{Door, Entry};
use key::Key;
use lateness::Lateness;
use outlets::{Nic, Outlets};
use remote::Pending;

/// Most frames read from one port before the others have their turn.
const TURN: usize = 64;
/// Room for the longest frame that a TAP can give: MTU 65 535, header, tags.
const LONGEST: usize = 65_536 + 64;
/// Interval of the timer that always runs, in nanoseconds: it measures how late the switch is woken.
const HEARTBEAT: u64 = 20_000_000;
/// A capture chunk that does not fill is sent every so many heartbeats.
const FLUSH_BEATS: u64 = 10;
/// How soon a consumer that had no room is asked again, in nanoseconds.
const RETRY: u64 = 1_000_000;

/// Runs a switch until [`Command::Stop`], or until nobody can send commands any more.
///
/// NICs join by [`hand_over`] through `listener`, until [`Command::Seal`]. `wake` is an eventfd(2) that is written to
/// after each command; [`Remote`] does so. `captures` takes the capture chunks and may be slow.
///
/// # Errors
/// A configuration that contradicts itself (`InvalidInput`), or a failing epoll, timer or socket. What a single NIC
/// does is never an error: it costs that NIC its port.
pub fn run(
    config: SwitchConfig,
    listener: UnixListener,
    commands: Receiver<Command>,
    wake: OwnedFd,
    captures: SyncSender<CaptureChunk>,
) -> io::Result<()> {
    let mut pump = Pump::new(&config, listener, commands, wake, captures)?;
    let mut events = vec![EpollEvent::empty(); 64];
    loop {
        let count = match pump.epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(count) => count,
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        };
        pump.on_time();
        for event in &events[..count] {
            if let Some(key) = Key::decode(event.data()) {
                pump.on_event(key)?;
            }
        }
        if pump.obey()? == Next::Stop {
            pump.outlets.flush_for_good();
            return Ok(());
        }
        pump.tidy()?;
    }
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Turn,
    Stop,
}

struct Pump {
    switch: Switch,
    outlets: Outlets,
    door: Door,
    /// Ports that nobody has switched off.
    wanted: Vec<bool>,
    epoll: Epoll,
    timer: Timer,
    wake: OwnedFd,
    commands: Receiver<Command>,
    pending: Vec<Pending>,
    lateness: Lateness,
    buffer: Vec<u8>,
    next_beat: u64,
    beats: u64,
    frames_read: u64,
    pauses: u64,
}

impl Pump {
    fn new(
        config: &SwitchConfig,
        listener: UnixListener,
        commands: Receiver<Command>,
        wake: OwnedFd,
        captures: SyncSender<CaptureChunk>,
    ) -> io::Result<Self> {
        let switch = Switch::new(config).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer = Timer::new()?;
        listener.set_nonblocking(true)?;
        watch(&epoll, &listener, Key::Listener)?;
        watch(&epoll, &wake, Key::Wake)?;
        watch(&epoll, &timer, Key::Timer)?;
        let mut pump = Self {
            switch,
            outlets: Outlets::new(config, captures)?,
            door: Door::new(config, listener),
            wanted: vec![true; config.ports.len()],
            epoll,
            timer,
            wake,
            commands,
            pending: Vec::new(),
            lateness: Lateness::default(),
            buffer: vec![0; LONGEST],
            next_beat: clock::now() + HEARTBEAT,
            beats: 0,
            frames_read: 0,
            pauses: 0,
        };
        pump.timer.arm(pump.next_beat)?;
        Ok(pump)
    }

    /// Does what is due, and notes how late that is.
    fn on_time(&mut self) {
        let now = clock::now();
        if let Some(late) = self.timer.late(now) {
            self.lateness.note(late);
        }
        self.switch.due(now, &mut self.outlets);
        if now >= self.next_beat {
            self.beats += 1;
            self.next_beat += HEARTBEAT * ((now - self.next_beat) / HEARTBEAT + 1);
            self.door.expire(now);
            if self.beats.is_multiple_of(FLUSH_BEATS) {
                self.outlets.flush();
            }
        }
    }

    fn on_event(&mut self, key: Key) -> io::Result<()> {
        match key {
            Key::Timer => self.timer.clear(),
            Key::Wake => drain_eventfd(&self.wake),
            Key::Listener => {
                while let Some((slot, stream)) = self.door.accept(clock::now()) {
                    watch(&self.epoll, stream, Key::Visitor(slot))?;
                }
            }
            Key::Visitor(slot) => {
                if let Entry::Admit { port, nic, control } = self.door.hear(slot) {
                    self.attach(port, nic, control);
                }
            }
            Key::Nic(port) => self.read(port, TURN),
            Key::Control(port) => {
                if self.outlets.is_control_closed(port) {
                    self.outlets.gone.push(port);
                }
            }
        }
        Ok(())
    }

    /// Plugs a NIC in and tells its owner so. What cannot be polled is no NIC: its owner sees the connection end.
    fn attach(&mut self, port: PortId, tap: OwnedFd, control: UnixStream) {
        let Some(nic) = Nic::new(tap, control) else {
            return;
        };
        let control = self.epoll.modify(&nic.control, &mut readable(Key::Control(port)));
        if control.is_err() || watch(&self.epoll, &nic.tap, Key::Nic(port)).is_err() {
            return;
        }
        self.switch.set_port(port, self.wanted[port]);
        nic.accept();
        self.outlets.nics[port] = Some(nic);
    }

    /// Unplugs NICs that went away. A TAP that was handed over is open elsewhere too, so that closing it does not end
    /// its watch.
    fn detach_gone(&mut self) {
        while let Some(port) = self.outlets.gone.pop() {
            if let Some(nic) = self.outlets.nics[port].take() {
                let _ = self.epoll.delete(&nic.tap);
                self.switch.set_port(port, false);
            }
        }
    }

    /// Moves up to `most` frames from a NIC into the switch.
    fn read(&mut self, port: PortId, most: usize) {
        for _ in 0..most {
            let Some(length) = self.outlets.read(port, &mut self.buffer) else {
                break;
            };
            self.frames_read += 1;
            self.switch.ingress(clock::now(), port, &self.buffer[..length], &mut self.outlets);
        }
        let now = clock::now();
        if let Some(until) = self.switch.pause_until(now, port)
            && let Some(nic) = &mut self.outlets.nics[port]
            && self.epoll.modify(&nic.tap, &mut EpollEvent::new(EpollFlags::empty(), Key::Nic(port).encode())).is_ok()
        {
            nic.paused_until = Some(until);
            self.pauses += 1;
        }
    }

    /// Ends a turn: NICs that went away, NICs to be read again, answers that waited, and the next time to wake up.
    fn tidy(&mut self) -> io::Result<()> {
        self.detach_gone();
        let now = clock::now();
        let mut wake_at = self.next_beat;
        for port in 0..self.outlets.nics.len() {
            let Some(nic) = &mut self.outlets.nics[port] else {
                continue;
            };
            match nic.paused_until {
                Some(until) if until <= now => {
                    self.epoll.modify(&nic.tap, &mut readable(Key::Nic(port)))?;
                    nic.paused_until = None;
                }
                Some(until) => wake_at = wake_at.min(until),
                None => {}
            }
        }
        let outlets = &mut self.outlets;
        self.pending.retain_mut(|pending| !pending.answer(now, outlets));
        if !self.pending.is_empty() {
            wake_at = wake_at.min(now + RETRY);
        }
        self.timer.arm(self.switch.next_deadline().map_or(wake_at, |due| due.min(wake_at)))
    }
}

fn watch(epoll: &Epoll, fd: impl AsFd, key: Key) -> io::Result<()> {
    Ok(epoll.add(fd, readable(key))?)
}

fn readable(key: Key) -> EpollEvent {
    EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP, key.encode())
}

/// Takes the count out of an eventfd, so that it is not readable any more.
fn drain_eventfd(wake: &OwnedFd) {
    let _ = nix::unistd::read(wake, &mut [0; 8]);
}

#[cfg(test)]
mod tests;
