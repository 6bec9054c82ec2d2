//! The host's side: a card that answers whole APDUs, played through a board.

use std::collections::VecDeque;
use std::time::Duration;

use super::board::{Board, PACKET};
use super::generation::Generation;
use super::lines::{Lines, Run, Step};
use super::message::{Body, Data, DataFlags, LONGEST, LONGEST_ATR, Message, MessageError, ModemReset, SimSource};
use super::order::{Order, Purpose, Standing};
use super::packets::Packets;
use super::status::{Config, Polarity, Pts, Status};
use crate::t0::{Answer, CardT0, Need};

/// Octets of a TPDU header.
const TPDU_HEADER: usize = 5;

/// The answer to a command that nobody else will answer: no precise diagnosis (TS 102 221 10.2.1).
const NO_DIAGNOSIS: u16 = 0x6F00;

/// How long a command may be held that nobody can place.
const HOLD: Duration = Duration::from_secs(1);

/// How a board is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The board; it tells what can be asked of it.
    pub board: Board,
    /// The slot behind an external switch, 0 where there is none.
    pub mux: u8,
    /// The level of the card-detect contact that means "present"; the firmware's own if none is given.
    pub polarity: Option<Polarity>,
    /// Resets the modem at the beginning of every session, for so many milliseconds; nothing on boards without the
    /// line.
    pub modem_reset: Option<u16>,
    /// What firmware it is known to have: whether an answer that comes too late can do harm.
    pub generation: Generation,
}

/// What goes to the bulk OUT endpoint as one transfer: a message, or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The octets.
    pub octets: Vec<u8>,
    /// Whether an empty packet has to follow. The firmware reads until a short packet: it would wait for more after a
    /// message whose length is a multiple of a packet.
    pub empty_packet: bool,
}

/// What happened, for the card that is played and for who watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The handset applied power and released reset: a cold reset.
    PowerOn,
    /// The handset reset the card and kept power: a warm reset.
    Reset,
    /// The handset removed power.
    PowerOff,
    /// A command APDU; answer it with [`CardEmulation::respond`] and the same number.
    Command {
        /// Which exchange it is. A number is never used twice, so an answer that comes after a reset is known as late.
        exchange: u64,
        /// The APDU. T=0 does not tell case 3 from case 4; see [`CardT0`].
        apdu: Vec<u8>,
    },
    /// A status report; the lines in it were acted on already.
    Status(Status),
    /// The handset negotiated parameters.
    Negotiated(Pts),
    /// The board told what is configured: it is there and understands.
    Configured(Config),
    /// Something that should not be.
    Trouble(Trouble),
}

/// Something that should not be. The handset is answered nevertheless wherever it waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// A message of the board that could not be read.
    #[error("the board sent what is no message: {0}")]
    Message(#[from] MessageError),
    /// An error report of the board.
    #[error("the board reports error {code:04X}: {text}; power-cycle the board")]
    Board {
        /// Its code.
        code: u16,
        /// Its words.
        text: String,
    },
    /// Data of the handset that are not as many as its header said. The command was answered with 6F00.
    #[error("the handset announced {announced} octets, {found} arrived; is the host too busy to fetch them?")]
    Data {
        /// Octets that P3 said.
        announced: usize,
        /// Octets that came.
        found: usize,
    },
    /// The lines of the handset move, but no power.
    #[error(
        "the handset lets go of reset, but the board sees no power; its voltage may be too low for this board to \
         detect: check the cable, or use a board that measures the voltage"
    )]
    ResetWithoutPower,
    /// A command of a session that began with another card; it was answered with 6F00.
    #[error("the handset is in the middle of a session with another card; power-cycle it, unless it resets the card")]
    Midway,
    /// The first command of a session may have been given what was meant for a command before the reset. Until the next
    /// reset every command is answered with 6F00.
    #[error(
        "the handset reset the card while an answer was on its way, which the board may give to the first command of the \
         session that follows"
    )]
    Late,
    /// A command came out of order with the reports of resets. It was answered with 6F00, and so is every command until
    /// the next reset.
    #[error(
        "a command of the handset came at a time at which nobody can tell whether it is from before a reset or after"
    )]
    Unplaced,
}

impl Trouble {
    /// Whether the handset was, or may have been, given an answer that the card did not give: what it does from then on
    /// cannot be held against it.
    #[must_use]
    pub fn spoils(&self) -> bool {
        matches!(self, Trouble::Data { .. } | Trouble::Late | Trouble::Unplaced)
    }
}

/// Why a card cannot be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AtrError {
    /// More octets than an ATR can have.
    #[error("an answer to reset of {0} octets is too long; ISO/IEC 7816-3 allows 33")]
    TooLong(usize),
}

