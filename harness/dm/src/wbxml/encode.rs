//! From elements to WBXML octets.

use std::collections::HashMap;

use thiserror::Error;

use super::parts::{END, OPAQUE, STR_T, SWITCH_PAGE, WITH_CONTENT, push_integer, push_string};
use super::tokens::token;
use super::{Document, PublicId};
use crate::element::{Content, Element, shown};

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
    let mut table = Table::default();
    let mut out = vec![document.version];
    match &document.public_id {
        PublicId::Number(number) => push_integer(&mut out, *number),
        PublicId::Literal(text) => {
            // Number 0, then the index of the string.
            out.push(0);
            push_integer(&mut out, table.index(text)?);
        }
    }
    push_integer(&mut out, document.charset);
    let mut body = Vec::new();
    let mut encoder = Encoder { out: &mut body, page: 0, table: string_table.then_some(&mut table) };
    encoder.element(document.elements.root())?;
    push_sized(&mut out, &table.octets)?;
    out.append(&mut body);
    Ok(out)
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

struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    page: u8,
    /// Where texts go, unless they stand in place.
    table: Option<&'a mut Table>,
}

impl Encoder<'_> {
    fn element(&mut self, element: Element<'_, '_>) -> Result<(), EncodeError> {
        let Some((page, tag)) = token(element.namespace(), element.name()) else {
            let (name, namespace) = (shown(element.name()), element.namespace().to_string());
            return Err(EncodeError::Element { name, namespace });
        };
        if page != self.page {
            self.out.extend_from_slice(&[SWITCH_PAGE, page]);
            self.page = page;
        }
        let mut contents = element.contents().peekable();
        if contents.peek().is_none() {
            self.out.push(tag);
            return Ok(());
        }
        self.out.push(tag | WITH_CONTENT);
        for content in contents {
            match content {
                Content::Element(child) => self.element(child)?,
                // An inline string ends at its first zero octet.
                Content::Text(text, _) if text.contains('\0') => self.opaque(text.as_bytes())?,
                Content::Text(text, _) => match self.table.as_mut() {
                    Some(table) => {
                        let place = table.index(text)?;
                        self.out.push(STR_T);
                        push_integer(self.out, place);
                    }
                    None => push_string(self.out, text),
                },
                Content::Binary(octets, _) => self.opaque(octets)?,
            }
        }
        self.out.push(END);
        Ok(())
    }

    fn opaque(&mut self, octets: &[u8]) -> Result<(), EncodeError> {
        self.out.push(OPAQUE);
        push_sized(self.out, octets)
    }
}

fn push_sized(out: &mut Vec<u8>, octets: &[u8]) -> Result<(), EncodeError> {
    let length = u32::try_from(octets.len()).map_err(|_| EncodeError::Length(octets.len()))?;
    push_integer(out, length);
    out.extend_from_slice(octets);
    Ok(())
}
