//! A reference DUT that lives on from one session to the next, as a device does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dmsc_engine::account::Account;
use dmsc_engine::player::Player;
use dmsc_engine::terminal::INSERT_CARD;
use dmsc_link::{Peer, Signal, Time};

/// A DUT that is part of the harness.
pub(crate) enum Reference {
    /// A player.
    Player(Box<dyn Player + Send>),
    /// One that knows nothing.
    Dummy(Box<dyn Peer + Send>),
}

impl Reference {
    /// What stands behind a link.
    pub(crate) fn into_peer(self) -> Box<dyn Peer + Send> {
        match self {
            Reference::Player(player) => player,
            Reference::Dummy(peer) => peer,
        }
    }
}

/// One DUT behind the links of several sessions, one at a time.
#[derive(Clone)]
pub(crate) struct Kept(Arc<Mutex<Reference>>);

impl Kept {
    /// Keeps a DUT whose first session begins.
    pub(crate) fn new(reference: Reference) -> Kept {
        Kept(Arc::new(Mutex::new(reference)))
    }

    /// The DUT meets another card, or another terminal: what it still had to say to the last one is lost.
    pub(crate) fn anew(&mut self) {
        while self.poll().is_some() {}
        // A card learns it by itself when it is powered.
        self.handle(Time::ZERO, Signal::Act(INSERT_CARD.into()));
    }

    /// The account as it has it now.
    pub(crate) fn account(&self) -> Option<Account> {
        match &*self.lock() {
            Reference::Player(player) => player.account().cloned(),
            Reference::Dummy(_) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Reference> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, act: impl FnOnce(&mut dyn Peer) -> T) -> T {
        match &mut *self.lock() {
            Reference::Player(player) => act(player.as_mut()),
            Reference::Dummy(peer) => act(peer.as_mut()),
        }
    }
}

impl Peer for Kept {
    fn handle(&mut self, now: Time, signal: Signal) {
        self.with(|peer| peer.handle(now, signal));
    }

    fn tick(&mut self, now: Time) {
        self.with(|peer| peer.tick(now));
    }

    fn wake_at(&self) -> Option<Time> {
        self.with(|peer| peer.wake_at())
    }

    fn poll(&mut self) -> Option<Signal> {
        self.with(|peer| peer.poll())
    }
}
