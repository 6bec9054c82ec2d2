//! From one encoding into the other, element for element and in one go: no message is made, so that everything in a
//! document arrives, known or not, in the order in which it stood.

use std::ops::Range;

use thiserror::Error;

use crate::base64::base64;
use crate::element::{Content, Element, Name, Namespace, Sink};
use crate::irregular::Irregularities;
use crate::style::{WbxmlStyle, XmlStyle};
use crate::syncml::{Data, Decoded, data_of, format_of};
use crate::word::Word;
use crate::{wbxml, xml};

/// Why WBXML does not become XML.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ToXmlError {
    /// It is no WBXML of this kind.
    #[error(transparent)]
    Wbxml(#[from] wbxml::WbxmlError),
    /// It holds what XML cannot carry.
    #[error(transparent)]
    Encode(#[from] xml::EncodeError),
}

/// Why XML does not become WBXML.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ToWbxmlError {
    /// It is no well-formed XML, or XML of a kind that is refused.
    #[error(transparent)]
    Xml(#[from] xml::XmlError),
    /// It has an element without a token.
    #[error(transparent)]
    Encode(#[from] wbxml::EncodeError),
}

/// XML out of WBXML, in the manner of [`xml::encode`].
///
/// Opaque data are text where XML can carry them, unless their Format is `bin`. Others are base64, and in an Item or a Cred
/// their Format becomes `b64` (MetInf 1.2).
///
/// # Errors
/// [`ToXmlError`]: the octets are no WBXML, with the fault and the place that [`wbxml::decode`] tells, or a text holds a
/// character XML cannot carry.
pub fn to_xml(octets: &[u8]) -> Result<Decoded<Vec<u8>>, ToXmlError> {
    let mut irregular = Irregularities::default();
    let mut direct = Direct { writer: xml::Writer::new(XmlStyle::default()), has_octets: false };
    wbxml::tell(octets, &mut irregular, &mut direct)?;
    let value = if direct.has_octets { with_octets(octets)? } else { direct.writer.finish()? };
    Ok(Decoded { value, irregular: irregular.into_vec() })
}

/// XML out of WBXML with octets. Their Format stands in front of them, so that it is written when they are known.
fn with_octets(octets: &[u8]) -> Result<Vec<u8>, ToXmlError> {
    let elements = wbxml::message_elements(octets, &mut Irregularities::default())?;
    let mut writer = xml::Writer::new(XmlStyle::default());
    Textual { sink: &mut writer }.element(elements.root(), None);
    Ok(writer.finish()?)
}

/// WBXML out of XML, in the manner of [`wbxml::encode`]. White space between elements, which means nothing, is left out.
///
/// # Errors
/// [`ToWbxmlError`]: the octets are no XML, with the fault and the place that [`xml::decode`] tells, or an element has no
/// token.
pub fn to_wbxml(octets: &[u8]) -> Result<Decoded<Vec<u8>>, ToWbxmlError> {
    let mut irregular = Irregularities::default();
    let writer = wbxml::message_writer(WbxmlStyle::default())?;
    let mut spaced = Spaced { writer, held: String::new(), has_elements: false, in_data: 0 };
    xml::tell(octets, &mut irregular, &mut spaced)?;
    Ok(Decoded { value: spaced.writer.finish()?, irregular: irregular.into_vec() })
}

/// Writes XML right away, and sees whether there are octets.
struct Direct<'t> {
    writer: xml::Writer<'t>,
    has_octets: bool,
}

impl<'t> Sink<'t> for Direct<'t> {
    #[inline]
    fn open(&mut self, namespace: &Namespace, name: Name<'t>, head: Range<usize>) {
        self.writer.open(namespace, name, head);
    }

    #[inline]
    fn text(&mut self, text: &'t str, at: Range<usize>) {
        self.writer.text(text, at);
    }

    fn made(&mut self, text: &str, at: Range<usize>) {
        self.writer.made(text, at);
    }

    fn binary(&mut self, _octets: &'t [u8], _at: Range<usize>) {
        self.has_octets = true;
    }

    #[inline]
    fn close(&mut self, end: usize) {
        self.writer.close(end);
    }
}

