//! Which fixes an arm applies, and the arms that a run needs.

use std::fmt;
use std::str::FromStr;

/// The name of an arm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArmName {
    /// No fix: the control of every check.
    Omitted,
    /// All fixes.
    Applied,
    /// One fix only.
    Only(String),
    /// All fixes but one.
    Without(String),
    /// Any other combination of fixes, in the scenario's order.
    Set(Vec<String>),
    /// What somebody handed in, in place of the fixes.
    Submission(String),
    /// The fixes with one thing wrong. Nobody's work, so nobody's verdict: it shows whether checks notice.
    Mutant(String),
}

impl fmt::Display for ArmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArmName::Omitted => f.write_str("omitted"),
            ArmName::Applied => f.write_str("applied"),
            ArmName::Only(fix) => write!(f, "only:{fix}"),
            ArmName::Without(fix) => write!(f, "without:{fix}"),
            ArmName::Set(fixes) => write!(f, "set:{}", fixes.join("+")),
            ArmName::Submission(name) => write!(f, "submission:{name}"),
            ArmName::Mutant(name) => write!(f, "mutant:{name}"),
        }
    }
}

/// A name that is no arm.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an arm; write omitted, applied, only:<fix>, without:<fix>, set:<fix>+<fix> or submission:<name>")]
pub struct NotAnArm(pub String);

impl FromStr for ArmName {
    type Err = NotAnArm;

    fn from_str(text: &str) -> Result<Self, NotAnArm> {
        match text.split_once(':') {
            None if text == "omitted" => Ok(ArmName::Omitted),
            None if text == "applied" => Ok(ArmName::Applied),
            Some(("only", fix)) if !fix.is_empty() => Ok(ArmName::Only(fix.to_owned())),
            Some(("without", fix)) if !fix.is_empty() => Ok(ArmName::Without(fix.to_owned())),
            Some(("set", fixes)) if !fixes.is_empty() => {
                Ok(ArmName::Set(fixes.split('+').map(str::to_owned).collect()))
            }
            Some(("submission", name)) if !name.is_empty() => Ok(ArmName::Submission(name.to_owned())),
            Some(("mutant", name)) if !name.is_empty() => Ok(ArmName::Mutant(name.to_owned())),
            _ => Err(NotAnArm(text.to_owned())),
        }
    }
}

impl serde::Serialize for ArmName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ArmName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl ArmName {
    /// The name as a directory: `:` and `+` do not suit every file system.
    pub fn dir(&self) -> String {
        self.to_string().replace(':', "-")
    }

    /// The fixes of `all` that this arm applies, in the scenario's order.
    pub fn fixes<'a>(&self, all: &'a [String]) -> Vec<&'a String> {
        all.iter()
            .filter(|fix| match self {
                ArmName::Omitted | ArmName::Submission(_) | ArmName::Mutant(_) => false,
                ArmName::Applied => true,
                ArmName::Only(only) => *fix == only,
                ArmName::Without(left_out) => *fix != left_out,
                ArmName::Set(set) => set.contains(fix),
            })
            .collect()
    }

    /// The fixes that the name mentions.
    pub fn mentioned(&self) -> &[String] {
        match self {
            ArmName::Omitted | ArmName::Applied | ArmName::Submission(_) | ArmName::Mutant(_) => &[],
            ArmName::Only(fix) | ArmName::Without(fix) => std::slice::from_ref(fix),
            ArmName::Set(fixes) => fixes,
        }
    }

    /// Whether checks are judged in this arm: it is said to be healthy.
    pub fn is_judged(&self) -> bool {
        matches!(self, ArmName::Applied | ArmName::Submission(_))
    }

    /// The arm that applies exactly `set` of `all`, under its shortest name.
    pub fn of_set(all: &[String], set: &[&String]) -> Self {
        if set.is_empty() {
            return ArmName::Omitted;
        }
        if set.len() == all.len() {
            return ArmName::Applied;
        }
        if let [one] = set {
            return ArmName::Only((*one).clone());
        }
        let left_out: Vec<_> = all.iter().filter(|fix| !set.contains(fix)).collect();
        if let [one] = left_out.as_slice() {
            return ArmName::Without((*one).clone());
        }
        ArmName::Set(set.iter().map(|fix| (*fix).clone()).collect())
    }
}

/// How many arms a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArmPlan {
    /// `omitted` and `applied`.
    #[default]
    Pair,
    /// Adds `only:` and `without:` for every fix.
    Each,
    /// All 2^k combinations.
    Full,
}

/// Most fixes for which all combinations are run: 2^6 labs.
pub const FULL_MOST_FIXES: usize = 6;

/// The arms of a plan over `fixes`, `omitted` first and `applied` second. Arms that would apply the same fixes
/// (with one or two fixes, `only:` and `without:` coincide) are taken once.
pub fn arms(plan: ArmPlan, fixes: &[String]) -> Vec<ArmName> {
    let mut arms = vec![ArmName::Omitted];
    if fixes.is_empty() {
        return arms;
    }
    arms.push(ArmName::Applied);
    let mut add = |set: Vec<&String>| {
        let arm = ArmName::of_set(fixes, &set);
        if !arms.contains(&arm) {
            arms.push(arm);
        }
    };
    match plan {
        ArmPlan::Pair => {}
        ArmPlan::Each => {
            fixes.iter().for_each(|fix| add(vec![fix]));
            fixes.iter().for_each(|left_out| add(fixes.iter().filter(|fix| *fix != left_out).collect()));
        }
        ArmPlan::Full => {
            for bits in 0..1usize << fixes.len().min(FULL_MOST_FIXES) {
                add(fixes.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, fix)| fix).collect());
            }
        }
    }
    arms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(plan: ArmPlan, fixes: &[&str]) -> Vec<String> {
        let fixes: Vec<String> = fixes.iter().map(|fix| (*fix).to_owned()).collect();
        arms(plan, &fixes).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn plans_name_each_combination_once() {
        assert_eq!(names(ArmPlan::Pair, &["a", "b"]), ["omitted", "applied"]);
        assert_eq!(names(ArmPlan::Each, &["a"]), ["omitted", "applied"]);
        assert_eq!(names(ArmPlan::Each, &["a", "b"]), ["omitted", "applied", "only:a", "only:b"]);
        assert_eq!(
            names(ArmPlan::Each, &["a", "b", "c"]),
            ["omitted", "applied", "only:a", "only:b", "only:c", "without:a", "without:b", "without:c"]
        );
        assert_eq!(names(ArmPlan::Full, &["a", "b", "c"]).len(), 8);
        let four = names(ArmPlan::Full, &["a", "b", "c", "d"]);
        assert_eq!(four.len(), 16);
        assert!(four.contains(&"set:b+d".to_owned()));
    }

    #[test]
    fn a_name_survives_text() {
        for text in ["omitted", "applied", "only:x", "without:x-y", "set:a+b", "submission:two-spaces", "mutant:liars"]
        {
            assert_eq!(text.parse::<ArmName>().map(|arm| arm.to_string()), Ok(text.to_owned()));
        }
        assert!("only:".parse::<ArmName>().is_err());
        assert!("everything".parse::<ArmName>().is_err());
    }
}
