//! Values of fields: what each type of value looks like in a case, how it is read, and how it is shown.

use std::collections::BTreeMap;
use std::num::{NonZeroU8, NonZeroU16};

use dmsc_octets::{from_hex, to_hex};
use dmsc_uicc::channel::TransportProtocol;
use dmsc_uicc::profile::Facility;
use serde_json::{Map, Value, json};

use super::shape::{FieldSpec, Shape};
use crate::dm::Encoding;
use crate::mutation::Mutation;

/// A type of value that a field can have.
pub trait FieldValue: Sized {
    /// What such a value looks like, for schemas and the reference.
    fn shape() -> Shape;

    /// Reads a value. `null` never comes here unless the type says that it takes it.
    ///
    /// # Errors
    /// What is wrong with it and what would be right, without the name of the field.
    fn read(value: &Value) -> Result<Self, String>;

    /// Whether `null` is a value of its own, and not the absence of one.
    const TAKES_NULL: bool = false;
}

/// Several fields that go together: what one `with`, `reply` or `setup` may hold.
pub trait Group: Sized {
    /// The name of the group, as the reference has it.
    const NAME: &'static str;

    /// Its fields, in the order of the reference.
    fn specs() -> Vec<FieldSpec>;

    /// Reads the fields; those that are not there, or `null`, are left at none.
    ///
    /// # Errors
    /// [`FieldProblem`] with the path of the field at fault.
    fn from_fields(fields: &Map<String, Value>) -> Result<Self, FieldProblem>;
}

/// A field that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct FieldProblem {
    /// The field, as a dotted path.
    pub path: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl FieldProblem {
    /// A problem of a field.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> FieldProblem {
        FieldProblem { path: path.into(), problem: problem.into() }
    }
}

