//! The messages between a host and a board.
//!
//! All numbers are little endian. A message has a header of eight octets: class, type, sequence number, slot, two
//! reserved octets, and its whole length. Sequence and slot mean nothing today: the interface tells the slot, and the
//! firmware sends zeros.

use super::status::{Config, Pts, Status};

/// Octets of a message header.
pub const HEADER: usize = 8;

/// The longest message that the firmware has room for, header included, in octets.
pub const LONGEST: usize = 280;

/// The longest answer to reset, in octets (ISO/IEC 7816-3 8.2.1): the firmware refuses a longer one without a word.
pub const LONGEST_ATR: usize = 33;

const REMEDY: &str = "check that the board runs a card emulation firmware, and update it";

/// Why octets are not a message, or a message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Fewer octets than a header.
    #[error("{found} octets are too short for a message header of 8; {REMEDY}")]
    Header {
        /// Octets found.
        found: usize,
    },
    /// The length in the header cannot be.
    #[error("the header at octet 6 says {said} octets, {found} are there; {REMEDY}")]
    Length {
        /// The length in the header.
        said: usize,
        /// Octets found.
        found: usize,
    },
    /// The payload of a known message is too short for its fields.
    #[error("a {name} message of {found} octets of payload lacks some of the {least} that it needs; {REMEDY}")]
    Payload {
        /// The message.
        name: &'static str,
        /// Octets needed.
        least: usize,
        /// Octets found.
        found: usize,
    },
    /// More than the firmware has room for.
    #[error("a message of {octets} octets does not fit the 280 octets that the firmware has room for; split the data")]
    TooLong {
        /// Octets of the message, header included.
        octets: usize,
    },
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Sequence number; 0 from every firmware seen.
    pub sequence: u8,
    /// Slot; 0 from every firmware seen, also from the second interface.
    pub slot: u8,
    /// What it says.
    pub body: Body,
}

/// What a message says. `h` marks those a host sends, `d` those a device sends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// 0.0 `d`: an error. Defined, but no firmware seen sends it.
    Error(Fault),
    /// 1.1 `h`: characters for the handset.
    TxData(Data),
    /// 1.2 `h`: the answer to reset from the next reset on.
    SetAtr(Vec<u8>),
    /// 1.4 `h`: asks for a status report.
    StatusRequest,
    /// 1.4 `d`: a status report.
    Status(Status),
    /// 1.5 `h`: drives the card-detect contact: 1 in, 0 out.
    CardInsert(u8),
    /// 1.6 `d`: characters of the handset.
    RxData(Data),
    /// 1.7 `d`: the handset has negotiated parameters.
    Pts(Pts),
    /// 1.8 `h`: sets what the firmware reports; `d`: what is set now.
    Config(Config),
    /// 2.1 `h`: drives the reset line of the modem.
    ModemReset(ModemReset),
    /// 2.2 `h`: which card the handset sees.
    SimSelect(SimSource),
    /// 2.3 `h`: asks for the state of the modem. Not answered by a card emulation firmware.
    ModemStatusRequest,
    /// 2.3 `d`: the state of the modem.
    ModemStatus(ModemStatus),
    /// Any other, among them 0.1 (board information) and 1.3 (statistics), which are defined, but nowhere implemented.
    Other {
        /// Class.
        class: u8,
        /// Type within the class.
        kind: u8,
        /// What follows the header.
        payload: Vec<u8>,
    },
}

/// What the characters of a data message are; unknown bits are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DataFlags(pub u32);

impl DataFlags {
    /// The five octets of a TPDU header.
    pub const HEADER: DataFlags = DataFlags(1);
    /// The last part in this direction.
    pub const FINAL: DataFlags = DataFlags(2);
    /// Begins with a procedure octet or a status word, after which the card goes on sending.
    pub const THEN_SEND: DataFlags = DataFlags(4);
    /// A procedure octet, after which the handset sends.
    pub const THEN_RECEIVE: DataFlags = DataFlags(8);

    /// Both sets of bits.
    #[must_use]
    pub const fn and(self, other: DataFlags) -> DataFlags {
        DataFlags(self.0 | other.0)
    }

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: DataFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Characters, and what they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Data {
    /// What they are.
    pub flags: DataFlags,
    /// The characters.
    pub octets: Vec<u8>,
}

/// An error report.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// How bad it is.
    pub severity: u8,
    /// Where it happened.
    pub subsystem: u8,
    /// What happened.
    pub code: u16,
    /// In words.
    pub text: Vec<u8>,
}

