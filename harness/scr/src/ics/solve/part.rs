//! Constraints that are searched together.

use std::cmp::Reverse;
use std::mem;

use crate::Ternary;

use super::formula::{Answers, Constraint, get};
use super::hitting::first_hitting_set;
use super::search::Search;

/// Constraints over variables that are numbered from 0 here.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The number of each variable in the system, rising.
    pub(super) variables: Vec<usize>,
    pub(super) constraints: Vec<Constraint>,
    /// The constraints that a variable occurs in.
    by_variable: Vec<Vec<usize>>,
}

impl Part {
    pub(super) fn new(variables: Vec<usize>, constraints: Vec<Constraint>) -> Self {
        let mut by_variable = vec![Vec::new(); variables.len()];
        for (index, constraint) in constraints.iter().enumerate() {
            for variable in constraint.variables() {
                if let Some(slot) = by_variable.get_mut(variable) {
                    slot.push(index);
                }
            }
        }
        Self { variables, constraints, by_variable }
    }

    /// The constraints that a variable occurs in.
    pub(super) fn speaking_of(&self, variable: usize) -> &[usize] {
        self.by_variable.get(variable).map_or(&[], Vec::as_slice)
    }

    /// The answers that the constraints force without any; none if they contradict each other.
    pub(super) fn forced(&self) -> Option<Answers> {
        let mut search = Search::new(self, None);
        search.assume([]).then(|| search.values())
    }

    /// The answers of the system that are about this part.
    pub(super) fn local(&self, answers: &Answers) -> Answers {
        self.variables.iter().map(|&variable| get(answers, variable)).collect()
    }

    /// What the constraints say where some answers are fixed, in parts that share no variable, in the order of
    /// their first variables.
    pub(super) fn split(&self, fixed: &Answers) -> Vec<Self> {
        let mut numbers = vec![0; self.variables.len()];
        let mut reach = Reach::new(self, fixed);
        let found = (0..self.variables.len()).map(|start| reach.from(start));
        let said = found.filter(|(_, constraints)| !constraints.is_empty());
        said.map(|(variables, constraints)| self.only(variables, &constraints, fixed, &mut numbers)).collect()
    }

    /// Some of the variables, those of some constraints that are not met where some answers are fixed. `numbers` has
    /// room for each variable.
    pub(super) fn only(
        &self,
        mut variables: Vec<usize>,
        constraints: &[usize],
        fixed: &Answers,
        numbers: &mut [usize],
    ) -> Self {
        variables.sort_unstable();
        for (local, &variable) in variables.iter().enumerate() {
            if let Some(slot) = numbers.get_mut(variable) {
                *slot = local;
            }
        }
        let constraints = constraints.iter().filter_map(|&index| self.constraints.get(index));
        Self::new(variables, constraints.map(|constraint| constraint.under(fixed, numbers)).collect())
    }

    /// Whether some completion of the answers meets every constraint.
    pub(super) fn consistent(&self, answers: &Answers) -> bool {
        self.goes_together(answers, None)
    }

    /// Whether some completion of the answers meets the constraints that count.
    fn goes_together(&self, answers: &Answers, counted: Option<&[bool]>) -> bool {
        let mut search = Search::new(self, counted);
        let order: Vec<usize> = (0..self.variables.len()).collect();
        let given = answers.iter().enumerate().filter_map(|(variable, answer)| Some((variable, (*answer)?)));
        search.assume(given) && search.complete(&order, answers)
    }

    /// The consistent full statement that changes the fewest answers; of several, the first in their order.
    pub(super) fn nearest(&self, answers: &Answers) -> Option<Answers> {
        (0..=self.variables.len()).find_map(|budget| {
            let mut search = Search::new(self, None);
            (search.assume([]) && search.within(budget, 0, answers)).then(|| search.values())
        })
    }

    /// Whether each value of a variable goes with the other answers: `(no, yes)`.
    pub(super) fn possible(&self, mut answers: Answers, variable: usize) -> (bool, bool) {
        let mut with = |value| {
            if let Some(slot) = answers.get_mut(variable) {
                *slot = Some(value);
            }
            self.consistent(&answers)
        };
        (with(false), with(true))
    }

