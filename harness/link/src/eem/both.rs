//! APDUs and streams of one device, in one link.

use std::time::Duration;

use super::streams::Streams;
use super::{EemConfig, EemState, OpenPipe};
use crate::{Capabilities, LastWords, Link, LinkError, Opening, Poster, Signal, Time};

/// A link that carries APDUs, and streams over EEM beside it: a USB UICC with ICCD and EEM, seen from either side.
/// Signals of both come out of the one link, in the order in which they happened.
pub struct WithStreams<C> {
    // Dropped first: a device is removed by the link that carries its APDUs.
    streams: Streams,
    contact: C,
}

impl<C: Link> WithStreams<C> {
    /// Adds streams to a link that is open already.
    ///
    /// # Errors
    /// What `open` says, [`LinkError::Ip`] when the settings contradict each other, and [`LinkError::Unsupported`]
    /// when nothing can be posted into the link.
    pub fn open(contact: C, config: EemConfig, open: OpenPipe) -> Result<WithStreams<C>, LinkError> {
        let poster = contact.poster().ok_or(LinkError::Unsupported("streams beside its APDUs"))?;
        let streams = Streams::open(config, open, poster)?;
        Ok(WithStreams { streams, contact })
    }

    /// The link that carries the APDUs.
    pub fn contact(&self) -> &C {
        &self.contact
    }

    /// As [`super::Eem::echo`].
    ///
    /// # Errors
    /// [`LinkError::Gone`] when the pipe broke.
    pub fn echo(&self, payload: &[u8], limit: Duration) -> Result<Option<Duration>, LinkError> {
        self.streams.echo(payload, limit)
    }

    /// As [`super::Eem::transfer`].
    ///
    /// # Errors
    /// [`LinkError::Gone`] when the pipe broke.
    pub fn transfer(&self, octets: Vec<u8>) -> Result<(), LinkError> {
        self.streams.transfer(octets)
    }

    /// As [`super::Eem::state`].
    ///
    /// # Errors
    /// [`LinkError::Gone`] when the pipe broke.
    pub fn state(&self) -> Result<EemState, LinkError> {
        self.streams.state()
    }
}

impl<C: Link> Link for WithStreams<C> {
    fn now(&self) -> Time {
        self.contact.now()
    }

    /// Streams first: what they still had to say goes with all else that the other link forgets.
    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        self.streams.begin()?;
        match self.contact.begin(opening) {
            // Maybe it was the pipe that was lost, and that is open again.
            Err(error) if error.is_interruption() => self.contact.begin(opening)?,
            other => other?,
        }
        self.streams.forget();
        Ok(())
    }

    fn poster(&self) -> Option<Poster> {
        self.contact.poster()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { streams: true, ..self.contact.capabilities() }
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        match signal {
            Signal::Connect(_) | Signal::Data(..) | Signal::Close(_) => self.streams.send(signal),
            Signal::Connected(_) | Signal::Refused(..) => Ok(()),
            other => self.contact.send(other),
        }
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        let signal = self.contact.recv(until)?;
        signal.iter().for_each(|signal| self.streams.taken(signal));
        Ok(signal)
    }

    /// A card that is not to be understood on one way looks like one that does not answer.
    fn last_words(&self) -> LastWords {
        let mut words = self.contact.last_words();
        words.told.extend(self.streams.wrong());
        words
    }
}
