//! What a certificate says of itself, for whoever reads a report: names and dates (RFC 5280 4.1).

use dmsc_octets::to_hex;
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

/// A chain that a server has shown, by its first certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Certificates in it.
    count: usize,
    /// That of the server, where it can be read.
    first: Option<Summary>,
}

/// One certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Whose it is.
    pub(super) subject: String,
    /// Who says so.
    pub(super) issuer: String,
    /// From when on.
    from: String,
    /// Until when.
    until: String,
}

impl Chain {
    /// A chain as it is shown.
    pub(super) fn of(chain: &[CertificateDer<'_>]) -> Chain {
        Chain { count: chain.len(), first: chain.first().and_then(|first| Summary::read(first)) }
    }

    /// Its fields.
    pub(super) fn fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields = vec![("certificates", json!(self.count))];
        if let Some(Summary { subject, issuer, from, until }) = &self.first {
            fields.extend([
                ("subject", json!(subject)),
                ("issuer", json!(issuer)),
                ("valid_from", json!(from)),
                ("valid_until", json!(until)),
            ]);
        }
        fields
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SET: u8 = 0x31;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, the version of a certificate, which stands before its number unless it is the first.
const VERSION: u8 = 0xA0;

impl Summary {
    /// Reads a certificate in DER; nothing of one that is not.
    pub(super) fn read(der: &[u8]) -> Option<Summary> {
        let mut outer = Reader(der);
        let mut signed = Reader(outer.of(SEQUENCE)?);
        let mut certificate = Reader(signed.of(SEQUENCE)?);
        let (tag, _) = certificate.next()?;
        if tag == VERSION {
            certificate.of(INTEGER)?;
        }
        certificate.of(SEQUENCE)?;
        let issuer = name(certificate.of(SEQUENCE)?)?;
        let mut validity = Reader(certificate.of(SEQUENCE)?);
        let (from, until) = (time(validity.next()?)?, time(validity.next()?)?);
        let subject = name(certificate.of(SEQUENCE)?)?;
        Some(Summary { subject, issuer, from, until })
    }
}

/// Elements of DER one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next element, tag and content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let mut length = usize::from(*first);
        if *first >= 0x80 {
            // Three octets of length are more than a certificate has.
            let octets = rest.get(..usize::from(first & 0x7F)).filter(|octets| octets.len() <= 3)?;
            length = octets.iter().fold(0, |length, octet| (length << 8) | usize::from(*octet));
            rest = rest.get(octets.len()..)?;
        }
        let (content, after) = (rest.get(..length)?, rest.get(length..)?);
        self.0 = after;
        Some((*tag, content))
    }

    /// The content of the next element, which has this tag.
    fn of(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

/// A name as `CN=..., O=...`, in its own order (RFC 5280 4.1.2.4).
fn name(content: &[u8]) -> Option<String> {
    let mut sets = Reader(content);
    let mut parts = Vec::new();
    while !sets.0.is_empty() {
        let mut set = Reader(sets.of(SET)?);
        while !set.0.is_empty() {
            let mut attribute = Reader(set.of(SEQUENCE)?);
            let kind = attribute.of(OBJECT_IDENTIFIER)?;
            let (_, value) = attribute.next()?;
            let kind = match kind {
                [0x55, 0x04, 0x03] => "CN".to_owned(),
                [0x55, 0x04, 0x06] => "C".to_owned(),
                [0x55, 0x04, 0x0A] => "O".to_owned(),
                [0x55, 0x04, 0x0B] => "OU".to_owned(),
                other => to_hex(other),
            };
            let printable = std::str::from_utf8(value).ok().filter(|text| !text.chars().any(char::is_control));
            parts.push(format!("{kind}={}", printable.map_or_else(|| to_hex(value), str::to_owned)));
        }
    }
    Some(parts.join(", "))
}

/// An instant as RFC 3339 has it (RFC 5280 4.1.2.5: years before 2050 have two digits).
fn time((tag, content): (u8, &[u8])) -> Option<String> {
    let text = std::str::from_utf8(content).ok().filter(|text| text.is_ascii())?;
    let digits = match tag {
        UTC_TIME => format!("{}{text}", if text < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| digits.get(range);
    let (date, time) = ((part(0..4)?, part(4..6)?, part(6..8)?), (part(8..10)?, part(10..12)?, part(12..14)?));
    Some(format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, time.0, time.1, time.2))
}
