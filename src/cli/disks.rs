//! Disks on the command line: opened once, looked at before anything is started, and who logs in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::verify::Args;
use super::{CommandError, Context};
use crate::disk::Disk;
use crate::lab::guest::{self, Bus, Login, Medium, Password};

/// Longest file with a password, in bytes.
const PASSWORD_MOST: u64 = 4 << 10;

/// A bus of `--bus`.
pub fn bus(text: &str) -> Result<Bus, String> {
    Bus::named(text).ok_or_else(|| "not virtio, sata or ide".to_owned())
}

/// The machines of `--disk`, by the file's name.
///
/// # Errors
/// A file that is no disk, or cannot be booted as it is; a password that cannot be read.
pub fn media(args: &Args, context: &Context) -> Result<BTreeMap<String, Rc<Medium>>, CommandError> {
    let login = args.password_file.as_deref().map(|path| login(&args.user, path)).transpose()?;
    let medium = |file: &String| {
        let disk = Disk::open(Path::new(file)).map_err(|refusal| CommandError::Wrong(refusal.0.say(context.lang)))?;
        let limit = Duration::from_secs(args.boot_limit);
        let bus = args.bus.unwrap_or_else(|| Bus::of(&disk));
        Ok::<_, CommandError>(Rc::new(Medium { disk, bus, login: login.clone(), limit, memory: guest::MEMORY }))
    };
    args.disks.iter().map(|(_, file)| Ok((file.clone(), medium(file)?))).collect()
}

/// Reads the first line of a password's file.
fn login(user: &str, path: &Path) -> Result<Login, CommandError> {
    let wrong = |why: &str| CommandError::Wrong(format!("{}: {why}", path.display()));
    // A pipe is as good as a file, but one without a writer would be waited for.
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let mut text = String::new();
    let opened = opened.map_err(|err| wrong(&err.to_string()))?;
    opened.take(PASSWORD_MOST).read_to_string(&mut text).map_err(|err| wrong(&err.to_string()))?;
    let password = text.lines().next().unwrap_or_default();
    let typed = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    if !typed(password) || !typed(user) {
        return Err(wrong("its first line is a password that can be typed at a console"));
    }
    Ok(Login { user: user.to_owned(), password: Password::new(password) })
}
