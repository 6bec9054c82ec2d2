//! The two octets before every packet.

use super::Check;

const COMMAND: u16 = 0x8000;
const CRC_OR_RESERVED: u16 = 0x4000;
const LENGTH: u16 = 0x3FFF;
const PARAM: u16 = 0x07FF;

/// bmEEMCmd: what a command packet asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 0: answer with an Echo Response of the same payload.
    Echo,
    /// 1: the answer to an Echo.
    EchoResponse,
    /// 2, from the peripheral: the host may suspend the bus.
    SuspendHint,
    /// 3, from the peripheral: how often to poll for a response.
    ResponseHint,
    /// 4, from the peripheral: how often to poll once a response is complete.
    ResponseCompleteHint,
    /// 5, from the host: the peripheral may go on with what it put off.
    Tickle,
    /// 6 and 7 are reserved.
    Reserved(u8),
}

impl Code {
    fn from_bits(bits: u8) -> Code {
        match bits {
            0 => Code::Echo,
            1 => Code::EchoResponse,
            2 => Code::SuspendHint,
            3 => Code::ResponseHint,
            4 => Code::ResponseCompleteHint,
            5 => Code::Tickle,
            other => Code::Reserved(other),
        }
    }

    /// The three bits on the wire; of a reserved code only the low three bits count.
    pub fn bits(self) -> u8 {
        match self {
            Code::Echo => 0,
            Code::EchoResponse => 1,
            Code::SuspendHint => 2,
            Code::ResponseHint => 3,
            Code::ResponseCompleteHint => 4,
            Code::Tickle => 5,
            Code::Reserved(bits) => bits & 7,
        }
    }
}

/// A packet header, every bit kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Header {
    /// bmType 0: a frame, or nothing at all.
    Data {
        /// Bit 14: what stands behind the frame.
        check: Check,
        /// Bits 13 to 0: octets of the frame and its check together; 0 to 16383.
        length: u16,
    },
    /// bmType 1: a command.
    Command {
        /// Bit 14, which has to be 0.
        reserved: bool,
        /// Bits 13 to 11.
        code: Code,
        /// Bits 10 to 0: octets of the payload of an Echo and its response, else a parameter; 0 to 2047.
        param: u16,
    },
}

impl Header {
    /// The header that fills a transfer up: an empty data packet.
    pub const FILLER: Header = Header::Data { check: Check::Sentinel, length: 0 };

    /// Reads a header; every value of two octets is one.
    pub fn from_octets(octets: [u8; 2]) -> Header {
        let bits = u16::from_le_bytes(octets);
        if bits & COMMAND == 0 {
            let check = if bits & CRC_OR_RESERVED == 0 { Check::Sentinel } else { Check::Crc };
            return Header::Data { check, length: bits & LENGTH };
        }
        let [_, high] = octets;
        Header::Command {
            reserved: bits & CRC_OR_RESERVED != 0,
            code: Code::from_bits(high >> 3 & 7),
            param: bits & PARAM,
        }
    }

    /// The header on the wire. A length or parameter too large for its bits loses the high ones.
    pub fn octets(self) -> [u8; 2] {
        let bits = match self {
            Header::Data { check, length } => length & LENGTH | if check == Check::Crc { CRC_OR_RESERVED } else { 0 },
            Header::Command { reserved, code, param } => {
                COMMAND | if reserved { CRC_OR_RESERVED } else { 0 } | u16::from(code.bits()) << 11 | param & PARAM
            }
        };
        bits.to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_read_and_write_bit_for_bit() {
        for (octets, header) in [
            ([0x00, 0x00], Header::FILLER),
            ([0x2E, 0x00], Header::Data { check: Check::Sentinel, length: 46 }),
            ([0xEE, 0x45], Header::Data { check: Check::Crc, length: 1518 }),
            ([0xFF, 0x3F], Header::Data { check: Check::Sentinel, length: 16383 }),
            ([0x0A, 0x80], Header::Command { reserved: false, code: Code::Echo, param: 10 }),
            ([0xFF, 0x8F], Header::Command { reserved: false, code: Code::EchoResponse, param: 2047 }),
            ([0x00, 0x90], Header::Command { reserved: false, code: Code::SuspendHint, param: 0 }),
            ([0x05, 0x98], Header::Command { reserved: false, code: Code::ResponseHint, param: 5 }),
            ([0x05, 0xA0], Header::Command { reserved: false, code: Code::ResponseCompleteHint, param: 5 }),
            ([0x00, 0xA8], Header::Command { reserved: false, code: Code::Tickle, param: 0 }),
            ([0x00, 0xF8], Header::Command { reserved: true, code: Code::Reserved(7), param: 0 }),
        ] {
            assert_eq!(Header::from_octets(octets), header);
            assert_eq!(header.octets(), octets);
        }
    }

    #[test]
    fn every_two_octets_are_a_header() {
        for bits in 0..=u16::MAX {
            assert_eq!(Header::from_octets(bits.to_le_bytes()).octets(), bits.to_le_bytes());
        }
    }
}
