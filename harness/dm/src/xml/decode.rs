//! From XML octets to elements.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::{Fault, XmlError};
use crate::element::{Builder, Elements, Namespace, is_xml_char, shown};
use crate::irregular::Irregularities;

/// Greatest number of elements inside one another; a message of DM 1.2 needs some ten, a serialised
/// object one for each level of the tree.
pub(crate) const MAX_DEPTH: usize = 64;

/// What opens a CDATA section.
const CDATA: &str = "<![CDATA[";

/// Reads an XML document; comments and processing instructions are skipped.
///
/// # Errors
/// [`XmlError`] with offset, line and column.
pub(super) fn decode_element<'a>(octets: &'a [u8], irregular: &mut Irregularities) -> Result<Elements<'a>, XmlError> {
    Parser::new(octets, irregular)?.document()
}

struct Parser<'a, 'i> {
    text: &'a str,
    /// Octets of a byte order mark in front of `text`.
    skipped: usize,
    reader: NsReader<&'a [u8]>,
    builder: Builder<'a>,
    /// The last namespace that is none of SyncML.
    other: Rc<str>,
    irregular: &'i mut Irregularities,
}

impl<'a, 'i> Parser<'a, 'i> {
    fn new(octets: &'a [u8], irregular: &'i mut Irregularities) -> Result<Self, XmlError> {
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
        Ok(Self { text, skipped, reader, builder: Builder::default(), other: Rc::from(""), irregular })
    }

