//! YAML documents with source positions: closed schemas, located errors, JSON Schema.
//!
//! Cases, conformance statements and DUT files are read by people and written by people, so each
//! of them goes the same way: [`parse`] turns a [`Source`] into a [`Node`] tree in which every
//! value knows where it stands, [`Schema::check`] compares the tree with what is allowed, and
//! whatever is wrong comes back as [`Problems`], which show the line, a caret, what was found,
//! what is allowed and the nearest name. [`load`] does both steps. Where a type of the program says
//! what is allowed, [`read`] stands in for the schema.
//!
//! The same [`Schema`] value publishes itself as a JSON Schema for editors.
//!
//! Nothing here reads a file or a clock, and no input makes it panic.

mod duration;
mod nearest;
mod node;
mod octets;
mod parse;
mod problem;
mod read;
mod scalar;
mod schema;
mod secrets;
mod source;
mod visible;

pub use duration::parse_duration;
pub use nearest::nearest;
pub use node::{Entry, Kind, Node, Value};
pub use octets::Octets;
pub use parse::{MAX_DEPTH, parse};
pub use problem::{Problem, Problems};
pub use read::read;
pub use schema::{
    Case, Check, Choice, Definitions, Field, Free, Group, Mapping, Name, Schema, Selector, Tagged, Text, Variant, load,
};
pub use secrets::{secret_values, seems_to_have};
pub use source::{Lines, Source, Span, line_col};
