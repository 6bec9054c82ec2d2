//! Serialised management objects: TNDS of DM 1.2 (DMTND 9), in XML and in WBXML.
//!
//! An object is read from the Data of an Add or Replace, however a message carries it: as text of a document of its own,
//! as elements within the message, or as a WBXML document in octets.

use thiserror::Error;

use crate::auth::from_base64;
use crate::base64::base64;
use crate::element::{Builder, Content, Element, Elements, Name, Namespace, Sink, shown};
use crate::irregular::Irregularities;
use crate::style::XmlStyle;
use crate::syncml::Data;
use crate::word::Word;
use crate::{wbxml, xml};

/// Media type of an object in XML.
pub const XML_TYPE: &str = "application/vnd.syncml.dmtnds+xml";

/// Media type of an object in WBXML.
pub const WBXML_TYPE: &str = "application/vnd.syncml.dmtnds+wbxml";

/// Formal public identifier of an object in WBXML.
pub(crate) const PUBLIC_ID: &str = "-//OMA//DTD-DM-DDF 1.2//EN";

/// A serialised object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Version of the description; `1.2`.
    pub ver_dtd: String,
    /// The nodes at the top, mostly one.
    pub nodes: Vec<ObjectNode>,
}

/// A node of a serialised object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectNode {
    /// NodeName; empty where the device is to choose one.
    pub name: String,
    /// Path: where the node is to be; none for a place that follows from the others.
    pub path: Option<String>,
    /// Format: `node`, or that of the value.
    pub format: Option<String>,
    /// Type: media type of a leaf, identifier of an interior node.
    pub type_: Option<String>,
    /// ACL in its text form.
    pub acl: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// The value of a leaf.
    pub value: Option<Data>,
    /// The nodes below.
    pub nodes: Vec<ObjectNode>,
}

/// Why data are no serialised object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TndsError {
    /// Neither of the two media types.
    #[error("`{0}` is not the type of a serialised object; there are {XML_TYPE} and {WBXML_TYPE}")]
    Type(String),
    /// No readable document.
    #[error("the object cannot be read: {0}")]
    Document(String),
    /// A document of another kind.
    #[error("the object is a {0}, not a MgmtTree")]
    Root(String),
    /// An element that has to be there and is not.
    #[error("{0} is missing in {1}")]
    Missing(&'static str, String),
    /// A value that its format cannot have.
    #[error("the value of `{0}` is no base64")]
    Value(String),
    /// A value that the encoding cannot carry.
    #[error("the object cannot be written: {0}")]
    Written(String),
}

impl Object {
    /// Reads the object in the data of a command, by their media type.
    ///
    /// # Errors
    /// [`TndsError`], which says what is wrong.
    pub fn read(media_type: &str, data: &Data) -> Result<Self, TndsError> {
        let media = media_type.split(';').next().unwrap_or_default().trim();
        let mut irregular = Irregularities::default();
        let unread = |reason: String| TndsError::Document(reason);
        // Elements within a WBXML message come as the text of these elements.
        let document = match data {
            Data::Text(text) if [XML_TYPE, WBXML_TYPE].iter().any(|known| known.eq_ignore_ascii_case(media)) => {
                xml::elements(text.as_bytes(), &mut irregular).map_err(|error| unread(error.to_string()))?
            }
            Data::Binary(octets) if WBXML_TYPE.eq_ignore_ascii_case(media) => {
                wbxml::elements(octets, &mut irregular).map_err(|error| unread(error.to_string()))?
            }
            Data::Binary(octets) if XML_TYPE.eq_ignore_ascii_case(media) => {
                xml::elements(octets, &mut irregular).map_err(|error| unread(error.to_string()))?
            }
            Data::Text(_) | Data::Binary(_) => return Err(TndsError::Type(shown(media))),
        };
        let root = document.root();
        if root.word() != Some(Word::MgmtTree) {
            return Err(TndsError::Root(shown(root.name())));
        }
        let ver_dtd = text(root, Word::VerDtd).ok_or(TndsError::Missing("VerDTD", "MgmtTree".into()))?;
        Ok(Self { ver_dtd, nodes: nodes(root)? })
    }

