//! From WBXML octets to elements.

use std::ops::Range;

use super::parts::{
    END, ENTITY, Input, LITERAL, OPAQUE, STR_I, STR_T, SWITCH_PAGE, Table, UTF_8, WITH_ATTRIBUTES, WITH_CONTENT,
};
use super::tokens::{namespace, word};
use super::{Document, Fault, Head, PublicId, WbxmlError};
use crate::element::{Builder, Name, Namespace, Sink, not_xml};
use crate::irregular::Irregularities;
use crate::scan::DOUBTFUL;

/// Greatest number of elements inside one another, as in XML.
pub(super) const MAX_DEPTH: usize = crate::xml::MAX_DEPTH;

/// The most octets that the references of a document to its string table stand for, all together: two octets can stand
/// for a string of any length.
pub(super) const MAX_REFERRED: usize = 4 * 1024 * 1024;

/// Octets of a document for each of its nodes, about.
const OCTETS_A_NODE: usize = 8;

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
    let mut builder = Builder::with_room(octets.len() / OCTETS_A_NODE);
    let head = decode_into(octets, irregular, &mut builder)?;
    // The body has a root, or there was an error.
    Ok(Document { head, elements: builder.complete().unwrap_or_default() })
}

/// Reads a document and tells `sink` of its elements; its head.
///
/// # Errors
/// As of [`decode_document`]. What was told by then is no document.
pub(super) fn decode_into<'a>(
    octets: &'a [u8],
    irregular: &mut Irregularities,
    sink: &mut impl Sink<'a>,
) -> Result<Head<'a>, WbxmlError> {
    if u32::try_from(octets.len()).is_err() {
        return Err(fault(0, Fault::Long(octets.len())));
    }
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
    let (table, body_at) = (head.table, input.at());
    let text = str::from_utf8(input.rest()).ok();
    let end =
        Body { input, table, page: 0, depth: 0, referred: 0, text, body_at, sink: &mut *sink, irregular }.read()?;
    match octets.len() - end {
        left if left == 0 || !sink.wants_more() => Ok(Head { version, public_id, public_id_at, charset }),
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

struct Body<'a, 'i, S> {
    input: Input<'a>,
    table: Table<'a>,
    page: u8,
    /// Elements that are open.
    depth: usize,
    /// Octets that references to the string table have stood for so far.
    referred: usize,
    /// The body, if all of it is UTF-8: its strings need no look of their own then.
    text: Option<&'a str>,
    /// Where the body begins.
    body_at: usize,
    sink: &'i mut S,
    irregular: &'i mut Irregularities,
}

impl<'a, S: Sink<'a>> Body<'a, '_, S> {
    /// Reads the elements, or as many as are wanted; the offset of what follows them.
    fn read(mut self) -> Result<usize, WbxmlError> {
        loop {
            let at = self.input.at();
            let what = if self.depth == 0 { "the body" } else { "an element" };
            let token = self.input.octet(what)?;
            match token {
                SWITCH_PAGE => self.switch(at)?,
                END => {
                    self.in_element(at, "END")?;
                    self.close();
                }
                ENTITY => {
                    let number = self.input.integer("an entity")?;
                    let character = char::from_u32(number).ok_or_else(|| fault(at, Fault::Entity(number)))?;
                    self.in_element(at, "content")?;
                    let mut text = [0; 4];
                    let text = character.encode_utf8(&mut text);
                    self.look(text, at..self.input.at());
                    self.sink.made(text, at..self.input.at());
                }
                STR_I => {
                    let (text, plain) = self.string()?;
                    self.in_element(at, "content")?;
                    let start = at + 1;
                    if !plain {
                        self.look(text, start..start + text.len());
                    }
                    self.sink.text(text, start..start + text.len());
                }
                STR_T => {
                    let index = self.input.integer("a string index")?;
                    let text = self.referred(index, at)?;
                    self.in_element(at, "content")?;
                    self.look(text, at..self.input.at());
                    self.sink.text(text, at..self.input.at());
                }
                OPAQUE => {
                    let octets = self.input.sized("opaque data")?;
                    self.in_element(at, "content")?;
                    self.sink.binary(octets, self.input.at() - octets.len()..self.input.at());
                }
                _ => self.tag(at, token)?,
            }
            // A switch may stand in front of the root.
            if (self.depth == 0 && token != SWITCH_PAGE) || !self.sink.wants_more() {
                return Ok(self.input.at());
            }
        }
    }

    fn switch(&mut self, at: usize) -> Result<(), WbxmlError> {
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
        Ok(())
    }

    /// A string in place, and whether it is known that XML can carry it.
    fn string(&mut self) -> Result<(&'a str, bool), WbxmlError> {
        let (start, rest) = (self.input.at(), self.input.rest());
        // The first octet that is not plain is mostly the end.
        let length = DOUBTFUL.first(rest);
        let plain = rest.get(length) == Some(&0);
        let from = start.saturating_sub(self.body_at);
        let text = if plain { self.text.and_then(|body| body.get(from..from + length)) } else { None };
        match text {
            Some(text) => {
                self.input.skip(length + 1);
                Ok((text, true))
            }
            None => Ok((self.input.string()?, plain)),
        }
    }

    /// Looks at character data. WBXML is XML in other octets, so that it has the characters of XML only.
    fn look(&mut self, text: &str, at: Range<usize>) {
        if let Some((_, character)) = not_xml(text) {
            let what = || format!("the character U+{:04X}, which XML does not have", u32::from(character));
            self.irregular.note("not-xml-character", "", at, what);
        }
    }

    /// A string of the table, for the reference to it that began at an octet and has been read.
    fn referred(&mut self, index: u32, at: usize) -> Result<&'a str, WbxmlError> {
        let text = whole(self.table.string(index, at)?, at..self.input.at(), self.irregular);
        self.referred = self.referred.saturating_add(text.len());
        if self.referred > MAX_REFERRED { Err(fault(at, Fault::Referred)) } else { Ok(text) }
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
            (&Namespace::Literal, Name::of(name))
        } else {
            match namespace(self.page).zip(word(self.page, tag)) {
                Some((namespace, word)) => (namespace, Name::Word(word)),
                None => return Err(fault(at, Fault::Tag { page: self.page, token: tag })),
            }
        };
        if self.depth >= MAX_DEPTH {
            return Err(fault(at, Fault::Depth));
        }
        self.depth += 1;
        self.sink.open(namespace, name, at..self.input.at());
        if token & WITH_CONTENT == 0 {
            self.close();
        }
        Ok(())
    }

    /// Ends the innermost element.
    fn close(&mut self) {
        self.depth -= 1;
        self.sink.close(self.input.at());
    }

    fn in_element(&self, at: usize, what: &'static str) -> Result<(), WbxmlError> {
        if self.depth == 0 { Err(fault(at, Fault::NoRoot(what))) } else { Ok(()) }
    }
}

/// Whether XML could have an element of that name; SyncML has letters only.
fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
