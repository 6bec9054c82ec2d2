//! What a client still has to say in its package, message by message, as large as the server takes them (DMPRO 6, 7).

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use dmsc_dm::syncml::{Command, CommandName, Message, SyncHdr, Text};

use crate::choice::Choices;
use crate::choice::client::LargeObjects;
use crate::choice::octets::Octets;
use crate::dm::Encoding;
use crate::dm::directive::number;
use crate::dm::large_object::split;
use crate::dm::manner;
use crate::switch::{Switch, Switches};

/// The least octets of an object that a message is begun for.
const LEAST_CHUNK: usize = 16;

/// Commands that wait to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outbox {
    waiting: VecDeque<Waiting>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    command: Command,
    /// Whether chunks of it have been sent.
    begun: bool,
}

/// What the other side has said that it can take, in octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    message: Option<usize>,
    object: Option<usize>,
}

impl Limits {
    /// Takes note of the sizes in a header.
    pub(super) fn note(&mut self, header: &SyncHdr, switches: &Switches) {
        let read = |size: &Option<Text>| size.as_ref().and_then(|size| size.trim().parse().ok());
        if self.message.is_none() || !switches.on(Switch::KeepFirstMaxMsgSize) {
            self.message = read(&header.max_msg_size).or(self.message);
        }
        self.object = read(&header.max_obj_size).or(self.object);
    }

    fn of_message(&self, switches: &Switches) -> Option<usize> {
        self.message.filter(|_| !switches.on(Switch::IgnoreMaxMsgSize))
    }

    /// The octets of a message, as the client likes to write it; where the other side does not take so many, in as few as
    /// the client can.
    pub(super) fn encode(
        &self,
        message: &Message,
        encoding: Encoding,
        manner: &Octets,
        switches: &Switches,
    ) -> Result<Vec<u8>, String> {
        let octets = encoding.encode(message, manner)?;
        match self.of_message(switches) {
            Some(limit) if octets.len() > limit => tersely(message, encoding, octets),
            _ => Ok(octets),
        }
    }
}

/// The shorter of what a message is and what it is without anything that need not be.
fn tersely(message: &Message, encoding: Encoding, octets: Vec<u8>) -> Result<Vec<u8>, String> {
    let plain = encoding.encode(message, &Octets::default())?;
    Ok(if plain.len() < octets.len() { plain } else { octets })
}

/// How large a message becomes.
pub(super) struct Scales<'a> {
    pub encoding: Encoding,
    pub choices: &'a Choices,
    pub switches: &'a Switches,
    pub limits: Limits,
    pub request: &'a Message,
    /// Whether messages are written in as few octets as the client can.
    pub terse: bool,
}

