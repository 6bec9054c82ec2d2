//! What the PC/SC link adds to an APDU, and what TCP_QUICKACK saves on the side of the card.
//!
//! ```console
//! # DMSC_BENCH=host cargo bench -p dmsc-link --features pcsc --bench pcsc
//! ```
//!
//! Starts this host's pcscd, with a card of our own in its virtual reader. The link and a bare loop over the crate
//! `pcsc` take turns at every APDU, so that whatever else the host does falls on both.
#![allow(clippy::unwrap_used, reason = "a measurement that fails ends")]

#[path = "../tests/bench/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod bench;

use std::time::{Duration, Instant};

use bench::{ATR_T1, Card, Daemon, bench};
use dmsc_link::pcsc::{Pcsc, PcscConfig, PcscShare, Select};
use dmsc_link::{Link, Opening, Signal, Time, VpcdConfig};

const READER: &str = "Virtual PCD 00 00";
/// STATUS, as a terminal sends it when nothing else happens.
const COMMAND: [u8; 5] = [0x80, 0xF2, 0x00, 0x00, 0x00];

fn main() {
    // `cargo bench -- --test` only sees that it runs.
    let once = std::env::args().any(|argument| argument == "--test");
    if std::env::var_os("DMSC_BENCH").is_none() {
        return eprintln!("not run: DMSC_BENCH=host says that this host's pcscd may be started");
    }
    let _turn = bench();
    let _daemon = Daemon::start();
    for (quickack, rounds) in [(true, 20_000), (false, 100)] {
        let _card = Card::insert(&ATR_T1, VpcdConfig { quickack, ..VpcdConfig::default() });
        let mut link = Pcsc::open(PcscConfig {
            reader: Select::Name(READER.into()),
            share: PcscShare::Shared,
            ..PcscConfig::default()
        })
        .unwrap();
        link.begin(&Opening::default()).unwrap();
        link.send(Signal::PowerOn).unwrap();
        assert!(matches!(link.recv(Time::ZERO).unwrap(), Some(Signal::Atr(_))));
        measure(&mut link, if once { 1 } else { rounds }, quickack);
    }
}

fn measure(link: &mut Pcsc, rounds: usize, quickack: bool) {
    let context = pcsc::Context::establish(pcsc::Scope::System).unwrap();
    let reader = std::ffi::CString::new(READER).unwrap();
    let card = context.connect(&reader, pcsc::ShareMode::Shared, pcsc::Protocols::ANY).unwrap();
    let mut buffer = [0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let began = Instant::now();
        card.transmit(&COMMAND, &mut buffer).unwrap();
        bare.push(began.elapsed());
        let began = Instant::now();
        link.send(Signal::Command(COMMAND.to_vec())).unwrap();
        let answer = link.recv(Time::NEVER).unwrap();
        ours.push(began.elapsed());
        assert!(matches!(answer, Some(Signal::Response(octets)) if octets.len() == 7));
    }
    card.disconnect(pcsc::Disposition::LeaveCard).map_err(|(_, error)| error).unwrap();
    println!("{rounds} APDUs each, TCP_QUICKACK {}:", if quickack { "on" } else { "off" });
    for (what, times) in [("bare SCardTransmit", &mut bare), ("this link", &mut ours)] {
        times.sort_unstable();
        let at = |share: f64| micros(times.get((share * rounds as f64) as usize));
        println!("  {what:20} median {:10.2} us, quartiles {:.2} and {:.2} us", at(0.5), at(0.25), at(0.75));
    }
    println!("  the link adds {:.2} us", micros(ours.get(rounds / 2)) - micros(bare.get(rounds / 2)));
}

fn micros(time: Option<&Duration>) -> f64 {
    time.map_or(0.0, |time| time.as_nanos() as f64 / 1000.0)
}
