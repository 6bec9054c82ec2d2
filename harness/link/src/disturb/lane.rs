//! One direction of a disturbed link: what is held back, in order.

use std::collections::VecDeque;

use crate::{Signal, Time};

/// Signals on their way in one direction. What is held back holds back all that follows.
#[derive(Debug, Default)]
pub(super) struct Lane {
    held: VecDeque<(Time, Signal)>,
    /// Nothing passes before.
    until: Time,
}

impl Lane {
    /// Lets nothing more pass before a time.
    pub(super) fn hold(&mut self, until: Time) {
        self.until = self.until.max(until);
    }

    /// Puts in a signal that comes now.
    pub(super) fn put(&mut self, now: Time, signal: Signal) {
        self.held.push_back((now.max(self.until), signal));
    }

    /// Takes out the next signal if its time has come.
    pub(super) fn take(&mut self, now: Time) -> Option<Signal> {
        self.held.front().filter(|(due, _)| *due <= now)?;
        self.held.pop_front().map(|(_, signal)| signal)
    }

    /// When the next signal is due.
    pub(super) fn due(&self) -> Option<Time> {
        self.held.front().map(|(due, _)| *due)
    }

    /// Forgets what belongs to a card session, and no longer waits.
    pub(super) fn forget_contact(&mut self) {
        let ends = |signal: &Signal| {
            matches!(signal, Signal::Command(_) | Signal::Response(_) | Signal::Atr(_) | Signal::Reset)
        };
        self.held.retain(|(_, signal)| !ends(signal));
        self.held.iter_mut().for_each(|(due, _)| *due = Time::ZERO);
        self.until = Time::ZERO;
    }
}
