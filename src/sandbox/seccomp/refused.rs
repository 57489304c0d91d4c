//! System calls that reach beyond an endpoint: refused with EPERM, some of them only with certain arguments.

use std::collections::BTreeMap;

use libc::{self as c, c_int, c_long};
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{BackendError, SeccompCmpOp, SeccompCondition, SeccompRule};

use super::numbers as n;

/// Rules by system call number; no rule means that the arguments do not matter.
pub(super) type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Mounting, by the calls of old and of Linux 5.2 on.
const MOUNTS: &[c_long] = &[
    c::SYS_mount,
    c::SYS_umount2,
    c::SYS_pivot_root,
    c::SYS_open_tree,
    c::SYS_move_mount,
    c::SYS_fsopen,
    c::SYS_fsconfig,
    c::SYS_fsmount,
    c::SYS_fspick,
    c::SYS_mount_setattr,
    n::OPEN_TREE_ATTR,
];

/// Namespaces: each brings kernel code within reach that trusts its root.
const NAMESPACES: &[c_long] = &[c::SYS_unshare, c::SYS_setns];

/// The whole machine: its kernel, clock, swap, accounting, quota and log.
const MACHINE: &[c_long] = &[
    c::SYS_init_module,
    c::SYS_finit_module,
    c::SYS_delete_module,
    c::SYS_kexec_load,
    n::KEXEC_FILE_LOAD,
    c::SYS_reboot,
    c::SYS_swapon,
    c::SYS_swapoff,
    c::SYS_acct,
    c::SYS_quotactl,
    c::SYS_quotactl_fd,
    c::SYS_syslog,
    c::SYS_settimeofday,
    c::SYS_clock_settime,
    c::SYS_clock_adjtime,
    c::SYS_adjtimex,
];

/// Parts of the kernel where flaws were frequent, or that no namespace divides.
const SURFACE: &[c_long] = &[
    c::SYS_bpf,
    c::SYS_perf_event_open,
    c::SYS_userfaultfd,
    c::SYS_io_uring_setup,
    c::SYS_io_uring_enter,
    c::SYS_io_uring_register,
    c::SYS_add_key,
    c::SYS_request_key,
    c::SYS_keyctl,
    c::SYS_open_by_handle_at,
    c::SYS_fanotify_init,
    c::SYS_fanotify_mark,
    c::SYS_kcmp,
    c::SYS_process_madvise,
    c::SYS_lookup_dcookie,
    c::SYS_nfsservctl,
];

/// Relics, and direct access to the processor and its ports.
#[cfg(target_arch = "x86_64")]
const PROCESSOR: &[c_long] =
    &[c::SYS_iopl, c::SYS_ioperm, c::SYS_modify_ldt, c::SYS_uselib, c::SYS_ustat, c::SYS_sysfs];
#[cfg(not(target_arch = "x86_64"))]
const PROCESSOR: &[c_long] = &[];

/// Flags of clone(2) that make a namespace. `CLONE_NEWTIME` is none: its bit belongs to the exit signal there.
const NAMESPACE_FLAGS: [c_int; 7] = [
    c::CLONE_NEWNS,
    c::CLONE_NEWCGROUP,
    c::CLONE_NEWUTS,
    c::CLONE_NEWIPC,
    c::CLONE_NEWUSER,
    c::CLONE_NEWPID,
    c::CLONE_NEWNET,
];

/// Typing into a terminal on behalf of its owner.
const TERMINAL_INPUT: [u32; 2] = [0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */];

/// The kernel's cryptography, and the way to a hypervisor.
const SOCKET_FAMILIES: [c_int; 2] = [c::AF_ALG, c::AF_VSOCK];

/// Linux, 32-bit Linux, both with the release of Linux 2.6, and the question what is set.
const PERSONALITIES: [u32; 5] = [0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// Calls that are refused whatever their arguments are.
pub(super) fn calls() -> impl Iterator<Item = c_long> {
    [MOUNTS, NAMESPACES, MACHINE, SURFACE, PROCESSOR].into_iter().flatten().copied()
}

/// Everything to be refused.
///
/// # Errors
/// When seccompiler rejects a rule.
pub(super) fn rules() -> Result<Rules, BackendError> {
    let mut rules: Rules = calls().map(|call| (call, Vec::new())).collect();
    rules.insert(c::SYS_clone, any(NAMESPACE_FLAGS.map(bits), 0, |flag| MaskedEq(flag.into()))?);
    rules.insert(c::SYS_ioctl, any(TERMINAL_INPUT, 1, |_| Eq)?);
    rules.insert(c::SYS_socket, any(SOCKET_FAMILIES.map(bits), 0, |_| Eq)?);
    rules.insert(c::SYS_personality, vec![none_of(PERSONALITIES, 0)?]);
    Ok(rules)
}

/// A rule for each of `values` of the argument.
fn any<const N: usize>(
    values: [u32; N],
    argument: u8,
    operator: impl Fn(u32) -> SeccompCmpOp,
) -> Result<Vec<SeccompRule>, BackendError> {
    values.into_iter().map(|value| SeccompRule::new(vec![compare(argument, operator(value), value)?])).collect()
}

/// One rule for an argument that is none of `values`.
fn none_of<const N: usize>(values: [u32; N], argument: u8) -> Result<SeccompRule, BackendError> {
    let conditions = values.into_iter().map(|value| compare(argument, Ne, value));
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}

/// Compares 32 bits: the kernel drops the upper half of all arguments that are compared here, so a filter that looked
/// at it would be fooled.
fn compare(argument: u8, operator: SeccompCmpOp, value: u32) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, Dword, operator, value.into())
}

const fn bits(number: c_int) -> u32 {
    number.cast_unsigned()
}
