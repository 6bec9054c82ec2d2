//! How much of the streams waits for whoever takes the signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Signal;
use crate::sockets::WAITING_LIMIT;

/// Octets of streams that were posted and not taken yet. Both ends of the mailbox hold it.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    /// A signal is posted.
    pub(super) fn posted(&self, signal: &Signal) {
        if let Signal::Data(_, octets) = signal {
            self.0.fetch_add(octets.len(), Ordering::SeqCst);
        }
    }

    /// A signal was taken; whether there is room now and was none before.
    pub(super) fn taken(&self, signal: &Signal) -> bool {
        let Signal::Data(_, octets) = signal else { return false };
        let less = |waiting: usize| Some(waiting.saturating_sub(octets.len()));
        // The closure always gives a value, so that there is no other case.
        let before = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).unwrap_or_default();
        before >= WAITING_LIMIT && before.saturating_sub(octets.len()) < WAITING_LIMIT
    }

    /// Whether so much waits that nothing more is read.
    pub(super) fn is_full(&self) -> bool {
        self.0.load(Ordering::SeqCst) >= WAITING_LIMIT
    }

    /// What waited was thrown away.
    pub(super) fn forget(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_at_its_limit_and_tells_when_there_is_room_again() {
        let waiting = Waiting::default();
        let half = Signal::Data(1, vec![0; WAITING_LIMIT / 2]);
        waiting.posted(&half);
        waiting.posted(&Signal::Close(1));
        assert!(!waiting.is_full() && !waiting.taken(&Signal::Close(1)));
        waiting.posted(&half);
        assert!(waiting.is_full());
        assert!(waiting.taken(&half) && !waiting.is_full());
        assert!(!waiting.taken(&half) && !waiting.taken(&half));
        waiting.posted(&half);
        waiting.posted(&half);
        waiting.forget();
        assert!(!waiting.is_full());
    }
}
