//! A project and a store of a test's own: gone with the test, also when it fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::user::{On, saiten, text};

/// A directory with `scenarios/`, `containers/` and a store.
pub struct Project(tempfile::TempDir);

impl Project {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["scenarios", "containers", "runtime"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        Project(dir)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The store's directory; Saiten makes it.
    pub fn store(&self) -> PathBuf {
        self.path().join("store")
    }

    /// Writes a file of an image's sources.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join("containers").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The program on this project and store.
    pub fn saiten(&self, on: On) -> Command {
        let mut command = saiten(on, &self.path().join("runtime"));
        command.env("SAITEN_STORE", self.store()).arg("--root").arg(self.path());
        command
    }

    /// `saiten images …`, which must succeed.
    pub fn images(&self, on: On, words: &[&str]) -> String {
        let output = self.saiten(on).arg("images").args(words).output().unwrap();
        assert!(output.status.success(), "images {words:?}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// `saiten images …`, which must not; what it said.
    pub fn refused(&self, words: &[&str]) -> String {
        let output = self.saiten(On::Native).arg("images").args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "images {words:?}: {}", text(&output));
        text(&output)
    }

    /// Gives the store the base of this machine's own store, and nothing else.
    pub fn take_base(&self) {
        let archive = self.path().join("base.tar");
        let mut own = saiten(On::Native, &self.path().join("runtime"));
        // The base is there as soon as any image is.
        said(own.args(["images", "build", "ssh-client"]));
        let mut own = saiten(On::Native, &self.path().join("runtime"));
        let empty = Project::new();
        said(own.arg("--root").arg(empty.path()).args(["images", "save"]).arg(&archive));
        self.images(On::Native, &["load", archive.to_str().unwrap()]);
        fs::remove_file(archive).unwrap();
    }

    /// Copies sources, below `scenarios/` and `containers/`, from another project.
    pub fn borrow(&self, from: &Path, paths: &[&str]) {
        for path in paths {
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(from).join(path), &self.path().join(path));
        }
    }

    /// Everything that a store keeps, by path; what is being made included.
    pub fn kept(&self) -> Vec<PathBuf> {
        kept(&self.store())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if !nix::unistd::geteuid().is_root() {
            // What a store holds has subordinate ids.
            let _ =
                Command::new("unshare").args(["--map-root-user", "--map-auto", "rm", "-rf"]).arg(self.path()).output();
        }
    }
}

/// As [`Project::kept`]: images, layers, archives, steps, and whatever does not belong there.
pub fn kept(store: &Path) -> Vec<PathBuf> {
    let mut kept = Vec::new();
    for dir in entries(&store.join("v1")) {
        if dir.is_dir() {
            kept.extend(entries(&dir).into_iter().filter(|path| !path.ends_with("layers/places")));
        } else {
            kept.push(dir);
        }
    }
    // The program is put in first, whatever comes after.
    kept.retain(|path| !path.parent().unwrap().ends_with("programs"));
    kept.sort();
    kept
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// What a command said, which must have succeeded.
pub fn said(command: &mut Command) -> String {
    let output: Output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Copies a file or directory with everything below it, readable to everybody.
pub fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in entries(from) {
            copy(&entry, &to.join(entry.file_name().unwrap()));
        }
    } else {
        let mode = fs::metadata(from).unwrap().permissions().mode();
        fs::copy(from, to).unwrap();
        fs::set_permissions(to, fs::Permissions::from_mode(mode | 0o444)).unwrap();
    }
}
