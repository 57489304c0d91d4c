//! A live machine that is looked at: only read, its files' copies edited elsewhere, and what cannot be found out left open.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use async_trait::async_trait;
use tokio::task::LocalSet;

use super::*;
use crate::event::Announcer;
use crate::helper::message::Ran;
use crate::lab::scripted::{Reply, Scripted};
use crate::probe;
use crate::run::{Options, Stop};
use crate::scenario::file;
use crate::wording::Lang;

const SCENARIO: &str = r#"
title.en = "A made-up lab"
[networks.lan]
subnet = "192.168.1.0/24"
[endpoints.server]
image = "x:1"
nic.lan = "192.168.1.10"
[[fixes]]
name = "mend"
on = "server"
run = 'sed -i "s/recursion yes/recursion no/" /etc/named.conf'
edits = ["/etc/named.conf"]
[[probes]]
name = "look"
kind = "command"
from = "server"
to = "server"
with = { run = "measure" }
[[checks]]
name = "leaks-nothing"
metric = "look.value"
equals = 0
"#;
const SEEN: &str = "os\tDebian\nno-user\talice\nwhole\tyes\n";

/// A machine that answers so, and remembers what it was asked.
struct There {
    answers: Box<dyn Fn(&str) -> Ran>,
    asked: RefCell<Vec<String>>,
}

impl There {
    /// One on which the script that looks says this, and of which a file is read so.
    fn saying(look: Ran, file: Ran) -> Self {
        let answers = move |line: &str| if line.starts_with("test -f") { file.clone() } else { look.clone() };
        There { answers: Box::new(answers), asked: RefCell::default() }
    }
}

#[async_trait(?Send)]
impl Shell for There {
    async fn run(&self, line: &str, _: Duration) -> Result<Ran, LabError> {
        self.asked.borrow_mut().push(line.to_owned());
        Ok((self.answers)(line))
    }
}

fn prints(text: &str) -> Ran {
    Ran { stdout: text.to_owned(), ..Ran::default() }
}

fn fails(status: i32, text: &str) -> Ran {
    Ran { status, stderr: text.to_owned(), ..Ran::default() }
}

/// Looks at it; copies are tried on machines of this backend.
fn look(there: &There, scripted: &Scripted) -> Result<Survey, LabError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let dir = tempfile::tempdir().unwrap();
        let options = Options::of("test".to_owned(), dir.path().to_owned(), Lang::En, dir.path().join("doors"));
        let (announcer, stop) = (Announcer::new(Vec::new()), Stop::default());
        let shared = Shared::new(scripted, &options, &announcer, &stop, false).await.unwrap();
        let catalog = probe::catalog([]);
        let scenario = file::parse("made/up", Path::new("made/up"), "scenario.toml", SCENARIO, &catalog).unwrap();
        let image = "scripted/x:1".to_owned();
        let place = Place { scenario: &scenario, endpoint: "server", image: Some(&image) };
        let survey = look_through(&shared, place, there, vec!["alice".to_owned()]).await;
        assert_eq!(scripted.script.living(), 0, "machines left: {:?}", scripted.script.log());
        survey
    })
}

/// A backend in whose machines the file holds this, and the command ends so; one that succeeds edits the file if `edits`.
fn elsewhere(content: &'static str, status: i32, edits: bool) -> Scripted {
    let (scripted, is_edited) = (Scripted::default(), Rc::new(Cell::new(false)));
    scripted.script.answer(move |_, line| match line {
        "tail /etc/named.conf" if is_edited.get() => Some(Reply::prints("edited")),
        "tail /etc/named.conf" => Some(Reply::prints(content)),
        line if line.starts_with("sed ") => {
            is_edited.set(edits);
            Some(Reply { status, stderr: "sed: oh".to_owned(), ..Reply::default() })
        }
        _ => None,
    });
    scripted
}

fn ids(phrases: &[Phrase]) -> Vec<&str> {
    phrases.iter().map(|phrase| phrase.id.as_str()).collect()
}

#[test]
fn the_machine_is_only_read_and_its_files_copies_are_edited() {
    let there = There::saying(prints(SEEN), prints("recursion yes;\n"));
    let scripted = elsewhere("recursion yes;\n", 0, true);
    let survey = look(&there, &scripted).unwrap();
    assert_eq!((ids(&survey.lacks), ids(&survey.notes)), (vec![], vec!["finding-tried-on-copies"]));
    assert_eq!(survey.facts["missing_users"], "alice");
    let asked = there.asked.borrow();
    assert!(asked[0].starts_with("LC_ALL=C") && asked[1].starts_with("test -f '/etc/named.conf' || exit"), "{asked:?}");
    assert_eq!(asked.len(), 2);
    let log = scripted.script.log();
    assert!(log.iter().any(|line| line.starts_with("run made-up-fit-server: sed -i")), "{log:?}");
}

#[test]
fn what_a_command_does_not_find_on_a_copy_it_does_not_find_there() {
    let there = There::saying(prints(SEEN), prints("recursion no;\n"));
    let survey = look(&there, &elsewhere("recursion no;\n", 0, false)).unwrap();
    assert_eq!(ids(&survey.lacks), ["unfit-nothing-to-edit-line"]);
    assert_eq!(survey.lacks[0].args["text"], "recursion no;");
}

#[test]
fn what_fails_elsewhere_says_nothing_against_the_machine() {
    let there = || There::saying(prints(SEEN), prints("recursion yes;\n"));
    let survey = look(&there(), &elsewhere("recursion yes;\n", 4, false)).unwrap();
    assert_eq!((ids(&survey.lacks), survey.notes[0].id.as_str()), (vec![], "cannot-tell-command"));
    let refuses = Scripted::default();
    refuses.script.refuse("fit-server", "no room");
    let survey = look(&there(), &refuses).unwrap();
    assert_eq!((ids(&survey.lacks), ids(&survey.notes)), (vec![], vec!["cannot-tell-commands"]));
    assert!(survey.notes[0].args["why"].contains("no room"), "{:?}", survey.notes);
    // What was seen is told all the same.
    assert_eq!(survey.facts["os"], "Debian");
}

#[test]
fn a_file_that_is_not_there_is_not_tried_and_one_that_cannot_be_read_is_left_open() {
    let scripted = Scripted::default();
    let survey = look(&There::saying(prints(SEEN), fails(ABSENT, "")), &scripted).unwrap();
    assert_eq!((survey.notes, scripted.script.log()), (vec![], vec![]));
    let long = prints(&"x".repeat(FILE_MOST + 1));
    let slow = Ran { timed_out: true, ..fails(255, "") };
    for (file, why) in [(fails(1, "denied"), "denied"), (long, "bytes"), (slow, "longer than")] {
        let survey = look(&There::saying(prints(SEEN), file), &scripted).unwrap();
        assert_eq!(ids(&survey.notes), ["cannot-tell-commands"]);
        assert!(survey.notes[0].args["why"].contains(why), "{:?}", survey.notes);
    }
}

#[test]
fn a_look_that_does_not_come_to_its_end_tells_nothing() {
    let slow = Ran { timed_out: true, stdout: SEEN.to_owned(), ..fails(255, "") };
    let turned_away = fails(1, "sudo: a password is required");
    for (ran, why) in
        [(slow, "longer than"), (turned_away, "a password is required"), (prints("os\tDebian\n"), "early")]
    {
        let told = look(&There::saying(ran, prints("")), &Scripted::default()).unwrap_err().chain();
        assert!(told.contains(why), "{told}");
    }
}
