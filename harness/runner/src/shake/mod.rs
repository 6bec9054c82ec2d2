//! Repeats cases on links where things go wrong, and looks whether the DUT comes back from it.
//!
//! In a disturbed session a case may miss what it demands: the disturbance explains it. What counts is the session
//! behind it, with the same DUT and nothing wrong on the link: there the case comes to what it always comes to, or the
//! DUT was thrown off for good. The harness itself has to stand every disturbance: an error of its own is a finding too.

mod finding;
mod keep;
mod plan;
mod shrink;

use std::time::{Duration, Instant};

use dmsc_engine::account::Account;
use dmsc_engine::rng::Rng;
use dmsc_link::{Mishap, Shape, Tally};
use dmsc_report::journal::{Check, Message};
use dmsc_scr::{Tables, Verdict};

pub use finding::{Finding, LeftOut, Shaken, What};
pub use keep::{KeepError, keep};
pub use plan::Plan;

use crate::execute::{Options, Recorder, execute};
use crate::outcome::CaseResult;
use crate::run::{RunConfig, plan as planned};
use crate::select::Selection;
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::operator::Operator;
use dmsc_bench::rig::{Fixtures, Rig, RigError};
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Case;
use dmsc_language::disturb::{is_disturbed, schedule};
use dmsc_language::dut::{Dut, LinkSpec};
use shrink::shrink;

/// The most that goes wrong in one session.
const MOST: usize = 5;

/// The longest delay where waiting costs nothing, and where it is waited out.
const LONGEST: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(3)];

/// A session is over when nothing has come for so long beyond all that was held back, and at the latest after the second
/// time.
const QUIET: Duration = Duration::from_secs(1);
const END: Duration = Duration::from_secs(120);

/// How often a session is begun anew after its link was lost.
const REPEATS: usize = 5;

/// What to shake.
#[derive(Debug)]
pub struct ShakeConfig<'a> {
    /// The DUTs, one after the other.
    pub duts: &'a [Dut],
    /// All cases of the catalogue.
    pub cases: &'a [Case],
    /// Where the fixtures are.
    pub bundle: &'a Bundle,
    /// Which cases.
    pub selection: Selection,
    /// What all schedules follow from.
    pub seed: u64,
    /// When to stop.
    pub limit: Limit,
}

/// When shaking ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// After so many schedules for each case.
    Rounds(u64),
    /// After this time, for each DUT.
    For(Duration),
}

/// Told of what happens.
pub trait Watcher {
    /// So many cases of a DUT will be shaken.
    fn planned(&mut self, dut: &str, cases: usize);
    /// A case is disturbed, in this round.
    fn disturbing(&mut self, round: u64, dut: &str, case: &str);
    /// Something was found.
    fn found(&mut self, finding: &Finding);
}

/// Why shaking ends without a result.
#[derive(Debug, thiserror::Error)]
pub enum ShakeError {
    /// A fixture is wrong.
    #[error(transparent)]
    Rig(#[from] RigError),
    /// The DUT is not there.
    #[error("{dut} gave no sign of life before anything was disturbed: {reason}")]
    Dead {
        /// The DUT.
        dut: String,
        /// What was missing.
        reason: String,
    },
    /// The link was lost, by no disturbance of ours.
    #[error("{dut}: {reason}")]
    Lost {
        /// The DUT.
        dut: String,
        /// What was lost.
        reason: String,
    },
    /// The nonces cannot be kept for the next run.
    #[error("{0}")]
    Nonces(String),
}

/// Shakes.
///
/// # Errors
/// [`ShakeError`] when it cannot be begun, or cannot go on; what is found is never an error.
pub fn shake(config: &ShakeConfig<'_>, watcher: &mut dyn Watcher) -> Result<Shaken, ShakeError> {
    let fixtures = Fixtures::load(config.bundle)?;
    let mut shaken = Shaken { seed: config.seed, ..Shaken::default() };
    for dut in config.duts {
        let options = Options { strict: false, window: dut.ixit.window, dut: dut.name.clone() };
        let rig = Rig::new(dut, &fixtures, config.seed);
        let mut shaker = Shaker { dut, rig, options, hands: DutFileOperator::new(dut), sessions: 0 };
        let done = one_dut(config, &mut shaker, &mut shaken, watcher);
        shaken.sessions = shaken.sessions.saturating_add(shaker.sessions);
        done?;
    }
    Ok(shaken)
}

fn one_dut(
    config: &ShakeConfig<'_>,
    shaker: &mut Shaker<'_>,
    shaken: &mut Shaken,
    watcher: &mut dyn Watcher,
) -> Result<(), ShakeError> {
    let mut targets = Vec::new();
    for case in applicable(config, shaker.dut) {
        match shaker.survey(case)? {
            Ok(target) => targets.push(target),
            Err(reason) => shaken.left_out.push(shaker.left_out(case, reason)),
        }
    }
    shaken.cases = shaken.cases.saturating_add(targets.len());
    watcher.planned(&shaker.dut.name, targets.len());
    let began = Instant::now();
    let mut round = 0_u64;
    loop {
        round = round.saturating_add(1);
        if targets.is_empty() || matches!(config.limit, Limit::Rounds(rounds) if round > rounds) {
            return Ok(());
        }
        shaken.rounds = shaken.rounds.max(round);
        let mut next = Vec::new();
        for target in targets {
            if matches!(config.limit, Limit::For(long) if began.elapsed() >= long) {
                return Ok(());
            }
            shaken.disturbed = shaken.disturbed.saturating_add(1);
            watcher.disturbing(round, &shaker.dut.name, &target.case.name());
            let plan = Plan::random(seed_of(config.seed, round, &target.case.name()), &target.shape);
            let Some(found) = shaker.judge(&target, &plan)? else {
                next.push(target);
                continue;
            };
            let finding = shaker.finding(&target, round, plan, found)?;
            watcher.found(&finding);
            shaken.findings.push(finding);
            // What is beyond help is not blamed for more.
            if let Some(reason) = shaker.beyond_help(&target)? {
                shaken.stopped.push(shaker.left_out(target.case, reason));
                return Ok(());
            }
        }
        targets = next;
    }
}

fn applicable<'a>(config: &ShakeConfig<'a>, dut: &'a Dut) -> Vec<&'a Case> {
    let run = RunConfig {
        duts: std::slice::from_ref(dut),
        cases: config.cases,
        bundle: config.bundle,
        selection: config.selection.clone(),
        seed: config.seed,
        strict: false,
        person: false,
        out: None,
        resume: false,
    };
    planned(&run, Tables::builtin()).into_iter().filter(|one| one.skip.is_none()).map(|one| one.case).collect()
}

/// The seed of a case in a round, which depends on no other case.
fn seed_of(seed: u64, round: u64, case: &str) -> u64 {
    // FNV-1a.
    let name = case
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3));
    Rng::new(seed ^ Rng::new(round ^ name).next_u64()).next_u64()
}

