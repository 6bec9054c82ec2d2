//! Large objects in a server's sessions: what becomes of chunks that come, and how an object is cut (DMPRO 7).

use std::collections::VecDeque;

use dmsc_dm::syncml::{Command, Item};

use crate::dm::large_object::{self, Receiver, split};
use crate::dm::opening::alert;
use crate::switch::{Switch, Switches};

/// What stands in a message beside the data of a chunk, in octets: header, Status commands and Meta, in XML.
const AROUND: usize = 700;

/// The shortest chunk, in octets, however little a client takes.
const SHORTEST: usize = 32;

/// What the server makes of a command with regard to large objects.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Taken {
    /// The Status of the command, where it is not the usual one.
    pub(super) code: Option<u16>,
    /// The Alert that tells of an object whose end has not come.
    pub(super) alert: Option<Command>,
}

/// Takes a command of the client, other than Status.
pub(super) fn take(receiver: &mut Receiver, command: &Command, switches: &Switches) -> Taken {
    let mut taken = Taken::default();
    if command.alert_code().is_some_and(|code| code.code() == 1222) {
        // It asks for more and stands beside any chunk.
        return taken;
    }
    let lost = receiver.interrupted_by(command).filter(|_| !switches.on(Switch::NoEndOfDataAlert));
    taken.alert = lost.map(|place| {
        let mut told = alert("1225");
        told.items.push(Item { source: Some(place.into()), ..Item::default() });
        told
    });
    for item in &command.items {
        match receiver.take(command, item, switches) {
            large_object::Taken::Whole(_) => {}
            large_object::Taken::More => taken.code = Some(213),
            large_object::Taken::Refused(code) => taken.code = Some(code.code()),
        }
    }
    taken
}

/// Cuts a command with one item into messages of which each fits a client that takes `limit` octets; the first of them
/// comes first. `None` where it fits as it is.
pub(super) fn cut(command: &Command, limit: usize) -> Option<VecDeque<Vec<Command>>> {
    // Markup grows where it is written in XML.
    let room = (limit.saturating_sub(AROUND) / 2).max(SHORTEST);
    let [item] = command.items.as_slice() else { return None };
    item.data.as_ref().filter(|data| data.as_octets().len() > room)?;
    let mut rest = command.clone();
    let mut parts = VecDeque::new();
    while let Some(chunk) = split(&mut rest, room, parts.is_empty()) {
        parts.push_back(vec![chunk]);
    }
    parts.push_back(vec![rest]);
    Some(parts)
}

#[cfg(test)]
mod tests {
    use dmsc_dm::syncml::{CommandName, Meta};

    use super::*;

    fn chunk(source: &str, size: Option<&str>, data: &str, more_data: bool) -> Command {
        let mut results = Command::new(CommandName::Results, "1");
        let meta = size.map(|size| Meta { size: Some(size.into()), ..Meta::default() });
        results.items.push(Item {
            source: Some(source.into()),
            meta,
            data: Some(data.into()),
            more_data,
            ..Item::default()
        });
        results
    }

    fn codes(commands: &[Command]) -> Vec<(Option<u16>, bool)> {
        let (mut receiver, switches) = (Receiver::default(), Switches::default());
        let taken = commands.iter().map(|command| take(&mut receiver, command, &switches));
        taken.map(|taken| (taken.code, taken.alert.is_some())).collect()
    }

    #[test]
    fn chunks_are_taken_refused_and_asked_after() {
        let first = || chunk("./A", Some("6"), "abcd", true);
        assert_eq!(codes(&[first(), chunk("./A", None, "ef", false)]), [(Some(213), false), (None, false)]);
        assert_eq!(codes(&[first(), chunk("./A", None, "e", false)]), [(Some(213), false), (Some(424), false)]);
        assert_eq!(codes(&[first(), chunk("./B", None, "e", false)]), [(Some(213), false), (None, true)]);
        let next = Command { data: Some("1222".into()), ..Command::new(CommandName::Alert, "2") };
        assert_eq!(codes(&[first(), next]), [(Some(213), false), (None, false)]);
    }

    #[test]
    fn what_does_not_fit_is_cut_and_has_its_size_once() {
        let text = "\u{e9}".repeat(100);
        let whole = chunk("./A", None, &text, false);
        assert_eq!(cut(&whole, 16_384), None);
        let parts = cut(&whole, 800).unwrap();
        let items: Vec<&Item> = parts.iter().map(|part| &part[0].items[0]).collect();
        assert_eq!(items.len(), 4);
        assert_eq!(items[0].meta.as_ref().unwrap().size.as_deref(), Some("200"));
        assert!(items[1].meta.is_none() && items[2].more_data && !items[3].more_data);
        let all: String = items.iter().map(|item| item.data.as_ref().unwrap().as_text().unwrap()).collect();
        assert_eq!(all, text);
    }
}
