//! A handset with a board in its slot, in memory: what proves the driver where neither is at hand.
//!
//! A [`Handset`] is the terminal's end of it, for a player; [`Board`] is the board's end, which either a gadget shows on
//! a USB bus or a test reads directly.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dmsc_usb::simtrace2::{
    Act, Board as Kind, CommandError, Fault, Firmware, Generation, Heard, ModemReset, Phone, Wires,
};

use crate::{Capabilities, Clock, Link, LinkError, Mailbox, Opening, Poster, Signal, Time};

/// The clock that the handset gives the card, in Hz; TS 102 221 5.2.4 allows 1 to 5 MHz.
const CARD_CLOCK: u32 = 4_000_000;

/// Octets of a PPS request and its answer.
const PPS: usize = 8;

/// How long octets take on the line at the rates that each session begins with: 12 etu of 372 clock cycles each.
fn line_time(octets: usize) -> Duration {
    cycles(u64::try_from(octets).unwrap_or(u64::MAX).saturating_mul(12 * 372))
}

/// How long clock cycles of the card take.
fn cycles(count: u64) -> Duration {
    Duration::from_micros(count.saturating_mul(1_000_000) / u64::from(CARD_CLOCK))
}

/// The terminal's end.
#[derive(Debug)]
pub(crate) struct Handset {
    board: Board,
    clock: Clock,
    mailbox: Mailbox,
    ticker: Option<JoinHandle<()>>,
}

/// The board's end; all clones are the same board.
#[derive(Clone, Debug)]
pub(crate) struct Board(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    core: Mutex<Core>,
    changed: Condvar,
}

#[derive(Debug)]
struct Core {
    kind: Kind,
    generation: Generation,
    firmware: Firmware,
    phone: Phone,
    acts: VecDeque<Act>,
    /// How long reset is to be held, once it is.
    hold: Option<Duration>,
    /// When reset may be let go.
    held: Option<Instant>,
    /// When the ATR will have arrived, and rates are negotiated.
    answered: Option<Instant>,
    /// Whether ATR and PPS take the time that they take on a real line, and how long a reset amid a command is held then.
    paced: Option<Duration>,
    /// Messages that the host is fetching.
    fetched: usize,
    poster: Poster,
    faults: Vec<Fault>,
    modem_resets: usize,
    closed: bool,
}

/// The IN endpoints of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Answers and characters.
    Bulk,
    /// Reports of changes.
    Interrupt,
}

impl Handset {
    /// A handset that is off, and the board in its slot.
    ///
    /// `paced`: ATR and PPS take the time that they take on a real line, and a reset that breaks off a command is held for
    /// this long besides. Towards a host on a bus the first two must: on a bench of no time at all a reset and the next
    /// command would be over before the host has heard of either, and what it had under way for the command before would
    /// be taken for an answer to the next.
    pub(crate) fn new(kind: Kind, generation: Generation, paced: Option<Duration>) -> (Handset, Board) {
        let mailbox = Mailbox::default();
        let core = Core {
            kind,
            generation,
            firmware: Firmware::new(kind, generation, Wires::OFF),
            phone: Phone::new(),
            acts: VecDeque::new(),
            hold: None,
            held: None,
            answered: None,
            paced,
            fetched: 0,
            poster: mailbox.poster(),
            faults: Vec::new(),
            modem_resets: 0,
            closed: false,
        };
        let board = Board(Arc::new(Shared { core: Mutex::new(core), changed: Condvar::new() }));
        let ticking = board.clone();
        let ticker = std::thread::Builder::new().name("card clock".into()).spawn(move || ticking.tick()).ok();
        (Handset { board: board.clone(), clock: Clock::new(), mailbox, ticker }, board)
    }

    /// What the card did that T=0 does not allow, so far.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.board.core().faults.clone()
    }

    /// How often the card has asked for more time.
    pub(crate) fn nulls(&self) -> usize {
        self.board.core().phone.nulls()
    }

    /// How often the host has reset the modem; each time the card lost its power.
    pub(crate) fn modem_resets(&self) -> usize {
        self.board.core().modem_resets
    }
}

