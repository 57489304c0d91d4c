//! What a live machine was like before the fixes, and putting it back: whatever becomes of the lab, and also after Ctrl-C.

use std::collections::BTreeSet;
use std::time::Duration;

use super::life::{Life, within};
use crate::clean::one_line;
use crate::evidence::bundle::write_whole;
use crate::lab::LabError;
use crate::lab::shell::quoted;
use crate::lab::topology::Lab;
use crate::wording::Phrase;

/// How long one step of putting back may take.
const STEP: Duration = Duration::from_secs(60);
/// Most bytes of the copy that is kept of a live machine's files, as text.
const KEPT_MOST: usize = 1 << 20;

/// Directories of a live machine whose files the fixes edit, as they were.
pub struct Remembered {
    endpoint: String,
    /// They, as words of a shell.
    dirs: String,
    /// What makes the edited files take effect again.
    activate: Vec<String>,
    /// Name, mode, owner and hash of each file.
    listing: String,
    /// The files in an archive, in base64.
    archive: String,
}

/// Lists a directory's own files, one a line, so that two listings are alike just when the files are.
fn list(dirs: &str) -> String {
    format!(
        "find {dirs} -maxdepth 1 -type f -exec sha256sum {{}} + | LC_ALL=C sort; \
         find {dirs} -maxdepth 1 -exec stat -c '%n %a %u:%g %F' {{}} + | LC_ALL=C sort"
    )
}

impl Life<'_> {
    /// Keeps what the fixes are about to change on live machines. Without that nothing is changed there.
    pub(super) async fn remember(&self, lab: &Lab) -> Result<(), LabError> {
        let fixes = self.applied();
        let live: BTreeSet<&String> =
            fixes.iter().flat_map(|fix| &fix.action.on).filter(|on| self.is_live(on) && !self.is_closed(on)).collect();
        for endpoint in live {
            let own = || fixes.iter().filter(|fix| fix.action.on.contains(endpoint));
            let dirs: BTreeSet<&str> = own().flat_map(|fix| &fix.edits).filter_map(|path| parent(path)).collect();
            let dirs = dirs.into_iter().map(quoted).collect::<Vec<_>>().join(" ");
            let mut activate: Vec<String> = own().filter_map(|fix| fix.activate.clone()).collect();
            activate.dedup();
            let listing = self.must(lab, endpoint, &list(&dirs)).await?;
            let files = format!("find {dirs} -maxdepth 1 -type f -print0");
            let archive = self.must(lab, endpoint, &format!("{files} | tar -c --null -T - -P -f - | base64")).await?;
            if listing.is_empty() || archive.len() >= KEPT_MOST {
                let what = format!("cannot keep {dirs} of `{endpoint}` before it is changed");
                let reason = format!("{} bytes; {KEPT_MOST} are kept at most, and nothing was changed", archive.len());
                return Err(LabError::backend(what, reason));
            }
            self.keep_copy(endpoint, &archive)?;
            let remembered = Remembered { endpoint: endpoint.clone(), dirs, activate, listing, archive };
            self.remembered.borrow_mut().push(remembered);
        }
        Ok(())
    }

    /// The copy lies in the evidence, too: for a machine that goes away in the middle.
    fn keep_copy(&self, endpoint: &str, archive: &str) -> Result<(), LabError> {
        let dir = self.planned.shared.bundle.arm_dir(&self.name.scenario, &self.name.arm);
        write_whole(&dir.join(format!("before-{endpoint}.tar.base64")), archive.as_bytes())
            .map_err(|err| LabError::backend("cannot keep a live machine's files", err))
    }

    async fn must(&self, lab: &Lab, endpoint: &str, line: &str) -> Result<String, LabError> {
        let ran = within(STEP + Duration::from_secs(5), "a live machine", lab.run(endpoint, line, STEP)).await?;
        if ran.status == 0 && !ran.timed_out {
            return Ok(ran.stdout);
        }
        Err(LabError::Command {
            action: "remember".to_owned(),
            endpoint: endpoint.to_owned(),
            run: line.to_owned(),
            status: ran.status,
            output: one_line(&ran.stderr, 400),
        })
    }

    /// Puts live machines back as they were, and looks whether they are. What is not is told, with the place of the copy.
    pub(super) async fn put_back(&self, lab: &Lab) {
        for remembered in self.remembered.take() {
            let done = self.put_one_back(lab, &remembered).await;
            let finding = match &done {
                Ok(()) => Phrase::new("finding-live-put-back"),
                Err(reason) => Phrase::new("finding-live-not-put-back").with("reason", one_line(reason, 400)),
            };
            let finding = finding.with("endpoint", &remembered.endpoint).with("dirs", &remembered.dirs);
            let copy = format!("before-{}.tar.base64", remembered.endpoint);
            self.note(|evidence| evidence.findings.push(finding.with("copy", copy)));
        }
    }

    async fn put_one_back(&self, lab: &Lab, remembered: &Remembered) -> Result<(), String> {
        let Remembered { endpoint, dirs, activate, listing, archive } = remembered;
        let known: Vec<String> = listing.lines().filter_map(file_of).map(quoted).collect();
        // What the fixes made goes; then the files come back, with owner and mode.
        let keep: String = known.iter().map(|path| format!(" ! -path {path}")).collect();
        let back = format!("find {dirs} -maxdepth 1 -type f{keep} -exec rm -f -- {{}} +");
        self.must(lab, endpoint, &back).await.map_err(|err| err.chain())?;
        let unpack = format!("base64 -d <<'SAITEN' | tar -x -p -P --overwrite -f -\n{}\nSAITEN", archive.trim_end());
        self.must(lab, endpoint, &unpack).await.map_err(|err| err.chain())?;
        for line in activate {
            self.must(lab, endpoint, line).await.map_err(|err| err.chain())?;
        }
        let now = self.must(lab, endpoint, &list(dirs)).await.map_err(|err| err.chain())?;
        if now == *listing { Ok(()) } else { Err("the files are not as they were".to_owned()) }
    }
}

/// The directory of a file.
fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(dir, _)| if dir.is_empty() { "/" } else { dir })
}

/// The file of a line of sha256sum(1).
fn file_of(line: &str) -> Option<&str> {
    let (hash, path) = line.split_once("  ")?;
    (hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_those_with_a_hash() {
        let hash = "a".repeat(64);
        assert_eq!(file_of(&format!("{hash}  /etc/ssh/a b")), Some("/etc/ssh/a b"));
        assert_eq!(file_of("/etc/ssh 755 0:0 directory"), None);
        assert_eq!((parent("/etc/named.conf"), parent("/x"), parent("x")), (Some("/etc"), Some("/"), None));
    }
}
