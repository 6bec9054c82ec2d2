//! A stand-in for the board's side: what a card emulation firmware makes of host and handset.
//!
//! It behaves as the published firmwares do, with their drawbacks: little room, messages that are dropped without a
//! word, answers kept for a command they were not meant for, procedure octets that nobody checks. It has no clock; see
//! [`Firmware::elapse`].

use std::collections::VecDeque;

use super::board::{Board, PACKET};
use super::generation::Generation;
use super::message::{
    Body, Data, DataFlags, HEADER, LONGEST, LONGEST_ATR, Message, MessageError, ModemReset, SimSource,
};
use super::status::{Config, Polarity, Pts, Status, StatusFlags};
use super::wires::Wires;
use crate::atr::{baud_rate_adjustment, interface_octets, pps_length};

/// Messages that wait for the host on one endpoint; one more evicts the oldest.
const QUEUE: usize = 3;

/// The waiting time until the ATR is complete, in etu (ISO/IEC 7816-3 8.1).
const INITIAL_WAITING_TIME: u32 = 9600;

/// The waiting time integer unless TC2 says otherwise (ISO/IEC 7816-3 10.2).
const DEFAULT_WI: u8 = 10;

/// The procedure octet that asks for more time.
const NULL: u8 = 0x60;

/// The ATR before the host sets one.
const DEFAULT_ATR: [u8; 7] = [0x3B, 0x80, 0x80, 0x81, 0x1F, 0xC7, 0x59];

/// The firmware of one slot.
#[derive(Debug)]
pub struct Firmware {
    board: Board,
    generation: Generation,
    /// What the host sends, until a short packet ends it.
    incoming: Vec<u8>,
    bulk: VecDeque<Vec<u8>>,
    interrupt: VecDeque<Vec<u8>>,
    evicted: usize,
    config: Config,
    source: Source,
    inserted: bool,
    resets: VecDeque<ModemReset>,
    wires: Wires,
    reported: StatusFlags,
    atr: Vec<u8>,
    f: u8,
    d: u8,
    wi: u8,
    /// In etu.
    waiting_time: u32,
    state: State,
    /// What the host wants said to the handset.
    answers: VecDeque<Data>,
    line: VecDeque<u8>,
    /// Etu since the handset was last told anything.
    silence: u32,
}

/// Which card the handset sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The one on the board, and nobody has chosen yet: the lines count as they were when the board was plugged in.
    Unchosen,
    /// The one on the board: the lines count as without power, and reset as let go.
    Local,
    /// The emulated one.
    Remote,
}

/// Where the firmware stands with the handset.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// No power, no clock, or held in reset.
    Off,
    /// The ATR goes out; over when the last octet of it is.
    Atr,
    /// Octets of a TPDU header, or of a PPS request.
    Header(Vec<u8>),
    /// Waits for the host: a procedure octet or a status word.
    Procedure { p3: u8 },
    /// Receives what the header announced.
    Receive { p3: u8, octets: Vec<u8> },
    /// Goes on sending.
    Send { p3: u8 },
}

impl Firmware {
    /// The firmware of a board that was just plugged in, with the lines of the handset as it finds them.
    #[must_use]
    pub fn new(board: Board, generation: Generation, wires: Wires) -> Firmware {
        Firmware {
            board,
            generation,
            incoming: Vec::new(),
            bulk: VecDeque::new(),
            interrupt: VecDeque::new(),
            evicted: 0,
            config: Config { features: 0, mux: Some(0), presence: Some(Polarity::High.code()) },
            source: Source::Unchosen,
            inserted: false,
            resets: VecDeque::new(),
            wires,
            reported: StatusFlags::of(wires),
            atr: DEFAULT_ATR.to_vec(),
            f: 1,
            d: 1,
            wi: DEFAULT_WI,
            waiting_time: INITIAL_WAITING_TIME,
            state: State::Off,
            answers: VecDeque::new(),
            line: VecDeque::new(),
            silence: 0,
        }
    }

    /// Takes one packet of the bulk OUT endpoint. A message is seen only when a packet shorter than `packet_size`
    /// came, or no room is left.
    pub fn bulk_out(&mut self, packet: &[u8], packet_size: usize) {
        let room = LONGEST.saturating_sub(self.incoming.len());
        self.incoming.extend(packet.iter().take(room));
        if packet.len() < packet_size || self.incoming.len() >= LONGEST {
            let octets = std::mem::take(&mut self.incoming);
            self.messages(&octets);
        }
    }

    /// The next message for the bulk IN endpoint; see [`Firmware::packets`].
    pub fn poll_bulk(&mut self) -> Option<Vec<u8>> {
        self.bulk.pop_front()
    }

    /// The packets in which a message goes out: an empty one follows a message of just one packet, and no other whose
    /// length is a multiple of a packet.
    pub fn packets(message: &[u8]) -> impl Iterator<Item = &[u8]> {
        message.chunks(PACKET).chain((message.len() == PACKET).then_some(&[][..]))
    }

