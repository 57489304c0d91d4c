//! Likely reasons behind a check that fails: what was measured, and what the configuration looked like. Pure; it explains
//! verdicts and decides none.

use crate::evidence::ArmEvidence;
use crate::scenario::{Reason, Scenario};
use crate::verdict;

/// The scenario's reasons that fit what was found in this arm, in the scenario's order.
pub fn reasons<'a>(scenario: &'a Scenario, arm: &ArmEvidence, check: &str) -> Vec<&'a Reason> {
    let explains = |reason: &&Reason| reason.checks.iter().any(|name| name == check) && fits(reason, arm);
    scenario.reasons.iter().filter(explains).collect()
}

/// Whether what a reason looks at looks like it. What was not found out fits nothing.
fn fits(reason: &Reason, arm: &ArmEvidence) -> bool {
    let measured = reason.when.iter().all(|when| {
        let median = arm.median(&when.metric);
        median.is_some_and(|median| when.bounds.iter().all(|bound| verdict::keeps(bound, median)))
    });
    let effective = reason.effective.as_ref().is_none_or(|look| {
        let effective = reason.on.as_ref().and_then(|on| arm.effective.get(on));
        effective.is_some_and(|effective| look.fits(&effective.after))
    });
    let file = reason.file.as_ref().is_none_or(|(path, look)| {
        let files = reason.on.as_ref().and_then(|on| arm.files.get(on));
        files.and_then(|files| files.get(path)).is_some_and(|text| look.fits(text))
    });
    measured && effective && file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::ArmName;
    use crate::evidence::Effective;
    use crate::scenario::{Look, Text};

    #[test]
    fn a_reason_fits_only_what_was_looked_at() {
        let look = |has: &str| Look { has: Some(has.to_owned()), lacks: None };
        let mut reason = Reason {
            name: "two-spaces".into(),
            checks: vec!["refused".into()],
            when: Vec::new(),
            on: Some("server".into()),
            effective: Some(look("recursion yes")),
            file: Some(("/etc/named.conf".into(), look("recursion  yes"))),
            text: Text { en: "two spaces".into(), ja: None },
        };
        let mut arm = ArmEvidence::new(ArmName::Applied, Vec::new());
        assert!(!fits(&reason, &arm));
        arm.effective.insert("server".into(), Effective { after: "recursion yes;".into(), ..Effective::default() });
        assert!(!fits(&reason, &arm));
        arm.files.entry("server".into()).or_default().insert("/etc/named.conf".into(), "recursion  yes;".into());
        assert!(fits(&reason, &arm));
        reason.on = Some("client".into());
        assert!(!fits(&reason, &arm));
    }
}
