//! A Dockerfile read without an engine: the instructions that shape a file tree, substituted and in order.
//!
//! What is understood means what it means to Docker; what is not is refused by name, never passed over. Only CMD,
//! ENTRYPOINT, EXPOSE, LABEL, MAINTAINER and STOPSIGNAL are without effect: they speak of how a container is started.

mod instruction;
mod json;
mod reader;
mod scope;
mod word;

use std::collections::BTreeMap;

use reader::Reader;

/// The `PATH` that Docker gives an image whose base sets none: `$PATH` means this until an ENV says otherwise. It is
/// in no step's environment unless the Dockerfile asks for it.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Largest Dockerfile, in bytes.
const MOST_BYTES: usize = 1 << 20;
/// Most instructions. Docker's own limit is 127 layers.
const MOST_INSTRUCTIONS: usize = 256;

/// What a Dockerfile asks for, substituted and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The image to begin with.
    pub from: String,
    /// What is done to its file tree.
    pub steps: Vec<Step>,
    /// The environment that the ENV instructions leave behind, in the order of their first mention.
    pub env: Vec<(String, String)>,
    /// The directory that the WORKDIR instructions leave behind; `/` without one.
    pub workdir: String,
}

/// One instruction that changes the file tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Line where the instruction begins, counted from 1.
    pub line: usize,
    /// The instruction as written, its continuation lines joined.
    pub text: String,
    /// What is to be done.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A program is run.
    Run {
        /// The program and its arguments: `/bin/sh -c LINE` for the shell form.
        command: Vec<String>,
        /// ENV in effect, then the declared ARGs that have a value and no ENV of the same name.
        env: Vec<(String, String)>,
        /// Absolute path of the directory to run it in.
        workdir: String,
    },
    /// Files of the build context are copied.
    Copy {
        /// Paths in the context, as written.
        sources: Vec<String>,
        /// Absolute path in the image; ends in `/` if it has to be a directory.
        destination: String,
    },
    /// A directory is made, unless it is there, for the steps that follow: its absolute path.
    Workdir(String),
}

/// Why a Dockerfile cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct DockerfileError {
    /// Line where the instruction begins, counted from 1.
    pub line: usize,
    /// What is wrong there, and what to write instead.
    pub what: String,
}

/// Reads a Dockerfile. `arguments` are the build arguments: they take the place of ARG defaults, and those that no
/// ARG declares are without effect.
///
/// # Errors
/// The first instruction that is wrong or not supported; a text that is too large or has no FROM.
pub fn read(text: &str, arguments: &BTreeMap<String, String>) -> Result<Recipe, DockerfileError> {
    if text.len() > MOST_BYTES {
        return Err(DockerfileError { line: 1, what: format!("the Dockerfile is larger than {MOST_BYTES} bytes") });
    }
    let mut reader = Reader::new(arguments);
    for (index, instruction) in instruction::split(text)?.into_iter().enumerate() {
        let line = instruction.line;
        if index == MOST_INSTRUCTIONS {
            let what = format!("more than {MOST_INSTRUCTIONS} instructions; join RUN lines with `&&`");
            return Err(DockerfileError { line, what });
        }
        reader.take(instruction).map_err(|what| DockerfileError { line, what })?;
    }
    reader.finish().ok_or_else(|| DockerfileError { line: 1, what: "there is no FROM; begin with `FROM image`".into() })
}

#[cfg(test)]
mod tests;
