//! The system call filter of an endpoint, whose root user is hostile.
//!
//! Two programs, since a program knows one action besides "allow". The older one lets the calls of `allowed` pass
//! and answers ENOSYS to the rest, so that a C library newer than this list falls back on older calls. The newer one
//! answers EPERM to the calls and arguments of `refused`. The kernel takes the strictest action of all programs, and
//! among equal ones that of the newest (seccomp(2)): EPERM wins over ENOSYS, and either over "allow".
//!
//! Both kill a process that calls through a foreign ABI, such as a 32-bit program.

mod allowed;
mod numbers;
mod refused;
#[cfg(test)]
mod tests;

use std::env::consts::ARCH;
use std::io;

use seccompiler::{BackendError, BpfProgram, SeccompAction, SeccompFilter};

use self::refused::Rules;

/// The filters of an endpoint, oldest first: install them in this order.
///
/// # Errors
/// When seccompiler does not know this processor or cannot assemble the lists.
pub fn filters() -> Result<Vec<BpfProgram>, BackendError> {
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let dangerous = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    Ok(vec![
        assemble(allowed::rules(), unknown, SeccompAction::Allow)?,
        assemble(refused::rules()?, SeccompAction::Allow, dangerous)?,
    ])
}

fn assemble(rules: Rules, others: SeccompAction, listed: SeccompAction) -> Result<BpfProgram, BackendError> {
    SeccompFilter::new(rules, others, listed, ARCH.try_into()?)?.try_into()
}

/// Puts the calling thread, and all that it starts from now on, under `filters`, oldest first.
///
/// Does not set `no_new_privs`, unlike `seccompiler::apply_filter`: setuid programs must go on working inside an
/// endpoint. The caller therefore needs `CAP_SYS_ADMIN` in its user namespace, or sets `no_new_privs` before.
///
/// # Errors
/// EACCES when the caller has neither; EINVAL when a program is empty or longer than the kernel takes.
pub fn install_without_no_new_privs(filters: &[BpfProgram]) -> io::Result<()> {
    filters.iter().try_for_each(|program| install(program))
}

fn install(program: &[seccompiler::sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let description = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut().cast() };
    let flags: libc::c_ulong = 0;
    // SAFETY: the description and the `length` instructions behind it outlive the call, which only reads them, and
    // seccompiler's `sock_filter` has the layout of the kernel's.
    let done =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const description) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
