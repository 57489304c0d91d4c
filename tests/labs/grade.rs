//! A class is graded: honest students and those who attack the grader, interruptions, and what is left of all that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::user::{On, machines, on_docker, on_each_backend, on_native, saiten, text, until, variant};

on_each_backend!(a_class_gets_its_marks_whatever_the_order_and_the_company);
on_native!(
    who_attacks_the_grader_loses_own_marks_at_most,
    a_batch_that_was_killed_goes_on_and_grades_nobody_twice,
    a_lab_that_shows_no_cure_grades_nobody,
);
on_docker!(who_fills_the_machine_is_ended_and_nobody_else, an_image_is_graded_as_it_was_handed_in);

/// The scenario with short waits: what is tested is what attacks do, not how long they may.
fn scenario(dir: &Path, action: &str) -> String {
    let limits = format!("\n[limits]\naction = \"{action}\"\n\n[[checks]]\nname = \"login-is-quick\"");
    variant(
        dir,
        "ssh/slow-login",
        "class",
        &[
            ("samples = 3\nsamples_most = 9", "samples = 1\nsamples_most = 3\nlimit = \"15s\""),
            ("\n[[checks]]\nname = \"login-is-quick\"", &limits),
        ],
    )
}

fn attackers() -> Vec<(String, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/labs/attackers");
    let files = std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    let mut all: Vec<_> = files.map(read).collect();
    all.sort();
    all
}

/// Known submissions of the scenario, by name.
fn known(name: &str) -> (String, String) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/ssh/slow-login/submissions");
    let file = ["good", "bad"].map(|kind| dir.join(kind).join(name).join("server.sh"));
    let file = file.iter().find(|file| file.is_file()).unwrap_or_else(|| panic!("no {name}"));
    (format!("honest-{name}"), std::fs::read_to_string(file).unwrap())
}

fn hand_in(dir: &Path, students: &[(String, String)]) -> PathBuf {
    let class = dir.join("submissions");
    for (name, script) in students {
        std::fs::create_dir_all(class.join(name)).unwrap();
        std::fs::write(class.join(name).join("server.sh"), script).unwrap();
    }
    class
}

struct Graded {
    status: Option<i32>,
    said: String,
    out: PathBuf,
    results: Value,
}

impl Graded {
    fn by(mut command: Command, out: &Path) -> Self {
        let output = command.arg("--out").arg(out).output().unwrap();
        let said = text(&output);
        let results = std::fs::read(out.join("results.json")).unwrap_or_else(|_| panic!("{said}"));
        Graded {
            status: output.status.code(),
            said,
            out: out.to_owned(),
            results: serde_json::from_slice(&results).unwrap(),
        }
    }

    /// State, points and standings of each student.
    fn marks(&self) -> BTreeMap<String, (String, Option<u64>, Vec<String>)> {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let students = self.results["students"].as_array().unwrap().iter();
        let marks = students.map(|student| {
            let checks =
                student["results"].as_array().unwrap().iter().flat_map(|result| result["checks"].as_array().unwrap());
            let standings = checks.map(|check| word(&check["standing"])).collect();
            (word(&student["key"]), (word(&student["state"]), student["points"].as_u64(), standings))
        });
        marks.collect()
    }

    fn points(&self, student: &str) -> Option<u64> {
        let marks = self.marks();
        marks.get(student).unwrap_or_else(|| panic!("no {student}: {:?}", marks.keys())).1
    }
}

fn grade(on: On, dir: &Path, scenario: &str, class: &Path, more: &[&str]) -> Command {
    let mut command = saiten(on, dir);
    command.arg("grade").arg(scenario).arg(class).args(more);
    command
}

