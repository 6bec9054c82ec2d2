//! What a person chose to run.

use std::fmt;

use dmsc_engine::role::Role;
use dmsc_language::case::Head;
use dmsc_language::dut::Dut;
use dmsc_scr::{ItemId, LeftOut};

use super::{CaseName, Condition};

/// What a person chose to run. Empty, it chooses everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Items; a case belongs to the item of its folder and to those it covers. Any of them.
    pub items: Vec<ItemId>,
    /// Names of cases. Any of them.
    pub cases: Vec<CaseName>,
    /// The role the harness plays.
    pub role: Option<Role>,
    /// A further condition, with its text.
    pub expression: Option<(String, Condition)>,
    /// One part of several: this one, counted from 1, of so many.
    pub shard: Option<(usize, usize)>,
}

impl Selection {
    /// Whether nothing was chosen, so that everything runs.
    pub fn is_everything(&self) -> bool {
        *self == Selection::default()
    }

    /// By which choice a case is left out, if it is.
    pub(crate) fn leaves_out(&self, case: &Head, dut: &Dut, index: usize) -> Option<LeftOut> {
        let belongs = |item: &ItemId| case.item == *item || case.covers.contains(item);
        if !self.items.is_empty() && !self.items.iter().any(belongs) {
            return Some(LeftOut::Item);
        }
        if !self.cases.is_empty() && !self.cases.iter().any(|name| name.is_of(case)) {
            return Some(LeftOut::Case);
        }
        if self.role.is_some_and(|role| role != case.role) {
            return Some(LeftOut::Role);
        }
        if self.expression.as_ref().is_some_and(|(_, e)| !e.holds(case, dut)) {
            return Some(LeftOut::Condition);
        }
        match self.shard {
            Some((this, of)) if of > 0 && index % of != this.saturating_sub(1) => Some(LeftOut::Shard { this, of }),
            _ => None,
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() {
            return f.write_str("all");
        }
        let mut parts = Vec::new();
        if !self.items.is_empty() {
            parts.push(format!("items {}", joined(&self.items)));
        }
        if !self.cases.is_empty() {
            parts.push(format!("cases {}", joined(&self.cases)));
        }
        if let Some(role) = self.role {
            parts.push(format!("role {}", role.as_str()));
        }
        if let Some((text, _)) = &self.expression {
            parts.push(format!("where {text}"));
        }
        if let Some((this, of)) = self.shard {
            parts.push(format!("shard {this}/{of}"));
        }
        f.write_str(&parts.join("; "))
    }
}

fn joined(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
