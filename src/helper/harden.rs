//! What PID 1 of an endpoint does to itself before its first thread, because a student may be root beside it.

use std::io;

use caps::CapSet;
use nix::sys::prctl;
use nix::unistd::{Uid, setresuid};

/// The helper's own user id: nobody's, and not root's, so that root's limits and priorities (`prlimit`, `setpriority`)
/// do not reach it.
const HELPER_UID: u32 = 65533;

/// Changes to the helper's own user id with all capabilities kept, and becomes non-dumpable: no ptrace, no look into
/// `/proc/1/{mem,fd,environ}`. The bounding set of an endpoint must not hold `CAP_SYS_PTRACE`.
///
/// Must run before any other thread exists: user ids and capabilities belong to threads (capabilities(7)).
///
/// # Errors
/// When the kernel refuses one of the steps.
pub fn harden() -> io::Result<()> {
    let permitted = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    prctl::set_keepcaps(true)?;
    let uid = Uid::from_raw(HELPER_UID);
    // Who started this program may have tied its life to their own; a change of user ids unties it (prctl(2)).
    let parents_end = prctl::get_pdeathsig()?;
    // Without the capability (the switch has none) the helper stays who it is; nobody else runs there.
    if permitted.contains(&caps::Capability::CAP_SETUID) {
        setresuid(uid, uid, uid)?;
    }
    prctl::set_pdeathsig(parents_end)?;
    prctl::set_keepcaps(false)?;
    caps::set(None, CapSet::Effective, &permitted).map_err(io::Error::other)?;
    prctl::set_dumpable(false)?;
    Ok(())
}
