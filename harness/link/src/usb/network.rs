//! The other way to a card's streams: Linux's own EEM driver and its TCP/IP, where they may have the interface.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use dmsc_usb::descriptor::Offer;

use super::device;
use super::info::{DeviceInfo, UsbSelect};
use crate::{LinkError, TcpConfig};

/// Where Linux shows the interfaces of USB devices.
const USB_DEVICES: &str = "/sys/bus/usb/devices";

/// The network interface that Linux has made of a card's EEM interface. Addresses are the system's affair: a DHCP
/// server on it gives the card one, and its link-local ones need nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its name, such as `usb0`.
    pub name: String,
    /// Its index, which is the scope of link-local addresses.
    pub index: u32,
}

impl NetworkInterface {
    /// Finds the network interface of a card; one that is not there yet may come within `appear`.
    ///
    /// # Errors
    /// [`LinkError::Missing`] when there is no such card, and when Linux's driver does not have its interface.
    pub fn find(select: &UsbSelect, appear: Duration) -> Result<NetworkInterface, LinkError> {
        let wanted = |offer: &Offer| *offer == Offer::Eem;
        device::locate(select, "card by EEM", &wanted, appear, |_, info, interface| {
            NetworkInterface::of(Path::new(USB_DEVICES), info, interface.number).ok_or_else(|| LinkError::Missing {
                what: format!("interface {} of USB device {info} is no network interface", interface.number),
                remedy: "load the module cdc_eem, and end what else has the interface".into(),
            })
        })
    }

    fn of(devices: &Path, info: &DeviceInfo, number: u8) -> Option<NetworkInterface> {
        // The configuration stands between them: 1-1:1.0.
        let (start, end) = (format!("{}:", info.path), format!(".{number}"));
        let mut entries = fs::read_dir(devices).ok()?.filter_map(|entry| entry.ok());
        let entry = entries.find(|entry| {
            entry.file_name().to_str().is_some_and(|name| name.starts_with(&start) && name.ends_with(&end))
        })?;
        let network = fs::read_dir(entry.path().join("net")).ok()?.next()?.ok()?;
        let index = fs::read_to_string(network.path().join("ifindex")).ok()?;
        Some(NetworkInterface { name: network.file_name().into_string().ok()?, index: index.trim().parse().ok()? })
    }

    /// A TCP link to a card behind this interface; a link-local address gets its scope.
    #[must_use]
    pub fn tcp(&self, card: IpAddr, port: u16) -> TcpConfig {
        let connect = match card {
            IpAddr::V4(address) => format!("{address}:{port}"),
            IpAddr::V6(address) if address.is_unicast_link_local() => format!("[{address}%{}]:{port}", self.index),
            IpAddr::V6(address) => format!("[{address}]:{port}"),
        };
        TcpConfig { connect: Some(connect), ..TcpConfig::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, ToSocketAddrs};

    use super::*;
    use crate::usb::Speed;

    #[test]
    fn the_interface_is_found_below_the_device() {
        let devices = std::env::temp_dir().join(format!("dmsc-usb-devices-{}", std::process::id()));
        let network = devices.join("3-1.4:1.1/net/usb7");
        fs::create_dir_all(&network).unwrap();
        fs::create_dir_all(devices.join("3-1:1.1/net/usb8")).unwrap();
        fs::write(network.join("ifindex"), "12\n").unwrap();
        let info = DeviceInfo {
            vendor: 0x1D6B,
            product: 0x0105,
            path: "3-1.4".into(),
            speed: Speed::Full,
            manufacturer: None,
            name: None,
            serial: None,
            interfaces: Vec::new(),
            problem: None,
        };
        let found = NetworkInterface::of(&devices, &info, 1);
        let none = NetworkInterface::of(&devices, &info, 0);
        fs::remove_dir_all(&devices).unwrap();
        assert_eq!(found, Some(NetworkInterface { name: "usb7".into(), index: 12 }));
        assert_eq!(none, None);
    }

    #[test]
    fn addresses_are_written_as_sockets_take_them() {
        let interface = NetworkInterface { name: "usb0".into(), index: 3 };
        for (card, written) in [
            ("192.168.7.2", "192.168.7.2:443"),
            ("2001:db8::2", "[2001:db8::2]:443"),
            ("fe80::ff:fe00:2", "[fe80::ff:fe00:2%3]:443"),
        ] {
            let connect = interface.tcp(card.parse().unwrap(), 443).connect.unwrap();
            assert_eq!(connect, written);
            let address = connect.to_socket_addrs().unwrap().next().unwrap();
            assert_eq!(address.ip(), card.parse::<IpAddr>().unwrap());
            if let SocketAddr::V6(address) = address {
                assert_eq!(address.scope_id(), if card.starts_with("fe80") { 3 } else { 0 });
            }
        }
    }
}
