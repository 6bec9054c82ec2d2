//! The harness as a USB card, and as a board of the SIMtrace2 family: gadgets of Linux, on a board with a USB device
//! controller or on `dummy_hcd`.
//!
//! Threads wait for the kernel: one for what happens to the device and its control requests, one for each bulk
//! endpoint. The player of the card answers in the caller's thread.

mod config;
mod controllers;
mod device;
mod eem;
mod events;
mod functionfs;
mod iccd;
mod shared;
mod simtrace2;

pub use config::{GadgetConfig, GadgetSpeed, IccdFunction, PowerAnswers};
pub use controllers::{Controller, controllers};
pub use eem::{GadgetPipe, UsbCard};
pub use iccd::GadgetCard;
pub use shared::Observed;
pub use simtrace2::{GadgetBoard, GadgetBoardConfig};
