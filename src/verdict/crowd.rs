//! Which verdicts of a crowded machine stand. Other labs can only delay a lab, or lose it something by a time-out; so what passes
//! stands, and so does a failure by something that was there. The rest is measured again where nothing disturbs it.

use super::{CheckResult, Verdict, results_of};
use crate::arm::ArmName;
use crate::evidence::ArmEvidence;
use crate::measure::Unit;
use crate::scenario::{Check, Relation, Scenario};

/// Lateness of the lab's switch, in seconds, below which no time-out can have been the machine's doing: a tenth of the shortest one.
const PUNCTUAL: f64 = 0.1;

/// What says, with scenario and calibration, whether an arm is measured again.
pub type Rule = fn(&Scenario, &[ArmEvidence], &ArmEvidence) -> bool;

/// Whether what was done in place of the fixes has to be measured again in quiet: a submission, or a mutant. What the arms without
/// and with the fix leave open no other arm can close.
pub fn is_doubtful(scenario: &Scenario, calibration: &[ArmEvidence], arm: &ArmEvidence) -> bool {
    let others = calibration.iter().filter(|other| other.name != arm.name);
    let arms: Vec<ArmEvidence> = others.chain([arm]).cloned().collect();
    let reference = calibration.iter().find(|arm| arm.name == ArmName::Applied);
    results_of(scenario, &arms, &arm.name).into_iter().any(|(check, result)| match result.verdict {
        Verdict::Pass => may_be_late(check) && arm.trust.late_max >= PUNCTUAL,
        Verdict::Unsupported => false,
        Verdict::Fail => !stands(check, &result, reference, arm),
        Verdict::Inconclusive | Verdict::Error | Verdict::Vacuous => true,
    })
}

/// Whether the machine was too busy to decide about it.
pub fn is_undecided(scenario: &Scenario, calibration: &[ArmEvidence], arm: &ArmEvidence) -> bool {
    let arms: Vec<ArmEvidence> = calibration.iter().chain([arm]).cloned().collect();
    results_of(scenario, &arms, &arm.name).iter().any(|(_, result)| result.verdict == Verdict::Inconclusive)
}

/// Whether the arms without and with the fix have to be measured again: something in them is open, or a time has no reason.
pub fn is_open(scenario: &Scenario, calibration: &[ArmEvidence]) -> bool {
    let open = |result: &CheckResult| matches!(result.verdict, Verdict::Inconclusive | Verdict::Error);
    let applied = calibration.iter().find(|arm| arm.name == ArmName::Applied);
    super::judge(scenario, calibration).iter().any(open)
        || applied.is_some_and(|arm| is_doubtful(scenario, calibration, arm))
}

/// Whether the readings of these arms decide nothing: in a run beside others that may have been the others' doing.
pub fn is_scattered(scenario: &Scenario, arms: &[ArmEvidence]) -> bool {
    super::judge(scenario, arms).iter().any(|result| result.verdict == Verdict::Inconclusive)
}

/// Whether a delay alone could make a check pass. One that needs something besides has that counted.
fn may_be_late(check: &Check) -> bool {
    let slow = check.unit == Unit::Seconds && check.needs.is_empty();
    slow && check.bounds.iter().any(|bound| bound.relation == Relation::AtLeast)
}

/// Whether a failure has another cause than the crowd.
fn stands(check: &Check, result: &CheckResult, reference: Option<&ArmEvidence>, arm: &ArmEvidence) -> bool {
    if result.unit.depends_on_machine() {
        return explained(check, reference, arm) || service_failed(result, arm) || is_too_early(check, result);
    }
    let more = result.value.filter(|_| result.reason.id == "verdict-does-not-hold").is_some_and(|value| {
        let usual = reference.and_then(|reference| reference.median(&result.metric));
        usual.is_some_and(|usual| value.low > usual)
    });
    more || arm.trust.late_max < PUNCTUAL
}

/// Whether a time is too short, which no delay makes it.
fn is_too_early(check: &Check, result: &CheckResult) -> bool {
    result.unit == Unit::Seconds
        && result.reason.id == "verdict-does-not-hold"
        && check.bounds.iter().all(|bound| bound.relation == Relation::AtLeast)
}

/// Whether the service failed although nothing kept the lab waiting.
fn service_failed(result: &CheckResult, arm: &ArmEvidence) -> bool {
    result.reason.id == "verdict-service-failed" && arm.trust.late_max < PUNCTUAL
}

/// Whether what shows the symptom is still counted, more than with the fix: then a time has its reason.
fn explained(check: &Check, reference: Option<&ArmEvidence>, arm: &ArmEvidence) -> bool {
    check.symptom.as_ref().is_some_and(|symptom| {
        let usual = reference.and_then(|reference| reference.median(&symptom.metric)).unwrap_or(0.0);
        arm.median(&symptom.metric).is_some_and(|value| value > usual)
    })
}
