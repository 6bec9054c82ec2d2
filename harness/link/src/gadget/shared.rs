//! What the threads of a gadget have in common: the card's machine, and where things stand.

use std::sync::mpsc::Sender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dmsc_usb::iccd::card::{Card, Output, Told};

use crate::{Poster, Signal};

/// A transfer for the bulk endpoint to the host, and the configuration of the device that it belongs to.
pub(super) struct Transfer {
    pub(super) epoch: u64,
    pub(super) octets: Vec<u8>,
}

/// What the terminal did with the device, beside what the player sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// How often the configuration was set.
    pub configured: u32,
    /// How often the bus was suspended.
    pub suspended: u32,
    /// How often it was asked which power the card can do with.
    pub power_read: u32,
    /// What the card was given last.
    pub power_written: Option<[u8; 2]>,
    /// How often it was asked for its resume time.
    pub resume_read: u32,
    /// Control requests that were stalled.
    pub stalled: u32,
    /// Responses of the player that nobody waited for any more.
    pub dropped: u32,
}

/// Where things stand.
pub(super) struct State {
    pub(super) card: Card,
    /// The configuration is set.
    pub(super) enabled: bool,
    /// Counts how often it was set.
    pub(super) epoch: u64,
    /// wMaxPacketSize of the bulk endpoints, in octets.
    pub(super) packet: usize,
    /// Counts what the player was asked.
    pub(super) asked: u64,
    /// The device has its controller.
    pub(super) bound: bool,
    /// The link itself has unplugged the device, and will plug it in again: what happens is no news.
    pub(super) expected: bool,
    /// The link is about to remove the device.
    pub(super) removing: bool,
    /// The device is no more.
    pub(super) ended: bool,
    pub(super) observed: Observed,
}

pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    pub(super) poster: Poster,
    to_host: Sender<Transfer>,
}

impl Shared {
    pub(super) fn new(card: Card, poster: Poster, to_host: Sender<Transfer>) -> Shared {
        let state = State {
            card,
            enabled: false,
            epoch: 0,
            packet: 64,
            asked: 0,
            bound: false,
            expected: false,
            removing: false,
            ended: false,
            observed: Observed::default(),
        };
        Shared { state: Mutex::new(state), changed: Condvar::new(), poster, to_host }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and passes on what comes of it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let waited = state.card.waits();
        let result = change(&mut state);
        if !waited && state.card.waits() {
            state.asked += 1;
        }
        while let Some(output) = state.card.poll() {
            match output {
                Output::BulkIn(octets) => {
                    // A thread that has ended sends nothing, and nobody is there to take it.
                    let _ = self.to_host.send(Transfer { epoch: state.epoch, octets });
                }
                Output::Tell(told) if !state.expected => self.poster.signal(signal(told)),
                Output::Tell(_) => {}
            }
        }
        drop(state);
        self.changed.notify_all();
        result
    }

    /// The device is no more, for this reason.
    pub(super) fn end(&self, reason: &str) {
        let removing = self.change(|state| {
            (state.ended, state.enabled, state.bound) = (true, false, false);
            state.removing
        });
        if !removing {
            self.poster.gone(reason);
        }
        // Wakes the thread that waits for transfers, which sees that it is over.
        let _ = self.to_host.send(Transfer { epoch: 0, octets: Vec::new() });
    }

    /// Waits until the configuration is set that follows `epoch`, which is brought up to it; `false` when there is none
    /// any more.
    pub(super) fn wait_enabled(&self, epoch: &mut u64) -> bool {
        let before = *epoch;
        self.wait(None, |state| state.ended || (state.enabled && state.epoch != before));
        let state = self.lock();
        *epoch = state.epoch;
        !state.ended
    }

    /// Waits until something holds, at most this long where a limit is given; gives whether it does.
    pub(super) fn wait(&self, limit: Option<Duration>, holds: impl Fn(&State) -> bool) -> bool {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut state = self.lock();
        loop {
            if holds(&state) {
                return true;
            }
            state = match until {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

fn signal(told: Told) -> Signal {
    match told {
        Told::PowerOn => Signal::PowerOn,
        Told::Reset => Signal::Reset,
        Told::PowerOff => Signal::PowerOff,
        Told::Command(apdu) => Signal::Command(apdu),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use dmsc_usb::descriptor::Variant;
    use dmsc_usb::iccd::bulk::{Kind, Message};
    use dmsc_usb::iccd::card::CardConfig;

    use super::*;
    use crate::{Clock, Mailbox, Time};

    #[test]
    fn what_the_host_says_reaches_the_player_and_the_answer_the_host() {
        let (to_host, sent) = channel();
        let mut mailbox = Mailbox::default();
        let config = CardConfig { variant: Variant::Bulk, ..CardConfig::default() };
        let shared = Arc::new(Shared::new(Card::new(config, &[]), mailbox.poster(), to_host));
        let on = Message::command(Kind::IccPowerOn, 0, 0).encode();
        shared.change(|state| state.card.bulk_out(&on));
        assert_eq!(mailbox.recv(Time::NEVER, &Clock::new()).unwrap(), Some(Signal::PowerOn));
        let waiting = Arc::clone(&shared);
        let waiter = std::thread::spawn(move || waiting.wait(None, |state| !state.card.waits()));
        shared.change(|state| state.card.atr(&[0x3B, 0x00]));
        assert!(waiter.join().unwrap());
        assert!(sent.recv().unwrap().octets.ends_with(&[0x3B, 0x00]));
        assert!(!shared.wait(Some(Duration::from_millis(1)), |state| state.enabled));
        // What the link does itself is no news to the player.
        shared.change(|state| state.expected = true);
        shared.change(|state| state.card.lose_power());
        assert_eq!(mailbox.take().unwrap(), None);
    }
}
