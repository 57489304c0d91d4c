//! A service's processes: the environment that they get, and the last steps before their program (systemd.exec(5)).

use super::command::{Command, Environment, environment_file};
use super::unit::Unit;
use nix::sys::signal::SigSet;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, setgid, setgroups, setsid, setuid};
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Stdio};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Statuses of systemd.exec(5) for what goes wrong between the fork and the program.
const EXIT_CHDIR: i32 = 200;
const EXIT_EXEC: i32 = 203;
const EXIT_GROUP: i32 = 216;
const EXIT_USER: i32 = 217;

/// Somebody of /etc/passwd. Read by hand, because a static program must not load another system's name services.
struct Account {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
    shell: String,
}

impl Account {
    fn find(wanted: &str) -> Option<Self> {
        fs::read_to_string("/etc/passwd").ok()?.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, uid, gid, _, home, shell] = fields.as_slice() else { return None };
            (*name == wanted || *uid == wanted).then_some(())?;
            Some(Self {
                name: (*name).to_owned(),
                uid: uid.parse().ok()?,
                gid: gid.parse().ok()?,
                home: (*home).to_owned(),
                shell: (*shell).to_owned(),
            })
        })
    }
}

/// The group's id, and the ids of the groups that list a member.
fn group(wanted: &str) -> Option<u32> {
    groups().find_map(|(name, gid, _)| (name == wanted || gid.to_string() == wanted).then_some(gid))
}

fn groups() -> impl Iterator<Item = (String, u32, Vec<String>)> {
    let text = fs::read_to_string("/etc/group").unwrap_or_default();
    let parsed: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, gid, members] = fields.as_slice() else { return None };
            Some(((*name).to_owned(), gid.parse().ok()?, members.split(',').map(str::to_owned).collect()))
        })
        .collect();
    parsed.into_iter()
}

/// The variables of a service; nothing of the caller's own gets in. An error names the file that is missing.
pub fn environment(unit: &Unit) -> Result<Environment, String> {
    let mut found =
        Environment::from([("PATH".to_owned(), PATH.to_owned()), ("LANG".to_owned(), "C.UTF-8".to_owned())]);
    if let Some(account) = unit.user.as_deref().and_then(Account::find) {
        let own =
            [("USER", &account.name), ("LOGNAME", &account.name), ("HOME", &account.home), ("SHELL", &account.shell)];
        found.extend(own.map(|(key, value)| (key.to_owned(), value.clone())));
    }
    found.extend(unit.environment.iter().cloned());
    for (path, optional) in &unit.environment_files {
        match fs::read(path) {
            Ok(bytes) => found.extend(environment_file(&String::from_utf8_lossy(&bytes))),
            Err(why) if !*optional => return Err(format!("{path}: {why}")),
            Err(_) => {}
        }
    }
    if !unit.runtime_directories.is_empty() {
        found.insert("RUNTIME_DIRECTORY".to_owned(), unit.runtime_directories.join(":"));
    }
    Ok(found)
}

/// Makes the directories that a unit asks for, owned by its user.
pub fn make_directories(unit: &Unit) -> io::Result<()> {
    let account = unit.user.as_deref().and_then(Account::find);
    let runtime = unit.runtime_directories.iter().map(|path| (path, unit.runtime_mode));
    for (path, mode) in runtime.chain(unit.lasting_directories.iter().map(|path| (path, 0o755))) {
        DirBuilder::new().recursive(true).mode(0o755).create(path)?;
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        if let Some(account) = &account {
            chown(path, Some(account.uid), Some(account.gid))?;
        }
    }
    Ok(())
}

/// A command ready to start: this program again, which takes the last steps and becomes the command, with the same
/// process id. That needs no code between fork and exec.
pub fn prepared(unit: &Unit, command: &Command, variables: &Environment, out: Stdio, err: Stdio) -> process::Command {
    let mut prepared = process::Command::new("/proc/self/exe");
    prepared.arg0("saiten").args(["systemctl", "--exec"]);
    let nobody = if command.as_root { None } else { unit.user.as_deref() };
    prepared.arg(nobody.unwrap_or_default());
    prepared.arg(if command.as_root { "" } else { unit.group.as_deref().unwrap_or_default() });
    prepared.arg(unit.directory.as_deref().unwrap_or_default()).arg(format!("{:o}", unit.umask));
    prepared.arg(&command.program).args(command.expand(variables));
    prepared.env_clear().envs(variables).current_dir("/").stdin(Stdio::null()).stdout(out).stderr(err);
    prepared
}

/// Becomes the program that [`prepared`] was given; returns only where that fails.
pub fn become_it(args: &[String]) -> i32 {
    let [user, group, directory, mask, program, name, rest @ ..] = args else { return EXIT_EXEC };
    if let Err((step, code)) = last_steps(user, group, directory, mask) {
        complain(&format!("failed at step {step} before {program}"));
        return code;
    }
    let error = match locate(program) {
        Some(path) => process::Command::new(path).arg0(name).args(rest).exec(),
        None => io::Error::from(io::ErrorKind::NotFound),
    };
    complain(&format!("failed to run {program}: {error}"));
    EXIT_EXEC
}

fn last_steps(user: &str, group_name: &str, directory: &str, mask: &str) -> Result<(), (&'static str, i32)> {
    // A session of its own: the service has no terminal, and a signal to the caller's group misses it.
    setsid().ok();
    // The supervisor waits for SIGCHLD by a descriptor, and so has it blocked; a daemon that inherits that never hears of its children's
    // ends. OpenSSH before 8.9 then keeps every login open for ever.
    SigSet::empty().thread_set_mask().ok();
    umask(Mode::from_bits_truncate(u32::from_str_radix(mask, 8).unwrap_or(0o022)));
    let own_group = match group_name {
        "" => None,
        name => Some(group(name).ok_or(("GROUP", EXIT_GROUP))?),
    };
    let account = match user {
        "" => None,
        name => Some(Account::find(name).ok_or(("USER", EXIT_USER))?),
    };
    if let Some(gid) = own_group.or(account.as_ref().map(|account| account.gid)) {
        let member = |names: &[String]| account.as_ref().is_some_and(|account| names.contains(&account.name));
        let others = groups().filter(|(_, _, names)| member(names)).map(|(_, gid, _)| Gid::from_raw(gid));
        let all: Vec<Gid> = std::iter::once(Gid::from_raw(gid)).chain(others).collect();
        setgroups(&all).and_then(|()| setgid(Gid::from_raw(gid))).map_err(|_| ("GROUP", EXIT_GROUP))?;
    }
    if let Some(account) = &account {
        setuid(Uid::from_raw(account.uid)).map_err(|_| ("USER", EXIT_USER))?;
    }
    let (wanted, optional) = directory.strip_prefix('-').map_or((directory, false), |path| (path, true));
    let home = account.map_or_else(|| "/root".to_owned(), |account| account.home);
    let wanted = if wanted == "~" { &home } else { wanted };
    if !wanted.is_empty() && std::env::set_current_dir(wanted).is_err() && !optional {
        return Err(("CHDIR", EXIT_CHDIR));
    }
    Ok(())
}

fn locate(program: &str) -> Option<String> {
    if program.starts_with('/') {
        return Some(program.to_owned());
    }
    PATH.split(':').map(|place| format!("{place}/{program}")).find(|path| Path::new(path).is_file())
}

fn complain(what: &str) {
    // Standard error is the service's log; with that gone there is nobody to tell.
    let _ = writeln!(io::stderr(), "systemctl: {what}");
}
