//! A cable in memory.

use std::collections::VecDeque;
use std::time::Duration;

use dmsc_usb::descriptor::{ClassDescriptor, Features, Variant};
use dmsc_usb::iccd::card::{Card, CardConfig, Output, Told};
use dmsc_usb::iccd::control::{Setup, TO_CARD, TO_HOST};
use dmsc_usb::iccd::host::{Event, Host, HostConfig, Outcome, Step, Task};

pub(crate) const ATR: [u8; 8] = [0x3B, 0x80, 0x80, 0x81, 0x3F, 0xC7, 0xC0, 0xB9];
pub(crate) const VARIANTS: [Variant; 3] = [Variant::Bulk, Variant::ControlA, Variant::ControlB];

/// A cable with a host at one end, a card at the other, and a player behind the card.
pub(crate) struct Bench {
    pub(crate) host: Host,
    pub(crate) card: Card,
    pub(crate) to_host: VecDeque<Vec<u8>>,
    pub(crate) told: Vec<Told>,
    pub(crate) wire: Vec<String>,
    /// How often the host is left waiting before the player answers.
    pub(crate) thinks: u32,
    pub(crate) waited: Duration,
    pub(crate) atr: Vec<u8>,
}

pub(crate) fn class(variant: Variant, level: u32) -> ClassDescriptor {
    let bits = if variant == Variant::ControlA { 0 } else { level };
    let max_message = if variant == Variant::Bulk { 271 } else { 261 };
    ClassDescriptor { features: Features(bits | 0x840), max_message, ..ClassDescriptor::default() }
}

pub(crate) fn card_config(variant: Variant) -> CardConfig {
    CardConfig { variant, class: class(variant, Features::EXTENDED_APDU), ..CardConfig::default() }
}

pub(crate) fn bench(config: CardConfig) -> Bench {
    let host = HostConfig { variant: config.variant, class: config.class.clone(), ..HostConfig::default() };
    Bench {
        host: Host::new(host),
        card: Card::new(config, &ATR),
        to_host: Default::default(),
        told: Vec::new(),
        wire: Vec::new(),
        thinks: 0,
        waited: Duration::ZERO,
        atr: ATR.to_vec(),
    }
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|o| format!("{o:02X}")).collect()
}

/// Answers a command with its own octets, reversed, and a status word.
pub(crate) fn echo(apdu: &[u8]) -> Vec<u8> {
    let mut response: Vec<u8> = apdu.iter().rev().copied().collect();
    response.extend([0x90, 0x00]);
    response
}

impl Bench {
    pub(crate) fn run(&mut self, task: Task) -> Outcome {
        self.run_with(task, echo)
    }

    pub(crate) fn run_with(&mut self, task: Task, player: fn(&[u8]) -> Vec<u8>) -> Outcome {
        let mut step = self.host.start(task);
        let mut thinking = self.thinks;
        for _ in 0..20_000 {
            let mut held = Vec::new();
            step = match step {
                Step::Done(outcome) => return outcome,
                Step::BulkOut(octets) => {
                    self.wire.push(format!("out {}", hex(&octets)));
                    let mut rest = octets.as_slice();
                    while !rest.is_empty() {
                        let (read, tail) = rest.split_at(self.card.bulk_want().min(rest.len()));
                        self.card.bulk_out(read);
                        rest = tail;
                    }
                    thinking = self.thinks;
                    self.host.next(Event::Sent)
                }
                Step::BulkIn(most) => match self.to_host.pop_front() {
                    Some(mut octets) => {
                        let rest = octets.split_off(most.min(octets.len()));
                        if !rest.is_empty() {
                            self.to_host.push_front(rest);
                        }
                        self.wire.push(format!("in  {}", hex(&octets)));
                        held = octets;
                        self.host.next(Event::Received(&held))
                    }
                    None if thinking > 0 => {
                        thinking -= 1;
                        self.card.more_time();
                        Step::BulkIn(most)
                    }
                    None => Step::BulkIn(most),
                },
                Step::ControlOut { request, value, data } => {
                    self.wire.push(format!("{:02X} {value:04X} < {}", request.code(), hex(&data)));
                    let setup = setup(TO_CARD, request.code(), value, data.len());
                    if self.card.takes(&setup) {
                        self.card.control_out(&setup, &data);
                        thinking = self.thinks;
                        self.host.next(Event::Sent)
                    } else {
                        self.host.next(Event::Stalled)
                    }
                }
                Step::ControlIn { request, value, length } => {
                    let setup = setup(TO_HOST, request.code(), value, usize::from(length));
                    let data = self.card.control_in(&setup);
                    let shown = data.as_deref().map_or("stall".into(), hex);
                    self.wire.push(format!("{:02X} {value:04X} > {shown}", request.code()));
                    match data {
                        Some(data) => {
                            held = data;
                            self.host.next(Event::Received(&held))
                        }
                        None => self.host.next(Event::Stalled),
                    }
                }
                Step::Wait(time) => {
                    self.waited += time;
                    thinking = thinking.saturating_sub(1);
                    self.host.next(Event::Waited)
                }
            };
            drop(held);
            self.serve(thinking, player);
        }
        panic!("the exchange does not end: {:#?}", self.wire);
    }

    pub(crate) fn serve(&mut self, thinking: u32, player: fn(&[u8]) -> Vec<u8>) {
        while let Some(output) = self.card.poll() {
            match output {
                Output::BulkIn(octets) => {
                    let full = octets.len() % 64 == 0;
                    self.to_host.push_back(octets);
                    if full {
                        self.to_host.push_back(Vec::new());
                    }
                }
                Output::Tell(told) => self.told.push(told),
            }
        }
        if thinking > 0 || !self.card.waits() && !matches!(self.told.last(), Some(Told::PowerOn | Told::Reset)) {
            return;
        }
        match self.told.last().cloned() {
            Some(Told::PowerOn | Told::Reset) => self.card.atr(&self.atr),
            Some(Told::Command(apdu)) => drop(self.card.response(&player(&apdu))),
            _ => {}
        }
        while let Some(Output::BulkIn(octets)) = self.card.poll() {
            let full = octets.len() % 64 == 0;
            self.to_host.push_back(octets);
            if full {
                self.to_host.push_back(Vec::new());
            }
        }
    }

    pub(crate) fn on(mut self) -> Bench {
        assert_eq!(self.run(Task::PowerOn), Outcome::Atr(ATR.to_vec()));
        self.wire.clear();
        self
    }

    pub(crate) fn exchange(&mut self, apdu: &[u8]) -> Outcome {
        self.run(Task::Exchange(apdu.to_vec()))
    }
}

pub(crate) fn setup(request_type: u8, request: u8, value: u16, length: usize) -> Setup {
    Setup { request_type, request, value, index: 0, length: u16::try_from(length).unwrap() }
}

pub(crate) const SELECT: [u8; 8] = [0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00];
