//! The messages of the bulk variant (bInterfaceProtocol 0): ten octets of header, then data.

use std::fmt;

use super::status::{Chain, SlotStatus};

/// Octets of a message header.
pub const HEADER: usize = 10;

/// Most octets of data that any message carries here: an extended response APDU of 65 536 octets with its status word.
pub const MOST: usize = 65_538;

/// Why octets are not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Fewer octets than a header.
    #[error("{found} octets are no message of the bulk variant; its header alone has {HEADER}")]
    TooShort {
        /// Octets found.
        found: usize,
    },
    /// dwLength does not agree with what came.
    #[error("octet 1: dwLength says {announced}, {found} octets of data came; check where the transfer ends")]
    Length {
        /// dwLength.
        announced: u32,
        /// Octets after the header.
        found: usize,
        /// bMessageType, so that it can be answered all the same.
        kind: Kind,
        /// bSeq.
        sequence: u8,
    },
}

/// Types of message, both directions (field bMessageType).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 61, host to card.
    SetParameters,
    /// 62, host to card.
    IccPowerOn,
    /// 63, host to card.
    IccPowerOff,
    /// 65, host to card.
    GetSlotStatus,
    /// 69, host to card.
    Secure,
    /// 6A, host to card.
    T0Apdu,
    /// 6B, host to card.
    Escape,
    /// 6C, host to card.
    GetParameters,
    /// 6D, host to card.
    ResetParameters,
    /// 6E, host to card.
    IccClock,
    /// 6F, host to card.
    XfrBlock,
    /// 71, host to card.
    Mechanical,
    /// 72, host to card.
    Abort,
    /// 73, host to card.
    SetDataRate,
    /// 80, card to host.
    DataBlock,
    /// 81, card to host.
    SlotStatus,
    /// 82, card to host.
    Parameters,
    /// 83, card to host: the answer to Escape.
    EscapeAnswer,
    /// 84, card to host.
    DataRateAndClock,
    /// Any other value.
    Other(u8),
}

const KINDS: &[(u8, Kind)] = &[
    (0x61, Kind::SetParameters),
    (0x62, Kind::IccPowerOn),
    (0x63, Kind::IccPowerOff),
    (0x65, Kind::GetSlotStatus),
    (0x69, Kind::Secure),
    (0x6A, Kind::T0Apdu),
    (0x6B, Kind::Escape),
    (0x6C, Kind::GetParameters),
    (0x6D, Kind::ResetParameters),
    (0x6E, Kind::IccClock),
    (0x6F, Kind::XfrBlock),
    (0x71, Kind::Mechanical),
    (0x72, Kind::Abort),
    (0x73, Kind::SetDataRate),
    (0x80, Kind::DataBlock),
    (0x81, Kind::SlotStatus),
    (0x82, Kind::Parameters),
    (0x83, Kind::EscapeAnswer),
    (0x84, Kind::DataRateAndClock),
];

impl Kind {
    /// The type with this code.
    #[must_use]
    pub fn from_code(code: u8) -> Kind {
        KINDS.iter().find(|(known, _)| *known == code).map_or(Kind::Other(code), |(_, kind)| *kind)
    }

    /// The octet on the wire.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Kind::Other(code) => code,
            named => KINDS.iter().find(|(_, kind)| *kind == named).map_or(0, |(code, _)| *code),
        }
    }

    /// The type of answer to a message of this type; SlotStatus for what is not known.
    #[must_use]
    pub fn answer(self) -> Kind {
        match self {
            Kind::IccPowerOn | Kind::XfrBlock | Kind::Secure => Kind::DataBlock,
            Kind::GetParameters | Kind::ResetParameters | Kind::SetParameters => Kind::Parameters,
            Kind::Escape => Kind::EscapeAnswer,
            Kind::SetDataRate => Kind::DataRateAndClock,
            _ => Kind::SlotStatus,
        }
    }
}

/// bPowerSelect of IccPowerOn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PowerSelect {
    /// The card chooses. When it refuses that, for whatever reason, the voltages of its descriptor are tried in turn, 5 V
    /// first, as by drivers in the field; a device that chooses by itself (dwFeatures 0008) is not asked again.
    #[default]
    Automatic,
    /// 5 V (class A).
    Volt5,
    /// 3 V (class B).
    Volt3,
    /// 1.8 V (class C).
    Volt1_8,
}

impl PowerSelect {
    /// The octet on the wire.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            PowerSelect::Automatic => 0,
            PowerSelect::Volt5 => 1,
            PowerSelect::Volt3 => 2,
            PowerSelect::Volt1_8 => 3,
        }
    }
}

