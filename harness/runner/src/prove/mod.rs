//! Shows that verdicts hold on both sides: each fault of a reference DUT makes a case fail, and each case is failed by a
//! fault; a DUT that behaves otherwise and conforms is failed by none, and comes to a pass of every mandatory item.
//!
//! A case whose demand is known from memory only can never be a fail; that it misses the demand, and says so, counts.

pub(crate) mod pool;
pub(crate) mod suite;

use std::collections::BTreeSet;

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::rig::RigError;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Case;
use dmsc_language::catalogue::Role;
use dmsc_language::dut::Dut;
use dmsc_language::fault::{Fault, FaultError};
use dmsc_language::variant::{Variant, VariantError};
use dmsc_scr::Verdict;
use serde::Serialize;

use self::pool::each;
use self::suite::{Outcomes, run};

/// What a proof found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Cases that did not pass against the clean reference, with their verdict and reason.
    pub unclean: Vec<Unclean>,
    /// Each fault with what it did.
    pub faults: Vec<Caught>,
    /// Each variant with what the cases made of it.
    pub variants: Vec<Judged>,
    /// Cases that no fault made fail.
    pub never_failed: Vec<String>,
    /// Cases for DUTs without an item, which the clean references claim, that no variant passes.
    pub never_passed: Vec<String>,
    /// Cases that ran against the clean references.
    pub cases: usize,
}

/// A case that does not pass against a DUT that conforms.
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

/// What the cases made of a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The variant.
    pub variant: String,
    /// What it does otherwise.
    pub what: String,
    /// What leaves it open.
    pub clause: String,
    /// Where it is listed elsewhere.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The kind of DUT: `card` or `terminal`.
    pub side: String,
    /// How many cases passed.
    pub passed: usize,
    /// Cases that failed it, or broke.
    pub wrong: Vec<Unclean>,
    /// Cases that came to no verdict, and may not.
    pub open: Vec<Unclean>,
    /// Cases that came to no verdict, as its entry allows.
    pub allowed: Vec<Unclean>,
    /// Mandatory items that it did not pass, each with its verdict and the reasons.
    pub items: Vec<String>,
    /// Cases that its entry allows to come to no verdict and that have one.
    pub needless: Vec<String>,
}

impl Judged {
    /// Whether it was treated as a DUT that conforms.
    pub fn is_right(&self) -> bool {
        self.wrong.is_empty() && self.items.is_empty() && self.needless.is_empty()
    }
}

impl Proof {
    /// Whether everything was shown.
    pub fn holds(&self) -> bool {
        self.unclean.is_empty()
            && self.never_failed.is_empty()
            && self.never_passed.is_empty()
            && self.faults.iter().all(|fault| !fault.caught_by.is_empty() && fault.errors.is_empty())
            && self.variants.iter().all(Judged::is_right)
    }
}

