//! From elements to WBXML octets.

use thiserror::Error;

use super::tokens::{END, OPAQUE, STR_I, SWITCH_PAGE, WITH_CONTENT, token};
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

/// Writes a document: text as inline strings, octets as opaque data, no string table but for a literal
/// public identifier. The code page is switched just before the tag that needs it.
///
/// # Errors
/// [`EncodeError`] for an element without a token.
pub(super) fn encode_document(document: &Document<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut out = vec![document.version];
    match &document.public_id {
        PublicId::Number(number) => {
            push_integer(&mut out, *number);
            push_integer(&mut out, document.charset);
            push_integer(&mut out, 0);
        }
        PublicId::Literal(text) => {
            // Number 0, then the index of the only string of the table.
            out.extend_from_slice(&[0, 0]);
            push_integer(&mut out, document.charset);
            push_sized(&mut out, &[text.as_bytes(), &[0]].concat())?;
        }
    }
    Encoder { out: &mut out, page: 0 }.element(document.elements.root())?;
    Ok(out)
}

struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    page: u8,
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
                Content::Text(text, _) => {
                    self.out.push(STR_I);
                    self.out.extend_from_slice(text.as_bytes());
                    self.out.push(0);
                }
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

/// A multi-octet integer: seven bits an octet, high bit set on all but the last.
fn push_integer(out: &mut Vec<u8>, value: u32) {
    for shift in [28, 21, 14, 7] {
        if value >> shift != 0 {
            out.push((value >> shift) as u8 & 0x7F | 0x80);
        }
    }
    out.push((value & 0x7F) as u8);
}
