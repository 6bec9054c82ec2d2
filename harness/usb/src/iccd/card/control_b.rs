//! Version B: parts of APDUs in, data blocks out when the host asks for them.

use super::CardConfig;
use super::slot::{LONGEST_COMMAND, Slot};
use crate::iccd::control::{Block, Request, Setup, TO_CARD, TO_HOST};
use crate::iccd::parts::Outgoing;
use crate::iccd::status::{Chain, Presence, Progress, SlotError, SlotStatus};

/// bLevelParameter is octet 3 of the request.
const LEVEL: SlotError = SlotError::Octet(3);
/// wLength is at octet 6.
const LENGTH: SlotError = SlotError::Octet(6);

#[derive(Clone, Debug)]
pub(super) struct ControlB {
    config: CardConfig,
    pub(super) slot: Slot,
    /// The command so far, when it comes in parts.
    command: Option<Vec<u8>>,
    /// The rest of a response that goes in parts.
    response: Option<Outgoing>,
    /// What the next data block is, when the player has nothing to do with it.
    ready: Option<Block>,
    /// A refusal that goes before it.
    refusal: Option<SlotError>,
    /// "Not ready" that is still to be said before the answer, last first.
    delays: Vec<u16>,
}

pub(super) fn takes(setup: &Setup) -> bool {
    let known = matches!(setup.class_request(), Some(Request::IccPowerOn | Request::IccPowerOff | Request::XfrBlock));
    setup.request_type == TO_CARD && known
}

impl ControlB {
    pub(super) fn new(config: CardConfig) -> ControlB {
        ControlB {
            config,
            slot: Slot::default(),
            command: None,
            response: None,
            ready: None,
            refusal: None,
            delays: Vec::new(),
        }
    }

    pub(super) fn control_in(&mut self, setup: &Setup) -> Option<Vec<u8>> {
        if setup.request_type != TO_HOST {
            return None;
        }
        match setup.class_request()? {
            Request::SlotStatus => Some(Block::Status(self.idle()).encode()),
            Request::DataBlock => Some(self.block().encode()),
            _ => None,
        }
    }

    fn idle(&self) -> SlotStatus {
        SlotStatus { presence: self.slot.presence(), progress: Progress::Done }
    }

    fn block(&mut self) -> Block {
        if let Some(error) = self.refusal.take() {
            return Block::Status(SlotStatus::failed(self.slot.presence(), error));
        }
        if self.waits() {
            return Block::Poll(self.config.delay);
        }
        match self.ready.take() {
            Some(block) => match self.delays.pop() {
                Some(delay) => {
                    self.ready = Some(block);
                    Block::Poll(delay)
                }
                None => block,
            },
            None => Block::Status(self.idle()),
        }
    }

    pub(super) fn control_out(&mut self, setup: &Setup, data: &[u8]) {
        match setup.class_request() {
            Some(Request::IccPowerOn) => {
                self.forget();
                self.slot.power_on();
            }
            Some(Request::IccPowerOff) => self.lose_power(),
            Some(Request::XfrBlock) => {
                let level = Chain::from_code(setup.value.to_be_bytes()[0]);
                self.refusal = self.transfer(level, data).err();
            }
            _ => {}
        }
    }

    fn transfer(&mut self, level: Chain, data: &[u8]) -> Result<(), SlotError> {
        if self.slot.presence() != Presence::Active {
            return Err(SlotError::Mute);
        }
        if self.waits() {
            return Err(SlotError::SlotBusy);
        }
        match (level, self.command.take()) {
            (Chain::Whole, _) => self.whole(data.to_vec()),
            (Chain::Begins, _) => self.part(data.to_vec()),
            (Chain::Continues | Chain::Ends, Some(mut command)) => {
                command.extend_from_slice(data);
                if command.len() > LONGEST_COMMAND {
                    return Err(LENGTH);
                }
                if level == Chain::Ends { self.whole(command) } else { self.part(command) }
            }
            (Chain::Wanted, _) if self.response.is_some() => self.next_part(),
            _ => return Err(LEVEL),
        }
        Ok(())
    }

    fn part(&mut self, command: Vec<u8>) {
        self.command = Some(command);
        self.ready = Some(Block::Data(Chain::Wanted, Vec::new()));
    }

    fn whole(&mut self, command: Vec<u8>) {
        self.forget();
        self.slot.command(command);
    }

    pub(super) fn atr(&mut self, atr: &[u8]) {
        if self.slot.atr() {
            self.ready = Some(Block::Data(Chain::Whole, atr.to_vec()));
        }
    }

    pub(super) fn response(&mut self, response: &[u8]) -> bool {
        let awaited = self.slot.response();
        if awaited {
            self.delays = self.config.quirks.polls.iter().rev().copied().collect();
            match self.config.quirks.status {
                Some([status, error]) => self.ready = Some(Block::Status(SlotStatus::parse(status, error))),
                None => {
                    let most = usize::try_from(self.config.class.max_message).unwrap_or(usize::MAX);
                    // One octet of the block is bResponseType.
                    let part = self.config.part.unwrap_or(most.saturating_sub(1)).max(1);
                    self.response = Some(Outgoing::new(response.to_vec(), part));
                    self.next_part();
                }
            }
        }
        awaited
    }

    fn next_part(&mut self) {
        let Some(response) = &mut self.response else { return };
        let (chain, part) = response.next();
        if response.is_sent() {
            self.response = None;
        }
        self.ready = Some(match self.config.quirks.chain {
            Some(code) => Block::Other(code, part),
            None => Block::Data(chain, part),
        });
    }

    pub(super) fn waits(&self) -> bool {
        self.slot.is_starting() || self.slot.is_busy()
    }

    pub(super) fn lose_power(&mut self) {
        self.forget();
        self.slot.power_off();
    }

    fn forget(&mut self) {
        (self.command, self.response, self.ready, self.refusal) = (None, None, None, None);
        self.delays.clear();
    }
}
