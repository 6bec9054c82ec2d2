//! Finding and opening USB devices.

use std::time::{Duration, Instant};

use dmsc_usb::descriptor::{Endpoint, Interface, Offer, Transfer};
use dmsc_usb::simtrace2::Board;
use dmsc_usb::simtrace2::board::{CLASS, VERSION_SUBCLASS};
use rusb::{Context, DeviceHandle, Hotplug, HotplugBuilder, UsbContext};

use super::info::{DeviceInfo, Speed, UsbSelect};
use super::reads::Reads;
use crate::LinkError;
use crate::advice::{self, System};
use crate::interrupt::{self, on_interrupt};

/// How long a string descriptor may take.
const STRING_LIMIT: Duration = Duration::from_millis(500);

/// How long is waited for rights to a device that has just come: no event tells when udev has given them.
const SETTLE: Duration = Duration::from_millis(50);

/// Class and subclass of the interface whose name is the version of a board's firmware.
const VERSION: [u8; 2] = [CLASS, VERSION_SUBCLASS];

/// The USB devices that are there, in the order of their paths.
///
/// # Errors
/// [`LinkError::Missing`] when there is no USB, or no access to it.
pub fn list() -> Result<Vec<DeviceInfo>, LinkError> {
    let with_strings = |(device, mut info): (rusb::Device<Context>, DeviceInfo)| {
        match device.open() {
            Ok(handle) => {
                read_strings(&handle, &mut info);
                if Board::from_ids(info.vendor, info.product).is_some() {
                    info.firmware = interface_name(&handle, VERSION);
                }
            }
            Err(error) => info.problem = Some(error.to_string()),
        }
        info
    };
    let mut found: Vec<DeviceInfo> = devices(&context()?)?.into_iter().map(with_strings).collect();
    found.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(found)
}

/// An interface that is claimed: no other program, and no driver of the kernel, has it while this lives.
#[derive(Debug)]
pub struct Device {
    /// What is known of the device.
    pub info: DeviceInfo,
    /// The interface.
    pub interface: Interface,
    handle: DeviceHandle<Context>,
}

/// Why a transfer did not go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The device stalled it. On a bulk endpoint the halt has been cleared.
    Stalled,
    /// It did not go through in time.
    TimedOut,
    /// The device is gone, or not to be understood any more; in words.
    Gone(String),
}

impl Device {
    /// Finds and claims the interface of a device that `select` fits and that `wanted` takes for its offer. What is
    /// not there yet may come within `appear`.
    ///
    /// # Errors
    /// [`LinkError::Missing`] when there is none, when it may not be opened, and when another program has it. `what`
    /// names what was looked for in the text, for example `card by ICCD`.
    pub fn open(
        select: &UsbSelect,
        what: &str,
        wanted: &dyn Fn(&Offer) -> bool,
        appear: Duration,
    ) -> Result<Device, LinkError> {
        locate(select, what, wanted, appear, claim)
    }

    /// The version of the firmware of a SIMtrace2 board, if it tells.
    pub(super) fn firmware(&self) -> Option<String> {
        interface_name(&self.handle, VERSION)
    }

