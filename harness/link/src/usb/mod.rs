//! USB from the host's side: devices, the links to a card that speaks ICCD, EEM or both, and that to a handset through
//! a board.

mod device;
mod eem;
mod iccd;
mod info;
#[cfg(target_os = "linux")]
mod network;
mod power;
mod reads;
pub(crate) mod simtrace2;

pub use device::{ControlSetup, Device, TransferError, list};
pub use eem::{UsbPipe, UsbUicc};
pub use iccd::{IccdConfig, IccdTerminal};
pub use info::{DeviceInfo, Speed, UsbSelect};
#[cfg(target_os = "linux")]
pub use network::{NetworkInterface, SystemConfig, SystemUicc};
pub use simtrace2::{BoardInfo, Simtrace2, Simtrace2Config};
