//! Case language, selection, execution and verdicts.

pub mod bundle;
pub mod case;
pub mod catalogue;
pub mod disturb;
pub mod dut;
pub mod editors;
pub mod evidence;
pub mod execute;
mod far_end;
pub mod fault;
mod kept;
mod nonces;
mod notes;
mod pace;
pub mod piecewise;
pub mod play;
pub mod prove;
pub mod rig;
pub mod run;
pub mod select;
pub mod session;
pub mod shake;
pub mod variables;
mod wire;
