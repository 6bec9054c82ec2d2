//! Templates over the field tree of a message: the matcher algebra of the case language.
//!
//! A template is compiled once from its JSON form. A mapping whose keys are all operators is a matcher; any other
//! mapping lists fields, and fields it does not list are not looked at.

use std::fmt;

use dmsc_octets::{HexPattern, from_hex};
use regex_lite::Regex;
use serde_json::{Map, Value};

/// The words that make a mapping a matcher instead of a list of fields.
pub const OPERATORS: &[&str] =
    &["one_of", "range", "regex", "length", "contains", "each", "hex", "equals", "not", "as", "match", "all_of"];

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

/// The result of matching one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matched {
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
        let mut matched = Matched::default();
        self.check("", Some(value), &mut matched);
        matched
    }

    /// Whether a field tree matches with no departure and no failing alternative.
    pub fn accepts(&self, value: &Value) -> bool {
        let matched = self.matches(value);
        matched.mismatches.is_empty() && matched.weight != Weight::Fail
    }

    fn check(&self, path: &str, value: Option<&Value>, out: &mut Matched) {
        // `null` stands for a field that a message does not have.
        let value = value.filter(|v| !v.is_null());
        let mut miss = |got: String| {
            out.mismatches.push(Mismatch { path: path.to_owned(), expected: self.to_string(), got, element: None });
        };
        match (self, value) {
            (Template::Absent, None) => {}
            (Template::Absent, Some(v)) => miss(show(v)),
            (Template::Not(inner), v) => {
                if probe(inner, v).is_some() {
                    miss(v.map_or("nothing".into(), show));
                }
            }
            (Template::OneOf(alternatives), v) => {
                let taken = alternatives.iter().find_map(|a| probe(&a.template, v).map(|m| (a, m)));
                match taken {
                    None => miss(v.map_or("nothing".into(), show)),
                    Some((alternative, inner)) => {
                        if alternative.weight == Weight::Fail {
                            miss(v.map_or("nothing".into(), show));
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
            (_, None) => miss("nothing".into()),
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
                            expected: format!("an element that is {template}"),
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
            (Template::Hex(pattern), Some(v)) => {
                let octets = v.as_str().and_then(|text| from_hex(text).ok());
                if octets.is_none_or(|octets| pattern.matches(&octets).is_err()) {
                    miss(show(v));
                }
            }
            (Template::Fields(_) | Template::Elements(_) | Template::Each(_), Some(v)) => miss(show(v)),
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

fn compile(value: &Value, path: &str) -> Result<Template, TemplateError> {
    let fail = |message: &str| Err(TemplateError { path: path.to_owned(), message: message.to_owned() });
    match value {
        Value::String(word) if word == "any" => Ok(Template::Any),
        Value::String(word) if word == "absent" => Ok(Template::Absent),
        Value::Null => Ok(Template::Absent),
        Value::Array(elements) => Ok(Template::Elements(compile_all(elements, path)?)),
        Value::Object(map) if map.is_empty() => fail("an empty mapping matches nothing in particular; write `any`"),
        Value::Object(map) if map.keys().all(|key| OPERATORS.contains(&key.as_str())) => compile_operators(map, path),
        Value::Object(map) => {
            if let Some(operator) = map.keys().find(|key| OPERATORS.contains(&key.as_str())) {
                return fail(&format!("`{operator}` is a matcher and cannot stand among field names"));
            }
            let fields = map.iter().map(|(name, inner)| Ok((name.clone(), compile(inner, &join(path, name))?)));
            Ok(Template::Fields(fields.collect::<Result<_, _>>()?))
        }
        scalar => Ok(Template::Equals(scalar.clone())),
    }
}

fn compile_all(elements: &[Value], path: &str) -> Result<Vec<Template>, TemplateError> {
    elements.iter().enumerate().map(|(i, element)| compile(element, &join(path, &i.to_string()))).collect()
}

fn compile_operators(map: &Map<String, Value>, path: &str) -> Result<Template, TemplateError> {
    if let Some(name) = map.get("as") {
        let Some(name) = name.as_str() else {
            return Err(TemplateError { path: path.to_owned(), message: "`as` takes a name".into() });
        };
        let inner = match map.get("match") {
            Some(inner) => compile(inner, &join(path, "match"))?,
            None => Template::Any,
        };
        return Ok(Template::Capture(name.to_owned(), Box::new(inner)));
    }
    let mut all = Vec::new();
    for (operator, argument) in map {
        all.push(compile_operator(operator, argument, &join(path, operator))?);
    }
    match (all.pop(), all.is_empty()) {
        (Some(single), true) => Ok(single),
        (Some(last), false) => {
            all.push(last);
            Ok(Template::AllOf(all))
        }
        (None, _) => Ok(Template::Any),
    }
}

fn compile_operator(operator: &str, argument: &Value, path: &str) -> Result<Template, TemplateError> {
    let fail = |message: String| Err(TemplateError { path: path.to_owned(), message });
    let list = || match argument {
        Value::Array(elements) if !elements.is_empty() => Ok(elements.as_slice()),
        _ => Err(TemplateError {
            path: path.to_owned(),
            message: format!("`{operator}` takes a list that is not empty"),
        }),
    };
    Ok(match operator {
        "equals" => Template::Equals(argument.clone()),
        "not" => Template::Not(Box::new(compile(argument, path)?)),
        "each" => Template::Each(Box::new(compile(argument, path)?)),
        "length" => Template::Length(Box::new(compile(argument, path)?)),
        "all_of" => Template::AllOf(compile_all(list()?, path)?),
        "contains" => match argument {
            Value::Array(_) => Template::Contains(compile_all(list()?, path)?),
            single => Template::Contains(vec![compile(single, path)?]),
        },
        "one_of" => {
            let alternatives = list()?.iter().enumerate();
            let compiled = alternatives.map(|(i, value)| compile_alternative(value, &join(path, &i.to_string())));
            Template::OneOf(compiled.collect::<Result<_, _>>()?)
        }
        "range" => match argument.as_array().map(Vec::as_slice) {
            Some([low, high]) => match (low.as_i64(), high.as_i64()) {
                (Some(low), Some(high)) if low <= high => Template::Range(low, high),
                (Some(low), Some(high)) => {
                    return fail(format!("the range {low} to {high} is empty; the smaller bound comes first"));
                }
                _ => return fail("both bounds of a range are whole numbers".into()),
            },
            _ => return fail("`range` takes two numbers: [lowest, highest]".into()),
        },
        "regex" => match argument.as_str().map(Regex::new) {
            Some(Ok(regex)) => Template::Regex(regex),
            Some(Err(error)) => return fail(format!("not a regular expression: {error}")),
            None => return fail("`regex` takes a text".into()),
        },
        "hex" => match argument.as_str().map(HexPattern::parse) {
            Some(Ok(pattern)) => Template::Hex(pattern),
            _ => {
                return fail(
                    "`hex` takes hexadecimal digits, `?` for any digit and `*` for any octets, in quotes".into(),
                );
            }
        },
        other => return fail(format!("`{other}` stands beside `as` only")),
    })
}

fn compile_alternative(value: &Value, path: &str) -> Result<Alternative, TemplateError> {
    let Some((map, is)) = value.as_object().and_then(|map| map.get("is").map(|is| (map, is))) else {
        return Ok(Alternative { template: compile(value, path)?, weight: Weight::Pass, remark: None });
    };
    let fail = |message: String| Err(TemplateError { path: path.to_owned(), message });
    if let Some(key) = map.keys().find(|key| !["is", "verdict", "remark"].contains(&key.as_str())) {
        return fail(format!("`{key}` is not part of an alternative; it has `is`, `verdict` and `remark`"));
    }
    let weight = match map.get("verdict").map(|v| v.as_str()) {
        None | Some(Some("pass")) => Weight::Pass,
        Some(Some("inconclusive")) => Weight::Inconclusive,
        Some(Some("fail")) => Weight::Fail,
        Some(_) => return fail("the verdict of an alternative is pass, inconclusive or fail".into()),
    };
    let remark = map.get("remark").and_then(Value::as_str).map(str::to_owned);
    Ok(Alternative { template: compile(is, &join(path, "is"))?, weight, remark })
}

/// A value in words, short enough for one line.
pub fn show(value: &Value) -> String {
    let text = match value {
        Value::String(s) => format!("\"{s}\""),
        other => other.to_string(),
    };
    const LIMIT: usize = 160;
    match text.char_indices().nth(LIMIT) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, between: &str, all: &mut dyn Iterator<Item = String>| {
            f.write_str(&all.collect::<Vec<_>>().join(between))
        };
        match self {
            Template::Any => f.write_str("anything"),
            Template::Absent => f.write_str("nothing"),
            Template::Equals(value) => f.write_str(&show(value)),
            Template::Fields(fields) => {
                f.write_str("{ ")?;
                list(f, ", ", &mut fields.iter().map(|(name, t)| format!("{name}: {t}")))?;
                f.write_str(" }")
            }
            Template::Elements(all) => {
                f.write_str("[")?;
                list(f, ", ", &mut all.iter().map(ToString::to_string))?;
                f.write_str("]")
            }
            Template::OneOf(all) => {
                let good = all.iter().filter(|a| a.weight != Weight::Fail);
                list(f, " or ", &mut good.map(|a| a.template.to_string()))
            }
            Template::Range(low, high) => write!(f, "a number from {low} to {high}"),
            Template::Regex(regex) => write!(f, "text matching /{}/", regex.as_str()),
            Template::Length(inner) => write!(f, "a length of {inner}"),
            Template::Contains(all) => {
                f.write_str("something containing ")?;
                list(f, " and ", &mut all.iter().map(ToString::to_string))
            }
            Template::Each(inner) => write!(f, "elements each {inner}"),
            Template::Hex(pattern) => write!(f, "octets {pattern}"),
            Template::Not(inner) => write!(f, "anything but {inner}"),
            Template::AllOf(all) => list(f, " and ", &mut all.iter().map(ToString::to_string)),
            Template::Capture(_, inner) => inner.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(value: Value) -> Template {
        Template::compile(&value).unwrap()
    }

    fn accepts(t: Value, v: Value) -> bool {
        template(t).accepts(&v)
    }

    #[test]
    fn fields_that_are_not_listed_are_free() {
        assert!(accepts(json!({"a": 1}), json!({"a": 1, "b": 2})));
        assert!(!accepts(json!({"a": 1}), json!({"b": 2})));
        assert!(accepts(json!({"a": "absent"}), json!({"b": 2})));
        assert!(!accepts(json!({"a": "absent"}), json!({"a": 0})));
        assert!(accepts(json!({"a": {"b": "absent"}}), json!({})));
    }

    #[test]
    fn a_number_matches_the_text_that_writes_it() {
        assert!(accepts(json!(1200), json!("1200")));
        assert!(accepts(json!("1200"), json!(1200)));
        assert!(!accepts(json!(1200), json!("01200")));
    }

    #[test]
    fn operators_do_what_they_say() {
        assert!(accepts(json!({"range": [1, 3]}), json!(3)));
        assert!(!accepts(json!({"range": [1, 3]}), json!("4")));
        assert!(accepts(json!({"regex": "^[0-9A-F]{1,4}$"}), json!("A5")));
        assert!(accepts(json!({"length": 2}), json!("00FF")));
        assert!(accepts(json!({"length": {"range": [1, 9]}}), json!("text")));
        assert!(accepts(json!({"contains": [{"a": 1}, {"a": 2}]}), json!([{"a": 2}, {"a": 3}, {"a": 1}])));
        assert!(!accepts(json!({"contains": [{"a": 4}]}), json!([{"a": 2}])));
        assert!(accepts(json!({"contains": "syncml"}), json!("application/vnd.syncml.dm+xml")));
        assert!(accepts(json!({"each": {"a": "any"}}), json!([{"a": 2}, {"a": 3}])));
        assert!(accepts(json!({"hex": "02 D? * FF"}), json!("02D80000FF")));
        assert!(accepts(json!({"hex": "02*"}), json!("02")));
        assert!(!accepts(json!({"hex": "02 ??"}), json!("02D800")));
        assert!(accepts(json!({"not": "any"}), json!(null)));
        assert!(accepts(json!({"equals": "any"}), json!("any")));
        assert!(accepts(json!([1, "any"]), json!([1, 2])));
        assert!(!accepts(json!([1]), json!([1, 2])));
    }

    #[test]
    fn wildcards_take_time_in_proportion_to_the_octets() {
        // With backtracking over each wildcard this would not end.
        assert!(!accepts(json!({"hex": "*00*00*00*00*FF"}), json!("00".repeat(4096))));
        assert!(accepts(json!({"hex": "*00*00*00*00*FF"}), json!(format!("{}FF", "00".repeat(4096)))));
    }

    #[test]
    fn an_alternative_carries_its_verdict_and_remark() {
        let t = template(
            json!({"one_of": [0, {"is": 7, "verdict": "inconclusive", "remark": "cut"}, {"is": 9, "verdict": "fail"}]}),
        );
        assert_eq!(t.matches(&json!(0)).weight, Weight::Pass);
        let seven = t.matches(&json!(7));
        assert_eq!((seven.weight, seven.remarks), (Weight::Inconclusive, vec!["cut".to_owned()]));
        assert_eq!(t.matches(&json!(9)).mismatches.len(), 1);
        let other = t.matches(&json!(8));
        assert_eq!(other.mismatches[0].expected, "0 or 7");
    }

    #[test]
    fn a_value_is_kept_under_its_name() {
        let t = template(json!({"sid": {"as": "session", "match": {"regex": "^A"}}}));
        assert_eq!(t.matches(&json!({"sid": "A5"})).captures, vec![("session".to_owned(), json!("A5"))]);
        assert_eq!(t.matches(&json!({"sid": "B5"})).mismatches[0].path, "sid");
    }

    #[test]
    fn impossible_matchers_are_refused_with_their_place() {
        let error = |v: Value| Template::compile(&v).unwrap_err().to_string();
        assert_eq!(
            error(json!({"a": {"range": [3, 1]}})),
            "a.range: the range 3 to 1 is empty; the smaller bound comes first"
        );
        assert!(error(json!({"a": {"regex": "("}})).starts_with("a.regex: not a regular expression"));
        assert!(error(json!({"a": {"one_of": []}})).contains("not empty"));
        assert!(error(json!({"range": [1, 2], "port": 1})).contains("cannot stand among field names"));
        assert!(error(json!({"hex": "0G"})).contains("hexadecimal digits"));
    }
}
