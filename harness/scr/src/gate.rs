//! What a gate, a thing that lets a change or a product through or does not, makes of outcomes: the exit code, JUnit
//! and `cargo test` all ask here, and so agree.

use std::fmt;
use std::str::FromStr;

use crate::{ItemOutcome, NotRun, Outcome, Verdict};

/// What a gate does about a case that a claim calls for and that came to no verdict but inconclusive, or did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unshown {
    /// It stays shut: what is claimed and not shown is not let through.
    #[default]
    Error,
    /// It looks past it, as somebody chose.
    Skip,
}

/// What a gate makes of a case, an item or a run; the order is the rule of combination: the worst decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// It says nothing for or against.
    Skipped,
    /// It conforms.
    Passed,
    /// It is claimed, and was not shown.
    Unshown,
    /// It does not conform.
    Failed,
    /// The harness or the rig broke.
    Broken,
}

impl Unshown {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Error, Self::Skip];

    /// The word in options and variables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Skip => "skip",
        }
    }

    /// What becomes of something that was not shown.
    fn gate(self) -> Gate {
        match self {
            Self::Error => Gate::Unshown,
            Self::Skip => Gate::Skipped,
        }
    }
}

/// A word that is no choice of [`Unshown`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no choice; write error or skip")]
pub struct UnknownChoice(String);

impl FromStr for Unshown {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text).ok_or_else(|| UnknownChoice(text.into()))
    }
}

impl Gate {
    /// What a gate makes of a case. `claimed` says whether the statement claims the case's item.
    ///
    /// A fail is a fail whatever is claimed: it was seen. Not applicable says nothing, and so does a case that the user
    /// left out. A run that is strict has other outcomes, and its gate is the same.
    pub fn of_case(outcome: &Outcome, claimed: bool, unshown: Unshown) -> Self {
        match outcome {
            Outcome::Verdict(Verdict::Pass) => Self::Passed,
            Outcome::Verdict(Verdict::Fail) => Self::Failed,
            Outcome::Verdict(Verdict::Error) => Self::Broken,
            Outcome::NotRun(reason) if reason.code() == Some(NotRun::NOT_SELECTED) => Self::Skipped,
            Outcome::Verdict(Verdict::Inconclusive) | Outcome::NotRun(_) if claimed => unshown.gate(),
            Outcome::Verdict(Verdict::Inconclusive) | Outcome::NotRun(_) | Outcome::NotApplicable(_) => Self::Skipped,
        }
    }

    /// What a gate makes of an item.
    pub fn of_item(outcome: &ItemOutcome, unshown: Unshown) -> Self {
        match outcome {
            ItemOutcome::Verdict(Verdict::Pass) => Self::Passed,
            ItemOutcome::Verdict(Verdict::Fail) => Self::Failed,
            ItemOutcome::Verdict(Verdict::Error) => Self::Broken,
            // An item that is denied or not asked for has another outcome.
            ItemOutcome::Verdict(Verdict::Inconclusive) | ItemOutcome::NotRun(_) => unshown.gate(),
            ItemOutcome::NotClaimed(_) | ItemOutcome::NotApplicable(_) => Self::Skipped,
        }
    }

    /// Whether the gate stays shut.
    pub fn is_shut(self) -> bool {
        self > Self::Passed
    }

    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Passed => "passed",
            Self::Unshown => "unshown",
            Self::Failed => "failed",
            Self::Broken => "broken",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LeftOut, NotApplicable};

    #[test]
    fn the_table_of_cases() {
        let left_out = NotRun::NotSelected(LeftOut::Item);
        let denied = NotApplicable::Recorded { code: None, text: "not claimed".into() };
        let outcomes = [
            Verdict::Pass.into(),
            Verdict::Fail.into(),
            Verdict::Error.into(),
            Verdict::Inconclusive.into(),
            Outcome::NotRun(NotRun::NoResult),
            Outcome::NotRun(left_out),
            Outcome::NotApplicable(denied),
        ];
        let mut table = String::new();
        for outcome in &outcomes {
            let mut line = format!("{:<15}", outcome.as_str());
            for unshown in Unshown::ALL {
                for claimed in [true, false] {
                    line.push_str(&format!(" {:<8}", Gate::of_case(outcome, claimed, unshown)));
                }
            }
            table.push_str(line.trim_end());
            table.push('\n');
        }
        // Columns: claimed and not, first by default, then by choice `skip`.
        insta::assert_snapshot!(table, @"
        pass            passed   passed   passed   passed
        fail            failed   failed   failed   failed
        error           broken   broken   broken   broken
        inconclusive    unshown  skipped  skipped  skipped
        not run         unshown  skipped  skipped  skipped
        not run         skipped  skipped  skipped  skipped
        not applicable  skipped  skipped  skipped  skipped
        ");
    }

    #[test]
    fn the_table_of_items() {
        let text = || "r".to_owned();
        for (outcome, strict, lenient) in [
            (ItemOutcome::Verdict(Verdict::Pass), Gate::Passed, Gate::Passed),
            (ItemOutcome::Verdict(Verdict::Fail), Gate::Failed, Gate::Failed),
            (ItemOutcome::Verdict(Verdict::Error), Gate::Broken, Gate::Broken),
            (ItemOutcome::Verdict(Verdict::Inconclusive), Gate::Unshown, Gate::Skipped),
            (ItemOutcome::NotRun(text()), Gate::Unshown, Gate::Skipped),
            (ItemOutcome::NotClaimed(text()), Gate::Skipped, Gate::Skipped),
            (ItemOutcome::NotApplicable(text()), Gate::Skipped, Gate::Skipped),
        ] {
            assert_eq!(Gate::of_item(&outcome, Unshown::Error), strict);
            assert_eq!(Gate::of_item(&outcome, Unshown::Skip), lenient);
        }
    }

    #[test]
    fn only_what_passes_or_says_nothing_opens_the_gate() {
        for (gate, shut) in [
            (Gate::Skipped, false),
            (Gate::Passed, false),
            (Gate::Unshown, true),
            (Gate::Failed, true),
            (Gate::Broken, true),
        ] {
            assert_eq!(gate.is_shut(), shut);
        }
        assert_eq!("skip".parse(), Ok(Unshown::Skip));
        assert_eq!("yes".parse::<Unshown>().unwrap_err().to_string(), "\"yes\" is no choice; write error or skip");
    }
}
