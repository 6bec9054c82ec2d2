//! Names in cases: `${encoding}`, `${ixit.server_id}`, `${first.session_id}`.
//!
//! Parameters and the variables of an include are known when a case is loaded, and stand in its steps already.
//! Values of the IXIT and captures are known when it runs: [`substitute`] puts them in.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use dmsc_doc::{Node, Problem, Schema, nearest};
use dmsc_engine::messages::normalise;
use dmsc_engine::mutation::Mutation;
use dmsc_engine::patch::Change;
use dmsc_engine::template::{Template, TemplateError};
use dmsc_scr::Readings;
use serde_json::{Map, Value};

use crate::reading;

/// The values that names stand for while a case runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    values: Map<String, Value>,
    readings: Readings,
}

/// A name that stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariable {
    /// The name, as in `ixit.server_id`.
    pub name: String,
    /// The part of it that is unknown.
    pub part: String,
    /// What is known in its place.
    pub known: Vec<String>,
}

/// Why a part of a step cannot be made ready to run; the case is at fault.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VariableError {
    /// A name without a value.
    #[error(transparent)]
    Unknown(#[from] UnknownVariable),
    /// A template that is impossible with the values put in.
    #[error("{0}")]
    Template(#[from] TemplateError),
    /// Edits that are impossible with the values put in.
    #[error("mutate: {0}; check the values that the names stand for")]
    Mutation(String),
    /// Text that is no duration with the values put in.
    #[error("{0}")]
    Duration(String),
}

impl std::error::Error for UnknownVariable {}

impl fmt::Display for UnknownVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`${{{}}}`: nothing is called `{}` here", self.name, self.part)?;
        match nearest(&self.part, self.known.iter().map(String::as_str)) {
            Some(near) => write!(f, "; did you mean `{near}`?"),
            None if self.known.is_empty() => Ok(()),
            None => write!(f, "; known: {}", self.known.join(", ")),
        }
    }
}

impl Scope {
    /// A scope without names.
    pub fn new() -> Scope {
        Scope::default()
    }

    /// The same scope with these readings in force.
    pub fn under(mut self, readings: Readings) -> Scope {
        self.readings = readings;
        self
    }

    /// The readings in force.
    pub fn readings(&self) -> &Readings {
        &self.readings
    }

    /// Gives a name a value; a name that had one before has this one now.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.values.insert(name.into(), value);
    }

    /// The value of a dotted name; numbers select elements of lists.
    ///
    /// # Errors
    /// [`UnknownVariable`] tells which part of the name is unknown.
    pub fn get(&self, name: &str) -> Result<&Value, UnknownVariable> {
        let mut parts = name.split('.');
        let first = parts.next().unwrap_or_default();
        let unknown =
            |part: &str, known: Vec<String>| UnknownVariable { name: name.to_owned(), part: part.to_owned(), known };
        let mut value = self.values.get(first).ok_or_else(|| unknown(first, self.values.keys().cloned().collect()))?;
        for part in parts {
            let inner = match value {
                Value::Object(map) => map.get(part),
                Value::Array(elements) => part.parse::<usize>().ok().and_then(|index| elements.get(index)),
                _ => None,
            };
            value = inner.ok_or_else(|| unknown(part, members(value)))?;
        }
        Ok(value)
    }
}

fn members(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(elements) => (0..elements.len()).map(|index| index.to_string()).collect(),
        _ => Vec::new(),
    }
}

/// Puts values for the names in a tree, keys excepted. A text that is nothing but a name takes the value with its
/// type; within other text the value is written out.
///
/// # Errors
/// [`UnknownVariable`] for the first name without a value.
pub fn substitute(value: &Value, scope: &Scope) -> Result<Value, UnknownVariable> {
    Ok(match value {
        Value::String(text) => substitute_text(text, scope)?,
        Value::Array(elements) => {
            Value::Array(elements.iter().map(|element| substitute(element, scope)).collect::<Result<_, _>>()?)
        }
        Value::Object(map) => Value::Object(substitute_map(map, scope)?),
        other => other.clone(),
    })
}

fn substitute_map(map: &Map<String, Value>, scope: &Scope) -> Result<Map<String, Value>, UnknownVariable> {
    map.iter().map(|(key, value)| Ok((key.clone(), substitute(value, scope)?))).collect()
}

