//! Exchanges with the card: one APDU at a time, what its answer means, and what follows from it (TS 102 221 7.4).

use std::time::Duration;

use dmsc_link::Signal;
use dmsc_octets::to_hex;
use dmsc_uicc::apdu::{CommandApdu, ResponseApdu};
use dmsc_uicc::command::{CommandType, ProactiveCommand};
use dmsc_uicc::envelope::EnvelopeTag;
use dmsc_uicc::fs::select;
use dmsc_uicc::profile::Facility;
use dmsc_uicc::status::StatusClass;
use serde_json::{Map, json};

use super::limits::{self, ANSWER, CORRECTIONS};
use super::{Flight, Out, Pending, Phase, Purpose, Terminal};
use crate::apdu;
use crate::choice::terminal::Meanwhile;
use crate::event::Actor;
use crate::messages::WakeUp;
use crate::player::PlayerError;
use crate::switch::Switch;

/// How long the terminal waits before it repeats an ENVELOPE the card was too busy for.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// How often an ENVELOPE is repeated after 9300.
const BUSY_TRIES: u32 = 10;

/// The service of EF.UST that lets a terminal announce its applications.
const SERVICE_77: u8 = 77;

impl Terminal {
    pub(super) fn send(&mut self, command: CommandApdu, purpose: Purpose) {
        self.queue.push_back(Out { command, octets: None, purpose });
        self.pump();
    }

    /// Sends the next APDU when the card is free and no proactive command waits for its answer.
    pub(super) fn pump(&mut self) {
        if self.is_exchanging() || self.card_dead {
            return;
        }
        let Some(out) = self.queue.pop_front() else { return };
        let encoded = match &out.octets {
            Some(octets) => Ok(octets.clone()),
            None => out.command.encode().map_err(|e| PlayerError(e.to_string())),
        };
        match encoded {
            Ok(octets) => {
                let content = apdu::content(&out.command);
                // FETCH is plumbing: what a case sees is the command it brings.
                if out.purpose != Purpose::Fetch {
                    let kind = apdu::kind(&out.command, &content);
                    if out.octets.is_none() {
                        self.io.say_octets(Actor::Terminal, kind, &octets, Map::new());
                    } else {
                        // What was made of the command afterwards is not what a case has asked for.
                        let command = out.command.clone();
                        self.io.say_first(Actor::Terminal, kind, &octets, move || apdu::fields(&command, &content));
                    }
                }
                self.in_flight = Some(Flight::new(out, self.io.now));
                self.io.send(Signal::Command(octets));
                self.poll_at = None;
            }
            Err(error) => self.io.break_off(&error),
        }
    }

    pub(super) fn response(&mut self, octets: &[u8]) {
        let Some(mut flight) = self.in_flight.take() else { return };
        if flight.is_reset() {
            // The answer to a command that a reset has cut off; what is awaited is the answer to reset.
            self.in_flight = Some(flight);
            return;
        }
        let Ok(response) = ResponseApdu::parse(octets) else {
            self.io.observe(Actor::Card, "response", octets, || {
                Map::from_iter([("malformed".to_owned(), json!("a response APDU has a status word of two octets"))])
            });
            if flight.begins_session() {
                let came = if octets.is_empty() { "nothing".to_owned() } else { to_hex(octets) };
                let header = limits::header(&flight.out.command);
                self.give_card_up(format!(
                    "the card answered {header} with {came}, which has no status word, and the start-up ended there"
                ));
                return;
            }
            self.after();
            return;
        };
        match response.sw.class() {
            StatusClass::MoreData(length) => {
                flight.data.extend_from_slice(&response.data);
                let spent = self.io.now.since(flight.began);
                if let Some(limit) = flight.followed.another(flight.data.len(), response.data.len(), spent) {
                    self.give_card_up(limits::endless(&flight.out.command, response.sw, &limit));
                    return;
                }
                let follow = select::get_response(length);
                if let Ok(octets) = follow.encode() {
                    flight.deadline = self.io.now + ANSWER;
                    self.in_flight = Some(flight);
                    self.io.send(Signal::Command(octets));
                }
                return;
            }
            StatusClass::WrongLe(length) if flight.out.command.data.is_empty() => {
                let again = flight.out.command.clone().with_le(u32::from(length));
                // A card that corrects the length for ever is not followed for ever.
                if again.le != flight.out.command.le
                    && flight.followed.corrections < CORRECTIONS
                    && let Ok(octets) = again.encode()
                {
                    flight.followed.corrections = flight.followed.corrections.saturating_add(1);
                    flight.deadline = self.io.now + ANSWER;
                    flight.out.command = again;
                    self.in_flight = Some(flight);
                    self.io.send(Signal::Command(octets));
                    return;
                }
            }
            _ => {}
        }
        let mut data = flight.data;
        let whole = data.is_empty();
        data.extend_from_slice(&response.data);
        let response = ResponseApdu { data, sw: response.sw };
        let out = flight.out;
        if out.purpose != Purpose::Fetch {
            let content = apdu::content(&out.command);
            let to = apdu::kind(&out.command, &content);
            if whole {
                self.io.observe_octets(Actor::Card, "response", octets, apdu::response_context(to));
            } else {
                let ResponseApdu { data, sw } = response.clone();
                self.io.observe_first(Actor::Card, "response", octets, move || apdu::response_fields(to, sw.0, &data));
            }
        }
        // Without command details it is none that could be carried out.
        let readable = |octets: &[u8]| ProactiveCommand::parse(octets).is_ok_and(|command| command.details().is_some());
        let brought = (out.purpose == Purpose::Fetch).then(|| readable(&response.data));
        if let Some(limit) = self.restless.answered(response.sw.has_proactive_pending(), brought) {
            self.give_card_up(format!("the card has no end of proactive commands: {limit}"));
            return;
        }
        if response.sw.has_proactive_pending() {
            let length = match response.sw.class() {
                StatusClass::ProactivePending(length) => u32::from(length),
                _ => 256,
            };
            if length != 256 || !self.switches.on(Switch::NoLongFetch) {
                self.fetch(length, self.config.fetch_length.of(length));
            }
        }
        self.arrived(&out, &response);
        self.after();
    }

