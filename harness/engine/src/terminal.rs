//! The terminal: powers a UICC up, runs its proactive commands, is the gateway to its web server, and has a DM Client.

mod bip;
mod http_client;
mod package0_reassembly;
mod start;
mod toolkit;
pub mod tree;

use std::collections::VecDeque;
use std::time::Duration;

use dmsc_dm::tree::ManagementTree;
use dmsc_link::{Peer, Signal, Time};
use dmsc_octets::to_hex;
use dmsc_uicc::apdu::{CommandApdu, ResponseApdu};
use dmsc_uicc::command::ProactiveCommand;
use dmsc_uicc::envelope::{Envelope, EnvelopeTag, Event as CatEvent};
use dmsc_uicc::fs::select;
use dmsc_uicc::object::{Address, LocationStatus, Object, Present, RegistryApplication};
use dmsc_uicc::profile::{Facility, TerminalProfile};
use dmsc_uicc::status::StatusClass;
use serde_json::{Map, json};

use crate::account::Account;
use crate::apdu;
use crate::card::Medium;
use crate::chunks::Chunks;
use crate::dm::server::notification_fields;
use crate::dm::{DmClient, Encoding};
use crate::event::{Actor, Event};
use crate::messages::{ApduWith, Octets, ProfileWith, WakeUp, WakeUpWith, What, Within};
use crate::patch::{Change, Patch};
use crate::player::{Desk, Player, PlayerError, Reply};
use crate::switch::{Switch, Switches};
use bip::{Bip, Notice};
use http_client::HttpClient;
use package0_reassembly::Package0Reassembly;
use start::{Start, Step};

/// How long the card may take to answer before the terminal gives it up (several work waiting times).
const CARD_LIMIT: Duration = Duration::from_secs(10);

/// How often the terminal resets a card that does not answer before it gives the card up.
const REVIVALS: u8 = 3;

/// How long the terminal waits before it repeats an ENVELOPE the card was too busy for.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// How often an ENVELOPE is repeated after 9300.
const BUSY_TRIES: u32 = 10;

/// The number that is called unless a case names another.
const CUSTOMER_CARE: &str = "+18005550199";

/// The service of EF.UST that lets a terminal announce its applications.
const SERVICE_77: u8 = 77;

/// The acts of a person that the reference terminal understands.
pub const ACTS: &[&str] =
    &["stop-dm-client", "start-dm-client", "lose-service", "regain-service", "start-dm-session", "call-customer-care"];

/// The act of putting the card in anew: what was before is over.
pub const INSERT_CARD: &str = "insert-card";

/// Everything that makes a terminal.
#[derive(Clone, Debug)]
pub struct TerminalConfig {
    /// How it reaches the other side.
    pub medium: Medium,
    /// What it offers the card.
    pub profile: TerminalProfile,
    /// The applications it announces, the DM Client among them.
    pub applications: Vec<RegistryApplication>,
    /// The accounts of its DM Client.
    pub accounts: Vec<Account>,
    /// The management tree of its DM Client.
    pub tree: ManagementTree,
    /// The encoding its DM Client uses.
    pub encoding: Encoding,
    /// How often it sends STATUS while idle.
    pub poll_interval: Duration,
    /// The largest buffer a channel is granted, if not the usual one.
    pub max_buffer: Option<u16>,
    /// What wakes the card up unless a case names something else.
    pub wake_up: WakeUp,
    /// Whether it powers the card up by itself.
    pub start: bool,
    /// Whether it resets a card that does not answer, and starts anew.
    pub revives: bool,
    /// The sizes in which channel data reach the card, in octets, in turn; as large as may be when empty.
    pub bip_chunks: Vec<u8>,
    /// Whether its DM Client starts a session when it is notified.
    pub dm_client: bool,
    /// Wrong decisions.
    pub switches: Switches,
    /// Wrong octets.
    pub patches: Vec<Patch>,
    /// Whether it asks before it answers.
    pub scripted: bool,
    /// What its random values follow from.
    pub seed: u64,
}

