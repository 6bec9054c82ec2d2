//! Case language, selection, execution and verdicts.

pub mod bundle;
pub mod case;
pub mod catalogue;
pub mod dut;
pub mod editors;
pub mod evidence;
pub mod execute;
pub mod fault;
pub mod piecewise;
pub mod prove;
pub mod rig;
pub mod run;
pub mod select;
pub mod session;
pub mod variables;
