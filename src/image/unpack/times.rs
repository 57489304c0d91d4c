//! Times of directories, kept until nothing changes the directories any more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Refusal;
use crate::image::stream::Modified;

/// Most memory for names, in bytes: a small compressed archive can name very many directories at great length.
pub const NAMES_MOST: usize = 64 << 20;

/// Directories and the times that they are to have.
#[derive(Debug, Default)]
pub struct DirectoryTimes {
    times: BTreeMap<PathBuf, Modified>,
    names: usize,
}

impl DirectoryTimes {
    /// Notes a directory's time; a later one wins.
    pub fn note(&mut self, path: &Path, modified: Modified) -> Result<(), Refusal> {
        if self.times.insert(path.to_owned(), modified).is_none() {
            self.names += path.as_os_str().len();
        }
        if self.names > NAMES_MOST { Err(Refusal::DirectoryNames) } else { Ok(()) }
    }

    /// All that were noted, parents first.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, Modified)> {
        self.times.iter().map(|(path, modified)| (path.as_path(), *modified))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once_and_within_bounds() {
        let mut times = DirectoryTimes::default();
        let (early, late) = (Modified::default(), Modified { seconds: 1, nanoseconds: 0 });
        times.note(Path::new("a"), early).unwrap();
        times.note(Path::new("a"), late).unwrap();
        assert_eq!(times.iter().collect::<Vec<_>>(), [(Path::new("a"), late)]);

        let long = "x".repeat(1 << 20);
        let mut note = |n: usize| times.note(&Path::new(&long).join(n.to_string()), early);
        assert_eq!((0..63).map(&mut note).find(Result::is_err), None);
        assert_eq!((0..63).map(&mut note).find(Result::is_err), None);
        assert_eq!(note(63), Err(Refusal::DirectoryNames));
    }
}
