//! The bulk variant: each message is answered by one with its number.

use std::collections::VecDeque;

use super::slot::{LONGEST_COMMAND, Slot};
use super::{CardConfig, Output};
use crate::atr::{DEFAULT_RATE, PPSS, interface_octets, pps_length};
use crate::descriptor::{ExchangeLevel, Features};
use crate::iccd::bulk::{Assembler, Kind, Message, MessageError};
use crate::iccd::parts::Outgoing;
use crate::iccd::status::{Chain, Presence, Progress, SlotError, SlotStatus};
use crate::t0::{CardT0, Need};

/// Octets 1, 5, 7 and 8 of a message: what bError points at.
const DW_LENGTH: SlotError = SlotError::Octet(1);
const B_SLOT: SlotError = SlotError::Octet(5);
const OCTET_7: SlotError = SlotError::Octet(7);
const W_LEVEL: SlotError = SlotError::Octet(8);

/// The parameters of T=0 and T=1 as after a reset: F and D of 372 and 1, no guard time, WI 10, BWI 4 and CWI 13, IFSC
/// 254.
const T0_PARAMETERS: [u8; 5] = [0x11, 0x00, 0x00, 0x0A, 0x00];
const T1_PARAMETERS: [u8; 7] = [0x11, 0x10, 0x00, 0x4D, 0x00, 0xFE, 0x00];

#[derive(Clone, Debug)]
pub(super) struct Bulk {
    config: CardConfig,
    slot: Slot,
    pub(super) out: VecDeque<Output>,
    assembler: Assembler,
    /// The number of the message that the player answers.
    pending: u8,
    /// The command so far, when it comes in parts.
    command: Option<Vec<u8>>,
    /// The rest of a response that goes in parts.
    response: Option<Outgoing>,
    /// bProtocolNum and abProtocolDataStructure.
    parameters: (u8, Vec<u8>),
    /// F and D of the card itself, as TA1 has them. Where they are not those of the parameters, and the device does not
    /// see to it, neither side understands the other.
    rate: u8,
    /// A PPS can come: the card has answered its reset and got no command.
    negotiable: bool,
    /// At TPDU level.
    t0: Option<CardT0>,
}

impl Bulk {
    pub(super) fn new(config: CardConfig) -> Bulk {
        let tpdu = config.class.features.level() == ExchangeLevel::Tpdu;
        Bulk {
            assembler: Assembler::new(config.packet),
            parameters: default_parameters(config.class.protocols),
            t0: tpdu.then(CardT0::new),
            config,
            slot: Slot::default(),
            out: VecDeque::new(),
            pending: 0,
            command: None,
            response: None,
            rate: DEFAULT_RATE,
            negotiable: false,
        }
    }

    pub(super) fn set_packet(&mut self, packet: usize) {
        self.assembler = Assembler::new(packet);
    }

    pub(super) fn want(&self) -> usize {
        self.assembler.want()
    }

    pub(super) fn read(&mut self, read: &[u8]) {
        match self.assembler.push(read) {
            Ok(Some(message)) => self.message(&message),
            Ok(None) | Err(MessageError::TooShort { .. }) => {}
            Err(MessageError::Length { kind, sequence, .. }) => self.refuse(kind, sequence, DW_LENGTH),
        }
        self.pass_on();
    }

    fn message(&mut self, message: &Message) {
        let Message { kind, sequence, .. } = *message;
        if message.slot != 0 {
            let status = SlotStatus::failed(Presence::Absent, B_SLOT);
            return self.send(Message::answer(kind.answer(), sequence, status, 0, &[]));
        }
        match kind {
            Kind::IccPowerOn if message.specific[0] > 3 => self.refuse(kind, sequence, OCTET_7),
            Kind::IccPowerOn
                if let Some([select, error]) = self.config.quirks.power
                    && message.specific[0] != select =>
            {
                self.refuse(kind, sequence, SlotError::from_code(error));
            }
            Kind::IccPowerOn => {
                self.forget();
                self.slot.power_on();
                self.pending = sequence;
            }
            Kind::IccPowerOff => {
                self.forget();
                self.slot.power_off();
                self.confirm(kind, sequence);
            }
            Kind::GetSlotStatus => self.confirm(kind, sequence),
            _ if self.waits() => self.refuse(kind, sequence, SlotError::SlotBusy),
            Kind::XfrBlock if self.slot.presence() != Presence::Active => {
                self.refuse(kind, sequence, SlotError::Mute);
            }
            Kind::XfrBlock => self.block(message),
            Kind::GetParameters => self.send_parameters(sequence),
            Kind::ResetParameters => {
                self.parameters = default_parameters(self.config.class.protocols);
                self.send_parameters(sequence);
            }
            Kind::SetParameters => match (message.specific[0], message.data.len()) {
                (0, 5) | (1, 7) => {
                    self.parameters = (message.specific[0], message.data.clone());
                    if self.config.class.features.has(Features::AUTO_PPS) {
                        self.rate = self.device_rate();
                    }
                    self.send_parameters(sequence);
                }
                (0 | 1, _) => self.refuse(kind, sequence, DW_LENGTH),
                _ => self.refuse(kind, sequence, OCTET_7),
            },
            // What readers have and cards have not.
            _ => self.refuse(kind, sequence, SlotError::Unsupported),
        }
    }