impl Board {
    fn core(&self) -> MutexGuard<'_, Core> {
        self.0.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, core: &mut Core) {
        core.work();
        self.0.changed.notify_all();
    }

    /// Takes a packet of the bulk OUT endpoint.
    pub(crate) fn take(&self, packet: &[u8], packet_size: usize) {
        let mut core = self.core();
        core.firmware.bulk_out(packet, packet_size);
        self.work(&mut core);
    }

    /// Waits for a message of one of these IN endpoints. When the host has it, say so with [`Board::fetched`]. There is
    /// none when `over` says so, which is asked after each [`Board::wake`], and when the board is no more.
    pub(crate) fn next(&self, endpoints: &[Endpoint], over: &dyn Fn() -> bool) -> Option<(Endpoint, Vec<u8>)> {
        let mut core = self.core();
        loop {
            if core.closed || over() {
                return None;
            }
            let message = endpoints.iter().find_map(|endpoint| Some((*endpoint, core.poll(*endpoint)?)));
            if message.is_some() {
                core.fetched += 1;
                return message;
            }
            core = self.0.changed.wait(core).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets whoever waits in [`Board::next`] look again.
    #[cfg(test)]
    pub(crate) fn wake(&self) {
        let _core = self.core();
        self.0.changed.notify_all();
    }

    /// The host has what [`Board::next`] gave, or will never have it.
    pub(crate) fn fetched(&self) {
        let mut core = self.core();
        core.fetched = core.fetched.saturating_sub(1);
        self.work(&mut core);
    }

    /// The board loses its power and gets it again: its firmware starts again, and the handset has lost its card.
    #[cfg(target_os = "linux")]
    pub(crate) fn restart(&self) {
        let mut core = self.core();
        core.firmware = Firmware::new(core.kind, core.generation, Wires::OFF);
        core.phone.power_off();
        self.work(&mut core);
    }

    /// Tells the handset that its board is gone, in these words.
    #[cfg(target_os = "linux")]
    pub(crate) fn lose(&self, what: &str) {
        self.core().poster.gone(what);
    }

    /// Ends it: nobody waits any more.
    pub(crate) fn close(&self) {
        self.core().closed = true;
        self.0.changed.notify_all();
    }

    /// Lets time pass: for a handset that waits for the host, and for octets on the line.
    fn tick(&self) {
        let mut core = self.core();
        while !core.closed {
            let etu = u64::from(core.firmware.cycles_per_etu());
            let patience = core.firmware.patience().map(|patience| cycles(u64::from(patience) * etu));
            let began = Instant::now();
            let due = [core.answered, core.held].into_iter().flatten().map(|at| at.saturating_duration_since(began));
            core = match patience.into_iter().chain(due).min() {
                Some(limit) => self.0.changed.wait_timeout(core, limit).unwrap_or_else(PoisonError::into_inner).0,
                None => self.0.changed.wait(core).unwrap_or_else(PoisonError::into_inner),
            };
            if patience.is_some() {
                let passed = began.elapsed().as_micros() * u128::from(CARD_CLOCK) / 1_000_000 / u128::from(etu.max(1));
                core.firmware.elapse(u32::try_from(passed).unwrap_or(u32::MAX));
            }
            self.work(&mut core);
        }
    }
}

impl Core {
    fn poll(&mut self, endpoint: Endpoint) -> Option<Vec<u8>> {
        match endpoint {
            Endpoint::Bulk => self.firmware.poll_bulk(),
            Endpoint::Interrupt => self.firmware.poll_interrupt(),
        }
    }

    /// Moves what can be moved between handset and firmware.
    fn work(&mut self) {
        self.held = self.held.filter(|until| *until > Instant::now());
        loop {
            while let Some(reset) = self.firmware.poll_modem_reset() {
                if reset != ModemReset::Release {
                    self.modem_resets += 1;
                    self.phone.power_off();
                }
            }
            while let Some(act) = self.phone.poll_act() {
                // A handset that moves its lines has cut off what it was about to send.
                if matches!(act, Act::Wire(_)) {
                    self.acts.retain(|act| matches!(act, Act::Wire(_)));
                }
                self.acts.push_back(act);
            }
            // To a handset that has decided to reset the card the old one has nothing more to say.
            let resets = self.acts.iter().any(|act| matches!(act, Act::Wire(_)));
            if resets {
                self.answered = None;
                while self.firmware.poll_line().is_some() {}
            }
            let told = self.answered.is_none_or(|at| at <= Instant::now()) && self.firmware.line_length() > 0;
            if told {
                self.answered = None;
                std::iter::from_fn(|| self.firmware.poll_line()).for_each(|octet| self.phone.receive(octet));
            }
            while let Some(heard) = self.phone.poll_heard() {
                match heard {
                    Heard::Atr(atr) => self.poster.signal(Signal::Atr(atr)),
                    Heard::Response(response) => self.poster.signal(Signal::Response(response)),
                    Heard::Fault(fault) => self.faults.push(fault),
                }
            }
            // What it was told may be worth an answer.
            if told {
                continue;
            }
            // USB is much faster than the line to the card: a message is fetched before the handset moves again.
            if self.fetched > 0 || self.firmware.waits_for_host() {
                return;
            }
            if self.acts.front() == Some(&Act::Wire(Wires::RUN)) {
                if let Some(hold) = self.hold.take() {
                    self.held = Some(Instant::now() + hold);
                }
                if self.held.is_some() {
                    return;
                }
            }
            match self.acts.pop_front() {
                None => return,
                Some(Act::Wire(wires)) => {
                    self.firmware.wire(wires);
                    let length = self.firmware.line_length();
                    self.answered = (self.paced.is_some() && length > 0)
                        .then(|| Instant::now() + line_time(length.saturating_add(PPS)));
                }
                Some(Act::Octet(octet)) => self.firmware.receive(octet),
            }
        }
    }
}

impl Link for Handset {
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { contact: true, ..Capabilities::default() }
    }

    fn poster(&self) -> Option<Poster> {
        Some(self.mailbox.poster())
    }

    /// The card loses its power, so that nothing of the session before is left.
    fn begin(&mut self, _opening: &Opening) -> Result<(), LinkError> {
        let mut core = self.board.core();
        core.phone.power_off();
        core.faults.clear();
        self.board.work(&mut core);
        self.mailbox.forget()?;
        self.clock = Clock::new();
        Ok(())
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        let mut core = self.board.core();
        if core.phone.is_busy() && matches!(signal, Signal::PowerOn | Signal::Reset | Signal::PowerOff) {
            core.hold = core.paced;
        }
        match signal {
            Signal::PowerOn => core.phone.power_on(),
            Signal::Reset => core.phone.reset(),
            Signal::PowerOff => core.phone.power_off(),
            Signal::Command(apdu) => match core.phone.command(&apdu) {
                // A command to a card that is not ready is lost, as with a handset.
                Ok(()) | Err(CommandError::NotReady) => {}
                Err(CommandError::Tpdu(_)) => {
                    return Err(LinkError::Unsupported("an APDU that does not fit a T=0 TPDU"));
                }
            },
            other => return Err(LinkError::Unsupported(other.name())),
        }
        self.board.work(&mut core);
        Ok(())
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        self.mailbox.recv(until, &self.clock)
    }
}

impl Drop for Handset {
    fn drop(&mut self) {
        self.board.close();
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
    }
}
