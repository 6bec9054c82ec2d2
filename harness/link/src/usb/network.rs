//! The other way to a card's streams: Linux's own EEM driver and its TCP/IP, where they may have the interface.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dmsc_usb::descriptor::Offer;

use super::device;
use super::info::{DeviceInfo, UsbSelect};
use super::{IccdConfig, IccdTerminal, SystemConfig};
use crate::interrupt;
use crate::sockets::{Sockets, StreamError};
use crate::{Capabilities, LastWords, Link, LinkError, Opening, Poster, Signal, StreamId, Time};

/// Where Linux shows the interfaces of USB devices.
const USB_DEVICES: &str = "/sys/bus/usb/devices";

/// How long is waited before an interface that is not ready is looked at again.
const AGAIN: Duration = Duration::from_millis(50);

/// The flag of an interface that is up (netdevice(7)).
const IFF_UP: u32 = 1;

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

    /// Whether it was brought up; without, nothing can be sent over it.
    fn is_up(&self) -> bool {
        let flags = fs::read_to_string(format!("/sys/class/net/{}/flags", self.name)).unwrap_or_default();
        let flags = u32::from_str_radix(flags.trim().trim_start_matches("0x"), 16).unwrap_or_default();
        flags & IFF_UP != 0
    }

    /// Whether it is still there. Connections do not notice when it goes.
    fn is_there(&self) -> bool {
        let index = fs::read_to_string(format!("/sys/class/net/{}/ifindex", self.name)).unwrap_or_default();
        index.trim().parse() == Ok(self.index)
    }

    /// An address of the card behind this interface; a link-local one gets its scope.
    #[must_use]
    pub fn address(&self, card: SocketAddr) -> SocketAddr {
        match card {
            SocketAddr::V6(card) if card.ip().is_unicast_link_local() => {
                SocketAddrV6::new(*card.ip(), card.port(), 0, self.index).into()
            }
            card => card,
        }
    }
}

/// The terminal of a USB UICC: APDUs by ICCD, and streams over the network interface that Linux has made of its EEM
/// interface.
pub struct SystemUicc {
    // Dropped first: streams end before the card loses its power.
    sockets: Arc<Sockets>,
    contact: IccdTerminal,
    config: SystemConfig,
    interface: NetworkInterface,
}

impl SystemUicc {
    /// Opens the ICCD interface of a card and finds its network interface; [`IccdConfig::select`] says which card.
    ///
    /// # Errors
    /// As [`IccdTerminal::open`]; [`LinkError::Missing`] when the network interface is not there or is down.
    pub fn open(iccd: IccdConfig, config: SystemConfig) -> Result<SystemUicc, LinkError> {
        let contact = IccdTerminal::open(iccd)?;
        let poster = contact.poster().ok_or(LinkError::Unsupported("streams beside its APDUs"))?;
        let sockets = Sockets::new(move |signal| poster.signal(signal));
        let interface = usable(&contact, &config)?;
        Ok(SystemUicc { sockets, contact, config, interface })
    }

    fn connect(&mut self, id: StreamId) -> Result<(), LinkError> {
        self.present()?;
        let address = self.interface.address(self.config.card);
        let poster = self.contact.poster().ok_or(LinkError::Unsupported("streams beside its APDUs"))?;
        match self.sockets.connect(id, &address) {
            Ok(()) => poster.signal(Signal::Connected(id)),
            // No way to the card: nothing was asked of it.
            Err(StreamError::Refused(cause))
                if matches!(cause.kind(), ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable) =>
            {
                return Err(LinkError::Address { action: "connect to", address: address.to_string(), cause });
            }
            Err(StreamError::Refused(cause)) => poster.signal(Signal::Refused(id, cause.to_string())),
            Err(StreamError::Link(error)) => return Err(error),
        }
        Ok(())
    }

    /// That the card is there, which a silence of its streams does not tell.
    fn present(&self) -> Result<(), LinkError> {
        if self.interface.is_there() {
            return Ok(());
        }
        Err(LinkError::Gone { what: format!("the card's network interface {} is gone", self.interface.name) })
    }
}

