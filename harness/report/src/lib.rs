//! The run journal and everything rendered from it: JUnit, matrices, logs.
//!
//! [`journal`] is the on-disk record of a run, one event a line, written as the run goes.

pub mod journal;

#[cfg(test)]
mod synthetic;