impl fmt::Display for PowerSelect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PowerSelect::Automatic => "the voltage of its choice",
            PowerSelect::Volt5 => "5 V",
            PowerSelect::Volt3 => "3 V",
            PowerSelect::Volt1_8 => "1.8 V",
        })
    }
}

/// A message in either direction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// bMessageType.
    pub kind: Kind,
    /// bSlot; 0 on a card.
    pub slot: u8,
    /// bSeq: given by the host, repeated by the card.
    pub sequence: u8,
    /// Octets 7 to 9, whose meaning depends on the type.
    pub specific: [u8; 3],
    /// abData.
    pub data: Vec<u8>,
}

impl Message {
    /// XfrBlock.
    #[must_use]
    pub fn xfr_block(sequence: u8, chain: Chain, data: &[u8]) -> Message {
        Message { kind: Kind::XfrBlock, slot: 0, sequence, specific: [0, chain.code(), 0], data: data.to_vec() }
    }

    /// A message of the host without data: `first` is octet 7 (bPowerSelect of IccPowerOn).
    #[must_use]
    pub fn command(kind: Kind, sequence: u8, first: u8) -> Message {
        Message { kind, slot: 0, sequence, specific: [first, 0, 0], data: Vec::new() }
    }

    /// A message of the card: status, then octet 9 (bChainParameter, bClockStatus or bProtocolNum).
    #[must_use]
    pub fn answer(kind: Kind, sequence: u8, status: SlotStatus, last: u8, data: &[u8]) -> Message {
        let [status, error] = status.encode();
        Message { kind, slot: 0, sequence, specific: [status, error, last], data: data.to_vec() }
    }

    /// Reads one message, which must be all of `octets`.
    ///
    /// # Errors
    /// Any [`MessageError`].
    pub fn parse(octets: &[u8]) -> Result<Message, MessageError> {
        let [kind, l0, l1, l2, l3, slot, sequence, s0, s1, s2, data @ ..] = octets else {
            return Err(MessageError::TooShort { found: octets.len() });
        };
        let announced = u32::from_le_bytes([*l0, *l1, *l2, *l3]);
        if usize::try_from(announced) != Ok(data.len()) {
            let (kind, sequence) = (Kind::from_code(*kind), *sequence);
            return Err(MessageError::Length { announced, found: data.len(), kind, sequence });
        }
        Ok(Message {
            kind: Kind::from_code(*kind),
            slot: *slot,
            sequence: *sequence,
            specific: [*s0, *s1, *s2],
            data: data.to_vec(),
        })
    }

    /// Writes the message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(HEADER + self.data.len());
        octets.push(self.kind.code());
        octets.extend_from_slice(&u32::try_from(self.data.len()).unwrap_or(u32::MAX).to_le_bytes());
        octets.extend_from_slice(&[self.slot, self.sequence]);
        octets.extend_from_slice(&self.specific);
        octets.extend_from_slice(&self.data);
        octets
    }

    /// bStatus and bError of a message of the card.
    #[must_use]
    pub fn status(&self) -> SlotStatus {
        let [status, error, _] = self.specific;
        SlotStatus::parse(status, error)
    }

    /// bChainParameter of a DataBlock.
    #[must_use]
    pub fn chain(&self) -> Chain {
        Chain::from_code(self.specific[2])
    }

    /// wLevelParameter of an XfrBlock; a value above 00FF is no known one.
    #[must_use]
    pub fn level(&self) -> Chain {
        let [_, low, high] = self.specific;
        if high == 0 { Chain::from_code(low) } else { Chain::Other(low) }
    }
}

/// Puts one message together from reads of a bulk endpoint, whether its end is marked by a short packet or not.
///
/// The end of a message is a short packet, or a zero-length packet after a full one; senders forget the latter, and
/// readers that wait for it hang. So the length in the header decides how much is read.
#[derive(Clone, Debug)]
pub struct Assembler {
    packet: usize,
    octets: Vec<u8>,
}

impl Assembler {
    /// An assembler for an endpoint with this wMaxPacketSize (1 or more).
    #[must_use]
    pub fn new(packet: usize) -> Assembler {
        Assembler { packet: packet.max(1), octets: Vec::new() }
    }

    /// How many octets to ask for next: a multiple of the packet size.
    #[must_use]
    pub fn want(&self) -> usize {
        let missing = self.total().unwrap_or(0).saturating_sub(self.octets.len()).max(1);
        missing.div_ceil(self.packet).saturating_mul(self.packet)
    }