/// The player.
#[derive(Debug)]
pub struct Terminal {
    desk: Desk,
    config: TerminalConfig,
    switches: Switches,
    phase: Phase,
    start: Start,
    queue: VecDeque<Out>,
    in_flight: Option<Flight>,
    /// ENVELOPEs to be repeated: when, and how often they were tried.
    retries: Vec<(Time, Out, u32)>,
    waiting: VecDeque<Pending>,
    events: Vec<CatEvent>,
    timers: [Option<(Time, u32)>; 8],
    poll_interval: Option<Duration>,
    poll_at: Option<Time>,
    bip: Bip,
    package0: Package0Reassembly,
    client: DmClient,
    client_alive: bool,
    http: HttpClient,
    announced: bool,
    /// A wake-up asked for during the start-up, to be given behind it.
    wake: Option<WakeUpWith>,
    /// A notification that no session was opened for yet, and the account it names.
    notified: Option<(usize, u16)>,
    card_dead: bool,
    /// How often the card was reset because it did not answer.
    revivals: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Off,
    Starting,
    Idle,
}

/// Why an APDU is sent, and so what its answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Purpose {
    Start(Step),
    Profile,
    Envelope(u32),
    Fetch,
    Response,
    Status,
    Script,
}

#[derive(Clone, Debug)]
struct Out {
    command: CommandApdu,
    /// The octets, when a case or a fault changed them.
    octets: Option<Vec<u8>>,
    purpose: Purpose,
}

#[derive(Clone, Debug)]
struct Flight {
    out: Out,
    deadline: Time,
    /// Response data collected over GET RESPONSE.
    data: Vec<u8>,
}

/// A message that waits for its answer.
#[derive(Debug)]
enum Pending {
    Proactive(Result<ProactiveCommand, String>),
    Notification(Vec<u8>),
    Response(http_client::Response),
}

impl Terminal {
    /// A terminal, switched off.
    pub fn new(config: TerminalConfig) -> Terminal {
        let client = DmClient::new(
            config.accounts.clone(),
            config.tree.clone(),
            config.encoding,
            config.switches.clone(),
            config.seed,
        );
        let mut terminal = Terminal {
            desk: Desk::new(config.scripted, config.patches.clone()),
            switches: config.switches.clone(),
            phase: Phase::Off,
            start: Start::default(),
            queue: VecDeque::new(),
            in_flight: None,
            retries: Vec::new(),
            waiting: VecDeque::new(),
            events: Vec::new(),
            timers: [None; 8],
            poll_interval: None,
            poll_at: None,
            bip: new_bip(&config),
            package0: Package0Reassembly::default(),
            client,
            client_alive: true,
            http: HttpClient::default(),
            announced: false,
            wake: None,
            notified: None,
            card_dead: false,
            revivals: 0,
            config,
        };
        // The reference DUT is switched on when somebody is there to answer; the harness's own side is started.
        if !terminal.config.scripted {
            terminal.begin();
        }
        terminal
    }

    fn begin(&mut self) {
        if self.config.medium.has_contact() && self.config.start {
            self.power(Signal::PowerOn);
        }
    }

    /// Powers or resets the card.
    fn power(&mut self, signal: Signal) {
        self.forget_card(if signal == Signal::PowerOn { "power-on" } else { "reset" });
        let deadline = self.desk.now + CARD_LIMIT;
        let out = Out { command: CommandApdu::default(), octets: None, purpose: Purpose::Script };
        self.in_flight = Some(Flight { out, deadline, data: Vec::new() });
        self.desk.send(signal);
    }

    /// The card starts anew: everything that belongs to the card session is lost (TS 102 221 6.4).
    fn forget_card(&mut self, kind: &'static str) {
        self.desk.say(Actor::Terminal, kind, &[], Map::new);
        self.card_dead = false;
        self.phase = Phase::Starting;
        self.start = Start::default();
        self.queue.clear();
        self.retries.clear();
        self.events.clear();
        self.timers = [None; 8];
        self.poll_interval = Some(self.config.poll_interval);
        self.poll_at = None;
        self.bip = new_bip(&self.config);
        self.package0 = Package0Reassembly::default();
        self.http = HttpClient::default();
        self.client.abandon();
    }

