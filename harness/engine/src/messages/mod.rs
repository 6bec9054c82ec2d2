//! What a case can send and expect: every kind of message, its fields, and what it needs of the link.
//!
//! One table serves the check of cases, the JSON Schema for editors, the reference in `LANGUAGE.md` and the help of
//! the command line, so that none of them can say something else than the others.

mod groups;
mod kinds;
mod shape;

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub use crate::role::Role;
pub use shape::{FieldSpec, Shape, anchor};

/// A kind of message, as one role knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// The name in cases.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// The role that sends or hears it.
    pub role: Role,
    /// Whether a case of this role can `send` it.
    pub sent: bool,
    /// Whether a case of this role can `expect` it.
    pub heard: bool,
    /// Whether it needs the contact interface; other kinds work over byte streams too.
    pub contact: bool,
    /// The group of the fields that whoever sends it can set: `with`, here or in a fault.
    pub build: Option<&'static str>,
    /// The group of the fields that `match` and `where` look at.
    pub fields: &'static str,
    /// The group of the fields that `reply` can set; none when the message wants no answer.
    pub reply: Option<&'static str>,
}

/// Every kind of message and every group of fields.
#[derive(Clone, Debug)]
pub struct Catalogue {
    kinds: Vec<Kind>,
    groups: BTreeMap<&'static str, Vec<FieldSpec>>,
}

impl Catalogue {
    /// The catalogue.
    pub fn get() -> &'static Catalogue {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| Catalogue { kinds: kinds::kinds(), groups: groups::groups() })
    }

    /// The kinds of a role, in the order of the reference.
    pub fn kinds(&self, role: Role) -> impl Iterator<Item = &Kind> {
        self.kinds.iter().filter(move |kind| kind.role == role)
    }

    /// The kind of this name.
    pub fn kind(&self, role: Role, name: &str) -> Option<&Kind> {
        self.kinds(role).find(|kind| kind.name == name)
    }

    /// The fields of a group; none for a name that no group has.
    pub fn group(&self, name: &str) -> &[FieldSpec] {
        self.groups.get(name).map_or(&[], Vec::as_slice)
    }

    /// All groups, by name.
    pub fn groups(&self) -> impl Iterator<Item = (&'static str, &[FieldSpec])> {
        self.groups.iter().map(|(name, fields)| (*name, fields.as_slice()))
    }
}

/// Whether a message of the kind `heard` is one that a case asks for by `written`.
///
/// Names are equal, or `written` is the name of a family: `envelope`, `event` and `terminal-response` take every
/// message of that family, `proactive` every command whose type has no name.
pub fn is_kind(written: &str, heard: &str) -> bool {
    let family = match written {
        "envelope" | "event" | "terminal-response" => {
            heard.strip_prefix(written).is_some_and(|rest| rest.starts_with('.'))
        }
        "proactive" => heard.starts_with("command-"),
        _ => false,
    };
    family || written == heard
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::dm::directive::{BODY_FIELDS, HEADER_FIELDS};
    use crate::site::HTTP_FIELDS;

    use super::*;

    fn names(group: &str) -> BTreeSet<&'static str> {
        Catalogue::get().group(group).iter().map(|field| field.name).collect()
    }

    #[test]
    fn names_are_unique_and_groups_exist() {
        let catalogue = Catalogue::get();
        for role in Role::ALL {
            let mut seen = BTreeSet::new();
            for kind in catalogue.kinds(role) {
                assert!(seen.insert(kind.name.as_str()), "{role}: {} stands twice", kind.name);
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
    fn directives_have_the_fields_that_the_players_follow() {
        let players: BTreeSet<_> = HEADER_FIELDS.iter().chain(BODY_FIELDS).copied().collect();
        assert_eq!(names("dm.directive"), players);
        let http: BTreeSet<_> = names("http.request.with").union(&names("http.response.with")).copied().collect();
        let mut ours: BTreeSet<_> = HTTP_FIELDS.iter().copied().collect();
        ours.insert("connection");
        assert_eq!(http, ours);
    }

    #[test]
    fn families_take_their_members() {
        assert!(is_kind("envelope", "envelope.EE"));
        assert!(is_kind("event", "event.data-available"));
        assert!(is_kind("proactive", "command-7F"));
        assert!(is_kind("select", "select"));
        assert!(!is_kind("envelope", "envelopes"));
        assert!(!is_kind("event.data-available", "event"));
        assert!(!is_kind("proactive", "open-channel"));
    }
}
