//! The terminal: powers a UICC up, runs its proactive commands, is the gateway to its web server, and has a DM Client.

mod acts;
mod asked;
mod bip;
mod bootstrap;
mod cdma;
mod config;
mod dm_messages;
mod exchange;
mod http_client;
mod inbox;
mod last_words;
pub mod limits;
mod offers;
mod package0_reassembly;
mod pushed;
mod sms;
mod start;
mod tls;
mod toolkit;
pub mod tree;
mod visitors;

use std::collections::VecDeque;
use std::time::Duration;

use dmsc_link::{Peer, Signal, Time};
use dmsc_octets::to_hex;
use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::command::ProactiveCommand;
use dmsc_uicc::envelope::{Envelope, EnvelopeTag, Event as CatEvent};
use dmsc_uicc::fs::select;
use dmsc_uicc::object::{LocationStatus, Object};
use serde_json::{Map, json};

use crate::account::Account;
use crate::chunks::Chunks;
use crate::conduit::Transport;
use crate::dm::DmClient;
use crate::dm::server::notification_fields;
use crate::event::{Actor, Event};
use crate::messages::{Tls, WakeUpWith, What};
use crate::patch::Change;
use crate::player::{Delivery, Player, PlayerError, PlayerIo, Reply};
use crate::service_centre::ServiceCentre;
use crate::switch::{Switch, Switches};
use crate::tls::TlsClient;
pub use acts::{ACTS, DELIVER_SMS, INSERT_CARD, alter_profile};
use acts::{CUSTOMER_CARE, HOME};
use bip::{Bip, Notice};
pub use config::TerminalConfig;
use http_client::HttpClient;
use inbox::Inbox;
use limits::{ANSWER, Followed, Restless};
pub use offers::{choose_profile, chosen_applications, chosen_arrival, chosen_buffer, chosen_polling};
use package0_reassembly::Package0Reassembly;
use pushed::AskedFor;
use sms::Control;
use start::{Start, Step};
use visitors::Visitors;

/// How often the terminal resets a card that does not answer before it gives the card up.
const REVIVALS: u8 = 3;

/// The player.
#[derive(Debug)]
pub struct Terminal {
    io: PlayerIo,
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
    /// The documents of a bootstrap that were taken in.
    bootstrap: Vec<Vec<u8>>,
    /// Whether the user has given a PIN for the card.
    pin_given: bool,
    /// The bootstrap in a push that waits for the user.
    asked_for: Option<AskedFor>,
    client_alive: bool,
    http: HttpClient,
    /// Its other clients.
    visitors: Visitors,
    tls: TlsClient,
    announced: bool,
    /// A wake-up asked for during the start-up, to be given after it.
    wake: Option<WakeUpWith>,
    /// The ENVELOPE that is to wake the card up, until it is answered.
    waking: Option<EnvelopeTag>,
    /// A notification that no session was opened for yet, and the account it names.
    notified: Option<(usize, u16)>,
    card_dead: bool,
    /// Why the card was given up, if it was for more than a silence that a case may be about.
    given_up: Option<String>,
    restless: Restless,
    /// How often the card was reset because it did not answer.
    revivals: u8,
    network: ServiceCentre,
    /// Whether the terminal is in the service of the network.
    in_service: bool,
    /// Where it is, as location information has it.
    place: [u8; 7],
    /// Whether its user is on a call.
    on_call: bool,
    /// How long the card has said that the command is which is fetched next, in octets.
    told: Option<u32>,
    /// The reference of the latest short message that it has sent.
    references: u8,
    inbox: Inbox,
    /// A command that waits for what the card says of it, and how the case has it answered.
    held: Option<(ProactiveCommand, Reply)>,
    /// What the card has said of the command that is carried out.
    control: Option<Control>,
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
    began: Time,
    deadline: Time,
    followed: Followed,
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
        let mut client = DmClient::new(
            config.accounts.clone(),
            config.tree.clone(),
            config.encoding,
            config.choices,
            config.switches.clone(),
            config.seed,
        );
        client.versions = config.versions;
        let mut terminal = Terminal {
            io: PlayerIo::new(config.scripted, config.patches.clone(), config.choices.dm.pace),
            switches: config.switches.clone(),
            phase: Phase::Off,
            start: Start::of(&config, false),
            pin_given: false,
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
            bootstrap: Vec::new(),
            asked_for: None,
            client_alive: true,
            http: HttpClient::default(),
            visitors: Visitors::default(),
            tls: TlsClient::new(config.choices.tls, config.switches.clone(), config.seed),
            announced: false,
            wake: None,
            waking: None,
            notified: None,
            card_dead: false,
            given_up: None,
            restless: Restless::default(),
            revivals: 0,
            network: ServiceCentre::of(config.own_number.as_deref()),
            in_service: true,
            place: HOME,
            on_call: false,
            told: None,
            references: 0,
            inbox: Inbox::default(),
            held: None,
            control: None,
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
        let out = Out { command: CommandApdu::default(), octets: None, purpose: Purpose::Script };
        self.in_flight = Some(Flight::new(out, self.io.now));
        self.io.send(signal);
    }

