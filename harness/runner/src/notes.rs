//! What passed and what was found, noted while the DUT is to be served, and written up when there is time.
//!
//! To write a message up costs more than to send it. The next command does not wait for that; the record is made when
//! the harness has to wait for the DUT, and at the latest when the case is over.

use std::rc::Rc;

use dmsc_engine::event::{Actor, Event};
use dmsc_link::Time;
use dmsc_report::journal::{Check, Message, Octets, Party};

use crate::execute::Recorder;

/// Notes that may wait. An exchange takes about three; a process that is killed loses no more than these.
const WAITING: usize = 256;

/// Octets of messages that may wait; what is written up of them takes several times as much.
const WAITING_OCTETS: usize = 256 * 1024;

/// The notes of a case.
pub(crate) struct Notes<'a> {
    recorder: &'a mut dyn Recorder,
    case: String,
    dut: &'a str,
    began: Time,
    waiting: Vec<Note<'a>>,
    /// Octets of the messages among them.
    octets: usize,
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
        Notes { recorder, case, dut, began, waiting: Vec::new(), octets: 0 }
    }

    /// A message passed.
    pub(crate) fn message(&mut self, event: &Rc<Event>) {
        if self.recorder.wants_messages() {
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
            let (case, dut) = (self.case.clone(), self.dut.to_owned());
            match note {
                Note::Message(event) => self.recorder.message(message(&event, case, dut, self.began)),
                Note::Check(check) => self.recorder.check(check(case, dut)),
            }
        }
    }
}

fn message(event: &Event, case: String, dut: String, began: Time) -> Message {
    let event = event.without_secrets();
    Message {
        case,
        dut,
        at_us: event.at.micros().saturating_sub(began.micros()),
        from: party(event.from),
        to: party(event.from.peer()),
        kind: event.kind.clone().into_owned(),
        octets: Octets(event.octets.clone()),
        fields: Some((*event.fields).clone()),
        written: event.scope().written(&event.fields),
        note: None,
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
