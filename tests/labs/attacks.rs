//! A student is root in an endpoint: what is out of reach of them, on either backend, and what of it Docker leaves open.

use std::fmt::Write as _;

use crate::user::{Lab, On, on_each_backend, saiten, until};

on_each_backend!(
    root_reaches_neither_the_helper_nor_the_machine,
    the_helpers_own_user_ids_are_no_way_to_it,
    signals_and_a_pulled_cable_leave_the_lab_alone,
    a_student_has_the_rights_of_an_endpoint_and_no_more,
    no_descriptor_leaks_into_what_an_endpoint_starts,
);

/// Where an attack is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refused {
    Everywhere,
    /// An engine's root is the machine's, its profile is older than this one, or its mounts show more.
    OnNative,
}
use Refused::{Everywhere, OnNative};

/// Commands that must fail.
const COMMANDS: &[(Refused, &str)] = &[
    // The helper.
    (Everywhere, "cat /proc/1/mem"),
    (Everywhere, "cat /proc/1/environ"),
    (Everywhere, "cat /proc/1/maps"),
    (Everywhere, "cat /proc/1/auxv"),
    (Everywhere, "cat /proc/1/fdinfo/0"),
    (Everywhere, "ls /proc/1/root/"),
    (Everywhere, "ls /proc/1/cwd/"),
    (Everywhere, "readlink /proc/1/exe"),
    (Everywhere, "cat /proc/1/fd/10"),
    (Everywhere, "echo forged > /proc/1/fd/1"),
    (Everywhere, "cat < /proc/1/fd/0"),
    (Everywhere, "cat < /proc/1/task/1/fd/0"),
    (Everywhere, "prlimit --pid 1 --nofile=8:8"),
    (Everywhere, "prlimit --pid 1 --cpu=0:0"),
    (Everywhere, "renice -n 19 -p 1"),
    (Everywhere, "nsenter -t 1 -m true"),
    (Everywhere, "echo -1000 > /proc/self/oom_score_adj"),
    // What the lab shares.
    (Everywhere, "touch /.saiten/saiten"),
    (Everywhere, "rm -f /.saiten/saiten"),
    (Everywhere, "mv /.saiten /elsewhere"),
    (Everywhere, "touch /.wire/x"),
    (Everywhere, "test -e /.wire/switch"),
    // Mounts and namespaces.
    (Everywhere, "mount -t tmpfs none /mnt"),
    (Everywhere, "mount --bind /proc/sys /mnt"),
    (Everywhere, "mount -o remount,rw /.saiten"),
    (Everywhere, "mount -o remount,rw /proc/sys"),
    (Everywhere, "umount /proc/sys"),
    (Everywhere, "umount -l /proc"),
    (Everywhere, "unshare --mount true"),
    (Everywhere, "unshare --user true"),
    (Everywhere, "unshare --net true"),
    // The machine.
    (Everywhere, "echo 1 > /proc/sys/net/ipv4/ip_forward"),
    (Everywhere, "echo x > /proc/sys/kernel/core_pattern"),
    (Everywhere, "echo 1 > /proc/sys/vm/drop_caches"),
    (Everywhere, "echo h > /proc/sysrq-trigger"),
    (Everywhere, "echo never > /sys/kernel/mm/transparent_hugepage/enabled"),
    (Everywhere, "find /sys /proc/sys /proc/irq /proc/bus -type f -writable 2>/dev/null | grep -m1 ."),
    (Everywhere, "hostname elsewhere"),
    (Everywhere, "dmesg"),
    (Everywhere, "cat /dev/kmsg"),
    (Everywhere, "timeout 1 cat /proc/kmsg"),
    (Everywhere, "head -c1 /proc/kcore | grep -q ."),
    (Everywhere, "grep -q . /proc/keys /proc/timer_list"),
    (OnNative, "grep -q . /proc/interrupts"),
    (OnNative, "cat /proc/slabinfo"),
    (OnNative, "cat /proc/vmallocinfo"),
    (OnNative, "head -c8 /proc/kpagecount | grep -q ."),
    // Devices. An engine lets its root make nodes, and keeps it from opening them.
    (Everywhere, "mknod /tmp/disk b 253 0 && head -c1 /tmp/disk"),
    (Everywhere, "mknod /tmp/memory c 1 1 && head -c1 /tmp/memory"),
    (Everywhere, "mknod /dev/disk b 253 0 && head -c1 /dev/disk"),
    (OnNative, "mknod /tmp/node c 1 3"),
    (OnNative, "rm -f /dev/zero"),
    (OnNative, "chmod 600 /dev/full"),
];