    /// Begins reads of single packets ahead: `count` of them on each of these endpoints.
    ///
    /// # Errors
    /// [`TransferError`].
    pub(super) fn reads(&self, endpoints: &[(Endpoint, usize)]) -> Result<Reads<'_>, TransferError> {
        Reads::begin(&self.handle, &self.info, endpoints)
    }

    /// Ends a wait for what [`Device::reads`] brings.
    pub(super) fn interrupt_reads(&self) {
        self.handle.context().interrupt_handle_events();
    }

    /// A control request with data to the host.
    ///
    /// # Errors
    /// [`TransferError`].
    pub fn control_in(&self, setup: ControlSetup, length: u16, limit: Duration) -> Result<Vec<u8>, TransferError> {
        let mut data = vec![0; usize::from(length)];
        let ControlSetup { request_type, request, value, index } = setup;
        let got = self.handle.read_control(request_type, request, value, index, &mut data, at_least(limit));
        data.truncate(got.map_err(|error| self.transfer_error(error))?);
        Ok(data)
    }

    /// A control request with data to the device, or with none.
    ///
    /// # Errors
    /// [`TransferError`].
    pub fn control_out(&self, setup: ControlSetup, data: &[u8], limit: Duration) -> Result<(), TransferError> {
        let ControlSetup { request_type, request, value, index } = setup;
        let sent = self.handle.write_control(request_type, request, value, index, data, at_least(limit));
        sent.map(drop).map_err(|error| self.transfer_error(error))
    }

    /// Reads at most `most` octets, a multiple of the packet size, from a bulk endpoint.
    ///
    /// # Errors
    /// [`TransferError`].
    pub fn bulk_in(&self, endpoint: Endpoint, most: usize, limit: Duration) -> Result<Vec<u8>, TransferError> {
        let mut data = vec![0; most];
        let got = self.handle.read_bulk(endpoint.address, &mut data, at_least(limit));
        data.truncate(got.map_err(|error| self.bulk_error(endpoint, error))?);
        Ok(data)
    }

    /// Reads one report of an interrupt endpoint.
    ///
    /// # Errors
    /// [`TransferError`].
    pub fn interrupt_in(&self, endpoint: Endpoint, limit: Duration) -> Result<Vec<u8>, TransferError> {
        let mut data = vec![0; usize::from(endpoint.packet.max(1))];
        let got = self.handle.read_interrupt(endpoint.address, &mut data, at_least(limit));
        data.truncate(got.map_err(|error| self.bulk_error(endpoint, error))?);
        Ok(data)
    }

    /// Writes a transfer to a bulk endpoint and marks its end: with a zero-length packet when the last one is full.
    ///
    /// # Errors
    /// [`TransferError`].
    pub fn bulk_out(&self, endpoint: Endpoint, data: &[u8], limit: Duration) -> Result<(), TransferError> {
        let send = |data: &[u8]| match self.handle.write_bulk(endpoint.address, data, at_least(limit)) {
            Ok(sent) if sent == data.len() => Ok(()),
            Ok(_) => Err(TransferError::TimedOut),
            Err(error) => Err(self.bulk_error(endpoint, error)),
        };
        send(data)?;
        if !data.is_empty() && data.len().is_multiple_of(usize::from(endpoint.packet.max(1))) {
            send(&[])?;
        }
        Ok(())
    }

    fn bulk_error(&self, endpoint: Endpoint, error: rusb::Error) -> TransferError {
        if error == rusb::Error::Pipe {
            // A device that is gone tells so by the next transfer.
            let _ = self.handle.clear_halt(endpoint.address);
        }
        self.transfer_error(error)
    }

    fn transfer_error(&self, error: rusb::Error) -> TransferError {
        match error {
            rusb::Error::Pipe => TransferError::Stalled,
            rusb::Error::Timeout => TransferError::TimedOut,
            rusb::Error::NoDevice => TransferError::Gone(format!("USB device {} was unplugged", self.info)),
            other => TransferError::Gone(format!("USB device {} does not answer any more: {other}", self.info)),
        }
    }
}

/// Finds a device as [`Device::open`] does, and hands it to `take`.
///
/// # Errors
/// [`LinkError::Missing`] when there is none, and what `take` says of the last one that was found.
pub(super) fn locate<T>(
    select: &UsbSelect,
    what: &str,
    wanted: &dyn Fn(&Offer) -> bool,
    appear: Duration,
    take: impl Fn(&rusb::Device<Context>, &DeviceInfo, Interface) -> Result<T, LinkError>,
) -> Result<T, LinkError> {
    let until = Instant::now() + appear;
    let context = context()?;
    let arrivals = HotplugBuilder::new().register::<Context, _>(&context, Box::new(Arrival)).ok();
    let handler = context.clone();
    let _waking = on_interrupt(move || handler.interrupt_handle_events());
    let mut waited = false;
    loop {
        interrupt::check()?;
        let (pause, missing) = match find(&context, select, wanted)? {
            Found::Fits(device, info, interface) => match take(&device, &info, interface) {
                Ok(opened) => return Ok(opened),
                // What was there all the time does not change by waiting.
                Err(error) if !waited => return Err(error),
                Err(error) => (SETTLE, error),
            },
            // One that has just come may not be configured yet.
            Found::Other(info) => (SETTLE, without(&info, what)),
            Found::Nothing => (appear, nothing(select, what)),
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(missing);
        }
        waited = true;
        let pause = if arrivals.is_some() { pause } else { SETTLE };
        // An error of the wait shows again in the next search.
        let _ = context.handle_events(Some(pause.min(left).max(Duration::from_millis(1))));
    }
}

