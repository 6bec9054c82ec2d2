//! Provisioning in a connectionless WSP push (WAP-230 8.2.4, ProvBoot, DMBOOT).
//!
//! The content type carries the security method and the MAC as parameters, so that its headers are those of a push with
//! some more octets.

use dmsc_uicc::sms::{MediaType, SmsError, WspPush};
use thiserror::Error;

use crate::cp;
use crate::protection::{Mac, Protection, Security};

/// The media type of a DM message in WBXML, which is what DMBOOT has a bootstrap message be.
pub const DM_MESSAGE: &str = "application/vnd.syncml.dm+wbxml";

/// The parameter SEC (WAP-230 table 38).
const SEC: u8 = 0x11;
/// The parameter MAC.
const MAC: u8 = 0x12;
/// The header X-Wap-Application-Id.
const APPLICATION_ID: u8 = 0x2F;
/// The application id of the DM client.
const DM_CLIENT: u8 = 0x07;
/// A length that does not fit its first octet follows.
const LENGTH_QUOTE: u8 = 0x1F;

/// What a push carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A document of Client Provisioning, for the user agent of provisioning, which is the one that is not named.
    Provisioning,
    /// A DM message, for the DM client.
    DmMessage,
    /// Something else.
    Other(MediaType),
}

impl Content {
    /// The content of a well-known number or a media type.
    #[must_use]
    pub fn of(media_type: &MediaType) -> Self {
        let known = [(Self::Provisioning, 0x36, cp::MEDIA_TYPE), (Self::DmMessage, 0x42, DM_MESSAGE)];
        let fits = |number: u32, text: &str| match media_type {
            MediaType::Code(code) => *code == number,
            MediaType::Text(written) => written.eq_ignore_ascii_case(text),
        };
        known
            .into_iter()
            .find(|(_, number, text)| fits(*number, text))
            .map_or_else(|| Self::Other(media_type.clone()), |(content, ..)| content)
    }

    /// Its media type, or the number of one that has no name here.
    #[must_use]
    pub fn media_type(&self) -> String {
        match self {
            Self::Provisioning => cp::MEDIA_TYPE.to_owned(),
            Self::DmMessage => DM_MESSAGE.to_owned(),
            Self::Other(MediaType::Text(text)) => text.clone(),
            Self::Other(MediaType::Code(code)) => format!("well-known media type {code:02X}"),
        }
    }
}

/// A push of provisioning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The transaction.
    pub id: u8,
    /// What it carries.
    pub content: Content,
    /// The security method, as it is written.
    pub security: Option<Security>,
    /// The MAC, as it is written.
    pub mac: Option<String>,
    /// The document.
    pub body: Vec<u8>,
}

/// Why a push of provisioning cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PushError {
    /// No push at all.
    #[error(transparent)]
    Push(#[from] SmsError),
    /// The headers do not decode.
    #[error("octet {at} of the headers: {what}")]
    Headers {
        /// The octet.
        at: usize,
        /// What is wrong with it.
        what: String,
    },
    /// A content that has no well-known number.
    #[error("{0} has no place in such a push; take provisioning or a DM message")]
    Content(String),
}

impl Push {
    /// A push of a document, protected where something is given to protect it with.
    #[must_use]
    pub fn new(id: u8, content: Content, protection: Option<&Protection>, body: &[u8]) -> Self {
        let mac = protection.map(|protection| protection.mac(body)).as_ref().map(Mac::to_string);
        Self { id, content, security: protection.map(Protection::security), mac, body: body.to_vec() }
    }

    /// Whether its method and MAC are those of this protection.
    #[must_use]
    pub fn is_protected_by(&self, protection: &Protection) -> bool {
        self.security == Some(protection.security())
            && self.mac.as_deref().is_some_and(|mac| protection.accepts(&self.body, mac))
    }

    /// The content type with its parameters, as a push proxy is told it in text.
    #[must_use]
    pub fn content_type(&self) -> String {
        let security = self.security.map(|security| format!("; SEC={security}")).unwrap_or_default();
        let mac = self.mac.as_deref().map(|mac| format!("; MAC=\"{mac}\"")).unwrap_or_default();
        format!("{}{security}{mac}", self.content.media_type())
    }

    /// The octets of the push, its headers in their shortest coding.
    ///
    /// # Errors
    /// [`PushError::Content`] for a content that has no well-known number.
    pub fn encode(&self) -> Result<Vec<u8>, PushError> {
        Ok(WspPush { id: self.id, headers: self.headers()?, body: self.body.clone() }.encode())
    }

