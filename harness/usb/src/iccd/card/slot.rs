//! What the variants have in common: power, and the player who answers.

use std::collections::VecDeque;

use super::Told;
use crate::iccd::status::Presence;

/// Longest command APDU, in octets: header, extended Lc and Le, 65 535 of data.
pub(super) const LONGEST_COMMAND: usize = 65_544;

#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    power: Power,
    /// The player has a command and has not answered it.
    busy: bool,
    pub(super) told: VecDeque<Told>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Power {
    #[default]
    Off,
    /// The player has not answered the reset yet; what it answers to older commands is dropped.
    Starting,
    On,
}

impl Slot {
    pub(super) fn presence(&self) -> Presence {
        if self.power == Power::Off { Presence::Inactive } else { Presence::Active }
    }

    pub(super) fn power_on(&mut self) {
        self.told.push_back(if self.power == Power::Off { Told::PowerOn } else { Told::Reset });
        self.power = Power::Starting;
        self.busy = false;
    }

    pub(super) fn power_off(&mut self) {
        if self.power != Power::Off {
            self.told.push_back(Told::PowerOff);
        }
        self.power = Power::Off;
        self.busy = false;
    }

    /// Whether the ATR was awaited.
    pub(super) fn atr(&mut self) -> bool {
        let awaited = self.power == Power::Starting;
        if awaited {
            self.power = Power::On;
        }
        awaited
    }

    pub(super) fn command(&mut self, apdu: Vec<u8>) {
        self.told.push_back(Told::Command(apdu));
        self.busy = true;
    }

    /// Whether the response was awaited.
    pub(super) fn response(&mut self) -> bool {
        self.power == Power::On && std::mem::take(&mut self.busy)
    }

    pub(super) fn is_starting(&self) -> bool {
        self.power == Power::Starting
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }
}
