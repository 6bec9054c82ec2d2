//! A depth-first search with propagation: every step fixes what the constraints leave no choice about.

use crate::Ternary;

use super::formula::{Answers, Board, get};
use super::part::Part;

/// A search for a full statement that meets the constraints.
#[derive(Debug)]
pub(super) struct Search<'a> {
    part: &'a Part,
    /// Which of the constraints count; all if none.
    counted: Option<&'a [bool]>,
    board: Board,
}

impl<'a> Search<'a> {
    pub(super) fn new(part: &'a Part, counted: Option<&'a [bool]>) -> Self {
        let board = Board { values: vec![None; part.variables.len()], trail: Vec::new() };
        Self { part, counted, board }
    }

    pub(super) fn values(self) -> Answers {
        self.board.values
    }

    /// Takes some answers as given, the first to be; false if the constraints cannot be met with them, as far as
    /// that shows without a choice.
    pub(super) fn assume(&mut self, given: impl IntoIterator<Item = (usize, bool)>) -> bool {
        given.into_iter().all(|(variable, value)| self.board.set(variable, value))
            && (0..self.part.constraints.len()).all(|constraint| self.enforce(constraint))
            && self.propagate(0)
    }

    /// The full statement that takes the preferred answers of the variables in that order as long as it can; no,
    /// where none is preferred. False if there is none.
    pub(super) fn complete(&mut self, order: &[usize], preferred: &Answers) -> bool {
        let Some(at) = order.iter().position(|&v| get(&self.board.values, v).is_none()) else {
            return true;
        };
        let (next, rest) = (order.get(at).copied().unwrap_or_default(), order.get(at..).unwrap_or_default());
        let first = get(preferred, next).unwrap_or(false);
        [first, !first].into_iter().any(|value| self.attempt(next, value, |search| search.complete(rest, preferred)))
    }

    /// As [`Search::complete`], in the order of the variables, with at most `budget` answers other than preferred.
    ///
    /// A lower bound (constraints that the answers violate and that share no variable need one change each) cuts
    /// branches.
    pub(super) fn within(&mut self, budget: usize, from: usize, preferred: &Answers) -> bool {
        let values = &self.board.values;
        let pairs = values.iter().zip(preferred);
        let changes = pairs.filter(|(value, wanted)| matches!((value, wanted), (Some(v), Some(w)) if v != w)).count();
        if changes.saturating_add(self.further_changes(preferred)) > budget {
            return false;
        }
        let Some(next) = (from..values.len()).find(|&v| get(values, v).is_none()) else {
            return true;
        };
        let first = get(preferred, next).unwrap_or(false);
        [first, !first]
            .into_iter()
            .any(|value| self.attempt(next, value, |search| search.within(budget, next.saturating_add(1), preferred)))
    }

    /// Sets a variable and goes on; sets nothing where that fails.
    fn attempt(&mut self, variable: usize, value: bool, go_on: impl FnOnce(&mut Self) -> bool) -> bool {
        let mark = self.board.trail.len();
        let found = self.board.set(variable, value) && self.propagate(mark) && go_on(self);
        if !found {
            self.board.undo(mark);
        }
        found
    }

    /// Fixes what follows from what was set since; false if the constraints cannot be met.
    fn propagate(&mut self, mut since: usize) -> bool {
        while let Some(&variable) = self.board.trail.get(since) {
            let part = self.part;
            if !part.speaking_of(variable).iter().all(|&constraint| self.enforce(constraint)) {
                return false;
            }
            since = since.saturating_add(1);
        }
        true
    }

    fn enforce(&mut self, constraint: usize) -> bool {
        if self.counted.is_some_and(|counted| counted.get(constraint) != Some(&true)) {
            return true;
        }
        self.part.constraints.get(constraint).is_none_or(|constraint| constraint.enforce(&mut self.board))
    }

    /// A lower bound of the changes still needed: constraints that are false if the open variables keep their
    /// answers, no two sharing an open variable.
    fn further_changes(&self, preferred: &Answers) -> usize {
        let values = &self.board.values;
        let kept: Answers = values.iter().zip(preferred).map(|(value, wanted)| value.or(*wanted)).collect();
        let mut used = vec![false; values.len()];
        let violated = self.part.constraints.iter().filter(|constraint| constraint.eval(&kept) == Ternary::False);
        let mut count: usize = 0;
        for constraint in violated {
            let open: Vec<usize> = constraint.variables().into_iter().filter(|&v| get(values, v).is_none()).collect();
            if open.iter().all(|&v| used.get(v) == Some(&false)) {
                count = count.saturating_add(1);
                for v in open {
                    if let Some(slot) = used.get_mut(v) {
                        *slot = true;
                    }
                }
            }
        }
        count
    }
}
