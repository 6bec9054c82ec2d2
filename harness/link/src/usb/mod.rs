//! USB from the host's side: devices, the link to a card that speaks ICCD, and that to a handset through a board.

mod device;
mod iccd;
mod power;
mod simtrace2;

pub use device::{ControlSetup, Device, DeviceInfo, Speed, TransferError, UsbSelect, list};
pub use iccd::{IccdConfig, IccdTerminal};
pub use simtrace2::{BoardInfo, Simtrace2, Simtrace2Config};
