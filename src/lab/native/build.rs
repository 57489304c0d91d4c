//! Images from Dockerfiles, without an engine: each RUN in a sandbox with the machine's network, each COPY unpacked inside it,
//! each step's changes a layer that is found again by what led to it.

use std::collections::BTreeMap;
use std::io::{Seek, Write};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Native;
use super::client::Zygote;
use super::machine::{Sandbox, bits};
use super::store::{Image, Layer};
use crate::evidence::bundle::hex;
use crate::helper::message::{Ran, RunSpec};
use crate::image::context::{ContextFile, copied};
use crate::image::dockerfile::{self, Action, Step};
use crate::lab::line::Line;
use crate::lab::shell::quoted;
use crate::lab::sources::Source;
use crate::lab::{LabError, Machine, Note};
use crate::sandbox::limits::Limits;
use crate::sandbox::message::{Change, Network, Root, Start};

/// How long one RUN may take: installing packages over a slow line.
const RUN: Duration = Duration::from_secs(30 * 60);
/// Memory of a RUN, in bytes.
const MEMORY: u64 = 2 << 30;
/// Processes of a RUN.
const PROCESSES: u32 = 4096;
/// Most bytes and files that one layer brings.
pub const LAYER_MOST: (u64, u64) = (16 << 30, 1_000_000);
/// Lines of a failed RUN's output that the error shows.
const LAST_LINES: usize = 15;

/// Builds an image and gives it its name.
///
/// # Errors
/// A line of the Dockerfile that is wrong or failed, by number.
pub async fn build(
    native: &Native,
    source: &Source,
    base: &str,
    reference: &str,
    note: &Note<'_>,
) -> Result<(), LabError> {
    let what = || format!("cannot build image `{}` from {}", source.name, source.dir.display());
    let wrong = |line: usize, why: String| LabError::backend(what(), format!("Dockerfile line {line}: {why}"));
    let text = source.dockerfile().map_err(|err| LabError::Own { what: what(), source: err })?;
    let arguments: BTreeMap<String, String> =
        source.arguments(base, &native.release).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let recipe = dockerfile::read(&text, &arguments).map_err(|err| wrong(err.line, err.what))?;
    let mut image = super::images::find(native, &recipe.from, note).await?;
    let from = Sha256::new().chain_update(format!("{:?}", image.env));
    let mut key = image.layers.iter().fold(from, |hash, layer| hash.chain_update(&layer.diff_id)).finalize();
    let count = recipe.steps.len();
    for (index, step) in recipe.steps.iter().enumerate() {
        let files = match &step.action {
            Action::Copy { sources, destination } => {
                copied(&source.files, sources, destination).map_err(|why| wrong(step.line, why))?
            }
            Action::Run { .. } | Action::Workdir(_) => Vec::new(),
        };
        key =
            Sha256::new().chain_update(key).chain_update(format!("{:?}", step.action)).chain_update(&files).finalize();
        let name = hex(&key);
        let layer = match native.store.step(&name) {
            Some(layer) => layer,
            None => {
                note(&format!("step {}/{count}: {}", index + 1, step.text));
                let layer = carry_out(native, &image, step, &source.files).await;
                let layer = layer.map_err(|why| wrong(step.line, why))?;
                native.store.remember_step(&name, &layer).map_err(|err| wrong(step.line, err.to_string()))?;
                layer
            }
        };
        image.layers.push(layer);
    }
    image.env.retain(|(name, _)| recipe.env.iter().all(|(set, _)| set != name));
    image.env.extend(recipe.env);
    image.workdir = recipe.workdir;
    native.store.name_image(reference, &image).map_err(|err| LabError::Own { what: what(), source: err })
}

/// Carries out one step on top of an image; gives the layer of its changes.
async fn carry_out(native: &Native, image: &Image, step: &Step, context: &[ContextFile]) -> Result<Layer, String> {
    let zygote = native.builder().await.map_err(|err| err.chain())?;
    let dir = native.store.making().map_err(|err| err.chain())?;
    zygote.change(Change::Make(dir.clone())).await?;
    let root = Root::Kept { layers: image.below(), dir: dir.clone() };
    let done = match &step.action {
        Action::Run { command, env, workdir } => {
            // What the image sets itself comes before what its Dockerfile sets.
            let env = [image.env.as_slice(), env].concat();
            run(&zygote, root, &script(command, &env, workdir)).await
        }
        Action::Workdir(path) => run(&zygote, root, &format!("mkdir -p -- {}", quoted(path))).await,
        Action::Copy { sources, destination } => {
            copy(&zygote, root, &image.below(), context, sources, destination).await
        }
    };
    let kept = match done {
        Ok(()) => keep(native, &zygote, &format!("{dir}/u")).await,
        Err(why) => Err(why),
    };
    // What stays behind an error, the next build sweeps.
    let removed = zygote.change(Change::Remove(dir)).await;
    let layer = kept?;
    removed.map(|()| layer)
}

