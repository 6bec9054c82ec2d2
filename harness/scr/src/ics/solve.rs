//! Consistency of yes/no answers under the constraints of the tables.
//!
//! A depth-first search with propagation: every step fixes what the constraints leave no choice about, and a
//! lower bound (constraints that the answers violate and that share no variable need one change each) cuts
//! branches. The order of the search is the order of the variables, so results are deterministic.

use crate::Ternary;

/// A requirement expression over numbered variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Formula {
    Var(usize),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

/// What ties answers together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Constraint {
    /// The variable is yes.
    Mandatory(usize),
    /// If the variable is yes, the formula holds.
    Requires(usize, Formula),
}

/// Answers by variable; none where there is no answer.
pub(crate) type Answers = Vec<Option<bool>>;

/// Variables and the constraints over them.
#[derive(Debug, Clone)]
pub(crate) struct System {
    pub(crate) variables: usize,
    pub(crate) constraints: Vec<Constraint>,
}

impl System {
    /// Whether some completion of the answers meets every constraint.
    pub(crate) fn consistent(&self, answers: &Answers) -> bool {
        self.complete(answers, answers).is_some()
    }

    /// The consistent full statement that changes the fewest answers. Among several, the one that keeps the
    /// answers of earlier variables, and adds a claim only where it has to. None if the constraints
    /// contradict each other without any answer.
    pub(crate) fn nearest(&self, answers: &Answers) -> Option<Vec<bool>> {
        (0..=self.variables).find_map(|budget| self.search(&vec![None; self.variables], answers, 0, budget))
    }

    /// A smallest set of answers, by variable, that no statement meeting the constraints contains; none if the
    /// answers are consistent. Empty if the constraints contradict each other without any answer.
    ///
    /// Every conflict shares an answer with every correction (a set of answers whose change makes the rest
    /// consistent), so a smallest set hitting all corrections found so far is a lower bound, and a conflict as
    /// soon as it is inconsistent itself.
    pub(crate) fn smallest_conflict(&self, answers: &Answers) -> Option<Vec<usize>> {
        if self.consistent(answers) {
            return None;
        }
        let mut corrections: Vec<Vec<usize>> = Vec::new();
        loop {
            let candidate = smallest_hitting_set(&corrections, self.variables);
            match self.complete(&only(answers, &candidate), answers) {
                None => return Some(candidate),
                Some(model) => corrections.push(self.correction(answers, &model)),
            }
        }
    }

    /// The constraints, by index, that make a set of answers a conflict; none of them can be left out. Later
    /// ones go first, so that what stands early in the tables explains what follows.
    pub(crate) fn ties(&self, answers: &Answers, conflict: &[usize]) -> Vec<usize> {
        let answers = only(answers, conflict);
        let mut kept: Vec<usize> = (0..self.constraints.len()).collect();
        for index in (0..self.constraints.len()).rev() {
            let fewer: Vec<usize> = kept.iter().copied().filter(|&other| other != index).collect();
            let constraints = fewer.iter().filter_map(|&i| self.constraints.get(i).cloned()).collect();
            if !(Self { variables: self.variables, constraints }).consistent(&answers) {
                kept = fewer;
            }
        }
        kept
    }

    /// Whether each value of a variable goes with the other answers: `(no, yes)`.
    pub(crate) fn possible(&self, answers: &Answers, variable: usize) -> (bool, bool) {
        let with = |value| {
            let mut changed = answers.clone();
            if let Some(slot) = changed.get_mut(variable) {
                *slot = Some(value);
            }
            self.consistent(&changed)
        };
        (with(false), with(true))
    }

    /// A full statement that contains `fixed`, preferring the answers for the rest.
    fn complete(&self, fixed: &Answers, answers: &Answers) -> Option<Vec<bool>> {
        self.search(fixed, answers, 0, self.variables)
    }

    /// A smallest-by-inclusion set of answers outside which all answers go together, given a model that
    /// contains some of them.
    fn correction(&self, answers: &Answers, model: &[bool]) -> Vec<usize> {
        let agreeing = |model: &[bool]| -> Answers {
            answers.iter().zip(model).map(|(answer, value)| answer.filter(|answer| answer == value)).collect()
        };
        let mut kept = agreeing(model);
        let mut correction = Vec::new();
        for (variable, answer) in answers.iter().enumerate() {
            if answer.is_none() || kept.get(variable) == Some(answer) {
                continue;
            }
            let mut more = kept.clone();
            if let Some(slot) = more.get_mut(variable) {
                *slot = *answer;
            }
            match self.complete(&more, answers) {
                Some(model) => kept = agreeing(&model),
                None => correction.push(variable),
            }
        }
        correction
    }

