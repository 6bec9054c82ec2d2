//! From XML octets to elements.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::{Fault, XmlError};
use crate::element::{Element, Namespace};
use crate::syncml::is_xml_char;

/// Greatest number of elements inside one another; a message of DM 1.2 needs some ten, a serialised
/// object one for each level of the tree.
pub const MAX_DEPTH: usize = 64;

/// Reads an XML document; comments and processing instructions are skipped.
///
/// # Errors
/// [`XmlError`] with offset, line and column.
pub fn decode_element(octets: &[u8]) -> Result<Element, XmlError> {
    Parser::new(octets)?.document()
}

struct Parser<'a> {
    text: &'a str,
    /// Octets of a byte order mark in front of `text`.
    skipped: usize,
    reader: NsReader<&'a [u8]>,
    open: Vec<Element>,
    root: Option<Element>,
}

impl<'a> Parser<'a> {
    fn new(octets: &'a [u8]) -> Result<Self, XmlError> {
        let fault = |fault| XmlError { offset: 0, line: 1, column: 1, fault };
        if octets.starts_with(&[0xFE, 0xFF]) || octets.starts_with(&[0xFF, 0xFE]) {
            return Err(fault(Fault::Encoding("UTF-16".to_owned())));
        }
        let body = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
        let skipped = octets.len() - body.len();
        let text = std::str::from_utf8(body).map_err(|error| {
            let valid = body.get(..error.valid_up_to()).unwrap_or_default();
            locate(&String::from_utf8_lossy(valid), valid.len(), skipped, Fault::Utf8)
        })?;
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { text, skipped, reader, open: Vec::new(), root: None })
    }

    fn document(mut self) -> Result<Element, XmlError> {
        loop {
            let start = self.position();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let at = usize::try_from(self.reader.error_position()).unwrap_or(start);
                    return Err(self.fault(at, Fault::Syntax(error.to_string())));
                }
            };
            match event {
                Event::Start(tag) | Event::Empty(tag) => {
                    let element = self.element(&tag).map_err(|fault| self.fault(start, fault))?;
                    if self.open.is_empty() && self.root.is_some() {
                        return Err(self.fault(start, Fault::Outside("a second element")));
                    }
                    if self.open.len() >= MAX_DEPTH {
                        return Err(self.fault(start, Fault::Depth));
                    }
                    self.open.push(element);
                }
                Event::End(_) => self.close(),
                Event::Text(text) => self.characters(start, &text)?,
                Event::CData(text) => {
                    if self.open.is_empty() {
                        return Err(self.fault(start, Fault::Outside("a CDATA section")));
                    }
                    self.characters(start, &text)?;
                }
                Event::GeneralRef(reference) => self.reference(start, &reference)?,
                Event::Decl(declaration) => self.declaration(start, &declaration)?,
                // The name of a public definition is harmless; only definitions made here are refused.
                Event::DocType(text) if text.contains('[') => {
                    return Err(self.fault(start, Fault::Doctype));
                }
                Event::DocType(_) => {}
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        let end = self.text.len();
        if let Some(element) = self.open.last() {
            let name = element.name.clone();
            return Err(self.fault(end, Fault::Syntax(format!("the document ends inside <{name}>"))));
        }
        match self.root.take() {
            Some(root) => Ok(root),
            None => Err(self.fault(end, Fault::Empty)),
        }
    }

    fn element(&self, tag: &quick_xml::events::BytesStart<'_>) -> Result<Element, Fault> {
        let (namespace, local) = self.reader.resolver().resolve_element(tag.name());
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => Namespace::from_uri(namespace.into_inner()),
            ResolveResult::Unbound => Namespace::Other(String::new()),
            ResolveResult::Unknown(prefix) => return Err(Fault::Prefix(prefix)),
        };
        // The other attributes mean nothing to SyncML, but they must be well-formed.
        for attribute in tag.attributes() {
            attribute.map_err(|error| Fault::Syntax(error.to_string()))?;
        }
        Ok(Element::new(namespace, local.into_inner()))
    }

    fn close(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some(parent) => parent.push(element),
            None => self.root = Some(element),
        }
    }

    fn characters(&mut self, start: usize, text: &str) -> Result<(), XmlError> {
        if let Some((index, character)) = text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
            return Err(self.fault(start + index, Fault::Character(character.into())));
        }
        match self.open.last_mut() {
            // Line ends are one line feed, whatever the sender's system writes (XML 1.0, 2.11).
            Some(element) => element.push_text(&text.replace("\r\n", "\n").replace('\r', "\n")),
            None => {
                if let Some(index) = text.find(|c: char| !c.is_whitespace()) {
                    return Err(self.fault(start + index, Fault::Outside("character data")));
                }
            }
        }
        Ok(())
    }

    fn reference(&mut self, start: usize, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        let character =
            reference.resolve_char_ref().map_err(|error| self.fault(start, Fault::Syntax(error.to_string())))?;
        let text = match character {
            Some(character) if is_xml_char(character) => character.to_string(),
            Some(character) => return Err(self.fault(start, Fault::Character(character.into()))),
            None => match resolve_xml_entity(reference) {
                Some(text) => text.to_owned(),
                None => return Err(self.fault(start, Fault::Entity((**reference).to_owned()))),
            },
        };
        match self.open.last_mut() {
            Some(element) => element.push_text(&text),
            None => return Err(self.fault(start, Fault::Outside("a reference"))),
        }
        Ok(())
    }

    fn declaration(&self, start: usize, declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
        match declaration.encoding() {
            Some(Ok(encoding)) if !encoding.eq_ignore_ascii_case("UTF-8") => {
                Err(self.fault(start, Fault::Encoding(encoding.into_owned())))
            }
            Some(Err(error)) => Err(self.fault(start, Fault::Syntax(error.to_string()))),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(self.text.len())
    }

    fn fault(&self, offset: usize, fault: Fault) -> XmlError {
        locate(self.text, offset, self.skipped, fault)
    }
}

/// The error at an octet of the text; `skipped` octets stand in front of the text.
fn locate(text: &str, offset: usize, skipped: usize, fault: Fault) -> XmlError {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    XmlError {
        offset: offset + skipped,
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        fault,
    }
}
