//! The run journal and everything rendered from it: JUnit, matrices, logs.
//!
//! [`journal`] is the on-disk record of a run, one event a line, written as the run goes.
//! [`folder`] puts the journals of a run together; everything else is rendered from that.

pub mod folder;
pub mod journal;
pub mod junit;
pub mod log;

mod evidence;
mod hexdump;
mod text;

#[cfg(test)]
mod synthetic;
