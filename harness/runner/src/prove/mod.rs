//! Shows that the suite can catch: each fault of a reference DUT makes a case fail, and each case is failed by a fault.
//!
//! A case whose demand is known from memory only can never be a fail; that it misses the demand, and says so, counts.

use dmsc_scr::{Outcome, Tables, Verdict};
use serde::Serialize;

use crate::execute::Options;
use crate::outcome::CaseResult;
use crate::run::{RunConfig, plan, run_case};
use crate::select::Selection;
use crate::unrecorded::Unrecorded;
use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::rig::{Rig, RigError};
use dmsc_engine::role::Role;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Case;
use dmsc_language::dut::Dut;
use dmsc_language::fault::Fault;

/// What a proof found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Cases that did not pass against the clean reference, with their verdict and reason.
    pub unclean: Vec<Unclean>,
    /// Each fault with what it did.
    pub faults: Vec<Caught>,
    /// Cases that no fault made fail.
    pub never_failed: Vec<String>,
    /// Cases that ran.
    pub cases: usize,
}

/// A case that does not pass against the clean reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unclean {
    /// The case.
    pub case: String,
    /// What its result is.
    pub verdict: String,
    /// Why.
    pub reason: String,
}

/// What a fault did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caught {
    /// The fault.
    pub fault: String,
    /// What is wrong about the DUT that has it.
    pub what: String,
    /// The kind of DUT: `card` or `terminal`.
    pub side: String,
    /// The cases it made fail.
    pub caught_by: Vec<String>,
    /// How many cases it kept from coming to a verdict.
    pub inconclusive: usize,
    /// Cases that broke: a fault must never be an error of the harness.
    pub errors: Vec<String>,
}

impl Proof {
    /// Whether everything was shown.
    pub fn holds(&self) -> bool {
        self.unclean.is_empty()
            && self.never_failed.is_empty()
            && self.faults.iter().all(|fault| !fault.caught_by.is_empty() && fault.errors.is_empty())
    }
}

/// Proves the cases against reference DUTs: `clean` holds one DUT of each kind to be looked at.
///
/// # Errors
/// [`RigError`] when a fixture is wrong.
pub fn prove(
    clean: &[Dut],
    cases: &[Case],
    faults: &[Fault],
    bundle: &Bundle,
    seed: u64,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Proof, RigError> {
    let fixtures = Fixtures::load(bundle)?;
    let total = clean.len() + faults.iter().filter(|f| clean.iter().any(|d| f.side != d.role())).count();
    let mut done = 0;
    let mut proof = Proof::default();
    let mut failed = std::collections::BTreeSet::new();
    let mut ran = Vec::new();
    for dut in clean {
        let outcomes = suite(dut, cases, bundle, &fixtures, seed);
        done += 1;
        progress(done, total);
        for Seen { case, verdict, reason, .. } in outcomes {
            ran.push(case.clone());
            if verdict != Verdict::Pass {
                proof.unclean.push(Unclean { case, verdict: verdict.as_str().into(), reason });
            }
        }
        for fault in faults.iter().filter(|fault| fault.side != dut.role()) {
            let broken = Dut { faults: vec![fault.clone()], ..dut.clone() };
            let outcomes = suite(&broken, cases, bundle, &fixtures, seed);
            done += 1;
            progress(done, total);
            let of = |verdict: Verdict| outcomes.iter().filter(move |seen| seen.verdict == verdict);
            let caught = outcomes.iter().filter(|seen| seen.verdict == Verdict::Fail || seen.doubted);
            let caught_by: Vec<String> = caught.map(|seen| seen.case.clone()).collect();
            failed.extend(caught_by.iter().cloned());
            proof.faults.push(Caught {
                fault: fault.id.clone(),
                what: fault.what.clone(),
                side: dut.kind.as_str().into(),
                caught_by,
                inconclusive: of(Verdict::Inconclusive).count(),
                errors: of(Verdict::Error).map(|seen| format!("{}: {}", seen.case, seen.reason)).collect(),
            });
        }
    }
    proof.cases = ran.len();
    proof.never_failed = ran.into_iter().filter(|case| !failed.contains(case)).collect();
    Ok(proof)
}

/// What came of a case against one DUT.
struct Seen {
    case: String,
    verdict: Verdict,
    reason: String,
    doubted: bool,
}

/// Runs all cases that apply to a DUT and gives their verdicts.
fn suite(dut: &Dut, cases: &[Case], bundle: &Bundle, fixtures: &Fixtures, seed: u64) -> Vec<Seen> {
    let config = RunConfig {
        duts: std::slice::from_ref(dut),
        cases,
        bundle,
        selection: Selection::default(),
        seed,
        strict: false,
        person: false,
        out: None,
        resume: false,
    };
    let mut outcomes = Vec::new();
    for planned in plan(&config, Tables::builtin()) {
        let Some(case) = runnable(&planned.skip, planned.case, dut) else { continue };
        let mut rig = Rig::new(dut, fixtures, seed);
        let options = Options { strict: false, window: dut.ixit.window, dut: dut.name.clone() };
        let result = run_case(&mut rig, case, &options, &mut Unrecorded, &mut DutFileOperator::new(dut));
        let CaseResult { verdict, reason, doubted, .. } = result;
        outcomes.push(Seen { case: case.name(), verdict, reason, doubted });
    }
    outcomes
}

fn runnable<'a>(skip: &Option<Outcome>, case: &'a Case, dut: &Dut) -> Option<&'a Case> {
    let role_fits = match case.role {
        Role::Card | Role::Terminal => case.role == dut.role(),
    };
    (skip.is_none() && role_fits).then_some(case)
}
