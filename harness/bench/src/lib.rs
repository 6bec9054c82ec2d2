//! Puts a session together: the player of the harness, the link, the DUT at its other end, the nonces that live on from
//! one session to the next, and the operator.

pub mod device_link;
mod dummy;
mod far_end;
pub mod fixtures;
mod lasting_dut;
mod nonces;
pub mod offers;
pub mod operator;
mod pace;
pub mod play;
mod players;
mod reference;
pub mod rig;
pub mod session;
mod steered;
