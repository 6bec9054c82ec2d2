//! What a player tells of: each message it hears or says.

use std::borrow::Cow;

use dmsc_link::Time;
use dmsc_octets::Spans;
use dmsc_uicc::instruction::{Instruction, Secret};
use dmsc_uicc::spans;
use serde_json::Value;

use crate::dm::{Encoding, view};
use crate::fields::Fields;
use crate::http::{self, Side};
use crate::messages::{Catalogue, Kind, What};
use crate::notation::Scope;
use crate::role::Role;
use crate::trigger_form::header_length;

/// Who speaks. Card and terminal speak over the contact interface; server and client are the DM roles on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The UICC.
    Card,
    /// The terminal.
    Terminal,
    /// The DM_SC Server with the SCWS in front of it.
    Server,
    /// The DM Client.
    Client,
}

impl Actor {
    /// The name used in journals.
    pub fn name(self) -> &'static str {
        match self {
            Actor::Card => "card",
            Actor::Terminal => "terminal",
            Actor::Server => "server",
            Actor::Client => "client",
        }
    }

    /// The other end of the same conversation.
    pub fn peer(self) -> Actor {
        match self {
            Actor::Card => Actor::Terminal,
            Actor::Terminal => Actor::Card,
            Actor::Server => Actor::Client,
            Actor::Client => Actor::Server,
        }
    }
}

/// One message, heard from the DUT or said to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it passed.
    pub at: Time,
    /// Who said it.
    pub from: Actor,
    /// What kind of message it is, as cases name it.
    pub kind: Cow<'static, str>,
    /// Its fields, as cases see them.
    pub fields: Fields,
    /// Its octets.
    pub octets: Vec<u8>,
    /// Whether it came from the DUT.
    pub heard: bool,
    /// Whether the player waits to be told how to answer.
    pub wants_answer: bool,
}

fn kind_of(from: Actor, kind: &str) -> Option<&'static Kind> {
    let hears = match from {
        Actor::Card | Actor::Server => Role::Terminal,
        Actor::Terminal | Actor::Client => Role::Card,
    };
    Catalogue::get().heard(hears, kind)
}

/// How the fields of a message are written for a person.
pub fn scope(from: Actor, kind: &str) -> Scope<'static> {
    kind_of(from, kind).map(|kind| Catalogue::get().scope(kind.fields)).unwrap_or_default()
}

/// What stands for a secret.
const SECRET: &str = "(secret)";

