//! What a run adds to an APDU, with everything recorded: a case over PC/SC beside a bare loop over the crate `pcsc`.
//!
//! ```console
//! $ harness/cli/tests/bench/host_overhead.sh
//! ```
//!
//! Starts this host's pcscd, with a card of our own in its virtual reader. Case and loop take turns at every APDU, so that
//! whatever else the host does falls on both. An APDU of the case lasts from the end of the bare one before to the
//! beginning of the next: the steps of the case, their judgement and the journal are in it.
#![allow(clippy::unwrap_used, reason = "a measurement that fails ends")]

#[path = "../../link/tests/bench/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod bench;

use std::cell::RefCell;
use std::ffi::CString;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bench::{ATR_T1, Card, Daemon, bench};
use dmsc_link::VpcdConfig;
use dmsc_link::pcsc::{Pcsc, PcscConfig, Select};
use dmsc_runner::bundle::Bundle;
use dmsc_runner::case::Library;
use dmsc_runner::dut::Dut;
use dmsc_runner::execute::Bench;
use dmsc_runner::run::{Finished, Observer, RunConfig, run};
use dmsc_runner::select::Selection;
use dmsc_runner::session::Session;

const READER: &str = "Virtual PCD 00 00";
/// STATUS, as the case sends it.
const COMMAND: [u8; 5] = [0x80, 0xF2, 0x00, 0x0C, 0x00];

const DUT: &str = "
dut: 1
name: card
kind: card
link: { pcsc: { reader: Virtual PCD 00 00, share: shared } }
ics: reference-card.ics.yaml
";

const CASE: &str = "
title: STATUS, over and over
purpose: What is measured.
spec: [TS 102 221 6.4]
role: terminal
trust: memory
steps:
  - repeat: ROUNDS
    steps:
      - operator: set-up
        prompt: A bare APDU.
      - send: status
      - expect: response
        where: { to: status }
";

/// What is measured, in the order of the APDUs.
#[derive(Default)]
struct Times {
    bare: Vec<Duration>,
    run: Vec<Duration>,
    /// When the last bare APDU was over.
    ended: Option<Instant>,
}

/// Whoever is at the bench sends an APDU of their own before each of the case.
#[derive(Clone)]
struct Beside {
    card: Rc<RefCell<pcsc::Card>>,
    times: Rc<RefCell<Times>>,
    /// Made once: to clear so much memory costs as much as is measured here.
    buffer: Rc<RefCell<Vec<u8>>>,
}

impl Bench for Beside {
    fn act(&mut self, _name: &str, _prompt: &str, _session: &mut Session) -> Result<(), String> {
        let (mut card, mut buffer) = (self.card.borrow_mut(), self.buffer.borrow_mut());
        let mut began = Instant::now();
        if card.transmit(&COMMAND, &mut buffer) == Err(pcsc::Error::ResetCard) {
            // The session begins with a reset.
            card.reconnect(pcsc::ShareMode::Shared, pcsc::Protocols::ANY, pcsc::Disposition::LeaveCard).unwrap();
            began = Instant::now();
            card.transmit(&COMMAND, &mut buffer).unwrap();
        }
        let ended = Instant::now();
        let mut times = self.times.borrow_mut();
        times.bare.push(ended - began);
        if let Some(last) = times.ended.replace(ended) {
            times.run.push(began - last);
        }
        Ok(())
    }
}

impl Observer for Beside {
    fn planned(&mut self, _total: usize) {}
    fn started(&mut self, _dut: &str, _case: &str) {}
    fn finished(&mut self, finished: &Finished) {
        assert_eq!(finished.reason, "", "{}", finished.case);
    }
    fn hands<'d>(&mut self, _dut: &'d Dut) -> Box<dyn Bench + 'd> {
        Box::new(self.clone())
    }
}

fn main() {
    // `cargo bench -- --test` only sees that it runs.
    let once = std::env::args().any(|argument| argument == "--test");
    if std::env::var_os("DMSC_BENCH").is_none() {
        return eprintln!("not run: DMSC_BENCH=host says that this host's pcscd may be started");
    }
    measure(if once { 10 } else { 20_000 });
}

fn measure(rounds: usize) {
    let _turn = bench();
    let _daemon = Daemon::start();
    let _inserted = Card::insert(&ATR_T1, VpcdConfig::default());
    let folder = std::env::temp_dir().join(format!("dmsc-bench-apdu-{}", std::process::id()));
    let builtin = Bundle::builtin();
    let fixtures = builtin.under("fixtures").map(|(path, text)| (path.to_owned(), text.to_owned()));
    let case = ("testcases/DM_SC-S-001-M/status.yaml".to_owned(), CASE.replace("ROUNDS", &rounds.to_string()));
    let dut = ("fixtures/duts/measured.yaml".to_owned(), DUT.to_owned());
    let bundle = Bundle::of(fixtures.chain([case, dut]));
    let cases = Library::new(bundle.clone()).load().unwrap();
    let dut = Dut::from_bundle(&bundle, "measured", &[]).unwrap();
    // Opens the reader, and waits for it: then the loop can have it, too.
    drop(Pcsc::open(PcscConfig { reader: Select::Name(READER.into()), ..PcscConfig::default() }).unwrap());
    let context = pcsc::Context::establish(pcsc::Scope::System).unwrap();
    let reader = CString::new(READER).unwrap();
    let card = context.connect(&reader, pcsc::ShareMode::Shared, pcsc::Protocols::ANY).unwrap();
    let buffer = Rc::new(RefCell::new(vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED]));
    let mut beside = Beside { card: Rc::new(RefCell::new(card)), times: Rc::default(), buffer };
    let config = RunConfig {
        duts: &[dut],
        cases: &cases,
        bundle: &bundle,
        selection: Selection::default(),
        seed: 0,
        strict: false,
        person: true,
        out: Some(folder.clone()),
        resume: false,
    };
    run(&config, &mut beside).unwrap();
    let journal = std::fs::metadata(folder.join("journal.jsonl")).unwrap().len();
    std::fs::remove_dir_all(&folder).unwrap();
    let mut times = beside.times.borrow_mut();
    println!("{rounds} APDUs each, {journal} octets of journal:");
    let Times { bare, run, .. } = &mut *times;
    let [bare, run] = [("bare SCardTransmit", bare), ("a run, recorded", run)].map(|(what, times)| {
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 4).map_or(0.0, |time| time.as_nanos() as f64 / 1000.0);
        println!("  {what:20} median {:8.2} us, quartiles {:.2} and {:.2} us", at(2), at(1), at(3));
        at(2)
    });
    println!("  the run adds {:.2} us", run - bare);
}