    /// The next message for the interrupt IN endpoint.
    pub fn poll_interrupt(&mut self) -> Option<Vec<u8>> {
        self.interrupt.pop_front()
    }

    /// Whether messages wait for the host.
    #[must_use]
    pub fn waits_for_host(&self) -> bool {
        !self.bulk.is_empty() || !self.interrupt.is_empty()
    }

    /// Messages that were lost because the host fetched none.
    #[must_use]
    pub fn evicted(&self) -> usize {
        self.evicted
    }

    /// What the host does to the reset line of the modem, on boards that have one.
    pub fn poll_modem_reset(&mut self) -> Option<ModemReset> {
        self.resets.pop_front()
    }

    /// Whether the card-detect contact says that a card is there; always, on boards that do not drive it.
    #[must_use]
    pub fn card_present(&self) -> bool {
        self.inserted || !self.board.abilities().presence
    }

    /// The handset moves its lines.
    pub fn wire(&mut self, wires: Wires) {
        self.wires = wires;
        self.look();
    }

    /// Takes an octet of the handset.
    pub fn receive(&mut self, octet: u8) {
        if self.source != Source::Remote {
            return;
        }
        match std::mem::replace(&mut self.state, State::Off) {
            State::Header(mut octets) => {
                octets.push(octet);
                self.header(octets);
            }
            State::Receive { p3, mut octets } => {
                octets.push(octet);
                // No handset sends data with P3 = 00.
                let all = match (p3, self.generation) {
                    (0, Generation::UpTo091) => 256,
                    (p3, _) => usize::from(p3).max(1),
                };
                if octets.len() >= all {
                    self.state = State::Send { p3 };
                    self.report(Body::RxData(Data { flags: DataFlags::FINAL, octets }));
                    self.speak();
                } else {
                    self.state = State::Receive { p3, octets };
                }
            }
            // The receiver is off.
            other => self.state = other,
        }
    }

    /// How many octets are on their way to the handset.
    #[must_use]
    pub fn line_length(&self) -> usize {
        self.line.len()
    }

    /// The next octet for the handset.
    pub fn poll_line(&mut self) -> Option<u8> {
        let octet = self.line.pop_front()?;
        if self.state == State::Atr {
            (self.wi, self.waiting_time) = (DEFAULT_WI, INITIAL_WAITING_TIME);
            if self.line.is_empty() {
                self.answered();
            }
        }
        Some(octet)
    }

    /// How many etu from now a NULL is due, if the host stays silent; none when nobody waits for the host.
    #[must_use]
    pub fn patience(&self) -> Option<u32> {
        let waits = matches!(self.state, State::Procedure { .. } | State::Send { .. });
        waits.then(|| (self.waiting_time / 2).saturating_sub(self.silence))
    }

    /// Lets so many etu pass; at half of the waiting time the handset is sent a NULL.
    pub fn elapse(&mut self, etu: u32) {
        let Some(patience) = self.patience() else { return };
        if etu >= patience {
            self.line.push_back(NULL);
            self.silence = 0;
        } else {
            self.silence = self.silence.saturating_add(etu);
        }
    }

    /// Clock cycles of an etu now.
    #[must_use]
    pub fn cycles_per_etu(&self) -> u16 {
        self.status().cycles_per_etu().unwrap_or(372)
    }

    fn messages(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while let Some(said) = rest.get(6..HEADER).and_then(|l| l.try_into().ok()).map(u16::from_le_bytes) {
            let said = usize::from(said);
            let Some(whole) = rest.get(..said).filter(|_| said >= HEADER) else { return };
            match Message::parse(whole) {
                Ok((message, _)) => self.obey(message.body),
                // Too short to set anything.
                Err(MessageError::Payload { name: "CONFIG", .. }) => self.report(Body::Config(self.config)),
                Err(_) => {}
            }
            rest = rest.get(said..).unwrap_or_default();
        }
    }

    fn obey(&mut self, body: Body) {
        match body {
            Body::TxData(data) => {
                // What comes while a header is waited for is the answer to it, whatever it was meant for.
                let early = matches!(self.state, State::Off | State::Atr);
                let dropped = early && self.generation == Generation::After091;
                if !data.octets.is_empty() && !dropped {
                    self.answers.push_back(data);
                }
                self.speak();
            }
            Body::SetAtr(atr) if atr.len() <= LONGEST_ATR => self.atr = atr,
            Body::StatusRequest => {
                let status = self.status();
                self.report(Body::Status(status));
            }
            Body::CardInsert(inserted) if self.board.abilities().presence => self.inserted = inserted != 0,
            Body::Config(config) => {
                self.config.features = config.features & Config::STATUS_BY_INTERRUPT;
                if self.board.abilities().muxed_slots > 1 {
                    self.config.mux = config.mux.or(self.config.mux);
                }
                let valid = config.presence.filter(|presence| presence & Polarity::Low.code() != 0);
                self.config.presence = valid.or(self.config.presence);
                self.report(Body::Config(self.config));
            }
            Body::ModemReset(reset) if self.board.abilities().modem_reset => self.resets.push_back(reset),
            Body::SimSelect(source) => {
                self.source = if source == SimSource::Local { Source::Local } else { Source::Remote };
                self.look();
                // A handset that was on when the board was plugged in, too, gets an ATR, without a report.
                if self.source == Source::Remote && self.reported.running() && self.state == State::Off {
                    self.start();
                }
            }
            _ => {}
        }
    }

