//! Schemas and values in words, and which types of value a schema takes.

use super::{Definitions, Schema};
use crate::node::{Kind, Node};
use crate::scalar;

/// How many references and alternatives may lead to each other before a value is looked at; a
/// definition that only refers to itself ends here.
const HOPS: usize = 16;

/// More names than this are counted, not listed, inside a sentence.
const LISTED: usize = 12;

/// The schemas that a schema offers: one, or the alternatives with references followed.
///
/// `Err` is the name of a definition that does not exist.
pub(super) fn alternatives<'s>(schema: &'s Schema, definitions: &'s Definitions) -> Result<Vec<&'s Schema>, &'s str> {
    let mut found = Vec::new();
    collect(schema, definitions, HOPS, &mut found)?;
    Ok(found)
}

fn collect<'s>(
    schema: &'s Schema,
    definitions: &'s Definitions,
    hops: usize,
    found: &mut Vec<&'s Schema>,
) -> Result<(), &'s str> {
    let next = hops.checked_sub(1);
    match (schema, next) {
        (Schema::Ref(name), None) => Err(name),
        (Schema::Ref(name), Some(next)) => {
            let schema = definitions.get(name).ok_or(name.as_ref())?;
            collect(schema, definitions, next, found)
        }
        (Schema::OneOf(schemas), Some(next)) => {
            let mut all = schemas.iter();
            all.try_for_each(|schema| collect(schema, definitions, next, found))
        }
        _ => {
            found.push(schema);
            Ok(())
        }
    }
}

/// The schema inside names, checks and references, if there is exactly one.
pub(super) fn bare<'s>(schema: &'s Schema, definitions: &'s Definitions) -> &'s Schema {
    let mut schema = schema;
    for _ in 0..HOPS {
        schema = match schema {
            Schema::Named(_, inner) | Schema::With(inner, _) => inner,
            Schema::Ref(name) => match definitions.get(name) {
                Some(schema) => schema,
                None => return schema,
            },
            _ => return schema,
        };
    }
    schema
}

/// How well a schema takes values of the type that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Agreement {
    /// Not at all.
    None,
    /// As written only: a number where octets or a name stand.
    Written,
    /// By its type.
    Native,
}

pub(super) fn fit(schema: &Schema, node: &Node, definitions: &Definitions) -> Agreement {
    let written = match node.kind() {
        Kind::Text => Agreement::Native,
        Kind::Int | Kind::Float | Kind::Bool if node.plain => Agreement::Written,
        _ => Agreement::None,
    };
    let native = |native: bool| if native { Agreement::Native } else { Agreement::None };
    match bare(schema, definitions) {
        Schema::Any => Agreement::Native,
        Schema::Null => native(node.is_null()),
        Schema::Bool => native(node.kind() == Kind::Bool),
        // An integer of any size, though those beyond 64 bits are kept as text.
        Schema::Int { .. } => native(node.kind() == Kind::Int || is_huge(node)),
        Schema::Text(text) if text.verbatim => written,
        Schema::Text(_) | Schema::Duration => native(node.kind() == Kind::Text),
        Schema::Choice(_) | Schema::Hex { .. } => written,
        Schema::Seq { .. } => native(node.kind() == Kind::Seq),
        Schema::Map(_) | Schema::Tagged(_) => native(node.kind() == Kind::Map),
        schema @ Schema::OneOf(_) => match alternatives(schema, definitions) {
            Ok(schemas) => schemas
                .iter()
                .filter(|inner| !matches!(bare(inner, definitions), Schema::OneOf(_)))
                .map(|inner| fit(inner, node, definitions))
                .max()
                .unwrap_or(Agreement::None),
            Err(_) => Agreement::None,
        },
        Schema::Ref(_) | Schema::Named(..) | Schema::With(..) => Agreement::None,
    }
}

/// Whether a node is an integer beyond 64 bits.
pub(super) fn is_huge(node: &Node) -> bool {
    node.plain && node.as_str().is_some_and(scalar::is_integer)
}

/// What a schema expects, in words that follow "expected".
pub(super) fn expectation(schema: &Schema) -> String {
    match schema {
        Schema::Any => "anything".to_owned(),
        Schema::Null => "nothing".to_owned(),
        Schema::Bool => "`true` or `false`".to_owned(),
        Schema::Int { min, max } => format!("a whole number{}", range(*min, *max)),
        Schema::Text(_) => "text".to_owned(),
        Schema::Choice(choices) if choices.len() > LISTED => {
            format!("one of {} names", choices.len())
        }
        Schema::Choice(choices) => list(choices.iter().map(|choice| choice.name.as_ref())),
        Schema::Hex { .. } => "octets in hexadecimal".to_owned(),
        Schema::Duration => "a duration such as `60 s`".to_owned(),
        Schema::Seq { .. } => "a sequence".to_owned(),
        Schema::Map(_) => "a mapping".to_owned(),
        Schema::Tagged(tagged) => {
            let keys = list(tagged.variants.iter().map(|variant| variant.key.as_ref()));
            format!("a mapping with {keys}")
        }
        Schema::OneOf(schemas) => expectations(schemas.iter()),
        Schema::Ref(name) => format!("`{name}`"),
        Schema::Named(name, _) => name.clone().into_owned(),
        Schema::With(inner, _) => expectation(inner),
    }
}

/// What any of several schemas expects.
pub(super) fn expectations<'s>(schemas: impl Iterator<Item = &'s Schema>) -> String {
    let mut words: Vec<String> = Vec::new();
    for schema in schemas {
        let next = match schema {
            // Names join the list one by one, so that it has only one "or".
            Schema::Choice(choices) if choices.len() <= LISTED => {
                let quoted = choices.iter().map(|choice| format!("`{}`", choice.name));
                quoted.collect()
            }
            schema => vec![expectation(schema)],
        };
        for word in next {
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    join(words)
}

/// A range of numbers as it follows a noun; nothing where there is no limit.
fn range(min: i64, max: i64) -> String {
    match (min, max) {
        (i64::MIN, i64::MAX) => String::new(),
        (min, i64::MAX) => format!(" of at least {min}"),
        (i64::MIN, max) => format!(" of at most {max}"),
        (min, max) => format!(" from {min} to {max}"),
    }
}

/// Names in code quotes: `a`, `b` or `c`.
pub(super) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    join(names.map(|name| format!("`{name}`")).collect())
}

fn join(mut words: Vec<String>) -> String {
    match words.pop() {
        None => "nothing".to_owned(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
    }
}

/// A value as it is called in "found ...".
pub(super) fn found(node: &Node) -> String {
    let kind = match node.kind() {
        Kind::Text if is_huge(node) => Kind::Int,
        kind => kind,
    };
    match (kind, node.written()) {
        (Kind::Text, Some("")) => "empty text".to_owned(),
        (Kind::Text | Kind::Bool | Kind::Int | Kind::Float, Some(written)) => {
            let noun = kind.to_string();
            let noun = noun.strip_prefix("a ").unwrap_or(&noun);
            let article = if kind == Kind::Text { "" } else { "the " };
            format!("{article}{noun} `{}`", clip(written))
        }
        _ => kind.to_string(),
    }
}

/// The start of a text, enough to recognise it.
fn clip(text: &str) -> String {
    const LENGTH: usize = 40;
    let line = text.lines().next().unwrap_or("");
    let mut clipped: String = line.chars().take(LENGTH).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}
