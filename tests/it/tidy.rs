//! What holds for the source itself: layers, owners of crates, sizes, a first line in every file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may import, besides itself. Together with their order this says that there is no cycle.
const LAYERS: &[(&str, &[&str])] = &[
    ("wording", &[]),
    ("clean", &[]),
    ("arm", &[]),
    ("stats", &[]),
    ("wire", &[]),
    ("measure", &["wording"]),
    ("scenario", &["arm", "measure", "wording"]),
    ("evidence", &["arm", "measure", "scenario", "stats", "wording"]),
    ("verdict", &["arm", "evidence", "measure", "scenario", "stats", "wording"]),
    ("mutant", &["arm", "evidence", "scenario", "verdict"]),
    ("effect", &["arm", "evidence", "measure", "scenario", "stats", "verdict"]),
    ("explain", &["evidence", "scenario", "verdict"]),
    ("marks", &["arm", "clean", "evidence", "explain", "measure", "scenario", "stats", "verdict", "wording"]),
    ("survey", &["scenario", "wording"]),
    ("fitness", &["arm", "evidence", "explain", "scenario", "survey", "verdict", "wording"]),
    ("event", &["arm", "evidence", "marks", "measure", "verdict", "wording"]),
    ("fabric", &["wire"]),
    ("helper", &["fabric"]),
    ("image", &[]),
    ("appliance", &["clean", "image::stream", "wording"]),
    ("disk", &["appliance", "clean", "evidence::bundle", "wording"]),
    ("sandbox", &["fabric", "helper::message", "helper::offload", "image"]),
    (
        "lab",
        &["clean", "disk", "evidence", "fabric", "helper::message", "image", "sandbox", "scenario", "wire", "wording"],
    ),
    ("probe", &["clean", "fabric", "helper::message", "lab", "measure", "scenario", "stats", "wire", "wording"]),
    (
        "run",
        &[
            "arm",
            "clean",
            "evidence",
            "event",
            "helper::message",
            "lab",
            "measure",
            "mutant",
            "probe",
            "scenario",
            "survey",
            "verdict",
            "wording",
        ],
    ),
    (
        "grade",
        &[
            "arm",
            "clean",
            "event",
            "evidence",
            "image::archive",
            "image::stream",
            "marks",
            "run",
            "scenario",
            "verdict",
            "wording",
        ],
    ),
    (
        "report",
        &[
            "appliance",
            "arm",
            "clean",
            "effect",
            "event",
            "evidence",
            "explain",
            "fitness",
            "marks",
            "measure",
            "mutant",
            "scenario",
            "stats",
            "verdict",
            "wording",
        ],
    ),
    (
        "cli",
        &[
            "appliance",
            "arm",
            "clean",
            "disk",
            "evidence",
            "event",
            "grade",
            "helper::message",
            "image::archive",
            "lab",
            "marks",
            "mutant",
            "probe",
            "report",
            "run",
            "scenario",
            "verdict",
            "wording",
        ],
    ),
];

/// Crates that only files with these beginnings may use.
const OWNERS: &[(&str, &str)] = &[
    ("testcontainers", "src/lab/docker/"),
    ("bollard", "src/lab/docker/"),
    ("ssh2", "src/helper/ssh_login.rs src/helper/ssh_enter.rs"),
    ("hickory_resolver", "src/helper/resolver.rs"),
    ("hickory_proto", "src/wire/dns src/helper/dns_lookup"),
    ("junit_report", "src/report/junit"),
    ("maud", "src/report/class/ src/report/verify/page.rs"),
    ("csv", "src/report/class/gradebook.rs src/grade/roster"),
    ("rust_xlsxwriter", "src/report/class/gradebook"),
    ("fluent_bundle", "src/wording.rs"),
    ("rtnetlink", "src/helper/nic.rs src/sandbox/cable.rs"),
    ("pcap_file", "src/fabric/capture"),
    ("etherparse", "src/wire/frame.rs src/fabric/silent.rs src/helper/echo.rs"),
    ("sha1", "src/wire/ike src/appliance/manifest.rs"),
    ("md5", "src/wire/ike"),
    ("quick_xml", "src/appliance/xml.rs"),
    ("indicatif", "src/report/terminal"),
    ("annotate_snippets", "src/scenario/error.rs"),
    ("similar", "src/run/act.rs"),
    ("regex", "src/scenario/look.rs src/lab/guest/signs.rs"),
    ("flate2", "src/image/archive src/grade/intake/"),
    ("zip", "src/grade/intake/zipped.rs"),
    ("icu_normalizer", "src/grade/intake/"),
    ("seccompiler", "src/sandbox/"),
    ("tar", "src/lab/sources.rs src/lab/native/mod.rs src/image/"),
    ("xattr", "src/image/ src/sandbox/home.rs"),
    ("clap", "src/cli/"),
    ("clap_complete", "src/cli/"),
];

/// Files that may hold `unsafe` code; each block says why it is sound.
const UNSAFE: &[&str] = &[
    "src/fabric/packet_socket.rs",
    "src/fabric/pump/",
    "src/helper/child.rs",
    "src/helper/nic.rs",
    "src/helper/offload.rs",
    "src/helper/shell.rs",
    "src/sandbox/message.rs",
    "src/sandbox/seccomp.rs",
    "src/sandbox/spawn.rs",
];