    fn atr(&mut self, octets: &[u8]) {
        let awaited = self.in_flight.as_ref().is_some_and(Flight::is_reset);
        if !awaited {
            // The link has reset the card by itself.
            self.forget_card("reset");
        }
        self.in_flight = None;
        self.desk.observe(Actor::Card, "atr", octets, || {
            let mut map = Map::from_iter([("atr".to_owned(), json!(to_hex(octets)))]);
            match dmsc_uicc::atr::Atr::parse(octets) {
                Ok(atr) => map.insert("protocols".into(), json!(atr.protocols())),
                Err(error) => map.insert("malformed".into(), json!(error.to_string())),
            };
            map
        });
        if self.config.start {
            self.step(Step::SelectMf);
        } else {
            self.phase = Phase::Idle;
        }
    }

    fn step(&mut self, step: Step) {
        match self.start.command(step) {
            Some(command) => self.send(command, Purpose::Start(step)),
            None => self.send_profile(None),
        }
    }

    fn send_profile(&mut self, asked: Option<&Change>) {
        let mut profile = self.config.profile.clone();
        let fields = apdu::profile_fields(&profile);
        let change = self.desk.change("terminal-profile", asked, || fields.clone());
        let mut data = profile.0.clone();
        if let Some(change) = &change {
            let altered = change.read().map_err(PlayerError::from).and_then(|with| {
                alter_profile(&mut profile, &with);
                data.clone_from(&profile.0);
                change.edit(&mut data).map_err(PlayerError)
            });
            if let Err(error) = altered {
                self.desk.break_off(&error);
            }
        }
        self.config.profile = profile;
        let command = CommandApdu::new(0x80, 0x10, 0, 0).with_data(data);
        self.send(command, Purpose::Profile);
    }

    /// ENVELOPE (TERMINAL APPLICATIONS), the last one carrying Last Envelope (TS 102 223 7.8).
    fn announce(&mut self, asked: Option<&Change>) -> Result<(), PlayerError> {
        let mut envelope = Envelope::new(EnvelopeTag::TerminalApplications);
        for application in &self.config.applications {
            envelope = envelope.with(Object::RegistryApplication(application.clone()));
        }
        self.envelope(envelope.with(Object::LastEnvelope(Present)), asked)
    }

    fn envelope(&mut self, envelope: Envelope, asked: Option<&Change>) -> Result<(), PlayerError> {
        let kind = envelope.name();
        let change = self.desk.change(&kind, asked, || envelope.to_fields());
        if change.as_ref().is_some_and(|c| c.drop) {
            return Ok(());
        }
        let data = apdu::build_envelope(envelope, change.as_ref())?;
        // What is announced is what there is: channels are opened to it, and it is announced again after a reset.
        let announced: Vec<_> = match Envelope::parse(&data) {
            Ok(built) => built.objects.applications().cloned().collect(),
            Err(_) => Vec::new(),
        };
        if !announced.is_empty() {
            self.config.applications = announced;
        }
        let command = CommandApdu::new(0x80, 0xC2, 0, 0).with_data(data).with_le(256);
        self.send(command, Purpose::Envelope(0));
        Ok(())
    }

    fn send(&mut self, command: CommandApdu, purpose: Purpose) {
        self.queue.push_back(Out { command, octets: None, purpose });
        self.pump();
    }

