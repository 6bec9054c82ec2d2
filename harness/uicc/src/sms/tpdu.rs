//! SMS-SUBMIT and SMS-DELIVER (TS 23.040 9.2.2.1 and 9.2.2.2).

use super::{Reader, SmsError, UserData};
use crate::object::Address;

/// Message type in b2 b1 of the first octet.
const TYPE_MASK: u8 = 0x03;
const DELIVER: u8 = 0x00;
const SUBMIT: u8 = 0x01;
/// Validity period format in b5 b4 of the first octet of a SUBMIT.
const VALIDITY_MASK: u8 = 0x18;
/// User data header indicator.
const UDHI: u8 = 0x40;
/// No more messages wait, in a DELIVER.
const NO_MORE_MESSAGES: u8 = 0x04;

/// Address of a short message: its length counts digits, not octets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SmsAddress {
    /// Number of useful semi-octets.
    pub length: u8,
    /// Type of address.
    pub ton_npi: u8,
    /// Semi-octets, half of the length rounded up.
    pub octets: Vec<u8>,
}

impl SmsAddress {
    /// `+digits` is international (91), plain digits are of unknown type (81); `None` on other characters or more than 20.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let address = Address::from_text(text)?;
        let length = u8::try_from(address.digits().len()).ok().filter(|length| *length <= 20)?;
        let octets = address.encode().split_off(1);
        Some(Self { length, ton_npi: address.ton_npi(), octets })
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, SmsError> {
        let length = reader.octet("address length")?;
        let ton_npi = reader.octet("type of address")?;
        let octets = reader.take("address", usize::from(length).div_ceil(2))?.to_vec();
        Ok(Self { length, ton_npi, octets })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.length, self.ton_npi]);
        out.extend_from_slice(&self.octets);
    }
}

impl std::fmt::Display for SmsAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let octets = [&[self.ton_npi], self.octets.as_slice()].concat();
        match Address::parse(&octets).filter(|address| address.digits().len() == usize::from(self.length)) {
            Some(address) => address.fmt(f),
            None => write!(f, "{} (type {:02X})", dmsc_octets::to_hex(&self.octets), self.ton_npi),
        }
    }
}

/// SMS-SUBMIT: from the card or terminal to the service centre.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Submit {
    /// First octet: message type, validity format, flags; the header indicator follows the user data when encoding.
    pub first_octet: u8,
    /// Message reference.
    pub reference: u8,
    /// Destination address.
    pub destination: SmsAddress,
    /// Protocol identifier.
    pub pid: u8,
    /// Data coding scheme.
    pub dcs: u8,
    /// Validity period, 0, 1 or 7 octets as the first octet says.
    pub validity: Vec<u8>,
    /// User data.
    pub user_data: UserData,
}

impl Submit {
    /// A message with reference 00, protocol 00 and no validity period.
    #[must_use]
    pub fn new(destination: SmsAddress, dcs: u8, user_data: UserData) -> Self {
        let first_octet = flagged(SUBMIT, &user_data);
        Self { first_octet, reference: 0, destination, pid: 0, dcs, validity: Vec::new(), user_data }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// Any [`SmsError`].
    pub fn parse(octets: &[u8]) -> Result<Self, SmsError> {
        let mut reader = Reader::new(octets);
        let first_octet = first_octet(&mut reader, SUBMIT, "xxxxxx01 (SUBMIT)")?;
        let reference = reader.octet("message reference")?;
        let destination = SmsAddress::read(&mut reader)?;
        let pid = reader.octet("protocol identifier")?;
        let dcs = reader.octet("data coding scheme")?;
        let validity = reader.take("validity period", validity_length(first_octet))?.to_vec();
        let user_data = UserData::read(&mut reader, dcs, first_octet & UDHI != 0)?;
        Ok(Self { first_octet, reference, destination, pid, dcs, validity, user_data })
    }

    /// The octets of the message. The header indicator and the length are those of the user data.
    ///
    /// # Errors
    /// [`SmsError::TooLong`] if header or user data exceed what their length octets count.
    pub fn encode(&self) -> Result<Vec<u8>, SmsError> {
        let mut out = vec![flagged(self.first_octet, &self.user_data), self.reference];
        self.destination.write(&mut out);
        out.extend_from_slice(&[self.pid, self.dcs]);
        out.extend_from_slice(&self.validity);
        self.user_data.write(&mut out)?;
        Ok(out)
    }
}

/// SMS-DELIVER: from the service centre to the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Deliver {
    /// First octet: message type, flags; the header indicator follows the user data when encoding.
    pub first_octet: u8,
    /// Originating address.
    pub originator: SmsAddress,
    /// Protocol identifier.
    pub pid: u8,
    /// Data coding scheme.
    pub dcs: u8,
    /// Time stamp of the service centre: swapped BCD of year, month, day, hour, minute, second, zone.
    pub timestamp: [u8; 7],
    /// User data.
    pub user_data: UserData,
}

