//! The service for PC/SC of systems that have their own (Windows, macOS). It starts by itself, and has no socket at which
//! to look: calls into it say whether it is there.

use std::time::Instant;

use crate::LinkError;
use crate::advice::{System, start_pcsc};

/// What is known of the service before it is called.
#[derive(Debug)]
pub(super) enum Daemon {
    /// It may be called.
    Up,
}

impl Daemon {
    /// Nothing can be seen from outside.
    pub(super) fn look() -> Daemon {
        Daemon::Up
    }

    /// There is nothing to wait for.
    ///
    /// # Errors
    /// None here.
    pub(super) fn wait(_until: Instant) -> Result<(), LinkError> {
        Ok(())
    }

    /// What is wrong when a call fails, for a person.
    pub(super) fn missing(&self) -> LinkError {
        LinkError::Missing {
            what: "the service for PC/SC takes no calls".into(),
            remedy: start_pcsc(System::HERE).into(),
        }
    }
}
