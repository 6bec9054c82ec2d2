//! What is wrong with a template whatever message comes: a matcher that nothing can meet, a demand that everything
//! meets, an alternative that is never reached.
//!
//! Each part of a template is asked as a question over the values that its field can have: can something hold, can
//! something not hold. The answer "no" is certain; where the answer would take more than a look, it is "perhaps", and
//! nothing is said about the part.

mod domain;
mod lists;
mod regex;
mod solve;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::messages::{Catalogue, Shape};
use crate::template::{Alternative, OPERATORS, Template, Weight};
use domain::LONGEST;
use solve::{Literal, Place, Solver};

/// What is wrong with a part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// No message can meet it.
    Never,
    /// Every message meets it.
    Always,
    /// Every value that is there meets it, whatever it is.
    Present,
    /// An earlier alternative takes all that this one would.
    Unreached,
}

/// A part of a template that decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The way to the part, dotted, through fields and matchers: `alerts.contains.0`; empty for the whole template.
    pub path: String,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// What may stand there, in a few words, where that is known.
    pub takes: Option<String>,
}

/// Looks at the JSON form of a template over the fields of a group. Of parts inside each other only the inner ones are
/// told. `open` tells texts that stand for a value which is not known yet; nothing is said of what hangs on one.
///
/// `demand` tells a `match`, which is there to be missed by somebody, from a `where`, which may let everything through.
pub fn examine(template: &Value, group: &'static str, demand: bool, open: fn(&str) -> bool) -> Vec<Finding> {
    let shape = Shape::Record(group);
    let mut examiner = Examiner { solver: Solver::new(open), demand, found: Vec::new() };
    examiner.part(template, "", Place { shape: Some(&shape), absent: false }, Part::Whole);
    examiner.found
}

/// What a part does for the template around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// It is a demand by itself.
    Whole,
    /// It is one of several about the same value: `any` may be the last of the alternatives.
    Among,
    /// It is what must not hold.
    Denied,
}

struct Examiner {
    solver: Solver,
    demand: bool,
    found: Vec<Finding>,
}

impl Examiner {
    /// Looks at a part, after the parts inside it; tells whether anything was found.
    fn part(&mut self, value: &Value, path: &str, place: Place<'_>, role: Part) -> bool {
        // What cannot be compiled is told by whoever compiles it, or hangs on a value that is not known yet.
        let Ok(template) = Template::compile(value) else { return false };
        let before = self.found.len();
        match value {
            Value::Array(elements) => {
                let within = place.items();
                self.parts(elements, path, within, Part::Whole);
            }
            Value::Object(map) if map.keys().all(|key| OPERATORS.contains(&key.as_str())) => {
                self.operators(map, path, place, role);
            }
            Value::Object(map) => {
                for (name, inner) in map {
                    let role = if role == Part::Denied { role } else { Part::Whole };
                    self.part(inner, &join(path, name), place.field(name), role);
                }
            }
            _ => {}
        }
        if self.found.len() == before {
            let flaw = self.flaw(&template, place, role);
            let takes = place.shape.filter(|shape| !matches!(shape, Shape::Record(_))).map(Shape::words);
            self.found.extend(flaw.map(|flaw| Finding { path: path.to_owned(), flaw, takes }));
        }
        self.found.len() > before
    }

    fn parts(&mut self, all: &[Value], path: &str, place: Place<'_>, role: Part) {
        for (index, inner) in all.iter().enumerate() {
            self.part(inner, &join(path, &index.to_string()), place, role);
        }
    }

    fn operators(&mut self, map: &Map<String, Value>, path: &str, place: Place<'_>, role: Part) {
        let length = Shape::Int(0, LONGEST);
        let of = |within: Part| if role == Part::Denied { role } else { within };
        for (operator, argument) in map {
            let path = join(path, operator);
            match (operator.as_str(), argument) {
                ("match", inner) => {
                    self.part(inner, &path, place, of(Part::Among));
                }
                ("not", inner) => {
                    self.part(inner, &path, place, Part::Denied);
                }
                ("all_of", Value::Array(all)) => self.parts(all, &path, place, of(Part::Among)),
                ("one_of", Value::Array(all)) => self.alternatives(all, argument, &path, place, of(Part::Among)),
                ("length", inner) => {
                    self.part(inner, &path, Place { shape: Some(&length), absent: false }, of(Part::Whole));
                }
                ("each", inner) if place.has_items() => {
                    self.part(inner, &path, place.items(), of(Part::Whole));
                }
                ("contains" | "ordered", Value::Array(all)) if place.has_items() => {
                    self.parts(all, &path, place.items(), of(Part::Whole));
                }
                ("contains", inner) if place.has_items() => {
                    self.part(inner, &path, place.items(), of(Part::Whole));
                }
                ("count", Value::Object(counted)) => {
                    if let Some(is) = counted.get("is") {
                        let place = Place { shape: Some(&length), absent: false };
                        self.part(is, &join(&path, "is"), place, of(Part::Whole));
                    }
                    if let Some(inner) = counted.get("of") {
                        self.part(inner, &join(&path, "of"), place.items(), of(Part::Whole));
                    }
                }
                _ => {}
            }
        }
    }

