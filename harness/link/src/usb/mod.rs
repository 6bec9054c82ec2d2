//! USB from the host's side: devices, the links to a card that speaks ICCD, EEM or both, and that to a handset through
//! a board.

mod device;
mod eem;
mod iccd;
#[cfg(target_os = "linux")]
mod network;
mod power;
mod simtrace2;

pub use device::{ControlSetup, Device, DeviceInfo, Speed, TransferError, UsbSelect, list};
pub use eem::{UsbPipe, UsbUicc};
pub use iccd::{IccdConfig, IccdTerminal};
#[cfg(target_os = "linux")]
pub use network::NetworkInterface;
pub use simtrace2::{BoardInfo, Simtrace2, Simtrace2Config};
