//! The node: the network stack, the address services beside it, and the streams above it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use smoltcp::iface::{Config, Interface, PollIngressSingleResult, PollResult, SocketHandle, SocketSet};
use smoltcp::socket::{dhcpv4, udp};
use smoltcp::time::Instant;
use smoltcp::wire::{
    DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpPacket, DhcpRepr, EthernetAddress, IpAddress, IpCidr, IpEndpoint, Ipv4Cidr,
};

use super::dhcp::DhcpServer;
use super::neighbour::Neighbour;
use super::network_card::NetworkCard;
use super::router::Router;
use super::streams::Streams;
use super::{ConfigError, Event, Host, IpConfig, Ipv4, Ipv6, PeerAddress, StreamId};

/// Octets of the longest DHCP message taken; RFC 2131 demands 576 of an IP packet.
const DHCP_LENGTH: usize = 1500;

/// How long a DHCP client waits for an offer before it asks again. The other side may come up any moment.
const DHCP_PATIENCE: Duration = Duration::from_secs(2);

/// A side of an IP link. Frames have no frame check sequence; time is the caller's, and never goes back.
pub struct Node {
    config: IpConfig,
    seed: u64,
    interface: Interface,
    sockets: SocketSet<'static>,
    outgoing: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
    streams: Streams,
    neighbour: Neighbour,
    dhcp_client: Option<SocketHandle>,
    dhcp_server: Option<(SocketHandle, DhcpServer)>,
    router: Option<Router>,
}

