//! EEM over a real USB stack: against Linux's drivers of both sides, and against itself.
//!
//! Run by `harness/cli/tests/bench/eem` in the bench's guest, where dummy_hcd ties a device port to a host port.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(all(feature = "usb", target_os = "linux"))]

mod eem_guest {
    pub(crate) mod blocking;
    pub(crate) mod bulk;
    pub(crate) mod linux_card;
}

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use dmsc_link::eem::{Eem, EemConfig};
use dmsc_link::ip::PeerAddress;
use dmsc_link::usb::UsbSelect;
use dmsc_link::{Link, Opening, Signal};

use eem_guest::bulk::PORT;
use eem_guest::linux_card::LinuxCard;
use eem_guest::{blocking, bulk};

const HERE: &str = "needs the bench: run harness/cli/tests/bench/eem";

/// Octets that cross in each direction; figures are of as many.
fn amount() -> usize {
    std::env::var("DMSC_EEM_KIB").map_or(4096, |text| text.parse().unwrap()) << 10
}

fn terminal() -> EemConfig {
    let mut config = EemConfig::terminal();
    config.ip.connect = Some(format!("localuicc:{PORT}").parse().unwrap());
    config
}

/// Linux has buffers for one frame: 1536 octets at high speed.
const LINUX_ECHOES: [usize; 4] = [0, 1, 64, 1500];

/// Echoes, then streams both ways, then a session anew.
fn exercise(link: &mut Eem, echoes: &[usize], what: &str) {
    link.begin(&Opening::default()).unwrap();
    for &length in echoes {
        let took = link.echo(&vec![0xA5; length], Duration::from_secs(10)).unwrap();
        println!("{what}: echo of {length} octets answered in {:?}", took.expect("no answer to an echo"));
    }
    bulk::connect(link, 1);
    let (down, up) = (bulk::download(link, 1, amount()), bulk::upload(link, 1, amount()));
    println!("{what}: {down} from the card, {up} to the card");
    let before = link.state().unwrap().counters;
    println!("{what}: {before:?}");
    assert_eq!(before.errors(), 0);
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
#[ignore = "needs the bench: run harness/cli/tests/bench/eem"]
fn our_terminal_and_linux_card() {
    let mut card = LinuxCard::new();
    card.ask_for_an_address();
    let mut link = Eem::terminal(UsbSelect::default(), terminal()).unwrap();
    exercise(&mut link, &LINUX_ECHOES, "our terminal, Linux card");
    assert_eq!(link.state().unwrap().peer, Some("192.168.7.2".parse().unwrap()));
    drop(link);
    // The interface was given back: Linux has it again.
    LinuxCard::host_interface();
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/eem"]
fn our_terminal_and_linux_card_by_ipv6() {
    let _card = LinuxCard::new();
    let mut config = terminal();
    config.ip.peer = PeerAddress::Ipv6;
    let mut link = Eem::terminal(UsbSelect::default(), config).unwrap();
    exercise(&mut link, &LINUX_ECHOES, "our terminal, Linux card, IPv6");
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/eem"]
fn one_transfer_at_a_time_and_linux_card() {
    let mut card = LinuxCard::new();
    card.ask_for_an_address();
    let mut link = Eem::open(terminal(), blocking::opener()).unwrap();
    exercise(&mut link, &LINUX_ECHOES, "one transfer at a time, Linux card");
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/eem"]
fn linux_terminal_and_linux_card() {
    let card = LinuxCard::new();
    card.set_addresses();
    let address: SocketAddr = (card.address(), PORT).into();
    let (down, up) = bulk::over_sockets(address, amount());
    println!("Linux terminal, Linux card: {down} from the card, {up} to the card");
}

#[test]
#[ignore = "needs the bench: run harness/cli/tests/bench/eem"]
fn unplugging_is_told() {
    let mut card = LinuxCard::new();
    card.ask_for_an_address();
    let mut link = Eem::terminal(UsbSelect::default(), terminal()).unwrap();
    bulk::connect(&mut link, 1);
    card.unplug();
    let until = link.now() + Duration::from_secs(10);
    let error = loop {
        match link.recv(until) {
            Ok(signal) => assert!(signal.is_some(), "not told: {HERE}"),
            Err(error) => break error,
        }
    };
    assert!(error.is_interruption() && error.to_string().contains("unplugged"), "{error}");
    card.plug();
    card.ask_for_an_address();
    link.begin(&Opening::default()).unwrap();
    bulk::connect(&mut link, 1);
}
