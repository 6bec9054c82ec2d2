//! Every rule of the IP link that a bench may want otherwise.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use smoltcp::config::IFACE_MAX_ADDR_COUNT;

/// The name under which a terminal knows its card (DM_SC 8.1).
pub const LOCALUICC: &str = "localuicc";

/// How one side of an IP link behaves; [`IpConfig::terminal`] and [`IpConfig::card`] are the usual two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpConfig {
    /// The Ethernet address of this side; neither group nor zero.
    pub mac: [u8; 6],
    /// Octets of the longest IP packet; 1280 to 1500.
    pub mtu: u16,
    /// How this side gets an IPv4 address.
    pub ipv4: Ipv4,
    /// How this side comes to IPv6 addresses.
    pub ipv6: Ipv6,
    /// What is offered to a DHCP client on the other side; needs a fixed IPv4 address.
    pub dhcp: Option<DhcpOffer>,
    /// What is advertised to the other side as by a router; needs IPv6.
    pub advertisement: Option<Advertisement>,
    /// Where the other side is, when it is meant by its name.
    pub peer: PeerAddress,
    /// Where a stream that this side opens leads.
    pub connect: Option<Target>,
    /// The TCP ports on which streams are taken.
    pub listen: Vec<u16>,
    /// How many connections to one port may be under way at once before the next is reset.
    pub backlog: usize,
    /// Octets of the receive window, and of the send buffer, of each stream; 1460 to 1 GiB.
    pub window: usize,
    /// How long a connection may take to come about, and data to be acknowledged.
    pub patience: Duration,
}

/// How a side gets an IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv4 {
    /// Not at all.
    Off,
    /// It asks a DHCP server for one.
    Dhcp,
    /// It has this one, in a network of that many bits.
    Fixed(Ipv4Addr, u8),
}

/// How a side comes to IPv6 addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ipv6 {
    /// Not at all.
    Off,
    /// It makes a link-local one from its Ethernet address, and has more.
    On {
        /// Whether it follows the prefix of a router (RFC 4862).
        autoconfigure: bool,
        /// Further addresses, each in a network of that many bits.
        fixed: Vec<(Ipv6Addr, u8)>,
    },
}

/// What a DHCP client is offered (RFC 2131): one address, for there is one card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhcpOffer {
    /// The address.
    pub address: Ipv4Addr,
    /// A router, if the card is to have one.
    pub router: Option<Ipv4Addr>,
    /// A name server, if the card is to have one.
    pub name_server: Option<Ipv4Addr>,
    /// How long the address is good for; whole seconds count.
    pub lease: Duration,
}

/// What a router advertises (RFC 4861 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertisement {
    /// The prefix from which addresses are to be made, and its bits; 64 is what hosts can use.
    pub prefix: Option<(Ipv6Addr, u8)>,
    /// How long the prefix is valid and preferred; whole seconds count.
    pub lifetime: Duration,
    /// How long this side serves as default router; zero says that it does not.
    pub router_lifetime: Duration,
    /// How often it is sent unasked.
    pub interval: Duration,
}

/// Where the other side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerAddress {
    /// Where DHCP has put it, or the IPv4 address that it shows in ARP.
    Ipv4,
    /// The link-local address that it shows in neighbour discovery.
    Ipv6,
    /// Here, whatever it shows.
    Fixed(IpAddr),
}

/// Where a stream leads; read from `localuicc:443`, `192.0.2.1:80` or `[fe80::1]:80`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// The TCP port; not 0.
    pub port: u16,
}

/// The host of a [`Target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The other side, wherever [`IpConfig::peer`] finds it.
    Peer,
    /// An address as it is.
    Address(IpAddr),
}

/// Why a text is no [`Target`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No port from 1 to 65535 after the last colon.
    #[error("`{0}` has no port; write it after a colon, as in localuicc:443")]
    Port(String),
    /// Neither `localuicc` nor an address.
    #[error("`{0}` is neither localuicc nor an address; write localuicc:443, 192.0.2.1:80 or [fe80::1]:80")]
    Host(String),
}

