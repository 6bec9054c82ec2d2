//! A state machine that can stand behind a link.

use crate::{Signal, Time};

/// A side of a link that has neither clock nor thread: it is told the time, and says when it wants to be woken.
pub trait Peer {
    /// Takes one signal from the other side.
    fn handle(&mut self, now: Time, signal: Signal);
    /// Does what has become due by `now`.
    fn tick(&mut self, now: Time);
    /// When [`Peer::tick`] should be called next, if nothing arrives before.
    fn wake_at(&self) -> Option<Time>;
    /// The next signal for the other side.
    fn poll(&mut self) -> Option<Signal>;
}
