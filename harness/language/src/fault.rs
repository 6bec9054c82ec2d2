//! Faults: named ways in which a reference DUT can be told to misbehave, as data.

use std::collections::BTreeMap;

use dmsc_doc::{Case, Field, Problem, Problems, Schema, Tagged};
use dmsc_engine::patch::Patch;
use dmsc_engine::switch::Switch;
use dmsc_scr::ItemId;

use crate::behaviour;
use crate::bundle::Bundle;
use crate::case::Found;
use crate::catalogue::Role;

/// One fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name.
    pub id: String,
    /// Which reference DUT has it.
    pub side: Role,
    /// What goes wrong, in one line.
    pub what: String,
    /// Wrong decisions.
    pub switches: Vec<Switch>,
    /// Wrong octets.
    pub patches: Vec<Patch>,
    /// Other answers in the statement: the fault is one of a DUT that claims other items.
    pub statement: BTreeMap<ItemId, bool>,
}

/// A fault that its DUT cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault {id}: {cause}; change its `statement`")]
pub struct FaultError {
    /// The fault.
    pub id: String,
    /// Why.
    pub cause: String,
}

impl PartialEq for Fault {
    /// Faults are known by name: a library has no two of one name.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.side == other.side
    }
}

/// The folder of the fault files.
const FAULTS: &str = "fixtures/faults/";

/// Every fault of a bundle, in the order of files and text.
///
/// # Errors
/// All that is wrong, file by file.
pub fn load(bundle: &Bundle) -> Result<Vec<Fault>, Vec<Problems>> {
    let mut found = Found::default();
    let mut faults: Vec<Fault> = Vec::new();
    behaviour::entries(bundle, FAULTS, &faults_schema(), &mut found, |source, node, found| {
        let id = behaviour::text(node, "id");
        if behaviour::is_new(source, node, "fault", faults.iter().any(|fault| fault.id == id), found) {
            faults.push(Fault {
                id,
                side: behaviour::side(node),
                what: behaviour::text(node, "what"),
                switches: behaviour::switches(node),
                patches: behaviour::patches(source, node, found),
                statement: behaviour::statement(source, node, found),
            });
        }
    });
    found.none_or(faults)
}

/// What a fault file may hold.
pub fn faults_schema() -> Schema {
    let sides = Role::ALL.map(|side| {
        let doc = match side {
            Role::Card => "The reference card has it.",
            Role::Terminal => "The reference terminal has it.",
        };
        Case::new(side.as_str(), doc, behaviour::fields(side))
    });
    let fault = Tagged::new([
        Field::required("id", crate::variables::name_schema(), "Name of the fault."),
        Field::required("what", Schema::text(), "What goes wrong, in one line."),
        behaviour::statement_field(),
    ])
    .value("side", "Which reference DUT has it.", sides);
    let some = Schema::Tagged(fault).with(|node| {
        let does = ["switches", "patches"].iter().any(|key| node.get(key).is_some());
        let at = node.entry("id").map_or(node.span, |entry| entry.key_span);
        (!does).then(|| Problem::new(at, "a fault that changes nothing").help("add `switches` or `patches`"))
    });
    Schema::seq_of(some, 1, usize::MAX)
}

#[cfg(test)]
mod tests {
    use dmsc_engine::mutation::Mutation;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_is_read() {
        let text = "
- id: upper-case
  side: terminal
  what: Package#1 has another session id.
  switches: [accept-replay]
  patches:
    - on: dm.message
      when: { msg_id: 1, encoding: xml }
      nth: 1
      with: { session_id: 0a0b }
      mutate: [{ append: 0a 0B }]
- id: mute
  statement: { DM_SC-S-003-O: no }
  side: card
  what: Nothing is sent.
  patches: [{ on: open-channel, drop: true }]
";
        let faults = load(&Bundle::of([("fixtures/faults/a.yaml", text)])).unwrap_or_else(|e| panic!("{}", e[0]));
        assert_eq!(faults.len(), 2);
        let first = &faults[0];
        assert_eq!((first.side, first.switches.as_slice()), (Role::Terminal, [Switch::AcceptReplay].as_slice()));
        let patch = &first.patches[0];
        assert_eq!((patch.on.as_str(), patch.nth), ("dm.message", Some(1)));
        assert!(patch.when.as_ref().unwrap().accepts(&json!({ "msg_id": "1", "encoding": "xml" })));
        assert_eq!(patch.change.with["session_id"], "0a0b");
        assert_eq!(patch.change.mutate, [Mutation::Append("0A0B".into())]);
        assert!(faults[1].patches[0].change.drop);
        assert_eq!(faults[1].statement.values().collect::<Vec<_>>(), [&false]);
    }
}
