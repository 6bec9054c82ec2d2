//! Streams over EEM as a link of their own.

use std::time::Duration;

use super::streams::Streams;
use super::{EemConfig, EemState, OpenPipe};
use crate::{Capabilities, Clock, Link, LinkError, Mailbox, Opening, Poster, Signal, Time};

/// A link that carries byte streams over EEM, in either role: the terminal opens them to its card, the card takes them.
/// What else a side may do is in [`EemConfig`].
pub struct Eem {
    clock: Clock,
    mailbox: Mailbox,
    streams: Streams,
}

impl Eem {
    /// Opens the pipe and starts its thread; a card without fixed address begins to ask for one.
    ///
    /// # Errors
    /// What `open` says, and [`LinkError::Ip`] when the settings contradict each other.
    pub fn open(config: EemConfig, open: OpenPipe) -> Result<Eem, LinkError> {
        let (clock, mailbox) = (Clock::new(), Mailbox::default());
        let streams = Streams::open(config, open, mailbox.poster())?;
        Ok(Eem { clock, mailbox, streams })
    }

    /// Sends an EEM Echo, at most 2047 octets, and waits for its answer; `None` when `limit` came first.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when the pipe broke.
    pub fn echo(&self, payload: &[u8], limit: Duration) -> Result<Option<Duration>, LinkError> {
        self.streams.echo(payload, limit)
    }

    /// Sends octets as a transfer of their own, as they are: the way for what a correct side never sends.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when the pipe broke.
    pub fn transfer(&self, octets: Vec<u8>) -> Result<(), LinkError> {
        self.streams.transfer(octets)
    }

    /// Counters and addresses.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when the pipe broke.
    pub fn state(&self) -> Result<EemState, LinkError> {
        self.streams.state()
    }
}

impl Link for Eem {
    fn now(&self) -> Time {
        self.clock.now()
    }

    /// Streams of the session before are reset; a device that was plugged in again is opened again.
    fn begin(&mut self, _opening: &Opening) -> Result<(), LinkError> {
        self.streams.begin()?;
        // That the pipe before was lost is no news any more.
        while self.mailbox.forget().is_err() {}
        self.streams.forget();
        self.clock = Clock::new();
        Ok(())
    }

    fn poster(&self) -> Option<Poster> {
        Some(self.mailbox.poster())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { streams: true, ..Capabilities::default() }
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        match signal {
            Signal::Connect(_) | Signal::Data(..) | Signal::Close(_) => self.streams.send(signal),
            Signal::Connected(_) | Signal::Refused(..) => Ok(()),
            other => Err(LinkError::Unsupported(other.name())),
        }
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        let signal = self.mailbox.recv(until, &self.clock)?;
        signal.iter().for_each(|signal| self.streams.taken(signal));
        Ok(signal)
    }
}
