//! What came of a case, and what is known besides its steps that bears on it.

use std::time::Duration;

use dmsc_link::{Disturbance, Time};
use dmsc_scr::{NotApplicable, Outcome, Verdict};

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in a line; empty for a pass.
    pub reason: String,
    /// Why the case does not concern the DUT, if that was seen while it ran: there is no verdict then.
    pub not_applicable: Option<NotApplicable>,
    /// Misses at level `should`, and alternatives worth a remark.
    pub remarks: Vec<String>,
    /// How long it took on the link's clock.
    pub duration: Duration,
    /// Whether the DUT gave no sign of life.
    pub dead: bool,
    /// Whether a demand was missed that would be a fail, were it not known from memory only, or in doubt.
    pub doubted: bool,
    /// Whether what was missed may be for want of the right nonces.
    pub stale: bool,
    /// What was lost, when the link was: the case has then shown nothing and is to be repeated.
    pub interrupted: Option<String>,
}

impl CaseResult {
    /// A case without a result, since there was no rig.
    pub fn error(reason: String) -> CaseResult {
        CaseResult {
            verdict: Verdict::Error,
            reason,
            not_applicable: None,
            remarks: Vec::new(),
            duration: Duration::ZERO,
            dead: false,
            doubted: false,
            stale: false,
            interrupted: None,
        }
    }

    /// What became of the case.
    pub fn outcome(&self) -> Outcome {
        match &self.not_applicable {
            Some(reason) => Outcome::NotApplicable(reason.clone()),
            None => Outcome::Verdict(self.verdict),
        }
    }

    /// Takes a fail back that may be for want of the right nonces. `kept` says whether a file keeps them from run to run.
    pub(crate) fn doubt_nonces(&mut self, kept: bool) {
        if self.not_applicable.is_none() && matches!(self.verdict, Verdict::Fail | Verdict::Inconclusive) {
            self.verdict = Verdict::Inconclusive;
            self.stale = true;
            self.reason.push_str("; the DUT may have other nonces");
            let remedy = if kept { AGAIN } else { KEEP };
            self.remarks.push(format!("{DOUBT}; {remedy}"));
        }
    }

    /// Tells what went wrong on the link on purpose. A case that passed without what it is about has shown nothing.
    pub(crate) fn account_for(&mut self, disturbances: &[(Disturbance, Option<Time>)]) {
        for (one, taken) in disturbances {
            self.remarks.push(match taken {
                Some(at) => format!("disturbed at {at}: {one}"),
                None => format!("not disturbed: {one}, which the session did not reach"),
            });
        }
        let missed = disturbances.iter().find(|(_, taken)| taken.is_none());
        if let Some((one, _)) = missed.filter(|_| self.verdict == Verdict::Pass) {
            self.verdict = Verdict::Inconclusive;
            self.reason = format!("the session did not reach the place of a disturbance: {one}");
        }
    }
}

/// Why a fail is none.
const DOUBT: &str = "not held against the DUT: credentials do not fit, or it does not follow a notification, and no \
                     session has shown yet that it goes by the nonces that the harness has";
/// What to do about it.
const KEEP: &str = "let `nonces: FILE` keep them from run to run, or a `reset` bring the DUT back to those of its file";
const AGAIN: &str = "provision the DUT with the nonces of its DUT file, and remove the file that keeps them";

#[cfg(test)]
mod tests {
    use dmsc_link::{Mishap, Place};

    use super::*;

    fn result(verdict: Verdict) -> CaseResult {
        CaseResult { verdict, ..CaseResult::error(String::new()) }
    }

    #[test]
    fn only_a_miss_is_taken_back_for_want_of_nonces() {
        let mut missed = result(Verdict::Fail);
        missed.doubt_nonces(false);
        assert_eq!((missed.verdict, missed.stale), (Verdict::Inconclusive, true));
        assert!(missed.remarks.iter().any(|remark| remark.contains("nonces: FILE")));
        for other in [Verdict::Pass, Verdict::Error] {
            let mut kept = result(other);
            kept.doubt_nonces(true);
            assert_eq!(kept, result(other));
        }
    }

    #[test]
    fn what_did_not_happen_shows_nothing() {
        let one = Disturbance { at: Place::Response(900), mishap: Mishap::Drop };
        let mut passed = result(Verdict::Pass);
        passed.account_for(&[(one, Some(Time::ZERO))]);
        assert_eq!(passed.verdict, Verdict::Pass);
        assert_eq!(passed.remarks, ["disturbed at 0.000000 s: drop at response 900"]);
        passed.account_for(&[(one, None)]);
        assert_eq!(passed.verdict, Verdict::Inconclusive);
        let mut failed = result(Verdict::Fail);
        failed.account_for(&[(one, None)]);
        assert_eq!(failed.verdict, Verdict::Fail);
    }
}