impl Scales<'_> {
    /// Those for messages in as few octets as the client can.
    pub(super) fn terse(&self) -> Self {
        Scales { terse: true, ..*self }
    }

    fn weighs(&self, message: &Message) -> usize {
        let mut message = message.clone();
        // Whatever it is the last of, it may turn out to be the last of its package.
        message.is_final = true;
        manner::apply(&mut message, Some(self.request), self.choices);
        number(&mut message.commands);
        let octets = self.encoding.encode(&message, &self.choices.octets);
        let octets = octets.and_then(|octets| match self.terse {
            true => tersely(&message, self.encoding, octets),
            false => Ok(octets),
        });
        octets.map_or(0, |octets| octets.len())
    }

    /// Whether a message is no larger than the other side takes, with a command still to come.
    pub(super) fn fits(&self, message: &Message, more: Option<&Command>) -> bool {
        let Some(limit) = self.limits.of_message(self.switches) else { return true };
        let mut whole = message.clone();
        whole.commands.extend(more.cloned());
        self.weighs(&whole) <= limit
    }

    /// Whether the other side takes the objects of a command, by their sizes.
    fn takes(&self, command: &Command) -> bool {
        let Some(limit) = self.limits.object.filter(|_| !self.switches.on(Switch::IgnoreMaxObjSize)) else {
            return true;
        };
        command.items.iter().filter_map(|item| item.data.as_ref()).all(|data| data.as_octets().len() <= limit)
    }

    fn splits(&self) -> bool {
        !self.switches.on(Switch::NoLargeObjects) && self.choices.client.large_objects == LargeObjects::Taken
    }
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// What goes back before everything that waits.
    pub(super) fn push_first(&mut self, commands: Vec<Command>) {
        for command in commands.into_iter().rev() {
            self.waiting.push_front(Waiting { command, begun: false });
        }
    }

    pub(super) fn push(&mut self, commands: impl IntoIterator<Item = Command>) {
        self.waiting.extend(commands.into_iter().map(|command| Waiting { command, begun: false }));
    }

    /// Objects that the other side cannot take are not sent: what asked for them is answered with 413 (DMPRO 7).
    pub(super) fn refuse_too_large(&mut self, scales: &Scales<'_>, header: &Message, closing: Option<&Command>) {
        let (mut refused, terse) = (Vec::new(), scales.terse());
        self.waiting.retain(|waiting| {
            let command = &waiting.command;
            if !matches!(command.cmd, CommandName::Results | CommandName::Alert) || waiting.begun {
                return true;
            }
            let mut alone = header.clone();
            alone.commands.push(command.clone());
            let kept = scales.takes(command) && (scales.splits() || terse.fits(&alone, closing));
            if !kept {
                refused.push((command.msg_ref.clone(), command.cmd_ref.clone()));
            }
            kept
        });
        for waiting in &mut self.waiting {
            let status = &mut waiting.command;
            let answers = |(message, command): &(Option<Text>, Option<Text>)| {
                status.cmd == CommandName::Status && status.msg_ref == *message && status.cmd_ref == *command
            };
            if refused.iter().any(answers) {
                status.data = Some("413".into());
            }
        }
    }

    /// Moves into a message what it has room for, beside the command that closes it. What is too large for any message goes
    /// in chunks. Of the commands that `share` gives as least and most, the least go in any case: a session where nothing
    /// moves on would never end.
    pub(super) fn fill(
        &mut self,
        message: &mut Message,
        share: RangeInclusive<usize>,
        scales: &Scales<'_>,
        closing: Option<&Command>,
    ) {
        let (least, most) = share.into_inner();
        let before = message.commands.len();
        while message.commands.len() - before < most {
            let Some(mut next) = self.waiting.pop_front() else { return };
            message.commands.push(next.command.clone());
            if scales.fits(message, closing) {
                continue;
            }
            message.commands.pop();
            let due = message.commands.len() - before < least;
            let large = next.command.items.len() == 1 && next.command.items.iter().any(|item| item.data.is_some());
            if large
                && scales.splits()
                && let Some(chunk) = chunk(&mut next, message, scales, closing)
            {
                message.commands.push(chunk);
                next.begun = true;
                self.waiting.push_front(next);
                return;
            }
            if !due {
                self.waiting.push_front(next);
                return;
            }
            message.commands.push(next.command);
        }
    }
}

/// The largest chunk of a command's object that a message has room for.
fn chunk(waiting: &mut Waiting, message: &Message, scales: &Scales<'_>, closing: Option<&Command>) -> Option<Command> {
    let whole = waiting.command.items.last()?.data.as_ref()?.as_octets().len();
    let try_with = |octets: usize| {
        let mut rest = waiting.command.clone();
        let chunk = split(&mut rest, octets, !waiting.begun)?;
        let mut with = message.clone();
        with.commands.push(chunk.clone());
        scales.fits(&with, closing).then_some((rest, chunk))
    };
    let (mut low, mut high) = (LEAST_CHUNK.min(whole), whole);
    let mut best = try_with(low)?;
    while low < high {
        let middle = low.saturating_add(high).div_ceil(2);
        match try_with(middle) {
            Some(found) => {
                best = found;
                low = middle;
            }
            None => high = middle.saturating_sub(1),
        }
    }
    let (rest, chunk) = best;
    waiting.command = rest;
    if let Some(meta) = waiting.command.items.last_mut().and_then(|item| item.meta.as_mut()) {
        meta.size = None;
    }
    Some(chunk)
}

