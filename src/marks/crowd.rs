//! Which marks of a crowded machine stand. Other labs can only delay a lab, or lose it something by a time-out; so what passes
//! stands, and so does a failure by something that was there. The rest is measured again where nothing disturbs it.

use crate::arm::ArmName;
use crate::evidence::ArmEvidence;
use crate::scenario::{Check, Scenario};
use crate::verdict::{self, CheckResult, Verdict};

/// Lateness of the lab's switch, in seconds, below which no time-out can have been the machine's doing: a tenth of the shortest one.
const PUNCTUAL: f64 = 0.1;

/// Whether a submission has to be measured again in quiet.
pub fn is_doubtful(scenario: &Scenario, calibration: &[ArmEvidence], arm: &ArmEvidence) -> bool {
    let arms: Vec<ArmEvidence> = calibration.iter().chain([arm]).cloned().collect();
    let reference = calibration.iter().find(|arm| arm.name == ArmName::Applied);
    let own = verdict::judge(scenario, &arms).into_iter().filter(|result| result.arm == arm.name);
    own.into_iter().any(|result| match result.verdict {
        Verdict::Pass | Verdict::Unsupported => false,
        Verdict::Fail => {
            let check = scenario.checks.iter().find(|check| check.name == result.name);
            !check.is_some_and(|check| stands(check, &result, reference, arm))
        }
        Verdict::Inconclusive | Verdict::Error | Verdict::Vacuous => true,
    })
}

/// Whether a failure has another cause than the crowd.
fn stands(check: &Check, result: &CheckResult, reference: Option<&ArmEvidence>, arm: &ArmEvidence) -> bool {
    if result.unit.depends_on_machine() {
        return explained(check, reference, arm) || service_failed(result, arm);
    }
    let more = result.value.filter(|_| result.reason.id == "verdict-does-not-hold").is_some_and(|value| {
        let usual = reference.and_then(|reference| reference.median(&result.metric));
        usual.is_some_and(|usual| value.low > usual)
    });
    more || arm.trust.late_max < PUNCTUAL
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