/// What is done to the reset line of the modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModemReset {
    /// Let go.
    Release,
    /// Held.
    Assert,
    /// Held for so many milliseconds.
    Pulse(u16),
    /// Another value, with its duration.
    Unknown(u8, u16),
}

/// Which card the handset sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimSource {
    /// The physical card on the board.
    Local,
    /// The emulated card.
    Remote,
    /// Another value; the firmware takes it as [`SimSource::Remote`].
    Unknown(u8),
}

/// The state of the modem: bit 0 is its LED, bit 1 the card-detect contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ModemStatus {
    /// Which bits mean anything.
    pub supported: u8,
    /// The bits now.
    pub status: u8,
    /// The bits that have changed.
    pub changed: u8,
}

impl Message {
    /// A message as the reference host sends it: sequence and slot 0.
    #[must_use]
    pub const fn new(body: Body) -> Message {
        Message { sequence: 0, slot: 0, body }
    }

    /// Reads the message at the start of `octets`; gives the octets that follow it, too.
    ///
    /// # Errors
    /// [`MessageError`], except `TooLong`.
    pub fn parse(octets: &[u8]) -> Result<(Message, &[u8]), MessageError> {
        let [class, kind, sequence, slot, _, _, low, high, ..] = octets else {
            return Err(MessageError::Header { found: octets.len() });
        };
        let said = usize::from(u16::from_le_bytes([*low, *high]));
        let impossible = MessageError::Length { said, found: octets.len() };
        let payload = octets.get(HEADER..said).ok_or(impossible)?;
        let body = Body::parse(*class, *kind, payload)?;
        Ok((Message { sequence: *sequence, slot: *slot, body }, octets.get(said..).unwrap_or_default()))
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`MessageError::TooLong`] above [`LONGEST`].
    pub fn encode(&self) -> Result<Vec<u8>, MessageError> {
        let (class, kind, payload) = self.body.encode();
        let length = HEADER + payload.len();
        let said = u16::try_from(length).ok().filter(|_| length <= LONGEST);
        let said = said.ok_or(MessageError::TooLong { octets: length })?;
        let mut octets = vec![class, kind, self.sequence, self.slot, 0, 0];
        octets.extend(said.to_le_bytes());
        octets.extend(payload);
        Ok(octets)
    }
}

impl Body {
    fn parse(class: u8, kind: u8, payload: &[u8]) -> Result<Body, MessageError> {
        let short = |name, least| MessageError::Payload { name, least, found: payload.len() };
        Ok(match (class, kind, payload) {
            (0, 0, [severity, subsystem, low, high, length, text @ ..]) => Body::Error(Fault {
                severity: *severity,
                subsystem: *subsystem,
                code: u16::from_le_bytes([*low, *high]),
                text: text.get(..usize::from(*length)).unwrap_or(text).to_vec(),
            }),
            (0, 0, _) => return Err(short("error", 5)),
            (1, 1, payload) => Body::TxData(Data::parse("TX_DATA", payload)?),
            (1, 2, [length, atr @ ..]) => {
                let least = usize::from(*length) + 1;
                Body::SetAtr(atr.get(..usize::from(*length)).ok_or(short("SET_ATR", least))?.to_vec())
            }
            (1, 2, []) => return Err(short("SET_ATR", 1)),
            (1, 4, []) => Body::StatusRequest,
            (1, 4, payload) => Body::Status(Status::parse(payload).ok_or(short("STATUS", 4))?),
            (1, 5, [inserted, ..]) => Body::CardInsert(*inserted),
            (1, 5, []) => return Err(short("CARDINSERT", 1)),
            (1, 6, payload) => Body::RxData(Data::parse("RX_DATA", payload)?),
            (1, 7, payload) => Body::Pts(Pts::parse(payload).ok_or(short("PTS", 13))?),
            (1, 8, payload) => Body::Config(Config::parse(payload).ok_or(short("CONFIG", 4))?),
            (2, 1, [what, low, high, ..]) => {
                Body::ModemReset(ModemReset::from_fields(*what, u16::from_le_bytes([*low, *high])))
            }
            (2, 1, _) => return Err(short("MODEM_RESET", 3)),
            (2, 2, [source, ..]) => Body::SimSelect(SimSource::from_code(*source)),
            (2, 2, []) => return Err(short("SIM_SELECT", 1)),
            (2, 3, []) => Body::ModemStatusRequest,
            (2, 3, [supported, status, changed, ..]) => {
                Body::ModemStatus(ModemStatus { supported: *supported, status: *status, changed: *changed })
            }
            (2, 3, _) => return Err(short("MODEM_STATUS", 3)),
            (class, kind, payload) => Body::Other { class, kind, payload: payload.to_vec() },
        })
    }