fn substitute_text(text: &str, scope: &Scope) -> Result<Value, UnknownVariable> {
    let references = references(text).unwrap_or_default();
    if let [only] = references.as_slice()
        && only.span == (0..text.len())
    {
        return scope.get(&only.name).cloned();
    }
    let mut out = String::new();
    let mut at = 0;
    for reference in references {
        out.push_str(text.get(at..reference.span.start).unwrap_or_default());
        out.push_str(&written(scope.get(&reference.name)?));
        at = reference.span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Ok(Value::String(out))
}

/// A text for a person with the names put in that have a value; as it is where one has none.
pub fn filled<'t>(text: &'t str, scope: &Scope) -> Cow<'t, str> {
    if !text.contains('$') {
        return text.into();
    }
    match substitute_text(text, scope) {
        Ok(Value::String(filled)) => filled.into(),
        _ => text.into(),
    }
}

/// A value as it stands within a text.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The change that a `with` or `reply` and a `mutate` ask for, names put in.
///
/// # Errors
/// [`VariableError`] when a name has no value or an edit is impossible.
pub fn change(with: &Map<String, Value>, mutate: &[Value], scope: &Scope) -> Result<Change, VariableError> {
    let mutate = mutate
        .iter()
        .map(|edit| {
            serde_json::from_value::<Mutation>(substitute(edit, scope)?)
                .map_err(|error| VariableError::Mutation(error.to_string()))
        })
        .collect::<Result<_, VariableError>>()?;
    Ok(Change { with: substitute_map(with, scope)?, mutate, drop: false })
}

/// The template of a `match` or `where` over the fields of a group, under the readings in force, names put in.
///
/// # Errors
/// [`VariableError`] when a name has no value or a matcher is impossible.
pub fn template(value: &Value, scope: &Scope, group: &str) -> Result<Template, VariableError> {
    let mut template = reading::in_force(substitute(value, scope)?, &scope.readings);
    // What a name stands for may be written as another message shows it.
    normalise(&mut template, group);
    Ok(Template::compile(&template)?)
}

/// Whether a value has variables in it.
pub fn is_open(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('$'),
        Value::Array(elements) => elements.iter().any(is_open),
        Value::Object(map) => map.values().any(is_open),
        _ => false,
    }
}

/// A `${name}` within a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Octet offsets in the text, from `$` to after `}`.
    pub(crate) span: Range<usize>,
    /// The name.
    pub(crate) name: String,
}

/// The names in a text.
///
/// `Err` gives the place and the text of what is wrong with one of them.
pub(crate) fn references(text: &str) -> Result<Vec<Reference>, (Range<usize>, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("${")).map(|offset| at + offset) {
        let Some(length) = text.get(start..).and_then(|rest| rest.find('}')) else {
            return Err((start..text.len(), "`${` without `}`".to_owned()));
        };
        let span = start..start + length + 1;
        let name = text.get(start + 2..start + length).unwrap_or_default();
        if !is_name(name, true) {
            return Err((span, format!("`{name}` is not a name")));
        }
        at = span.end;
        found.push(Reference { span, name: name.to_owned() });
    }
    Ok(found)
}

/// Whether a text can be a name; dots select members.
fn is_name(text: &str, dots: bool) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        && (dots || !text.contains('.'))
}

/// The name under which something is kept.
pub(crate) fn name_schema() -> Schema {
    Schema::text().with(|node| {
        let name = node.as_str()?;
        let problem = if !is_name(name, false) {
            Problem::new(node.span, format!("`{name}` is not a name")).label("letters, digits, `_` and `-` only")
        } else if RESERVED.contains(&name) {
            Problem::new(node.span, format!("`{name}` is taken")).label("stands for values of the DUT file")
        } else {
            return None;
        };
        Some(problem.help("choose another name"))
    })
}

/// Names that are there before a case begins.
pub(crate) const RESERVED: [&str; 3] = ["ixit", "dut", "link"];

/// Puts nodes for those names in a tree that are known, keys excepted; other names stay.
pub(crate) fn fill(node: &Node, known: &[(String, Node)]) -> Node {
    use dmsc_doc::{Entry, Value as Doc};
    let value = match &node.value {
        Doc::Text(text) => return fill_text(node, text, known),
        Doc::Seq(items) => Doc::Seq(items.iter().map(|item| fill(item, known)).collect()),
        Doc::Map(entries) => {
            let filled = |entry: &Entry| Entry {
                key: entry.key.clone(),
                key_span: entry.key_span,
                value: fill(&entry.value, known),
            };
            Doc::Map(entries.iter().map(filled).collect())
        }
        _ => return node.clone(),
    };
    Node { value, raw: node.raw.clone(), span: node.span, plain: node.plain }
}

