//! What each instruction of a Dockerfile does, one after the other.

use std::collections::BTreeMap;
use std::path::Path;

use super::instruction::Instruction;
use super::scope::Scope;
use super::{Action, Recipe, Step, json, word};

/// The instructions that are understood.
const KNOWN: [&str; 12] = [
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "LABEL",
    "MAINTAINER",
    "RUN",
    "STOPSIGNAL",
    "WORKDIR",
];

/// Takes a Dockerfile's instructions in their order.
pub(super) struct Reader<'a> {
    scope: Scope<'a>,
    from: Option<String>,
    workdir: String,
    steps: Vec<Step>,
}

impl<'a> Reader<'a> {
    /// A reader at the top of a Dockerfile that is built with these arguments.
    pub fn new(arguments: &'a BTreeMap<String, String>) -> Self {
        Self { scope: Scope::new(arguments), from: None, workdir: "/".to_owned(), steps: Vec::new() }
    }

    /// Takes the next instruction, or says what is wrong with it.
    pub fn take(&mut self, instruction: Instruction) -> Result<(), String> {
        let (name, rest) = instruction.parts();
        self.refuse(&name, rest)?;
        let action = match name.as_str() {
            "ARG" => {
                self.arg(rest)?;
                None
            }
            "ENV" => {
                self.env(rest)?;
                None
            }
            "FROM" => {
                self.from(rest)?;
                None
            }
            "COPY" => Some(self.copy(rest)?),
            "RUN" => Some(self.run(rest)?),
            "WORKDIR" => Some(self.workdir(rest)?),
            // What is left of the known ones says how a container is started.
            _ => None,
        };
        self.steps.extend(action.map(|action| Step { line: instruction.line, text: instruction.text, action }));
        Ok(())
    }

    /// Refuses an instruction by its name, its place or its flags.
    fn refuse(&self, name: &str, rest: &str) -> Result<(), String> {
        if let Some(way_out) = instead_of(name) {
            return Err(format!("{name} is not supported; {way_out}"));
        }
        if !KNOWN.contains(&name) {
            return Err(format!("unknown instruction `{name}`; there are {}", KNOWN.join(", ")));
        }
        if self.from.is_none() && !matches!(name, "ARG" | "FROM") {
            return Err(format!("{name} before FROM; only ARG may stand there"));
        }
        if let Some(flag) = rest.split_whitespace().next().filter(|word| word.starts_with("--")) {
            let flag = flag.split('=').next().unwrap_or(flag);
            return Err(format!("{name} {flag} is not supported; {}", instead_of_flag(name)));
        }
        Ok(())
    }

    /// What has been read; `None` if it had no FROM.
    pub fn finish(self) -> Option<Recipe> {
        let env = self.scope.env();
        self.from.map(|from| Recipe { from, steps: self.steps, env, workdir: self.workdir })
    }

    fn from(&mut self, rest: &str) -> Result<(), String> {
        if self.from.is_some() {
            return Err("a second FROM is not supported; build in one stage".to_owned());
        }
        let words: Vec<&str> = rest.split_ascii_whitespace().collect();
        let image = match words[..] {
            [image] => image,
            [_, word, _] if word.eq_ignore_ascii_case("as") => {
                return Err("FROM ... AS is not supported; build in one stage, without AS".to_owned());
            }
            _ => return Err("FROM takes one image; write `FROM image`".to_owned()),
        };
        let substituted = self.scope.substitute_noting(image)?;
        if let Some(unknown) = substituted.unknown {
            return Err(format!(
                "FROM needs `{unknown}`, which has no value; give it a default, `ARG {unknown}=...`, before FROM"
            ));
        }
        if substituted.text.is_empty() {
            return Err(format!("FROM `{image}` comes to nothing; write `FROM image`"));
        }
        self.from = Some(substituted.text);
        self.scope.enter_image()
    }

    fn arg(&mut self, rest: &str) -> Result<(), String> {
        let words = word::words(rest);
        let [word] = words[..] else {
            return Err("ARG declares one variable; write `ARG NAME` or `ARG NAME=default`".to_owned());
        };
        let (name, default) = match word.split_once('=') {
            Some((name, default)) => (name, Some(self.scope.substitute(default)?)),
            None => (word, None),
        };
        let name = self.scope.substitute(name)?;
        named("ARG", &name)?;
        self.scope.declare(&name, default)
    }

    fn env(&mut self, rest: &str) -> Result<(), String> {
        let words = word::words(rest);
        let pairs = if words.first().is_some_and(|word| word.contains('=')) {
            words.iter().map(|word| word.split_once('=')).collect()
        } else {
            // The old form: one name, and the rest of the line is its value.
            rest.split_once(|c: char| c.is_ascii_whitespace()).map(|(name, value)| vec![(name, value.trim_start())])
        };
        let Some(pairs) = pairs else {
            return Err("ENV needs names and values; write `ENV NAME=value`, with quotes around spaces".to_owned());
        };
        let mut values = Vec::new();
        for (name, value) in pairs {
            values.push((self.scope.substitute(name)?, self.scope.substitute(value)?));
        }
        // Only now: all of one line is substituted with what was in effect before it.
        for (name, value) in values {
            named("ENV", &name)?;
            self.scope.set(&name, value)?;
        }
        Ok(())
    }