    /// Sends the next APDU when the card is free and no proactive command waits for its answer.
    fn pump(&mut self) {
        let busy = self.in_flight.is_some() || self.waiting.iter().any(|p| matches!(p, Pending::Proactive(_)));
        if busy || self.card_dead {
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
                    let command = out.command.clone();
                    self.desk.say_first(Actor::Terminal, kind, &octets, move || apdu::fields(&command, &content));
                }
                self.in_flight = Some(Flight { out, deadline: self.desk.now + CARD_LIMIT, data: Vec::new() });
                self.desk.send(Signal::Command(octets));
                self.poll_at = None;
            }
            Err(error) => self.desk.break_off(&error),
        }
    }

    fn response(&mut self, octets: &[u8]) {
        let Some(mut flight) = self.in_flight.take() else { return };
        if flight.is_reset() {
            // The answer to a command that a reset has cut off; what is awaited is the answer to reset.
            self.in_flight = Some(flight);
            return;
        }
        let Ok(response) = ResponseApdu::parse(octets) else {
            self.desk.observe(Actor::Card, "response", octets, || {
                Map::from_iter([("malformed".to_owned(), json!("a response APDU has a status word of two octets"))])
            });
            self.after();
            return;
        };
        match response.sw.class() {
            StatusClass::MoreData(length) => {
                flight.data.extend_from_slice(&response.data);
                let follow = select::get_response(length);
                if let Ok(octets) = follow.encode() {
                    flight.deadline = self.desk.now + CARD_LIMIT;
                    self.in_flight = Some(flight);
                    self.desk.send(Signal::Command(octets));
                }
                return;
            }
            StatusClass::WrongLe(length) if flight.out.command.data.is_empty() => {
                let again = flight.out.command.clone().with_le(u32::from(length));
                // A card that corrects the length for ever is not followed for ever.
                if again.le != flight.out.command.le
                    && let Ok(octets) = again.encode()
                {
                    flight.out.command = again;
                    self.in_flight = Some(flight);
                    self.desk.send(Signal::Command(octets));
                    return;
                }
            }
            _ => {}
        }
        let mut data = flight.data;
        data.extend_from_slice(&response.data);
        let response = ResponseApdu { data, sw: response.sw };
        let out = flight.out;
        if out.purpose != Purpose::Fetch {
            let content = apdu::content(&out.command);
            let to = apdu::kind(&out.command, &content);
            self.desk.observe(Actor::Card, "response", octets, || {
                let mut map = Map::with_capacity(3);
                map.insert("to".into(), to.into());
                map.insert("sw".into(), response.sw.0.into());
                map.insert("data".into(), to_hex(&response.data).into());
                map
            });
        }
        if response.sw.has_proactive_pending() {
            let length = match response.sw.class() {
                StatusClass::ProactivePending(length) => u32::from(length),
                _ => 256,
            };
            let command = CommandApdu::new(0x80, 0x12, 0, 0).with_le(length);
            self.queue.push_front(Out { command, octets: None, purpose: Purpose::Fetch });
        }
        self.arrived(&out, &response);
        self.after();
    }

    fn arrived(&mut self, out: &Out, response: &ResponseApdu) {
        match &out.purpose {
            Purpose::Start(step) => {
                let next = self.start.next(*step, response);
                self.step(next);
            }
            Purpose::Profile => {
                self.phase = Phase::Idle;
                let skip = self.switches.on(Switch::NoTerminalApplications)
                    || (self.announced && self.switches.on(Switch::AnnounceOnce));
                let allowed = self.start.has_service(SERVICE_77) == Some(true);
                let offered = self.config.profile.has(Facility::TerminalApplications);
                if allowed && offered && !skip && self.config.start && !self.config.applications.is_empty() {
                    self.announced = true;
                    if let Err(error) = self.announce(None) {
                        self.desk.break_off(&error);
                    }
                }
                // The announcement just sent is itself a wake-up.
                let wake = self.wake.take();
                if let Some(with) = wake.filter(|with| with.by.unwrap_or(self.config.wake_up) != WakeUp::Applications)
                    && let Err(error) = self.wake_up(with)
                {
                    self.desk.break_off(&error);
                }
            }
            Purpose::Envelope(tries) => self.enveloped(out, *tries, response),
            Purpose::Fetch if response.sw.is_success() => self.fetched(&response.data),
            _ => {}
        }
    }

    fn enveloped(&mut self, out: &Out, tries: u32, response: &ResponseApdu) {
        let busy = response.sw.class() == StatusClass::Busy;
        let forever = !response.sw.is_success() && !busy && self.switches.on(Switch::RetryForever);
        let again = busy && tries < BUSY_TRIES && !self.switches.on(Switch::NoRetryOnBusy);
        if again || forever {
            let purpose = Purpose::Envelope(tries.saturating_add(1));
            let out = Out { purpose, ..out.clone() };
            let wait = if forever { Duration::from_millis(100) } else { BUSY_RETRY };
            self.retries.push((self.desk.now + wait, out, tries));
        }
    }

    fn fetched(&mut self, octets: &[u8]) {
        let parsed = ProactiveCommand::parse(octets).map_err(|e| e.to_string());
        let kind = parsed.as_ref().map_or_else(|_| "proactive".to_owned(), ProactiveCommand::name);
        let bip = &self.bip;
        let asked = self.desk.hear(Actor::Card, kind, octets, || match &parsed {
            Ok(command) => {
                let mut fields = command.to_fields();
                if let Some(channel) = command.devices().and_then(|d| d.destination.channel_number()) {
                    fields.insert("channel_mode".into(), json!(bip.mode(channel)));
                }
                fields
            }
            Err(error) => Map::from_iter([("malformed".to_owned(), json!(error))]),
        });
        let pending = Pending::Proactive(parsed);
        if asked { self.waiting.push_back(pending) } else { self.settle(pending) }
    }

    fn settle(&mut self, pending: Pending) {
        if let Err(error) = self.resolve(pending, &Reply::Default) {
            self.desk.break_off(&error);
        }
    }

    fn resolve(&mut self, pending: Pending, reply: &Reply) -> Result<(), PlayerError> {
        match pending {
            Pending::Proactive(command) => self.answer_command(command, reply)?,
            Pending::Notification(octets) => self.answer_notification(&octets, reply)?,
            Pending::Response(response) => self.answer_response(response, reply)?,
        }
        self.pump();
        Ok(())
    }

    /// The exchange is over: what is next, or idle until the next poll.
    fn after(&mut self) {
        self.pump();
        if self.in_flight.is_none() && self.phase == Phase::Idle && self.waiting.is_empty() {
            let quiet = self.switches.on(Switch::NoPolling) || !self.config.start;
            self.poll_at = self.poll_interval.filter(|_| !quiet).map(|interval| self.desk.now + interval);
        }
    }

    /// Tells the card of a change on a channel, if it asked to be told.
    fn tell(&mut self, notice: Notice) {
        let (event, envelope) = match notice {
            Notice::Status(status) => {
                if self.switches.on(Switch::NoChannelStatusEvent) {
                    return;
                }
                (CatEvent::ChannelStatus, Envelope::event(CatEvent::ChannelStatus).with(Object::ChannelStatus(status)))
            }
            Notice::Data(status, length) => {
                if self.switches.on(Switch::NoDataAvailable) {
                    return;
                }
                let envelope = Envelope::event(CatEvent::DataAvailable)
                    .with(Object::ChannelStatus(status))
                    .with(Object::ChannelDataLength(length));
                (CatEvent::DataAvailable, envelope)
            }
        };
        if !self.events.contains(&event) && !self.switches.on(Switch::EventsUnasked) {
            return;
        }
        if let Err(error) = self.envelope(envelope, None) {
            self.desk.break_off(&error);
        }
    }

    /// The card does not answer: it is reset, first with power, then without, and given up in the end.
    fn silent(&mut self) {
        self.in_flight = None;
        self.queue.clear();
        self.card_dead = true;
        if self.config.revives && self.revivals < REVIVALS && !self.switches.on(Switch::GiveUpOnSilence) {
            let signal = if self.revivals == 0 { Signal::Reset } else { Signal::PowerOn };
            self.revivals = self.revivals.saturating_add(1);
            self.power(signal);
        }
    }

    /// A person puts the card in.
    fn insert_card(&mut self) {
        if self.card_dead && self.switches.on(Switch::GiveUpOnSilence) {
            return;
        }
        self.revivals = 0;
        self.announced = false;
        self.waiting.clear();
        self.wake = None;
        self.notified = None;
        self.client.forget_taken();
        self.begin();
    }

    fn location_event(&mut self, status: LocationStatus, asked: Option<&Change>) -> Result<(), PlayerError> {
        let mut envelope = Envelope::event(CatEvent::LocationStatus).with(Object::LocationStatus(status));
        if status == LocationStatus::Normal {
            envelope = envelope.with(Object::LocationInformation(LOCATION.to_vec()));
        }
        self.envelope(envelope, asked)
    }

    fn call(&mut self, number: &str, asked: Option<&Change>) -> Result<(), PlayerError> {
        let address = Address::from_text(number).ok_or_else(|| PlayerError(format!("\"{number}\" is not a number")))?;
        let envelope = Envelope::new(EnvelopeTag::CallControl)
            .with(Object::Address(address))
            .with(Object::LocationInformation(LOCATION.to_vec()));
        self.envelope(envelope, asked)
    }

    /// What a person does at the bench, for a reference DUT.
    fn act(&mut self, name: &str) {
        let done = match name {
            "stop-dm-client" => {
                self.client_alive = false;
                Ok(())
            }
            "start-dm-client" => {
                self.client_alive = true;
                Ok(())
            }
            "lose-service" if self.events.contains(&CatEvent::LocationStatus) => {
                self.location_event(LocationStatus::None, None)
            }
            "regain-service" if self.events.contains(&CatEvent::LocationStatus) => {
                self.location_event(LocationStatus::Normal, None)
            }
            INSERT_CARD => {
                self.insert_card();
                Ok(())
            }
            "start-dm-session" => self.open_session(0, None, &Change::default()),
            "call-customer-care" => self.call(CUSTOMER_CARE, None),
            _ => Ok(()),
        };
        if let Err(error) = done {
            self.desk.break_off(&error);
        }
    }
}