/// Tells of a document with octets as one of XML, which has texts only.
struct Textual<'s, S> {
    sink: &'s mut S,
}

impl<'e, S: Sink<'e>> Textual<'_, S> {
    /// An element. Those around it hand it a Format: to an Item that of the command, to Data that of the Item or Cred.
    fn element(&mut self, element: Element<'e, '_>, handed: Option<&str>) {
        let own = format_of(element);
        let own = own.as_deref();
        let of_data = match element.word() {
            Some(Word::Item) => own.or(handed),
            Some(Word::Cred) => own,
            _ => None,
        };
        let octets = matches!(element.word(), Some(Word::Item | Word::Cred))
            && element.child(Word::Data).is_some_and(|data| matches!(data_of(data, of_data), Data::Binary(_)));
        self.sink.open(element.namespace(), element.named(), 0..0);
        let no_meta = octets && element.child(Word::Meta).is_none();
        let has_elements = element.elements().next().is_some();
        if element.word() == Some(Word::Data) && !has_elements {
            self.value(&data_of(element, handed));
        } else {
            for content in element.contents() {
                match content {
                    Content::Element(child) if octets && child.word() == Some(Word::Meta) => self.meta(Some(child)),
                    Content::Element(child) if child.word() == Some(Word::Data) => {
                        if no_meta {
                            self.meta(None);
                        }
                        self.element(child, of_data);
                    }
                    Content::Element(child) => self.element(child, own),
                    Content::Text(text, _) => self.sink.text(text, 0..0),
                    Content::Binary(octets, _) => self.value(&Data::from_octets(octets.to_vec())),
                }
            }
        }
        self.sink.close(0);
    }

    fn value(&mut self, data: &Data) {
        match data {
            Data::Text(text) => self.sink.made(text, 0..0),
            Data::Binary(octets) => self.sink.made(&base64(octets), 0..0),
        }
    }

    /// A Meta, or the MetInf in it, whose Format is to say base64.
    fn meta(&mut self, meta: Option<Element<'e, '_>>) {
        match meta {
            Some(meta) => self.sink.open(meta.namespace(), meta.named(), 0..0),
            None => self.sink.open(&Namespace::SyncMl, Name::Word(Word::Meta), 0..0),
        }
        if let Some(inner) = meta.and_then(|meta| meta.child(Word::MetInf)) {
            self.meta(Some(inner));
        } else {
            self.sink.open(&Namespace::MetInf, Name::Word(Word::Format), 0..0);
            self.sink.text("b64", 0..0);
            self.sink.close(0);
            let others = meta.into_iter().flat_map(Element::elements);
            others.filter(|child| child.word() != Some(Word::Format)).for_each(|child| self.element(child, None));
        }
        self.sink.close(0);
    }
}

/// Writes WBXML without the white space between elements.
struct Spaced {
    writer: wbxml::Writer,
    /// White space of which it is not known yet whether it is between elements.
    held: String,
    /// Whether the innermost element has elements in it.
    has_elements: bool,
    /// How many of the open elements are Data or in Data, whose white space is a part of it.
    in_data: usize,
}

impl Spaced {
    /// What was held is text after all.
    fn keep(&mut self) {
        if !self.held.is_empty() {
            self.writer.made(&self.held, 0..0);
            self.held.clear();
        }
    }

    /// Character data; whether it is held.
    fn hold(&mut self, text: &str) -> bool {
        if self.in_data == 0 && text.trim().is_empty() {
            self.held.push_str(text);
            return true;
        }
        self.keep();
        false
    }
}

