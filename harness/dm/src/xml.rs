//! SyncML DM messages in XML (DMREPPRO 1.2): UTF-8, no definitions or entities of one's own.

mod decode;
pub(crate) mod encode;
mod fault;
mod input;
mod names;
mod namespaces;
mod prolog;

use thiserror::Error;

pub(crate) use decode::MAX_DEPTH;
use decode::{decode_element, decode_into};
pub use encode::EncodeError;
pub(crate) use encode::Writer;
use encode::encode_element;
pub use fault::{Fault, Rule, XmlError};

use crate::element::{Counter, Elements, Sink};
use crate::irregular::Irregularities;
use crate::style::XmlStyle;
use crate::syncml::{Carrier, Decoded, Message, MessageError, MessageSpans, Regular};

/// Reads a message.
///
/// # Errors
/// [`DecodeError`]: not well-formed, refused constructs, or not a SyncML message.
pub fn decode(octets: &[u8]) -> Result<Decoded<Message>, DecodeError> {
    let mut irregular = Irregularities::default();
    let mut regular = Regular::default();
    decode_into(octets, &mut irregular, &mut regular)?;
    if let Some(value) = regular.message() {
        return Ok(Decoded { value, irregular: irregular.into_vec() });
    }
    // Whoever has something to forgive looks at the elements again, with those around them.
    let mut irregular = Irregularities::default();
    let elements = decode_element(octets, &mut irregular)?;
    Ok(Message::from_elements(&elements, irregular)?)
}

/// Where the fields of a message stand in its octets: each value as it is written, without the markup around it. Nothing
/// of octets that are no XML.
pub fn spans(octets: &[u8]) -> MessageSpans {
    match decode_element(octets, &mut Irregularities::default()) {
        Ok(elements) => MessageSpans::of(&elements),
        Err(_) => MessageSpans::default(),
    }
}

/// Writes a message, with an XML declaration and without line breaks.
///
/// Octets that are no text are written as base64 under Format b64 (MetInf 1.2).
///
/// # Errors
/// [`EncodeError`] if a text holds a character XML cannot carry.
pub fn encode(message: &Message) -> Result<Vec<u8>, EncodeError> {
    encode_as(message, XmlStyle::default())
}

/// Writes a message in a style of its own.
///
/// # Errors
/// As of [`encode`].
pub fn encode_as(message: &Message, style: XmlStyle) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(style);
    message.tell(Carrier::Xml, &mut writer);
    writer.finish()
}

/// Writes a message without the characters that XML cannot carry: it may have to repeat what somebody else has said.
pub fn encode_what_can_be(message: &Message, style: XmlStyle) -> Vec<u8> {
    let mut writer = Writer::new(style);
    message.tell(Carrier::Xml, &mut writer);
    writer.into_octets()
}

/// How many elements a document has, which need be no message.
///
/// # Errors
/// [`XmlError`] with offset, line and column.
pub fn count_elements(octets: &[u8]) -> Result<usize, XmlError> {
    let mut counter = Counter::default();
    decode_into(octets, &mut Irregularities::default(), &mut counter)?;
    Ok(counter.elements)
}

/// Reads a document that is no message, such as a serialised object.
pub(crate) fn elements<'a>(octets: &'a [u8], irregular: &mut Irregularities) -> Result<Elements<'a>, XmlError> {
    decode_element(octets, irregular)
}

/// Reads a document and tells of what is in it.
pub(crate) fn tell<'a>(
    octets: &'a [u8],
    irregular: &mut Irregularities,
    sink: &mut impl Sink<'a>,
) -> Result<(), XmlError> {
    decode_into(octets, irregular, sink)
}

/// Writes a document that is no message.
pub(crate) fn encode_elements(elements: &Elements<'_>, style: XmlStyle) -> Result<Vec<u8>, EncodeError> {
    encode_element(elements, style)
}

/// Why octets are no SyncML message in XML.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No well-formed XML, or XML of a kind that is refused.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Well-formed, but not a message.
    #[error(transparent)]
    Message(#[from] MessageError),
}

#[cfg(test)]
mod tests;
