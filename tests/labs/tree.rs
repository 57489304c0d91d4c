//! An image's file tree, as an endpoint sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use saiten::helper::message::RunSpec;
use saiten::lab::docker::Docker;
use saiten::lab::line::Line;
use saiten::lab::native::Native;
use saiten::lab::{Backend, Machine, MachineSpec, look};

use crate::user::On;

/// Everything below `/` but what a backend mounts or writes itself: a line a path with type, mode, owner,
/// size and link target; then the files' digests.
const LIST: &str = r#"
cd / && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./.saiten -o -path ./.wire -o -path ./.dockerenv \
    -o -path ./etc/hosts -o -path ./etc/hostname -o -path ./etc/resolv.conf -o -path ./etc/mtab \) -prune \
  -o -type d -printf '%p\0%y %m %U:%G\0' -o -printf '%p\0%y %m %U:%G %s %l\0' | tr '\n\0' '?\n'
find . -xdev -path ./proc -prune -o -path ./.saiten -prune -o -path './etc/host*' -prune -o -path ./etc/resolv.conf -prune \
  -o -path ./.dockerenv -prune -o -type f -print0 | xargs -0 sha256sum -z | tr '\0' '\n' | sed 's/^\([^ ]*\)  \(.*\)/\2 content\n\1/'
"#;

/// Starts an endpoint of the image and runs a line there; what it printed.
pub fn inside(on: On, store: &Path, image: &str, line: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let run = format!("tree{}", std::process::id());
        let backend: Box<dyn Backend> = match on {
            On::Docker => {
                let docker = Docker::connect(&run, store.to_owned()).await.unwrap();
                Box::new(docker.with_program(env!("CARGO_BIN_EXE_saiten").into()))
            }
            On::Native => {
                let native = Native::open(&run, store.to_owned(), store).unwrap();
                Box::new(native.with_program(env!("CARGO_BIN_EXE_saiten").into()))
            }
        };
        let spec = MachineSpec { image: Some(image.to_owned()), memory: 512 << 20, ..look::spec() };
        let machine: Rc<dyn Machine> = Rc::from(backend.start(&spec).await.unwrap());
        let words = machine.clone();
        let line_to =
            Line::open("tree", machine.streams().unwrap(), Box::new(move || words.last_words())).await.unwrap();
        let ran = line_to.run(RunSpec { output_most: 8 << 20, ..RunSpec::shell(line, Duration::from_secs(60)) }).await;
        machine.stop().await.unwrap();
        let ran = ran.unwrap();
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
        ran.stdout
    })
}

/// The tree: what is known of each path.
pub fn of(on: On, store: &Path, image: &str) -> BTreeMap<String, String> {
    let listed = inside(on, store, image, LIST);
    let mut lines = listed.lines();
    let mut tree = BTreeMap::new();
    while let (Some(path), Some(found)) = (lines.next(), lines.next()) {
        tree.insert(path.to_owned(), found.to_owned());
    }
    assert!(tree.len() > 4000, "{listed}");
    tree
}

/// What one has and the other has not, or otherwise.
pub fn differences(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let paths: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differ = paths.into_iter().filter(|path| one.get(*path) != other.get(*path));
    differ.map(|path| format!("{path}: {:?} and {:?}", one.get(path), other.get(path))).collect()
}
