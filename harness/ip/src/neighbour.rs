//! Where the other side is, as its own frames show it. There are two sides, so every other station is the other one.

use std::net::{Ipv4Addr, Ipv6Addr};

use smoltcp::wire::{ArpPacket, ArpRepr, EthernetFrame, EthernetProtocol, Icmpv6Packet, IpProtocol, Ipv6Packet};

const NEIGHBOUR_SOLICITATION: u8 = 135;

/// Octets of an ICMPv6 header and the reserved field before the target of a solicitation (RFC 4861 4.3).
const TARGET_AT: usize = 8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Neighbour {
    pub(super) ipv4: Option<Ipv4Addr>,
    pub(super) link_local: Option<Ipv6Addr>,
}

impl Neighbour {
    /// Learns from a frame of the other side; anything that is not plain is passed over.
    pub(super) fn observe(&mut self, frame: &[u8]) {
        let Ok(frame) = EthernetFrame::new_checked(frame) else { return };
        match frame.ethertype() {
            EthernetProtocol::Arp => self.observe_arp(frame.payload()),
            EthernetProtocol::Ipv6 => self.observe_ipv6(frame.payload()),
            _ => {}
        }
    }

    fn observe_arp(&mut self, octets: &[u8]) {
        let Some(ArpRepr::EthernetIpv4 { source_protocol_addr, .. }) =
            ArpPacket::new_checked(octets).ok().and_then(|packet| ArpRepr::parse(&packet).ok())
        else {
            return;
        };
        // A probe before an address is taken has none yet (RFC 5227).
        if !(source_protocol_addr.is_unspecified() || source_protocol_addr.is_multicast()) {
            self.ipv4 = Some(source_protocol_addr);
        }
    }

    fn observe_ipv6(&mut self, octets: &[u8]) {
        let Ok(packet) = Ipv6Packet::new_checked(octets) else { return };
        let source = packet.src_addr();
        if source.is_unicast_link_local() {
            self.link_local = Some(source);
        } else if source.is_unspecified() && packet.next_header() == IpProtocol::Icmpv6 {
            // The question whether an address is free names the address its sender is about to have (RFC 4862 5.4).
            let target = Icmpv6Packet::new_checked(packet.payload())
                .ok()
                .filter(|message| u8::from(message.msg_type()) == NEIGHBOUR_SOLICITATION)
                .and_then(|_| packet.payload().get(TARGET_AT..)?.first_chunk::<16>())
                .map(|target| Ipv6Addr::from(*target));
            self.link_local = target.filter(Ipv6Addr::is_unicast_link_local).or(self.link_local);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arp_request_shows_who_asks() {
        let mut frame = vec![0xFF; 6];
        frame.extend([2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2]);
        let mut probe = frame.clone();
        frame.extend([192, 168, 7, 2, 0, 0, 0, 0, 0, 0, 192, 168, 7, 1]);
        probe.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 168, 7, 9]);
        let mut neighbour = Neighbour::default();
        neighbour.observe(&probe);
        assert_eq!(neighbour, Neighbour::default());
        neighbour.observe(&frame);
        assert_eq!(neighbour.ipv4, Some(Ipv4Addr::new(192, 168, 7, 2)));
        neighbour.observe(&frame[..30]);
        neighbour.observe(&[]);
        assert_eq!(neighbour.link_local, None);
    }

    #[test]
    fn the_question_whether_an_address_is_free_shows_the_address() {
        let target: Ipv6Addr = "fe80::ff:fe00:2".parse().unwrap();
        let mut frame = vec![0x33, 0x33, 0xFF, 0, 0, 2, 2, 0, 0, 0, 0, 2, 0x86, 0xDD];
        frame.extend([0x60, 0, 0, 0, 0, 24, 58, 255]);
        frame.extend([0; 16]);
        frame.extend("ff02::1:ff00:2".parse::<Ipv6Addr>().unwrap().octets());
        frame.extend([135, 0, 0, 0, 0, 0, 0, 0]);
        frame.extend(target.octets());
        let mut neighbour = Neighbour::default();
        neighbour.observe(&frame);
        assert_eq!(neighbour.link_local, Some(target));
    }
}
