//! The bulk variant: a command message, then answers until one has its number.

use super::negotiation::Negotiation;
use super::{
    Counters, Event, Failure, HostConfig, NegotiationError, Outcome, PowerSelect, STALE_LIMIT, Step, Task, failed,
    is_tpdu, refusal,
};
use crate::descriptor::{ExchangeLevel, Features};
use crate::iccd::bulk::{Assembler, Kind, Message};
use crate::iccd::control::Request;
use crate::iccd::parts::{Incoming, Outgoing};
use crate::iccd::status::{Chain, Progress, SlotError};
use crate::t0::Tpdu;

/// bVoltageSupport, in the order in which voltages are tried.
const VOLTAGES: [(u8, PowerSelect); 3] =
    [(0x01, PowerSelect::Volt5), (0x02, PowerSelect::Volt3), (0x04, PowerSelect::Volt1_8)];

#[derive(Clone, Debug)]
pub(super) struct Bulk {
    config: HostConfig,
    pub(super) counters: Counters,
    assembler: Assembler,
    next_sequence: u8,
    sequence: u8,
    awaited: Kind,
    stale: u32,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Idle,
    /// Power goes off; whether it is to come back.
    Off {
        then_on: bool,
    },
    /// Power comes.
    On(Activation),
    /// The answer to the PPS is awaited.
    Pps(Vec<u8>, Negotiation),
    /// The answer to SetParameters is awaited.
    Parameters(Vec<u8>, Negotiation),
    Exchange {
        out: Outgoing,
        into: Incoming,
    },
    /// The control request that precedes the message.
    AbortRequest,
    Abort,
}

/// Power at one voltage after the other.
#[derive(Clone, Debug)]
struct Activation {
    /// The voltage that is being tried.
    select: PowerSelect,
    /// Those that are still to be tried, the last one first.
    left: Vec<PowerSelect>,
    /// Those that were refused.
    refused: Vec<(PowerSelect, SlotError)>,
}

impl Bulk {
    pub(super) fn new(config: HostConfig) -> Bulk {
        let assembler = Assembler::new(config.packet);
        Bulk {
            config,
            counters: Counters::default(),
            assembler,
            next_sequence: 0,
            sequence: 0,
            awaited: Kind::SlotStatus,
            stale: 0,
            state: State::Idle,
        }
    }

    pub(super) fn start(&mut self, task: Task) -> Step {
        self.assembler.clear();
        match task {
            Task::PowerOn | Task::PowerOff => {
                self.state = State::Off { then_on: task == Task::PowerOn };
                self.command(Message::command(Kind::IccPowerOff, 0, 0))
            }
            Task::Reset => self.power_on(),
            Task::Exchange(apdu) => match self.outgoing(apdu) {
                Ok(mut out) => {
                    let (chain, part) = out.next();
                    if chain != Chain::Whole {
                        self.counters.chained_commands += 1;
                    }
                    self.state = State::Exchange { out, into: Incoming::default() };
                    self.command(Message::xfr_block(0, chain, &part))
                }
                Err(failure) => failed(failure),
            },
            Task::Abort => {
                self.state = State::AbortRequest;
                self.sequence = self.next_sequence;
                let value = u16::from(self.sequence) << 8;
                Step::ControlOut { request: Request::Abort, value, data: Vec::new() }
            }
        }
    }

    fn outgoing(&self, apdu: Vec<u8>) -> Result<Outgoing, Failure> {
        let (most, level) = (self.config.part(), self.config.class.features.level());
        let octets = if is_tpdu(level) {
            let Tpdu { header, data, .. } = Tpdu::from_apdu(&apdu)?;
            [header.as_slice(), &data].concat()
        } else {
            apdu
        };
        if octets.len() > most && level != ExchangeLevel::ExtendedApdu {
            return Err(Failure::TooLong { octets: octets.len(), most });
        }
        Ok(Outgoing::new(octets, most))
    }

    fn command(&mut self, mut message: Message) -> Step {
        self.sequence = self.next_sequence;
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.stale = 0;
        message.sequence = self.sequence;
        self.awaited = message.kind.answer();
        Step::BulkOut(message.encode())
    }

    fn power_on(&mut self) -> Step {
        let (select, left) = (self.config.power, self.alternatives());
        self.power(Activation { select, left, refused: Vec::new() })
    }

    fn power(&mut self, activation: Activation) -> Step {
        let select = activation.select.code();
        self.state = State::On(activation);
        self.command(Message::command(Kind::IccPowerOn, 0, select))
    }

    pub(super) fn next(&mut self, event: Event<'_>) -> Step {
        match event {
            Event::Sent if matches!(self.state, State::AbortRequest) => {
                self.state = State::Abort;
                self.command(Message::command(Kind::Abort, 0, 0))
            }
            Event::Sent => Step::BulkIn(self.assembler.want()),
            Event::Received(octets) => match self.assembler.push(octets) {
                Ok(Some(message)) => self.answer(&message),
                Ok(None) => Step::BulkIn(self.assembler.want()),
                Err(error) => self.fail(error),
            },
            Event::Stalled => {
                self.counters.stalls += 1;
                match self.state {
                    State::AbortRequest | State::Abort => self.done(Outcome::Aborted(false)),
                    _ => self.fail(Failure::Stalled { what: "a bulk endpoint".into() }),
                }
            }
            Event::Waited => self.fail(Failure::Driver("the bulk variant never waits")),
        }
    }

