//! A case, run until its link holds through it.

use std::time::{Duration, Instant};

use dmsc_bench::operator::Operator;
use dmsc_bench::rig::{Rig, RigError};
use dmsc_engine::dm::trust::Nonces;
use dmsc_language::case::Case;
use dmsc_link::{LinkError, is_interrupted};
use dmsc_report::journal::{self, CaseStarted, Check, Event, Gap, Message};
use dmsc_scr::{NotRun, Verdict};

use crate::execute::{self, Options};
use crate::outcome::CaseResult;
use crate::recorder::Recorder;
use crate::redact::{Across, Redactor};
use crate::rest::{END, QUIET};

/// How often a case is begun again after its link was lost, before it is given up.
const REPEATS: usize = 5;

/// What came of a case, over all its attempts.
pub struct Attempted {
    /// The last result.
    pub result: CaseResult,
    /// The check that decided.
    pub decisive: Option<Check>,
    /// Whether the link was lost for good.
    pub lost: bool,
}

impl Attempted {
    /// Why nothing more is run against the DUT, if so.
    pub(crate) fn died(&self, case: &Case) -> Option<NotRun> {
        let case = case.name();
        if self.lost {
            return Some(NotRun::LinkLost { case });
        }
        (self.result.dead && self.result.verdict == Verdict::Error).then_some(NotRun::Dead { case })
    }
}

/// Runs a case, again as long as its link is lost and comes back: what a lost link hid is never held against the DUT.
/// `wanted` says whether messages are recorded; `began` is the beginning of the run.
pub fn attempt(
    rig: &mut Rig<'_>,
    case: &Case,
    options: &Options,
    began: Instant,
    wanted: bool,
    sink: &mut dyn FnMut(Event),
    operator: &mut dyn Operator,
) -> Attempted {
    let redactor = Redactor::of(rig.dut);
    let mut across = Across::new(&redactor, sink);
    let mut tell = |event: Event| across.tell(event);
    // Where there are secrets they are looked for in all that is decoded, too.
    let wanted = if !wanted {
        Wanted::Nothing
    } else if redactor.is_idle() {
        Wanted::Octets
    } else {
        Wanted::All
    };
    let mut attempted = attempts(rig, case, options, began, wanted, &mut tell, operator);
    across.end();
    redactor.result(&mut attempted.result);
    attempted.decisive.iter_mut().for_each(|check| redactor.check(check));
    attempted
}

/// As [`attempt`], with secrets in what is told.
fn attempts(
    rig: &mut Rig<'_>,
    case: &Case,
    options: &Options,
    began: Instant,
    wanted: Wanted,
    sink: &mut dyn FnMut(Event),
    operator: &mut dyn Operator,
) -> Attempted {
    let mut gaps: Vec<Gap> = Vec::new();
    // Where a session broke off, nobody can know which of the nonces that were on their way are in force. First those
    // that the harness has are tried once more, since a challenge may have settled it; then those from before.
    let mut tries: Vec<Option<Nonces>> = Vec::new();
    let mut newest = None;
    let mut gap = None;
    loop {
        let before = rig.nonces();
        sink(Event::CaseStarted(CaseStarted {
            case: case.name(),
            dut: options.dut.clone(),
            at_us: micros(began.elapsed()),
            gap: gap.take(),
        }));
        let mut tape = Tape { sink, wanted, decisive: None };
        let mut result = run_case(rig, case, options, &mut tape, operator);
        let decisive = tape.decisive;
        result.remarks.extend(gaps.iter().map(told));
        if is_interrupted() {
            return Attempted { result, decisive, lost: false };
        }
        let Some(what) = result.interrupted.clone() else {
            if result.stale {
                if let Some(nonces) = tries.pop() {
                    let newest = newest.get_or_insert_with(|| rig.nonces()).clone();
                    rig.go_on(nonces.unwrap_or(newest).in_doubt());
                    continue;
                }
                newest.into_iter().for_each(|nonces| rig.go_on(nonces.in_doubt()));
            } else if newest.is_some() {
                result.remarks.push("begun again: the session that broke off had left the nonces in doubt".into());
            }
            return Attempted { result, decisive, lost: false };
        };
        if gaps.len() >= REPEATS {
            result.reason = format!("the link was lost in each of {} attempts, at last: {what}", gaps.len() + 1);
            let lost = rig.recover().is_err();
            return Attempted { result, decisive, lost };
        }
        match rig.recover() {
            Ok(lasted) => {
                gap = Some(Gap { what, lasted_us: micros(lasted) });
                gaps.extend(gap.clone());
                tries.extend([Some(before), None]);
            }
            Err(error) => {
                result.reason = format!("{what}; it did not come back: {error}");
                return Attempted { result, decisive, lost: true };
            }
        }
    }
}

/// A gap, as a remark.
fn told(gap: &Gap) -> String {
    format!("begun again: {} (back after {} ms)", gap.what, gap.lasted_us / 1000)
}

/// Runs one case in a fresh session.
pub(crate) fn run_case(
    rig: &mut Rig<'_>,
    case: &Case,
    options: &Options,
    recorder: &mut dyn Recorder,
    operator: &mut dyn Operator,
) -> CaseResult {
    let mut session = match rig.open(case) {
        Ok(session) => session,
        Err(error) => {
            let interrupted = match &error {
                RigError::Link(LinkError::Gone { what }) => Some(what.clone()),
                _ => None,
            };
            // A link that cannot be had now cannot be had for the next case either.
            let dead = matches!(&error, RigError::Link(LinkError::Missing { .. } | LinkError::Address { .. }));
            return CaseResult { interrupted, dead, ..CaseResult::error(error.to_string()) };
        }
    };
    let mut result = execute::execute(case, &mut session, rig.scope(), options, recorder, operator);
    // A session broken off in its middle leaves a device with nonces that nobody else knows.
    let ended = result.interrupted.is_none() && !is_interrupted() && rig.needs_end() && session.finish(QUIET, END);
    let words = session.last_words();
    // Nonces that do not fit make a client give up, and not crash.
    if rig.judge_nonces(&session, result.verdict == Verdict::Pass, ended) && !words.killed {
        result.doubt_nonces(rig.keeps_nonces());
    }
    result.remarks.extend(words.told);
    result.remarks.extend(rig.close(session, result.interrupted.is_some()).err());
    result.account_for(rig.disturbances());
    result
}

/// A duration as journals write it.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// What of messages is recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Nothing,
    /// What cannot be decoded again.
    Octets,
    All,
}

/// Passes on what a case tells, and keeps the check that decided.
struct Tape<'a> {
    sink: &'a mut dyn FnMut(Event),
    wanted: Wanted,
    /// The check that decided.
    decisive: Option<Check>,
}

impl Recorder for Tape<'_> {
    fn message(&mut self, message: Message) {
        (self.sink)(Event::Message(message));
    }

    fn check(&mut self, check: Check) {
        if check.verdict != journal::CheckVerdict::Pass {
            self.decisive = Some(check.clone());
        }
        (self.sink)(Event::Check(check));
    }

    fn wants_messages(&self) -> bool {
        self.wanted != Wanted::Nothing
    }

    fn decodes_again(&self) -> bool {
        self.wanted == Wanted::Octets
    }
}
