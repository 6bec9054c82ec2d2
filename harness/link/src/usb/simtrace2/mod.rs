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
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dmsc_usb::descriptor::Offer;
use dmsc_usb::simtrace2::board::VENDOR;
use dmsc_usb::simtrace2::{AtrError, Board, CardEmulation, Event, Generation, Pts, Setup, Status, Trouble};

use port::{From, Port, Slot};

use super::device::{Device, TransferError, list};
use super::info::{DeviceInfo, UsbSelect};
use super::{BoardInfo, Simtrace2Config};
use crate::{Capabilities, Clock, LastWords, Link, LinkError, Mailbox, Opening, Poster, Signal, Time};

/// How long a board may take to tell what is configured.
const CONFIGURE_LIMIT: Duration = Duration::from_millis(500);

/// How often it is asked. A message that was cut off when another program ended spoils the first that follows it.
const CONFIGURE_TRIES: u32 = 3;

/// Troubles that are kept until somebody asks for them.
const TROUBLES: usize = 16;

/// Those that are told of a case, each once.
const TOLD: usize = 3;

/// The link to the handset.
pub struct Simtrace2 {
    clock: Clock,
    mailbox: Mailbox,
    board: Board,
    device: Option<DeviceInfo>,
    /// The version of its firmware, if the board tells.
    version: Option<String>,
    modem_reset: bool,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
    /// The last command that was handed out: what a response answers.
    taken: u64,
}

/// What the link and its listener share.
struct Shared {
    /// What the driver's times count from.
    began: Instant,
    port: Box<dyn Port>,
    core: Mutex<Core>,
    /// Whose turn it is to wait for the core. A board that never ends would have its listener take the core again each
    /// time before anybody else can, as a mutex is nobody's in particular.
    turn: Mutex<()>,
}

struct Core {
    card: CardEmulation,
    poster: Poster,
    configured: bool,
    /// Told when the board says what is configured, and when it is lost.
    changed: Sender<()>,
    /// Why the board is lost.
    lost: Option<String>,
    /// Why nothing can be said of the handset in this session.
    spoiled: Option<Trouble>,
    /// Whether the link was woken so that it sees until when it has to wait.
    nudged: bool,
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
        let version = device.firmware();
        let mut link = Simtrace2::over(Box::new(Slot::new(device)?), board, version, config, CONFIGURE_LIMIT)?;
        link.device = Some(info);
        Ok(link)
    }

    /// `version`: that of the firmware; `patience`: how long the board may take to tell what is configured.
    fn over(
        port: Box<dyn Port>,
        board: Board,
        version: Option<String>,
        config: &Simtrace2Config,
        patience: Duration,
    ) -> Result<Simtrace2, LinkError> {
        let mailbox = Mailbox::default();
        let pulse = u16::try_from(config.pulse.as_millis()).unwrap_or(u16::MAX);
        let modem_reset = config.modem_reset.then_some(pulse);
        let generation = version.as_deref().map(Generation::of_version).unwrap_or_default();
        let (mux, polarity) = (config.mux, config.polarity);
        let card = CardEmulation::new(Setup { board, mux, polarity, modem_reset, generation });
        let (changed, changes) = channel();
        let core = Core {
            card,
            poster: mailbox.poster(),
            configured: false,
            changed,
            lost: None,
            spoiled: None,
            nudged: false,
            posted: 0,
            negotiated: None,
            troubles: VecDeque::new(),
        };
        let shared = Shared { began: Instant::now(), port, core: Mutex::new(core), turn: Mutex::default() };
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
            version,
            modem_reset: modem_reset.is_some() && board.abilities().modem_reset,
            shared,
            listener: Some(listener),
            taken: 0,
        };
        link.shared.configure(patience, &changes)?;
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

    /// The version of its firmware, if the board tells.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
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

    /// Time has passed without a signal. A handset that waits for an answer only seems to be silent. Gives whether it was
    /// the driver's own business that ended the wait.
    fn pass(&self, early: bool) -> Result<bool, LinkError> {
        let mut core = self.shared.core();
        core.card.wait(self.shared.began.elapsed());
        self.shared.work(&mut core);
        self.check(&core)?;
        Ok(std::mem::take(&mut core.nudged) || early)
    }

    /// Why nothing more can be done in this session, if so.
    fn check(&self, core: &Core) -> Result<(), LinkError> {
        core.check()?;
        core.spoiled.as_ref().map_or(Ok(()), |trouble| Err(unsure(trouble, self.version())))
    }
}

