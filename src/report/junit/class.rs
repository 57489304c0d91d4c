//! `junit.xml` of a class: one suite an exercise, one case a check and student. It is the instructor's: nothing is left out.

use junit_report::{Duration, ReportBuilder, TestCase, TestSuiteBuilder};

use super::{attachment, classname, property, safe, set_body, settled, timestamp, written};
use crate::clean::one_line;
use crate::marks::{CheckHead, CheckMark, Class, Exercise, Marked, Standing, State, StudentMarks};

/// The report as XML.
pub fn class(class: &Class) -> Vec<u8> {
    let mut report = ReportBuilder::new();
    for exercise in &class.exercises {
        let mut suite = TestSuiteBuilder::new(&exercise.id);
        // Passed in: the default would be now, and a judgement again would differ.
        suite.set_timestamp(timestamp(&class.batch.started));
        for student in &class.students {
            for result in student.results.iter().filter(|result| result.scenario == exercise.id) {
                for head in &exercise.checks {
                    suite.add_testcase(case(exercise, student, result, head));
                }
            }
        }
        report.add_testsuite(settled(&mut suite));
    }
    written(&report)
}

fn case(exercise: &Exercise, student: &StudentMarks, result: &Marked, head: &CheckHead) -> TestCase {
    let mark = result.checks.iter().find(|mark| mark.name == head.name);
    // The time belongs to the lab; its cases share it.
    let took = result.took / exercise.checks.len().max(1) as f64;
    let took = Duration::milliseconds((took * 1e3).round() as i64);
    let mut case = match mark {
        Some(mark) => marked(mark, took),
        None => unmarked(result, head, took),
    };
    case.set_classname(&format!("{}.{}", classname(&exercise.id), student.student.key));
    case.set_system_out(&safe(&system_out(student, result, mark)));
    let told = mark.into_iter().flat_map(|mark| mark.reasons.iter().map(|reason| &reason.text).chain(&mark.hint));
    let message = mark.map(|mark| &mark.message).or(result.why.as_ref());
    let lines: Vec<&str> = message.into_iter().chain(told).chain(&result.findings).map(String::as_str).collect();
    set_body(&mut case, &lines.join("\n"));
    case
}

/// What is open is the harness's or the machine's doing: an error, never a failure.
fn marked(mark: &CheckMark, took: Duration) -> TestCase {
    let (name, message, type_) = (one_line(&mark.name, 200), one_line(&mark.message, 1000), mark.standing.name());
    match mark.standing {
        Standing::Pass => TestCase::success(&name, took),
        Standing::Partial | Standing::Fail => TestCase::failure(&name, took, type_, &message),
        Standing::Skipped => TestCase::skipped_with_cause(&name, type_, &message),
        Standing::Unsupported | Standing::Inconclusive | Standing::Error => {
            TestCase::error(&name, took, type_, &message)
        }
    }
}

fn unmarked(result: &Marked, head: &CheckHead, took: Duration) -> TestCase {
    let (name, message) = (one_line(&head.name, 200), one_line(result.why.as_deref().unwrap_or_default(), 1000));
    let type_ = result.state.name();
    match result.state {
        State::Refused => TestCase::failure(&name, took, type_, &message),
        State::Missing | State::Waiting => TestCase::skipped_with_cause(&name, type_, &message),
        State::Review | State::Graded => TestCase::error(&name, took, type_, &message),
    }
}

fn system_out(student: &StudentMarks, result: &Marked, mark: Option<&CheckMark>) -> String {
    let mut out = property("student", &one_line(&student.student.name, 200)) + &property("state", result.state.name());
    let Some(mark) = mark else { return out };
    out += &property("standing", mark.standing.name());
    out += &property("metric", &mark.metric);
    let figures = [("median", mark.value), ("control.median", mark.control), ("reference.median", mark.reference)];
    for (name, estimate) in figures {
        if let Some(estimate) = estimate {
            out += &property(name, &format!("{:.6}", estimate.value));
        }
    }
    if let Some(points) = mark.points {
        out += &property("points", &format!("{points}/{}", mark.points_most));
    }
    if mark.standing != Standing::Pass {
        out.extend(result.evidence.iter().map(|file| attachment(&file.path)));
    }
    out
}
