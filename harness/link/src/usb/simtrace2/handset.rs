//! A handset with a board in its slot, in memory: what proves the driver where neither is at hand.
//!
//! A [`Handset`] is the terminal's end of it, for a player; [`Board`] is the board's end, which either a gadget shows on
//! a USB bus or a test reads directly.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dmsc_usb::simtrace2::{Act, Board as Kind, CommandError, Fault, Firmware, Heard, ModemReset, Phone};

use crate::{Capabilities, Clock, Link, LinkError, Mailbox, Opening, Poster, Signal, Time};

/// The clock that the handset gives the card, in Hz; TS 102 221 5.2.4 allows 1 to 5 MHz.
const CARD_CLOCK: u32 = 4_000_000;

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
    firmware: Firmware,
    phone: Phone,
    acts: VecDeque<Act>,
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
    pub(crate) fn new(kind: Kind, rate: u32) -> (Handset, Board) {
        let mailbox = Mailbox::default();
        let core = Core {
            firmware: Firmware::new(kind),
            phone: Phone::new(),
            acts: VecDeque::new(),
            fetched: 0,
            poster: mailbox.poster(),
            faults: Vec::new(),
            modem_resets: 0,
            closed: false,
        };
        let board = Board(Arc::new(Shared { core: Mutex::new(core), changed: Condvar::new() }));
        let ticking = board.clone();
        let ticker = std::thread::Builder::new().name("card clock".into()).spawn(move || ticking.tick()).ok();
        (Handset { board: board.clone(), clock: Clock::new(rate), mailbox, ticker }, board)
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

    /// Waits for a message of an IN endpoint, at most for `limit`. When the host has it, say so with
    /// [`Board::fetched`].
    pub(crate) fn next(&self, endpoint: Endpoint, limit: Duration) -> Option<Vec<u8>> {
        let until = Instant::now() + limit;
        let mut core = self.core();
        loop {
            let message = match endpoint {
                Endpoint::Bulk => core.firmware.poll_bulk(),
                Endpoint::Interrupt => core.firmware.poll_interrupt(),
            };
            if message.is_some() {
                core.fetched += 1;
                return message;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || core.closed {
                return None;
            }
            core = self.0.changed.wait_timeout(core, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The host has what [`Board::next`] gave, or will never have it.
    pub(crate) fn fetched(&self) {
        let mut core = self.core();
        core.fetched = core.fetched.saturating_sub(1);
        self.work(&mut core);
    }

    /// Lets time pass for the firmware while a handset waits for the host.
    fn tick(&self) {
        let mut core = self.core();
        while !core.closed {
            let Some(etu) = core.firmware.patience() else {
                core = self.0.changed.wait(core).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let cycles = u64::from(core.firmware.cycles_per_etu());
            let began = Instant::now();
            let limit = Duration::from_micros(u64::from(etu) * cycles * 1_000_000 / u64::from(CARD_CLOCK));
            core = self.0.changed.wait_timeout(core, limit).unwrap_or_else(PoisonError::into_inner).0;
            let passed = began.elapsed().as_micros() * u128::from(CARD_CLOCK) / 1_000_000 / u128::from(cycles.max(1));
            core.firmware.elapse(u32::try_from(passed).unwrap_or(u32::MAX));
            core.work();
        }
    }
}

impl Core {
    /// Moves what can be moved between handset and firmware.
    fn work(&mut self) {
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
            while let Some(octet) = self.firmware.poll_line() {
                if !resets {
                    self.phone.receive(octet);
                }
            }
            while let Some(heard) = self.phone.poll_heard() {
                match heard {
                    Heard::Atr(atr) => self.poster.signal(Signal::Atr(atr)),
                    Heard::Response(response) => self.poster.signal(Signal::Response(response)),
                    Heard::Fault(fault) => self.faults.push(fault),
                }
            }
            // USB is much faster than the line to the card: a message is fetched before the handset moves again.
            if self.fetched > 0 || self.firmware.waits_for_host() {
                return;
            }
            match self.acts.pop_front() {
                None => return,
                Some(Act::Wire(wires)) => self.firmware.wire(wires),
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
        self.clock = self.clock.anew();
        Ok(())
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        let mut core = self.board.core();
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
        self.board.core().closed = true;
        self.board.0.changed.notify_all();
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
    }
}
