//! Package#0 out of the pieces that a stream makes of it (DM_SC 7.1).
//!
//! A stream does not tell where a message ends, and Package#0 does not tell its length. A signature that covers all that
//! came proves that nothing is still to come. Without one, what can be read as a notification is one as soon as the card
//! turns to something else, or sends no more for a while; what cannot be read is handed over when the channel is closed,
//! for there will be no more.

use std::time::Duration;

use dmsc_dm::package0::Package0;
use dmsc_link::Time;

use crate::trigger_form::Framing;

/// How long a piece waits for the next one, when it can be read as a notification that is not signed rightly.
pub(super) const PIECE: Duration = Duration::from_secs(5);

/// What came for the DM Client through streams, and may not be all yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Package0Reassembly {
    unfinished: Vec<Unfinished>,
}

/// What came through one channel.
#[derive(Clone, Debug)]
struct Unfinished {
    channel: u8,
    octets: Vec<u8>,
    /// Until when more is waited for; none where it cannot be read as a notification, or was handed over.
    until: Option<Time>,
    /// Whether it could be read as a notification, and was handed over.
    is_read: bool,
}

impl Package0Reassembly {
    /// Takes a piece that came through a channel. Gives all that came so far if it is a notification of which
    /// `is_signed` says that its digest is right.
    pub(super) fn take(
        &mut self,
        now: Time,
        channel: u8,
        octets: &[u8],
        framing: Framing,
        is_signed: impl FnOnce(&Package0) -> bool,
    ) -> Option<Vec<u8>> {
        let mut unfinished = match self.position(channel) {
            Some(place) => self.unfinished.swap_remove(place),
            None => Unfinished { channel, octets: Vec::new(), until: None, is_read: false },
        };
        unfinished.octets.extend_from_slice(octets);
        let package0 = framing.read(&unfinished.octets).ok();
        if package0.as_ref().is_some_and(is_signed) {
            return Some(unfinished.octets);
        }
        unfinished.until = package0.map(|_| now + PIECE);
        self.unfinished.push(unfinished);
        None
    }

    /// A channel is closed. Gives what came through it, unless all of it that can be read was handed over.
    pub(super) fn close(&mut self, channel: u8) -> Option<Vec<u8>> {
        let unfinished = self.unfinished.swap_remove(self.position(channel)?);
        (unfinished.until.is_some() || !unfinished.is_read).then_some(unfinished.octets)
    }

    /// The card does something else than send through a channel. Gives what can be read of what came through the others.
    pub(super) fn turned_away(&mut self, from_all_but: Option<u8>) -> Vec<Vec<u8>> {
        self.give(|one| Some(one.channel) != from_all_but)
    }

    /// Gives what has waited long enough for more.
    pub(super) fn expired(&mut self, now: Time) -> Vec<Vec<u8>> {
        self.give(|one| one.until.is_some_and(|at| at <= now))
    }

    /// When something will have waited long enough.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.unfinished.iter().filter_map(|one| one.until).min()
    }

    fn give(&mut self, which: impl Fn(&Unfinished) -> bool) -> Vec<Vec<u8>> {
        let waiting = self.unfinished.iter_mut().filter(|one| one.until.is_some() && which(one));
        waiting
            .map(|one| {
                (one.until, one.is_read) = (None, true);
                one.octets.clone()
            })
            .collect()
    }

    fn position(&self, channel: u8) -> Option<usize> {
        self.unfinished.iter().position(|unfinished| unfinished.channel == channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::from_hex;

    /// A trigger of the server "dmsc", without a body.
    const PACKAGE0: &str = "82F9F74E1F3F40044BC83453DBF49D1B 02D8000000 00A5 04 646D7363";

    const START: Time = Time::ZERO;

    fn octets() -> Vec<u8> {
        from_hex(PACKAGE0).unwrap()
    }

    #[test]
    fn pieces_make_a_notification_once_they_can_be_read() {
        let octets = octets();
        let (first, rest) = octets.split_at(10);
        let mut reassembly = Package0Reassembly::default();
        assert_eq!(reassembly.take(START, 1, first, Framing::Bare, |_| true), None);
        assert_eq!(reassembly.take(START, 2, first, Framing::Bare, |_| true), None, "channels do not mix");
        assert_eq!(reassembly.take(START, 1, rest, Framing::Bare, |_| true), Some(octets.clone()));
        assert_eq!(reassembly.close(1), None, "it was handed over");
        assert_eq!(reassembly.close(2).as_deref(), Some(first));
        assert_eq!(reassembly.close(2), None);
    }

    #[test]
    fn without_a_right_digest_more_may_come() {
        let longer = [octets().as_slice(), b"body"].concat();
        let mut reassembly = Package0Reassembly::default();
        assert_eq!(reassembly.take(START, 1, &octets(), Framing::Bare, |_| false), None);
        assert_eq!(reassembly.turned_away(Some(1)), Vec::<Vec<u8>>::new(), "the card sends on");
        assert_eq!(reassembly.take(START, 1, b"body", Framing::Bare, |_| true), Some(longer));
        assert_eq!(reassembly.close(1), None);
    }

    #[test]
    fn what_is_not_signed_is_a_notification_once_no_more_comes() {
        let held = || {
            let mut reassembly = Package0Reassembly::default();
            assert_eq!(reassembly.take(START, 1, &octets(), Framing::Bare, |_| false), None);
            reassembly
        };
        assert_eq!(held().turned_away(None), [octets()]);
        assert_eq!(held().close(1), Some(octets()));
        let mut reassembly = held();
        assert_eq!(reassembly.deadline(), Some(START + PIECE));
        assert_eq!(reassembly.expired(START), Vec::<Vec<u8>>::new());
        assert_eq!(reassembly.expired(START + PIECE), [octets()]);
        assert_eq!((reassembly.deadline(), reassembly.close(1)), (None, None), "it is handed over once");
        let mut reassembly = held();
        assert_eq!(reassembly.turned_away(None), [octets()]);
        assert_eq!(reassembly.take(START, 1, b"body", Framing::Bare, |_| false), None);
        let longer = [octets().as_slice(), b"body"].concat();
        assert_eq!(reassembly.close(1), Some(longer), "what came after it is not lost");
    }

    #[test]
    fn after_a_right_digest_what_comes_is_a_message_of_its_own() {
        let octets = octets();
        let mut reassembly = Package0Reassembly::default();
        assert_eq!(reassembly.take(START, 1, &octets, Framing::Bare, |_| true), Some(octets.clone()));
        assert_eq!(reassembly.take(START, 1, &octets, Framing::Bare, |_| true), Some(octets));
    }

    #[test]
    fn what_is_no_notification_is_handed_over_at_the_end() {
        let mut reassembly = Package0Reassembly::default();
        assert_eq!(reassembly.take(START, 3, b"ga", Framing::Bare, |_| true), None);
        assert_eq!(reassembly.take(START, 3, b"rbage", Framing::Bare, |_| true), None);
        assert_eq!(reassembly.turned_away(None), Vec::<Vec<u8>>::new());
        assert_eq!(reassembly.close(3), Some(b"garbage".to_vec()));
    }
}
