//! Secrets of which one message has the beginning and a later one of its kind the rest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use dmsc_report::journal::{Event, Message, Party};
use serde_json::Value;

use super::reading::{Cut, Reading};
use super::rounds::every_reading;
use super::{Redactor, SECRET};

/// Octets of the beginning of a secret for which a message waits until it is known whether the rest follows.
const WAITS: usize = 4;

/// Events that wait at most, and octets of messages among them.
const MOST: usize = 64;
const MOST_OCTETS: usize = 512 * 1024;

/// The beginning of a secret that the messages of one party and kind have ended with.
#[derive(Debug, Clone)]
struct Begun {
    secret: usize,
    octets: usize,
    /// The numbers of the messages that have it.
    messages: Vec<usize>,
}

/// Passes events on without secrets. One whose end begins a secret waits until the next of its party and kind.
pub(crate) struct Across<'a> {
    redactor: &'a Redactor,
    sink: &'a mut dyn FnMut(Event),
    waiting: VecDeque<Event>,
    /// Octets of messages among them.
    octets: usize,
    /// The number of the first that waits.
    first: usize,
    begun: BTreeMap<(u8, String), Vec<Begun>>,
}

impl<'a> Across<'a> {
    pub(crate) fn new(redactor: &'a Redactor, sink: &'a mut dyn FnMut(Event)) -> Across<'a> {
        Across { redactor, sink, waiting: VecDeque::new(), octets: 0, first: 0, begun: BTreeMap::new() }
    }

    /// The next event.
    pub(crate) fn tell(&mut self, event: Event) {
        if self.redactor.is_idle() {
            return (self.sink)(event);
        }
        let (number, mut spans) = (self.first.saturating_add(self.waiting.len()), Vec::new());
        if let Event::Message(message) = &event {
            spans = self.follow(message, number);
            self.octets = self.octets.saturating_add(message.octets.0.len());
        }
        self.waiting.push_back(self.redactor.event(event));
        if let Some(from) = spans.iter().min().and_then(|from| from.checked_sub(self.first).or(Some(0))) {
            for (at, event) in self.waiting.iter_mut().enumerate().skip(from) {
                match event {
                    Event::Message(message) if spans.contains(&self.first.saturating_add(at)) => blank(message),
                    // It may be about one of them.
                    Event::Check(check) => check.octets.iter_mut().for_each(|octets| octets.0.fill(b'*')),
                    _ => {}
                }
            }
        }
        self.pass();
    }

    /// Passes on all that waits.
    pub(crate) fn end(&mut self) {
        self.begun.clear();
        self.pass();
    }

    /// Passes on what waits for nothing, and what waits too long.
    fn pass(&mut self) {
        let waits = |begun: &&Begun| begun.octets >= WAITS;
        let held = self.begun.values().flatten().filter(waits).flat_map(|begun| &begun.messages).copied();
        let held: BTreeSet<usize> = held.collect();
        while let Some(event) = self.waiting.front() {
            let over = self.waiting.len() > MOST || self.octets > MOST_OCTETS;
            if held.contains(&self.first) && !over {
                return;
            }
            if let Event::Message(message) = event {
                self.octets = self.octets.saturating_sub(message.octets.0.len());
            }
            self.first = self.first.saturating_add(1);
            self.waiting.pop_front().into_iter().for_each(&mut *self.sink);
        }
    }

    /// The messages over which a secret stands that ends in this one, with this one.
    fn follow(&mut self, message: &Message, number: usize) -> Vec<usize> {
        let party = match message.from {
            Party::Card => 0,
            Party::Terminal => 1,
            Party::Server => 2,
            Party::Client => 3,
        };
        let place = (party, message.kind.to_string());
        let before = self.begun.remove(&place).unwrap_or_default();
        let (mut spans, mut after): (Vec<usize>, Vec<Begun>) = (Vec::new(), Vec::new());
        let redactor = self.redactor;
        let secrets = &redactor.secrets;
        let mut look = |reading: &Reading| {
            let octets = reading.octets.as_slice();
            for (secret, wanted) in secrets.iter().enumerate() {
                let ends = |count: &usize| wanted.get(..*count).is_some_and(|part| octets.ends_with(part));
                if let Some(count) = (1..wanted.len()).rev().find(ends) {
                    after.push(Begun { secret, octets: count, messages: vec![number] });
                }
            }
            for begun in before.iter().filter(|_| !octets.is_empty()) {
                let rest = secrets.get(begun.secret).and_then(|secret| secret.get(begun.octets..)).unwrap_or_default();
                let mut messages = begun.messages.clone();
                messages.push(number);
                if octets.starts_with(rest) {
                    spans.extend(messages);
                } else if rest.starts_with(octets) {
                    let octets = begun.octets.saturating_add(octets.len());
                    after.push(Begun { secret: begun.secret, octets, messages });
                }
            }
        };
        let mut text = |text: &[u8]| {
            every_reading(Reading::of(text), Cut::default(), &mut look);
        };
        text(&message.octets.0);
        message.fields.iter().chain(message.context.values()).for_each(|value| texts(value, &mut text));
        // The same may be read in several ways.
        after.sort_by(|one, other| {
            (one.secret, one.octets, &one.messages).cmp(&(other.secret, other.octets, &other.messages))
        });
        after.dedup_by(|one, other| (one.secret, one.octets) == (other.secret, other.octets));
        if !after.is_empty() {
            self.begun.insert(place, after);
        }
        spans.sort_unstable();
        spans.dedup();
        spans
    }
}

