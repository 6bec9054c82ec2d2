//! Provisioning in short messages: a push to the ports of WAP, in as many messages as it takes (TS 23.040, ProvBoot).

pub use dmsc_uicc::sms::SmsAddress;
use dmsc_uicc::sms::{Deliver, Division, Ports, SmsError, Submit, UserData, join, split};
use thiserror::Error;

/// 8-bit data for the device, class 1, as pushes come (TS 23.038 4).
const DCS: u8 = 0xF5;

/// Which way messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// SMS-DELIVER, to a device from a number.
    Deliver(SmsAddress),
    /// SMS-SUBMIT, to a number, for a modem to send.
    Submit(SmsAddress),
}

/// The messages that carry a push; `reference` tells a push of several messages from others.
///
/// # Errors
/// [`SmsError::TooLong`] for a push that no 255 messages hold.
pub fn messages(push: &[u8], way: &Way, reference: u8) -> Result<Vec<Vec<u8>>, SmsError> {
    let one = |user_data: UserData| match way {
        // Midnight of a January the first: nothing in a push depends on it.
        Way::Deliver(from) => Deliver::new(from.clone(), DCS, [0x10, 0x10, 0x10, 0, 0, 0, 0], user_data).encode(),
        Way::Submit(to) => Submit::new(to.clone(), DCS, user_data).encode(),
    };
    let division = Division { reference: reference.into(), ..Division::default() };
    split(Some(Ports::PUSH), division, push)?.into_iter().map(one).collect()
}

/// Short messages, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    /// How many there are.
    pub count: usize,
    /// Which way they go: that of the first.
    pub way: Way,
    /// The ports of the first.
    pub ports: Option<Ports>,
    /// What they carry together.
    pub push: Vec<u8>,
}

/// Why short messages carry no push.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MessagesError {
    /// One cannot be read.
    #[error("message {number}: {error}")]
    Message {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        error: SmsError,
    },
    /// Some of a series are missing.
    #[error("{count} messages do not make a whole: segments are missing, or are of different series")]
    Incomplete {
        /// How many there are.
        count: usize,
    },
}

impl Messages {
    /// Reads messages of a push, in any order. A service centre's address in front of one, as modems list it, is passed
    /// over.
    ///
    /// # Errors
    /// [`MessagesError`].
    pub fn read(messages: &[Vec<u8>]) -> Result<Self, MessagesError> {
        let mut parts = Vec::new();
        let mut first = None;
        for (index, octets) in messages.iter().enumerate() {
            let tpdu = without_service_centre(octets);
            let (way, user_data) =
                message(tpdu).map_err(|error| MessagesError::Message { number: index.saturating_add(1), error })?;
            first.get_or_insert((way, user_data.ports()));
            parts.push(user_data);
        }
        let count = messages.len();
        let whole = first.zip(join(&parts));
        let ((way, ports), push) = whole.ok_or(MessagesError::Incomplete { count })?;
        Ok(Self { count, way, ports, push })
    }

    /// Whether octets may begin a short message with a header: nothing else of provisioning begins so.
    #[must_use]
    pub fn may_be(octets: &[u8]) -> bool {
        without_service_centre(octets).first().is_some_and(|first| first & 0x42 == 0x40)
    }
}

fn message(tpdu: &[u8]) -> Result<(Way, UserData), SmsError> {
    match tpdu.first() {
        Some(first) if first & 0x03 == 0x01 => {
            Submit::parse(tpdu).map(|one| (Way::Submit(one.destination), one.user_data))
        }
        _ => Deliver::parse(tpdu).map(|one| (Way::Deliver(one.originator), one.user_data)),
    }
}

/// A message without the service centre's address: a length, a type of address, digits.
fn without_service_centre(octets: &[u8]) -> &[u8] {
    match octets {
        [0, rest @ ..] => rest,
        [length @ 2..=12, kind, ..] if kind & 0x80 != 0 => octets.get(usize::from(*length) + 1..).unwrap_or_default(),
        _ => octets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::to_hex;
    use proptest::prelude::*;

    fn number() -> SmsAddress {
        SmsAddress::from_text("+15551234567").unwrap()
    }

    #[test]
    fn a_short_push_is_one_message() {
        let [message] = &messages(&[1, 6, 1, 0xB6], &Way::Submit(number()), 1).unwrap()[..] else { panic!("one") };
        assert_eq!(to_hex(message), "41000B915155214365F700F50B0605040B8423F0010601B6");
        assert!(Messages::may_be(message));
        let read = Messages::read(&[[&[0], message.as_slice()].concat()]).unwrap();
        assert_eq!((read.count, read.way, read.ports), (1, Way::Submit(number()), Some(Ports::PUSH)));
        assert_eq!(read.push, [1, 6, 1, 0xB6]);
    }

    #[test]
    fn a_long_push_is_several_in_any_order() {
        let push = vec![7; 300];
        let mut all = messages(&push, &Way::Deliver(number()), 9).unwrap();
        assert_eq!(all.len(), 3);
        all.reverse();
        // As a modem lists one, with its service centre.
        let centre = [&[0x07, 0x91, 0x51, 0x55, 0x21, 0x43, 0x65, 0xF7], all[0].as_slice()].concat();
        assert!(Messages::may_be(&centre));
        let read = Messages::read(&[centre, all[1].clone(), all[2].clone()]).unwrap();
        assert_eq!((read.count, read.push), (3, push));
        assert_eq!(Messages::read(&all[1..]), Err(MessagesError::Incomplete { count: 2 }));
        assert_eq!(Messages::read(&[]), Err(MessagesError::Incomplete { count: 0 }));
        all[1].truncate(9);
        assert!(Messages::read(&all).unwrap_err().to_string().starts_with("message 2: octet"));
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        for octets in [&[0x03, 0x0B][..], &[0x01, 0x06], &[0x3C], &[]] {
            assert!(!Messages::may_be(octets), "{octets:02X?}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(messages: Vec<Vec<u8>>) {
            let _ = Messages::read(&messages);
        }
    }
}
