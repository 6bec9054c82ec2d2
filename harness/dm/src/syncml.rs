//! Typed SyncML DM 1.2 messages (DMREPPRO 1.2, DMPRO 1.2) and their mapping to elements.
//!
//! Numbers stay text as carried: an implementation that writes `01` or `0x1` must be seen doing so. Every
//! type has a tree form through serde, with the field names a case file uses.

mod codes;
mod data;
mod from_element;
mod message;
mod order;
mod place;
mod regular;
mod spans;
mod to_element;

pub use codes::{AlertCode, StatusCode};
pub use data::Data;
pub(crate) use from_element::format_of;
pub use from_element::{Decoded, MessageError};
pub use message::{Chal, Command, CommandName, Cred, Item, Message, Meta, SyncHdr};
pub(crate) use place::data_of;
pub(crate) use regular::Regular;
pub use smol_str::SmolStr as Text;
pub use spans::{CommandSpans, MessageSpans};
pub(crate) use to_element::Carrier;

#[cfg(test)]
pub(crate) mod strategies;
#[cfg(test)]
mod tests;