impl Node {
    /// A node that has sent nothing yet. Nodes of the same `seed` choose the same sequence numbers and ports.
    ///
    /// # Errors
    /// [`ConfigError`] when the settings contradict each other or TCP/IP.
    pub fn new(config: IpConfig, seed: u64, now: Duration) -> Result<Node, ConfigError> {
        config.check()?;
        let mut outgoing = VecDeque::new();
        let mut settings = Config::new(EthernetAddress(config.mac).into());
        settings.random_seed = seed;
        settings.slaac = matches!(config.ipv6, Ipv6::On { autoconfigure: true, .. });
        let mut card = NetworkCard { incoming: None, outgoing: &mut outgoing, mtu: config.mtu };
        let mut interface = Interface::new(settings, &mut card, instant(now));
        interface.update_ip_addrs(|addresses| {
            let link_local = (config.ipv6 != Ipv6::Off).then(|| (IpAddr::V6(config.link_local()), 64));
            // `check` has counted them.
            addresses.extend(
                link_local.into_iter().chain(config.fixed()).map(|(address, bits)| IpCidr::new(address.into(), bits)),
            );
        });

        let mut sockets = SocketSet::new(Vec::new());
        let dhcp_client = (config.ipv4 == Ipv4::Dhcp).then(|| {
            let mut socket = dhcpv4::Socket::new();
            let mut retry = socket.get_retry_config();
            retry.discover_timeout = stack_duration(DHCP_PATIENCE);
            socket.set_retry_config(retry);
            sockets.add(socket)
        });
        let dhcp_server = match (&config.dhcp, config.ipv4) {
            (Some(offer), Ipv4::Fixed(address, bits)) => {
                let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 4], vec![0; 4 * DHCP_LENGTH]);
                let mut socket = udp::Socket::new(buffer(), buffer());
                // Fails on port 0 and on a bound socket only.
                let _ = socket.bind(DHCP_SERVER_PORT);
                Some((sockets.add(socket), DhcpServer::new(offer.clone(), address, bits)))
            }
            _ => None,
        };
        let router = config
            .advertisement
            .clone()
            .map(|advertisement| Router::new(advertisement, config.mac, config.link_local(), config.mtu, now));
        let streams = Streams::new(&config, seed, &mut sockets);
        Ok(Node {
            config,
            seed,
            interface,
            sockets,
            outgoing,
            events: VecDeque::new(),
            streams,
            neighbour: Neighbour::default(),
            dhcp_client,
            dhcp_server,
            router,
        })
    }

    /// Takes a frame from the other side. What follows from it is done by [`Node::poll`], so that frames which came
    /// together are answered together.
    pub fn receive(&mut self, now: Duration, frame: &[u8]) {
        self.neighbour.observe(frame);
        if let Some(router) = &mut self.router {
            router.observe(now, frame);
        }
        let mut card = NetworkCard { incoming: Some(frame), outgoing: &mut self.outgoing, mtu: self.config.mtu };
        let changed = self.interface.poll_ingress_single(instant(now), &mut card, &mut self.sockets);
        // Emptied at once: a window that looks full between two frames of a burst would be told to the other side.
        if changed == PollIngressSingleResult::SocketStateChanged {
            self.streams.receive(&mut self.sockets, &mut self.events);
            // Taken at once: the next frame of the burst may ask who has the address.
            self.follow_dhcp();
        }
    }

    /// Does what has become due: sends what may be sent, gives up what took too long.
    pub fn poll(&mut self, now: Duration) {
        self.interface.poll_maintenance(instant(now));
        self.serve_dhcp();
        self.follow_dhcp();
        if let Some(advertisement) = self.router.as_mut().and_then(|router| router.poll(now)) {
            self.outgoing.push_back(advertisement);
        }
        let peer = self.peer();
        loop {
            let context = self.interface.context();
            self.streams.work(now, peer, context, &mut self.sockets, &mut self.events);
            let mut card = NetworkCard { incoming: None, outgoing: &mut self.outgoing, mtu: self.config.mtu };
            let mut changed = false;
            while self.interface.poll_egress(instant(now), &mut card, &mut self.sockets)
                == PollResult::SocketStateChanged
            {
                changed = true;
            }
            if !changed {
                return;
            }
        }
    }

    /// When [`Node::poll`] should be called next if no frame comes before; `None` if nothing will be due.
    pub fn wake_at(&mut self, now: Duration) -> Option<Duration> {
        let stack = self.interface.poll_at(instant(now), &self.sockets).map(|at| {
            let micros = u64::try_from(at.total_micros()).unwrap_or_default();
            Duration::from_micros(micros).max(now)
        });
        let router = self.router.as_ref().map(Router::next);
        [stack, router, self.streams.wake_at()].into_iter().flatten().min()
    }

    /// The next frame for the other side.
    pub fn frame(&mut self) -> Option<Vec<u8>> {
        self.outgoing.pop_front()
    }

    /// The next thing that happened to a stream.
    pub fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Opens a stream to [`IpConfig::connect`]; it is done by the next [`Node::poll`], and an event says how it went.
    pub fn connect(&mut self, now: Duration, id: StreamId) {
        self.streams.connect(now, id);
    }

    /// Octets of a stream, which go with the next [`Node::poll`]. A stream that is not open is passed over, for the
    /// other side may have closed it meanwhile.
    pub fn write(&mut self, id: StreamId, octets: Vec<u8>) {
        self.streams.data(id, octets);
    }

    /// Closes this side's direction of a stream after all that was written; one that is not open is passed over.
    pub fn close(&mut self, id: StreamId) {
        self.streams.close(id);
    }

    /// Ends every stream by a reset and forgets what was said of them; addresses stay.
    pub fn begin(&mut self) {
        self.streams.reset(&mut self.sockets);
        self.events.clear();
    }

    /// The other side was plugged in again, or another one was: addresses are sought and given again, and streams have ended.
    pub fn restart(&mut self, now: Duration) {
        self.seed = self.seed.wrapping_add(1);
        // It was made from these settings once.
        let Ok(mut fresh) = Node::new(self.config.clone(), self.seed, now) else { return };
        fresh.events = std::mem::take(&mut self.events);
        fresh.events.extend(self.streams.ends());
        fresh.streams.follow(&self.streams);
        *self = fresh;
    }

    /// The addresses of this side.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.interface.ip_addrs().iter().map(|cidr| cidr.address().into())
    }

    /// Where the other side is, as far as [`IpConfig::peer`] can tell by now.
    pub fn peer(&self) -> Option<IpAddr> {
        match self.config.peer {
            PeerAddress::Fixed(address) => Some(address),
            PeerAddress::Ipv6 => self.neighbour.link_local.map(IpAddr::V6),
            PeerAddress::Ipv4 => {
                let leased = self.dhcp_server.as_ref().and_then(|(_, server)| server.leased());
                leased.or(self.neighbour.ipv4).map(IpAddr::V4)
            }
        }
    }

    fn serve_dhcp(&mut self) {
        let Some((handle, server)) = &mut self.dhcp_server else { return };
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(*handle);
        let mut answers = Vec::new();
        while let Ok((octets, _)) = socket.recv() {
            let Ok(packet) = DhcpPacket::new_checked(octets) else { continue };
            answers.extend(DhcpRepr::parse(&packet).ok().and_then(|asked| server.answer(&asked)));
        }
        let to = IpEndpoint::new(IpAddress::v4(255, 255, 255, 255), DHCP_CLIENT_PORT);
        for answer in answers {
            if let Ok(octets) = socket.send(answer.buffer_len(), to) {
                // Fails on a buffer that is too short only.
                let _ = answer.emit(&mut DhcpPacket::new_unchecked(octets));
            }
        }
    }

    fn follow_dhcp(&mut self) {
        let Some(handle) = self.dhcp_client else { return };
        let given = match self.sockets.get_mut::<dhcpv4::Socket<'_>>(handle).poll() {
            None => return,
            Some(dhcpv4::Event::Configured(given)) => Some((given.address, given.router)),
            Some(dhcpv4::Event::Deconfigured) => None,
        };
        self.take_address(given);
    }

    fn take_address(&mut self, given: Option<(Ipv4Cidr, Option<std::net::Ipv4Addr>)>) {
        self.interface.update_ip_addrs(|addresses| {
            addresses.retain(|cidr| !matches!(cidr, IpCidr::Ipv4(_)));
            // Room was kept for it.
            let _ = given.map(|(address, _)| addresses.push(IpCidr::Ipv4(address)));
        });
        let routes = self.interface.routes_mut();
        routes.remove_default_ipv4_route();
        if let Some((_, Some(router))) = given {
            let _ = routes.add_default_ipv4_route(router);
        }
    }
}

/// Where a stream leads, once that is known.
pub(super) fn resolve(host: Host, peer: Option<IpAddr>) -> Option<IpAddr> {
    match host {
        Host::Address(address) => Some(address),
        Host::Peer => peer,
    }
}

pub(super) fn instant(time: Duration) -> Instant {
    Instant::from_micros(i64::try_from(time.as_micros()).unwrap_or(i64::MAX))
}

pub(super) fn stack_duration(duration: Duration) -> smoltcp::time::Duration {
    smoltcp::time::Duration::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}
