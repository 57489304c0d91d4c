//! Duty `entry`: what an image starts by itself, run beside the helper, which stays PID 1, in the image's own environment and user.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use super::answer::answer;
use super::message::{Entry, EntryDone};

/// Where what it says goes.
const LOG: &str = "/var/log/saiten/entrypoint.log";
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How long a program that is what it will be is watched for an early end.
const SETTLED: Duration = Duration::from_millis(250);
/// Most bytes of what it said.
const OUTPUT_MOST: usize = 2000;
/// Most bytes of a program's name that the kernel keeps.
const COMM_MOST: usize = 15;
/// Search path of an image that names none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Starts it and prints an [`EntryDone`] as soon as it has ended, or has become what it stays.
pub fn main(argument: &str) -> ExitCode {
    let refuse = |why: String| EntryDone { failed: Some(why), ..EntryDone::default() };
    answer(argument, |entry: &Entry| start(entry).unwrap_or_else(refuse), refuse)
}

fn start(entry: &Entry) -> Result<EntryDone, String> {
    let words: Vec<&String> = entry.entrypoint.iter().chain(&entry.cmd).collect();
    let [program, arguments @ ..] = words.as_slice() else { return Ok(EntryDone::default()) };
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (uid, gid) = ids(&entry.user, &read("/etc/passwd"), &read("/etc/group"))?;
    let log = log().map_err(|err| format!("{LOG}: {err}"))?;
    let both = log.try_clone().map_err(|err| format!("{LOG}: {err}"))?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", PATH).env("HOME", if uid == 0 { "/root" } else { "/" });
    command.envs(entry.env.iter().map(|(name, value)| (name, value)));
    let workdir = if entry.workdir.is_empty() { "/" } else { &entry.workdir };
    command.current_dir(workdir).stdin(Stdio::null()).stdout(log).stderr(both);
    // A group of its own: this duty ends, and it goes on.
    command.process_group(0).gid(gid).uid(uid);
    let mut child = command.spawn().map_err(|err| format!("{program}: {err}"))?;
    let status = watch(&mut child, entry).map_err(|err| err.to_string())?;
    let output = read(LOG);
    let from = output.char_indices().rev().nth(OUTPUT_MOST).map_or(0, |(at, _)| at);
    Ok(EntryDone { status, output: output[from..].to_owned(), failed: None })
}

fn log() -> io::Result<File> {
    if let Some((dir, _)) = LOG.rsplit_once('/') {
        fs::create_dir_all(dir)?;
    }
    File::create(LOG)
}

/// Waits for its end, or until it has been what it stays for a while, or for as long as it may take.
fn watch(child: &mut Child, entry: &Entry) -> io::Result<Option<i32>> {
    let begin = Instant::now();
    let mut settled = None;
    while begin.elapsed() < Duration::from_millis(entry.wait_ms) {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))));
        }
        if entry.hands_over && is_settled(child.id(), entry) {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        if is_settled(child.id(), entry) {
            let since = *settled.get_or_insert_with(Instant::now);
            if since.elapsed() > SETTLED {
                break;
            }
        }
        std::thread::sleep(LOOK);
    }
    Ok(None)
}

/// Entrypoints set things up and then become the command; one without the other has nothing to become.
fn is_settled(pid: u32, entry: &Entry) -> bool {
    if entry.cmd.is_empty() || entry.entrypoint.is_empty() {
        return true;
    }
    let name = entry.cmd.first().map(|word| word.rsplit('/').next().unwrap_or(word)).unwrap_or_default();
    let comm = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    // The kernel keeps fifteen bytes of a program's name (proc_pid_comm(5)); daemons rewrite their command lines.
    !name.is_empty() && comm.trim_end() == name.get(..COMM_MOST).unwrap_or(name)
}

/// The ids of an image's user. Read from the files themselves: whatever C library the image has, it is not ours.
fn ids(user: &str, passwd: &str, group: &str) -> Result<(u32, u32), String> {
    let (user, group_name) = user.split_once(':').map_or((user, None), |(user, group)| (user, Some(group)));
    let of = |text: &str, name: &str| {
        let line = text.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name);
        line.map(|fields| fields.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let number = |fields: &[String], at: usize| fields.get(at).and_then(|text| text.parse::<u32>().ok());
    let (uid, own_gid) = match (user, user.parse::<u32>()) {
        ("", _) => (0, 0),
        (_, Ok(uid)) => (uid, 0),
        (name, _) => {
            let fields = of(passwd, name).ok_or_else(|| format!("its user {name} is not in /etc/passwd"))?;
            let found = number(&fields, 2).zip(number(&fields, 3));
            found.ok_or_else(|| format!("/etc/passwd has no numbers for its user {name}"))?
        }
    };
    let gid = match group_name.map(|name| (name, name.parse::<u32>())) {
        None => own_gid,
        Some((_, Ok(gid))) => gid,
        Some((name, _)) => {
            let fields = of(group, name).ok_or_else(|| format!("its group {name} is not in /etc/group"))?;
            number(&fields, 2).ok_or_else(|| format!("/etc/group has no number for its group {name}"))?
        }
    };
    Ok((uid, gid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_as_images_write_them() {
        let (passwd, group) = ("root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\nodd:x\n", "app:x:7:\n");
        let of = |user: &str| ids(user, passwd, group);
        assert_eq!(of(""), Ok((0, 0)));
        assert_eq!(of("app"), Ok((1000, 1001)));
        assert_eq!(of("app:app"), Ok((1000, 7)));
        assert_eq!(of("12:34"), Ok((12, 34)));
        assert_eq!(of("12"), Ok((12, 0)));
        assert!(of("nobody").unwrap_err().contains("nobody"));
        assert!(of("odd").is_err() && of("app:none").is_err());
    }
}
