//! Resets in mid-command, with a USB that takes its time: no command is answered with what was meant for another without a
//! word about it.
//!
//! One step is the time of one character on the line, 12 etu of 372 clock cycles at 4 MHz. Nothing waits: some 10 000
//! resets take a second or two.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::super::board::PACKET;
use super::super::*;

/// One step.
const STEP: Duration = Duration::from_micros(12 * 372 / 4);

/// Steps that the card takes for an answer, at most.
const THINKS: u64 = 30;

/// Steps for which the handset holds reset.
const HOLDS: u64 = 2;

/// Steps after which a handset that hears nothing but requests for more time gives up.
const PATIENCE: u64 = 3000;

/// Resets for each setting.
const RESETS: u64 = 700;

/// One of each kind of answer to reset: with rates to negotiate, and without.
const ATRS: [&[u8]; 2] = [&[0x3B, 0x90, 0x96, 0x00], &[0x3B, 0x00]];

/// Pseudo-random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Things that arrive in the order in which they were sent, each after a time of its own.
struct Way<T>(VecDeque<(u64, T)>);

impl<T> Way<T> {
    fn send(&mut self, arrival: u64, thing: T) {
        let last = self.0.back().map_or(0, |(at, _)| *at);
        self.0.push_back((arrival.max(last), thing));
    }

    fn arrived(&mut self, now: u64) -> Option<T> {
        self.0.front().filter(|(at, _)| *at <= now)?;
        self.0.pop_front().map(|(_, thing)| thing)
    }
}

/// The host.
enum Host {
    /// The driver.
    Driver(Box<CardEmulation>),
    /// One that answers what was asked last, and knows nothing of resets.
    Naive { bulk: Packets, header: Vec<u8>, exchange: u64, events: Vec<Event>, transfers: Vec<Vec<u8>> },
}

impl Host {
    fn hear(&mut self, bulk: bool, packet: &[u8], now: Duration) -> Vec<Event> {
        match self {
            Host::Driver(card) if bulk => card.bulk_in(packet, now),
            Host::Driver(card) => card.interrupt_in(packet, now),
            Host::Naive { bulk: packets, header, exchange, events, transfers } if bulk => {
                for message in packets.push(packet) {
                    let Body::RxData(data) = message.unwrap().body else { continue };
                    let whole = match data.flags.has(DataFlags::HEADER) {
                        true => data.octets.clone(),
                        false => [&header[..], &data.octets].concat(),
                    };
                    header.clone_from(&whole);
                    if whole[1] == 0xD6 && whole.len() == 5 {
                        let ask = Data { flags: DataFlags::THEN_RECEIVE, octets: vec![0xD6] };
                        transfers.push(Message::new(Body::TxData(ask)).encode().unwrap());
                    } else {
                        *exchange += 1;
                        events.push(Event::Command { exchange: *exchange, apdu: whole });
                    }
                }
            }
            Host::Naive { .. } => {}
        }
        match self {
            Host::Driver(card) => std::iter::from_fn(|| card.poll_event()).collect(),
            Host::Naive { events, .. } => std::mem::take(events),
        }
    }

    /// Time passes.
    fn wait(&mut self, now: Duration) -> Vec<Event> {
        let Host::Driver(card) = self else { return Vec::new() };
        card.wait(now);
        std::iter::from_fn(|| card.poll_event()).collect()
    }

    fn respond(&mut self, to: u64, response: &[u8]) {
        match self {
            Host::Driver(card) => drop(card.respond(to, response)),
            Host::Naive { header, exchange, transfers, .. } if to == *exchange => {
                let pb = (response.len() > 2).then_some(header[1]);
                let octets = pb.into_iter().chain(response.iter().copied()).collect();
                let data = Data { flags: DataFlags::THEN_SEND.and(DataFlags::FINAL), octets };
                transfers.push(Message::new(Body::TxData(data)).encode().unwrap());
            }
            Host::Naive { .. } => {}
        }
    }

