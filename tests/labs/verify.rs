//! Images that somebody made for the lesson: one that is fit, and one for each way in which it is not.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::user::{On, machines, on_docker, on_native, saiten, text, variant};

on_native!(
    every_way_in_which_an_image_breaks_is_named,
    a_look_at_an_image_runs_no_lab,
    what_is_no_image_is_the_users_affair,
);
on_docker!(an_engines_image_is_verified_on_each_backend);

/// The course's own server, as `saiten images save` writes it, to make others of.
struct Course {
    dir: tempfile::TempDir,
    layers: Vec<(String, Vec<u8>)>,
    config: Value,
}

/// What a layer does.
enum Part<'a> {
    File(&'a str, &'a str, u32),
    Gone(&'a str),
    Link(&'a str, &'a str),
}

use Part::{Gone, Link};

const CONFIG: &str = "etc/ssh/sshd_config";

fn config(content: &str) -> Part<'_> {
    Part::File(CONFIG, content, 0o600)
}

impl Course {
    fn saved(on: On) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("course.tar");
        for arguments in [vec!["images", "build", "sshd"], vec!["images", "save", file.to_str().unwrap(), "sshd"]] {
            let said = saiten(on, dir.path()).args(arguments).output().unwrap();
            assert!(said.status.success(), "{}", text(&said));
        }
        let mut members = Vec::new();
        for entry in tar::Archive::new(File::open(&file).unwrap()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let (name, mut content) = (entry.path().unwrap().to_string_lossy().into_owned(), Vec::new());
            entry.read_to_end(&mut content).unwrap();
            members.push((name, content));
        }
        let mut member = |name: &str| {
            let at = members.iter().position(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}"));
            members.swap_remove(at).1
        };
        let manifest: Value = serde_json::from_slice(&member("manifest.json")).unwrap();
        let config = serde_json::from_slice(&member(manifest[0]["Config"].as_str().unwrap())).unwrap();
        let names = manifest[0]["Layers"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        let mut layers: Vec<(String, Vec<u8>)> = Vec::new();
        for name in names {
            // A layer without content may be there twice; its second mention holds the same bytes.
            let known = layers.iter().find(|(known, _)| *known == name).map(|(_, content)| content.clone());
            let content = known.unwrap_or_else(|| member(&name));
            layers.push((name, content));
        }
        Course { dir, layers, config }
    }

