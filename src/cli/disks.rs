//! Disks on the command line: opened once, looked at before anything is started, and who logs in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::verify::Args;
use super::{CommandError, Context, live};
use crate::appliance::{self, Adapter, Limits, Severity};
use crate::disk::Disk;
use crate::lab::guest::{Bus, Login, Medium, OwnNetwork, Password};

/// Longest file with a password, in bytes.
const PASSWORD_MOST: u64 = 4 << 10;

/// A bus of `--bus`.
pub fn bus(text: &str) -> Result<Bus, String> {
    Bus::named(text).ok_or_else(|| "not virtio, sata or ide".to_owned())
}

/// A network of `--address`.
pub fn network(text: &str) -> Result<OwnNetwork, String> {
    OwnNetwork::parse(text)
        .ok_or_else(|| "not a machine's address with its prefix, such as 192.168.56.101/24".to_owned())
}

/// The machines of `--disk`, by the file's name.
///
/// # Errors
/// A file that is no disk, or cannot be booted as it is; a password that cannot be read.
pub fn media(args: &Args, context: &Context) -> Result<BTreeMap<String, Rc<Medium>>, CommandError> {
    let password = args.password_file.as_deref().map(password).transpose()?;
    let key = args.identity.as_deref().map(live::identity).transpose()?;
    if args.user.is_empty() || args.user.chars().any(char::is_control) {
        return Err(CommandError::Wrong("--user: not a name that can be typed at a console".to_owned()));
    }
    let has_login = password.is_some() || key.is_some();
    let login = has_login.then(|| Login { user: args.user.clone(), password, key });
    let medium = |file: &String| {
        let disk = Disk::open(Path::new(file)).map_err(|refusal| CommandError::Wrong(refusal.0.say(context.lang)))?;
        let limit = Duration::from_secs(args.boot_limit);
        let bus = args.bus.unwrap_or_else(|| Bus::of(&disk));
        let (login, network, memory) = (login.clone(), args.address, args.memory << 20);
        Ok::<_, CommandError>(Rc::new(Medium { disk, bus, network, login, limit, memory }))
    };
    args.disks.iter().map(|(_, file)| Ok((file.clone(), medium(file)?))).collect()
}

/// What an appliance's descriptor says of its NICs, and how many of these findings `check-appliance` has: what it says fits the printed page,
/// and somebody else's machine cannot be told by booting.
pub fn appliance_facts(file: &str) -> BTreeMap<String, String> {
    let is_one = [".ova", ".ovf"].iter().any(|ending| file.to_ascii_lowercase().ends_with(ending));
    let report = is_one.then(|| appliance::open(Path::new(file), &Limits::default())).and_then(Result::ok);
    let Some(report) = report else { return BTreeMap::new() };
    let adapters =
        report.appliance.systems.iter().flat_map(|system| &system.adapters).filter(|adapter| adapter.enabled);
    let shown = |adapter: &Adapter| {
        let target =
            adapter.attachment.target().map(|name| format!(" ({})", appliance::shown(name))).unwrap_or_default();
        let cable = if adapter.cable { "" } else { ", no cable" };
        format!("{} {}{target}{cable}", adapter.number(), adapter.attachment.kind())
    };
    let adapters: Vec<String> = adapters.map(shown).collect();
    let mut facts = BTreeMap::new();
    if !adapters.is_empty() {
        facts.insert("adapters".to_owned(), adapters.join("; "));
    }
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    if errors + warnings > 0 {
        let said = format!("{errors} errors, {warnings} warnings: saiten check-appliance {file}");
        facts.insert("appliance".to_owned(), said);
    }
    facts
}

/// Reads the first line of a password's file.
fn password(path: &Path) -> Result<Password, CommandError> {
    let wrong = |why: &str| CommandError::Wrong(format!("{}: {why}", path.display()));
    // A pipe is as good as a file, but one without a writer would be waited for.
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let mut text = String::new();
    let opened = opened.map_err(|err| wrong(&err.to_string()))?;
    opened.take(PASSWORD_MOST).read_to_string(&mut text).map_err(|err| wrong(&err.to_string()))?;
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() || password.chars().any(char::is_control) {
        return Err(wrong("its first line is a password that can be typed at a console"));
    }
    Ok(Password::new(password))
}