/// Makes a finished directory a layer: packed once for its digest, then moved to its name.
pub async fn keep(native: &Native, zygote: &Zygote, dir: &str) -> Result<Layer, String> {
    let own = |err: std::io::Error| err.to_string();
    let mut archive = tempfile::tempfile_in(native.store.root()).map_err(own)?;
    let size = zygote.pack(dir, OwnedFd::from(archive.try_clone().map_err(own)?)).await?;
    archive.rewind().map_err(own)?;
    let mut hash = Sha256::new();
    std::io::copy(&mut archive, &mut hash).map_err(own)?;
    let layer = Layer { diff_id: format!("sha256:{}", hex(&hash.finalize())), size };
    if !native.store.has(&layer) {
        zygote.change(Change::Move(dir.to_owned(), layer.dir())).await?;
    }
    Ok(layer)
}

async fn copy(
    zygote: &Rc<Zygote>,
    root: Root,
    below: &[String],
    context: &[ContextFile],
    sources: &[String],
    destination: &str,
) -> Result<(), String> {
    let own = |err: std::io::Error| err.to_string();
    let is_directory = !destination.ends_with('/') && has_directory(zygote, below, destination).await?;
    let destination = if is_directory { format!("{destination}/") } else { destination.to_owned() };
    let mut archive = tempfile::tempfile().map_err(own)?;
    archive.write_all(&copied(context, sources, &destination)?).and_then(|()| archive.rewind()).map_err(own)?;
    zygote.unpack(&archive, root, false, LAYER_MOST).await.map(drop)
}

/// A RUN as one shell line: its directory, its environment, its command.
fn script(command: &[String], env: &[(String, String)], workdir: &str) -> String {
    // As Docker does, which makes a directory that a step before has removed.
    let enter = format!("[ -d {0} ] || mkdir -p -- {0}; cd -- {0} || exit;", quoted(workdir));
    let mut words = vec![enter, "unset LANG USER LOGNAME SHELL;".to_owned()];
    words.extend(env.iter().map(|(name, value)| format!("export {name}={};", quoted(value))));
    words.push("exec".to_owned());
    words.extend(command.iter().map(|word| quoted(word)));
    words.join(" ")
}

/// Whether an image has a directory there: Docker puts a single file into it then, under its own name.
async fn has_directory(zygote: &Rc<Zygote>, below: &[String], path: &str) -> Result<bool, String> {
    let root = Root::Scratch { layers: below.to_vec(), bytes: 1 << 20, inodes: 64 };
    Ok(ran(zygote, root, &format!("[ -d {} ]", quoted(path))).await?.status == 0)
}

async fn run(zygote: &Rc<Zygote>, root: Root, line: &str) -> Result<(), String> {
    let ran = ran(zygote, root, line).await?;
    if ran.status == 0 {
        return Ok(());
    }
    let output = format!("{}{}", ran.stdout, ran.stderr);
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
    Err(format!("exit status {}{}\n{last}", ran.status, if ran.timed_out { " at its limit" } else { "" }))
}

/// Runs a shell line in a sandbox with the machine's network.
async fn ran(zygote: &Rc<Zygote>, root: Root, line: &str) -> Result<Ran, String> {
    let capabilities = bits(&[])?;
    let sandbox = Sandbox::start(zygote, |id| Start {
        id,
        name: "build".to_owned(),
        hostname: "build".to_owned(),
        root,
        sysctls: BTreeMap::new(),
        capabilities,
        limits: Limits { memory: MEMORY, processes: PROCESSES, weight: 1024, processors: None },
        network: Network::Machine,
        wire: None,
    })
    .await?;
    let sandbox: Rc<dyn Machine> = Rc::new(sandbox);
    let ran = async {
        let words = sandbox.clone();
        let streams = sandbox.streams().ok_or_else(|| LabError::backend("build", "its streams are taken"))?;
        let conversation = Line::open("build", streams, Box::new(move || words.last_words())).await?;
        conversation.run(RunSpec::shell(line, RUN)).await
    };
    let ran = ran.await.map_err(|err| err.chain());
    sandbox.stop().await.map_err(|err| err.chain())?;
    ran
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_keeps_every_word_whatever_is_in_it() {
        let words = ["/bin/sh".to_owned(), "-c".to_owned(), "printf %s \"$X\" 'it'\\''s'".to_owned()];
        let line = script(&words, &[("X".to_owned(), "a'b $HOME \"c\"\nd".to_owned())], "/");
        let output = std::process::Command::new("/bin/sh").args(["-c", &line]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "a'b $HOME \"c\"\ndit's");
    }
}
