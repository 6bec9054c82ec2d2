//! Two links joined in memory, each for a side with a thread of its own.
//!
//! The bench of the links themselves: what the runner does about two sides that run apart, and about a connection that
//! breaks, is shown on a cable before it is shown on a reader.

use crate::{Capabilities, Clock, Link, LinkError, Mailbox, Opening, Poster, Signal, Time};

/// One end of a cable.
#[derive(Debug)]
pub struct Cable {
    clock: Clock,
    mailbox: Mailbox,
    other: Poster,
}

/// Cuts a cable: both ends are told that the other is gone.
#[derive(Clone, Debug)]
pub struct Cutter([Poster; 2]);

impl Cable {
    /// Both ends of a cable, and what cuts it.
    pub fn pair() -> (Cable, Cable, Cutter) {
        let (one, two) = (Mailbox::default(), Mailbox::default());
        let (to_one, to_two) = (one.poster(), two.poster());
        let cutter = Cutter([to_one.clone(), to_two.clone()]);
        let clock = Clock::new();
        (Cable { clock, mailbox: one, other: to_two }, Cable { clock, mailbox: two, other: to_one }, cutter)
    }
}

impl Cutter {
    /// Cuts.
    pub fn cut(&self) {
        self.0.iter().for_each(|end| end.gone("the cable was cut"));
    }
}

impl Link for Cable {
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn begin(&mut self, _opening: &Opening) -> Result<(), LinkError> {
        self.clock = Clock::new();
        self.mailbox.forget()
    }

    fn poster(&self) -> Option<Poster> {
        Some(self.mailbox.poster())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { contact: true, ..Capabilities::default() }
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        self.other.signal(signal);
        Ok(())
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        self.mailbox.recv(until, &self.clock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_arrive_at_the_other_end_and_a_cut_at_both() {
        let (mut one, mut two, cutter) = Cable::pair();
        one.send(Signal::PowerOn).unwrap();
        assert_eq!(two.recv(Time::NEVER).unwrap(), Some(Signal::PowerOn));
        two.send(Signal::Atr(vec![0x3B])).unwrap();
        assert_eq!(one.recv(Time::NEVER).unwrap(), Some(Signal::Atr(vec![0x3B])));
        cutter.cut();
        assert!(one.recv(Time::NEVER).unwrap_err().is_interruption());
        assert!(two.recv(Time::NEVER).unwrap_err().is_interruption());
    }
}
