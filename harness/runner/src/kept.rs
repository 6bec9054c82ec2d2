//! A reference DUT that lives on from one session to the next, as a device does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dmsc_engine::account::Account;
use dmsc_engine::terminal::INSERT_CARD;
use dmsc_link::{Peer, Signal, Time};

/// The DUT, and what the harness knows of it.
pub(crate) struct Kept {
    peer: Shared,
    /// The account as the last session left it.
    pub(crate) account: Option<Account>,
}

impl Kept {
    /// Keeps a DUT whose first session begins.
    pub(crate) fn new(peer: Box<dyn Peer + Send>) -> Kept {
        Kept { peer: Shared(Arc::new(Mutex::new(peer))), account: None }
    }

    /// The DUT, for the session that begins.
    pub(crate) fn peer(&self) -> Box<dyn Peer + Send> {
        Box::new(self.peer.clone())
    }

    /// The DUT meets another card, or another terminal: what it still had to say to the last one is lost.
    pub(crate) fn anew(&self) {
        let mut peer = self.peer.lock();
        while peer.poll().is_some() {}
        // A card learns it by itself when it is powered.
        peer.handle(Time::ZERO, Signal::Act(INSERT_CARD.into()));
    }
}

/// One DUT behind the links of several sessions, one at a time.
#[derive(Clone)]
struct Shared(Arc<Mutex<Box<dyn Peer + Send>>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Box<dyn Peer + Send>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peer for Shared {
    fn handle(&mut self, now: Time, signal: Signal) {
        self.lock().handle(now, signal);
    }

    fn tick(&mut self, now: Time) {
        self.lock().tick(now);
    }

    fn wake_at(&self) -> Option<Time> {
        self.lock().wake_at()
    }

    fn poll(&mut self) -> Option<Signal> {
        self.lock().poll()
    }
}
