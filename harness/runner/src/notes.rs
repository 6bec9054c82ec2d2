//! What passed and what was found, noted while the DUT is to be served, and written up when there is time.
//!
//! To write a message up costs more than to send it. The next command does not wait for that; the record is made when
//! the harness has to wait for the DUT, and at the latest when the case is over.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use dmsc_engine::event::{Actor, Event, scope};
use dmsc_engine::fields::together;
use dmsc_link::Time;
use dmsc_octets::to_hex;
use dmsc_report::journal::{Check, Message, Octets, Party};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::recorder::Recorder;

/// Notes that may wait. An exchange takes about three; a process that is killed loses no more than these.
const WAITING: usize = 256;

/// Octets of messages that may wait; what is written up of them takes several times as much.
const WAITING_OCTETS: usize = 256 * 1024;

/// Octets of one message that are recorded, and of one text in its fields.
const OF_MESSAGE: usize = 256 * 1024;
const OF_TEXT: usize = 128 * 1024;

/// How the note begins of a message that is recorded in part.
pub(crate) const PART: &str = "the first ";

/// Octets of a message from which on its lists are recorded in part, and how much of each is.
const LISTS_FROM: usize = 64 * 1024;
const OF_LIST: usize = 1000;

/// What is recorded of the messages of one case: octets of them, of the names and texts in their fields, and what is
/// counted besides for each, for small ones take more room for what stands around them than for themselves.
const OF_CASE: usize = 4 * 1024 * 1024;
const EACH: usize = 128;

/// Octets of the message that a check is about, which reports show.
pub(crate) const OF_CHECK: usize = 64 * 1024;

/// The notes of a case.
pub(crate) struct Notes<'a> {
    recorder: &'a mut dyn Recorder,
    case: String,
    dut: &'a str,
    began: Time,
    waiting: Vec<Note<'a>>,
    /// Octets of the messages among them.
    octets: usize,
    /// Octets of all messages so far, and of those written up.
    recorded: usize,
    written: usize,
}

/// What makes a check of the names of case and DUT.
type Finding<'a> = Box<dyn FnOnce(String, String) -> Check + 'a>;

enum Note<'a> {
    Message(Rc<Event>),
    Check(Finding<'a>),
}

impl<'a> Notes<'a> {
    /// The notes of a case that began at this time.
    pub(crate) fn new(recorder: &'a mut dyn Recorder, case: String, dut: &'a str, began: Time) -> Notes<'a> {
        Notes { recorder, case, dut, began, waiting: Vec::new(), octets: 0, recorded: 0, written: 0 }
    }

    /// A message passed.
    pub(crate) fn message(&mut self, event: &Rc<Event>) {
        if self.recorder.wants_messages() && self.recorded <= OF_CASE {
            self.recorded = self.recorded.saturating_add(event.octets.len()).saturating_add(EACH);
            self.octets = self.octets.saturating_add(event.octets.len());
            self.note(Note::Message(Rc::clone(event)));
        }
    }

    /// A step was judged: `check` tells how, given the names of case and DUT.
    pub(crate) fn check(&mut self, check: impl FnOnce(String, String) -> Check + 'a) {
        self.note(Note::Check(Box::new(check)));
    }

    fn note(&mut self, note: Note<'a>) {
        self.waiting.push(note);
        if self.waiting.len() >= WAITING || self.octets >= WAITING_OCTETS {
            self.write_up();
        }
    }

    /// Whether something waits to be written up.
    pub(crate) fn wait(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes up what waits.
    pub(crate) fn write_up(&mut self) {
        self.octets = 0;
        for note in self.waiting.drain(..) {
            match note {
                Note::Message(event) => {
                    if self.written > OF_CASE {
                        continue;
                    }
                    let again = self.recorder.decodes_again();
                    let message = match Rc::try_unwrap(event) {
                        Ok(event) if again && is_told_by_octets(&event) => {
                            let Event { at, from, kind, fields, octets, .. } = event;
                            as_octets((at, self.began), from, kind, octets, fields.into_context().unwrap_or_default())
                        }
                        Ok(event) if !event.has_secrets() && event.octets.len() <= LISTS_FROM => {
                            whole(event, self.began)
                        }
                        Ok(event) => message(&event, self.began, again),
                        Err(event) => message(&event, self.began, again),
                    };
                    self.written = self.written.saturating_add(weight(&message));
                    let over = self.written > OF_CASE;
                    self.recorder.message(if over { last(message) } else { message });
                }
                Note::Check(check) => self.recorder.check(check(self.case.clone(), self.dut.to_owned())),
            }
        }
    }
}

