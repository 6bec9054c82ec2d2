//! Short messages that came in parts, until all of them are there (TS 23.040 9.2.3.24.1).

use std::time::Duration;

use dmsc_link::Time;
use dmsc_uicc::sms::{Concatenation, Deliver, SmsAddress, UserData, join};

use crate::switch::{Switch, Switches};

/// How long parts wait for the others.
const WAITING: Duration = Duration::from_secs(600);

/// How many parts wait at most; the oldest makes way.
const MOST_PARTS: usize = 512;

/// The parts that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Inbox(Vec<Part>);

/// A part of a message.
#[derive(Clone, Debug)]
struct Part {
    from: SmsAddress,
    place: Concatenation,
    user_data: UserData,
    until: Time,
}

impl Inbox {
    /// Takes a message. Gives the whole of which it is, or was the last part to come: the user data of its first part,
    /// header and all, with the payload of all parts.
    pub(super) fn take(&mut self, now: Time, deliver: Deliver, switches: &Switches) -> Option<UserData> {
        let Deliver { originator: from, user_data, .. } = deliver;
        self.0.retain(|part| part.until > now);
        // A place that cannot be is none (TS 23.040 9.2.3.24.1).
        let place = user_data.concatenation().filter(|place| (1..=place.total).contains(&place.number));
        let Some(place) = place.filter(|place| place.total > 1 && !switches.on(Switch::PartForWhole)) else {
            return Some(user_data);
        };
        if switches.on(Switch::NoConcatenation) {
            return None;
        }
        let is_of_it = |part: &Part| {
            let Concatenation { reference, total, wide, .. } = place;
            if switches.on(Switch::PartsOfAllMessages) {
                return true;
            }
            let same = (part.place.reference, part.place.total, part.place.wide) == (reference, total, wide);
            same && part.from == from
        };
        let known = self.0.iter().any(|part| is_of_it(part) && part.place.number == place.number);
        if !known || switches.on(Switch::PartsTwice) {
            if self.0.len() >= MOST_PARTS {
                self.0.remove(0);
            }
            let (from, until) = (from.clone(), now + WAITING);
            self.0.push(Part { from, place, user_data, until });
        }
        let parts: Vec<UserData> =
            self.0.iter().filter(|part| is_of_it(part)).map(|part| part.user_data.clone()).collect();
        let jumbled = switches.on(Switch::PartsAsTheyCome) || switches.on(Switch::PartsTwice);
        let body = match jumbled {
            true if parts.len() >= usize::from(place.total) => {
                Some(parts.iter().flat_map(|part| part.body.clone()).collect())
            }
            true => None,
            false => join(&parts),
        }?;
        self.0.retain(|part| !is_of_it(part));
        let first = parts.into_iter().next()?;
        Some(UserData { body, ..first })
    }
}

#[cfg(test)]
mod tests {
    use dmsc_uicc::sms::{Division, Ports, split};

    use super::*;

    fn parts(from: &str, reference: u16, payload: &[u8]) -> Vec<Deliver> {
        let division = Division { reference, size: Some(2), ..Division::default() };
        let parts = split(Some(Ports::PUSH), division, payload).unwrap();
        let from = SmsAddress::from_text(from).unwrap();
        parts.into_iter().map(|part| Deliver::new(from.clone(), 0xF5, [0; 7], part)).collect()
    }

    fn bodies(inbox: &mut Inbox, messages: &[&Deliver]) -> Vec<Option<Vec<u8>>> {
        let switches = Switches::default();
        let take = |message: &&Deliver| inbox.take(Time::ZERO, (*message).clone(), &switches).map(|whole| whole.body);
        messages.iter().map(take).collect()
    }

    #[test]
    fn parts_come_in_any_order_and_more_than_once() {
        let all = parts("12345", 7, &[1, 2, 3, 4, 5]);
        let mut inbox = Inbox::default();
        let taken = bodies(&mut inbox, &[&all[2], &all[0], &all[2], &all[1]]);
        assert_eq!(taken, [None, None, None, Some(vec![1, 2, 3, 4, 5])]);
        assert!(inbox.0.is_empty());
    }

    #[test]
    fn parts_of_different_messages_are_kept_apart() {
        let (ours, other) = (parts("12345", 7, &[1, 2, 3]), parts("12345", 8, &[4, 5, 6]));
        let theirs = parts("54321", 7, &[7, 8, 9]);
        let mut inbox = Inbox::default();
        let taken = bodies(&mut inbox, &[&ours[0], &other[1], &theirs[1], &ours[1], &theirs[0]]);
        assert_eq!(taken, [None, None, None, Some(vec![1, 2, 3]), Some(vec![7, 8, 9])]);
        assert_eq!(inbox.0.len(), 1);
        let late = inbox.take(Time::ZERO + WAITING, other[0].clone(), &Switches::default());
        assert_eq!((late, inbox.0.len()), (None, 1), "the part that waited was given up");
    }
}
