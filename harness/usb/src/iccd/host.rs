//! The side of the terminal.
//!
//! ```
//! use dmsc_usb::iccd::host::{Event, Host, HostConfig, Outcome, Step, Task};
//! let mut host = Host::new(HostConfig::default());
//! let mut step = host.start(Task::PowerOff);
//! // A driver does what a step asks and tells what came of it, until the machine is done.
//! while !matches!(step, Step::Done(_)) {
//!     step = host.next(match step {
//!         Step::ControlIn { .. } => Event::Received(&[0x40, 0x01, 0x00]),
//!         _ => Event::Sent,
//!     });
//! }
//! assert!(matches!(step, Step::Done(Outcome::Off(_))));
//! ```

mod bulk;
mod control_a;
mod control_b;
mod negotiation;

use std::time::Duration;

pub use super::bulk::PowerSelect;
use super::control::Request;
pub use super::failure::{EMPTY_PARTS, Failure, NegotiationError, STALE_LIMIT};
use super::status::{Presence, SlotError};
use crate::descriptor::{ClassDescriptor, ExchangeLevel, Variant};

/// What a host has to know of a card, and how it powers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostConfig {
    /// The variant.
    pub variant: Variant,
    /// The class descriptor of the card.
    pub class: ClassDescriptor,
    /// wMaxPacketSize of the bulk endpoint to the host, in octets.
    pub packet: usize,
    /// The voltage asked for in the bulk variant.
    pub power: PowerSelect,
    /// wValue of ICC_POWER_ON in version B. Drivers in the field send 1.
    pub power_on_value: u16,
}

impl Default for HostConfig {
    fn default() -> HostConfig {
        HostConfig {
            variant: Variant::ControlB,
            class: ClassDescriptor::default(),
            packet: 64,
            power: PowerSelect::Automatic,
            power_on_value: 1,
        }
    }
}

impl HostConfig {
    /// Octets of an APDU that go in one block: hosts take ten octets off for a header, also where there is none.
    fn part(&self) -> usize {
        usize::try_from(self.class.max_message).unwrap_or(usize::MAX).saturating_sub(10).max(1)
    }
}

/// What the host is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Remove power, apply it, take the ATR, and settle how to talk where the device leaves that to the host.
    PowerOn,
    /// Remove power.
    PowerOff,
    /// Apply power to a card that has it, which resets it, and take the ATR. That TS 102 221's reset is mapped so is
    /// not confirmed by a document; a card that refuses it can be powered again.
    Reset,
    /// Send a command APDU and take the response.
    Exchange(Vec<u8>),
    /// Tell the card that the exchange under way is given up. Only the bulk variant has a message for it.
    Abort,
}

/// What the driver does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A class request with data to the card, or without any; then [`Event::Sent`] or [`Event::Stalled`].
    ControlOut {
        /// bRequest.
        request: Request,
        /// wValue.
        value: u16,
        /// The data stage.
        data: Vec<u8>,
    },
    /// A class request with data to the host; then [`Event::Received`] or [`Event::Stalled`].
    ControlIn {
        /// bRequest.
        request: Request,
        /// wValue.
        value: u16,
        /// wLength.
        length: u16,
    },
    /// A transfer to the bulk endpoint of the card; then [`Event::Sent`] or [`Event::Stalled`].
    BulkOut(Vec<u8>),
    /// A read of at most this many octets, a multiple of the packet size; then [`Event::Received`] or
    /// [`Event::Stalled`].
    BulkIn(usize),
    /// Wait this long; then [`Event::Waited`].
    Wait(Duration),
    /// The task is over.
    Done(Outcome),
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// It was sent.
    Sent,
    /// This was received.
    Received(&'a [u8]),
    /// The card stalled it. On a bulk endpoint the halt has been cleared.
    Stalled,
    /// The time has passed.
    Waited,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The card has power; its answer to reset.
    Atr(Vec<u8>),
    /// Power was removed; what the card says of itself, if it does.
    Off(Option<Presence>),
    /// The response APDU.
    Response(Vec<u8>),
    /// The exchange is given up; whether the card confirmed it.
    Aborted(bool),
    /// The task failed.
    Failed(Failure),
}

/// What happened beside the answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Answers to other commands that were skipped.
    pub stale: u32,
    /// Time extensions of the bulk variant.
    pub time_extensions: u32,
    /// Answers "not ready" of the control variants.
    pub polls: u32,
    /// Stalls.
    pub stalls: u32,
    /// Commands that went in more than one part.
    pub chained_commands: u32,
    /// Responses that came in more than one part.
    pub chained_responses: u32,
}

/// The machine of the host side. One task at a time.
#[derive(Clone, Debug)]
pub struct Host {
    variant: Machine,
}

#[derive(Clone, Debug)]
enum Machine {
    Bulk(bulk::Bulk),
    ControlA(control_a::ControlA),
    ControlB(control_b::ControlB),
}

impl Host {
    /// A host for a card.
    #[must_use]
    pub fn new(config: HostConfig) -> Host {
        Host {
            variant: match config.variant {
                Variant::Bulk => Machine::Bulk(bulk::Bulk::new(config)),
                Variant::ControlA => Machine::ControlA(control_a::ControlA::new()),
                Variant::ControlB => Machine::ControlB(control_b::ControlB::new(config)),
            },
        }
    }

    /// Begins a task; what was under way is forgotten, and late answers to it are skipped where that can be told.
    pub fn start(&mut self, task: Task) -> Step {
        match &mut self.variant {
            Machine::Bulk(machine) => machine.start(task),
            Machine::ControlA(machine) => machine.start(task),
            Machine::ControlB(machine) => machine.start(task),
        }
    }

    /// Takes what came of the last step; gives the next.
    pub fn next(&mut self, event: Event<'_>) -> Step {
        match &mut self.variant {
            Machine::Bulk(machine) => machine.next(event),
            Machine::ControlA(machine) => machine.next(event),
            Machine::ControlB(machine) => machine.next(event),
        }
    }

    /// What happened since the machine was made.
    #[must_use]
    pub fn counters(&self) -> Counters {
        match &self.variant {
            Machine::Bulk(machine) => machine.counters,
            Machine::ControlA(machine) => machine.counters,
            Machine::ControlB(machine) => machine.counters,
        }
    }
}

fn failed(failure: impl Into<Failure>) -> Step {
    Step::Done(Outcome::Failed(failure.into()))
}

/// The failure that a failed command means.
fn refusal(presence: Presence, error: SlotError) -> Failure {
    match (presence, error) {
        (Presence::Absent, _) | (_, SlotError::Mute) => Failure::Mute,
        _ => Failure::Refused { presence, error },
    }
}

/// The pace at which a card that names none is asked again: soon at first, then ever more rarely.
#[derive(Clone, Copy, Debug, Default)]
struct Pace(u32);

impl Pace {
    /// 1 ms, doubled each time, at most 64 ms.
    fn next(&mut self) -> Duration {
        let wait = Duration::from_millis(1 << self.0.min(6));
        self.0 += 1;
        wait
    }
}

/// Whether commands are T=0 TPDUs at this exchange level of the bulk variant.
fn is_tpdu(level: ExchangeLevel) -> bool {
    matches!(level, ExchangeLevel::Tpdu | ExchangeLevel::Character)
}
