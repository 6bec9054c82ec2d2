//! The EEM interface of a card, from the host's side.
//!
//! An Ethernet frame is a transfer of its own, so several transfers have to be on the way at once in each direction,
//! or every frame costs a turn of the bus. libusb's blocking calls cannot do that, and its others are not safe to call;
//! nusb's are. Both may have one device open, each with an interface of its own.

use std::num::NonZeroU16;
use std::task::{Context, Poll};
use std::time::Duration;

use dmsc_usb::descriptor::{Interface, Offer};
use nusb::transfer::{Buffer, Bulk, Completion, In, Out, TransferError};
use nusb::{Endpoint, ErrorKind, MaybeFuture};

use super::device;
use super::info::{DeviceInfo, UsbSelect};
use crate::LinkError;
use crate::eem::{Broken, Eem, EemConfig, OpenPipe, Pipe, WithStreams};
use crate::usb::{IccdConfig, IccdTerminal};

/// Reads that wait for the device. Linux gadgets have ten transfers ready at high speed, and cards fewer.
const READS: usize = 64;

/// Octets of a read: a multiple of every wMaxPacketSize, longer than any packet of EEM.
const READ_LENGTH: usize = 8 * 1024;

/// The longest transfer in octets: a device that never ends one has it cut here.
const LONGEST: usize = 1 << 18;

/// Writes that may be on the way.
const WRITES: usize = 64;

/// The two bulk endpoints of a claimed EEM interface. Gives it back when dropped.
pub struct UsbPipe {
    info: DeviceInfo,
    reads: Endpoint<Bulk, In>,
    writes: Endpoint<Bulk, Out>,
    max_packet_size: NonZeroU16,
    /// What a read filled to its end has begun.
    begun: Vec<u8>,
    _claim: Claim,
}

/// Brings the kernel's own driver back. Declared after the endpoints, so dropped after them.
struct Claim {
    device: nusb::Device,
    interface: Option<nusb::Interface>,
    number: u8,
}

