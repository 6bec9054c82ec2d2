//! The card in a handset's slot, through a SIMtrace2 board: the DUT is the handset.
//!
//! A thread reads what the board says and answers at once where the card need not be asked; what is for the card waits in
//! the mailbox. The board itself tells the handset to wait as long as no answer is there.

#[cfg(any(test, all(feature = "gadget", target_os = "linux")))]
#[cfg_attr(
    not(all(feature = "gadget", target_os = "linux")),
    expect(dead_code, reason = "the board that this machine plays uses all of it")
)]
pub(crate) mod handset;
mod port;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dmsc_usb::descriptor::Offer;
use dmsc_usb::simtrace2::board::VENDOR;
use dmsc_usb::simtrace2::{AtrError, Board, CardEmulation, Event, Pts, Setup, Status, Trouble};

use port::{From, Port, Slot};

use super::device::{Device, TransferError, list};
use super::info::{DeviceInfo, UsbSelect};
use super::{BoardInfo, Simtrace2Config};
use crate::{Capabilities, Clock, Link, LinkError, Mailbox, Opening, Poster, Signal, Time};

/// How long a board may take to tell what is configured.
const CONFIGURE_LIMIT: Duration = Duration::from_millis(500);

/// How often it is asked. A message that was cut off when another program ended spoils the first that follows it.
const CONFIGURE_TRIES: u32 = 3;

/// Troubles that are kept until somebody asks for them.
const TROUBLES: usize = 16;

/// The link to the handset.
pub struct Simtrace2 {
    clock: Clock,
    mailbox: Mailbox,
    board: Board,
    device: Option<DeviceInfo>,
    modem_reset: bool,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
    /// The last command that was handed out: what a response answers.
    taken: u64,
}

/// What the link and its listener share.
struct Shared {
    port: Box<dyn Port>,
    core: Mutex<Core>,
    changed: Condvar,
}

struct Core {
    card: CardEmulation,
    poster: Poster,
    configured: bool,
    /// Why the board is lost.
    lost: Option<String>,
    /// The last command that went into the mailbox.
    posted: u64,
    negotiated: Option<Pts>,
    troubles: VecDeque<Trouble>,
}

impl Simtrace2 {
    /// Finds the board, claims the slot and sees that it answers. The handset gets its card when the first session
    /// begins.
    ///
    /// # Errors
    /// [`LinkError::Missing`] when there is none, when it does something else than emulate cards, when it may not be
    /// opened, when another program has it, and when it does not answer.
    pub fn open(config: &Simtrace2Config) -> Result<Simtrace2, LinkError> {
        let mut select = config.select.clone();
        select.vendor.get_or_insert(VENDOR);
        select.product = select.product.or(config.board.map(Board::product));
        let wanted = |offer: &Offer| *offer == Offer::CardEmulator;
        let device = Device::open(&select, "board that emulates cards", &wanted, config.appear);
        let device = device.map_err(|error| explained(&select, error))?;
        let info = device.info.clone();
        let board = Board::from_ids(info.vendor, info.product).or(config.board);
        let board = board.ok_or_else(|| LinkError::Missing {
            what: format!("USB device {info} is no board of the SIMtrace2 family that is known"),
            remedy: "name the board that it is like".into(),
        })?;
        let mut link = Simtrace2::over(Box::new(Slot::new(device)?), board, config, CONFIGURE_LIMIT)?;
        link.device = Some(info);
        Ok(link)
    }

