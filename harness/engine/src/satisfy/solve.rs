//! Whether a value exists that meets some templates and misses others.

use std::cell::Cell;

use dmsc_octets::{HexPattern, HexUnit};
use serde_json::Value;

use super::domain::{LONGEST, Part, admits, parts};
use super::regex::finds_always;
use crate::messages::Shape;
use crate::template::{Template, Weight};

/// How many cases are looked at before the answer is "perhaps".
const MOST_CASES: u32 = 4000;

/// Numbers are tried one by one where there are no more than this.
const FEW: i64 = 1 << 12;

/// A template that a value is to meet, or to miss.
#[derive(Clone, Copy, Debug)]
pub(super) struct Literal<'t> {
    template: &'t Template,
    holds: bool,
}

impl<'t> Literal<'t> {
    pub(super) fn holds(template: &'t Template) -> Self {
        Literal { template, holds: true }
    }

    pub(super) fn fails(template: &'t Template) -> Self {
        Literal { template, holds: false }
    }

    fn is_met(&self, value: Option<&Value>) -> bool {
        self.template.holds(value) == self.holds
    }
}

/// Where a value stands: its shape, where that is known, and whether it may be missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'s> {
    pub(super) shape: Option<&'s Shape>,
    pub(super) absent: bool,
}

/// Answers questions about templates.
pub(super) struct Solver {
    open: fn(&str) -> bool,
    cases: Cell<u32>,
}

impl Solver {
    pub(super) fn new(open: fn(&str) -> bool) -> Solver {
        Solver { open, cases: Cell::new(0) }
    }

    /// Whether a value at this place may meet all of these; `false` is certain.
    pub(super) fn possible(&self, literals: Vec<Literal<'_>>, place: Place<'_>) -> bool {
        self.cases.set(0);
        self.may(literals, place)
    }

    /// As [`Solver::possible`], within a question.
    pub(super) fn may(&self, mut literals: Vec<Literal<'_>>, place: Place<'_>) -> bool {
        self.cases.set(self.cases.get().saturating_add(1));
        if self.cases.get() > MOST_CASES {
            return true;
        }
        // What hangs on a value that is not known yet may turn out either way.
        literals.retain(|literal| self.is_known(literal.template));
        let Some(at) = literals.iter().position(|literal| is_compound(literal.template)) else {
            return self.atoms(&literals, place);
        };
        let Literal { template, holds } = literals.swap_remove(at);
        let with = |more: Vec<Literal<'_>>| self.may(literals.iter().copied().chain(more).collect(), place);
        match template {
            Template::Not(inner) => with(vec![Literal { template: inner, holds: !holds }]),
            Template::Capture(_, inner) => with(vec![Literal { template: inner, holds }]),
            Template::AllOf(all) if holds => with(all.iter().map(Literal::holds).collect()),
            Template::AllOf(all) => all.iter().any(|one| with(vec![Literal::fails(one)])),
            // The first alternative that matches is taken, and a taken one that is wrong is a miss.
            Template::OneOf(all) => {
                let earlier = |index: usize| all.iter().take(index).map(|one| Literal::fails(&one.template));
                let taken = |wrong: bool| {
                    let those = all.iter().enumerate().filter(move |(_, one)| (one.weight == Weight::Fail) == wrong);
                    those.map(move |(index, one)| earlier(index).chain([Literal::holds(&one.template)]).collect())
                };
                if holds {
                    return taken(false).any(with);
                }
                with(all.iter().map(|one| Literal::fails(&one.template)).collect()) || taken(true).any(with)
            }
            _ => true,
        }
    }

    /// Whether nothing in a template hangs on a value that is not known yet.
    fn is_known(&self, template: &Template) -> bool {
        match template {
            Template::Any | Template::Absent | Template::Range(..) | Template::Hex(_) => true,
            Template::Equals(value) => self.is_closed(value),
            Template::Regex(regex) => !(self.open)(regex.as_str()),
            Template::Fields(all) => all.iter().all(|(_, inner)| self.is_known(inner)),
            Template::Elements(all) | Template::Contains(all) | Template::AllOf(all) => {
                all.iter().all(|one| self.is_known(one))
            }
            Template::OneOf(all) => all.iter().all(|one| self.is_known(&one.template)),
            Template::Length(inner) | Template::Each(inner) | Template::Not(inner) | Template::Capture(_, inner) => {
                self.is_known(inner)
            }
            // What hangs on a list as a whole is not looked into.
            Template::Count(..) | Template::Unique(_) | Template::Ordered(_) | Template::OnePer(_) => false,
        }
    }