/// Nothing of the run is left, and its files are whole and clean.
fn assert_whole(on: On, graded: &Graded) {
    let run = graded.results["batch"]["id"].as_str().unwrap();
    until("the machines' end", || machines(on, run).is_empty());
    for name in ["gradebook.csv", "gradebook.xlsx", "junit.xml", "summary.html"] {
        assert!(graded.out.join(name).metadata().unwrap().len() > 100, "{name}");
    }
    for student in graded.results["students"].as_array().unwrap() {
        let key = student["key"].as_str().unwrap();
        let page = std::fs::read_to_string(graded.out.join("students").join(key).join("index.html")).unwrap();
        assert!(page.ends_with("</html>") || page.trim_end().ends_with("</html>"), "{key}");
        assert!(!page.contains("<script") && !page.contains('\u{1b}') && page.len() < 400_000, "{key}");
    }
    assert!(!graded.said.contains('\u{1b}'), "{}", graded.said);
}

fn a_class_gets_its_marks_whatever_the_order_and_the_company(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let scenario = scenario(dir.path(), "30s");
    let students: Vec<_> = ["course", "only-gssapi", "in-match-block", "nothing"].map(known).into();
    let class = hand_in(dir.path(), &students);
    let first = Graded::by(grade(on, dir.path(), &scenario, &class, &[]), &dir.path().join("first"));
    assert_eq!(first.status, Some(0), "{}", first.said);
    let points: Vec<_> = students.iter().map(|(name, _)| first.points(name)).collect();
    assert_eq!(points, [Some(10), Some(3), Some(0), Some(0)], "{}", first.said);
    assert_whole(on, &first);
    marked_again_it_is_byte_for_byte_the_same(on, dir.path(), &first);
    if on == On::Docker {
        // Containers take time, and have no part in the rest.
        return;
    }
    // One after the other, and in another order, since the names are others.
    let other: Vec<_> = students
        .iter()
        .rev()
        .enumerate()
        .map(|(at, (name, script))| (format!("{at}-{name}"), script.clone()))
        .collect();
    let class = hand_in(&dir.path().join("other"), &other);
    let second = Graded::by(grade(on, dir.path(), &scenario, &class, &["--jobs", "1"]), &dir.path().join("second"));
    let renamed = second.marks().into_iter().map(|(key, marks)| (key[2..].to_owned(), marks));
    assert_eq!(renamed.collect::<BTreeMap<_, _>>(), first.marks());
}

fn marked_again_it_is_byte_for_byte_the_same(on: On, dir: &Path, graded: &Graded) {
    let names = ["results.json", "gradebook.csv", "gradebook.xlsx", "junit.xml", "summary.html", "batch.json"];
    let pages = ["index.html", "index.ja.html"].map(|page| format!("students/honest-course/{page}"));
    let names: Vec<String> = names.map(str::to_owned).into_iter().chain(pages).collect();
    let read = || names.iter().map(|name| std::fs::read(graded.out.join(name)).unwrap()).collect::<Vec<_>>();
    let before = (read(), records(&graded.out));
    let again = saiten(on, dir).arg("regrade").arg(&graded.out).output().unwrap();
    assert_eq!(again.status.code(), graded.status, "{}", text(&again));
    let after = (read(), records(&graded.out));
    for ((name, before), after) in names.iter().zip(&before.0).zip(&after.0) {
        assert!(before == after, "{name} differs");
    }
    assert!(before.1 == after.1, "records differ");
}

fn who_attacks_the_grader_loses_own_marks_at_most(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let scenario = scenario(dir.path(), "4s");
    let honest = ["course", "only-gssapi"].map(known);
    let (hungry, others): (Vec<_>, Vec<_>) =
        attackers().into_iter().partition(|(name, _)| HUNGRY.contains(&name.as_str()));
    // Those who take all that there is keep each other waiting; they are few at once, so that the test ends this day.
    for (at, (mut students, jobs)) in [(hungry, "3"), (others, "8")].into_iter().enumerate() {
        students.extend(honest.clone());
        let own = dir.path().join(at.to_string());
        let class = hand_in(&own, &students);
        if jobs == "8" {
            hand_in_what_is_no_directory(&class);
        }
        let graded = Graded::by(grade(on, dir.path(), &scenario, &class, &["--jobs", jobs]), &own.join("out"));
        assert_nobody_gains(&graded);
        for ((name, _), expected) in honest.iter().zip([10, 3]) {
            assert_eq!(graded.points(name), Some(expected), "{name}: {}", graded.said);
        }
        assert_whole(on, &graded);
    }
}