/// What a message counts of what a case may have.
fn weight(message: &Message) -> usize {
    let fields = message.fields.as_ref().map_or(0, room);
    let context = message.context.values().map(room).fold(0, usize::saturating_add);
    [fields, context, EACH].into_iter().fold(message.octets.0.len(), usize::saturating_add)
}

/// About how many octets a value takes where it is written.
fn room(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len().saturating_add(2),
        Value::Array(list) => list.iter().map(room).fold(2, usize::saturating_add),
        Value::Object(map) => {
            map.iter().map(|(name, value)| name.len().saturating_add(room(value))).fold(2, usize::saturating_add)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
    }
}

/// The message that is too much, as the last one that is recorded: it says so, and no more than that it came.
fn last(message: Message) -> Message {
    let note = format!("nothing more is recorded of this case: it has more than {} MiB of messages", OF_CASE >> 20);
    let (octets, context) = (Octets(Vec::new()), Map::new());
    Message { octets, fields: None, context, written: BTreeMap::new(), note: Some(note), ..message }
}

/// Whether the octets of a message, which may leave the process, tell it, but for the context of its fields.
fn is_told_by_octets(event: &Event) -> bool {
    event.fields.context().is_some() && event.octets.len() <= LISTS_FROM && !event.has_secrets()
}

/// A message that is told by its octets, as it is recorded.
fn as_octets(
    (at, began): (Time, Time),
    from: Actor,
    kind: Cow<'static, str>,
    octets: Vec<u8>,
    context: Map<String, Value>,
) -> Message {
    let at_us = at.micros().saturating_sub(began.micros());
    let (from, octets, written) = (party(from), Octets(octets), BTreeMap::new());
    Message { at_us, from, kind, octets, fields: None, context, written, note: None }
}

/// A message with its fields.
fn whole(event: Event, began: Time) -> Message {
    let scope = event.scope();
    let Event { at, from, kind, fields, octets, .. } = event;
    let fields = fields.into_value();
    let (at_us, octets) = (at.micros().saturating_sub(began.micros()), Octets(octets));
    let (from, written) = (party(from), scope.written(&fields));
    Message { at_us, from, kind, octets, fields: Some(fields), context: Map::new(), written, note: None }
}

/// A message as it is recorded: whole, or as far as the limits go; without the fields that its octets tell, where those are
/// decoded `again` by whoever wants them.
fn message(event: &Event, began: Time, again: bool) -> Message {
    let event = event.without_secrets();
    if again && is_told_by_octets(&event) {
        let context = event.fields.context().cloned().unwrap_or_default();
        return as_octets((event.at, began), event.from, event.kind.clone(), event.octets.clone(), context);
    }
    let mut note = None;
    let mut octets = event.octets.clone();
    let at_us = event.at.micros().saturating_sub(began.micros());
    let (from, kind) = (party(event.from), event.kind.clone());
    let mut fields = Some((*event.fields).clone());
    if octets.len() > LISTS_FROM {
        if octets.len() > OF_MESSAGE {
            let (sum, count) = (to_hex(&Sha256::digest(&octets)), octets.len());
            note = Some(format!("{PART}{OF_MESSAGE} of {count} octets are recorded; SHA-256 of all: {sum}"));
            octets.truncate(OF_MESSAGE);
        }
        fields.iter_mut().for_each(shorten);
    }
    let written = event.scope().written(&event.fields);
    Message { at_us, from, kind, octets: Octets(octets), fields, context: Map::new(), written, note }
}

/// Gives a message that was recorded without them the fields that its octets tell, and says how they are written.
pub fn decode(message: &mut Message) {
    if message.fields.is_some() {
        return;
    }
    let from = actor(message.from);
    let fields = together(std::mem::take(&mut message.context), from, &message.kind, &message.octets.0);
    if !fields.is_empty() {
        let fields = Value::Object(fields);
        message.written = scope(from, &message.kind).written(&fields);
        message.fields = Some(fields);
    }
}

