//! Router advertisements, as a terminal may send them (RFC 4861 4.2).

use std::net::Ipv6Addr;
use std::time::Duration;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::time::Duration as WireDuration;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, Icmpv6Packet, Icmpv6Repr, IpProtocol, Ipv6Packet,
    Ipv6Repr, NdiscPrefixInfoFlags, NdiscPrefixInformation, NdiscRepr, NdiscRouterFlags,
};

use super::Advertisement;

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xFF02, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_ETHERNET: EthernetAddress = EthernetAddress([0x33, 0x33, 0, 0, 0, 1]);
const ROUTER_SOLICITATION: u8 = 133;

/// Decides when to advertise, and what.
#[derive(Clone, Debug)]
pub(super) struct Router {
    advertisement: Advertisement,
    mac: EthernetAddress,
    address: Ipv6Addr,
    mtu: u16,
    next: Duration,
}

impl Router {
    /// A router that advertises at once.
    pub(super) fn new(
        advertisement: Advertisement,
        mac: [u8; 6],
        address: Ipv6Addr,
        mtu: u16,
        now: Duration,
    ) -> Router {
        Router { advertisement, mac: EthernetAddress(mac), address, mtu, next: now }
    }

    /// When the next advertisement is due.
    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// Looks at a frame of the other side: a solicitation makes an advertisement due.
    pub(super) fn observe(&mut self, now: Duration, frame: &[u8]) {
        let is_solicitation = EthernetFrame::new_checked(frame)
            .ok()
            .filter(|frame| frame.ethertype() == EthernetProtocol::Ipv6)
            .and_then(|frame| Ipv6Packet::new_checked(frame.payload()).ok())
            .filter(|packet| packet.next_header() == IpProtocol::Icmpv6 && packet.hop_limit() == 255)
            .and_then(|packet| Icmpv6Packet::new_checked(packet.payload()).ok())
            .is_some_and(|message| u8::from(message.msg_type()) == ROUTER_SOLICITATION);
        if is_solicitation {
            self.next = now;
        }
    }

    /// The advertisement, as a frame, if it is due.
    pub(super) fn poll(&mut self, now: Duration) -> Option<Vec<u8>> {
        if now < self.next {
            return None;
        }
        self.next = now.saturating_add(self.advertisement.interval.max(Duration::from_secs(1)));
        let message = Icmpv6Repr::Ndisc(NdiscRepr::RouterAdvert {
            hop_limit: 64,
            flags: NdiscRouterFlags::empty(),
            router_lifetime: seconds(self.advertisement.router_lifetime),
            reachable_time: WireDuration::ZERO,
            retrans_time: WireDuration::ZERO,
            lladdr: Some(self.mac.into()),
            mtu: Some(u32::from(self.mtu)),
            prefix_info: self.advertisement.prefix.map(|(prefix, prefix_len)| NdiscPrefixInformation {
                prefix_len,
                flags: NdiscPrefixInfoFlags::ON_LINK | NdiscPrefixInfoFlags::ADDRCONF,
                valid_lifetime: seconds(self.advertisement.lifetime),
                preferred_lifetime: seconds(self.advertisement.lifetime),
                prefix,
            }),
        });
        Some(self.frame(&message))
    }

    fn frame(&self, message: &Icmpv6Repr<'_>) -> Vec<u8> {
        let ethernet =
            EthernetRepr { src_addr: self.mac, dst_addr: ALL_NODES_ETHERNET, ethertype: EthernetProtocol::Ipv6 };
        let ip = Ipv6Repr {
            src_addr: self.address,
            dst_addr: ALL_NODES,
            next_header: IpProtocol::Icmpv6,
            payload_len: message.buffer_len(),
            hop_limit: 255,
        };
        let mut octets = vec![0; ethernet.buffer_len() + ip.buffer_len() + message.buffer_len()];
        let mut frame = EthernetFrame::new_unchecked(&mut octets);
        ethernet.emit(&mut frame);
        let mut packet = Ipv6Packet::new_unchecked(frame.payload_mut());
        ip.emit(&mut packet);
        let mut payload = Icmpv6Packet::new_unchecked(packet.payload_mut());
        message.emit(&self.address, &ALL_NODES, &mut payload, &ChecksumCapabilities::default());
        octets
    }
}

fn seconds(duration: Duration) -> WireDuration {
    WireDuration::from_secs(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advertisement_goes_at_once_then_at_intervals_and_when_asked() {
        let advertisement = Advertisement {
            prefix: Some(("2001:db8::".parse().unwrap(), 64)),
            lifetime: Duration::from_secs(3600),
            router_lifetime: Duration::from_secs(1800),
            interval: Duration::from_secs(200),
        };
        let address = "fe80::ff:fe00:1".parse().unwrap();
        let mut router = Router::new(advertisement, [2, 0, 0, 0, 0, 1], address, 1500, Duration::ZERO);
        let frame = router.poll(Duration::ZERO).unwrap();
        assert_eq!(frame[..14], [0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xDD]);
        // Version 6, 64 octets of ICMPv6, hop limit 255.
        assert_eq!(frame[14..22], [0x60, 0, 0, 0, 0, 64, 58, 255]);
        // Type 134, code 0; after the checksum: hop limit 64, no flags, router for 1800 s, no times.
        assert_eq!((frame[54], frame[55]), (134, 0));
        assert_eq!(frame[58..70], [64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0]);
        // Prefix option: 4 times 8 octets, 64 bits, on-link and for addresses, an hour and an hour.
        let prefix = frame.windows(4).position(|w| w == [3, 4, 64, 0xC0]).unwrap();
        assert_eq!(frame[prefix + 4..prefix + 12], [0, 0, 0x0E, 0x10, 0, 0, 0x0E, 0x10]);

        assert_eq!(router.poll(Duration::from_micros(1)), None);
        assert_eq!(router.next(), Duration::from_secs(200));
        let mut solicitation = frame;
        solicitation[54] = 133;
        router.observe(Duration::from_micros(2), &solicitation);
        assert!(router.poll(Duration::from_micros(2)).is_some());
    }
}
