//! Exit codes, which scripts rely on.

use std::process::ExitCode;

use dmsc_report::journal::OutcomeKind;
use dmsc_report::matrix::{CaseEntry, Matrix, State};
use dmsc_scr::NotRun;

/// How the command ends; the value is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for is done; of a run: everything conforms.
    Conforms = 0,
    /// Something does not conform.
    Fails = 1,
    /// Nothing fails, yet something is inconclusive or did not run.
    Inconclusive = 2,
    /// The command line, a case, an ICS or a DUT file is wrong; nothing was run.
    Input = 3,
    /// The harness or the rig broke, or the DUT is dead.
    Rig = 4,
}

/// The table for people; `dmsc help exit-codes` and the README show it.
pub(crate) const TABLE: &str = "\
0  everything judged conforms, or the command did what it was asked
1  something fails: an SCR item, a case, a proof, or a DUT that does not recover
2  inconclusive only: nothing fails, yet something is inconclusive or did not run
3  the command line, a case, an ICS, a DUT file or a run folder is wrong
4  the harness or the rig broke: a link, a full disk, a DUT without a sign of life

Where several apply to a run, the first of 4, 1, 2, 0 is taken.

`dmsc run` and `dmsc report` judge the SCR items. Where a part of the cases was
selected, they judge those cases instead: an item of which a part was run cannot
be judged as a whole.";

/// Whether the user left the case out.
fn is_left_out(case: &CaseEntry) -> bool {
    case.outcome == OutcomeKind::NotRun && case.code.as_deref() == Some(NotRun::NOT_SELECTED)
}

impl Exit {
    /// The worse of two; the codes themselves are not in the order of severity.
    fn worse(self, other: Self) -> Self {
        let severity = |exit: Self| match exit {
            Self::Conforms => 0,
            Self::Inconclusive => 1,
            Self::Fails => 2,
            Self::Input => 3,
            Self::Rig => 4,
        };
        if severity(other) > severity(self) { other } else { self }
    }

    /// What a matrix comes to.
    pub(crate) fn of(matrix: &Matrix) -> Self {
        let whole = !matrix.cases.iter().any(is_left_out);
        let cases = matrix.cases.iter().map(|case| match case.outcome {
            OutcomeKind::Pass | OutcomeKind::NotApplicable => Self::Conforms,
            OutcomeKind::NotRun if is_left_out(case) => Self::Conforms,
            OutcomeKind::Inconclusive | OutcomeKind::NotRun => Self::Inconclusive,
            OutcomeKind::Fail => Self::Fails,
            OutcomeKind::Error => Self::Rig,
        });
        // Nothing observed is never a pass.
        let ran = matrix.cases.iter().any(|case| case.outcome.verdict().is_some());
        let none = if ran { Self::Conforms } else { Self::Inconclusive };
        let cells = matrix.rows.iter().flat_map(|row| &row.cells).filter(|_| whole);
        let items = cells.map(|cell| match cell.state {
            State::Pass | State::NotClaimed | State::NotBinding => Self::Conforms,
            State::Inconclusive | State::DeclaredOnly => Self::Inconclusive,
            State::Fail => Self::Fails,
            State::Error => Self::Rig,
        });
        cases.chain(items).fold(none, Self::worse)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_wins_whatever_its_number() {
        assert_eq!(Exit::Fails.worse(Exit::Inconclusive), Exit::Fails);
        assert_eq!(Exit::Inconclusive.worse(Exit::Fails), Exit::Fails);
        assert_eq!(Exit::Conforms.worse(Exit::Inconclusive), Exit::Inconclusive);
        assert_eq!(Exit::Fails.worse(Exit::Rig), Exit::Rig);
    }
}
