//! The class requests over endpoint 0 (bInterfaceProtocol 1, version A, and 2, version B).
//!
//! Beware of the numbers: 65 and 6F mean the opposite of what they mean in the bulk variant.

use super::status::{Chain, SlotStatus};

/// bRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// 62. Version A: in, the ATR comes back. Version B: out, without data.
    IccPowerOn,
    /// 63: out, without data.
    IccPowerOff,
    /// 65: out, an APDU or a part of one.
    XfrBlock,
    /// 6F: in, what the card answers.
    DataBlock,
    /// 81, version B only: in, three octets.
    SlotStatus,
    /// A0, version A only: in, one octet.
    GetIccStatus,
    /// 01: the abort of the reader class; tokens stall it.
    Abort,
    /// Any other value.
    Other(u8),
}

const REQUESTS: &[(u8, Request)] = &[
    (0x01, Request::Abort),
    (0x62, Request::IccPowerOn),
    (0x63, Request::IccPowerOff),
    (0x65, Request::XfrBlock),
    (0x6F, Request::DataBlock),
    (0x81, Request::SlotStatus),
    (0xA0, Request::GetIccStatus),
];

impl Request {
    /// The request with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Request {
        REQUESTS.iter().find(|(known, _)| *known == code).map_or(Request::Other(code), |(_, request)| *request)
    }

    /// The octet on the wire.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Request::Other(code) => code,
            named => REQUESTS.iter().find(|(_, request)| *request == named).map_or(0, |(code, _)| *code),
        }
    }
}

/// bmRequestType of a class request to an interface, host to card.
pub const TO_CARD: u8 = 0x21;
/// bmRequestType of a class request to an interface, card to host.
pub const TO_HOST: u8 = 0xA1;

/// The eight octets that open a control transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setup {
    /// bmRequestType.
    pub request_type: u8,
    /// bRequest.
    pub request: u8,
    /// wValue.
    pub value: u16,
    /// wIndex; the interface.
    pub index: u16,
    /// wLength.
    pub length: u16,
}

impl Setup {
    /// Which class request this is; `None` for another type or recipient.
    #[must_use]
    pub fn class_request(&self) -> Option<Request> {
        matches!(self.request_type, TO_CARD | TO_HOST).then(|| Request::from_code(self.request))
    }

    /// Whether the data go to the host.
    #[must_use]
    pub fn is_in(&self) -> bool {
        self.request_type & 0x80 != 0
    }
}

/// The status octet of version A, without its low nibble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IccStatus {
    /// 00: a command header is awaited.
    Ready,
    /// 10: data go, in the direction of the command.
    Data,
    /// 20: the status word can be fetched.
    StatusWord,
    /// 40: busy. The low nibble may count, which shows that the card lives.
    Busy,
    /// 80: mute.
    Mute,
    /// Any other value.
    Other(u8),
}

impl IccStatus {
    /// Reads the octet; the low nibble is not part of the value.
    #[must_use]
    pub fn from_code(code: u8) -> IccStatus {
        match code & 0xF0 {
            0x00 => IccStatus::Ready,
            0x10 => IccStatus::Data,
            0x20 => IccStatus::StatusWord,
            0x40 => IccStatus::Busy,
            0x80 => IccStatus::Mute,
            other => IccStatus::Other(other),
        }
    }

    /// The octet on the wire, low nibble zero.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            IccStatus::Ready => 0x00,
            IccStatus::Data => 0x10,
            IccStatus::StatusWord => 0x20,
            IccStatus::Busy => 0x40,
            IccStatus::Mute => 0x80,
            IccStatus::Other(code) => code,
        }
    }
}

/// Why octets are not a data block of version B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Not even a bResponseType.
    #[error("the data block is empty; its first octet is bResponseType")]
    Empty,
    /// Octets are missing after bResponseType.
    #[error("{found} octets follow bResponseType {response_type:02X}, 2 are needed")]
    TooShort {
        /// bResponseType.
        response_type: u8,
        /// Octets that follow.
        found: usize,
    },
}

/// What DATA_BLOCK and SLOT_STATUS of version B bring: bResponseType and what follows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// 00 to 03 and 10: data with their place in the chain; 10 has none.
    Data(Chain, Vec<u8>),
    /// 40: status.
    Status(SlotStatus),
    /// 80: not ready. Ask again after this multiple of 10 ms; 0 leaves the pace to the host.
    Poll(u16),
    /// Any other type, with what follows.
    Other(u8, Vec<u8>),
}

impl Block {
    /// Reads a block.
    ///
    /// # Errors
    /// Any [`BlockError`].
    pub fn parse(octets: &[u8]) -> Result<Block, BlockError> {
        let [response_type, rest @ ..] = octets else { return Err(BlockError::Empty) };
        let pair = match rest {
            [first, second, ..] => Ok([*first, *second]),
            _ => Err(BlockError::TooShort { response_type: *response_type, found: rest.len() }),
        };
        Ok(match response_type {
            0x40 => pair.map(|[status, error]| Block::Status(SlotStatus::parse(status, error)))?,
            0x80 => pair.map(|delay| Block::Poll(u16::from_le_bytes(delay)))?,
            code => match Chain::from_code(*code) {
                Chain::Other(code) => Block::Other(code, rest.to_vec()),
                chain => Block::Data(chain, rest.to_vec()),
            },
        })
    }

    /// Writes the block.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Block::Data(chain, data) => [&[chain.code()], data.as_slice()].concat(),
            Block::Status(status) => [&[0x40], status.encode().as_slice()].concat(),
            Block::Poll(delay) => [&[0x80], delay.to_le_bytes().as_slice()].concat(),
            Block::Other(code, rest) => [&[*code], rest.as_slice()].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::status::{Presence, SlotError};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_by_type() {
        let atr = Block::parse(&[0x00, 0x3B, 0x00]).unwrap();
        assert_eq!(atr, Block::Data(Chain::Whole, vec![0x3B, 0x00]));
        assert_eq!(Block::parse(&[0x80, 50, 0]), Ok(Block::Poll(50)));
        let mute = Block::parse(&[0x40, 0x42, 0xFE]).unwrap();
        assert_eq!(mute, Block::Status(SlotStatus::failed(Presence::Absent, SlotError::Mute)));
        assert_eq!(Block::parse(&[0x10]), Ok(Block::Data(Chain::Wanted, vec![])));
        assert_eq!(Block::parse(&[0x7F, 1]), Ok(Block::Other(0x7F, vec![1])));
        assert_eq!(Block::parse(&[]), Err(BlockError::Empty));
        assert_eq!(Block::parse(&[0x80, 1]), Err(BlockError::TooShort { response_type: 0x80, found: 1 }));
    }

    #[test]
    fn numbers_round_trip() {
        for code in 0..=0xFF {
            assert_eq!(Request::from_code(code).code(), code);
            assert_eq!(IccStatus::from_code(code).code(), code & 0xF0);
        }
        let setup = Setup { request_type: 0xA1, request: 0x6F, value: 0, index: 0, length: 4096 };
        assert_eq!((setup.class_request(), setup.is_in()), (Some(Request::DataBlock), true));
        assert_eq!(Setup { request_type: 0xC0, ..setup }.class_request(), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            if let Ok(block) = Block::parse(&octets) {
                prop_assert_eq!(Block::parse(&block.encode()), Ok(block));
            }
        }
    }
}
