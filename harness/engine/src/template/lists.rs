//! Matchers that look at a list as a whole: what stands in it how often, and in which order.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::{Template, equal, probe, show};

/// No two elements are alike: as a whole, or in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    field: Option<String>,
}

impl Unique {
    pub(super) fn compile(argument: &Value) -> Option<Unique> {
        match argument {
            Value::Bool(true) => Some(Unique { field: None }),
            Value::String(field) => Some(Unique { field: Some(field.clone()) }),
            _ => None,
        }
    }

    /// The first element that is like one before it, and what they have in common. Elements that lack the field are
    /// like no other.
    pub(super) fn twice(&self, elements: &[Value]) -> Option<(usize, String)> {
        let mut seen = BTreeMap::new();
        for (index, element) in elements.iter().enumerate() {
            let value = match &self.field {
                None => Some(element),
                Some(field) => element.get(field).filter(|value| !value.is_null()),
            };
            let Some(value) = value else { continue };
            if let Some(before) = seen.insert(value.to_string(), index) {
                return Some((index, format!("{} in elements {before} and {index}", show(value))));
            }
        }
        None
    }
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            None => f.write_str("elements of which no two are alike"),
            Some(field) => write!(f, "elements of which no two have the same {field}"),
        }
    }
}

/// Where a list is out of order: the element, what was wanted, what is there. All that match one template stand before
/// all that match the next, and each is matched.
pub(super) fn out_of_order(all: &[Template], elements: &[Value]) -> Option<(Option<usize>, String, String)> {
    let mut latest: Option<(usize, &Template)> = None;
    for template in all {
        let mut places = elements.iter().enumerate().filter(|(_, element)| probe(template, Some(element)).is_some());
        let Some((first, element)) = places.next() else {
            let got = show(&Value::Array(elements.to_vec()));
            return Some((None, format!("an element that is {template}"), got));
        };
        if let Some((before, earlier)) = latest.filter(|(before, _)| *before >= first) {
            let expected = format!("{template} after {earlier}");
            return Some((Some(first), expected, format!("{} before element {before}", show(element))));
        }
        latest = Some((places.last().map_or(first, |(last, _)| last), template));
    }
    None
}

/// For each element of another list there is exactly one here that agrees with it in the fields named.
#[derive(Clone, Debug, PartialEq)]
pub struct OnePer {
    /// The other list.
    of: Vec<Value>,
    /// Fields of elements here, and those there that they are equal to.
    by: Vec<(String, String)>,
    /// Nothing else is here.
    only: bool,
}

impl OnePer {
    pub(super) fn compile(argument: &Value) -> Result<OnePer, String> {
        const FORM: &str =
            "`one_per` takes a list and the fields that agree: { of: \"${sent.commands}\", by: { cmd_ref: cmd_id } }";
        let form = || FORM.to_owned();
        let map = argument.as_object().ok_or_else(form)?;
        if let Some(key) = map.keys().find(|key| !["of", "by", "only"].contains(&key.as_str())) {
            return Err(format!("`{key}` is not part of `one_per`; it has `of`, `by` and `only`"));
        }
        let of = map.get("of").and_then(Value::as_array).cloned().ok_or_else(form)?;
        let pairs = map.get("by").and_then(Value::as_object).filter(|by| !by.is_empty()).ok_or_else(form)?;
        let pair = |(here, there): (&String, &Value)| there.as_str().map(|there| (here.clone(), there.to_owned()));
        let by = pairs.iter().map(pair).collect::<Option<_>>().ok_or_else(form)?;
        let only = map.get("only").is_some_and(|only| *only == Value::Bool(true));
        Ok(OnePer { of, by, only })
    }

    fn agree(&self, here: &Value, there: &Value) -> bool {
        self.by.iter().all(|(own, other)| match (here.get(own), there.get(other)) {
            (Some(own), Some(other)) => equal(other, own),
            _ => false,
        })
    }

    /// What is missing, there twice, or one too many: the element here, what was wanted, what is there.
    pub(super) fn departures(&self, elements: &[Value]) -> Vec<(Option<usize>, String, String)> {
        let mut departures = Vec::new();
        for other in &self.of {
            let mut ours = elements.iter().enumerate().filter(|(_, element)| self.agree(element, other));
            let expected = || format!("exactly one element with {}", self.wanted(other));
            match (ours.next(), ours.next()) {
                (Some(_), None) => {}
                (None, _) => departures.push((None, expected(), show(&Value::Array(elements.to_vec())))),
                (Some((first, _)), Some((second, _))) => {
                    departures.push((Some(second), expected(), format!("elements {first} and {second}")));
                }
            }
        }
        if self.only {
            let stray = |element: &&Value| !self.of.iter().any(|other| self.agree(element, other));
            let strays = elements.iter().enumerate().filter(|(_, element)| stray(element));
            departures.extend(strays.map(|(index, element)| (Some(index), self.to_string(), show(element))));
        }
        departures
    }

    fn wanted(&self, other: &Value) -> String {
        let field = |(own, theirs): &(String, String)| (own.clone(), other.get(theirs).cloned().unwrap_or(Value::Null));
        show(&Value::Object(self.by.iter().map(field).collect::<Map<_, _>>()))
    }
}

impl fmt::Display for OnePer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one element for each of {} others", self.of.len())?;
        if self.only { f.write_str(", and no more") } else { Ok(()) }
    }
}