/// Declares a group of fields once: the struct they are read into, how they are read, and how the language, its schemas
/// and its reference describe them.
///
/// The comment of a field is its text in the reference. After its type and `=` stand `secret` for what is kept out
/// of everything that leaves the process, and the unit of the value.
macro_rules! fields {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident = $group:literal {
            $( $(#[doc = $doc:literal])+ $field:ident $(as $written:literal)? : $type:ty $(= $($flag:ident)+)? ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        $vis struct $name {
            $( $(#[doc = $doc])+ $vis $field: Option<$type>, )*
        }

        impl $crate::messages::value::Group for $name {
            const NAME: &'static str = $group;

            fn specs() -> Vec<$crate::messages::FieldSpec> {
                vec![ $(
                    $crate::messages::FieldSpec::new(
                        $crate::messages::value::written!($field $(as $written)?),
                        <$type as $crate::messages::value::FieldValue>::shape(),
                        concat!($($doc),+).trim(),
                    ) $($(.flagged(stringify!($flag)))+)? ,
                )* ]
            }

            fn from_fields(
                fields: &serde_json::Map<String, serde_json::Value>,
            ) -> Result<Self, $crate::messages::value::FieldProblem> {
                #[allow(unused_mut)]
                let mut group = Self::default();
                for (name, value) in fields {
                    match name.as_str() {
                        $( $crate::messages::value::written!($field $(as $written)?) => {
                            group.$field = $crate::messages::value::read_field(name, value)?;
                        } )*
                        _ => return Err($crate::messages::value::unknown::<Self>(name)),
                    }
                }
                Ok(group)
            }
        }
    };
}

/// The name under which a field is written, which differs from that of the struct where that is a word of Rust.
macro_rules! written {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident as $written:literal) => {
        $written
    };
}

pub(crate) use {fields, written};

/// Reads one field of a group.
pub(crate) fn read_field<T: FieldValue>(name: &str, value: &Value) -> Result<Option<T>, FieldProblem> {
    if value.is_null() && !T::TAKES_NULL {
        return Ok(None);
    }
    T::read(value).map(Some).map_err(|problem| FieldProblem::new(name, problem))
}

/// The problem of a field that a group does not have.
pub(crate) fn unknown<G: Group>(name: &str) -> FieldProblem {
    let names: Vec<&str> = G::specs().iter().map(|field| field.name).collect();
    FieldProblem::new(name, format!("no such field among those of `{}`; it has {}", G::NAME, names.join(", ")))
}

/// The problem of a value that does not have the shape of its field.
pub(crate) fn wrong(value: &Value, shape: &Shape) -> String {
    format!("{value} does not fit; it takes: {}", shape.words())
}

impl FieldValue for bool {
    fn shape() -> Shape {
        Shape::Bool
    }

    fn read(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| wrong(value, &Self::shape()))
    }
}

/// A number within bounds, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Within<const LOW: u32, const HIGH: u32>(u32);

impl<const LOW: u32, const HIGH: u32> Within<LOW, HIGH> {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const LOW: u32, const HIGH: u32> FieldValue for Within<LOW, HIGH> {
    fn shape() -> Shape {
        Shape::Int(i64::from(LOW), i64::from(HIGH))
    }

    fn read(value: &Value) -> Result<Self, String> {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let fits = number.filter(|number| (LOW..=HIGH).contains(number));
        fits.map(Within).ok_or_else(|| wrong(value, &Self::shape()))
    }
}

impl FieldValue for u8 {
    fn shape() -> Shape {
        Shape::Int(0, i64::from(u8::MAX))
    }

    fn read(value: &Value) -> Result<Self, String> {
        value.as_u64().and_then(|n| u8::try_from(n).ok()).ok_or_else(|| wrong(value, &Self::shape()))
    }
}

impl FieldValue for u16 {
    fn shape() -> Shape {
        Shape::Int(0, i64::from(u16::MAX))
    }

    fn read(value: &Value) -> Result<Self, String> {
        value.as_u64().and_then(|n| u16::try_from(n).ok()).ok_or_else(|| wrong(value, &Self::shape()))
    }
}

impl FieldValue for NonZeroU8 {
    fn shape() -> Shape {
        Shape::Int(1, i64::from(u8::MAX))
    }

    fn read(value: &Value) -> Result<Self, String> {
        let number = value.as_u64().and_then(|n| u8::try_from(n).ok()).and_then(NonZeroU8::new);
        number.ok_or_else(|| wrong(value, &Self::shape()))
    }
}

impl FieldValue for NonZeroU16 {
    fn shape() -> Shape {
        Shape::Int(1, i64::from(u16::MAX))
    }

    fn read(value: &Value) -> Result<Self, String> {
        let number = value.as_u64().and_then(|n| u16::try_from(n).ok()).and_then(NonZeroU16::new);
        number.ok_or_else(|| wrong(value, &Self::shape()))
    }
}

/// A count, of whatever the field counts.
impl FieldValue for usize {
    fn shape() -> Shape {
        Shape::Int(0, i64::MAX)
    }

    fn read(value: &Value) -> Result<Self, String> {
        value.as_u64().and_then(|n| usize::try_from(n).ok()).ok_or_else(|| wrong(value, &Self::shape()))
    }
}

/// Text; a number is taken as it is written.
impl FieldValue for String {
    fn shape() -> Shape {
        Shape::Text
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(word) => Ok(word.to_string()),
            other => Err(wrong(other, &Self::shape())),
        }
    }
}

/// Text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonEmpty(pub String);

impl FieldValue for NonEmpty {
    fn shape() -> Shape {
        Shape::NonEmptyText
    }

    fn read(value: &Value) -> Result<Self, String> {
        let text = String::read(value)?;
        if text.is_empty() { Err(wrong(value, &Self::shape())) } else { Ok(NonEmpty(text)) }
    }
}

/// Octets, written in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl FieldValue for Octets {
    fn shape() -> Shape {
        Shape::Hex
    }

    fn read(value: &Value) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| wrong(value, &Self::shape()))?;
        from_hex(text).map(Octets).map_err(|error| error.to_string())
    }
}

/// `LOW` to `HIGH` octets, written in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexOf<const LOW: usize, const HIGH: usize>(Vec<u8>);

impl<const LOW: usize, const HIGH: usize> HexOf<LOW, HIGH> {
    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl<const LOW: usize, const HIGH: usize> FieldValue for HexOf<LOW, HIGH> {
    fn shape() -> Shape {
        Shape::HexOf(LOW, HIGH)
    }

    fn read(value: &Value) -> Result<Self, String> {
        let Octets(octets) = Octets::read(value)?;
        if (LOW..=HIGH).contains(&octets.len()) { Ok(HexOf(octets)) } else { Err(wrong(value, &Self::shape())) }
    }
}

/// A body as a case writes it out: `hex:` in front of octets, else text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body(pub Vec<u8>);

impl FieldValue for Body {
    fn shape() -> Shape {
        Shape::Text
    }

    fn read(value: &Value) -> Result<Self, String> {
        let text = String::read(value)?;
        match text.strip_prefix("hex:") {
            Some(hex) => from_hex(hex).map(Body).map_err(|error| error.to_string()),
            None => Ok(Body(text.into_bytes())),
        }
    }
}

impl<T: FieldValue> FieldValue for Vec<T> {
    fn shape() -> Shape {
        T::shape().list()
    }

