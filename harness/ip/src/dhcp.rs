//! The DHCP server of the terminal (RFC 2131): one address, for one card.

use std::net::Ipv4Addr;
use std::time::Duration;

use smoltcp::wire::{DhcpMessageType, DhcpRepr, EthernetAddress};

use super::DhcpOffer;

/// Answers a DHCP client; every answer is to be broadcast, since the client has no address yet or is the only one.
#[derive(Clone, Debug)]
pub(super) struct DhcpServer {
    offer: DhcpOffer,
    address: Ipv4Addr,
    mask: Ipv4Addr,
    /// Who has the address.
    holder: Option<EthernetAddress>,
}

impl DhcpServer {
    /// A server at `address` in a network of `bits`.
    pub(super) fn new(offer: DhcpOffer, address: Ipv4Addr, bits: u8) -> DhcpServer {
        let mask = u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(bits))).unwrap_or(0);
        DhcpServer { offer, address, mask: mask.into(), holder: None }
    }

    /// The address, once a client has taken it.
    pub(super) fn leased(&self) -> Option<Ipv4Addr> {
        self.holder.map(|_| self.offer.address)
    }

    /// The answer to a client's message, if it is to have one.
    pub(super) fn answer(&mut self, asked: &DhcpRepr<'_>) -> Option<DhcpRepr<'static>> {
        let (kind, address) = match asked.message_type {
            DhcpMessageType::Discover => (DhcpMessageType::Offer, self.offer.address),
            DhcpMessageType::Request => {
                if asked.server_identifier.is_some_and(|chosen| chosen != self.address) {
                    return None;
                }
                // A client that renews names its address in the header instead of the option (RFC 2131 4.3.2).
                if asked.requested_ip.unwrap_or(asked.client_ip) == self.offer.address {
                    self.holder = Some(asked.client_hardware_address);
                    (DhcpMessageType::Ack, self.offer.address)
                } else {
                    (DhcpMessageType::Nak, Ipv4Addr::UNSPECIFIED)
                }
            }
            DhcpMessageType::Inform => (DhcpMessageType::Ack, Ipv4Addr::UNSPECIFIED),
            DhcpMessageType::Release | DhcpMessageType::Decline => {
                self.holder = self.holder.filter(|holder| *holder != asked.client_hardware_address);
                return None;
            }
            DhcpMessageType::Offer | DhcpMessageType::Ack | DhcpMessageType::Nak | DhcpMessageType::Unknown(_) => {
                return None;
            }
        };
        Some(self.message(asked, kind, address))
    }

    fn message(&self, asked: &DhcpRepr<'_>, kind: DhcpMessageType, address: Ipv4Addr) -> DhcpRepr<'static> {
        let says = kind != DhcpMessageType::Nak;
        let seconds = |part: u32| {
            let lease = u32::try_from(self.offer.lease.as_secs()).unwrap_or(u32::MAX);
            // An answer to Inform has no lease, and a client that is told no times takes half and seven eighths.
            (says && !address.is_unspecified()).then_some(lease / 8 * part)
        };
        DhcpRepr {
            message_type: kind,
            transaction_id: asked.transaction_id,
            secs: 0,
            client_hardware_address: asked.client_hardware_address,
            client_ip: if says { asked.client_ip } else { Ipv4Addr::UNSPECIFIED },
            your_ip: address,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: self.offer.router.filter(|_| says),
            subnet_mask: says.then_some(self.mask),
            relay_agent_ip: asked.relay_agent_ip,
            broadcast: asked.broadcast,
            requested_ip: None,
            client_identifier: None,
            server_identifier: Some(self.address),
            parameter_request_list: None,
            dns_servers: self.offer.name_server.filter(|_| says).and_then(|server| [server].as_slice().try_into().ok()),
            max_size: None,
            lease_duration: seconds(8),
            renew_duration: seconds(4),
            rebind_duration: seconds(7),
            additional_options: &[],
        }
    }
}

impl DhcpOffer {
    /// An address without router or name server, for an hour.
    pub fn new(address: Ipv4Addr) -> DhcpOffer {
        DhcpOffer { address, router: None, name_server: None, lease: Duration::from_secs(3600) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 2]);
    const SERVER: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 1);
    const OFFER: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 2);

    fn server() -> DhcpServer {
        DhcpServer::new(DhcpOffer { router: Some(SERVER), ..DhcpOffer::new(OFFER) }, SERVER, 24)
    }

    fn asked(message_type: DhcpMessageType) -> DhcpRepr<'static> {
        let mut repr = server().message(&blank(), message_type, Ipv4Addr::UNSPECIFIED);
        repr.server_identifier = None;
        repr
    }

    fn blank() -> DhcpRepr<'static> {
        DhcpRepr {
            message_type: DhcpMessageType::Discover,
            transaction_id: 0x1234_5678,
            secs: 0,
            client_hardware_address: CARD,
            client_ip: Ipv4Addr::UNSPECIFIED,
            your_ip: Ipv4Addr::UNSPECIFIED,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: None,
            subnet_mask: None,
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: true,
            requested_ip: None,
            client_identifier: None,
            server_identifier: None,
            parameter_request_list: None,
            dns_servers: None,
            max_size: None,
            lease_duration: None,
            renew_duration: None,
            rebind_duration: None,
            additional_options: &[],
        }
    }

    #[test]
    fn an_address_is_offered_requested_and_given() {
        let mut server = server();
        let offer = server.answer(&asked(DhcpMessageType::Discover)).unwrap();
        assert_eq!(
            (offer.message_type, offer.your_ip, offer.transaction_id),
            (DhcpMessageType::Offer, OFFER, 0x1234_5678)
        );
        assert_eq!(offer.subnet_mask, Some(Ipv4Addr::new(255, 255, 255, 0)));
        assert_eq!((offer.server_identifier, offer.router), (Some(SERVER), Some(SERVER)));
        assert_eq!(
            (offer.lease_duration, offer.renew_duration, offer.rebind_duration),
            (Some(3600), Some(1800), Some(3150))
        );
        assert_eq!(server.leased(), None);

        let request = DhcpRepr { requested_ip: Some(OFFER), ..asked(DhcpMessageType::Request) };
        let ack = server.answer(&request).unwrap();
        assert_eq!((ack.message_type, ack.your_ip), (DhcpMessageType::Ack, OFFER));
        assert_eq!(server.leased(), Some(OFFER));

        assert_eq!(server.answer(&asked(DhcpMessageType::Release)), None);
        assert_eq!(server.leased(), None);
    }

    #[test]
    fn another_address_is_refused_and_another_server_is_left_alone() {
        let mut server = server();
        let wrong = DhcpRepr { requested_ip: Some(Ipv4Addr::new(10, 0, 0, 9)), ..asked(DhcpMessageType::Request) };
        let nak = server.answer(&wrong).unwrap();
        assert_eq!(
            (nak.message_type, nak.your_ip, nak.lease_duration),
            (DhcpMessageType::Nak, Ipv4Addr::UNSPECIFIED, None)
        );
        let elsewhere = DhcpRepr { server_identifier: Some(OFFER), ..wrong };
        assert_eq!(server.answer(&elsewhere), None);
        let renewal = DhcpRepr { client_ip: OFFER, ..asked(DhcpMessageType::Request) };
        assert_eq!(server.answer(&renewal).unwrap().message_type, DhcpMessageType::Ack);
        let inform = server.answer(&asked(DhcpMessageType::Inform)).unwrap();
        assert_eq!((inform.message_type, inform.lease_duration), (DhcpMessageType::Ack, None));
    }
}
