//! From elements to XML octets.

use thiserror::Error;

use crate::auth::base64;
use crate::element::{Element, Namespace, Node};
use crate::syncml::is_xml_char;

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
pub fn encode_element(root: &Element) -> Result<Vec<u8>, EncodeError> {
    check(root)?;
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    write_element(&mut out, root, None);
    Ok(out.into_bytes())
}

/// The XML text of what stands inside an element, each child element with its own namespace.
///
/// Characters XML cannot carry are left out, since the text is for people or for a second decoding.
#[must_use]
pub fn fragment(nodes: &[Node]) -> String {
    let mut out = String::new();
    write_nodes(&mut out, nodes, None);
    out
}

fn check(element: &Element) -> Result<(), EncodeError> {
    for node in &element.children {
        match node {
            Node::Element(child) => check(child)?,
            Node::Binary(_) => {}
            Node::Text(text) => {
                if let Some(character) = text.chars().find(|c| !is_xml_char(*c)) {
                    let element = element.name.clone();
                    return Err(EncodeError { element, character: character.into() });
                }
            }
        }
    }
    Ok(())
}

fn write_element(out: &mut String, element: &Element, outer: Option<&Namespace>) {
    out.push('<');
    out.push_str(&element.name);
    let unnamed = Namespace::Other(String::new());
    if outer.unwrap_or(&unnamed) != &element.namespace {
        out.push_str(" xmlns=\"");
        escape(out, element.namespace.uri(), true);
        out.push('"');
    }
    if element.children.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    write_nodes(out, &element.children, Some(&element.namespace));
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
}

fn write_nodes(out: &mut String, nodes: &[Node], outer: Option<&Namespace>) {
    for node in nodes {
        match node {
            Node::Element(child) => write_element(out, child, outer),
            Node::Text(text) => escape(out, text, false),
            Node::Binary(octets) => out.push_str(&base64(octets)),
        }
    }
}

fn escape(out: &mut String, text: &str, attribute: bool) {
    for character in text.chars().filter(|c| is_xml_char(*c)) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // Needed behind `]]`, harmless elsewhere.
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            // A bare one would be read as a line feed.
            '\r' => out.push_str("&#13;"),
            _ => out.push(character),
        }
    }
}
