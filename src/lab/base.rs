//! The base that all images stand on: which ones are known, what identifies one, and how Debian's packages become one.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::LabError;
use crate::evidence::bundle::hex;

/// The release that the Dockerfiles name themselves.
const SUITE: &str = "bookworm";
/// Longest name of a release, in bytes.
const SUITE_MOST: usize = 32;
/// Most bytes kept of what mmdebstrap says.
const SAID_MOST: u64 = 64 << 10;
/// Files that no lab reads; without them the base is a third smaller.
const LEFT_OUT: [&str; 4] = ["/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/doc/*"];

/// A release of Debian, by its code name: what the base is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    suite: String,
    is_asked_for: bool,
}

impl Default for Release {
    fn default() -> Self {
        Release { suite: SUITE.to_owned(), is_asked_for: false }
    }
}

impl Release {
    /// The release of this code name; none where it cannot be one.
    pub fn named(suite: &str) -> Option<Self> {
        let fits =
            !suite.is_empty() && suite.len() <= SUITE_MOST && suite.bytes().all(|byte| byte.is_ascii_lowercase());
        fits.then(|| Release { suite: suite.to_owned(), is_asked_for: true })
    }

    /// Its code name.
    pub fn suite(&self) -> &str {
        &self.suite
    }

    /// Its code name, if it was asked for: then everything comes from it, also what an image takes from a newer release otherwise.
    pub fn asked_for(&self) -> Option<&str> {
        self.is_asked_for.then_some(&self.suite)
    }

    /// The base that a registry has.
    pub fn published(&self) -> String {
        format!("debian:{}-slim", self.suite)
    }

    /// Name of the base made from its packages, where no registry can be reached.
    pub fn own(&self) -> String {
        own(&self.suite)
    }
}

/// The image that all others stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Reference.
    pub reference: String,
    /// What is in it, see [`identity`].
    pub id: String,
}

/// Name of the base made from the packages of a release, where no registry can be reached.
pub fn own(suite: &str) -> String {
    format!("saiten/base:{suite}")
}

/// The release of Debian that an image reference means, if it means one: `debian:trixie`, `debian:trixie-slim`, or our own.
pub fn suite(reference: &str) -> Option<&str> {
    let tag = reference.strip_prefix("debian:").or_else(|| reference.strip_prefix("saiten/base:"))?;
    let suite = tag.strip_suffix("-slim").unwrap_or(tag);
    (!suite.is_empty() && suite.bytes().all(|byte| byte.is_ascii_lowercase())).then_some(suite)
}

/// What identifies an image's content on every engine: its layers' digests. Image ids differ from engine to engine.
pub fn identity<'a>(diff_ids: impl Iterator<Item = &'a str>) -> String {
    hex(&diff_ids.fold(Sha256::new(), |hash, diff_id| hash.chain_update(diff_id).chain_update("\n")).finalize())
}

/// Environment of a base made here, as the published one has it.
pub fn environment() -> Vec<(String, String)> {
    vec![("PATH".to_owned(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned())]
}

/// Makes a base from Debian's packages: its file system as a tar archive, in a file without a name on the file system of `dir`.
/// A file, because a pipe would hand on the half of a system that a failed bootstrap leaves.
///
/// # Errors
/// No mmdebstrap, or what it said.
pub async fn bootstrap(suite: &str, dir: &Path) -> Result<File, LabError> {
    let what = format!("cannot bootstrap Debian {suite}");
    let own = |source| LabError::Own { what: what.clone(), source };
    let mut archive = tempfile::tempfile_in(dir).map_err(own)?;
    let mut command = Command::new("mmdebstrap");
    command.args(["--variant=minbase", "--format=tar", "--quiet"]);
    command.args(LEFT_OUT.map(|path| format!("--dpkgopt=path-exclude={path}")));
    command.arg("--dpkgopt=path-include=/usr/share/doc/*/copyright");
    command.arg(suite).arg("-").env("LC_ALL", "C");
    command.stdin(Stdio::null()).stdout(archive.try_clone().map_err(own)?).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|err| {
        let way_out = "install it (Debian, Ubuntu: `apt-get install mmdebstrap`), run `ci/quickstart`, \
                       or load images saved elsewhere (`saiten images load FILE`)";
        LabError::backend(what.clone(), format!("mmdebstrap: {err}; {way_out}"))
    })?;
    let mut said = Vec::new();
    if let Some(errors) = child.stderr.take() {
        // It is only shown.
        let _ = errors.take(SAID_MOST).read_to_end(&mut said).await;
    }
    let status = child.wait().await.map_err(own)?;
    if status.success() {
        archive.rewind().map_err(own)?;
        return Ok(archive);
    }
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(5)..].join(" | ");
    Err(LabError::backend(what, format!("mmdebstrap: {status}: {last}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_a_code_name() {
        let bases = |suite| Release::named(suite).map(|release| (release.published(), release.own()));
        assert_eq!(bases("trixie"), Some(("debian:trixie-slim".into(), "saiten/base:trixie".into())));
        assert_eq!(Release::default().suite(), "bookworm");
        for other in ["", "12", "../x", "Trixie", "a-b", "verylongverylongverylongverylongname"] {
            assert_eq!(Release::named(other), None, "{other}");
        }
    }

    #[test]
    fn a_reference_means_a_release_only_by_its_name() {
        assert_eq!(suite("debian:bookworm-slim"), Some("bookworm"));
        assert_eq!(suite("saiten/base:trixie"), Some("trixie"));
        for other in ["debian:12", "ubuntu:noble", "debian:", "debian:../x", "registry/debian:trixie"] {
            assert_eq!(suite(other), None, "{other}");
        }
    }
}
