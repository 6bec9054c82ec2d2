//! SyncML DM messages in WBXML 1.1 to 1.3 (DMREPPRO 1.2, clause on WBXML; WAP-192).
//!
//! Code pages 0 (SyncML), 1 (MetInf) and 2 (device descriptions) form one code space. Attributes,
//! processing instructions and extension tokens do not occur in SyncML and are refused.

mod decode;
mod encode;
pub mod parts;
pub(crate) mod tokens;

use thiserror::Error;

use decode::{MAX_DEPTH, MAX_REFERRED};
use decode::{decode_document, decode_into};
pub use encode::EncodeError;
pub(crate) use encode::Writer;
use encode::encode_document;
use parts::{PartError, PartFault, UTF_8};

use std::ops::Range;

use crate::element::{Counter, Elements, Sink, shown};
use crate::irregular::Irregularities;
use crate::style::WbxmlStyle;
use crate::syncml::{Carrier, Decoded, Message, MessageError, MessageSpans, Regular};

/// Formal public identifier of a SyncML 1.2 message.
const SYNCML_1_2: &str = "-//SYNCML//DTD SyncML 1.2//EN";

/// Numeric public identifier of a SyncML 1.2 message; DM messages have no identifier of their own.
const SYNCML_1_2_NUMBER: u32 = 0x1201;

/// A WBXML document.
#[derive(Debug)]
struct Document<'a> {
    head: Head<'a>,
    /// The root element and what is in it.
    elements: Elements<'a>,
}

impl<'a> Document<'a> {
    /// A document of WBXML 1.2 in UTF-8.
    fn new(public_id: PublicId<'a>, elements: Elements<'a>) -> Self {
        Self { head: Head::new(2, public_id), elements }
    }
}

/// The header of a document, without the string table.
#[derive(Debug)]
struct Head<'a> {
    /// Version octet: 01, 02, 03 for 1.1, 1.2, 1.3.
    version: u8,
    /// What kind of document this is.
    public_id: PublicId<'a>,
    /// The octets that say so.
    public_id_at: Range<usize>,
    /// MIBenum of the character set; 106 for UTF-8.
    charset: u32,
}

impl<'a> Head<'a> {
    /// That of a document in UTF-8.
    fn new(version: u8, public_id: PublicId<'a>) -> Self {
        Self { version, public_id, public_id_at: 0..0, charset: UTF_8 }
    }

    /// Notes a public identifier that is not that of a message.
    fn note_other(&self, irregular: &mut Irregularities) {
        if !self.public_id.is_syncml_1_2() {
            let what = || format!("the public identifier is {}, not that of SyncML 1.2", self.public_id);
            irregular.note("other-public-id", "", self.public_id_at.clone(), what);
        }
    }
}

/// The public identifier of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PublicId<'a> {
    /// A registered number; 1 stands for "unknown".
    Number(u32),
    /// The identifier itself, in the string table.
    Literal(&'a str),
}

impl PublicId<'_> {
    /// Whether it says SyncML 1.2.
    fn is_syncml_1_2(self) -> bool {
        match self {
            Self::Number(number) => number == SYNCML_1_2_NUMBER,
            Self::Literal(text) => text == SYNCML_1_2,
        }
    }
}

impl std::fmt::Display for PublicId<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number:04X}"),
            Self::Literal(text) => write!(formatter, "`{}`", shown(text)),
        }
    }
}

/// Reads a message. A public identifier other than that of SyncML 1.2 is an irregularity, no error.
///
/// # Errors
/// [`DecodeError`]: no WBXML, or not a SyncML message.
pub fn decode(octets: &[u8]) -> Result<Decoded<Message>, DecodeError> {
    let mut irregular = Irregularities::default();
    let mut regular = Regular::default();
    tell(octets, &mut irregular, &mut regular)?;
    if let Some(value) = regular.message() {
        return Ok(Decoded { value, irregular: irregular.into_vec() });
    }
    // Whoever has something to forgive looks at the elements again, with those around them.
    let mut irregular = Irregularities::default();
    let elements = message_elements(octets, &mut irregular)?;
    Ok(Message::from_elements(&elements, irregular)?)
}

/// Where the fields of a message stand in its octets: a string in place without its token and its end, opaque data
/// without their length, and of a string in the table the reference to it. Nothing of octets that are no WBXML.
pub fn spans(octets: &[u8]) -> MessageSpans {
    match decode_document(octets, &mut Irregularities::default()) {
        Ok(document) => MessageSpans::of(&document.elements),
        Err(_) => MessageSpans::default(),
    }
}