/// System calls that must fail, by number and arguments as perl writes them.
const CALLS: &[(Refused, libc::c_long, &str)] = &[
    (Everywhere, libc::SYS_mount, r#""none", "/mnt", "tmpfs", 0, 0"#),
    (Everywhere, libc::SYS_pivot_root, r#""/", "/""#),
    (Everywhere, libc::SYS_open_tree, r#"-100, "/", 1"#),
    (Everywhere, libc::SYS_fsopen, r#""tmpfs", 0"#),
    (Everywhere, libc::SYS_unshare, "0x10000000"),
    (Everywhere, libc::SYS_unshare, "0x80"),
    (Everywhere, libc::SYS_setns, "0, 0"),
    (Everywhere, libc::SYS_clone, "0x10000011, 0, 0, 0, 0"),
    (Everywhere, libc::SYS_clone, "0x00020011, 0, 0, 0, 0"),
    (Everywhere, libc::SYS_clone3, "0, 0"),
    (Everywhere, libc::SYS_keyctl, "0, -3, 0"),
    (Everywhere, libc::SYS_add_key, r#""user", "x", "y", 1, -3"#),
    (Everywhere, libc::SYS_bpf, r#"0, "\0" x 128, 128"#),
    (Everywhere, libc::SYS_userfaultfd, "1"),
    (Everywhere, libc::SYS_perf_event_open, r#""\0" x 128, 0, -1, -1, 0"#),
    (Everywhere, libc::SYS_open_by_handle_at, r#"3, "\0" x 32, 0"#),
    (Everywhere, libc::SYS_init_module, r#""", 0, """#),
    (Everywhere, libc::SYS_kexec_load, "0, 0, 0, 0"),
    (Everywhere, libc::SYS_syslog, r#"3, "\0" x 100, 100"#),
    (Everywhere, libc::SYS_acct, r#""/tmp/account""#),
    (Everywhere, libc::SYS_clock_settime, r#"0, "\0" x 16"#),
    (Everywhere, libc::SYS_swapon, r#""/tmp/swap", 0"#),
    (Everywhere, libc::SYS_personality, "0x0040000"),
    (Everywhere, libc::SYS_ptrace, "0x4206, 1, 0, 0"),
    (Everywhere, libc::SYS_kcmp, "1, 1, 0, 0, 0"),
    (Everywhere, libc::SYS_sched_setscheduler, r#"0, 2, pack("i", 1)"#),
    (OnNative, libc::SYS_io_uring_setup, r#"1, "\0" x 120"#),
    (OnNative, libc::SYS_fanotify_init, "0, 0"),
    (OnNative, libc::SYS_socket, "38, 5, 0"),
    (OnNative, libc::SYS_socket, "40, 1, 0"),
];

/// A word that the shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Perl that makes a system call: exit status 0 when it worked, 3 when it was refused.
fn call(number: libc::c_long, arguments: &str) -> String {
    let perl = format!("my ($n, @a) = ({number}, {arguments}); exit(syscall($n, @a) < 0 ? 3 : 0)");
    format!("perl -e {}", quoted(&perl))
}

/// Carries out each attack and gives those that ended with a status other than a refusal's, with what they said.
fn successes(lab: &Lab, attacks: &[String]) -> Vec<String> {
    let mut script = String::new();
    for (number, attack) in attacks.iter().enumerate() {
        let attack = quoted(attack);
        let said = "$(head -c80 /tmp/said | tr -cd '[:print:]')";
        writeln!(script, "timeout 5 sh -c {attack} </dev/null >/tmp/said 2>&1; echo \"$? {number} {said}\"").unwrap();
    }
    let said = lab.says("server", &script);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), attacks.len(), "{said}");
    // 124 is a time-out, 127 a command that is not there: neither is a refusal.
    let worked = lines.iter().filter(|line| ["0 ", "124 ", "127 "].iter().any(|status| line.starts_with(status)));
    let attack = |line: &str| attacks[line.split(' ').nth(1).unwrap().parse::<usize>().unwrap()].clone();
    worked.map(|line| format!("{}: {line}", attack(line))).collect()
}

fn root_reaches_neither_the_helper_nor_the_machine(on: On) {
    let lab = Lab::up(on, "ssh/slow-login");
    let here = |refused: &Refused| *refused == Everywhere || on == On::Native;
    let commands = COMMANDS.iter().filter(|(refused, _)| here(refused)).map(|(_, line)| (*line).to_owned());
    let calls = CALLS.iter().filter(|(refused, ..)| here(refused)).map(|(_, number, words)| call(*number, words));
    let attacks: Vec<String> = commands.chain(calls).collect();
    assert_eq!(successes(&lab, &attacks), Vec::<String>::new());
    // The machinery above does see what works.
    let harmless = ["true".to_owned(), call(libc::SYS_getpid, "")];
    assert_eq!(successes(&lab, &harmless).len(), harmless.len());
    lab.down();
}

/// Perl that becomes a user as the helper does, with all capabilities kept (PR_SET_KEEPCAPS) and in effect again (capset),
/// and changes the priority of all that this user runs.
fn taking(id: &str) -> String {
    let [keep, become_it, get, set, nice] =
        [libc::SYS_prctl, libc::SYS_setresuid, libc::SYS_capget, libc::SYS_capset, libc::SYS_setpriority];
    format!(
        "sub try {{ my ($n, @a) = @_; return syscall($n, @a) }} \
         try({keep}, 8, 1, 0, 0, 0) == 0 && try({become_it}, {id}, {id}, {id}) == 0 or exit 127; \
         my ($h, $c) = (pack(\"LL\", 0x20080522, 0), \"\\0\" x 24); try({get}, $h, $c) == 0 or exit 127; \
         my @c = unpack(\"L6\", $c); @c[0, 3] = @c[1, 4]; try({set}, $h, pack(\"L6\", @c)) == 0 or exit 127; \
         try({nice}, 2, {id}, 19);"
    )
}

fn the_helpers_own_user_ids_are_no_way_to_it(on: On) {
    let lab = Lab::up(on, "ssh/slow-login");
    let ids = lab.says("server", "awk '/^Uid/ { print $2, $3, $4 }' /proc/1/status");
    let priority = "awk '{ print $19 }' /proc/1/task/*/stat | sort -u";
    let before = lab.says("server", priority);
    let mut attacks = Vec::new();
    for id in ids.split(' ') {
        assert_ne!(id, "0");
        let become_it = taking(id);
        for (number, arguments) in [
            (libc::SYS_prlimit64, "$t, 7, pack(\"QQ\", 8, 8), 0"),
            (libc::SYS_setpriority, "0, $t, 19"),
            (libc::SYS_sched_setscheduler, "$t, 5, pack(\"i\", 0)"),
            (libc::SYS_sched_setaffinity, "$t, 8, pack(\"Q\", 1)"),
            (libc::SYS_ioprio_set, "1, $t, 3 << 13"),
        ] {
            // The helper's process, and each thread of it by itself.
            let perl = format!(
                "{become_it} my $worked = 0; for my $t (map {{ m(([0-9]+)$) }} glob \"/proc/1/task/*\") {{ \
                 $worked++ if try({number}, {arguments}) >= 0 }} exit($worked ? 0 : 3)"
            );
            attacks.push(format!("perl -e {}", quoted(&perl)));
        }
    }
    assert_eq!(successes(&lab, &attacks), Vec::<String>::new());
    // Whoever runs the tests may have given them another priority than 0, but one to all.
    assert_eq!((lab.says("server", priority), before.lines().count()), (before.clone(), 1));
    lab.down();
}

fn signals_and_a_pulled_cable_leave_the_lab_alone(on: On) {
    let lab = Lab::up(on, "ssh/slow-login");
    // Signals to PID 1 are ignored, one to everybody ends the student's own shell only.
    for attack in ["kill -9 1", "kill -STOP 1", "kill -TERM 1", "kill -SEGV 1", "kill -9 -1"] {
        let _ = lab.shell("server", attack);
        assert_eq!(lab.says("server", "echo alive"), "alive", "after `{attack}`");
    }
    lab.says("server", "ip link del eth1");
    let client = lab.says("client", "ip -br link show eth1");
    assert!(client.contains("UP") || client.contains("UNKNOWN"), "{client}");
    lab.down();
}

fn a_student_has_the_rights_of_an_endpoint_and_no_more(on: On) {
    let lab = Lab::up(on, "ssh/slow-login");
    let status = lab.says("server", "cat /proc/self/status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no {name}: {status}")).trim().to_owned()
    };
    // Docker's own set with CAP_NET_ADMIN; of it the native backend leaves CAP_MKNOD out.
    let rights = if on == On::Native { "00000000a00435fb" } else { "00000000a80435fb" };
    for set in ["CapPrm", "CapEff", "CapBnd"] {
        assert_eq!(field(set), rights, "{set}");
    }
    for set in ["CapInh", "CapAmb"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    assert_eq!(field("Seccomp"), "2");
    assert_eq!(field("NoNewPrivs"), "0");
    if on == On::Native {
        assert_eq!((field("Seccomp_filters"), field("Groups")), ("2".to_owned(), String::new()));
    }
    // A user who becomes root by a setuid program is no other root.
    let setuid = "cp /bin/sh /tmp/root && chmod 4755 /tmp/root && setpriv --reuid 1000 --clear-groups /tmp/root -p -c";
    let again = lab.says("server", &format!("{setuid} 'grep -E \"^Cap(Eff|Bnd)|^Seccomp:\" /proc/self/status'"));
    let wanted = format!("CapEff:\t{rights}\nCapBnd:\t{rights}\nSeccomp:\t2");
    assert_eq!(again, wanted);
    lab.down();
}

fn no_descriptor_leaks_into_what_an_endpoint_starts(on: On) {
    let lab = Lab::up(on, "ssh/slow-login");
    // 3 is the directory that `ls` reads.
    assert_eq!(lab.says("server", "ls /proc/self/fd | tr '\\n' ' '"), "0 1 2 3");
    // While a shell is open, another is started beside it; neither has anything of the other's, or of the helper's.
    let mut open = saiten(on, lab.dir.path());
    let mut open = open.args(["shell", "ssh/slow-login", "server", "--", "sleep", "1000"]).spawn().unwrap();
    until("the first shell", || lab.shell("server", "pgrep -x sleep").0 == Some(0));
    let descriptors = "for p in /proc/[0-9]*; do [ $p = /proc/1 ] || readlink $p/fd/*; done 2>/dev/null; true";
    let held = lab.says("server", descriptors);
    for foreign in ["tun", "ptmx", "pidfd", "memfd"] {
        assert!(!held.contains(foreign), "{held}");
    }
    lab.says("server", "pkill -x sleep");
    assert_eq!(open.wait().unwrap().code(), Some(128 + 15));
    lab.down();
}
