//! What a document may hold: one description, used to check documents and to publish a JSON
//! Schema of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::node::Node;
use crate::parse::parse;
use crate::problem::{Problem, Problems};
use crate::source::Source;

mod check;
mod describe;
mod json;
mod mapping;
#[cfg(test)]
mod tests;

pub(crate) use check::wrong_type;

/// A name or text of a schema; mostly a literal, at times made from a code table.
pub type Name = Cow<'static, str>;

/// Parses a document and checks it.
///
/// # Errors
/// All that is wrong: of the syntax, or else of the content.
pub fn load(source: &Source, schema: &Schema, definitions: &Definitions) -> Result<Node, Problems> {
    let node = parse(source)?;
    let problems = schema.check(&node, definitions);
    Problems::none_or(source, problems, node)
}

/// What a value may be.
#[derive(Debug, Clone)]
pub enum Schema {
    /// Anything.
    Any,
    /// Nothing: `key:` without a value, or `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int {
        /// The smallest allowed.
        min: i64,
        /// The largest allowed.
        max: i64,
    },
    /// Text.
    Text(Text),
    /// One of several names. A name is compared as written, so `1.2` is the name `1.2`.
    Choice(Vec<Choice>),
    /// Octets in hexadecimal, read as written: `0102` needs no quotes.
    Hex {
        /// How many octets at least.
        min: usize,
        /// How many octets at most.
        max: usize,
        /// Whether `?` and `*` are allowed, see [`dmsc_octets::HexPattern`].
        wildcards: bool,
    },
    /// A duration, see [`crate::parse_duration`].
    Duration,
    /// A sequence.
    Seq {
        /// What each item may be.
        item: Box<Schema>,
        /// How many items at least.
        min: usize,
        /// How many items at most.
        max: usize,
    },
    /// A mapping of known keys.
    Map(Mapping),
    /// A mapping of which one key selects what the others may be.
    Tagged(Tagged),
    /// One of several; see [`Schema::one_of`] for the choice.
    OneOf(Vec<Schema>),
    /// The schema of this name among the definitions.
    Ref(Name),
    /// A schema with a name for error texts, with its article: "an SCR item".
    Named(Name, Box<Schema>),
    /// A schema and a check of the values that comply with it.
    With(Box<Schema>, Check),
}

/// Text, and how it may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text {
    /// Whether any plain scalar is taken as written: `1.20` or `true` without quotes.
    pub verbatim: bool,
    /// Whether it may be empty.
    pub empty: bool,
}

/// One name of a [`Schema::Choice`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The name.
    pub name: Name,
    /// What it means, for editors; may be empty.
    pub doc: Name,
}

/// A mapping.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// The keys it may or must have.
    pub fields: Vec<Field>,
    /// What other keys may be; none when absent.
    pub free: Option<Free>,
    /// Keys that exclude each other.
    pub groups: Vec<Group>,
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub struct Field {
    /// The key.
    pub name: Name,
    /// What its value may be.
    pub schema: Schema,
    /// Whether it must be there.
    pub required: bool,
    /// What it is for: shown in editors, and where it is missing.
    pub doc: Name,
    /// Names it had before; who writes one is told the new name.
    pub former: Vec<Name>,
}

/// Keys that a mapping does not name one by one.
#[derive(Debug, Clone)]
pub struct Free {
    /// What a key may be; a key is text, save where this is a number.
    pub key: Box<Schema>,
    /// What its value may be.
    pub value: Box<Schema>,
}

/// Keys of which at most one may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The keys; all are fields of the mapping.
    pub keys: Vec<Name>,
    /// Whether one of them must be there.
    pub required: bool,
}

/// A mapping with exactly one of several keys, which selects what else it may hold.
#[derive(Debug, Clone, Default)]
pub struct Tagged {
    /// Keys it may hold whichever the selecting one is.
    pub common: Vec<Field>,
    /// The selecting keys.
    pub variants: Vec<Variant>,
}

/// A selecting key.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The key.
    pub key: Name,
    /// What it is for.
    pub doc: Name,
    /// What comes with it.
    pub selector: Selector,
}

/// What a selecting key brings with it.
#[derive(Debug, Clone)]
pub enum Selector {
    /// The same fields whatever the value.
    Key {
        /// What the value may be.
        value: Box<Schema>,
        /// The fields.
        fields: Vec<Field>,
    },
    /// Fields that depend on the value, which is one of several names.
    Value(Vec<Case>),
}

