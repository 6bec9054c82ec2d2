//! A package that is sent in several messages (DMPRO 6), as one message.

use std::rc::Rc;

use dmsc_engine::event::Event;
use serde_json::{Map, Value};

/// The messages of a package that have come so far.
#[derive(Debug, Default)]
pub(crate) struct Package {
    parts: Vec<Map<String, Value>>,
}

/// How many messages of a package are waited for.
pub(crate) const MOST_MESSAGES: usize = 64;

/// What a package has of all its messages; everything else is that of the last.
const JOINED: [&str; 7] = ["names", "alerts", "status", "statuses", "results", "devinfo", "commands"];

impl Package {
    /// Whether a message is the last of its package. What is no DM message is always whole.
    pub(crate) fn is_complete_with(&self, event: &Event) -> bool {
        event.kind != "dm.message" || event.fields.get("final") != Some(&Value::Bool(false))
    }

    /// Whether a message belongs to the package that has begun.
    pub(crate) fn goes_on_with(&self, event: &Event) -> bool {
        let session = |fields: &Value| fields.get("session_id").cloned();
        let begun = self.parts.last().and_then(|part| part.get("session_id").cloned());
        begun.is_some() && begun == session(&event.fields)
    }

    /// Adds a message that is not the last.
    pub(crate) fn add(&mut self, event: &Event) {
        self.parts.extend(event.fields.as_object().cloned());
    }

    /// How many messages of a package have come that is not complete.
    pub(crate) fn open(&self) -> Option<usize> {
        (!self.parts.is_empty()).then_some(self.parts.len())
    }

    /// The whole package, of which the last message is given.
    pub(crate) fn joined(&self, last: Rc<Event>) -> Rc<Event> {
        if self.parts.is_empty() {
            return last;
        }
        let mut event = (*last).clone();
        let mut fields = event.fields.as_object().cloned().unwrap_or_default();
        for name in JOINED {
            let own = fields.remove(name);
            let all = self.parts.iter().filter_map(|part| part.get(name)).chain(own.as_ref());
            let joined = all.fold(None, |joined: Option<Value>, next| Some(join(joined, next)));
            fields.extend(joined.map(|joined| (name.to_owned(), joined)));
        }
        if let Some(package) = self.parts.first().and_then(|first| first.get("package")) {
            fields.insert("package".into(), package.clone());
        }
        // Credentials come once, with the message that needs them.
        if let Some(with) = self.parts.iter().find(|part| part.get("cred").is_some_and(|cred| !cred.is_null())) {
            for name in ["cred", "credentials", "source_name"] {
                fields.extend(with.get(name).map(|value| (name.to_owned(), value.clone())));
            }
        }
        event.fields = Value::Object(fields).into();
        Rc::new(event)
    }
}

/// Lists one after the other; of entries with one name the first counts.
fn join(joined: Option<Value>, next: &Value) -> Value {
    match (joined, next) {
        (Some(Value::Array(mut elements)), Value::Array(more)) => {
            elements.extend(more.iter().cloned());
            Value::Array(elements)
        }
        (Some(Value::Object(mut entries)), Value::Object(more)) => {
            for (name, value) in more {
                entries.entry(name.clone()).or_insert_with(|| value.clone());
            }
            Value::Object(entries)
        }
        (_, next) => next.clone(),
    }
}

#[cfg(test)]
mod tests {
    use dmsc_engine::event::Actor;
    use dmsc_link::Time;
    use serde_json::json;

    use super::*;

    fn message(fields: Value) -> Event {
        let (from, kind) = (Actor::Client, "dm.message".into());
        let (heard, wants_answer, octets) = (true, true, Vec::new());
        Event { at: Time::ZERO, from, kind, fields: fields.into(), octets, heard, wants_answer }
    }

    #[test]
    fn a_package_is_what_all_its_messages_hold() {
        let mut package = Package::default();
        let first = message(
            json!({ "final": false, "msg_id": "2", "package": 1, "names": ["Alert"], "status": { "SyncHdr": 212 } }),
        );
        let last = message(
            json!({ "final": true, "msg_id": "3", "package": 3, "names": ["Status"], "status": { "SyncHdr": 200, "Alert": 200 } }),
        );
        assert!(!package.is_complete_with(&first) && package.is_complete_with(&last));
        package.add(&first);
        assert_eq!(package.open(), Some(1));
        let whole = package.joined(Rc::new(last));
        let expected = json!({
            "final": true, "msg_id": "3", "package": 1, "names": ["Alert", "Status"],
            "status": { "SyncHdr": 212, "Alert": 200 },
        });
        assert_eq!(*whole.fields, expected);
    }

    #[test]
    fn a_message_by_itself_is_the_same() {
        let only = Rc::new(message(json!({ "final": true })));
        assert!(Rc::ptr_eq(&Package::default().joined(Rc::clone(&only)), &only));
    }
}
