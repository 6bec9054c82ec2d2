//! Which cases run against a DUT, and for each that does not, why.

mod applicable;
mod case_name;
mod condition;
mod selection;

use dmsc_bench::operator::DutFileOperator;
use dmsc_language::case::Case;
use dmsc_language::dut::Dut;
use dmsc_scr::{NotRun, Outcome, Tables};

pub use case_name::CaseName;
pub use condition::{Condition, ConditionError};
pub use selection::Selection;

/// Whether a case runs against a DUT: `None` when it does, else the outcome it has without running.
///
/// `index` is the place of the case among those of the DUT's role; shards are dealt by it.
pub fn decide(
    case: &Case,
    dut: &Dut,
    selection: &Selection,
    index: usize,
    person: bool,
    tables: &Tables,
) -> Option<Outcome> {
    match selection.leaves_out(case, dut, index) {
        Some(by) => Some(Outcome::NotRun(NotRun::NotSelected(by))),
        None => without_running(case, dut, person, tables),
    }
}

/// The outcome that a case has without running, were it chosen.
pub(crate) fn without_running(case: &Case, dut: &Dut, person: bool, tables: &Tables) -> Option<Outcome> {
    if let Some(reason) = applicable::not_applicable(case, dut, tables) {
        return Some(Outcome::NotApplicable(reason));
    }
    let missing = case.acts().into_iter().find(|act| !person && !DutFileOperator::can(dut, act))?;
    Some(Outcome::NotRun(NotRun::NoOperator { act: missing.to_owned() }))
}
