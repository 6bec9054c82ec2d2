//! What a run adds to an APDU, with everything recorded: a case over PC/SC beside a bare loop over the crate `pcsc`.
//!
//! ```console
//! $ harness/cli/tests/bench/host_overhead.sh
//! ```
//!
//! Starts this host's pcscd, with a card of our own in its virtual reader. Case and loop take turns, some APDUs each, so
//! that whatever else the host does falls on both. It is the card that looks at the clock: an APDU lasts from the arrival
//! of one command to that of the next, so that all that a case does between two of them is in it: its steps, their
//! judgement and what is noted for the journal.
#![allow(clippy::unwrap_used, reason = "a measurement that fails ends")]

#[path = "../../link/tests/bench/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod bench;

use std::cell::RefCell;
use std::ffi::CString;
use std::rc::Rc;
use std::time::Duration;

use bench::{ATR_T1, Card, Daemon, bench};
use dmsc_bench::operator::Operator;
use dmsc_bench::session::Session;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Cases, Library};
use dmsc_language::dut::Dut;
use dmsc_link::VpcdConfig;
use dmsc_link::pcsc::{Pcsc, PcscConfig, Select};
use dmsc_runner::run::{Finished, Observer, RunConfig, run};
use dmsc_runner::select::Selection;

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
  - repeat: TURNS
    steps:
      - operator: set-up
        prompt: A turn of the bare loop.
      - repeat: APDUS
        steps:
          - send: status
          - expect: response
            where: { to: status }
";

/// APDUs of a turn.
const APDUS: usize = 50;

/// How long APDUs took, in the order of the turns.
#[derive(Default)]
struct Times {
    bare: Vec<Duration>,
    run: Vec<Duration>,
}

/// Whoever is at the bench sends APDUs of their own before those of the case.
#[derive(Clone)]
struct Beside {
    link: Rc<RefCell<pcsc::Card>>,
    card: Rc<Card>,
    times: Rc<RefCell<Times>>,
}

impl Operator for Beside {
    fn act(&mut self, _name: &str, _prompt: &str, _session: &mut Session) -> Result<(), String> {
        self.times.borrow_mut().run.extend(self.turn());
        let mut buffer = [0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
        let mut link = self.link.borrow_mut();
        if link.transmit(&COMMAND, &mut buffer) == Err(pcsc::Error::ResetCard) {
            // The session begins with a reset.
            link.reconnect(pcsc::ShareMode::Shared, pcsc::Protocols::ANY, pcsc::Disposition::LeaveCard).unwrap();
        }
        self.card.arrivals();
        for _ in 0..APDUS {
            link.transmit(&COMMAND, &mut buffer).unwrap();
        }
        self.times.borrow_mut().bare.extend(self.turn());
        Ok(())
    }

    fn deliver(&mut self, _tpdu: &[u8], _session: &mut Session) -> Result<(), String> {
        Err("there is no network".into())
    }
}

impl Beside {
    /// How long the APDUs of the last turn took. What was not part of a turn is left out: the start of a session.
    fn turn(&self) -> Vec<Duration> {
        let arrivals = self.card.arrivals();
        if arrivals.len() != APDUS {
            return Vec::new();
        }
        arrivals.windows(2).filter_map(|pair| Some(pair.last()?.duration_since(*pair.first()?))).collect()
    }
}

impl Observer for Beside {
    fn planned(&mut self, _total: usize) {}
    fn started(&mut self, _dut: &str, _case: &str) {}
    fn finished(&mut self, finished: &Finished) {
        assert_eq!(finished.reason, "", "{}", finished.case);
    }
    fn operator<'d>(&mut self, _dut: &'d Dut) -> Box<dyn Operator + 'd> {
        Box::new(self.clone())
    }
}

fn main() {
    // `cargo bench -- --test` only sees that it runs.
    let once = std::env::args().any(|argument| argument == "--test");
    if std::env::var_os("DMSC_BENCH").is_none() {
        return eprintln!("not run: DMSC_BENCH=host says that this host's pcscd may be started");
    }
    measure(if once { 2 } else { 1_500 });
}

fn measure(turns: usize) {
    let _turn = bench();
    let _daemon = Daemon::start();
    let card = Rc::new(Card::insert(&ATR_T1, VpcdConfig::default()));
    let folder = std::env::temp_dir().join(format!("dmsc-bench-apdu-{}", std::process::id()));
    let builtin = Bundle::builtin();
    let fixtures = builtin.under("fixtures").map(|(path, text)| (path.to_owned(), text.to_owned()));
    let case = CASE.replace("TURNS", &turns.to_string()).replace("APDUS", &APDUS.to_string());
    let case = ("testcases/DM_SC-S-001-M/status.yaml".to_owned(), case);
    let dut = ("fixtures/duts/measured.yaml".to_owned(), DUT.to_owned());
    let bundle = Bundle::of(fixtures.chain([case, dut]));
    let cases = Library::new(bundle.clone()).load().unwrap();
    let dut = Dut::from_bundle(&bundle, "measured", &[]).unwrap();
    // Opens the reader, and waits for it: then the loop can have it, too.
    drop(Pcsc::open(PcscConfig { reader: Select::Name(READER.into()), ..PcscConfig::default() }).unwrap());
    let context = pcsc::Context::establish(pcsc::Scope::System).unwrap();
    let reader = CString::new(READER).unwrap();
    let link = context.connect(&reader, pcsc::ShareMode::Shared, pcsc::Protocols::ANY).unwrap();
    let mut beside = Beside { link: Rc::new(RefCell::new(link)), card, times: Rc::default() };
    let config = RunConfig {
        duts: &[dut],
        cases: &Cases::from(&cases[..]),
        bundle: &bundle,
        selection: Selection::default(),
        seed: 0,
        strict: false,
        person: true,
        out: Some(folder.clone()),
        resume: false,
        all: true,
        stop_after: None,
        jobs: None,
    };
    run(&config, &mut beside).unwrap();
    let journal = std::fs::metadata(folder.join("journal.0001.jsonl.gz")).unwrap().len();
    std::fs::remove_dir_all(&folder).unwrap();
    report(&mut beside.times.borrow_mut(), journal);
}

fn report(Times { bare, run }: &mut Times, journal: u64) {
    println!("{} and {} APDUs, {journal} octets of journal, packed:", bare.len(), run.len());
    let micros = |time: Duration| time.as_nanos() as f64 / 1000.0;
    let [bare, run] = [("bare SCardTransmit", bare), ("a run, recorded", run)].map(|(what, times)| {
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 4).copied().map_or(0.0, micros);
        let mean = micros(times.iter().sum()) / times.len().max(1) as f64;
        println!("  {what:20} median {:8.2} us, quartiles {:.2} and {:.2} us, mean {mean:.2} us", at(2), at(1), at(3));
        (at(2), mean)
    });
    println!("  the run adds {:.2} us at the median, {:.2} us at the mean", run.0 - bare.0, run.1 - bare.1);
}