    fn read(value: &Value) -> Result<Self, String> {
        let elements = value.as_array().ok_or_else(|| wrong(value, &Self::shape()))?;
        let read = |(index, element)| T::read(element).map_err(|problem| format!("{index}: {problem}"));
        elements.iter().enumerate().map(read).collect()
    }
}

/// A list of `LOW` to `HIGH` values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T, const LOW: usize, const HIGH: usize>(Vec<T>);

impl<T, const LOW: usize, const HIGH: usize> Listed<T, LOW, HIGH> {
    /// The values.
    pub fn values(&self) -> &[T] {
        &self.0
    }
}

impl<T: FieldValue, const LOW: usize, const HIGH: usize> FieldValue for Listed<T, LOW, HIGH> {
    fn shape() -> Shape {
        Shape::ListOf(Box::new(T::shape()), LOW, HIGH)
    }

    fn read(value: &Value) -> Result<Self, String> {
        let values = Vec::read(value)?;
        if (LOW..=HIGH).contains(&values.len()) {
            return Ok(Listed(values));
        }
        Err(format!("{} values do not fit; it takes: {}", values.len(), Self::shape().words()))
    }
}

/// Sizes in octets, 1 to 255 each, that are used in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunks(Vec<u8>);

impl Chunks {
    /// The most sizes that a case can give.
    const MOST: usize = 64;

    /// These sizes; none where there is none to use. A piece of nothing is left out.
    pub fn new(sizes: &[u8]) -> Option<Chunks> {
        let sizes: Vec<u8> = sizes.iter().copied().filter(|size| *size > 0).take(Chunks::MOST).collect();
        (!sizes.is_empty()).then_some(Chunks(sizes))
    }

    /// The sizes; never empty.
    pub fn sizes(&self) -> &[u8] {
        &self.0
    }
}

impl FieldValue for Chunks {
    fn shape() -> Shape {
        Listed::<NonZeroU8, 1, { Chunks::MOST }>::shape()
    }

    fn read(value: &Value) -> Result<Self, String> {
        let sizes = Listed::<NonZeroU8, 1, { Chunks::MOST }>::read(value)?;
        Ok(Chunks(sizes.0.into_iter().map(NonZeroU8::get).collect()))
    }
}

/// Numbers with values of one type.
impl<T: FieldValue> FieldValue for BTreeMap<NonZeroU8, T> {
    fn shape() -> Shape {
        Shape::NumberMap(1, i64::from(u8::MAX), Box::new(T::shape()))
    }

    fn read(value: &Value) -> Result<Self, String> {
        let entries = value.as_object().ok_or_else(|| wrong(value, &Self::shape()))?;
        let read = |(name, value): (&String, &Value)| {
            let number = match name.strip_prefix("0x") {
                Some(digits) => u8::from_str_radix(digits, 16).ok().and_then(NonZeroU8::new),
                None => name.parse().ok(),
            };
            let found = number.ok_or_else(|| wrong(&Value::from(name.as_str()), &NonZeroU8::shape()));
            let pair = found.and_then(|number| Ok((number, T::read(value)?)));
            pair.map_err(|problem| format!("{name}: {problem}"))
        };
        entries.iter().map(read).collect()
    }
}

/// Free names with values of one type; a name may be `null`.
impl<T: FieldValue> FieldValue for BTreeMap<String, Option<T>> {
    fn shape() -> Shape {
        T::shape().map()
    }

    fn read(value: &Value) -> Result<Self, String> {
        let entries = value.as_object().ok_or_else(|| wrong(value, &Self::shape()))?;
        let read = |(name, value): (&String, &Value)| match value {
            Value::Null => Ok((name.clone(), None)),
            value => match T::read(value) {
                Ok(value) => Ok((name.clone(), Some(value))),
                Err(problem) => Err(format!("{name}: {problem}")),
            },
        };
        entries.iter().map(read).collect()
    }
}

/// A value, or `null`, which takes out what the message has by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removable<T> {
    /// Nothing in its place.
    Removed,
    /// This value.
    Set(T),
}

impl<T> Removable<T> {
    /// The value, unless it is taken out.
    pub fn into_option(self) -> Option<T> {
        match self {
            Removable::Removed => None,
            Removable::Set(value) => Some(value),
        }
    }
}

impl<T: FieldValue> FieldValue for Removable<T> {
    const TAKES_NULL: bool = true;

    fn shape() -> Shape {
        T::shape()
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value.is_null() { Ok(Removable::Removed) } else { T::read(value).map(Removable::Set) }
    }
}