/// All texts in a value.
fn texts(value: &Value, take: &mut dyn FnMut(&[u8])) {
    match value {
        Value::String(text) => take(text.as_bytes()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, take)),
        Value::Object(map) => map.values().for_each(|value| texts(value, take)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Leaves nothing of what a message says.
fn blank(message: &mut Message) {
    message.octets.0.fill(b'*');
    message.fields.iter_mut().chain(message.context.values_mut()).for_each(blank_value);
    message.written.values_mut().for_each(|text| *text = SECRET.into());
}

fn blank_value(value: &mut Value) {
    match value {
        Value::String(text) => *text = SECRET.into(),
        Value::Array(list) => list.iter_mut().for_each(blank_value),
        Value::Object(map) => map.values_mut().for_each(blank_value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use dmsc_octets::to_hex;
    use dmsc_report::journal::Octets;
    use serde_json::{Map, json};

    use super::*;

    const SECRET: &str = "Zq7pKw4T_hunter2-Xy";

    fn passed(parts: &[(&'static str, &str)]) -> Vec<Message> {
        let redactor = Redactor::hiding([Cow::Borrowed(SECRET.as_bytes())].into_iter());
        let mut all = Vec::new();
        let mut sink = |event: Event| {
            if let Event::Message(message) = event {
                all.push(message);
            }
        };
        let mut across = Across::new(&redactor, &mut sink);
        for (kind, part) in parts {
            across.tell(Event::Message(Message {
                at_us: 0,
                from: Party::Client,
                kind: (*kind).into(),
                octets: Octets(format!("HEAD {part}").into_bytes()),
                fields: Some(json!({ "kind": "x", "body": to_hex(part.as_bytes()) })),
                context: Map::new(),
                written: BTreeMap::new(),
                note: None,
            }));
        }
        across.end();
        all
    }

    #[test]
    fn a_secret_that_stands_over_several_messages_is_blanked_in_all() {
        for cut in 1..SECRET.len() {
            let (first, last) = SECRET.split_at(cut);
            let all = passed(&[("a", &format!("x {first}")), ("b", "between"), ("a", &format!("{last} y"))]);
            let [one, between, other] = &all[..] else { panic!("{} messages", all.len()) };
            assert_eq!(other.fields.as_ref().unwrap()["body"], "(secret)", "{cut}");
            assert!(other.octets.0.iter().all(|octet| *octet == b'*'));
            assert!(cut < WAITS || one.octets.0.iter().all(|octet| *octet == b'*'), "{cut}");
            assert_eq!(between.octets.0, b"HEAD between");
        }
        let all = passed(&[("a", "x Zq7pK"), ("a", "w4T_h"), ("a", "unter2-Xy")]);
        assert!(all.iter().flat_map(|message| &message.octets.0).all(|octet| *octet == b'*'));
    }

    #[test]
    fn what_begins_like_a_secret_passes_when_something_else_follows() {
        let all = passed(&[("a", "Zq7pKw4T_"), ("a", "other"), ("b", "hunter2-Xy")]);
        assert_eq!(all[0].octets.0, b"HEAD Zq7pKw4T_");
        assert_eq!(all.len(), 3);
        let many: Vec<_> = [("a", "Zq7pKw4T_")].into_iter().chain(vec![("b", "z"); 1000]).collect();
        assert_eq!(passed(&many).len(), 1001);
    }
}
