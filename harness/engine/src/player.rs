//! What both players have in common: they hear, they ask how to answer, they say.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use dmsc_link::{Peer, Signal, Time};
use dmsc_octets::Irregularity;
use dmsc_uicc::irregular;
use serde_json::{Map, Value};

use crate::account::Account;
use crate::choice::dm::Pace;
use crate::decoded::decode;
use crate::dm::directive::DirectiveError;
use crate::event::{Actor, Event};
use crate::fields::{Fields, add_irregular, together};
use crate::layer::Told;
use crate::messages::{FieldProblem, What};
use crate::patch::{Change, Patch, Patches};

/// How to answer a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reply {
    /// As the specification asks, by itself.
    #[default]
    Default,
    /// As the specification asks, but for this.
    With(Change),
    /// Not at all.
    Silent,
}

/// What became of what the DUT was last asked or woken with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing was asked that goes its own way.
    #[default]
    None,
    /// It reached the DUT then.
    Delivered(Time),
    /// It takes effect by itself at this time, which the DUT has chosen.
    Due(Time),
    /// The DUT has to come through its start-up first.
    Underway,
    /// It has not reached the DUT, and why.
    Failed(String),
}

/// Why a player cannot do what a case asks; the case is at fault, or the rig, never the DUT.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlayerError(pub String);

impl From<String> for PlayerError {
    fn from(text: String) -> Self {
        PlayerError(text)
    }
}

impl From<DirectiveError> for PlayerError {
    fn from(error: DirectiveError) -> Self {
        PlayerError(error.to_string())
    }
}

impl From<FieldProblem> for PlayerError {
    fn from(problem: FieldProblem) -> Self {
        PlayerError(problem.to_string())
    }
}

/// A role, played. The reference DUT is a player that answers by itself; the harness's side is one that asks.
pub trait Player: Peer {
    /// Begins the session.
    fn start(&mut self, now: Time);
    /// The next message heard or said, in order.
    fn next_event(&mut self) -> Option<Event>;
    /// Answers the oldest event that wants an answer.
    ///
    /// # Errors
    /// [`PlayerError`] when the reply does not fit the message.
    fn answer(&mut self, now: Time, reply: &Reply) -> Result<(), PlayerError>;
    /// Sends such a message, changed as asked.
    ///
    /// # Errors
    /// [`PlayerError`] when this role does not send such a message or the change does not fit it.
    fn perform(&mut self, now: Time, what: What, change: &Change) -> Result<(), PlayerError>;
    /// What became of the latest notification, wake-up or request.
    fn delivery(&self) -> &Delivery;
    /// The next short message that the network is to deliver to the other side, which no link carries.
    fn to_deliver(&mut self) -> Option<Vec<u8>> {
        None
    }
    /// The account with the nonces in force now, for the next session with the same DUT.
    fn account(&self) -> Option<&Account>;
    /// Why nothing more can come of this session, when the other side has brought the player to that: it goes on for
    /// ever, or there is none to begin with.
    fn given_up(&self) -> Option<&str> {
        None
    }
    /// That the other side has begun a message and not come to its end, in words.
    fn unfinished(&self) -> Option<String> {
        None
    }
}

/// Where the messages of a player pass: the events it tells of, the signals it sends, the patches it obeys.
#[derive(Debug)]
pub struct PlayerIo {
    /// Whether the player asks before it answers.
    pub scripted: bool,
    /// The time of the signal or tick being handled.
    pub now: Time,
    /// What became of the latest notification, wake-up or request.
    pub delivery: Delivery,
    events: VecDeque<Event>,
    /// What is to be sent, and when.
    outbox: VecDeque<(Time, Signal)>,
    /// How long everything takes that is sent.
    delay: Duration,
    patches: Patches,
}

impl PlayerIo {
    /// One that obeys these patches, and takes its time.
    pub fn new(scripted: bool, patches: Vec<Patch>, pace: Pace) -> PlayerIo {
        PlayerIo {
            scripted,
            now: Time::ZERO,
            delivery: Delivery::None,
            events: VecDeque::new(),
            outbox: VecDeque::new(),
            delay: match pace {
                Pace::AtOnce => Duration::ZERO,
                Pace::Brisk => Duration::from_millis(20),
                Pace::Slow => Duration::from_millis(300),
            },
            patches: Patches::new(patches),
        }
    }

    /// Tells of a message from the other side. Returns whether the player must wait to be told how to answer.
    pub fn hear(
        &mut self,
        from: Actor,
        kind: impl Into<Cow<'static, str>>,
        octets: &[u8],
        fields: impl FnOnce() -> Map<String, Value>,
    ) -> bool {
        self.heard(from, kind.into(), octets, true, |kind| seen(from, kind, octets, fields()))
    }