    fn document(mut self) -> Result<Elements<'a>, XmlError> {
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
                Event::Start(tag) | Event::Empty(tag) => self.start_tag(start, &tag)?,
                Event::End(_) => self.builder.close(self.position() + self.skipped),
                Event::Text(text) => {
                    if text.contains("]]>") {
                        let what = || "`]]>` in character data".to_owned();
                        self.irregular.note("not-well-formed", "]]>", self.since(start), what);
                    }
                    self.characters(start, 0, text.into_inner())?;
                }
                Event::CData(text) => {
                    if self.builder.depth() == 0 {
                        return Err(self.fault(start, Fault::Outside("a CDATA section")));
                    }
                    self.characters(start, CDATA.len(), text.into_inner())?;
                }
                Event::GeneralRef(reference) => self.reference(start, &reference)?,
                Event::Decl(declaration) => self.declaration(start, &declaration)?,
                // The name of a public definition is harmless; only definitions made here are refused.
                Event::DocType(text) if text.contains('[') => {
                    return Err(self.fault(start, Fault::Doctype));
                }
                Event::DocType(_) => self.document_type(start),
                Event::Comment(text) => {
                    if text.contains("--") {
                        let what = || "`--` in a comment".to_owned();
                        self.irregular.note("not-well-formed", "--", self.since(start), what);
                    }
                }
                Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        let end = self.text.len();
        if let Some(name) = self.builder.open_name() {
            let inside = format!("the document ends inside <{}>", shown(name));
            return Err(self.fault(end, Fault::Syntax(inside)));
        }
        match self.builder.take_complete() {
            Some(elements) => Ok(elements),
            None => Err(self.fault(end, Fault::Empty)),
        }
    }

    fn start_tag(&mut self, start: usize, tag: &BytesStart<'_>) -> Result<(), XmlError> {
        let (namespace, name) = self.reader.resolver().resolve_element(tag.name());
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => {
                let uri = namespace.into_inner();
                Namespace::known(uri).unwrap_or_else(|| other(&mut self.other, uri))
            }
            ResolveResult::Unbound => other(&mut self.other, ""),
            ResolveResult::Unknown(prefix) => return Err(self.fault(start, Fault::Prefix(prefix))),
        };
        let name = name.into_inner();
        if tag.name().into_inner().len() < tag.len() {
            self.attributes(start, tag)?;
        }
        if self.builder.depth() == 0 && self.builder.has_root() {
            return Err(self.fault(start, Fault::Outside("a second element")));
        }
        if self.builder.depth() >= MAX_DEPTH {
            return Err(self.fault(start, Fault::Depth));
        }
        let name_at = start + 1 + tag.name().into_inner().len() - name.len();
        let name = match self.text.get(name_at..name_at + name.len()) {
            Some(borrowed) if borrowed == name => Cow::Borrowed(borrowed),
            _ => Cow::Owned(name.to_owned()),
        };
        self.builder.open(namespace, name, self.since(start));
        Ok(())
    }

    /// Attributes mean nothing to SyncML, but for namespaces; they must be well-formed.
    fn attributes(&mut self, start: usize, tag: &BytesStart<'_>) -> Result<(), XmlError> {
        let mut count = 0;
        // Looking for doubles costs an allocation, which the one attribute that most tags have need not pay.
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| self.fault(start, Fault::Syntax(error.to_string())))?;
            count += 1;
            if attribute.key.as_namespace_binding().is_none() {
                let name = attribute.key.into_inner();
                let what = || format!("<{}> has the attribute `{}`", shown(tag.name().into_inner()), shown(name));
                self.irregular.note("unknown-attribute", name, self.since(start), what);
            }
        }
        let doubled = if count > 1 { tag.attributes().find_map(Result::err) } else { None };
        doubled.map_or(Ok(()), |error| Err(self.fault(start, Fault::Syntax(error.to_string()))))
    }

    /// Character data; `before` octets of markup stand in front of it.
    fn characters(&mut self, start: usize, before: usize, text: Cow<'a, str>) -> Result<(), XmlError> {
        let start = start + before;
        if let Some((index, character)) = not_xml(&text) {
            return Err(self.fault(start + index, Fault::Character(character.into())));
        }
        if self.builder.depth() > 0 {
            let at = start + self.skipped..start + text.len() + self.skipped;
            // Line ends are one line feed, whatever the sender's system writes (XML 1.0, 2.11).
            let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text };
            self.builder.text(text, at);
        } else if let Some(index) = text.find(|c: char| !c.is_whitespace()) {
            return Err(self.fault(start + index, Fault::Outside("character data")));
        }
        Ok(())
    }

    fn reference(&mut self, start: usize, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        let character =
            reference.resolve_char_ref().map_err(|error| self.fault(start, Fault::Syntax(error.to_string())))?;
        let text = match character {
            Some(character) if is_xml_char(character) => Cow::Owned(character.to_string()),
            Some(character) => return Err(self.fault(start, Fault::Character(character.into()))),
            None => match resolve_xml_entity(reference) {
                Some(text) => Cow::Borrowed(text),
                None => return Err(self.fault(start, Fault::Entity((**reference).to_owned()))),
            },
        };
        if self.builder.depth() == 0 {
            return Err(self.fault(start, Fault::Outside("a reference")));
        }
        self.builder.text(text, self.since(start));
        Ok(())
    }

    fn declaration(&mut self, start: usize, declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
        match declaration.encoding() {
            Some(Ok(encoding)) if !encoding.eq_ignore_ascii_case("UTF-8") => {
                return Err(self.fault(start, Fault::Encoding(encoding.into_owned())));
            }
            Some(Err(error)) => return Err(self.fault(start, Fault::Syntax(error.to_string()))),
            Some(Ok(_)) | None => {}
        }
        let at = self.since(start);
        if start != 0 {
            let what = || "an XML declaration that is not at the start".to_owned();
            self.irregular.note("not-well-formed", "declaration", at, what);
        } else if declaration.version().as_deref().ok() != Some("1.0") {
            let what = || "an XML declaration of another version than 1.0".to_owned();
            self.irregular.note("other-xml-version", "", at, what);
        }
        Ok(())
    }

    fn document_type(&mut self, start: usize) {
        if self.builder.has_root() {
            let what = || "a DOCTYPE that is not in front of the root element".to_owned();
            self.irregular.note("not-well-formed", "DOCTYPE", self.since(start), what);
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(self.text.len())
    }

    /// The octets of what was read last and began at `start`.
    fn since(&self, start: usize) -> Range<usize> {
        start + self.skipped..self.position() + self.skipped
    }

    fn fault(&self, offset: usize, fault: Fault) -> XmlError {
        locate(self.text, offset, self.skipped, fault)
    }
}

/// The namespace of a name that is none of SyncML; `last` is the name that was met last.
fn other(last: &mut Rc<str>, uri: &str) -> Namespace {
    if **last != *uri {
        *last = Rc::from(uri);
    }
    Namespace::Other(Rc::clone(last))
}

/// The first character that XML cannot carry, with its offset in octets.
fn not_xml(text: &str) -> Option<(usize, char)> {
    // All others that are refused start with the octet EF in UTF-8.
    let plain = |octet: u8| octet >= b' ' && octet != 0xEF || matches!(octet, b'\t' | b'\n' | b'\r');
    if text.bytes().all(plain) {
        return None;
    }
    text.char_indices().find(|(_, character)| !is_xml_char(*character))
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
