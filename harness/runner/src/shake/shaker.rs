//! Sessions with one DUT, disturbed and not.

use std::time::Duration;

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::{DutFileOperator, Operator};
use dmsc_bench::rig::{Rig, RigError};
use dmsc_engine::account::Account;
use dmsc_language::case::Case;
use dmsc_language::dut::{Dut, LinkSpec};
use dmsc_link::{Mishap, Shape, Tally};
use dmsc_scr::Verdict;

use super::shrink::shrink;
use super::{Finding, LeftOut, Plan, ShakeError, What};
use crate::execute::{Options, execute};
use crate::outcome::CaseResult;
use crate::redact::Redactor;
use crate::unrecorded::Unrecorded;

/// The most that goes wrong in one session.
const MOST: usize = 5;

/// The longest delay where waiting costs nothing, and where it is waited out.
const LONGEST: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(3)];

/// A session is over when nothing has come for so long beyond all that was held back, and at the latest after the second
/// time.
const QUIET: Duration = Duration::from_secs(1);
const END: Duration = Duration::from_secs(120);

/// How often a session is begun again after its link was lost.
const REPEATS: usize = 5;

/// How long the schedule of a case can hold something back.
fn held_back(case: &Case) -> Duration {
    let schedule = case.setup.schedule().into_iter().flat_map(|schedule| &schedule.0);
    let delays = schedule.map(|one| match one.mishap {
        Mishap::Delay(by) | Mishap::Stall(by) => by,
        _ => Duration::ZERO,
    });
    delays.fold(Duration::ZERO, Duration::saturating_add)
}

/// A case that can be shaken.
pub(super) struct Target<'a> {
    pub(super) case: &'a Case,
    /// What it comes to with a DUT that was met before, and not disturbed.
    usual: Verdict,
    pub(super) shape: Shape,
}

/// What was seen to go wrong.
pub(super) struct Found {
    what: What,
    result: CaseResult,
}

/// Runs sessions with one DUT, and tells of them without its secrets.
pub(super) struct Shaker<'d> {
    pub(super) dut: &'d Dut,
    redactor: Redactor,
    rig: Rig<'d>,
    options: Options,
    operator: DutFileOperator<'d>,
    /// How many there were.
    pub(super) sessions: u64,
}