/// The card behind a board.
#[derive(Debug)]
pub struct CardEmulation {
    setup: Setup,
    bulk: Packets,
    interrupt: Packets,
    transfers: VecDeque<Transfer>,
    events: VecDeque<Event>,
    atr: Option<Vec<u8>>,
    lines: Lines,
    order: Order,
    t0: CardT0,
    state: State,
    exchange: u64,
    /// The command under way.
    header: [u8; TPDU_HEADER],
    /// When it was taken.
    taken: Duration,
    held: Option<Held>,
    /// Why the session that runs is refused.
    doubt: Option<Trouble>,
    status: Option<Status>,
    /// Whether the board has answered. What it says before was meant for somebody else.
    configured: bool,
}

/// A header that came when none could: it overtook a report of a reset, or was left over from before one.
#[derive(Clone, Copy, Debug)]
struct Held {
    header: [u8; TPDU_HEADER],
    /// Its session, if that is known.
    session: Option<u64>,
    since: Duration,
}

/// Where the exchange with the handset stands.
#[derive(Clone, Debug)]
enum State {
    /// The handset is to speak.
    Idle,
    /// It was told to send data.
    Data { announced: usize, octets: Vec<u8> },
    /// The card is to answer.
    Answer,
}

impl CardEmulation {
    /// A card in a board that nothing was said to yet.
    #[must_use]
    pub fn new(setup: Setup) -> CardEmulation {
        CardEmulation {
            setup,
            bulk: Packets::default(),
            interrupt: Packets::default(),
            transfers: VecDeque::new(),
            events: VecDeque::new(),
            atr: None,
            lines: Lines::new(),
            order: Order::default(),
            t0: CardT0::new(),
            state: State::Idle,
            exchange: 0,
            header: [0; TPDU_HEADER],
            taken: Duration::ZERO,
            held: None,
            doubt: None,
            status: None,
            configured: false,
        }
    }

    /// Prepares the board. [`Event::Configured`] tells that it has understood; then follows [`CardEmulation::begin`].
    /// What is still in the board's queues from whoever used it before is left out.
    pub fn configure(&mut self) {
        let Setup { mux, polarity, .. } = self.setup;
        let config =
            Config { features: Config::STATUS_BY_INTERRUPT, mux: Some(mux), presence: polarity.map(Polarity::code) };
        self.say(Body::Config(config));
    }

    /// Begins a session with this answer to reset: an empty one leaves the card mute, by what the firmware's source
    /// says.
    ///
    /// # Errors
    /// [`AtrError`]; then nothing has happened.
    pub fn begin(&mut self, atr: &[u8]) -> Result<(), AtrError> {
        let first = self.atr.is_none();
        // Ahead of everything: the firmware answers by itself as soon as it sees power.
        self.set_atr(atr)?;
        let abilities = self.setup.board.abilities();
        if first {
            if abilities.presence {
                self.say(Body::CardInsert(1));
            }
            // Until then the firmware neither listens nor reports power.
            self.say(Body::SimSelect(SimSource::Remote));
        }
        if let Some(milliseconds) = self.setup.modem_reset.filter(|_| abilities.modem_reset) {
            self.abandon();
            self.say(Body::ModemReset(ModemReset::Pulse(milliseconds)));
        }
        self.ask(Purpose::Look);
        Ok(())
    }

    /// Sets the answer to reset, from the next reset on.
    ///
    /// # Errors
    /// [`AtrError`].
    pub fn set_atr(&mut self, atr: &[u8]) -> Result<(), AtrError> {
        if atr.len() > LONGEST_ATR {
            return Err(AtrError::TooLong(atr.len()));
        }
        if self.atr.as_deref() != Some(atr) {
            self.atr = Some(atr.to_vec());
            self.say(Body::SetAtr(atr.to_vec()));
        }
        Ok(())
    }

    /// Gives up the session of the handset, as if the card were another: until the next reset each of its commands is
    /// answered with 6F00, the one that waits for an answer included, so that it does not wait for ever.
    pub fn abandon(&mut self) {
        if matches!(self.state, State::Answer) {
            self.answer(&status(NO_DIAGNOSIS));
        }
        self.lines.abandon();
        self.settle();
    }

    /// Takes the card out, as far as the board can.
    pub fn end(&mut self) {
        self.abandon();
        if self.setup.board.abilities().presence {
            self.say(Body::CardInsert(0));
        }
    }

    /// Takes one packet of the bulk IN endpoint. `now` is the time since any fixed moment, the same for all calls.
    pub fn bulk_in(&mut self, packet: &[u8], now: Duration) {
        self.order.tick(now);
        for message in self.bulk.push(packet) {
            match message {
                Ok(message) => self.hear(message.body),
                Err(error) => self.trouble(error.into()),
            }
        }
        self.settle();
    }