    fn block(&mut self, message: &Message) {
        let sequence = message.sequence;
        let chained = self.config.class.features.level() == ExchangeLevel::ExtendedApdu;
        match (message.level(), self.command.take()) {
            (Chain::Whole, _) => self.whole(sequence, message.data.clone()),
            (Chain::Begins, _) if chained => self.part(sequence, message.data.clone()),
            (Chain::Continues | Chain::Ends, Some(mut command)) => {
                command.extend_from_slice(&message.data);
                if command.len() > LONGEST_COMMAND {
                    self.refuse(message.kind, sequence, DW_LENGTH);
                } else if message.level() == Chain::Ends {
                    self.whole(sequence, command);
                } else {
                    self.part(sequence, command);
                }
            }
            (Chain::Wanted, _) if self.response.is_some() => self.next_part(sequence),
            _ => self.refuse(message.kind, sequence, W_LEVEL),
        }
    }

    fn part(&mut self, sequence: u8, command: Vec<u8>) {
        self.command = Some(command);
        self.send(Message::answer(Kind::DataBlock, sequence, SlotStatus::DONE, Chain::Wanted.code(), &[]));
    }

    fn whole(&mut self, sequence: u8, octets: Vec<u8>) {
        self.response = None;
        self.pending = sequence;
        if !self.config.class.features.has(Features::AUTO_PARAMETERS) && self.device_rate() != self.rate {
            return self.refuse(Kind::XfrBlock, sequence, SlotError::Mute);
        }
        let negotiable = std::mem::take(&mut self.negotiable);
        if negotiable && self.t0.is_some() && octets.first() == Some(&PPSS) {
            return self.pps(sequence, &octets);
        }
        let Some(t0) = &mut self.t0 else { return self.slot.command(octets) };
        let (header, data): ([u8; 5], &[u8]) = match octets.as_slice() {
            [cla, ins, p1, p2] => ([*cla, *ins, *p1, *p2, 0], &[]),
            [cla, ins, p1, p2, p3, data @ ..] => ([*cla, *ins, *p1, *p2, *p3], data),
            _ => return self.refuse(Kind::XfrBlock, sequence, DW_LENGTH),
        };
        match t0.header(header) {
            Need::Data(wanted) if data.len() == wanted => {
                let apdu = t0.data(data);
                self.slot.command(apdu);
            }
            Need::Data(_) => self.refuse(Kind::XfrBlock, sequence, DW_LENGTH),
            Need::Command(apdu) => self.slot.command(apdu),
            Need::Answer(answer) => self.answer([answer.data.as_slice(), &answer.sw.to_be_bytes()].concat()),
        }
    }

    /// F and D of the device.
    fn device_rate(&self) -> u8 {
        self.parameters.1.first().copied().unwrap_or(DEFAULT_RATE)
    }

    /// What is asked for is what the card does (ISO/IEC 7816-3 9.3); to what is no PPS it is mute.
    fn pps(&mut self, sequence: u8, octets: &[u8]) {
        let whole = pps_length(octets) == Some(octets.len());
        if !whole || octets.iter().fold(0, |check, octet| check ^ octet) != 0 {
            return self.refuse(Kind::XfrBlock, sequence, SlotError::Mute);
        }
        self.rate = match octets {
            [_, pps0, pps1, _, ..] if pps0 & 0x10 != 0 => *pps1,
            _ => DEFAULT_RATE,
        };
        self.send(Message::answer(Kind::DataBlock, sequence, SlotStatus::DONE, 0, octets));
    }

