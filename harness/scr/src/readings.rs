//! The readings in force for a DUT.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{NotApplicable, Tables};

/// A reading that something depends on: the interpretation and its alternative.
pub type Reading = (String, String);

/// The readings in force: what was chosen, and the default of every interpretation that nobody chose for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    chosen: Arc<BTreeMap<String, String>>,
}

impl Readings {
    /// The readings in force where these are chosen.
    pub fn of(tables: &Tables, chosen: &BTreeMap<String, String>) -> Readings {
        let mut all = tables.default_readings();
        if !chosen.is_empty() {
            Arc::make_mut(&mut all).extend(chosen.iter().map(|(id, choice)| (id.clone(), choice.clone())));
        }
        Readings { chosen: all }
    }

    /// The alternative in force; empty for an interpretation that does not exist.
    pub fn of_point(&self, id: &str) -> &str {
        self.chosen.get(id).map(String::as_str).unwrap_or_default()
    }

    /// Whether all of these are in force.
    pub fn hold(&self, wanted: &[Reading]) -> bool {
        self.other(wanted).is_none()
    }

    /// The first of these that is not in force, as a reason.
    pub fn other(&self, wanted: &[Reading]) -> Option<NotApplicable> {
        let other = wanted.iter().find(|(id, alternative)| self.of_point(id) != alternative)?;
        Some(NotApplicable::OtherReading { id: other.0.clone() })
    }

    /// Every interpretation with the alternative in force, by name.
    pub fn into_map(self) -> BTreeMap<String, String> {
        Arc::unwrap_or_clone(self.chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(id: &str, alternative: &str) -> Reading {
        (id.to_owned(), alternative.to_owned())
    }

    #[test]
    fn what_nobody_chose_is_at_its_default() {
        let readings = Readings::of(Tables::builtin(), &[reading("server-id-match", "not-judged")].into());
        assert_eq!(readings.of_point("server-id-match"), "not-judged");
        assert_eq!(readings.of_point("package0-framing"), "bare");
        assert_eq!(readings.of_point("no-such-point"), "");
        assert_eq!(readings.into_map().len(), Tables::builtin().interpretations().len());
    }

    #[test]
    fn the_first_reading_that_is_not_in_force_is_told() {
        let readings = Readings::of(Tables::builtin(), &BTreeMap::new());
        let bare = reading("package0-framing", "bare");
        assert!(readings.hold(&[]) && readings.hold(std::slice::from_ref(&bare)));
        let other = readings.other(&[bare, reading("server-id-match", "not-judged")]);
        assert_eq!(other, Some(NotApplicable::OtherReading { id: "server-id-match".into() }));
    }
}
