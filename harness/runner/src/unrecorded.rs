//! For sessions that nobody reads.

use dmsc_report::journal::{Check, Message};

use crate::recorder::Recorder;

/// Keeps nothing, and asks for no messages.
pub(crate) struct Unrecorded;

impl Recorder for Unrecorded {
    fn message(&mut self, _message: Message) {}

    fn check(&mut self, _check: Check) {}

    fn wants_messages(&self) -> bool {
        false
    }
}
