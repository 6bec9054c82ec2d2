//! User data with its header: ports and concatenation (TS 23.040 9.2.3.24).

use super::{PUSH_PORT, PUSH_SOURCE_PORT, Reader, SmsError};
use crate::coding::{CharacterSet, character_set, gsm7};

/// Octets of user data in one message, header included.
const MESSAGE: usize = 140;
const CONCATENATION: u8 = 0x00;
const SHORT_PORTS: u8 = 0x04;
const PORTS: u8 = 0x05;
const CONCATENATION_WIDE: u8 = 0x08;

/// One element of the user data header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InformationElement {
    /// Identifier: 00 concatenation, 04 and 05 ports, 08 concatenation with a reference of 16 bits.
    pub id: u8,
    /// Data, up to 255 octets.
    pub data: Vec<u8>,
}

/// Application ports (elements 04, of 8 bits each, and 05, of 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ports {
    /// Destination port.
    pub destination: u16,
    /// Source port.
    pub source: u16,
    /// Whether they are written with 8 bits each, their higher ones lost.
    pub short: bool,
}

impl Ports {
    /// The ports of a push without security.
    pub const PUSH: Self = Self { destination: PUSH_PORT, source: PUSH_SOURCE_PORT, short: false };

    /// The header element of these ports.
    #[must_use]
    pub fn element(self) -> InformationElement {
        let [[destination_high, destination], [source_high, source]] =
            [self.destination.to_be_bytes(), self.source.to_be_bytes()];
        match self.short {
            true => InformationElement { id: SHORT_PORTS, data: vec![destination, source] },
            false => InformationElement { id: PORTS, data: vec![destination_high, destination, source_high, source] },
        }
    }
}

/// Place of a message in a concatenation (elements 00 and 08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Concatenation {
    /// Reference that the segments share.
    pub reference: u16,
    /// Number of segments.
    pub total: u8,
    /// Number of this segment, from 1.
    pub number: u8,
    /// Whether the reference is one of 16 bits.
    pub wide: bool,
}

/// User data.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserData {
    /// Elements of the header; `None` without a header.
    pub elements: Option<Vec<InformationElement>>,
    /// Octets after the header; packed septets, with fill bits after a header, in the 7-bit alphabet.
    pub body: Vec<u8>,
    /// User data length in septets, for the 7-bit alphabet; `None` if the length counts octets.
    pub septets: Option<u8>,
}

impl UserData {
    /// User data counted in octets.
    #[must_use]
    pub fn octets(elements: &[InformationElement], body: &[u8]) -> Self {
        let elements = (!elements.is_empty()).then(|| elements.to_vec());
        Self { elements, body: body.to_vec(), septets: None }
    }

    pub(super) fn read(reader: &mut Reader<'_>, dcs: u8, has_header: bool) -> Result<Self, SmsError> {
        let length = reader.octet("user data length")?;
        let septets = (character_set(dcs) == CharacterSet::Gsm7).then_some(length);
        let octets = match septets {
            Some(septets) => (usize::from(septets) * 7).div_ceil(8),
            None => usize::from(length),
        };
        let content = reader.take("user data", octets)?;
        reader.end("user data")?;
        let mut inner = Reader::new(content);
        let elements = if has_header { Some(read_elements(&mut inner)?) } else { None };
        Ok(Self { elements, body: inner.rest().to_vec(), septets })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), SmsError> {
        let mut content = self.header()?;
        content.extend_from_slice(&self.body);
        out.push(match self.septets {
            Some(septets) => septets,
            None => octet_of("user data", content.len())?,
        });
        out.extend_from_slice(&content);
        Ok(())
    }

    /// The header with its length octet; empty without a header.
    ///
    /// # Errors
    /// [`SmsError::TooLong`] if an element or the header exceeds what its length octet counts.
    pub fn header(&self) -> Result<Vec<u8>, SmsError> {
        let Some(elements) = &self.elements else { return Ok(Vec::new()) };
        let mut header = vec![0];
        for element in elements {
            header.extend_from_slice(&[element.id, octet_of("header element", element.data.len())?]);
            header.extend_from_slice(&element.data);
        }
        let length = octet_of("user data header", header.len() - 1)?;
        header.iter_mut().take(1).for_each(|first| *first = length);
        Ok(header)
    }

    /// Octets of the header with its length octet; 0 without a header.
    fn header_length(&self) -> usize {
        self.elements.as_ref().map_or(0, |elements| 1 + elements.iter().map(|e| 2 + e.data.len()).sum::<usize>())
    }

