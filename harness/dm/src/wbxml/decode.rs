//! From WBXML octets to elements.

use std::borrow::Cow;
use std::ops::Range;

use super::parts::{
    END, ENTITY, Input, LITERAL, OPAQUE, STR_I, STR_T, SWITCH_PAGE, Table, UTF_8, WITH_ATTRIBUTES, WITH_CONTENT,
};
use super::tokens::{name, namespace};
use super::{Document, Fault, PublicId, WbxmlError};
use crate::element::{Builder, Elements, Namespace, not_xml};
use crate::irregular::Irregularities;

/// Greatest number of elements inside one another, as in XML.
pub(super) const MAX_DEPTH: usize = crate::xml::MAX_DEPTH;

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
    let mut input = Input::new(octets);
    let head = input.head()?;
    let (version, charset) = (head.version, head.charset);
    if !matches!(version, 1..=3) {
        let what = || format!("version octet {version:02X} is not that of WBXML 1.1, 1.2 or 1.3");
        irregular.note("other-wbxml-version", "", 0..1, what);
    }
    if charset != UTF_8 {
        let what = || format!("character set {charset} instead of UTF-8 (106)");
        irregular.note("other-charset", "", head.charset_at, what);
    }
    let public_id_at = head.public_id_at;
    let public_id = match head.literal {
        None => PublicId::Number(head.number),
        Some(found) => PublicId::Literal(whole(found, head.literal_at..public_id_at.end, irregular)),
    };
    let table = head.table;
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

/// A string of the table, whose reference stands at these octets.
fn whole<'a>((text, ended): (&'a str, bool), at: Range<usize>, irregular: &mut Irregularities) -> &'a str {
    if !ended {
        let what = || "the last string of the string table does not end in a zero octet".to_owned();
        irregular.note("unterminated-string", "", at, what);
    }
    text
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
            let at = self.input.at();
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
                        self.irregular.note("stray-page-switch", "", at..self.input.at(), what);
                    }
                }
                END => {
                    self.in_element(at, "END")?;
                    self.builder.close(self.input.at());
                }
                ENTITY => {
                    let number = self.input.integer("an entity")?;
                    let character = char::from_u32(number).ok_or_else(|| fault(at, Fault::Entity(number)))?;
                    self.in_element(at, "content")?;
                    self.characters(character.to_string(), at..self.input.at());
                }
                STR_I => {
                    let text = self.input.string()?;
                    self.in_element(at, "content")?;
                    let start = at + 1;
                    self.characters(text, start..start + text.len());
                }
                STR_T => {
                    let index = self.input.integer("a string index")?;
                    let text = self.referred(index, at)?;
                    self.in_element(at, "content")?;
                    self.characters(text, at..self.input.at());
                }
                OPAQUE => {
                    let octets = self.input.sized("opaque data")?;
                    self.in_element(at, "content")?;
                    self.builder.binary(octets, self.input.at() - octets.len()..self.input.at());
                }
                _ => self.tag(at, token)?,
            }
            if self.builder.depth() == 0
                && let Some(elements) = self.builder.take_complete()
            {
                return Ok((elements, self.input.at()));
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

    /// A string of the table, for the reference to it that began at an octet and has been read.
    fn referred(&mut self, index: u32, at: usize) -> Result<&'a str, WbxmlError> {
        Ok(whole(self.table.string(index, at)?, at..self.input.at(), self.irregular))
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
            let name = self.referred(index, at)?;
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
        self.builder.open(namespace, name, at..self.input.at());
        if token & WITH_CONTENT == 0 {
            self.builder.close(self.input.at());
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
