//! A connection over a channel waits until the card has fetched what the connection before has said last: both share
//! the buffer of the channel, and nothing in RECEIVE DATA says whose octets they are (TS 102 223 6.4.29).

use std::time::Duration;

use dmsc_link::Time;

use super::Terminal;
use crate::account::Address;
use crate::medium::Medium;
use crate::patch::Change;
use crate::player::PlayerIo;

/// How long a connection waits for a card that fetches nothing; what is left then is lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection that waits.
#[derive(Debug)]
pub(super) struct Postponed {
    address: Address,
    asked: Option<Change>,
    /// The request that is to go over it.
    octets: Vec<u8>,
    /// Octets that the card had not fetched when it was looked last.
    left: usize,
    /// When it is looked again, whether the card has fetched any more.
    pub(super) until: Time,
}

impl Postponed {
    fn new(address: &Address, asked: Option<&Change>, left: usize, io: &PlayerIo) -> Postponed {
        let (address, asked) = (address.clone(), asked.cloned());
        Postponed { address, asked, octets: Vec::new(), left, until: io.now + PATIENCE }
    }

    /// The request that is to go over it.
    pub(super) fn carry(&mut self, octets: &[u8]) {
        self.octets = octets.to_vec();
    }
}

impl Terminal {
    /// Keeps a connection for later where the card has octets to fetch from the one before; gives whether it does.
    pub(super) fn postpone(&mut self, address: &Address, asked: Option<&Change>) -> bool {
        let left = if self.config.medium == Medium::Contact { self.bip.unread(address.port) } else { 0 };
        self.http.postponed = (left > 0).then(|| Postponed::new(address, asked, left, &self.io));
        left > 0
    }

    /// There is nothing to say to the card: the connection that waits is opened, if the card has fetched everything.
    pub(super) fn resume(&mut self) {
        if self.http.postponed.as_ref().is_some_and(|waiting| self.bip.unread(waiting.address.port) == 0) {
            self.open_postponed();
        }
    }

    /// Opens the connection that waits, if it has waited long enough: a card that is still fetching is waited for.
    pub(super) fn resume_late(&mut self) {
        let Some(waiting) = self.http.postponed.as_mut().filter(|waiting| waiting.until <= self.io.now) else { return };
        let left = self.bip.unread(waiting.address.port);
        // With everything fetched the card may have to be told yet that the connection is over.
        if left < waiting.left {
            (waiting.left, waiting.until) = (left, self.io.now + PATIENCE);
            return;
        }
        self.open_postponed();
    }

    fn open_postponed(&mut self) {
        let Some(Postponed { address, asked, octets, .. }) = self.http.postponed.take() else { return };
        self.bip.forget_unread(address.port);
        self.connect(&address, asked.as_ref());
        self.tell_late();
        if !octets.is_empty() {
            self.transmit(&address, &octets);
        }
    }
}
