//! Classes made by hand: one as in a course, and one with every state, every standing, and text that means harm.

use std::path::Path;

use saiten::marks::{
    BatchPart, Change, CheckHead, CheckMark, Class, EvidenceFile, Exercise, Figure, Marked, ReasonMark, ScriptRun,
    Standing, State, Student, StudentMarks, VERSION, summary,
};
use saiten::measure::Unit;
use saiten::scenario::{Lang, Scenario, file};
use saiten::stats::{Estimate, estimate};

pub const HOSTILE: &str = "=cmd() <script>alert(1)</script> ]]> \u{1b}[31mred\u{1b}[0m \u{0}& \"quoted\"\nnext line";
pub const LONG_NAME: &str =
    "寿限無寿限無五劫の擦り切れ海砂利水魚の水行末雲来末風来末食う寝る処に住む処藪ら柑子の藪柑子パイポ長助";
/// What students must not read.
pub const SECRETS: [&str; 4] = ["keeps-kerberos", "Secretly keeps Kerberos", "no ticket was taken", "ticket.count"];

pub fn batch(lang: Lang) -> BatchPart {
    BatchPart {
        id: "20260401-0900-7f3a".to_owned(),
        saiten: "0.1.0".to_owned(),
        started: "2026-04-01T09:00:00Z".to_owned(),
        took: 341.2,
        backend: "native".to_owned(),
        realtime: false,
        lang,
        interrupted: false,
        not_calibrated: Vec::new(),
    }
}

pub fn slow_login() -> Scenario {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/ssh/slow-login");
    let text = std::fs::read_to_string(dir.join("scenario.toml")).unwrap();
    file::parse(
        "ssh/slow-login",
        &dir,
        "scenario.toml",
        &text,
        &saiten::probe::catalog(["sshd".to_owned(), "ssh-client".to_owned()]),
    )
    .unwrap()
}

/// The scenario's own exercise, and a check that is hidden.
pub fn exercise(lang: Lang) -> Exercise {
    let mut exercise = Exercise::of(&slow_login(), lang);
    let hidden = CheckHead { name: SECRETS[0].to_owned(), title: SECRETS[1].to_owned(), points_most: 2, hidden: true };
    exercise.points_most += hidden.points_most;
    exercise.checks.push(hidden);
    exercise
}

/// A check as the scenario has it, with what came of it.
pub fn mark(exercise: &Exercise, at: usize, standing: Standing, points: Option<u32>) -> CheckMark {
    let head = &exercise.checks[at];
    let (metric, unit, expected) = [
        ("login.time", Unit::Seconds, "≤ 0.3 × 3.62 s (omitted)"),
        ("login.server_queries", Unit::Count, "= 0"),
        ("login.client_queries", Unit::Count, "= 0"),
        (SECRETS[3], Unit::Count, "= 0"),
    ][at];
    CheckMark {
        name: head.name.clone(),
        title: head.title.clone(),
        standing,
        points,
        points_most: head.points_most,
        hidden: head.hidden,
        message: format!("{metric}: {}", if head.hidden { SECRETS[2] } else { standing.name() }),
        observed: Some(if unit == Unit::Seconds { "1.93 s" } else { "0" }.to_owned()),
        expected: expected.to_owned(),
        at_most: (at == 0).then_some(1.086),
        at_least: None,
        metric: metric.to_owned(),
        unit,
        value: (at == 0).then(|| estimate(&[1.91, 1.93, 2.14]).unwrap()),
        control: (at == 0).then_some(Estimate { value: 3.62, low: 3.55, high: 3.91 }),
        reference: (at == 0).then_some(Estimate { value: 0.31, low: 0.29, high: 0.35 }),
        reasons: Vec::new(),
        hint: None,
        solution: None,
    }
}

pub fn result(exercise: &Exercise, state: State, why: Option<&str>, checks: Vec<CheckMark>) -> Marked {
    let points = checks.iter().filter_map(|mark| mark.points).sum();
    let open = checks.iter().filter(|mark| mark.points.is_none()).map(|mark| mark.points_most).sum();
    let unjudged = checks.is_empty() && matches!(state, State::Review | State::Waiting);
    Marked {
        scenario: exercise.id.clone(),
        title: exercise.title.clone(),
        state,
        why: why.map(str::to_owned),
        digest: if state == State::Missing { String::new() } else { "5e884898da28047151d0e56f8dc62927".repeat(2) },
        attempts: 1,
        points,
        points_open: if unjudged { exercise.points_most } else { open },
        points_most: exercise.points_most,
        checks,
        figures: Vec::new(),
        runs: Vec::new(),
        changes: Vec::new(),
        findings: Vec::new(),
        remarks: Vec::new(),
        evidence: Vec::new(),
        took: 24.68,
    }
}

