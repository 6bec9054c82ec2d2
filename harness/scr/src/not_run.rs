//! Why a case that the statement calls for did not run.

use std::fmt;

/// Why a case did not run. [`Display`](fmt::Display) is the text for a person, [`NotRun::code`] the word for scripts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NotRun {
    /// The user chose others.
    NotSelected(LeftOut),
    /// It needs an act, and there is nobody to do it.
    NoOperator {
        /// The act, as the case names it.
        act: String,
    },
    /// The DUT had died before.
    Dead {
        /// The case in which it gave no sign of life.
        case: String,
    },
    /// The link had been lost before.
    LinkLost {
        /// The case in which it was lost.
        case: String,
    },
    /// So many cases had failed before, and the user asked to stop there.
    Stopped {
        /// How many.
        fails: usize,
    },
    /// The run ended in its midst.
    Unfinished,
    /// No journal has a result.
    NoResult,
    /// As a journal says.
    Recorded {
        /// The code, where the journal has one.
        code: Option<String>,
        /// The text.
        text: String,
    },
}

/// By which choice a case was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeftOut {
    /// By its item.
    Item,
    /// By its name.
    Case,
    /// By the role that the harness plays.
    Role,
    /// By a condition.
    Condition,
    /// By the part of the run.
    Shard {
        /// The part that was run, counted from 1.
        this: usize,
        /// How many there are.
        of: usize,
    },
}

impl NotRun {
    /// The code of a case that the user left out. It alone is no gap in the run.
    pub const NOT_SELECTED: &'static str = "not-selected";

    /// The word for scripts, which stays from version to version; none where a journal gives none.
    pub fn code(&self) -> Option<&str> {
        Some(match self {
            Self::NotSelected(_) => Self::NOT_SELECTED,
            Self::NoOperator { .. } => "no-operator",
            Self::Dead { .. } => "dut-dead",
            Self::LinkLost { .. } => "link-lost",
            Self::Stopped { .. } => "stopped",
            Self::Unfinished => "unfinished",
            Self::NoResult => "no-result",
            Self::Recorded { code, .. } => return code.as_deref(),
        })
    }
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSelected(by) => write!(f, "not selected: {by}"),
            Self::NoOperator { act } => write!(
                f,
                "it needs the operator's act `{act}`, and neither a person nor a command of the DUT file is there to do it"
            ),
            Self::Dead { case } => write!(f, "the DUT is dead: it gave no sign of life in {case}"),
            Self::LinkLost { case } => write!(f, "the link was lost in {case} and did not come back"),
            Self::Stopped { fails: 1 } => f.write_str("the run was to stop after the first case that failed"),
            Self::Stopped { fails } => write!(f, "the run was to stop after {fails} cases that failed"),
            Self::Unfinished => f.write_str("started, but the journal ends before its verdict"),
            Self::NoResult => f.write_str("no result in any journal"),
            Self::Recorded { text, .. } => f.write_str(text),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item => f.write_str("another item"),
            Self::Case => f.write_str("another case"),
            Self::Role => f.write_str("another role"),
            Self::Condition => f.write_str("the condition does not hold"),
            Self::Shard { this, of } => write!(f, "another shard than {this}/{of}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_text_and_a_code() {
        let case = || "DM_SC-S-001-M/session-id".to_owned();
        for (reason, code, text) in [
            (NotRun::NotSelected(LeftOut::Role), "not-selected", "not selected: another role"),
            (
                NotRun::NotSelected(LeftOut::Shard { this: 2, of: 3 }),
                "not-selected",
                "not selected: another shard than 2/3",
            ),
            (
                NotRun::Dead { case: case() },
                "dut-dead",
                "the DUT is dead: it gave no sign of life in DM_SC-S-001-M/session-id",
            ),
            (
                NotRun::LinkLost { case: case() },
                "link-lost",
                "the link was lost in DM_SC-S-001-M/session-id and did not come back",
            ),
            (NotRun::Stopped { fails: 3 }, "stopped", "the run was to stop after 3 cases that failed"),
            (NotRun::NoResult, "no-result", "no result in any journal"),
        ] {
            assert_eq!((reason.code(), reason.to_string().as_str()), (Some(code), text));
        }
        let recorded = NotRun::Recorded { code: None, text: "old".into() };
        assert_eq!((recorded.code(), recorded.to_string().as_str()), (None, "old"));
    }
}