impl UsbSelect {
    /// Whether it fits what is known of a device that is not opened: all but the serial number.
    fn fits(&self, device: &DeviceInfo) -> bool {
        self.vendor.is_none_or(|vendor| vendor == device.vendor)
            && self.product.is_none_or(|product| product == device.product)
            && self.path.as_ref().is_none_or(|path| *path == device.path)
    }

    fn fits_interface(&self, interface: &Interface) -> bool {
        self.interface.is_none_or(|number| number == interface.number)
    }
}

/// The fields of a control request but for its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlSetup {
    /// bmRequestType.
    pub request_type: u8,
    /// bRequest.
    pub request: u8,
    /// wValue.
    pub value: u16,
    /// wIndex.
    pub index: u16,
}

/// libusb takes less than a millisecond for "without limit".
fn at_least(limit: Duration) -> Duration {
    limit.max(Duration::from_millis(1))
}

/// That devices come and go is seen by looking again; the callback only ends the wait.
struct Arrival;

impl<T: UsbContext> Hotplug<T> for Arrival {
    fn device_arrived(&mut self, _device: rusb::Device<T>) {}
    fn device_left(&mut self, _device: rusb::Device<T>) {}
}

fn context() -> Result<Context, LinkError> {
    Context::new().map_err(|cause| {
        // What libusb says where the kernel has no USB is "Other error".
        let missing = cfg!(target_os = "linux") && !std::path::Path::new("/dev/bus/usb").is_dir();
        let what = if missing { "there is no /dev/bus/usb".into() } else { format!("USB cannot be used: {cause}") };
        LinkError::Missing { what, remedy: advice::have_usb(System::HERE).into() }
    })
}

fn devices(context: &Context) -> Result<Vec<(rusb::Device<Context>, DeviceInfo)>, LinkError> {
    let list = context.devices().map_err(|cause| LinkError::Missing {
        what: format!("the USB devices cannot be listed: {cause}"),
        remedy: advice::have_usb(System::HERE).into(),
    })?;
    Ok(list.iter().filter_map(|device| inspect(&device).map(|info| (device, info))).collect())
}

/// What a search brings.
enum Found {
    /// A device, and the interface of it.
    Fits(rusb::Device<Context>, DeviceInfo, Interface),
    /// A device that was named, without such an interface.
    Other(DeviceInfo),
    Nothing,
}

/// The first device and interface that fit; else, of the devices with the ids or the path that are asked for, the first.
fn find(context: &Context, select: &UsbSelect, wanted: &dyn Fn(&Offer) -> bool) -> Result<Found, LinkError> {
    let named = select.product.is_some() || select.path.is_some() || select.serial.is_some();
    let mut other = None;
    for (device, mut info) in devices(context)? {
        if !select.fits(&info) {
            continue;
        }
        let fits = |i: &&Interface| select.fits_interface(i) && wanted(&i.offer());
        let interface = info.interfaces.iter().find(fits).cloned();
        if interface.is_none() && !named {
            continue;
        }
        if let Some(serial) = &select.serial {
            // Only an opened device tells its serial number; one that cannot be opened may be the one.
            if let Ok(handle) = device.open() {
                read_strings(&handle, &mut info);
                if info.serial.as_ref() != Some(serial) {
                    continue;
                }
            }
        }
        match interface {
            Some(interface) => return Ok(Found::Fits(device, info, interface)),
            None => drop(other.get_or_insert(info)),
        }
    }
    Ok(other.map_or(Found::Nothing, Found::Other))
}

