//! From WBXML octets to elements.

use std::borrow::Cow;
use std::ops::Range;

use super::tokens::{
    END, ENTITY, LITERAL, OPAQUE, STR_I, STR_T, SWITCH_PAGE, WITH_ATTRIBUTES, WITH_CONTENT, name, namespace,
};
use super::{Document, Fault, PublicId, UTF_8, WbxmlError};
use crate::element::{Builder, Elements, Namespace, not_xml};
use crate::irregular::Irregularities;

/// Greatest number of elements inside one another, as in XML.
pub(super) const MAX_DEPTH: usize = crate::xml::MAX_DEPTH;

/// MIBenum of US-ASCII, a part of UTF-8.
const US_ASCII: u32 = 3;

/// Reads a WBXML document of the SyncML code space, such as a message or a serialised tree object.
///
/// A literal tag is kept as an element of the namespace [`Namespace::Literal`], which no message uses.
///
/// # Errors
/// [`WbxmlError`] with the offset of the octet at fault.
pub(super) fn decode_document<'a>(
    octets: &'a [u8],
    irregular: &mut Irregularities,
) -> Result<Document<'a>, WbxmlError> {
    let mut input = Input { octets, at: 0 };
    let version = input.octet("the version")?;
    if version >> 4 != 0 {
        return Err(fault(0, Fault::Version(version)));
    }
    if !matches!(version, 1..=3) {
        let what = || format!("version octet {version:02X} is not that of WBXML 1.1, 1.2 or 1.3");
        irregular.note("other-wbxml-version", "", 0..1, what);
    }
    let id_at = input.at;
    let number = input.integer("the public identifier")?;
    let index_at = input.at;
    let index = if number == 0 { Some(input.integer("the public identifier")?) } else { None };
    let public_id_at = id_at..input.at;
    let charset_at = input.at;
    // WBXML 1.0 has no character set; nothing is known of SyncML in it, so 1.x is read as 1.1 and later.
    let charset = input.integer("the character set")?;
    if !matches!(charset, UTF_8 | US_ASCII) {
        return Err(fault(charset_at, Fault::Charset(charset)));
    }
    if charset != UTF_8 {
        let what = || format!("character set {charset} instead of UTF-8 (106)");
        irregular.note("other-charset", "", charset_at..input.at, what);
    }
    let table = Table { octets: input.sized("the string table")? };
    let public_id = match index {
        None => PublicId::Number(number),
        Some(index) => PublicId::Literal(table.string(index, index_at..public_id_at.end, irregular)?),
    };
    let body = Body { input, table, page: 0, builder: Builder::default(), irregular };
    let (elements, end) = body.read()?;
    match octets.len() - end {
        0 => Ok(Document { version, public_id, public_id_at, charset, elements }),
        left => Err(fault(end, Fault::Trailing(left))),
    }
}

fn fault(offset: usize, fault: Fault) -> WbxmlError {
    WbxmlError { offset, fault }
}

/// The strings that a document refers to.
struct Table<'a> {
    octets: &'a [u8],
}

impl<'a> Table<'a> {
    /// A string, for the reference to it in the octets `at`. It goes up to a zero octet, or to the end of the table where
    /// an encoder left that out.
    fn string(&self, index: u32, at: Range<usize>, irregular: &mut Irregularities) -> Result<&'a str, WbxmlError> {
        let outside = || fault(at.start, Fault::StringTable { index, length: self.octets.len() });
        let start = usize::try_from(index).map_err(|_| outside())?;
        let rest = self.octets.get(start..).filter(|rest| !rest.is_empty()).ok_or_else(outside)?;
        let string = rest.split(|octet| *octet == 0).next().unwrap_or_default();
        let text = std::str::from_utf8(string).map_err(|_| fault(at.start, Fault::Utf8))?;
        if string.len() == rest.len() {
            let what = || "the last string of the string table does not end in a zero octet".to_owned();
            irregular.note("unterminated-string", "", at, what);
        }
        Ok(text)
    }
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

struct Body<'a, 'i> {
    input: Input<'a>,
    table: Table<'a>,
    page: u8,
    builder: Builder<'a>,
    irregular: &'i mut Irregularities,
}