    /// `patience`: how long the board may take to tell what is configured.
    fn over(
        port: Box<dyn Port>,
        board: Board,
        config: &Simtrace2Config,
        patience: Duration,
    ) -> Result<Simtrace2, LinkError> {
        let mailbox = Mailbox::default();
        let pulse = u16::try_from(config.pulse.as_millis()).unwrap_or(u16::MAX);
        let modem_reset = config.modem_reset.then_some(pulse);
        let card = CardEmulation::new(Setup { board, mux: config.mux, polarity: config.polarity, modem_reset });
        let core = Core {
            card,
            poster: mailbox.poster(),
            configured: false,
            lost: None,
            posted: 0,
            negotiated: None,
            troubles: VecDeque::new(),
        };
        let shared = Shared { port, core: Mutex::new(core), changed: Condvar::new() };
        let shared = Arc::new(shared);
        let listening = Arc::clone(&shared);
        let listener = std::thread::Builder::new().name("simtrace2".into()).spawn(move || listening.listen());
        let listener = listener.map_err(|cause| LinkError::Missing {
            what: format!("a thread for the board cannot be started: {cause}"),
            remedy: "raise the limit of processes".into(),
        })?;
        let link = Simtrace2 {
            clock: Clock::new(),
            mailbox,
            board,
            device: None,
            modem_reset: modem_reset.is_some() && board.abilities().modem_reset,
            shared,
            listener: Some(listener),
            taken: 0,
        };
        link.shared.configure(patience)?;
        Ok(link)
    }

    /// Which board it is, and so what can be asked of it.
    #[must_use]
    pub fn board(&self) -> Board {
        self.board
    }

    /// What is known of the device.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceInfo> {
        self.device.as_ref()
    }

    /// The last status report: lines, rates, and where the board measures it, the voltage of the handset.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.shared.core().card.status()
    }

    /// What the handset negotiated last, for the record.
    #[must_use]
    pub fn negotiated(&self) -> Option<Pts> {
        self.shared.core().negotiated
    }

    /// What went wrong since this was asked last, the oldest first and at most 16; for the report, not for a verdict.
    #[must_use]
    pub fn troubles(&mut self) -> Vec<Trouble> {
        self.shared.core().troubles.drain(..).collect()
    }
}

impl Shared {
    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears the board until it is told to stop, or the board is lost.
    fn listen(&self) {
        let heard = self.port.listen(&mut |from, packet| {
            let mut core = self.core();
            match from {
                From::Bulk => core.card.bulk_in(packet),
                From::Interrupt => core.card.interrupt_in(packet),
            }
            self.work(&mut core);
        });
        if let Err(error) = heard {
            self.lose(&mut self.core(), error);
        }
    }

