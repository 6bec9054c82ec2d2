//! Documents of OMA Client Provisioning (ProvCont 1.1): characteristics and their parameters, as XML and as WBXML.

mod decode;
mod encode;
mod tokens;
mod w7;
mod xml;

use std::fmt;

use dmsc_dm::wbxml::parts::{PartError, PartFault};
use dmsc_octets::Irregularity;
use thiserror::Error;

pub use w7::Reading;

/// The public identifier of a provisioning document, in XML and, written out, in WBXML.
pub const PUBLIC_ID: &str = "-//WAPFORUM//DTD PROV 1.0//EN";
/// Its number in WBXML.
pub const PUBLIC_ID_NUMBER: u32 = 0x0B;
/// The media type of a document in WBXML.
pub const MEDIA_TYPE: &str = "application/vnd.wap.connectivity-wbxml";
/// The media type of a document in XML.
pub const MEDIA_TYPE_XML: &str = "text/vnd.wap.connectivity-xml";

/// How deep characteristics may be nested; four levels have a meaning.
const MAX_DEPTH: usize = 16;

/// A provisioning document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The version that it names: 1.0 or 1.1.
    pub version: Option<String>,
    /// What it has.
    pub characteristics: Vec<Characteristic>,
}

/// A group of parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Characteristic {
    /// What it describes: `APPLICATION`, `NAPDEF`.
    pub kind: String,
    /// What it has, in order.
    pub entries: Vec<Entry>,
}

/// What stands in a characteristic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A parameter.
    Parm(Parm),
    /// A characteristic of a part of it.
    Characteristic(Characteristic),
}

/// A parameter.
#[derive(Clone, PartialEq, Eq)]
pub struct Parm {
    /// Its name.
    pub name: String,
    /// Its value; one without a value is a flag.
    pub value: Option<String>,
}

impl fmt::Debug for Parm {
    /// Without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.is_secret() { Some("(secret)") } else { self.value.as_deref() };
        f.debug_struct("Parm").field("name", &self.name).field("value", &value).finish()
    }
}

impl Parm {
    /// A parameter with a value.
    #[must_use]
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Some(value.into()) }
    }

    /// Whether its value is a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.name.as_str(), "AAUTHSECRET" | "AUTHSECRET" | "PXAUTH-PW" | "BASAUTH-PW" | "PROXY-PW")
    }
}

impl Characteristic {
    /// A characteristic with these parameters; those without a value are left out.
    #[must_use]
    pub fn new(kind: &str, parms: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Self {
        let parms = parms.into_iter().filter_map(|(name, value)| Some(Entry::Parm(Parm::new(name, value?))));
        Self { kind: kind.to_owned(), entries: parms.collect() }
    }

    /// The value of a parameter: of the first of that name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.parms().find(|parm| parm.name == name).and_then(|parm| parm.value.as_deref())
    }

    /// The values of all parameters of a name.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.parms().filter(move |parm| parm.name == name).filter_map(|parm| parm.value.as_deref())
    }

    /// Its parameters.
    pub fn parms(&self) -> impl Iterator<Item = &Parm> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Parm(parm) => Some(parm),
            Entry::Characteristic(_) => None,
        })
    }

    /// The characteristics in it of a kind.
    pub fn parts(&self, kind: &str) -> impl Iterator<Item = &Characteristic> {
        self.entries.iter().filter_map(move |entry| match entry {
            Entry::Characteristic(part) if part.kind == kind => Some(part),
            Entry::Parm(_) | Entry::Characteristic(_) => None,
        })
    }
}

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The document.
    pub document: Document,
    /// What its octets do otherwise than the specification, and was understood.
    pub irregular: Vec<Irregularity>,
}

impl Document {
    /// Reads a document in either notation. No text begins with a version octet of WBXML.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(octets: &[u8]) -> Result<Decoded, DecodeError> {
        match octets.first() {
            Some(0x00..=0x08) => Self::from_wbxml(octets).map_err(DecodeError::Wbxml),
            _ => Self::from_xml(octets).map_err(DecodeError::Xml),
        }
    }

    /// Reads a document in WBXML.
    ///
    /// # Errors
    /// [`WbxmlError`] with the octet at fault.
    pub fn from_wbxml(octets: &[u8]) -> Result<Decoded, WbxmlError> {
        decode::document(octets)
    }

    /// Reads a document in XML.
    ///
    /// # Errors
    /// [`XmlError`] with line and column.
    pub fn from_xml(octets: &[u8]) -> Result<Decoded, XmlError> {
        xml::decode(octets)
    }

    /// The document in WBXML 1.3, with a token for everything that has one.
    ///
    /// # Errors
    /// [`EncodeError`] for a text that cannot stand in it.
    pub fn to_wbxml(&self) -> Result<Vec<u8>, EncodeError> {
        encode::document(self)
    }

    /// The document in XML, indented.
    ///
    /// # Errors
    /// [`EncodeError`] for a text that cannot stand in it.
    pub fn to_xml(&self) -> Result<String, EncodeError> {
        xml::encode(self)
    }
}

/// Why octets are no provisioning document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Not in WBXML.
    #[error(transparent)]
    Wbxml(WbxmlError),
    /// Not in XML.
    #[error(transparent)]
    Xml(XmlError),
}

/// What is wrong with a document in XML, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {what}")]
pub struct XmlError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