impl<'a> Body<'a, '_> {
    /// The elements, and the offset of what follows them.
    fn read(mut self) -> Result<(Elements<'a>, usize), WbxmlError> {
        loop {
            let at = self.input.at;
            let what = if self.builder.depth() == 0 { "the body" } else { "an element" };
            let token = self.input.octet(what)?;
            match token {
                SWITCH_PAGE => {
                    let page = self.input.octet("a code page")?;
                    if namespace(page).is_none() {
                        return Err(fault(at, Fault::Page(page)));
                    }
                    self.page = page;
                    // In the grammar a switch belongs to the tag after it.
                    let tag = self.input.rest().first().map(|next| next & !(WITH_CONTENT | WITH_ATTRIBUTES));
                    if tag.is_some_and(|tag| tag < LITERAL) {
                        let what = || format!("a switch to code page {page} with no tag after it");
                        self.irregular.note("stray-page-switch", "", at..self.input.at, what);
                    }
                }
                END => {
                    self.in_element(at, "END")?;
                    self.builder.close(self.input.at);
                }
                ENTITY => {
                    let number = self.input.integer("an entity")?;
                    let character = char::from_u32(number).ok_or_else(|| fault(at, Fault::Entity(number)))?;
                    self.in_element(at, "content")?;
                    self.characters(character.to_string(), at..self.input.at);
                }
                STR_I => {
                    let text = self.input.string()?;
                    self.in_element(at, "content")?;
                    let start = at + 1;
                    self.characters(text, start..start + text.len());
                }
                STR_T => {
                    let index = self.input.integer("a string index")?;
                    let text = self.table.string(index, at..self.input.at, self.irregular)?;
                    self.in_element(at, "content")?;
                    self.characters(text, at..self.input.at);
                }
                OPAQUE => {
                    let octets = self.input.sized("opaque data")?;
                    self.in_element(at, "content")?;
                    self.builder.binary(octets, self.input.at - octets.len()..self.input.at);
                }
                _ => self.tag(at, token)?,
            }
            if self.builder.depth() == 0
                && let Some(elements) = self.builder.take_complete()
            {
                return Ok((elements, self.input.at));
            }
        }
    }

    /// Character data. WBXML is XML in other octets, so that it has the characters of XML only.
    fn characters(&mut self, text: impl Into<Cow<'a, str>>, at: Range<usize>) {
        let text = text.into();
        if let Some((_, character)) = not_xml(&text) {
            let what = || format!("the character U+{:04X}, which XML does not have", u32::from(character));
            self.irregular.note("not-xml-character", "", at.clone(), what);
        }
        self.builder.text(text, at);
    }

    /// Opens an element; one without content is complete at once.
    fn tag(&mut self, at: usize, token: u8) -> Result<(), WbxmlError> {
        let tag = token & !(WITH_CONTENT | WITH_ATTRIBUTES);
        if tag < LITERAL {
            return Err(fault(at, Fault::Token(token)));
        }
        if token & WITH_ATTRIBUTES != 0 {
            return Err(fault(at, Fault::Attributes(token)));
        }
        let (namespace, name) = if tag == LITERAL {
            let index = self.input.integer("a literal tag")?;
            let name = self.table.string(index, at..self.input.at, self.irregular)?;
            if !is_name(name) {
                return Err(fault(at, Fault::LiteralName(name.to_owned())));
            }
            (Namespace::Literal, name)
        } else {
            let known = namespace(self.page).zip(name(self.page, tag));
            known.ok_or_else(|| fault(at, Fault::Tag { page: self.page, token: tag }))?
        };
        if self.builder.depth() >= MAX_DEPTH {
            return Err(fault(at, Fault::Depth));
        }
        self.builder.open(namespace, name, at..self.input.at);
        if token & WITH_CONTENT == 0 {
            self.builder.close(self.input.at);
        }
        Ok(())
    }

    fn in_element(&self, at: usize, what: &'static str) -> Result<(), WbxmlError> {
        if self.builder.depth() == 0 { Err(fault(at, Fault::NoRoot(what))) } else { Ok(()) }
    }
}

/// Whether XML could have an element of that name; SyncML has letters only.
fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
