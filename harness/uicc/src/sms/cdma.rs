//! Short messages of CDMA: point-to-point messages of 8-bit data (C.S0015 3.4, 4.5), and the datagram of the WAP
//! teleservice in them (WAP-259 6.5). Both are known from memory.

use super::{Reader, SmsError};

/// The teleservice of WAP, 4100.
pub const WAP_TELESERVICE: u16 = 0x1004;

/// The type of a point-to-point message.
const POINT_TO_POINT: u8 = 0x00;

/// Parameters of the message, and subparameters of its bearer data.
const TELESERVICE: u8 = 0x00;
const ORIGINATOR: u8 = 0x02;
const DESTINATION: u8 = 0x04;
const BEARER_DATA: u8 = 0x08;
const MESSAGE_ID: u8 = 0x00;
const USER_DATA: u8 = 0x01;

/// The encoding of octets, in user data.
const OCTETS: u32 = 0;

/// The type of number, and the numbering plan, of an international number.
const INTERNATIONAL: u32 = 1;
const TELEPHONY: u32 = 1;

/// The digits of an address by their code of four bits; 0 is none.
const DIGITS: &[u8; 13] = b"?1234567890*#";

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CdmaWay {
    /// To the subscriber.
    Deliver,
    /// From the subscriber.
    Submit,
}

impl CdmaWay {
    const fn code(self) -> u32 {
        match self {
            Self::Deliver => 1,
            Self::Submit => 2,
        }
    }

    const fn address(self) -> u8 {
        match self {
            Self::Deliver => ORIGINATOR,
            Self::Submit => DESTINATION,
        }
    }
}

/// A point-to-point message of 8-bit data.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CdmaMessage {
    /// Which way it goes.
    pub way: CdmaWay,
    /// The teleservice that it is for.
    pub teleservice: u16,
    /// The number of the other side: digits, with `+` for an international one.
    pub number: String,
    /// Its identifier.
    pub id: u16,
    /// Its user data.
    pub user_data: Vec<u8>,
}

impl CdmaMessage {
    /// Reads a message. Parameters that it does not know it passes over.
    ///
    /// # Errors
    /// [`SmsError`] for what ends early, is of another type, or has user data that are no octets.
    pub fn parse(octets: &[u8]) -> Result<Self, SmsError> {
        let mut reader = Reader::new(octets);
        let kind = reader.octet("message type")?;
        if kind != POINT_TO_POINT {
            let expected = "00, that of a point-to-point message,";
            return Err(SmsError::Value { what: "message type", at: 0, found: kind, expected });
        }
        let (mut teleservice, mut number, mut bearer) = (None, None, None);
        while reader.at < octets.len() {
            let (name, value) = parameter(&mut reader)?;
            match (name, value) {
                (TELESERVICE, [high, low]) => teleservice = Some(u16::from_be_bytes([*high, *low])),
                (ORIGINATOR | DESTINATION, value) => number = address(value),
                (BEARER_DATA, value) => bearer = Some(value),
                _ => {}
            }
        }
        let missing = |what| SmsError::Missing { what };
        let bearer = bearer.ok_or(missing("bearer data"))?;
        let mut reader = Reader::new(bearer);
        let (mut identifier, mut user_data) = (None, None);
        while reader.at < bearer.len() {
            match parameter(&mut reader)? {
                (MESSAGE_ID, value) => identifier = Some(value),
                (USER_DATA, value) => user_data = octets_of(value),
                _ => {}
            }
        }
        let mut bits = Bits::new(identifier.ok_or(missing("message identifier"))?);
        let way = match bits.take(4) {
            Some(1) => CdmaWay::Deliver,
            Some(2) => CdmaWay::Submit,
            _ => return Err(missing("message identifier of a message that is sent or delivered")),
        };
        let id = bits.take(16).and_then(|id| u16::try_from(id).ok()).ok_or(missing("message identifier"))?;
        Ok(Self {
            way,
            teleservice: teleservice.ok_or(missing("teleservice"))?,
            number: number.ok_or(missing("address"))?,
            id,
            user_data: user_data.ok_or(missing("user data in octets"))?,
        })
    }

