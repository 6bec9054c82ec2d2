//! Boards of the SIMtrace2 family with a card emulation firmware: the card role towards a handset.
//!
//! The board speaks ISO/IEC 7816-3 with the handset and passes TPDU headers and data to the host over USB; the host
//! says what is answered. [`CardEmulation`] is the host's side of it, [`Firmware`] a stand-in for the board's, and
//! [`Phone`] the terminal that a handset is on the wires.
//!
//! What is known of the firmware is read from its published source and from reports of its users; nothing of it is a
//! standard. Where firmwares differ, the difference is named at the place where it matters.

pub mod board;
mod emulation;
mod firmware;
mod generation;
mod lines;
pub mod message;
mod order;
mod packets;
mod phone;
pub mod status;
mod wires;

pub use board::{Abilities, Board, Mode};
pub use emulation::{AtrError, CardEmulation, Event, Setup, Transfer, Trouble};
pub use firmware::Firmware;
pub use generation::Generation;
pub use message::{Body, Data, DataFlags, Message, MessageError, ModemReset, SimSource};
pub use packets::Packets;
pub use phone::{Act, CommandError, Fault, Heard, Phone};
pub use status::{Config, Polarity, Pts, Status, StatusFlags};
pub use wires::Wires;

#[cfg(test)]
mod tests;
