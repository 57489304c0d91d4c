//! A lab's virtual machines: booted in endpoints' places.

use futures_util::future::try_join_all;

use super::Lab;
use crate::lab::guest::{self, Medium};
use crate::lab::{LabError, Note};
use crate::wording::Phrase;

impl Lab {
    /// Boots the virtual machines that have endpoints' places; gives what is to be told of them. `note` hears how far they are.
    ///
    /// # Errors
    /// As [`guest::boot`].
    pub async fn boot(&self, note: &Note<'_>) -> Result<Vec<Phrase>, LabError> {
        let booted = self.media.iter().map(|(name, medium)| self.boot_one(name, medium, note));
        Ok(try_join_all(booted).await?.concat())
    }

    async fn boot_one(&self, name: &str, medium: &Medium, note: &Note<'_>) -> Result<Vec<Phrase>, LabError> {
        let Some(member) = self.members.get(name) else { return Ok(Vec::new()) };
        let place = guest::Place {
            line: &member.line,
            name,
            endpoint: &self.scenario.endpoints[name],
            nics: self.nics.borrow().get(name).cloned().unwrap_or_default(),
            patience: self.patience(),
            note,
        };
        let mut guest = guest::boot(&place, medium).await?;
        guest::move_in(&mut guest, &place).await?;
        let findings = guest.findings(name).await?;
        // Set once: a lab boots its machines once.
        let _ = member.guest.set(guest);
        Ok(findings)
    }

    /// What the consoles of the virtual machines said last, by endpoint.
    pub fn consoles(&self) -> Vec<(&str, String)> {
        let guests = self.members.iter().filter_map(|(name, member)| Some((name.as_str(), member.guest.get()?)));
        guests.map(|(name, guest)| (name, guest.said())).collect()
    }
}
