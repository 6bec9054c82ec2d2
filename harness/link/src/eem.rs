//! Streams to and from a USB UICC by CDC EEM, with IP in user space.
//!
//! A [`Pipe`] carries transfers: bulk endpoints of a device seen from the host, of a gadget, or two ends in memory. One
//! thread for each pipe runs the EEM endpoint and the [`dmsc_ip::Node`] above it; [`Eem`] is the link that holds it,
//! and [`WithStreams`] adds its streams to a link that carries APDUs, so that both sides of a composite card are one.

mod both;
mod config;
mod link;
mod memory;
mod pipe;
mod pump;
mod streams;
#[cfg(test)]
mod tests;
mod waiting;

pub use both::WithStreams;
pub use config::EemConfig;
pub use link::Eem;
pub use memory::{FarEnd, MemoryPipe};
pub use pipe::{Broken, OpenPipe, Pipe};
pub use streams::EemState;
