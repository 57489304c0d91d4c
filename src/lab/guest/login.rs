//! From a login prompt to an agent that runs in the machine as root.

use std::path::Path;
use std::time::Duration;

use super::Password;
use super::console::Console;
use super::signs::{Sign, sign};
use super::socket::{Carriers, Socket};
use crate::helper::message::{PROGRAM, RunSpec};
use crate::lab::LabError;
use crate::lab::line::Line;
use crate::wording::Phrase;

/// How long an emulated machine may take for a step of a login, or for a line that is typed.
const STEP: Duration = Duration::from_secs(180);
/// How long a shell is waited for before it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(4);
/// How long the agent may take to answer: its program is read from the emulated disk.
const AGENT: Duration = Duration::from_secs(300);
/// What a program says that turns somebody away.
const REFUSED: [&str; 5] = ["incorrect", "Login timed out", "ermission denied", "account is locked", "expired"];
/// Most units that are named.
const UNITS_MOST: usize = 20;

/// What the agent's start prints, by which port it can be reached. Written so that an echo of the typed line does not look like it.
const STARTED: &str = "saiten-42-started-";
const READY: &str = "saiten-42-ready-";

/// Shell lines that start the agent. Its program comes as a disk; the port to the harness is a virtio port, or a second serial port.
/// A virtio port can be opened once, and the agent wants a pipe.
fn start_lines() -> [String; 6] {
    [
        "b=; for s in /sys/block/*/serial; do [ \"$(cat $s)\" = saiten ] && b=$(basename ${s%/serial}); done"
            .to_owned(),
        "mkdir -p /.saiten; mount -t tmpfs -o mode=0755 saiten /.saiten".to_owned(),
        format!("cat /dev/$b > {PROGRAM}; chmod 0755 {PROGRAM}"),
        "p=/dev/virtio-ports/saiten; [ -e $p ] || { p=/dev/ttyS1; stty -F $p raw -echo; }".to_owned(),
        format!("setsid sh -c 'exec 3<>'$p'; cat <&3 | {PROGRAM} agent >&3' </dev/null >/dev/null 2>&1 &"),
        "echo saiten-$((6*7))-started-$p".to_owned(),
    ]
}

/// The same as a text for a shell that reads it.
pub fn script() -> String {
    format!("{}\n", start_lines().join("\n"))
}

/// The same as instance data that cloud-init takes (NoCloud), for disks that nobody can log into.
pub fn seed() -> [(&'static str, String); 2] {
    let lines = start_lines().join("\n").replace("</dev/null >/dev/null 2>&1 &", "</dev/null >/dev/null 2>&1 &\n");
    let script = format!(
        "{{ {lines}\n}} > /run/saiten.out 2>&1; cat /run/saiten.out > /dev/ttyS0; cat /run/saiten.out > /dev/hvc0"
    );
    // JSON is YAML.
    let data = serde_json::json!({"bootcmd": [["sh", "-c", script]]});
    [("user-data", format!("#cloud-config\n{data}\n")), ("meta-data", "instance-id: saiten\n".to_owned())]
}

/// The port that a console names when the agent was started.
pub fn started(text: &str) -> Option<&'static str> {
    let (_, rest) = text.rsplit_once(STARTED)?;
    let port = rest.lines().next()?.trim();
    match port {
        "/dev/virtio-ports/saiten" => Some(super::boot::AGENT_PORT),
        "/dev/ttyS1" => Some(super::boot::AGENT_SERIAL),
        _ => None,
    }
}

/// Logs in at a console that asks who it is, up to a shell of root's.
///
/// # Errors
/// [`LabError::Unfit`]: nobody gets in, or whoever does is not root.
pub async fn log_in(console: &Console, user: &str, password: &Password, endpoint: &str) -> Result<(), LabError> {
    let unfit = |id: &str| {
        LabError::Unfit(Phrase::new(id).with("endpoint", endpoint).with("user", user).with("said", "sudo -S"))
    };
    let count = console.count();
    console.type_in(&format!("{user}\n")).await?;
    // Whatever the language: a line that ends with a colon, and does not ask for a name again.
    let asked = |text: &str| {
        let last = text.trim_end().lines().last()?;
        (last.ends_with([':', ':']) && !last.contains("login")).then_some(())
    };
    if console.wait(count, STEP, asked).await.is_none() {
        return Err(unfit("unfit-login"));
    }
    let Some(number) = into_shell(console, password).await? else { return Err(unfit("unfit-login")) };
    if number == "0" {
        return Ok(());
    }
    let count = console.count();
    console.type_in("exec sudo -k -S -p saiten-sudo: /bin/sh\n").await?;
    // The echo of the line has it once.
    if console.wait(count, STEP, |text| (text.matches("saiten-sudo:").count() > 1).then_some(())).await.is_none() {
        return Err(unfit("unfit-not-root"));
    }
    match into_shell(console, password).await?.as_deref() {
        Some("0") => Ok(()),
        _ => Err(unfit("unfit-not-root")),
    }
}