/// What is known of a device without opening it; `None` for one that left meanwhile.
fn inspect(device: &rusb::Device<Context>) -> Option<DeviceInfo> {
    let descriptor = device.device_descriptor().ok()?;
    let ports: Vec<String> = device.port_numbers().unwrap_or_default().iter().map(u8::to_string).collect();
    let bus = device.bus_number();
    let config = device.active_config_descriptor();
    Some(DeviceInfo {
        vendor: descriptor.vendor_id(),
        product: descriptor.product_id(),
        path: if ports.is_empty() { format!("usb{bus}") } else { format!("{bus}-{}", ports.join(".")) },
        speed: match device.speed() {
            rusb::Speed::Low => Speed::Low,
            rusb::Speed::Full => Speed::Full,
            rusb::Speed::High => Speed::High,
            rusb::Speed::Super | rusb::Speed::SuperPlus => Speed::Super,
            _ => Speed::Unknown,
        },
        manufacturer: None,
        name: None,
        serial: None,
        interfaces: config.as_ref().map(interfaces).unwrap_or_default(),
        firmware: None,
        unread: config.err().map(unread),
        problem: None,
    })
}

/// Why nothing is known of the interfaces of a device.
fn unread(error: rusb::Error) -> String {
    match error {
        rusb::Error::NotFound => "the system has chosen no configuration of it".into(),
        other => format!("the descriptors of its configuration cannot be read ({other})"),
    }
}

/// Asks the device for its strings.
fn read_strings(handle: &DeviceHandle<Context>, info: &mut DeviceInfo) {
    let Ok(descriptor) = handle.device().device_descriptor() else { return };
    let language = handle.read_languages(STRING_LIMIT).ok().and_then(|languages| languages.first().copied());
    let read = |index: Option<u8>| {
        handle.read_string_descriptor(language?, index?, STRING_LIMIT).ok().filter(|text| !text.is_empty())
    };
    info.manufacturer = read(descriptor.manufacturer_string_index()).map(|text| one_line(&text));
    info.name = read(descriptor.product_string_index()).map(|text| one_line(&text));
    info.serial = read(descriptor.serial_number_string_index());
}

/// A name on one line: that of one device is not to look like the line of another.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name of an interface of this class and subclass in whichever of the configurations, if it has one that can be read.
fn interface_name(handle: &DeviceHandle<Context>, class: [u8; 2]) -> Option<String> {
    let device = handle.device();
    let count = device.device_descriptor().ok()?.num_configurations();
    let index = (0..count).filter_map(|at| device.config_descriptor(at).ok()).find_map(|config| {
        let mut settings = config.interfaces().flat_map(|interface| interface.descriptors());
        let named = settings.find(|setting| [setting.class_code(), setting.sub_class_code()] == class)?;
        named.description_string_index()
    })?;
    let language = handle.read_languages(STRING_LIMIT).ok()?.first().copied()?;
    handle.read_string_descriptor(language, index, STRING_LIMIT).ok().filter(|text| !text.is_empty())
}

fn interfaces(config: &rusb::ConfigDescriptor) -> Vec<Interface> {
    let convert = |d: rusb::InterfaceDescriptor<'_>| Interface {
        number: d.interface_number(),
        alternate: d.setting_number(),
        class: [d.class_code(), d.sub_class_code(), d.protocol_code()],
        extra: d.extra().to_vec(),
        endpoints: d
            .endpoint_descriptors()
            .map(|e| Endpoint {
                address: e.address(),
                transfer: match e.transfer_type() {
                    rusb::TransferType::Control => Transfer::Control,
                    rusb::TransferType::Isochronous => Transfer::Isochronous,
                    rusb::TransferType::Bulk => Transfer::Bulk,
                    rusb::TransferType::Interrupt => Transfer::Interrupt,
                },
                packet: e.max_packet_size(),
            })
            .collect(),
    };
    config.interfaces().flat_map(|interface| interface.descriptors().map(convert).collect::<Vec<_>>()).collect()
}

