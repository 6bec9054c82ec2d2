//! USB from the host's side: devices, the links to a card that speaks ICCD, EEM or both, and that to a handset through
//! a board.

mod device;
mod eem;
mod iccd;
mod power;
mod simtrace2;

pub use device::{ControlSetup, Device, DeviceInfo, Speed, TransferError, UsbSelect, list};
pub use eem::{UsbPipe, UsbUicc};
pub use iccd::{IccdConfig, IccdTerminal};
pub use simtrace2::{BoardInfo, Simtrace2, Simtrace2Config};
