//! Version A: T=0 TPDUs; the status octet says where a command stands.

use super::CardConfig;
use super::slot::Slot;
use crate::iccd::control::{IccStatus, Request, Setup, TO_CARD, TO_HOST};
use crate::t0::{Answer, CardT0, Need};

/// What the card says to a block of a length that does not fit.
const WRONG_LENGTH: u16 = 0x6700;

#[derive(Clone, Debug)]
pub(super) struct ControlA {
    config: CardConfig,
    pub(super) slot: Slot,
    /// The ATR goes in the very request that applies power, before the player could be asked.
    atr: Vec<u8>,
    t0: CardT0,
    state: State,
    /// How often it was asked while busy.
    asked: u8,
    /// "Busy" that is still to be said before the answer.
    delays: usize,
}

#[derive(Clone, Debug)]
enum State {
    Ready,
    /// This many octets of data are awaited; those that came.
    Wanted(usize, Vec<u8>),
    /// The player has the command.
    Busy,
    /// There is an answer to fetch.
    Answer(Answer),
    /// Mute until power is applied again.
    Mute,
}

pub(super) fn takes(setup: &Setup) -> bool {
    setup.request_type == TO_CARD && matches!(setup.class_request(), Some(Request::IccPowerOff | Request::XfrBlock))
}

impl ControlA {
    pub(super) fn new(config: CardConfig, atr: &[u8]) -> ControlA {
        ControlA {
            config,
            slot: Slot::default(),
            atr: atr.to_vec(),
            t0: CardT0::new(),
            state: State::Ready,
            asked: 0,
            delays: 0,
        }
    }

    pub(super) fn control_in(&mut self, setup: &Setup) -> Option<Vec<u8>> {
        if setup.request_type != TO_HOST {
            return None;
        }
        match setup.class_request()? {
            Request::IccPowerOn => {
                self.t0 = CardT0::new();
                self.state = if self.atr.is_empty() { State::Mute } else { State::Ready };
                self.slot.power_on();
                Some(self.atr.clone())
            }
            Request::GetIccStatus => Some(vec![self.status()]),
            Request::DataBlock => self.fetch(usize::from(setup.length)),
            _ => None,
        }
    }

    fn status(&mut self) -> u8 {
        let busy = self.waits() || (matches!(self.state, State::Answer(_)) && self.delays > 0);
        if busy {
            self.asked = self.asked.wrapping_add(1) & 0x0F;
            if !self.waits() {
                self.delays -= 1;
            }
            return IccStatus::Busy.code() | self.asked;
        }
        match &self.state {
            State::Ready | State::Busy => IccStatus::Ready,
            State::Wanted(..) => IccStatus::Data,
            State::Answer(answer) if answer.data.is_empty() => IccStatus::StatusWord,
            State::Answer(_) => IccStatus::Data,
            State::Mute => IccStatus::Mute,
        }
        .code()
    }

    fn fetch(&mut self, length: usize) -> Option<Vec<u8>> {
        let State::Answer(answer) = &mut self.state else { return None };
        if answer.data.is_empty() {
            let sw = answer.sw;
            self.state = State::Ready;
            return (length >= 2).then(|| sw.to_be_bytes().to_vec());
        }
        let rest = answer.data.split_off(length.min(answer.data.len()));
        Some(std::mem::replace(&mut answer.data, rest))
    }

    pub(super) fn control_out(&mut self, setup: &Setup, data: &[u8]) {
        match setup.class_request() {
            Some(Request::IccPowerOff) => self.lose_power(),
            Some(Request::XfrBlock) => self.block(data),
            _ => {}
        }
    }

    fn block(&mut self, data: &[u8]) {
        let powered = self.slot.presence() == crate::iccd::status::Presence::Active;
        self.state = match std::mem::replace(&mut self.state, State::Ready) {
            _ if !powered => State::Mute,
            State::Mute => State::Mute,
            State::Busy => State::Busy,
            State::Wanted(wanted, mut came) => {
                came.extend_from_slice(data);
                if came.len() < wanted {
                    State::Wanted(wanted, came)
                } else if came.len() == wanted {
                    let apdu = self.t0.data(&came);
                    self.hand_over(apdu)
                } else {
                    answer(Vec::new(), WRONG_LENGTH)
                }
            }
            // A host that does not fetch an answer begins again.
            State::Ready | State::Answer(_) => match <[u8; 5]>::try_from(data) {
                Ok(header) => self.header(header),
                Err(_) => answer(Vec::new(), WRONG_LENGTH),
            },
        };
    }

    fn header(&mut self, header: [u8; 5]) -> State {
        if self.config.quirks.status.is_some() {
            return State::Mute;
        }
        self.delays = self.config.quirks.polls.len();
        match self.t0.header(header) {
            Need::Data(wanted) => State::Wanted(wanted, Vec::new()),
            Need::Command(apdu) => self.hand_over(apdu),
            Need::Answer(answer) => State::Answer(answer),
        }
    }

    fn hand_over(&mut self, apdu: Vec<u8>) -> State {
        self.slot.command(apdu);
        State::Busy
    }

    /// What the player says of the ATR holds from the next power on.
    pub(super) fn atr(&mut self, atr: &[u8]) {
        if self.slot.atr() {
            self.atr = atr.to_vec();
        }
    }

    pub(super) fn response(&mut self, response: &[u8]) -> bool {
        let awaited = self.slot.response();
        if awaited {
            self.state = State::Answer(self.t0.response(response));
        }
        awaited
    }

    pub(super) fn waits(&self) -> bool {
        matches!(self.state, State::Busy)
    }

    pub(super) fn lose_power(&mut self) {
        self.slot.power_off();
        self.t0 = CardT0::new();
        self.state = State::Ready;
    }
}

fn answer(data: Vec<u8>, sw: u16) -> State {
    State::Answer(Answer { data, sw })
}