#[cfg(test)]
mod tests {
    use dmsc_dm::syncml::Item;

    use super::*;
    use crate::choice::octets::XmlText;

    fn results(text: &str) -> Command {
        let mut results = Command::new(CommandName::Results, "");
        (results.msg_ref, results.cmd_ref) = (Some("1".into()), Some("2".into()));
        let (source, data) = (Some("./A".into()), Some(text.into()));
        results.items.push(Item { source, data, ..Item::default() });
        results
    }

    fn told(limit: usize, outbox: &mut Outbox) -> Vec<(usize, usize, bool)> {
        let (choices, switches, request) = (Choices::default(), Switches::default(), Message::default());
        let limits = Limits { message: Some(limit), object: None };
        let encoding = Encoding::Xml;
        let (choices, switches) = (&choices, &switches);
        let scales = Scales { encoding, choices, switches, limits, request: &request, terse: false };
        let mut told = Vec::new();
        while !outbox.is_empty() && told.len() < 20 {
            let mut message = Message::default();
            outbox.fill(&mut message, 1..=usize::MAX, &scales, None);
            let more = crate::dm::large_object::goes_on(&message);
            message.is_final = outbox.is_empty();
            number(&mut message.commands);
            let size = encoding.encode(&message, &Octets::default()).unwrap().len();
            told.push((message.commands.len(), size, more));
        }
        told
    }

    #[test]
    fn messages_hold_what_fits_and_large_objects_come_in_chunks() {
        // Among the limits are those that the last message of the package just meets, with its Final.
        for limit in 500..700 {
            let mut outbox = Outbox::default();
            outbox.push([results("short"), results("short"), results(&"x".repeat(500))]);
            let told = told(limit, &mut outbox);
            assert!(told.len() > 1 && told.iter().all(|(_, size, _)| *size <= limit), "{limit}: {told:?}");
            assert!(told.iter().any(|(.., more)| *more), "{limit}: {told:?}");
        }
    }

    #[test]
    fn what_fits_nowhere_is_sent_all_the_same() {
        let mut outbox = Outbox::default();
        outbox.push([Command::new(CommandName::Status, ""), Command::new(CommandName::Status, "")]);
        let told = told(10, &mut outbox);
        assert_eq!(told.iter().map(|(count, ..)| *count).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn what_has_no_room_as_the_client_likes_to_write_it_is_written_tersely() {
        let (mut choices, switches, request) = (Choices::default(), Switches::default(), Message::default());
        choices.client.large_objects = LargeObjects::Refused;
        choices.octets.xml_text = XmlText::References;
        let message = Message { commands: vec![results(&"x".repeat(100))], ..Message::default() };
        let encode = |limit| {
            let limits = Limits { message: limit, object: None };
            limits.encode(&message, Encoding::Xml, &choices.octets, &switches).unwrap().len()
        };
        let (terse, usual) = (encode(Some(1)), encode(None));
        assert!(terse < usual);
        assert_eq!((encode(Some(usual)), encode(Some(usual - 1))), (usual, terse));

        let mut outbox = Outbox::default();
        outbox.push(message.commands.clone());
        let kept = |limit| {
            let limits = Limits { message: Some(limit), object: None };
            let (choices, switches, request) = (&choices, &switches, &request);
            let scales = Scales { encoding: Encoding::Xml, choices, switches, limits, request, terse: false };
            let terse = scales.terse().weighs(&message);
            let mut outbox = outbox.clone();
            outbox.refuse_too_large(&scales, &Message::default(), None);
            (!outbox.is_empty(), terse)
        };
        let (_, least) = kept(0);
        assert!(kept(least).0 && !kept(least - 1).0);
    }
}
