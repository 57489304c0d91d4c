//! Scenario files: what a good one becomes, what is said about bad ones, and that nothing makes the reader panic.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use saiten::measure::{MetricSpec, Unit};
use saiten::scenario::catalog::{Catalog, KindInfo};
use saiten::scenario::error::Problems;
use saiten::scenario::{Lang, Scenario, file};

const GOOD: &str = include_str!("good/everything.toml");

const fn metric(name: &'static str, unit: Unit) -> MetricSpec {
    MetricSpec { name, unit, doc: "", explained_by: &[] }
}

const LOGIN: [MetricSpec; 3] =
    [metric("time", Unit::Seconds), metric("queries", Unit::Count), metric("connected", Unit::Flag)];
const BULK: [MetricSpec; 1] = [metric("rate", Unit::BitsPerSecond)];

fn login_params(table: &toml::Table) -> Result<(), String> {
    match table.get("tries").and_then(toml::Value::as_integer) {
        Some(0) => Err("`tries` must be at least 1".to_owned()),
        _ if table.contains_key("usr") => Err("unknown field `usr`, expected `user` or `tries`".to_owned()),
        _ => Ok(()),
    }
}

fn catalog() -> Catalog {
    Catalog {
        kinds: vec![
            KindInfo {
                name: "ssh-login",
                metrics: &LOGIN,
                check_params: login_params,
                outer_params: &[],
                endpoint_params: &[],
            },
            KindInfo {
                name: "bulk",
                metrics: &BULK,
                check_params: |_| Ok(()),
                outer_params: &["outer"],
                endpoint_params: &[],
            },
        ],
        images: BTreeSet::from(["sshd", "ssh-client", "named"].map(str::to_owned)),
    }
}

fn parse(name: &str, text: &str) -> Result<Scenario, Problems> {
    file::parse("ssh/login", Path::new("scenarios/ssh/login"), name, text, &catalog())
}

/// The bad files with their names.
fn bad() -> Vec<(String, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/bad");
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// A directory of this test run that holds `bytes` as its scenario file.
fn dir_with(name: &str, bytes: Option<&[u8]>) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("family").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    if let Some(bytes) = bytes {
        fs::write(dir.join("scenario.toml"), bytes).unwrap();
    }
    dir
}

/// What is said about `path`, in one language, without the machine's part of the path.
fn said(path: &Path, lang: Lang) -> String {
    let problems = file::read(path, &catalog()).unwrap_err();
    problems.render(lang, false).replace(env!("CARGO_TARGET_TMPDIR"), "…")
}

#[test]
fn a_good_file_becomes_a_scenario() {
    let scenario = parse("everything.toml", GOOD).unwrap_or_else(|problems| panic!("{problems}"));
    insta::assert_snapshot!("good", format!("{scenario:#?}"));
}

#[test]
fn what_is_left_out_has_a_default() {
    let text = r#"
        title.en = "Small"
        [networks.lan]
        subnet = "10.0.0.0/8"
        [endpoints.a]
        image = "sshd"
        nic.lan = "10.0.0.1"
        [[probes]]
        name = "login"
        kind = "ssh-login"
        from = "a"
        to = "a"
        [[checks]]
        name = "connects"
        metric = "login.connected"
        equals = 1
    "#;
    let scenario = parse("small.toml", text).unwrap_or_else(|problems| panic!("{problems}"));
    insta::assert_snapshot!("small", format!("{scenario:#?}"));
}

#[test]
fn every_bad_file_says_what_and_where() {
    let files = bad();
    assert!(files.len() >= 30);
    for (name, text) in files {
        let problems = parse(&format!("bad/{name}.toml"), &text).expect_err(&name);
        assert!(!problems.problems.is_empty(), "{name}");
        insta::assert_snapshot!(format!("bad-{name}"), problems.render(Lang::En, false));
    }
}

#[test]
fn japanese_is_complete() {
    for (name, text) in bad() {
        let problems = parse(&format!("bad/{name}.toml"), &text).unwrap_err();
        for problem in &problems.problems {
            let second = problem.second.as_ref().map(|(_, label)| label);
            for text in
                [Some(&problem.title), problem.label.as_ref(), problem.help.as_ref(), second].into_iter().flatten()
            {
                assert!(text.ja.is_some() && !text.en.is_empty(), "{name}: {text:?}");
            }
        }
    }
}

