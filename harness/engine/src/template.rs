//! Templates over the field tree of a message: the matcher algebra of the case language.
//!
//! A template is compiled once from its JSON form. A mapping whose keys are all operators is a matcher; any other
//! mapping lists fields, and fields it does not list are not looked at.

mod compile;
mod lists;
mod show;

use dmsc_octets::{HexPattern, from_hex};
use regex_lite::Regex;
use serde_json::Value;

pub use lists::{OnePer, Unique};
pub use show::show;

use compile::compile;

use crate::notation::Scope;

/// The words that make a mapping a matcher instead of a list of fields.
pub const OPERATORS: &[&str] = &[
    "one_of", "range", "regex", "length", "contains", "each", "hex", "equals", "not", "as", "match", "all_of", "count",
    "unique", "ordered", "one_per",
];

/// A compiled template.
#[derive(Clone, Debug)]
pub enum Template {
    /// Any value that is present (`any`).
    Any,
    /// The field is not there (`absent`).
    Absent,
    /// Exactly this scalar; a number also matches the text that writes it in decimal.
    Equals(Value),
    /// The fields listed match; others are free.
    Fields(Vec<(String, Template)>),
    /// A list of exactly these elements.
    Elements(Vec<Template>),
    /// One of several, each with its consequence.
    OneOf(Vec<Alternative>),
    /// A number (or its decimal text) within bounds, both included.
    Range(i64, i64),
    /// Text in which the expression finds a match.
    Regex(Regex),
    /// The number of elements, characters, or octets of a hexadecimal string, matches.
    Length(Box<Template>),
    /// Each template is matched by at least one element; or the text contains the text.
    Contains(Vec<Template>),
    /// Every element matches.
    Each(Box<Template>),
    /// A hexadecimal string against a pattern: `?` is any digit, `*` any number of octets.
    Hex(HexPattern),
    /// The value does not match.
    Not(Box<Template>),
    /// All match.
    AllOf(Vec<Template>),
    /// So many elements match.
    Count(Box<Template>, Box<Template>),
    /// No two elements are alike.
    Unique(Unique),
    /// Each template is matched by an element, and all that match one stand before all that match the next.
    Ordered(Vec<Template>),
    /// For each element of another list there is exactly one here.
    OnePer(OnePer),
    /// The value matches and is kept under a name.
    Capture(String, Box<Template>),
}

/// One allowed outcome of `one_of`.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// What the value must match.
    pub template: Template,
    /// What choosing it means for the verdict.
    pub weight: Weight,
    /// A remark to record when it is chosen.
    pub remark: Option<String>,
}

/// What an allowed outcome means for the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// As good as any.
    #[default]
    Pass,
    /// Seen, but not enough to decide.
    Inconclusive,
    /// Recognised, and wrong.
    Fail,
}

/// A place where a value departs from its template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The field, as a dotted path; empty for the whole message.
    pub path: String,
    /// What the template allows, in words.
    pub expected: String,
    /// What was there, in words.
    pub got: String,
    /// The element of a list that was looked for and is not there, where it is a word.
    pub element: Option<String>,
}

impl Mismatch {
    /// What was there instead of a field that is not there, in words.
    pub(crate) const NOTHING: &'static str = "nothing";

    /// Whether the field is not there at all.
    pub fn is_absent(&self) -> bool {
        self.got == Self::NOTHING
    }
}

/// The result of matching one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matched {
    /// How the fields of the message are written in words.
    scope: Scope<'static>,
    /// Where the message departs; empty when it matches.
    pub mismatches: Vec<Mismatch>,
    /// The heaviest consequence among the alternatives taken.
    pub weight: Weight,
    /// Remarks of the alternatives taken.
    pub remarks: Vec<String>,
    /// Values kept under names.
    pub captures: Vec<(String, Value)>,
}

