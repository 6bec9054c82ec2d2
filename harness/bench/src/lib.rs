//! Puts a session together: the player of the harness, the link, the DUT at its other end, the nonces that live on from
//! one session to the next, and the operator.

pub mod dummy;
mod far_end;
mod kept;
pub mod operator;
mod pace;
pub mod play;
pub mod rig;
pub mod session;
pub mod wire;