    /// The card starts again: everything that belongs to the card session is lost (TS 102 221 6.4).
    fn forget_card(&mut self, kind: &'static str) {
        self.io.say(Actor::Terminal, kind, &[], Map::new);
        self.card_dead = false;
        self.given_up = None;
        self.restless = Restless::default();
        self.phase = Phase::Starting;
        self.start = Start::of(&self.config, self.pin_given);
        self.queue.clear();
        self.retries.clear();
        self.events.clear();
        self.timers = [None; 8];
        self.poll_interval = Some(self.config.poll_interval);
        self.poll_at = None;
        self.bip = new_bip(&self.config);
        self.package0 = Package0Reassembly::default();
        self.http = HttpClient::default();
        self.visitors = Visitors::default();
        (self.held, self.control, self.told) = (None, None, None);
        self.client.abandon();
    }

    fn atr(&mut self, octets: &[u8]) {
        if !self.awaits(true) {
            // The link has reset the card by itself.
            self.forget_card("reset");
        }
        self.in_flight = None;
        self.io.observe(Actor::Card, "atr", octets, || {
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
            None if step == Step::Ready => {}
            None => self.send_profile(None),
        }
    }

    fn settle(&mut self, pending: Pending) {
        if let Err(error) = self.resolve(pending, &Reply::Default) {
            self.io.break_off(&error);
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
        if self.is_idle() {
            self.resume();
        }
        if self.is_idle()
            && let Some(step) = self.start.left()
        {
            self.step(step);
        }
        if self.is_idle() {
            let quiet = self.switches.on(Switch::NoPolling) || !self.config.start;
            self.poll_at = self.poll_interval.filter(|_| !quiet).map(|interval| self.io.now + interval);
        }
    }

    /// Whether there is nothing to say to the card, and nothing to wait for.
    fn is_idle(&self) -> bool {
        !self.is_engaged() && self.waiting.is_empty()
    }

    /// Whether the card is being started, has a command to answer, or one of its own to have answered.
    fn is_engaged(&self) -> bool {
        self.phase != Phase::Idle || self.is_exchanging()
    }

    /// Whether the card owes an answer, or is owed one.
    fn is_exchanging(&self) -> bool {
        self.in_flight.is_some() || self.waiting.iter().any(|pending| matches!(pending, Pending::Proactive(_)))
    }

    /// Whether it is the answer to a reset, or to a command, that it waits for.
    fn awaits(&self, reset: bool) -> bool {
        self.in_flight.as_ref().is_some_and(|flight| flight.is_reset() == reset)
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
            self.io.break_off(&error);
        }
    }

    /// The card does not answer, why the link may know: it is reset, first with power, then without, and given up in the
    /// end. A terminal that does not reset it has no card to start with when that happens before it is ready.
    fn silent(&mut self, why: Option<&str>) {
        let Some(flight) = self.in_flight.take() else { return };
        let what = if flight.is_reset() { "no answer to reset" } else { "no answer to an APDU" };
        let what = why.map_or_else(|| what.to_owned(), |why| format!("{what}: {why}"));
        self.io.say(Actor::Terminal, "silence", &[], || Map::from_iter([("what".to_owned(), json!(what))]));
        if !self.config.revives && flight.begins_session() {
            self.give_card_up(flight.unanswered(why));
            return;
        }
        self.queue.clear();
        self.card_dead = true;
        if !matches!(self.io.delivery, Delivery::None | Delivery::Delivered(_)) {
            self.io.delivery = Delivery::Failed("the card does not answer".into());
        }
        if self.config.revives && self.revivals < REVIVALS && !self.switches.on(Switch::GiveUpOnSilence) {
            let signal = if self.revivals == 0 { Signal::Reset } else { Signal::PowerOn };
            self.revivals = self.revivals.saturating_add(1);
            self.power(signal);
        }
    }
}

impl Flight {
    fn new(out: Out, now: Time) -> Flight {
        Flight { out, began: now, deadline: now + ANSWER, followed: Followed::default(), data: Vec::new() }
    }

    /// Whether the terminal has no card to work with when this stays without an answer.
    fn begins_session(&self) -> bool {
        self.is_reset() || matches!(self.out.purpose, Purpose::Start(_) | Purpose::Profile)
    }

    /// That no answer came, in words; `why` is what the link says of it.
    fn unanswered(&self, why: Option<&str>) -> String {
        let what = if self.is_reset() { "its reset".to_owned() } else { limits::header(&self.out.command) };
        let why = why.map_or_else(|| format!("within {} s", ANSWER.as_secs()), |why| format!("({why})"));
        format!("the card did not answer {what} {why}, and the start-up ended there")
    }

