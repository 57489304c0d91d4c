//! Machines that give less, or more, than this one: confined namespaces, read-only control groups, groups for ordinary users;
//! and that a student's root is held there as well when the lab is an ordinary user's.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ordinary::{doctor, probe, stopped, with_images};
use crate::person::Person;
use crate::project::Project;
use crate::user::text;

/// What an endpoint of an ordinary user is attacked with: what root's endpoints are, where it does not take root to look.
const ATTACKS: &[&str] = &[
    "attacks::native::root_reaches_neither_the_helper_nor_the_machine",
    "attacks::native::the_helpers_own_user_ids_are_no_way_to_it",
    "attacks::native::signals_and_a_pulled_cable_leave_the_lab_alone",
    "attacks::native::a_student_has_the_rights_of_an_endpoint_and_no_more",
    "attacks::native::no_descriptor_leaks_into_what_an_endpoint_starts",
    "limits::native::processes_end_with_the_endpoints_own_whatever_their_user",
    "limits::a_full_disk_is_an_error_and_ends_no_daemon",
    "killed::a_path_of_the_machine_leads_nowhere_in_an_endpoint",
    "killed::processes_are_who_they_should_be",
    "killed::nothing_outlives_a_killed_harness",
    "killed::no_endpoint_outlives_a_killed_zygote_and_the_harness_tells_it",
    "killed::nothing_outlives_harness_and_zygote_killed_at_once",
];

/// What the groups that root gives add to that.
const LIMITS: &[&str] = &[
    "limits::native::memory_ends_with_the_endpoints_own",
    "limits::native::processes_end_with_the_endpoints_own_whatever_their_user",
];

/// Groups of version 1 that stand for the roots of their hierarchies; removed with the test.
struct Groups(Vec<PathBuf>);

impl Groups {
    const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];

    /// None where the controllers are not in version 1.
    fn new() -> Option<Self> {
        let tops = Self::CONTROLLERS.map(|controller| Path::new("/sys/fs/cgroup").join(controller));
        if !Person::can_be_changed() || !tops.iter().all(|top| top.join("cgroup.procs").exists()) {
            return None;
        }
        let own = tops.map(|top| top.join(format!("test-{}", std::process::id())));
        own.iter().for_each(|group| std::fs::create_dir(group).unwrap());
        Some(Groups(own.into()))
    }

    /// Shell lines that show them, and nothing else, to the user.
    fn shown(&self) -> String {
        let bind = |(group, controller): (&PathBuf, &str)| {
            format!("mount --bind {} /sys/fs/cgroup/{controller}\n", group.display())
        };
        self.0.iter().zip(Self::CONTROLLERS).map(bind).collect()
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in &self.0 {
            for below in std::fs::read_dir(group).into_iter().flatten().flatten() {
                // Files go with their directory.
                let _ = std::fs::remove_dir(below.path());
            }
            std::fs::remove_dir(group).unwrap();
        }
    }
}

/// Tests that an ordinary user carries out must all pass.
fn pass(person: &Person, change: &str, names: &[&str]) {
    let output = person.tests(change, names).output().unwrap();
    let all = format!("test result: ok. {} passed", names.len());
    assert!(text(&output).contains(&all), "{}", text(&output));
}

#[test]
fn a_student_gets_no_further_in_the_lab_of_an_ordinary_user() {
    let paths = ["scenarios/ssh/slow-login", "containers/sshd", "containers/ssh-client"];
    let person = with_images("", &paths);
    pass(&person, "", ATTACKS);
    let Some(groups) = Groups::new() else { return };
    // The command that doctor proposes, as root carries it out for the user.
    let (_, found) = doctor(&mut person.saiten(&groups.shown()));
    let probes = found["native"].as_array().unwrap();
    let missing: Vec<&str> = probes.iter().filter_map(|probe| probe["cure"].as_str()).collect();
    let cure =
        missing.iter().find_map(|cure| cure.strip_prefix("sudo install -d ")).unwrap_or_else(|| panic!("{found}"));
    let change = format!("{}USER=labuser; install -d {cure}\n", groups.shown());
    let (_, found) = doctor(&mut person.saiten(&change));
    assert!(probe(&found, "limits").1.contains("cgroup v1"), "{found}");
    assert!(!found["facts"].to_string().contains("not limited"), "{found}");
    pass(&person, &change, LIMITS);
}