impl<'d> Shaker<'d> {
    pub(super) fn new(dut: &'d Dut, fixtures: &'d Fixtures, seed: u64) -> Shaker<'d> {
        let options = Options { strict: false, window: dut.ixit.window, dut: dut.name.clone() };
        let (rig, operator) = (Rig::new(dut, fixtures, seed), DutFileOperator::new(dut));
        Shaker { dut, redactor: Redactor::of(dut), rig, options, operator, sessions: 0 }
    }

    /// One session, run to its end; the link may be lost and come back on the way.
    pub(super) fn session(&mut self, case: &Case) -> Result<CaseResult, ShakeError> {
        let mut ended = self.open_session(case);
        match &mut ended {
            Ok(result) => self.redactor.result(result),
            Err(error) => error.words().into_iter().for_each(|words| self.redactor.text(words)),
        }
        ended
    }

    /// As [`Shaker::session`], with secrets in what is told.
    fn open_session(&mut self, case: &Case) -> Result<CaseResult, ShakeError> {
        let gone = |reason: String| ShakeError::Lost { dut: self.dut.name.clone(), reason };
        let mut reason = String::new();
        for _ in 0..=REPEATS {
            self.sessions = self.sessions.saturating_add(1);
            reason = match self.rig.open(case) {
                Ok(mut session) => {
                    let scope = self.rig.scope();
                    let operator: &mut dyn Operator = &mut self.operator;
                    let result = execute(case, &mut session, scope, &self.options, &mut Unrecorded, operator);
                    if result.interrupted.is_none() {
                        session.finish(QUIET.saturating_add(held_back(case)), END);
                    }
                    self.rig.close(session, result.interrupted.is_some()).map_err(ShakeError::Nonces)?;
                    match result.interrupted {
                        None => return Ok(result),
                        Some(what) => what,
                    }
                }
                Err(RigError::Link(error)) if error.is_interruption() => error.to_string(),
                Err(error) => return Err(ShakeError::Session(error.to_string())),
            };
            if let Err(error) = self.rig.recover() {
                return Err(gone(format!("{reason}; it did not come back: {error}")));
            }
        }
        Err(gone(format!("the link was lost in each of {} attempts, at last: {reason}", REPEATS + 1)))
    }

    /// Two sessions without disturbance, with the same DUT; why the case cannot be shaken, if so.
    pub(super) fn survey<'c>(&mut self, case: &'c Case) -> Result<Result<Target<'c>, String>, ShakeError> {
        if case.setup.is_disturbed() {
            return Ok(Err("it has a `disturb` of its own".into()));
        }
        self.rig.keep_dut();
        let before = self.rig.account_of(case);
        let first = self.session(&Plan::default().applied(case))?;
        if first.dead {
            return Err(ShakeError::Dead { dut: self.dut.name.clone(), reason: first.reason });
        }
        let tally = self.rig.tally().clone();
        if first.verdict == Verdict::Error {
            return Ok(Err(format!("it ends in error undisturbed: {}", first.reason)));
        }
        let usual = self.again(case, &before, first.verdict)?;
        if usual.verdict > first.verdict {
            let (first, again) = (first.verdict.as_str(), usual.verdict.as_str());
            return Ok(Err(format!("{first} at first, it is {again} when it is repeated: {}", usual.reason)));
        }
        if tally == Tally::default() {
            return Ok(Err("nothing crosses the link that could be disturbed".into()));
        }
        let shape = Shape { tally, most: MOST, longest: self.longest() };
        Ok(Ok(Target { case, usual: usual.verdict, shape }))
    }

    /// A session with a DUT that was met before. Where the last one broke off, nobody can know which of the nonces that
    /// were on their way are in force. So if the case does not come to the verdict wanted, it is repeated: a challenge
    /// may have settled it meanwhile. At last it is tried with the nonces from before.
    fn again(&mut self, case: &Case, before: &Account, wanted: Verdict) -> Result<CaseResult, ShakeError> {
        let first = self.session(case)?;
        if first.verdict <= wanted {
            return Ok(first);
        }
        for nonces in [None, Some(before), None] {
            if let Some(account) = nonces {
                self.rig.set_nonces(&account.server_nonce, &account.client_nonce);
            }
            let result = self.session(case)?;
            if result.verdict <= wanted {
                return Ok(result);
            }
        }
        Ok(first)
    }

    fn longest(&self) -> Duration {
        let [cheap, dear] = LONGEST;
        match &self.dut.link {
            LinkSpec::Builtin(_) => cheap,
            LinkSpec::Device(device) if device.bench.is_some() => cheap,
            LinkSpec::Device(_) | LinkSpec::Tcp(_) => dear,
        }
    }

    /// Two sessions with the same DUT, the first disturbed.
    pub(super) fn judge(&mut self, target: &Target<'_>, plan: &Plan) -> Result<Option<Found>, ShakeError> {
        self.rig.keep_dut();
        let before = self.rig.account_of(target.case);
        let result = self.session(&plan.applied(target.case))?;
        // A DUT that never heard a thing cannot have given a sign of life.
        if result.verdict == Verdict::Error && !result.dead {
            return Ok(Some(Found { what: What::HarnessError, result }));
        }
        let result = self.again(target.case, &before, target.usual)?;
        Ok((result.verdict > target.usual).then_some(Found { what: What::NotRecovered, result }))
    }

    /// Whether the harness can bring the DUT back to its start.
    fn restarts(&self) -> bool {
        let process = matches!(&self.dut.link, LinkSpec::Tcp(config) if config.start.is_some());
        self.dut.is_reference() || self.dut.reset.is_some() || process
    }

    /// What was found, shrunk where that is possible.
    pub(super) fn finding(
        &mut self,
        target: &Target<'_>,
        round: u64,
        plan: Plan,
        found: Found,
    ) -> Result<Finding, ShakeError> {
        let (mut plan, mut found, mut shrunk_in) = (plan, found, None);
        if self.restarts() {
            let mut broken = None;
            let what = found.what;
            let (least, tries) = shrink(plan, Plan::smaller, |smaller| match self.judge(target, smaller) {
                Ok(Some(again)) if again.what == what => {
                    found = again;
                    true
                }
                Ok(_) => false,
                Err(error) => {
                    broken = broken.take().or(Some(error));
                    false
                }
            });
            if let Some(error) = broken {
                return Err(error);
            }
            (plan, shrunk_in) = (least, Some(tries));
        }
        Ok(Finding {
            dut: self.dut.name.clone(),
            case: target.case.name(),
            round,
            what: found.what,
            usual: target.usual,
            came: found.result.verdict,
            reason: found.result.reason,
            plan,
            shrunk_in,
        })
    }

    /// Why the DUT cannot be shaken any more, if so.
    pub(super) fn beyond_help(&mut self, target: &Target<'_>) -> Result<Option<String>, ShakeError> {
        self.rig.keep_dut();
        let before = self.rig.account_of(target.case);
        let result = self.again(target.case, &before, target.usual)?;
        if result.verdict <= target.usual {
            return Ok(None);
        }
        let help = "bring it back to its start, or name a `reset` command in the DUT file";
        Ok(Some(format!("it stays at {} after this case ({}); {help}", result.verdict.as_str(), result.reason)))
    }

    pub(super) fn left_out(&self, case: &Case, reason: String) -> LeftOut {
        LeftOut { dut: self.dut.name.clone(), case: case.name(), reason }
    }
}
