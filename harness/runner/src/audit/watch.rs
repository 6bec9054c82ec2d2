//! Watching the messages of a DUT for signs.

use std::collections::BTreeMap;

use dmsc_report::journal::{DutKind, Message, Party};
use serde_json::Value;

use super::Trace;
use super::signs::SIGNS;

/// What has been seen of a DUT.
pub(super) struct Watch {
    kind: DutKind,
    case: String,
    /// The file that the card has selected, as the terminal named it.
    selected: String,
    /// By the position of the sign: the first that shows the item, and the first that shows that it is not there.
    found: BTreeMap<(usize, bool), Trace>,
}

/// A message and what stands around it.
pub(super) struct Sight<'a> {
    /// The kind of message.
    pub(super) kind: &'a str,
    /// Its fields; null where it could not be decoded.
    pub(super) fields: &'a Value,
    /// The file that is selected on the card.
    pub(super) selected: &'a str,
}

impl Watch {
    pub(super) fn new(kind: DutKind) -> Self {
        Self { kind, case: String::new(), selected: String::new(), found: BTreeMap::new() }
    }

    /// A case begins.
    pub(super) fn begin(&mut self, case: &str) {
        case.clone_into(&mut self.case);
        self.selected.clear();
    }

    /// A message passes.
    pub(super) fn message(&mut self, message: &Message) {
        let fields = message.fields.as_ref().unwrap_or(&Value::Null);
        if message.kind == "select" {
            fields["data"].as_str().unwrap_or_default().clone_into(&mut self.selected);
        }
        let ours = match self.kind {
            DutKind::Card => matches!(message.from, Party::Card | Party::Server),
            DutKind::Terminal => matches!(message.from, Party::Terminal | Party::Client),
        };
        if !ours {
            return;
        }
        let sight = Sight { kind: &message.kind, fields, selected: &self.selected };
        for (at, sign) in SIGNS.iter().enumerate() {
            if let Some(shows) = (sign.look)(&sight) {
                let what = if shows { sign.seen } else { sign.missing };
                self.found.entry((at, shows)).or_insert_with(|| Trace::of(shows, what, &self.case, message));
            }
        }
    }

    /// What came of a sign: that it shows the item, if anything did.
    pub(super) fn trace(&self, at: usize) -> Option<Trace> {
        self.found.get(&(at, true)).or_else(|| self.found.get(&(at, false))).cloned()
    }
}

impl Sight<'_> {
    /// Whether the list under a field holds a text.
    pub(super) fn lists(&self, field: &str, text: &str) -> bool {
        self.fields[field].as_array().is_some_and(|all| all.iter().any(|one| one == text))
    }

    /// The commands of a DM message, those within others included.
    pub(super) fn commands(&self) -> Vec<&Value> {
        fn collect<'a>(list: &'a Value, all: &mut Vec<&'a Value>) {
            for command in list.as_array().into_iter().flatten() {
                all.push(command);
                collect(&command["commands"], all);
            }
        }
        let mut all = Vec::new();
        if self.kind == "dm.message" {
            collect(&self.fields["commands"], &mut all);
        }
        all
    }

    /// Whether a DM message has an Alert of this code.
    pub(super) fn alerts(&self, code: u64) -> bool {
        self.kind == "dm.message"
            && self.fields["alerts"].as_array().is_some_and(|all| all.iter().any(|one| one == code))
    }
}
