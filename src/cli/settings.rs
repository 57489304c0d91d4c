//! What the user has settled once: a configuration file, the environment, and the command line, each over the one before.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{CommandError, Surroundings};
use crate::lab::choose::Choice;

/// Longest configuration file, in bytes.
const FILE_MOST: u64 = 64 << 10;

/// The configuration file.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    backend: Option<Choice>,
    store: Option<PathBuf>,
}

/// What holds for this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which backend.
    pub backend: Choice,
    /// Directory of the native backend's store.
    pub store: PathBuf,
}

impl Settings {
    /// Reads them.
    pub fn read(around: &Surroundings, backend: Option<Choice>) -> Result<Self, CommandError> {
        let file = around.config_files.iter().find(|file| file.is_file());
        let file = file.map(|path| read_file(path)).transpose()?.unwrap_or_default();
        let named = around.backend.as_deref().map(from_environment).transpose()?;
        let store = around.store.clone().or(file.store).unwrap_or_else(|| around.default_store.clone());
        if !store.is_absolute() {
            let text = format!("the store {} is not an absolute path", store.display());
            return Err(CommandError::Wrong(text));
        }
        Ok(Settings { backend: backend.or(named).or(file.backend).unwrap_or_default(), store })
    }
}

fn from_environment(name: &str) -> Result<Choice, CommandError> {
    match name {
        "auto" => Ok(Choice::Auto),
        "native" => Ok(Choice::Native),
        "docker" => Ok(Choice::Docker),
        other => {
            let shown = crate::clean::one_line(other, 40);
            Err(CommandError::Wrong(format!("SAITEN_BACKEND is `{shown}`; it can be auto, native or docker")))
        }
    }
}

fn read_file(path: &Path) -> Result<File, CommandError> {
    let wrong = |why: String| CommandError::Wrong(format!("{}: {why}", path.display()));
    let length = std::fs::metadata(path).map_err(|err| wrong(err.to_string()))?.len();
    if length > FILE_MOST {
        return Err(wrong(format!("{length} bytes are no configuration file")));
    }
    let text = std::fs::read_to_string(path).map_err(|err| wrong(err.to_string()))?;
    toml::from_str(&text).map_err(|err| wrong(format!("{}; it can have backend and store", err.to_string().trim_end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(dir: &Path, environment: Option<&str>) -> Surroundings {
        Surroundings {
            color: false,
            live: false,
            asks: false,
            error_color: false,
            lang: None,
            runtime_dir: dir.to_owned(),
            root: None,
            current_dir: dir.to_owned(),
            program: None,
            backend: environment.map(str::to_owned),
            store: None,
            default_store: dir.join("default"),
            platform: Default::default(),
            config_files: vec![dir.join("none.toml"), dir.join("config.toml")],
        }
    }

    #[test]
    fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let read = |environment, flag| Settings::read(&around(dir.path(), environment), flag).unwrap();
        assert_eq!(read(None, None), Settings { backend: Choice::Auto, store: dir.path().join("default") });
        std::fs::write(dir.path().join("config.toml"), "backend = \"docker\"\nstore = \"/srv/labs\"\n").unwrap();
        assert_eq!(read(None, None), Settings { backend: Choice::Docker, store: "/srv/labs".into() });
        assert_eq!(read(Some("native"), None).backend, Choice::Native);
        assert_eq!(read(Some("native"), Some(Choice::Auto)).backend, Choice::Auto);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |environment| Settings::read(&around(dir.path(), environment), None).unwrap_err().to_string();
        assert!(refused(Some("podman\u{1b}")).contains("SAITEN_BACKEND is `podman"), "{}", refused(Some("podman")));
        for (text, part) in
            [("backnd = 1", "backnd"), ("backend = \"podman\"", "podman"), ("store = \"here\"", "absolute")]
        {
            std::fs::write(dir.path().join("config.toml"), text).unwrap();
            assert!(refused(None).contains(part), "{}", refused(None));
        }
    }
}
