//! Which cases a run has, and which of them run.

use dmsc_language::case::Case;
use dmsc_language::dut::Dut;
use dmsc_scr::{Outcome, Tables};

use super::RunConfig;
use crate::select;

/// A case and a DUT, and the outcome it has without running, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Planned<'a> {
    /// The DUT.
    pub dut: &'a Dut,
    /// The case.
    pub case: &'a Case,
    /// What it is without running.
    pub skip: Option<Outcome>,
}

/// Every case of each DUT's role, with the decision whether it runs.
pub(crate) fn plan<'a>(config: &RunConfig<'a>, tables: &Tables) -> Vec<Planned<'a>> {
    let mut plan = Vec::new();
    for dut in config.duts {
        let ours = config.cases.iter().filter(|case| case.role == dut.role() && concerns(case, dut));
        for (index, case) in ours.enumerate() {
            let skip = select::decide(case, dut, &config.selection, index, config.person_at(dut), tables);
            plan.push(Planned { dut, case, skip });
        }
    }
    plan
}

/// Whether the item of a case is one the DUT is asked for at all.
fn concerns(case: &Case, dut: &Dut) -> bool {
    !case.item.is_dm_sc() || dut.kind.classes().contains(&case.item.class())
}
