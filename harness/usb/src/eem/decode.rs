//! A transfer, packet by packet.

use super::{CHECK_LENGTH, Check, Code, FRAME_MIN, HEADER_LENGTH, Header, Hint, Packet, SENTINEL};

/// Why a packet of a transfer cannot be taken, and where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("octet {at}: {fault}")]
pub struct DecodeError {
    /// Where the packet's header starts, in octets from the start of the transfer.
    pub at: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// One octet is left where a header needs two; the transfer ends with it.
    #[error("one octet is left, {octet:02X}, and a header has two; check the length before it")]
    LoneOctet {
        /// The octet.
        octet: u8,
    },
    /// The header announces more than the transfer holds; the transfer ends with it.
    #[error("the header announces {announced} octets and {left} are left; check the length, or join the transfers")]
    Truncated {
        /// Octets the header announces behind itself.
        announced: usize,
        /// Octets there are.
        left: usize,
    },
    /// A data packet too short for an Ethernet header and a check, and not the filler.
    #[error("a data packet of {length} octets has no room for an Ethernet header and a check; send 18 or more")]
    Runt {
        /// The length field.
        length: usize,
    },
    /// bmCRC is 0, and the check is not the sentinel.
    #[error("the frame ends in {found:02X?} instead of DE AD BE EF; write the sentinel, or set bmCRC for a real CRC")]
    WrongSentinel {
        /// The octets found.
        found: [u8; 4],
    },
    /// bmCRC is 1, and the check is not the CRC-32 of the frame.
    #[error("the frame ends in {found:02X?}, its CRC-32 is {computed:02X?}; compute it over the frame only")]
    WrongCrc {
        /// The octets found.
        found: [u8; 4],
        /// The octets that are right.
        computed: [u8; 4],
    },
}

/// The packets of a transfer, in order; an error is an item as well, and reading goes on after the packet as far as
/// its header tells where that is.
pub fn packets(transfer: &[u8]) -> Packets<'_> {
    Packets { transfer, at: 0 }
}

/// Iterates over a transfer; made by [`packets`].
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    transfer: &'a [u8],
    at: usize,
}

impl<'a> Packets<'a> {
    fn read(&mut self) -> Option<Result<Packet<'a>, Fault>> {
        let rest = self.transfer.get(self.at..)?;
        let (header, body) = match *rest {
            [] => return None,
            [octet] => {
                self.at = self.transfer.len();
                return Some(Err(Fault::LoneOctet { octet }));
            }
            [low, high, ref body @ ..] => (Header::from_octets([low, high]), body),
        };
        let announced = header.body_length();
        let Some(content) = body.get(..announced) else {
            self.at = self.transfer.len();
            return Some(Err(Fault::Truncated { announced, left: body.len() }));
        };
        self.at = self.at.saturating_add(HEADER_LENGTH).saturating_add(announced);
        Some(open(header, content))
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        Some(self.read()?.map_err(|fault| DecodeError { at, fault }))
    }
}

impl Header {
    /// Octets that follow the header. A reserved command has none that anybody could know of.
    pub fn body_length(self) -> usize {
        match self {
            Header::Data { length, .. } => usize::from(length),
            Header::Command { reserved: false, code: Code::Echo | Code::EchoResponse, param } => usize::from(param),
            Header::Command { .. } => 0,
        }
    }
}

fn open(header: Header, content: &[u8]) -> Result<Packet<'_>, Fault> {
    match header {
        Header::FILLER => Ok(Packet::Filler),
        Header::Data { check, .. } => open_frame(check, content),
        Header::Command { reserved: true, .. } => Ok(Packet::Reserved(header)),
        Header::Command { code, param, .. } => {
            let hint = match code {
                Code::Echo => return Ok(Packet::Echo(content)),
                Code::EchoResponse => return Ok(Packet::EchoResponse(content)),
                Code::SuspendHint => Hint::Suspend,
                Code::ResponseHint => Hint::Response,
                Code::ResponseCompleteHint => Hint::ResponseComplete,
                Code::Tickle => Hint::Tickle,
                Code::Reserved(_) => return Ok(Packet::Reserved(header)),
            };
            Ok(Packet::Hint { hint, param })
        }
    }
}

fn open_frame(check: Check, content: &[u8]) -> Result<Packet<'_>, Fault> {
    let Some((frame, found)) = content.split_last_chunk::<CHECK_LENGTH>().filter(|(frame, _)| frame.len() >= FRAME_MIN)
    else {
        return Err(Fault::Runt { length: content.len() });
    };
    match check {
        Check::Sentinel if *found != SENTINEL => Err(Fault::WrongSentinel { found: *found }),
        Check::Crc if *found != check.octets(frame) => {
            Err(Fault::WrongCrc { found: *found, computed: check.octets(frame) })
        }
        Check::Sentinel | Check::Crc => Ok(Packet::Frame { check, frame }),
    }
}
