//! Changes to messages a player is about to send: one mechanism for cases (`with`, `reply`, `mutate`) and faults.

use serde_json::{Map, Value};

use crate::messages::{FieldProblem, Group};
use crate::mutation::Mutation;
use crate::template::Template;

/// What to change in one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Fields that differ from the default; `null` leaves a field out.
    pub with: Map<String, Value>,
    /// Edits of the octets, after they were built.
    pub mutate: Vec<Mutation>,
    /// The message is not sent at all.
    pub drop: bool,
}

impl Change {
    /// Fields that differ, nothing else.
    pub fn with(with: Map<String, Value>) -> Change {
        Change { with, ..Change::default() }
    }

    /// The fields as a group has them.
    ///
    /// # Errors
    /// [`FieldProblem`] for a field that the group does not have, or whose value does not fit.
    pub fn read<G: Group>(&self) -> Result<G, FieldProblem> {
        G::from_fields(&self.with)
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.with.is_empty() && self.mutate.is_empty() && !self.drop
    }

    /// Lays another change over this one; the other wins.
    pub fn overlay(&mut self, other: &Change) {
        merge(&mut self.with, &other.with);
        self.mutate.extend(other.mutate.iter().cloned());
        self.drop |= other.drop;
    }

    /// Applies the octet edits.
    ///
    /// # Errors
    /// The text of the edit that cannot be made.
    pub fn edit(&self, octets: &mut Vec<u8>) -> Result<(), String> {
        self.mutate.iter().try_for_each(|mutation| mutation.apply(octets)).map_err(|e| format!("mutate: {e}"))
    }
}

/// A change to every message of one kind that a template accepts: what a fault of a reference DUT is made of.
#[derive(Clone, Debug)]
pub struct Patch {
    /// The kind of message.
    pub on: String,
    /// Which of them; all when there is no template.
    pub when: Option<Template>,
    /// Only this occurrence, counted from 1.
    pub nth: Option<u32>,
    /// What to change.
    pub change: Change,
}

/// Patches with what they have seen so far.
#[derive(Clone, Debug, Default)]
pub struct Patches(Vec<(Patch, u32)>);

impl Patches {
    /// Patches that have seen nothing yet.
    pub fn new(patches: Vec<Patch>) -> Patches {
        Patches(patches.into_iter().map(|patch| (patch, 0)).collect())
    }

    /// The change due to a message of this kind; the fields are only computed when a template asks for them.
    pub fn change(&mut self, kind: &str, fields: impl Fn() -> Value) -> Option<Change> {
        let mut total: Option<Change> = None;
        for (patch, seen) in self.0.iter_mut().filter(|(patch, _)| patch.on == kind) {
            if patch.when.as_ref().is_some_and(|template| !template.accepts(&fields())) {
                continue;
            }
            *seen = seen.saturating_add(1);
            if patch.nth.is_none_or(|nth| nth == *seen) {
                total.get_or_insert_default().overlay(&patch.change);
            }
        }
        total
    }
}

/// Lays `over` on `base`: mappings are merged, everything else is replaced, `null` removes.
pub fn merge(base: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (name, value) in over {
        match (base.get_mut(name), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => merge(inner, value),
            (_, value) => {
                base.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Removes what was set to `null`.
pub fn prune(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null());
    for value in map.values_mut() {
        if let Value::Object(inner) = value {
            prune(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("a mapping") };
        map
    }

    #[test]
    fn mappings_are_merged_and_null_removes() {
        let mut base = map(json!({"transport": {"protocol": "tcp", "port": 1}, "buffer_size": 200}));
        merge(&mut base, &map(json!({"transport": {"port": 2}, "buffer_size": null})));
        prune(&mut base);
        assert_eq!(Value::Object(base), json!({"transport": {"protocol": "tcp", "port": 2}}));
    }

    #[test]
    fn a_patch_counts_what_its_template_accepts() {
        let when = Template::compile(&json!({"a": 1})).unwrap();
        let change = Change { drop: true, ..Change::default() };
        let mut patches = Patches::new(vec![Patch { on: "x".into(), when: Some(when), nth: Some(2), change }]);
        assert_eq!(patches.change("y", || json!({"a": 1})), None);
        assert_eq!(patches.change("x", || json!({"a": 2})), None);
        assert_eq!(patches.change("x", || json!({"a": 1})), None);
        assert!(patches.change("x", || json!({"a": 1})).unwrap().drop);
        assert_eq!(patches.change("x", || json!({"a": 1})), None);
    }
}