    fn answer(&mut self, message: &Message) -> Step {
        // A SlotStatus takes the place of other answers; nothing takes its place.
        let awaited = message.kind == self.awaited || self.awaited != Kind::SlotStatus;
        if message.sequence != self.sequence || !awaited {
            self.counters.stale += 1;
            self.stale += 1;
            if self.stale >= STALE_LIMIT {
                return self.fail(Failure::TooManyStale);
            }
            return Step::BulkIn(self.assembler.want());
        }
        let status = message.status();
        if let Progress::MoreTime(_) = status.progress {
            self.counters.time_extensions += 1;
            return Step::BulkIn(self.assembler.want());
        }
        match (std::mem::replace(&mut self.state, State::Idle), status.progress) {
            (State::Off { then_on: false }, _) => Step::Done(Outcome::Off(Some(status.presence))),
            (State::Off { then_on: true }, _) => self.power_on(),
            (State::On(activation), Progress::Failed(error)) => self.refused(activation, error, message),
            (State::Abort, progress) => Step::Done(Outcome::Aborted(progress == Progress::Done)),
            _ if message.kind != self.awaited => failed(in_place(message, self.awaited)),
            (State::Pps(_, told), Progress::Failed(error)) => {
                let octets = told.pps.unwrap_or_default();
                failed(NegotiationError::Refused { what: "the PPS", octets, error })
            }
            // A device that keeps its own parameters is left to them where they are those of the reset.
            (State::Parameters(atr, told), Progress::Failed(SlotError::Unsupported | SlotError::Octet(_)))
                if told.is_default() =>
            {
                Step::Done(Outcome::Atr(atr))
            }
            (State::Parameters(_, told), Progress::Failed(error)) => {
                let octets = told.parameters.unwrap_or_default();
                failed(NegotiationError::Refused { what: "the parameters", octets, error })
            }
            (_, Progress::Failed(error)) => failed(refusal(status.presence, error)),
            (State::On(_), Progress::Done) => match (message.chain(), message.data.as_slice()) {
                (Chain::Whole, []) => failed(Failure::NoAtr),
                (Chain::Whole, atr) => self.negotiate(atr),
                (found, _) => failed(Failure::Chain { found, expected: "the ATR is whole" }),
            },
            (State::Pps(atr, mut told), Progress::Done) => match told.answered(&message.data) {
                Ok(()) => self.set_parameters(atr, told),
                Err(error) => failed(error),
            },
            (State::Parameters(atr, _), Progress::Done) => Step::Done(Outcome::Atr(atr)),
            (State::Exchange { out, into }, Progress::Done) => self.block(out, into, message),
            _ => failed(Failure::Status(status)),
        }
    }

    /// Tries the next voltage; tells of all that were refused when there is none.
    fn refused(&mut self, mut activation: Activation, error: SlotError, message: &Message) -> Step {
        activation.refused.push((activation.select, error));
        match activation.left.pop() {
            Some(select) => self.power(Activation { select, ..activation }),
            None if activation.refused.len() > 1 => failed(Failure::NoPower(activation.refused)),
            None if message.kind != self.awaited => failed(in_place(message, self.awaited)),
            None => failed(refusal(message.status().presence, error)),
        }
    }

    /// The voltages to try when the card does not choose by itself, the last one first.
    fn alternatives(&self) -> Vec<PowerSelect> {
        if self.config.power != PowerSelect::Automatic || self.config.class.features.has(Features::AUTO_VOLTAGE) {
            return Vec::new();
        }
        let named = |(bit, select): &(u8, PowerSelect)| (self.config.class.voltages & bit != 0).then_some(*select);
        VOLTAGES.iter().rev().filter_map(named).collect()
    }

    /// Settles what the device leaves to the host.
    fn negotiate(&mut self, atr: &[u8]) -> Step {
        match Negotiation::after(atr, &self.config.class) {
            Ok(None) => Step::Done(Outcome::Atr(atr.to_vec())),
            Ok(Some(told)) => match &told.pps {
                Some(pps) => {
                    let block = Message::xfr_block(0, Chain::Whole, pps);
                    self.state = State::Pps(atr.to_vec(), told);
                    self.command(block)
                }
                None => self.set_parameters(atr.to_vec(), told),
            },
            Err(error) => failed(error),
        }
    }

    fn set_parameters(&mut self, atr: Vec<u8>, told: Negotiation) -> Step {
        let Some(parameters) = &told.parameters else { return Step::Done(Outcome::Atr(atr)) };
        let data = parameters.clone();
        let message = Message { data, ..Message::command(Kind::SetParameters, 0, told.protocol) };
        self.state = State::Parameters(atr, told);
        self.command(message)
    }

    fn block(&mut self, mut out: Outgoing, mut into: Incoming, message: &Message) -> Step {
        let step = if message.chain() == Chain::Wanted && !out.is_sent() {
            let (chain, part) = out.next();
            self.command(Message::xfr_block(0, chain, &part))
        } else {
            match into.push(message.chain(), &message.data) {
                Ok(Some(response)) => return Step::Done(Outcome::Response(response)),
                Ok(None) => {
                    if message.chain() == Chain::Begins {
                        self.counters.chained_responses += 1;
                    }
                    self.command(Message::xfr_block(0, Chain::Wanted, &[]))
                }
                Err(failure) => return failed(failure),
            }
        };
        self.state = State::Exchange { out, into };
        step
    }

    fn done(&mut self, outcome: Outcome) -> Step {
        self.state = State::Idle;
        Step::Done(outcome)
    }

    fn fail(&mut self, failure: impl Into<Failure>) -> Step {
        self.done(Outcome::Failed(failure.into()))
    }
}

fn in_place(message: &Message, awaited: Kind) -> Failure {
    Failure::InPlace { found: message.kind, awaited, status: message.status() }
}