fn fill_text(node: &Node, text: &str, known: &[(String, Node)]) -> Node {
    if !text.contains('$') {
        return node.clone();
    }
    let Ok(references) = references(text) else { return node.clone() };
    let value_of = |reference: &Reference| known.iter().find(|(name, _)| *name == reference.name).map(|(_, node)| node);
    if let [only] = references.as_slice()
        && only.span == (0..text.len())
    {
        // The value with its type, where the name stands.
        return value_of(only).map_or_else(|| node.clone(), |value| moved(value, node));
    }
    let mut out = text.to_owned();
    for reference in references.iter().rev() {
        if let Some(value) = value_of(reference) {
            let text = value.written().map_or_else(|| value.to_json().to_string(), str::to_owned);
            out.replace_range(reference.span.clone(), &text);
        }
    }
    Node { value: dmsc_doc::Value::Text(out.clone()), raw: Some(out), span: node.span, plain: node.plain }
}

/// A node with all its parts at the place of another.
fn moved(node: &Node, to: &Node) -> Node {
    use dmsc_doc::{Entry, Value as Doc};
    let value = match &node.value {
        Doc::Seq(items) => Doc::Seq(items.iter().map(|item| moved(item, to)).collect()),
        Doc::Map(entries) => Doc::Map(
            entries
                .iter()
                .map(|entry| Entry { key: entry.key.clone(), key_span: to.span, value: moved(&entry.value, to) })
                .collect(),
        ),
        other => other.clone(),
    };
    Node { span: to.span, value, raw: node.raw.clone(), plain: node.plain }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::new();
        scope.set("ixit", json!({ "server_id": "s", "http_port": 3516 }));
        scope.set("first", json!({ "session_id": "A0B", "alerts": [1200] }));
        scope.set("number", json!(0x0A0B));
        scope
    }

    #[test]
    fn a_whole_text_keeps_the_type() {
        let value = json!({ "port": "${ixit.http_port}", "code": "${first.alerts.0}", "url": "x:${ixit.http_port}/${ixit.server_id}" });
        assert_eq!(substitute(&value, &scope()).unwrap(), json!({ "port": 3516, "code": 1200, "url": "x:3516/s" }));
        assert_eq!(substitute(&json!("${first}"), &scope()).unwrap()["session_id"], "A0B");
        assert_eq!(substitute(&json!("$5 {x} $"), &scope()).unwrap(), "$5 {x} $");
    }

    #[test]
    fn an_unknown_name_is_told_with_the_nearest() {
        let error = |text: &str| substitute(&json!(text), &scope()).unwrap_err().to_string();
        assert_eq!(
            error("${ixit.serverid}"),
            "`${ixit.serverid}`: nothing is called `serverid` here; did you mean `server_id`?"
        );
        assert_eq!(error("${nix}"), "`${nix}`: nothing is called `nix` here; known: ixit, first, number");
        assert_eq!(error("${first.alerts.1}"), "`${first.alerts.1}`: nothing is called `1` here; known: 0");
        assert_eq!(error("${first.session_id.x}"), "`${first.session_id.x}`: nothing is called `x` here");
    }

    #[test]
    fn changes_and_templates_are_made_with_the_values_in() {
        let Value::Object(with) = json!({ "server_id": "${ixit.server_id}" }) else { panic!("a mapping") };
        let made = change(&with, &[json!({ "append": "AA" })], &scope()).unwrap();
        assert_eq!((made.with["server_id"].clone(), made.mutate.len()), (json!("s"), 1));
        let error = change(&with, &[json!({ "append": "${ixit.http_port}" })], &scope()).unwrap_err();
        assert!(error.to_string().starts_with("mutate: "), "{error}");
        let template = |value: Value| template(&value, &scope(), "dm.message").unwrap();
        assert!(template(json!({ "session_id": "${number}" })).accepts(&json!({ "session_id": "A0B" })));
        let template = template(json!({ "session_id": "${first.session_id}" }));
        assert!(template.accepts(&json!({ "session_id": "A0B" })));
        assert!(!template.accepts(&json!({ "session_id": "A0C" })));
    }

    #[test]
    fn names_are_found_or_refused() {
        let names = |text: &str| references(text).map(|all| all.into_iter().map(|r| r.name).collect::<Vec<_>>());
        assert_eq!(names("a ${b} ${c.d}"), Ok(vec!["b".to_owned(), "c.d".to_owned()]));
        assert_eq!(names("a ${b"), Err((2..5, "`${` without `}`".to_owned())));
        assert_eq!(names("${}"), Err((0..3, "`` is not a name".to_owned())));
        assert_eq!(names("${a b}"), Err((0..6, "`a b` is not a name".to_owned())));
    }
}
