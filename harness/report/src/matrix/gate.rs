//! What a gate makes of a matrix: its cases, and the items that no case of theirs explains.

use dmsc_scr::{Gate, ItemOutcome, NotRun, Outcome, Unshown, Verdict};

use super::{CaseEntry, Cell, Column, Matrix, Row, State};
use crate::journal::{OutcomeKind, Recorded};

/// What a gate makes of a run. Exit code and JUnit are made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Gates<'m> {
    /// Of each case, in the order of the matrix.
    pub cases: Vec<Gate>,
    /// The items that keep the gate shut though none of their cases does: by what they require, or for want of a case.
    pub items: Vec<ShutItem<'m>>,
    /// Whether not one case ran. Nothing observed is never a pass, whatever was chosen.
    pub nothing_ran: bool,
}

/// An item that keeps the gate shut.
#[derive(Debug, Clone, PartialEq)]
pub struct ShutItem<'m> {
    /// The DUT.
    pub dut: &'m Column,
    /// The item.
    pub row: &'m Row,
    /// What came of it.
    pub cell: &'m Cell,
    /// How it keeps the gate shut.
    pub gate: Gate,
}

impl Gates<'_> {
    /// What nothing that ran is called.
    pub const NOTHING_RAN: &'static str = "no case ran, and nothing observed is never a pass";

    /// What the gate makes of the whole.
    pub fn whole(&self) -> Gate {
        let items = self.items.iter().map(|item| item.gate);
        let none = if self.nothing_ran { Gate::Unshown } else { Gate::Skipped };
        self.cases.iter().copied().chain(items).fold(none, Gate::max)
    }
}

impl Matrix {
    /// What a gate makes of the run. Items are judged where no case was left out: one of which a part was run cannot be
    /// judged as a whole.
    pub fn gates(&self, unshown: Unshown) -> Gates<'_> {
        let cases: Vec<Gate> = self.cases.iter().map(|case| self.gate_of(case, unshown)).collect();
        let whole = !self.cases.iter().any(is_left_out);
        let mut items = Vec::new();
        for row in self.rows.iter().filter(|_| whole) {
            for (dut, cell) in self.duts.iter().zip(&row.cells) {
                let explained = cell.cases.iter().filter_map(|&at| cases.get(at)).any(|gate| gate.is_shut());
                if cell.state.gate(unshown).is_shut() && !explained {
                    items.push(ShutItem { dut, row, cell, gate: cell.state.gate(unshown) });
                }
            }
        }
        let nothing_ran = !self.cases.iter().any(|case| case.outcome.verdict().is_some());
        Gates { cases, items, nothing_ran }
    }

    fn gate_of(&self, case: &CaseEntry, unshown: Unshown) -> Gate {
        let recorded = Recorded { kind: case.outcome, reason: Some(case.reason.clone()), code: case.code.clone() };
        let claimed = self.duts[case.dut].ics.get(&case.item) == Some(&true);
        Gate::of_case(&Outcome::from(&recorded), claimed, unshown)
    }
}

impl State {
    /// What a gate makes of an item in this state.
    fn gate(self, unshown: Unshown) -> Gate {
        // The reason of an outcome decides nothing.
        let none = String::new;
        Gate::of_item(
            &match self {
                Self::Pass => ItemOutcome::Verdict(Verdict::Pass),
                Self::Inconclusive => ItemOutcome::Verdict(Verdict::Inconclusive),
                Self::Fail => ItemOutcome::Verdict(Verdict::Fail),
                Self::Error => ItemOutcome::Verdict(Verdict::Error),
                Self::DeclaredOnly => ItemOutcome::NotRun(none()),
                Self::NotClaimed => ItemOutcome::NotClaimed(none()),
                Self::NotBinding => ItemOutcome::NotApplicable(none()),
            },
            unshown,
        )
    }
}

/// Whether the user left the case out.
fn is_left_out(case: &CaseEntry) -> bool {
    case.outcome == OutcomeKind::NotRun && case.code.as_deref() == Some(NotRun::NOT_SELECTED)
}

#[cfg(test)]
mod tests {
    use dmsc_scr::Tables;

    use super::*;
    use crate::synthetic;

    fn matrix(kinds: &[(usize, OutcomeKind)]) -> Matrix {
        let mut run = synthetic::folder();
        for (at, kind) in kinds {
            run.records[*at].outcome.kind = *kind;
        }
        Matrix::new(&run, Tables::builtin()).unwrap()
    }

    #[test]
    fn an_item_that_its_cases_do_not_explain_keeps_the_gate_shut() {
        let all_pass: Vec<_> = (0..6).map(|at| (at, OutcomeKind::Pass)).collect();
        let matrix = matrix(&all_pass);
        let gates = matrix.gates(Unshown::Error);
        assert!(gates.cases.iter().all(|gate| *gate == Gate::Passed));
        // Claimed, and no case came to a verdict.
        assert!(gates.items.iter().any(|item| item.row.item == "DM_SC-C-009-O" && item.gate == Gate::Unshown));
        assert_eq!(gates.whole(), Gate::Unshown);
        assert_eq!(matrix.gates(Unshown::Skip).whole(), Gate::Passed);
    }

    #[test]
    fn an_inconclusive_case_is_looked_past_by_choice_and_where_nothing_is_claimed() {
        let only = |kind| (0..6).map(|at| (at, kind)).collect::<Vec<_>>();
        let inconclusive = matrix(&only(OutcomeKind::Inconclusive));
        assert_eq!(inconclusive.gates(Unshown::Error).whole(), Gate::Unshown);
        // They ran, so that the choice is about them.
        assert_eq!(inconclusive.gates(Unshown::Skip).whole(), Gate::Skipped);
        let mut denied = inconclusive.clone();
        for dut in &mut denied.duts {
            dut.ics.values_mut().for_each(|claimed| *claimed = false);
        }
        assert!(denied.gates(Unshown::Error).cases.iter().all(|gate| *gate == Gate::Skipped));
    }

    #[test]
    fn nothing_that_ran_is_never_a_pass() {
        let only: Vec<_> = (0..6).map(|at| (at, OutcomeKind::NotApplicable)).collect();
        let gates = matrix(&only);
        assert!(gates.gates(Unshown::Skip).nothing_ran);
        assert_eq!(gates.gates(Unshown::Skip).whole(), Gate::Unshown);
    }

    #[test]
    fn of_a_part_the_items_are_not_judged() {
        let mut run = synthetic::folder();
        run.records[0].outcome.kind = OutcomeKind::NotRun;
        run.records[0].outcome.code = Some(NotRun::NOT_SELECTED.into());
        let matrix = Matrix::new(&run, Tables::builtin()).unwrap();
        assert!(matrix.gates(Unshown::Error).items.is_empty());
    }
}
