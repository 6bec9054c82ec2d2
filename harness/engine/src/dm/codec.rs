//! The two encodings of a DM message, and which media type announces which.

use dmsc_dm::syncml::{Decoded, Message, MessageSpans};
use dmsc_dm::wbxml::parts::PartFault;
use serde::{Deserialize, Serialize};

use super::manner;
use crate::choice::octets::Octets;

/// The most elements of a message that is read. What is made of each, and of the answer to each, takes up to four
/// thousand octets.
pub const ELEMENTS_LIMIT: usize = 16_384;

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
    /// elements or more depth than anybody needs.
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

    /// Encodes a message that repeats what the other side has said, as a name in a Status: what XML cannot carry of that is
    /// left out. Where the encoding was asked for, that is an error.
    ///
    /// # Errors
    /// Those of `encode`, which makes the octets in an encoding.
    pub(crate) fn carry(
        self,
        asked: Option<Encoding>,
        (message, octets): (&Message, &Octets),
        encode: impl FnOnce(Encoding) -> Result<Vec<u8>, String>,
    ) -> Result<Vec<u8>, String> {
        match (encode(asked.unwrap_or(self)), asked) {
            (Err(_), None) if self == Encoding::Xml => {
                Ok(dmsc_dm::xml::encode_what_can_be(message, manner::xml(octets)))
            }
            (encoded, _) => encoded,
        }
    }

    /// Which of the two a client takes, where it is one only, by the media ranges of its Accept (RFC 9110 12.5.1).
    pub(crate) fn only_accepted(accept: &str) -> Option<Encoding> {
        let is_taken = |encoding: &Encoding| {
            accept.split(',').any(|range| {
                let mut parts = range.split(';').map(str::trim);
                let media = parts.next().unwrap_or_default();
                let refused = parts.any(|weight| {
                    let value = weight.strip_prefix("q=").or(weight.strip_prefix("Q="));
                    value.and_then(|value| value.parse::<f32>().ok()).is_some_and(|value| value == 0.0)
                });
                let all = [encoding.media_type(), "application/*", "*/*"];
                !refused && all.iter().any(|taken| media.eq_ignore_ascii_case(taken))
            })
        };
        let taken: Vec<Encoding> = Encoding::ALL.into_iter().filter(is_taken).collect();
        match *taken {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Decodes a message; gives it with what was irregular about it.
    ///
    /// # Errors
    /// [`Unreadable`] when the octets are not a SyncML message.
    pub fn decode(self, octets: &[u8]) -> Result<Decoded<Message>, Unreadable> {
        use dmsc_dm::{wbxml, xml};
        self.within_limits(octets)?;
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
                        matches!(
                            error.fault,
                            wbxml::Fault::Depth | wbxml::Fault::Referred | wbxml::Fault::Part(PartFault::Charset(_))
                        ),
                    ),
                    wbxml::DecodeError::Message(_) => (None, false),
                };
                Unreadable { reason: error.to_string(), offset, refused }
            }),
        }
    }

    /// That a message has no more elements than are read. What is no document is left to who reads it.
    fn within_limits(self, octets: &[u8]) -> Result<(), Unreadable> {
        // An element has an octet at least.
        if octets.len() <= ELEMENTS_LIMIT {
            return Ok(());
        }
        let count = match self {
            Encoding::Xml => dmsc_dm::xml::count_elements(octets).ok(),
            Encoding::Wbxml => dmsc_dm::wbxml::count_elements(octets).ok(),
        };
        match count {
            Some(count) if count > ELEMENTS_LIMIT => Err(Unreadable {
                reason: format!("the message has {count} elements; {ELEMENTS_LIMIT} are read at most"),
                offset: None,
                refused: true,
            }),
            _ => Ok(()),
        }
    }

    /// Where the fields of a message stand in its octets. Nothing of one that is not read.
    pub fn spans(self, octets: &[u8]) -> MessageSpans {
        if self.within_limits(octets).is_err() {
            return MessageSpans::default();
        }
        match self {
            Encoding::Xml => dmsc_dm::xml::spans(octets),
            Encoding::Wbxml => dmsc_dm::wbxml::spans(octets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(encoding: Encoding, octets: &[u8]) -> String {
        let error = encoding.decode(octets).unwrap_err();
        assert!(error.refused, "{error}");
        error.reason
    }

    #[test]
    fn what_xml_cannot_carry_is_left_out_unless_xml_was_asked_for() {
        let mut message = Message::default();
        message.header.source = "a\u{2}b".into();
        let octets = Octets::default();
        let carry =
            |own: Encoding, asked| own.carry(asked, (&message, &octets), |encoding| encoding.encode(&message, &octets));
        let xml = String::from_utf8(carry(Encoding::Xml, None).unwrap()).unwrap();
        assert!(xml.contains("<LocURI>ab</LocURI>"), "{xml}");
        assert!(carry(Encoding::Xml, Some(Encoding::Xml)).unwrap_err().contains("U+0002"));
        assert_eq!(carry(Encoding::Xml, Some(Encoding::Wbxml)), Encoding::Wbxml.encode(&message, &octets));
        assert_eq!(carry(Encoding::Wbxml, None), Encoding::Wbxml.encode(&message, &octets));
    }

    #[test]
    fn a_client_says_which_encodings_it_takes() {
        let (xml, wbxml) = (Encoding::Xml.media_type(), Encoding::Wbxml.media_type());
        for (accept, only) in [
            (xml.to_owned(), Some(Encoding::Xml)),
            (format!("text/xml, {} ; q=0.5", wbxml.to_uppercase()), Some(Encoding::Wbxml)),
            (format!("{xml},{wbxml};q=0"), Some(Encoding::Xml)),
            (format!("{xml}, {wbxml};q=0.1"), None),
            ("*/*".into(), None),
            ("application/*;q=0.000".into(), None),
            ("text/xml".into(), None),
            (String::new(), None),
        ] {
            assert_eq!(Encoding::only_accepted(&accept), only, "{accept}");
        }
    }

    #[test]
    fn a_message_of_very_many_elements_is_refused_before_it_is_read() {
        let reason = "the message has 20002 elements; 16384 are read at most";
        let xml =
            format!("<SyncML xmlns='SYNCML:SYNCML1.2'><SyncBody>{}</SyncBody></SyncML>", "<Final/>".repeat(20_000));
        assert_eq!(refusal(Encoding::Xml, xml.as_bytes()), reason);
        assert_eq!(Encoding::Xml.spans(xml.as_bytes()), MessageSpans::default());
        // SyncML and SyncBody with content, and so many Finals in it.
        let wbxml = [b"\x02\xA4\x01\x6A\x00\x6D\x6B".as_slice(), &[0x12; 20_000], &[1, 1]].concat();
        assert_eq!(refusal(Encoding::Wbxml, &wbxml), reason);
        // As many octets of text are none.
        let text = format!("<SyncML xmlns='SYNCML:SYNCML1.2'><SyncBody>{}</SyncBody></SyncML>", "x".repeat(20_000));
        assert!(!Encoding::Xml.decode(text.as_bytes()).unwrap_err().refused);
    }

    #[test]
    fn what_references_to_the_string_table_stand_for_is_bounded() {
        // A table with one string of 65535 octets, and Alert, Data with 65 references to it.
        let head = b"\x02\xA4\x01\x6A\x84\x80\x00".to_vec();
        let table = [vec![b'x'; 65_535], vec![0]].concat();
        let body = [b"\x6D\x6B\x46\x4F".as_slice(), &[0x83, 0].repeat(65), &[1; 4]].concat();
        let reason = refusal(Encoding::Wbxml, &[head, table, body].concat());
        assert_eq!(reason, "octet 65675: references to the string table stand for more than 4194304 octets");
    }
}
