//! Version A: five octets of header, then the status octet says which way things go.

use super::{Counters, Event, Failure, Outcome, Pace, Step, Task, failed};
use crate::iccd::control::{IccStatus, Request};
use crate::t0::Tpdu;

/// wLength for the ATR, which has 33 octets at most.
const ATR_LENGTH: u16 = 255;

#[derive(Clone, Debug)]
pub(super) struct ControlA {
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
    /// The card settles after power went off; whether power is to come back.
    Settling {
        then_on: bool,
    },
    /// The ATR is awaited.
    On,
    /// The header was sent, or data; the status tells what is next.
    Command(Flight),
    /// Response data are awaited.
    Data(Flight),
    /// The status word is awaited.
    StatusWord(Vec<u8>),
}

/// A TPDU under way.
#[derive(Clone, Debug)]
struct Flight {
    /// Data for the card that were not sent yet.
    data: Vec<u8>,
    expects: usize,
    received: Vec<u8>,
}

impl ControlA {
    pub(super) fn new() -> ControlA {
        ControlA { counters: Counters::default(), state: State::Idle, pace: Pace::default() }
    }

    pub(super) fn start(&mut self, task: Task) -> Step {
        self.pace = Pace::default();
        match task {
            Task::PowerOn | Task::PowerOff => {
                self.state = State::Off { then_on: task == Task::PowerOn };
                out(Request::IccPowerOff, Vec::new())
            }
            Task::Reset => self.power_on(),
            Task::Exchange(apdu) => match Tpdu::from_apdu(&apdu) {
                Ok(Tpdu { header, data, expects }) => {
                    self.state = State::Command(Flight { data, expects, received: Vec::new() });
                    out(Request::XfrBlock, header.to_vec())
                }
                Err(error) => failed(error),
            },
            Task::Abort => {
                self.state = State::Idle;
                Step::Done(Outcome::Aborted(false))
            }
        }
    }

    pub(super) fn next(&mut self, event: Event<'_>) -> Step {
        match (std::mem::replace(&mut self.state, State::Idle), event) {
            (State::Off { then_on }, Event::Sent | Event::Stalled) => {
                self.state = State::Settling { then_on };
                status()
            }
            (state, Event::Sent | Event::Waited) => {
                self.state = state;
                status()
            }
            // Cards that know no status without power are asked for their ATR all the same.
            (State::Settling { then_on }, Event::Stalled) => self.settled(then_on),
            (State::Settling { then_on }, Event::Received(octets)) => match read_status(octets) {
                Ok(IccStatus::Busy) => self.wait(State::Settling { then_on }),
                Ok(_) => self.settled(then_on),
                Err(failure) => failed(failure),
            },
            (State::On, Event::Received([])) => failed(Failure::NoAtr),
            (State::On, Event::Received(atr)) => Step::Done(Outcome::Atr(atr.to_vec())),
            (State::Command(flight), Event::Received(octets)) => match read_status(octets) {
                Ok(status) => self.command(flight, status),
                Err(failure) => failed(failure),
            },
            (State::Data(mut flight), Event::Received(data)) => {
                let missing = flight.expects.saturating_sub(flight.received.len());
                if data.is_empty() || data.len() > missing {
                    return failed(Failure::Size { what: "a data block of version A", found: data.len() });
                }
                flight.received.extend_from_slice(data);
                self.pace = Pace::default();
                self.state = State::Command(flight);
                status()
            }
            (State::StatusWord(mut response), Event::Received(sw)) => {
                if sw.len() != 2 {
                    return failed(Failure::Size { what: "the status word (2 octets)", found: sw.len() });
                }
                response.extend_from_slice(sw);
                Step::Done(Outcome::Response(response))
            }
            (_, Event::Stalled) => {
                self.counters.stalls += 1;
                failed(Failure::Stalled { what: "a request of version A".into() })
            }
            (State::Idle | State::Off { .. }, Event::Received(_)) => failed(Failure::Driver("nothing was asked for")),
        }
    }

    /// Version A has no status that tells a card without power from one that is not there.
    fn settled(&mut self, then_on: bool) -> Step {
        if then_on { self.power_on() } else { Step::Done(Outcome::Off(None)) }
    }

    fn power_on(&mut self) -> Step {
        self.state = State::On;
        Step::ControlIn { request: Request::IccPowerOn, value: 0, length: ATR_LENGTH }
    }

    fn command(&mut self, mut flight: Flight, status: IccStatus) -> Step {
        let missing = flight.expects.saturating_sub(flight.received.len());
        match status {
            IccStatus::Busy => self.wait(State::Command(flight)),
            IccStatus::Mute => failed(Failure::Mute),
            IccStatus::StatusWord => {
                self.state = State::StatusWord(flight.received);
                block(2)
            }
            IccStatus::Data if !flight.data.is_empty() => {
                let data = std::mem::take(&mut flight.data);
                self.pace = Pace::default();
                self.state = State::Command(flight);
                out(Request::XfrBlock, data)
            }
            IccStatus::Data if missing > 0 => {
                self.state = State::Data(flight);
                block(missing)
            }
            other => failed(Failure::IccStatus(other)),
        }
    }

    fn wait(&mut self, state: State) -> Step {
        self.counters.polls += 1;
        self.state = state;
        Step::Wait(self.pace.next())
    }
}

fn out(request: Request, data: Vec<u8>) -> Step {
    Step::ControlOut { request, value: 0, data }
}

fn status() -> Step {
    Step::ControlIn { request: Request::GetIccStatus, value: 0, length: 1 }
}

fn block(length: usize) -> Step {
    Step::ControlIn { request: Request::DataBlock, value: 0, length: u16::try_from(length).unwrap_or(u16::MAX) }
}

fn read_status(octets: &[u8]) -> Result<IccStatus, Failure> {
    match octets {
        [status] => Ok(IccStatus::from_code(*status)),
        other => Err(Failure::Size { what: "the status of version A (1 octet)", found: other.len() }),
    }
}
