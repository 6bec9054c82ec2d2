//! From nodes to the types of a program: a deserializer that tells what does not fit at its place.
//!
//! Scalars follow [`crate::parse`]. Where text is asked for, any plain scalar is taken as written, so that `0010` and
//! `1.20` need no quotes. Where anything will do, a decimal number that begins with zeros is text too: it is a name or
//! a string of digits, and would lose them as a number.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::node::{Entry, Kind, Node, Value};
use crate::octets::OCTETS;
use crate::parse::parse;
use crate::problem::{Problem, Problems};
use crate::schema::{Definitions, Field, Mapping, Schema, Text, wrong_type};
use crate::source::{Source, Span};

/// Reads a document as a value of a type.
///
/// # Errors
/// What is wrong with the text, or else the first part of it that does not fit the type.
pub fn read<T: DeserializeOwned>(source: &Source) -> Result<T, Problems> {
    let root = parse(source)?;
    root.read().map_err(|problems| Problems::new(source.clone(), problems))
}

impl Node {
    /// Reads the node as a value of a type.
    ///
    /// # Errors
    /// The first part that does not fit the type. Of a mapping with keys that the type does not have, all of those.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<Problem>> {
        T::deserialize(Reader::of(self)).map_err(|fault| fault.at(self, self.span))
    }
}

/// Why a node does not fit.
#[derive(Debug)]
enum Fault {
    /// It is known where.
    Located(Vec<Problem>),
    /// A key that a mapping does not have; its place is found in the mapping.
    UnknownKey { found: String, allowed: &'static [&'static str] },
    /// A name that is none of those allowed.
    UnknownName { found: String, allowed: &'static [&'static str] },
    /// A key that has to be there.
    Missing(&'static str),
    /// A value of another type than expected, in words.
    Type(String),
    /// Anything else, in words.
    Other(String),
}

impl Fault {
    /// The fault of a node. `owner` is where to point for what is missing in it.
    fn at(self, node: &Node, owner: Span) -> Vec<Problem> {
        let or = |problems: Vec<Problem>, message: String| match problems.as_slice() {
            [] => vec![Problem::new(node.span, message)],
            _ => problems,
        };
        match self {
            Self::Located(problems) => problems,
            Self::UnknownKey { found, allowed } => {
                let fields = allowed.iter().map(|name| Field::optional(*name, Schema::Any, ""));
                or(check(&Mapping::new(fields).into(), node), format!("unknown key `{found}`"))
            }
            Self::UnknownName { found, allowed } => {
                or(check(&names(allowed), node), format!("`{found}` is not a value of this key"))
            }
            Self::Missing(name) => vec![
                Problem::new(owner, format!("`{name}` is missing"))
                    .label(format!("`{name}` must stand in this mapping")),
            ],
            Self::Type(expected) => {
                // What takes neither number nor truth value takes text, in the types that are asked for anything.
                let remedy = match node.kind() {
                    Kind::Float | Kind::Bool | Kind::Null => Schema::text(),
                    _ => Schema::Null,
                };
                vec![wrong_type(&[&remedy.named(expected)], node)]
            }
            Self::Other(message) => vec![Problem::new(node.span, message)],
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Located(problems) => {
                let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
                f.write_str(&messages.join("; "))
            }
            Self::UnknownKey { found, .. } => write!(f, "unknown key `{found}`"),
            Self::UnknownName { found, .. } => write!(f, "unknown name `{found}`"),
            Self::Missing(name) => write!(f, "`{name}` is missing"),
            Self::Type(expected) => write!(f, "expected {expected}"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Type(expected.to_string())
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Type(expected.to_string())
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::Other(format!("found a sequence of length {length}, expected {expected}"))
    }

    fn unknown_field(found: &str, allowed: &'static [&'static str]) -> Self {
        Self::UnknownKey { found: found.to_owned(), allowed }
    }

    fn unknown_variant(found: &str, allowed: &'static [&'static str]) -> Self {
        Self::UnknownName { found: found.to_owned(), allowed }
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

fn check(schema: &Schema, node: &Node) -> Vec<Problem> {
    schema.check(node, &Definitions::new())
}

fn names(allowed: &'static [&'static str]) -> Schema {
    Schema::choice(allowed.iter().copied())
}

/// A node being read.
#[derive(Clone, Copy)]
struct Reader<'n> {
    node: &'n Node,
    /// Where to point for what is missing: the key that the node belongs to, if there is one.
    owner: Span,
}

impl<'n> Reader<'n> {
    fn of(node: &'n Node) -> Self {
        Self { node, owner: node.span }
    }

    /// The value of an entry.
    fn value(entry: &'n Entry) -> Self {
        Self { node: &entry.value, owner: entry.key_span }
    }

    /// Gives a fault in reading this node its place.
    fn located<V>(self, result: Result<V, Fault>) -> Result<V, Fault> {
        result.map_err(|fault| match fault {
            // This is the key; the mapping around it knows the others.
            Fault::UnknownKey { .. } if self.node.kind() != Kind::Map => fault,
            fault => Fault::Located(fault.at(self.node, self.owner)),
        })
    }

    /// Refuses the node if it does not comply.
    fn complies(self, schema: &Schema) -> Result<(), Fault> {
        match check(schema, self.node) {
            problems if problems.is_empty() => Ok(()),
            problems => Err(Fault::Located(problems)),
        }
    }

    fn wrong_type<V>(self, expected: &Schema) -> Result<V, Fault> {
        Err(Fault::Located(vec![wrong_type(&[expected], self.node)]))
    }

