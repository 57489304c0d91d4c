//! Numbers of system calls that the libc crate does not name on every target.

use libc::c_long;

pub(super) const IO_PGETEVENTS: c_long = by_processor(333, 292);
pub(super) const KEXEC_FILE_LOAD: c_long = by_processor(320, 294);
pub(super) const RENAMEAT: c_long = by_processor(264, 38);
pub(super) const SYNC_FILE_RANGE: c_long = by_processor(277, 84);
pub(super) const GETRLIMIT: c_long = by_processor(97, 163);
pub(super) const SETRLIMIT: c_long = by_processor(160, 164);

// Numbers above 423 are the same on all processors.
pub(super) const FCHMODAT2: c_long = 452;
pub(super) const MAP_SHADOW_STACK: c_long = 453;
pub(super) const FUTEX_WAKE: c_long = 454;
pub(super) const FUTEX_WAIT: c_long = 455;
pub(super) const FUTEX_REQUEUE: c_long = 456;
pub(super) const STATMOUNT: c_long = 457;
pub(super) const LISTMOUNT: c_long = 458;
pub(super) const LSM_GET_SELF_ATTR: c_long = 459;
pub(super) const LSM_LIST_MODULES: c_long = 461;
pub(super) const SETXATTRAT: c_long = 463;
pub(super) const GETXATTRAT: c_long = 464;
pub(super) const LISTXATTRAT: c_long = 465;
pub(super) const REMOVEXATTRAT: c_long = 466;
pub(super) const OPEN_TREE_ATTR: c_long = 467;
pub(super) const FILE_GETATTR: c_long = 468;
pub(super) const FILE_SETATTR: c_long = 469;

/// The number on x86_64, or the one in the table that younger processors share.
const fn by_processor(x86_64: c_long, generic: c_long) -> c_long {
    if cfg!(target_arch = "x86_64") { x86_64 } else { generic }
}
