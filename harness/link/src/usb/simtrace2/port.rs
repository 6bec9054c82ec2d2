//! What the driver needs of a board: three endpoints.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dmsc_usb::descriptor::Endpoint;

use crate::LinkError;
use crate::usb::device::{Device, TransferError};

/// How long a board may take to take a message. Its firmware takes one within a millisecond.
const WRITE_LIMIT: Duration = Duration::from_secs(1);

/// Reads that wait on the bulk endpoint, so that the firmware, which has room for three messages, always finds one.
const BULK_READS: usize = 4;

/// Reads that wait on the interrupt endpoint.
const INTERRUPT_READS: usize = 2;

/// The IN endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// Answers and characters.
    Bulk,
    /// Reports of changes.
    Interrupt,
}

/// The endpoints of one slot.
pub(super) trait Port: Send + Sync {
    /// Writes a message as one transfer that ends with a short packet, an empty one if need be.
    fn write(&self, message: &[u8]) -> Result<(), TransferError>;
    /// Hands on packet after packet, in the order in which they came, until [`Port::stop`].
    ///
    /// Packets, not transfers: a message of whole packets ends without an empty one, so that a longer read would wait for
    /// the next message.
    fn listen(&self, heard: &mut dyn FnMut(From, &[u8])) -> Result<(), TransferError>;
    /// Ends [`Port::listen`].
    fn stop(&self);
}

/// A slot of a board at hand.
#[derive(Debug)]
pub(super) struct Slot {
    device: Device,
    bulk_out: Endpoint,
    bulk_in: Endpoint,
    interrupt: Endpoint,
    stop: AtomicBool,
}

impl Slot {
    pub(super) fn new(device: Device) -> Result<Slot, LinkError> {
        let interface = &device.interface;
        match (interface.bulk_out(), interface.bulk_in(), interface.interrupt_in()) {
            (Some(bulk_out), Some(bulk_in), Some(interrupt)) => {
                Ok(Slot { bulk_out, bulk_in, interrupt, device, stop: AtomicBool::new(false) })
            }
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

    fn listen(&self, heard: &mut dyn FnMut(From, &[u8])) -> Result<(), TransferError> {
        let mut reads = self.device.reads(&[(self.interrupt, INTERRUPT_READS), (self.bulk_in, BULK_READS)])?;
        while !self.stop.load(Ordering::Acquire) {
            if let Some((endpoint, packet)) = reads.next()? {
                heard(if endpoint == self.interrupt { From::Interrupt } else { From::Bulk }, &packet);
            }
        }
        Ok(())
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.device.interrupt_reads();
    }
}