    /// Takes one packet of the interrupt IN endpoint, at the same time as [`CardEmulation::bulk_in`].
    pub fn interrupt_in(&mut self, packet: &[u8], now: Duration) {
        self.order.tick(now);
        for message in self.interrupt.push(packet) {
            match message.map(|message| message.body) {
                Ok(Body::Status(status)) if !self.configured => self.lines.left_over(status.flags),
                Ok(Body::Status(status)) => {
                    self.note(status);
                    let steps = self.lines.changed(status.flags);
                    self.walk(steps);
                }
                Ok(body) => self.hear(body),
                Err(error) => self.trouble(error.into()),
            }
        }
        self.settle();
    }

    /// Takes the response APDU to a command; `false` when nobody waits for it any more, because the handset has reset
    /// the card meanwhile.
    pub fn respond(&mut self, exchange: u64, response: &[u8]) -> bool {
        let awaited = exchange == self.exchange && matches!(self.state, State::Answer);
        if awaited {
            let answer = self.t0.response(response);
            self.answer(&answer);
        }
        awaited
    }

    /// The next transfer for the bulk OUT endpoint.
    pub fn poll_transfer(&mut self) -> Option<Transfer> {
        self.transfers.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Why the session of the handset that runs is refused, if an answer in it may have been wrong.
    #[must_use]
    pub fn doubt(&self) -> Option<&Trouble> {
        self.doubt.as_ref()
    }

    /// When [`CardEmulation::wait`] has something to do, in the time of [`CardEmulation::bulk_in`].
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let held = self.held.filter(|_| self.lines.running())?;
        Some(held.since.saturating_add(HOLD))
    }

    /// Lets time pass: a command that cannot be placed by then is refused, and told.
    pub fn wait(&mut self, now: Duration) {
        self.order.tick(now);
        if self.deadline().is_some_and(|deadline| deadline <= now)
            && let Some(held) = self.held.take()
        {
            self.doubt = Some(Trouble::Unplaced);
            self.trouble(Trouble::Unplaced);
            self.take(held.header);
        }
    }

