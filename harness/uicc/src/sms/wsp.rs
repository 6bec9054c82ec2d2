//! Connectionless WSP push (WAP-230 8.2.4.1, header coding 8.4).

use super::{Reader, SmsError};

/// PDU type of a push.
const PUSH: u8 = 0x06;
/// Well-known content type application/vnd.syncml.notification.
const NOTIFICATION_CODE: u8 = 0x44;
const NOTIFICATION_TEXT: &str = "application/vnd.syncml.notification";
/// Well-known header X-Wap-Application-Id.
const APPLICATION_ID: u8 = 0x2F;
/// Well-known application id of the DM client.
const SYNCML_DM_CODE: u8 = 0x07;
const SYNCML_DM_TEXT: &str = "x-wap-application:syncml.dm";

/// A content type or application id: well-known number or text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// Well-known number.
    Code(u32),
    /// Text.
    Text(String),
}

impl MediaType {
    /// The content type of a DM notification (DMNOTI 7).
    pub const NOTIFICATION: Self = Self::Code(NOTIFICATION_CODE as u32);
    /// The application id of the DM client (DMNOTI 7).
    pub const DM_CLIENT: Self = Self::Code(SYNCML_DM_CODE as u32);

    /// A short integer, a long one where it does not fit, or text.
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Code(code) => match u8::try_from(*code).ok().filter(|code| *code < 0x80) {
                Some(code) => out.push(0x80 | code),
                None => {
                    let octets = code.to_be_bytes();
                    let significant = octets.iter().skip_while(|octet| **octet == 0);
                    out.push(significant.clone().count() as u8);
                    out.extend(significant);
                }
            },
            Self::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                out.push(0x00);
            }
        }
    }
}

/// A push. Content type and headers are kept as octets, so that any legal coding of them re-encodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WspPush {
    /// Transaction identifier.
    pub id: u8,
    /// Content type, then headers.
    pub headers: Vec<u8>,
    /// Content: here a Package#0.
    pub body: Vec<u8>,
}

impl WspPush {
    /// A push of a Package#0 in the shortest coding of its headers.
    #[must_use]
    pub fn notification(id: u8, package0: &[u8]) -> Self {
        Self::new(id, &MediaType::NOTIFICATION, Some(&MediaType::DM_CLIENT), package0)
    }

    /// The same push with content type and application id written as text, which is legal as well.
    #[must_use]
    pub fn notification_as_text(id: u8, package0: &[u8]) -> Self {
        let text = |text: &str| MediaType::Text(text.to_owned());
        Self::new(id, &text(NOTIFICATION_TEXT), Some(&text(SYNCML_DM_TEXT)), package0)
    }

    /// A push for an application, in the shortest coding of its headers.
    #[must_use]
    pub fn new(id: u8, content_type: &MediaType, application: Option<&MediaType>, body: &[u8]) -> Self {
        let mut headers = Vec::new();
        content_type.write(&mut headers);
        if let Some(application) = application {
            headers.push(0x80 | APPLICATION_ID);
            application.write(&mut headers);
        }
        Self { id, headers, body: body.to_vec() }
    }

    /// Reads a push; content type and headers are taken apart only by the accessors.
    ///
    /// # Errors
    /// [`SmsError::Value`] for another PDU type, [`SmsError::Truncated`].
    pub fn parse(octets: &[u8]) -> Result<Self, SmsError> {
        let mut reader = Reader::new(octets);
        let id = reader.octet("transaction identifier")?;
        match reader.octet("PDU type")? {
            PUSH => {}
            found => {
                return Err(SmsError::Value { what: "PDU type", at: 1, found, expected: "06 (push)" });
            }
        }
        let length = uintvar(&mut reader)? as usize;
        let headers = reader.take("headers", length)?.to_vec();
        Ok(Self { id, headers, body: reader.rest().to_vec() })
    }