    /// The first full statement, in order of deviation from the preferred answers, that contains `fixed` and
    /// deviates from at most `budget` of them. Without a preference, no comes first and costs nothing.
    fn search(&self, fixed: &Answers, preferred: &Answers, from: usize, budget: usize) -> Option<Vec<bool>> {
        let mut values = fixed.clone();
        if !self.propagate(&mut values) {
            return None;
        }
        let changed = values.iter().zip(preferred);
        let cost = changed.filter(|(value, wanted)| matches!((value, wanted), (Some(v), Some(w)) if v != w)).count();
        if cost.saturating_add(self.further_changes(&values, preferred)) > budget {
            return None;
        }
        let Some(next) = (from..self.variables).find(|&v| values.get(v).copied().flatten().is_none()) else {
            return values.into_iter().collect();
        };
        let first = preferred.get(next).copied().flatten().unwrap_or(false);
        [first, !first].into_iter().find_map(|value| {
            if let Some(slot) = values.get_mut(next) {
                *slot = Some(value);
            }
            self.search(&values, preferred, next, budget)
        })
    }

    /// A lower bound of the changes still needed: constraints that are false if the open variables keep their
    /// answers, no two sharing an open variable.
    fn further_changes(&self, values: &Answers, preferred: &Answers) -> usize {
        let kept: Answers = values.iter().zip(preferred).map(|(value, wanted)| value.or(*wanted)).collect();
        let mut used = vec![false; self.variables];
        let mut count = 0;
        for constraint in &self.constraints {
            if constraint.eval(&kept) != Ternary::False {
                continue;
            }
            let open: Vec<usize> = constraint.variables().into_iter().filter(|&v| get(values, v).is_none()).collect();
            if open.iter().all(|&v| used.get(v) == Some(&false)) {
                count += 1;
                for v in open {
                    if let Some(slot) = used.get_mut(v) {
                        *slot = true;
                    }
                }
            }
        }
        count
    }

    /// Fixes what the constraints leave no choice about; false if they cannot be met.
    fn propagate(&self, values: &mut Answers) -> bool {
        loop {
            let before = open(values);
            for constraint in &self.constraints {
                let possible = match constraint {
                    Constraint::Mandatory(v) => Formula::Var(*v).require(true, values),
                    Constraint::Requires(v, formula) => match (get(values, *v), formula.eval(values)) {
                        (Some(true), _) => formula.require(true, values),
                        (None, Ternary::False) => Formula::Var(*v).require(false, values),
                        _ => true,
                    },
                };
                if !possible {
                    return false;
                }
            }
            if open(values) == before {
                return true;
            }
        }
    }
}

impl Constraint {
    pub(crate) fn eval(&self, values: &Answers) -> Ternary {
        match self {
            Self::Mandatory(v) => get(values, *v).into(),
            Self::Requires(v, formula) => (!Ternary::from(get(values, *v))).or(formula.eval(values)),
        }
    }

    fn variables(&self) -> Vec<usize> {
        match self {
            Self::Mandatory(v) => vec![*v],
            Self::Requires(v, formula) => {
                let mut variables = vec![*v];
                formula.collect(&mut variables);
                variables
            }
        }
    }
}

impl Formula {
    fn eval(&self, values: &Answers) -> Ternary {
        match self {
            Self::Var(v) => get(values, *v).into(),
            Self::And(parts) => parts.iter().fold(Ternary::True, |all, part| all.and(part.eval(values))),
            Self::Or(parts) => parts.iter().fold(Ternary::False, |any, part| any.or(part.eval(values))),
            Self::Not(part) => !part.eval(values),
        }
    }

    /// Fixes what the formula having that value leaves no choice about; false if it cannot have it.
    fn require(&self, value: bool, values: &mut Answers) -> bool {
        match (self, value) {
            (Self::Var(v), _) => match values.get_mut(*v) {
                Some(slot) => *slot.get_or_insert(value) == value,
                None => false,
            },
            (Self::Not(part), _) => part.require(!value, values),
            (Self::And(parts), true) | (Self::Or(parts), false) => parts.iter().all(|part| part.require(value, values)),
            (Self::And(parts), false) | (Self::Or(parts), true) => {
                let undecided = |part: &&Self| part.eval(values) != Ternary::from(!value);
                let candidates: Vec<&Self> = parts.iter().filter(undecided).collect();
                match candidates.as_slice() {
                    [] => false,
                    [last] => last.require(value, values),
                    _ => true,
                }
            }
        }
    }