    /// Application ports, if the header has them. Where it has several, the last counts (TS 23.040 9.2.3.24).
    #[must_use]
    pub fn ports(&self) -> Option<Ports> {
        self.elements.iter().flatten().rev().find_map(|element| match (element.id, element.data.as_slice()) {
            (PORTS, [destination_high, destination, source_high, source]) => Some(Ports {
                destination: u16::from_be_bytes([*destination_high, *destination]),
                source: u16::from_be_bytes([*source_high, *source]),
                short: false,
            }),
            (SHORT_PORTS, [destination, source]) => {
                Some(Ports { destination: u16::from(*destination), source: u16::from(*source), short: true })
            }
            _ => None,
        })
    }

    /// Place in a concatenation, if the header has one.
    #[must_use]
    pub fn concatenation(&self) -> Option<Concatenation> {
        self.elements.iter().flatten().find_map(|element| match (element.id, element.data.as_slice()) {
            (CONCATENATION, [reference, total, number]) => {
                let reference = u16::from(*reference);
                Some(Concatenation { reference, total: *total, number: *number, wide: false })
            }
            (CONCATENATION_WIDE, [high, low, total, number]) => {
                let reference = u16::from_be_bytes([*high, *low]);
                Some(Concatenation { reference, total: *total, number: *number, wide: true })
            }
            _ => None,
        })
    }

    /// Text in the 7-bit alphabet; `None` if the length counts octets or the text does not decode.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let header = self.header_length();
        let fill = (7 - header * 8 % 7) % 7;
        let count = usize::from(self.septets?).saturating_sub((header * 8).div_ceil(7));
        let septets = gsm7::unpack(&self.body, fill as u8);
        gsm7::decode(septets.get(..count)?)
    }
}

fn read_elements(reader: &mut Reader<'_>) -> Result<Vec<InformationElement>, SmsError> {
    let length = usize::from(reader.octet("user data header length")?);
    let mut header = Reader::new(reader.take("user data header", length)?);
    let mut elements = Vec::new();
    while header.peek().is_some() {
        let id = header.octet("header element")?;
        let length = usize::from(header.octet("header element length")?);
        elements.push(InformationElement { id, data: header.take("header element data", length)?.to_vec() });
    }
    Ok(elements)
}

fn octet_of(what: &'static str, length: usize) -> Result<u8, SmsError> {
    u8::try_from(length).map_err(|_| SmsError::TooLong { what, found: length, most: 255 })
}

/// How a payload is divided over messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Division {
    /// Reference that the segments share.
    pub reference: u16,
    /// Whether the reference is written with 16 bits (element 08), and not with 8.
    pub wide: bool,
    /// How much of the payload one message takes at most, in octets; as much as fits unless given, and there is no
    /// concatenation without need.
    pub size: Option<usize>,
}

impl Division {
    fn element(self, total: u8, number: u8) -> InformationElement {
        let [high, low] = self.reference.to_be_bytes();
        match self.wide {
            true => InformationElement { id: CONCATENATION_WIDE, data: vec![high, low, total, number] },
            false => InformationElement { id: CONCATENATION, data: vec![low, total, number] },
        }
    }
}

/// The payload as user data of one message or, if it does not fit, of several with a concatenation element.
///
/// # Errors
/// [`SmsError::TooLong`] if more than 255 messages would be needed.
pub fn split(ports: Option<Ports>, division: Division, payload: &[u8]) -> Result<Vec<UserData>, SmsError> {
    let single = UserData::octets(&ports.map(Ports::element).into_iter().collect::<Vec<_>>(), payload);
    if division.size.is_none() && single.header_length() + payload.len() <= MESSAGE {
        return Ok(vec![single]);
    }
    let with_place = |number: u8, total: u8, piece: &[u8]| {
        let elements: Vec<_> = ports.map(Ports::element).into_iter().chain([division.element(total, number)]).collect();
        UserData::octets(&elements, piece)
    };
    let room = MESSAGE.saturating_sub(with_place(1, 1, &[]).header_length());
    let size = division.size.unwrap_or(room).clamp(1, room);
    let pieces: Vec<&[u8]> = if payload.is_empty() { vec![payload] } else { payload.chunks(size).collect() };
    let too_long = SmsError::TooLong { what: "payload", found: payload.len(), most: size * 255 };
    let total = u8::try_from(pieces.len()).map_err(|_| too_long)?;
    Ok((1..=total).zip(&pieces).map(|(number, piece)| with_place(number, total, piece)).collect())
}