    /// The octets of the push.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.id, PUSH];
        write_uintvar(&mut out, self.headers.len() as u32);
        out.extend_from_slice(&self.headers);
        out.extend_from_slice(&self.body);
        out
    }

    /// Content type, its parameters left out.
    ///
    /// # Errors
    /// [`SmsError::Truncated`] if it does not decode.
    pub fn content_type(&self) -> Result<MediaType, SmsError> {
        let mut reader = Reader::new(&self.headers);
        match reader.peek() {
            Some(0x00..=0x1F) => {
                let mut general = Reader::new(value(&mut reader)?);
                media_type(&mut general)
            }
            _ => media_type(&mut reader),
        }
    }

    /// Application id, if that header is there.
    ///
    /// # Errors
    /// [`SmsError::Truncated`] if a header does not decode.
    pub fn application_id(&self) -> Result<Option<MediaType>, SmsError> {
        let mut reader = Reader::new(&self.headers);
        value(&mut reader)?;
        while let Some(name) = reader.peek() {
            // A name is a well-known number or text; text names have text values.
            if name & 0x80 == 0 {
                text(&mut reader)?;
                text(&mut reader)?;
                continue;
            }
            reader.octet("header name")?;
            if name == 0x80 | APPLICATION_ID {
                return media_type(&mut reader).map(Some);
            }
            value(&mut reader)?;
        }
        Ok(None)
    }

    /// True if content type and application id, in whatever coding, are those of a DM notification.
    #[must_use]
    pub fn is_notification(&self) -> bool {
        self.is_of_notification_type() && self.is_for_dm_client()
    }

    /// Whether the content type is that of a DM notification.
    #[must_use]
    pub fn is_of_notification_type(&self) -> bool {
        match self.content_type() {
            Ok(MediaType::Code(code)) => code == u32::from(NOTIFICATION_CODE),
            Ok(MediaType::Text(text)) => text.eq_ignore_ascii_case(NOTIFICATION_TEXT),
            Err(_) => false,
        }
    }

    /// Whether it names the DM client as its application.
    #[must_use]
    pub fn is_for_dm_client(&self) -> bool {
        match self.application_id() {
            Ok(Some(MediaType::Code(code))) => code == u32::from(SYNCML_DM_CODE),
            Ok(Some(MediaType::Text(text))) => text.eq_ignore_ascii_case(SYNCML_DM_TEXT),
            Ok(None) | Err(_) => false,
        }
    }
}

/// One value, without taking it apart: a short integer, text with its end, or octets behind a length (returned
/// without the length).
fn value<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], SmsError> {
    match reader.peek() {
        Some(length @ 0x00..=0x1E) => {
            reader.octet("value length")?;
            reader.take("value", usize::from(length))
        }
        Some(0x1F) => {
            reader.octet("value length")?;
            let length = uintvar(reader)? as usize;
            reader.take("value", length)
        }
        Some(0x20..=0x7F) => text(reader),
        _ => reader.take("value", 1),
    }
}

/// Octets up to and with 00.
fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], SmsError> {
    let start = Reader { octets: reader.octets, at: reader.at };
    while reader.octet("text up to 00")? != 0x00 {}
    let mut start = start;
    let length = reader.at - start.at;
    start.take("text", length)
}

/// A short integer, a long integer of up to four octets, or text.
fn media_type(reader: &mut Reader<'_>) -> Result<MediaType, SmsError> {
    match reader.peek() {
        Some(octet) if octet & 0x80 != 0 => Ok(MediaType::Code(u32::from(octet & 0x7F))),
        Some(length @ 0x01..=0x04) => {
            let mut inner = Reader { octets: reader.octets, at: reader.at + 1 };
            let octets = inner.take("integer", usize::from(length))?;
            Ok(MediaType::Code(octets.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet))))
        }
        _ => {
            let octets = text(reader)?;
            let octets = octets.strip_suffix(&[0x00]).unwrap_or(octets);
            Ok(MediaType::Text(String::from_utf8_lossy(octets).into_owned()))
        }
    }
}