    fn collect(&self, variables: &mut Vec<usize>) {
        match self {
            Self::Var(v) => variables.push(*v),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.collect(variables)),
            Self::Not(part) => part.collect(variables),
        }
    }
}

fn get(values: &Answers, variable: usize) -> Option<bool> {
    values.get(variable).copied().flatten()
}

fn open(values: &Answers) -> usize {
    values.iter().filter(|value| value.is_none()).count()
}

/// The answers of some variables, the others open.
fn only(answers: &Answers, variables: &[usize]) -> Answers {
    answers.iter().enumerate().map(|(v, answer)| answer.filter(|_| variables.contains(&v))).collect()
}

/// A smallest set, sorted, that shares an element with each of the sets. None of them is empty.
fn smallest_hitting_set(sets: &[Vec<usize>], limit: usize) -> Vec<usize> {
    fn hit(sets: &[Vec<usize>], chosen: &mut Vec<usize>, budget: usize) -> bool {
        let Some(missed) = sets.iter().find(|set| !set.iter().any(|element| chosen.contains(element))) else {
            return true;
        };
        budget > 0
            && missed.iter().any(|&element| {
                chosen.push(element);
                let found = hit(sets, chosen, budget - 1);
                if !found {
                    chosen.pop();
                }
                found
            })
    }
    let mut chosen = Vec::new();
    let _ = (0..=limit).any(|budget| hit(sets, &mut chosen, budget));
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VARIABLES: usize = 6;

    fn statements() -> impl Iterator<Item = Vec<bool>> {
        (0..1_usize << VARIABLES).map(|bits| (0..VARIABLES).map(|v| bits >> v & 1 == 1).collect())
    }

    fn holds(formula: &Formula, row: &[bool]) -> bool {
        match formula {
            Formula::Var(v) => row[*v],
            Formula::And(parts) => parts.iter().all(|part| holds(part, row)),
            Formula::Or(parts) => parts.iter().any(|part| holds(part, row)),
            Formula::Not(part) => !holds(part, row),
        }
    }

    /// The statements that meet every constraint.
    fn models(constraints: &[Constraint]) -> Vec<Vec<bool>> {
        let met = |row: &[bool], constraint: &Constraint| match constraint {
            Constraint::Mandatory(v) => row[*v],
            Constraint::Requires(v, formula) => !row[*v] || holds(formula, row),
        };
        statements().filter(|row| constraints.iter().all(|constraint| met(row, constraint))).collect()
    }

    fn contains(row: &[bool], answers: &[Option<bool>]) -> bool {
        row.iter().zip(answers).all(|(value, answer)| answer.is_none_or(|answer| answer == *value))
    }

    fn formula() -> impl Strategy<Value = Formula> {
        (0..VARIABLES).prop_map(Formula::Var).prop_recursive(2, 8, 3, |inner| {
            let parts = prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                3 => parts.clone().prop_map(Formula::And),
                3 => parts.prop_map(Formula::Or),
                1 => inner.prop_map(|part| Formula::Not(Box::new(part))),
            ]
        })
    }

    fn system() -> impl Strategy<Value = System> {
        let constraint = prop_oneof![
            1 => (0..VARIABLES).prop_map(Constraint::Mandatory),
            5 => (0..VARIABLES, formula()).prop_map(|(v, formula)| Constraint::Requires(v, formula)),
        ];
        prop::collection::vec(constraint, 0..6).prop_map(|constraints| System { variables: VARIABLES, constraints })
    }

    fn answers() -> impl Strategy<Value = Answers> {
        let answer = prop_oneof![3 => any::<bool>().prop_map(Some), 1 => Just(None)];
        prop::collection::vec(answer, VARIABLES)
    }

    /// How far a statement is from the answers: the number of changes, then where they are.
    fn deviation(row: &[bool], answers: &[Option<bool>]) -> (usize, Vec<bool>) {
        let changes: Vec<bool> =
            row.iter().zip(answers).map(|(value, answer)| *value != answer.unwrap_or(false)).collect();
        let cost = changes.iter().zip(answers).filter(|(changed, answer)| **changed && answer.is_some()).count();
        (cost, changes)
    }

    proptest! {
        #[test]
        fn consistency_is_that_of_brute_force(system in system(), answers in answers()) {
            let expected = models(&system.constraints).iter().any(|row| contains(row, &answers));
            prop_assert_eq!(system.consistent(&answers), expected);
        }

        #[test]
        fn the_nearest_statement_is_that_of_brute_force(system in system(), answers in answers()) {
            let expected = models(&system.constraints).into_iter().min_by_key(|row| deviation(row, &answers));
            prop_assert_eq!(system.nearest(&answers), expected);
        }

        #[test]
        fn the_smallest_conflict_is_as_small_as_that_of_brute_force(system in system(), answers in answers()) {
            let models = models(&system.constraints);
            let subset = |bits: &[bool]| -> Answers {
                answers.iter().zip(bits).map(|(answer, taken)| answer.filter(|_| *taken)).collect()
            };
            let conflict = |answers: &Answers| !models.iter().any(|row| contains(row, answers));
            let smallest = statements()
                .map(|bits| subset(&bits))
                .filter(conflict)
                .map(|answers| VARIABLES - open(&answers))
                .min();
            let found = system.smallest_conflict(&answers);
            prop_assert_eq!(found.as_ref().map(Vec::len), smallest);
            if let Some(found) = found {
                prop_assert!(conflict(&only(&answers, &found)), "{found:?} is no conflict");
            }
        }

        #[test]
        fn the_ties_of_a_conflict_are_enough_and_none_is_idle(system in system(), answers in answers()) {
            let Some(conflict) = system.smallest_conflict(&answers) else { return Ok(()) };
            let ties = system.ties(&answers, &conflict);
            let tied = |ties: &[usize]| {
                let constraints: Vec<Constraint> = ties.iter().map(|&i| system.constraints[i].clone()).collect();
                !models(&constraints).iter().any(|row| contains(row, &only(&answers, &conflict)))
            };
            prop_assert!(tied(&ties));
            for idle in 0..ties.len() {
                let mut fewer = ties.clone();
                fewer.remove(idle);
                prop_assert!(!tied(&fewer), "constraint {} is idle", ties[idle]);
            }
        }

        #[test]
        fn possible_values_are_those_of_brute_force(
            system in system(), answers in answers(), variable in 0..VARIABLES,
        ) {
            let models = models(&system.constraints);
            let with = |value| {
                let mut changed = answers.clone();
                changed[variable] = Some(value);
                models.iter().any(|row| contains(row, &changed))
            };
            prop_assert_eq!(system.possible(&answers, variable), (with(false), with(true)));
        }
    }

    fn requires(from: usize, formula: Formula) -> Constraint {
        Constraint::Requires(from, formula)
    }

    #[test]
    fn a_chain_of_forty_is_no_effort() {
        let constraints = (0..39).map(|v| requires(v, Formula::Var(v + 1))).collect();
        let system = System { variables: 40, constraints };
        let answers: Answers = (0..40).map(|v| Some(v % 2 == 0)).collect();
        assert_eq!(system.smallest_conflict(&answers).unwrap().len(), 2);
        let nearest = system.nearest(&answers).unwrap();
        assert_eq!(nearest, vec![true; 40]);
    }

    #[test]
    fn twenty_claims_without_what_they_require_are_no_effort() {
        let parts = |v: usize| Formula::Or(vec![Formula::Var(20 + v), Formula::Var(20 + (v + 1) % 20)]);
        let constraints = (0..20).map(|v| requires(v, parts(v))).collect();
        let system = System { variables: 40, constraints };
        let answers: Answers = (0..40).map(|v| Some(v < 20)).collect();
        assert_eq!(system.smallest_conflict(&answers).unwrap().len(), 3);
        let nearest = system.nearest(&answers).unwrap();
        assert_eq!(deviation_count(&nearest, &answers), 10);
    }

    fn deviation_count(row: &[bool], answers: &[Option<bool>]) -> usize {
        row.iter().zip(answers).filter(|(value, answer)| Some(**value) != **answer).count()
    }

    #[test]
    fn a_wide_alternative_conflicts_as_a_whole() {
        let constraints = vec![requires(0, Formula::Or((1..30).map(Formula::Var).collect()))];
        let system = System { variables: 30, constraints };
        let answers: Answers = (0..30).map(|v| Some(v == 0)).collect();
        assert_eq!(system.smallest_conflict(&answers).unwrap().len(), 30);
    }
}
