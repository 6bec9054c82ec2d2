//! What came of a case, as the rest of the harness is told.

use dmsc_language::case::Head;
use dmsc_language::dut::{Dut, LinkSpec};
use dmsc_report::cause::Cause;
use dmsc_report::journal::{CaseFinished, Check, Event, Recorded};
use dmsc_scr::Outcome;

use crate::look::Wall;
use crate::outcome::CaseResult;
use crate::redact::Redactor;

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The DUT.
    pub dut: String,
    /// The case.
    pub case: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The reason, in a line; empty for a pass.
    pub reason: String,
    /// Remarks.
    pub remarks: Vec<String>,
    /// The check that decided, if one did.
    pub decisive: Option<Box<Check>>,
}

impl Finished {
    /// A case that did not run.
    pub(crate) fn skipped(dut: &Dut, case: &Head, outcome: Outcome) -> Finished {
        let reason = outcome.reason().unwrap_or_default();
        Finished {
            dut: dut.name.clone(),
            case: case.name.to_string(),
            outcome,
            reason,
            remarks: Vec::new(),
            decisive: None,
        }
    }

    /// A case that was not begun, since nothing can come of it: the look before the cases has shown why.
    pub(crate) fn walled(dut: &Dut, case: &Head, wall: &Wall) -> Finished {
        let remarks = vec!["not begun: the look before the cases shows that none can come to its start".to_owned()];
        Finished {
            dut: dut.name.clone(),
            case: case.name.to_string(),
            outcome: Outcome::Verdict(wall.verdict),
            reason: wall.reason.clone(),
            remarks,
            decisive: None,
        }
    }

    /// A case that ran.
    pub(crate) fn ran(dut: &Dut, case: &Head, result: CaseResult, decisive: Option<Check>) -> Finished {
        Finished {
            dut: dut.name.clone(),
            case: case.name.to_string(),
            outcome: result.outcome(),
            reason: result.reason,
            remarks: result.remarks,
            decisive: decisive.map(Box::new),
        }
    }

    /// The same without the secrets of the DUT.
    pub(crate) fn without_secrets(mut self, redactor: &Redactor) -> Finished {
        redactor.text(&mut self.reason);
        self.remarks.iter_mut().for_each(|remark| redactor.text(remark));
        self.decisive.iter_mut().for_each(|check| redactor.check(check));
        self
    }

    /// What made it other than a pass.
    pub fn cause(&self) -> Option<Cause> {
        Cause::of(Recorded::from(&self.outcome).kind, self.decisive.as_deref(), &self.reason, &self.case)
    }

    /// The event that records it. `duration_us` is in microseconds; `wall` says whether they are those of a wall clock.
    pub fn event(&self, duration_us: u64, wall: bool) -> Event {
        let mut outcome = Recorded::from(&self.outcome);
        if outcome.reason.is_none() && !self.reason.is_empty() {
            outcome.reason = Some(self.reason.clone());
        }
        Event::CaseFinished(CaseFinished {
            case: self.case.clone(),
            dut: self.dut.clone(),
            outcome,
            remarks: self.remarks.clone(),
            duration_us,
            wall,
        })
    }
}

/// Whether durations of a DUT are those of a clock on the wall.
pub(crate) fn is_wall(dut: &Dut) -> bool {
    !matches!(dut.link, LinkSpec::Builtin(_))
}
