//! Lists and mappings that meet some templates and miss others.

use super::domain::{LONGEST, field};
use super::solve::{Literal, Place, Solver};
use crate::messages::{Catalogue, Shape};
use crate::template::Template;

/// What the elements of a list are asked for.
#[derive(Clone, Default)]
struct Wanted<'t> {
    /// Each of them.
    each: Vec<Literal<'t>>,
    /// Some of them, one for each entry.
    some: Vec<Literal<'t>>,
    /// All of them, in order.
    fixed: Vec<&'t [Template]>,
    /// Their number.
    lengths: Vec<Literal<'t>>,
}

impl Solver {
    /// Whether a list with `low` to `high` elements of a shape may be as asked.
    pub(super) fn list(&self, literals: &[Literal<'_>], item: Option<&Shape>, low: i64, high: i64) -> bool {
        let mut wanted = Wanted::default();
        let mut missed: Vec<&[Template]> = Vec::new();
        for literal in literals {
            match literal.split() {
                (Template::Each(inner), true) => wanted.each.push(Literal::holds(inner)),
                (Template::Each(inner), false) => wanted.some.push(Literal::fails(inner)),
                (Template::Contains(all), true) => wanted.some.extend(all.iter().map(Literal::holds)),
                (Template::Contains(all), false) => missed.push(all),
                (Template::Elements(all), true) => wanted.fixed.push(all),
                (Template::Length(inner), true) => wanted.lengths.push(Literal::holds(inner)),
                (Template::Length(inner), false) => wanted.lengths.push(Literal::fails(inner)),
                (Template::Any, false) | (Template::Absent, true) => return false,
                (Template::Fields(_) | Template::Range(..) | Template::Regex(_) | Template::Hex(_), true) => {
                    return false;
                }
                _ => {}
            }
        }
        self.misses(wanted, &missed, item, low, high)
    }

    /// Of each `contains` that is missed, one of the templates is met by no element.
    fn misses<'t>(
        &self,
        wanted: Wanted<'t>,
        missed: &[&'t [Template]],
        item: Option<&Shape>,
        low: i64,
        high: i64,
    ) -> bool {
        let Some((first, rest)) = missed.split_first() else { return self.elements(&wanted, item, low, high) };
        first.iter().any(|template| {
            let mut one = wanted.clone();
            one.each.push(Literal::fails(template));
            self.misses(one, rest, item, low, high)
        })
    }

    fn elements(&self, wanted: &Wanted<'_>, item: Option<&Shape>, mut low: i64, mut high: i64) -> bool {
        let Wanted { each, some, fixed, lengths } = wanted;
        let place = Place { shape: item, absent: false };
        let with_each =
            |more: Vec<Literal<'_>>| -> bool { self.may(each.iter().copied().chain(more).collect(), place) };
        if some.iter().any(|one| !with_each(vec![*one])) {
            return false;
        }
        let count = |number: usize| i64::try_from(number).unwrap_or(LONGEST);
        if let Some(first) = fixed.first() {
            let exact = count(first.len());
            if fixed.iter().any(|one| one.len() != first.len()) || exact < low || exact > high {
                return false;
            }
            (low, high) = (exact, exact);
            let at = |index: usize| fixed.iter().filter_map(move |one| one.get(index)).map(Literal::holds);
            if (0..first.len()).any(|index| !with_each(at(index).collect())) {
                return false;
            }
            let mut nowhere = some.iter().filter(|one| {
                let mut places = (0..first.len()).map(|index| at(index).chain([**one]).collect::<Vec<_>>());
                !places.any(with_each)
            });
            if nowhere.next().is_some() {
                return false;
            }
        }
        if !each.is_empty() && !with_each(Vec::new()) {
            high = 0;
        }
        // Those that no element meets two of need an element each.
        let mut apart: Vec<Literal<'_>> = Vec::new();
        for one in some {
            if apart.iter().all(|other| !with_each(vec![*one, *other])) {
                apart.push(*one);
            }
        }
        low = low.max(count(apart.len()));
        self.length(lengths.clone(), low, high)
    }

    /// Whether a mapping of a shape may be as asked.
    pub(super) fn mapping(&self, literals: &[Literal<'_>], shape: Option<&Shape>) -> bool {
        let mut fields: Vec<(&str, Literal<'_>)> = Vec::new();
        let mut missed: Vec<&[(String, Template)]> = Vec::new();
        let mut lengths = Vec::new();
        for literal in literals {
            match literal.split() {
                (Template::Fields(all), true) => {
                    fields.extend(all.iter().map(|(name, inner)| (name.as_str(), Literal::holds(inner))));
                }
                (Template::Fields(all), false) => missed.push(all),
                (Template::Length(inner), true) => lengths.push(Literal::holds(inner)),
                (Template::Length(inner), false) => lengths.push(Literal::fails(inner)),
                (Template::Any, false) | (Template::Absent, true) => return false,
                (Template::Elements(_) | Template::Each(_) | Template::Contains(_), true) => return false,
                (Template::Range(..) | Template::Regex(_) | Template::Hex(_), true) => return false,
                _ => {}
            }
        }
        let most = match shape {
            Some(Shape::Record(group)) => i64::try_from(Catalogue::get().group(group).len()).unwrap_or(LONGEST),
            _ => LONGEST,
        };
        self.length(lengths, 0, most) && self.fields(fields, &missed, shape)
    }

    /// Of each list of fields that is missed, one field is.
    fn fields<'t>(
        &self,
        wanted: Vec<(&'t str, Literal<'t>)>,
        missed: &[&'t [(String, Template)]],
        shape: Option<&Shape>,
    ) -> bool {
        if let Some((first, rest)) = missed.split_first() {
            return first.iter().any(|(name, template)| {
                let mut one = wanted.clone();
                one.push((name, Literal::fails(template)));
                self.fields(one, rest, shape)
            });
        }
        let of = |name: &str| {
            let named = wanted.iter().filter(|(other, _)| *other == name).map(|(_, literal)| *literal).collect();
            self.may(named, Place { shape: shape.and_then(|shape| field(shape, name)), absent: true })
        };
        wanted.iter().all(|(name, _)| of(name))
    }
}
