//! What a field of a message is: its name, the shape of its value, what it means; and how values are taken from trees.

mod cell;

pub(crate) use cell::{Cell, Tree};

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
}

impl FieldInfo {
    pub(crate) const fn new(name: &'static str, kind: FieldKind, doc: &'static str) -> Self {
        Self { name, kind, doc }
    }
}

/// The shape of a value. `null` is allowed for every field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// An integer from 0.
    Int {
        /// Largest value.
        max: u32,
    },
    /// An integer from 0 that is a code or bits, which the standards write in hexadecimal.
    Code {
        /// Largest value.
        max: u32,
    },
    /// One of the names, or an integer from 0 to 255.
    NameOrInt {
        /// The names.
        names: &'static [&'static str],
        /// Their codes, in the same order.
        codes: &'static [u8],
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
    pub(crate) const OCTET: Self = Self::Int { max: 0xFF };
    pub(crate) const CODE: Self = Self::Code { max: 0xFF };
    pub(crate) const WORD: Self = Self::Int { max: 0xFFFF };

    /// Whether its numbers, those of a list included, are codes, which the standards write in hexadecimal.
    #[must_use]
    pub fn holds_codes(&self) -> bool {
        match self {
            Self::Code { .. } | Self::NameOrInt { .. } | Self::HexOrInt => true,
            Self::List(of) => of.holds_codes(),
            _ => false,
        }
    }

    /// What may stand there, in words.
    #[must_use]
    pub fn allowed(&self) -> String {
        match self {
            Self::Int { max } | Self::Code { max } => format!("an integer from 0 to {max}"),
            Self::NameOrInt { names, .. } => {
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
