//! What a player tells of: each message it hears or says.

use std::borrow::Cow;

use dmsc_link::Time;
use serde_json::Value;

use crate::fields::Fields;

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

/// Commands whose data are PINs and PUKs (TS 102 221 11.1.9 to 11.1.13).
const PIN_COMMANDS: [&str; 5] = ["verify-pin", "change-pin", "disable-pin", "enable-pin", "unblock-pin"];

/// What stands for a secret.
const SECRET: &str = "(secret)";

impl Event {
    /// The event as it may leave the process: without PINs, and without the keys that AUTHENTICATE gives. The header of
    /// a command and the status word of a response stay.
    pub fn without_secrets(&self) -> Cow<'_, Event> {
        let is_pin = PIN_COMMANDS.contains(&&*self.kind);
        let is_key = self.kind == "response" && self.fields.get("to").and_then(Value::as_str) == Some("authenticate");
        let keeps = |value: Option<&Value>| value.and_then(Value::as_str).is_none_or(str::is_empty);
        if !(is_pin || is_key) || keeps(self.fields.get("data")) {
            return Cow::Borrowed(self);
        }
        let mut event = self.clone();
        let mut fields = (*event.fields).clone();
        if let Some(data) = fields.get_mut("data") {
            *data = Value::String(SECRET.into());
        }
        event.fields = fields.into();
        if is_pin {
            event.octets.truncate(5);
        } else {
            event.octets.drain(..event.octets.len().saturating_sub(2));
        }
        Cow::Owned(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, fields: Value, octets: &[u8]) -> Event {
        let (from, kind, octets) = (Actor::Terminal, kind.to_owned().into(), octets.to_vec());
        Event { at: Time::ZERO, from, kind, fields: fields.into(), octets, heard: true, wants_answer: true }
    }

    #[test]
    fn pins_and_keys_do_not_leave_the_process() {
        let pin = event("verify-pin", json!({ "p2": 1, "data": "31323334FFFFFFFF" }), &[0, 0x20, 0, 1, 8, 0x31, 0x32]);
        let shown = pin.without_secrets();
        assert_eq!(
            (shown.fields["data"].as_str(), shown.octets.as_slice()),
            (Some("(secret)"), &[0, 0x20, 0, 1, 8][..])
        );
        let keys = event("response", json!({ "to": "authenticate", "data": "DB08" }), &[0xDB, 0x08, 0x90, 0x00]);
        assert_eq!(keys.without_secrets().octets, [0x90, 0x00]);
        let query = event("verify-pin", json!({ "data": "" }), &[0, 0x20, 0, 1]);
        assert_eq!(query.without_secrets().octets, query.octets);
    }
}