    /// As [`PlayerIo::hear`], of a message that was read already, with the fields of `context` beside its own; its octets
    /// may tell its own by themselves.
    pub(crate) fn hear_read(
        &mut self,
        from: Actor,
        kind: &'static str,
        octets: &[u8],
        context: Map<String, Value>,
        (own, told): (impl FnOnce() -> Map<String, Value>, bool),
    ) -> bool {
        self.heard(from, kind.into(), octets, true, |_| {
            let fields = context.clone().into_iter().chain(own()).collect();
            if told { Fields::known(fields, from, kind, octets, context) } else { Value::Object(fields).into() }
        })
    }

    /// As [`PlayerIo::hear`], of a message that can be read, whose octets tell all but the fields of `context`. They are
    /// decoded when somebody looks at them, if nothing in the message is irregular.
    pub fn hear_octets(
        &mut self,
        from: Actor,
        kind: impl Into<Cow<'static, str>>,
        octets: &[u8],
        context: Map<String, Value>,
    ) -> bool {
        self.heard(from, kind.into(), octets, true, |kind| seen_octets(from, kind.clone(), octets, context))
    }

    /// Tells of something that happened and needs no answer.
    pub fn observe(
        &mut self,
        from: Actor,
        kind: impl Into<Cow<'static, str>>,
        octets: &[u8],
        fields: impl FnOnce() -> Map<String, Value>,
    ) {
        self.heard(from, kind.into(), octets, false, |kind| seen(from, kind, octets, fields()));
    }

    /// As [`PlayerIo::hear_octets`], of something that needs no answer.
    pub fn observe_octets(
        &mut self,
        from: Actor,
        kind: impl Into<Cow<'static, str>>,
        octets: &[u8],
        context: Map<String, Value>,
    ) {
        self.heard(from, kind.into(), octets, false, |kind| seen_octets(from, kind.clone(), octets, context));
    }

    /// As [`PlayerIo::observe`], of what can be read; the fields are decoded when somebody looks at them, if nothing is
    /// irregular.
    pub fn observe_first(
        &mut self,
        from: Actor,
        kind: impl Into<Cow<'static, str>>,
        octets: &[u8],
        fields: impl FnOnce() -> Map<String, Value> + Send + 'static,
    ) {
        self.heard(from, kind.into(), octets, false, |kind| seen_first(from, kind, octets, fields));
    }

