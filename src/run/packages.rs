//! Which packages a machine on trial is made of: what a comparison of releases begins with.

use std::collections::BTreeMap;

use super::life::Life;
use crate::arm::ArmName;
use crate::clean::one_line;
use crate::lab::topology::Lab;

/// Programs that somebody asked for, and the C library, which looks names up, with their versions. Libraries otherwise follow the programs
/// (deb-control(5): Priority, Section).
const ASK: &str = r"dpkg-query -W -f '${Priority}/${Section} ${Package} ${Version}\n' $(apt-mark showmanual) libc6 \
    | sed -n -e '/^optional\/.*libs /d' -e '/ gcc-[0-9.]*-base /d' -e 's/^optional[^ ]* //p' -e 's/^[^ ]* \(libc6 \)/\1/p' | sort -u";
/// Most packages that are kept, and longest name and version, in characters.
const MOST: usize = 200;
const WORD_MOST: usize = 100;

impl Life<'_> {
    /// Keeps the packages of all machines on trial, once a run. Where there is no dpkg there is nothing to tell.
    pub(super) async fn keep_packages(&self, lab: &Lab) {
        if self.name.arm != ArmName::Omitted {
            return;
        }
        for endpoint in self.own().iter().flat_map(|own| &own.on_trial).filter(|endpoint| !self.is_closed(endpoint)) {
            let limit = self.planned.scenario.limits.action;
            let Ok(ran) = lab.run(endpoint, ASK, limit).await else { continue };
            let packages = read(&ran.stdout);
            if !packages.is_empty() {
                self.note(|evidence| drop(evidence.packages.insert(endpoint.clone(), packages)));
            }
        }
    }
}

fn read(text: &str) -> BTreeMap<String, String> {
    let words = text.lines().filter_map(|line| line.split_once(' '));
    words.map(|(name, version)| (one_line(name, WORD_MOST), one_line(version, WORD_MOST))).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_package_and_its_version() {
        let read = read("openssh-server 1:9.2p1-2\nrubbish\nbind9 1:9.18\u{1b}[31m\n");
        assert_eq!(read.len(), 2);
        assert_eq!(read["openssh-server"], "1:9.2p1-2");
        assert!(!read["bind9"].contains('\u{1b}'));
    }
}