    fn headers(&self) -> Result<Vec<u8>, PushError> {
        let (number, application) = match self.content {
            Content::Provisioning => (0x36, None),
            Content::DmMessage => (0x42, Some(DM_CLIENT)),
            Content::Other(_) => return Err(PushError::Content(self.content.media_type())),
        };
        let mut parameters = Vec::new();
        if let Some(security) = self.security {
            parameters.extend_from_slice(&[0x80 | SEC, 0x80 | security.code()]);
        }
        if let Some(mac) = &self.mac {
            parameters.push(0x80 | MAC);
            parameters.extend_from_slice(mac.as_bytes());
            parameters.push(0);
        }
        let mut headers = Vec::new();
        if !parameters.is_empty() {
            value_length(&mut headers, parameters.len() + 1);
        }
        headers.push(0x80 | number);
        headers.append(&mut parameters);
        if let Some(application) = application {
            headers.extend_from_slice(&[0x80 | APPLICATION_ID, 0x80 | application]);
        }
        Ok(headers)
    }

    /// Reads a push.
    ///
    /// # Errors
    /// [`PushError::Push`] and [`PushError::Headers`] with the octet at fault.
    pub fn decode(octets: &[u8]) -> Result<Self, PushError> {
        Self::of(WspPush::parse(octets)?)
    }

    fn of(push: WspPush) -> Result<Self, PushError> {
        let media_type = push.content_type().map_err(|error| PushError::Headers { at: 0, what: error.to_string() })?;
        let (security, mac) = parameters(&push.headers)?;
        Ok(Self { id: push.id, content: Content::of(&media_type), security, mac, body: push.body })
    }
}

/// A length of a value (WAP-230 8.4.2.2).
fn value_length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < LENGTH_QUOTE => out.push(short),
        _ => {
            out.push(LENGTH_QUOTE);
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            for shift in [28, 21, 14, 7] {
                if length >> shift != 0 {
                    out.push((length >> shift) as u8 & 0x7F | 0x80);
                }
            }
            out.push(length as u8 & 0x7F);
        }
    }
}

/// SEC and MAC among the parameters of the content type at the start of the headers.
fn parameters(headers: &[u8]) -> Result<(Option<Security>, Option<String>), PushError> {
    let mut cursor = Cursor { octets: headers, at: 0 };
    // Only the general form, behind a length, has parameters.
    let end = match cursor.peek() {
        Some(length @ 0..LENGTH_QUOTE) => {
            cursor.at += 1;
            cursor.at + usize::from(length)
        }
        Some(LENGTH_QUOTE) => {
            cursor.at += 1;
            let length = cursor.integer()?;
            cursor.at.saturating_add(length)
        }
        _ => return Ok((None, None)),
    };
    let octets = headers.get(..end).ok_or_else(|| cursor.wrong("the content type is longer than the headers"))?;
    cursor.octets = octets;
    cursor.value()?;
    let (mut security, mut mac) = (None, None);
    while cursor.peek().is_some() {
        let at = cursor.at;
        let is_known = cursor.peek().is_some_and(|octet| octet & 0x80 != 0);
        let name = cursor.value()?;
        let value = cursor.value()?;
        // A name that is well known is written as its number.
        let is = |number: u8, text: &str| match is_known {
            true => name == number.to_string(),
            false => name.eq_ignore_ascii_case(text),
        };
        if is(SEC, "SEC") {
            security = Some(value);
        } else if is(MAC, "MAC") {
            mac = Some(value);
        }
        if let Some(Err(value)) = security.as_ref().map(|text| Security::of(text).ok_or(text)) {
            let what = format!("SEC is `{}`; 0 to 3 are defined", value.escape_debug());
            return Err(PushError::Headers { at, what });
        }
    }
    Ok((security.as_deref().and_then(Security::of), mac))
}