    /// Tells of what came from the other side, where somebody listens; gives whether that is so.
    fn heard(
        &mut self,
        from: Actor,
        kind: Cow<'static, str>,
        octets: &[u8],
        wants_answer: bool,
        fields: impl FnOnce(&Cow<'static, str>) -> Fields,
    ) -> bool {
        if self.scripted {
            let fields = fields(&kind);
            self.push(from, kind, octets, fields, true, wants_answer);
        }
        self.scripted
    }

    /// Tells of a message to the other side.
    pub fn say(
        &mut self,
        from: Actor,
        kind: impl Into<Cow<'static, str>>,
        octets: &[u8],
        fields: impl FnOnce() -> Map<String, Value>,
    ) {
        if self.scripted {
            self.push(from, kind.into(), octets, Value::Object(fields()).into(), false, false);
        }
    }

    /// As [`PlayerIo::say`]; the fields are decoded when somebody looks at them.
    pub fn say_first(
        &mut self,
        from: Actor,
        kind: impl Into<Cow<'static, str>>,
        octets: &[u8],
        fields: impl FnOnce() -> Map<String, Value> + Send + 'static,
    ) {
        if self.scripted {
            self.push(from, kind.into(), octets, Fields::later(fields), false, false);
        }
    }

    /// As [`PlayerIo::say`], of a message whose octets tell all but the fields of `context`.
    pub fn say_octets(
        &mut self,
        from: Actor,
        kind: impl Into<Cow<'static, str>>,
        octets: &[u8],
        context: Map<String, Value>,
    ) {
        if self.scripted {
            let kind = kind.into();
            let fields = Fields::of_octets(from, kind.clone(), octets, context, false);
            self.push(from, kind, octets, fields, false, false);
        }
    }

    /// As [`PlayerIo::say`], of a message whose octets may tell its fields; otherwise those that were meant are told.
    pub(crate) fn say_read(
        &mut self,
        from: Actor,
        kind: &'static str,
        octets: &[u8],
        meant: impl FnOnce() -> Map<String, Value>,
    ) {
        if self.scripted {
            let fields = match decode(from, kind, octets) {
                Some(told) => Fields::known(told, from, kind, octets, Map::new()),
                None => Value::Object(meant()).into(),
            };
            self.push(from, kind.into(), octets, fields, false, false);
        }
    }

    /// Tells of what happened in TLS on a connection of whoever `us` is. Returns whether the player must wait to be told
    /// how to answer.
    pub(crate) fn tell_tls(&mut self, us: Actor, told: Told) -> bool {
        let asks = told.is_hello();
        let Told { heard, kind, octets, fields } = told;
        match (heard, asks) {
            (true, true) => return self.hear(us.peer(), kind, &octets, || fields),
            (true, false) => self.observe(us.peer(), kind, &octets, || fields),
            (false, _) => self.say(us, kind, &octets, || fields),
        }
        false
    }

    fn push(
        &mut self,
        from: Actor,
        kind: Cow<'static, str>,
        octets: &[u8],
        fields: Fields,
        heard: bool,
        wants_answer: bool,
    ) {
        self.events.push_back(Event { at: self.now, from, kind, fields, octets: octets.to_vec(), heard, wants_answer });
    }

    /// The next event.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The change a patch makes to an outgoing message of this kind, laid under what the case asks.
    pub fn change(
        &mut self,
        kind: &str,
        asked: Option<&Change>,
        fields: impl Fn() -> Map<String, Value>,
    ) -> Option<Change> {
        let patched = self.patches.change(kind, || Value::Object(fields()));
        match (patched, asked) {
            (None, None) => None,
            (None, Some(asked)) => Some(asked.clone()),
            (Some(patched), None) => Some(patched),
            (Some(mut patched), Some(asked)) => {
                patched.overlay(asked);
                Some(patched)
            }
        }
    }

    /// Sends a signal.
    pub fn send(&mut self, signal: Signal) {
        self.outbox.push_back((self.now + self.delay, signal));
    }

    /// The next signal to send.
    pub fn poll(&mut self) -> Option<Signal> {
        if self.outbox.front().is_none_or(|(due, _)| *due > self.now) {
            return None;
        }
        self.outbox.pop_front().map(|(_, signal)| signal)
    }

    /// When there is a signal to send, if there is one.
    pub fn due(&self) -> Option<Time> {
        self.outbox.front().map(|(due, _)| *due)
    }

    /// Takes back what a card said and nobody has fetched yet; gives whether the answer to a command was among it.
    pub fn discard_answers(&mut self) -> bool {
        let interrupted = self.outbox.iter().any(|(_, signal)| matches!(signal, Signal::Response(_)));
        self.outbox.retain(|(_, signal)| !matches!(signal, Signal::Response(_) | Signal::Atr(_)));
        interrupted
    }

    /// A patch or a reply does not fit: whoever listens learns that this side can go no further.
    pub fn break_off(&mut self, error: &PlayerError) {
        self.send(Signal::Ended(format!("the reference DUT cannot follow its fault: {error}")));
    }
}

/// The fields of what was heard over the contact interface, and what its decoders forgave. Messages of DM and HTTP come
/// with that.
fn seen(from: Actor, kind: &str, octets: &[u8], fields: Map<String, Value>) -> Fields {
    with(fields, &irregularities(from, kind, octets))
}

/// As [`seen`], of what can be read; decoded at once only where something had to be forgiven.
fn seen_first(
    from: Actor,
    kind: &str,
    octets: &[u8],
    fields: impl FnOnce() -> Map<String, Value> + Send + 'static,
) -> Fields {
    let irregular = irregularities(from, kind, octets);
    if irregular.is_empty() { Fields::regular(fields) } else { with(fields(), &irregular) }
}

/// As [`seen_first`], of octets that tell all but the fields of `context`.
fn seen_octets(from: Actor, kind: Cow<'static, str>, octets: &[u8], context: Map<String, Value>) -> Fields {
    let irregular = irregularities(from, &kind, octets);
    if irregular.is_empty() {
        return Fields::of_octets(from, kind, octets, context, true);
    }
    with(together(context, from, &kind, octets), &irregular)
}

fn with(mut fields: Map<String, Value>, irregular: &[Irregularity]) -> Fields {
    add_irregular(&mut fields, irregular);
    Value::Object(fields).into()
}

/// What is irregular about the octets of a message of the contact interface.
fn irregularities(from: Actor, kind: &str, octets: &[u8]) -> Vec<Irregularity> {
    match (from, kind) {
        _ if octets.is_empty() => Vec::new(),
        (Actor::Terminal, _) => irregular::command_apdu(octets),
        (Actor::Card, "atr") => Vec::new(),
        (Actor::Card, "response") => irregular::response_apdu(octets),
        (Actor::Card, _) => irregular::proactive_command(octets),
        (Actor::Server | Actor::Client, _) => Vec::new(),
    }
}
