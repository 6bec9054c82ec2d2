//! Two nodes that hand each other their frames, on a clock that only the test moves.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

struct Side {
    node: Node,
    events: Vec<Event>,
    frames: usize,
    longest: usize,
}

impl Side {
    fn new(config: IpConfig) -> Side {
        let node = Node::new(config, 7, Duration::ZERO).unwrap();
        Side { node, events: Vec::new(), frames: 0, longest: 0 }
    }

    fn sent(&mut self, now: Duration) -> Vec<Vec<u8>> {
        self.node.poll(now);
        let sent: Vec<Vec<u8>> = std::iter::from_fn(|| self.node.frame()).collect();
        self.frames += sent.len();
        self.longest = sent.iter().map(Vec::len).fold(self.longest, usize::max);
        self.events.extend(std::iter::from_fn(|| self.node.event()));
        sent
    }

    fn data(&self, stream: StreamId) -> Vec<u8> {
        let of_stream = |event: &Event| match event {
            Event::Data(id, octets) if *id == stream => octets.clone(),
            _ => Vec::new(),
        };
        self.events.iter().flat_map(of_stream).collect()
    }
}

struct Bench {
    terminal: Side,
    card: Side,
    now: Duration,
    /// Loses every so many-th frame; 0 loses none.
    lossy: usize,
    carried: usize,
}

impl Bench {
    fn new(terminal: IpConfig, card: IpConfig) -> Bench {
        let (terminal, card) = (Side::new(terminal), Side::new(card));
        Bench { terminal, card, now: Duration::ZERO, lossy: 0, carried: 0 }
    }

    /// Runs until `done`, at most for `limit`; time jumps from one thing that is due to the next.
    fn run(&mut self, limit: Duration, done: impl Fn(&Bench) -> bool) {
        let end = self.now + limit;
        loop {
            let quiet = self.exchange();
            if done(self) {
                return;
            }
            if quiet {
                self.now = self.next();
                assert!(self.now < end, "nothing more after {:?}", self.now);
            }
        }
    }

    /// Runs until nothing is due within a second.
    fn settle(&mut self) {
        loop {
            let (quiet, next) = (self.exchange(), self.next());
            if quiet && next > self.now + Duration::from_secs(1) {
                return;
            }
            if quiet {
                self.now = next;
            }
        }
    }

    /// Carries what there is to carry; whether there was nothing.
    fn exchange(&mut self) -> bool {
        let (to_card, to_terminal) = (self.terminal.sent(self.now), self.card.sent(self.now));
        let quiet = to_card.is_empty() && to_terminal.is_empty();
        for frame in to_card {
            if self.arrives() {
                self.card.node.receive(self.now, &frame);
            }
        }
        for frame in to_terminal {
            if self.arrives() {
                self.terminal.node.receive(self.now, &frame);
            }
        }
        quiet
    }

    fn next(&mut self) -> Duration {
        let due = [self.terminal.node.wake_at(self.now), self.card.node.wake_at(self.now)];
        let next = due.into_iter().flatten().min().unwrap_or(Duration::MAX);
        next.max(self.now + Duration::from_micros(1))
    }

    fn arrives(&mut self) -> bool {
        self.carried += 1;
        self.lossy == 0 || !self.carried.is_multiple_of(self.lossy)
    }

    fn taken(&self) -> usize {
        self.card.events.iter().filter(|event| matches!(event, Event::Accepted(_))).count()
    }

    fn connect(&mut self, stream: StreamId) {
        self.terminal.node.connect(self.now, stream);
        let taken = self.taken();
        self.run(Duration::from_secs(5), |b| {
            b.terminal.events.contains(&Event::Connected(stream)) && b.taken() > taken
        });
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ at >> 8) as u8).collect()
}

fn ipv6() -> (IpConfig, IpConfig) {
    let terminal = IpConfig { ipv4: Ipv4::Off, dhcp: None, peer: PeerAddress::Ipv6, ..IpConfig::terminal() };
    (terminal, IpConfig { ipv4: Ipv4::Off, ..IpConfig::card() })
}

