//! What a scenario file may refer to besides itself: probe kinds with their metrics, and images.

use std::collections::BTreeSet;

use crate::measure::MetricSpec;

/// A probe kind as the validator sees it.
#[derive(Debug, Clone, Copy)]
pub struct KindInfo {
    /// Name in scenario files, such as `ssh-login`.
    pub name: &'static str,
    /// What it can report.
    pub metrics: &'static [MetricSpec],
    /// Checks the kind's own parameters (`with`); the error says what is wrong, as a fragment.
    pub check_params: fn(&toml::Table) -> Result<(), String>,
    /// Which of them name a network that the measured endpoint must have a NIC on.
    pub outer_params: &'static [&'static str],
    /// Which of them name endpoints: one, a list of them, or a table by their names.
    pub endpoint_params: &'static [&'static str],
}

/// Everything outside of the file that its references are resolved against.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Probe kinds.
    pub kinds: Vec<KindInfo>,
    /// Names of the image directories under `containers/`.
    pub images: BTreeSet<String>,
}

impl Catalog {
    /// The kind of this name.
    pub fn kind(&self, name: &str) -> Option<&KindInfo> {
        self.kinds.iter().find(|kind| kind.name == name)
    }
}