/// Why an [`IpConfig`] makes no node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A group address, or zero.
    #[error("{0:02X?} is no address of one station; use 02 as the first octet")]
    Mac([u8; 6]),
    /// A packet size that the link does not carry.
    #[error("packets of {0} octets do not go; use 1280 to 1500")]
    Mtu(u16),
    /// An address that cannot be a station's, or a network of impossible size.
    #[error("{0}/{1} cannot be the address of one side; use a unicast address and the bits of its network")]
    Address(IpAddr, u8),
    /// More addresses than a node can hold.
    #[error("{0} addresses are too many; use at most {limit}", limit = IFACE_MAX_ADDR_COUNT - 2)]
    TooMany(usize),
    /// DHCP is to be served without an address to serve it from.
    #[error("DHCP is served from a fixed IPv4 address, and there is none; give this side one")]
    DhcpWithoutAddress,
    /// A router is to be played without IPv6.
    #[error("a router advertises from a link-local address, and IPv6 is off; turn it on")]
    AdvertisementWithoutIpv6,
    /// A window that TCP cannot have.
    #[error("a window of {0} octets does not go; use 1460 to 1073741824")]
    Window(usize),
    /// Port 0.
    #[error("port 0 cannot be listened on; use 1 to 65535")]
    Port,
}

impl IpConfig {
    /// The terminal: a fixed address, DHCP and a router advertisement for the card, streams to `localuicc:443`.
    pub fn terminal() -> IpConfig {
        IpConfig {
            mac: [0x02, 0x00, 0x00, 0x00, 0x00, 0x01],
            mtu: 1500,
            ipv4: Ipv4::Fixed(Ipv4Addr::new(192, 168, 7, 1), 24),
            ipv6: Ipv6::On { autoconfigure: false, fixed: Vec::new() },
            dhcp: Some(DhcpOffer {
                address: Ipv4Addr::new(192, 168, 7, 2),
                router: Some(Ipv4Addr::new(192, 168, 7, 1)),
                name_server: None,
                lease: Duration::from_secs(3600),
            }),
            advertisement: Some(Advertisement {
                prefix: None,
                lifetime: Duration::from_secs(3600),
                router_lifetime: Duration::ZERO,
                interval: Duration::from_secs(200),
            }),
            peer: PeerAddress::Ipv4,
            connect: Some(Target { host: Host::Peer, port: 443 }),
            listen: Vec::new(),
            ..IpConfig::common()
        }
    }

    /// The card: it asks for an address, follows a router, and takes streams on ports 443 and 80.
    pub fn card() -> IpConfig {
        IpConfig {
            mac: [0x02, 0x00, 0x00, 0x00, 0x00, 0x02],
            ipv4: Ipv4::Dhcp,
            ipv6: Ipv6::On { autoconfigure: true, fixed: Vec::new() },
            listen: vec![443, 80],
            ..IpConfig::common()
        }
    }

    fn common() -> IpConfig {
        IpConfig {
            mac: [0x02, 0, 0, 0, 0, 0x03],
            mtu: 1500,
            ipv4: Ipv4::Off,
            ipv6: Ipv6::Off,
            dhcp: None,
            advertisement: None,
            peer: PeerAddress::Ipv4,
            connect: None,
            listen: Vec::new(),
            backlog: 4,
            window: 256 * 1024,
            patience: Duration::from_secs(10),
        }
    }

