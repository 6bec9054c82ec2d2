//! The cases that apply to a DUT, run once, and what its items come to.

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::rig::Rig;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Cases};
use dmsc_language::dut::Dut;
use dmsc_scr::{Measured, Outcome, Tables, Verdict, item_verdicts};

use super::Unclean;
use crate::execute::Options;
use crate::outcome::CaseResult;
use crate::run::{RunConfig, plan, run_case};
use crate::select::Selection;
use crate::unrecorded::Unrecorded;

/// What came of the cases against one DUT.
pub(crate) struct Outcomes {
    /// Those that ran.
    pub(crate) seen: Vec<Seen>,
    /// Those that were begun, and turned out to be about what the DUT does not offer.
    pub(crate) not_offered: Vec<Unclean>,
    measured: Vec<Measured>,
}

/// What came of a case.
pub(crate) struct Seen {
    pub(crate) case: String,
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
    /// Whether a demand was missed that would be a fail, were it not known from memory only, or in doubt.
    pub(crate) doubted: bool,
}

/// Runs all cases that apply to a DUT.
pub(crate) fn run(dut: &Dut, cases: &[Case], bundle: &Bundle, fixtures: &Fixtures, seed: u64) -> Outcomes {
    let config = RunConfig {
        duts: std::slice::from_ref(dut),
        cases: &Cases::from(cases),
        bundle,
        selection: Selection::default(),
        seed,
        strict: false,
        person: false,
        out: None,
        resume: false,
        all: true,
        stop_after: None,
        jobs: None,
    };
    let mut outcomes = Outcomes { seen: Vec::new(), not_offered: Vec::new(), measured: Vec::new() };
    for planned in plan(&config, Tables::builtin()) {
        let case = planned.head;
        let outcome = planned.case.map_or_else(std::convert::identity, |case| {
            let mut rig = Rig::new(dut, fixtures, seed);
            let options = Options { strict: false, window: dut.ixit.window, dut: dut.name.clone() };
            let result = run_case(&mut rig, case, &options, &mut Unrecorded, &mut DutFileOperator::new(dut));
            let outcome = result.outcome();
            let CaseResult { verdict, reason, doubted, .. } = result;
            match &outcome {
                Outcome::Verdict(_) => outcomes.seen.push(Seen { case: case.name(), verdict, reason, doubted }),
                other => {
                    let verdict = other.as_str().to_owned();
                    outcomes.not_offered.push(Unclean { case: case.name(), verdict, reason });
                }
            }
            outcome
        });
        outcomes.measured.push(Measured {
            case: case.name.to_string(),
            item: case.item.clone(),
            covers: case.covers.clone(),
            outcome,
        });
    }
    outcomes
}

impl Outcomes {
    /// The cases with this verdict.
    pub(crate) fn of(&self, verdict: Verdict) -> impl Iterator<Item = Unclean> {
        self.seen.iter().filter(move |seen| seen.verdict == verdict).map(Seen::told)
    }

    /// The cases with another verdict than this.
    pub(crate) fn not(&self, verdict: Verdict) -> impl Iterator<Item = Unclean> {
        self.seen.iter().filter(move |seen| seen.verdict != verdict).map(Seen::told)
    }

    /// The mandatory items that the DUT did not pass, with their verdict and the reasons. Cases that came to no verdict
    /// count for nothing where they are `allowed` to.
    pub(crate) fn mandatory_missed(&self, dut: &Dut, allowed: impl Fn(&str) -> bool) -> Vec<String> {
        let tables = Tables::builtin();
        let open = |case: &&Measured| case.outcome.verdict() == Some(Verdict::Inconclusive) && allowed(&case.case);
        let measured: Vec<Measured> = self.measured.iter().filter(|case| !open(case)).cloned().collect();
        let verdicts = item_verdicts(tables, &dut.ics, &measured);
        let mandatory = verdicts.iter().filter(|found| {
            found.claimed == Some(true) && tables.item(found.item.as_str()).is_some_and(|item| item.is_mandatory())
        });
        let missed = mandatory.filter(|found| found.outcome.verdict() != Some(Verdict::Pass));
        missed.map(|found| format!("{} is {}: {}", found.item, found.outcome, found.reasons.join("; "))).collect()
    }
}

impl Seen {
    fn told(&self) -> Unclean {
        Unclean { case: self.case.clone(), verdict: self.verdict.as_str().into(), reason: self.reason.clone() }
    }
}
