//! What is known of a case without its steps.

use dmsc_scr::{Aim, ItemId, Reference};
use serde_json::Value;
use smol_str::SmolStr;

use crate::catalogue::Role;
use crate::variables::written;

/// What is known of an instance of a case file without its steps: all that choosing it takes, and all that reports say
/// of one that did not run. Texts of cases that are embedded stay where they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Folder and file name: `DM_SC-C-001-M/session-id`.
    pub id: SmolStr,
    /// The name of the instance: `DM_SC-C-001-M/session-id[encoding=xml]`.
    pub name: SmolStr,
    /// One line.
    pub title: SmolStr,
    /// What is shown, in a sentence or two.
    pub purpose: SmolStr,
    /// What it gives the DUT to deal with.
    pub aim: Aim,
    /// The clauses it rests on; never empty.
    pub spec: Vec<String>,
    /// The numbers by which others know it, those of files beside the cases included.
    pub refs: Vec<Reference>,
    /// The item of the folder; a topic, where it counts towards none.
    pub item: ItemId,
    /// Further items whose verdict it feeds.
    pub covers: Vec<ItemId>,
    /// What the harness plays.
    pub role: Role,
    /// The file, as errors name it.
    pub file: SmolStr,
    /// SHA-256 of the file and of the includes it uses, in hexadecimal.
    pub hash: SmolStr,
}

impl Head {
    /// Whether it is one of several instances of its file, or would be, had its parameters more values.
    pub fn has_parameters(&self) -> bool {
        self.name.len() != self.id.len()
    }
}

/// The name of an instance of a file.
pub(super) fn name(id: &str, instance: &[(String, Value)]) -> String {
    if instance.is_empty() {
        return id.to_owned();
    }
    let values: Vec<String> = instance.iter().map(|(name, value)| format!("{name}={}", written(value))).collect();
    format!("{id}[{}]", values.join(","))
}
