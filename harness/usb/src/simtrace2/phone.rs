//! The terminal that a handset is on the wires: T=0, octet by octet (ISO/IEC 7816-3 10).

use std::collections::VecDeque;

use super::wires::Wires;
use crate::atr::{interface_octets, pps_length};
use crate::t0::{Tpdu, TpduError};

/// Rates a card has until others are negotiated: F = 372, D = 1.
const DEFAULT_RATES: u8 = 0x11;

/// The longest ATR, in octets; what a card sends beyond is no ATR any more.
const LONGEST_ATR: usize = 33;

/// What the handset does on the wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It moves its lines.
    Wire(Wires),
    /// It sends an octet.
    Octet(u8),
}

/// What the handset has learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The card has answered its reset, and rates were negotiated if it offers others than the default.
    Atr(Vec<u8>),
    /// A response APDU.
    Response(Vec<u8>),
    /// The card did what T=0 does not allow. A handset would reset it.
    Fault(Fault),
}

/// What T=0 does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Neither NULL, nor the instruction, nor the first half of a status word.
    #[error("{octet:02X} is no procedure octet for instruction {ins:02X}")]
    Procedure {
        /// The octet.
        octet: u8,
        /// The instruction under way.
        ins: u8,
    },
    /// A PPS response that is not what was asked for.
    #[error("the card answers the PPS request with something else")]
    Pps,
    /// An octet that nobody asked for.
    #[error("the card sends {octet:02X} unasked")]
    Unasked {
        /// The octet.
        octet: u8,
    },
}

/// Why a command cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Not for T=0.
    #[error(transparent)]
    Tpdu(#[from] TpduError),
    /// No power, no ATR yet, or another command is under way.
    #[error("the card is not ready for a command; wait for its ATR, or its answer")]
    NotReady,
}

/// The handset.
#[derive(Debug, Default)]
pub struct Phone {
    state: State,
    powered: bool,
    acts: VecDeque<Act>,
    heard: VecDeque<Heard>,
    nulls: usize,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Off,
    Atr(Vec<u8>),
    Pps {
        atr: Vec<u8>,
        request: Vec<u8>,
        response: Vec<u8>,
    },
    Ready,
    Busy(Exchange),
}

#[derive(Debug)]
struct Exchange {
    tpdu: Tpdu,
    sent: usize,
    received: Vec<u8>,
    /// Octets that the card was told to send now.
    awaited: usize,
    sw1: Option<u8>,
}

impl Phone {
    /// A handset that is off.
    #[must_use]
    pub fn new() -> Phone {
        Phone::default()
    }

    /// Activates the card: a cold reset. A card that has power loses it first.
    pub fn power_on(&mut self) {
        if self.powered {
            self.power_off();
        }
        self.powered = true;
        self.begin();
    }

    /// A warm reset; a cold one if the card has no power.
    pub fn reset(&mut self) {
        if !self.powered {
            return self.power_on();
        }
        self.begin();
    }

    /// Deactivates the card.
    pub fn power_off(&mut self) {
        self.fall_silent();
        if self.powered {
            self.acts.push_back(Act::Wire(Wires::RESET));
        }
        self.acts.push_back(Act::Wire(Wires::OFF));
        self.powered = false;
        self.state = State::Off;
    }

    /// Sends a command APDU. Le of case 4 is not sent; 61xx and 6Cxx come as responses, to be followed by whoever
    /// gave the command.
    ///
    /// # Errors
    /// [`CommandError`]; then nothing was sent.
    pub fn command(&mut self, apdu: &[u8]) -> Result<(), CommandError> {
        if !matches!(self.state, State::Ready) {
            return Err(CommandError::NotReady);
        }
        let tpdu = Tpdu::from_apdu(apdu)?;
        self.acts.extend(tpdu.header.map(Act::Octet));
        self.state = State::Busy(Exchange { tpdu, sent: 0, received: Vec::new(), awaited: 0, sw1: None });
        Ok(())
    }