/// Attackers who take processor, memory, disk or wire.
const HUNGRY: [&str; 7] = ["disk", "endless-loop", "fork-bomb", "frame-flood", "memory", "output-flood", "resists"];

/// What no script makes: links, names, and results of one's own where the grader's are.
fn hand_in_what_is_no_directory(class: &Path) {
    // What no shell can make looks like this.
    std::fs::create_dir(class.join("link")).unwrap();
    std::os::unix::fs::symlink("/etc/shadow", class.join("link/server.sh")).unwrap();
    std::fs::create_dir(class.join("line\nbreak\u{1b}[31m")).unwrap();
    std::fs::write(class.join("line\nbreak\u{1b}[31m/server.sh"), known("nothing").1).unwrap();
    // Results of their own making, where the grader's are.
    std::fs::write(class.join("forged-results").join("ssh-slow-login.json"), "{}").unwrap();
}

fn assert_nobody_gains(graded: &Graded) {
    for (key, (state, points, standings)) in graded.marks() {
        if !key.starts_with("honest-") {
            assert!(points.unwrap_or(0) == 0, "{key} got {points:?}: {standings:?}");
            // Not even a person is asked to give marks for what was proven wrong.
            assert!(!standings.iter().any(|standing| standing == "pass"), "{key}: {standings:?}");
            assert!(["graded", "refused", "review"].contains(&state.as_str()), "{key}: {state}");
        }
    }
}

fn who_fills_the_machine_is_ended_and_nobody_else(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let scenario = scenario(dir.path(), "10s");
    let wanted = ["disk", "fork-bomb", "kill-everything", "memory", "helper-attacked"];
    let mut students: Vec<_> = attackers().into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect();
    students.push(known("course"));
    let class = hand_in(dir.path(), &students);
    let graded = Graded::by(grade(on, dir.path(), &scenario, &class, &[]), &dir.path().join("out"));
    assert_eq!(graded.points("honest-course"), Some(10), "{}", graded.said);
    for name in wanted {
        assert_eq!(graded.points(name).unwrap_or(0), 0, "{name}: {}", graded.said);
    }
    assert_whole(on, &graded);
}

/// Starts a batch and waits until so many have their marks.
fn start(mut command: Command, out: &Path, least: usize) -> Child {
    command.arg("--out").arg(out).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    until("marks", || records(out).len() >= least);
    child
}

/// Records of students, with their bytes.
fn records(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let dirs = std::fs::read_dir(out.join("ledger")).into_iter().flatten().flatten();
    let record = |dir: std::fs::DirEntry| {
        let files = std::fs::read_dir(dir.path()).ok()?.flatten().map(|entry| entry.path());
        let mut files = files.filter(|path| path.to_string_lossy().ends_with("class.json"));
        Some((dir.file_name().to_string_lossy().into_owned(), std::fs::read(files.next()?).ok()?))
    };
    dirs.filter_map(record).collect()
}

fn a_batch_that_was_killed_goes_on_and_grades_nobody_twice(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let scenario = scenario(dir.path(), "30s");
    let students: Vec<_> = (0..6)
        .map(|number| (format!("s{number}"), known(if number % 2 == 0 { "course" } else { "nothing" }).1))
        .collect();
    let class = hand_in(dir.path(), &students);
    let out = dir.path().join("out");
    let mut child = start(grade(on, dir.path(), &scenario, &class, &["--jobs", "2"]), &out, 2);
    child.kill().unwrap();
    child.wait().unwrap();
    let before = records(&out);
    assert!(before.len() < 6, "it was too quick to be killed");
    // A new batch does not take the place of what is there.
    let refused = grade(on, dir.path(), &scenario, &class, &[]).arg("--out").arg(&out).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("--resume"), "{}", text(&refused));
    // Ctrl-C leaves a gradebook that says who is waiting.
    let mut child =
        start(grade(on, dir.path(), &scenario, &class, &["--jobs", "1", "--resume"]), &out, before.len() + 1);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let between = records(&out);
    let book = std::fs::read_to_string(out.join("gradebook.csv")).unwrap();
    let waiting = book.lines().filter(|line| line.contains("waiting")).count();
    assert_eq!(waiting, 6 - between.len(), "{book}");
    let graded = Graded::by(grade(on, dir.path(), &scenario, &class, &["--resume"]), &out);
    assert_eq!(graded.status, Some(0), "{}", graded.said);
    for (number, (name, _)) in students.iter().enumerate() {
        assert_eq!(graded.points(name), Some(if number % 2 == 0 { 10 } else { 0 }));
    }
    // Byte for byte what they were: nobody was graded twice.
    let after = records(&out);
    assert!(before.iter().all(|(name, bytes)| after[name] == *bytes));
    assert!(between.iter().all(|(name, bytes)| after[name] == *bytes));
    assert_whole(on, &graded);
}