    fn integer(self, min: i64, max: i64) -> Result<i64, Fault> {
        let schema = Schema::int(min, max);
        self.complies(&schema)?;
        self.node.as_int().map_or_else(|| self.wrong_type(&schema), Ok)
    }

    fn items<'de, V: Visitor<'de>>(self, items: &'n [Node], visitor: V) -> Result<V::Value, Fault> {
        let mut rest = items.iter();
        let value = self.located(visitor.visit_seq(Items(&mut rest)))?;
        match rest.next() {
            Some(item) => Err(Fault::Located(vec![Problem::new(item.span, "more items than expected")])),
            None => Ok(value),
        }
    }

    fn entries<'de, V: Visitor<'de>>(self, entries: &'n [Entry], visitor: V) -> Result<V::Value, Fault> {
        let mut access = Entries { rest: entries.iter(), value: None };
        let value = self.located(visitor.visit_map(&mut access))?;
        match access.rest.next() {
            Some(entry) => Err(Fault::Located(vec![Problem::new(entry.key_span, "more keys than expected")])),
            None => Ok(value),
        }
    }
}

/// Whether a plain number begins with zeros that are no part of its value.
fn has_leading_zero(raw: &str) -> bool {
    let digits = raw.strip_prefix(['-', '+']).unwrap_or(raw);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit())
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let min = i64::try_from(<$type>::MIN).unwrap_or(i64::MIN);
            let max = i64::try_from(<$type>::MAX).unwrap_or(i64::MAX);
            let number = self.integer(min, max)?;
            match <$type>::try_from(number) {
                Ok(number) => self.located(visitor.$visit(number)),
                Err(_) => self.wrong_type(&Schema::int(min, max)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let raw = self.node.raw.as_deref().unwrap_or_default();
        match &self.node.value {
            Value::Null => self.located(visitor.visit_unit()),
            Value::Bool(bool) => self.located(visitor.visit_bool(*bool)),
            Value::Int(_) if has_leading_zero(raw) => self.located(visitor.visit_str(raw)),
            Value::Int(int) => self.located(match u64::try_from(*int) {
                Ok(int) => visitor.visit_u64(int),
                Err(_) => visitor.visit_i64(*int),
            }),
            Value::Float(float) if float.is_finite() => self.located(visitor.visit_f64(*float)),
            Value::Float(_) => self.located(visitor.visit_str(raw)),
            Value::Text(text) => self.located(visitor.visit_str(text)),
            Value::Seq(items) => self.items(items, visitor),
            Value::Map(entries) => self.entries(entries, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.as_bool() {
            Some(bool) => self.located(visitor.visit_bool(bool)),
            None => self.wrong_type(&Schema::Bool),
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.as_f64() {
            Some(number) => self.located(visitor.visit_f64(number)),
            None => self.wrong_type(&Schema::Null.named("a number")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.written() {
            Some(written) => self.located(visitor.visit_str(written)),
            None => self.wrong_type(&Schema::Text(Text { verbatim: true, empty: true })),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.node.is_null() { self.located(visitor.visit_none()) } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        if name == OCTETS {
            // Here the digit that is wrong can be shown.
            self.complies(&Schema::hex(0, usize::MAX))?;
        }
        self.located(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Seq(items) => self.items(items, visitor),
            _ => self.wrong_type(&Schema::seq(Schema::Any)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Map(entries) => self.entries(entries, visitor),
            _ => self.wrong_type(&Mapping::default().into()),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let chosen = match self.node.entries() {
            [entry] => Chosen { key: Node::text(&entry.key, entry.key_span), value: Some(Reader::value(entry)) },
            _ => match self.node.written() {
                Some(written) => Chosen { key: Node::text(written, self.node.span), value: None },
                None => return self.wrong_type(&names(variants)),
            },
        };
        self.located(visitor.visit_enum(chosen))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 bytes byte_buf unit unit_struct }
}

/// The items of a sequence.
struct Items<'a, 'n>(&'a mut std::slice::Iter<'n, Node>);

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.0.next().map(|item| seed.deserialize(Reader::of(item))).transpose()
    }
}

/// The entries of a mapping.
struct Entries<'n> {
    rest: std::slice::Iter<'n, Entry>,
    /// The entry whose key was read last.
    value: Option<&'n Entry>,
}

impl<'de> MapAccess<'de> for &mut Entries<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.value = self.rest.next();
        let key = self.value.map(|entry| Node::text(&entry.key, entry.key_span));
        key.map(|key| seed.deserialize(Reader::of(&key))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        match self.value.take() {
            Some(entry) => seed.deserialize(Reader::value(entry)),
            None => Err(Fault::Other("a value without a key".into())),
        }
    }
}

/// A variant of an enumeration: a name, or a mapping of a name to what comes with it.
struct Chosen<'n> {
    key: Node,
    value: Option<Reader<'n>>,
}

impl<'de, 'n> EnumAccess<'de> for Chosen<'n> {
    type Error = Fault;
    type Variant = Content<'n>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Content<'n>), Fault> {
        Ok((seed.deserialize(Reader::of(&self.key))?, Content(self.value)))
    }
}

/// What comes with a variant.
struct Content<'n>(Option<Reader<'n>>);

impl<'n> Content<'n> {
    fn needed(self) -> Result<Reader<'n>, Fault> {
        self.0.ok_or_else(|| Fault::Other("this name needs a value; write it as `name: value`".into()))
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.0 {
            Some(reader) if !reader.node.is_null() => reader.wrong_type(&Schema::Null),
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self.needed()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.needed()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.needed()?.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests;
