//! Requirement expressions over numbered variables, and what follows from them.

use crate::Ternary;

/// A requirement expression over numbered variables. `And` of nothing is true, `Or` of nothing is false.
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
    /// The formula holds.
    Holds(Formula),
    /// If the variable is yes, the formula holds.
    Requires(usize, Formula),
}

/// Answers by variable; none where there is no answer.
pub(crate) type Answers = Vec<Option<bool>>;

/// Answers as a search sets them, and which it set in which order.
#[derive(Debug, Clone)]
pub(super) struct Board {
    pub(super) values: Answers,
    pub(super) trail: Vec<usize>,
}

impl Board {
    /// Whether the variable has that value now.
    pub(super) fn set(&mut self, variable: usize, value: bool) -> bool {
        match self.values.get_mut(variable) {
            Some(Some(known)) => *known == value,
            Some(slot) => {
                *slot = Some(value);
                self.trail.push(variable);
                true
            }
            None => false,
        }
    }

    /// Takes back all but the first settings.
    pub(super) fn undo(&mut self, first: usize) {
        while self.trail.len() > first {
            if let Some(slot) = self.trail.pop().and_then(|variable| self.values.get_mut(variable)) {
                *slot = None;
            }
        }
    }
}

impl Constraint {
    pub(super) fn eval(&self, values: &Answers) -> Ternary {
        match self {
            Self::Holds(formula) => formula.eval(values),
            Self::Requires(v, formula) => (!Ternary::from(get(values, *v))).or(formula.eval(values)),
        }
    }

    /// Its variables, each once, in their order.
    pub(super) fn variables(&self) -> Vec<usize> {
        let mut variables = Vec::new();
        match self {
            Self::Holds(formula) => formula.collect(&mut variables),
            Self::Requires(v, formula) => {
                variables.push(*v);
                formula.collect(&mut variables);
            }
        }
        variables.sort_unstable();
        variables.dedup();
        variables
    }

    /// Fixes what the constraint leaves no choice about; false if it cannot be met.
    pub(super) fn enforce(&self, board: &mut Board) -> bool {
        match self {
            Self::Holds(formula) => formula.require(true, board),
            Self::Requires(v, formula) => match (get(&board.values, *v), formula.eval(&board.values)) {
                (Some(true), _) => formula.require(true, board),
                (None, Ternary::False) => board.set(*v, false),
                _ => true,
            },
        }
    }

    /// What is left of it where some variables are fixed, and the others have other numbers. What is fixed neither
    /// meets it nor violates it.
    pub(super) fn under(&self, fixed: &Answers, numbers: &[usize]) -> Self {
        match self {
            Self::Requires(v, formula) if get(fixed, *v).is_none() => {
                Self::Requires(numbers.get(*v).copied().unwrap_or(*v), formula.under(fixed, numbers))
            }
            Self::Holds(formula) | Self::Requires(_, formula) => Self::Holds(formula.under(fixed, numbers)),
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
    fn require(&self, value: bool, board: &mut Board) -> bool {
        match (self, value) {
            (Self::Var(v), _) => board.set(*v, value),
            (Self::Not(part), _) => part.require(!value, board),
            (Self::And(parts), true) | (Self::Or(parts), false) => parts.iter().all(|part| part.require(value, board)),
            (Self::And(parts), false) | (Self::Or(parts), true) => {
                let undecided = |part: &&Self| part.eval(&board.values) != Ternary::from(!value);
                let mut candidates = parts.iter().filter(undecided);
                match (candidates.next(), candidates.next()) {
                    (None, _) => false,
                    (Some(last), None) => last.require(value, board),
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

    fn under(&self, fixed: &Answers, numbers: &[usize]) -> Self {
        let each = |parts: &[Self]| parts.iter().map(|part| part.under(fixed, numbers)).collect();
        match self {
            Self::Var(v) => match get(fixed, *v) {
                Some(true) => Self::And(Vec::new()),
                Some(false) => Self::Or(Vec::new()),
                None => Self::Var(numbers.get(*v).copied().unwrap_or(*v)),
            },
            Self::And(parts) => Self::And(each(parts)),
            Self::Or(parts) => Self::Or(each(parts)),
            Self::Not(part) => Self::Not(Box::new(part.under(fixed, numbers))),
        }
    }
}

pub(super) fn get(values: &Answers, variable: usize) -> Option<bool> {
    values.get(variable).copied().flatten()
}