    /// The alternatives of `one_of`, and whether each is ever reached.
    fn alternatives(&mut self, all: &[Value], argument: &Value, path: &str, place: Place<'_>, role: Part) {
        let mut sound = true;
        for (index, inner) in all.iter().enumerate() {
            let at = join(path, &index.to_string());
            sound &= match inner.get("is") {
                Some(is) => !self.part(is, &join(&at, "is"), place, role),
                None => !self.part(inner, &at, place, role),
            };
        }
        let whole = Value::Object(Map::from_iter([("one_of".to_owned(), argument.clone())]));
        let Ok(Template::OneOf(compiled)) = Template::compile(&whole) else { return };
        if !sound {
            return;
        }
        for (index, alternative) in compiled.iter().enumerate() {
            let earlier = compiled.iter().take(index).map(|earlier| Literal::fails(&earlier.template));
            let reached = earlier.chain([Literal::holds(&alternative.template)]).collect();
            if index > 0 && !self.solver.possible(reached, place) {
                self.found.push(Finding { path: join(path, &index.to_string()), flaw: Flaw::Unreached, takes: None });
            }
        }
    }

    fn flaw(&self, template: &Template, place: Place<'_>, role: Part) -> Option<Flaw> {
        if !self.solver.possible(vec![Literal::holds(template)], place) {
            return Some(Flaw::Never);
        }
        let among = role == Part::Among && is_about_presence(template);
        if !self.demand || role == Part::Denied || among || has_effect(template) {
            return None;
        }
        if !self.solver.possible(vec![Literal::fails(template)], place) {
            // What has to be there in any case is told as such: that of a list's element, or of the whole message.
            let only = is_about_presence(template) && !place.absent && !place.is_message();
            return (!only).then_some(Flaw::Always);
        }
        let there = Place { absent: false, ..place };
        let vacuous = !is_about_presence(template) && !self.solver.possible(vec![Literal::fails(template)], there);
        vacuous.then_some(Flaw::Present)
    }
}

impl<'s> Place<'s> {
    /// The elements of a list that stands here.
    fn items(self) -> Place<'s> {
        Place { shape: self.shape.and_then(domain::item), absent: false }
    }

    /// Whether a list can stand here.
    fn has_items(self) -> bool {
        self.shape.is_some_and(|shape| domain::item(shape).is_some())
    }

    /// A field of a mapping that stands here.
    fn field(self, name: &str) -> Place<'s> {
        Place { shape: self.shape.and_then(|shape| domain::field(shape, name)), absent: true }
    }

    /// Whether this is the whole message.
    fn is_message(self) -> bool {
        let group =
            |kind: &crate::messages::Kind| matches!(self.shape, Some(Shape::Record(name)) if *name == kind.fields);
        !self.absent && crate::role::Role::ALL.into_iter().any(|role| Catalogue::get().kinds(role).any(group))
    }
}

/// Whether matching has a consequence of its own: something is kept, remarked, or weighs.
fn has_effect(template: &Template) -> bool {
    let weighs = |one: &Alternative| one.weight != Weight::Pass || one.remark.is_some() || has_effect(&one.template);
    match template {
        Template::Capture(..) => true,
        Template::OneOf(all) => all.iter().any(weighs),
        Template::Fields(all) => all.iter().any(|(_, inner)| has_effect(inner)),
        Template::Elements(all) | Template::Contains(all) | Template::AllOf(all) => all.iter().any(has_effect),
        Template::Each(inner) | Template::Length(inner) | Template::Not(inner) => has_effect(inner),
        _ => false,
    }
}

/// Whether nothing is asked but whether a value is there.
fn is_about_presence(template: &Template) -> bool {
    match template {
        Template::Any | Template::Absent => true,
        Template::Not(inner) => is_about_presence(inner),
        Template::AllOf(all) => all.iter().all(is_about_presence),
        Template::OneOf(all) => all.iter().all(|one| is_about_presence(&one.template)),
        _ => false,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
