//! USB CDC EEM 1.0, the Ethernet Emulation Model: Ethernet frames and link commands over two bulk pipes.
//!
//! A *transfer* is what one bulk transfer carries: one EEM packet or several in a row. A packet is a header of
//! two octets, little endian, and what its length field announces. [`packets`] reads a transfer, [`Encoder`] writes
//! one, and [`Endpoint`] is one side of the link.

mod check;
mod counters;
mod decode;
mod encode;
mod endpoint;
mod header;
mod packet;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod tests;

pub use check::{Check, SENTINEL};
pub use counters::Counters;
pub use decode::{DecodeError, Fault, Packets, packets};
pub use encode::{EncodeError, Encoder};
pub use endpoint::{Endpoint, Event, Role, Settings};
pub use header::{Code, Header};
pub use packet::{Hint, Packet};

/// Class, subclass and protocol of an EEM interface; it has one bulk IN and one bulk OUT endpoint and nothing else.
pub const INTERFACE: (u8, u8, u8) = (0x02, 0x0C, 0x07);

/// Octets of a packet header.
pub const HEADER_LENGTH: usize = 2;

/// Octets of the check behind a frame, CRC or sentinel; the length field of a data packet counts them.
pub const CHECK_LENGTH: usize = 4;

/// Octets of the shortest frame a data packet may carry: an Ethernet header.
pub const FRAME_MIN: usize = 14;

/// Octets of the longest frame a data packet can carry: 14 bits of length less the check.
pub const FRAME_MAX: usize = 0x3FFF - CHECK_LENGTH;

/// Transfers that may wait to be written when an Echo is still answered. Who sends Echoes without reading the answers
/// gets no more of them.
pub const ANSWERS_WAITING: usize = 64;

/// Transfers that may wait to be written when a frame is still taken. Who asks without reading the answers loses them, as
/// on any Ethernet that is full.
pub const FRAMES_WAITING: usize = 256;

/// Octets of the longest payload of an Echo: 11 bits of length.
pub const ECHO_MAX: usize = 0x07FF;
