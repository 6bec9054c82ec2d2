//! Verdicts of steps and cases.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{NotApplicable, NotRun};

/// What a step or case that ran found. The order is the rule of combination: the worst of the steps is the
/// verdict of the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything required was observed.
    Pass,
    /// Not enough was observed to tell.
    Inconclusive,
    /// The DUT did something the cited clause forbids, or omitted what it demands.
    Fail,
    /// The harness or the rig broke; says nothing of the DUT.
    Error,
}

impl Verdict {
    /// All four, best first.
    pub const ALL: [Self; 4] = [Self::Pass, Self::Inconclusive, Self::Fail, Self::Error];

    /// The worse of two.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        self.max(other)
    }

    /// The worst of several; none of none, so that nothing observed never reads as a pass.
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Option<Self> {
        verdicts.into_iter().max()
    }

    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is not a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a verdict; write pass, inconclusive, fail or error")]
pub struct UnknownVerdict(String);

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    fn from_str(text: &str) -> Result<Self, UnknownVerdict> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text).ok_or_else(|| UnknownVerdict(text.into()))
    }
}

/// What became of a case. The two that are no verdict stand outside the order, carry their reason, and can
/// never become a pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The case ran.
    Verdict(Verdict),
    /// The conformance statement does not call for the case, or the DUT does not offer what it is about; the reason.
    NotApplicable(NotApplicable),
    /// The statement calls for the case, yet it did not run; the reason.
    NotRun(NotRun),
}

impl Outcome {
    /// The verdict, if the case ran.
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Verdict(verdict) => Some(*verdict),
            Self::NotApplicable(_) | Self::NotRun(_) => None,
        }
    }

    /// Why the case has no verdict, for a person.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Verdict(_) => None,
            Self::NotApplicable(reason) => Some(reason.to_string()),
            Self::NotRun(reason) => Some(reason.to_string()),
        }
    }

    /// Why the case has no verdict, as a word for scripts.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Verdict(_) => None,
            Self::NotApplicable(reason) => reason.code(),
            Self::NotRun(reason) => reason.code(),
        }
    }

    /// The word used in reports, without the reason.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.as_str(),
            Self::NotApplicable(_) => "not applicable",
            Self::NotRun(_) => "not run",
        }
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        Self::Verdict(verdict)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {reason}", self.as_str()),
            None => f.pad(self.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verdict_wins_and_nothing_is_no_pass() {
        use Verdict::{Error, Fail, Inconclusive, Pass};
        assert!(Pass < Inconclusive && Inconclusive < Fail && Fail < Error);
        assert_eq!(Verdict::worst([Pass, Fail, Inconclusive]), Some(Fail));
        assert_eq!(Verdict::worst([]), None);
        assert_eq!(Fail.worse(Error), Error);
    }

    #[test]
    fn words_round_trip() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.as_str().parse(), Ok(verdict));
            assert_eq!(serde_json::to_string(&verdict).unwrap(), format!("\"{verdict}\""));
        }
        assert!("passed".parse::<Verdict>().is_err());
    }

    #[test]
    fn outcomes_without_a_verdict_have_a_reason() {
        let outcome = Outcome::NotRun(NotRun::NoResult);
        assert_eq!(outcome.to_string(), "not run: no result in any journal");
        assert_eq!((outcome.verdict(), outcome.code()), (None, Some("no-result")));
        assert_eq!(Outcome::from(Verdict::Fail).reason(), None);
    }
}