    fn transfers(&mut self) -> Vec<Vec<u8>> {
        match self {
            Host::Driver(card) => std::iter::from_fn(|| card.poll_transfer()).map(|transfer| transfer.octets).collect(),
            Host::Naive { transfers, .. } => std::mem::take(transfers),
        }
    }
}

/// How things are.
#[derive(Clone, Copy, Debug)]
struct Setting {
    generation: Generation,
    /// Steps that a message takes on USB, at most; each of the endpoints takes its own time.
    latency: u64,
    atr: &'static [u8],
}

/// What came of it.
#[derive(Debug, Default)]
struct Figures {
    resets: u64,
    answers: u64,
    /// Answers that were meant for another command, or for none.
    wrong: usize,
    /// Commands that were refused.
    refused: u64,
    /// Commands that were never answered.
    silent: u64,
    /// Those of them of which nothing was said before the card was given the next command.
    unreported: usize,
    /// The sessions of those of which nothing was said yet.
    pending: Vec<u64>,
    /// Sessions for which an error was reported.
    reported: BTreeSet<u64>,
    /// Commands that reached the card in such a session, after the report.
    after_report: u64,
}

struct Bench {
    setting: Setting,
    dice: Dice,
    now: u64,
    host: Host,
    firmware: Firmware,
    phone: Phone,
    out: Way<Vec<u8>>,
    bulk: Way<Vec<u8>>,
    interrupt: Way<Vec<u8>>,
    /// When the card answers, and what.
    thoughts: Way<(u64, Vec<u8>)>,
    /// Sessions that the handset has begun, and those of which the host has heard.
    sessions: (u64, u64),
    /// The handset holds reset until then.
    holds: u64,
    acts: VecDeque<Act>,
    figures: Figures,
}

impl Bench {
    fn new(setting: Setting, naive: bool) -> Bench {
        let Setting { generation, atr, latency } = setting;
        let board = Board::Simtrace2;
        let mut card = CardEmulation::new(Setup { board, mux: 0, polarity: None, modem_reset: None, generation });
        let mut bench = Bench {
            setting,
            dice: Dice(latency),
            now: 0,
            host: Host::Naive {
                bulk: Packets::default(),
                header: Vec::new(),
                exchange: 0,
                events: Vec::new(),
                transfers: Vec::new(),
            },
            firmware: Firmware::new(board, generation, Wires::OFF),
            phone: Phone::new(),
            out: Way(VecDeque::new()),
            bulk: Way(VecDeque::new()),
            interrupt: Way(VecDeque::new()),
            thoughts: Way(VecDeque::new()),
            sessions: (0, 0),
            holds: 0,
            acts: VecDeque::new(),
            figures: Figures::default(),
        };
        card.configure();
        card.begin(atr).unwrap();
        for transfer in std::iter::from_fn(|| card.poll_transfer()) {
            bench.out.send(0, transfer.octets);
        }
        if !naive {
            bench.host = Host::Driver(Box::new(card));
        }
        bench
    }

    fn latency(&mut self) -> u64 {
        self.now + 1 + self.dice.below(self.setting.latency)
    }

    fn step(&mut self) {
        self.now += 1;
        while let Some(octets) = self.out.arrived(self.now) {
            octets.chunks(PACKET).for_each(|packet| self.firmware.bulk_out(packet, PACKET));
            if octets.len().is_multiple_of(PACKET) {
                self.firmware.bulk_out(&[], PACKET);
            }
            self.fetch();
        }
        self.line();
        self.fetch();
        while let Some(message) = self.interrupt.arrived(self.now) {
            self.hear(false, &message);
        }
        while let Some(message) = self.bulk.arrived(self.now) {
            Firmware::packets(&message).for_each(|packet| self.hear(true, packet));
        }
        let events = self.host.wait(self.time());
        self.note(events);
        while let Some((exchange, response)) = self.thoughts.arrived(self.now) {
            self.host.respond(exchange, &response);
        }
        for transfer in self.host.transfers() {
            let arrival = self.latency();
            self.out.send(arrival, transfer);
        }
    }

