//! The values that a field can have, as its shape tells.

use serde_json::Value;

use crate::http::BODY_LIMIT;
use crate::messages::{Catalogue, SessionForm, Shape};

/// The longest that a text or a list of a message can be: no message has more octets than the body of an HTTP message.
pub(super) const LONGEST: i64 = BODY_LIMIT as i64;

/// Values of one kind.
#[derive(Clone, Debug)]
pub(super) enum Part<'s> {
    /// One of these.
    These(Vec<Value>),
    /// A whole number, bounds included.
    Numbers(i64, i64),
    /// Any text.
    Text,
    /// Octets: pairs of upper-case hexadecimal digits.
    Octets(usize, usize),
    /// A list of values of this shape, so many at least and at most.
    List(Option<&'s Shape>, i64, i64),
    /// A mapping.
    Map(Option<&'s Shape>),
}

/// The kinds of value of a shape; every kind where it is not known.
pub(super) fn parts(shape: Option<&Shape>) -> Vec<Part<'_>> {
    let Some(shape) = shape else {
        let scalars = [bools(), Part::Numbers(i64::MIN, i64::MAX), Part::Text];
        return scalars.into_iter().chain([Part::List(None, 0, LONGEST), Part::Map(None)]).collect();
    };
    let names = |names: &[&'static str]| Part::These(names.iter().map(|name| Value::from(*name)).collect());
    match shape {
        Shape::Bool => vec![bools()],
        Shape::Int(low, high) => vec![Part::Numbers(*low, *high)],
        Shape::Hex => vec![Part::Octets(0, usize::MAX)],
        Shape::HexOf(low, high) => vec![Part::Octets(*low, *high)],
        Shape::HexOrInt => vec![Part::Octets(0, usize::MAX), Part::Numbers(0, 0xFF)],
        Shape::SessionId(SessionForm::Number) => vec![Part::Numbers(0, 0xFFFF)],
        Shape::Text | Shape::NonEmptyText | Shape::Duration | Shape::SessionId(_) => vec![Part::Text],
        Shape::Name(all) => vec![names(all)],
        Shape::Word(words) => vec![names(&words.iter().map(|(word, _)| *word).collect::<Vec<_>>())],
        Shape::NameOrInt(codes) => {
            let known: Vec<_> = codes.iter().map(|(name, _)| *name).collect();
            vec![names(&known), Part::Numbers(0, 0xFF)]
        }
        Shape::WordOr(words, other) => [names(words)].into_iter().chain(parts(Some(other))).collect(),
        Shape::TextOr(other) => [Part::Text].into_iter().chain(parts(Some(other))).collect(),
        Shape::Record(_) | Shape::Map(_) | Shape::NumberMap(..) => vec![Part::Map(Some(shape))],
        Shape::List(of) => vec![Part::List(Some(of), 0, LONGEST)],
        Shape::ListOf(of, low, high) => {
            let bound = |count: usize| i64::try_from(count).unwrap_or(LONGEST).min(LONGEST);
            vec![Part::List(Some(of), bound(*low), bound(*high))]
        }
        Shape::Edits | Shape::Disturbances | Shape::Template(_) => parts(None),
    }
}

fn bools() -> Part<'static> {
    Part::These(vec![Value::Bool(false), Value::Bool(true)])
}

/// The shape of the elements of a list of this shape, if it can be a list.
pub(super) fn item(shape: &Shape) -> Option<&Shape> {
    match shape {
        Shape::List(of) | Shape::ListOf(of, ..) => Some(of),
        Shape::WordOr(_, other) | Shape::TextOr(other) => item(other),
        _ => None,
    }
}

/// The shape of a field of a mapping of this shape, if it can be a mapping that has it.
pub(super) fn field<'s>(shape: &'s Shape, name: &str) -> Option<&'s Shape> {
    match shape {
        Shape::Record(group) => {
            let specs = Catalogue::get().group(group).iter();
            specs.into_iter().find(|spec| spec.name == name).map(|spec| &spec.shape)
        }
        Shape::Map(of) | Shape::NumberMap(.., of) => Some(of),
        Shape::WordOr(_, other) | Shape::TextOr(other) => field(other, name),
        _ => None,
    }
}

/// Whether a value is of a kind that the shape has. Bounds count, the insides of lists and mappings do not.
pub(super) fn admits(shape: Option<&Shape>, value: &Value) -> bool {
    parts(shape).iter().any(|part| match (part, value) {
        (Part::These(all), value) => all.contains(value),
        (Part::Numbers(low, high), Value::Number(number)) => {
            number.as_i64().map_or(shape.is_none(), |number| (*low..=*high).contains(&number))
        }
        (Part::Text, Value::String(_)) | (Part::List(..), Value::Array(_)) | (Part::Map(_), Value::Object(_)) => true,
        (Part::Octets(low, high), Value::String(text)) => {
            let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
            digits && text.len() % 2 == 0 && (*low..=*high).contains(&(text.len() / 2))
        }
        _ => false,
    })
}
