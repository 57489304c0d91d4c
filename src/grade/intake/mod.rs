//! Who handed in what: a directory or an archive with an entry for each student, and in each what scenarios accept.
//!
//! Everything here is hostile. Nothing is unpacked: accepted names are looked for and their bytes read, so that a name that leads
//! elsewhere, a link or a device has nowhere to lead to. What is wrong with one student's entry is refused as that student's.

mod bytes;
mod digest;
mod folder;
mod key;
mod look;
mod matching;
mod member;
mod moodle;
mod parts;
mod tarred;
mod tree;
mod who;
mod zipped;

use std::io;
use std::path::PathBuf;

use tempfile::TempPath;

use crate::clean::one_line;
use crate::marks::Student;
use crate::scenario::Accept;
use crate::scenario::submission::Host;
use crate::wording::Phrase;

pub use key::{keys, slug};
pub use parts::parts;
pub use who::{open, single};

/// Characters of a name that a message shows.
const SHOWN: usize = 80;
/// Most names that a remark lists.
const LISTED: usize = 10;

/// What is read at most, in bytes unless said otherwise, and where large things are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A script.
    pub script: u64,
    /// A file.
    pub file: u64,
    /// The file that holds an address.
    pub address: u64,
    /// An image.
    pub image: u64,
    /// A student's archive.
    pub archive: u64,
    /// A student's archive where an image is accepted.
    pub archive_with_image: u64,
    /// What a student's archive holds, decompressed; where an image is accepted, besides the image.
    pub read: u64,
    /// Entries of a student's archive or directory, as a number.
    pub members: usize,
    /// The archive of a whole class, and what it holds when that is decompressed.
    pub class: u64,
    /// Entries of the archive of a whole class, as a number.
    pub class_members: usize,
    /// Directory for images and for archives that are decompressed.
    pub temporary: PathBuf,
}

impl Limits {
    /// The usual limits.
    pub fn new(temporary: impl Into<PathBuf>) -> Self {
        Limits {
            script: 256 << 10,
            file: 1 << 20,
            address: 256,
            image: 2 << 30,
            archive: 64 << 20,
            archive_with_image: 4 << 30,
            read: 256 << 20,
            members: 10_000,
            class: 64 << 30,
            class_members: 200_000,
            temporary: temporary.into(),
        }
    }
}

/// Why what was handed in could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// What is wrong with what this student handed in.
    Refused(Phrase),
    /// Not the student's fault, or not certainly so: a person has to look.
    Person(Phrase),
}

impl Trouble {
    /// What it is.
    pub fn phrase(&self) -> &Phrase {
        match self {
            Trouble::Refused(phrase) | Trouble::Person(phrase) => phrase,
        }
    }
}

/// Everybody who handed in or should have.
#[derive(Debug)]
pub struct Intake {
    /// Students, by key.
    pub handings: Vec<Handing>,
    /// What was left aside, and what could not be told apart.
    pub remarks: Vec<Phrase>,
}

/// A student, and what came from there.
#[derive(Debug)]
pub struct Handing {
    /// Who.
    pub student: Student,
    /// Where it is; nothing was handed in where there is none.
    pub entry: Option<Entry>,
}

/// Everything that one student handed in, not yet looked at.
#[derive(Debug)]
pub struct Entry {
    /// Its name as it was found, for a message.
    pub name: String,
    pieces: Result<Vec<who::Piece>, Trouble>,
}

/// What a student handed in for a scenario.
#[derive(Debug)]
pub struct HandedIn {
    /// What was accepted, in the scenario's order; less than the scenario accepts, or nothing, where it was not handed in.
    pub parts: Vec<Part>,
    /// SHA-256 over the parts in hexadecimal: equal exactly if they are, whatever they were wrapped in.
    pub digest: String,
    /// What was left aside.
    pub remarks: Vec<Phrase>,
}

/// Something that was accepted.
#[derive(Debug)]
pub struct Part {
    /// As what.
    pub accept: Accept,
    /// What it is.
    pub content: Content,
}

/// The content of what was accepted.
#[derive(Debug)]
pub enum Content {
    /// A script or a file.
    Bytes(Vec<u8>),
    /// An image, as a file that goes when this is dropped.
    Image(TempPath),
    /// The address of a live machine.
    Address(Host),
}

fn refused(id: &str, name: &str) -> Trouble {
    Trouble::Refused(Phrase::new(id).with("name", shown(name)))
}

/// A limit was passed.
fn too_much(id: &str, name: &str, most: impl ToString) -> Trouble {
    Trouble::Refused(Phrase::new(id).with("name", shown(name)).with("most", most))
}

/// An error of reading: of the machine, or, where no system call failed, of what is read.
fn unreadable(err: &io::Error, name: &str) -> Trouble {
    match err.raw_os_error() {
        Some(_) => Trouble::Person(Phrase::new("intake-unreadable").with("name", shown(name)).with("why", err)),
        None => refused("intake-refused-damaged", name),
    }
}

/// Text from a student, for a message.
fn shown(text: &str) -> String {
    one_line(text, SHOWN)
}

/// A number of bytes for a message.
fn size(bytes: u64) -> String {
    match bytes {
        0..0x400 => format!("{bytes} B"),
        0x400..0x10_0000 => format!("{} KiB", bytes >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}

/// Names for a message: the first few, and how many more there are.
fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(LISTED).map(|name| shown(name)).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text += &format!(", … (+{})", names.len() - LISTED);
    }
    text
}
