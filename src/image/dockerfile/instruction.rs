//! The instructions of a Dockerfile: comments left out, continuation lines joined, the name cut off.

use super::DockerfileError;

/// One instruction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Line where it begins, counted from 1.
    pub line: usize,
    /// As written, on one line.
    pub text: String,
}

impl Instruction {
    /// The name in capitals, and what follows it.
    pub fn parts(&self) -> (String, &str) {
        let (name, rest) = self.text.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((&self.text, ""));
        (name.to_ascii_uppercase(), rest.trim_start())
    }
}

/// Cuts a Dockerfile into instructions.
pub(super) fn split(text: &str) -> Result<Vec<Instruction>, DockerfileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    refuse_directives(text)?;
    let mut instructions = Vec::new();
    let mut open: Option<Instruction> = None;
    for (line, written) in (1..).zip(text.lines()) {
        // Docker skips both between instructions and within a continued one.
        if written.trim_start().starts_with('#') || written.trim().is_empty() {
            continue;
        }
        let refused = |what: &str| DockerfileError { line, what: what.to_owned() };
        if written.contains('\0') {
            return Err(refused("a NUL byte; a Dockerfile is plain text"));
        }
        let continued = written.trim_end_matches([' ', '\t']).strip_suffix('\\');
        if continued.is_some_and(|before| before.ends_with('\\')) {
            return Err(refused(
                "two backslashes at the end, which not all engines read alike; end the line otherwise",
            ));
        }
        let mut instruction = open.take().unwrap_or(Instruction { line, text: String::new() });
        instruction.text.push_str(continued.unwrap_or(written));
        if continued.is_some() {
            open = Some(instruction);
        } else {
            instructions.push(instruction);
        }
    }
    instructions.extend(open);
    for instruction in &mut instructions {
        instruction.text = instruction.text.trim().to_owned();
    }
    Ok(instructions)
}

/// Refuses the directives that change how a Dockerfile is read. They stand at the very top; further down, and after
/// any other comment, the same text is a comment.
fn refuse_directives(text: &str) -> Result<(), DockerfileError> {
    for (line, written) in (1..).zip(text.lines()) {
        let Some((name, _)) = written.trim_start().strip_prefix('#').and_then(|comment| comment.split_once('=')) else {
            return Ok(());
        };
        match name.trim().to_ascii_lowercase().as_str() {
            name @ ("escape" | "syntax") => {
                let what = format!("the directive `# {name}=` is not supported; leave it out");
                return Err(DockerfileError { line, what });
            }
            // It only sets what Docker warns of.
            "check" => {}
            _ => return Ok(()),
        }
    }
    Ok(())
}
