//! Package#0 out of the pieces that a stream makes of it (DM_SC 7.1).
//!
//! A stream does not tell where a message ends, and Package#0 does not tell its length. So what came is a notification
//! as soon as it can be read as one; a signature that covers all of it proves that nothing is still to come; and what
//! could not be read is handed over when the channel is closed, for there will be no more.

use dmsc_dm::package0::Package0;

use crate::trigger_form::Framing;

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
    /// Whether it could be read as a notification, and was handed over.
    is_read: bool,
}

impl Package0Reassembly {
    /// Takes a piece that came through a channel. Gives all that came so far once it can be read as a notification;
    /// `is_signed` tells whether the digest of one is right.
    pub(super) fn take(
        &mut self,
        channel: u8,
        octets: &[u8],
        framing: Framing,
        is_signed: impl FnOnce(&Package0) -> bool,
    ) -> Option<Vec<u8>> {
        let mut unfinished = match self.position(channel) {
            Some(place) => self.unfinished.swap_remove(place),
            None => Unfinished { channel, octets: Vec::new(), is_read: false },
        };
        unfinished.octets.extend_from_slice(octets);
        let package0 = framing.read(&unfinished.octets).ok();
        if package0.as_ref().is_some_and(is_signed) {
            return Some(unfinished.octets);
        }
        unfinished.is_read |= package0.is_some();
        let read = package0.map(|_| unfinished.octets.clone());
        self.unfinished.push(unfinished);
        read
    }

    /// A channel is closed. Gives what came through it, unless it was handed over.
    pub(super) fn close(&mut self, channel: u8) -> Option<Vec<u8>> {
        let unfinished = self.unfinished.swap_remove(self.position(channel)?);
        (!unfinished.is_read).then_some(unfinished.octets)
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

    fn octets() -> Vec<u8> {
        from_hex(PACKAGE0).unwrap()
    }

    #[test]
    fn pieces_make_a_notification_once_they_can_be_read() {
        let octets = octets();
        let (first, rest) = octets.split_at(10);
        let mut reassembly = Package0Reassembly::default();
        assert_eq!(reassembly.take(1, first, Framing::Bare, |_| true), None);
        assert_eq!(reassembly.take(2, first, Framing::Bare, |_| true), None, "channels do not mix");
        assert_eq!(reassembly.take(1, rest, Framing::Bare, |_| true), Some(octets.clone()));
        assert_eq!(reassembly.close(1), None, "it was handed over");
        assert_eq!(reassembly.close(2).as_deref(), Some(first));
        assert_eq!(reassembly.close(2), None);
    }

    #[test]
    fn without_a_right_digest_more_may_come() {
        let octets = octets();
        let longer = [octets.as_slice(), b"body"].concat();
        let mut reassembly = Package0Reassembly::default();
        assert_eq!(reassembly.take(1, &octets, Framing::Bare, |_| false), Some(octets.clone()));
        assert_eq!(reassembly.take(1, b"body", Framing::Bare, |_| false), Some(longer));
        assert_eq!(reassembly.close(1), None);
    }

    #[test]
    fn after_a_right_digest_what_comes_is_a_message_of_its_own() {
        let octets = octets();
        let mut reassembly = Package0Reassembly::default();
        assert_eq!(reassembly.take(1, &octets, Framing::Bare, |_| true), Some(octets.clone()));
        assert_eq!(reassembly.take(1, &octets, Framing::Bare, |_| true), Some(octets));
    }

    #[test]
    fn what_is_no_notification_is_handed_over_at_the_end() {
        let mut reassembly = Package0Reassembly::default();
        assert_eq!(reassembly.take(3, b"ga", Framing::Bare, |_| true), None);
        assert_eq!(reassembly.take(3, b"rbage", Framing::Bare, |_| true), None);
        assert_eq!(reassembly.close(3), Some(b"garbage".to_vec()));
    }
}