pub fn student(key: &str, name: &str, results: Vec<Marked>) -> StudentMarks {
    let sum = |of: fn(&Marked) -> u32| results.iter().map(of).sum::<u32>();
    let open = sum(|result| result.points_open);
    StudentMarks {
        student: Student {
            key: key.to_owned(),
            name: name.to_owned(),
            id: Some(format!("26-{key}")),
            email: Some(format!("{key}@example.ac.jp")),
            on_roster: Some(key != "guest"),
        },
        state: results.iter().map(|result| result.state).max().unwrap(),
        points: (open == 0).then(|| sum(|result| result.points)),
        points_least: sum(|result| result.points),
        points_open: open,
        points_most: sum(|result| result.points_most),
        results,
    }
}

pub fn class(lang: Lang, exercises: Vec<Exercise>, students: Vec<StudentMarks>) -> Class {
    let summary = summary(&exercises, &students);
    Class { version: VERSION, batch: batch(lang), exercises, students, summary }
}

/// Every state and every standing, with text that means harm wherever a student or a lab could have put it.
pub fn hostile(lang: Lang) -> Class {
    let own = exercise(lang);
    let all = |standings: [(Standing, Option<u32>); 4]| -> Vec<CheckMark> {
        standings.iter().enumerate().map(|(at, (standing, points))| mark(&own, at, *standing, *points)).collect()
    };
    let mut failed = all([
        (Standing::Fail, Some(0)),
        (Standing::Partial, Some(1)),
        (Standing::Skipped, Some(0)),
        (Standing::Fail, Some(0)),
    ]);
    failed[0].message = HOSTILE.to_owned();
    failed[0].hint = Some(HOSTILE.to_owned());
    failed[0].solution = Some(HOSTILE.to_owned());
    failed[0].reasons = vec![ReasonMark { name: "usedns-left".to_owned(), text: HOSTILE.to_owned() }];
    failed[2].message = format!("does not count: “{}” has to hold first", SECRETS[1]);
    let mut failed = result(&own, State::Graded, None, failed);
    failed.title = HOSTILE.to_owned();
    failed.runs = vec![ScriptRun { endpoint: "server".to_owned(), status: 1, output: HOSTILE.to_owned(), took: 0.4 }];
    failed.changes = vec![Change {
        endpoint: "server".to_owned(),
        path: HOSTILE.to_owned(),
        diff: format!("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+{HOSTILE}\n"),
    }];
    failed.findings = vec![HOSTILE.to_owned()];
    failed.remarks = vec![HOSTILE.to_owned()];
    failed.figures = vec![Figure {
        metric: SECRETS[3].to_owned(),
        unit: Unit::Count,
        samples: vec![1.0],
        value: None,
        control: None,
        reference: None,
    }];
    failed.evidence = vec![EvidenceFile { path: HOSTILE.to_owned(), sha256: Some("ab".repeat(32)) }];
    let open = all([
        (Standing::Inconclusive, None),
        (Standing::Unsupported, None),
        (Standing::Pass, Some(3)),
        (Standing::Error, None),
    ]);
    let passed = all([
        (Standing::Pass, Some(4)),
        (Standing::Pass, Some(3)),
        (Standing::Pass, Some(3)),
        (Standing::Pass, Some(2)),
    ]);
    let one = |state: State, why: Option<&str>, checks: Vec<CheckMark>| vec![result(&own, state, why, checks)];
    let students = vec![
        student("bad", HOSTILE, vec![failed]),
        student("broken", "+broken", one(State::Review, Some(HOSTILE), Vec::new())),
        student("good", LONG_NAME, one(State::Graded, None, passed)),
        student("guest", "@guest", one(State::Refused, Some(HOSTILE), Vec::new())),
        student("late", "-late", one(State::Waiting, None, Vec::new())),
        student("none", "\t=none", one(State::Missing, None, Vec::new())),
        student("open", "開 未定", one(State::Review, Some(SECRETS[2]), open)),
    ];
    class(lang, vec![own], students)
}