#[test]
fn a_card_asks_for_an_address_and_a_megabyte_goes_each_way() {
    let mut bench = Bench::new(IpConfig::terminal(), IpConfig::card());
    assert_eq!(bench.terminal.node.peer(), None);
    bench.connect(5);
    let offered: std::net::IpAddr = "192.168.7.2".parse().unwrap();
    assert!(bench.card.node.addresses().any(|address| address == offered));
    assert_eq!(bench.terminal.node.peer(), Some(offered));
    assert_eq!(bench.card.events, [Event::Accepted(1)]);

    let (up, down) = (pattern(1_000_000), pattern(1_000_001));
    bench.terminal.node.write(5, up.clone());
    bench.card.node.write(1, down.clone());
    bench.terminal.node.close(5);
    bench.run(Duration::from_secs(5), |b| b.card.events.contains(&Event::Closed(1)));
    bench.card.node.close(1);
    bench.run(Duration::from_secs(5), |b| b.terminal.events.contains(&Event::Closed(5)));
    assert!(bench.card.data(1) == up && bench.terminal.data(5) == down);
    // An IP packet of 1500 octets after 14 of Ethernet (no more, so nothing is fragmented), and no packet twice.
    assert_eq!((bench.terminal.longest, bench.card.longest), (1514, 1514));
    assert!(bench.terminal.frames < 1_000_000 / 1460 + 800, "{} frames", bench.terminal.frames);
    assert!(bench.now < Duration::from_secs(3), "{:?}", bench.now);
}

#[test]
fn link_local_addresses_are_enough() {
    let (terminal, card) = ipv6();
    let link_local = card.link_local();
    let mut bench = Bench::new(terminal, card);
    bench.connect(1);
    assert_eq!(bench.terminal.node.peer(), Some(link_local.into()));
    let (up, down) = (pattern(1_000_000), pattern(999_999));
    bench.terminal.node.write(1, up.clone());
    bench.card.node.write(1, down.clone());
    bench.run(Duration::from_secs(5), |b| b.card.data(1).len() == up.len() && b.terminal.data(1).len() == down.len());
    assert!(bench.card.data(1) == up && bench.terminal.data(1) == down);
}

#[test]
fn a_card_follows_the_prefix_of_a_router() {
    let prefix = "2001:db8:7::".parse().unwrap();
    let (mut terminal, card) = ipv6();
    terminal.ipv6 = Ipv6::On { autoconfigure: false, fixed: vec![("2001:db8:7::1".parse().unwrap(), 64)] };
    terminal.advertisement.as_mut().unwrap().prefix = Some((prefix, 64));
    let address: std::net::IpAddr = "2001:db8:7::ff:fe00:2".parse().unwrap();
    terminal.connect = Some(Target { host: Host::Address(address), port: 80 });
    let mut bench = Bench::new(terminal, card);
    bench.run(Duration::from_secs(5), |b| b.card.node.addresses().any(|found| found == address));
    bench.connect(1);
}

#[test]
fn lost_frames_are_made_good() {
    let mut bench = Bench::new(IpConfig::terminal(), IpConfig::card());
    bench.connect(1);
    bench.lossy = 50;
    let up = pattern(300_000);
    bench.terminal.node.write(1, up.clone());
    bench.run(Duration::from_secs(60), |b| b.card.data(1).len() == up.len());
    assert!(bench.card.data(1) == up);
}