impl Flight {
    /// Whether it is the answer to reset that is awaited.
    fn is_reset(&self) -> bool {
        self.out.command == CommandApdu::default()
    }
}

fn new_bip(config: &TerminalConfig) -> Bip {
    let chunks = Chunks::new(config.bip_chunks.clone());
    Bip::new(config.profile.channels(), config.max_buffer, chunks, config.switches.clone())
}

/// Location information of a test network: PLMN 001/01.
const LOCATION: [u8; 7] = [0x00, 0xF1, 0x10, 0x00, 0x01, 0x00, 0x01];

/// Applies the profile fields of a case, a fault or a set-up.
pub fn alter_profile(profile: &mut TerminalProfile, with: &ProfileWith) {
    if let Some(Octets(octets)) = &with.profile {
        profile.0.clone_from(octets);
    }
    with.off.iter().flatten().for_each(|facility| profile.clear(*facility));
    with.on.iter().flatten().for_each(|facility| profile.set(*facility));
}

impl Peer for Terminal {
    fn handle(&mut self, now: Time, signal: Signal) {
        self.desk.now = now;
        match signal {
            Signal::Atr(octets) => self.atr(&octets),
            Signal::Response(octets) => self.response(&octets),
            Signal::Connected(id) => self.stream_open(id),
            Signal::Refused(id, why) => self.stream_refused(id, &why),
            Signal::Data(id, octets) => self.stream_data(id, &octets),
            Signal::Close(id) => self.stream_closed(id),
            Signal::Notify(octets) => self.notify(octets),
            Signal::Notified => self.desk.observe(Actor::Server, "notified", &[], Map::new),
            Signal::Act(name) => self.act(&name),
            _ => {}
        }
    }