/// A group within a group.
impl<G: Group> FieldValue for Box<G> {
    fn shape() -> Shape {
        Shape::Record(G::NAME)
    }

    fn read(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or_else(|| wrong(value, &Self::shape()))?;
        G::from_fields(fields).map(Box::new).map_err(|problem| problem.to_string())
    }
}

/// Edits of the octets of a message.
impl FieldValue for Edits {
    fn shape() -> Shape {
        Shape::Edits
    }

    fn read(value: &Value) -> Result<Self, String> {
        serde_json::from_value(value.clone()).map(Edits).map_err(|error| error.to_string())
    }
}

/// Edits of octets, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits(pub Vec<Mutation>);

/// One of the words that stand for the values of an enum.
pub(crate) fn by_name<T: Copy>(value: &Value, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, String> {
    let found = value.as_str().and_then(|word| all.iter().copied().find(|one| name(*one) == word));
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        format!("{value} is none of {}", names.join(", "))
    })
}

impl FieldValue for Encoding {
    fn shape() -> Shape {
        Shape::Name(Encoding::ALL.map(Encoding::name).to_vec())
    }

    fn read(value: &Value) -> Result<Self, String> {
        by_name(value, &Encoding::ALL, Encoding::name)
    }
}

impl FieldValue for TransportProtocol {
    fn shape() -> Shape {
        Shape::Name(TransportProtocol::NAMES.to_vec())
    }

    fn read(value: &Value) -> Result<Self, String> {
        let found = value.as_str().and_then(TransportProtocol::from_name);
        found.ok_or_else(|| wrong(value, &Self::shape()))
    }
}

impl FieldValue for Facility {
    fn shape() -> Shape {
        Shape::Name(Facility::ALL.iter().map(|facility| facility.name()).collect())
    }

    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().and_then(Facility::from_name).ok_or_else(|| wrong(value, &Self::shape()))
    }
}

/// Octets as fields show them.
pub(crate) fn shown(octets: &[u8]) -> Value {
    json!(to_hex(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    fields! {
        /// A group to try things with.
        struct Sample = "sample" {
            /// A number.
            number: Within<1, 9>,
            /// Some octets.
            octets: Octets = secret,
            /// Sizes.
            sizes: Vec<u8> = octets,
            /// Named with a word of Rust.
            kind as "type": Removable<String>,
            /// A group inside.
            inner: Box<Inner>,
        }
    }

    fields! {
        /// The group inside.
        struct Inner = "inner" {
            /// Whether.
            whether: bool,
        }
    }

    fn read(value: Value) -> Result<Sample, String> {
        let Value::Object(fields) = value else { panic!("a mapping") };
        Sample::from_fields(&fields).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_declaration_is_how_fields_are_read() {
        let sample =
            read(json!({ "number": 9, "octets": "0a FF", "type": null, "inner": { "whether": true } })).unwrap();
        assert_eq!(sample.number.map(Within::get), Some(9));
        assert_eq!(sample.octets, Some(Octets(vec![0x0A, 0xFF])));
        assert_eq!((sample.sizes, sample.kind), (None, Some(Removable::Removed)));
        assert_eq!(sample.inner.unwrap().whether, Some(true));
        assert_eq!(read(json!({ "number": null })), Ok(Sample::default()));
    }

    #[test]
    fn problems_name_the_field_and_what_it_takes() {
        assert_eq!(read(json!({ "number": 0 })).unwrap_err(), "number: 0 does not fit; it takes: number 1 to 9");
        assert_eq!(
            read(json!({ "sizes": [1, 256] })).unwrap_err(),
            "sizes: 1: 256 does not fit; it takes: number 0 to 255"
        );
        assert_eq!(
            read(json!({ "inner": { "wether": true } })).unwrap_err(),
            "inner: wether: no such field among those of `inner`; it has whether"
        );
        assert!(read(json!({ "octets": "0g" })).unwrap_err().starts_with("octets: `g` is not a hexadecimal digit"));
    }

    #[test]
    fn a_declaration_is_how_fields_are_described() {
        let specs = Sample::specs();
        let names: Vec<_> = specs.iter().map(|field| field.name).collect();
        assert_eq!(names, ["number", "octets", "sizes", "type", "inner"]);
        assert_eq!((specs[0].doc, &specs[0].shape), ("A number.", &Shape::Int(1, 9)));
        assert!(specs[1].secret && !specs[0].secret);
        assert_eq!(specs[2].unit, Some("octets"));
    }
}
