//! Files that platforms read: Gradescope, Classroom 50, JUnit.

use std::collections::BTreeSet;

use regex::Regex;
use saiten::marks::{Class, StudentMarks};
use saiten::report::class::classroom50::{Submission, classroom50};
use saiten::report::class::files;
use saiten::report::class::gradescope::gradescope;
use saiten::scenario::Lang;
use serde_json::Value;

use super::by_key;
use super::course::course;
use super::sample::{SECRETS, hostile};
use crate::report::violations;

pub fn submission() -> Submission {
    Submission {
        classroom: "networks-26".to_owned(),
        assignment: "slow-login".to_owned(),
        is_group: false,
        owner: "hanako".to_owned(),
        tag: "submit/20260401T080000Z-1a2b3c4".to_owned(),
        commit: "https://github.com/networks-26/slow-login-hanako/commit/1a2b3c4".to_owned(),
        release: "https://github.com/networks-26/slow-login-hanako/releases/1".to_owned(),
        review: "https://github.com/networks-26/slow-login-hanako/compare/0...1a2b3c4".to_owned(),
        datetime: "2026-04-01T08:00:00Z".to_owned(),
        graded_at: Some("2026-04-01T09:05:00Z".to_owned()),
        submitted_by: Some(("hanako".to_owned(), None)),
    }
}

fn of(class: &Class, marks: &StudentMarks) -> (Value, Value) {
    let scope = gradescope(marks, &class.exercises, &class.batch);
    (scope, classroom50(marks, &class.exercises, &class.batch, &submission()))
}

#[test]
fn gradescope_takes_every_document_and_students_read_no_secret_in_it() {
    let class = hostile(Lang::En);
    for marks in &class.students {
        let (json, _) = of(&class, marks);
        assert_eq!(json["score"], marks.points_least);
        assert!(json["execution_time"].as_f64().unwrap() >= 0.0 && json["output"].is_string());
        let tests = json["tests"].as_array().unwrap();
        let names: BTreeSet<&str> = tests.iter().map(|test| test["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), tests.len());
        for (test, mark) in tests.iter().zip(&marks.results[0].checks) {
            let hidden = test["visibility"] == "after_published";
            assert_eq!(hidden, mark.hidden);
            assert_eq!(test.get("score").and_then(Value::as_u64), mark.points.map(u64::from));
            assert_eq!(test.get("status").is_some(), mark.points.is_some());
            assert_eq!(test["tags"], serde_json::json!(["ssh/slow-login"]));
            assert!(test["number"].as_str().unwrap().starts_with("1."));
            for secret in SECRETS.iter().filter(|_| !hidden) {
                assert!(!test.to_string().contains(secret), "{test}");
            }
        }
        for secret in SECRETS {
            assert!(!json["output"].as_str().unwrap().contains(secret), "{json}");
        }
    }
    let (open, _) = of(&class, by_key(&class, "open"));
    assert!(open["output"].as_str().unwrap().contains("a person will look"), "{open}");
    let (refused, _) = of(&class, by_key(&class, "guest"));
    assert!(refused["output"].as_str().unwrap().contains("Not accepted\n=cmd()"), "{refused}");
    let json = serde_json::to_string_pretty(&of(&class, by_key(&class, "bad")).0).unwrap();
    insta::with_settings!({ snapshot_path => "../snapshots" }, { insta::assert_snapshot!("gradescope", json) });
}

#[test]
fn gradescope_tells_two_checks_of_one_title_apart() {
    let class = hostile(Lang::En);
    let mut marks = by_key(&class, "good").clone();
    let mut second = marks.results[0].clone();
    second.checks[1].title = second.checks[0].title.clone();
    marks.results.push(second);
    let (json, _) = of(&class, &marks);
    let names: BTreeSet<&str> =
        json["tests"].as_array().unwrap().iter().map(|test| test["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 8, "{json}");
}

/// Fields and rules of `classroom50/result/v1`.
#[test]
fn classroom50_takes_every_document_and_it_holds_no_secret() {
    let class = hostile(Lang::Ja);
    let required = [
        "schema",
        "classroom",
        "assignment",
        "assignment_type",
        "owner",
        "submission",
        "commit",
        "release",
        "review",
        "datetime",
        "score",
        "max-score",
        "tests",
    ];
    let time = Regex::new(r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$").unwrap();
    for marks in &class.students {
        let (_, json) = of(&class, marks);
        let keys: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let known: BTreeSet<&str> = required.into_iter().chain(["graded_at", "submitted_by"]).collect();
        assert_eq!(keys, known, "no other field is taken");
        assert_eq!(
            (&json["schema"], &json["assignment_type"]),
            (&"classroom50/result/v1".into(), &"individual".into())
        );
        assert!(json["submission"].as_str().unwrap().starts_with("submit/"));
        assert!(
            time.is_match(json["datetime"].as_str().unwrap()) && time.is_match(json["graded_at"].as_str().unwrap())
        );
        assert_eq!(json["submitted_by"], serde_json::json!({ "username": "hanako", "id": null }));
        let whole = |value: &Value| value.as_u64().unwrap();
        assert!(whole(&json["score"]) <= whole(&json["max-score"]));
        let tests = json["tests"].as_array().unwrap();
        for test in tests {
            assert!(!test["test-name"].as_str().unwrap().is_empty() && test["passed"].is_boolean());
            assert!(whole(&test["score"]) <= whole(&test["max-score"]));
        }
        let sum = |of: &str| tests.iter().map(|test| whole(&test[of])).sum::<u64>();
        assert_eq!((sum("score"), sum("max-score")), (whole(&json["score"]), whole(&json["max-score"])));
        for secret in SECRETS {
            assert!(!json.to_string().contains(secret), "{json}");
        }
    }
    let bare = Submission { graded_at: None, submitted_by: None, is_group: true, ..submission() };
    let json = classroom50(&class.students[0], &class.exercises, &class.batch, &bare);
    assert_eq!((json.as_object().unwrap().len(), &json["assignment_type"]), (required.len(), &"group".into()));
}

fn junit(class: &Class) -> String {
    let bytes = files(class).into_iter().find(|(name, _)| name == "junit.xml").unwrap().1;
    String::from_utf8(bytes).unwrap()
}

#[test]
fn junit_of_a_class_is_what_jenkins_takes_and_names_every_case_once() {
    for class in [hostile(Lang::En), hostile(Lang::Ja), course(Lang::Ja)] {
        let xml = junit(&class);
        assert_eq!(violations(&xml), "", "{xml}");
        let cases: Vec<&str> = xml.split("<testcase ").skip(1).map(|case| case.split('>').next().unwrap()).collect();
        assert_eq!(cases.len(), class.students.len() * class.exercises[0].checks.len());
        assert_eq!(cases.iter().collect::<BTreeSet<_>>().len(), cases.len());
        assert!(xml.contains("classname=\"saiten.ssh.slow-login.") && xml.contains(SECRETS[0]));
    }
    let mut class = hostile(Lang::En);
    let xml = junit(&class).replace("><", ">\n<");
    insta::with_settings!({ snapshot_path => "../snapshots" }, { insta::assert_snapshot!("junit_class", xml) });
    class.students[0].student.name = "x]] [[ATTACHMENT|/etc/passwd".to_owned();
    assert!(!junit(&class).contains("[[ATTACHMENT|/etc/passwd"));
}
