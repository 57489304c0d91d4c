//! Where `up` keeps what a lab writes: a directory that goes with the lab, or is swept when the process that kept it was killed.

use std::fs;
use std::io;

use crate::lab::host::Owner;

const PREFIX: &str = "saiten-up-";

/// A directory of this process's own, gone with the value.
///
/// # Errors
/// A directory for temporary files that is full, or not there.
pub fn make() -> io::Result<tempfile::TempDir> {
    let Owner { pid, started, .. } = Owner::this();
    tempfile::Builder::new().prefix(&format!("{PREFIX}{pid}.{started}-")).tempdir()
}

/// Removes the directories of dead processes, and gives their names; those of other users stay.
pub fn sweep() -> Vec<String> {
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    let dead = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_dead));
    let removed = dead.filter(|entry| fs::remove_dir_all(entry.path()).is_ok());
    removed.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn is_dead(name: &str) -> bool {
    let owner = || {
        let (owner, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
        let (pid, started) = owner.split_once('.')?;
        Some(Owner { pid: pid.parse().ok()?, started: started.parse().ok()?, ..Owner::this() })
    };
    owner().is_some_and(|owner| owner.is_alive() == Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_dead_processes_are_swept() {
        let Owner { pid, started, .. } = Owner::this();
        assert!(is_dead(&format!("{PREFIX}{pid}.{}-x", started + 1)));
        for kept in [format!("{PREFIX}{pid}.{started}-x"), format!("{PREFIX}x"), "other-1.2-x".to_owned()] {
            assert!(!is_dead(&kept), "{kept}");
        }
    }
}
