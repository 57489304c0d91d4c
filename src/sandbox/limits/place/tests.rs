//! Where groups are found on the kinds of hosts there are.

use super::*;

/// Version 1 for some controllers, each mounted by itself, beside a version 2 without any.
const HYBRID: (&str, &str) = (
    "9:name=systemd:/\n8:pids:/\n7:blkio:/\n5:devices:/\n4:memory:/process/e95452bc\n\
     3:cpuset:/\n2:cpuacct:/\n1:cpu:/\n0::/\n",
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n\
     27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n\
     31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
     32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
     33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n\
     34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n\
     35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
     39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
     40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n\
     41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
);

/// The mounts of a host whose systemd uses version 2 only.
const UNIFIED_MOUNTS: &str = "\
    24 30 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw\n\
    30 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n\
    29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 \
    rw,nsdelegate,memory_recursiveprot\n";

/// A container on a host of version 1: the mounts show the container's own groups.
const CONTAINER_V1: (&str, &str) = (
    "12:pids:/docker/c0ffee\n7:cpu,cpuacct:/docker/c0ffee\n5:memory:/docker/c0ffee\n0::/\n",
    "800 799 0:60 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755\n\
     801 800 0:30 /docker/c0ffee /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:14 - cgroup cgroup rw,cpu,cpuacct\n\
     802 800 0:33 /docker/c0ffee /sys/fs/cgroup/memory ro,nosuid master:17 - cgroup cgroup rw,memory\n",
);

fn at(top: &str, own: &str) -> Hierarchy {
    Hierarchy { top: top.into(), own: own.into() }
}

#[test]
fn mixed_hosts_limit_by_version_1() {
    let wanted = Place::V1(BTreeMap::from([
        (Resource::Memory, at("/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/process/e95452bc")),
        (Resource::Processes, at("/sys/fs/cgroup/pids", "/sys/fs/cgroup/pids")),
        (Resource::Processor, at("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu")),
    ]));
    assert_eq!(Place::parse(HYBRID.0, HYBRID.1), wanted);
}

#[test]
fn hosts_of_version_2_have_one_hierarchy_for_root_and_users() {
    let scope = "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r3fb1.scope";
    for group in ["/user.slice/user-0.slice/session-3.scope", scope] {
        let wanted = Place::V2(at("/sys/fs/cgroup", &format!("/sys/fs/cgroup{group}")));
        assert_eq!(Place::parse(&format!("0::{group}\n"), UNIFIED_MOUNTS), wanted);
    }
}

#[test]
fn named_hierarchies_of_version_1_limit_nothing() {
    let place = Place::parse("1:name=systemd:/init.scope\n0::/init.scope\n", UNIFIED_MOUNTS);
    assert_eq!(place, Place::V2(at("/sys/fs/cgroup", "/sys/fs/cgroup/init.scope")));
}

#[test]
fn containers_see_their_group_as_the_root_and_may_lack_a_controller() {
    let wanted = Place::V1(BTreeMap::from([
        (Resource::Memory, at("/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory")),
        (Resource::Processor, at("/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct")),
    ]));
    assert_eq!(Place::parse(CONTAINER_V1.0, CONTAINER_V1.1), wanted);
}

#[test]
fn containers_of_version_2_have_a_namespace_of_their_own() {
    let mounts = "700 690 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n";
    assert_eq!(Place::parse("0::/\n", mounts), Place::V2(at("/sys/fs/cgroup", "/sys/fs/cgroup")));
}

#[test]
fn a_group_outside_of_what_is_mounted_is_stood_for_by_the_root() {
    for group in ["/../../other.scope", "/elsewhere", "/a/../b"] {
        let mounts = "700 690 0:26 /a /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
        let wanted = Place::V2(at("/sys/fs/cgroup", "/sys/fs/cgroup"));
        assert_eq!(Place::parse(&format!("0::{group}\n"), mounts), wanted, "{group}");
    }
}

#[test]
fn of_several_mounts_the_last_that_shows_the_group_counts() {
    let mounts = "1 0 0:26 / /first rw - cgroup2 a rw\n2 0 0:26 / /second rw - cgroup2 b rw\n\
                  3 0 0:26 /other /third rw - cgroup2 c rw\n";
    assert_eq!(Place::parse("0::/x\n", mounts), Place::V2(at("/second", "/second/x")));
}

#[test]
fn escaped_characters_of_paths_are_restored() {
    let mounts = "1 0 0:26 / /my\\040groups\\134 rw - cgroup2 a rw\n";
    assert_eq!(Place::parse("0::/x\n", mounts), Place::V2(at("/my groups\\", "/my groups\\/x")));
}

#[test]
fn without_a_mount_there_is_no_place() {
    for (cgroup, mountinfo) in [("0::/\n", ""), ("", UNIFIED_MOUNTS), ("garbage\n::\n", "- - -\n1 2 - cgroup2\n")] {
        assert_eq!(Place::parse(cgroup, mountinfo), Place::Nowhere, "{cgroup:?} {mountinfo:?}");
    }
    assert_eq!(Place::parse("4:memory:/\n", ""), Place::V1(BTreeMap::new()));
}