    /// Another image: one layer more, and maybe another configuration, architecture, or nothing of the course's below.
    fn make(&self, name: &str, parts: &[Part<'_>], change: impl FnOnce(&mut Value), below: bool) -> PathBuf {
        let top = layer(parts);
        let mut config = self.config.clone();
        let digest: String = Sha256::digest(&top).iter().map(|byte| format!("{byte:02x}")).collect();
        let diff_ids = config["rootfs"]["diff_ids"].as_array_mut().unwrap();
        if !below {
            diff_ids.clear();
        }
        diff_ids.push(json!(format!("sha256:{digest}")));
        change(&mut config);
        let mut names: Vec<&str> = Vec::new();
        let path = self.dir.path().join(format!("{name}.tar"));
        let mut archive = tar::Builder::new(File::create(&path).unwrap());
        for (name, content) in self.layers.iter().filter(|_| below) {
            if !names.contains(&name.as_str()) {
                append(&mut archive, name, content);
            }
            names.push(name);
        }
        names.push("top.tar");
        append(&mut archive, "top.tar", &top);
        append(&mut archive, "c.json", &serde_json::to_vec(&config).unwrap());
        let manifest = json!([{ "Config": "c.json", "RepoTags": [format!("{name}:1")], "Layers": names }]);
        append(&mut archive, "manifest.json", &serde_json::to_vec(&manifest).unwrap());
        archive.into_inner().unwrap();
        path
    }

    fn plain(&self, name: &str, parts: &[Part<'_>]) -> PathBuf {
        self.make(name, parts, |_| {}, true)
    }
}

fn append(archive: &mut tar::Builder<File>, name: &str, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    archive.append_data(&mut header, name, content).unwrap();
}

fn layer(parts: &[Part<'_>]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for part in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        match part {
            Part::File(path, content, mode) => {
                header.set_size(content.len() as u64);
                header.set_mode(*mode);
                archive.append_data(&mut header, path, content.as_bytes()).unwrap();
            }
            Gone(path) => {
                let (dir, name) = path.rsplit_once('/').unwrap();
                archive.append_data(&mut header, format!("{dir}/.wh.{name}"), std::io::empty()).unwrap();
            }
            Link(path, to) => {
                header.set_entry_type(tar::EntryType::Symlink);
                archive.append_link(&mut header, path, to).unwrap();
            }
        }
    }
    archive.into_inner().unwrap()
}

/// The lesson with short waits: what is tested is what is said of images, not how long they may take.
fn lesson(dir: &Path) -> String {
    let limits = "\n[limits]\nready = \"3s\"\n\n[[checks]]\nname = \"login-is-quick\"";
    variant(
        dir,
        "ssh/slow-login",
        "lesson",
        &[
            ("samples = 3\nsamples_most = 9", "samples = 1\nsamples_most = 3\nlimit = \"15s\""),
            ("\n[[checks]]\nname = \"login-is-quick\"", limits),
        ],
    )
}

struct Verified {
    status: Option<i32>,
    said: String,
    out: PathBuf,
}

fn verify(on: On, dir: &Path, more: &[&str], images: &[String]) -> Verified {
    let out = dir.join("report");
    let mut command = saiten(on, dir);
    command.arg("verify").arg(lesson(dir)).args(more).arg("--out").arg(&out);
    for image in images {
        command.arg("--image").arg(format!("server={image}"));
    }
    let output = command.output().unwrap();
    Verified { status: output.status.code(), said: text(&output), out }
}

/// The answer about the only machine of a report, and its reasons.
pub fn answer(report: &Path) -> (String, Vec<String>, Value) {
    let results = std::fs::read(report.join("results.json")).unwrap_or_else(|_| panic!("no {}", report.display()));
    let results: Value = serde_json::from_slice(&results).unwrap();
    let part = &results["scenarios"][0]["fitness"];
    let reasons = part["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap().to_owned());
    (part["fitness"].as_str().unwrap().to_owned(), reasons.collect(), results)
}

/// As Debian ships it, with the entrypoint that containers of it have: no key, no users, no `sshd` but as an alias.
fn stock(set_up: &str) -> [Part<'_>; 6] {
    [
        Link("usr/sbin/sshd", "/usr/lib/saiten/sshd"),
        Part::File("usr/bin/systemctl", "#!/bin/sh\necho not booted with systemd; exit 1\n", 0o755),
        Gone("etc/systemd/system/sshd.service"),
        Gone("etc/systemd/system/ssh.service.d"),
        Part::File("etc/passwd", "root:x:0:0::/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\n", 0o644),
        Part::File("set-up", set_up, 0o755),
    ]
}

/// Each broken image, with what its first reason must say.
fn broken(course: &Course, shipped: &str) -> Vec<(PathBuf, &'static str)> {
    let says_no = shipped.replace("GSSAPIAuthentication yes", "GSSAPIAuthentication no");
    let with = |line: &str| format!("{line}\n{shipped}");
    let behind = |line: &str| format!("{shipped}{line}");
    let set_up = |script: &str| format!("#!/bin/sh\n{script}\n");
    let starts =
        |config: &mut Value| config["config"] = json!({ "Entrypoint": ["/set-up"], "Cmd": ["/usr/sbin/sshd", "-D"] });
    let crash = set_up("echo no licence >&2; exit 3");
    let stock_set_up = set_up("ssh-keygen -A && mkdir -p /run/sshd && exec \"$@\"");
    let unit = "usr/lib/systemd/system/ssh.service";
    vec![
        (
            course.make("stock", &stock(&stock_set_up), starts, true),
            "\"The server does not look names up during a login\" holds before",
        ),
        (course.plain("says-no", &[config(&says_no)]), "this machine says `GSSAPIAuthentication no` there (line "),
        (course.plain("no-config", &[Gone(CONFIG)]), "finds nothing like it"),
        (course.plain("no-sed", &[Gone("usr/bin/sed")]), "needs `sed`, which server does not have"),
        (course.plain("full", &[Link("etc/ssh/sshd_config.old", "/dev/full")]), "cannot write on server"),
        (course.plain("refused", &[config(&behind("Bogus yes\n"))]), "Bad configuration option: Bogus"),
        (course.plain("port", &[config(&with("Port 2222"))]), "nothing listens on port 22; something listens on 2222"),
        (course.plain("no-unit", &[Gone(unit), Gone("etc/systemd/system/sshd.service")]), "does not have the service"),
        (
            course.plain("nobody", &[config(&with("AllowUsers root"))]),
            "nobody can use the service, even before any fix",
        ),
        (course.make("nothing", &[Part::File("hi", "", 0o644)], |_| {}, false), "has no shell"),
        (
            course.plain("shell", &[Part::File("usr/bin/sh", "#!/no/such\n", 0o755)]),
            "the shell of server cannot be started",
        ),
        (course.make("arm", &[], |config| config["architecture"] = json!("arm64"), true), "is made for arm64"),
        (
            course.make("crash", &[Part::File("set-up", &crash, 0o755)], starts, true),
            "ends on server with status 3: no licence",
        ),
        (
            course.plain("first", &[config(&with("UseDNS yes"))]),
            "edits its file, but the service's settings stay as they are",
        ),
        (
            course.plain("match", &[config(&behind("Match User nobody\n"))]),
            "so its service does not take the edited file",
        ),
        (
            course.plain(
                "no-home",
                &[Link("home", "/dev/null"), Part::File("etc/passwd", "root:x:0:0::/:/bin/sh\n", 0o644)],
            ),
            "lacks what it takes to add the lesson's users",
        ),
    ]
}

fn every_way_in_which_an_image_breaks_is_named(on: On) {
    let course = Course::saved(on);
    let shipped =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("containers/sshd/sshd_config")).unwrap();
    let mut all = broken(&course, &shipped);
    // Fit, although it lacks the lesson's users, and starts something by itself as one who is not root.
    let users = "root:x:0:0::/root:/bin/bash\nsshd:x:100:65534::/run/sshd:/bin/false\napp:x:7:7::/:/bin/sh\n";
    let set_up = "#!/bin/sh\nid > /tmp/who\nexec \"$@\"\n";
    let parts = [Part::File("etc/passwd", users, 0o644), Part::File("set-up", set_up, 0o755)];
    let starts = |config: &mut Value| {
        config["config"] = json!({ "Entrypoint": ["/set-up"], "Cmd": ["sleep", "100"], "User": "app" })
    };
    let fit = course.make("fit", &parts, starts, true);
    all.push((fit, ""));
    let images: Vec<String> = all.iter().map(|(path, _)| path.display().to_string()).collect();
    let verified = verify(on, course.dir.path(), &[], &images);
    assert_eq!(verified.status, Some(1), "{}", verified.said);
    let mut reports: Vec<PathBuf> =
        std::fs::read_dir(&verified.out).unwrap().flatten().map(|entry| entry.path()).collect();
    reports.retain(|path| path.is_dir());
    let number = |path: &PathBuf| {
        path.file_name().unwrap().to_string_lossy().split('-').next().unwrap().parse::<usize>().unwrap()
    };
    reports.sort_by_key(number);
    assert_eq!(reports.len(), all.len());
    for ((path, wanted), report) in all.iter().zip(&reports) {
        let (fitness, reasons, results) = answer(report);
        let told = format!("{}: {fitness} {reasons:#?}", path.display());
        if wanted.is_empty() {
            assert_eq!((fitness.as_str(), reasons.len()), ("fit", 0), "{told}");
            let facts = &results["scenarios"][0]["fitness"]["subjects"][0]["facts"];
            assert!(
                facts["os"].as_str().unwrap().contains("Debian")
                    && facts["no_users"].as_str().unwrap().contains("heidi"),
                "{facts}"
            );
            continue;
        }
        assert_eq!(fitness, "not_fit", "{told}");
        assert!(reasons[0].contains(wanted), "{told}");
        assert_eq!(
            reasons.iter().filter(|reason| reason.contains("unfit-") || reason.contains("{$")).count(),
            0,
            "{told}"
        );
    }
    let run = answer(&reports[0]).2["run"]["id"].as_str().unwrap().to_owned();
    assert_eq!(machines(on, &run), Vec::<String>::new());
}

fn a_look_at_an_image_runs_no_lab(on: On) {
    let course = Course::saved(on);
    let shipped =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("containers/sshd/sshd_config")).unwrap();
    let says_no = shipped.replace("GSSAPIAuthentication yes", "GSSAPIAuthentication no");
    let says_no = course.plain("says-no", &[config(&says_no), Gone("usr/bin/cp")]);
    let verified = verify(on, course.dir.path(), &["--fit"], &["sshd".to_owned()]);
    assert_eq!(verified.status, Some(0), "{}", verified.said);
    assert!(verified.said.starts_with("\nfit  ") && verified.said.contains("bookworm"), "{}", verified.said);
    assert!(!verified.out.join("evidence/lesson/omitted/captures").exists());
    let verified = verify(on, course.dir.path(), &["--fit"], &[says_no.display().to_string()]);
    let (fitness, reasons, _) = answer(&verified.out);
    assert_eq!((verified.status, fitness.as_str()), (Some(1), "not_fit"), "{}", verified.said);
    assert!(reasons[0].contains("lacks programs that the printed commands call: cp"), "{reasons:#?}");
    let japanese = saiten(on, course.dir.path())
        .args(["--lang", "ja", "verify", &lesson(course.dir.path()), "--fit"])
        .arg("--image")
        .arg(format!("server={}", says_no.display()))
        .arg("--out")
        .arg(course.dir.path().join("ja"))
        .output()
        .unwrap();
    assert!(
        text(&japanese).contains("使えない") && text(&japanese).contains("プログラムがserverにありません: cp"),
        "{}",
        text(&japanese)
    );
}

