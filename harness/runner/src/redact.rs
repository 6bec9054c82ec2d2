//! Secrets of a DUT file, kept out of what leaves the process, whatever writes them and however: what is recorded or said is
//! read in all the ways in which a secret may have been written, and blanked where one of them tells of it.
//!
//! The keys of the reference DUTs are published with them, and stay as they are.

mod across;
mod digits;
mod forms;
mod readers;
mod reading;
mod rounds;

use std::borrow::Cow;
use std::ops::Range;

use dmsc_engine::account::Account;
use dmsc_engine::event::Event as Passing;
use dmsc_language::dut::Dut;
use dmsc_report::journal::{Check, Event, Message, Octets};
use serde_json::{Map, Value};

pub(crate) use self::across::Across;
use self::forms::{Forms, Hit, SHORTEST};
use self::reading::{Cut, Reading};
use self::rounds::every_reading;
use crate::notes::PART;
use crate::outcome::CaseResult;

/// What stands for a secret in a text.
const SECRET: &str = "(secret)";

/// The ends of texts of which the rest was left out.
const CUTS: [&str; 3] = ["\u{2026}", "... (", " octets left out]"];

/// Takes the secrets of a DUT out of what is recorded and said.
#[derive(Debug, Default)]
pub struct Redactor {
    forms: Forms,
    secrets: Vec<Vec<u8>>,
}

/// Which secrets something tells of, each a bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told(u64);

impl Told {
    fn of(hits: &[Hit]) -> Told {
        Told(hits.iter().fold(0, |told, hit| told | 1 << (hit.secret & 63)))
    }

    fn and(self, other: Told) -> Told {
        Told(self.0 | other.0)
    }

    /// Whether the other tells of a secret that this does not.
    fn lacks(self, other: Told) -> bool {
        other.0 & !self.0 != 0
    }
}

impl Redactor {
    /// For the secrets of a DUT: none where they are to be shown, or are those of a reference DUT.
    pub fn of(dut: &Dut) -> Redactor {
        if dut.shows_secrets { Redactor::default() } else { Redactor::of_head(dut) }
    }

    /// For what says which DUT it is: that is the same whether its secrets are to be shown or not, for a run is known by it.
    pub(crate) fn of_head(dut: &Dut) -> Redactor {
        if dut.is_reference() { Redactor::default() } else { Redactor::of_accounts(dut) }
    }

    /// For the secrets of a DUT file, whatever its link: who plays a side alone has the accounts of the file and another link.
    pub fn of_accounts(dut: &Dut) -> Redactor {
        let accounts = std::iter::once(&dut.ixit.account).chain(&dut.ixit.other_account);
        Redactor::hiding(accounts.flat_map(secrets))
    }

    /// Whether there is nothing to be hidden.
    pub fn is_idle(&self) -> bool {
        self.secrets.is_empty()
    }

