//! An ordinary user: the one who runs the tests or, under root, one who exists in a mount namespace only.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::geteuid;

use crate::project::Project;
use crate::user::GIVEN;

/// User and group id of the one who does not exist elsewhere.
const ID: u32 = 54_321;

/// Makes the user, in namespaces of this process's own; `$1` is a directory of theirs, `$2` changes the machine for them.
const BECOME: &str = r#"
set -e
home=$1 change=$2; shift 2
memory=$home/memory
mount -t tmpfs -o mode=755 none "$memory"
mkdir "$memory/upper" "$memory/work"
mount -t overlay -o "lowerdir=/etc,upperdir=$memory/upper,workdir=$memory/work" none /etc
echo "labuser:x:54321:54321::$home:/bin/sh" >> /etc/passwd
echo "labuser:x:54321:" >> /etc/group
echo "labuser:600000:65536" > /etc/subuid
echo "labuser:700000:65536" > /etc/subgid
groups=--clear-groups
enter() { exec "$@"; }
eval "$change"
enter setpriv --reuid 54321 --regid 54321 $groups "$@"
"#;

/// An ordinary user with a project, a store and a copy of the program that they can read.
pub struct Person {
    pub project: Project,
}

impl Person {
    /// Whether machines can be changed for the user, which takes root.
    pub fn can_be_changed() -> bool {
        geteuid().is_root()
    }

    pub fn new() -> Self {
        let project = Project::new();
        let here = project.path();
        fs::set_permissions(here, fs::Permissions::from_mode(0o755)).unwrap();
        let program = here.join("saiten");
        fs::copy(env!("CARGO_BIN_EXE_saiten"), &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let person = Person { project };
        fs::create_dir_all(person.home().join("memory")).unwrap();
        if geteuid().is_root() {
            chown(person.home(), Some(ID), Some(ID)).unwrap();
        }
        person
    }

    /// Their home, with their store and whatever they write.
    pub fn home(&self) -> PathBuf {
        self.project.path().join("home")
    }

    /// The program on the project, called by the user. `change` are shell lines that change the machine for them alone.
    pub fn saiten(&self, change: &str) -> Command {
        let mut command = self.calls(&self.project.path().join("saiten"), change);
        command.arg("--root").arg(self.project.path());
        command
    }

    /// Tests of this program, carried out by the user, each after the other.
    pub fn tests(&self, change: &str, names: &[&str]) -> Command {
        let program = self.project.path().join("tests");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = self.calls(&program, change);
        let given = [self.project.path().join("saiten"), self.project.path().to_owned()];
        command.envs(GIVEN.into_iter().zip(given)).args(["--test-threads", "1", "--exact"]).args(names);
        command
    }

    /// A program that the user can read, called by them.
    fn calls(&self, program: &Path, change: &str) -> Command {
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("unshare");
            command.args(["--mount", "--propagation", "private", "sh", "-c", BECOME, "sh"]);
            command.arg(self.home()).arg(change).arg(program);
            command
        } else {
            assert_eq!(change, "", "only root can change the machine");
            Command::new(program)
        };
        let set = ["HOME", "XDG_RUNTIME_DIR"].map(|name| (name, self.home()));
        command.env_clear().envs(set).env("SAITEN_STORE", self.store()).env("LANG", "C");
        command.env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("SAITEN_BACKEND", "native");
        command.current_dir(self.home()).stdin(Stdio::null());
        command
    }

    pub fn store(&self) -> PathBuf {
        self.home().join("store")
    }

    /// Makes a file of somebody else's readable to them.
    pub fn hand(&self, file: &Path) {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }

    /// A directory for what a run leaves.
    pub fn desk(&self) -> tempfile::TempDir {
        let dir = tempfile::tempdir_in(self.home()).unwrap();
        if geteuid().is_root() {
            chown(dir.path(), Some(ID), Some(ID)).unwrap();
        }
        dir
    }
}
