//! `saiten regrade` on a batch: everybody's marks again, from the stored evidence.

use std::cell::RefCell;
use std::path::Path;

use serde::Deserialize;

use super::books::Books;
use super::regrade::Args;
use super::{CommandError, Context};
use crate::arm::ArmName;
use crate::evidence::ArmEvidence;
use crate::evidence::bundle::{Bundle, RunRecord};
use crate::grade::batch::{self, Lab, marks_in_all};
use crate::grade::ledger::{Ledger, Record};
use crate::marks::{self, Asked, BatchPart, Marked, Student};
use crate::scenario::{Scenario, file};
use crate::wording::Lang;

/// What is read of `results.json`.
#[derive(Deserialize)]
struct Stored {
    batch: BatchPart,
    students: Vec<Student>,
}

/// Whether a report directory is a batch's.
pub(super) fn is_batch(dir: &Path) -> bool {
    dir.join("batch.json").is_file()
}

/// Marks everybody again.
pub(super) fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let wrong = |err: &dyn std::error::Error| CommandError::Wrong(super::chain(err));
    let mut ledger = Ledger::reopen(&args.dir).map_err(|err| wrong(&err))?;
    let stored = stored(&args.dir)?;
    let out = args.out.clone().unwrap_or_else(|| args.dir.clone());
    let bundle = Bundle::of(&args.dir);
    let record = bundle.read_run()?;
    let read = scenarios(args, context, &bundle, &record)?;
    ledger.move_to(&out, read.iter().map(|(scenario, text, _)| (scenario.id.as_str(), text.as_str())))?;
    let scenarios: Vec<_> = read.into_iter().map(|(scenario, _, arms)| (scenario, arms)).collect();
    let books = Books {
        context,
        out,
        scenarios: scenarios.iter().map(|(scenario, _)| scenario).collect(),
        solutions: ledger.about().solutions,
        batch: RefCell::new(stored.batch),
        classroom50: None,
        trouble: RefCell::default(),
    };
    for (scenario, calibration) in &scenarios {
        mark_again(&mut ledger, &bundle, scenario, calibration)?;
    }
    let lang = books.batch.borrow().lang;
    let trouble = scenarios.iter().flat_map(|(scenario, arms)| batch::trouble(scenario, arms, lang));
    books.batch.borrow_mut().not_calibrated = trouble.collect();
    for student in &stored.students {
        books.write_student(&ledger, student);
    }
    let class = books.class(&ledger, &stored.students);
    books.publish(&class)
}

fn stored(dir: &Path) -> Result<Stored, CommandError> {
    let path = dir.join("results.json");
    let way_out = "end the batch with `saiten grade --resume` first";
    let wrong = |why: String| CommandError::Wrong(format!("{}: {why}; {way_out}", path.display()));
    let bytes = std::fs::read(&path).map_err(|err| wrong(err.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|err| wrong(err.to_string()))
}

/// The scenarios, the texts of their files, and their labs without and with the fix.
fn scenarios(
    args: &Args,
    context: &Context,
    bundle: &Bundle,
    record: &RunRecord,
) -> Result<Vec<(Scenario, String, Vec<ArmEvidence>)>, CommandError> {
    let place = context.place()?;
    let catalog = place.catalog();
    let each = record.scenarios.iter().map(|own| {
        let path = if args.current { place.file_of(&own.id)? } else { bundle.scenario_path(&own.id) };
        let read = file::read(&path, &catalog);
        let read =
            read.map_err(|found| CommandError::Problems(found.render(context.lang, context.around.error_color)))?;
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        Ok((read, text, bundle.read_arms(own)?))
    });
    each.collect()
}

/// Marks again whoever has a lab; whoever has none stays without, of what the scenario is worth now.
fn mark_again(
    ledger: &mut Ledger,
    bundle: &Bundle,
    scenario: &Scenario,
    calibration: &[ArmEvidence],
) -> Result<(), CommandError> {
    let solutions = ledger.about().solutions;
    let own = |record: &&Record| record.marked.values().any(|marked| marked.scenario == scenario.id);
    let records: Vec<Record> = ledger.records().filter(own).cloned().collect();
    for record in records {
        let Some(known) = record.marked.values().next() else { continue };
        let marked = match known.checks.is_empty() {
            true => record
                .marked
                .iter()
                .map(|(lang, known)| (*lang, unmarked_again(scenario, known, *lang, solutions)))
                .collect(),
            false => {
                let arm = bundle.read_arm(&scenario.id, &ArmName::Submission(record.student.key.clone()))?;
                let lab = Lab { digest: &known.digest, attempts: known.attempts, solutions };
                marks_in_all(scenario, calibration, &arm, lab)
            }
        };
        ledger.record(&record.student, marked)?;
    }
    Ok(())
}

fn unmarked_again(scenario: &Scenario, known: &Marked, lang: Lang, solutions: bool) -> Marked {
    let fresh = marks::unmarked(scenario, known.state, known.why.clone(), Asked { lang, solutions });
    Marked { digest: known.digest.clone(), attempts: known.attempts, ..fresh }
}