/// How long the schedule of a case can hold something back.
fn held_back(case: &Case) -> Duration {
    let schedule = schedule(&case.setup).ok().flatten().unwrap_or_default();
    let delays = schedule.0.iter().map(|one| match one.mishap {
        Mishap::Delay(by) | Mishap::Stall(by) => by,
        _ => Duration::ZERO,
    });
    delays.fold(Duration::ZERO, Duration::saturating_add)
}

/// A case that can be shaken.
struct Target<'a> {
    case: &'a Case,
    /// What it comes to with a DUT that was met before, and not disturbed.
    usual: Verdict,
    shape: Shape,
}

/// What was seen to go wrong.
struct Found {
    what: What,
    result: CaseResult,
}

/// Nobody reads what passes in sessions by the hundred.
struct Unrecorded;

impl Recorder for Unrecorded {
    fn message(&mut self, _message: Message) {}

    fn check(&mut self, _check: Check) {}

    fn wants_messages(&self) -> bool {
        false
    }
}

/// Runs sessions with one DUT.
struct Shaker<'d> {
    dut: &'d Dut,
    rig: Rig<'d>,
    options: Options,
    hands: DutFileOperator<'d>,
    sessions: u64,
}

impl Shaker<'_> {
    /// One session, run to its end; the link may be lost and come back on the way.
    fn session(&mut self, case: &Case) -> Result<CaseResult, ShakeError> {
        let gone = |reason: String| ShakeError::Lost { dut: self.dut.name.clone(), reason };
        let mut reason = String::new();
        for _ in 0..=REPEATS {
            self.sessions = self.sessions.saturating_add(1);
            reason = match self.rig.open(case) {
                Ok(mut session) => {
                    let scope = self.rig.scope();
                    let hands: &mut dyn Operator = &mut self.hands;
                    let result = execute(case, &mut session, scope, &self.options, &mut Unrecorded, hands);
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
                Err(error) => return Err(error.into()),
            };
            if let Err(error) = self.rig.recover() {
                return Err(gone(format!("{reason}; it did not come back: {error}")));
            }
        }
        Err(gone(format!("the link was lost in each of {} attempts, at last: {reason}", REPEATS + 1)))
    }

    /// Two sessions without disturbance, with the same DUT; why the case cannot be shaken, if so.
    fn survey<'c>(&mut self, case: &'c Case) -> Result<Result<Target<'c>, String>, ShakeError> {
        if is_disturbed(&case.setup) {
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
    fn judge(&mut self, target: &Target<'_>, plan: &Plan) -> Result<Option<Found>, ShakeError> {
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
    fn finding(&mut self, target: &Target<'_>, round: u64, plan: Plan, found: Found) -> Result<Finding, ShakeError> {
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
    fn beyond_help(&mut self, target: &Target<'_>) -> Result<Option<String>, ShakeError> {
        self.rig.keep_dut();
        let before = self.rig.account_of(target.case);
        let result = self.again(target.case, &before, target.usual)?;
        if result.verdict <= target.usual {
            return Ok(None);
        }
        let help = "bring it back to its start, or name a `reset` command in the DUT file";
        Ok(Some(format!("it stays at {} after this case ({}); {help}", result.verdict.as_str(), result.reason)))
    }

    fn left_out(&self, case: &Case, reason: String) -> LeftOut {
        LeftOut { dut: self.dut.name.clone(), case: case.name(), reason }
    }
}

#[cfg(test)]
mod tests;
