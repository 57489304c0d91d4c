//! An image's configuration: what of it a lab needs.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::source::{Source, parse};
use super::{Fault, LAYERS_MOST};
use crate::image::stream::printable;

/// Most environment variables.
const VARIABLES_MOST: usize = 4096;

/// Most words of what an image starts, and most bytes of each.
const WORDS_MOST: usize = 256;
const WORD_MOST: usize = 8 << 10;

/// What an image starts by itself, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The words of `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// The words of `CMD`.
    pub cmd: Vec<String>,
    /// `USER`; empty for root.
    pub user: String,
}

/// What an image's configuration says.
#[derive(Debug)]
pub struct ImageConfig {
    /// Digest of the configuration.
    pub id: Digest,
    /// When it was made, as it says itself; empty where it does not.
    pub created: String,
    /// What it starts.
    pub start: Start,
    /// Architecture by its name in Go.
    pub architecture: String,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Working directory.
    pub workdir: String,
    /// Digests of the layers' uncompressed tars, the lowest first.
    pub diff_ids: Vec<Digest>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    created: Option<String>,
    config: Option<Runtime>,
    rootfs: RootFs,
}

#[derive(Deserialize, Default)]
struct Runtime {
    #[serde(rename = "Env")]
    env: Option<Vec<String>>,
    #[serde(rename = "WorkingDir")]
    workdir: Option<String>,
    #[serde(rename = "Entrypoint")]
    entrypoint: Option<Vec<String>>,
    #[serde(rename = "Cmd")]
    cmd: Option<Vec<String>>,
    #[serde(rename = "User")]
    user: Option<String>,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Option<Vec<String>>,
}

impl ImageConfig {
    /// Reads the configuration in this file, and verifies its digest when it is named by one.
    pub fn read(source: &Source, name: &str, digest: Option<Digest>) -> Result<Self, Fault> {
        let json = source.read(name)?;
        if digest.is_some_and(|digest| digest != Digest::of(&json)) {
            return Err(Fault::Damaged(printable(name.as_bytes())));
        }
        let value = |why: String| Fault::Value { name: printable(name.as_bytes()), why };
        let File { architecture, os, created, config, rootfs } = parse(name, &json)?;
        if !matches!(os.as_str(), "" | "linux") {
            return Err(value(format!("the image is for {}; use one for linux", printable(os.as_bytes()))));
        }
        let config = config.unwrap_or_default();
        let variables = config.env.unwrap_or_default();
        if variables.len() > VARIABLES_MOST {
            return Err(value(format!("more than {VARIABLES_MOST} environment variables; build the image with fewer")));
        }
        let env = variables.iter().map(|text| variable(text)).collect::<Result<_, _>>();
        let diff_ids = rootfs.diff_ids.unwrap_or_default();
        if diff_ids.len() > LAYERS_MOST {
            return Err(Fault::TooManyLayers);
        }
        let unknown = |id: &String| value(format!("diff id `{}` is no SHA-256 digest", printable(id.as_bytes())));
        let diff_ids = diff_ids.iter().map(|id| Digest::parse(id).ok_or_else(|| unknown(id))).collect::<Result<_, _>>();
        let workdir = config.workdir.filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
        if !workdir.starts_with('/') || workdir.contains('\0') {
            return Err(value(format!("working directory `{}` is no absolute path", printable(workdir.as_bytes()))));
        }
        let start = Start {
            entrypoint: config.entrypoint.unwrap_or_default(),
            cmd: config.cmd.unwrap_or_default(),
            user: config.user.unwrap_or_default(),
        };
        let words = start.entrypoint.iter().chain(&start.cmd);
        if words.clone().count() > WORDS_MOST || words.chain([&start.user]).any(|word| word.len() > WORD_MOST) {
            return Err(value(format!(
                "what it starts has more than {WORDS_MOST} words, or one of over {WORD_MOST} bytes"
            )));
        }
        Ok(ImageConfig {
            id: Digest::of(&json),
            created: created.unwrap_or_default().chars().take(64).collect(),
            start,
            architecture,
            env: env.map_err(value)?,
            workdir,
            diff_ids: diff_ids?,
        })
    }
}

/// Reads `NAME=VALUE`.
fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("environment variable `{}` is not of the form NAME=VALUE", printable(text.as_bytes()))),
    }
}
