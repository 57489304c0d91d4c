//! The program as a process.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::super::command::{VBoxManage, word};
use super::super::{Manage, TroubleKind};
use crate::wording::Lang;

struct Script {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn script(body: &str) -> Script {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("VBox Manage");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Script { _dir: dir, path }
}

#[tokio::test]
async fn arguments_arrive_as_they_are_and_output_comes_back_in_text() {
    let program =
        script(r#"printf '\357\273\277'; for word; do printf '<%s>\r\n' "$word"; done; echo "$LC_ALL" >&2; exit 7"#);
    let manage = VBoxManage::new(program.path.clone());
    let words = ["-x", "a b", "\"q\" 'r' \\", "$HOME `id` *", "蟹", ""];
    let said = manage.call(&words).await.unwrap();
    let wanted: String = words.iter().map(|word| format!("<{word}>\n")).collect();
    assert_eq!((said.out, said.err.as_str(), said.status), (wanted, "C.UTF-8\n", 7));
    let program = script("kill -9 $$");
    assert_eq!(VBoxManage::new(program.path.clone()).call(&[]).await.unwrap().status, 137);
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_and_one_that_floods_is_not_read() {
    let program = script("exec sleep 60");
    let began = Instant::now();
    let slow = VBoxManage::new(program.path.clone()).within(Duration::from_millis(300)).call(&["list", "vms"]).await;
    let said = slow.unwrap_err().phrase.say(Lang::En);
    assert!(began.elapsed() < Duration::from_secs(20) && said.contains("list vms"), "{said}");
    let program = script("exec yes");
    let flood = VBoxManage::new(program.path.clone()).call(&["list", "vms"]).await.unwrap_err();
    assert!(flood.phrase.say(Lang::En).contains("too much output"));
}

#[tokio::test]
async fn a_service_that_keeps_the_streams_open_holds_nothing_up() {
    let program = script("echo done; sleep 30 & exit 0");
    let began = Instant::now();
    let said = VBoxManage::new(program.path.clone()).call(&[]).await.unwrap();
    assert_eq!((said.out.as_str(), said.status), ("done\n", 0));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let none = VBoxManage::new("/nowhere/VBoxManage".into()).call(&[]).await.unwrap_err();
    assert_eq!(none.kind, TroubleKind::Asked);
    assert!(none.phrase.say(Lang::En).contains("/nowhere/VBoxManage"));
}

#[test]
fn what_is_shown_can_be_typed() {
    let words = ["plain", "", "a b", "it's", "$(x)", "蟹", "-x", "a\nb", "~", "#"];
    let line: Vec<String> = words.iter().map(|text| word(text)).collect();
    let shell = format!("for word in {}; do printf '<%s>' \"$word\"; done", line.join(" "));
    let output = std::process::Command::new("sh").args(["-c", &shell]).output().unwrap();
    let wanted: String = words.iter().map(|word| format!("<{word}>")).collect();
    assert_eq!(String::from_utf8_lossy(&output.stdout), wanted);
    let manage = VBoxManage::new("/opt/VirtualBox/VBoxManage".into());
    assert_eq!(manage.typed(&["controlvm", "a b"]), "/opt/VirtualBox/VBoxManage controlvm 'a b'");
}