    pub(super) fn arrived(&mut self, out: &Out, response: &ResponseApdu) {
        match &out.purpose {
            Purpose::Start(step) => {
                let next = self.start.next(*step, response);
                let documents = self.start.documents();
                self.bootstrapped(documents);
                self.step(next);
            }
            Purpose::Profile => {
                self.phase = Phase::Idle;
                let skip = self.switches.on(Switch::NoTerminalApplications)
                    || (self.announced && self.switches.on(Switch::AnnounceOnce));
                let allowed = self.start.has_service(SERVICE_77) == Some(true);
                let offered = self.config.profile.has(Facility::TerminalApplications);
                let announces =
                    allowed && offered && !skip && self.config.start && !self.config.applications.is_empty();
                if announces {
                    self.announced = true;
                    if let Err(error) = self.announce(None) {
                        self.io.break_off(&error);
                    }
                }
                // The announcement just sent is itself a wake-up.
                let wake = self.wake.take();
                let by = wake.as_ref().map(|with| with.by.unwrap_or(self.config.wake_up));
                if by == Some(WakeUp::Applications) || self.waking == Some(EnvelopeTag::TerminalApplications) {
                    self.wake_by_announcement(announces, self.start.has_service(SERVICE_77), offered);
                }
                if let Some(with) = wake.filter(|with| with.by.unwrap_or(self.config.wake_up) != WakeUp::Applications)
                    && let Err(error) = self.wake_up(with)
                {
                    self.io.break_off(&error);
                }
            }
            Purpose::Envelope(tries) => self.enveloped(out, *tries, response),
            Purpose::Response => self.meanwhile(),
            Purpose::Fetch if response.sw.is_success() => self.fetched(&response.data),
            // Asked for with another length than the card has told, it has to be there still.
            Purpose::Fetch => {
                if let Some(told) = self.told.filter(|told| out.command.le != Some(*told)) {
                    self.fetch(told, told);
                }
            }
            _ => {}
        }
    }

    /// Fetches a command of which the card has `told` the length, asking for so many octets.
    fn fetch(&mut self, told: u32, octets: u32) {
        self.told = Some(told);
        let command = CommandApdu::new(0x80, 0x12, 0, 0).with_le(octets);
        self.queue.push_front(Out { command, octets: None, purpose: Purpose::Fetch });
    }

    /// What the terminal does with the card besides.
    fn meanwhile(&mut self) {
        let commands = match self.config.choices.terminal.meanwhile {
            Meanwhile::Nothing => return,
            Meanwhile::Status => vec![select::status()],
            Meanwhile::Reads => vec![select::select_id(0x3F00), select::select_id(0x2FE2), select::read_binary(0, 10)],
        };
        // While the card goes on with commands of its own they do not pile up: what comes after would wait for all of them.
        if self.queue.iter().any(|out| commands.contains(&out.command)) {
            return;
        }
        let outs = commands.into_iter().map(|command| Out { command, octets: None, purpose: Purpose::Script });
        self.queue.extend(outs);
    }

    pub(super) fn enveloped(&mut self, out: &Out, tries: u32, response: &ResponseApdu) {
        self.woken(&out.command.data, response.sw);
        self.controlled(&out.command.data, &response.data);
        let busy = response.sw.class() == StatusClass::Busy;
        let forever = !response.sw.is_success() && !busy && self.switches.on(Switch::RetryForever);
        let again = busy && tries < BUSY_TRIES && !self.switches.on(Switch::NoRetryOnBusy);
        if again || forever {
            let purpose = Purpose::Envelope(tries.saturating_add(1));
            let out = Out { purpose, ..out.clone() };
            let wait = if forever { Duration::from_millis(100) } else { BUSY_RETRY };
            self.retries.push((self.io.now + wait, out, tries));
        }
    }

    pub(super) fn fetched(&mut self, octets: &[u8]) {
        let parsed = ProactiveCommand::parse(octets).map_err(|e| e.to_string());
        let kind = parsed.as_ref().map_or_else(|_| "proactive".to_owned(), ProactiveCommand::name);
        let sends = parsed.as_ref().ok().filter(|c| c.command_type() == Some(CommandType::SendData));
        self.turned_away(sends.and_then(|c| c.devices()?.destination.channel_number()));
        let length = octets.len();
        let told = self.told.take().filter(|told| usize::try_from(*told) != Ok(length));
        let unlike = move || told.map(|told| ("length_mismatch", format!("{told} octets were told, {length} came")));
        let asked = match &parsed {
            Ok(command) if self.io.scripted => {
                let channel = command.devices().and_then(|d| d.destination.channel_number());
                let mode = channel.map(|channel| ("channel_mode", json!(self.bip.mode(channel))));
                let context = mode.into_iter().chain(unlike().map(|(name, what)| (name, json!(what))));
                let context = context.map(|(name, value)| (name.to_owned(), value)).collect();
                self.io.hear_octets(Actor::Card, kind, octets, context)
            }
            Ok(_) => false,
            Err(error) => self.io.hear(Actor::Card, kind, octets, || {
                let told = [("malformed", error.clone())].into_iter().chain(unlike());
                told.map(|(name, what)| (name.to_owned(), json!(what))).collect()
            }),
        };
        let pending = Pending::Proactive(parsed);
        if asked { self.waiting.push_back(pending) } else { self.settle(pending) }
    }
}