impl<'t> Sink<'t> for Spaced {
    #[inline]
    fn open(&mut self, namespace: &Namespace, name: Name<'t>, head: Range<usize>) {
        self.held.clear();
        self.has_elements = false;
        if self.in_data > 0 || name == Name::Word(Word::Data) {
            self.in_data += 1;
        }
        self.writer.open(namespace, name, head);
    }

    #[inline]
    fn text(&mut self, text: &'t str, at: Range<usize>) {
        if !self.hold(text) {
            self.writer.text(text, at);
        }
    }

    fn made(&mut self, text: &str, at: Range<usize>) {
        if !self.hold(text) {
            self.writer.made(text, at);
        }
    }

    fn binary(&mut self, octets: &'t [u8], at: Range<usize>) {
        self.keep();
        self.writer.binary(octets, at);
    }

    #[inline]
    fn close(&mut self, end: usize) {
        if self.has_elements {
            self.held.clear();
        } else {
            self.keep();
        }
        self.has_elements = true;
        self.in_data = self.in_data.saturating_sub(1);
        self.writer.close(end);
    }
}

#[cfg(test)]
mod tests {
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    use super::*;
    use crate::syncml::strategies;
    use crate::xml::XmlError;

    fn wbxml_of(xml: &str) -> String {
        to_hex(&to_wbxml(xml.as_bytes()).unwrap().value)
    }

    fn xml_of(body: &str) -> String {
        let octets = from_hex(&format!("02A4016A00{body}")).unwrap();
        let xml = String::from_utf8(to_xml(&octets).unwrap().value).unwrap();
        xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap().to_owned()
    }

    #[test]
    fn elements_arrive_in_their_order_known_or_not() {
        // Map holds an Item, and a literal tag stands where none is expected.
        assert_eq!(
            xml_of("58 54 4F 036100 01 01 01"),
            "<Map xmlns=\"SYNCML:SYNCML1.2\"><Item><Data>a</Data></Item></Map>"
        );
        assert_eq!(
            wbxml_of("<Map xmlns='SYNCML:SYNCML1.2'><Final/><Item/><Meta><Mem xmlns='syncml:metinf'/></Meta></Map>"),
            "02A4016A005812145A00010D0101"
        );
        let fly = to_wbxml(b"<Fly/>").unwrap_err();
        assert_eq!(fly.to_string(), "element Fly of no namespace has no token in code pages 0 to 2; send it as XML");
    }

    #[test]
    fn text_in_pieces_is_one_string_and_white_space_between_elements_is_none() {
        let item = |inner: &str| wbxml_of(&format!("<Item xmlns='SYNCML:SYNCML1.2'>{inner}</Item>"));
        let body = |inner: &str| format!("02A4016A0054{inner}01").replace(' ', "");
        assert_eq!(item("\n <Data>a&amp;<![CDATA[<]]>&#98;</Data>\r\n"), body("4F 0361263C6200 01"));
        assert_eq!(item(" <Data> <MoreData/> </Data><Cmd> </Cmd>"), body("4F 032000 34 032000 01 4A 032000 01"));
        assert_eq!(item(" a <Final/>"), body("03206120 00 12"));
        assert_eq!(item(" &#32;"), body("03202000"));
    }

    #[test]
    fn opaque_data_are_text_or_base64_under_their_format() {
        let item = |inner: &str| xml_of(&format!("54{inner}01"));
        let of = |inner: &str| format!("<Item xmlns=\"SYNCML:SYNCML1.2\">{inner}</Item>");
        let format = |format: &str| format!("<Format xmlns=\"syncml:metinf\">{format}</Format>");
        assert_eq!(item("4F C3 01 61 01"), of("<Data>a</Data>"));
        assert_eq!(item("4F C3 01 FF 01"), of(&format!("<Meta>{}</Meta><Data>/w==</Data>", format("b64"))));
        // Meta with Format bin and Mark.
        let meta = "5A 0001 47 0362696E00 01 4B 033100 01 01 0000";
        let expected = format!("<Meta>{}<Mark xmlns=\"syncml:metinf\">1</Mark></Meta><Data>YQ==</Data>", format("b64"));
        assert_eq!(item(&format!("{meta} 4F C3 01 61 01")), of(&expected));
        // A text and octets are one value.
        assert_eq!(item("4F 036100 C3 01 FF 01"), of(&format!("<Meta>{}</Meta><Data>Yf8=</Data>", format("b64"))));
        assert_eq!(xml_of("4B C3 01 31 01"), "<CmdID xmlns=\"SYNCML:SYNCML1.2\">1</CmdID>");
    }

