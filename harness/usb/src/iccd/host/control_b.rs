//! Version B: a part of the APDU out, then data blocks until the card has said all.

use std::time::Duration;

use super::{Counters, Event, Failure, HostConfig, Outcome, Pace, Step, Task, failed, refusal};
use crate::iccd::control::{Block, Request};
use crate::iccd::parts::{Incoming, Outgoing};
use crate::iccd::status::{Chain, Progress};

/// wLength of DATA_BLOCK: what the control pipe of the common hosts carries.
const BLOCK_LENGTH: u16 = 4096;

#[derive(Clone, Debug)]
pub(super) struct ControlB {
    config: HostConfig,
    pub(super) counters: Counters,
    state: State,
    pace: Pace,
}

#[derive(Clone, Debug)]
enum State {
    Idle,
    /// Power goes off; whether it is to come back.
    Off {
        then_on: bool,
    },
    /// The status after power went off is awaited.
    OffStatus {
        then_on: bool,
    },
    /// The ATR is awaited.
    On,
    Exchange {
        out: Outgoing,
        into: Incoming,
    },
}

impl ControlB {
    pub(super) fn new(config: HostConfig) -> ControlB {
        ControlB { config, counters: Counters::default(), state: State::Idle, pace: Pace::default() }
    }

    pub(super) fn start(&mut self, task: Task) -> Step {
        self.pace = Pace::default();
        match task {
            Task::PowerOn | Task::PowerOff => {
                self.state = State::Off { then_on: task == Task::PowerOn };
                out(Request::IccPowerOff, 0, Vec::new())
            }
            Task::Reset => self.power(),
            // Chaining is part of version B at every exchange level: hosts in the field rely on it.
            Task::Exchange(apdu) => {
                let mut outgoing = Outgoing::new(apdu, self.config.part());
                let (chain, part) = outgoing.next();
                if chain != Chain::Whole {
                    self.counters.chained_commands += 1;
                }
                self.state = State::Exchange { out: outgoing, into: Incoming::default() };
                xfr(chain, part)
            }
            Task::Abort => {
                self.state = State::Idle;
                Step::Done(Outcome::Aborted(false))
            }
        }
    }

    pub(super) fn next(&mut self, event: Event<'_>) -> Step {
        if event == Event::Stalled {
            self.counters.stalls += 1;
        }
        match (std::mem::replace(&mut self.state, State::Idle), event) {
            (State::Off { then_on }, Event::Sent | Event::Stalled) => {
                self.state = State::OffStatus { then_on };
                Step::ControlIn { request: Request::SlotStatus, value: 0, length: 3 }
            }
            (State::OffStatus { then_on }, Event::Received(octets)) => match Block::parse(octets) {
                Ok(Block::Poll(delay)) if then_on => self.poll(delay, State::Off { then_on }),
                Ok(Block::Status(status)) if !then_on => Step::Done(Outcome::Off(Some(status.presence))),
                Ok(_) if then_on => self.power(),
                Ok(_) => Step::Done(Outcome::Off(None)),
                Err(error) => failed(error),
            },
            (State::OffStatus { then_on: true }, Event::Stalled) => self.power(),
            (State::OffStatus { then_on: false }, Event::Stalled) => Step::Done(Outcome::Off(None)),
            // The answer to a poll in between: the status is asked for again.
            (State::Off { then_on }, Event::Waited) => {
                self.state = State::OffStatus { then_on };
                Step::ControlIn { request: Request::SlotStatus, value: 0, length: 3 }
            }
            (state @ (State::On | State::Exchange { .. }), Event::Sent | Event::Waited) => {
                self.state = state;
                Step::ControlIn { request: Request::DataBlock, value: 0, length: BLOCK_LENGTH }
            }
            (state @ (State::On | State::Exchange { .. }), Event::Received(octets)) => match Block::parse(octets) {
                Ok(block) => self.block(state, block),
                Err(error) => failed(error),
            },
            (_, Event::Stalled) => failed(Failure::Stalled { what: "a request of version B".into() }),
            _ => failed(Failure::Driver("nothing was asked for")),
        }
    }

    fn power(&mut self) -> Step {
        self.pace = Pace::default();
        self.state = State::On;
        out(Request::IccPowerOn, self.config.power_on_value, Vec::new())
    }

    fn block(&mut self, state: State, block: Block) -> Step {
        match (state, block) {
            (state, Block::Poll(delay)) => self.poll(delay, state),
            (_, Block::Other(code, _)) => failed(Failure::UnknownType(code)),
            (state, Block::Status(status)) => match status.progress {
                Progress::Failed(error) => failed(refusal(status.presence, error)),
                Progress::MoreTime(_) => self.poll(0, state),
                _ => failed(Failure::Status(status)),
            },
            (State::On, Block::Data(Chain::Whole, atr)) if atr.is_empty() => failed(Failure::NoAtr),
            (State::On, Block::Data(Chain::Whole, atr)) => Step::Done(Outcome::Atr(atr)),
            (State::On, Block::Data(found, _)) => failed(Failure::Chain { found, expected: "the ATR is whole" }),
            (State::Exchange { mut out, into }, Block::Data(Chain::Wanted, _)) if !out.is_sent() => {
                let (chain, part) = out.next();
                self.pace = Pace::default();
                self.state = State::Exchange { out, into };
                xfr(chain, part)
            }
            (State::Exchange { out, mut into }, Block::Data(chain, part)) => match into.push(chain, &part) {
                Ok(Some(response)) => Step::Done(Outcome::Response(response)),
                Ok(None) => {
                    if chain == Chain::Begins {
                        self.counters.chained_responses += 1;
                    }
                    self.pace = Pace::default();
                    self.state = State::Exchange { out, into };
                    xfr(Chain::Wanted, Vec::new())
                }
                Err(failure) => failed(failure),
            },
            _ => failed(Failure::Driver("nothing was asked for")),
        }
    }

    fn poll(&mut self, delay: u16, state: State) -> Step {
        self.counters.polls += 1;
        self.state = state;
        match delay {
            0 => Step::Wait(self.pace.next()),
            delay => Step::Wait(Duration::from_millis(10) * u32::from(delay)),
        }
    }
}

fn out(request: Request, value: u16, data: Vec<u8>) -> Step {
    Step::ControlOut { request, value, data }
}

/// bLevelParameter is the high octet of wValue.
fn xfr(chain: Chain, part: Vec<u8>) -> Step {
    out(Request::XfrBlock, u16::from(chain.code()) << 8, part)
}
