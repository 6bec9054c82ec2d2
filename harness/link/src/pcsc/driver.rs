//! The link to a card in a reader.

use std::time::Instant;

use super::PcscConfig;
use super::session::Session;
use crate::{Capabilities, Clock, Link, LinkError, Mailbox, Opening, Poster, Signal, Time};

/// The link: each exchange is done where [`Link::send`] is called, and its answer waits for [`Link::recv`].
///
/// `send` therefore blocks while the card works, at most for [`PcscConfig::limit`]. A card that is silent for so long
/// has given no answer; the connection to pcscd, in which libpcsclite would wait on, is then given up, and the next
/// power-on makes a new one. Where the connection cannot be found (see the module `connection`; on Linux it can) a
/// silent card holds `send` until its driver or pcscd gives up.
///
/// With [`PcscConfig::rests`] time in which nothing is sent is not waited for.
///
/// A reader that was unplugged, a card that was pulled and a pcscd that ended are [`LinkError::Gone`]: the link is
/// then dropped and opened again.
pub struct Pcsc {
    config: PcscConfig,
    clock: Clock,
    mailbox: Mailbox,
    session: Session,
}

impl Pcsc {
    /// Waits for pcscd, the reader and the card, and connects to the card.
    ///
    /// The waiting is for events: those of the folder in which pcscd opens its socket, and pcscd's own about readers
    /// and cards. Only where there are none it looks again: four times a second for the folder elsewhere than on Linux
    /// and for a daemon that takes no connections, once a second for a reader plugged in between two waits.
    ///
    /// # Errors
    /// [`LinkError::Missing`] for what is not there within [`PcscConfig::appear`], which is also said of several cards
    /// that fit, and of a card that another program holds.
    pub fn open(config: PcscConfig) -> Result<Pcsc, LinkError> {
        let session = Session::open(&config, Instant::now() + config.appear)?;
        Ok(Pcsc { clock: Clock::new(), mailbox: Mailbox::default(), session, config })
    }

    /// Makes the connection again, if it was given up to end an exchange.
    fn restore(&mut self) -> Result<(), LinkError> {
        if !self.session.is_lost() {
            return Ok(());
        }
        let config = self.session.same_card(&self.config);
        self.session = Session::open(&config, Instant::now() + config.appear).map_err(LinkError::of_open_link)?;
        Ok(())
    }

    /// Delivers an answer; that there is none, which is known by now, is for the player to judge.
    fn deliver(&mut self, answer: Option<Signal>, reset: bool) {
        let silence = || Signal::Unanswered { reset, why: self.session.silence().to_owned() };
        let signal = answer.unwrap_or_else(silence);
        self.mailbox.push(signal);
    }
}

impl Link for Pcsc {
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn begin(&mut self, _opening: &Opening) -> Result<(), LinkError> {
        self.mailbox.forget()?;
        self.clock = Clock::new();
        Ok(())
    }

    fn poster(&self) -> Option<Poster> {
        Some(self.mailbox.poster())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { contact: true, ..Capabilities::default() }
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        match signal {
            Signal::Command(command) => {
                let response = self.session.exchange(&command)?.map(<[u8]>::to_vec);
                self.deliver(response.map(Signal::Response), false);
            }
            Signal::PowerOn => {
                self.restore()?;
                let atr = self.session.power_on()?;
                self.deliver(atr.map(Signal::Atr), true);
            }
            Signal::Reset => {
                self.restore()?;
                let atr = self.session.warm_reset()?;
                self.deliver(atr.map(Signal::Atr), true);
            }
            Signal::PowerOff => self.session.power_off(),
            other => return Err(LinkError::Unsupported(other.name())),
        }
        Ok(())
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        if self.config.rests && until != Time::NEVER {
            // Each exchange is over when `send` returns: what is not there by now would be there only after another.
            let there = self.mailbox.take()?;
            if there.is_none() {
                self.clock.skip_to(until);
            }
            return Ok(there);
        }
        self.mailbox.recv(until, &self.clock)
    }
}