    /// Checks what the network stack would only find out by failing.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let [first, ..] = self.mac;
        if first & 1 != 0 || self.mac == [0; 6] {
            return Err(ConfigError::Mac(self.mac));
        }
        if !(1280..=1500).contains(&self.mtu) {
            return Err(ConfigError::Mtu(self.mtu));
        }
        if !(1460..=1 << 30).contains(&self.window) {
            return Err(ConfigError::Window(self.window));
        }
        if self.listen.contains(&0) {
            return Err(ConfigError::Port);
        }
        for (address, bits) in self.fixed() {
            let possible = match address {
                IpAddr::V4(a) => bits <= 32 && !(a.is_multicast() || a.is_broadcast() || a.is_unspecified()),
                IpAddr::V6(a) => bits <= 128 && !(a.is_multicast() || a.is_unspecified()),
            };
            if !possible {
                return Err(ConfigError::Address(address, bits));
            }
        }
        // Two are kept free: the link-local address and one that comes by DHCP or from a router.
        let count = self.fixed().count();
        if count > IFACE_MAX_ADDR_COUNT - 2 {
            return Err(ConfigError::TooMany(count));
        }
        if self.dhcp.is_some() && !matches!(self.ipv4, Ipv4::Fixed(..)) {
            return Err(ConfigError::DhcpWithoutAddress);
        }
        if self.advertisement.is_some() && self.ipv6 == Ipv6::Off {
            return Err(ConfigError::AdvertisementWithoutIpv6);
        }
        Ok(())
    }

    pub(super) fn fixed(&self) -> impl Iterator<Item = (IpAddr, u8)> {
        let v4 = match self.ipv4 {
            Ipv4::Fixed(address, bits) => Some((IpAddr::V4(address), bits)),
            Ipv4::Off | Ipv4::Dhcp => None,
        };
        let v6 = match &self.ipv6 {
            Ipv6::On { fixed, .. } => fixed.as_slice(),
            Ipv6::Off => &[],
        };
        v4.into_iter().chain(v6.iter().map(|&(address, bits)| (IpAddr::V6(address), bits)))
    }

    /// The link-local address that follows from the Ethernet address (RFC 4291 appendix A).
    pub fn link_local(&self) -> Ipv6Addr {
        let [a, b, c, d, e, f] = self.mac;
        let pair = |high, low| u16::from_be_bytes([high, low]);
        Ipv6Addr::new(0xFE80, 0, 0, 0, pair(a ^ 2, b), pair(c, 0xFF), pair(0xFE, d), pair(e, f))
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Target, TargetError> {
        let no_port = || TargetError::Port(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(no_port)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(no_port)?;
        if host.eq_ignore_ascii_case(LOCALUICC) {
            return Ok(Target { host: Host::Peer, port });
        }
        let address = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => inner.parse::<Ipv6Addr>().map(IpAddr::V6),
            None => host.parse::<Ipv4Addr>().map(IpAddr::V4),
        };
        let address = address.map_err(|_| TargetError::Host(text.to_owned()))?;
        Ok(Target { host: Host::Address(address), port })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            Host::Peer => write!(f, "{LOCALUICC}:{}", self.port),
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}:{}", self.port),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_read_as_they_print() {
        for text in ["localuicc:443", "192.0.2.1:80", "[fe80::1]:4116"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        assert_eq!("LocalUICC:80".parse::<Target>().unwrap().host, Host::Peer);
        for text in ["localuicc", "localuicc:0", "localuicc:65536", "fe80::1"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
        let error = "card:80".parse::<Target>().unwrap_err();
        assert!(error.to_string().contains("localuicc:443"), "{error}");
    }

    #[test]
    fn the_link_local_address_follows_from_the_ethernet_address() {
        let config = IpConfig { mac: [0x02, 0x11, 0x22, 0x33, 0x44, 0x55], ..IpConfig::card() };
        assert_eq!(config.link_local(), "fe80::11:22ff:fe33:4455".parse::<Ipv6Addr>().unwrap());
    }

    #[test]
    fn impossible_settings_are_refused() {
        IpConfig::terminal().check().unwrap();
        IpConfig::card().check().unwrap();
        let wrong = [
            IpConfig { mac: [1, 0, 0, 0, 0, 0], ..IpConfig::card() },
            IpConfig { mtu: 1501, ..IpConfig::card() },
            IpConfig { window: 0, ..IpConfig::card() },
            IpConfig { listen: vec![0], ..IpConfig::card() },
            IpConfig { ipv4: Ipv4::Fixed(Ipv4Addr::BROADCAST, 24), ..IpConfig::card() },
            IpConfig { ipv4: Ipv4::Fixed(Ipv4Addr::new(10, 0, 0, 1), 33), ..IpConfig::card() },
            IpConfig { ipv4: Ipv4::Dhcp, ..IpConfig::terminal() },
            IpConfig { ipv6: Ipv6::Off, ..IpConfig::terminal() },
        ];
        for config in wrong {
            let error = config.check().unwrap_err();
            assert!(error.to_string().contains(';') || error.to_string().contains(','), "{error}");
        }
        let many = (1..20).map(|n| (Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, n), 64)).collect();
        let config = IpConfig { ipv6: Ipv6::On { autoconfigure: false, fixed: many }, ..IpConfig::card() };
        assert_eq!(config.check(), Err(ConfigError::TooMany(19)));
    }
}