    /// The constraints, by index, without any of which the answers would go together; the last are left out first.
    pub(super) fn ties(&self, answers: &Answers) -> Vec<usize> {
        let contradict = |first: usize, kept: &[usize]| {
            let counted: Vec<bool> =
                (0..self.constraints.len()).map(|index| index < first || kept.contains(&index)).collect();
            !self.goes_together(answers, Some(&counted))
        };
        let mut kept = Vec::new();
        let mut bound = self.constraints.len();
        // The last that stays ends the shortest beginning that contradicts the answers, with those that stay behind it.
        while bound > 0 && !contradict(0, &kept) {
            let (mut low, mut high) = (1, bound);
            while low < high {
                let middle = usize::midpoint(low, high);
                if contradict(middle, &kept) {
                    high = middle;
                } else {
                    low = middle.saturating_add(1);
                }
            }
            bound = low.saturating_sub(1);
            kept.push(bound);
        }
        kept.reverse();
        kept
    }

    /// Conflicts that share no answer, by variable of the system, each a smallest one among what the earlier leave.
    ///
    /// Every conflict shares an answer with every correction (a set of answers whose change makes the rest
    /// consistent), so a smallest set hitting all corrections found so far is a lower bound, and a conflict as soon
    /// as it is inconsistent itself. What is a correction stays one for fewer answers.
    pub(super) fn conflicts(&self, mut answers: Answers) -> Vec<Vec<usize>> {
        let mut corrections: Vec<Vec<usize>> = Vec::new();
        let mut conflicts = Vec::new();
        let mut size = 0;
        while corrections.iter().all(|correction| !correction.is_empty()) {
            let Some(candidate) = first_hitting_set(&corrections, size, self.variables.len()) else {
                break;
            };
            size = candidate.len();
            if let Some(correction) = self.correction(&answers, &candidate, &corrections) {
                corrections.push(correction);
                continue;
            }
            for correction in &mut corrections {
                correction.retain(|variable| !candidate.contains(variable));
            }
            for &variable in &candidate {
                if let Some(slot) = answers.get_mut(variable) {
                    *slot = None;
                }
            }
            conflicts.push(candidate.iter().filter_map(|&variable| self.variables.get(variable).copied()).collect());
            if candidate.is_empty() {
                break;
            }
        }
        conflicts
    }

    /// A smallest-by-inclusion set of answers outside which all answers go together, those kept among them; none
    /// if the kept ones are a conflict. It has as little as possible in common with those that are known, for the
    /// less corrections share, the more they tell.
    fn correction(&self, answers: &Answers, kept: &[usize], known: &[Vec<usize>]) -> Option<Vec<usize>> {
        let mut times = vec![0_usize; self.variables.len()];
        for &variable in known.iter().flatten() {
            if let Some(slot) = times.get_mut(variable) {
                *slot = slot.saturating_add(1);
            }
        }
        // Those without an answer come last, for they bind nobody.
        let mut order: Vec<usize> = (0..self.variables.len()).collect();
        order.sort_by_key(|&v| (get(answers, v).is_none(), Reverse(times.get(v).copied())));
        let mut search = Search::new(self, None);
        let given = kept.iter().filter_map(|&variable| Some((variable, get(answers, variable)?)));
        if !(search.assume(given) && search.complete(&order, answers)) {
            return None;
        }
        let model = search.values();
        let pairs = answers.iter().zip(&model).enumerate();
        Some(pairs.filter(|(_, (answer, value))| answer.is_some() && answer != value).map(|(v, _)| v).collect())
    }
}

/// What hangs together in a part where some answers are fixed.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    part: &'a Part,
    fixed: &'a Answers,
    variables: Vec<bool>,
    constraints: Vec<bool>,
}

impl<'a> Reach<'a> {
    pub(super) fn new(part: &'a Part, fixed: &'a Answers) -> Self {
        let variables = fixed.iter().map(Option::is_some).collect();
        Self { part, fixed, variables, constraints: vec![false; part.constraints.len()] }
    }

    /// The variables, and the constraints that are not met yet, that are reached from a variable and were not
    /// reached before; the constraints rise.
    pub(super) fn from(&mut self, start: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut variables, mut constraints) = (Vec::new(), Vec::new());
        let mut waiting = vec![start];
        while let Some(variable) = waiting.pop() {
            if self.variables.get_mut(variable).is_none_or(|seen| mem::replace(seen, true)) {
                continue;
            }
            variables.push(variable);
            for &index in self.part.speaking_of(variable) {
                let new = self.constraints.get_mut(index).is_some_and(|seen| !mem::replace(seen, true));
                if let Some(constraint) = self.part.constraints.get(index).filter(|_| new)
                    && constraint.eval(self.fixed) != Ternary::True
                {
                    constraints.push(index);
                    waiting.extend(constraint.variables());
                }
            }
        }
        constraints.sort_unstable();
        (variables, constraints)
    }
}
