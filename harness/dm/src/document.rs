//! A document as it was read, message or not.

use crate::element::Elements;
use crate::irregular::Irregularities;
use crate::syncml::{Decoded, Message, MessageError, MessageSpans};
use crate::wbxml::{self, WbxmlError};
use crate::xml::{self, XmlError};

/// A document that is well-formed: its elements, with what they hold and where. Whoever wants a message and its places, too,
/// reads the octets once.
#[derive(Debug)]
pub struct Document<'a> {
    elements: Elements<'a>,
    irregular: Irregularities,
}

impl<'a> Document<'a> {
    /// Reads WBXML of the code space of SyncML.
    ///
    /// # Errors
    /// [`WbxmlError`] with the offset of the octet at fault.
    pub fn from_wbxml(octets: &'a [u8]) -> Result<Self, WbxmlError> {
        let mut irregular = Irregularities::default();
        let elements = wbxml::message_elements(octets, &mut irregular)?;
        Ok(Self { elements, irregular })
    }

    /// Reads XML.
    ///
    /// # Errors
    /// [`XmlError`] with offset, line and column.
    pub fn from_xml(octets: &'a [u8]) -> Result<Self, XmlError> {
        let mut irregular = Irregularities::default();
        let elements = xml::elements(octets, &mut irregular)?;
        Ok(Self { elements, irregular })
    }

    /// The local name of the root element.
    #[must_use]
    pub fn root(&self) -> &str {
        self.elements.root().name()
    }

    /// Where the fields of a message stand, as [`wbxml::spans`] and [`xml::spans`] have it.
    #[must_use]
    pub fn spans(&self) -> MessageSpans {
        MessageSpans::of(&self.elements)
    }

    /// The message that the document is, with what was irregular about the document and about the message.
    ///
    /// # Errors
    /// [`MessageError`]: it is none.
    pub fn message(self) -> Result<Decoded<Message>, MessageError> {
        Message::from_elements(&self.elements, self.irregular)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::syncml::strategies;

    proptest! {
        #[test]
        fn a_document_has_the_message_and_its_places(message in strategies::message(false)) {
            let octets = xml::encode(&message).unwrap();
            let document = Document::from_xml(&octets).unwrap();
            prop_assert_eq!((document.root(), document.spans()), ("SyncML", xml::spans(&octets)));
            prop_assert_eq!(document.message(), xml::decode(&octets).map_err(|error| panic!("{error}")));
            let octets = wbxml::encode(&message).unwrap();
            let document = Document::from_wbxml(&octets).unwrap();
            prop_assert_eq!((document.root(), document.spans()), ("SyncML", wbxml::spans(&octets)));
            prop_assert_eq!(document.message(), wbxml::decode(&octets).map_err(|error| panic!("{error}")));
        }
    }
}