#[test]
fn a_port_where_nobody_listens_resets_and_a_card_that_is_not_there_is_given_up() {
    let mut terminal = IpConfig::terminal();
    terminal.connect = Some("localuicc:4116".parse().unwrap());
    let mut bench = Bench::new(terminal, IpConfig::card());
    bench.terminal.node.connect(bench.now, 1);
    bench.run(Duration::from_secs(5), |b| !b.terminal.events.is_empty());
    assert_eq!(bench.terminal.events, [Event::Refused(1, "the other side resets the connection".into())]);

    let mut terminal = IpConfig::terminal();
    terminal.peer = PeerAddress::Fixed("192.168.7.9".parse().unwrap());
    for (terminal, why) in
        [(IpConfig::terminal(), "no address of the other side is known"), (terminal, "the other side does not answer")]
    {
        let patience = terminal.patience;
        let mute = IpConfig { ipv4: Ipv4::Off, ipv6: Ipv6::Off, ..IpConfig::card() };
        let mut bench = Bench::new(terminal, mute);
        bench.terminal.node.connect(bench.now, 1);
        bench.run(Duration::from_secs(20), |b| !b.terminal.events.is_empty());
        assert!(matches!(&bench.terminal.events[..], [Event::Refused(1, text)] if text.starts_with(why)));
        assert_eq!(bench.now, patience);
    }
}

#[test]
fn several_streams_and_a_new_session() {
    let mut bench = Bench::new(IpConfig::terminal(), IpConfig::card());
    for stream in 1..=9 {
        bench.connect(stream);
    }
    for stream in 1..=9 {
        bench.terminal.node.write(stream, vec![stream as u8; 100]);
    }
    bench.run(Duration::from_secs(5), |b| (1..=9).all(|id| b.card.data(id) == vec![id as u8; 100]));
    // What a session leaves behind is reset, and the next one begins with streams of its own.
    bench.terminal.node.begin();
    bench.run(Duration::from_secs(5), |b| (1..=9).all(|id| b.card.events.contains(&Event::Closed(id))));
    bench.terminal.events.clear();
    bench.connect(1);
    bench.terminal.node.write(1, b"again".to_vec());
    bench.run(Duration::from_secs(5), |b| b.card.data(10) == b"again");
}

#[test]
fn a_card_that_was_plugged_in_again_is_found_again() {
    let mut bench = Bench::new(IpConfig::terminal(), IpConfig::card());
    bench.connect(1);
    bench.terminal.node.restart(bench.now);
    bench.card.node.restart(bench.now);
    assert_eq!(bench.terminal.node.peer(), None);
    bench.terminal.events.clear();
    bench.connect(1);
    assert_eq!(bench.terminal.events, [Event::Closed(1), Event::Connected(1)]);
    assert_eq!(bench.card.events, [Event::Accepted(1), Event::Closed(1), Event::Accepted(2)]);
}

#[test]
fn a_stream_may_be_quiet_for_long() {
    let mut bench = Bench::new(IpConfig::terminal(), IpConfig::card());
    bench.connect(1);
    bench.terminal.node.write(1, b"a".to_vec());
    bench.settle();
    assert_eq!(bench.card.data(1), b"a");
    bench.now += Duration::from_secs(1000);
    bench.terminal.node.write(1, b"b".to_vec());
    bench.run(Duration::from_secs(5), |b| b.card.data(1) == b"ab");
    assert!(!bench.terminal.events.contains(&Event::Closed(1)));
}

proptest! {
    #[test]
    fn no_frame_upsets_a_node(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
        kind in prop::sample::select(vec![[0x08, 0x00], [0x86, 0xDD], [0x08, 0x06], [0x81, 0x00]]),
        start in prop::sample::select(vec![0x45_u8, 0x60, 0x00]),
    ) {
        for config in [IpConfig::terminal(), IpConfig::card()] {
            let mac = config.mac;
            let mut node = Node::new(config, 1, Duration::ZERO).unwrap();
            for (at, tail) in frames.iter().enumerate() {
                let now = Duration::from_micros(at as u64);
                node.receive(now, tail);
                let mut frame = mac.to_vec();
                frame.extend([2, 0, 0, 0, 0, 9]);
                frame.extend(kind);
                frame.push(start);
                frame.extend(tail);
                node.receive(now, &frame);
                node.poll(now);
                node.wake_at(now);
            }
        }
    }
}
