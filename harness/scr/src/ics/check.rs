//! What a statement says as a whole: contradictions, the nearest statement without, and what is still free.

use std::collections::BTreeMap;
use std::fmt;

use dmsc_doc::Problem;
use dmsc_octets::one_line;
use serde::Serialize;

use super::solve::{Answers, Constraint, Formula, System};
use super::{Draft, DutKind};
use crate::{Expr, ItemId, Tables};

/// The result of checking a statement. [`Display`](fmt::Display) is the text for a person, serde the one for
/// a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The name of the DUT.
    pub dut: String,
    /// What the DUT is.
    pub kind: DutKind,
    /// Whether the answers given go together.
    pub consistent: bool,
    /// Items without an answer.
    pub unanswered: Vec<ItemId>,
    /// Contradictions that share no answer. The first is a smallest one there is; each of the others is a
    /// smallest one among what the earlier leave.
    pub conflicts: Vec<Conflict>,
    /// The fewest changes that make the statement consistent. Among several such sets, the one that keeps the
    /// answers on earlier items of the tables.
    pub nearest: Vec<Change>,
    /// How free the answer on each optional or external item is.
    pub freedom: Vec<ItemFreedom>,
}

/// Answers that cannot stand together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The answers.
    pub answers: Vec<AnswerAt>,
    /// Why: each rule that is needed to make them contradict, in words.
    pub because: Vec<String>,
}

/// An answer and its place in the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerAt {
    /// The item.
    pub item: ItemId,
    /// The answer.
    pub answer: bool,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A change of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The item.
    pub item: ItemId,
    /// The answer given.
    pub from: bool,
    /// The answer that it would take.
    pub to: bool,
}

/// How free the answer on an item is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemFreedom {
    /// The item.
    pub item: ItemId,
    /// The answer given; none if there is none yet.
    pub answer: Option<bool>,
    /// What the other answers leave. Where these contradict each other, those of the nearest consistent
    /// statement stand for them.
    pub freedom: Freedom,
}

/// What the rules and the other answers leave of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freedom {
    /// Only yes is possible.
    ForcedYes,
    /// Only no is possible.
    ForcedNo,
    /// Both are.
    Free,
}

impl Draft {
    /// Checks the answers against the tables.
    pub fn check(&self, tables: &Tables) -> CheckReport {
        let items = self.dut.kind.items(tables);
        let rules = Rules::of(&items, tables);
        let answers: Answers =
            items.iter().map(|item| self.answers.get(item).and_then(|answer| answer.value)).collect();
        let nearest = rules.system.nearest(&answers);
        let conflicts = self.conflicts(&items, &rules, &answers);
        let changes = |nearest: &Vec<bool>| {
            let pairs = items.iter().zip(answers.iter().zip(nearest));
            pairs
                .filter_map(|(item, (from, &to))| {
                    from.filter(|&from| from != to).map(|from| Change { item: item.clone(), from, to })
                })
                .collect()
        };
        CheckReport {
            dut: self.dut.name.clone(),
            kind: self.dut.kind,
            consistent: conflicts.is_empty(),
            unanswered: self.unanswered(tables),
            nearest: nearest.as_ref().map(changes).unwrap_or_default(),
            freedom: nearest.map(|nearest| freedom(&items, &rules, tables, &answers, &nearest)).unwrap_or_default(),
            conflicts,
        }
    }

    fn conflicts(&self, items: &[ItemId], rules: &Rules, answers: &Answers) -> Vec<Conflict> {
        let answer_at = |&variable: &usize| {
            let (item, answer) = (items.get(variable)?.clone(), answers.get(variable).copied().flatten()?);
            let (line, column) = self.place(item.as_str());
            Some(AnswerAt { item, answer, line, column })
        };
        let told = |conflict: Vec<usize>| {
            let ties = rules.system.ties(answers, &conflict);
            let because = ties.iter().filter_map(|&tie| rules.words.get(tie).cloned()).collect();
            Conflict { answers: conflict.iter().filter_map(answer_at).collect(), because }
        };
        rules.system.conflicts(answers).into_iter().map(told).collect()
    }
}

fn freedom(items: &[ItemId], rules: &Rules, tables: &Tables, answers: &Answers, nearest: &[bool]) -> Vec<ItemFreedom> {
    let settled: Answers = answers.iter().zip(nearest).map(|(answer, &value)| answer.map(|_| value)).collect();
    let chosen = |id: &ItemId| !tables.item(id.as_str()).is_some_and(crate::Item::is_mandatory);
    let possible = rules.system.possible(&settled);
    let variables = items.iter().zip(answers.iter().zip(possible)).filter(|(item, _)| chosen(item));
    variables
        .map(|(item, (&answer, possible))| ItemFreedom {
            item: item.clone(),
            answer,
            freedom: match possible {
                (false, true) => Freedom::ForcedYes,
                (true, false) => Freedom::ForcedNo,
                _ => Freedom::Free,
            },
        })
        .collect()
}

/// The constraints of the tables over the items of one DUT, and each in words.
struct Rules {
    system: System,
    words: Vec<String>,
}