    /// Writes the object in XML.
    ///
    /// # Errors
    /// [`TndsError::Written`] for a text that XML cannot carry.
    pub fn to_xml(&self) -> Result<String, TndsError> {
        let octets = xml::encode_elements(&self.elements(true), XmlStyle::default());
        let octets = octets.map_err(|error| TndsError::Written(error.to_string()))?;
        String::from_utf8(octets).map_err(|error| TndsError::Written(error.to_string()))
    }

    /// Writes the object as a WBXML document of its own.
    ///
    /// # Errors
    /// [`TndsError::Written`] for a format without a token.
    pub fn to_wbxml(&self) -> Result<Vec<u8>, TndsError> {
        wbxml::encode_elements(self.elements(false), PUBLIC_ID).map_err(|error| TndsError::Written(error.to_string()))
    }

    fn elements(&self, as_text: bool) -> Elements<'_> {
        let mut writer = Writer { builder: Builder::default(), as_text };
        writer.open(Word::MgmtTree);
        writer.text(Word::VerDtd, &self.ver_dtd);
        self.nodes.iter().for_each(|node| writer.node(node));
        writer.close();
        writer.builder.complete().unwrap_or_default()
    }
}

fn text(element: Element<'_, '_>, word: Word) -> Option<String> {
    element.child(word)?.text().map(|text| text.into_owned())
}

fn nodes(element: Element<'_, '_>) -> Result<Vec<ObjectNode>, TndsError> {
    element.elements().filter(|child| child.word() == Some(Word::Node)).map(node).collect()
}

fn node(element: Element<'_, '_>) -> Result<ObjectNode, TndsError> {
    let name = text(element, Word::NodeName).unwrap_or_default().trim().to_owned();
    let properties = element.child(Word::RtProperties);
    let property = |word| text(properties?, word);
    // The format is an element of its own name within Format.
    let format = properties.and_then(|properties| properties.child(Word::Format));
    let format = format.and_then(|format| {
        let own = format.elements().next().map(|kind| kind.name().to_owned());
        own.or_else(|| format.text().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    });
    let type_ = properties.and_then(|properties| properties.child(Word::Type)).and_then(|kind| {
        let inner = [Word::Mime, Word::DdfName].into_iter().find_map(|word| text(kind, word));
        inner.or_else(|| kind.text().map(|text| text.into_owned())).filter(|text| !text.is_empty())
    });
    let value = element.child(Word::Value).map(|value| value_of(value, format.as_deref(), &name)).transpose()?;
    let path = text(element, Word::Path).filter(|path| !path.is_empty());
    let (acl, title) = (property(Word::Acl), property(Word::Title));
    Ok(ObjectNode { name, path, format, type_, acl, title, value, nodes: nodes(element)? })
}

fn value_of(value: Element<'_, '_>, format: Option<&str>, name: &str) -> Result<Data, TndsError> {
    if let Some(Content::Binary(octets, _)) = value.contents().next() {
        return Ok(Data::Binary(octets.to_vec()));
    }
    let text = match value.text() {
        Some(text) => text.into_owned(),
        // A value that is XML itself.
        None => xml::encode::fragment(value),
    };
    match format {
        Some("bin" | "b64") => from_base64(text.trim()).map(Data::Binary).map_err(|_| TndsError::Value(name.into())),
        _ => Ok(Data::from(text)),
    }
}

struct Writer<'a> {
    builder: Builder<'a>,
    /// Whether octets are written as base64.
    as_text: bool,
}

impl<'a> Writer<'a> {
    fn open(&mut self, word: Word) {
        self.builder.open(&Namespace::DmDdf, Name::Word(word), 0..0);
    }

    fn close(&mut self) {
        self.builder.close(0);
    }

    fn text(&mut self, word: Word, text: &'a str) {
        self.open(word);
        self.builder.text(text, 0..0);
        self.close();
    }

    fn node(&mut self, node: &'a ObjectNode) {
        self.open(Word::Node);
        self.text(Word::NodeName, &node.name);
        if let Some(path) = &node.path {
            self.text(Word::Path, path);
        }
        self.properties(node);
        match &node.value {
            Some(Data::Text(text)) => self.text(Word::Value, text),
            Some(Data::Binary(octets)) if self.as_text => {
                self.open(Word::Value);
                self.builder.made(&base64(octets), 0..0);
                self.close();
            }
            Some(Data::Binary(octets)) => {
                self.open(Word::Value);
                self.builder.binary(octets, 0..0);
                self.close();
            }
            None => {}
        }
        node.nodes.iter().for_each(|node| self.node(node));
        self.close();
    }

