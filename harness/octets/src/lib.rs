//! What every layer needs of octets, once: hexadecimal text, patterns with wildcards, the places of fields, values that
//! follow from a seed, and files that are read no further than they may be.
//!
//! Nothing here knows a protocol, and no input makes it panic.

pub mod file;
pub mod hex;
pub mod irregular;
pub mod pattern;
pub mod random;
pub mod spans;
pub mod visible;

pub use hex::{HexError, from_hex, push_hex, to_hex};
pub use irregular::Irregularity;
pub use pattern::{HexPattern, HexUnit, glob};
pub use random::Random;
pub use spans::Spans;
pub use visible::{is_hidden, one_line, visible, visible_json};