    fn encode(&self) -> (u8, u8, Vec<u8>) {
        match self {
            Body::Error(fault) => {
                // The text cannot be longer than its length octet says; what does not fit is cut off.
                let text = fault.text.get(..255).unwrap_or(&fault.text);
                let mut octets = vec![fault.severity, fault.subsystem];
                octets.extend(fault.code.to_le_bytes());
                octets.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
                octets.extend_from_slice(text);
                (0, 0, octets)
            }
            Body::TxData(data) => (1, 1, data.encode()),
            Body::SetAtr(atr) => {
                let mut octets = vec![u8::try_from(atr.len()).unwrap_or(u8::MAX)];
                octets.extend_from_slice(atr);
                (1, 2, octets)
            }
            Body::StatusRequest => (1, 4, Vec::new()),
            Body::Status(status) => (1, 4, status.encode()),
            Body::CardInsert(inserted) => (1, 5, vec![*inserted]),
            Body::RxData(data) => (1, 6, data.encode()),
            Body::Pts(pts) => (1, 7, pts.encode()),
            Body::Config(config) => (1, 8, config.encode()),
            Body::ModemReset(reset) => {
                let (what, milliseconds) = reset.fields();
                let [low, high] = milliseconds.to_le_bytes();
                (2, 1, vec![what, low, high])
            }
            Body::SimSelect(source) => (2, 2, vec![source.code()]),
            Body::ModemStatusRequest => (2, 3, Vec::new()),
            Body::ModemStatus(status) => (2, 3, vec![status.supported, status.status, status.changed]),
            Body::Other { class, kind, payload } => (*class, *kind, payload.clone()),
        }
    }
}

impl Data {
    fn parse(name: &'static str, payload: &[u8]) -> Result<Data, MessageError> {
        let short = |least| MessageError::Payload { name, least, found: payload.len() };
        let [f0, f1, f2, f3, low, high, rest @ ..] = payload else { return Err(short(6)) };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let octets = rest.get(..length).ok_or(short(6 + length))?.to_vec();
        Ok(Data { flags: DataFlags(u32::from_le_bytes([*f0, *f1, *f2, *f3])), octets })
    }

    fn encode(&self) -> Vec<u8> {
        let mut octets = self.flags.0.to_le_bytes().to_vec();
        // More than 65535 octets are far beyond the longest message, which is refused as a whole.
        octets.extend(u16::try_from(self.octets.len()).unwrap_or(u16::MAX).to_le_bytes());
        octets.extend_from_slice(&self.octets);
        octets
    }
}

impl ModemReset {
    const fn from_fields(what: u8, milliseconds: u16) -> ModemReset {
        match (what, milliseconds) {
            (0, 0) => ModemReset::Release,
            (1, 0) => ModemReset::Assert,
            (2, milliseconds) => ModemReset::Pulse(milliseconds),
            (what, milliseconds) => ModemReset::Unknown(what, milliseconds),
        }
    }

    const fn fields(self) -> (u8, u16) {
        match self {
            ModemReset::Release => (0, 0),
            ModemReset::Assert => (1, 0),
            ModemReset::Pulse(milliseconds) => (2, milliseconds),
            ModemReset::Unknown(what, milliseconds) => (what, milliseconds),
        }
    }
}

impl SimSource {
    const fn from_code(code: u8) -> SimSource {
        match code {
            0 => SimSource::Local,
            1 => SimSource::Remote,
            other => SimSource::Unknown(other),
        }
    }

    const fn code(self) -> u8 {
        match self {
            SimSource::Local => 0,
            SimSource::Remote => 1,
            SimSource::Unknown(code) => code,
        }
    }
}

#[cfg(test)]
mod tests;
