//! USB from the host's side: devices, the links to a card that speaks ICCD, EEM or both, and that to a handset through
//! a board.
//!
//! What says which device is meant is always there, so that a DUT file reads the same everywhere. What drives devices
//! compiles libusb, and so is the feature `usb`; without it, [`card`], [`slot`] and [`list`] say how to get it.

mod boards;
mod config;
mod info;

#[cfg(feature = "usb")]
mod device;
#[cfg(feature = "usb")]
mod eem;
#[cfg(feature = "usb")]
mod iccd;
#[cfg(all(feature = "usb", target_os = "linux"))]
mod network;
#[cfg(feature = "usb")]
mod notices;
#[cfg(feature = "usb")]
mod open;
#[cfg(feature = "usb")]
mod power;
#[cfg(feature = "usb")]
mod reads;
#[cfg(feature = "usb")]
pub(crate) mod simtrace2;
#[cfg(not(feature = "usb"))]
mod unbuilt;

pub use boards::BoardInfo;
pub use config::{CardStreams, IccdConfig, Simtrace2Config, SystemConfig};
pub use info::{DeviceInfo, Speed, UsbSelect};

#[cfg(feature = "usb")]
pub use device::{ControlSetup, Device, TransferError, list};
#[cfg(feature = "usb")]
pub use eem::{UsbPipe, UsbUicc};
#[cfg(feature = "usb")]
pub use iccd::IccdTerminal;
#[cfg(all(feature = "usb", target_os = "linux"))]
pub use network::{NetworkInterface, SystemUicc};
#[cfg(feature = "usb")]
pub use open::{absent, card, slot};
#[cfg(feature = "usb")]
pub use simtrace2::Simtrace2;
#[cfg(not(feature = "usb"))]
pub use unbuilt::{absent, card, list, slot};
