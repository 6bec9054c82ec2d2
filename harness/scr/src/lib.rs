//! SCR items, requirement expressions, conformance statements, interpretations and item verdicts.
//!
//! The lowest layer: everything above names its items, verdicts and outcomes in the types of this crate.
//! It is pure. Text goes in and values or located errors come out; there is no I/O, no clock and no panic on
//! any input.
//!
//! The tables themselves (`fixtures/scr/*.yaml`) are data: [`Tables::builtin`] reads the copy embedded at
//! build time, [`Tables::load`] one that the caller has read from a folder.

mod aim;
mod coverage;
mod expr;

mod gate;
mod ics;
mod id;
mod item_verdict;
mod not_applicable;
mod not_run;
mod purposes;
mod readings;
mod reference;
mod tables;
mod ternary;
mod verdict;

pub use aim::{Aim, Aims};
pub use coverage::{CaseCoverage, CaseRef, Coverage, Covered, FieldUse, Unknown};
pub use expr::{Expr, ExprError, ExprErrorKind, FeatureSet, ItemRef, MAX_DEPTH};

pub use gate::{Gate, UnknownChoice, Unshown};
pub use ics::{
    Answer, AnswerAt, Change, CheckReport, Conflict, Draft, Dut, DutKind, Feature, FeatureAnswer, Freedom, Ics,
    ItemFreedom,
};
pub use id::{Class, IdError, ItemId, Status};
pub use item_verdict::{Evidence, ItemOutcome, ItemVerdict, Measured, Tally, item_verdicts};
pub use not_applicable::NotApplicable;
pub use not_run::{LeftOut, NotRun};
pub use purposes::{Footing, Open, Purpose, Purposes, Reason, Standing};
pub use readings::{Reading, Readings};
pub use reference::Reference;
pub use tables::{
    Alternative, Basis, Cited, Clause, Confidence, Document, External, Interpretation, Item, Known, Level, Requirement,
    Subject, Tables, TablesError, Topic,
};
pub use ternary::Ternary;
pub use verdict::{Outcome, UnknownVerdict, Verdict};
