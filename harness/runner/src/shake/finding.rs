//! What shaking comes to.

use dmsc_scr::Verdict;
use serde::{Serialize, Serializer};

use super::Plan;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shaken {
    /// What all schedules followed from.
    pub seed: u64,
    /// Rounds that were begun.
    pub rounds: u64,
    /// Sessions in all.
    pub sessions: u64,
    /// Sessions that were disturbed, those for shrinking aside.
    pub disturbed: u64,
    /// Cases that were shaken, over all DUTs.
    pub cases: usize,
    /// Cases that apply and were not shaken, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What was found, at most one finding for each case and DUT.
    pub findings: Vec<Finding>,
    /// Why shaking a DUT ended before its time, by DUT.
    pub stopped: Vec<LeftOut>,
}

/// What was not shaken, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The DUT.
    pub dut: String,
    /// The case.
    pub case: String,
    /// Why.
    pub reason: String,
}

/// A disturbance that somebody does not stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The DUT.
    pub dut: String,
    /// The case.
    pub case: String,
    /// The round, from 1.
    pub round: u64,
    /// Who does not stand it.
    pub what: What,
    /// The verdict of the case without disturbance.
    #[serde(serialize_with = "word")]
    pub usual: Verdict,
    /// The verdict it came to.
    #[serde(serialize_with = "word")]
    pub came: Verdict,
    /// Why it came to that.
    pub reason: String,
    /// The disturbance, shrunk as far as it would.
    #[serde(rename = "setup", serialize_with = "settings")]
    pub plan: Plan,
    /// How many sessions shrinking took; none where the DUT cannot be brought back to its start.
    pub shrunk_in: Option<usize>,
}

/// Who does not stand a disturbance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The DUT: undisturbed again, it does worse than before.
    NotRecovered,
    /// The harness: it broke in the disturbed session.
    HarnessError,
}

fn word<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.as_str())
}

fn settings<S: Serializer>(plan: &Plan, serializer: S) -> Result<S::Ok, S::Error> {
    plan.settings().serialize(serializer)
}