    /// Whether a command is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.state, State::Busy(_))
    }

    /// Takes an octet of the card.
    pub fn receive(&mut self, octet: u8) {
        match std::mem::take(&mut self.state) {
            State::Off => {}
            State::Atr(mut atr) => {
                atr.push(octet);
                self.state = self.atr(atr);
            }
            State::Pps { atr, request, mut response } => {
                response.push(octet);
                self.state = self.pps(atr, request, response);
            }
            State::Ready => {
                self.state = State::Ready;
                self.heard.push_back(Heard::Fault(Fault::Unasked { octet }));
            }
            State::Busy(exchange) => self.state = self.exchange(exchange, octet),
        }
    }

    /// The next act on the wires.
    pub fn poll_act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// The next thing learned.
    pub fn poll_heard(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    /// How often the card has asked for more time.
    #[must_use]
    pub fn nulls(&self) -> usize {
        self.nulls
    }

    fn begin(&mut self) {
        self.fall_silent();
        self.acts.extend([Act::Wire(Wires::RESET), Act::Wire(Wires::RUN)]);
        self.state = State::Atr(Vec::new());
    }

    /// What it was about to send is not sent any more.
    fn fall_silent(&mut self) {
        self.acts.retain(|act| matches!(act, Act::Wire(_)));
    }

    fn atr(&mut self, atr: Vec<u8>) -> State {
        let octets = interface_octets(&atr);
        if octets.length.is_none_or(|length| atr.len() < length) && atr.len() < LONGEST_ATR {
            return State::Atr(atr);
        }
        let offered = octets.ta1.filter(|rates| *rates != DEFAULT_RATES && octets.ta2.is_none());
        let Some(rates) = offered else {
            self.heard.push_back(Heard::Atr(atr));
            return State::Ready;
        };
        let request = vec![0xFF, 0x10, rates, 0xFF ^ 0x10 ^ rates];
        self.acts.extend(request.iter().copied().map(Act::Octet));
        State::Pps { atr, request, response: Vec::new() }
    }

    fn pps(&mut self, atr: Vec<u8>, request: Vec<u8>, response: Vec<u8>) -> State {
        if pps_length(&response).is_none_or(|length| response.len() < length) {
            return State::Pps { atr, request, response };
        }
        if response != request {
            self.heard.push_back(Heard::Fault(Fault::Pps));
        }
        self.heard.push_back(Heard::Atr(atr));
        State::Ready
    }

    fn exchange(&mut self, mut exchange: Exchange, octet: u8) -> State {
        if let Some(sw1) = exchange.sw1 {
            let mut response = exchange.received;
            response.extend([sw1, octet]);
            self.heard.push_back(Heard::Response(response));
            return State::Ready;
        }
        if exchange.awaited > 0 {
            exchange.received.push(octet);
            exchange.awaited -= 1;
            return State::Busy(exchange);
        }
        let [_, ins, ..] = exchange.tpdu.header;
        match octet {
            0x60 => self.nulls += 1,
            octet if octet == ins => self.go_on(&mut exchange, usize::MAX),
            octet if octet == ins ^ 0xFF => self.go_on(&mut exchange, 1),
            0x61..=0x6F | 0x90..=0x9F => exchange.sw1 = Some(octet),
            octet => self.heard.push_back(Heard::Fault(Fault::Procedure { octet, ins })),
        }
        State::Busy(exchange)
    }

    /// The card asks for `most` octets of data, or offers as many.
    fn go_on(&mut self, exchange: &mut Exchange, most: usize) {
        let left = exchange.tpdu.data.get(exchange.sent..).unwrap_or_default();
        let now = left.get(..most).unwrap_or(left);
        self.acts.extend(now.iter().copied().map(Act::Octet));
        exchange.sent += now.len();
        exchange.awaited = exchange.tpdu.expects.saturating_sub(exchange.received.len()).min(most);
    }
}

#[cfg(test)]
mod tests;
