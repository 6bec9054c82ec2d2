//! The shape of a field's value.

use dmsc_uicc::fields::{FieldInfo, FieldKind};

use crate::notation::{self, Notation};

/// One field of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldSpec {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// What it means.
    pub doc: &'static str,
    /// What its value is counted in, where that is not said by the shape.
    pub unit: Option<&'static str>,
    /// How its number, or the numbers in it, are written for a person.
    pub notation: Notation,
    /// Whether its value is kept out of everything that leaves the process.
    pub secret: bool,
}

/// What a value looks like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// True or false.
    Bool,
    /// A whole number, bounds included.
    Int(i64, i64),
    /// Octets in hexadecimal.
    Hex,
    /// Octets in hexadecimal, so many at least and at most.
    HexOf(usize, usize),
    /// Octets in hexadecimal, or a number for one octet.
    HexOrInt,
    /// Text; a number is taken as it is written.
    Text,
    /// Text that is not empty; a number is taken as it is written.
    NonEmptyText,
    /// A duration with its unit.
    Duration,
    /// One of these names.
    Name(Vec<&'static str>),
    /// One of these words, each with what it means.
    Word(Vec<(&'static str, &'static str)>),
    /// One of these names, each with its code, or the number of a code.
    NameOrInt(Vec<(&'static str, u8)>),
    /// A session id.
    SessionId(SessionForm),
    /// One of these words, or something else.
    WordOr(Vec<&'static str>, Box<Shape>),
    /// Text, or something else.
    TextOr(Box<Shape>),
    /// A mapping with the fields of a group.
    Record(&'static str),
    /// A list of values of one shape.
    List(Box<Shape>),
    /// A list of values of one shape, so many at least and at most.
    ListOf(Box<Shape>, usize, usize),
    /// A mapping with numbers as keys, bounds included, and values of one shape.
    NumberMap(i64, i64, Box<Shape>),
    /// A mapping with free keys and values of one shape.
    Map(Box<Shape>),
    /// Edits of octets.
    Edits,
    /// What goes wrong on the link.
    Disturbances,
    /// A template over the fields of a group.
    Template(&'static str),
}

/// How a session id is shown, or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionForm {
    /// A DM message shows it as text: upper-case hexadecimal without leading zeros (DMNOTI 6.2).
    Text,
    /// A notification shows it as a number.
    Number,
    /// What a DM message is to carry: the text of a number, or any other text.
    Free,
}

impl FieldSpec {
    /// A field.
    pub fn new(name: &'static str, shape: Shape, doc: &'static str) -> FieldSpec {
        FieldSpec { name, shape, doc, unit: None, notation: Notation::Decimal, secret: false }
    }

    /// What its value looks like, in a few words, for tables.
    pub fn words(&self) -> String {
        let unit = self.unit.map(|unit| format!(", in {unit}")).unwrap_or_default();
        let secret = if self.secret { "; kept out of logs and reports" } else { "" };
        format!("{}{unit}{secret}", self.shape.words())
    }

    /// The same with what a declaration says after the type of the field: `secret`, `code`, `status_word`, or a unit.
    #[must_use]
    pub(crate) fn flagged(self, flag: &'static str) -> FieldSpec {
        match flag {
            "secret" => FieldSpec { secret: true, ..self },
            "code" => FieldSpec { notation: Notation::Code, ..self },
            "status_word" => FieldSpec { notation: Notation::StatusWord, ..self },
            unit => FieldSpec { unit: Some(unit), ..self },
        }
    }

    pub(crate) fn of_cat(info: &FieldInfo) -> FieldSpec {
        let notation = if info.kind.holds_codes() { Notation::Code } else { Notation::Decimal };
        FieldSpec { notation, ..FieldSpec::new(info.name, Shape::of_cat(info.name, info.kind), info.doc) }
    }

    /// What is known of how its value is written.
    pub(super) fn written(&self) -> notation::Field {
        notation::Field { notation: self.notation, group: self.shape.group() }
    }
}

impl Shape {
    /// A count of something.
    pub(crate) const COUNT: Shape = Shape::Int(0, i64::MAX);

    /// A list of values of this shape.
    pub(crate) fn list(self) -> Shape {
        Shape::List(Box::new(self))
    }

    /// A mapping with free keys to values of this shape.
    pub(crate) fn map(self) -> Shape {
        Shape::Map(Box::new(self))
    }

    /// The shape that the toolkit codec gives a field; a record becomes the group of the field's name.
    fn of_cat(name: &'static str, kind: FieldKind) -> Shape {
        match kind {
            FieldKind::Int { max } | FieldKind::Code { max } => Shape::Int(0, i64::from(max)),
            FieldKind::NameOrInt { names, codes } => {
                Shape::NameOrInt(names.iter().copied().zip(codes.iter().copied()).collect())
            }
            FieldKind::Name { names } => Shape::Name(names.to_vec()),
            FieldKind::Hex => Shape::Hex,
            FieldKind::HexOrInt => Shape::HexOrInt,
            FieldKind::Text | FieldKind::Time => Shape::Text,
            FieldKind::Bool => Shape::Bool,
            FieldKind::Record(_) => Shape::Record(name),
            FieldKind::List(of) => Shape::of_cat(name, *of).list(),
        }
    }

    /// The group of the fields of a record, or of the records of a list.
    fn group(&self) -> Option<&'static str> {
        match self {
            Shape::Record(group) | Shape::Template(group) => Some(group),
            Shape::List(of) | Shape::ListOf(of, ..) | Shape::WordOr(_, of) | Shape::TextOr(of) => of.group(),
            _ => None,
        }
    }

    /// Calls `see` with each group that the shape refers to.
    #[cfg(test)]
    pub(crate) fn records(&self, see: &mut dyn FnMut(&'static str)) {
        match self {
            Shape::Record(group) | Shape::Template(group) => see(group),
            Shape::List(of) | Shape::ListOf(of, ..) | Shape::Map(of) | Shape::NumberMap(.., of) => of.records(see),
            Shape::WordOr(_, of) | Shape::TextOr(of) => of.records(see),
            _ => {}
        }
    }

    /// The shape in a few words, for tables.
    pub fn words(&self) -> String {
        match self {
            Shape::Bool => "true or false".into(),
            Shape::Int(low, high) if *high == i64::MAX => format!("number from {low}"),
            Shape::Int(low, high) => format!("number {low} to {high}"),
            Shape::Hex => "hexadecimal".into(),
            Shape::HexOf(0, high) => format!("hexadecimal, at most {high} octets"),
            Shape::HexOf(low, high) => format!("hexadecimal, {low} to {high} octets"),
            Shape::HexOrInt => "hexadecimal, or number 0 to 255".into(),
            Shape::Text => "text".into(),
            Shape::NonEmptyText => "text, not empty".into(),
            Shape::Duration => "duration: `500 ms`, `60 s`, `2 min`".into(),
            Shape::Name(names) => either(names),
            Shape::Word(words) => either(&words.iter().map(|(word, _)| *word).collect::<Vec<_>>()),
            Shape::NameOrInt(codes) => {
                let names: Vec<&str> = codes.iter().map(|(name, _)| *name).collect();
                format!("{}, or number 0 to 255", either(&names))
            }
            Shape::SessionId(SessionForm::Free) => "text, or number to 65535 for the session id of this number".into(),
            Shape::SessionId(_) => "number to 65535, or its hexadecimal digits".into(),
            Shape::WordOr(names, other) => format!("{}, or {}", either(names), other.words()),
            Shape::TextOr(other) => format!("text, or {}", other.words()),
            Shape::Record(group) => format!("mapping: [{group}](#fields-{})", anchor(group)),
            Shape::List(of) => format!("list: {}", of.words()),
            Shape::ListOf(of, low, usize::MAX) => format!("list of at least {low}: {}", of.words()),
            Shape::ListOf(of, low, high) => format!("list of {low} to {high}: {}", of.words()),
            Shape::NumberMap(low, high, of) => format!("mapping of number {low} to {high} to {}", of.words()),
            Shape::Map(of) => format!("mapping of any key to {}", of.words()),
            Shape::Edits => "list of [edits](#edits)".into(),
            Shape::Disturbances => "list of [disturbances](#disturbances)".into(),
            Shape::Template(group) => format!("template over [{group}](#fields-{})", anchor(group)),
        }
    }
}

/// The anchor of a group in the reference: dots are dropped from headings.
pub fn anchor(group: &str) -> String {
    group.replace('.', "").to_lowercase()
}

fn either(names: &[&str]) -> String {
    const SHOWN: usize = 16;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more names", quoted.join(", ")) } else { quoted.join(", ") }
}
