//! SCR items, requirement expressions, conformance statements, interpretations and item verdicts.
//!
//! The lowest layer: everything above names its items, verdicts and outcomes in the types of this crate.
//! It is pure. Text goes in and values or located errors come out; there is no I/O, no clock and no panic on
//! any input.
//!
//! The tables themselves (`fixtures/scr/*.yaml`) are data: [`Tables::builtin`] reads the copy embedded at
//! build time, [`Tables::load`] one that the caller has read from a folder.

mod expr;
mod id;
mod tables;
mod ternary;
mod verdict;

pub use expr::{Expr, ExprError, ExprErrorKind, FeatureSet, ItemRef, MAX_DEPTH};
pub use id::{Class, IdError, ItemId, Status};
pub use tables::{
    Alternative, Basis, Clause, Confidence, External, Interpretation, Item, Level, Requirement,
    Subject, Tables, TablesError,
};
pub use ternary::Ternary;
pub use verdict::{Outcome, UnknownVerdict, Verdict};