    /// The last status report, if there was one. The voltage is there only if the board measures it.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.status
    }

    fn hear(&mut self, body: Body) {
        match body {
            Body::Config(config) => {
                self.configured = true;
                self.events.push_back(Event::Configured(config));
            }
            _ if !self.configured => {}
            Body::RxData(data) if data.flags.has(DataFlags::HEADER) => {
                match <[u8; TPDU_HEADER]>::try_from(data.octets.as_slice()) {
                    Ok(header) => self.header(header),
                    Err(_) => self.trouble(Trouble::Data { announced: TPDU_HEADER, found: data.octets.len() }),
                }
            }
            Body::RxData(data) => self.data(data),
            Body::Status(status) => self.asked(status),
            Body::Pts(pts) => {
                self.order.negotiated(&pts);
                self.held = None;
                self.leave();
                self.events.push_back(Event::Negotiated(pts));
            }
            Body::Error(fault) => {
                let text = String::from_utf8_lossy(&fault.text).into_owned();
                self.trouble(Trouble::Board { code: fault.code, text });
            }
            // What a later firmware may say besides.
            _ => {}
        }
    }

    /// A header can only come while the card runs and the handset has its answer. Another time it tells that reports of
    /// a reset are behind, or is behind itself; in any case one that was held is from before a reset.
    fn header(&mut self, header: [u8; TPDU_HEADER]) {
        let standing = self.order.header(self.lines.running(), matches!(self.state, State::Idle));
        let session = match standing {
            Standing::Here if !self.order.owes() => {
                self.held = None;
                return self.take(header);
            }
            Standing::Here => Some(self.order.session()),
            Standing::Unknown if self.lines.midway() => return self.refuse(),
            Standing::Unknown => None,
            Standing::Next => Some(self.order.session() + 1),
        };
        self.leave();
        self.held = Some(Held { header, session, since: self.order.now() });
    }

    /// Gives up what is under way in a session that the handset has left.
    fn leave(&mut self) {
        if self.order.is_left() {
            self.state = State::Idle;
        }
    }

    /// Takes a header that was held when all is known that is needed for it.
    fn settle(&mut self) {
        let Some(held) = self.held else { return };
        let placed = held.session.is_some_and(|session| session <= self.order.session());
        if placed && self.lines.running() && matches!(self.state, State::Idle) && !self.order.owes() {
            self.held = None;
            self.take(held.header);
        } else if held.session.is_none() && self.lines.midway() {
            self.held = None;
            self.refuse();
        }
    }

    fn take(&mut self, header: [u8; TPDU_HEADER]) {
        (self.header, self.taken) = (header, self.order.now());
        self.order.open();
        if self.order.is_spoiled(self.setup.generation) {
            self.doubt = Some(Trouble::Late);
            self.trouble(Trouble::Late);
        }
        if self.lines.midway() {
            return self.refuse();
        }
        if self.doubt.is_some() {
            return self.answer(&status(NO_DIAGNOSIS));
        }
        match self.t0.header(header) {
            Need::Data(announced) => {
                self.transmit(DataFlags::THEN_RECEIVE, vec![self.ins()]);
                self.state = State::Data { announced, octets: Vec::with_capacity(announced) };
            }
            Need::Command(apdu) => self.command(apdu),
            Need::Answer(answer) => self.answer(&answer),
        }
    }

    /// The procedure octet for the data of the command under way.
    fn ins(&self) -> u8 {
        let [_, ins, ..] = self.header;
        ins
    }

    fn refuse(&mut self) {
        self.order.open();
        self.trouble(Trouble::Midway);
        self.answer(&status(NO_DIAGNOSIS));
    }

    fn data(&mut self, data: Data) {
        let State::Data { announced, octets } = &mut self.state else { return };
        octets.extend(data.octets);
        let (announced, found) = (*announced, octets.len());
        if found == announced {
            let octets = std::mem::take(octets);
            let apdu = self.t0.data(&octets);
            self.command(apdu);
        } else if found > announced || data.flags.has(DataFlags::FINAL) {
            self.trouble(Trouble::Data { announced, found });
            self.answer(&status(NO_DIAGNOSIS));
        }
    }

    fn command(&mut self, apdu: Vec<u8>) {
        if self.lines.midway() {
            return self.refuse();
        }
        self.exchange += 1;
        self.state = State::Answer;
        self.events.push_back(Event::Command { exchange: self.exchange, apdu });
    }

    fn answer(&mut self, answer: &Answer) {
        let mut octets = Vec::with_capacity(answer.data.len() + 3);
        if !answer.data.is_empty() {
            octets.push(self.ins());
            octets.extend_from_slice(&answer.data);
        }
        octets.extend(answer.sw.to_be_bytes());
        self.state = State::Idle;
        self.transmit(DataFlags::THEN_SEND.and(DataFlags::FINAL), octets);
    }

    /// The answer to a request for status.
    fn asked(&mut self, status: Status) {
        self.note(status);
        if self.order.answered(&status) == Some(Purpose::Look) {
            let steps = self.lines.asked(status.flags);
            self.walk(steps);
        }
    }

    fn walk(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Broken => {
                    let under_way = !matches!(self.state, State::Idle);
                    if under_way && self.held.is_none() && self.order.may_be_ahead(self.taken) {
                        self.held = Some(Held { header: self.header, session: None, since: self.order.now() });
                    }
                    self.order.broke();
                    self.state = State::Idle;
                    self.t0 = CardT0::new();
                }
                Step::PowerOff => self.events.push_back(Event::PowerOff),
                Step::ResetWithoutPower => self.trouble(Trouble::ResetWithoutPower),
                Step::Run(run) => {
                    self.events.push_back(if run == Run::Cold { Event::PowerOn } else { Event::Reset });
                    self.doubt = None;
                    self.held = self.held.filter(|held| self.order.since(held.since) <= HOLD);
                    self.order.began();
                    self.ask(Purpose::Begin { session: self.order.session() });
                }
            }
        }
    }

    fn note(&mut self, status: Status) {
        let mut status = status;
        if !self.setup.board.abilities().voltage {
            status.voltage = None;
        }
        self.status = Some(status);
        self.events.push_back(Event::Status(status));
    }

    fn trouble(&mut self, trouble: Trouble) {
        self.events.push_back(Event::Trouble(trouble));
    }

    fn transmit(&mut self, flags: DataFlags, octets: Vec<u8>) {
        self.say(Body::TxData(Data { flags, octets }));
        self.ask(self.order.answer());
        // In one transfer, wherever it fits, so that nothing comes between the two.
        if let Some(request) = self.transfers.pop_back() {
            match self.transfers.back_mut() {
                Some(answer) if answer.octets.len() + request.octets.len() <= LONGEST => {
                    answer.octets.extend(request.octets);
                    answer.empty_packet = answer.octets.len().is_multiple_of(PACKET);
                }
                _ => self.transfers.push_back(request),
            }
        }
    }

    fn ask(&mut self, purpose: Purpose) {
        self.order.ask(purpose);
        self.say(Body::StatusRequest);
    }

    fn say(&mut self, body: Body) {
        match Message::new(body).encode() {
            Ok(octets) => {
                let empty_packet = octets.len().is_multiple_of(PACKET);
                self.transfers.push_back(Transfer { octets, empty_packet });
            }
            Err(error) => self.trouble(error.into()),
        }
    }
}

fn status(sw: u16) -> Answer {
    Answer { data: Vec::new(), sw }
}

#[cfg(test)]
mod tests;
