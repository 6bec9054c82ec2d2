//! The harness as a USB card, and as a board of the SIMtrace2 family: gadgets of Linux, on a board with a USB device
//! controller or on `dummy_hcd`.
//!
//! Threads wait for the kernel: one for what happens to the device and its control requests, one for each bulk
//! endpoint. The player of the card answers in the caller's thread.
//!
//! What says what the device is like is always there, so that a DUT file reads the same everywhere. What makes devices
//! needs Linux and the feature `gadget`; without them, [`card`], [`board`] and [`controllers`] say so.

mod config;

#[cfg(all(feature = "gadget", target_os = "linux"))]
mod controllers;
#[cfg(all(feature = "gadget", target_os = "linux"))]
mod device;
#[cfg(all(feature = "gadget", target_os = "linux"))]
mod eem;
#[cfg(all(feature = "gadget", target_os = "linux"))]
mod events;
#[cfg(all(feature = "gadget", target_os = "linux"))]
mod functionfs;
#[cfg(all(feature = "gadget", target_os = "linux"))]
mod iccd;
#[cfg(all(feature = "gadget", target_os = "linux"))]
mod open;
#[cfg(all(feature = "gadget", target_os = "linux"))]
mod shared;
#[cfg(all(feature = "gadget", target_os = "linux"))]
mod simtrace2;
#[cfg(not(all(feature = "gadget", target_os = "linux")))]
mod unbuilt;

pub use config::{GadgetBoardConfig, GadgetConfig, GadgetSpeed, IccdFunction, PowerAnswers};

#[cfg(all(feature = "gadget", target_os = "linux"))]
pub use controllers::controllers;
#[cfg(all(feature = "gadget", target_os = "linux"))]
pub use eem::{GadgetPipe, UsbCard};
#[cfg(all(feature = "gadget", target_os = "linux"))]
pub use iccd::GadgetCard;
#[cfg(all(feature = "gadget", target_os = "linux"))]
pub use open::{board, card};
#[cfg(all(feature = "gadget", target_os = "linux"))]
pub use shared::Observed;
#[cfg(all(feature = "gadget", target_os = "linux"))]
pub use simtrace2::GadgetBoard;
#[cfg(not(all(feature = "gadget", target_os = "linux")))]
pub use unbuilt::{board, card, controllers};

/// A USB device controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Its name, as a DUT file has it after `udc`.
    pub name: String,
    /// Its state, in the kernel's words: `not attached`, `configured` and so on.
    pub state: String,
    /// The most it can do, in the kernel's words.
    pub speed: String,
}
