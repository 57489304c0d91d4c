//! The name of a run's directories, which tells whose they are.

/// Longest label of a run within a directory name, in bytes.
const RUN_MOST: usize = 100;

/// The harness process that a run belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The label of the run.
    pub run: String,
    /// The id of the process.
    pub pid: u32,
    /// When the process started, in clock ticks since boot: ids are used again.
    pub started: u64,
}

impl Owner {
    /// `saiten.<run>.<pid>.<start>`, the run with what a file name cannot hold replaced by `_`.
    pub(super) fn directory(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        let run: String = self.run.chars().map(plain).take(RUN_MOST).collect();
        format!("saiten.{run}.{}.{}", self.pid, self.started)
    }

    /// The owner of a directory, if it is a run's.
    pub(super) fn of_directory(name: &str) -> Option<Self> {
        let (rest, started) = name.strip_prefix("saiten.")?.rsplit_once('.')?;
        let (run, pid) = rest.rsplit_once('.')?;
        Some(Self { run: run.to_owned(), pid: pid.parse().ok()?, started: started.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(run: &str) -> Owner {
        Owner { run: run.to_owned(), pid: 4711, started: 99 }
    }

    #[test]
    fn a_directory_leads_back_to_its_owner() {
        for run in ["dns-1", "with.dots.7", ""] {
            assert_eq!(Owner::of_directory(&owner(run).directory()), Some(owner(run)));
        }
    }

    #[test]
    fn a_label_stays_one_short_file_name() {
        assert_eq!(owner("a/b c\n").directory(), "saiten.a_b_c_.4711.99");
        assert_eq!(owner(&"ü".repeat(300)).directory().len(), "saiten..4711.99".len() + RUN_MOST);
    }

    #[test]
    fn directories_of_others_have_no_owner() {
        for name in ["saiten-harness", "saiten.x", "saiten.x.1", "saiten.x.one.2", "saiten.x.1.-2", "other.x.1.2"] {
            assert_eq!(Owner::of_directory(name), None, "{name}");
        }
    }
}
