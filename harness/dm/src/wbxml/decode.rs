//! From WBXML octets to elements.

use super::tokens::{
    END, ENTITY, LITERAL, OPAQUE, STR_I, STR_T, SWITCH_PAGE, WITH_ATTRIBUTES, WITH_CONTENT, name, namespace,
};
use super::{Document, Fault, PublicId, UTF_8, WbxmlError};
use crate::element::{Element, Namespace, Node};

/// Greatest number of elements inside one another, as in XML.
pub const MAX_DEPTH: usize = crate::xml::MAX_DEPTH;

/// MIBenum of US-ASCII, a part of UTF-8.
const US_ASCII: u32 = 3;

/// Reads a WBXML document of the SyncML code space, such as a message or a serialised tree object.
///
/// A literal tag is kept as an element of the namespace `literal`, which no message uses.
///
/// # Errors
/// [`WbxmlError`] with the offset of the octet at fault.
pub fn decode_document(octets: &[u8]) -> Result<Document, WbxmlError> {
    let mut input = Input { octets, at: 0 };
    let version = input.octet("the version")?;
    if version >> 4 != 0 {
        return Err(fault(0, Fault::Version(version)));
    }
    let id_at = input.at;
    let number = input.integer("the public identifier")?;
    let index_at = input.at;
    let index = if number == 0 { Some(input.integer("the public identifier")?) } else { None };
    let charset_at = input.at;
    // WBXML 1.0 has no character set; nothing is known of SyncML in it, so 1.x is read as 1.1 and later.
    let charset = input.integer("the character set")?;
    if !matches!(charset, UTF_8 | US_ASCII) {
        return Err(fault(charset_at, Fault::Charset(charset)));
    }
    let table = input.sized("the string table")?;
    let public_id = match index {
        None => PublicId::Number(number),
        Some(index) => PublicId::Literal(string_at(table, index, id_at.max(index_at))?),
    };
    let mut body = Body { input, table, page: 0, open: Vec::new() };
    let root = body.root()?;
    match octets.len() - body.input.at {
        0 => Ok(Document { version, public_id, charset, root }),
        left => Err(fault(body.input.at, Fault::Trailing(left))),
    }
}

fn fault(offset: usize, fault: Fault) -> WbxmlError {
    WbxmlError { offset, fault }
}

/// A string of the table: up to a zero octet, or to the end of the table where an encoder left it out.
fn string_at(table: &[u8], index: u32, offset: usize) -> Result<String, WbxmlError> {
    let outside = || fault(offset, Fault::StringTable { index, length: table.len() });
    let start = usize::try_from(index).map_err(|_| outside())?;
    let rest = table.get(start..).filter(|rest| !rest.is_empty()).ok_or_else(outside)?;
    let string = rest.split(|octet| *octet == 0).next().unwrap_or_default();
    std::str::from_utf8(string).map(str::to_owned).map_err(|_| fault(offset, Fault::Utf8))
}

struct Input<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    fn octet(&mut self, what: &'static str) -> Result<u8, WbxmlError> {
        match self.rest().first() {
            Some(octet) => {
                self.at += 1;
                Ok(*octet)
            }
            None => Err(fault(self.at, Fault::End(what))),
        }
    }

    /// A multi-octet integer of at most 32 bits: seven bits an octet, the high bit says that more follow.
    fn integer(&mut self, what: &'static str) -> Result<u32, WbxmlError> {
        let start = self.at;
        let mut value = 0u32;
        loop {
            let octet = self.octet(what)?;
            if value.leading_zeros() < 7 {
                return Err(fault(start, Fault::Integer));
            }
            value = value << 7 | u32::from(octet & 0x7F);
            if octet & 0x80 == 0 {
                return Ok(value);
            }
            // Leading zero groups are redundant; five octets hold every 32-bit value.
            if self.at - start >= 5 {
                return Err(fault(start, Fault::Integer));
            }
        }
    }

    /// Octets with their number in front.
    fn sized(&mut self, what: &'static str) -> Result<&'a [u8], WbxmlError> {
        let start = self.at;
        let length = self.integer(what)?;
        let rest = self.rest();
        let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
        match split {
            Some((octets, _)) => {
                self.at += octets.len();
                Ok(octets)
            }
            None => Err(fault(start, Fault::Length { what, length, present: rest.len() })),
        }
    }

    fn string(&mut self) -> Result<&'a str, WbxmlError> {
        let start = self.at;
        let rest = self.rest();
        let Some(end) = rest.iter().position(|octet| *octet == 0) else {
            return Err(fault(self.octets.len(), Fault::End("a string")));
        };
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|error| fault(start + error.valid_up_to(), Fault::Utf8))
    }
}

