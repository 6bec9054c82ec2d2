//! Naming USB devices: what is known of them, and which is meant.

use std::fmt;

use dmsc_usb::descriptor::{Interface, Offer};

use crate::advice::{self, System};

/// Which device, and which of its interfaces; what is not given fits any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsbSelect {
    /// idVendor.
    pub vendor: Option<u16>,
    /// idProduct.
    pub product: Option<u16>,
    /// iSerialNumber.
    pub serial: Option<String>,
    /// Where it is plugged in, as [`DeviceInfo::path`] has it: `3-1.4`.
    pub path: Option<String>,
    /// bInterfaceNumber.
    pub interface: Option<u8>,
}

impl fmt::Display for UsbSelect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |id: Option<u16>| id.map_or("any".into(), |id| format!("{id:04x}"));
        let mut parts = Vec::new();
        if self.vendor.is_some() || self.product.is_some() {
            parts.push(format!("{}:{}", hex(self.vendor), hex(self.product)));
        }
        parts.extend(self.serial.as_ref().map(|serial| format!("serial {serial}")));
        parts.extend(self.path.as_ref().map(|path| format!("at {path}")));
        parts.extend(self.interface.map(|number| format!("interface {number}")));
        if parts.is_empty() { f.write_str("any device") } else { f.write_str(&parts.join(", ")) }
    }
}

/// What is known of a device without disturbing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// idVendor.
    pub vendor: u16,
    /// idProduct.
    pub product: u16,
    /// Bus and ports on the way to it, as Linux names them: `3-1.4`. A root hub is `usb3`.
    pub path: String,
    /// The speed it was connected with.
    pub speed: Speed,
    /// iManufacturer, if it has one and it can be read.
    pub manufacturer: Option<String>,
    /// iProduct, likewise.
    pub name: Option<String>,
    /// iSerialNumber, likewise.
    pub serial: Option<String>,
    /// The version of the firmware of a board of the SIMtrace2 family, where it was asked for and the board tells.
    pub firmware: Option<String>,
    /// Its interfaces in the configuration that is set.
    pub interfaces: Vec<Interface>,
    /// Why nothing is known of its interfaces, if so.
    pub unread: Option<String>,
    /// Why it cannot be opened, if so.
    pub problem: Option<String>,
}

/// The speeds of USB 2.0 and above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// 1.5 Mbit/s.
    Low,
    /// 12 Mbit/s, what TS 102 600 has.
    Full,
    /// 480 Mbit/s.
    High,
    /// 5 Gbit/s or more.
    Super,
    /// Not known to the operating system.
    Unknown,
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Speed::Low => "low speed",
            Speed::Full => "full speed",
            Speed::High => "high speed",
            Speed::Super => "super speed",
            Speed::Unknown => "unknown speed",
        })
    }
}

impl DeviceInfo {
    /// Why nothing is known of its interfaces, if so, and what to try.
    #[must_use]
    pub fn unreadable(&self) -> Option<String> {
        self.unread.as_ref().map(|why| format!("{why}; {}", advice::understand_usb(System::HERE)))
    }

    /// What its interfaces are good for.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer> {
        self.interfaces.iter().map(Interface::offer).collect()
    }
}

impl fmt::Display for DeviceInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x} at {}", self.vendor, self.product, self.path)?;
        let named: Vec<&str> = [&self.manufacturer, &self.name].into_iter().flatten().map(String::as_str).collect();
        if !named.is_empty() {
            write!(f, " ({})", named.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn info() -> DeviceInfo {
        DeviceInfo {
            vendor: 0x1d50,
            product: 0x60e3,
            path: "3-1.4".into(),
            speed: Speed::Full,
            manufacturer: Some("sysmocom".into()),
            name: Some("SIMtrace 2".into()),
            serial: Some("0011".into()),
            interfaces: Vec::new(),
            firmware: None,
            unread: None,
            problem: None,
        }
    }

    #[test]
    fn devices_and_choices_have_words() {
        assert_eq!(info().to_string(), "1d50:60e3 at 3-1.4 (sysmocom, SIMtrace 2)");
        assert_eq!(UsbSelect::default().to_string(), "any device");
    }
}