    /// The octets of the message.
    ///
    /// # Errors
    /// [`SmsError`] for a number that is none, or user data that do not fit.
    pub fn encode(&self) -> Result<Vec<u8>, SmsError> {
        let mut identifier = Writer::default();
        identifier.put(4, self.way.code());
        identifier.put(16, u32::from(self.id));
        // No header stands in the user data, for WDP has its own.
        identifier.put(4, 0);
        let mut data = Writer::default();
        data.put(5, OCTETS);
        data.put(8, u32::from(length("user data", &self.user_data)?));
        self.user_data.iter().for_each(|octet| data.put(8, u32::from(*octet)));
        let mut bearer = Vec::new();
        write(&mut bearer, MESSAGE_ID, &identifier.octets())?;
        write(&mut bearer, USER_DATA, &data.octets())?;
        let mut out = vec![POINT_TO_POINT];
        write(&mut out, TELESERVICE, &self.teleservice.to_be_bytes())?;
        write(&mut out, self.way.address(), &written(&self.number)?)?;
        write(&mut out, BEARER_DATA, &bearer)?;
        Ok(out)
    }
}

fn parameter<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), SmsError> {
    let name = reader.octet("parameter")?;
    let length = reader.octet("length of a parameter")?;
    Ok((name, reader.take("parameter", usize::from(length))?))
}

fn write(out: &mut Vec<u8>, name: u8, value: &[u8]) -> Result<(), SmsError> {
    out.extend_from_slice(&[name, length("parameter", value)?]);
    out.extend_from_slice(value);
    Ok(())
}

fn length(what: &'static str, octets: &[u8]) -> Result<u8, SmsError> {
    let most = usize::from(u8::MAX);
    u8::try_from(octets.len()).map_err(|_| SmsError::TooLong { what, found: octets.len(), most })
}

/// The digits of an address parameter.
fn address(value: &[u8]) -> Option<String> {
    let mut bits = Bits::new(value);
    let ascii = bits.take(1)? == 1;
    bits.take(1)?;
    let mut number = String::new();
    if ascii {
        if bits.take(3)? == INTERNATIONAL {
            number.push('+');
        }
        bits.take(4)?;
    }
    for _ in 0..bits.take(8)? {
        let digit = match ascii {
            true => u8::try_from(bits.take(8)?).ok()?,
            false => *DIGITS.get(usize::try_from(bits.take(4)?).ok()?)?,
        };
        number.push(Some(char::from(digit)).filter(|digit| matches!(digit, '0'..='9' | '*' | '#'))?);
    }
    Some(number)
}

/// The address parameter of a number.
fn written(number: &str) -> Result<Vec<u8>, SmsError> {
    let mut out = Writer::default();
    let code = |digit: u8| DIGITS.iter().skip(1).position(|known| *known == digit).map(|place| place.saturating_add(1));
    let digits = number.strip_prefix('+').unwrap_or(number).as_bytes();
    let count = u32::from(length("number", digits)?);
    let international = number.starts_with('+');
    out.put(1, u32::from(international));
    out.put(1, 0);
    if international {
        out.put(3, INTERNATIONAL);
        out.put(4, TELEPHONY);
    }
    out.put(8, count);
    for digit in digits {
        let code =
            code(*digit).and_then(|code| u32::try_from(code).ok()).ok_or(SmsError::Missing { what: "number" })?;
        let (width, value) = if international { (8, u32::from(*digit)) } else { (4, code) };
        out.put(width, value);
    }
    Ok(out.octets())
}

/// The octets of a user data subparameter, if it has octets.
fn octets_of(value: &[u8]) -> Option<Vec<u8>> {
    let mut bits = Bits::new(value);
    if bits.take(5)? != OCTETS {
        return None;
    }
    (0..bits.take(8)?).map(|_| bits.take(8).and_then(|octet| u8::try_from(octet).ok())).collect()
}

/// Bits, the most significant of each octet first.
struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    const fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// The next `count` bits, 32 at most.
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let octet = self.octets.get(self.at / 8)?;
            value = value << 1 | u32::from(octet >> (7 - self.at % 8) & 1);
            self.at = self.at.checked_add(1)?;
        }
        Some(value)
    }
}

/// Bits being written; the last octet is filled up with zeros.
#[derive(Default)]
struct Writer(Vec<bool>);

impl Writer {
    fn put(&mut self, count: u32, value: u32) {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    }

    fn octets(&self) -> Vec<u8> {
        let octet = |bits: &[bool]| (0..8).fold(0, |octet, at| octet << 1 | u8::from(bits.get(at) == Some(&true)));
        self.0.chunks(8).map(octet).collect()
    }
}

