//! The PC/SC link with a USB reader, its CCID driver and pcscd: what becomes of it when the reader is unplugged and when
//! the card in it is mute. Run in the virtual bench by `guest_pcsc.sh`.
#![cfg(all(target_os = "linux", feature = "pcsc"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "bench/signal.rs"]
mod signal;

use std::time::{Duration, Instant};

use dmsc_link::pcsc::{Pcsc, PcscConfig, Select};
use dmsc_link::{Link, LinkError, Opening, Signal};

/// On an emulated machine that is busy with other things everything takes its time.
const APPEAR: Duration = Duration::from_secs(120);
/// More than the driver waits for a card.
const LIMIT: Duration = Duration::from_secs(60);
const STATUS: [u8; 5] = [0x80, 0xF2, 0x00, 0x00, 0x00];
/// The card answers each command with its header and 9000.
const ANSWER: [u8; 6] = [0x80, 0xF2, 0x00, 0x00, 0x90, 0x00];

/// The reader that the script plugs in and out.
struct Reader {
    /// The file that ties the gadget to its port.
    udc: String,
    /// The process that is reader and card.
    process: u32,
}

impl Reader {
    fn plug(&self, udc: &str) {
        std::fs::write(&self.udc, format!("{udc}\n")).unwrap();
    }

    fn signal(&self, name: &str) {
        signal::send(self.process, name);
    }
}

fn open() -> Pcsc {
    let reader = Select::Pattern("Bench card*".into());
    let mut link = Pcsc::open(PcscConfig { reader, limit: LIMIT, appear: APPEAR, ..PcscConfig::default() }).unwrap();
    link.begin(&Opening::default()).unwrap();
    assert!(matches!(ask(&mut link, Signal::PowerOn).unwrap(), Some(Signal::Atr(_))));
    assert_eq!(ask(&mut link, Signal::Command(STATUS.to_vec())).unwrap(), Some(Signal::Response(ANSWER.to_vec())));
    link
}

fn ask(link: &mut Pcsc, signal: Signal) -> Result<Option<Signal>, LinkError> {
    let began = Instant::now();
    let sent = link.send(signal);
    eprintln!("after {:?}: {sent:?}", began.elapsed());
    sent?;
    let now = link.now();
    // That there is no answer is told at once, with why.
    Ok(link.recv(now)?.filter(|signal| !matches!(signal, Signal::Unanswered { .. })))
}

/// pcscd may notice that the card is gone before it notices that its reader is.
fn is_gone(error: &LinkError) -> bool {
    let told = error.to_string();
    error.is_interruption() && (told.ends_with("was unplugged") || told.starts_with("the card was pulled from"))
}

#[test]
#[ignore = "needs the virtual bench: guest_pcsc.sh"]
fn a_reader_that_is_unplugged_is_gone_and_a_mute_card_is_silent() {
    let variable = |name| std::env::var(name).unwrap();
    let reader = Reader { udc: variable("DMSC_READER_UDC"), process: variable("DMSC_READER_PROCESS").parse().unwrap() };
    let plugged = std::fs::read_to_string(&reader.udc).unwrap().trim().to_owned();

    let mut link = open();
    reader.plug("");
    let error = ask(&mut link, Signal::Command(STATUS.to_vec())).unwrap_err();
    assert!(is_gone(&error), "{error}");
    drop(link);
    reader.plug(&plugged);

    let mut link = open();
    reader.signal("STOP");
    assert_eq!(ask(&mut link, Signal::Command(STATUS.to_vec())).unwrap(), None);
    reader.signal("CONT");
    drop(link);
    // What the driver and the card still had to say to each other is over with the plug.
    reader.plug("");
    reader.plug(&plugged);

    let mut link = open();
    reader.signal("STOP");
    let error = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(1));
            reader.plug("");
        });
        ask(&mut link, Signal::Command(STATUS.to_vec())).unwrap_err()
    });
    assert!(is_gone(&error), "{error}");
    drop(link);
    reader.signal("CONT");
    reader.plug(&plugged);
    open();
}
