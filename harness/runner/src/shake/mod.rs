//! Repeats cases on links where things go wrong, and looks whether the DUT comes back from it.
//!
//! In a disturbed session a case may miss what it demands: the disturbance explains it. What counts is the session
//! after it, with the same DUT and nothing wrong on the link: there the case comes to what it always comes to, or the
//! DUT was thrown off for good. The harness itself has to stand every disturbance: an error of its own is a finding too.

mod finding;
mod keep;
mod plan;
mod shaker;
mod shrink;

use std::time::{Duration, Instant};

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::rig::RigError;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Cases};
use dmsc_language::dut::Dut;
use dmsc_octets::Random;
use dmsc_scr::Tables;

pub use finding::{Finding, LeftOut, Shaken, What};
pub use keep::{KeepError, keep};
pub use plan::Plan;

use self::shaker::Shaker;
use crate::run::ours;
use crate::select::{Selection, decide};

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
    /// A session cannot be put together, in the words of the rig without secrets of the DUT.
    #[error("{0}")]
    Session(String),
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

impl ShakeError {
    /// What it says in words that somebody else may have chosen.
    fn words(&mut self) -> Option<&mut String> {
        match self {
            ShakeError::Rig(_) => None,
            ShakeError::Session(words) | ShakeError::Nonces(words) => Some(words),
            ShakeError::Dead { reason, .. } | ShakeError::Lost { reason, .. } => Some(reason),
        }
    }
}

/// Shakes.
///
/// # Errors
/// [`ShakeError`] when it cannot be begun, or cannot go on; what is found is never an error.
pub fn shake(config: &ShakeConfig<'_>, watcher: &mut dyn Watcher) -> Result<Shaken, ShakeError> {
    let fixtures = Fixtures::load(config.bundle).map_err(RigError::from)?;
    let mut shaken = Shaken { seed: config.seed, ..Shaken::default() };
    for dut in config.duts {
        let mut shaker = Shaker::new(dut, &fixtures, config.seed);
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
    let (cases, tables) = (Cases::from(config.cases), Tables::builtin());
    let applies = |(index, (place, _)): (usize, (usize, _))| {
        let case = config.cases.get(place)?;
        decide(case, dut, &config.selection, index, false, tables).is_none().then_some(case)
    };
    ours(&cases, dut).enumerate().filter_map(applies).collect()
}

/// The seed of a case in a round, which depends on no other case.
fn seed_of(seed: u64, round: u64, case: &str) -> u64 {
    // FNV-1a.
    let name = case
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3));
    Random::new(seed ^ Random::new(round ^ name).next_u64()).next_u64()
}

#[cfg(test)]
mod tests;
