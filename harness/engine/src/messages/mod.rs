//! What a case can send and expect: every kind of message, its fields, and what it needs of the link.
//!
//! Each kind is declared once, beside what builds it and reads it. The check of cases, the JSON Schema for editors, the
//! reference, the help of the command line, the faults and the players are views of this one table, so that none of them
//! can say something else than the others.

mod account;
mod apdu;
mod bootstrap;
mod channel_data;
mod dm;
mod http;
mod kind;
mod notation;
mod notification;
mod pushed;
mod setup;
mod shape;
mod sms;
mod table;
mod tls;
mod toolkit;
pub(crate) mod value;
mod wake_up;

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub use account::AccountWith;
pub use apdu::{ApduWith, ProfileWith, ResponseWith};
pub use bootstrap::BootstrapWith;
pub use channel_data::ChannelDataWith;
pub use dm::{
    CRED_WORDS, ChalChoice, CredChoice, DmWith, Edit, Form, HttpFields, MacChoice, SessionText, StatusChoice,
};
pub use http::{Asker, HttpWith, Reuse};
pub(crate) use kind::NONE;
pub use kind::{Kind, What};
pub use notation::normalise;
pub use notification::{Digest, NotificationWith, SessionId};
pub use pushed::PushedWith;
pub use setup::{
    Announced, ApplicationWith, CardPin, CardSetup, DM_CLIENT_PORT, DmClientMode, FacilitiesWith, FetchLength, Package,
    Polling, SETTINGS, ScwsMode, Setup, StartMode, TerminalSetup, disturbance, schedule_json,
};
pub use shape::{FieldSpec, SessionForm, Shape, anchor};
pub use sms::{MediaName, SentBy, SmsWith};
pub use tls::{
    AlertWith, Answered, Content, HelloForm, Outgoing, RecordWith, ShownCertificate, Tls, TlsChange, TlsClientWith,
    TlsExtension, TlsServerWith, TlsVersion,
};
pub(crate) use tls::{alert_word, version_word};
pub use toolkit::ProactiveWith;
pub(crate) use value::shown;
pub use value::{
    Body, Chunks, Edits, FieldProblem, FieldValue, Group, HexOf, Listed, NonEmpty, Octets, Removable, Within,
};
pub use wake_up::{TriggerWays, WakeUp, WakeUpWith};

use crate::notation::{Notations, Scope};
use crate::role::Role;
use table::Table;

/// Every kind of message and every group of fields.
#[derive(Clone, Debug)]
pub struct Catalogue {
    kinds: Vec<Kind>,
    groups: BTreeMap<&'static str, Vec<FieldSpec>>,
    notations: Notations,
}

impl Catalogue {
    /// The catalogue.
    pub fn get() -> &'static Catalogue {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| {
            let mut table = Table::new();
            for declare in [
                apdu::declare,
                toolkit::declare,
                channel_data::declare,
                notification::declare,
                sms::declare,
                wake_up::declare,
                http::declare,
                dm::declare,
                tls::declare,
                setup::declare,
            ] {
                declare(&mut table);
            }
            let written = |fields: &Vec<FieldSpec>| fields.iter().map(|field| (field.name, field.written())).collect();
            let notations = table.groups.iter().map(|(name, fields)| (*name, written(fields))).collect();
            Catalogue { kinds: table.kinds(), groups: table.groups, notations }
        })
    }

    /// The kinds of a role, in the order of the reference.
    pub fn kinds(&self, role: Role) -> impl Iterator<Item = &Kind> {
        self.kinds.iter().filter(move |kind| kind.role == role)
    }

    /// The kind of this name.
    pub fn kind(&self, role: Role, name: &str) -> Option<&Kind> {
        self.kinds(role).find(|kind| kind.name == name)
    }

    /// The kind that a message heard under this name is of: the one of this name, else its family.
    pub fn heard(&self, role: Role, name: &str) -> Option<&Kind> {
        self.kind(role, name).or_else(|| self.kinds(role).find(|kind| kind.heard && kind.takes(name)))
    }

    /// The fields of a group; none for a name that no group has.
    pub fn group(&self, name: &str) -> &[FieldSpec] {
        self.groups.get(name).map_or(&[], Vec::as_slice)
    }

    /// How the fields of a group are written for a person.
    pub fn scope(&self, group: &'static str) -> Scope<'_> {
        Scope::of(&self.notations, group)
    }

    /// All groups, by name.
    pub fn groups(&self) -> impl Iterator<Item = (&'static str, &[FieldSpec])> {
        self.groups.iter().map(|(name, fields)| (*name, fields.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_groups_exist() {
        let catalogue = Catalogue::get();
        for role in Role::ALL {
            let mut seen = BTreeSet::new();
            for kind in catalogue.kinds(role) {
                assert!(seen.insert(&*kind.name), "{role}: {} stands twice", kind.name);
                assert!(kind.sent || kind.heard, "{role}: {} is neither sent nor heard", kind.name);
                assert!(!kind.doc.is_empty());
                let used = [kind.build, Some(kind.fields), kind.reply];
                for group in used.into_iter().flatten() {
                    assert!(catalogue.groups.contains_key(group), "{}: no group {group}", kind.name);
                }
                assert!(!kind.sent || kind.build.is_some(), "{} is sent and has no group", kind.name);
            }
        }
        for (group, fields) in catalogue.groups() {
            let unique: BTreeSet<_> = fields.iter().map(|field| field.name).collect();
            assert_eq!(unique.len(), fields.len(), "{group} has a field twice");
            for field in fields {
                assert!(!field.doc.is_empty(), "{group}.{} has no text", field.name);
                field.shape.records(&mut |name| {
                    assert!(catalogue.groups.contains_key(name), "{group}.{}: no group {name}", field.name);
                });
            }
        }
    }

    #[test]
    fn families_take_their_members() {
        let takes = |role, written: &str, heard: &str| Catalogue::get().kind(role, written).unwrap().takes(heard);
        assert!(takes(Role::Card, "envelope", "envelope.EE"));
        assert!(takes(Role::Card, "event", "event.data-available"));
        assert!(takes(Role::Card, "terminal-response", "terminal-response"));
        assert!(takes(Role::Terminal, "proactive", "command-7F"));
        assert!(takes(Role::Terminal, "proactive", "proactive"));
        assert!(takes(Role::Card, "select", "select"));
        assert!(!takes(Role::Card, "envelope", "envelopes"));
        assert!(!takes(Role::Card, "event.data-available", "event"));
        assert!(!takes(Role::Terminal, "proactive", "open-channel"));
        let heard = |role, name| Catalogue::get().heard(role, name).map(|kind| kind.name.as_ref());
        assert_eq!(heard(Role::Terminal, "command-7F"), Some("proactive"));
        assert_eq!(heard(Role::Card, "envelope.EE"), Some("envelope"));
        assert_eq!(heard(Role::Card, "terminal-response.command-7F"), Some("terminal-response"));
        assert_eq!(heard(Role::Card, "no-such-thing"), None);
    }
}