    /// Reads wait for the board all the time, so that it never has to drop anything.
    fn fetch(&mut self) {
        while let Some(message) = self.firmware.poll_interrupt() {
            let arrival = self.latency();
            self.interrupt.send(arrival, message);
        }
        while let Some(message) = self.firmware.poll_bulk() {
            let arrival = self.latency();
            self.bulk.send(arrival, message);
        }
    }

    /// The wires: one character in each direction.
    fn line(&mut self) {
        self.firmware.elapse(12);
        self.acts.extend(std::iter::from_fn(|| self.phone.poll_act()));
        // A handset that is about to reset the card does not listen to it any more.
        let listens = !self.acts.iter().any(|act| matches!(act, Act::Wire(_)));
        if let Some(octet) = self.firmware.poll_line().filter(|_| listens) {
            self.phone.receive(octet);
        }
        if self.now < self.holds {
            return;
        }
        match self.acts.pop_front() {
            None => {}
            Some(Act::Octet(octet)) => self.firmware.receive(octet),
            Some(Act::Wire(wires)) => {
                self.firmware.wire(wires);
                self.holds = self.now + HOLDS;
                self.sessions.0 += u64::from(!wires.reset);
            }
        }
    }

    fn time(&self) -> Duration {
        STEP * u32::try_from(self.now).unwrap()
    }

    fn hear(&mut self, bulk: bool, packet: &[u8]) {
        let events = self.host.hear(bulk, packet, self.time());
        self.note(events);
    }

    fn note(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::PowerOn | Event::Reset => self.sessions.1 += 1,
                Event::Command { exchange, apdu } => {
                    let heard_of = self.sessions.1;
                    self.figures.unreported += self.figures.pending.extract_if(.., |of| *of <= heard_of).count();
                    self.figures.after_report += u64::from(self.figures.reported.contains(&self.sessions.1));
                    let at = self.now + self.dice.below(THINKS);
                    self.thoughts.send(at, (exchange, answer(&apdu)));
                }
                Event::Trouble(trouble) if trouble.spoils() => {
                    let heard_of = self.sessions.1;
                    self.figures.reported.insert(heard_of);
                    self.figures.pending.retain(|of| *of > heard_of);
                }
                _ => {}
            }
        }
    }

    /// Resets the card, and waits for its ATR.
    fn reset(&mut self) {
        self.acts.clear();
        if self.dice.below(2) == 0 {
            self.phone.power_on()
        } else {
            self.phone.reset()
        }
        let began = self.now;
        while !matches!(self.heard(), Some(Heard::Atr(_))) {
            assert!(self.now - began < PATIENCE, "no ATR");
            self.step();
        }
    }

    fn heard(&mut self) -> Option<Heard> {
        std::iter::from_fn(|| self.phone.poll_heard()).last()
    }

    /// A command, and a reset in the middle of some of them; and what the handset makes of the answers.
    fn command(&mut self, number: u64) {
        for _ in 0..self.dice.below(20) {
            self.step();
        }
        let [.., p1, p2] = number.to_be_bytes();
        let data: &[u8] = if self.dice.below(3) == 0 { &[1, 2, 3] } else { &[] };
        let apdu = match data {
            [] => vec![0x00, 0xB0, p1, p2, 2],
            data => [&[0x00, 0xD6, p1, p2, 3][..], data].concat(),
        };
        let cut = if self.dice.below(6) == 0 { 5 + self.dice.below(40) } else { u64::MAX };
        let (began, session) = (self.now, self.sessions.0);
        self.phone.command(&apdu).unwrap();
        while self.now - began < cut.min(PATIENCE) {
            self.step();
            match self.heard() {
                None => {}
                Some(Heard::Response(response)) if response == answer(&apdu) => {
                    self.figures.answers += 1;
                    return;
                }
                Some(Heard::Response(response)) if response == [0x6F, 0x00] && self.is_reported(session) => {
                    // Some time later the handset tries it with another reset.
                    self.figures.refused += 1;
                    (0..100).for_each(|_| self.step());
                    return self.reset();
                }
                Some(_) => {
                    // A handset that hears what cannot be resets the card at once.
                    self.figures.wrong += 1;
                    if !self.is_reported(session) {
                        self.figures.pending.push(session);
                    }
                    self.figures.answers += 1;
                    return if self.dice.below(2) == 0 { self.reset() } else { self.recover() };
                }
            }
        }
        if cut < PATIENCE {
            self.figures.resets += 1;
        } else {
            self.figures.silent += 1;
        }
        self.reset();
    }

    /// Whether an error was reported for a session by now.
    fn is_reported(&self, session: u64) -> bool {
        self.figures.reported.contains(&session)
    }

    /// Goes on with what the handset takes for an answer, or resets the card if it takes it for none.
    fn recover(&mut self) {
        for _ in 0..10 {
            self.step();
        }
        if self.phone.command(&[0x00, 0xB0, 0xFF, 0xFF, 0x02]).is_err() {
            return self.reset();
        }
        for _ in 0..40 {
            self.step();
        }
        self.reset();
    }
}