    fn properties(&mut self, node: &'a ObjectNode) {
        let nothing = [&node.acl, &node.format, &node.title, &node.type_].into_iter().all(Option::is_none);
        if nothing {
            return;
        }
        self.open(Word::RtProperties);
        if let Some(acl) = &node.acl {
            self.text(Word::Acl, acl);
        }
        if let Some(format) = &node.format {
            self.open(Word::Format);
            self.builder.open(&Namespace::DmDdf, Name::of(format), 0..0);
            self.close();
            self.close();
        }
        if let Some(title) = &node.title {
            self.text(Word::Title, title);
        }
        if let Some(kind) = &node.type_ {
            self.open(Word::Type);
            self.text(if node.value.is_some() { Word::Mime } else { Word::DdfName }, kind);
            self.close();
        }
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Object {
        let leaf = ObjectNode {
            name: "AppID".into(),
            format: Some("chr".into()),
            type_: Some("text/plain".into()),
            value: Some("w7".into()),
            ..ObjectNode::default()
        };
        let nonce = ObjectNode {
            name: "AAuthData".into(),
            format: Some("bin".into()),
            value: Some(vec![0, 0xFF].into()),
            ..ObjectNode::default()
        };
        let top = ObjectNode {
            name: String::new(),
            format: Some("node".into()),
            type_: Some("urn:oma:mo:oma-dm-dmacc:1.0".into()),
            acl: Some("Get=*".into()),
            nodes: vec![leaf, nonce],
            ..ObjectNode::default()
        };
        Object { ver_dtd: "1.2".into(), nodes: vec![top] }
    }

    #[test]
    fn an_object_is_read_as_it_is_written() {
        let object = account();
        let xml = object.to_xml().unwrap();
        assert!(xml.contains("<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD><Node><NodeName"), "{xml}");
        assert!(xml.contains("<Format><bin/></Format>") && xml.contains("<Value>AP8=</Value>"), "{xml}");
        assert_eq!(Object::read(XML_TYPE, &Data::from(xml.clone())), Ok(object.clone()));
        assert_eq!(Object::read("APPLICATION/vnd.syncml.dmtnds+XML; charset=utf-8", &xml.into()), Ok(object.clone()));
        let wbxml = object.to_wbxml().unwrap();
        assert_eq!(wbxml.get(..5), Some(&[0x02, 0x00, 0x00, 0x6A, 0x1B][..]));
        assert_eq!(Object::read(WBXML_TYPE, &Data::Binary(wbxml)), Ok(object));
    }

    #[test]
    fn the_octets_of_a_small_object() {
        let node = ObjectNode { name: "A".into(), value: Some("b".into()), ..ObjectNode::default() };
        let octets = Object { ver_dtd: "1.2".into(), nodes: vec![node] }.to_wbxml().unwrap();
        let expected = [
            "02 00 00 6A 1B 2D2F2F4F4D412F2F4454442D444D2D44444620312E322F2F454E00",
            "00 02 60 77 03312E3200 01 64 66 034100 01 76 036200 01 01 01",
        ];
        assert_eq!(dmsc_octets::to_hex(&octets), expected.concat().replace(' ', ""));
    }

    #[test]
    fn what_is_no_object_is_refused_with_the_reason() {
        let error = |media: &str, data: Data| Object::read(media, &data).unwrap_err().to_string();
        assert!(error("text/plain", "x".into()).starts_with("`text/plain` is not the type"));
        assert!(error(XML_TYPE, "<MgmtTree>".into()).starts_with("the object cannot be read"));
        assert_eq!(error(XML_TYPE, "<Node/>".into()), "the object is a Node, not a MgmtTree");
        assert_eq!(error(XML_TYPE, "<MgmtTree/>".into()), "VerDTD is missing in MgmtTree");
        let value = "<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>K</NodeName><RTProperties><Format><bin/></Format>\
                     </RTProperties><Value>?</Value></Node></MgmtTree>";
        assert_eq!(error(XML_TYPE, value.into()), "the value of `K` is no base64");
        assert!(error(WBXML_TYPE, vec![0xFF, 0x00].into()).starts_with("the object cannot be read"));
    }
}