/// Why a proof cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// A fixture is wrong.
    #[error(transparent)]
    Rig(#[from] RigError),
    /// A variant contradicts its DUT.
    #[error(transparent)]
    Variant(#[from] VariantError),
    /// A fault contradicts its DUT.
    #[error(transparent)]
    Fault(#[from] FaultError),
}

/// What is to be proved.
#[derive(Debug)]
pub struct Prove<'a> {
    /// One reference DUT of each kind to be looked at.
    pub clean: &'a [Dut],
    /// The cases.
    pub cases: &'a [Case],
    /// The faults; those of other kinds of DUT are passed over.
    pub faults: &'a [Fault],
    /// The variants; those of other kinds of DUT are passed over.
    pub variants: &'a [Variant],
    /// Where the fixtures are.
    pub bundle: &'a Bundle,
    /// What random values follow from.
    pub seed: u64,
}

/// A DUT to run the cases against, and why.
enum Unit<'a> {
    Clean(Dut),
    Fault(&'a Fault, Dut),
    Variant(&'a Variant, Dut),
}

impl Unit<'_> {
    fn dut(&self) -> &Dut {
        let (Unit::Clean(dut) | Unit::Fault(_, dut) | Unit::Variant(_, dut)) = self;
        dut
    }
}

/// Proves the cases against reference DUTs, on all cores. `progress` is told how many of how many DUTs are done.
///
/// # Errors
/// [`ProveError`] when a fixture is wrong, or a variant or fault that contradicts its DUT.
pub fn prove(what: &Prove<'_>, progress: &mut dyn FnMut(usize, usize)) -> Result<Proof, ProveError> {
    let fixtures = Fixtures::load(what.bundle).map_err(RigError::from)?;
    let units = units(what)?;
    let outcomes = each(&units, |unit| run(unit.dut(), what.cases, what.bundle, &fixtures, what.seed), progress);

    let mut proof = Proof::default();
    let mut failed = BTreeSet::new();
    let mut ran = Vec::new();
    // The clean references claim everything: a case for DUTs without an item is shown to pass by a variant.
    let elsewhere: Vec<&Case> = what.cases.iter().filter(|case| !case.unclaimed.is_empty()).collect();
    let mut passed = BTreeSet::new();
    for (unit, outcomes) in units.iter().zip(&outcomes) {
        match unit {
            Unit::Clean(_) => {
                ran.extend(outcomes.seen.iter().map(|seen| seen.case.clone()));
                proof.unclean.extend(outcomes.not(Verdict::Pass));
                // Nothing would show that such a case can pass.
                proof.unclean.extend(outcomes.not_offered.iter().cloned());
            }
            Unit::Fault(fault, dut) => {
                let caught = caught(fault, dut, outcomes);
                failed.extend(caught.caught_by.iter().cloned());
                proof.faults.push(caught);
            }
            Unit::Variant(variant, dut) => {
                let good = outcomes.seen.iter().filter(|seen| seen.verdict == Verdict::Pass);
                passed.extend(good.map(|seen| seen.case.clone()));
                proof.variants.push(judged(variant, dut, outcomes));
            }
        }
    }
    let sides: Vec<Role> = what.variants.iter().map(|variant| variant.side).collect();
    for case in elsewhere.into_iter().filter(|case| sides.contains(&case.role.other())) {
        let name = case.name();
        if passed.contains(&name) {
            ran.push(name);
        } else {
            proof.never_passed.push(name);
        }
    }
    proof.cases = ran.len();
    proof.never_failed = ran.into_iter().filter(|case| !failed.contains(case)).collect();
    Ok(proof)
}

fn units<'a>(what: &Prove<'a>) -> Result<Vec<Unit<'a>>, ProveError> {
    let mut units = Vec::new();
    for dut in what.clean {
        units.push(Unit::Clean(dut.clone()));
        for fault in what.faults.iter().filter(|fault| fault.side != dut.role()) {
            units.push(Unit::Fault(fault, fault.of(dut)?));
        }
        for variant in what.variants.iter().filter(|variant| variant.side != dut.role()) {
            units.push(Unit::Variant(variant, variant.of(dut)?));
        }
    }
    Ok(units)
}

fn caught(fault: &Fault, dut: &Dut, outcomes: &Outcomes) -> Caught {
    let of = |verdict: Verdict| outcomes.seen.iter().filter(move |seen| seen.verdict == verdict);
    let caught = outcomes.seen.iter().filter(|seen| seen.verdict == Verdict::Fail || seen.doubted);
    Caught {
        fault: fault.id.clone(),
        what: fault.what.clone(),
        side: dut.kind.as_str().into(),
        caught_by: caught.map(|seen| seen.case.clone()).collect(),
        inconclusive: of(Verdict::Inconclusive).count(),
        errors: of(Verdict::Error).map(|seen| format!("{}: {}", seen.case, seen.reason)).collect(),
    }
}

pub(crate) fn judged(variant: &Variant, dut: &Dut, outcomes: &Outcomes) -> Judged {
    let (allowed, open): (Vec<_>, Vec<_>) = outcomes
        .of(Verdict::Inconclusive)
        .partition(|unclean| variant.inconclusive.iter().any(|one| one.names(&unclean.case)));
    let useless = |pattern: &&dmsc_language::variant::Allowed| !allowed.iter().any(|one| pattern.names(&one.case));
    Judged {
        variant: variant.id.clone(),
        what: variant.what.clone(),
        clause: variant.clause.clone(),
        reference: variant.reference.clone(),
        side: dut.kind.as_str().into(),
        passed: outcomes.of(Verdict::Pass).count(),
        wrong: outcomes.of(Verdict::Fail).chain(outcomes.of(Verdict::Error)).collect(),
        items: outcomes.mandatory_missed(dut, |case| variant.inconclusive.iter().any(|one| one.names(case))),
        needless: variant.inconclusive.iter().filter(useless).map(|one| one.case.clone()).collect(),
        open,
        allowed,
    }
}
