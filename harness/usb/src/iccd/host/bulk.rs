//! The bulk variant: a command message, then answers until one has its number.

use super::{
    Counters, Event, Failure, HostConfig, Outcome, PowerSelect, STALE_LIMIT, Step, Task, failed, is_tpdu, refusal,
};
use crate::descriptor::{ExchangeLevel, Features};
use crate::iccd::bulk::{Assembler, Kind, Message};
use crate::iccd::control::Request;
use crate::iccd::parts::{Incoming, Outgoing};
use crate::iccd::status::{Chain, Progress, SlotError};
use crate::t0::Tpdu;

/// bVoltageSupport, lowest voltage first.
const VOLTAGES: [(u8, PowerSelect); 3] =
    [(0x04, PowerSelect::Volt1_8), (0x02, PowerSelect::Volt3), (0x01, PowerSelect::Volt5)];

/// Where bPowerSelect stands in IccPowerOn; a card that does not take the value points there.
const POWER_SELECT: SlotError = SlotError::Octet(7);

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
    /// Power comes; the voltages that are still to be tried.
    On(Vec<PowerSelect>),
    Exchange {
        out: Outgoing,
        into: Incoming,
    },
    /// The control request that precedes the message.
    AbortRequest,
    Abort,
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
        self.state = State::On(self.alternatives());
        self.power(self.config.power)
    }

    fn power(&mut self, select: PowerSelect) -> Step {
        self.command(Message::command(Kind::IccPowerOn, 0, select.code()))
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
        if message.sequence != self.sequence || message.kind != self.awaited {
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
            (State::On(mut left), Progress::Failed(POWER_SELECT)) if !left.is_empty() => {
                let select = left.remove(0);
                self.state = State::On(left);
                self.power(select)
            }
            (State::Abort, progress) => Step::Done(Outcome::Aborted(progress == Progress::Done)),
            (_, Progress::Failed(error)) => failed(refusal(status.presence, error)),
            (State::On(_), Progress::Done) => match (message.chain(), message.data.as_slice()) {
                (Chain::Whole, []) => failed(Failure::NoAtr),
                (Chain::Whole, atr) => Step::Done(Outcome::Atr(atr.to_vec())),
                (found, _) => failed(Failure::Chain { found, expected: "the ATR is whole" }),
            },
            (State::Exchange { out, into }, Progress::Done) => self.block(out, into, message),
            _ => failed(Failure::Status(status)),
        }
    }

    /// The voltages to try when the card does not choose by itself.
    fn alternatives(&self) -> Vec<PowerSelect> {
        if self.config.power != PowerSelect::Automatic || self.config.class.features.0 & Features::AUTO_VOLTAGE != 0 {
            return Vec::new();
        }
        let named = |(bit, select): &(u8, PowerSelect)| (self.config.class.voltages & bit != 0).then_some(*select);
        VOLTAGES.iter().filter_map(named).collect()
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