    fn tick(&mut self, now: Time) {
        self.desk.now = now;
        if let Some(flight) = self.in_flight.as_ref().filter(|f| f.deadline <= now) {
            let what = if flight.is_reset() { "no answer to reset" } else { "no answer to an APDU" };
            self.desk.say(Actor::Terminal, "silence", &[], || Map::from_iter([("what".to_owned(), json!(what))]));
            self.silent();
            return;
        }
        self.expire(now);
        let due: Vec<Out> = {
            let (due, later): (Vec<_>, Vec<_>) = self.retries.drain(..).partition(|(at, ..)| *at <= now);
            self.retries = later;
            due.into_iter().map(|(_, out, _)| out).collect()
        };
        self.queue.extend(due);
        if self.poll_at.is_some_and(|at| at <= now) {
            self.poll_at = None;
            self.queue.push_back(Out { command: select::status(), octets: None, purpose: Purpose::Status });
        }
        self.pump();
        self.http_tick();
    }

    fn wake_at(&self) -> Option<Time> {
        let flight = self.in_flight.as_ref().map(|f| f.deadline);
        let timers =
            self.timers.iter().flatten().map(|(at, _)| *at).min().filter(|_| !self.switches.on(Switch::DeadTimers));
        let retries = self.retries.iter().map(|(at, ..)| *at).min();
        if self.card_dead {
            return self.http.deadline();
        }
        [flight, timers, retries, self.poll_at, self.http.deadline()].into_iter().flatten().min()
    }

    fn poll(&mut self) -> Option<Signal> {
        self.desk.poll()
    }
}

impl Player for Terminal {
    fn start(&mut self, now: Time) {
        self.desk.now = now;
        if self.config.scripted {
            self.begin();
        }
    }

    fn next_event(&mut self) -> Option<Event> {
        self.desk.next_event()
    }

