//! Builds of the native backend that go wrong, are killed, meet each other, or find no room: what is said, and what stays.

use std::fs;
use std::os::unix::fs::chown;
use std::process::{Command, Stdio};

use crate::project::{Project, said};
use crate::small;
use crate::user::{On, text, until};

/// A project whose store has the small base, and this image.
fn project(dockerfile: &str) -> Project {
    let project = Project::new();
    load_base(&project);
    project.write("small/Dockerfile", &format!("ARG BASE\nFROM $BASE\n{dockerfile}"));
    project
}

fn load_base(project: &Project) {
    let archive = project.path().join("base.tar");
    small::base(&archive);
    project.images(On::Native, &["load", archive.to_str().unwrap()]);
}

fn making(project: &Project) -> usize {
    fs::read_dir(project.store().join("v1/making")).unwrap().count()
}

/// Whether a process on this machine has this word in its command line.
fn runs(word: &str) -> bool {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let mut commands = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    commands.any(|command| command.split(|byte| *byte == 0).any(|part| part == word.as_bytes()))
}

#[test]
fn a_line_that_is_not_supported_is_told_with_its_file_and_number() {
    let project = project("RUN true\nADD https://example.org/x /x\n");
    let said = project.refused(&["build"]);
    for part in ["containers/small", "Dockerfile line 4", "ADD is not supported", "use COPY"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains("step 1/"), "something was built first: {said}");
    assert_eq!(making(&project), 0);
}

#[test]
fn a_run_that_fails_is_told_with_its_status_and_its_last_lines() {
    let project =
        project("RUN for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo line $i; done; exit 7\n");
    let said = project.refused(&["build"]);
    for part in ["containers/small", "line 3", "exit status 7", "line 20", "line 6\n"] {
        assert!(said.contains(part), "no `{part}`: {said}");
    }
    assert!(!said.contains("line 5\n"), "{said}");
    assert_eq!(making(&project), 0);
    let list = project.images(On::Native, &["list", "--json"]);
    assert!(list.contains("\"size\": null"), "{list}");
}

#[test]
fn steps_do_what_they_do_on_docker_also_where_nothing_changes() {
    let project = project(
        "WORKDIR /a\nWORKDIR /a\nRUN true\nRUN true\nRUN rm -r /a && mkdir /d /d/sub\nRUN echo \"$FROM_THE_BASE\" > new\n\
         COPY file /d\nCOPY file /d/sub\nRUN rm -r /d/sub && mkdir /d/sub\nCOPY file /d/sub/other\n",
    );
    project.write("small/file", "content");
    let reference = project.images(On::Native, &["build"]).trim().to_owned();
    let look = "cd / && echo a/* d/* d/sub/* && read x < a/new && echo $x";
    let found = crate::tree::inside(On::Native, &project.store(), &reference, look);
    // A directory that was removed and made again shows nothing of what it was.
    assert_eq!(found, "a/new d/file d/sub d/sub/other\nseen\n");
}