    /// Whether it is the answer to reset that is awaited.
    fn is_reset(&self) -> bool {
        self.out.command == CommandApdu::default()
    }
}

fn new_bip(config: &TerminalConfig) -> Bip {
    let chunks = Chunks::new(config.bip_chunks.clone());
    let (choices, switches) = (config.choices.terminal, config.switches.clone());
    Bip::new(config.profile.channels(), config.max_buffer, chunks, choices, switches)
}

impl Peer for Terminal {
    fn handle(&mut self, now: Time, signal: Signal) {
        self.io.now = now;
        match signal {
            Signal::Atr(octets) => self.atr(&octets),
            Signal::Response(octets) => self.response(&octets),
            Signal::Unanswered { reset, why } if self.awaits(reset) => self.silent(Some(&why)),
            Signal::Connected(id) if self.visitor_connected(Transport::Stream(id)) => {}
            Signal::Connected(id) => self.stream_open(id),
            Signal::Refused(id, _) | Signal::Close(id) if self.visitor_cut(Transport::Stream(id)) => {}
            Signal::Refused(id, why) => self.stream_refused(id, &why),
            Signal::Data(id, octets) if self.visitor_hears(Transport::Stream(id), &octets) => {}
            Signal::Data(id, octets) => self.stream_data(id, &octets),
            Signal::Close(id) => self.stream_closed(id),
            Signal::Notify(octets) => self.notify(octets),
            Signal::Notified => self.io.observe(Actor::Server, "notified", &[], Map::new),
            Signal::Act(name) => self.act(&name),
            Signal::Sms(octets) => self.short_message(&octets),
            _ => {}
        }
    }

    fn tick(&mut self, now: Time) {
        self.io.now = now;
        if self.in_flight.as_ref().is_some_and(|flight| flight.deadline <= now) {
            self.silent(None);
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
        for octets in self.package0.expired(now) {
            self.notify(octets);
        }
        self.pump();
        self.http_tick();
        self.visitors_tick();
    }

    fn wake_at(&self) -> Option<Time> {
        let flight = self.in_flight.as_ref().map(|f| f.deadline);
        let timers =
            self.timers.iter().flatten().map(|(at, _)| *at).min().filter(|_| !self.switches.on(Switch::DeadTimers));
        let retries = self.retries.iter().map(|(at, ..)| *at).min();
        let clients = [self.http.deadline(), self.visitors.deadline()].into_iter().flatten().min();
        if self.card_dead {
            return [self.io.due(), clients].into_iter().flatten().min();
        }
        let piece = self.package0.deadline();
        [self.io.due(), flight, timers, retries, self.poll_at, piece, clients].into_iter().flatten().min()
    }

    fn poll(&mut self) -> Option<Signal> {
        self.io.poll()
    }
}

impl Player for Terminal {
    fn start(&mut self, now: Time) {
        self.io.now = now;
        if self.config.scripted {
            self.begin();
        }
    }

    fn next_event(&mut self) -> Option<Event> {
        self.io.next_event()
    }

    fn answer(&mut self, now: Time, reply: &Reply) -> Result<(), PlayerError> {
        self.io.now = now;
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
        self.io.now = now;
        match what {
            What::PowerOn => self.power(Signal::PowerOn),
            What::Reset => self.power(Signal::Reset),
            What::Profile => self.send_profile(Some(change)),
            What::Envelope(Some(EnvelopeTag::TerminalApplications)) => self.announce(Some(change))?,
            What::Envelope(Some(EnvelopeTag::CallControl)) => self.call(CUSTOMER_CARE, Some(change))?,
            What::Envelope(Some(EnvelopeTag::SmsPpDownload)) => self.envelope(sms::download_of(&[]), Some(change))?,
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
            What::Tls(Tls::ClientHello) => self.say_hello(change)?,
            What::Tls(what @ (Tls::Alert | Tls::Record)) => self.act_in_tls(what, change)?,
            // Everything else comes from a card or a server, is an answer, or stands for several.
            What::Atr
            | What::Response
            | What::Envelope(None)
            | What::Event(None)
            | What::Command(_)
            | What::TerminalResponse(_)
            | What::Notification
            | What::Sms
            | What::ChannelData
            | What::Notified
            | What::Connection
            | What::HttpResponse
            | What::HttpInterim
            | What::HttpGarbage
            | What::DmUnreadable
            | What::Tls(_)
            | What::SessionOver => {
                return Err(PlayerError(format!("a terminal does not send {what:?} by itself")));
            }
        }
        Ok(())
    }

    fn delivery(&self) -> &Delivery {
        &self.io.delivery
    }

    fn unfinished(&self) -> Option<String> {
        self.unfinished_response()
    }

    fn account(&self) -> Option<&Account> {
        self.client.provisioned()
    }

    fn given_up(&self) -> Option<&str> {
        self.given_up.as_deref()
    }
}

impl Terminal {
    /// A notification has reached the terminal's own side.
    fn notify(&mut self, octets: Vec<u8>) {
        let account = self.client.account_of(self.client.framing().read(&octets).ok().as_ref());
        let asked = self.io.hear(Actor::Server, "notification", &octets, || {
            account.map(|account| notification_fields(&octets, &account)).unwrap_or_default()
        });
        let pending = Pending::Notification(octets);
        if asked { self.waiting.push_back(pending) } else { self.settle(pending) }
    }
}
