//! Consistency of yes/no answers under the constraints of the tables.
//!
//! What the constraints force without any answer is fixed first. Constraints that then share no variable have
//! nothing to say to each other: the system falls into parts, each is searched by itself, and the time grows with
//! their number, however hard one of them is. Results depend on the order of the variables alone.

mod formula;
mod hitting;
mod part;
mod search;
#[cfg(test)]
mod tests;

pub(crate) use formula::{Answers, Constraint, Formula};

use formula::get;
use part::{Part, Reach};

/// Variables and the constraints over them.
#[derive(Debug, Clone)]
pub(crate) struct System {
    whole: Part,
    /// What every statement that meets the constraints answers; none where it is open.
    fixed: Answers,
    /// None if the constraints contradict each other without any answer.
    parts: Option<Vec<Part>>,
    /// The part that a variable is in, and its number there; none if nothing is said of it, or it is fixed.
    places: Vec<Option<(usize, usize)>>,
}

impl System {
    pub(crate) fn new(variables: usize, constraints: Vec<Constraint>) -> Self {
        let whole = Part::new((0..variables).collect(), constraints);
        let fixed = whole.forced();
        let parts = fixed.as_ref().map(|fixed| whole.split(fixed));
        let mut places = vec![None; variables];
        for (index, part) in parts.iter().flatten().enumerate() {
            for (local, &variable) in part.variables.iter().enumerate() {
                if let Some(place) = places.get_mut(variable) {
                    *place = Some((index, local));
                }
            }
        }
        Self { whole, fixed: fixed.unwrap_or_else(|| vec![None; variables]), parts, places }
    }

    /// The consistent full statement that changes the fewest answers. Among several, the one that keeps the
    /// answers of earlier variables, and adds a claim only where it has to. None if the constraints
    /// contradict each other without any answer.
    pub(crate) fn nearest(&self, answers: &Answers) -> Option<Vec<bool>> {
        let pairs = self.fixed.iter().zip(answers);
        let mut nearest: Vec<bool> = pairs.map(|(fixed, answer)| fixed.or(*answer).unwrap_or(false)).collect();
        for part in self.parts.as_ref()? {
            let found = part.nearest(&part.local(answers))?;
            for (&variable, value) in part.variables.iter().zip(found) {
                if let (Some(slot), Some(value)) = (nearest.get_mut(variable), value) {
                    *slot = value;
                }
            }
        }
        Some(nearest)
    }

    /// Conflicts that share no answer: sets of answers, by variable, that no statement meeting the constraints
    /// contains. Each is a smallest one among what the earlier leave, and of several the first in the order of
    /// the variables; what they leave in the end is consistent. A single empty one if the constraints
    /// contradict each other without any answer.
    pub(crate) fn conflicts(&self, answers: &Answers) -> Vec<Vec<usize>> {
        let Some(parts) = &self.parts else {
            return vec![Vec::new()];
        };
        let pairs = self.fixed.iter().zip(answers).enumerate();
        let against = pairs.filter(|(_, (fixed, answer))| fixed.is_some() && answer.is_some() && fixed != answer);
        let mut conflicts: Vec<Vec<usize>> = against.map(|(variable, _)| vec![variable]).collect();
        conflicts.extend(parts.iter().flat_map(|part| part.conflicts(part.local(answers))));
        // Those of one part grow in its order, and taking one out changes nothing in the others.
        conflicts.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        if conflicts.first().is_some_and(Vec::is_empty) {
            conflicts.truncate(1);
        }
        conflicts
    }

    /// The constraints, by index, that make a set of answers a conflict; none of them can be left out. Later
    /// ones go first, so that what stands early in the tables explains what follows.
    pub(crate) fn ties(&self, answers: &Answers, conflict: &[usize]) -> Vec<usize> {
        let nothing = vec![None; self.whole.variables.len()];
        let starts = if conflict.is_empty() { &self.whole.variables } else { conflict };
        let mut reach = Reach::new(&self.whole, &nothing);
        let (mut variables, mut constraints) = (Vec::new(), Vec::new());
        for &start in starts {
            let (more, said) = reach.from(start);
            variables.extend(more);
            constraints.extend(said);
        }
        constraints.sort_unstable();
        let near = self.whole.only(variables, &constraints, &nothing, &mut vec![0; nothing.len()]);
        let given = near.variables.iter().map(|v| get(answers, *v).filter(|_| conflict.contains(v)));
        let ties = near.ties(&given.collect());
        ties.into_iter().filter_map(|tie| constraints.get(tie).copied()).collect()
    }

    /// Whether each value of each variable goes with the answers of the others: `(no, yes)`.
    pub(crate) fn possible(&self, answers: &Answers) -> Vec<(bool, bool)> {
        let Some(parts) = &self.parts else {
            return vec![(false, false); answers.len()];
        };
        // How many do not go together by themselves: then only a change in the one that does not can help.
        let pairs = self.fixed.iter().zip(answers);
        let against: Vec<bool> =
            pairs.map(|(fixed, answer)| fixed.is_some() && answer.is_some() && fixed != answer).collect();
        let consistent: Vec<bool> = parts.iter().map(|part| part.consistent(&part.local(answers))).collect();
        let amiss = against.iter().filter(|against| **against).count();
        let amiss = amiss.saturating_add(consistent.iter().filter(|consistent| !**consistent).count());
        let others = |wrong: bool| amiss == usize::from(wrong);
        (0..answers.len())
            .map(|variable| match (self.places.get(variable).copied().flatten(), get(&self.fixed, variable)) {
                (Some((part, local)), _) => match (parts.get(part), consistent.get(part)) {
                    (Some(part), Some(&fine)) if others(!fine) => part.possible(part.local(answers), local),
                    _ => (false, false),
                },
                (None, Some(fixed)) if others(against.get(variable) == Some(&true)) => (!fixed, fixed),
                (None, Some(_)) => (false, false),
                (None, None) => (others(false), others(false)),
            })
            .collect()
    }
}