    fn run(&mut self, rest: &str) -> Result<Action, String> {
        refuse_heredoc("RUN", rest)?;
        let command = match json::strings(rest) {
            Some(command) => command,
            // The test command has a space after its bracket.
            None if rest.starts_with("[\"") || rest.starts_with("['") => {
                return Err("RUN with no JSON array of strings; write `RUN [\"program\", \"argument\"]`".to_owned());
            }
            None if rest.is_empty() => Vec::new(),
            None => vec!["/bin/sh".to_owned(), "-c".to_owned(), rest.to_owned()],
        };
        if command.is_empty() {
            return Err("RUN without a command; write `RUN command` or `RUN [\"program\", \"argument\"]`".to_owned());
        }
        if command.iter().any(|argument| argument.contains('\0')) {
            return Err("RUN with a NUL byte; no program can be given one".to_owned());
        }
        Ok(Action::Run { command, env: self.scope.environment(), workdir: self.workdir.clone() })
    }

    fn copy(&mut self, rest: &str) -> Result<Action, String> {
        refuse_heredoc("COPY", rest)?;
        let words = json::strings(rest).unwrap_or_else(|| rest.split_ascii_whitespace().map(str::to_owned).collect());
        let mut paths = Vec::new();
        for word in &words {
            let path = self.scope.substitute(word).map_err(|what| {
                format!("COPY `{word}`: {what}; names with spaces or quotes need the form `COPY [\"from\", \"to\"]`")
            })?;
            // To Docker an empty source is the whole context, which nobody means who misspells a variable.
            if path.is_empty() || path.contains('\0') {
                return Err(format!("COPY `{word}` comes to no path; write `.` for the whole context"));
            }
            paths.push(path);
        }
        let destination = paths.pop().filter(|_| !paths.is_empty());
        let Some(destination) = destination else {
            return Err("COPY needs a source and a destination; write `COPY from to`".to_owned());
        };
        if let Some(pattern) = paths.iter().find(|source| source.contains(['*', '?', '[', '\\'])) {
            return Err(format!(
                "wildcards, as in COPY `{pattern}`, are not supported; name each file, or a directory"
            ));
        }
        let destination = destination_below(&self.workdir, &destination);
        if paths.len() > 1 && !destination.ends_with('/') {
            return Err(format!("COPY of several sources needs a directory; write `{destination}/`"));
        }
        Ok(Action::Copy { sources: paths, destination })
    }

    fn workdir(&mut self, rest: &str) -> Result<Action, String> {
        let path = self.scope.substitute(rest)?;
        if path.is_empty() {
            return Err("WORKDIR without a path; write `WORKDIR /path`".to_owned());
        }
        self.workdir = absolute(&self.workdir, &path);
        Ok(Action::Workdir(self.workdir.clone()))
    }
}

/// What to write instead of an instruction of Docker's that is not supported.
fn instead_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "ADD" => "use COPY, and RUN to fetch or unpack",
        "HEALTHCHECK" => "leave it out, a step that waits for the service belongs into the scenario",
        "ONBUILD" => "write the instruction into the Dockerfile that builds on this image",
        "SHELL" => "name the shell in RUN: `RUN [\"/bin/bash\", \"-c\", \"...\"]`",
        "USER" => "RUN is root's; use `su` or `chown` in it",
        "VOLUME" => "make the directory with `RUN mkdir`",
        _ => return None,
    })
}

/// What to write instead of an instruction's flags.
fn instead_of_flag(name: &str) -> &'static str {
    match name {
        "COPY" => "leave it out, and set owner and mode with `RUN chown` and `RUN chmod`",
        "FROM" => "leave it out, images are built for this machine's platform",
        _ => "leave it out",
    }
}

/// Refuses names that no environment can hold.
fn named(instruction: &str, name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains('=') {
        return Err(format!("{instruction} with the name `{name}`; write `{instruction} NAME=value`"));
    }
    Ok(())
}

/// Refuses `<<EOF` where BuildKit would take the lines that follow for a file.
fn refuse_heredoc(instruction: &str, rest: &str) -> Result<(), String> {
    let begins_heredoc = |word: &&str| {
        let mark = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<");
        let mark = mark.map(|mark| mark.strip_prefix('-').unwrap_or(mark));
        mark.is_some_and(|mark| !mark.is_empty() && !mark.contains('<'))
    };
    match word::words(rest).into_iter().find(begins_heredoc) {
        Some(mark) => {
            let way_out = "COPY a file, or join commands with `&&`";
            Err(format!("{instruction} {mark}: heredocs are not supported; {way_out}"))
        }
        None => Ok(()),
    }
}

/// A path, below a directory unless it is absolute, without `.`, `..` and doubled slashes. The names alone decide, as
/// they do in Docker: no symbolic link is followed.
fn absolute(directory: &str, path: &str) -> String {
    let directory = if path.starts_with('/') { "" } else { directory };
    let mut names = Vec::new();
    for name in directory.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

/// Where a COPY goes. It keeps the slash that says "directory", and gets one where the working directory lies in it:
/// that is there, and Docker puts files into a directory that is there.
fn destination_below(workdir: &str, path: &str) -> String {
    let mut destination = absolute(workdir, path);
    let is_directory = path.ends_with('/') || Path::new(workdir).starts_with(&destination);
    if is_directory && !destination.ends_with('/') {
        destination.push('/');
    }
    destination
}
