//! What PID 1 of an endpoint does to itself before its first thread, because a student may be root beside it.

use std::io;

use caps::{CapSet, Capability};
use nix::sys::prctl;
use nix::unistd::{Uid, setresuid};

use super::message::HELPERS_OWN;

/// The helper's own user ids, real, effective and saved: nobody's. prlimit(2) wants a caller whose real id is all three,
/// so even a root user who takes one of them does not reach the helper's limits.
const HELPER_UIDS: [u32; 3] = [65533, 65532, 65531];

/// Changes to the helper's own user ids with all capabilities kept, and becomes non-dumpable: no ptrace, no look into
/// `/proc/1/{mem,fd,environ}`. The bounding set of an endpoint must not hold `CAP_SYS_PTRACE`.
///
/// Keeps [`HELPERS_OWN`] to itself: setpriority(2), sched_setscheduler(2) and the like want a caller that has all of the
/// helper's capabilities.
///
/// Must run before any other thread exists: user ids and capabilities belong to threads (capabilities(7)).
///
/// # Errors
/// When the kernel refuses one of the steps.
pub fn harden() -> io::Result<()> {
    let permitted = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    let parents_end = prctl::get_pdeathsig()?;
    prctl::set_keepcaps(true)?;
    // Without the capability (the switch has none) the helper stays who it is; nobody else runs there.
    if permitted.contains(&Capability::CAP_SETUID) {
        let [real, effective, saved] = HELPER_UIDS.map(Uid::from_raw);
        setresuid(real, effective, saved)?;
    }
    prctl::set_keepcaps(false)?;
    caps::set(None, CapSet::Effective, &permitted).map_err(io::Error::other)?;
    if permitted.contains(&Capability::CAP_SETPCAP) {
        // What it starts is root by its user id, and gets what is in the bounding set.
        caps::drop(None, CapSet::Bounding, HELPERS_OWN).map_err(io::Error::other)?;
    }
    prctl::set_dumpable(false)?;
    // The change of ids has cleared it. Where it was set, the end of whoever started this endpoint ends it still.
    Ok(prctl::set_pdeathsig(parents_end)?)
}
