//! The table of messages as the language shows it: schemas for what cases write.

pub(crate) mod schema;

pub use dmsc_engine::messages::{Catalogue, FieldSpec, Kind, Shape};
pub use dmsc_engine::role::Role;