#[test]
fn two_builds_at_once_build_once_and_both_succeed() {
    let project = project("RUN sleep 1 && echo done > /done\n");
    let start = || {
        let mut command = project.saiten(On::Native);
        command.args(["images", "build"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let builds = [start(), start()].map(|build| build.wait_with_output().unwrap());
    for build in &builds {
        assert!(build.status.success(), "{}", text(build));
    }
    assert_eq!(builds[0].stdout, builds[1].stdout);
    let built = builds.iter().filter(|build| text(build).contains("step 1/1")).count();
    assert_eq!(built, 1, "{}{}", text(&builds[0]), text(&builds[1]));
    assert_eq!(making(&project), 0);
}

#[test]
fn several_that_open_a_new_store_at_once_all_succeed() {
    for _ in 0..4 {
        let project = Project::new();
        let mut command = project.saiten(On::Native);
        command.args(["images", "list"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started: Vec<_> = (0..6).map(|_| command.spawn().unwrap()).collect();
        for started in started {
            let output = started.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", text(&output));
        }
    }
}

#[test]
fn a_build_that_is_killed_leaves_what_the_next_one_sweeps() {
    let word = format!("86400.{}", std::process::id());
    let project = project(&format!("RUN echo > /half && sleep {word}\n"));
    let mut build = project.saiten(On::Native).args(["images", "build"]).stderr(Stdio::null()).spawn().unwrap();
    until("the RUN", || runs(&word));
    assert_eq!(making(&project), 1);
    build.kill().unwrap();
    build.wait().unwrap();
    until("the RUN's end", || !runs(&word));
    let text = fs::read_to_string(project.path().join("containers/small/Dockerfile")).unwrap();
    project.write("small/Dockerfile", &text.replace("sleep", "true"));
    project.images(On::Native, &["build"]);
    assert_eq!(making(&project), 0);
}

#[test]
fn a_load_that_is_killed_leaves_what_the_next_one_sweeps() {
    let project = project("RUN true\n");
    // Many small files take a while.
    let entries = (0..60_000).map(|n| small::entry(tar::EntryType::Regular, &format!("d/{n}"), "", None, b""));
    let archive = project.path().join("many.tar");
    small::image(&archive, &[small::layer(entries)], &["many:1"]);
    let before = project.kept();
    let mut load = project.saiten(On::Native);
    let mut load = load.args(["images", "load", archive.to_str().unwrap()]).stdout(Stdio::null()).spawn().unwrap();
    until("the layer", || making(&project) > 1);
    load.kill().unwrap();
    load.wait().unwrap();
    project.images(On::Native, &["build"]);
    let built = |path: &std::path::PathBuf| !before.contains(path);
    let more: Vec<_> = project.kept().into_iter().filter(built).collect();
    assert!(
        more.iter().all(|path| ["layers", "steps", "images"].iter().any(|dir| path.parent().unwrap().ends_with(dir))),
        "{more:?}"
    );
    assert_eq!(more.len(), 3, "{more:?}");
}

#[test]
fn a_store_of_somebody_else_or_of_other_ids_is_not_touched() {
    if !nix::unistd::geteuid().is_root() {
        // Only root can give a directory away.
        return;
    }
    let project = project("RUN true\n");
    let store = project.store();
    chown(&store, Some(12_345), Some(12_345)).unwrap();
    let said = project.refused(&["build"]);
    assert!(said.contains("belongs to user 12345") && said.contains("SAITEN_STORE=DIR"), "{said}");
    chown(&store, Some(0), Some(0)).unwrap();
    fs::write(store.join("v1/ids"), "100000:100000 +65536").unwrap();
    let before = project.kept();
    let said = project.refused(&["build"]);
    for part in [store.to_str().unwrap(), "100000:100000 +65536", "/etc/subuid", "SAITEN_STORE=DIR"] {
        assert!(said.contains(part), "no `{part}`: {said}");
    }
    assert_eq!(project.kept(), before);
}

/// Works on a store on a file system of so many bytes beyond the program's own, and tells what stays in it.
const SMALL: &str = r#"
mount -t tmpfs -o size=$1,mode=700 none "$2" && shift && store=$1 && shift
"$@" || echo "status $?"
find "$store/v1" -mindepth 2 -maxdepth 2 ! -path '*/programs/*' ! -path '*/layers/places' -printf 'kept %P\n'
find "$store/v1" -maxdepth 1 -type f -printf 'kept %P\n'
"#;

#[test]
fn a_full_disk_is_said_so_and_leaves_no_half_image() {
    if !nix::unistd::geteuid().is_root() {
        // A file system of one's own takes root.
        return;
    }
    let project = Project::new();
    fs::create_dir(project.store()).unwrap();
    let program = fs::metadata(env!("CARGO_BIN_EXE_saiten")).unwrap().len();
    let content = vec![b'x'; 12 << 20];
    let entries = [small::entry(tar::EntryType::Regular, "large", "", None, &content)];
    let archive = project.path().join("large.tar");
    small::image(&archive, &[small::layer(entries)], &["large:1"]);
    // No room for the program; none for the archive; one for the archive, and none for its layer.
    for room in [1 << 20, program + (6 << 20), program + (18 << 20)] {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", SMALL, "sh", &room.to_string()]);
        command.arg(project.store()).arg(env!("CARGO_BIN_EXE_saiten")).arg("--root").arg(project.path());
        command
            .args(["images", "load"])
            .arg(&archive)
            .env("SAITEN_STORE", project.store())
            .env("SAITEN_BACKEND", "native");
        let output = command.output().unwrap();
        let said = text(&output);
        assert!(said.contains("status 3") && said.contains("No space left on device"), "{room}: {said}");
        let kept: Vec<&str> = said.lines().filter(|line| line.starts_with("kept")).collect();
        assert!(kept.iter().all(|line| ["kept ids", "kept lock"].contains(line)), "{room}: {said}");
    }
    assert_eq!(said(Command::new("ls").arg("-A").arg(project.store())), "");
}
