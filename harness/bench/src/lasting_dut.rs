//! A built-in DUT that lives on from one session to the next, as a device does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dmsc_engine::account::Account;
use dmsc_engine::terminal::INSERT_CARD;
use dmsc_link::{Peer, Signal, Time};

use crate::reference::BuiltinDut;

/// One DUT behind the links of several sessions, one at a time.
#[derive(Clone)]
pub(crate) struct LastingDut(Arc<Mutex<BuiltinDut>>);

impl LastingDut {
    /// A DUT whose first session begins.
    pub(crate) fn new(dut: BuiltinDut) -> LastingDut {
        LastingDut(Arc::new(Mutex::new(dut)))
    }

    /// The DUT meets another card, or another terminal: what it still had to say to the last one is lost.
    pub(crate) fn meet_another(&mut self) {
        while self.poll().is_some() {}
        // A card learns it by itself when it is powered.
        self.handle(Time::ZERO, Signal::Act(INSERT_CARD.into()));
    }

    /// The account as it has it now.
    pub(crate) fn account(&self) -> Option<Account> {
        match &*self.lock() {
            BuiltinDut::Player(player) => player.account().cloned(),
            BuiltinDut::Dummy(_) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BuiltinDut> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, act: impl FnOnce(&mut dyn Peer) -> T) -> T {
        match &mut *self.lock() {
            BuiltinDut::Player(player) => act(player.as_mut()),
            BuiltinDut::Dummy(peer) => act(peer.as_mut()),
        }
    }
}

impl Peer for LastingDut {
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