struct Body<'a> {
    input: Input<'a>,
    table: &'a [u8],
    page: u8,
    open: Vec<Element>,
}

impl Body<'_> {
    fn root(&mut self) -> Result<Element, WbxmlError> {
        loop {
            let at = self.input.at;
            let what = if self.open.is_empty() { "the body" } else { "an element" };
            let token = self.input.octet(what)?;
            let closed = match token {
                SWITCH_PAGE => {
                    let page = self.input.octet("a code page")?;
                    if namespace(page).is_none() {
                        return Err(fault(at, Fault::Page(page)));
                    }
                    self.page = page;
                    None
                }
                END => match self.open.pop() {
                    Some(element) => Some(element),
                    None => return Err(fault(at, Fault::NoRoot("END"))),
                },
                ENTITY => {
                    let number = self.input.integer("an entity")?;
                    let character = char::from_u32(number).ok_or_else(|| fault(at, Fault::Entity(number)))?;
                    self.text(at, character.encode_utf8(&mut [0; 4]))?;
                    None
                }
                STR_I => {
                    let text = self.input.string()?;
                    self.text(at, text)?;
                    None
                }
                STR_T => {
                    let index = self.input.integer("a string index")?;
                    let text = string_at(self.table, index, at)?;
                    self.text(at, &text)?;
                    None
                }
                OPAQUE => {
                    let octets = self.input.sized("opaque data")?.to_vec();
                    self.open_element(at)?.children.push(Node::Binary(octets));
                    None
                }
                _ => self.tag(at, token)?,
            };
            if let Some(element) = closed {
                match self.open.last_mut() {
                    Some(parent) => parent.push(element),
                    None => return Ok(element),
                }
            }
        }
    }

    /// Opens an element; one without content is complete at once.
    fn tag(&mut self, at: usize, token: u8) -> Result<Option<Element>, WbxmlError> {
        let tag = token & !(WITH_CONTENT | WITH_ATTRIBUTES);
        if tag < LITERAL {
            return Err(fault(at, Fault::Token(token)));
        }
        if token & WITH_ATTRIBUTES != 0 {
            return Err(fault(at, Fault::Attributes(token)));
        }
        let element = if tag == LITERAL {
            let index = self.input.integer("a literal tag")?;
            literal(string_at(self.table, index, at)?).map_err(|error| fault(at, error))?
        } else {
            match (namespace(self.page), name(self.page, tag)) {
                (Some(namespace), Some(name)) => Element::new(namespace, name),
                _ => {
                    return Err(fault(at, Fault::Tag { page: self.page, token: tag }));
                }
            }
        };
        if self.open.len() >= MAX_DEPTH {
            return Err(fault(at, Fault::Depth));
        }
        if token & WITH_CONTENT == 0 {
            return Ok(Some(element));
        }
        self.open.push(element);
        Ok(None)
    }

    fn text(&mut self, at: usize, text: &str) -> Result<(), WbxmlError> {
        self.open_element(at)?.push_text(text);
        Ok(())
    }

    fn open_element(&mut self, at: usize) -> Result<&mut Element, WbxmlError> {
        self.open.last_mut().ok_or_else(|| fault(at, Fault::NoRoot("content")))
    }
}

fn literal(name: String) -> Result<Element, Fault> {
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if first && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        Ok(Element::new(Namespace::Other("literal".to_owned()), name))
    } else {
        Err(Fault::LiteralName(name))
    }
}
