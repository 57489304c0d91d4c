//! Where scenarios and images are, and which scenarios the user means.

use std::fs;
use std::path::{Path, PathBuf};

use super::run::ReadScenario;
use super::{CommandError, Context, Surroundings};
use crate::lab::sources;
use crate::probe;
use crate::scenario::catalog::Catalog;
use crate::scenario::error::Problems;
use crate::scenario::{Scenario, file, submission};

/// A directory with `scenarios/` and `containers/`.
pub struct Place {
    root: PathBuf,
}

impl Place {
    /// Finds it: where the user says, upwards from here, or upwards from the program.
    pub fn find(around: &Surroundings) -> Result<Self, CommandError> {
        let complete = |dir: &Path| dir.join("scenarios").is_dir() && dir.join("containers").is_dir();
        if let Some(root) = &around.root {
            if complete(root) {
                return Ok(Place { root: root.clone() });
            }
            let text = format!("{} does not have both scenarios/ and containers/", root.display());
            return Err(CommandError::Wrong(text));
        }
        let starts = [Some(around.current_dir.as_path()), around.program.as_deref()];
        let mut above = starts.into_iter().flatten().flat_map(Path::ancestors);
        let root = above.find(|dir| complete(dir)).map(Path::to_owned);
        root.map(|root| Place { root }).ok_or_else(|| {
            CommandError::Wrong(
                "found no directory with scenarios/ and containers/; go there, or say --root DIR".to_owned(),
            )
        })
    }

    /// Directory of the images' sources.
    pub fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }

    /// What scenario files may refer to.
    pub fn catalog(&self) -> Catalog {
        probe::catalog(sources::names(&self.containers()))
    }

    /// Ids of all scenarios, sorted.
    pub fn ids(&self) -> Vec<String> {
        let below = |dir: &Path| -> Vec<String> {
            let entries = fs::read_dir(dir).into_iter().flatten().flatten();
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
        };
        let scenarios = self.root.join("scenarios");
        let mut ids: Vec<String> = below(&scenarios)
            .into_iter()
            .flat_map(|family| below(&scenarios.join(&family)).into_iter().map(move |name| format!("{family}/{name}")))
            .filter(|id| scenarios.join(id).join(file::FILE_NAME).is_file())
            .collect();
        ids.sort();
        ids
    }

    /// The file of a scenario, by id or by path.
    pub fn file_of(&self, wanted: &str) -> Result<PathBuf, CommandError> {
        let own = self.root.join("scenarios").join(wanted);
        if own.join(file::FILE_NAME).is_file() {
            return Ok(own.join(file::FILE_NAME));
        }
        let path = Path::new(wanted);
        if path.is_dir() && path.join(file::FILE_NAME).is_file() {
            return Ok(path.join(file::FILE_NAME));
        }
        if path.is_file() {
            return Ok(path.to_owned());
        }
        let ids = self.ids();
        let near =
            ids.iter().max_by(|a, b| strsim::jaro_winkler(a, wanted).total_cmp(&strsim::jaro_winkler(b, wanted)));
        let hint = near.filter(|id| strsim::jaro_winkler(id, wanted) > 0.7).map(|id| format!("; did you mean {id}?"));
        Err(CommandError::Wrong(format!(
            "no scenario `{wanted}`{} (`saiten list` shows all)",
            hint.unwrap_or_default()
        )))
    }

    /// Reads scenarios as [`Place::read`] does, with their known submissions.
    pub fn read_with_submissions(
        &self,
        wanted: &[String],
        context: &Context,
    ) -> Result<Vec<ReadScenario>, CommandError> {
        let read = self.read(wanted, context)?.into_iter().map(|(scenario, text)| {
            let submissions = submission::read_all(&scenario).map_err(|problems| {
                CommandError::Problems(problems.render(context.lang, context.around.error_color))
            })?;
            Ok((scenario, text, submissions))
        });
        read.collect()
    }

    /// Reads scenarios, all of them when none is named; with the text of each file. All problems of all files come together.
    pub fn read(&self, wanted: &[String], context: &Context) -> Result<Vec<(Scenario, String)>, CommandError> {
        let catalog = self.catalog();
        let ids = if wanted.is_empty() { self.ids() } else { wanted.to_vec() };
        let mut read = Vec::new();
        let mut problems: Vec<Problems> = Vec::new();
        for id in &ids {
            let path = self.file_of(id)?;
            match file::read(&path, &catalog) {
                // Read again only to keep what was run; a file that vanished in between is as good as empty evidence.
                Ok(scenario) if read.iter().any(|(known, _): &(Scenario, String)| known.id == scenario.id) => {}
                Ok(scenario) => read.push((scenario, fs::read_to_string(&path).unwrap_or_default())),
                Err(found) => problems.push(found),
            }
        }
        if problems.is_empty() {
            return Ok(read);
        }
        let rendered = problems.iter().map(|found| found.render(context.lang, context.around.error_color));
        Err(CommandError::Problems(rendered.collect::<Vec<_>>().join("\n")))
    }
}
