//! Where a run tells what passed and what was found.

use dmsc_report::journal::{Check, Message};

/// Where a run tells what passed and what was found.
pub trait Recorder {
    /// A message passed.
    fn message(&mut self, message: Message);
    /// A step was judged.
    fn check(&mut self, check: Check);
    /// Whether messages are wanted at all.
    fn wants_messages(&self) -> bool {
        true
    }
    /// Whether what the octets of a message tell is decoded again by whoever wants it ([`crate::notes::decode`]).
    fn decodes_again(&self) -> bool {
        false
    }
}
