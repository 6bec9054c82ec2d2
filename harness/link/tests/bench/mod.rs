//! A bench on this host: a pcscd that may be killed, and a card in its virtual reader that does as it is told.

pub(crate) mod signal;

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dmsc_link::{Link, Opening, Poster, Signal, Time, Vpcd, VpcdConfig};

/// Only T=1, so that APDUs of any length pass.
pub(crate) const ATR_T1: [u8; 4] = [0x3B, 0x80, 0x01, 0x81];
/// What it answers to the READ BINARY of EF.ICCID, and what that means.
pub(crate) const ICCID: ([u8; 10], &str) =
    ([0x98, 0x88, 0x21, 0x10, 0x00, 0x00, 0x41, 0x94, 0x72, 0xF9], "8988120100001449279");
/// READ BINARY of EF.ICCID.
const READ_ICCID: [u8; 5] = [0x00, 0xB0, 0x00, 0x00, 0x0A];
/// T=0 by saying nothing else.
pub(crate) const ATR_T0: [u8; 2] = [0x3B, 0x00];

/// Takes the bench. There is one pcscd, so there is one test at a time, in whatever process: the file is locked until it
/// is dropped.
pub(crate) fn bench() -> File {
    let allowed = std::env::var("DMSC_BENCH").as_deref() == Ok("host");
    assert!(allowed, "DMSC_BENCH=host says that this host's pcscd may be started and killed; see host_pcsc.sh");
    let turn = File::create(std::env::temp_dir().join("dmsc-bench-host.lock")).unwrap();
    turn.lock().unwrap();
    turn
}

/// pcscd, ended with the test.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts it; whoever needs it waits for it.
    pub(crate) fn start() -> Daemon {
        let mut pcscd = Command::new("pcscd");
        let pcscd = pcscd.arg("--foreground").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Daemon(pcscd.spawn().unwrap())
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Sends it a signal by name; see [`signal::send`].
    pub(crate) fn signal(&self, name: &str) {
        signal::send(self.0.id(), name);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the card shares with whoever tells it what to do.
#[derive(Default)]
struct Orders {
    silent: AtomicBool,
    /// Whether it is out of the reader, and the news that it is not.
    out: (Mutex<bool>, Condvar),
    over: AtomicBool,
    poster: Mutex<Option<Poster>>,
    seen: Mutex<Vec<Signal>>,
    /// When commands came.
    arrivals: Mutex<Vec<Instant>>,
}

/// A card that answers each command with the command itself and 9000, but shows its ICCID. It comes back whenever its reader does.
pub(crate) struct Card {
    orders: Arc<Orders>,
    thread: Option<JoinHandle<()>>,
}

impl Card {
    /// Puts it into the reader, as soon as there is one.
    pub(crate) fn insert(atr: &[u8], config: VpcdConfig) -> Card {
        let orders = Arc::new(Orders::default());
        let (ordered, atr) = (Arc::clone(&orders), atr.to_vec());
        let thread = std::thread::spawn(move || {
            while !ordered.over.load(Ordering::SeqCst) {
                let (out, news) = &ordered.out;
                drop(news.wait_while(out.lock().unwrap(), |out| *out));
                // Gone or missing, it is put in again.
                let _ = serve(&ordered, &atr, &config);
            }
        });
        Card { orders, thread: Some(thread) }
    }

    /// From now on commands and resets stay unanswered, or are answered again.
    pub(crate) fn be_silent(&self, silent: bool) {
        self.orders.silent.store(silent, Ordering::SeqCst);
    }

    /// Pulls the card.
    pub(crate) fn pull(&self) {
        *self.orders.out.0.lock().unwrap() = true;
        self.end();
    }

    /// Puts it in again.
    pub(crate) fn put_in(&self) {
        *self.orders.out.0.lock().unwrap() = false;
        self.orders.out.1.notify_all();
    }

    fn end(&self) {
        if let Some(poster) = &*self.orders.poster.lock().unwrap() {
            poster.gone("pulled");
        }
    }

    /// When commands came to it since it was asked last.
    #[allow(dead_code, reason = "measurements use it, and tests do not")]
    pub(crate) fn arrivals(&self) -> Vec<Instant> {
        std::mem::take(&mut *self.orders.arrivals.lock().unwrap())
    }

    /// What the reader did with it since it was asked last.
    pub(crate) fn seen(&self) -> Vec<Signal> {
        std::mem::take(&mut *self.orders.seen.lock().unwrap())
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        self.orders.over.store(true, Ordering::SeqCst);
        self.put_in();
        self.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(orders: &Orders, atr: &[u8], config: &VpcdConfig) -> Result<(), dmsc_link::LinkError> {
    let mut link = Vpcd::open(config.clone())?;
    link.begin(&Opening { atr: atr.to_vec() })?;
    *orders.poster.lock().unwrap() = link.poster();
    while !orders.over.load(Ordering::SeqCst) {
        match link.recv(Time::NEVER)? {
            Some(Signal::Command(_)) if orders.silent.load(Ordering::SeqCst) => {}
            Some(Signal::Command(mut command)) => {
                orders.arrivals.lock().unwrap().push(Instant::now());
                if command == READ_ICCID {
                    command = ICCID.0.to_vec();
                }
                command.extend_from_slice(&[0x90, 0x00]);
                link.send(Signal::Response(command))?;
            }
            Some(signal) => {
                if matches!(signal, Signal::PowerOn | Signal::Reset) && !orders.silent.load(Ordering::SeqCst) {
                    link.send(Signal::Atr(atr.to_vec()))?;
                }
                orders.seen.lock().unwrap().push(signal);
            }
            None => {}
        }
    }
    Ok(())
}

/// Asserts that something ended within a limit, and says how long it took when it did not.
pub(crate) fn within<T>(limit: Duration, what: &str, act: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = act();
    assert!(began.elapsed() <= limit, "{what} took {:?}, more than {limit:?}", began.elapsed());
    result
}
