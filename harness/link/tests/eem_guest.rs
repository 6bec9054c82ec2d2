//! EEM over a real USB stack: against Linux's drivers of both sides, and against itself.
//!
//! Run by `harness/cli/tests/bench/guest_eem.sh` in the bench's guest, where dummy_hcd ties a device port to a host port.
//! Nowhere else is there such a bus, so `cargo test` ignores them; the stage `eem` runs each, at both speeds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(all(feature = "gadget", target_os = "linux"))]

mod eem_guest {
    pub(crate) mod blocking;
    pub(crate) mod bulk;
    pub(crate) mod linux_card;
    pub(crate) mod linux_terminal;
    pub(crate) mod serving;
}

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use dmsc_ip::PeerAddress;
use dmsc_link::eem::{Eem, EemConfig};
use dmsc_link::gadget::{GadgetConfig, GadgetSpeed, IccdFunction, UsbCard};
use dmsc_link::usb::{IccdConfig, NetworkInterface, UsbSelect, UsbUicc};
use dmsc_link::{Link, Opening, Signal, Tcp, TcpConfig};
use dmsc_usb::descriptor::Variant;
use dmsc_usb::eem::Check;

use eem_guest::blocking;
use eem_guest::bulk::{self, PORT};
use eem_guest::linux_card::{LinuxCard, host_interface};
use eem_guest::linux_terminal::LinuxTerminal;
use eem_guest::serving::{ATR, PAGE, Serving, answer_apdu};

/// Lengths of echoes. Linux has buffers for one frame, 1536 octets at high speed.
const ECHOES: [usize; 4] = [0, 1, 64, 2047];
const LINUX_ECHOES: [usize; 4] = [0, 1, 64, 1500];

/// Octets that cross in each direction; figures are of as many.
fn amount() -> usize {
    std::env::var("DMSC_EEM_KIB").map_or(4096, |text| text.parse().unwrap()) << 10
}

fn terminal() -> EemConfig {
    let mut config = EemConfig::terminal();
    config.ip.connect = Some(format!("localuicc:{PORT}").parse().unwrap());
    config
}

fn card() -> EemConfig {
    let mut config = EemConfig::card();
    config.ip.listen = vec![PORT];
    config
}

/// The bus may allow less than high speed.
fn gadget() -> GadgetConfig {
    GadgetConfig { speed: GadgetSpeed::High, eem_first: true, ..GadgetConfig::default() }
}

/// Gives how many had to be sent again.
fn echoes(link: &Eem, lengths: &[usize], what: &str) -> u64 {
    let mut again = 0;
    for &length in lengths {
        let until = Instant::now() + Duration::from_secs(20);
        // A host that takes the interface over resets it, and an Echo on its way goes with that; it is told at once.
        let took = loop {
            let left = until.saturating_duration_since(Instant::now());
            let took = link.echo(&vec![0xA5; length], left).unwrap();
            if took.is_some() || left.is_zero() {
                break took;
            }
            again += 1;
        };
        println!("{what}: echo of {length} octets answered in {:?}", took.expect("no answer to an echo"));
    }
    again
}

/// Echoes, then streams both ways, then another session.
fn exercise(link: &mut Eem, lengths: &[usize], what: &str) {
    link.begin(&Opening::default()).unwrap();
    echoes(link, lengths, what);
    bulk::connect(link, 1);
    let (down, up) = (bulk::download(link, 1, amount()), bulk::upload(link, 1, amount()));
    println!("{what}: {down} from the card, {up} to the card");
    let counters = link.state().unwrap().counters;
    println!("{what}: {counters:?}");
    assert_eq!(counters.errors(), 0);
    link.begin(&Opening::default()).unwrap();
    bulk::connect(link, 1);
    bulk::download(link, 1, 1000);
    link.send(Signal::Close(1)).unwrap();
    assert_eq!(bulk::next(link), Signal::Close(1));
}

