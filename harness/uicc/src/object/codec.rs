//! How the value of a data object is coded, and how it stands in a tree of fields: one [`Codec`] for each shape.

use std::ops::Range;

use dmsc_octets::{Irregularity, Spans, to_hex};
use serde_json::{Value, json};

use crate::fields::{Cell, FieldError, FieldKind};
use crate::table::CodeTable;

/// The shape of a data object's value. Which object has which shape is declared in [`super::table`].
pub(crate) trait Codec {
    /// The value decoded.
    type Value;

    /// The shape of its field; a record for objects that are declared as `Spread`.
    const FIELD: FieldKind;

    /// Reads the value octets.
    ///
    /// # Errors
    /// What the value should be.
    fn decode(octets: &[u8]) -> Result<Self::Value, &'static str>;

    /// The value octets; those that were decoded, octet for octet.
    fn encode(value: &Self::Value) -> Vec<u8>;

    /// The field.
    fn write(value: &Self::Value) -> Value;

    /// The value octets of a field that is there; `None` where it says that there is no object. A record declared as
    /// `Spread` is asked also when none of its fields is there.
    ///
    /// # Errors
    /// A value of the wrong shape.
    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError>;

    /// Where the fields of a record and the entries of a list stand in the value octets.
    fn parts(_octets: &[u8]) -> Spans {
        Spans::new()
    }

    /// What is irregular in a value that was decoded, without its place.
    fn irregular(_value: &Self::Value) -> Option<Irregularity> {
        None
    }

    /// Value octets to test with.
    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>>;
}

/// A value that the standard keeps for later.
pub(crate) fn reserved(what: impl Into<String>) -> Irregularity {
    Irregularity::new("reserved-value", what)
}

/// The fields of a record with their places.
pub(super) fn record<const N: usize>(fields: [(&'static str, Range<usize>); N]) -> Spans {
    fields.into_iter().fold(Spans::new(), |record, (name, at)| record.with(name, Spans::at(at)))
}

/// A name if there is one, else the code.
pub(crate) fn named<T: CodeTable>(value: T) -> Value {
    value.named().map_or_else(|| json!(value.to_code()), |name| json!(name))
}

/// Text if it leads back to the same octets, else `hex:` and the octets.
pub(super) fn text(octets: &[u8], text: Option<String>, encode: impl Fn(&str) -> Option<Vec<u8>>) -> Value {
    shown(octets, text.filter(|text| encode(text).as_deref() == Some(octets)))
}

/// What a person reads, whichever of its codings it has; `hex:` and the octets if they are no text, or one that would be
/// read otherwise when it is sent.
pub(super) fn words(
    octets: &[u8],
    decode: impl Fn(&[u8]) -> Option<String>,
    encode: impl Fn(&str) -> Option<Vec<u8>>,
) -> Value {
    let comes_back = |text: &String| encode(text).and_then(|octets| decode(&octets)).as_ref() == Some(text);
    shown(octets, decode(octets).filter(comes_back))
}

fn shown(octets: &[u8], text: Option<String>) -> Value {
    text.filter(|text| !text.starts_with("hex:"))
        .map_or_else(|| json!(format!("hex:{}", to_hex(octets))), |text| json!(text))
}