impl Event {
    /// The event as it may leave the process: without PINs, and without the keys that AUTHENTICATE gives. The header of
    /// a command and the status word of a response stay.
    pub fn without_secrets(&self) -> Cow<'_, Event> {
        let secret = match self.from {
            // Whatever the command was read as: its instruction is what a card goes by.
            Actor::Terminal => self.octets.get(1).and_then(|ins| Instruction::of(*ins)).map(|known| known.secret),
            Actor::Card if self.kind == "response" => {
                // Where it is known without them, the fields need not be decoded for it.
                let known = self.fields.context().and_then(|context| context.get("to"));
                let to = known.or_else(|| self.fields.get("to"));
                let to = to.and_then(Value::as_str).and_then(Instruction::from_name);
                to.map(|known| known.secret)
            }
            _ => None,
        };
        let (header, trailer) = match (self.from, secret) {
            (Actor::Terminal, Some(Secret::Command)) => (self.header(), 0),
            (Actor::Card, Some(Secret::Response)) => (0, STATUS),
            _ => return Cow::Borrowed(self),
        };
        let count = self.octets.len().saturating_sub(header).saturating_sub(trailer);
        if count == 0 {
            return Cow::Borrowed(self);
        }
        let mut event = self.clone();
        let mut fields = (*event.fields).clone();
        if let Some(data) = fields.get_mut("data") {
            *data = Value::String(SECRET.into());
        }
        event.fields = fields.into();
        event.octets.drain(header..header.saturating_add(count));
        Cow::Owned(event)
    }

    /// The octets of a command APDU in front of its data: four, and Lc where the fifth octet is one.
    fn header(&self) -> usize {
        let length = self.octets.len();
        let is_lc = |lc: &u8| *lc == 0 || usize::from(*lc).saturating_add(5) <= length;
        if length <= 5 || self.octets.get(4).is_some_and(is_lc) { 5 } else { 4 }
    }

    /// Whether some of it is kept out of what leaves the process.
    pub fn has_secrets(&self) -> bool {
        matches!(self.without_secrets(), Cow::Owned(_))
    }

    /// Whether it could not be read as what it should be.
    pub fn is_malformed(&self) -> bool {
        !self.fields.is_regular() && self.fields.get("malformed").is_some_and(|why| !why.is_null())
    }

    /// What kind of message it is, as the table has it.
    pub fn what(&self) -> Option<What> {
        self.kind_of().map(|kind| kind.what)
    }

    fn kind_of(&self) -> Option<&'static Kind> {
        kind_of(self.from, &self.kind)
    }

    /// How its fields are written for a person.
    pub fn scope(&self) -> Scope<'static> {
        scope(self.from, &self.kind)
    }

    /// Where its fields stand in its octets. They are decoded once more for that.
    pub fn spans(&self) -> Spans {
        let octets = &self.octets;
        match self.what() {
            Some(What::Apdu(_) | What::Profile | What::Envelope(_) | What::Event(_) | What::TerminalResponse(_)) => {
                spans::command_apdu(octets)
            }
            Some(What::Response) => {
                let data = self.fields.get("data").and_then(Value::as_str).map_or(0, str::len) / 2;
                // Data that came in several responses do not stand in the octets of the last.
                match data.saturating_add(STATUS) > octets.len() {
                    true => Spans::at(0..octets.len())
                        .with("sw", Spans::at(octets.len().saturating_sub(STATUS)..octets.len())),
                    false => spans::response_apdu(octets),
                }
            }
            Some(What::Command(_)) => spans::proactive_command(octets),
            Some(What::Notification) => {
                let header = header_length(octets);
                dmsc_dm::package0::spans(octets.get(header..).unwrap_or_default()).shifted(header)
            }
            Some(What::HttpRequest) => http::spans(octets, Side::Server),
            Some(What::HttpResponse | What::HttpInterim) => http::spans(octets, Side::Client),
            Some(What::DmMessage) => {
                let encoding = self.fields.get("encoding").and_then(Value::as_str);
                let encoding = Encoding::ALL.into_iter().find(|known| Some(known.name()) == encoding);
                view::spans(octets, encoding.unwrap_or_else(|| Encoding::of_octets(octets)))
            }
            Some(What::DmUnreadable) => {
                let offset = self.fields.get("offset").and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
                let last = octets.len().saturating_sub(1);
                match offset.map(|at| at.min(last)) {
                    Some(at) if !octets.is_empty() => Spans::new().with("reason", Spans::at(at..at.saturating_add(1))),
                    _ => Spans::new(),
                }
            }
            Some(What::Atr) => Spans::new().with("atr", Spans::at(0..octets.len())),
            _ => Spans::new(),
        }
    }

    /// What its decoder forgave: the kind of each irregularity, and what was found.
    pub fn irregularities(&self) -> impl Iterator<Item = (&str, &str)> {
        // Where it is known that there are none, the fields need not be decoded for it.
        let told = if self.fields.is_regular() { None } else { self.fields.get("irregular") };
        let all = told.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(|one| Some((one.get("kind")?.as_str()?, one.get("what")?.as_str()?)))
    }
}

/// The octets of a response APDU after its data.
pub(crate) const STATUS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, fields: Value, octets: &[u8]) -> Event {
        let from = if kind == "response" { Actor::Card } else { Actor::Terminal };
        let (kind, octets) = (kind.to_owned().into(), octets.to_vec());
        Event { at: Time::ZERO, from, kind, fields: fields.into(), octets, heard: true, wants_answer: true }
    }

    #[test]
    fn pins_and_keys_do_not_leave_the_process() {
        let octets = [0, 0x20, 0, 1, 8, 0x31, 0x32, 0x33, 0x34, 0xFF, 0xFF, 0xFF, 0xFF];
        let pin = event("verify-pin", json!({ "p2": 1, "data": "31323334FFFFFFFF" }), &octets);
        let shown = pin.without_secrets();
        assert_eq!(
            (shown.fields["data"].as_str(), shown.octets.as_slice()),
            (Some("(secret)"), &[0, 0x20, 0, 1, 8][..])
        );
        let keys = event("response", json!({ "to": "authenticate", "data": "DB08" }), &[0xDB, 0x08, 0x90, 0x00]);
        assert_eq!(keys.without_secrets().octets, [0x90, 0x00]);
        let broken = event("apdu", json!({ "malformed": "..." }), &[0, 0x20, 0, 1, 0, 0, 8, 0x31, 0x32]);
        assert_eq!(broken.without_secrets().octets, [0, 0x20, 0, 1, 0]);
        let cut = event("verify-pin", json!({ "malformed": "..." }), &[0, 0x20, 0, 1, 0x31, 0x32, 0x33, 0x34]);
        assert_eq!(cut.without_secrets().octets, [0, 0x20, 0, 1], "Lc is missing");
        let query = event("verify-pin", json!({ "data": "" }), &[0, 0x20, 0, 1]);
        assert_eq!(query.without_secrets().octets, query.octets);
    }
}