/// Why a template cannot be compiled; the path is that of the offending part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct TemplateError {
    /// The path within the template, dotted.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Template {
    /// Compiles the JSON form of a template.
    ///
    /// # Errors
    /// [`TemplateError`] for an impossible matcher: an unknown operator, a bad pattern, bounds out of order.
    pub fn compile(value: &Value) -> Result<Template, TemplateError> {
        compile(value, "")
    }

    /// Matches a field tree.
    pub fn matches(&self, value: &Value) -> Matched {
        self.matches_in(value, Scope::default())
    }

    /// Matches a field tree whose fields are written in words as `scope` says.
    pub fn matches_in(&self, value: &Value, scope: Scope<'static>) -> Matched {
        let mut matched = Matched { scope, ..Matched::default() };
        self.check("", Some(value), &mut matched);
        matched
    }

    /// Whether a field tree matches with no departure and no failing alternative.
    pub fn accepts(&self, value: &Value) -> bool {
        let matched = self.matches(value);
        matched.mismatches.is_empty() && matched.weight != Weight::Fail
    }

    /// Whether a value, or its absence, matches, whatever the verdict of the alternative taken.
    pub(crate) fn holds(&self, value: Option<&Value>) -> bool {
        probe(self, value).is_some()
    }

    fn check(&self, path: &str, value: Option<&Value>, out: &mut Matched) {
        // `null` stands for a field that a message does not have.
        let value = value.filter(|v| !v.is_null());
        let all = out.scope;
        let scope = || all.at(path);
        let show = |value: &Value| scope().show(value);
        let nothing = || Mismatch::NOTHING.to_owned();
        let mut miss = |got: String| {
            out.mismatches.push(Mismatch { path: path.to_owned(), expected: self.words(scope()), got, element: None });
        };
        match (self, value) {
            (Template::Absent, None) => {}
            (Template::Absent, Some(v)) => miss(show(v)),
            (Template::Not(inner), v) => {
                if probe(inner, v).is_some() {
                    miss(v.map_or_else(nothing, show));
                }
            }
            (Template::OneOf(alternatives), v) => {
                let taken = alternatives.iter().find_map(|a| probe(&a.template, v).map(|m| (a, m)));
                match taken {
                    None => {
                        // Of alternatives that are mappings the first one says best what is missing.
                        let first = alternatives.first().map(|alternative| &alternative.template);
                        match first.filter(|first| v.is_some() && matches!(first, Template::Fields(_))) {
                            Some(first) => first.check(path, v, out),
                            None => miss(v.map_or_else(nothing, show)),
                        }
                    }
                    Some((alternative, inner)) => {
                        if alternative.weight == Weight::Fail {
                            miss(v.map_or_else(nothing, show));
                        }
                        out.weight = out.weight.max(alternative.weight).max(inner.weight);
                        out.remarks.extend(alternative.remark.clone());
                        out.remarks.extend(inner.remarks);
                        out.captures.extend(inner.captures);
                    }
                }
            }
            (Template::Capture(name, inner), v) => {
                let before = out.mismatches.len();
                inner.check(path, v, out);
                if out.mismatches.len() == before {
                    out.captures.push((name.clone(), v.cloned().unwrap_or(Value::Null)));
                }
            }
            (Template::AllOf(all), v) => all.iter().for_each(|t| t.check(path, v, out)),
            (Template::Fields(fields), Some(Value::Object(map))) => {
                for (name, template) in fields {
                    template.check(&join(path, name), map.get(name), out);
                }
            }
            // A message that lacks a whole branch satisfies a template that only says what must be absent in it.
            (Template::Fields(fields), None) if fields.iter().all(|(_, t)| matches!(t, Template::Absent)) => {}
            (_, None) => miss(nothing()),
            (Template::Any, Some(_)) => {}
            (Template::Equals(wanted), Some(v)) => {
                if !equal(wanted, v) {
                    miss(show(v));
                }
            }
            (Template::Elements(templates), Some(Value::Array(elements))) => {
                if templates.len() != elements.len() {
                    miss(format!("{} elements: {}", elements.len(), show(&Value::Array(elements.clone()))));
                    return;
                }
                for (i, (template, element)) in templates.iter().zip(elements).enumerate() {
                    template.check(&join(path, &i.to_string()), Some(element), out);
                }
            }
            (Template::Range(low, high), Some(v)) => {
                if !number(v).is_some_and(|n| (*low..=*high).contains(&n)) {
                    miss(show(v));
                }
            }
            (Template::Regex(regex), Some(v)) => {
                if !text(v).is_some_and(|t| regex.is_match(&t)) {
                    miss(show(v));
                }
            }
            (Template::Length(inner), Some(v)) => {
                let length = length_of(v);
                if probe(inner, Some(&Value::from(length))).is_none() {
                    miss(format!("length {length}: {}", show(v)));
                }
            }
            (Template::Contains(wanted), Some(Value::Array(elements))) => {
                for template in wanted {
                    match elements.iter().find_map(|element| probe(template, Some(element))) {
                        Some(inner) => {
                            out.weight = out.weight.max(inner.weight);
                            out.remarks.extend(inner.remarks);
                            out.captures.extend(inner.captures);
                        }
                        None => out.mismatches.push(Mismatch {
                            path: path.to_owned(),
                            expected: format!("an element that is {}", template.words(scope())),
                            got: show(&Value::Array(elements.clone())),
                            element: match template {
                                Template::Equals(Value::String(word)) => Some(word.clone()),
                                _ => None,
                            },
                        }),
                    }
                }
            }
            (Template::Contains(wanted), Some(v)) => {
                let haystack = text(v);
                let found = |t: &Template| match (t, &haystack) {
                    (Template::Equals(Value::String(needle)), Some(haystack)) => haystack.contains(needle.as_str()),
                    _ => false,
                };
                if !wanted.iter().all(found) {
                    miss(show(v));
                }
            }
            (Template::Each(inner), Some(Value::Array(elements))) => {
                for (i, element) in elements.iter().enumerate() {
                    inner.check(&join(path, &i.to_string()), Some(element), out);
                }
            }
            (Template::Count(of, wanted), Some(Value::Array(elements))) => {
                let found = elements.iter().filter(|element| probe(of, Some(element)).is_some()).count();
                if probe(wanted, Some(&Value::from(found))).is_none() {
                    miss(format!("{found}: {}", show(&Value::Array(elements.clone()))));
                }
            }
            (Template::Unique(unique), Some(Value::Array(elements))) => {
                if let Some((index, got)) = unique.twice(elements) {
                    let path = join(path, &index.to_string());
                    out.mismatches.push(Mismatch { path, expected: self.to_string(), got, element: None });
                }
            }
            (Template::Ordered(all), Some(Value::Array(elements))) => {
                if let Some((index, expected, got)) = lists::out_of_order(all, elements) {
                    let path = index.map_or_else(|| path.to_owned(), |index| join(path, &index.to_string()));
                    out.mismatches.push(Mismatch { path, expected, got, element: None });
                }
            }
            (Template::OnePer(per), Some(Value::Array(elements))) => {
                for (index, expected, got) in per.departures(elements) {
                    let path = index.map_or_else(|| path.to_owned(), |index| join(path, &index.to_string()));
                    out.mismatches.push(Mismatch { path, expected, got, element: None });
                }
            }
            (Template::Hex(pattern), Some(v)) => {
                let octets = v.as_str().and_then(|text| from_hex(text).ok());
                if octets.is_none_or(|octets| pattern.matches(&octets).is_err()) {
                    miss(show(v));
                }
            }
            (
                Template::Fields(_)
                | Template::Elements(_)
                | Template::Each(_)
                | Template::Count(..)
                | Template::Unique(_)
                | Template::Ordered(_)
                | Template::OnePer(_),
                Some(v),
            ) => miss(show(v)),
        }
    }
}

fn probe(template: &Template, value: Option<&Value>) -> Option<Matched> {
    let mut matched = Matched::default();
    template.check("", value, &mut matched);
    matched.mismatches.is_empty().then_some(matched)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn equal(wanted: &Value, got: &Value) -> bool {
    match (wanted, got) {
        (Value::Number(n), Value::String(s)) => n.to_string() == *s,
        (Value::String(s), Value::Number(n)) => n.to_string() == *s,
        _ => wanted == got,
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(n) => n.as_i64(),
        Value::String(s) => s.parse().ok(),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

fn length_of(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.len(),
        Value::Object(map) => map.len(),
        // Octet fields are upper-case hexadecimal; their length is asked for in octets.
        Value::String(s) if s.len() % 2 == 0 && s.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)) => {
            s.len() / 2
        }
        Value::String(s) => s.chars().count(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
