//! The side of the card.
//!
//! [`Card`] is fed what the host sends and what the player of the card answers, and gives what goes to either. The
//! player sees power, resets and whole APDUs, whatever the variant.

mod bulk;
mod control_a;
mod control_b;
mod slot;

use std::collections::VecDeque;

use super::control::Setup;
use crate::descriptor::{ClassDescriptor, Variant};

/// How the card behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardConfig {
    /// The variant.
    pub variant: Variant,
    /// Its class descriptor, whose exchange level and message length it obeys.
    pub class: ClassDescriptor,
    /// wMaxPacketSize of the bulk endpoint from the host, in octets.
    pub packet: usize,
    /// The longest part of a response, in octets; longer ones are chained. `None` follows from the class descriptor.
    pub part: Option<usize>,
    /// What a card that is not ready tells the host to wait, in units of 10 ms; 0 leaves the pace to the host. Version
    /// B only.
    pub delay: u16,
    /// What it does beside its duty, or against it.
    pub quirks: Quirks,
}

impl Default for CardConfig {
    fn default() -> CardConfig {
        CardConfig {
            variant: Variant::ControlB,
            class: ClassDescriptor::default(),
            packet: 64,
            part: None,
            delay: 0,
            quirks: Quirks::default(),
        }
    }
}

/// What a card does with each answer to a command, so that a terminal shows how it takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// "Not ready" so often before the answer, with these delays in units of 10 ms. In version A busy so often.
    pub polls: Vec<u16>,
    /// Time extensions before the answer, in the bulk variant.
    pub time_extensions: u8,
    /// The answer is preceded by one with the number of an earlier command, in the bulk variant.
    pub stale_first: bool,
    /// This value in place of bResponseType or bChainParameter.
    pub chain: Option<u8>,
    /// bStatus and bError in place of the answer. Version A is mute (80) then.
    pub status: Option<[u8; 2]>,
    /// bStatus and bError of a SlotStatus in place of the answer, in the bulk variant.
    pub slot_status: Option<[u8; 2]>,
    /// The one bPowerSelect at which the card takes power, and bError for others, in the bulk variant.
    pub power: Option<[u8; 2]>,
}

/// What goes out of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A transfer to the host over the bulk endpoint.
    BulkIn(Vec<u8>),
    /// Something for the player.
    Tell(Told),
}

/// What the player of the card is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The host applies power. The player answers with [`Card::atr`].
    PowerOn,
    /// The host applies power to a card that has it: a warm reset. The player answers with [`Card::atr`].
    Reset,
    /// The host removes power, or is gone.
    PowerOff,
    /// A command APDU. The player answers with [`Card::response`].
    Command(Vec<u8>),
}

/// The machine of the card's side.
#[derive(Clone, Debug)]
pub struct Card {
    variant: Machine,
}

#[derive(Clone, Debug)]
enum Machine {
    Bulk(bulk::Bulk),
    ControlA(control_a::ControlA),
    ControlB(control_b::ControlB),
}

impl Card {
    /// A card without power. `atr` is what version A answers before the player is asked.
    #[must_use]
    pub fn new(config: CardConfig, atr: &[u8]) -> Card {
        Card {
            variant: match config.variant {
                Variant::Bulk => Machine::Bulk(bulk::Bulk::new(config)),
                Variant::ControlA => Machine::ControlA(control_a::ControlA::new(config, atr)),
                Variant::ControlB => Machine::ControlB(control_b::ControlB::new(config)),
            },
        }
    }

    /// The player's answer to reset.
    pub fn atr(&mut self, atr: &[u8]) {
        match &mut self.variant {
            Machine::Bulk(machine) => machine.atr(atr),
            Machine::ControlA(machine) => machine.atr(atr),
            Machine::ControlB(machine) => machine.atr(atr),
        }
    }

    /// The player's response APDU. One that nobody waits for, as after a reset, is dropped; gives whether it was not.
    pub fn response(&mut self, response: &[u8]) -> bool {
        match &mut self.variant {
            Machine::Bulk(machine) => machine.response(response),
            Machine::ControlA(machine) => machine.response(response),
            Machine::ControlB(machine) => machine.response(response),
        }
    }

    /// The bus was reset, or the host is gone: the card has no power any more.
    pub fn lose_power(&mut self) {
        match &mut self.variant {
            Machine::Bulk(machine) => machine.lose_power(),
            Machine::ControlA(machine) => machine.lose_power(),
            Machine::ControlB(machine) => machine.lose_power(),
        }
    }

    /// Whether the host waits for the player.
    #[must_use]
    pub fn waits(&self) -> bool {
        match &self.variant {
            Machine::Bulk(machine) => machine.waits(),
            Machine::ControlA(machine) => machine.waits(),
            Machine::ControlB(machine) => machine.waits(),
        }
    }

    /// Asks the host for more time, in the bulk variant and while it waits. The control variants are asked by the host.
    pub fn more_time(&mut self) {
        if let Machine::Bulk(machine) = &mut self.variant {
            machine.more_time();
        }
    }

    /// The bulk endpoint from the host has this wMaxPacketSize, in octets; what was read of a message is forgotten.
    pub fn set_packet(&mut self, packet: usize) {
        if let Machine::Bulk(machine) = &mut self.variant {
            machine.set_packet(packet);
        }
    }

    /// How many octets to read from the bulk endpoint next.
    #[must_use]
    pub fn bulk_want(&self) -> usize {
        match &self.variant {
            Machine::Bulk(machine) => machine.want(),
            _ => 0,
        }
    }

    /// Takes what was read from the bulk endpoint.
    pub fn bulk_out(&mut self, read: &[u8]) {
        if let Machine::Bulk(machine) = &mut self.variant {
            machine.read(read);
        }
    }

    /// A control request for data to the host; `None` is a stall. The data are cut to wLength.
    pub fn control_in(&mut self, setup: &Setup) -> Option<Vec<u8>> {
        let mut data = match &mut self.variant {
            Machine::Bulk(_) => None,
            Machine::ControlA(machine) => machine.control_in(setup),
            Machine::ControlB(machine) => machine.control_in(setup),
        }?;
        data.truncate(usize::from(setup.length));
        Some(data)
    }

    /// Whether a control request to the card is taken; it is stalled if not. To be asked before its data are there.
    #[must_use]
    pub fn takes(&self, setup: &Setup) -> bool {
        match &self.variant {
            Machine::Bulk(_) => false,
            Machine::ControlA(_) => control_a::takes(setup),
            Machine::ControlB(_) => control_b::takes(setup),
        }
    }

    /// A control request to the card that was taken, with its data.
    pub fn control_out(&mut self, setup: &Setup, data: &[u8]) {
        match &mut self.variant {
            Machine::Bulk(_) => {}
            Machine::ControlA(machine) => machine.control_out(setup, data),
            Machine::ControlB(machine) => machine.control_out(setup, data),
        }
    }

    /// The next thing that goes out.
    pub fn poll(&mut self) -> Option<Output> {
        match &mut self.variant {
            Machine::Bulk(machine) => machine.out.pop_front(),
            Machine::ControlA(machine) => tell(&mut machine.slot.told),
            Machine::ControlB(machine) => tell(&mut machine.slot.told),
        }
    }
}

fn tell(told: &mut VecDeque<Told>) -> Option<Output> {
    told.pop_front().map(Output::Tell)
}
