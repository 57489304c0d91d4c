//! From what was found to what is done with it: the submissions of a class as a batch takes them.

use std::collections::BTreeMap;

use super::batch::{HandIn, Intake};
use super::intake::{self, Content, Handing, Limits, Trouble};
use crate::image::archive::Archive;
use crate::scenario::submission::Step;
use crate::scenario::{Handed, Scenario};
use crate::wording::Phrase;

/// The submissions of a class.
pub struct Submissions {
    handings: Vec<Handing>,
    several: bool,
    limits: Limits,
}

impl Submissions {
    /// Those of a class; whether there are several scenarios decides where in an entry they are looked for.
    pub fn new(handings: Vec<Handing>, several: bool, limits: Limits) -> Self {
        Submissions { handings, several, limits }
    }
}

impl Intake for Submissions {
    fn hand_in(&self, student: usize, scenario: &Scenario) -> HandIn {
        let entry = self.handings.get(student).and_then(|handing| handing.entry.as_ref());
        let Some(entry) = entry else { return HandIn::Missing };
        let mut taken = match intake::parts(entry, &scenario.accepts, &scenario.id, self.several, &self.limits) {
            Ok(taken) => taken,
            Err(Trouble::Refused(why)) => return HandIn::Refused(why),
            Err(Trouble::Person(why)) => return HandIn::Unreadable(why),
        };
        if taken.parts.is_empty() && self.several {
            return HandIn::Missing;
        }
        // Files are in place before a script runs, as for known submissions.
        taken.parts.sort_by_key(|part| part.accept.what == Handed::Script);
        if taken.parts.is_empty() {
            let names: Vec<&str> = scenario.accepts.iter().map(|accept| accept.name.as_str()).collect();
            return HandIn::Refused(Phrase::new("grade-nothing-accepted").with("names", names.join(", ")));
        }
        let (mut steps, mut kept) = (Vec::new(), Vec::new());
        let (mut images, mut hosts) = (BTreeMap::new(), BTreeMap::new());
        for part in taken.parts {
            match part.content {
                Content::Bytes(bytes) => steps.extend(Step::of(&part.accept, bytes)),
                Content::Image(path) => {
                    if let Err(err) = Archive::open(&path) {
                        let why = crate::clean::one_line(&err.to_string(), 200);
                        return HandIn::Refused(
                            Phrase::new("grade-no-image").with("name", &part.accept.name).with("why", why),
                        );
                    }
                    images.insert(part.accept.on.clone(), path.to_path_buf());
                    kept.push(path);
                }
                Content::Address(host) => {
                    hosts.insert(part.accept.on.clone(), host);
                }
            }
        }
        HandIn::Taken { steps, images, hosts, kept, digest: taken.digest, remarks: taken.remarks }
    }
}
