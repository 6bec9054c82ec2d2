//! What one EEM packet says.

use super::{Check, Code, Header};

/// A command without payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// From the peripheral: the host may suspend the bus. Its parameter is 0.
    Suspend,
    /// From the peripheral: how often to poll for a response. The parameter's unit is not settled among the sources
    /// at hand; Linux takes milliseconds.
    Response,
    /// From the peripheral: how often to poll once a response is complete. Linux takes seconds.
    ResponseComplete,
    /// From the host: the peripheral may go on with what it put off. Its parameter is 0.
    Tickle,
}

impl Hint {
    pub(super) fn code(self) -> Code {
        match self {
            Hint::Suspend => Code::SuspendHint,
            Hint::Response => Code::ResponseHint,
            Hint::ResponseComplete => Code::ResponseCompleteHint,
            Hint::Tickle => Code::Tickle,
        }
    }

    /// Whether only the host may send it; the others are only for the peripheral.
    pub fn is_from_host(self) -> bool {
        self == Hint::Tickle
    }
}

/// One packet, borrowed from the transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packet<'a> {
    /// `0000`: nothing; it stands where a transfer would otherwise end in a packet of full size.
    Filler,
    /// An Ethernet frame without its frame check sequence.
    Frame {
        /// What stands behind it on the wire.
        check: Check,
        /// The frame, from its destination address on.
        frame: &'a [u8],
    },
    /// The other side has to answer with the same octets, at most 2047.
    Echo(&'a [u8]),
    /// The answer to an Echo.
    EchoResponse(&'a [u8]),
    /// A command that carries nothing but its parameter.
    Hint {
        /// Which.
        hint: Hint,
        /// 0 to 2047.
        param: u16,
    },
    /// A command with bit 14 set, or with code 6 or 7: to be passed over.
    Reserved(Header),
}
