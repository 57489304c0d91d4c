//! Descriptors with their files beside them, and the command itself.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use saiten::appliance::{Limits, open};
use tempfile::TempDir;

use super::export::{BRIDGE, Export, Maker, NAT, nic};

/// A directory with the files of an export, and the descriptor's path.
fn unpacked(export: &Export) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in export.files() {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let descriptor = dir.path().join(format!("{}.ovf", export.name));
    (dir, descriptor)
}

fn found(path: &Path) -> String {
    match open(path, &Limits::default()) {
        Ok(report) => {
            let ids: Vec<String> = report.findings.into_iter().map(|finding| finding.what.id).collect();
            ids.join(" ")
        }
        Err(refusal) => refusal.0.id,
    }
}

#[test]
fn the_files_beside_a_descriptor_are_looked_at() {
    let export = Export::new(Maker::Ovftool, &[nic(0, "nat")]);
    let (dir, descriptor) = unpacked(&export);
    fs::write(dir.path().join("unrelated.txt"), "not of the appliance").unwrap();
    assert_eq!(found(&descriptor), "");
    let disk = dir.path().join(export.disk_name());
    fs::write(&disk, &export.disk[1..]).unwrap();
    assert_eq!(found(&descriptor), "appliance-file-size appliance-digest-differs");
    fs::remove_file(&disk).unwrap();
    assert_eq!(found(&descriptor), "appliance-file-missing");
    fs::create_dir(&disk).unwrap();
    assert_eq!(found(&descriptor), "appliance-file-no-file");
    fs::remove_file(dir.path().join("cent7.mf")).unwrap();
    assert_eq!(found(&descriptor), "appliance-file-no-file appliance-no-manifest");
}

#[test]
fn links_and_pipes_are_not_followed() {
    let export = Export::new(Maker::Ovftool, &[nic(0, "nat")]);
    let (dir, descriptor) = unpacked(&export);
    let disk = dir.path().join(export.disk_name());
    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(&disk, elsewhere.path().join("disk")).unwrap();
    symlink(elsewhere.path().join("disk"), &disk).unwrap();
    assert_eq!(found(&descriptor), "appliance-file-no-file");
    fs::remove_file(&disk).unwrap();
    nix::unistd::mkfifo(&disk, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(found(&descriptor), "appliance-file-no-file");
    assert_eq!(found(&disk), "appliance-refused-no-file");
    // A directory on the way that is a link.
    let text = export.descriptor().replace(&export.disk_name(), "sub/disk");
    fs::write(&descriptor, &text).unwrap();
    fs::remove_file(dir.path().join("cent7.mf")).unwrap();
    symlink(elsewhere.path(), dir.path().join("sub")).unwrap();
    assert_eq!(found(&descriptor), "appliance-file-no-file appliance-no-manifest");
    fs::remove_file(dir.path().join("sub")).unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::rename(elsewhere.path().join("disk"), dir.path().join("sub/disk")).unwrap();
    assert_eq!(found(&descriptor), "appliance-no-manifest");
    for href in ["../secret", "/etc/passwd", "..%2f..%2fetc%2fpasswd", r"..\secret", "a/../../b"] {
        fs::write(&descriptor, export.descriptor().replace(&export.disk_name(), href)).unwrap();
        assert_eq!(found(&descriptor), "appliance-refused-name", "{href}");
    }
}

fn saiten(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
    command.args(arguments).env("LANG", "C").env_remove("LC_ALL").env_remove("LC_MESSAGES").output().unwrap()
}

#[test]
fn the_exit_status_says_fit_unfit_or_unreadable() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = path("good.ova", &Export::new(Maker::VirtualBox7, &[nic(0, NAT)]).ova());
    let bad = path("bad.ova", &Export::new(Maker::VirtualBox7, &[nic(0, BRIDGE)]).ova());
    let none = path("none.ova", b"\x1f\x8b\x08\x00");
    let nowhere = dir.path().join("nowhere.ova").to_str().unwrap().to_owned();
    for (file, status) in [(&good, 0), (&bad, 1), (&none, 2), (&nowhere, 2)] {
        let output = saiten(&["check-appliance", file]);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
    }
    let japanese = saiten(&["check-appliance", &none, "--lang", "ja"]);
    let said = String::from_utf8_lossy(&japanese.stderr).into_owned();
    assert!(
        said.starts_with("エラー: ")
            && said.ends_with(
                "none.ova: gzip形式のファイルです。.ovaは圧縮されていないtarアーカイブです。先に展開してください\n"
            ),
        "{said}"
    );
    let json: serde_json::Value = serde_json::from_slice(&saiten(&["check-appliance", "--json", &bad]).stdout).unwrap();
    assert_eq!((&json["fit"], &json["findings"][0]["id"]), (&false.into(), &"appliance-bridged".into()));
    assert_eq!(saiten(&["check-appliance", &good, "--most", "0"]).status.code(), Some(2));
    assert!(saiten(&["check-appliance"]).status.code() == Some(2));
}
