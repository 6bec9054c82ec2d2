//! Codecs of others, to be timed beside ours in one process: libwbxml and expat, taken from the system when they are
//! there. Nothing of dmsc needs them.

mod expat;
mod libwbxml;
mod samples;
mod time;

pub use expat::Expat;
pub use libwbxml::{LibWbxml, Tree};
pub use samples::{Sample, adversarial, messages};
pub use time::{Pace, paces};

/// A library for a test, which compares nothing without it. CI installs all of them.
#[cfg(test)]
fn there<L>(library: Option<L>) -> Option<L> {
    assert!(library.is_some() || std::env::var_os("CI").is_none(), "a library that is to be compared with is missing");
    library
}
