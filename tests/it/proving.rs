//! Proving on a scripted backend: own arms first and beside nothing, then the others, and again only what a crowd may have spoilt.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use saiten::evidence::Outcome;
use saiten::evidence::bundle::Bundle;
use saiten::lab::scripted::Reply;
use saiten::run::Wanted;
use saiten::scenario::Text;
use saiten::scenario::submission::{Step, Submission};
use saiten::verdict::{self, Verdict};

use crate::engine::{Lab, on_paused_time};

fn submission(name: &str) -> Submission {
    Submission {
        name: name.to_owned(),
        title: Text { en: name.to_owned(), ja: None },
        steps: vec![Step::Run { on: "server".to_owned(), run: "hand-in".to_owned() }],
        images: BTreeMap::new(),
        hosts: BTreeMap::new(),
        remarks: Vec::new(),
        fails: Default::default(),
        reasons: Default::default(),
    }
}

/// A lab in which the arm of this name reads nothing the first so many times, and as `applied` afterwards; what `wrong` is in the name
/// of leaks, as `omitted` does.
fn lab(late: &'static str, times: u32) -> Lab {
    let left = Rc::new(Cell::new(times));
    Lab::new().answer(move |machine, line| {
        if line != "measure" {
            return None;
        }
        if machine.contains(late) && left.get() > 0 {
            left.set(left.get() - 1);
            return Some(Reply::prints("no number"));
        }
        let leaks = machine.contains("omitted") || machine.contains("wrong");
        Some(Reply::prints(if leaks { "4" } else { "0" }))
    })
}

/// How many labs an arm had.
fn labs(lab: &Lab, arm: &str) -> usize {
    lab.log_of(arm).iter().filter(|line| *line == "start server").count()
}

fn verdict_of(lab: &Lab, done: &saiten::run::Outcome, arm: &str) -> Verdict {
    let judged = verdict::judge(&lab.scenario(), &done.arms[0]);
    judged.iter().find(|result| result.arm.to_string() == arm).unwrap().verdict
}

#[test]
fn what_is_undecided_is_measured_again_and_what_stands_is_not() {
    on_paused_time(async {
        let mut lab = lab("late", 2);
        lab.submissions = vec![submission("late"), submission("right"), submission("wrong")];
        let done = lab.run().await;
        let count = ["omitted", "applied", "submission-late", "submission-right", "submission-wrong"];
        assert_eq!(count.map(|arm| labs(&lab, arm)), [1, 1, 2, 1, 1]);
        let verdicts = ["late", "right", "wrong"].map(|name| verdict_of(&lab, &done, &format!("submission:{name}")));
        assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass, Verdict::Fail]);
        // What counts in the end is what is on disk.
        let bundle = Bundle::of(lab.dir.path());
        assert_eq!(bundle.read_arms(&done.record.scenarios[0]).unwrap(), done.arms[0]);
        assert_eq!(lab.scripted.script.living(), 0);
    });
}

#[test]
fn what_stays_undecided_is_measured_twice_and_no_more() {
    on_paused_time(async {
        let mut lab = lab("late", u32::MAX);
        lab.submissions = vec![submission("late")];
        let done = lab.run().await;
        assert_eq!(labs(&lab, "submission-late"), 2);
        assert_eq!(verdict_of(&lab, &done, "submission:late"), Verdict::Error);
    });
}

#[test]
fn readings_that_scatter_have_a_third_try_and_no_more() {
    on_paused_time(async {
        let turn = Rc::new(Cell::new(0));
        let mut lab = Lab::new().answer(move |machine, line| {
            if line == "measure" {
                turn.set(turn.get() + 1);
            }
            let scattered = if turn.get() % 2 == 0 { "1" } else { "0" };
            let reading = if machine.contains("omitted") { "4" } else { "0" };
            let reading = if machine.contains("scattered") { scattered } else { reading };
            (line == "measure").then(|| Reply::prints(reading))
        });
        lab.submissions = vec![submission("scattered")];
        let done = lab.run().await;
        assert_eq!(labs(&lab, "submission-scattered"), 3);
        assert_eq!(verdict_of(&lab, &done, "submission:scattered"), Verdict::Inconclusive);
    });
}

#[test]
fn own_arms_run_beside_nothing_and_again_where_they_decide_nothing() {
    on_paused_time(async {
        let mut lab = lab("applied", 2);
        lab.submissions = vec![submission("right"), submission("wrong")];
        let done = lab.run().await;
        assert_eq!(["omitted", "applied"].map(|arm| labs(&lab, arm)), [2, 2]);
        assert_eq!(verdict_of(&lab, &done, "applied"), Verdict::Pass);
        let log = lab.scripted.script.log();
        let own = |line: &String| line.contains("omitted") || line.contains("applied");
        let first = log.iter().position(|line| line.contains("submission")).unwrap();
        assert!(log[first..].iter().all(|line| !own(line)), "{log:?}");
        // A run without anything to prove says at once what it saw.
        let plain = self::lab("applied", 2);
        let done = plain.run().await;
        assert_eq!((labs(&plain, "applied"), verdict_of(&plain, &done, "applied")), (1, Verdict::Error));
    });
}

/// A lab whose arm with the fix reads now this, now that, in its first lab, and the same from then on.
fn scattered_at_first() -> Lab {
    let turn = Rc::new(Cell::new(0));
    Lab::new().answer(move |machine, line| {
        let own = machine.contains("made-up-applied");
        if line == "measure" && own {
            turn.set(turn.get() + 1);
        }
        let leaks = machine.contains("omitted") || (own && turn.get() <= 4 && turn.get() % 2 == 0);
        (line == "measure").then(|| Reply::prints(if leaks { "4" } else { "0" }))
    })
}

#[test]
fn what_scenarios_beside_it_may_have_spoilt_is_measured_again_without_them() {
    on_paused_time(async {
        let mut lab = scattered_at_first();
        // The same scenario, whose readings do not scatter.
        lab.company = vec!["made/other"];
        let done = lab.run().await;
        assert_eq!(["omitted", "applied"].map(|arm| labs(&lab, arm)), [2, 2]);
        assert_eq!(verdict_of(&lab, &done, "applied"), Verdict::Pass);
        let log = lab.scripted.script.log();
        assert_eq!(log.iter().filter(|line| *line == "start made-other-applied-server").count(), 1);
        assert_eq!(lab.scripted.script.living(), 0);
        // Nothing was beside this one: another try would meet the same machine.
        let alone = scattered_at_first();
        let done = alone.run().await;
        assert_eq!((labs(&alone, "applied"), verdict_of(&alone, &done, "applied")), (1, Verdict::Inconclusive));
    });
}

#[test]
fn a_mutant_that_nobody_could_judge_is_measured_again() {
    on_paused_time(async {
        let mut lab = lab("not-activated", 2);
        lab.mutants = Some(Wanted::default());
        let done = lab.run().await;
        assert!(done.arms[0].len() > 3);
        for arm in &done.arms[0] {
            let name = arm.name.dir();
            assert_eq!(labs(&lab, &name), if name == "mutant-not-activated" { 2 } else { 1 }, "{name}");
        }
        assert!(done.arms[0].iter().all(|arm| arm.outcome == Outcome::Measured));
    });
}
