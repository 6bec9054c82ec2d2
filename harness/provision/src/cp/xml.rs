//! Provisioning documents as XML.

use dmsc_octets::Irregularity;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{
    Assembly, Characteristic, Decoded, Document, Element, EncodeError, Entry, MAX_DEPTH, Opened, PUBLIC_ID, Parm,
    XmlError, checked, not_xml, shown,
};

/// Reads a document.
pub(super) fn decode(octets: &[u8]) -> Result<Decoded, XmlError> {
    let text = std::str::from_utf8(octets).map_err(|error| {
        let before = String::from_utf8_lossy(octets.get(..error.valid_up_to()).unwrap_or_default()).into_owned();
        at(&before, before.len(), "a character that is not UTF-8")
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if let Some((offset, character)) =
        text.char_indices().find(|(_, one)| not_xml(one.encode_utf8(&mut [0; 4])).is_some())
    {
        let what = format!("the character U+{:04X}, which XML does not have", u32::from(character));
        return Err(at(text, offset, what));
    }
    Parser {
        text,
        reader: Reader::from_str(text),
        open: Vec::new(),
        assembly: Assembly::default(),
        irregular: Vec::new(),
    }
    .document()
}

fn at(text: &str, offset: usize, what: impl Into<String>) -> XmlError {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    XmlError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        what: what.into(),
    }
}

struct Parser<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    open: Vec<Element>,
    assembly: Assembly,
    irregular: Vec<Irregularity>,
}

impl Parser<'_> {
    fn document(mut self) -> Result<Decoded, XmlError> {
        loop {
            let before = self.offset();
            let event = self.reader.read_event();
            let event = event.map_err(|error| {
                let offset = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
                at(self.text, offset, error.to_string())
            })?;
            let wrong = |what: String| Err(at(self.text, before, what));
            match event {
                Event::Start(start) => {
                    let element = self.element(&start, before)?;
                    if self.open.len() >= MAX_DEPTH {
                        return wrong(format!("characteristics are nested deeper than {MAX_DEPTH}"));
                    }
                    self.open.push(element);
                }
                Event::Empty(start) => {
                    let element = self.element(&start, before)?;
                    self.assembly.close(element);
                }
                Event::End(_) => {
                    if let Some(element) = self.open.pop() {
                        self.assembly.close(element);
                    }
                }
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Text(text) => {
                    return wrong(format!("the text `{}`, where only elements stand", shown(text.trim())));
                }
                Event::CData(_) => return wrong("a CDATA section, where only elements stand".into()),
                Event::GeneralRef(_) => return wrong("an entity, where only elements stand".into()),
                Event::DocType(declared) if declared.contains('[') => {
                    return wrong("a document type declaration with definitions in it, which are not read".into());
                }
                Event::DocType(declared) => {
                    if !declared.contains(PUBLIC_ID) {
                        let what = format!("the document type is not `{PUBLIC_ID}`");
                        self.irregular.push(Irregularity::new("other-public-id", what));
                    }
                }
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        match (self.open.is_empty(), self.assembly.begun) {
            (true, true) => Ok(Decoded { document: self.assembly.document(), irregular: self.irregular }),
            (true, false) => Err(at(self.text, self.text.len(), "there is no <wap-provisioningdoc>")),
            (false, _) => Err(at(self.text, self.text.len(), "the document ends inside an element")),
        }
    }

    fn offset(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn element(&mut self, start: &BytesStart<'_>, before: usize) -> Result<Element, XmlError> {
        let wrong = |what: String| at(self.text, before, what);
        let name = start.name();
        let element = Element::of(name.as_ref())
            .ok_or_else(|| wrong(format!("<{}> is no element of a provisioning document", shown(name.as_ref()))))?;
        // After the end of the root, nothing is open.
        if self.open.is_empty() && self.assembly.begun {
            return Err(wrong(format!("<{}> after the end of the document", element.name())));
        }
        if self.open.last() == Some(&Element::Parm) {
            return Err(wrong(format!("<{}> in a parm", element.name())));
        }
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| wrong(error.to_string()))?;
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|error| wrong(format!("the attribute `{}`: {error}", shown(attribute.key.as_ref()))))?;
            if let Some(character) = not_xml(&value) {
                return Err(wrong(format!("the character U+{:04X}, which XML does not have", u32::from(character))));
            }
            attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        self.assembly.open(Opened { element, attributes }).map_err(wrong)?;
        Ok(element)
    }
}

/// Writes a document, an element a line.
pub(super) fn encode(document: &Document) -> Result<String, EncodeError> {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE wap-provisioningdoc PUBLIC \"{PUBLIC_ID}\" \"http://www.wapforum.org/DTD/prov.dtd\">\n<wap-provisioningdoc"
    );
    if let Some(version) = &document.version {
        attribute(&mut out, "version", version)?;
    }
    out.push_str(">\n");
    for one in &document.characteristics {
        characteristic(&mut out, one, 1)?;
    }
    out.push_str("</wap-provisioningdoc>\n");
    Ok(out)
}

fn characteristic(out: &mut String, one: &Characteristic, depth: usize) -> Result<(), EncodeError> {
    let indent = "  ".repeat(depth);
    out.push_str(&format!("{indent}<characteristic"));
    attribute(out, "type", &one.kind)?;
    if one.entries.is_empty() {
        out.push_str("/>\n");
        return Ok(());
    }
    out.push_str(">\n");
    for entry in &one.entries {
        match entry {
            Entry::Parm(Parm { name, value }) => {
                out.push_str(&format!("{indent}  <parm"));
                attribute(out, "name", name)?;
                if let Some(value) = value {
                    attribute(out, "value", value)?;
                }
                out.push_str("/>\n");
            }
            Entry::Characteristic(part) => characteristic(out, part, depth.saturating_add(1))?,
        }
    }
    out.push_str(&format!("{indent}</characteristic>\n"));
    Ok(())
}

fn attribute(out: &mut String, name: &str, value: &str) -> Result<(), EncodeError> {
    out.push_str(&format!(" {name}=\""));
    for character in checked(name, value)?.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            // As they are, they would be read as spaces.
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(character))),
            other => out.push(other),
        }
    }
    out.push('"');
    Ok(())
}