/// The answer to a command: it shows whose it is.
fn answer(apdu: &[u8]) -> Vec<u8> {
    let [_, ins, p1, p2, ..] = *apdu else { return vec![0x67, 0x00] };
    match ins {
        0xB0 => vec![p1, p2, 0x90, 0x00],
        _ => vec![0x91, p1.wrapping_mul(31).wrapping_add(p2)],
    }
}

fn run(setting: Setting, naive: bool) -> Figures {
    let mut bench = Bench::new(setting, naive);
    for _ in 0..10 {
        bench.step();
    }
    bench.reset();
    let mut number = 0;
    while bench.figures.resets < RESETS {
        number += 1;
        bench.command(number);
    }
    if !naive {
        // Everything is heard of in the end.
        (0..200).for_each(|_| bench.step());
        bench.reset();
        bench.phone.command(&[0x00, 0xB0, 0, 0, 2]).unwrap();
        (0..2000).for_each(|_| bench.step());
        bench.figures.unreported += bench.figures.pending.len();
        assert_eq!(bench.sessions.0, bench.sessions.1, "{setting:?}");
    }
    bench.figures
}

#[test]
fn no_command_is_answered_with_what_was_meant_for_another_without_a_word() {
    println!("firmware  ATR      USB ms  resets  answers  wrong  unreported  errors  refused  silent  | naive: wrong");
    for generation in Generation::ALL {
        for atr in ATRS {
            for latency in [1, 3, 10, 30] {
                let setting = Setting { generation, latency, atr };
                let figures = run(setting, false);
                let naive = run(setting, true);
                println!(
                    "{:<8}  {:<7}  1..{latency:<3}  {:>6}  {:>7}  {:>5}  {:>10}  {:>6}  {:>7}  {:>6}  | {} of {}",
                    generation.name(),
                    if atr.len() > 2 { "rates" } else { "none" },
                    figures.resets,
                    figures.answers,
                    figures.wrong,
                    figures.unreported,
                    figures.reported.len(),
                    figures.refused,
                    figures.silent,
                    naive.wrong,
                    naive.answers,
                );
                assert_eq!(figures.unreported, 0, "{setting:?}: {figures:?}");
                assert_eq!(figures.silent, 0, "{setting:?}");
                assert_eq!(figures.after_report, 0, "{setting:?}");
                // What is looked for does happen, and is seen: with a host that knows nothing of resets, and with the
                // release whatever the host does.
                assert!(generation == Generation::After091 || figures.wrong > 0, "{setting:?}: {figures:?}");
                assert!(naive.wrong > 50, "{setting:?}: {naive:?}");
            }
        }
    }
}
