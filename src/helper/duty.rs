//! What a helper does for each request.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::rc::Rc;

use super::child::Reaper;
use super::disk::Disk;
use super::init::{Outbox, Table};
use super::message::{Answer, FileSpec, Key, Kind, Request};
use super::nic::{self, Cables, Nic};
use super::relay::Relay;
use super::shell::Shell;
use super::socket::{self, Socket};
use super::switch::Wire;

/// Most bytes of a file's tail.
const TAIL_MOST: usize = 4 << 20;

/// The helper's state between requests.
pub struct Duties {
    reaper: Reaper,
    outbox: Outbox,
    key: Key,
    cables: RefCell<Cables>,
    nics: RefCell<Vec<Nic>>,
    shells: Table<u64, Rc<Shell>>,
    wire: RefCell<Option<Rc<Wire>>>,
    relay: RefCell<Option<Rc<Relay>>>,
    disk: RefCell<Option<Rc<Disk>>>,
    sockets: Table<u64, Rc<Socket>>,
}

impl Duties {
    /// Nothing done yet.
    pub fn new(reaper: Reaper, outbox: Outbox, key: Key, cables: Cables) -> Self {
        Duties {
            reaper,
            outbox,
            key,
            cables: RefCell::new(cables),
            nics: RefCell::default(),
            shells: Table::default(),
            wire: RefCell::default(),
            relay: RefCell::default(),
            disk: RefCell::default(),
            sockets: Table::default(),
        }
    }

    /// Carries out one request.
    ///
    /// # Errors
    /// Whatever stopped it; the harness gets it as text.
    pub async fn carry_out(self: &Rc<Self>, id: u64, request: Request) -> io::Result<Answer> {
        match request {
            Request::Hello { .. } => Err(invalid("hello came twice")),
            Request::Ping | Request::Bye => Ok(Answer::Done),
            Request::Nics { nics, gateways } => {
                let cables = self.cables.take();
                let made = nic::make(&nics, &gateways, cables).await?;
                self.nics.borrow_mut().extend(made);
                Ok(Answer::Done)
            }
            Request::Files(files) => files.iter().try_for_each(write).map(|()| Answer::Done),
            Request::Run(spec) => self.reaper.run_command(&spec).await.map(Answer::Ran),
            Request::Tail { path, most } => tail(Path::new(&path), most.min(TAIL_MOST)).map(Answer::Output),
            Request::NicLosses => {
                self.nics.borrow().iter().map(Nic::lost).collect::<io::Result<_>>().map(Answer::NicLosses)
            }
            Request::Switch(config) => {
                let wire = Wire::start(config, self.outbox.clone())?;
                *self.wire.borrow_mut() = Some(Rc::new(wire));
                Ok(Answer::Done)
            }
            Request::Wire(request) => {
                let wire = self.wire.borrow().clone().ok_or_else(|| invalid("this endpoint is no switch"))?;
                wire.ask(request).await
            }
            Request::Shell { argv, size } => self.run_shell(id, &argv, size).await,
            Request::ShellInput { shell, bytes } => {
                self.shell(shell)?.write(&bytes).await?;
                Ok(Answer::Done)
            }
            Request::ShellSize { shell, size } => self.shell(shell)?.resize(size).map(|()| Answer::Done),
            Request::Adopt { nics, gateways } => nic::adopt(&nics, &gateways).await.map(Answer::Adopted),
            Request::Disk { .. } | Request::DiskBack { .. } | Request::Socket { .. } | Request::SocketInput { .. } => {
                self.serve_machine(id, request).await
            }
            Request::Relay { listen } => {
                let relay = Relay::new(id, self.outbox.clone(), self.key.clone());
                *self.relay.borrow_mut() = Some(relay.clone());
                relay.serve(&listen).await.map(|()| Answer::Done)
            }
            Request::RelayBack { flow, back } => {
                let relay = self.relay.borrow().clone().ok_or_else(|| invalid("this endpoint is no relay"))?;
                relay.back(flow, back).await.map(|()| Answer::Done)
            }
        }
    }

    /// What a virtual machine in this endpoint needs: its disk, and somebody at its sockets.
    async fn serve_machine(self: &Rc<Self>, id: u64, request: Request) -> io::Result<Answer> {
        match request {
            Request::Disk { socket, size } => {
                let disk = Disk::new(id, size, self.outbox.clone(), self.key.clone());
                *self.disk.borrow_mut() = Some(disk.clone());
                disk.serve(Path::new(&socket)).await?;
            }
            Request::DiskBack { read, bytes } => {
                let disk = self.disk.borrow().clone().ok_or_else(|| invalid("this endpoint has no disk"))?;
                disk.back(read, bytes.map(|bytes| bytes.0)).await;
            }
            Request::Socket { path } => {
                let (socket, read) = Socket::connect(Path::new(&path)).await?;
                self.sockets.borrow_mut().insert(id, Rc::new(socket));
                let tell = |bytes: &[u8]| self.outbox.send(Some(&self.key), Kind::Stream, id, bytes);
                tell(&[]);
                socket::read_all(read, tell).await;
                self.sockets.borrow_mut().remove(&id);
            }
            Request::SocketInput { socket, bytes } => {
                let found = self.sockets.borrow().get(&socket).cloned();
                found.ok_or_else(|| invalid("this socket has closed"))?.write(&bytes.0).await?;
            }
            _ => return Err(invalid("no request of a virtual machine's")),
        }
        Ok(Answer::Done)
    }

    fn shell(&self, id: u64) -> io::Result<Rc<Shell>> {
        self.shells.borrow().get(&id).cloned().ok_or_else(|| invalid("this shell has ended"))
    }

    async fn run_shell(&self, id: u64, argv: &[String], size: (u16, u16)) -> io::Result<Answer> {
        let (shell, ended) = Shell::start(&self.reaper, argv, size)?;
        let shell = Rc::new(shell);
        self.shells.borrow_mut().insert(id, shell.clone());
        let mut buffer = vec![0; 16 << 10];
        while let Ok(read @ 1..) = shell.read(&mut buffer).await {
            self.outbox.send(Some(&self.key), Kind::Stream, id, &buffer[..read]);
        }
        self.shells.borrow_mut().remove(&id);
        drop(shell);
        Ok(Answer::ShellEnded(ended.await.unwrap_or(-1)))
    }
}

fn write(file: &FileSpec) -> io::Result<()> {
    let path = Path::new(&file.path);
    let named = |err: io::Error| io::Error::new(err.kind(), format!("{}: {err}", file.path));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(named)?;
    }
    // Written in place: `/etc/resolv.conf` and `/etc/hosts` are mount points in a container and cannot be replaced.
    fs::write(path, file.content.bytes()).map_err(named)?;
    fs::set_permissions(path, fs::Permissions::from_mode(file.mode)).map_err(named)?;
    std::os::unix::fs::chown(path, Some(0), Some(0)).map_err(named)
}

fn tail(path: &Path, most: usize) -> io::Result<String> {
    // Whoever is root there may have put a pipe in its place, whose opening would wait for a writer.
    let mut file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(invalid("not a regular file"));
    }
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most as u64)))?;
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
