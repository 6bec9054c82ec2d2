//! Cases, includes, DUT files, faults and variants: what people write, read and checked, with every problem at its place.

mod behaviour;
pub mod bundle;
pub mod case;
pub mod catalogue;
pub mod digest;
mod disturb;
pub mod dut;
pub mod editors;
pub mod fault;
pub mod ixit;
pub mod pages;
pub mod purposes;
mod reading;
pub mod secrets;
pub mod variables;
pub mod variant;