/// Writes a message as WBXML 1.2 with the numeric public identifier and without a string table.
///
/// # Errors
/// [`EncodeError`] for an element without a token (a command that is not in SyncML).
pub fn encode(message: &Message) -> Result<Vec<u8>, EncodeError> {
    encode_as(message, WbxmlStyle::default())
}

/// Writes a message in a style of its own.
///
/// # Errors
/// As of [`encode`].
pub fn encode_as(message: &Message, style: WbxmlStyle) -> Result<Vec<u8>, EncodeError> {
    let mut writer = message_writer(style)?;
    message.tell(Carrier::Wbxml, &mut writer);
    writer.finish()
}

/// Writes a message as it is told of it.
///
/// # Errors
/// None that a message could have.
pub(crate) fn message_writer(style: WbxmlStyle) -> Result<Writer, EncodeError> {
    let public_id =
        if style.literal_public_id { PublicId::Literal(SYNCML_1_2) } else { PublicId::Number(SYNCML_1_2_NUMBER) };
    Writer::new(&Head::new(style.version.octet(), public_id), style.string_table)
}

/// How many elements a document has, which need be no message.
///
/// # Errors
/// [`WbxmlError`] with the offset of the octet at fault.
pub fn count_elements(octets: &[u8]) -> Result<usize, WbxmlError> {
    let mut counter = Counter::default();
    decode_into(octets, &mut Irregularities::default(), &mut counter)?;
    Ok(counter.elements)
}

/// Reads a message as a document, whatever is in it.
pub(crate) fn message_elements<'a>(
    octets: &'a [u8],
    irregular: &mut Irregularities,
) -> Result<Elements<'a>, WbxmlError> {
    let document = decode_document(octets, irregular)?;
    document.head.note_other(irregular);
    Ok(document.elements)
}

/// Reads a message and tells of what is in it.
pub(crate) fn tell<'a>(
    octets: &'a [u8],
    irregular: &mut Irregularities,
    sink: &mut impl Sink<'a>,
) -> Result<(), WbxmlError> {
    decode_into(octets, irregular, sink)?.note_other(irregular);
    Ok(())
}

/// Reads a document that is no message, such as a serialised object.
pub(crate) fn elements<'a>(octets: &'a [u8], irregular: &mut Irregularities) -> Result<Elements<'a>, WbxmlError> {
    decode_document(octets, irregular).map(|document| document.elements)
}

/// Writes a document that is no message, with its public identifier.
pub(crate) fn encode_elements(elements: Elements<'_>, public_id: &str) -> Result<Vec<u8>, EncodeError> {
    encode_document(&Document::new(PublicId::Literal(public_id), elements), false)
}

/// Why octets are no SyncML message in WBXML.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No WBXML of this kind.
    #[error(transparent)]
    Wbxml(#[from] WbxmlError),
    /// Well-formed, but not a message.
    #[error(transparent)]
    Message(#[from] MessageError),
}

/// A fault in WBXML, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("octet {offset}: {fault}")]
pub struct WbxmlError {
    /// Offset of the octet at fault from the start of the document.
    pub offset: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with WBXML.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// A part of any WBXML document that cannot be read.
    #[error(transparent)]
    Part(PartFault),
    /// A code page that SyncML does not have.
    #[error("code page {0} does not exist; SyncML has 0, 1 and 2")]
    Page(u8),
    /// A tag that the code page does not have.
    #[error("tag {token:02X} is not defined in code page {page}")]
    Tag {
        /// The code page.
        page: u8,
        /// The tag without its flag bits.
        token: u8,
    },
    /// A tag with attributes.
    #[error("tag {0:02X} has attributes; SyncML has none")]
    Attributes(u8),
    /// A global token that does not occur in SyncML.
    #[error("global token {0:02X} does not occur in SyncML")]
    Token(u8),
    /// A literal tag whose name is no XML name.
    #[error("the literal tag `{0}` is not an XML name")]
    LiteralName(String),
    /// A character reference to no character.
    #[error("entity {0} is no character")]
    Entity(u32),
    /// Elements nested too deep.
    #[error("elements are nested deeper than {MAX_DEPTH}")]
    Depth,
    /// References to the string table that stand for too much.
    #[error("references to the string table stand for more than {MAX_REFERRED} octets")]
    Referred,
    /// Content before the root.
    #[error("{0} stands where the root element should")]
    NoRoot(&'static str),
    /// A document of more octets than places can say.
    #[error("{0} octets are more than are read; a document has less than 4 GiB")]
    Long(usize),
    /// Octets after the root.
    #[error("{0} octets follow the root element")]
    Trailing(usize),
}

impl From<PartError> for WbxmlError {
    fn from(error: PartError) -> Self {
        Self { offset: error.offset, fault: Fault::Part(error.fault) }
    }
}

#[cfg(test)]
mod tests;
