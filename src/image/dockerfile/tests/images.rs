//! Saiten's own Dockerfiles.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::image::context::{ContextFile, copied};

fn images() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("containers")
}

/// The names of all images, and what their Dockerfiles ask for on a base.
fn recipes() -> BTreeMap<String, Recipe> {
    let recipe = |dir: PathBuf| {
        let text = fs::read_to_string(dir.join("Dockerfile")).unwrap();
        let recipe = read(&text, &arguments(&[("BASE", "saiten/base:bookworm")]));
        let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
        (name, recipe.unwrap_or_else(|err| panic!("{}: {err}", dir.display())))
    };
    let dirs = fs::read_dir(images()).unwrap().map(|entry| entry.unwrap().path());
    dirs.filter(|dir| dir.join("Dockerfile").is_file()).map(recipe).collect()
}

/// A step in a line: the copied files, or the ends of the command.
fn summary(step: &Step) -> String {
    match &step.action {
        Action::Run { command, env, workdir } => {
            assert_eq!(
                (&command[..2], env.len(), workdir.as_str()),
                (&["/bin/sh", "-c"].map(str::to_owned)[..], 0, "/")
            );
            let words: Vec<&str> = command[2].split_whitespace().collect();
            format!("run {} {} .. {}", words[0], words[1], words[words.len() - 1])
        }
        Action::Copy { sources, destination } => format!("copy {} to {destination}", sources.join(" ")),
        Action::Workdir(path) => format!("workdir {path}"),
    }
}

#[test]
fn every_dockerfile_is_understood_as_it_is_meant() {
    let recipes = recipes();
    for (name, expected) in [
        (
            "dnsmasq",
            &[
                "run export DEBIAN_FRONTEND=noninteractive .. /etc/gshadow-",
                "copy dnsmasq.conf to /etc/dnsmasq.conf",
                "copy dnsmasq.service to /lib/systemd/system/dnsmasq.service",
                "copy systemctl to /usr/bin/systemctl",
                "run mkdir -p .. /usr/bin/systemctl",
            ][..],
        ),
        ("iperf", &["run export DEBIAN_FRONTEND=noninteractive .. /var/log/*"]),
        ("ssh-client", &["run export DEBIAN_FRONTEND=noninteractive .. /etc/gshadow-"]),
        (
            "sshd",
            &[
                "run export DEBIAN_FRONTEND=noninteractive .. /run/adduser",
                "copy sshd_config to /etc/ssh/sshd_config",
                "copy sshd_config to /usr/share/saiten/sshd_config.centos7",
                "copy defaults.conf to /usr/share/saiten/sshd_defaults.conf",
                "copy sshd to /usr/sbin/sshd",
                "copy host-key to /usr/lib/saiten/host-key",
                "copy host-key.conf to /etc/systemd/system/ssh.service.d/host-key.conf",
                "copy systemctl to /usr/bin/systemctl",
                "run mkdir -p .. /etc/systemd/system/ssh.service.d/host-key.conf",
            ],
        ),
    ] {
        let recipe = &recipes[name];
        assert_eq!(recipe.from, "saiten/base:bookworm", "{name}");
        let steps: Vec<String> = recipe.steps.iter().map(summary).collect();
        assert_eq!(steps, expected, "{name}");
    }
}

#[test]
fn a_long_run_reaches_the_shell_without_its_comments() {
    let Action::Run { command, .. } = &recipes()["sshd"].steps[0].action else { panic!("no RUN") };
    assert!(command[2].starts_with("export DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1700000000  && apt-get"));
    assert!(command[2].contains("useradd --create-home --shell /bin/bash --password '*' $user && install"));
    assert!(!command[2].contains(['#', '\n', '\\']), "{}", command[2]);
}

#[test]
fn every_copied_file_is_there() {
    for (name, recipe) in recipes() {
        let read = |entry: fs::DirEntry| {
            let content = fs::read(entry.path()).unwrap();
            ContextFile { path: entry.file_name().into(), mode: 0o644, content }
        };
        let files: Vec<_> = fs::read_dir(images().join(&name)).unwrap().map(|entry| read(entry.unwrap())).collect();
        for step in recipe.steps {
            if let Action::Copy { sources, destination } = step.action {
                copied(&files, &sources, &destination).unwrap_or_else(|err| panic!("{name}, {}: {err}", step.text));
            }
        }
    }
}