/// The datagram of the WAP teleservice: one segment, which has its ports.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CdmaDatagram {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub destination: u16,
    /// What it carries.
    pub data: Vec<u8>,
}

/// The message type of WDP.
const WDP: u8 = 0x00;

impl CdmaDatagram {
    /// Reads a datagram in one segment.
    ///
    /// # Errors
    /// [`SmsError`] for what ends early, is no datagram, or a part of one.
    pub fn parse(octets: &[u8]) -> Result<Self, SmsError> {
        let mut reader = Reader::new(octets);
        for (at, what, wanted, expected) in [
            (0, "message type", WDP, "00, that of WDP,"),
            (1, "number of segments", 1, "01, for there is no way here to put segments together,"),
            (2, "number of the segment", 0, "00, that of the first,"),
        ] {
            let found = reader.octet(what)?;
            if found != wanted {
                return Err(SmsError::Value { what, at, found, expected });
            }
        }
        let mut port = |what| Ok(u16::from_be_bytes([reader.octet(what)?, reader.octet(what)?]));
        let (source, destination) = (port("source port")?, port("destination port")?);
        Ok(Self { source, destination, data: octets.get(reader.at..).unwrap_or_default().to_vec() })
    }

    /// The octets of the datagram, in one segment.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![WDP, 1, 0];
        out.extend_from_slice(&self.source.to_be_bytes());
        out.extend_from_slice(&self.destination.to_be_bytes());
        out.extend_from_slice(&self.data);
        out
    }
}

#[cfg(test)]
mod tests {
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    use super::*;

    fn message(number: &str, user_data: &[u8]) -> CdmaMessage {
        let way = CdmaWay::Submit;
        CdmaMessage { way, teleservice: WAP_TELESERVICE, number: number.into(), id: 1, user_data: user_data.into() }
    }

    #[test]
    fn a_message_is_written_bit_by_bit() {
        let octets = message("12345", &[0xAB]).encode().unwrap();
        // 00 02: the teleservice; 04 04: five digits of four bits behind ten; 00 03: SUBMIT with id 1; 01 03: one octet
        // behind thirteen bits.
        assert_eq!(to_hex(&octets), "0000021004040401448D14080A00032000100103000D58");
        assert_eq!(CdmaMessage::parse(&octets), Ok(message("12345", &[0xAB])));
    }

    #[test]
    fn an_international_number_has_characters() {
        let octets = message("+15", &[]).encode().unwrap();
        assert!(to_hex(&octets).contains("0405 88811 89A8".replace(' ', "").as_str()), "{}", to_hex(&octets));
        assert_eq!(CdmaMessage::parse(&octets).map(|message| message.number), Ok("+15".to_owned()));
        assert!(message("me", &[]).encode().is_err());
    }

    #[test]
    fn what_is_wrong_is_told() {
        let told = |hex: &str| CdmaMessage::parse(&from_hex(hex).unwrap()).unwrap_err().to_string();
        assert!(told("01").contains("00, that of a point-to-point message"));
        assert_eq!(told("00000210"), "octet 3: parameter needs 2 octets and 1 are left");
        assert_eq!(told("0000021004"), "the message has no bearer data");
        assert!(message("1", &[0; 256]).encode().is_err());
        let datagram = |hex: &str| CdmaDatagram::parse(&from_hex(hex).unwrap()).map(|datagram| datagram.data);
        assert_eq!(datagram("00010023F00B8401"), Ok(vec![1]));
        assert!(datagram("00020023F00B8401").unwrap_err().to_string().contains("number of segments"));
        assert!(datagram("00010023").is_err());
    }

    proptest! {
        #[test]
        fn messages_come_back(number in "[+]?[0-9*#]{1,20}", user_data in proptest::collection::vec(any::<u8>(), 0..200), id: u16) {
            let one = CdmaMessage { id, ..message(&number, &user_data) };
            prop_assert_eq!(CdmaMessage::parse(&one.encode().unwrap()), Ok(one));
            let datagram = CdmaDatagram { source: id, destination: 2948, data: user_data };
            prop_assert_eq!(CdmaDatagram::parse(&datagram.encode()), Ok(datagram));
        }

        #[test]
        fn no_octets_are_too_much(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = CdmaMessage::parse(&octets);
            let _ = CdmaDatagram::parse(&octets);
        }
    }
}
