//! The device as the kernel has it: made, attached, detached, removed.

use std::io;
use std::path::Path;

use usb_gadget::function::Handle;
use usb_gadget::{Class, Config, Gadget, Id, RegGadget, Speed, Strings, Udc};

use super::config::{GadgetConfig, GadgetSpeed};
use crate::LinkError;

/// What gadgets of this program are called under configfs, with the number of the process after it.
const NAME: &str = "dmsc-";

/// A gadget that is registered. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Device {
    gadget: Option<RegGadget>,
    udc: Udc,
    bound: bool,
}

impl Device {
    /// Registers a device with these functions, in this order; nothing is attached yet.
    pub(super) fn register(config: &GadgetConfig, functions: Vec<Handle>) -> Result<Device, LinkError> {
        let udc = controller(config.udc.as_deref())?;
        remove_left_over();
        let mut setting = Config::new("UICC");
        setting.max_power = config.max_power;
        functions.into_iter().for_each(|function| setting.add_function(function));
        let strings = Strings::new(&config.manufacturer, &config.name, &config.serial);
        let mut gadget = Gadget::new(Class::INTERFACE_SPECIFIC, Id::new(config.vendor, config.product), strings);
        gadget.name = free_name();
        gadget.max_speed = Some(match config.speed {
            GadgetSpeed::Full => Speed::FullSpeed,
            GadgetSpeed::High => Speed::HighSpeed,
        });
        let gadget = gadget.with_config(setting).register().map_err(|cause| refused("made", &cause))?;
        Ok(Device { gadget: Some(gadget), udc, bound: false })
    }

    pub(super) fn is_bound(&self) -> bool {
        self.bound
    }

    /// Gives the device to its controller, which attaches it to the bus.
    pub(super) fn bind(&mut self) -> Result<(), LinkError> {
        if let Some(gadget) = &self.gadget {
            gadget.bind(Some(&self.udc)).map_err(|cause| refused("attached", &cause))?;
            self.bound = true;
        }
        Ok(())
    }

    pub(super) fn bus(&self) -> Bus {
        Bus(self.udc.clone())
    }

    /// Takes the device off the bus, as if it were unplugged.
    pub(super) fn unbind(&mut self) {
        if let Some(gadget) = &self.gadget {
            // A controller that is gone has let it go already.
            let _ = gadget.bind(None);
        }
        self.bound = false;
    }

    pub(super) fn remove(&mut self) {
        if let Some(gadget) = self.gadget.take() {
            // What cannot be removed now is removed when the next one is made.
            let _ = gadget.remove();
        }
    }
}

/// The bus as the controller sees it.
#[derive(Clone, Debug)]
pub(super) struct Bus(Udc);

impl Bus {
    /// wMaxPacketSize of bulk endpoints at the speed of the bus, in octets.
    pub(super) fn bulk_packet(&self) -> usize {
        match self.0.current_speed() {
            Ok(Speed::HighSpeed) => 512,
            _ => 64,
        }
    }
}

fn controller(name: Option<&str>) -> Result<Udc, LinkError> {
    let mut there = usb_gadget::udcs().map_err(|cause| refused("made", &cause))?;
    there.sort_by_key(|udc| udc.name().to_os_string());
    let names: Vec<String> = there.iter().map(|udc| udc.name().to_string_lossy().into_owned()).collect();
    match name {
        None if there.is_empty() => Err(LinkError::Missing {
            what: "there is no USB device controller".into(),
            remedy: "run on a board that has one (Raspberry Pi, BeagleBone, ...), or load dummy_hcd for a bench".into(),
        }),
        None => Ok(there.swap_remove(0)),
        Some(name) => match names.iter().position(|there| there == name) {
            Some(at) => Ok(there.swap_remove(at)),
            None => Err(LinkError::Missing {
                what: format!("there is no USB device controller {name}"),
                remedy: match names.as_slice() {
                    [] => "there is none at all; load dummy_hcd for a bench".into(),
                    names => format!("name one of {}", names.join(", ")),
                },
            }),
        },
    }
}

pub(super) fn refused(done: &str, cause: &io::Error) -> LinkError {
    let remedy = match cause.kind() {
        io::ErrorKind::PermissionDenied => "run as root: gadgets are made in configfs",
        io::ErrorKind::NotFound => "load the module libcomposite and mount configfs at /sys/kernel/config",
        io::ErrorKind::ResourceBusy => {
            "another gadget has the device controller; remove it under /sys/kernel/config/usb_gadget, or name another"
        }
        _ => "see the kernel's log (dmesg); its configuration needs USB_CONFIGFS_F_FS",
    };
    LinkError::Missing { what: format!("the USB gadget cannot be {done}: {cause}"), remedy: remedy.into() }
}

/// The first name of this process that is not taken.
fn free_name() -> Option<String> {
    let taken: Vec<String> =
        usb_gadget::registered().ok()?.iter().map(|gadget| gadget.name().to_string_lossy().into_owned()).collect();
    let process = std::process::id();
    (0..).map(|number| format!("{NAME}{process}-{number}")).find(|name| !taken.contains(name))
}

/// Removes gadgets of processes of this program that were killed; they hold nothing but their names.
fn remove_left_over() {
    for gadget in usb_gadget::registered().unwrap_or_default() {
        let name = gadget.name().to_string_lossy().into_owned();
        let process = name.strip_prefix(NAME).and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = gadget.remove();
        }
    }
}
