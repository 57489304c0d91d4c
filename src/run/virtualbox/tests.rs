use super::*;
use crate::lab::virtualbox::driver::Wanted;
use crate::lab::virtualbox::tests::fake::{Fake, State};
use crate::scenario::{Scenario, file};
use crate::verdict::{Verdict, judge};

fn scenario() -> Scenario {
    let dir = std::path::Path::new("virtualbox/bridge");
    let read = file::parse(ID, dir, "scenario.toml", SCENARIO, &known(Catalog::default()));
    read.unwrap_or_else(|problems| panic!("{}", problems.render(Lang::En, false)))
}

/// Verdicts in order, and all findings and reasons in words.
async fn verdicts(wanted: Wanted, change: impl FnOnce(&mut State)) -> (Vec<Verdict>, String) {
    let fake = Fake::wedged().with(change);
    let (found, course) = fake.run(&wanted).await;
    let driver = fake.driver(&|_| ());
    let arms: Vec<ArmEvidence> = arms(&driver, &found, &course, Lang::En).into_iter().map(|(arm, _)| arm).collect();
    let results = judge(&scenario(), &arms);
    let said = results.iter().map(|result| &result.reason).chain(arms.iter().flat_map(|arm| &arm.findings));
    let said: Vec<String> = said.flat_map(|phrase| [phrase.say(Lang::En), phrase.say(Lang::Ja)]).collect();
    (results.iter().map(|result| result.verdict).collect(), said.join("\n"))
}

#[tokio::test(start_paused = true)]
async fn a_wedged_bridge_that_the_fix_mends_passes() {
    let (verdicts, _) = verdicts(Fake::wanted(), |_| ()).await;
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass]);
}

#[tokio::test(start_paused = true)]
async fn a_bridge_that_works_proves_nothing() {
    let (verdicts, said) = verdicts(Fake::wanted(), |state| state.wedged = false).await;
    assert_eq!(verdicts, [Verdict::Vacuous; 2], "{said}");
    assert!(said.contains("nothing to mend"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_fix_that_does_not_help_fails() {
    let (verdicts, said) = verdicts(Fake::wanted(), |state| state.stays_wedged = true).await;
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Fail], "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_sends_nothing_shows_no_symptom() {
    let (verdicts, said) = verdicts(Fake::wanted(), |state| state.pings = false).await;
    assert_eq!(verdicts, [Verdict::Inconclusive; 2]);
    assert!(said.contains("the guest sent nothing in the arm omitted"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn where_virtualbox_does_not_count_the_other_arm_is_the_proof() {
    let (with_proof, said) = verdicts(Fake::wanted(), |state| state.counts = false).await;
    assert_eq!(with_proof, [Verdict::Pass; 2]);
    assert!(said.contains("is your word"), "{said}");
    let silent = |state: &mut State| (state.counts, state.stays_wedged) = (false, true);
    let (without, said) = verdicts(Fake::wanted(), silent).await;
    assert_eq!(without, [Verdict::Inconclusive; 2]);
    assert!(said.contains("cannot be known"), "{said}");
    let (alone, _) = verdicts(Wanted { apply: false, ..Fake::wanted() }, |state| state.counts = false).await;
    assert_eq!(alone, [Verdict::Inconclusive]);
}

#[tokio::test(start_paused = true)]
async fn other_reasons_why_nothing_arrives_are_not_the_symptom() {
    let (unplugged, said) = verdicts(Fake::wanted(), |state| state.cable = false).await;
    assert_eq!(unplugged, [Verdict::Vacuous; 2]);
    assert!(said.contains("setlinkstate2 on"), "{said}");
    let nat = |state: &mut State| (state.nic, state.counts) = (("nat".into(), None), false);
    let (nat, said) = verdicts(Fake::wanted(), nat).await;
    assert_eq!(nat, [Verdict::Vacuous; 2]);
    assert!(
        said.contains("not to \"Realtek PCIe GBE Family Controller\"") && said.contains("for the state after the fix"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wireless_adapter_is_not_judged() {
    let wireless = |state: &mut State| {
        state.adapters = state.adapters.replace("Ethernet\nStatus", "Ethernet\nWireless:        Yes\nStatus");
    };
    assert_eq!(verdicts(Fake::wanted(), wireless).await.0, [Verdict::Unsupported; 2]);
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_on_the_way_is_an_error_and_a_nic_that_stays_changed_is_told() {
    let (errors, said) = verdicts(Fake::wanted(), |state| state.breaks_at = 2).await;
    assert_eq!(errors, [Verdict::Pass, Verdict::Error]);
    assert!(said.contains("could not be put back to bridged") && said.contains("type: VBoxManage controlvm"), "{said}");
    let (stopped, _) = verdicts(Fake::wanted(), |state| state.stop_after = 1).await;
    assert_eq!(stopped, [Verdict::Pass, Verdict::Error]);
}

#[test]
fn every_phrase_has_its_words() {
    let list = include_str!("../../wording/en.ftl");
    for source in [
        include_str!("../virtualbox.rs"),
        include_str!("../../cli/virtualbox.rs"),
        include_str!("../../lab/virtualbox/mod.rs"),
        include_str!("../../lab/virtualbox/command.rs"),
        include_str!("../../lab/virtualbox/driver.rs"),
        include_str!("../../lab/virtualbox/apply.rs"),
        include_str!("../../lab/virtualbox/host_capture.rs"),
    ] {
        for id in source.split("\"virtualbox-").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(list.contains(&format!("\nvirtualbox-{id} = ")), "{id}");
        }
    }
}
