//! Reads a scenario file: bytes to text, text to tables, tables to a [`Scenario`]; and the schema for editors.

pub(super) mod address;
pub(super) mod forms;
pub(super) mod model;
pub(super) mod quantity;
pub(super) mod syntax;
pub(super) mod table;
pub(super) mod value;
pub(super) mod words;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::catalog::Catalog;
use super::error::{Problem, Problems, printable, say};
use super::resolve;
use super::{Prefix, Scenario};
use value::{Value, Word};

/// Name of the file in a scenario's directory.
pub const FILE_NAME: &str = "scenario.toml";

/// Largest scenario file, in bytes.
pub const MOST_BYTES: u64 = 1024 * 1024;

/// Reads the scenario at `path`, a `scenario.toml` or the directory that holds one. Its id is the directory's last two
/// names.
///
/// # Errors
///
/// Everything that is wrong with the file, in one go.
pub fn read(path: &Path, catalog: &Catalog) -> Result<Scenario, Problems> {
    let whole = |path: &Path, problem: Box<Problem>| Problems::new(&path.display().to_string(), "", vec![*problem]);
    let file = locate(path).map_err(|problem| whole(path, problem))?;
    let text = text_of(&file, MOST_BYTES).map_err(|problem| whole(&file, problem))?;
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    parse(&id_of(dir), dir, &file.display().to_string(), &text, catalog)
}

/// Reads a scenario from text. `id` and `dir` go into the scenario as they are, `shown_path` into messages.
///
/// # Errors
///
/// Everything that is wrong with the text, in one go. Where the TOML itself is broken, that only: what stands behind a
/// missing quote or bracket cannot be judged.
pub fn parse(id: &str, dir: &Path, shown_path: &str, text: &str, catalog: &Catalog) -> Result<Scenario, Problems> {
    let mut problems = Vec::new();
    let scenario = syntax::tables(text, &mut problems).and_then(|root| {
        let file = model::File::read(&root, &mut problems)?;
        resolve::scenario(&file, id, dir, text, catalog, &mut problems)
    });
    match scenario {
        Some(scenario) if problems.is_empty() => Ok(scenario),
        _ => Err(Problems::new(shown_path, text, problems)),
    }
}

/// JSON Schema (draft 2020-12) of scenario files, for editors.
pub fn schema() -> serde_json::Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Saiten scenario",
    });
    if let (Some(schema), serde_json::Value::Object(file)) = (schema.as_object_mut(), model::File::schema()) {
        schema.extend(file);
    }
    schema
}

/// A duration as scenario files have them, such as `1m 30s`; also for the parameters of probes.
pub fn duration(text: &str) -> Option<Duration> {
    Duration::parse(text).ok()
}

/// A network as scenario files have them, such as `192.168.1.0/24`; also for the command line.
pub fn prefix(text: &str) -> Option<Prefix> {
    Prefix::parse(text).ok()
}

/// The scenario file that `path` means.
fn locate(path: &Path) -> Result<PathBuf, Box<Problem>> {
    let meta = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if meta.is_file() {
        return Ok(path.to_owned());
    }
    if !meta.is_dir() {
        return Err(Problem::whole(say!("not a regular file", "通常のファイルではありません")).into());
    }
    let file = path.join(FILE_NAME);
    if fs::metadata(&file).is_ok_and(|meta| meta.is_file()) {
        return Ok(file);
    }
    let problem = Problem::whole(say!("the directory holds no {FILE_NAME}", "ディレクトリに {FILE_NAME} がありません"));
    Err(Box::new(problem.help(say!(
        "name a scenario's own directory, such as scenarios/<family>/<name>",
        "scenarios/<family>/<name> のように、シナリオ自身のディレクトリを指定します"
    ))))
}

/// The file's text, unless it is no text or has more than so many bytes.
pub(super) fn text_of(file: &Path, most: u64) -> Result<String, Box<Problem>> {
    let mut bytes = Vec::new();
    let open = File::open(file).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    open.map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > most {
        let most = if most < 1 << 20 { format!("{} KiB", most >> 10) } else { format!("{} MiB", most >> 20) };
        let title = say!("the file is larger than {most}", "ファイルが{most}を超えています");
        return Err(Problem::whole(title).into());
    }
    let utf8 = match file.extension() {
        Some(end) if end == "toml" => say!("save the file as TOML in UTF-8", "UTF-8のTOMLとして保存します"),
        _ => say!("save the file in UTF-8", "UTF-8で保存します"),
    };
    if bytes.contains(&0) {
        let problem = Problem::whole(say!("the file is binary, not text", "テキストではなくバイナリファイルです"));
        return Err(problem.help(utf8).into());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        Problem::whole(say!("line {line} is not UTF-8", "{line}行目がUTF-8ではありません")).help(utf8).into()
    })
}

fn unreadable(error: &io::Error) -> Box<Problem> {
    let error = match error.kind() {
        io::ErrorKind::NotFound => {
            return Problem::whole(say!("no such file or directory", "ファイルもディレクトリもありません")).into();
        }
        _ => printable(&error.to_string()),
    };
    Problem::whole(say!("the file cannot be read: {error}", "ファイルを読めません: {error}")).into()
}

/// `<family>/<name>`: the last two names of the directory's full path.
fn id_of(dir: &Path) -> String {
    let full = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let names: Vec<_> = full
        .components()
        .filter_map(|part| match part {
            std::path::Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        })
        .collect();
    names[names.len().saturating_sub(2)..].join("/")
}