/// Types the password and asks for a shell until one answers; the user's number. `None` when nobody is let in.
async fn into_shell(console: &Console, password: &Password) -> Result<Option<String>, LabError> {
    let count = console.count();
    console.type_in(&format!("{}\n", password.text())).await?;
    let mut answer = |text: &str| {
        if REFUSED.iter().any(|word| text.contains(word)) || sign(text) == Some(Sign::Login) {
            return Some(None);
        }
        let (_, rest) = text.rsplit_once(READY)?;
        let (user, _) = rest.split_once('\n')?;
        Some(Some(user.trim().to_owned()))
    };
    // Not at once: what is typed while the password is looked at may be thrown away, or taken for another try.
    let until = tokio::time::Instant::now() + STEP;
    while tokio::time::Instant::now() < until {
        if let Some(found) = console.wait(count, ASK_AGAIN, &mut answer).await {
            return Ok(found);
        }
        console.type_in("echo saiten-$((6*7))-ready-$(id -u)\n").await?;
    }
    Ok(None)
}

/// Starts the agent from a shell of root's; the socket that it can be reached at.
///
/// # Errors
/// [`LabError::Unfit`]: its shell does not do it.
pub async fn start_agent(console: &Console, endpoint: &str) -> Result<&'static str, LabError> {
    let count = console.count();
    console.type_in("exec /bin/sh\n").await?;
    console.type_in("stty -echo; PS1=; PS2=\n").await?;
    for line in start_lines() {
        console.type_in(&format!("{line}\n")).await?;
    }
    match console.wait(count, STEP, started).await {
        Some(port) => Ok(port),
        None => {
            let said = super::console::excerpt(&console.since(count));
            Err(LabError::Unfit(Phrase::new("unfit-agent").with("endpoint", endpoint).with("said", said)))
        }
    }
}

/// Opens the conversation with the agent.
///
/// # Errors
/// An agent that does not answer: with what the console said last.
pub async fn meet(line: &Line, port: &str, endpoint: &str) -> Result<(Line, Carriers), LabError> {
    let (streams, carriers) = Socket::connect(line, Path::new(port)).await?.into_streams();
    let agent = Line::open_within(endpoint, streams, Box::new(String::new), AGENT).await?;
    Ok((agent, carriers))
}

/// The units that failed at boot; nothing where there is no systemd.
///
/// # Errors
/// A machine that does not answer any more.
pub async fn failed_units(agent: &Line) -> Result<Vec<String>, LabError> {
    let run = "systemctl list-units --state=failed --plain --no-legend --no-pager 2>/dev/null";
    let ran = agent.run(RunSpec::shell(run, STEP)).await?;
    let names = ran.stdout.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.map(|name| crate::clean::one_line(name, 80)).take(UNITS_MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typed_lines_are_not_taken_for_their_answers() {
        assert_eq!(started(&start_lines().join("\n")), None);
        assert_eq!(started("x\nsaiten-42-started-/dev/ttyS1\n# "), Some(super::super::boot::AGENT_SERIAL));
        assert_eq!(started("saiten-42-started-/etc/passwd\n"), None);
        assert!(start_lines().iter().all(|line| line.len() < 200));
    }

    #[test]
    fn what_cloud_init_gets_is_yaml_that_starts_the_agent() {
        let [(_, user), _] = seed();
        let json: serde_json::Value = serde_json::from_str(user.strip_prefix("#cloud-config\n").unwrap()).unwrap();
        assert!(json["bootcmd"][0][2].as_str().unwrap().contains("agent"));
    }
}
