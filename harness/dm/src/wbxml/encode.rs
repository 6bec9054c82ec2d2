//! From elements to WBXML octets.

use std::collections::HashMap;
use std::ops::Range;

use thiserror::Error;

use super::parts::{END, OPAQUE, STR_I, STR_T, SWITCH_PAGE, WITH_CONTENT, push_integer};
use super::tokens::token;
use super::{Document, Head, PublicId};
use crate::element::{Name, Namespace, Sink, shown};
use crate::scan::ZERO;

/// Octets that a document has room for at first.
const ROOM: usize = 1024;

/// What WBXML of this code space cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// An element without a token.
    #[error("element {name} of {namespace} has no token in code pages 0 to 2; send it as XML")]
    Element {
        /// Name of the element.
        name: String,
        /// Its namespace.
        namespace: String,
    },
    /// Content of more than 2^32 - 1 octets.
    #[error("{0} octets are more than a length can say")]
    Length(usize),
}

/// Writes a document: text as inline strings or, where asked for, in the string table, which holds a literal public
/// identifier too; octets as opaque data. The code page is switched just before the tag that needs it.
///
/// # Errors
/// [`EncodeError`] for an element without a token.
pub(super) fn encode_document(document: &Document<'_>, string_table: bool) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(&document.head, string_table)?;
    document.elements.root().tell(&mut writer);
    writer.finish()
}

/// A string table, each string in it once.
#[derive(Default)]
struct Table {
    octets: Vec<u8>,
    places: HashMap<String, u32>,
}

impl Table {
    /// Where a string stands; it is added when it is new.
    fn index(&mut self, text: &str) -> Result<u32, EncodeError> {
        if let Some(place) = self.places.get(text) {
            return Ok(*place);
        }
        let place = u32::try_from(self.octets.len()).map_err(|_| EncodeError::Length(self.octets.len()))?;
        self.octets.extend_from_slice(text.as_bytes());
        self.octets.push(0);
        self.places.insert(text.to_owned(), place);
        Ok(place)
    }
}

/// Writes a document as it is told of it.
pub(crate) struct Writer {
    out: Vec<u8>,
    /// Octets in front of the string table.
    head: usize,
    page: u8,
    table: Table,
    /// Whether texts go into the table; they stand in place otherwise.
    in_table: bool,
    /// Whether the innermost element has no content so far, so that its tag is the last octet.
    empty: bool,
    /// Whether a string in place has not ended: more text would go on with it.
    in_string: bool,
    /// The first thing that cannot be said.
    refused: Option<EncodeError>,
}

impl Writer {
    /// One for a document with that head.
    ///
    /// # Errors
    /// None that a document could have; those of a public identifier of 4 GiB.
    pub(super) fn new(head: &Head<'_>, in_table: bool) -> Result<Self, EncodeError> {
        let mut table = Table::default();
        let mut out = Vec::with_capacity(ROOM);
        out.push(head.version);
        match head.public_id {
            PublicId::Number(number) => push_integer(&mut out, number),
            PublicId::Literal(text) => {
                // Number 0, then the index of the string.
                out.push(0);
                push_integer(&mut out, table.index(text)?);
            }
        }
        push_integer(&mut out, head.charset);
        let head = out.len();
        if !in_table {
            push_sized(&mut out, &table.octets)?;
        }
        Ok(Self { out, head, page: 0, table, in_table, empty: false, in_string: false, refused: None })
    }

    /// The document.
    ///
    /// # Errors
    /// [`EncodeError`]: what could not be said.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, EncodeError> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        if self.in_table {
            let body = self.out.split_off(self.head);
            push_sized(&mut self.out, &self.table.octets)?;
            self.out.extend_from_slice(&body);
        }
        Ok(self.out)
    }

    /// The innermost element has content, which comes next.
    #[inline]
    fn content(&mut self) {
        if self.empty {
            self.empty = false;
            if let Some(tag) = self.out.last_mut() {
                *tag |= WITH_CONTENT;
            }
        }
        if self.in_string {
            self.in_string = false;
            self.out.push(0);
        }
    }

    fn refuse(&mut self, error: EncodeError) {
        self.refused.get_or_insert(error);
    }

    fn opaque(&mut self, octets: &[u8]) {
        self.content();
        self.out.push(OPAQUE);
        if let Err(error) = push_sized(&mut self.out, octets) {
            self.refuse(error);
        }
    }

    #[inline]
    fn string(&mut self, text: &str) {
        if text.is_empty() {
        } else if ZERO.first(text.as_bytes()) < text.len() {
            // A string in place ends at its first zero octet.
            self.opaque(text.as_bytes());
        } else if self.in_table {
            self.content();
            match self.table.index(text) {
                Ok(place) => {
                    self.out.push(STR_T);
                    push_integer(&mut self.out, place);
                }
                Err(error) => self.refuse(error),
            }
        } else {
            if !self.in_string {
                self.content();
                self.in_string = true;
                self.out.push(STR_I);
            }
            self.out.extend_from_slice(text.as_bytes());
        }
    }
}

impl<'t> Sink<'t> for Writer {
    #[inline]
    fn open(&mut self, namespace: &Namespace, name: Name<'t>, _head: Range<usize>) {
        let Some((page, tag)) = name.word().and_then(|word| token(namespace, word)) else {
            let (name, namespace) = (shown(name.as_str()), namespace.to_string());
            return self.refuse(EncodeError::Element { name, namespace });
        };
        self.content();
        if page != self.page {
            self.out.extend_from_slice(&[SWITCH_PAGE, page]);
            self.page = page;
        }
        self.out.push(tag);
        self.empty = true;
    }

    #[inline]
    fn text(&mut self, text: &'t str, _at: Range<usize>) {
        self.string(text);
    }

    fn made(&mut self, text: &str, _at: Range<usize>) {
        self.string(text);
    }

    fn binary(&mut self, octets: &'t [u8], _at: Range<usize>) {
        self.opaque(octets);
    }

    #[inline]
    fn close(&mut self, _end: usize) {
        if self.empty {
            self.empty = false;
        } else {
            self.content();
            self.out.push(END);
        }
    }
}

fn push_sized(out: &mut Vec<u8>, octets: &[u8]) -> Result<(), EncodeError> {
    let length = u32::try_from(octets.len()).map_err(|_| EncodeError::Length(octets.len()))?;
    push_integer(out, length);
    out.extend_from_slice(octets);
    Ok(())
}