impl UsbPipe {
    /// Finds and claims the EEM interface of a device; the kernel's driver, if it has the interface, is detached.
    ///
    /// # Errors
    /// [`LinkError::Missing`] when there is none, when it may not be opened, and when another program has it.
    pub fn open(select: &UsbSelect, appear: Duration) -> Result<UsbPipe, LinkError> {
        let wanted = |offer: &Offer| *offer == Offer::Eem;
        device::locate(select, "card by EEM", &wanted, appear, |_, info, interface| claim(info, &interface))
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &DeviceInfo {
        &self.info
    }

    fn refill(&mut self) {
        while self.reads.pending() < READS {
            self.reads.submit(Buffer::new(READ_LENGTH));
        }
    }

    fn broken(&self, error: TransferError) -> Broken {
        Broken(match error {
            TransferError::Disconnected => format!("USB device {} was unplugged", self.info),
            // What the bus says of the last transfers, before the operating system knows that the device is gone.
            TransferError::Fault => format!("USB device {} was unplugged, or its bus fails", self.info),
            TransferError::Stall => format!("USB device {} halted its EEM endpoint; unplug it", self.info),
            other => format!("USB device {} does not answer any more: {other}", self.info),
        })
    }

    /// A transfer from what a read brought, if it ends with it.
    fn take(&mut self, completion: Completion) -> Result<Option<Vec<u8>>, Broken> {
        completion.status.map_err(|error| self.broken(error))?;
        let mut buffer = completion.buffer;
        let transfer = join(&mut self.begun, buffer.get(..completion.actual_len).unwrap_or_default());
        buffer.clear();
        buffer.set_requested_len(READ_LENGTH);
        self.reads.submit(buffer);
        Ok(transfer)
    }
}

/// A transfer, if it ends with what a read brought, or is as long as none may be: then what follows is another one.
fn join(begun: &mut Vec<u8>, octets: &[u8]) -> Option<Vec<u8>> {
    let ends = octets.len() < READ_LENGTH;
    if ends && begun.is_empty() {
        return Some(octets.to_vec());
    }
    begun.extend_from_slice(octets);
    (ends || begun.len() >= LONGEST).then(|| std::mem::take(begun))
}

impl Pipe for UsbPipe {
    fn max_packet_size(&self) -> NonZeroU16 {
        self.max_packet_size
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<u8>, Broken>> {
        self.refill();
        loop {
            let Poll::Ready(completion) = self.reads.poll_next_complete(context) else { return Poll::Pending };
            if let Some(transfer) = self.take(completion).transpose() {
                return Poll::Ready(transfer);
            }
        }
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        while self.writes.pending() > 0 {
            match self.writes.poll_next_complete(context) {
                Poll::Ready(Completion { status: Ok(()), .. }) => {}
                Poll::Ready(Completion { status: Err(error), .. }) => return Poll::Ready(Err(self.broken(error))),
                Poll::Pending if self.writes.pending() < WRITES => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn write(&mut self, transfer: Vec<u8>) {
        self.writes.submit(transfer.into());
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(interface) = self.interface.take() {
            let _ = interface.release().wait();
        }
        // There may have been none, and the device may be gone.
        let _ = self.device.attach_kernel_driver(self.number);
    }
}

fn claim(info: &DeviceInfo, interface: &Interface) -> Result<UsbPipe, LinkError> {
    let refused = |error: nusb::Error| {
        let error = match error.kind() {
            ErrorKind::PermissionDenied => rusb::Error::Access,
            ErrorKind::Busy => rusb::Error::Busy,
            ErrorKind::Disconnected | ErrorKind::NotFound => rusb::Error::NoDevice,
            _ => rusb::Error::Other,
        };
        device::refused(info, interface.number, error)
    };
    let (Some(bulk_in), Some(bulk_out)) = (interface.bulk_in(), interface.bulk_out()) else {
        return Err(LinkError::Missing {
            what: format!("interface {} of USB device {info} lacks a bulk endpoint of EEM", interface.number),
            remedy: "check the descriptors of the card: EEM has one for each direction".into(),
        });
    };
    let found = nusb::list_devices().wait().map_err(refused)?.find(|device| path(device) == info.path);
    let device = found.ok_or_else(|| device::refused(info, interface.number, rusb::Error::NoDevice))?;
    let device = device.open().wait().map_err(refused)?;
    let claimed = device.detach_and_claim_interface(interface.number).wait().map_err(refused)?;
    let mut pipe = UsbPipe {
        info: info.clone(),
        reads: claimed.endpoint(bulk_in.address).map_err(refused)?,
        writes: claimed.endpoint(bulk_out.address).map_err(refused)?,
        max_packet_size: NonZeroU16::new(bulk_out.packet).unwrap_or(NonZeroU16::MIN),
        begun: Vec::new(),
        _claim: Claim { device, interface: Some(claimed), number: interface.number },
    };
    pipe.refill();
    Ok(pipe)
}

/// The name that [`DeviceInfo::path`] has of it.
fn path(device: &nusb::DeviceInfo) -> String {
    let ports: Vec<String> = device.port_chain().iter().map(u8::to_string).collect();
    // Written as a number with leading zeros on some systems, and not as a number on others.
    let bus = device.bus_id().parse::<u8>().map_or_else(|_| device.bus_id().to_owned(), |number| number.to_string());
    format!("{bus}-{}", ports.join("."))
}

/// Selects the same card's other interface, and the same card again when it was plugged out and in.
pub(super) fn beside(select: UsbSelect, card: Option<&DeviceInfo>) -> UsbSelect {
    let path = match select.serial {
        // It may come back elsewhere.
        Some(_) => select.path,
        None => card.map(|card| card.path.clone()).or(select.path),
    };
    // The number is that of the interface by ICCD; the other one is found by its class.
    UsbSelect { path, interface: None, ..select }
}

fn opener(select: UsbSelect, appear: Duration) -> OpenPipe {
    Box::new(move || Ok(Box::new(UsbPipe::open(&select, appear)?)))
}

impl Eem {
    /// Opens the EEM interface of a card, as its terminal.
    ///
    /// # Errors
    /// [`LinkError::Missing`] as [`UsbPipe::open`], [`LinkError::Ip`] when the settings contradict each other.
    pub fn terminal(select: UsbSelect, config: EemConfig) -> Result<Eem, LinkError> {
        let appear = config.appear;
        Eem::open(config, opener(select, appear))
    }
}

/// The terminal of a USB UICC: APDUs by ICCD and streams by EEM.
pub type UsbUicc = WithStreams<IccdTerminal>;

impl UsbUicc {
    /// Opens both interfaces of a card; [`IccdConfig::select`] says which card.
    ///
    /// # Errors
    /// As [`IccdTerminal::open`] and [`Eem::terminal`].
    pub fn terminal(iccd: IccdConfig, eem: EemConfig) -> Result<UsbUicc, LinkError> {
        let (select, appear) = (iccd.select.clone(), eem.appear);
        let iccd = IccdTerminal::open(iccd)?;
        let select = beside(select, iccd.device());
        WithStreams::open(iccd, eem, opener(select, appear))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usb::Speed;

    #[test]
    fn a_transfer_without_end_is_cut() {
        let (mut begun, full) = (Vec::new(), vec![7; READ_LENGTH]);
        assert_eq!(join(&mut begun, &[1, 2]), Some(vec![1, 2]));
        assert_eq!(join(&mut begun, &full), None);
        assert_eq!(join(&mut begun, &[1]).map(|whole| whole.len()), Some(READ_LENGTH + 1));
        let transfers: Vec<usize> =
            (0..1000).filter_map(|_| join(&mut begun, &full)).map(|transfer| transfer.len()).collect();
        assert!(transfers.len() > 10 && transfers.iter().all(|length| *length == LONGEST), "{transfers:?}");
        assert!(begun.len() < LONGEST);
    }

    #[test]
    fn the_other_interface_is_looked_for_in_the_same_card() {
        let card = DeviceInfo {
            vendor: 0x1D6B,
            product: 0x0105,
            path: "3-1.4".into(),
            speed: Speed::Full,
            manufacturer: None,
            name: None,
            serial: Some("7".into()),
            interfaces: Vec::new(),
            firmware: None,
            unread: None,
            problem: None,
        };
        let any = UsbSelect { interface: Some(1), ..UsbSelect::default() };
        assert_eq!(beside(any, Some(&card)), UsbSelect { path: Some("3-1.4".into()), ..UsbSelect::default() });
        let named = UsbSelect { serial: Some("7".into()), ..UsbSelect::default() };
        assert_eq!(beside(named.clone(), Some(&card)), named);
    }
}
