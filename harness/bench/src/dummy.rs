//! DUTs that know nothing, to show that nothing passes against them.

use dmsc_link::{Peer, Signal, Time};

/// A DUT that never answers.
pub(crate) struct Mute;

impl Peer for Mute {
    fn handle(&mut self, _now: Time, _signal: Signal) {}

    fn tick(&mut self, _now: Time) {}

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn poll(&mut self) -> Option<Signal> {
        None
    }
}

/// A DUT that agrees to everything and does nothing: 9000 to every command.
#[derive(Default)]
pub(crate) struct Yes(Vec<Signal>);

impl Peer for Yes {
    fn handle(&mut self, _now: Time, signal: Signal) {
        match signal {
            Signal::PowerOn | Signal::Reset => self.0.push(Signal::Atr(vec![0x3B, 0x00])),
            Signal::Command(_) => self.0.push(Signal::Response(vec![0x90, 0x00])),
            Signal::Connect(id) => self.0.push(Signal::Connected(id)),
            Signal::Data(id, _) => {
                self.0.push(Signal::Data(id, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()));
            }
            _ => {}
        }
    }

    fn tick(&mut self, _now: Time) {}

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn poll(&mut self) -> Option<Signal> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }
}