    #[test]
    fn faults_and_what_is_forgiven_are_those_of_decoding() {
        let error = to_xml(&[2, 0xA4, 1, 0x6A, 0, 0x54]).unwrap_err();
        assert_eq!(error.to_string(), "octet 6: the document ends inside an element");
        let Err(ToWbxmlError::Xml(XmlError { offset, .. })) = to_wbxml(b"<Item></Data>") else { panic!() };
        assert_eq!(offset, 6);
        let told = to_xml(&[2, 1, 0x6A, 0, 0x14]).unwrap().irregular;
        assert_eq!(told[0].kind, "other-public-id");
        let refused = to_xml(&[2, 0xA4, 1, 0x6A, 0, 0x4F, 3, 1, 0, 1]).unwrap_err();
        assert!(refused.to_string().starts_with("Data holds the character U+0001"), "{refused}");
    }

    proptest! {
        #[test]
        fn a_message_becomes_what_it_is_in_the_other_encoding(message in strategies::message(true)) {
            let wbxml = wbxml::encode(&message).unwrap();
            let xml = xml::encode(&message).unwrap();
            prop_assert_eq!(to_xml(&wbxml).unwrap(), Decoded { value: xml, irregular: vec![] });
        }

        #[test]
        fn a_message_of_texts_goes_there_and_back(message in strategies::message(false), indented: bool) {
            let wbxml = wbxml::encode(&message).unwrap();
            let xml = xml::encode_as(&message, XmlStyle { indented, ..XmlStyle::default() }).unwrap();
            prop_assert_eq!(to_wbxml(&xml).unwrap(), Decoded { value: wbxml, irregular: vec![] });
        }

        #[test]
        fn any_body_is_judged_as_by_decoding(body in prop::collection::vec(
            prop_oneof![0u8..0x10, 0x40u8..0x70, Just(0x83), Just(0xC3), any::<u8>()], 0..200)
        ) {
            let octets = [&[0x02, 0xA4, 0x01, 0x6A, 0x02, 0x41, 0x00], body.as_slice()].concat();
            match (to_xml(&octets), wbxml::decode(&octets)) {
                (Err(ToXmlError::Wbxml(one)), Err(wbxml::DecodeError::Wbxml(other))) => prop_assert_eq!(one, other),
                (Ok(there), Ok(_) | Err(wbxml::DecodeError::Message(_))) => {
                    prop_assert!(crate::document::Document::from_xml(&there.value).is_ok());
                }
                (Err(ToXmlError::Encode(_)), Ok(_) | Err(wbxml::DecodeError::Message(_))) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn anything_like_xml_is_judged_as_by_decoding(xml in "(<[a-c/!?:]{0,3} ?[a-z='\"]{0,6}>?|<Data>|</Data>|&#?x?[0-9a-z]{0,4};?|[ -~\u{E9}]|\\]\\]>|<!\\[CDATA\\[){0,20}") {
            match (to_wbxml(xml.as_bytes()), xml::decode(xml.as_bytes())) {
                (Err(ToWbxmlError::Xml(one)), Err(xml::DecodeError::Xml(other))) => prop_assert_eq!(one, other),
                (Ok(_) | Err(ToWbxmlError::Encode(_)), Ok(_) | Err(xml::DecodeError::Message(_))) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