/// A value of a selecting key.
#[derive(Debug, Clone)]
pub struct Case {
    /// The value.
    pub name: Name,
    /// What it means.
    pub doc: Name,
    /// The fields that come with it.
    pub fields: Vec<Field>,
}

/// A check that a schema cannot express.
#[derive(Clone)]
pub struct Check(Arc<CheckFn>);

type CheckFn = dyn Fn(&Node) -> Option<Problem> + Send + Sync;

impl Check {
    /// What the check finds wrong with a value.
    pub fn run(&self, node: &Node) -> Option<Problem> {
        (self.0)(node)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Check")
    }
}

/// Schemas by name, for [`Schema::Ref`].
#[derive(Debug, Clone, Default)]
pub struct Definitions(BTreeMap<Name, Arc<Defined>>);

/// A schema that is made once it is asked for.
struct Defined {
    made: OnceLock<Schema>,
    make: Box<dyn Fn() -> Schema + Send + Sync>,
}

impl Defined {
    fn schema(&self) -> &Schema {
        self.made.get_or_init(&self.make)
    }
}

impl fmt::Debug for Defined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schema().fmt(f)
    }
}

impl Definitions {
    /// No definitions.
    pub fn new() -> Self {
        Self::default()
    }

    /// The definitions with one more; a later one of the same name wins.
    #[must_use]
    pub fn define(self, name: impl Into<Name>, schema: impl Into<Schema>) -> Self {
        let schema = schema.into();
        self.define_with(name, move || schema.clone())
    }

    /// The same with a schema that is made once it is asked for.
    #[must_use]
    pub fn define_with(mut self, name: impl Into<Name>, make: impl Fn() -> Schema + Send + Sync + 'static) -> Self {
        self.0.insert(name.into(), Arc::new(Defined { made: OnceLock::new(), make: Box::new(make) }));
        self
    }

    /// The schema of a name.
    pub fn get(&self, name: &str) -> Option<&Schema> {
        self.0.get(name).map(|defined| defined.schema())
    }

    /// All definitions, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.0.iter().map(|(name, defined)| (name.as_ref(), defined.schema()))
    }
}

impl Schema {
    /// A whole number from `min` to `max`, both included.
    pub fn int(min: i64, max: i64) -> Self {
        Self::Int { min, max }
    }

    /// Text that is not empty. A plain scalar that is a number to YAML must be quoted.
    pub fn text() -> Self {
        Self::Text(Text::default())
    }

    /// Text that is not empty, and any plain scalar as it is written.
    pub fn verbatim() -> Self {
        Self::Text(Text { verbatim: true, empty: false })
    }

    /// One of the names.
    pub fn choice<N: Into<Name>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::documented_choice(names.into_iter().map(|name| (name, "")))
    }

    /// One of the names, each with its meaning.
    pub fn documented_choice<N: Into<Name>, D: Into<Name>>(names: impl IntoIterator<Item = (N, D)>) -> Self {
        let choice = |(name, doc): (N, D)| Choice { name: name.into(), doc: doc.into() };
        Self::Choice(names.into_iter().map(choice).collect())
    }

    /// Octets in hexadecimal, `min` to `max` of them.
    pub fn hex(min: usize, max: usize) -> Self {
        Self::Hex { min, max, wildcards: false }
    }

    /// Octets in hexadecimal, any number of them, with wildcards.
    pub fn hex_pattern() -> Self {
        Self::Hex { min: 0, max: usize::MAX, wildcards: true }
    }

    /// A sequence of any length.
    pub fn seq(item: impl Into<Schema>) -> Self {
        Self::seq_of(item, 0, usize::MAX)
    }

    /// A sequence of `min` to `max` items.
    pub fn seq_of(item: impl Into<Schema>, min: usize, max: usize) -> Self {
        Self::Seq { item: Box::new(item.into()), min, max }
    }

    /// One of several schemas, chosen such that an error is about one of them.
    ///
    /// Only those that take a value of the found type count. Of several for mappings it is the one
    /// that knows most of the keys (a selecting key counts above all others), of several for
    /// sequences the first that takes an item like the first one found; of several for scalars
    /// each may accept the value, and if none does, the error names what all of them expect.
    pub fn one_of(schemas: impl IntoIterator<Item = Schema>) -> Self {
        Self::OneOf(schemas.into_iter().collect())
    }

    /// The schema of a name among the definitions.
    pub fn reference(name: impl Into<Name>) -> Self {
        Self::Ref(name.into())
    }

    /// The schema with a name for error texts, article included: "an SCR item".
    #[must_use]
    pub fn named(self, name: impl Into<Name>) -> Self {
        Self::Named(name.into(), Box::new(self))
    }

    /// A duration in which something can happen: longer than zero.
    #[must_use]
    pub fn time_to_pass() -> Self {
        Self::Duration.with(|node| {
            let time = crate::parse_duration(node.written()?).ok()?;
            let problem = || Problem::new(node.span, "no time is left for anything to happen").label("is no time");
            time.is_zero().then(|| problem().help("write a longer time, or leave the key out for its default"))
        })
    }

    /// The schema with a check of the values that comply with it.
    #[must_use]
    pub fn with(self, check: impl Fn(&Node) -> Option<Problem> + Send + Sync + 'static) -> Self {
        Self::With(Box::new(self), Check(Arc::new(check)))
    }
}

