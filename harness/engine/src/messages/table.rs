//! The table that the families of messages fill.

use std::collections::BTreeMap;

use super::kind::{Declaration, Kind, NONE};
use super::shape::{FieldSpec, Shape};
use super::value::Group;
use crate::role::Role;

/// Kinds and groups on their way into the catalogue.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) declarations: Vec<Declaration>,
    pub(super) groups: BTreeMap<&'static str, Vec<FieldSpec>>,
}

/// The group of what a decoder forgave.
const IRREGULARITY: &str = "irregularity";

impl Table {
    /// A table with the groups that belong to no family.
    pub(super) fn new() -> Table {
        let mut table = Table::default();
        table.specs(NONE, Vec::new());
        let kind = "What sort of irregularity, in a word that never changes: `unknown-element`.";
        let irregularity = vec![
            FieldSpec::new("kind", Shape::Text, kind),
            FieldSpec::new("what", Shape::Text, "What was found, in a line."),
        ];
        table.specs(IRREGULARITY, irregularity);
        table
    }

    /// Adds a kind.
    pub(super) fn kind(&mut self, declaration: Declaration) {
        self.declarations.push(declaration);
    }

    /// Adds the fields that a struct is read from.
    pub(super) fn group<G: Group>(&mut self) {
        self.specs(G::NAME, G::specs());
    }

    /// Adds fields under a name.
    pub(super) fn specs(&mut self, name: &'static str, fields: Vec<FieldSpec>) {
        self.groups.insert(name, fields);
    }

    /// Adds the fields that a case sees of a message that is decoded, and with them what the decoder forgave.
    pub(super) fn seen(&mut self, name: &'static str, mut fields: Vec<FieldSpec>) {
        let doc = "What is not as the standard writes it, though it could be read; absent when nothing is.";
        fields.push(FieldSpec::new("irregular", Shape::Record(IRREGULARITY).list(), doc));
        self.specs(name, fields);
    }

    /// The fields that a struct is read from.
    pub(super) fn specs_of<G: Group>(&self) -> Vec<FieldSpec> {
        G::specs()
    }

    /// The kinds as the roles know them. A kind that one role both sends and hears is one.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = Vec::new();
        for role in Role::ALL {
            for kind in self.declarations.iter().filter_map(|declaration| declaration.for_role(role)) {
                match kinds.iter_mut().find(|known| known.role == role && known.name == kind.name) {
                    Some(known) => known.join(kind),
                    None => kinds.push(kind),
                }
            }
        }
        kinds
    }
}

impl Kind {
    /// Joins what a role hears under a name with what it sends under it.
    fn join(&mut self, other: Kind) {
        self.sent |= other.sent;
        self.heard |= other.heard;
        self.patched |= other.patched;
        self.build = self.build.or(other.build);
        self.reply = self.reply.or(other.reply);
        if other.heard {
            self.fields = other.fields;
        }
    }
}
