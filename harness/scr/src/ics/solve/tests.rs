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
        Constraint::Holds(formula) => holds(formula, row),
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

fn system() -> impl Strategy<Value = (System, Vec<Constraint>)> {
    let constraint = prop_oneof![
        1 => (0..VARIABLES).prop_map(|v| Constraint::Holds(Formula::Var(v))),
        5 => (0..VARIABLES, formula()).prop_map(|(v, formula)| Constraint::Requires(v, formula)),
    ];
    prop::collection::vec(constraint, 0..6)
        .prop_map(|constraints| (System::new(VARIABLES, constraints.clone()), constraints))
}

fn answers() -> impl Strategy<Value = Answers> {
    let answer = prop_oneof![3 => any::<bool>().prop_map(Some), 1 => Just(None)];
    prop::collection::vec(answer, VARIABLES)
}

/// How far a statement is from the answers: the number of changes, then where they are.
fn deviation(row: &[bool], answers: &[Option<bool>]) -> (usize, Vec<bool>) {
    let changes: Vec<bool> = row.iter().zip(answers).map(|(value, answer)| *value != answer.unwrap_or(false)).collect();
    let cost = changes.iter().zip(answers).filter(|(changed, answer)| **changed && answer.is_some()).count();
    (cost, changes)
}

proptest! {
    #[test]
    fn the_nearest_statement_is_that_of_brute_force((system, constraints) in system(), answers in answers()) {
        let expected = models(&constraints).into_iter().min_by_key(|row| deviation(row, &answers));
        prop_assert_eq!(system.nearest(&answers), expected);
    }

    #[test]
    fn conflicts_are_those_of_brute_force((system, constraints) in system(), answers in answers()) {
        prop_assert_eq!(system.conflicts(&answers), conflicts(&models(&constraints), &answers));
    }

    #[test]
    fn the_ties_of_a_conflict_are_enough_and_none_is_idle((system, constraints) in system(), answers in answers()) {
        for conflict in system.conflicts(&answers) {
            let tied = |ties: &[usize]| {
                let constraints: Vec<Constraint> = ties.iter().map(|&i| constraints[i].clone()).collect();
                !models(&constraints).iter().any(|row| contains(row, &only(&answers, &conflict)))
            };
            // One by one, the last first, what can be left out is.
            let mut expected: Vec<usize> = (0..constraints.len()).collect();
            for index in (0..constraints.len()).rev() {
                let fewer: Vec<usize> = expected.iter().copied().filter(|&other| other != index).collect();
                if tied(&fewer) {
                    expected = fewer;
                }
            }
            prop_assert_eq!(system.ties(&answers, &conflict), expected);
        }
    }

    #[test]
    fn possible_values_are_those_of_brute_force((system, constraints) in system(), answers in answers()) {
        let models = models(&constraints);
        let possible = system.possible(&answers);
        for (variable, possible) in possible.into_iter().enumerate() {
            let with = |value| {
                let mut changed = answers.clone();
                changed[variable] = Some(value);
                models.iter().any(|row| contains(row, &changed))
            };
            prop_assert_eq!(possible, (with(false), with(true)));
        }
    }
}

/// The answers of some variables, the others open.
fn only(answers: &Answers, variables: &[usize]) -> Answers {
    answers.iter().enumerate().map(|(v, answer)| answer.filter(|_| variables.contains(&v))).collect()
}

/// The smallest set of answers that no model contains, the first of several; then that of what it leaves.
fn conflicts(models: &[Vec<bool>], answers: &Answers) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..VARIABLES).filter(|&v| answers[v].is_some()).collect();
    let mut found = Vec::new();
    loop {
        let subsets = (0..1_usize << left.len()).map(|bits| -> Vec<usize> {
            left.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, &v)| v).collect()
        });
        let conflict = |set: &Vec<usize>| !models.iter().any(|row| contains(row, &only(answers, set)));
        let Some(smallest) = subsets.filter(conflict).min_by_key(|set| (set.len(), set.clone())) else {
            return found;
        };
        left.retain(|v| !smallest.contains(v));
        found.push(smallest);
        if found.last().is_some_and(Vec::is_empty) {
            return found;
        }
    }
}

fn requires(from: usize, formula: Formula) -> Constraint {
    Constraint::Requires(from, formula)
}

#[test]
fn a_chain_of_forty_is_no_effort() {
    let constraints = (0..39).map(|v| requires(v, Formula::Var(v + 1))).collect();
    let system = System::new(40, constraints);
    let answers: Answers = (0..40).map(|v| Some(v % 2 == 0)).collect();
    assert_eq!(system.conflicts(&answers)[0].len(), 2);
    let nearest = system.nearest(&answers).unwrap();
    assert_eq!(nearest, vec![true; 40]);
}

#[test]
fn twenty_claims_without_what_they_require_are_no_effort() {
    let parts = |v: usize| Formula::Or(vec![Formula::Var(20 + v), Formula::Var(20 + (v + 1) % 20)]);
    let constraints = (0..20).map(|v| requires(v, parts(v))).collect();
    let system = System::new(40, constraints);
    let answers: Answers = (0..40).map(|v| Some(v < 20)).collect();
    assert_eq!(system.conflicts(&answers)[0].len(), 3);
    let nearest = system.nearest(&answers).unwrap();
    assert_eq!(deviation_count(&nearest, &answers), 10);
}

fn deviation_count(row: &[bool], answers: &[Option<bool>]) -> usize {
    row.iter().zip(answers).filter(|(value, answer)| Some(**value) != **answer).count()
}

#[test]
fn a_wide_alternative_conflicts_as_a_whole() {
    let constraints = vec![requires(0, Formula::Or((1..30).map(Formula::Var).collect()))];
    let system = System::new(30, constraints);
    let answers: Answers = (0..30).map(|v| Some(v == 0)).collect();
    assert_eq!(system.conflicts(&answers)[0].len(), 30);
}

/// Claims without what they require, in threes; `root` is a claim that each requires too, so that all hang together.
fn threes(count: usize, root: bool) -> (System, Answers) {
    let variables = 3 * count + 1;
    let parts = |v: usize| Formula::Or(vec![Formula::Var(v + count), Formula::Var(v + 2 * count)]);
    let and_root = |formula| if root { Formula::And(vec![Formula::Var(3 * count), formula]) } else { formula };
    let constraints = (0..count).map(|v| requires(v, and_root(parts(v)))).collect();
    (System::new(variables, constraints), (0..variables).map(|v| Some(v < count || v == 3 * count)).collect())
}

#[test]
fn two_hundred_conflicts_are_no_effort() {
    for root in [false, true] {
        let (system, answers) = threes(200, root);
        let expected: Vec<Vec<usize>> = (0..200).map(|v| vec![v, v + 200, v + 400]).collect();
        assert_eq!(system.conflicts(&answers), expected);
        assert_eq!(
            expected.iter().map(|conflict| system.ties(&answers, conflict)).collect::<Vec<_>>(),
            (0..200).map(|v| vec![v]).collect::<Vec<_>>()
        );
        assert_eq!(deviation_count(&system.nearest(&answers).unwrap(), &answers), 200);
    }
}