    /// Takes what was read, at most as much as [`Assembler::want`] said; gives the message when it is whole. Empty
    /// reads are the zero-length packets that end earlier messages, and are nothing.
    ///
    /// # Errors
    /// Any [`MessageError`], after which the assembler begins again.
    pub fn push(&mut self, read: &[u8]) -> Result<Option<Message>, MessageError> {
        let wanted = self.want();
        self.octets.extend_from_slice(read);
        let Some(total) = self.total() else {
            if read.len() >= wanted || self.octets.is_empty() {
                return Ok(None);
            }
            return Err(MessageError::TooShort { found: std::mem::take(&mut self.octets).len() });
        };
        // More than a message can have is not waited for.
        if self.octets.len() >= total || read.len() < wanted || total > HEADER + MOST {
            return Message::parse(&std::mem::take(&mut self.octets)).map(Some);
        }
        Ok(None)
    }

    /// Forgets a message that was begun.
    pub fn clear(&mut self) {
        self.octets.clear();
    }

    /// Octets of the message under way, header included.
    fn total(&self) -> Option<usize> {
        let [_, l0, l1, l2, l3, _, _, _, _, _, ..] = self.octets.as_slice() else { return None };
        let length = usize::try_from(u32::from_le_bytes([*l0, *l1, *l2, *l3])).unwrap_or(usize::MAX);
        Some(length.saturating_add(HEADER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn xfr_block_and_its_answer() {
        let octets = [0x6F, 3, 0, 0, 0, 0, 0xFF, 0, 1, 0, 0x80, 0x12, 0];
        let message = Message::parse(&octets).unwrap();
        assert_eq!(message, Message::xfr_block(0xFF, Chain::Begins, &[0x80, 0x12, 0]));
        assert_eq!((message.level(), message.encode()), (Chain::Begins, octets.to_vec()));
        let answer = Message::parse(&[0x80, 2, 0, 0, 0, 0, 0xFF, 0, 0, 2, 0x90, 0]).unwrap();
        assert_eq!((answer.kind, answer.status(), answer.chain()), (Kind::DataBlock, SlotStatus::DONE, Chain::Ends));
        let on = Message::command(Kind::IccPowerOn, 7, 3).encode();
        assert_eq!(on, [0x62, 0, 0, 0, 0, 0, 7, 3, 0, 0]);
    }

    #[test]
    fn lengths_that_disagree_are_located() {
        assert_eq!(Message::parse(&[0x80; 9]), Err(MessageError::TooShort { found: 9 }));
        let error = Message::parse(&[0x80, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x90]).unwrap_err();
        assert!(error.to_string().contains("dwLength says 2, 1 octets"), "{error}");
    }

    #[test]
    fn messages_are_put_together_without_the_packet_that_marks_their_end() {
        let message = Message::xfr_block(1, Chain::Whole, &[7; 118]);
        let octets = message.encode();
        assert_eq!(octets.len(), 128);
        let mut assembler = Assembler::new(64);
        assert_eq!(assembler.want(), 64);
        assert_eq!(assembler.push(&octets[..64]), Ok(None));
        assert_eq!(assembler.want(), 64);
        assert_eq!(assembler.push(&octets[64..]), Ok(Some(message.clone())));
        // The zero-length packet that a careful sender adds.
        assert_eq!(assembler.push(&[]), Ok(None));
        assert_eq!(assembler.push(&octets[..64]), Ok(None));
        assert!(matches!(
            assembler.push(&octets[64..100]),
            Err(MessageError::Length { announced: 118, found: 90, .. })
        ));
        assert_eq!(assembler.push(&octets[..5]), Err(MessageError::TooShort { found: 5 }));
    }

    #[test]
    fn a_length_beyond_all_apdus_is_not_waited_for() {
        let mut assembler = Assembler::new(64);
        let mut head = vec![0xFF; 64];
        head[0] = 0x80;
        assert!(assembler.push(&head).is_err());
        assert_eq!(assembler.want(), 64);
    }

    proptest! {
        #[test]
        fn messages_round_trip(kind: u8, slot: u8, sequence: u8, specific: [u8; 3], data: Vec<u8>) {
            let message = Message { kind: Kind::from_code(kind), slot, sequence, specific, data };
            prop_assert_eq!(message.kind.code(), kind);
            prop_assert_eq!(&Message::parse(&message.encode()).unwrap(), &message);
            let mut assembler = Assembler::new(8);
            let mut octets = message.encode();
            let whole = loop {
                let rest = octets.split_off(assembler.want().min(octets.len()));
                if let Some(whole) = assembler.push(&octets).unwrap() { break whole }
                octets = rest;
            };
            prop_assert_eq!(whole, message);
        }

        #[test]
        fn any_octets_are_survived(reads: Vec<Vec<u8>>) {
            let mut assembler = Assembler::new(64);
            for read in reads {
                let _ = Message::parse(&read);
                let _ = assembler.push(&read);
                prop_assert!(assembler.want() >= 64 && assembler.want().is_multiple_of(64));
            }
        }
    }
}