    /// Sees what the lines are now, one after the other.
    fn look(&mut self) {
        let seen = match self.source {
            Source::Unchosen => return,
            Source::Local => Wires { vcc: false, reset: false },
            Source::Remote => self.wires,
        };
        for (bit, now) in
            [(StatusFlags::VCC, seen.vcc), (StatusFlags::CLOCK, seen.vcc), (StatusFlags::RESET, seen.reset)]
        {
            if self.reported.has(bit) == now {
                continue;
            }
            self.reported = StatusFlags(self.reported.0 ^ bit.0);
            if now == (bit == StatusFlags::RESET) {
                self.stop();
            } else if self.reported.running() && self.state == State::Off {
                self.start();
            }
            if self.config.features & Config::STATUS_BY_INTERRUPT != 0 {
                let octets = Message::new(Body::Status(self.status())).encode().unwrap_or_default();
                Self::queue(&mut self.interrupt, &mut self.evicted, octets);
            }
        }
    }

    fn stop(&mut self) {
        self.state = State::Off;
        self.answers.clear();
        self.line.clear();
    }

    /// Reset was let go: the ATR goes out by itself.
    fn start(&mut self) {
        (self.f, self.d) = (1, 1);
        self.state = State::Atr;
        self.line.extend(&self.atr);
        if self.atr.is_empty() {
            self.answered();
        }
    }

    /// The ATR is out.
    fn answered(&mut self) {
        self.wi = interface_octets(&self.atr).tc2.filter(|wi| *wi != 0).unwrap_or(DEFAULT_WI);
        self.waiting_time = u32::from(self.wi) * 960;
        self.state = State::Header(Vec::new());
    }

    fn header(&mut self, octets: Vec<u8>) {
        if octets.first() == Some(&0xFF) {
            return self.pps(octets);
        }
        match octets.as_slice() {
            [_, _, _, _, p3] => {
                self.state = State::Procedure { p3: *p3 };
                self.silence = 0;
                self.report(Body::RxData(Data { flags: DataFlags::HEADER, octets }));
                self.speak();
            }
            _ => self.state = State::Header(octets),
        }
    }

    /// Every request with the right check octet is echoed.
    fn pps(&mut self, octets: Vec<u8>) {
        if pps_length(&octets).is_none_or(|length| octets.len() < length) {
            self.state = State::Header(octets);
            return;
        }
        self.state = State::Header(Vec::new());
        if octets.iter().fold(0, |check, octet| check ^ octet) == 0 {
            let pts = Pts::new(&octets, &octets);
            self.report(Body::Pts(pts));
            self.line.extend(&octets);
            (self.f, self.d) = pts.f_and_d().unwrap_or((self.f, self.d));
            // WI x 960 x D (ISO/IEC 7816-3 10.2); the release leaves D out.
            if self.generation == Generation::After091 {
                let d = u32::from(baud_rate_adjustment(self.d).unwrap_or(1));
                self.waiting_time = u32::from(self.wi) * 960 * d;
            }
        }
    }

    /// Says to the handset what the host wants said, as far as it is the card's turn.
    fn speak(&mut self) {
        while let State::Procedure { p3 } | State::Send { p3 } = self.state {
            let Some(Data { flags, octets }) = self.answers.pop_front() else { return };
            self.line.extend(octets);
            self.silence = 0;
            if flags.has(DataFlags::THEN_RECEIVE) {
                self.state = State::Receive { p3, octets: Vec::new() };
            } else if flags.has(DataFlags::FINAL) {
                self.state = State::Header(Vec::new());
            } else if flags.has(DataFlags::THEN_SEND) {
                self.state = State::Send { p3 };
            }
        }
    }

    fn status(&self) -> Status {
        Status {
            flags: self.reported,
            voltage: Some(if self.board.abilities().voltage && self.reported.has(StatusFlags::VCC) { 3000 } else { 0 }),
            f: Some(self.f),
            d: Some(self.d),
            wi: Some(self.wi),
            waiting_time: Some(self.waiting_time),
        }
    }

    fn report(&mut self, body: Body) {
        let octets = Message::new(body).encode().unwrap_or_default();
        Self::queue(&mut self.bulk, &mut self.evicted, octets);
    }

    fn queue(queue: &mut VecDeque<Vec<u8>>, evicted: &mut usize, octets: Vec<u8>) {
        if queue.len() >= QUEUE {
            queue.pop_front();
            *evicted += 1;
        }
        queue.push_back(octets);
    }
}

#[cfg(test)]
mod tests;