    fn answer(&mut self, now: Time, reply: &Reply) -> Result<(), PlayerError> {
        self.desk.now = now;
        match self.waiting.pop_front() {
            Some(pending) => {
                self.resolve(pending, reply)?;
                self.after();
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn perform(&mut self, now: Time, what: What, change: &Change) -> Result<(), PlayerError> {
        self.desk.now = now;
        match what {
            What::PowerOn => self.power(Signal::PowerOn),
            What::Reset => self.power(Signal::Reset),
            What::Profile => self.send_profile(Some(change)),
            What::Envelope(Some(EnvelopeTag::TerminalApplications)) => self.announce(Some(change))?,
            What::Envelope(Some(EnvelopeTag::CallControl)) => self.call(CUSTOMER_CARE, Some(change))?,
            What::Envelope(Some(tag)) => self.envelope(Envelope::new(tag), Some(change))?,
            What::Event(Some(CatEvent::LocationStatus)) => {
                self.location_event(LocationStatus::Normal, Some(change))?;
            }
            What::Event(Some(event)) => self.envelope(Envelope::event(event), Some(change))?,
            What::Apdu(ins) => self.send_apdu(ins, change)?,
            What::WakeUp => self.wake_up(change.read()?)?,
            What::HttpRequest => self.raw_request(change)?,
            What::DmMessage => self.dm_message(change)?,
            What::Connect => self.connect_only()?,
            What::Disconnect => self.disconnect(),
            // Everything else comes from a card or a server, is an answer, or stands for several.
            What::Atr
            | What::Response
            | What::Envelope(None)
            | What::Event(None)
            | What::Command(_)
            | What::TerminalResponse(_)
            | What::Notification
            | What::Notified
            | What::Connection
            | What::HttpResponse
            | What::HttpGarbage => {
                return Err(PlayerError(format!("a terminal does not send {what:?} by itself")));
            }
        }
        Ok(())
    }

    fn account(&self) -> Option<&Account> {
        self.client.accounts.first()
    }
}

impl Terminal {
    fn wake_up(&mut self, with: WakeUpWith) -> Result<(), PlayerError> {
        if !self.config.medium.has_contact() {
            self.desk.send(Signal::Wake);
            return Ok(());
        }
        if self.phase == Phase::Starting {
            self.wake = Some(with);
            return Ok(());
        }
        match with.by.unwrap_or(self.config.wake_up) {
            // A card takes the announcement for a wake-up once after power-on, and so does not hear a second one.
            WakeUp::Applications if self.config.start => {
                self.power(Signal::Reset);
                Ok(())
            }
            WakeUp::Applications => self.announce(None),
            WakeUp::Location => self.location_event(LocationStatus::Normal, None),
            WakeUp::CallControl => self.call(with.number.as_deref().unwrap_or(CUSTOMER_CARE), None),
            // A timer the card started runs out by itself; STATUS comes at once.
            WakeUp::Timer | WakeUp::Status => {
                self.send(select::status(), Purpose::Status);
                Ok(())
            }
        }
    }

    /// An APDU that a case makes: of this instruction, or any.
    fn send_apdu(&mut self, ins: Option<u8>, change: &Change) -> Result<(), PlayerError> {
        let with: ApduWith = change.read()?;
        let base = apdu::default_command(ins);
        let command = CommandApdu {
            cla: with.cla.unwrap_or(base.cla),
            ins: with.ins.unwrap_or(base.ins),
            p1: with.p1.unwrap_or(base.p1),
            p2: with.p2.unwrap_or(base.p2),
            data: with.data.map_or(base.data, |Octets(data)| data),
            le: with.le.map_or(base.le, |le| le.into_option().map(Within::get)),
        };
        let mut octets = match with.octets {
            Some(Octets(octets)) => octets,
            None => command.encode().map_err(|e| PlayerError(e.to_string()))?,
        };
        change.edit(&mut octets)?;
        let command = CommandApdu::parse(&octets).unwrap_or(command);
        let purpose = if command.ins == 0x12 { Purpose::Fetch } else { Purpose::Script };
        self.queue.push_back(Out { command, octets: Some(octets), purpose });
        self.pump();
        Ok(())
    }

    /// A notification has reached the terminal's own side.
    fn notify(&mut self, octets: Vec<u8>) {
        let account = self.client.accounts.first().cloned();
        let asked = self.desk.hear(Actor::Server, "notification", &octets, || {
            account.map(|account| notification_fields(&octets, &account)).unwrap_or_default()
        });
        let pending = Pending::Notification(octets);
        if asked { self.waiting.push_back(pending) } else { self.settle(pending) }
    }
}
