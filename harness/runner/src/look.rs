//! The look before the cases: whether the DUT is alive, and whether a case can be brought to its start at all. What
//! stands in the way of every case is told once, instead of once a case after a window that nothing can come in.

mod card;
mod client;

use dmsc_bench::rig::Rig;
use dmsc_engine::role::Role;
use dmsc_scr::Verdict;

pub(crate) use client::ClientLook;

/// What no case can get past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wall {
    /// What the cases are: inconclusive, or an error where the rig or a sign of life is missing.
    pub(crate) verdict: Verdict,
    /// What stands there, and what to try.
    pub(crate) reason: String,
}

impl Wall {
    fn new(verdict: Verdict, reason: impl Into<String>) -> Wall {
        Wall { verdict, reason: reason.into() }
    }
}

/// What a look came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// What no case can get past, if there is such.
    pub(crate) wall: Option<Wall>,
    /// What is not as it should be, though cases can be run.
    pub(crate) oddities: Vec<String>,
}

/// Looks at a DUT in a session of its own, where it is a card; a terminal is looked at in the sessions of its first
/// cases, see [`ClientLook`].
pub(crate) fn look(rig: &mut Rig<'_>) -> Looked {
    if rig.dut.role() == Role::Terminal && rig.has_contact() { card::look(rig) } else { Looked::default() }
}