impl Deliver {
    /// A message with protocol 00, no more messages waiting.
    #[must_use]
    pub fn new(originator: SmsAddress, dcs: u8, timestamp: [u8; 7], user_data: UserData) -> Self {
        let first_octet = flagged(DELIVER | NO_MORE_MESSAGES, &user_data);
        Self { first_octet, originator, pid: 0, dcs, timestamp, user_data }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// Any [`SmsError`].
    pub fn parse(octets: &[u8]) -> Result<Self, SmsError> {
        let mut reader = Reader::new(octets);
        let first_octet = first_octet(&mut reader, DELIVER, "xxxxxx00 (DELIVER)")?;
        let originator = SmsAddress::read(&mut reader)?;
        let pid = reader.octet("protocol identifier")?;
        let dcs = reader.octet("data coding scheme")?;
        let mut timestamp = [0; 7];
        timestamp.copy_from_slice(reader.take("time stamp", 7)?);
        let user_data = UserData::read(&mut reader, dcs, first_octet & UDHI != 0)?;
        Ok(Self { first_octet, originator, pid, dcs, timestamp, user_data })
    }

    /// The octets of the message. The header indicator and the length are those of the user data.
    ///
    /// # Errors
    /// [`SmsError::TooLong`] if header or user data exceed what their length octets count.
    pub fn encode(&self) -> Result<Vec<u8>, SmsError> {
        let mut out = vec![flagged(self.first_octet, &self.user_data)];
        self.originator.write(&mut out);
        out.extend_from_slice(&[self.pid, self.dcs]);
        out.extend_from_slice(&self.timestamp);
        self.user_data.write(&mut out)?;
        Ok(out)
    }
}

fn first_octet(reader: &mut Reader<'_>, message_type: u8, expected: &'static str) -> Result<u8, SmsError> {
    match reader.octet("message type")? {
        octet if octet & TYPE_MASK == message_type => Ok(octet),
        found => Err(SmsError::Value { what: "message type", at: 0, found, expected }),
    }
}

fn flagged(first_octet: u8, user_data: &UserData) -> u8 {
    if user_data.elements.is_some() { first_octet | UDHI } else { first_octet & !UDHI }
}

const fn validity_length(first_octet: u8) -> usize {
    match first_octet & VALIDITY_MASK {
        0x00 => 0,
        0x10 => 1,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses() {
        let address = SmsAddress::from_text("12345").unwrap();
        assert_eq!(
            (address.length, address.ton_npi, address.octets.as_slice()),
            (5, 0x81, [0x21, 0x43, 0xF5].as_slice())
        );
        assert_eq!(address.to_string(), "12345");
        assert_eq!(SmsAddress::from_text("123456789012345678901"), None);
        let name = SmsAddress { length: 4, ton_npi: 0xD0, octets: vec![0xC4, 0xF6] };
        assert_eq!(name.to_string(), "C4F6 (type D0)");
    }

    #[test]
    fn validity_periods() {
        for (first, validity) in [(0x01, 0), (0x11, 1), (0x09, 7), (0x19, 7)] {
            let mut octets = vec![first, 0, 2, 0x81, 0x21, 0, 4];
            octets.extend_from_slice(&vec![0xA7; validity]);
            octets.extend_from_slice(&[1, 0x41]);
            let submit = Submit::parse(&octets).unwrap();
            assert_eq!((submit.validity.len(), submit.user_data.body.as_slice()), (validity, [0x41].as_slice()));
            assert_eq!(submit.encode().unwrap(), octets);
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(mut octets in proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..12], 0..40), kind in 0u8..4) {
            if let Some(first) = octets.first_mut() {
                *first = *first & 0xFC | kind;
            }
            if let Ok(submit) = Submit::parse(&octets) {
                prop_assert_eq!(submit.encode().unwrap(), octets.clone());
                let _ = submit.destination.to_string();
            }
            if let Ok(deliver) = Deliver::parse(&octets) {
                prop_assert_eq!(deliver.encode().unwrap(), octets);
            }
        }
    }
}
