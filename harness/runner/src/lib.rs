//! Which cases run, how they run, and what they come to.

pub mod audit;
mod ending;
pub mod execute;
pub mod explore;
mod judge;
pub mod key_log;
mod look;
mod missed;
pub mod notes;
pub mod outcome;
mod package;
pub mod piecewise;
pub mod prove;
pub mod recorder;
pub mod redact;
mod requires;
mod rest;
pub mod run;
pub mod select;
pub mod shake;
mod stillness;
mod unrecorded;
