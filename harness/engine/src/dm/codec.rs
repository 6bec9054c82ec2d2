//! The two encodings of a DM message, and which media type announces which.

use dmsc_dm::syncml::{Decoded, Message, MessageSpans};
use dmsc_dm::wbxml::parts::PartFault;
use serde::{Deserialize, Serialize};

use super::manner;
use crate::choice::octets::Octets;

/// How a message is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// `application/vnd.syncml.dm+xml`
    #[default]
    Xml,
    /// `application/vnd.syncml.dm+wbxml`
    Wbxml,
}

/// Why octets are no DM message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// The codec's own words, with the place where it knows one.
    pub reason: String,
    /// The octet at which reading came to its end, counted from 0.
    pub offset: Option<usize>,
    /// It may be right, and is refused all the same: definitions in a DOCTYPE, a character set that is not UTF-8, more
    /// depth than anybody needs.
    pub refused: bool,
}

impl Encoding {
    /// Both.
    pub const ALL: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

    /// The media type that announces the encoding.
    pub fn media_type(self) -> &'static str {
        match self {
            Encoding::Xml => "application/vnd.syncml.dm+xml",
            Encoding::Wbxml => "application/vnd.syncml.dm+wbxml",
        }
    }

    /// The encoding a media type announces; parameters and case do not matter.
    pub fn of_media_type(text: &str) -> Option<Encoding> {
        let media = text.split(';').next().unwrap_or_default().trim();
        Encoding::ALL.into_iter().find(|e| e.media_type().eq_ignore_ascii_case(media))
    }

    /// The encoding the octets themselves show: WBXML starts with a version octet below any XML character.
    pub fn of_octets(octets: &[u8]) -> Encoding {
        match octets.first() {
            Some(0..=8) => Encoding::Wbxml,
            _ => Encoding::Xml,
        }
    }

    /// The name used in cases.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Xml => "xml",
            Encoding::Wbxml => "wbxml",
        }
    }

    /// Encodes a message, as a side that has made these choices writes it.
    ///
    /// # Errors
    /// The codec's own words when a value of the message cannot be written.
    pub fn encode(self, message: &Message, octets: &Octets) -> Result<Vec<u8>, String> {
        match self {
            Encoding::Xml => dmsc_dm::xml::encode_as(message, manner::xml(octets)).map_err(|e| e.to_string()),
            Encoding::Wbxml => dmsc_dm::wbxml::encode_as(message, manner::wbxml(octets)).map_err(|e| e.to_string()),
        }
    }

    /// Decodes a message; gives it with what was irregular about it.
    ///
    /// # Errors
    /// [`Unreadable`] when the octets are not a SyncML message.
    pub fn decode(self, octets: &[u8]) -> Result<Decoded<Message>, Unreadable> {
        use dmsc_dm::{wbxml, xml};
        match self {
            Encoding::Xml => xml::decode(octets).map_err(|error| {
                let (offset, refused) = match &error {
                    xml::DecodeError::Xml(error) => {
                        use xml::Fault::{Definition, Depth, Encoding, Entity};
                        let refused = matches!(error.fault, Definition(_) | Depth | Encoding(_) | Entity(_));
                        (Some(error.offset), refused)
                    }
                    xml::DecodeError::Message(_) => (None, false),
                };
                Unreadable { reason: error.to_string(), offset, refused }
            }),
            Encoding::Wbxml => wbxml::decode(octets).map_err(|error| {
                let (offset, refused) = match &error {
                    wbxml::DecodeError::Wbxml(error) => (
                        Some(error.offset),
                        matches!(error.fault, wbxml::Fault::Depth | wbxml::Fault::Part(PartFault::Charset(_))),
                    ),
                    wbxml::DecodeError::Message(_) => (None, false),
                };
                Unreadable { reason: error.to_string(), offset, refused }
            }),
        }
    }

    /// Where the fields of a message stand in its octets.
    pub fn spans(self, octets: &[u8]) -> MessageSpans {
        match self {
            Encoding::Xml => dmsc_dm::xml::spans(octets),
            Encoding::Wbxml => dmsc_dm::wbxml::spans(octets),
        }
    }
}