#[test]
fn japanese_reads_as_such() {
    for name in [
        "unknown-keys",
        "wrong-types",
        "address-twice",
        "link-loss",
        "no-symptom",
        "japanese-text",
        "filters",
        "bad-names",
        "syntax",
        "missing-keys",
    ] {
        let text = bad().into_iter().find(|(known, _)| known == name).unwrap().1;
        let problems = parse(&format!("bad/{name}.toml"), &text).unwrap_err();
        insta::assert_snapshot!(format!("ja-{name}"), problems.render(Lang::Ja, false));
    }
}

#[test]
fn color_is_the_same_text() {
    for (name, text) in bad() {
        let problems = parse(&name, &text).unwrap_err();
        let (plain, color) = (problems.render(Lang::En, false), problems.render(Lang::En, true));
        assert!(!plain.contains('\u{1b}') && !plain.contains('\u{9b}') && !plain.contains('\u{7}'), "{name}");
        assert!(color.contains('\u{1b}'), "{name}");
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let catalog = catalog();
    let binary = dir_with("binary", Some(b"\x7fELF\x02\x01\x01\0\0\0"));
    let sjis = dir_with("shift-jis", Some(b"title.en = \"x\"\ntitle.ja = \"\x8e\x8e\x8c\xb1\"\n"));
    let long = dir_with("long", Some("# long\n".repeat(200_000).as_bytes()));
    let none = dir_with("none", None);
    let missing = none.join("no-such-place");
    let all: Vec<_> = [&binary, &sjis, &long, &none, &missing]
        .into_iter()
        .flat_map(|path| [said(path, Lang::En), said(path, Lang::Ja)])
        .collect();
    insta::assert_snapshot!("unreadable", all.join("\n"));
    assert!(file::read(Path::new("/dev/null"), &catalog).is_err());
}

#[test]
fn a_path_gives_the_id() {
    let dir = dir_with("login", Some(GOOD.as_bytes()));
    for path in [dir.clone(), dir.join("scenario.toml"), dir.join("../login")] {
        let scenario = file::read(&path, &catalog()).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(scenario.id, "family/login");
    }
}

#[test]
fn the_schema_knows_every_key() {
    insta::assert_snapshot!("schema", serde_json::to_string_pretty(&file::schema()).unwrap());
}

#[test]
fn a_byte_order_mark_and_crlf_change_nothing() {
    let plain = parse("x", GOOD).unwrap();
    assert_eq!(parse("x", &format!("\u{feff}{GOOD}")).map(|scenario| scenario.endpoints), Ok(plain.endpoints.clone()));
    assert!(parse("x", &GOOD.replace('\n', "\r\n")).is_ok());
}

/// Both parses and renders, for the sake of panics only.
fn survives(text: &str) {
    if let Err(problems) = parse("x", text) {
        assert!(!problems.problems.is_empty());
        problems.render(Lang::En, false);
        problems.render(Lang::Ja, true);
    }
}

#[test]
fn no_missing_line_panics() {
    let lines: Vec<_> = GOOD.lines().collect();
    for left_out in 0..lines.len() {
        let text: Vec<_> = lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| *line).collect();
        survives(&text.join("\n"));
    }
}

#[test]
fn no_truncation_panics() {
    (0..GOOD.len()).filter(|at| GOOD.is_char_boundary(*at)).for_each(|at| survives(&GOOD[..at]));
}

#[test]
fn no_flipped_bit_panics() {
    for at in 0..GOOD.len() {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[at] ^= 1 << (at * 5 % 7);
        survives(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_huge_file_is_answered_in_time() {
    let start = std::time::Instant::now();
    let endpoints: String =
        (0..8000).map(|n| format!("[endpoints.e{n}]\nimage = \"sshdd\"\nnic.lan = \"10.0.0.1\"\nx = 1\n")).collect();
    survives(&endpoints);
    survives(&format!("\"{}\" = 1", "x".repeat(500_000)));
    survives(&format!("title = {}", "[".repeat(100_000)));
    survives(&"a = 1\n".repeat(150_000));
    survives(&"a = \n".repeat(150_000));
    survives(&"[a]\n".repeat(200_000));
    survives(&format!("[[faults]]\nname = 'x'\nrun = 'true'\non = [{}]", "'a',".repeat(200_000)));
    survives(&"[[checks]]\nmetric = 'a.b'\n".repeat(30_000));
    assert!(start.elapsed().as_secs() < 60);
}
