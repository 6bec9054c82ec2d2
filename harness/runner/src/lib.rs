//! Which cases run, how they run, and what they come to.

pub mod evidence;
pub mod execute;
mod notes;
pub mod outcome;
pub mod piecewise;
pub mod prove;
pub mod run;
pub mod select;
pub mod shake;
mod unrecorded;
