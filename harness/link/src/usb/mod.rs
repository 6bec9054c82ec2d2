//! USB from the host's side: devices, and the link to a card that speaks ICCD.

mod device;
mod iccd;
mod power;

pub use device::{ControlSetup, Device, DeviceInfo, Speed, TransferError, UsbSelect, list};
pub use iccd::{IccdConfig, IccdTerminal};