impl From<Mapping> for Schema {
    fn from(mapping: Mapping) -> Self {
        Self::Map(mapping)
    }
}

impl From<Tagged> for Schema {
    fn from(tagged: Tagged) -> Self {
        Self::Tagged(tagged)
    }
}

impl Mapping {
    /// A mapping with these keys and no others.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Self { fields: fields.into_iter().collect(), ..Self::default() }
    }

    /// The mapping with other keys besides.
    #[must_use]
    pub fn free(mut self, key: impl Into<Schema>, value: impl Into<Schema>) -> Self {
        self.free = Some(Free { key: Box::new(key.into()), value: Box::new(value.into()) });
        self
    }

    /// The mapping with at most one of these keys.
    #[must_use]
    pub fn at_most_one<N: Into<Name>>(self, keys: impl IntoIterator<Item = N>) -> Self {
        self.group(keys, false)
    }

    /// The mapping with exactly one of these keys.
    #[must_use]
    pub fn exactly_one<N: Into<Name>>(self, keys: impl IntoIterator<Item = N>) -> Self {
        self.group(keys, true)
    }

    fn group<N: Into<Name>>(mut self, keys: impl IntoIterator<Item = N>, required: bool) -> Self {
        self.groups.push(Group { keys: keys.into_iter().map(Into::into).collect(), required });
        self
    }
}

impl Field {
    /// A key that must be there.
    pub fn required(name: impl Into<Name>, schema: impl Into<Schema>, doc: impl Into<Name>) -> Self {
        Self { required: true, ..Self::optional(name, schema, doc) }
    }

    /// A key that may be there.
    pub fn optional(name: impl Into<Name>, schema: impl Into<Schema>, doc: impl Into<Name>) -> Self {
        Self { name: name.into(), schema: schema.into(), required: false, doc: doc.into(), former: Vec::new() }
    }

    /// The field with a name it had before.
    #[must_use]
    pub fn formerly(mut self, name: impl Into<Name>) -> Self {
        self.former.push(name.into());
        self
    }
}

impl Tagged {
    /// A mapping that may hold these keys besides the selecting one and what that brings.
    pub fn new(common: impl IntoIterator<Item = Field>) -> Self {
        Self { common: common.into_iter().collect(), variants: Vec::new() }
    }

    /// One more selecting key, whose value has a schema of its own.
    #[must_use]
    pub fn key(
        self,
        key: impl Into<Name>,
        doc: impl Into<Name>,
        value: impl Into<Schema>,
        fields: impl IntoIterator<Item = Field>,
    ) -> Self {
        let selector = Selector::Key { value: Box::new(value.into()), fields: fields.into_iter().collect() };
        self.variant(key.into(), doc.into(), selector)
    }

    /// One more selecting key, whose value selects too.
    #[must_use]
    pub fn value(self, key: impl Into<Name>, doc: impl Into<Name>, cases: impl IntoIterator<Item = Case>) -> Self {
        let selector = Selector::Value(cases.into_iter().collect());
        self.variant(key.into(), doc.into(), selector)
    }

    fn variant(mut self, key: Name, doc: Name, selector: Selector) -> Self {
        self.variants.push(Variant { key, doc, selector });
        self
    }
}

impl Case {
    /// A value and the fields that come with it.
    pub fn new(name: impl Into<Name>, doc: impl Into<Name>, fields: impl IntoIterator<Item = Field>) -> Self {
        Self { name: name.into(), doc: doc.into(), fields: fields.into_iter().collect() }
    }
}