fn claim(device: &rusb::Device<Context>, info: &DeviceInfo, interface: Interface) -> Result<Device, LinkError> {
    let handle = device.open().map_err(|error| refused(info, interface.number, error))?;
    // Not every system has drivers to detach; where it has, the claim fails if this did.
    let _ = handle.set_auto_detach_kernel_driver(true);
    handle.claim_interface(interface.number).map_err(|error| refused(info, interface.number, error))?;
    let mut info = info.clone();
    read_strings(&handle, &mut info);
    Ok(Device { info, interface, handle })
}

fn nothing(select: &UsbSelect, what: &str) -> LinkError {
    LinkError::Missing {
        what: format!("no USB device with a {what} is there ({select})"),
        remedy: "plug it in, and check vendor, product, serial and path against the list of USB devices".into(),
    }
}

/// A device that was named has no such interface.
fn without(info: &DeviceInfo, what: &str) -> LinkError {
    match &info.unread {
        Some(why) => LinkError::Missing {
            what: format!("USB device {info} is there, but {why}"),
            remedy: advice::understand_usb(System::HERE).into(),
        },
        None => {
            let offers: Vec<String> = info.offers().iter().map(Offer::to_string).collect();
            let offers = if offers.is_empty() { "no interface".to_owned() } else { offers.join(", ") };
            LinkError::Missing {
                what: format!("USB device {info} is there, but as {offers}, and not with a {what}"),
                remedy: "check vendor, product, serial, path and interface against the list of USB devices".into(),
            }
        }
    }
}

pub(super) fn refused(info: &DeviceInfo, interface: u8, error: rusb::Error) -> LinkError {
    let remedy = match error {
        // Windows says "not supported" of a device with another driver than WinUSB.
        rusb::Error::Access | rusb::Error::NotSupported => advice::access_usb(System::HERE, info.vendor, info.product),
        rusb::Error::Busy => advice::free_usb(System::HERE).into(),
        _ => "unplug it and plug it in again".into(),
    };
    LinkError::Missing { what: format!("interface {interface} of USB device {info} cannot be opened: {error}"), remedy }
}

#[cfg(test)]
mod tests {
    use super::super::info::tests::info;
    use super::*;

    #[test]
    fn devices_are_chosen_by_what_is_given() {
        let fits = |select: UsbSelect| select.fits(&info());
        assert!(fits(UsbSelect::default()));
        assert!(fits(UsbSelect { vendor: Some(0x1d50), product: Some(0x60e3), ..UsbSelect::default() }));
        assert!(fits(UsbSelect { path: Some("3-1.4".into()), ..UsbSelect::default() }));
        assert!(!fits(UsbSelect { product: Some(0x60e2), ..UsbSelect::default() }));
        assert!(!fits(UsbSelect { path: Some("3-1".into()), ..UsbSelect::default() }));
    }

    #[test]
    fn names_are_on_one_line() {
        assert_eq!(one_line("SIMtrace 2"), "SIMtrace 2");
        assert_eq!(one_line("card\r\n  other, 1d50:60e3\u{2028}"), "card other, 1d50:60e3");
    }

    #[test]
    fn errors_say_what_to_try() {
        let text = |error| refused(&info(), 0, error).to_string();
        assert!(text(rusb::Error::Access).ends_with(&advice::access_usb(System::HERE, 0x1d50, 0x60e3)));
        assert!(text(rusb::Error::Busy).ends_with(advice::free_usb(System::HERE)));
        let select = UsbSelect { vendor: Some(0x1d50), interface: Some(1), ..UsbSelect::default() };
        let other = without(&info(), "card by ICCD").to_string();
        assert!(other.contains("is there, but as no interface, and not with a card by ICCD; check"), "{other}");
        let unread = DeviceInfo { unread: Some(unread(rusb::Error::Io)), ..info() };
        let broken = without(&unread, "card by ICCD").to_string();
        assert!(broken.contains("is there, but the descriptors of its configuration cannot be read"), "{broken}");
        assert!(broken.ends_with(advice::understand_usb(System::HERE)), "{broken}");
        let missing = nothing(&select, "card by ICCD").to_string();
        assert!(missing.starts_with("no USB device with a card by ICCD is there (1d50:any, interface 1); plug it in"));
    }
}