    fn is_closed(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => !(self.open)(text),
            Value::Array(all) => all.iter().all(|one| self.is_closed(one)),
            Value::Object(map) => map.values().all(|one| self.is_closed(one)),
            _ => true,
        }
    }

    /// Literals none of which is made of others about the same value.
    fn atoms(&self, literals: &[Literal<'_>], place: Place<'_>) -> bool {
        let met = |value: Option<&Value>| literals.iter().all(|literal| literal.is_met(value));
        if place.absent && met(None) {
            return true;
        }
        // Where a value is given, only that one has to be tried.
        let given = literals.iter().find_map(|literal| match literal {
            Literal { template: Template::Equals(value), holds: true } => Some(value),
            _ => None,
        });
        if let Some(value) = given {
            let tried = |value: &Value| admits(place.shape, value) && met(Some(value));
            let other = match value {
                Value::Number(number) => Some(Value::from(number.to_string())),
                Value::String(text) => text.parse::<i64>().ok().map(Value::from),
                _ => None,
            };
            return tried(value) || other.as_ref().is_some_and(tried);
        }
        parts(place.shape).iter().any(|part| match part {
            Part::These(all) => all.iter().any(|value| met(Some(value))),
            Part::Numbers(low, high) => self.number(literals, *low, *high),
            Part::Text => self.text(literals, None),
            Part::Octets(low, high) => self.text(literals, Some((*low, *high))),
            Part::List(item, low, high) => self.list(literals, *item, *low, *high),
            Part::Map(shape) => self.mapping(literals, *shape),
        })
    }

    fn number(&self, literals: &[Literal<'_>], low: i64, high: i64) -> bool {
        let mut spans = vec![(low, high)];
        for literal in literals {
            match literal {
                Literal { template: Template::Range(from, to), holds: true } => {
                    spans = spans.into_iter().map(|(low, high)| (low.max(*from), high.min(*to))).collect();
                }
                Literal { template: Template::Range(from, to), holds: false } => {
                    let below = |(low, high): (i64, i64)| from.checked_sub(1).map(|end| (low, high.min(end)));
                    let above = |(low, high): (i64, i64)| to.checked_add(1).map(|start| (low.max(start), high));
                    spans = spans.into_iter().flat_map(|span| [below(span), above(span)]).flatten().collect();
                }
                _ => {}
            }
            spans.retain(|(low, high)| low <= high);
        }
        let met = |number: i64| literals.iter().all(|literal| literal.is_met(Some(&Value::from(number))));
        spans.iter().any(|(low, high)| {
            let few = high.checked_sub(*low).is_some_and(|more| more < FEW);
            if few { (*low..=*high).any(met) } else { self.some_number(literals) }
        })
    }

    /// Of so many numbers one will do, unless numbers as such do not.
    fn some_number(&self, literals: &[Literal<'_>]) -> bool {
        literals.iter().all(|literal| match literal {
            Literal { template: Template::Range(..) | Template::Equals(_), .. } => true,
            Literal { template: Template::Regex(regex), holds } => *holds || !finds_always(regex.as_str()),
            // A text within the digits of a number, or not.
            Literal { template: Template::Contains(_), .. } => true,
            Literal { template: Template::Any | Template::Length(_), .. } => literal.is_met(Some(&Value::from(0))),
            Literal { holds, .. } => !holds,
        })
    }

    /// `octets` gives how many octets the text writes, where it writes octets.
    fn text(&self, literals: &[Literal<'_>], octets: Option<(usize, usize)>) -> bool {
        let (mut low, mut high) = octets.unwrap_or((0, usize::MAX));
        let (mut from, mut to) = (i64::MIN, i64::MAX);
        let mut lengths = Vec::new();
        let mut found: Vec<(&str, bool)> = Vec::new();
        let mut patterns: Vec<&HexPattern> = Vec::new();
        for Literal { template, holds } in literals {
            match (template, holds) {
                (Template::Range(least, most), true) => (from, to) = (from.max(*least), to.min(*most)),
                (Template::Length(inner), _) => lengths.push(Literal { template: inner, holds: *holds }),
                (Template::Regex(regex), false) if finds_always(regex.as_str()) => return false,
                (Template::Regex(regex), _) => found.push((regex.as_str(), *holds)),
                (Template::Contains(needles), true) => {
                    for needle in needles {
                        let Template::Equals(Value::String(needle)) = needle else { return false };
                        low = low.max(shortest(needle));
                    }
                }
                (Template::Contains(needles), false) => {
                    let every =
                        |one: &Template| matches!(one, Template::Equals(Value::String(text)) if text.is_empty());
                    if needles.iter().all(every) {
                        return false;
                    }
                }
                (Template::Hex(pattern), true) => {
                    low = low.max(pattern.min_len());
                    if octets.is_some() && !pattern.units.contains(&HexUnit::Run) {
                        high = high.min(pattern.min_len());
                    }
                    patterns.push(pattern);
                }
                (Template::Hex(pattern), false)
                    if octets.is_some()
                        && !pattern.units.is_empty()
                        && pattern.units.iter().all(|unit| *unit == HexUnit::Run) =>
                {
                    return false;
                }
                (Template::Any, false) | (Template::Absent, true) => return false,
                (Template::Fields(_) | Template::Elements(_) | Template::Each(_), true) => return false,
                _ => {}
            }
        }
        let contradicts = |(pattern, holds): &(&str, bool)| *holds && found.contains(&(*pattern, false));
        if from > to || low > high || found.iter().any(contradicts) {
            return false;
        }
        let apart =
            |(index, one): (usize, &&HexPattern)| patterns.iter().skip(index + 1).any(|other| are_apart(one, other));
        if patterns.iter().enumerate().any(apart) {
            return false;
        }
        let bound = |count: usize| i64::try_from(count).unwrap_or(LONGEST).min(LONGEST);
        self.length(lengths, bound(low), bound(high))
    }

    /// Whether a length within these bounds may be as asked.
    pub(super) fn length(&self, asked: Vec<Literal<'_>>, low: i64, high: i64) -> bool {
        let length = Shape::Int(low, high);
        low <= high && (asked.is_empty() || self.may(asked, Place { shape: Some(&length), absent: false }))
    }
}

impl<'t> Literal<'t> {
    /// The template, and whether it is to be met.
    pub(super) fn split(self) -> (&'t Template, bool) {
        (self.template, self.holds)
    }
}

/// Whether a template is made of others about the same value.
fn is_compound(template: &Template) -> bool {
    matches!(template, Template::Not(_) | Template::Capture(..) | Template::AllOf(_) | Template::OneOf(_))
}

/// The least that the length of a text with this text in it is: octets count where all of it is hexadecimal.
fn shortest(needle: &str) -> usize {
    let digits = needle.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
    if digits { needle.len().div_ceil(2) } else { needle.chars().count() }
}

/// Whether no octets fit both patterns.
fn are_apart(one: &HexPattern, other: &HexPattern) -> bool {
    let has_run = |pattern: &HexPattern| pattern.units.contains(&HexUnit::Run);
    match (has_run(one), has_run(other)) {
        (false, false) if one.min_len() != other.min_len() => return true,
        (false, true) if other.min_len() > one.min_len() => return true,
        (true, false) if one.min_len() > other.min_len() => return true,
        _ => {}
    }
    let clash = |(a, b): (&HexUnit, &HexUnit)| match (a, b) {
        (HexUnit::Octet { value: a, mask: of_a }, HexUnit::Octet { value: b, mask: of_b }) => {
            (a ^ b) & of_a & of_b != 0
        }
        _ => false,
    };
    let fixed = |unit: &&HexUnit| **unit != HexUnit::Run;
    let ahead = |pattern: &'_ HexPattern| pattern.units.iter().take_while(fixed).copied().collect::<Vec<_>>();
    let behind = |pattern: &'_ HexPattern| pattern.units.iter().rev().take_while(fixed).copied().collect::<Vec<_>>();
    let pairs = |a: Vec<HexUnit>, b: Vec<HexUnit>| a.iter().zip(b.iter()).any(clash);
    pairs(ahead(one), ahead(other)) || pairs(behind(one), behind(other))
}