#[test]
fn control_groups_that_are_read_only_are_told_once_and_labs_run_without() {
    if !Person::can_be_changed() {
        return;
    }
    let project = Project::new();
    let shut = "awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts | while read -r at; do mount -o remount,bind,ro \"$at\"; done\nexec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", shut, "sh"]).arg(env!("CARGO_BIN_EXE_saiten"));
    command.env("SAITEN_STORE", project.store()).env("SAITEN_BACKEND", "native").arg("--root").arg(project.path());
    let (status, found) = doctor(&mut command);
    assert_eq!((status, probe(&found, "endpoint").0.as_str()), (Some(0), "good"), "{found}");
    let probes = found["native"].as_array().unwrap();
    let less: Vec<_> = probes.iter().filter(|probe| probe["outcome"] == "less").collect();
    assert_eq!(
        (less.len(), &less[0]["found"]["args"]["what"]),
        (1, &"memory, processes, processor time".into()),
        "{found}"
    );
    let cure = less[0]["cure"].as_str().unwrap();
    assert!(cure.contains("sudo mount -o remount,rw /sys/fs/cgroup") || cure.contains("--privileged"), "{cure}");
    let fact = |name: &str| found["facts"].as_array().unwrap().iter().find(|fact| fact[0] == name).cloned();
    assert_eq!(fact("not limited").unwrap()[1], "memory, processes, processor time");
}

/// As AppArmor does it on Ubuntu: the user namespace is made, and what a process in it then wants is refused. A system call
/// filter stands for the profile, and a directory of ours for the kernel's switches.
const CONFINED: &str = r#"
mkdir "$memory/kernel" "$memory/kernel/seccomp"
echo 1 > "$memory/kernel/apparmor_restrict_unprivileged_userns"
cat /proc/sys/kernel/seccomp/actions_avail > "$memory/kernel/seccomp/actions_avail"
mount --bind "$memory/kernel" /proc/sys/kernel
enter() { exec perl -e '
  my ($unshare, $prctl, $mount_namespace) = (splice(@ARGV, 0, 2), 0x20000);
  my @filter = ([0x20, 0, 0, 0], [0x15, 0, 3, $unshare], [0x20, 0, 0, 16], [0x45, 0, 1, $mount_namespace],
    [0x06, 0, 0, 0x00050001], [0x06, 0, 0, 0x7fff0000]);
  my $code = join "", map { pack "SCCL", @$_ } @filter;
  my $program = pack "S x6 P", scalar @filter, $code;
  syscall($prctl, 22, 2, $program, 0, 0) == 0 or die "filter: $!";
  exec @ARGV' UNSHARE PRCTL "$@"; }
"#;

#[test]
fn where_namespaces_are_confined_the_profile_that_frees_saiten_is_said() {
    if !Person::can_be_changed() {
        return;
    }
    let person = Person::new();
    let numbers = [("UNSHARE", libc::SYS_unshare), ("PRCTL", libc::SYS_prctl)];
    let change = numbers.iter().fold(CONFINED.to_owned(), |text, (name, n)| text.replace(name, &n.to_string()));
    let reason = stopped(&person, &change);
    assert!(
        reason.contains("a mount namespace") && reason.contains("sudo apparmor_parser -r /etc/apparmor.d/saiten"),
        "{reason}"
    );
    let program = person.project.path().join("saiten");
    assert!(reason.contains(&format!("profile saiten {} flags=(unconfined)", program.display())), "{reason}");
}
