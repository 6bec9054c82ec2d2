//! SyncML DM messages in XML (DMREPPRO 1.2): UTF-8, no definitions or entities of one's own.

mod decode;
pub(crate) mod encode;

use thiserror::Error;

pub(crate) use decode::MAX_DEPTH;
use decode::decode_element;
pub use encode::EncodeError;
use encode::encode_element;

use crate::irregular::Irregularities;
use crate::syncml::{Carrier, Decoded, Message, MessageError, MessageSpans};

/// Reads a message.
///
/// # Errors
/// [`DecodeError`]: not well-formed, refused constructs, or not a SyncML message.
pub fn decode(octets: &[u8]) -> Result<Decoded<Message>, DecodeError> {
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
    encode_element(&message.to_elements(Carrier::Xml))
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

/// A fault in XML, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column} (octet {offset}): {fault}")]
pub struct XmlError {
    /// Offset from the start of the document, in octets.
    pub offset: usize,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with XML.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The syntax.
    #[error("not well-formed: {0}")]
    Syntax(String),
    /// An encoding that is not UTF-8.
    #[error("the encoding is {0}; SyncML DM is read as UTF-8 only, send UTF-8")]
    Encoding(String),
    /// Octets that are not UTF-8.
    #[error("octets that are not UTF-8")]
    Utf8,
    /// Definitions inside the document type declaration.
    #[error("definitions inside a DOCTYPE are refused and never expanded; remove them")]
    Doctype,
    /// An entity that XML does not predefine.
    #[error("the entity `&{0};` is not predefined and not expanded; write the character instead")]
    Entity(String),
    /// A character XML cannot carry.
    #[error("the character U+{0:04X} is not allowed in XML")]
    Character(u32),
    /// A prefix that is not bound.
    #[error("the prefix `{0}` is not bound to a namespace")]
    Prefix(String),
    /// Elements nested too deep.
    #[error("elements are nested deeper than {MAX_DEPTH}")]
    Depth,
    /// Text or a second element outside the root.
    #[error("{0} outside the root element")]
    Outside(&'static str),
    /// No element at all.
    #[error("there is no element")]
    Empty,
}

#[cfg(test)]
mod tests;