    /// Asks the board to report, until it says that it does.
    fn configure(&self, patience: Duration) -> Result<(), LinkError> {
        let mut core = self.core();
        for _ in 0..CONFIGURE_TRIES {
            core.card.configure();
            self.work(&mut core);
            let until = Instant::now() + patience;
            while !core.configured && core.lost.is_none() {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                core = self.changed.wait_timeout(core, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            if core.configured {
                return Ok(());
            }
            core.check()?;
        }
        Err(LinkError::Missing {
            what: "the board does not answer".into(),
            remedy: "unplug it and plug it in again; if that does not help, update its firmware".into(),
        })
    }

    /// Sends what is to be sent and hands on what has happened.
    fn work(&self, core: &mut Core) {
        while let Some(transfer) = core.card.poll_transfer() {
            if core.lost.is_some() {
                continue;
            }
            if let Err(error) = self.port.write(&transfer.octets) {
                self.lose(core, error);
            }
        }
        while let Some(event) = core.card.poll_event() {
            match event {
                Event::PowerOn => core.poster.signal(Signal::PowerOn),
                Event::Reset => core.poster.signal(Signal::Reset),
                Event::PowerOff => core.poster.signal(Signal::PowerOff),
                Event::Command { exchange, apdu } => {
                    core.posted = exchange;
                    core.poster.signal(Signal::Command(apdu));
                }
                Event::Status(_) => {}
                Event::Negotiated(pts) => core.negotiated = Some(pts),
                Event::Configured(_) => {
                    core.configured = true;
                    self.changed.notify_all();
                }
                Event::Trouble(trouble) => {
                    if core.troubles.len() >= TROUBLES {
                        core.troubles.pop_front();
                    }
                    core.troubles.push_back(trouble);
                }
            }
        }
    }

    fn lose(&self, core: &mut Core, error: TransferError) {
        if core.lost.is_none() {
            let what = match error {
                TransferError::Gone(what) => what,
                TransferError::Stalled => "the board refuses a transfer; unplug it and plug it in again".into(),
                TransferError::TimedOut => {
                    "the board takes no messages any more; unplug it and plug it in again".into()
                }
            };
            core.poster.gone(what.clone());
            core.lost = Some(what);
            self.changed.notify_all();
        }
    }
}

impl Core {
    fn check(&self) -> Result<(), LinkError> {
        self.lost.as_ref().map_or(Ok(()), |what| Err(LinkError::Gone { what: what.clone() }))
    }
}

impl Link for Simtrace2 {
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { contact: true, ..Capabilities::default() }
    }

    fn poster(&self) -> Option<Poster> {
        Some(self.mailbox.poster())
    }

    /// A session that the handset has begun with the card, and that nobody has seen yet, is the new one. Any other is
    /// given up: its commands are refused until the handset resets the card.
    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        let mut core = self.shared.core();
        core.check()?;
        let mut unread = Vec::new();
        while let Some(signal) = self.mailbox.take()? {
            if matches!(signal, Signal::PowerOn | Signal::Reset) {
                self.taken += unread.iter().filter(|signal| matches!(signal, Signal::Command(_))).count() as u64;
                unread.clear();
            }
            unread.push(signal);
        }
        let begun = matches!(unread.first(), Some(Signal::PowerOn | Signal::Reset)) && !self.modem_reset;
        let ended = unread.last() == Some(&Signal::PowerOff);
        if begun && !ended {
            unread.into_iter().for_each(|signal| self.mailbox.push(signal));
        } else {
            self.taken = core.posted;
            core.card.abandon();
        }
        core.troubles.clear();
        core.card.begin(&opening.atr).map_err(unsupported)?;
        self.shared.work(&mut core);
        core.check()?;
        self.clock = Clock::new();
        Ok(())
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        let mut core = self.shared.core();
        core.check()?;
        match signal {
            Signal::Atr(atr) => core.card.set_atr(&atr).map_err(unsupported)?,
            // False when the handset has reset the card meanwhile: then nobody waits for the response.
            Signal::Response(response) => drop(core.card.respond(self.taken, &response)),
            other => return Err(LinkError::Unsupported(other.name())),
        }
        self.shared.work(&mut core);
        core.check()
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        let signal = self.mailbox.recv(until, &self.clock)?;
        if matches!(signal, Some(Signal::Command(_))) {
            self.taken += 1;
        }
        Ok(signal)
    }
}

impl Drop for Simtrace2 {
    fn drop(&mut self) {
        let mut core = self.shared.core();
        core.card.end();
        self.shared.work(&mut core);
        drop(core);
        self.shared.port.stop();
        if let Some(listener) = self.listener.take() {
            // A thread that panicked has nothing more to say.
            let _ = listener.join();
        }
    }
}

fn unsupported(_: AtrError) -> LinkError {
    LinkError::Unsupported("an answer to reset of more than 33 octets")
}

/// A board that is there but does something else is worth naming.
fn explained(select: &UsbSelect, error: LinkError) -> LinkError {
    let boards = list().unwrap_or_default().iter().filter_map(BoardInfo::of).collect::<Vec<_>>();
    let fits = |board: &&BoardInfo| {
        !board.emulates_cards()
            && select.path.as_ref().is_none_or(|path| *path == board.device.path)
            && (select.serial.is_none() || select.serial == board.device.serial)
    };
    match boards.iter().find(fits) {
        Some(board) if boards.iter().all(|board| !board.emulates_cards()) => LinkError::Missing {
            what: format!("the board that is there emulates no cards: {board}"),
            remedy: "load the card emulation firmware into it (dfu-util, `cardem`)".into(),
        },
        _ => error,
    }
}

#[cfg(test)]
mod tests;
