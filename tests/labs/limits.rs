//! What an endpoint can use up is its own: memory, processes, processor time, its disk. Elsewhere the lab goes on.

use crate::user::{Lab, On, on_each_backend, saiten, text, until};

on_each_backend!(
    memory_ends_with_the_endpoints_own,
    processes_end_with_the_endpoints_own_whatever_their_user,
    a_hundred_busy_processes_leave_the_lab_usable,
    descriptors_on_their_way_keep_no_other_lab_down,
);

/// What `doctor` says that this machine does not limit; an engine limits everything.
fn unlimited(on: On) -> Vec<String> {
    if on == On::Docker {
        return Vec::new();
    }
    let dir = tempfile::tempdir().unwrap();
    let doctor = saiten(on, dir.path()).args(["doctor", "--json"]).output().unwrap();
    let found: serde_json::Value =
        serde_json::from_slice(&doctor.stdout).unwrap_or_else(|_| panic!("{}", text(&doctor)));
    let facts = found["facts"].as_array().unwrap();
    let fact = facts.iter().find(|fact| fact[0] == "not limited").and_then(|fact| fact[1].as_str()).unwrap_or_default();
    let missing: Vec<String> = fact.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    // Each is told once, with its cure.
    let probes = found["native"].as_array().unwrap();
    let told = probes.iter().filter(|probe| probe["name"] == "limits" && probe["cure"].is_string());
    let mut told: Vec<&str> =
        told.flat_map(|probe| probe["found"]["args"]["what"].as_str().unwrap().split(", ")).collect();
    told.sort_unstable();
    let mut listed: Vec<&str> = missing.iter().map(String::as_str).collect();
    listed.sort_unstable();
    assert_eq!(told, listed, "{found}");
    missing
}

fn limits(on: On, resource: &str) -> bool {
    !unlimited(on).iter().any(|missing| missing == resource)
}

fn memory_ends_with_the_endpoints_own(on: On) {
    if !limits(on, "memory") {
        // A bomb here would be the machine's.
        return;
    }
    let lab = Lab::up(on, "ssh/slow-login");
    let daemons = lab.says("server", "pgrep -x sshd");
    let (status, said) = lab.shell("server", "perl -e '$x = \"x\" x (1 << 30); print length $x'");
    assert_eq!(status, Some(137), "{said}");
    assert_eq!(lab.says("server", "pgrep -x sshd"), daemons, "the bomb is the first to go");
    lab.says("client", "true");
    lab.down();
}

fn processes_end_with_the_endpoints_own_whatever_their_user(on: On) {
    let lab = Lab::up(on, "ssh/slow-login");
    // Without a group, setrlimit(2) counts each user's by itself, and who starts processes for others passes it by.
    let user = if limits(on, "processes") { "1000 + $n % 4" } else { "0" };
    let bomb = format!(
        "for $n (1 .. 2000) {{ $p = fork; if (!defined $p) {{ print $n; exit }} next if $p; \
         open STDIN, \"</dev/null\"; open STDOUT, \">/dev/null\"; open STDERR, \">/dev/null\"; \
         $< = $> = {user}; sleep 1000; exit }} print \"no end\""
    );
    let most: u32 = lab.says("server", &format!("trap '' HUP; perl -e '{bomb}'")).parse().unwrap();
    assert!((2..=256).contains(&most), "{most}");
    // The others do not notice, and the endpoint can be ended.
    lab.says("client", "sh -c true");
    lab.down();
}

fn a_hundred_busy_processes_leave_the_lab_usable(on: On) {
    let lab = Lab::up(on, "ssh/slow-login");
    lab.says(
        "server",
        "trap '' HUP; for n in $(seq 100); do setsid perl -e '1 while 1' > /dev/null 2>&1 < /dev/null & done",
    );
    // Everything is behind the helper, which would be given up as silent otherwise.
    assert_eq!(lab.says("server", "nice; ps -o ni= -p 1").split_whitespace().collect::<Vec<_>>(), ["10", "0"]);
    until("all of them", || lab.says("server", "pgrep -x perl | wc -l") == "100");
    // Both endpoints answer, and frames pass the switch.
    lab.says("client", "ping -c3 192.168.1.10");
    lab.says("server", "ping -c3 192.168.1.20");
    lab.down();
}

