//! Channels of the bearer independent protocol: device identities, status and transport (TS 102 223 8.7, 8.56, 8.59).

code_table! {
    /// Device identities (TS 102 223 8.7).
    Device, "device" {
        Keypad = 0x01, "keypad";
        Display = 0x02, "display";
        Earpiece = 0x03, "earpiece";
        Channel1 = 0x21, "channel-1";
        Channel2 = 0x22, "channel-2";
        Channel3 = 0x23, "channel-3";
        Channel4 = 0x24, "channel-4";
        Channel5 = 0x25, "channel-5";
        Channel6 = 0x26, "channel-6";
        Channel7 = 0x27, "channel-7";
        Uicc = 0x81, "uicc";
        Terminal = 0x82, "terminal";
        Network = 0x83, "network";
    }
}

impl Device {
    /// The device identity of channel 1 to 7; other numbers give what `20 + n` stands for, for negative tests.
    #[must_use]
    pub const fn channel(number: u8) -> Self {
        Self::from_code(0x20u8.wrapping_add(number))
    }

    /// Whether the standard keeps the code for later: none of the devices named here, of the additional card readers
    /// (10 to 17) and of the eCAT clients (31 to 37).
    #[must_use]
    pub(crate) const fn is_reserved(self) -> bool {
        matches!(self, Self::Unknown(code) if !matches!(code, 0x10..=0x17 | 0x31..=0x37))
    }

    /// The number 1 to 7 of a channel identity.
    #[must_use]
    pub const fn channel_number(self) -> Option<u8> {
        match self.code() {
            code @ 0x21..=0x27 => Some(code - 0x20),
            _ => None,
        }
    }
}

code_table! {
    /// Transport protocol types of the UICC/terminal interface transport level (TS 102 223 8.59).
    ///
    /// 03 is UICC Server Mode; 04, 05 and 06 are Terminal Server Mode.
    TransportProtocol, "protocol" {
        UdpClientRemote = 0x01, "udp-client-remote";
        TcpClientRemote = 0x02, "tcp-client-remote";
        TcpUiccServer = 0x03, "tcp-uicc-server";
        UdpClientLocal = 0x04, "udp-client-local";
        TcpClientLocal = 0x05, "tcp-client-local";
        Direct = 0x06, "direct";
    }
}

impl TransportProtocol {
    /// True for the types of Terminal Server Mode (class k).
    #[must_use]
    pub const fn is_terminal_server(self) -> bool {
        matches!(self, Self::UdpClientLocal | Self::TcpClientLocal | Self::Direct)
    }
}

/// State of the link, b8 b7 of the first octet of a channel status.
///
/// What `Closed` and `Established` mean depends on how the channel was opened, which the object does not tell;
/// `Listen` exists in UICC Server Mode only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// 00: link not established, or TCP CLOSED.
    Closed,
    /// 01: TCP LISTEN.
    Listen,
    /// 10: link established, or TCP ESTABLISHED.
    Established,
    /// 11: reserved.
    Rfu,
}

impl Link {
    /// Names in the order of their codes 0 to 3.
    pub const NAMES: &'static [&'static str] = &["closed", "listen", "established", "rfu"];

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Listen => "listen",
            Self::Established => "established",
            Self::Rfu => "rfu",
        }
    }

    /// The link state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Closed, Self::Listen, Self::Established, Self::Rfu].into_iter().find(|link| link.name() == name)
    }
}

/// Channel status (TS 102 223 8.56).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelStatus {
    /// Channel identifier 1 to 7; 0 = no channel. Only b3..b1 are coded.
    pub channel: u8,
    /// State of the link.
    pub link: Link,
    /// Second octet: 00 no further information, 05 link dropped.
    pub info: u8,
}

impl ChannelStatus {
    /// A status without further information.
    #[must_use]
    pub const fn new(channel: u8, link: Link) -> Self {
        Self { channel, link, info: 0 }
    }

    /// Reads the two octets; `None` if the length differs or the reserved bits b6..b4 are set.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let [first, info] = octets else { return None };
        if first & 0x38 != 0 {
            return None;
        }
        let link = match first >> 6 {
            0 => Link::Closed,
            1 => Link::Listen,
            2 => Link::Established,
            _ => Link::Rfu,
        };
        Some(Self { channel: first & 0x07, link, info: *info })
    }

    /// The two octets.
    #[must_use]
    pub const fn encode(self) -> [u8; 2] {
        [(self.link as u8) << 6 | self.channel & 0x07, self.info]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_round_trip() {
        assert_table!(Device);
        assert_table!(TransportProtocol);
    }

    #[test]
    fn channel_identities() {
        assert_eq!(Device::channel(1), Device::Channel1);
        assert_eq!(Device::channel(7).channel_number(), Some(7));
        assert_eq!((Device::channel(8).code(), Device::channel(8).channel_number()), (0x28, None));
    }

    #[test]
    fn every_status_octet() {
        for first in 0..=u8::MAX {
            match ChannelStatus::parse(&[first, 5]) {
                Some(status) => assert_eq!(status.encode(), [first, 5]),
                None => assert_ne!(first & 0x38, 0),
            }
        }
        assert_eq!(ChannelStatus::parse(&[0x41, 0]), Some(ChannelStatus::new(1, Link::Listen)));
        assert_eq!(ChannelStatus::parse(&[0x41]), None);
    }

    #[test]
    fn server_modes() {
        let local: Vec<_> =
            TransportProtocol::ALL.iter().filter(|p| p.is_terminal_server()).map(|p| p.code()).collect();
        assert_eq!(local, [4, 5, 6]);
        assert_eq!(Link::from_name("listen"), Some(Link::Listen));
        assert_eq!(Link::from_name("open"), None);
    }
}