/// An unsigned integer of seven bits an octet, at most five octets.
fn uintvar(reader: &mut Reader<'_>) -> Result<u32, SmsError> {
    let mut number = 0u32;
    for _ in 0..5 {
        let at = reader.at;
        let octet = reader.octet("variable length integer")?;
        if number > u32::MAX >> 7 {
            return Err(SmsError::Value {
                what: "variable length integer",
                at,
                found: octet,
                expected: "a value of 32 bits",
            });
        }
        number = number << 7 | u32::from(octet & 0x7F);
        if octet & 0x80 == 0 {
            return Ok(number);
        }
    }
    let (at, found) = (reader.at.saturating_sub(1), 0x80);
    Err(SmsError::Value { what: "variable length integer", at, found, expected: "an end within five octets" })
}

fn write_uintvar(out: &mut Vec<u8>, number: u32) {
    for shift in [28, 21, 14, 7] {
        if number >> shift != 0 {
            out.push((number >> shift) as u8 & 0x7F | 0x80);
        }
    }
    out.push(number as u8 & 0x7F);
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    #[test]
    fn shortest_coding() {
        let push = WspPush::notification(1, &[0xAB]);
        assert_eq!(to_hex(&push.encode()), "010603C4AF87AB");
        assert_eq!(push.content_type(), Ok(MediaType::Code(0x44)));
        assert!(push.is_notification());
    }

    #[test]
    fn text_coding() {
        let push = WspPush::notification_as_text(1, &[0xAB]);
        assert_eq!(push.headers.len(), 36 + 1 + 28);
        assert_eq!(push.content_type(), Ok(MediaType::Text(NOTIFICATION_TEXT.to_owned())));
        assert!(push.is_notification());
        assert_eq!(WspPush::parse(&push.encode()).unwrap(), push);
    }

    #[test]
    fn other_pushes_are_no_notification() {
        for (headers, what) in [
            ("C4AF9A", "LwM2M"),
            ("C4AF84", "mms.ua"),
            ("C5AF87", "another content type"),
            ("C4", "no application id"),
            ("", "nothing"),
            ("C4AF", "a header cut short"),
            ("C4AF029A", "a value cut short"),
        ] {
            let push = WspPush { id: 1, headers: from_hex(headers).unwrap(), body: vec![] };
            assert!(!push.is_notification(), "{what}");
        }
    }

    #[test]
    fn other_codings_of_a_notification() {
        for (headers, what) in [
            ("01C4AF87", "content type after a length"),
            ("0144AF87", ""),
            ("C48D85AF87", "another header before"),
            ("C4582D41006200AF87", "a text header before"),
            ("03C48181AF87", "a parameter of the content type"),
            ("C4AF0107", "application id as a long integer"),
        ] {
            let push = WspPush { id: 1, headers: from_hex(headers).unwrap(), body: vec![] };
            assert_eq!(push.is_notification(), !what.is_empty(), "{what}");
        }
    }

    #[test]
    fn numbers_are_short_or_long() {
        let push = WspPush::new(1, &MediaType::Code(0x44), Some(&MediaType::Code(0x1234)), &[]);
        assert_eq!(to_hex(&push.headers), "C4AF021234");
        assert_eq!(push.application_id(), Ok(Some(MediaType::Code(0x1234))));
        assert!(push.is_of_notification_type() && !push.is_for_dm_client());
    }

    #[test]
    fn lengths() {
        assert!(matches!(WspPush::parse(&[1, 5, 0]), Err(SmsError::Value { found: 5, .. })));
        assert!(matches!(WspPush::parse(&[1, 6, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]), Err(SmsError::Value { .. })));
        assert!(matches!(WspPush::parse(&[1, 6, 3, 0xC4]), Err(SmsError::Truncated { what: "headers", .. })));
        let long = WspPush { id: 1, headers: vec![0x80; 300], body: vec![] };
        assert_eq!(long.encode()[2..4], [0x82, 0x2C]);
        assert_eq!(WspPush::parse(&long.encode()).unwrap(), long);
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, headers: Vec<u8>) {
            let _ = WspPush::parse(&octets);
            let push = WspPush { id: 0, headers, body: octets };
            let _ = (push.content_type(), push.application_id(), push.is_notification());
            prop_assert_eq!(WspPush::parse(&push.encode()).unwrap(), push);
        }
    }
}
