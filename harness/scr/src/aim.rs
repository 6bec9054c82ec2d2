//! What a case tries: conduct that is right, a fault of the other side, or the end of a range.

use std::fmt;
use std::ops::AddAssign;

use serde::Serialize;

/// What a case gives the DUT to deal with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// What is right, and in the range: the DUT is to do its part.
    #[default]
    Positive,
    /// What is wrong, out of turn, or not to be had: the DUT is to refuse it, or to come to no harm.
    Negative,
    /// The end of a range: the smallest, the largest, none, or as much as just fits, or just does not.
    Boundary,
}

impl Aim {
    /// Every aim, in the order in which they are told.
    pub const ALL: [Aim; 3] = [Aim::Positive, Aim::Negative, Aim::Boundary];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Aim::Positive => "positive",
            Aim::Negative => "negative",
            Aim::Boundary => "boundary",
        }
    }

    /// The aim of that word.
    pub fn from_name(word: &str) -> Option<Aim> {
        Aim::ALL.into_iter().find(|aim| aim.as_str() == word)
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many cases have each aim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Aims {
    /// Those of [`Aim::Positive`].
    pub positive: usize,
    /// Those of [`Aim::Negative`].
    pub negative: usize,
    /// Those of [`Aim::Boundary`].
    pub boundary: usize,
}

impl Aims {
    /// How many have this one.
    pub fn of(&self, aim: Aim) -> usize {
        match aim {
            Aim::Positive => self.positive,
            Aim::Negative => self.negative,
            Aim::Boundary => self.boundary,
        }
    }

    /// The aims that no case has.
    pub fn missing(&self) -> impl Iterator<Item = Aim> {
        Aim::ALL.into_iter().filter(|aim| self.of(*aim) == 0)
    }
}

impl AddAssign<Aim> for Aims {
    fn add_assign(&mut self, aim: Aim) {
        let count = match aim {
            Aim::Positive => &mut self.positive,
            Aim::Negative => &mut self.negative,
            Aim::Boundary => &mut self.boundary,
        };
        *count = count.saturating_add(1);
    }
}

/// `12 positive, 4 negative, 1 boundary`, without those that there are none of.
impl fmt::Display for Aims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = false;
        for aim in Aim::ALL {
            let count = self.of(aim);
            if count > 0 {
                write!(f, "{}{count} {aim}", if rest { ", " } else { "" })?;
                rest = true;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aims_are_counted_and_those_that_are_missing_are_told() {
        let mut aims = Aims::default();
        assert_eq!(aims.missing().count(), 3);
        aims += Aim::Positive;
        aims += Aim::Boundary;
        aims += Aim::Positive;
        assert_eq!(aims.to_string(), "2 positive, 1 boundary");
        assert_eq!(aims.missing().collect::<Vec<_>>(), [Aim::Negative]);
        assert!(Aim::ALL.into_iter().all(|aim| Aim::from_name(aim.as_str()) == Some(aim)));
        assert_eq!(Aim::from_name("odd"), None);
    }
}
