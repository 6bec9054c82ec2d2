//! Toolkit messages as trees of named fields: what cases override, match and print.
//!
//! One flat name for each kind of data object. The tables [`COMMAND_FIELDS`], [`RESPONSE_FIELDS`] and
//! [`ENVELOPE_FIELDS`] are the closed schema, and their order is the order in which objects are written.
//! `null` leaves an object out. Odd values are welcome, as negative tests are made of them: only unknown names and
//! values of the wrong shape are errors. Objects without a name of their own go to `extra`, at the end.

mod read;
mod tables;
mod write;

pub use tables::{COMMAND_FIELDS, ENVELOPE_FIELDS, RESPONSE_FIELDS};

use crate::command::ProactiveCommand;
use crate::envelope::{Envelope, EnvelopeTag};
use crate::layout::Layout;
use crate::object::ObjectKind;
use crate::response::TerminalResponse;
use serde_json::{Map, Value};

/// A field that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}; allowed: {allowed}")]
pub struct FieldError {
    /// The field, as in `transport.protocol` or `channel_status[1].link`.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
    /// What may stand there.
    pub allowed: String,
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    /// Its name, snake_case.
    pub name: &'static str,
    /// The shape of its value.
    pub kind: FieldKind,
    /// What it means, for schema and reference.
    pub doc: &'static str,
    /// The data object it belongs to; `None` for fields about the message.
    pub object: Option<ObjectKind>,
}

/// The shape of a value. `null` is allowed for every field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// An integer from 0.
    Int {
        /// Largest value.
        max: u32,
    },
    /// One of the names, or an integer from 0 to 255.
    NameOrInt {
        /// The names.
        names: &'static [&'static str],
    },
    /// One of the names.
    Name {
        /// The names.
        names: &'static [&'static str],
    },
    /// Octets as hexadecimal digits; spaces are allowed.
    Hex,
    /// Octets as hexadecimal digits, or an integer from 0 to 255 for one octet.
    HexOrInt,
    /// Text, or `hex:` and the octets of the value.
    Text,
    /// A time `hh:mm:ss`.
    Time,
    /// True or false.
    Bool,
    /// A tree with these fields.
    Record(&'static [FieldInfo]),
    /// A list of values of one shape.
    List(&'static FieldKind),
}

impl FieldKind {
    /// What may stand there, in words.
    #[must_use]
    pub fn allowed(&self) -> String {
        match self {
            Self::Int { max } => format!("an integer from 0 to {max}"),
            Self::NameOrInt { names } => {
                format!("{} or an integer from 0 to 255", names.join(", "))
            }
            Self::Name { names } => names.join(", "),
            Self::Hex => "hexadecimal digits, two an octet".to_owned(),
            Self::HexOrInt => "hexadecimal digits, two an octet, or an integer from 0 to 255".to_owned(),
            Self::Text => "text, or hex: and hexadecimal digits".to_owned(),
            Self::Time => "a time hh:mm:ss".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Record(fields) => {
                let names: Vec<_> = fields.iter().map(|field| field.name).collect();
                format!("a tree of {}", names.join(", "))
            }
            Self::List(of) => format!("a list, each {}", of.allowed()),
        }
    }
}

impl Layout {
    /// The fields of this message.
    #[must_use]
    pub const fn fields(self) -> &'static [FieldInfo] {
        match self {
            Self::Command => COMMAND_FIELDS,
            Self::Response => RESPONSE_FIELDS,
            Self::Envelope => ENVELOPE_FIELDS,
        }
    }

    /// The kinds of object that have fields in this message, in the order in which they are written.
    fn kinds(self) -> Vec<ObjectKind> {
        let mut kinds: Vec<_> = self.fields().iter().filter_map(|field| field.object).collect();
        kinds.dedup();
        kinds
    }
}

impl ProactiveCommand {
    /// The fields of [`COMMAND_FIELDS`] that this command has.
    #[must_use]
    pub fn to_fields(&self) -> Map<String, Value> {
        write::fields(Layout::Command, self.command_type(), &self.objects)
    }

    /// The command of these fields, objects in the order of [`COMMAND_FIELDS`].
    ///
    /// # Errors
    /// [`FieldError`] for an unknown name or a value of the wrong shape.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        Ok(Self { objects: read::objects(Layout::Command, fields)? })
    }
}

impl TerminalResponse {
    /// The fields of [`RESPONSE_FIELDS`] that this response has.
    #[must_use]
    pub fn to_fields(&self) -> Map<String, Value> {
        write::fields(Layout::Response, self.command_type(), &self.objects)
    }

    /// The response of these fields, objects in the order of [`RESPONSE_FIELDS`].
    ///
    /// # Errors
    /// [`FieldError`] for an unknown name or a value of the wrong shape.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        Ok(Self { objects: read::objects(Layout::Response, fields)? })
    }
}

impl Envelope {
    /// The fields of [`ENVELOPE_FIELDS`] that this envelope has.
    #[must_use]
    pub fn to_fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("tag".to_owned(), write::named(self.tag.known_name(), self.tag.code()));
        fields.extend(write::fields(Layout::Envelope, None, &self.objects));
        fields
    }

    /// The envelope of these fields, objects in the order of [`ENVELOPE_FIELDS`].
    ///
    /// # Errors
    /// [`FieldError`] for an unknown name or a value of the wrong shape; `tag` cannot be left out.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        let tag = EnvelopeTag::from_code(read::envelope_tag(fields)?);
        Ok(Self { tag, objects: read::objects(Layout::Envelope, fields)? })
    }
}

#[cfg(test)]
mod tests;