/// Not a test: the TCP server behind a card played by Linux, in a network namespace of its own.
#[test]
#[ignore = "started by the tests that need it"]
fn peer() {
    bulk::serve(&TcpListener::bind(("::", PORT)).unwrap());
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/guest_eem.sh"]
fn our_terminal_and_linux_card() {
    let mut card = LinuxCard::new();
    card.ask_for_an_address();
    let mut link = Eem::terminal(UsbSelect::default(), terminal()).unwrap();
    exercise(&mut link, &LINUX_ECHOES, "our terminal, Linux card");
    assert_eq!(link.state().unwrap().peer, Some("192.168.7.2".parse().unwrap()));
    drop(link);
    // It was given back.
    host_interface();
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/guest_eem.sh"]
fn our_terminal_and_linux_card_by_ipv6_with_real_crcs() {
    let _card = LinuxCard::new();
    let mut config = terminal();
    config.check = Check::Crc;
    config.ip.peer = PeerAddress::Ipv6;
    let mut link = Eem::terminal(UsbSelect::default(), config).unwrap();
    exercise(&mut link, &LINUX_ECHOES, "our terminal, Linux card, IPv6");
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/guest_eem.sh"]
fn one_transfer_at_a_time_and_linux_card() {
    let mut card = LinuxCard::new();
    card.ask_for_an_address();
    let mut link = Eem::open(terminal(), blocking::opener()).unwrap();
    exercise(&mut link, &LINUX_ECHOES, "one transfer at a time, Linux card");
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/guest_eem.sh"]
fn linux_terminal_and_linux_card() {
    let card = LinuxCard::new();
    let (down, up) = bulk::over_sockets(card.set_addresses(), amount());
    println!("Linux terminal, Linux card: {down} from the card, {up} to the card");
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/guest_eem.sh"]
fn unplugging_is_told() {
    let mut card = LinuxCard::new();
    card.ask_for_an_address();
    let mut link = Eem::terminal(UsbSelect::default(), terminal()).unwrap();
    bulk::connect(&mut link, 1);
    card.unplug();
    let until = link.now() + Duration::from_secs(20);
    let error = loop {
        match link.recv(until) {
            Ok(signal) => assert!(signal.is_some(), "it was not told"),
            Err(error) => break error,
        }
    };
    assert!(error.is_interruption() && error.to_string().contains("unplugged"), "{error}");
    card.plug();
    card.ask_for_an_address();
    link.begin(&Opening::default()).unwrap();
    bulk::connect(&mut link, 1);
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/guest_eem.sh"]
fn our_card_and_linux_terminal() {
    let link = Eem::card(gadget(), card()).unwrap();
    let terminal = LinuxTerminal::new();
    echoes(&link, &LINUX_ECHOES, "our card, Linux terminal");
    let card = Serving::start(link);
    let (down, up) = bulk::over_sockets(terminal.card(), amount());
    println!("our card, Linux terminal: {down} from the card, {up} to the card");
    let (down, up) = bulk::over_sockets(terminal.card_by_ipv6(), amount());
    println!("our card, Linux terminal, IPv6: {down} from the card, {up} to the card");
    assert_eq!(terminal.get(), PAGE);
    let interface = NetworkInterface::find(&UsbSelect::default(), Duration::ZERO).unwrap();
    let connect = Some(interface.address(SocketAddr::new(terminal.card_by_ipv6().ip(), PORT)).to_string());
    let mut tcp = Tcp::open(TcpConfig { connect, ..TcpConfig::default() }).unwrap();
    bulk::connect(&mut tcp, 1);
    bulk::download(&mut tcp, 1, 1000);
    drop(tcp);
    let counters = card.stop().state().unwrap().counters;
    println!("our card, Linux terminal: {counters:?}");
    assert_eq!(counters.errors(), 0);
    // What Linux's host sends has a real CRC.
    assert!(counters.frames_with_crc > 0 && counters.frames_with_sentinel == 0);
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/guest_eem.sh"]
fn our_terminal_and_our_card() {
    // A frame a transfer, then as many as wait.
    for bundle in [0, 16 * 1024] {
        let link = Eem::card(gadget(), EemConfig { bundle, ..card() }).unwrap();
        let mut terminal = Eem::terminal(UsbSelect::default(), EemConfig { bundle, ..terminal() }).unwrap();
        let again = echoes(&link, &ECHOES, "our card, our terminal");
        let card = Serving::start(link);
        exercise(&mut terminal, &ECHOES, &format!("our terminal, our card, bundles of {bundle}"));
        let counters = card.stop().state().unwrap().counters;
        // An Echo given up at the reset may have gone out before it; its response is then one that nobody waits for.
        assert!(counters.unsolicited_responses <= again, "{counters:?} after {again} Echoes sent again");
        assert_eq!(
            (counters.errors() - counters.unsolicited_responses, counters.echoes_answered),
            (0, 4),
            "{counters:?}"
        );
    }
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/guest_eem.sh"]
fn apdus_and_streams_over_one_device() {
    for (variant, eem_first) in [(Variant::Bulk, true), (Variant::ControlB, false)] {
        let gadget = GadgetConfig { iccd: IccdFunction::of(variant), eem_first, ..gadget() };
        let mut card = UsbCard::card(gadget, card()).unwrap();
        card.begin(&Opening { atr: ATR.to_vec() }).unwrap();
        let card = Serving::start(card);
        let mut terminal = UsbUicc::terminal(IccdConfig::default(), terminal()).unwrap();
        for session in 0..3 {
            terminal.begin(&Opening::default()).unwrap();
            terminal.send(Signal::PowerOn).unwrap();
            assert_eq!(bulk::next(&mut terminal), Signal::Atr(ATR.to_vec()));
            bulk::connect(&mut terminal, 1);
            // An APDU goes while a stream does.
            let octets = amount() / 4;
            bulk::order_download(&mut terminal, 1, octets);
            terminal.send(Signal::Command(vec![0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00])).unwrap();
            let (data, others) = bulk::gather(&mut terminal, 1, octets);
            println!("{variant:?}, session {session}: {data} from the card beside APDUs");
            let response = match others.as_slice() {
                [] => bulk::next(&mut terminal),
                [response] => response.clone(),
                more => panic!("{more:?}"),
            };
            assert_eq!(response, Signal::Response(answer_apdu(&[0x00, 0xA4])));
        }
        assert_eq!(terminal.state().unwrap().counters.errors(), 0);
        drop(terminal);
        card.stop();
    }
}