/// Reads values of headers.
struct Cursor<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn wrong(&self, what: impl Into<String>) -> PushError {
        PushError::Headers { at: self.at, what: what.into() }
    }

    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    /// An integer of seven bits an octet, as far as a length goes.
    fn integer(&mut self) -> Result<usize, PushError> {
        let mut number = 0usize;
        for _ in 0..5 {
            let octet = self.peek().ok_or_else(|| self.wrong("a length that does not end"))?;
            self.at += 1;
            number = number.checked_mul(128).ok_or_else(|| self.wrong("a length that is too large"))?;
            number |= usize::from(octet & 0x7F);
            if octet & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.wrong("a length of more than five octets"))
    }

    /// A value as text: an integer as a decimal number; a text without its end and without quotes.
    fn value(&mut self) -> Result<String, PushError> {
        let first = self.peek().ok_or_else(|| self.wrong("a value is missing"))?;
        match first {
            0x80.. => {
                self.at += 1;
                Ok((first & 0x7F).to_string())
            }
            0x00..LENGTH_QUOTE => {
                let start = self.at + 1;
                let end = start + usize::from(first);
                let octets = self.octets.get(start..end).ok_or_else(|| self.wrong("a value that ends early"))?;
                let number = octets.iter().fold(0u64, |number, octet| number << 8 | u64::from(*octet));
                self.at = end;
                Ok(number.to_string())
            }
            LENGTH_QUOTE => Err(self.wrong("a length where a value should stand")),
            0x20..0x80 => {
                let rest = self.octets.get(self.at..).unwrap_or_default();
                let end =
                    rest.iter().position(|octet| *octet == 0).ok_or_else(|| self.wrong("a text without its end"))?;
                let octets = rest.get(..end).unwrap_or_default();
                let text = std::str::from_utf8(octets).map_err(|_| self.wrong("a text that is not UTF-8"))?;
                self.at += end + 1;
                let text = text.strip_prefix('"').map_or(text, |quoted| quoted.strip_suffix('"').unwrap_or(quoted));
                Ok(text.to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protection::{Imsi, Pin};
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    fn protection() -> Protection {
        Protection::NetwPin(Imsi::new("001010000000001").unwrap())
    }

    #[test]
    fn a_push_with_its_mac() {
        let push = Push::new(1, Content::Provisioning, Some(&protection()), &[0x03, 0x0B]);
        let mac = push.mac.clone().unwrap();
        assert_eq!(mac.len(), 40);
        let written = push.encode().unwrap();
        let hex = to_hex(&written);
        // A length above 30 takes two octets; SEC is 11 and MAC is 12, each with its high bit.
        assert_eq!(hex, format!("01062F1F2DB6918092{}00030B", to_hex(mac.as_bytes())));
        let read = Push::decode(&written).unwrap();
        assert_eq!(read, push);
        assert!(read.is_protected_by(&protection()));
        assert!(!read.is_protected_by(&Protection::UserPin(Pin::new("1234").unwrap())));
        assert_eq!(read.content_type(), format!("application/vnd.wap.connectivity-wbxml; SEC=NETWPIN; MAC=\"{mac}\""));
    }

    #[test]
    fn a_push_without_protection_and_one_to_the_dm_client() {
        let push = Push::new(7, Content::Provisioning, None, &[0x45]);
        assert_eq!(to_hex(&push.encode().unwrap()), "070601B645");
        let push = Push::new(7, Content::DmMessage, None, &[0x02]);
        assert_eq!(to_hex(&push.encode().unwrap()), "070603C2AF8702");
        assert_eq!(Push::decode(&push.encode().unwrap()).unwrap(), push);
    }

    #[test]
    fn other_codings_of_a_content_type() {
        let read = |headers: &str| Push::of(WspPush { id: 1, headers: from_hex(headers).unwrap(), body: vec![] });
        let sec_mac = |headers| read(headers).map(|push| (push.content, push.security, push.mac)).unwrap();
        let mac = Some("AB".to_owned());
        // The media type as text; the parameters by name, quoted.
        let text = format!("{}00", to_hex(cp::MEDIA_TYPE.as_bytes()));
        assert_eq!(sec_mac(&text), (Content::Provisioning, None, None));
        let general = format!("{text}534543008{}4D4143002241422200", 1);
        let general = format!("1F{:02X}{general}", general.len() / 2);
        assert_eq!(sec_mac(&general), (Content::Provisioning, Some(Security::UserPin), mac.clone()));
        // A long integer, other parameters before, and a header after.
        assert_eq!(
            sec_mac("0CB6818A8B8191010292414200AF87"),
            (Content::Provisioning, Some(Security::UserNetwPin), mac)
        );
    }

    #[test]
    fn headers_that_do_not_decode_are_refused_at_their_place() {
        let wrong = |headers: &str| {
            Push::of(WspPush { id: 1, headers: from_hex(headers).unwrap(), body: vec![] }).unwrap_err().to_string()
        };
        assert!(wrong("09B6").contains("octet"), "{}", wrong("09B6"));
        assert_eq!(wrong("03B69189"), "octet 2 of the headers: SEC is `9`; 0 to 3 are defined");
        assert_eq!(wrong("03B69241"), "octet 3 of the headers: a text without its end");
        assert_eq!(wrong("02B691"), "octet 3 of the headers: a value is missing");
        let other = Push::new(1, Content::Other(MediaType::Code(0x44)), None, &[]);
        assert!(other.encode().is_err());
    }

    proptest! {
        #[test]
        fn any_headers_are_survived(headers: Vec<u8>, id: u8) {
            let _ = Push::of(WspPush { id, headers, body: Vec::new() });
        }

        #[test]
        fn what_is_written_is_read(body: Vec<u8>, id: u8, with_mac: bool) {
            let protection = with_mac.then(protection);
            let push = Push::new(id, Content::Provisioning, protection.as_ref(), &body);
            prop_assert_eq!(Push::decode(&push.encode().unwrap()).unwrap(), push);
        }
    }
}
