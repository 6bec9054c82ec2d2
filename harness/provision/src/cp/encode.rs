//! From a provisioning document to WBXML.

use dmsc_dm::wbxml::parts::{END, SWITCH_PAGE, UTF_8, WITH_ATTRIBUTES, WITH_CONTENT, push_string};

use super::tokens::{start_of, tag, value_of};
use super::{Characteristic, Document, Element, EncodeError, Entry, PUBLIC_ID_NUMBER, Parm, checked};

/// WBXML 1.3, the version that ProvCont 1.1 rests on.
const VERSION: u8 = 0x03;

/// Writes a document: no string table, and strings in place where there is no token.
pub(super) fn document(document: &Document) -> Result<Vec<u8>, EncodeError> {
    let mut out = Encoder { out: vec![VERSION, PUBLIC_ID_NUMBER as u8, UTF_8 as u8, 0], page: 0 };
    let version = document.version.as_deref();
    let attributes: Vec<_> = version.into_iter().map(|version| ("version", version)).collect();
    out.open(Element::Root, &attributes, !document.characteristics.is_empty())?;
    for characteristic in &document.characteristics {
        out.characteristic(characteristic)?;
    }
    if !document.characteristics.is_empty() {
        out.out.push(END);
    }
    Ok(out.out)
}

struct Encoder {
    out: Vec<u8>,
    /// The code page of attributes. That of tags stays 0, which has all of them.
    page: u8,
}

impl Encoder {
    fn characteristic(&mut self, characteristic: &Characteristic) -> Result<(), EncodeError> {
        let has_content = !characteristic.entries.is_empty();
        self.open(Element::Characteristic, &[("type", &characteristic.kind)], has_content)?;
        for entry in &characteristic.entries {
            match entry {
                Entry::Parm(parm) => self.parm(parm)?,
                Entry::Characteristic(part) => self.characteristic(part)?,
            }
        }
        if has_content {
            self.out.push(END);
        }
        Ok(())
    }

    fn parm(&mut self, parm: &Parm) -> Result<(), EncodeError> {
        let name = ("name", parm.name.as_str());
        let value = parm.value.as_deref().map(|value| ("value", value));
        self.open(Element::Parm, &[Some(name), value].into_iter().flatten().collect::<Vec<_>>(), false)
    }

    fn open(
        &mut self,
        element: Element,
        attributes: &[(&'static str, &str)],
        has_content: bool,
    ) -> Result<(), EncodeError> {
        let mut octet = tag(element);
        if !attributes.is_empty() {
            octet |= WITH_ATTRIBUTES;
        }
        if has_content {
            octet |= WITH_CONTENT;
        }
        self.out.push(octet);
        for (name, value) in attributes {
            self.attribute(name, value)?;
        }
        if !attributes.is_empty() {
            self.out.push(END);
        }
        Ok(())
    }

    fn attribute(&mut self, name: &'static str, value: &str) -> Result<(), EncodeError> {
        let text = checked(name, value)?;
        // All four attributes have a token.
        let Some((page, token, whole)) = start_of(name, text, self.page) else { return Ok(()) };
        if page != self.page {
            self.out.extend_from_slice(&[SWITCH_PAGE, page]);
            self.page = page;
        }
        self.out.push(token);
        if whole || text.is_empty() {
            return Ok(());
        }
        match value_of(text).filter(|_| name == "value") {
            Some(token) => self.out.push(token),
            None => push_string(&mut self.out, text),
        }
        Ok(())
    }
}
