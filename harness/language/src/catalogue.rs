//! The table of messages as the language shows it: schemas for what cases write, and the reference.

mod reference;
pub(crate) mod schema;

pub use dmsc_engine::messages::{Catalogue, FieldSpec, Kind, Shape};
pub use dmsc_engine::role::Role;
pub use reference::reference;
