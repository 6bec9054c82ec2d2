//! From elements to XML octets.

use thiserror::Error;

use crate::base64::base64;
use crate::element::{Content, Element, Elements, Namespace, is_xml_char};

/// A text that XML cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{element} holds the character U+{character:04X}, which XML cannot carry; send it as WBXML or base64")]
pub struct EncodeError {
    /// Name of the element.
    pub element: String,
    /// The character.
    pub character: u32,
}

/// Writes an XML document: declaration and root element, UTF-8, no line breaks added.
///
/// A namespace is declared as the default one where it changes, as DM messages do for Meta.
///
/// # Errors
/// [`EncodeError`] if a text holds a character XML cannot carry.
pub(super) fn encode_element(elements: &Elements<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer { out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), refused: None };
    writer.element(elements.root(), None);
    match writer.refused {
        Some(error) => Err(error),
        None => Ok(writer.out.into_bytes()),
    }
}

/// The XML text of what stands inside an element, each child element with its own namespace.
///
/// Characters XML cannot carry are left out, since the text is for people or for a second decoding.
pub(crate) fn fragment(element: Element<'_, '_>) -> String {
    let mut writer = Writer { out: String::new(), refused: None };
    writer.contents(element, None);
    writer.out
}

struct Writer {
    out: String,
    /// The first character that XML cannot carry; it is left out.
    refused: Option<EncodeError>,
}

impl Writer {
    fn element(&mut self, element: Element<'_, '_>, outer: Option<&Namespace>) {
        self.out.push('<');
        self.out.push_str(element.name());
        if outer.map_or("", Namespace::uri) != element.namespace().uri() {
            self.out.push_str(" xmlns=\"");
            self.escape(element.namespace().uri(), true, element);
            self.out.push('"');
        }
        if element.contents().next().is_none() {
            self.out.push_str("/>");
            return;
        }
        self.out.push('>');
        self.contents(element, Some(element.namespace()));
        self.out.push_str("</");
        self.out.push_str(element.name());
        self.out.push('>');
    }

    fn contents(&mut self, element: Element<'_, '_>, outer: Option<&Namespace>) {
        for content in element.contents() {
            match content {
                Content::Element(child) => self.element(child, outer),
                Content::Text(text, _) => self.escape(text, false, element),
                Content::Binary(octets, _) => self.out.push_str(&base64(octets)),
            }
        }
    }

    fn escape(&mut self, text: &str, attribute: bool, element: Element<'_, '_>) {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(is_special) {
            let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.out.push_str(plain);
            let mut characters = special.chars();
            match characters.next() {
                Some('&') => self.out.push_str("&amp;"),
                Some('<') => self.out.push_str("&lt;"),
                // Needed after `]]`, harmless elsewhere.
                Some('>') => self.out.push_str("&gt;"),
                Some('"') if attribute => self.out.push_str("&quot;"),
                // A bare one would be read as a line feed.
                Some('\r') => self.out.push_str("&#13;"),
                Some(character) if is_xml_char(character) => self.out.push(character),
                Some(character) => {
                    let refusal = || EncodeError { element: element.name().to_owned(), character: character.into() };
                    self.refused.get_or_insert_with(refusal);
                }
                None => {}
            }
            rest = characters.as_str();
        }
        self.out.push_str(rest);
    }
}

/// Whether a character that begins with this octet may not be written as it is.
fn is_special(octet: u8) -> bool {
    // Of those with more than one octet, all that XML cannot carry begin with EF.
    octet < b' ' && !matches!(octet, b'\t' | b'\n') || matches!(octet, b'&' | b'<' | b'>' | b'"' | 0xEF)
}