/// Cuts the long texts and lists in fields, and says how long they were.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > OF_TEXT => {
            let length = text.len();
            text.truncate(text.floor_char_boundary(OF_TEXT));
            text.push_str(&format!("... ({length} octets of text)"));
        }
        Value::Array(list) => {
            let length = list.len();
            list.truncate(OF_LIST);
            list.iter_mut().for_each(shorten);
            if length > OF_LIST {
                list.push(format!("... ({length} in all)").into());
            }
        }
        Value::Object(map) => map.values_mut().for_each(shorten),
        _ => {}
    }
}

fn party(actor: Actor) -> Party {
    match actor {
        Actor::Card => Party::Card,
        Actor::Terminal => Party::Terminal,
        Actor::Server => Party::Server,
        Actor::Client => Party::Client,
    }
}

fn actor(party: Party) -> Actor {
    match party {
        Party::Card => Actor::Card,
        Party::Terminal => Actor::Terminal,
        Party::Server => Actor::Server,
        Party::Client => Actor::Client,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Default)]
    struct Messages(Vec<Message>);

    impl Recorder for Messages {
        fn message(&mut self, message: Message) {
            self.0.push(message);
        }

        fn check(&mut self, _: Check) {}

        fn wants_messages(&self) -> bool {
            true
        }
    }

    fn recorded(lengths: &[usize]) -> Vec<Message> {
        let mut kept = Messages::default();
        let mut notes = Notes::new(&mut kept, "case".into(), "dut", Time::ZERO);
        for length in lengths {
            let fields = json!({ "body": "ä".repeat(*length), "list": [{ "text": "x" }] }).into();
            let (from, kind, octets) = (Actor::Client, "http.request".into(), vec![7; *length]);
            let event = Event { at: Time::ZERO, from, kind, fields, octets, heard: true, wants_answer: false };
            notes.message(&Rc::new(event));
        }
        notes.write_up();
        drop(notes);
        kept.0
    }

    #[test]
    fn a_great_message_is_recorded_in_part_with_the_sum_of_all() {
        let [small, great] = &recorded(&[1000, 300_000])[..] else { panic!("two messages") };
        assert_eq!((small.octets.0.len(), small.note.as_deref()), (1000, None));
        assert_eq!(great.octets.0.len(), 256 * 1024);
        let note = great.note.as_deref().unwrap();
        assert!(note.starts_with("the first 262144 of 300000 octets are recorded; SHA-256 of all: "), "{note}");
        let body = great.fields.as_ref().unwrap()["body"].as_str().unwrap();
        assert!(body.ends_with("... (600000 octets of text)") && body.len() < 132_000, "{}", body.len());
        assert_eq!(great.fields.as_ref().unwrap()["list"][0]["text"], "x");
    }

    #[test]
    fn long_lists_of_a_large_message_are_recorded_in_part() {
        let mut list = json!({ "commands": (0..2000).collect::<Vec<_>>(), "few": [1, 2] });
        shorten(&mut list);
        assert_eq!(list["few"], json!([1, 2]));
        let commands = list["commands"].as_array().unwrap();
        assert_eq!((commands.len(), commands.last().unwrap()), (1001, &json!("... (2000 in all)")));
    }

    #[test]
    fn very_many_small_messages_are_recorded_up_to_the_limit_of_a_case() {
        let kept = recorded(&vec![0; 80_000]);
        assert!(kept.len() < 4 * 1024 * 1024 / 128, "{}", kept.len());
        assert_eq!(kept.iter().filter(|message| message.note.is_some()).count(), 1);
    }

    #[test]
    fn a_case_without_end_is_recorded_up_to_its_limit() {
        let kept = recorded(&[200_000; 200]);
        let whole: usize = kept.iter().map(|message| message.octets.0.len()).sum();
        assert!(whole <= 4 * 1024 * 1024, "{whole}");
        assert_eq!(kept.iter().filter(|message| message.note.is_some()).count(), 1);
        let last = kept.last().unwrap();
        assert_eq!(last.fields, None);
        assert!(last.note.as_deref().unwrap().starts_with("nothing more is recorded of this case"));
    }
}
