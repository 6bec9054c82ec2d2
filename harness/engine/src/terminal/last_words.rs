//! A connection over a channel waits until the card has fetched what the connection before has said last, and has ended
//! what it does with that one: both share the channel, and nothing in RECEIVE DATA, SEND DATA or CLOSE CHANNEL says which
//! of them is meant (TS 102 223 6.4.28 to 6.4.30).

use std::time::Duration;

use dmsc_link::Time;

use super::Terminal;
use crate::account::Address;
use crate::medium::Medium;
use crate::patch::Change;
use crate::player::PlayerIo;

/// How long a connection waits for a card that is at rest; what it has not fetched by then is lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection that waits.
#[derive(Debug)]
pub(super) struct Postponed {
    address: Address,
    asked: Option<Change>,
    /// The request that is to go over it.
    octets: Vec<u8>,
    /// When it waits no longer.
    pub(super) until: Time,
}

impl Postponed {
    fn new(address: &Address, asked: Option<&Change>, io: &PlayerIo) -> Postponed {
        Postponed { address: address.clone(), asked: asked.cloned(), octets: Vec::new(), until: io.now + PATIENCE }
    }

    /// The request that is to go over it.
    pub(super) fn carry(&mut self, octets: &[u8]) {
        self.octets = octets.to_vec();
    }
}

impl Terminal {
    /// Keeps a connection for later where the card has octets to fetch from the one before, is not done with it, or
    /// another client has the channel; gives whether it does.
    pub(super) fn postpone(&mut self, address: &Address, asked: Option<&Change>) -> bool {
        let waits = self.config.medium == Medium::Contact && !self.is_free(address.port);
        self.http.postponed = waits.then(|| Postponed::new(address, asked, &self.io));
        waits
    }

    /// A client closes its connection over a channel. A card that is in the middle of something may mean this client by
    /// what it does next.
    pub(super) fn hang_up(&mut self, channel: u8) {
        let engaged = self.is_engaged();
        let notice = self.bip.hang_up(channel, engaged);
        notice.into_iter().for_each(|notice| self.tell(notice));
    }

    /// There is nothing to say to the card: the connection that waits is opened, if the card has fetched everything.
    pub(super) fn resume(&mut self) {
        self.bip.rest();
        if self.http.postponed.as_ref().is_some_and(|waiting| self.is_free(waiting.address.port)) {
            self.open_postponed();
        }
        self.let_in();
    }

    /// Whether the card is done with the last client of a port, and nobody else is connected to it.
    fn is_free(&self, port: u16) -> bool {
        self.bip.is_done(port) && self.bip.taken(port).is_none()
    }

    /// Opens the connection that waits, if it has waited long enough. A card that is still busy with the one before is slow,
    /// and what it sends meanwhile must not reach the new one.
    pub(super) fn resume_late(&mut self) {
        let (idle, now) = (self.is_idle(), self.io.now);
        let taken = self.http.postponed.as_ref().is_some_and(|one| self.bip.taken(one.address.port).is_some());
        match self.http.postponed.as_mut().filter(|waiting| waiting.until <= now) {
            Some(_) if idle && !taken => self.open_postponed(),
            Some(waiting) => waiting.until = now + PATIENCE,
            None => {}
        }
    }

    fn open_postponed(&mut self) {
        let Some(Postponed { address, asked, octets, .. }) = self.http.postponed.take() else { return };
        self.bip.forget_last(address.port);
        self.connect(&address, asked.as_ref());
        self.tell_late();
        if !octets.is_empty() {
            self.transmit(&address, &octets);
        }
    }
}
