//! From elements to XML octets.

use thiserror::Error;

use crate::base64::base64;
use crate::element::{Content, Element, Elements, Namespace, is_xml_char};
use crate::style::{Prolog, TextForm, XmlStyle};

/// A text that XML cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{element} holds the character U+{character:04X}, which XML cannot carry; send it as WBXML or base64")]
pub struct EncodeError {
    /// Name of the element.
    pub element: String,
    /// The character.
    pub character: u32,
}

/// Writes an XML document in UTF-8. Unless the style says otherwise it is declaration and root element without line
/// breaks, and a namespace is declared as the default one where it changes, as DM messages do for Meta.
///
/// # Errors
/// [`EncodeError`] if a text holds a character XML cannot carry.
pub(super) fn encode_element(elements: &Elements<'_>, style: XmlStyle) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer { style, ..Writer::default() };
    writer.prolog(elements.root());
    writer.element(elements.root(), None, 0);
    match writer.refused {
        Some(error) => Err(error),
        None => Ok(writer.out.into_bytes()),
    }
}

/// The XML text of what stands inside an element, each child element with its own namespace.
///
/// Characters XML cannot carry are left out, since the text is for people or for a second decoding.
pub(crate) fn fragment(element: Element<'_, '_>) -> String {
    let mut writer = Writer::default();
    writer.contents(element, None, 0);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    style: XmlStyle,
    /// The first character that XML cannot carry; it is left out.
    refused: Option<EncodeError>,
}

/// The prefixes of the namespaces of SyncML, where they have some.
const PREFIXES: [(&str, Namespace); 3] =
    [("dm", Namespace::SyncMl), ("met", Namespace::MetInf), ("ddf", Namespace::DmDdf)];

impl Writer {
    fn prolog(&mut self, root: Element<'_, '_>) {
        const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        match self.style.prolog {
            Prolog::Declaration => self.out.push_str(DECLARATION),
            Prolog::Nothing => {}
            Prolog::ByteOrderMark => {
                self.out.push('\u{FEFF}');
                self.out.push_str(DECLARATION);
            }
            Prolog::Comment => {
                self.out
                    .push_str("<?xml version='1.0' encoding='utf-8' standalone=\"yes\" ?>\r\n<!-- DM -->\n<?dm 1?>\n");
            }
            Prolog::DocumentType => {
                self.out.push_str(DECLARATION);
                self.out.push_str("\n<!DOCTYPE ");
                self.out.push_str(self.prefix(root.namespace()).unwrap_or_default());
                self.out.push_str(root.name());
                self.out.push_str(" PUBLIC \"-//SYNCML//DTD SyncML 1.2//EN\" \"SyncML.dtd\">\n");
            }
        }
    }

    /// The prefix of a namespace with its colon, where namespaces have prefixes.
    fn prefix(&self, namespace: &Namespace) -> Option<&'static str> {
        if !self.style.prefixes {
            return None;
        }
        match namespace {
            Namespace::SyncMl => Some("dm:"),
            Namespace::MetInf => Some("met:"),
            Namespace::DmDdf => Some("ddf:"),
            Namespace::Literal | Namespace::Other(_) => None,
        }
    }

    fn element(&mut self, element: Element<'_, '_>, outer: Option<&Namespace>, depth: usize) {
        let prefix = self.prefix(element.namespace());
        self.out.push('<');
        self.out.push_str(prefix.unwrap_or_default());
        self.out.push_str(element.name());
        match prefix {
            Some(_) if depth == 0 => {
                for (name, namespace) in PREFIXES {
                    self.out.push_str(&format!(" xmlns:{name}=\"{}\"", namespace.uri()));
                }
            }
            Some(_) => {}
            None => {
                // Nothing is in a default namespace where those around have prefixes.
                let outer = outer.filter(|outer| self.prefix(outer).is_none());
                if outer.map_or("", Namespace::uri) != element.namespace().uri() {
                    self.out.push_str(" xmlns=\"");
                    self.escape(element.namespace().uri(), true, element);
                    self.out.push('"');
                }
            }
        }
        if element.contents().next().is_none() && !self.style.end_tags {
            self.out.push_str("/>");
            return;
        }
        self.out.push('>');
        self.contents(element, Some(element.namespace()), depth.saturating_add(1));
        self.out.push_str("</");
        self.out.push_str(prefix.unwrap_or_default());
        self.out.push_str(element.name());
        self.out.push('>');
    }

    fn contents(&mut self, element: Element<'_, '_>, outer: Option<&Namespace>, depth: usize) {
        // White space is a part of Data, whatever else is in it.
        let own_lines = self.style.indented
            && element.name() != "Data"
            && element.contents().all(|content| matches!(content, Content::Element(_)))
            && element.contents().next().is_some();
        for content in element.contents() {
            if own_lines {
                self.line(depth);
            }
            match content {
                Content::Element(child) => self.element(child, outer, depth),
                Content::Text(text, _) => self.text(text, element),
                Content::Binary(octets, _) => self.out.push_str(&base64(octets)),
            }
        }
        if own_lines {
            self.line(depth.saturating_sub(1));
        }
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        (0..depth).for_each(|_| self.out.push('\t'));
    }

    fn text(&mut self, text: &str, element: Element<'_, '_>) {
        let mut characters = text.chars();
        match self.style.text {
            // A line end in a section would be another one, and its end cannot stand in it.
            TextForm::Cdata if !text.contains("]]>") && text.chars().all(|c| is_xml_char(c) && c != '\r') => {
                self.out.push_str("<![CDATA[");
                self.out.push_str(text);
                self.out.push_str("]]>");
            }
            TextForm::References if characters.next().is_some_and(is_xml_char) => {
                let first = text.chars().next().map_or(0, u32::from);
                self.out.push_str(&format!("&#x{first:X};"));
                self.escape(characters.as_str(), false, element);
            }
            TextForm::Plain | TextForm::Cdata | TextForm::References => self.escape(text, false, element),
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