impl Rules {
    fn of(items: &[ItemId], tables: &Tables) -> Self {
        let numbers: BTreeMap<&ItemId, usize> = items.iter().enumerate().map(|(number, id)| (id, number)).collect();
        let mut constraints = Vec::new();
        let mut words = Vec::new();
        for (variable, id) in items.iter().enumerate() {
            let Some(item) = tables.item(id.as_str()) else {
                continue;
            };
            if item.is_mandatory() {
                constraints.push(Constraint::Holds(Formula::Var(variable)));
                words.push(format!("{id} is mandatory for the {} ({})", item.class, item.reference));
            }
            // The items of a DUT are closed under requirements, so the formula finds every name.
            if let Some(expr) = &item.requirement
                && let Some(formula) = formula(expr, &numbers)
            {
                constraints.push(Constraint::Requires(variable, formula));
                words.push(format!("who claims {id} has to claim {expr}"));
            }
        }
        Self { system: System::new(items.len(), constraints), words }
    }
}

/// The expression over the numbers of the items; none if it names an item that the DUT is not asked for.
fn formula(expr: &Expr, numbers: &BTreeMap<&ItemId, usize>) -> Option<Formula> {
    let all = |parts: &[Expr]| parts.iter().map(|part| formula(part, numbers)).collect::<Option<Vec<_>>>();
    Some(match expr {
        Expr::Item(item) => Formula::Var(*numbers.get(&item.key())?),
        Expr::And(parts) => Formula::And(all(parts)?),
        Expr::Or(parts) => Formula::Or(all(parts)?),
        Expr::Not(part) => Formula::Not(Box::new(formula(part, numbers)?)),
    })
}

impl CheckReport {
    /// The contradictions as located problems of the statement.
    pub(crate) fn problems(&self, draft: &Draft) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, conflict) in self.conflicts.iter().enumerate() {
            let mut answers = conflict.answers.iter();
            let Some(first) = answers.next() else {
                continue;
            };
            let span = draft.answers.get(&first.item).map(|answer| answer.key).unwrap_or_default();
            let message = match conflict.answers.len() {
                1 => format!("{} cannot be answered {}", first.item, yes_no(first.answer)),
                count => format!("these {count} answers contradict each other"),
            };
            let mut problem = Problem::new(span, message).label(format!("answered {}", yes_no(first.answer)));
            for other in answers {
                let AnswerAt { item, answer, line, column } = other;
                let answer = yes_no(*answer);
                problem = problem.note(format!("line {line}, column {column}: {item} is answered {answer}"));
            }
            problem = conflict.because.iter().cloned().fold(problem, Problem::note);
            let last = index + 1 == self.conflicts.len();
            let in_conflict =
                |conflict: &Conflict, change: &Change| conflict.answers.iter().any(|answer| answer.item == change.item);
            let changes: Vec<String> = (self.nearest.iter())
                .filter(|change| {
                    in_conflict(conflict, change)
                        || last && !self.conflicts.iter().any(|conflict| in_conflict(conflict, change))
                })
                .map(|change| format!("`{}: {}`", change.item, yes_no(change.to)))
                .collect();
            problems.push(problem.help(format!("the nearest consistent statement has {}", changes.join(", "))));
        }
        problems
    }
}

fn yes_no(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}