#[test]
fn a_full_disk_is_an_error_and_ends_no_daemon() {
    // Docker has no such limit with every storage driver.
    let lab = Lab::up(On::Native, "ssh/slow-login");
    let daemons = lab.says("server", "pgrep -x sshd");
    let (status, said) = lab.shell("server", "dd if=/dev/zero of=/tmp/full bs=1M count=4096");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    let files = "mkdir /tmp/many && perl -e 'for ($n = 0; open($f, \">/tmp/many/$n\"); $n++) {} print \"$n: $!\"'";
    lab.says("server", "rm /tmp/full");
    let said = lab.says("server", files);
    let (count, why) = said.split_once(": ").unwrap();
    assert!(count.parse::<u32>().unwrap() <= 50_000 && why == "No space left on device", "{said}");
    // Shared memory and /dev are memory too, and small.
    for (place, most) in [("/dev/shm", 16 << 20), ("/dev", 64 << 10)] {
        let (_, said) = lab.shell("server", &format!("dd if=/dev/zero of={place}/fill bs=1k count=100000 2>/dev/null; stat -c %s {place}/fill; rm {place}/fill"));
        assert!(said.parse::<u64>().unwrap() <= most, "{place}: {said}");
    }
    assert_eq!(lab.says("server", "pgrep -x sshd"), daemons);
    lab.says("server", "rm -r /tmp/many && echo fits > /tmp/again");
    lab.down();
}

/// Perl that sends descriptors through sockets and reads none, as the helper's own user, until it may not any more.
fn sending(user: &str) -> String {
    let sendmsg = libc::SYS_sendmsg;
    format!(
        "$< = $> = {user}; use Socket; open $f, \"<\", \"/dev/null\"; $s = 0; \
         $c = pack(\"Q i i\", 16 + 4 * 250, 1, 1) . pack(\"i*\", (fileno $f) x 250); \
         $b = \"x\"; $i = pack(\"P Q\", $b, 1); $m = pack(\"Q L x4 P Q P Q i x4\", 0, 0, $i, 1, $c, length $c, 0); \
         while (socketpair(my $x, my $y, AF_UNIX, SOCK_DGRAM, 0)) {{ push @all, $x, $y; ($n, @a) = ({sendmsg}, fileno $x, $m, 64); \
         for (1 .. 8) {{ last if syscall($n, @a) < 0; $s++ }} $r = $s == $l ? $r + 1 : 0; $l = $s; last if $r > 2 }} \
         open $o, \">\", \"/tmp/sent\"; print $o 250 * $s; close $o; sleep 1000"
    )
}

fn descriptors_on_their_way_keep_no_other_lab_down(on: On) {
    let lab = Lab::up(on, "ssh/slow-login");
    let user = lab.says("server", "awk '/^Uid/ { print $2 }' /proc/1/status");
    let send = sending(&user);
    lab.says("server", &format!("trap '' HUP; setsid perl -e '{send}' > /dev/null 2>&1 < /dev/null &"));
    until("all to be sent", || lab.shell("server", "test -s /tmp/sent").0 == Some(0));
    let sent: u64 = lab.says("server", "cat /tmp/sent").parse().unwrap();
    let limit: u64 = lab.says("server", "ulimit -Hn").parse().unwrap();
    assert!(sent > limit, "{sent} of {limit}");
    let other = Lab::up(on, "ssh/slow-login");
    other.says("client", "ping -c1 192.168.1.10");
    other.down();
    lab.down();
}

#[test]
fn file_watches_of_an_endpoint_are_not_counted_as_roots() {
    if !nix::unistd::geteuid().is_root() {
        // What an ordinary user's labs use up is the user's.
        return;
    }
    let lab = Lab::up(On::Native, "ssh/slow-login");
    let [init, number] = ["fs.inotify.max_user_instances".replace('.', "/"), libc::SYS_inotify_init1.to_string()];
    let most: usize = std::fs::read_to_string(format!("/proc/sys/{init}")).unwrap().trim().parse().unwrap();
    let watch = format!("$n = {number}; while (($f = syscall $n, 0) >= 0) {{ push @all, $f; last if @all > {most} }}");
    let tell = "open $o, \">\", \"/tmp/made\"; print $o scalar @all; close $o; sleep 1000";
    lab.says("server", &format!("trap '' HUP; setsid perl -e '{watch} {tell}' > /dev/null 2>&1 < /dev/null &"));
    until("all to be made", || lab.shell("server", "test -s /tmp/made").0 == Some(0));
    let made: usize = lab.says("server", "cat /tmp/made").parse().unwrap();
    assert!((1..=most).contains(&made), "{made} of {most}");
    // The machine's root still has its own.
    let own =
        std::process::Command::new("perl").args(["-e", &format!("$n = {number}; exit(syscall($n, 0) < 0)")]).status();
    assert!(own.unwrap().success());
    lab.down();
}