fn what_is_no_image_is_the_users_affair(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("no-image.tar");
    std::fs::write(&file, "nothing of the kind").unwrap();
    let none = dir.path().join("none.tar").display().to_string();
    for (image, wanted) in [
        (file.display().to_string(), "no-image.tar"),
        (none, "there is no file"),
        ("no/such:image".to_owned(), "docker save -o FILE no/such:image"),
    ] {
        let verified = verify(on, dir.path(), &[], &[image]);
        assert_eq!(verified.status, Some(2), "{}", verified.said);
        assert!(verified.said.contains(wanted), "{}", verified.said);
    }
}

fn an_engines_image_is_verified_on_each_backend(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let built = saiten(on, dir.path()).args(["images", "build", "sshd"]).output().unwrap();
    let course = String::from_utf8_lossy(&built.stdout).trim().to_owned();
    let docker = |arguments: &[&str]| {
        let output = std::process::Command::new("docker").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    };
    let line = "RUN sed -i 's/GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/sshd_config";
    std::fs::write(dir.path().join("Dockerfile"), format!("FROM {course}\n{line}\nCMD [\"/sbin/init\"]\n")).unwrap();
    docker(&["build", "-q", "-t", "saiten-test-verify:1", dir.path().to_str().unwrap()]);
    let both = [on, On::Native].map(|on| {
        let verified = verify(on, dir.path(), &[], &["saiten-test-verify:1".to_owned()]);
        (verified.status, answer(&verified.out), verified.said)
    });
    docker(&["rmi", "saiten-test-verify:1"]);
    for (status, (fitness, reasons, results), said) in both {
        assert_eq!((status, fitness.as_str()), (Some(1), "not_fit"), "{said}");
        assert!(reasons[0].contains("this machine says `GSSAPIAuthentication no` there"), "{reasons:#?}");
        let findings = results["scenarios"][0]["arms"][0]["findings"].to_string();
        assert!(findings.contains("/sbin/init, which insists on being the first process"), "{findings}");
    }
}
