//! The disk that containers share with the machine: the engine limits nobody's part of it, so whoever takes too much is ended.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use bollard::query_parameters::ListContainersOptionsBuilder;
use nix::sys::statvfs::statvfs;

use super::container;
use super::engine::RUN_LABEL;

/// Most bytes that a container may have written.
const MOST: u64 = 1 << 30;
/// How often the free space is looked at: it costs a system call. Who wrote what costs the engine a walk through the containers'
/// files, so it is asked only when space has gone.
const EVERY: Duration = Duration::from_millis(500);

/// Why containers were ended, by id.
pub type Ended = Rc<RefCell<BTreeMap<String, String>>>;

/// Watches the disk for a run for as long as the returned task lives; `root` is the engine's directory. Where that is on another
/// machine, nobody watches.
pub fn watch(client: bollard::Docker, run: String, root: PathBuf, ended: Ended) -> Option<tokio::task::JoinHandle<()>> {
    let mut least = free(&root)?;
    Some(tokio::task::spawn_local(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            let Some(now) = free(&root) else { return };
            if least.saturating_sub(now) < MOST {
                // What others free again is no reason to look sooner the next time.
                least = least.max(now);
                continue;
            }
            least = now;
            end_the_greedy(&client, &run, &ended).await;
        }
    }))
}

/// Free bytes of the file system.
fn free(root: &PathBuf) -> Option<u64> {
    let known = statvfs(root).ok()?;
    Some(known.blocks_available() * known.fragment_size())
}

async fn end_the_greedy(client: &bollard::Docker, run: &str, ended: &Ended) {
    let filters = HashMap::from([("label", vec![format!("{RUN_LABEL}={run}")])]);
    let options = ListContainersOptionsBuilder::new().size(true).filters(&filters).build();
    // An engine that does not answer now is asked again when more is gone.
    let Ok(listed) = client.list_containers(Some(options)).await else { return };
    for found in listed {
        let written = found.size_rw.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0);
        let Some(id) = found.id.filter(|_| written > MOST) else { continue };
        let why = format!("ended because it had written {} MiB; {} are allowed", written >> 20, MOST >> 20);
        ended.borrow_mut().insert(id.clone(), why);
        // Its lab is told by the end of its streams, whatever the engine says here.
        let _ = container::remove(client, &id).await;
    }
}
