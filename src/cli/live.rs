//! What the command line says of live machines: networks that are reached, and the key that they are logged into with.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::CommandError;
use crate::lab::live::Identity;
use crate::scenario::{Prefix, file};

/// Longest private key, in bytes: one of RSA with 16384 bits has 12 KiB.
const KEY_MOST: u64 = 16 << 10;
/// How every key in OpenSSH's own form begins that has no passphrase: `openssh-key-v1`, a zero byte, and the cipher `none`.
const PLAIN: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";

/// A network of `--reach`.
pub fn network(text: &str) -> Result<Prefix, String> {
    file::prefix(text).ok_or_else(|| "not a network such as 10.20.0.0/16, with zeros behind the prefix".to_owned())
}

/// Reads the key of `--identity`, once; the file is its owner's alone, as `ssh` wants it, too.
pub fn identity(path: &Path) -> Result<Identity, CommandError> {
    let wrong = |why: &str| CommandError::Wrong(format!("{}: {why}", path.display()));
    // A pipe in its place would wait for a writer.
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let opened = opened.map_err(|err| wrong(&err.to_string()))?;
    let data = opened.metadata().map_err(|err| wrong(&err.to_string()))?;
    if !data.is_file() || data.len() > KEY_MOST {
        return Err(wrong("not a private key: no file, or too long"));
    }
    let own = data.uid() == nix::unistd::geteuid().as_raw();
    if !own || data.permissions().mode() & 0o077 != 0 {
        return Err(wrong("a private key is its owner's alone: chmod 600"));
    }
    let mut text = String::new();
    opened.take(KEY_MOST).read_to_string(&mut text).map_err(|err| wrong(&err.to_string()))?;
    plain(&text).map_err(wrong)?;
    Ok(Identity::new(&format!("{}\n", text.trim_end())))
}

/// Whether a key can be used without asking anybody: else every login would fail, and every student with it.
fn plain(text: &str) -> Result<(), &'static str> {
    let mut lines = text.trim().lines();
    let kind = lines.next().and_then(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    let kind = kind.filter(|kind| kind.ends_with("PRIVATE KEY")).ok_or("not a private key in PEM or OpenSSH's form")?;
    let body: String = lines.map(str::trim).collect();
    let has_passphrase = match kind {
        "OPENSSH PRIVATE KEY" => !body.starts_with(PLAIN),
        kind => kind.starts_with("ENCRYPTED") || body.contains("ENCRYPTED"),
    };
    if has_passphrase {
        Err("a key with a passphrase, which nobody would type: make one for grading without")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_key_of_its_owner_alone_is_taken() {
        let key =
            |body: &str| format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n");
        assert_eq!(plain(&key("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ")), Ok(()));
        assert!(plain(&key("b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0")).is_err());
        assert!(plain("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n").is_err());
        assert_eq!(plain("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"), Ok(()));
        assert!(plain("ssh-ed25519 AAAA").is_err() && plain("").is_err());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, key("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ")).unwrap();
        for (mode, taken) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(identity(&path).is_ok(), taken, "{mode:o}");
        }
        assert!(identity(dir.path()).is_err() && identity(&dir.path().join("none")).is_err());
    }
}