/// The network interface of the card, ready for use: up, and with an address by which the card is reached. One that has
/// just come has none for a second or two, while the system looks whether another has it (RFC 4862 5.4).
fn usable(contact: &IccdTerminal, config: &SystemConfig) -> Result<NetworkInterface, LinkError> {
    let until = Instant::now() + config.appear;
    let select = super::eem::beside(contact.select().clone(), contact.device());
    let interface = NetworkInterface::find(&select, config.appear)?;
    loop {
        interrupt::check()?;
        let missing = if interface.is_up() {
            match reaches(interface.address(config.card)) {
                Ok(()) => return Ok(interface),
                Err(cause) => format!("the system has no way to {} over {}: {cause}", config.card, interface.name),
            }
        } else {
            format!("the card's network interface {} is down", interface.name)
        };
        if Instant::now() >= until {
            return Err(LinkError::Missing {
                what: missing,
                remedy: format!("bring it up as root: `ip link set {} up`, and give it an address", interface.name),
            });
        }
        // The system tells of it only by netlink sockets, for which it is too little.
        std::thread::sleep(AGAIN);
    }
}

/// Whether the system knows a way to an address, and an address of its own for it; sends nothing.
fn reaches(address: SocketAddr) -> std::io::Result<()> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    UdpSocket::bind(any)?.connect(address)
}

impl Link for SystemUicc {
    fn now(&self) -> Time {
        self.contact.now()
    }

    /// Streams first: what they still had to say goes with all else that the other link forgets.
    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        self.sockets.close_all();
        self.contact.begin(opening)?;
        self.interface = usable(&self.contact, &self.config).map_err(LinkError::of_open_link)?;
        Ok(())
    }

    fn poster(&self) -> Option<Poster> {
        self.contact.poster()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { streams: true, ..self.contact.capabilities() }
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        match signal {
            Signal::Connect(id) => self.connect(id)?,
            Signal::Data(id, octets) => self.sockets.write(id, &octets),
            Signal::Close(id) => self.sockets.close(id),
            Signal::Connected(_) | Signal::Refused(..) => {}
            other => return self.contact.send(other),
        }
        Ok(())
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        let signal = self.contact.recv(until)?;
        signal.iter().for_each(|signal| self.sockets.taken(signal));
        if matches!(signal, None | Some(Signal::Close(_) | Signal::Refused(..))) {
            self.present()?;
        }
        Ok(signal)
    }

    fn last_words(&self) -> LastWords {
        self.contact.last_words()
    }
}

impl Drop for SystemUicc {
    fn drop(&mut self) {
        self.sockets.close_all();
    }
}

#[cfg(test)]
mod tests {
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
            firmware: None,
            unread: None,
            problem: None,
        };
        let found = NetworkInterface::of(&devices, &info, 1);
        let none = NetworkInterface::of(&devices, &info, 0);
        fs::remove_dir_all(&devices).unwrap();
        assert_eq!(found, Some(NetworkInterface { name: "usb7".into(), index: 12 }));
        assert_eq!(none, None);
    }

    #[test]
    fn a_link_local_address_gets_its_scope() {
        let interface = NetworkInterface { name: "usb0".into(), index: 3 };
        for (card, scope) in [("192.168.7.2:443", 0), ("[2001:db8::2]:443", 0), ("[fe80::ff:fe00:2]:443", 3)] {
            let card: SocketAddr = card.parse().unwrap();
            let address = interface.address(card);
            assert_eq!((address.ip(), address.port()), (card.ip(), card.port()));
            assert_eq!(matches!(address, SocketAddr::V6(address) if address.scope_id() == 3), scope == 3);
        }
    }

    #[test]
    fn an_interface_that_is_gone_is_neither_up_nor_there() {
        let interface = NetworkInterface { name: "no-such-interface".into(), index: 9 };
        assert!(!interface.is_up() && !interface.is_there());
    }
}