    fn hiding<'s>(secrets: impl Iterator<Item = Cow<'s, [u8]>>) -> Redactor {
        let mut secrets: Vec<Vec<u8>> =
            secrets.filter(|secret| secret.len() >= SHORTEST).map(Cow::into_owned).collect();
        secrets.sort_unstable();
        secrets.dedup();
        Redactor { forms: Forms::of(&secrets), secrets }
    }

    /// A text without secrets. Where it was cut, a part of one is blanked as well.
    pub fn text(&self, text: &mut String) {
        self.tell_text(text);
    }

    fn tell_text(&self, text: &mut String) -> Told {
        // No form is shorter, and no part of one where a text is cut.
        if self.is_idle() || text.len() < SHORTEST {
            return Told::default();
        }
        let mut hits = self.hits(text.as_bytes(), Cut::default());
        self.at_cuts(text, &mut hits);
        if hits.is_empty() {
            return Told::default();
        }
        let told = Told::of(&hits);
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for place in merged(hits) {
            let (begin, end) = (text.floor_char_boundary(place.start), text.ceil_char_boundary(place.end));
            out.push_str(text.get(done..begin).unwrap_or_default());
            out.push_str(SECRET);
            done = end.max(done);
        }
        out.push_str(text.get(done..).unwrap_or_default());
        *text = out;
        told
    }

    /// Parts of secrets beside the places at which something was left out.
    fn at_cuts(&self, text: &str, hits: &mut Vec<Hit>) {
        for (at, cut) in CUTS.iter().flat_map(|cut| text.match_indices(cut)) {
            // What was left out is told in brackets on a line of its own.
            let end = match cut.ends_with(']') {
                true => text.get(..at).unwrap_or_default().rfind('[').unwrap_or(at),
                false => at,
            };
            let before = text.get(..end).unwrap_or_default().trim_end();
            let from = before.ceil_char_boundary(before.len().saturating_sub(self.window()));
            let part = before.get(from..).unwrap_or_default();
            self.shifted(part, Cut { begin: false, end: true }, from, hits);
            let behind = at.saturating_add(cut.len());
            let after = text.get(behind..).unwrap_or_default();
            let blank = after.len().saturating_sub(after.trim_start().len());
            let after = after.trim_start();
            let part = after.get(..after.floor_char_boundary(self.window())).unwrap_or_default();
            self.shifted(part, Cut { begin: true, end: false }, behind.saturating_add(blank), hits);
        }
    }

    /// What is found in a part of a text that begins there.
    fn shifted(&self, part: &str, cut: Cut, from: usize, hits: &mut Vec<Hit>) {
        hits.extend(self.hits(part.as_bytes(), cut).into_iter().map(|Hit { place, secret }| Hit {
            place: place.start.saturating_add(from)..place.end.saturating_add(from),
            secret,
        }));
    }

    /// Octets in which the longest form may be written.
    fn window(&self) -> usize {
        const MOST_FOR_ONE: usize = 12;
        self.forms.longest().saturating_mul(MOST_FOR_ONE)
    }

    /// Octets without secrets, as many as before: places in them stay what they are.
    pub fn octets(&self, octets: &mut [u8]) {
        self.tell_octets(octets, false);
    }

    fn tell_octets(&self, octets: &mut [u8], cut: bool) -> Told {
        if self.is_idle() {
            return Told::default();
        }
        let hits = self.hits(octets, Cut { begin: false, end: cut });
        let told = Told::of(&hits);
        for place in merged(hits) {
            octets.get_mut(place).unwrap_or_default().fill(b'*');
        }
        told
    }

    /// Where secrets stand, in any order.
    fn hits(&self, octets: &[u8], cut: Cut) -> Vec<Hit> {
        let mut hits = Vec::new();
        every_reading(Reading::of(octets), cut, &mut |reading| self.forms.find(reading, cut, &mut hits));
        hits
    }

    /// A value whose names have no secrets, without secrets in the rest of it.
    pub(crate) fn values(&self, value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|value| self.values(value)),
            Value::Object(map) => map.values_mut().for_each(|value| self.values(value)),
            other => self.value(other),
        }
    }

    /// A value without secrets, also in the names of its fields.
    pub fn value(&self, value: &mut Value) {
        if !self.is_idle() {
            self.tell_value(value);
        }
    }

    fn tell_value(&self, value: &mut Value) -> Told {
        match value {
            Value::String(text) => self.tell_text(text),
            Value::Array(list) => list.iter_mut().map(|value| self.tell_value(value)).fold(Told::default(), Told::and),
            Value::Object(map) => self.tell_map(map),
            Value::Number(number) => {
                let mut text = number.to_string();
                let told = self.tell_text(&mut text);
                if told != Told::default() {
                    *value = Value::String(text);
                }
                told
            }
            Value::Null | Value::Bool(_) => Told::default(),
        }
    }

    fn tell_map(&self, map: &mut Map<String, Value>) -> Told {
        let mut told = Told::default();
        let rebuilt = std::mem::take(map).into_iter().map(|(mut name, mut value)| {
            told = told.and(self.tell_text(&mut name)).and(self.tell_value(&mut value));
            (name, value)
        });
        let rebuilt: Vec<(String, Value)> = rebuilt.collect();
        for (name, value) in rebuilt {
            // Several names may have become one.
            let mut free = name.clone();
            let mut number = 2;
            while map.contains_key(&free) {
                free = format!("{name} {number}");
                number += 1;
            }
            map.insert(free, value);
        }
        told
    }

    /// An event of the journal without secrets.
    pub fn event(&self, mut event: Event) -> Event {
        if self.is_idle() {
            return event;
        }
        match &mut event {
            Event::Message(message) => self.message(message),
            Event::Check(check) => self.check(check),
            Event::CaseStarted(started) => started.gap.iter_mut().for_each(|gap| self.text(&mut gap.what)),
            Event::CaseFinished(finished) => {
                finished.outcome.reason.iter_mut().for_each(|reason| self.text(reason));
                finished.remarks.iter_mut().for_each(|remark| self.text(remark));
            }
            Event::Run(_) | Event::RunFinished(_) => {}
        }
        event
    }

    fn message(&self, message: &mut Message) {
        let cut = message.note.as_ref().is_some_and(|note| note.starts_with(PART));
        let written = self.tell_octets(&mut message.octets.0, cut);
        let mut told = message.fields.iter_mut().map(|fields| self.tell_value(fields)).fold(written, Told::and);
        told = told.and(self.tell_map(&mut message.context));
        for (mut path, mut text) in std::mem::take(&mut message.written) {
            told = told.and(self.tell_text(&mut path)).and(self.tell_text(&mut text));
            message.written.insert(path, text);
        }
        message.note.iter_mut().for_each(|note| self.text(note));
        // They are written in a way that is known to their decoder alone.
        if written.lacks(told) {
            message.octets.0.fill(b'*');
        }
    }

    /// A message as it passes, without secrets; in one message alone, for nothing waits for the next.
    pub fn passing(&self, mut event: Passing) -> Passing {
        if self.is_idle() {
            return event;
        }
        let written = self.tell_octets(&mut event.octets, false);
        let mut fields = (*event.fields).clone();
        if written.lacks(self.tell_value(&mut fields)) {
            event.octets.fill(b'*');
        }
        Passing { fields: fields.into(), ..event }
    }

    /// A check without secrets.
    pub fn check(&self, check: &mut Check) {
        for text in [&mut check.what, &mut check.expected] {
            self.text(text);
        }
        let told = self.tell_text(&mut check.got);
        check.hint.iter_mut().for_each(|hint| self.text(hint));
        let cut = check.octets_in_all.is_some();
        if let Some(Octets(octets)) = &mut check.octets
            && self.tell_octets(octets, cut).lacks(told)
        {
            octets.fill(b'*');
        }
    }

    /// What came of a case, without secrets.
    pub(crate) fn result(&self, result: &mut CaseResult) {
        self.text(&mut result.reason);
        result.remarks.iter_mut().for_each(|remark| self.text(remark));
        result.interrupted.iter_mut().for_each(|what| self.text(what));
    }
}

/// Takes the secrets of a DUT out of its name, which is in all that is written and said of it. To be done once, before anything
/// is known by the name.
pub fn hide_in_name(dut: &mut Dut) {
    let redactor = Redactor::of_head(dut);
    redactor.text(&mut dut.name);
}

/// Places that neither overlap nor touch, in their order.
fn merged(hits: Vec<Hit>) -> Vec<Range<usize>> {
    let mut places: Vec<Range<usize>> = hits.into_iter().map(|hit| hit.place).collect();
    places.sort_unstable_by_key(|place| place.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for place in places {
        match merged.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => merged.push(place),
        }
    }
    merged
}

/// The secrets of an account.
fn secrets(account: &Account) -> Vec<Cow<'_, [u8]>> {
    let texts = [&account.server_secret, &account.client_secret].map(|text| Cow::Borrowed(text.as_bytes()));
    texts.into_iter().chain([Cow::Borrowed(account.psk.key.as_slice())]).collect()
}

#[cfg(test)]
mod tests;
