//! What the driver needs of a board: three endpoints.

use std::time::Duration;

use dmsc_usb::descriptor::Endpoint;

use crate::LinkError;
use crate::usb::device::{Device, TransferError};

/// How long a board may take to take a message. Its firmware takes one within a millisecond.
const WRITE_LIMIT: Duration = Duration::from_secs(1);

/// The endpoints of one slot.
pub(super) trait Port: Send + Sync {
    /// Writes a message as one transfer that ends with a short packet, an empty one if need be.
    fn write(&self, message: &[u8]) -> Result<(), TransferError>;
    /// Reads one packet of the bulk IN endpoint. Not more: a message of whole packets ends without an empty one, so that
    /// a longer read would wait for the next message.
    fn read_bulk(&self, limit: Duration) -> Result<Vec<u8>, TransferError>;
    /// Reads one packet of the interrupt endpoint.
    fn read_interrupt(&self, limit: Duration) -> Result<Vec<u8>, TransferError>;
}

/// A slot of a board at hand.
#[derive(Debug)]
pub(super) struct Slot {
    device: Device,
    bulk_out: Endpoint,
    bulk_in: Endpoint,
    interrupt: Endpoint,
}

impl Slot {
    pub(super) fn new(device: Device) -> Result<Slot, LinkError> {
        let interface = &device.interface;
        match (interface.bulk_out(), interface.bulk_in(), interface.interrupt_in()) {
            (Some(bulk_out), Some(bulk_in), Some(interrupt)) => Ok(Slot { bulk_out, bulk_in, interrupt, device }),
            _ => Err(LinkError::Missing {
                what: format!("interface {} of USB device {} lacks an endpoint", interface.number, device.info),
                remedy: "update the firmware of the board".into(),
            }),
        }
    }
}

impl Port for Slot {
    fn write(&self, message: &[u8]) -> Result<(), TransferError> {
        self.device.bulk_out(self.bulk_out, message, WRITE_LIMIT)
    }

    fn read_bulk(&self, limit: Duration) -> Result<Vec<u8>, TransferError> {
        self.device.bulk_in(self.bulk_in, usize::from(self.bulk_in.packet), limit)
    }

    fn read_interrupt(&self, limit: Duration) -> Result<Vec<u8>, TransferError> {
        self.device.interrupt_in(self.interrupt, limit)
    }
}