const FILE_MOST: usize = 400;
const FUNCTION_MOST: usize = 60;
const MEDIAN_MOST: usize = 150;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, ending: &str, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, ending, into);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            into.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn sources(dirs: &[&str]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for dir in dirs {
        files(&root().join(dir), "rs", &mut all);
    }
    all.sort();
    all
}

/// The module of a file below `src/`: its first directory, or its own name.
fn module(name: &str) -> &str {
    let inside = name.strip_prefix("src/").unwrap();
    inside.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Lines of code: no comments, and nothing behind the inline tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..tests].lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn imports_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, text) in sources(&["src"]) {
        let own = module(&name);
        if own == "main" || own == "lib" {
            continue;
        }
        let allowed =
            allowed.get(own).unwrap_or_else(|| panic!("{name}: module `{own}` is not in the table of layers"));
        for line in code(&text) {
            for path in line.split("crate::").skip(1) {
                let path: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
                let first = path.split("::").next().unwrap();
                let fine = first == own
                    || allowed.iter().any(|layer| path == *layer || path.starts_with(&format!("{layer}::")));
                if !fine {
                    wrong.push(format!("{name}: `{own}` must not use `{path}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut below = BTreeSet::new();
    for (layer, imports) in LAYERS {
        for import in *imports {
            let import = import.split("::").next().unwrap();
            assert!(below.contains(import), "`{layer}` imports `{import}`, which does not come before it");
        }
        below.insert(*layer);
    }
}

#[test]
fn crates_have_owners() {
    let mut wrong = Vec::new();
    for (name, text) in sources(&["src"]) {
        for (owned, place) in OWNERS {
            let uses = |line: &str| {
                line.split(&format!("{owned}::")).next().is_some_and(|before| {
                    before.len() < line.len()
                        && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                })
            };
            let is_tests = name.ends_with("tests.rs") || name.contains("/tests/");
            let own = place.split(' ').any(|place| name.starts_with(place));
            if !own && !is_tests && code(&text).any(uses) {
                wrong.push(format!("{name}: `{owned}` belongs to {place}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_begin_with_what_they_are_for_and_stay_short() {
    let mut wrong = Vec::new();
    let mut lengths = Vec::new();
    for (name, text) in sources(&["src", "tests", "benches"]) {
        let first = text.lines().next().unwrap_or("");
        let is_tests = name.ends_with("tests.rs") || name.contains("/tests/");
        if !first.starts_with("//! ") && !is_tests {
            wrong.push(format!("{name}: no `//!` line"));
        }
        let length = text.lines().count();
        if length > FILE_MOST {
            wrong.push(format!("{name}: {length} lines; past {FILE_MOST} a file is two"));
        }
        if name.starts_with("src/") {
            lengths.push(length);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= MEDIAN_MOST, "the median file has {median} lines");
}

#[test]
fn functions_stay_short() {
    let mut wrong = Vec::new();
    for (name, text) in sources(&["src", "tests", "benches"]) {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let code = line.trim_start();
            let indent = line.len() - code.len();
            let header = code.split('(').next().unwrap_or("");
            if !header.split_whitespace().any(|word| word == "fn") || code.starts_with("//") || code.ends_with(';') {
                continue;
            }
            let end = lines[start..]
                .iter()
                .position(|line| line.len() - line.trim_start().len() == indent && line.trim() == "}");
            if let Some(length) = end.filter(|length| *length > FUNCTION_MOST) {
                wrong.push(format!("{name}:{}: {length} lines; past {FUNCTION_MOST} a function is two", start + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_where_it_belongs_and_says_why() {
    let mut wrong = Vec::new();
    for (name, text) in sources(&["src"]) {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if line.trim_start().starts_with("//") || !line.contains("unsafe {") {
                continue;
            }
            if !UNSAFE.iter().any(|place| name.starts_with(place)) {
                wrong.push(format!("{name}:{}: unsafe code", at + 1));
            }
            let said = lines[at.saturating_sub(4)..at].iter().any(|line| line.contains("// SAFETY:"));
            if !said {
                wrong.push(format!("{name}:{}: no `// SAFETY:` sentence", at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `ci/test` leaves tests out by name where no engine answers.
#[test]
fn tests_that_need_an_engine_say_so_in_their_names() {
    let mut wrong = Vec::new();
    for (name, text) in sources(&["tests/labs"]) {
        for test in text.split("\n#[test]\n").skip(1) {
            let body = test.split("\n}\n").next().unwrap_or(test);
            if body.contains("On::Docker") || body.contains("\"docker\"") || body.contains("/var/run/docker.sock") {
                let header = body.lines().next().unwrap_or_default();
                wrong.push(format!("{name}: `{header}` belongs into `on_docker!`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_say_something() {
    let empty = ["util", "utils", "helpers", "manager", "common", "imp"];
    for (name, _) in sources(&["src"]) {
        for part in Path::new(&name).with_extension("").iter().map(|part| part.to_string_lossy().into_owned()) {
            assert!(!empty.contains(&part.as_str()), "{name}: `{part}` says nothing");
        }
    }
}

#[test]
fn lints_are_expected_never_allowed_and_no_test_is_ignored() {
    // Spelt apart so that this file does not find itself.
    let banned = [concat!("#[", "allow("), concat!("#[", "ignore")];
    for (name, text) in sources(&["src", "tests", "benches"]) {
        for attribute in banned {
            assert!(!text.contains(attribute), "{name}: {attribute}");
        }
    }
}