impl Shared {
    fn core(&self) -> MutexGuard<'_, Core> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears the board until it is told to stop, or the board is lost.
    fn listen(&self) {
        let heard = self.port.listen(&mut |from, packet| {
            let mut core = self.core();
            let now = self.began.elapsed();
            match from {
                From::Bulk => core.card.bulk_in(packet, now),
                From::Interrupt => core.card.interrupt_in(packet, now),
            }
            self.work(&mut core);
        });
        if let Err(error) = heard {
            self.lose(&mut self.core(), error);
        }
    }

    /// Asks the board to report, until it says that it does.
    fn configure(&self, patience: Duration, changes: &Receiver<()>) -> Result<(), LinkError> {
        for _ in 0..CONFIGURE_TRIES {
            let mut core = self.core();
            core.card.configure();
            self.work(&mut core);
            drop(core);
            let until = Instant::now() + patience;
            loop {
                let core = self.core();
                if core.configured {
                    return Ok(());
                }
                core.check()?;
                drop(core);
                let left = until.saturating_duration_since(Instant::now());
                // The core has a sender, so that it ends with the time or with a change.
                if left.is_zero() || changes.recv_timeout(left).is_err() {
                    break;
                }
            }
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
        if core.card.deadline().is_some() && !core.nudged {
            core.nudged = true;
            core.poster.wake();
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
                    // Nobody listens any more once it was told.
                    let _ = core.changed.send(());
                }
                Event::Trouble(trouble) => {
                    if trouble.spoils() {
                        core.spoiled.get_or_insert_with(|| trouble.clone());
                        core.poster.wake();
                    }
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
            let _ = core.changed.send(());
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

    /// A session that the handset has begun with the card, and that nobody has seen yet, is the new one. Any other, and one
    /// in which an answer may have been wrong, is given up: its commands are refused until the handset resets the card.
    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        let mut core = self.shared.core();
        core.check()?;
        let mut unread = Vec::new();
        for signal in self.mailbox.drain()? {
            if matches!(signal, Signal::PowerOn | Signal::Reset) {
                self.taken += unread.iter().filter(|signal| matches!(signal, Signal::Command(_))).count() as u64;
                unread.clear();
            }
            unread.push(signal);
        }
        let begun = matches!(unread.first(), Some(Signal::PowerOn | Signal::Reset)) && !self.modem_reset;
        let ended = unread.last() == Some(&Signal::PowerOff);
        core.spoiled = None;
        if begun && !ended && core.card.doubt().is_none() {
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
        self.check(&core)?;
        match signal {
            Signal::Atr(atr) => core.card.set_atr(&atr).map_err(unsupported)?,
            // False when the handset has reset the card meanwhile: then nobody waits for the response.
            Signal::Response(response) => drop(core.card.respond(self.taken, &response)),
            other => return Err(LinkError::Unsupported(other.name())),
        }
        self.shared.work(&mut core);
        core.check()
    }

    /// What a board does wrong shows at the handset as an answer that is late, or none.
    fn last_words(&self) -> LastWords {
        let mut told: Vec<String> = Vec::new();
        for trouble in self.shared.core().troubles.iter().map(Trouble::to_string) {
            if told.len() < TOLD && !told.contains(&trouble) {
                told.push(trouble);
            }
        }
        LastWords { told, killed: false }
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        loop {
            let deadline = {
                let core = self.shared.core();
                self.check(&core)?;
                core.card.deadline().map(|at| self.clock.now() + at.saturating_sub(self.shared.began.elapsed()))
            };
            let limit = deadline.map_or(until, |at| at.min(until));
            match self.mailbox.recv(limit, &self.clock)? {
                // A board that never ends is no reason to wait longer.
                None if self.pass(limit < until)? && self.clock.now() < until => {}
                signal => {
                    self.taken += u64::from(matches!(signal, Some(Signal::Command(_))));
                    return Ok(signal);
                }
            }
        }
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

fn unsure(trouble: &Trouble, version: Option<&str>) -> LinkError {
    let firmware = version.map_or("firmware of unknown version".into(), |version| format!("firmware {version}"));
    let update = match version.map(Generation::of_version).unwrap_or_default() {
        Generation::UpTo091 => "update the firmware of the board to one after 0.9.1, ",
        Generation::After091 => "",
    };
    LinkError::Unsure {
        what: format!("{trouble} (board with {firmware})"),
        remedy: format!("power-cycle the handset, {update}and run the case again"),
    }
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
