//! What a UICC on USB and the boards that stand in for one say on the wire.
//!
//! Pure like the other codecs: octets in, values or a located error out; the machines of both sides are fed what came
//! and give what goes, without I/O and without a clock. The drivers that move the octets are in `dmsc-link`.

mod atr;
pub mod descriptor;
pub mod eem;
pub mod functionfs;
pub mod iccd;
pub mod power;
pub mod simtrace2;
pub mod t0;
