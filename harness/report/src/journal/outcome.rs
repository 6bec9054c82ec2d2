//! The outcome of a case, as journals have it.

use std::fmt;

use dmsc_scr::{NotApplicable, NotRun, Outcome, Verdict};
use serde::{Deserialize, Serialize};

use super::CheckVerdict;

/// The outcome of a case, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Which outcome.
    pub kind: OutcomeKind,
    /// Why; always there for `not-applicable` and `not-run`, where the reader supplies a text if
    /// the writer left it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why there is no verdict, as a word for scripts that stays from version to version. Journals from before there
    /// were codes have none; see [`Recorded::coded`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// How the reason of a case that was left out begins in journals without codes.
const NOT_SELECTED: &str = "not selected";

impl Recorded {
    /// The same, with the code that a journal from before there were codes tells by its text.
    #[must_use]
    pub fn coded(mut self) -> Self {
        let left_out = |reason: &String| self.kind == OutcomeKind::NotRun && reason.starts_with(NOT_SELECTED);
        if self.code.is_none() && self.reason.as_ref().is_some_and(left_out) {
            self.code = Some(NotRun::NOT_SELECTED.to_owned());
        }
        self
    }
}

/// The kinds of outcome: the four verdicts, and the two that lie outside their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// Everything the case asks for was seen.
    Pass,
    /// Not enough was observed.
    Inconclusive,
    /// The DUT does not conform.
    Fail,
    /// The harness or the rig broke, not the DUT.
    Error,
    /// The ICS does not call for the case, or the DUT does not offer what it is about.
    NotApplicable,
    /// The case was not run.
    NotRun,
}

impl OutcomeKind {
    /// All kinds, in the order in which reports count them.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Fail, Self::Inconclusive, Self::Error, Self::NotApplicable, Self::NotRun];

    /// The words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::NotApplicable => "not applicable",
            Self::NotRun => "not run",
        }
    }

    /// The verdict, if the outcome is one.
    pub fn verdict(self) -> Option<CheckVerdict> {
        match self {
            Self::Pass => Some(CheckVerdict::Pass),
            Self::Inconclusive => Some(CheckVerdict::Inconclusive),
            Self::Fail => Some(CheckVerdict::Fail),
            Self::Error => Some(CheckVerdict::Error),
            Self::NotApplicable | Self::NotRun => None,
        }
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&Outcome> for Recorded {
    fn from(outcome: &Outcome) -> Self {
        let kind = match outcome {
            Outcome::Verdict(Verdict::Pass) => OutcomeKind::Pass,
            Outcome::Verdict(Verdict::Inconclusive) => OutcomeKind::Inconclusive,
            Outcome::Verdict(Verdict::Fail) => OutcomeKind::Fail,
            Outcome::Verdict(Verdict::Error) => OutcomeKind::Error,
            Outcome::NotApplicable(_) => OutcomeKind::NotApplicable,
            Outcome::NotRun(_) => OutcomeKind::NotRun,
        };
        Self { kind, reason: outcome.reason(), code: outcome.code().map(str::to_owned) }
    }
}

impl From<&Recorded> for Outcome {
    fn from(recorded: &Recorded) -> Self {
        let text = || recorded.reason.clone().unwrap_or_default();
        let code = || recorded.code.clone();
        match recorded.kind {
            OutcomeKind::Pass => Self::Verdict(Verdict::Pass),
            OutcomeKind::Inconclusive => Self::Verdict(Verdict::Inconclusive),
            OutcomeKind::Fail => Self::Verdict(Verdict::Fail),
            OutcomeKind::Error => Self::Verdict(Verdict::Error),
            OutcomeKind::NotApplicable => Self::NotApplicable(NotApplicable::Recorded { code: code(), text: text() }),
            OutcomeKind::NotRun => Self::NotRun(NotRun::Recorded { code: code(), text: text() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use dmsc_scr::LeftOut;

    use super::*;

    #[test]
    fn outcomes_survive_the_format() {
        for outcome in [
            Outcome::Verdict(Verdict::Pass),
            Outcome::Verdict(Verdict::Inconclusive),
            Outcome::Verdict(Verdict::Fail),
            Outcome::Verdict(Verdict::Error),
            Outcome::NotApplicable(NotApplicable::NoContact),
            Outcome::NotRun(NotRun::NotSelected(LeftOut::Case)),
        ] {
            let recorded = Recorded::from(&outcome);
            let read = Outcome::from(&recorded);
            assert_eq!((read.to_string(), read.code()), (outcome.to_string(), outcome.code()));
            assert_eq!(Recorded::from(&read), recorded);
            assert_eq!(recorded.kind.verdict(), outcome.verdict().map(CheckVerdict::from));
        }
    }

    #[test]
    fn journals_from_before_codes_tell_by_their_text_what_was_left_out() {
        let read = |text: &str| serde_json::from_str::<Recorded>(text).unwrap().coded().code;
        let left_out = r#"{"kind":"not-run","reason":"not selected: another item"}"#;
        assert_eq!(read(left_out).as_deref(), Some(NotRun::NOT_SELECTED));
        assert_eq!(read(r#"{"kind":"not-run","reason":"the DUT is dead"}"#), None);
        assert_eq!(read(r#"{"kind":"not-applicable","reason":"not selected: no"}"#), None);
        let newer = r#"{"kind":"not-run","reason":"not selected","code":"no-operator"}"#;
        assert_eq!(read(newer).as_deref(), Some("no-operator"));
    }
}
