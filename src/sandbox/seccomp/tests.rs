//! What the filters answer, computed for every call by a model of the kernel, and felt by real programs.

mod machine;
mod real;

use libc::{self as c, c_long};

use self::machine::{Call, Verdict, verdict};
use super::{allowed, filters, numbers, refused};

const EPERM: Verdict = Verdict::Errno(c::EPERM);
const ENOSYS: Verdict = Verdict::Errno(c::ENOSYS);

fn answer(number: c_long, arguments: [u64; 6]) -> Verdict {
    verdict(&filters().unwrap(), &Call::native(number, arguments))
}

#[test]
fn every_call_gets_the_answer_of_its_list_and_unknown_calls_enosys() {
    let programs = filters().unwrap();
    let (allowed, refused): (Vec<_>, Vec<_>) = (allowed::calls().collect(), refused::calls().collect());
    for number in 0..1024 {
        let wanted = match (allowed.contains(&number), refused.contains(&number)) {
            (true, false) => Verdict::Allow,
            (false, true) => EPERM,
            (false, false) => ENOSYS,
            (true, true) => panic!("call {number} is both allowed and refused"),
        };
        assert_eq!(verdict(&programs, &Call::native(number, [0; 6])), wanted, "call {number}");
    }
}

#[test]
fn dangerous_calls_are_refused() {
    let dangerous = [
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
        numbers::OPEN_TREE_ATTR,
        c::SYS_unshare,
        c::SYS_setns,
        c::SYS_bpf,
        c::SYS_perf_event_open,
        c::SYS_userfaultfd,
        c::SYS_add_key,
        c::SYS_keyctl,
        c::SYS_request_key,
        c::SYS_io_uring_setup,
        c::SYS_io_uring_enter,
        c::SYS_io_uring_register,
        c::SYS_kexec_load,
        numbers::KEXEC_FILE_LOAD,
        c::SYS_init_module,
        c::SYS_finit_module,
        c::SYS_delete_module,
        c::SYS_reboot,
        c::SYS_swapon,
        c::SYS_swapoff,
        c::SYS_acct,
        c::SYS_quotactl,
        c::SYS_quotactl_fd,
        c::SYS_settimeofday,
        c::SYS_clock_settime,
        c::SYS_clock_adjtime,
        c::SYS_open_by_handle_at,
        c::SYS_lookup_dcookie,
        c::SYS_nfsservctl,
        c::SYS_kcmp,
        c::SYS_process_madvise,
        c::SYS_fanotify_init,
        c::SYS_syslog,
    ];
    for number in dangerous {
        assert_eq!(answer(number, [0; 6]), EPERM, "call {number}");
        assert!(!allowed::calls().any(|call| call == number), "call {number}");
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn relics_of_the_processor_are_refused() {
    for number in [c::SYS_iopl, c::SYS_ioperm, c::SYS_modify_ldt, c::SYS_uselib, c::SYS_ustat, c::SYS_sysfs] {
        assert_eq!(answer(number, [0; 6]), EPERM, "call {number}");
    }
}

#[test]
fn clone3_is_unknown_so_that_libraries_fall_back_on_clone() {
    assert_eq!(answer(c::SYS_clone3, [0; 6]), ENOSYS);
}

#[test]
fn clone_makes_processes_and_threads_but_no_namespaces() {
    let thread = c::CLONE_VM | c::CLONE_FS | c::CLONE_FILES | c::CLONE_SIGHAND | c::CLONE_THREAD | c::CLONE_SETTLS;
    for flags in [c::SIGCHLD, c::CLONE_VM | c::CLONE_VFORK | c::SIGCHLD, thread] {
        assert_eq!(answer(c::SYS_clone, flags_only(flags)), Verdict::Allow, "flags {flags:#x}");
        for namespace in [
            c::CLONE_NEWNS,
            c::CLONE_NEWCGROUP,
            c::CLONE_NEWUTS,
            c::CLONE_NEWIPC,
            c::CLONE_NEWUSER,
            c::CLONE_NEWPID,
            c::CLONE_NEWNET,
        ] {
            assert_eq!(answer(c::SYS_clone, flags_only(flags | namespace)), EPERM, "flags {flags:#x} {namespace:#x}");
        }
    }
}

fn flags_only(flags: c::c_int) -> [u64; 6] {
    [flags.cast_unsigned().into(), 0, 0, 0, 0, 0]
}

/// The kernel ignores the upper half of these arguments, so it must not decide.
#[test]
fn the_upper_half_of_an_argument_is_no_way_round() {
    let high = 0xdead_beef_u64 << 32;
    assert_eq!(answer(c::SYS_clone, [high | 0x1000_0000, 0, 0, 0, 0, 0]), EPERM);
    assert_eq!(answer(c::SYS_ioctl, [0, high | 0x5412, 0, 0, 0, 0]), EPERM);
    assert_eq!(answer(c::SYS_socket, [high | 40, 0, 0, 0, 0, 0]), EPERM);
    assert_eq!(answer(c::SYS_personality, [high | 0x40_0000, 0, 0, 0, 0, 0]), EPERM);
    assert_eq!(answer(c::SYS_personality, [high, 0, 0, 0, 0, 0]), Verdict::Allow);
}

#[test]
fn terminals_take_settings_but_no_typing() {
    for (request, wanted) in [
        (0x5412 /* TIOCSTI */, EPERM),
        (0x541c /* TIOCLINUX */, EPERM),
        (0x5401 /* TCGETS */, Verdict::Allow),
        (0x5413 /* TIOCGWINSZ */, Verdict::Allow),
        (0x4004_54ca /* TUNSETIFF */, Verdict::Allow),
    ] {
        assert_eq!(answer(c::SYS_ioctl, [0, request, 0, 0, 0, 0]), wanted, "request {request:#x}");
    }
}

#[test]
fn sockets_of_networks_are_made_but_not_of_cryptography_or_hypervisors() {
    for (family, wanted) in [
        (c::AF_ALG, EPERM),
        (c::AF_VSOCK, EPERM),
        (c::AF_UNIX, Verdict::Allow),
        (c::AF_INET, Verdict::Allow),
        (c::AF_INET6, Verdict::Allow),
        (c::AF_PACKET, Verdict::Allow),
        (c::AF_NETLINK, Verdict::Allow),
        (c::AF_KEY, Verdict::Allow),
    ] {
        assert_eq!(answer(c::SYS_socket, flags_only(family)), wanted, "family {family}");
    }
}

#[test]
fn personality_stays_that_of_linux() {
    for (persona, wanted) in [
        (0, Verdict::Allow),
        (0x0008, Verdict::Allow),
        (0x2_0000, Verdict::Allow),
        (0x2_0008, Verdict::Allow),
        (0xffff_ffff, Verdict::Allow),
        (0x40_0000 /* READ_IMPLIES_EXEC */, EPERM),
        (0x4_0000 /* ADDR_NO_RANDOMIZE */, EPERM),
        (0x10_0000 /* MMAP_PAGE_ZERO */, EPERM),
    ] {
        assert_eq!(answer(c::SYS_personality, [persona, 0, 0, 0, 0, 0]), wanted, "persona {persona:#x}");
    }
}

#[test]
fn a_foreign_abi_kills_and_x32_is_unknown() {
    let programs = filters().unwrap();
    let i386 = Call { architecture: 0x4000_0003, number: 21, arguments: [0; 6] };
    assert_eq!(verdict(&programs, &i386), Verdict::Kill);
    assert_eq!(answer(0x4000_0000 | c::SYS_mount, [0; 6]), ENOSYS);
    assert_eq!(answer(0x4000_0000 | c::SYS_read, [0; 6]), ENOSYS);
}

#[test]
fn the_programs_fit_the_kernel() {
    let programs = filters().unwrap();
    assert_eq!(programs.len(), 2);
    for program in programs {
        assert!((1..=4096).contains(&program.len()), "{} instructions", program.len());
    }
}

#[test]
fn no_list_names_a_call_twice() {
    let mut calls: Vec<_> = allowed::calls().chain(refused::calls()).collect();
    let all = calls.len();
    calls.sort_unstable();
    calls.dedup();
    assert_eq!(calls.len(), all);
}