impl fmt::Display for Freedom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ForcedYes => "forced: yes",
            Self::ForcedNo => "forced: no",
            Self::Free => "free",
        })
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.consistent, self.unanswered.len()) {
            (false, _) => "contradictory".to_owned(),
            (true, 0) => "complete and consistent".to_owned(),
            (true, 1) => "consistent, one item not answered".to_owned(),
            (true, count) => format!("consistent, {count} items not answered"),
        };
        writeln!(f, "{} ({}): {state}", one_line(&self.dut), self.kind)?;
        for conflict in &self.conflicts {
            writeln!(f, "\ncontradiction")?;
            for AnswerAt { item, answer, line, column } in &conflict.answers {
                writeln!(f, "  {item:<22} {:<3}  line {line}, column {column}", yes_no(*answer))?;
            }
            for because in &conflict.because {
                writeln!(f, "  because {because}")?;
            }
        }
        if !self.nearest.is_empty() {
            writeln!(f, "\nnearest consistent statement")?;
            for Change { item, from, to } in &self.nearest {
                writeln!(f, "  {item:<22} {} -> {}", yes_no(*from), yes_no(*to))?;
            }
        }
        writeln!(f, "\noptional items and items of other enablers, given the other answers")?;
        for ItemFreedom { item, answer, freedom } in &self.freedom {
            writeln!(f, "  {item:<22} {:<3}  {freedom}", answer.map_or("-", yes_no))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use dmsc_doc::Source;
    use proptest::prelude::*;

    use super::*;
    use crate::Ics;

    /// A template with its open answers filled in, and some answers changed.
    fn statement(kind: DutKind, open: &str, changes: &[(&str, &str)]) -> Draft {
        let template = Ics::template(kind, Tables::builtin());
        let lines = template.lines().map(|line| {
            let (head, comment) = line.split_once('#').unwrap_or((line, ""));
            let Some((key, value)) = head.split_once(':') else {
                return line.to_owned();
            };
            let change = changes.iter().find(|(item, _)| *item == key.trim());
            match (change, value.trim()) {
                (Some((_, answer)), _) => format!("{key}: {answer} # {comment}"),
                (None, "") if line.contains('#') => format!("{key}: {open} # {comment}"),
                _ => line.to_owned(),
            }
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        Draft::parse(&Source::new("dut.yaml", text), Tables::builtin()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_template_is_consistent_and_tells_what_is_open() {
        insta::assert_snapshot!(statement(DutKind::Terminal, "", &[]).check(Tables::builtin()));
    }

    #[test]
    fn a_contradictory_statement() {
        let changes = [("DM_SC-C-006-O", "yes"), ("DM_SC-C-001-M", "no"), ("DM-PRO-C-011", "yes")];
        let report = statement(DutKind::Terminal, "no", &changes).check(Tables::builtin());
        insta::assert_snapshot!(report);
        insta::assert_snapshot!(serde_json::to_string_pretty(&report.conflicts).unwrap());
    }

    #[test]
    fn all_yes_is_consistent_for_either_kind() {
        for kind in DutKind::ALL {
            let draft = statement(kind, "yes", &[]);
            let report = draft.check(Tables::builtin());
            assert!(report.consistent && report.unanswered.is_empty(), "{report}");
            assert!(Ics::parse(&draft.source, Tables::builtin()).is_ok());
        }
    }

    #[test]
    fn claiming_everything_without_its_requirements_is_told_item_by_item() {
        let external: Vec<(&str, &str)> =
            Tables::builtin().external().iter().map(|item| (item.id.as_str(), "no")).collect();
        let report = statement(DutKind::Terminal, "yes", &external).check(Tables::builtin());
        // Six that mandatory items rest on, alone; and the seven optional items, each with one of its own.
        let alone = report.conflicts.iter().filter(|conflict| conflict.answers.len() == 1).count();
        assert_eq!((alone, report.conflicts.len()), (6, 13));
        assert!(report.conflicts.iter().all(|conflict| conflict.answers.len() <= 2));
    }

    /// Every statement on a card that meets the tables, by the order of its items.
    fn card_models() -> Vec<Vec<bool>> {
        let tables = Tables::builtin();
        let items = DutKind::Card.items(tables);
        let place = |id: &ItemId| items.iter().position(|item| item == id).unwrap();
        let rows = (0..1_usize << items.len()).map(|bits| (0..items.len()).map(|v| bits >> v & 1 == 1).collect());
        let meets = |row: &Vec<bool>| {
            items.iter().zip(row).all(|(id, &claimed)| match tables.item(id.as_str()) {
                None => true,
                Some(item) if !claimed => !item.is_mandatory(),
                Some(item) => item
                    .requirement
                    .as_ref()
                    .is_none_or(|expr| expr.eval(&|name| row[place(&name.key())].into()) == crate::Ternary::True),
            })
        };
        rows.filter(meets).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn reports_on_cards_agree_with_brute_force(
            answers in prop::collection::vec(prop::option::weighted(0.8, any::<bool>()), 14),
        ) {
            let items = DutKind::Card.items(Tables::builtin());
            let words = answers.iter().map(|answer| answer.map_or("", yes_no));
            let changes: Vec<(&str, &str)> = items.iter().map(ItemId::as_str).zip(words).collect();
            let report = statement(DutKind::Card, "", &changes).check(Tables::builtin());

            let models = card_models();
            let agrees = |row: &[bool], answers: &[Option<bool>]| {
                row.iter().zip(answers).all(|(value, answer)| answer.is_none_or(|answer| answer == *value))
            };
            let cost = |row: &[bool]| row.iter().zip(&answers).filter(|(v, a)| a.is_some_and(|a| a != **v)).count();
            prop_assert_eq!(report.consistent, models.iter().any(|row| agrees(row, &answers)));
            prop_assert_eq!(Some(report.nearest.len()), models.iter().map(|row| cost(row)).min());

            let mut settled = answers.clone();
            for change in &report.nearest {
                let variable = items.iter().position(|item| *item == change.item).unwrap();
                prop_assert_eq!(settled[variable], Some(change.from));
                settled[variable] = Some(change.to);
            }
            prop_assert!(models.iter().any(|row| agrees(row, &settled)));
            for ItemFreedom { item, freedom, .. } in &report.freedom {
                let variable = items.iter().position(|known| known == item).unwrap();
                let with = |value| {
                    let mut changed = settled.clone();
                    changed[variable] = Some(value);
                    models.iter().any(|row| agrees(row, &changed))
                };
                let expected = match (with(false), with(true)) {
                    (true, true) => Freedom::Free,
                    (false, true) => Freedom::ForcedYes,
                    (true, false) => Freedom::ForcedNo,
                    (false, false) => return Err(TestCaseError::fail("the nearest statement is contradictory")),
                };
                prop_assert_eq!(*freedom, expected, "{}", item);
            }
        }
    }
}
