//! The ways in which one and the same message can be written: XML 1.0 and WBXML leave them open, and every receiver reads
//! them alike.

/// How a message is written in XML.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct XmlStyle {
    /// What comes before the root element.
    pub prolog: Prolog,
    /// Whether each element has a line of its own, where white space means nothing.
    pub indented: bool,
    /// Whether namespaces have prefixes, declared at the root element, and not the default namespace in turn.
    pub prefixes: bool,
    /// How text is written.
    pub text: TextForm,
    /// Whether an element without content has an end tag.
    pub end_tags: bool,
}

/// What comes before the root element (XML 1.0, 2.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prolog {
    /// The XML declaration.
    #[default]
    Declaration,
    /// Nothing: UTF-8 needs no declaration.
    Nothing,
    /// The XML declaration and a document type declaration without definitions.
    DocumentType,
    /// The byte order mark, which UTF-8 allows, and the XML declaration.
    ByteOrderMark,
    /// The XML declaration in other spelling, a comment and a processing instruction.
    Comment,
}

/// How text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextForm {
    /// As it is, with entities where needed.
    #[default]
    Plain,
    /// In CDATA sections (XML 1.0, 2.7).
    Cdata,
    /// With its first character as a reference (XML 1.0, 4.1).
    References,
}

/// How a message is written in WBXML.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WbxmlStyle {
    /// The version that the document names (DMREPPRO 5: any 1.x).
    pub version: WbxmlVersion,
    /// Whether the public identifier is written out, in the string table.
    pub literal_public_id: bool,
    /// Whether texts stand in the string table, each once.
    pub string_table: bool,
}

/// A version of WBXML.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WbxmlVersion {
    /// 1.1
    V1_1,
    /// 1.2
    #[default]
    V1_2,
    /// 1.3
    V1_3,
}

impl WbxmlVersion {
    /// The octet that says so.
    pub(crate) fn octet(self) -> u8 {
        match self {
            WbxmlVersion::V1_1 => 1,
            WbxmlVersion::V1_2 => 2,
            WbxmlVersion::V1_3 => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::syncml::strategies;
    use crate::{wbxml, xml};

    fn xml_style() -> impl Strategy<Value = XmlStyle> {
        let prolog = prop_oneof![
            Just(Prolog::Declaration),
            Just(Prolog::Nothing),
            Just(Prolog::DocumentType),
            Just(Prolog::ByteOrderMark),
            Just(Prolog::Comment),
        ];
        let text = prop_oneof![Just(TextForm::Plain), Just(TextForm::Cdata), Just(TextForm::References)];
        (prolog, any::<bool>(), any::<bool>(), text, any::<bool>()).prop_map(
            |(prolog, indented, prefixes, text, end_tags)| XmlStyle { prolog, indented, prefixes, text, end_tags },
        )
    }

    fn wbxml_style() -> impl Strategy<Value = WbxmlStyle> {
        let version = prop_oneof![Just(WbxmlVersion::V1_1), Just(WbxmlVersion::V1_2), Just(WbxmlVersion::V1_3)];
        (version, any::<bool>(), any::<bool>()).prop_map(|(version, literal_public_id, string_table)| WbxmlStyle {
            version,
            literal_public_id,
            string_table,
        })
    }

    #[test]
    fn a_style_is_seen_in_the_octets() {
        let message = crate::syncml::Message::default();
        let style = XmlStyle { prolog: Prolog::Nothing, prefixes: true, end_tags: true, ..XmlStyle::default() };
        let text = String::from_utf8(xml::encode_as(&message, style).unwrap()).unwrap();
        assert!(text.starts_with("<dm:SyncML xmlns:dm=\"SYNCML:SYNCML1.2\" xmlns:met=\"syncml:metinf\""), "{text}");
        assert!(text.contains("<dm:SyncBody></dm:SyncBody>"), "{text}");
        let style = XmlStyle { indented: true, text: TextForm::Cdata, ..XmlStyle::default() };
        let text = String::from_utf8(xml::encode_as(&message, style).unwrap()).unwrap();
        assert!(text.contains("\n\t\t<VerDTD><![CDATA[1.2]]></VerDTD>\n"), "{text}");
        let style = WbxmlStyle { version: WbxmlVersion::V1_1, string_table: true, literal_public_id: true };
        let octets = wbxml::encode_as(&message, style).unwrap();
        assert_eq!(octets[..4], [0x01, 0x00, 0x00, 0x6A]);
        assert!(octets.windows(7).any(|at| at == b"DM/1.2\0"));
    }

    proptest! {
        #[test]
        fn every_style_says_the_same(message in strategies::message(false), style in xml_style()) {
            let octets = xml::encode_as(&message, style).unwrap();
            let decoded = xml::decode(&octets).unwrap();
            prop_assert_eq!(decoded.irregular, []);
            prop_assert_eq!(decoded.value, message);
        }

        #[test]
        fn every_style_of_wbxml_says_the_same(message in strategies::message(true), style in wbxml_style()) {
            let octets = wbxml::encode_as(&message, style).unwrap();
            let decoded = wbxml::decode(&octets).unwrap();
            prop_assert_eq!(decoded.irregular, []);
            prop_assert_eq!(decoded.value, message);
        }
    }
}
