//! A link to a peer in the same process, on a virtual clock.

use std::time::Duration;

use crate::{Capabilities, Link, LinkError, Opening, Peer, Signal, Time};

/// What one signal costs on the virtual clock. Not zero, so that two sides that answer each other for ever still
/// reach the end of any window.
const LATENCY: Duration = Duration::from_millis(1);

/// The in-process link: hands signals to a [`Peer`] and moves a virtual clock to whatever is due next.
pub struct InProcess {
    peer: Box<dyn Peer>,
    now: Time,
    capabilities: Capabilities,
}

impl InProcess {
    /// Puts `peer` behind a contact interface.
    pub fn contact(peer: Box<dyn Peer>) -> InProcess {
        let capabilities = Capabilities { contact: true, virtual_time: true, ..Capabilities::default() };
        InProcess { peer, now: Time::ZERO, capabilities }
    }

    /// Puts `peer` at the far end of byte streams, with notifications delivered beside them.
    pub fn streams(peer: Box<dyn Peer>) -> InProcess {
        let capabilities = Capabilities { streams: true, notify: true, virtual_time: true, ..Capabilities::default() };
        InProcess { peer, now: Time::ZERO, capabilities }
    }
}

impl Link for InProcess {
    fn now(&self) -> Time {
        self.now
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// The peer behind it is made for one session, and so is the clock.
    fn begin(&mut self, _opening: &Opening) -> Result<(), LinkError> {
        Ok(())
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        self.now = self.now + LATENCY;
        self.peer.handle(self.now, signal);
        Ok(())
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        loop {
            if let Some(signal) = self.peer.poll() {
                self.now = self.now + LATENCY;
                return Ok(Some(signal));
            }
            match self.peer.wake_at() {
                Some(due) if due <= until => {
                    self.now = self.now.max(due);
                    self.peer.tick(self.now);
                    // A peer that asks to be woken at a time already past must still let time pass.
                    if self.peer.wake_at().is_some_and(|next| next <= self.now) {
                        self.now = self.now + LATENCY;
                    }
                }
                _ => {
                    self.now = self.now.max(until);
                    return Ok(None);
                }
            }
            if self.now > until {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Answers each command with its own octets, and sends a reset every ten seconds by itself.
    struct Echo {
        out: VecDeque<Signal>,
        next: Time,
    }

    impl Peer for Echo {
        fn handle(&mut self, _now: Time, signal: Signal) {
            if let Signal::Command(octets) = signal {
                self.out.push_back(Signal::Response(octets));
            }
        }
        fn tick(&mut self, now: Time) {
            if now >= self.next {
                self.out.push_back(Signal::Reset);
                self.next = self.next + Duration::from_secs(10);
            }
        }
        fn wake_at(&self) -> Option<Time> {
            Some(self.next)
        }
        fn poll(&mut self) -> Option<Signal> {
            self.out.pop_front()
        }
    }

    fn echo() -> InProcess {
        InProcess::contact(Box::new(Echo { out: VecDeque::new(), next: Time::from_micros(10_000_000) }))
    }

    #[test]
    fn an_answer_comes_before_the_window_ends() {
        let mut link = echo();
        link.send(Signal::Command(vec![1, 2])).unwrap();
        assert_eq!(link.recv(Time::from_micros(5_000_000)).unwrap(), Some(Signal::Response(vec![1, 2])));
        assert_eq!(link.now(), Time::from_micros(2_000));
    }

    #[test]
    fn waiting_moves_the_clock_to_what_is_due_and_no_further() {
        let mut link = echo();
        assert_eq!(link.recv(Time::from_micros(9_000_000)).unwrap(), None);
        assert_eq!(link.now(), Time::from_micros(9_000_000));
        assert_eq!(link.recv(Time::from_micros(60_000_000)).unwrap(), Some(Signal::Reset));
        assert_eq!(link.now(), Time::from_micros(10_001_000));
    }

    #[test]
    fn a_peer_that_is_always_due_cannot_hold_the_clock() {
        struct Restless;
        impl Peer for Restless {
            fn handle(&mut self, _: Time, _: Signal) {}
            fn tick(&mut self, _: Time) {}
            fn wake_at(&self) -> Option<Time> {
                Some(Time::ZERO)
            }
            fn poll(&mut self) -> Option<Signal> {
                None
            }
        }
        let mut link = InProcess::contact(Box::new(Restless));
        assert_eq!(link.recv(Time::from_micros(1_000_000)).unwrap(), None);
        assert!(link.now() >= Time::from_micros(1_000_000));
    }
}
