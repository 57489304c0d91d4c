//! What a batch leaves: the class's files, a directory for each student, the summary on the terminal, the exit status.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::PathBuf;

use super::{CommandError, Context, NOT_RUN, signals};
use crate::evidence::bundle::write_whole;
use crate::grade::ledger::{self, Ledger};
use crate::marks::{self, Asked, BatchPart, Class, Exercise, Marked, State, Student, StudentMarks};
use crate::report;
use crate::report::class::{Translated, classroom50};
use crate::scenario::Scenario;
use crate::wording::Lang;

/// The books of a batch.
pub(super) struct Books<'a> {
    /// What the command was given.
    pub context: &'a Context,
    /// The report directory.
    pub out: PathBuf,
    /// Scenarios in their order.
    pub scenarios: Vec<&'a Scenario>,
    /// Whether solutions are told.
    pub solutions: bool,
    /// The batch as a whole.
    pub batch: RefCell<BatchPart>,
    /// What Classroom 50 says of the only student, if this is its runner.
    pub classroom50: Option<classroom50::Submission>,
    /// What could not be written.
    pub trouble: RefCell<Vec<String>>,
}

impl Books<'_> {
    /// How marks are asked for.
    pub fn asked(&self, lang: Lang) -> Asked {
        Asked { lang, solutions: self.solutions }
    }

    fn exercises(&self, lang: Lang) -> Vec<Exercise> {
        self.scenarios.iter().map(|scenario| Exercise::of(scenario, lang)).collect()
    }

    fn waiting(&self, lang: Lang) -> Vec<Marked> {
        let each = self.scenarios.iter();
        each.map(|scenario| marks::unmarked(scenario, State::Waiting, None, self.asked(lang))).collect()
    }

    /// The class as the ledger has it.
    pub fn class(&self, ledger: &Ledger, students: &[Student]) -> Class {
        let lang = self.batch.borrow().lang;
        let waiting = self.waiting(lang);
        self.class_of(students.iter().map(|student| ledger.student(student, lang, &waiting)).collect())
    }

    fn class_of(&self, students: Vec<StudentMarks>) -> Class {
        let batch = self.batch.borrow().clone();
        let exercises = self.exercises(batch.lang);
        let summary = marks::summary(&exercises, &students);
        Class { version: marks::VERSION, batch, exercises, students, summary }
    }

    /// Writes a student's pages and files for platforms.
    pub fn write_student(&self, ledger: &Ledger, student: &Student) {
        let of = |lang| ledger.student(student, lang, &self.waiting(lang));
        let lang = self.batch.borrow().lang;
        let other_lang = if lang == Lang::En { Lang::Ja } else { Lang::En };
        let (own, other, exercises) = (of(lang), of(other_lang), self.exercises(other_lang));
        let translated = Translated { lang: other_lang, exercises: &exercises, marks: &other };
        let class = self.class_of(Vec::new());
        let pages = self.out.join(ledger::student_dir(&student.key));
        // Hidden checks are in these: not beside pages that may be handed on as they are.
        let platforms = self.out.join("platforms").join(&student.key);
        for (name, bytes) in report::class::student_files(&class, &own, Some(translated), self.classroom50.as_ref()) {
            let dir = if name.ends_with(".json") { &platforms } else { &pages };
            if let Err(err) = write_whole(&dir.join(name), &bytes) {
                self.trouble.borrow_mut().push(super::chain(&err));
            }
        }
    }

    /// Writes the class's files, prints the summary, gives the exit status.
    pub fn publish(&self, class: &Class) -> Result<u8, CommandError> {
        let mut out = io::stdout().lock();
        out.write_all(report::terminal::class(class, class.batch.lang, self.context.around.color).as_bytes())?;
        for (name, bytes) in report::class::files(class) {
            let path = self.out.join(name);
            match write_whole(&path, &bytes) {
                Ok(()) => writeln!(out, "  {}", path.display())?,
                Err(err) => self.trouble.borrow_mut().push(super::chain(&err)),
            }
        }
        let trouble = self.trouble.borrow();
        for text in trouble.iter() {
            writeln!(io::stderr(), "{} {text}", crate::wording::say(self.context.lang, "error-prefix"))?;
        }
        let status = exit_status(class);
        Ok(if trouble.is_empty() { status } else { status.max(NOT_RUN) })
    }
}

/// A student's failure is what grading is for; only what needs a person or was not done counts against the batch.
pub(super) fn exit_status(class: &Class) -> u8 {
    let open = |student: &StudentMarks| matches!(student.state, State::Review | State::Waiting);
    match () {
        () if class.batch.interrupted => signals::INTERRUPTED,
        () if !class.batch.not_calibrated.is_empty() || class.students.iter().any(open) => NOT_RUN,
        () => 0,
    }
}