/// The payload of messages in any order; `None` until every segment of one reference is there.
#[must_use]
pub fn join(messages: &[UserData]) -> Option<Vec<u8>> {
    let [first, ..] = messages else { return None };
    let Some(place) = first.concatenation() else {
        return (messages.len() == 1).then(|| first.body.clone());
    };
    let mut payload = Vec::new();
    for number in 1..=place.total {
        let wanted = Concatenation { number, ..place };
        payload.extend_from_slice(&messages.iter().find(|message| message.concatenation() == Some(wanted))?.body);
    }
    Some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::{SmsAddress, Submit};
    use dmsc_octets::to_hex;
    use proptest::prelude::*;

    #[test]
    fn long_payloads_are_split() {
        let divided = |reference, length| {
            split(Some(Ports::PUSH), Division { reference, ..Division::default() }, &vec![7; length])
        };
        assert_eq!(divided(1, 133).unwrap().len(), 1);
        let segments = divided(0x2A, 134).unwrap();
        assert_eq!(segments.len(), 2);
        let mut out = Vec::new();
        segments[1].write(&mut out).unwrap();
        assert_eq!(to_hex(&out), "120B05040B8423F000032A0202070707070707");
        assert_eq!(
            segments[0].concatenation(),
            Some(Concatenation { reference: 0x2A, total: 2, number: 1, wide: false })
        );
        assert_eq!(segments[0].ports(), Some(Ports::PUSH));
        assert!(divided(1, 40_000).is_err());
    }

    #[test]
    fn ports_and_references_have_two_widths() {
        let short = Ports { destination: 240, source: 0x23F0, short: true };
        let division = Division { reference: 0x1234, wide: true, size: Some(2) };
        let segments = split(Some(short), division, &[1, 2, 3]).unwrap();
        let mut out = Vec::new();
        segments[1].write(&mut out).unwrap();
        assert_eq!(to_hex(&out), "0C0A0402F0F008041234020203");
        assert_eq!(segments[1].ports(), Some(Ports { source: 0xF0, ..short }));
        assert_eq!(
            segments[1].concatenation(),
            Some(Concatenation { reference: 0x1234, total: 2, number: 2, wide: true })
        );
        let without = split(None, Division::default(), &[1]).unwrap();
        assert_eq!((without[0].elements.as_ref(), without[0].ports()), (None, None));
    }

    #[test]
    fn one_of_two_segments_is_nothing() {
        let segments = split(Some(Ports::PUSH), Division::default(), &[7; 200]).unwrap();
        assert_eq!(join(&segments[..1]), None);
        assert_eq!(join(&[segments[1].clone(), segments[0].clone()]).unwrap(), [7; 200]);
        assert_eq!(join(&[]), None);
    }

    #[test]
    fn seven_bit_text_after_a_header() {
        let septets = gsm7::encode("Hi").unwrap();
        // Header of 7 octets = 56 bits = 8 septets: no fill bits.
        let user_data =
            UserData { elements: Some(vec![Ports::PUSH.element()]), body: gsm7::pack(&septets, 0), septets: Some(10) };
        assert_eq!(user_data.text().unwrap(), "Hi");
        let submit = Submit::new(SmsAddress::from_text("1").unwrap(), 0x00, user_data);
        assert_eq!(Submit::parse(&submit.encode().unwrap()).unwrap().user_data.text().unwrap(), "Hi");
        let element = InformationElement { id: 0x00, data: vec![1, 1, 1] };
        // Header of 6 octets = 48 bits: one fill bit to 49 = 7 septets.
        let user_data = UserData { elements: Some(vec![element]), body: gsm7::pack(&septets, 1), septets: Some(9) };
        assert_eq!(user_data.text().unwrap(), "Hi");
    }

    proptest! {
        #[test]
        fn split_and_join(payload in proptest::collection::vec(any::<u8>(), 0..1000), reference: u8) {
            let division = Division { reference: u16::from(reference), ..Division::default() };
            let mut segments = split(Some(Ports::PUSH), division, &payload).unwrap();
            segments.reverse();
            prop_assert_eq!(join(&segments).unwrap(), payload);
            for segment in segments {
                prop_assert!(segment.header_length() + segment.body.len() <= MESSAGE);
            }
        }
    }
}