    pub(super) fn atr(&mut self, atr: &[u8]) {
        if self.slot.atr() {
            let octets = interface_octets(atr);
            // A card in specific mode has the rate of its TA1 at once.
            self.rate = octets.ta2.and(octets.ta1).unwrap_or(DEFAULT_RATE);
            self.negotiable = octets.ta2.is_none();
            self.parameters = default_parameters(self.config.class.protocols);
            if self.config.class.features.has(Features::AUTO_CONFIGURATION)
                && let Some(rate) = self.parameters.1.first_mut()
            {
                *rate = self.rate;
            }
            if self.t0.is_some() {
                self.t0 = Some(CardT0::new());
            }
            self.send(Message::answer(Kind::DataBlock, self.pending, SlotStatus::DONE, 0, atr));
        }
    }

    pub(super) fn response(&mut self, response: &[u8]) -> bool {
        let awaited = self.slot.response();
        if awaited {
            let octets = match &mut self.t0 {
                Some(t0) => {
                    let answer = t0.response(response);
                    [answer.data.as_slice(), &answer.sw.to_be_bytes()].concat()
                }
                None => response.to_vec(),
            };
            self.answer(octets);
        }
        awaited
    }

    /// The answer to a command, with what the card does beside.
    fn answer(&mut self, octets: Vec<u8>) {
        for _ in 0..self.config.quirks.time_extensions {
            self.extend();
        }
        if self.config.quirks.stale_first {
            let earlier = self.pending.wrapping_sub(1);
            self.send(Message::answer(Kind::DataBlock, earlier, SlotStatus::DONE, 0, &[0x6F, 0x00]));
        }
        if let Some([status, error]) = self.config.quirks.slot_status {
            let status = SlotStatus::parse(status, error);
            return self.send(Message::answer(Kind::SlotStatus, self.pending, status, 0, &[]));
        }
        if let Some([status, error]) = self.config.quirks.status {
            let status = SlotStatus::parse(status, error);
            return self.send(Message::answer(Kind::DataBlock, self.pending, status, 0, &[]));
        }
        let chained = self.config.class.features.level() == ExchangeLevel::ExtendedApdu;
        let most = usize::try_from(self.config.class.max_message).unwrap_or(usize::MAX).saturating_sub(10);
        let part = if chained { self.config.part.unwrap_or(most).max(1) } else { usize::MAX };
        self.response = Some(Outgoing::new(octets, part));
        self.next_part(self.pending);
    }

    fn next_part(&mut self, sequence: u8) {
        let Some(response) = &mut self.response else { return };
        let (chain, part) = response.next();
        if response.is_sent() {
            self.response = None;
        }
        let chain = self.config.quirks.chain.unwrap_or(chain.code());
        self.send(Message::answer(Kind::DataBlock, sequence, SlotStatus::DONE, chain, &part));
    }

    pub(super) fn waits(&self) -> bool {
        self.slot.is_starting() || self.slot.is_busy()
    }

    pub(super) fn more_time(&mut self) {
        if self.waits() {
            self.extend();
        }
    }

    fn extend(&mut self) {
        let status = SlotStatus { presence: Presence::Active, progress: Progress::MoreTime(1) };
        self.send(Message::answer(Kind::DataBlock, self.pending, status, 0, &[]));
    }

    pub(super) fn lose_power(&mut self) {
        self.assembler.clear();
        self.forget();
        self.slot.power_off();
        self.out.retain(|out| matches!(out, Output::Tell(_)));
        self.pass_on();
    }

    fn forget(&mut self) {
        self.command = None;
        self.response = None;
    }

    fn confirm(&mut self, kind: Kind, sequence: u8) {
        let status = SlotStatus { presence: self.slot.presence(), progress: Progress::Done };
        self.send(Message::answer(kind.answer(), sequence, status, 0, &[]));
    }

    fn refuse(&mut self, kind: Kind, sequence: u8, error: SlotError) {
        let status = SlotStatus::failed(self.slot.presence(), error);
        self.send(Message::answer(kind.answer(), sequence, status, 0, &[]));
    }

    fn send_parameters(&mut self, sequence: u8) {
        let status = SlotStatus { presence: self.slot.presence(), progress: Progress::Done };
        let (protocol, data) = &self.parameters;
        self.send(Message::answer(Kind::Parameters, sequence, status, *protocol, data));
    }

    fn send(&mut self, message: Message) {
        self.out.push_back(Output::BulkIn(message.encode()));
    }

    fn pass_on(&mut self) {
        self.out.extend(self.slot.told.drain(..).map(Output::Tell));
    }
}

/// T=0 if the card has it, for it is what a UICC always has.
fn default_parameters(protocols: u32) -> (u8, Vec<u8>) {
    if protocols & 1 != 0 { (0, T0_PARAMETERS.to_vec()) } else { (1, T1_PARAMETERS.to_vec()) }
}
