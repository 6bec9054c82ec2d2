//! Exit codes, which scripts rely on.

use std::process::ExitCode;

use dmsc_report::matrix::Matrix;
use dmsc_scr::{Gate, Unshown};

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
    /// A signal ended the command before its end.
    Interrupted = 130,
}

/// The table for people; `dmsc help exit-codes` and the README show it.
pub(crate) const TABLE: &str = "\
0  everything judged conforms, or the command did what it was asked
1  something fails: an SCR item, a case, a proof, or a DUT that does not recover
2  inconclusive only: nothing fails, yet something claimed is inconclusive or did
   not run, unless --inconclusive=skip looks past it
3  the command line, a case, an ICS, a DUT file or a run folder is wrong
4  the harness or the rig broke: a link, a full disk, a DUT without a sign of life
130  a signal (Ctrl-C, SIGTERM, SIGHUP) ended it; `dmsc run --resume` goes on

Where several apply to a run, the first of 130, 4, 1, 2, 0 is taken.

`dmsc run` and `dmsc report` judge the SCR items. Where a part of the cases was
selected, they judge those cases instead: an item of which a part was run cannot
be judged as a whole.";

impl Exit {
    /// What a matrix comes to.
    pub(crate) fn of(matrix: &Matrix, unshown: Unshown) -> Self {
        match matrix.gates(unshown).whole() {
            Gate::Passed | Gate::Skipped => Self::Conforms,
            Gate::Unshown => Self::Inconclusive,
            Gate::Failed => Self::Fails,
            Gate::Broken => Self::Rig,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