fn a_lab_that_shows_no_cure_grades_nobody(on: On) {
    let dir = tempfile::tempdir().unwrap();
    // The fix's restart is missing from this copy of the course.
    let restart = "run = 'echo \"UseDNS no\" >> /etc/ssh/sshd_config'";
    let broken = "run = 'echo \"UseDNSS no\" >> /etc/ssh/sshd_config'";
    let scenario = variant(dir.path(), "ssh/slow-login", "class", &[("samples = 3", "samples = 1"), (restart, broken)]);
    let class = hand_in(dir.path(), &[known("course")]);
    let graded = Graded::by(grade(on, dir.path(), &scenario, &class, &[]), &dir.path().join("out"));
    assert_eq!(graded.status, Some(3), "{}", graded.said);
    assert_eq!(graded.marks()["honest-course"].0, "waiting");
    let told = graded.results["batch"]["not_calibrated"].as_array().unwrap();
    assert!(told.iter().any(|why| why.as_str().unwrap().contains("[applied]: fail")), "{told:?}");
    assert!(graded.said.contains("server-asks-no-name"), "{}", graded.said);
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A student's image that claims the name of the course's: on each backend it is graded, and takes nobody's place.
fn an_image_is_graded_as_it_was_handed_in(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let listed = saiten(on, dir.path()).args(["images", "build", "sshd"]).output().unwrap();
    let course = String::from_utf8_lossy(&listed.stdout).trim().to_owned();
    let id = || docker(&["inspect", "--format", "{{.Id}}", &course]);
    let before = id();
    let mended = "RUN sed -i 's/GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/sshd_config && echo 'UseDNS no' >> /etc/ssh/sshd_config";
    std::fs::write(dir.path().join("Dockerfile"), format!("FROM {course}\n{mended}\n")).unwrap();
    let own = dir.path().join("archives");
    std::fs::create_dir(&own).unwrap();
    let archive = own.join("server.tar");
    // Saved under the name of the course's image, which is then put back.
    docker(&["tag", &course, "saiten-test-kept:1"]);
    docker(&["build", "-q", "-t", &course, dir.path().to_str().unwrap()]);
    docker(&["save", "-o", archive.to_str().unwrap(), &course]);
    let handed_in = id();
    docker(&["tag", "saiten-test-kept:1", &course]);
    docker(&["rmi", "saiten-test-kept:1", &handed_in]);
    let class = hand_in(dir.path(), &[known("nothing")]);
    std::fs::create_dir(class.join("image")).unwrap();
    std::fs::rename(archive, class.join("image/server.tar")).unwrap();
    std::fs::create_dir(class.join("no-image")).unwrap();
    std::fs::write(class.join("no-image/server.tar"), "nothing of the kind").unwrap();
    let scenario = scenario(dir.path(), "30s");
    for on in [on, On::Native] {
        let out = dir.path().join(format!("{on:?}"));
        let graded = Graded::by(grade(on, dir.path(), &scenario, &class, &[]), &out);
        assert_eq!(graded.points("image"), Some(10), "{}", graded.said);
        assert_eq!(graded.marks()["no-image"].0, "refused", "{}", graded.said);
        assert_eq!(graded.points("honest-nothing"), Some(0), "{}", graded.said);
    }
    assert_eq!(id(), before);
    assert_eq!(docker(&["images", "-q", "saiten-handed-in"]), "");
}
