//! `junit.xml`, for Jenkins, GitLab and GitHub: one suite a scenario, one case a check and arm.

mod class;

use junit_report::{Duration, OffsetDateTime, ReportBuilder, TestCase, TestResult, TestSuite, TestSuiteBuilder};
use time::format_description::well_known::Rfc3339;

use super::results::{ArmPart, CheckPart, Results, ScenarioPart};
use crate::clean::{clean, one_line};
use crate::verdict::Verdict;
pub use class::class;

/// The report as XML.
pub fn junit(results: &Results) -> Vec<u8> {
    let mut report = ReportBuilder::new();
    for scenario in &results.scenarios {
        let mut suite = TestSuiteBuilder::new(&scenario.id);
        // Passed in: the default would be now, and a judgement again would differ.
        suite.set_timestamp(timestamp(&results.run.started));
        for check in &scenario.checks {
            suite.add_testcase(case(results, scenario, check));
        }
        for (arm, error) in scenario.failed_unread() {
            suite.add_testcase(lab_case(scenario, arm, error));
        }
        report.add_testsuite(settled(&mut suite));
    }
    written(&report)
}

fn settled(suite: &mut TestSuiteBuilder) -> TestSuite {
    let mut suite = suite.build();
    settle(&mut suite);
    suite
}

fn written(report: &ReportBuilder) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = report.build().write_xml(&mut bytes);
    bytes
}

fn timestamp(started: &str) -> OffsetDateTime {
    OffsetDateTime::parse(started, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn case(results: &Results, scenario: &ScenarioPart, check: &CheckPart) -> TestCase {
    let name = one_line(&format!("{} [{}]", check.name, check.arm), 200);
    let arm = scenario.arms.iter().find(|arm| arm.name == check.arm);
    // The wall time belongs to the arm; its cases share it.
    let took = arm.map_or(0.0, |arm| arm.phases.values().sum::<f64>()) / scenario.checks.len().max(1) as f64;
    let took = Duration::milliseconds((took * 1e3).round() as i64);
    let message = one_line(&check.message, 1000);
    let type_ = check.verdict.name();
    let mut case = match check.verdict {
        Verdict::Pass => TestCase::success(&name, took),
        Verdict::Fail => TestCase::failure(&name, took, type_, &message),
        Verdict::Unsupported => TestCase::skipped_with_cause(&name, type_, &message),
        Verdict::Vacuous | Verdict::Inconclusive | Verdict::Error => TestCase::error(&name, took, type_, &message),
    };
    case.set_classname(&classname(&scenario.id));
    case.set_system_out(&safe(&system_out(results, scenario, check)));
    set_body(&mut case, &body(check, arm));
    case
}

/// What is said of a case that is not a success: GitLab shows the body and ignores the attribute.
fn set_body(case: &mut TestCase, body: &str) {
    if let TestResult::Failure { cause, .. }
    | TestResult::Error { cause, .. }
    | TestResult::SkippedWithCause { cause, .. } = &mut case.result
    {
        *cause = Some(safe(body));
    }
}

/// A case for a lab that failed and that no check reads: the run's exit status must not be a riddle.
fn lab_case(scenario: &ScenarioPart, arm: &ArmPart, error: &str) -> TestCase {
    let name = one_line(&format!("lab [{}]", arm.name), 200);
    let (type_, message) = (Verdict::Error.name().to_owned(), one_line(error, 1000));
    let mut case = TestCase::success(&name, Duration::ZERO);
    case.result = TestResult::Error { type_, message, cause: Some(safe(error)) };
    case.set_classname(&classname(&scenario.id));
    case
}

fn classname(scenario: &str) -> String {
    format!("saiten.{}", scenario.replace('/', "."))
}

/// Makes all times print with at most three decimals, as the schema asks. The writer prints seconds plus a fraction as a sum of
/// two floating-point numbers: 1.128 s comes out as 1.1280000000000001. A millisecond more does not.
fn settle(suite: &mut TestSuite) {
    let prints = |time: Duration| {
        let text = time.as_seconds_f64().to_string();
        text.split_once('.').is_none_or(|(_, decimals)| decimals.len() <= 3)
    };
    let longer = |case: &mut TestCase| case.time += Duration::milliseconds(1);
    suite.testcases.iter_mut().for_each(|case| {
        while !prints(case.time) {
            longer(case)
        }
    });
    while !prints(suite.time()) {
        let Some(last) = suite.testcases.last_mut() else { return };
        longer(last);
        while !prints(last.time) {
            longer(last)
        }
    }
}

fn body(check: &CheckPart, arm: Option<&ArmPart>) -> String {
    let findings = arm.into_iter().flat_map(|arm| arm.findings.iter().chain(&arm.remarks)).cloned();
    let told = check.reasons.iter().cloned().chain(check.hint.clone());
    let lines = std::iter::once(check.message.clone()).chain(told).chain(findings);
    lines.collect::<Vec<_>>().join("\n")
}

/// Figures and evidence in the conventions that GitLab and others read.
fn system_out(results: &Results, scenario: &ScenarioPart, check: &CheckPart) -> String {
    let mut out = String::new();
    let mut property = |name: &str, value: String| out += &property(name, &value);
    property("verdict", check.verdict.name().to_owned());
    property("metric", check.metric.clone());
    for (name, estimate) in [("median", check.value), ("control.median", check.control)] {
        if let Some(estimate) = estimate {
            property(name, format!("{:.6}", estimate.value));
        }
    }
    if let Some(ratio) = check.ratio {
        property("ratio", format!("{ratio:.4}"));
    }
    if let Some(backend) = &results.run.backend {
        property("backend", backend.clone());
    }
    property("time", if results.run.realtime { "real" } else { "compressed" }.to_owned());
    if let Some(points) = check.points.filter(|_| check.points_most > 0) {
        property("points", format!("{points}/{}", check.points_most));
    }
    for arm in &scenario.arms {
        if arm.name == check.arm || arm.name == "omitted" {
            for path in &arm.evidence {
                out += &attachment(path);
            }
        }
    }
    out
}

/// Names are what somebody chose: none may hold a property or an attachment of its own.
fn property(name: &str, value: &str) -> String {
    format!("[[PROPERTY|{name}={}]]\n", value.replace("[[", "[\u{2060}["))
}

fn attachment(path: &str) -> String {
    format!("[[ATTACHMENT|{}]]\n", one_line(path, 1000))
}

/// What the writer does not do: it lets control characters through, and the end of a CDATA section.
fn safe(text: &str) -> String {
    clean(text).replace("]]>", "]]\u{2060}>")
}