/// What is wrong with a document in WBXML, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("octet {offset}: {fault}")]
pub struct WbxmlError {
    /// The octet at fault, from 0.
    pub offset: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl From<PartError> for WbxmlError {
    fn from(error: PartError) -> Self {
        Self { offset: error.offset, fault: Fault::Part(error.fault) }
    }
}

/// What is wrong with a document in WBXML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// A part of any WBXML document that cannot be read.
    #[error(transparent)]
    Part(PartFault),
    /// Another kind of document.
    #[error("the public identifier {0} is not that of a provisioning document ({PUBLIC_ID_NUMBER:02X}, `{PUBLIC_ID}`)")]
    PublicId(String),
    /// A code page that does not exist.
    #[error("code page {0} does not exist; there are 0 and 1")]
    Page(u8),
    /// A tag that its code page does not have.
    #[error("tag {token:02X} is not defined in code page {page}")]
    Tag {
        /// The code page of tags.
        page: u8,
        /// The tag without its flag bits.
        token: u8,
    },
    /// An attribute that its code page does not have.
    #[error("attribute {token:02X} is not defined in code page {page}")]
    Attribute {
        /// The code page of attributes.
        page: u8,
        /// The token.
        token: u8,
    },
    /// A token that has no place here.
    #[error("token {token:02X} does not stand in {place}")]
    Token {
        /// The token.
        token: u8,
        /// Where it stands.
        place: &'static str,
    },
    /// A name that no provisioning document has.
    #[error("`{0}` is no element or attribute of a provisioning document")]
    Name(String),
    /// An entity of no character.
    #[error("entity {0} is no character")]
    Entity(u32),
    /// A document whose elements are in the wrong place, or are without what they need.
    #[error("{0}")]
    Structure(String),
    /// Characteristics nested too deep.
    #[error("characteristics are nested deeper than {MAX_DEPTH}")]
    Depth,
    /// Octets after the document.
    #[error("{0} octets follow the document")]
    Trailing(usize),
}

/// A text that cannot stand in a document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what} has the character U+{character:04X}, which no XML has; take it out")]
pub struct EncodeError {
    /// The parameter or type that has it.
    pub what: String,
    /// The character.
    pub character: u32,
}

/// The first character of a text that no XML document can have (XML 1.0, 2.2).
fn not_xml(text: &str) -> Option<char> {
    text.chars().find(|character| {
        !matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
    })
}

/// Refuses a text that cannot stand in a document.
fn checked<'t>(what: &str, text: &'t str) -> Result<&'t str, EncodeError> {
    match not_xml(text) {
        None => Ok(text),
        Some(character) => Err(EncodeError { what: what.to_owned(), character: character.into() }),
    }
}

/// A name from a document as people may see it: what does not print is escaped, and what is very long is cut.
fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    let mut text: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push_str("...");
    }
    text
}

/// Puts a document together from its elements, whatever the notation.
#[derive(Default)]
struct Assembly {
    version: Option<String>,
    begun: bool,
    open: Vec<Characteristic>,
    done: Vec<Characteristic>,
}

/// An element of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    /// The root.
    Root,
    /// A characteristic.
    Characteristic,
    /// A parameter.
    Parm,
}

impl Element {
    const ALL: [Self; 3] = [Self::Root, Self::Characteristic, Self::Parm];

    fn name(self) -> &'static str {
        match self {
            Self::Root => "wap-provisioningdoc",
            Self::Characteristic => "characteristic",
            Self::Parm => "parm",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|element| element.name() == name)
    }
}

/// An element with its attributes, as it is opened.
struct Opened {
    element: Element,
    attributes: Vec<(String, String)>,
}

impl Opened {
    fn take(&mut self, name: &str) -> Option<String> {
        let index = self.attributes.iter().position(|(own, _)| own == name)?;
        Some(self.attributes.remove(index).1)
    }
}

impl Assembly {
    /// Begins an element.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    fn open(&mut self, mut opened: Opened) -> Result<(), String> {
        let element = opened.element.name();
        match (opened.element, self.begun) {
            (Element::Root, false) => {
                self.begun = true;
                self.version = opened.take("version");
            }
            (Element::Root, true) => return Err(format!("<{element}> stands in another")),
            (_, false) => return Err(format!("<{element}> where <wap-provisioningdoc> should stand")),
            (Element::Characteristic, true) => {
                let Some(kind) = opened.take("type") else { return Err("a characteristic without a type".into()) };
                self.open.push(Characteristic { kind, entries: Vec::new() });
            }
            (Element::Parm, true) => {
                let Some(name) = opened.take("name") else { return Err("a parm without a name".into()) };
                let value = opened.take("value");
                let Some(outer) = self.open.last_mut() else {
                    return Err(format!("the parm `{}` stands in no characteristic", shown(&name)));
                };
                outer.entries.push(Entry::Parm(Parm { name, value }));
            }
        }
        match opened.attributes.first() {
            Some((name, _)) => Err(format!("<{element}> has the attribute `{}`", shown(name))),
            None => Ok(()),
        }
    }

    /// Ends the innermost element, which is this one.
    fn close(&mut self, element: Element) {
        if element == Element::Characteristic
            && let Some(done) = self.open.pop()
        {
            match self.open.last_mut() {
                Some(outer) => outer.entries.push(Entry::Characteristic(done)),
                None => self.done.push(done),
            }
        }
    }

    fn document(self) -> Document {
        Document { version: self.version, characteristics: self.done }
    }
}

#[cfg(test)]
mod tests;
