//! The card: a UICC that a terminal can start from, with a CAT application, the SCWS and the DM_SC Server.

mod applet;
pub mod cat;
mod config;
pub mod files;
mod http;
mod send_short_message;
mod sms;

use std::borrow::Cow;
use std::collections::VecDeque;

use dmsc_link::{Peer, Signal, Time};
use dmsc_octets::to_hex;
use dmsc_provision::Imsi;
use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::channel::TransportProtocol;
use dmsc_uicc::command::{CommandType, ProactiveCommand};
use dmsc_uicc::object::{Object, TransportLevel};
use dmsc_uicc::status::StatusWord;
use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::apdu::{self, Content};
use crate::choice::Choices;
use crate::choice::card::LongerFetch;
use crate::choice::tls::Tls as TlsChoices;
use crate::conduit::{Conduit, Transport};
use crate::decoded::proactive;
use crate::dm::DmServer;
use crate::dm::server::notification_fields;
use crate::event::{Actor, Event};
use crate::medium::Medium;
use crate::messages::{Digest, NotificationWith, Octets, ProactiveWith, ResponseWith, Tls, What};
use crate::patch::Change;
use crate::player::{Delivery, Player, PlayerError, PlayerIo, Reply};
use crate::scws::{Request, Scws};
use crate::short_message::{self, Draft, Format};
use crate::switch::{Switch, Switches};
use crate::tls::TlsServer;
use applet::Applet;
use cat::{Cat, Issued, Origin};
pub use config::{CardConfig, Cause};
use files::{Answer, Files};

/// The act by which a person has the DM_SC Server abort the session that is under way.
pub const ABORT_SESSION: &str = "abort-session";

/// The player.
#[derive(Debug)]
pub struct Card {
    io: PlayerIo,
    medium: Medium,
    files: Files,
    cat: Cat,
    applet: Applet,
    scws: Scws,
    /// What answers connections over TLS.
    tls: TlsServer,
    /// The same, as it was chosen.
    tls_choices: TlsChoices,
    /// What waits to be answered, oldest first; each follows an event that wants an answer.
    waiting: VecDeque<Pending>,
    /// The answer to an APDU that waits for what the application says.
    held: Option<Held>,
    streams: Vec<Conduit>,
    /// Connections so far.
    connections: u32,
    switches: Switches,
    longer_fetch: LongerFetch,
    /// Whether it reads the type of a registered application before the coding scheme of its name.
    type_first: bool,
    /// Whether it is beyond any reset.
    locked_up: bool,
    /// The number of the terminal, and the IMSI of the subscription.
    own_number: Option<String>,
    imsi: Option<Imsi>,
    /// Short messages that the network is to deliver.
    deliveries: VecDeque<Vec<u8>>,
}

/// A message that waits for its answer, and where the answer goes.
#[derive(Debug)]
enum Pending {
    Apdu(CommandApdu, Content),
    Request(Transport, Request),
    /// Octets from the client of a channel.
    Octets(u8),
}

impl Pending {
    /// Whether what is said to it goes out with the answer to an APDU.
    fn is_of_channel(&self) -> bool {
        matches!(self, Pending::Request(Transport::Channel(_), _) | Pending::Octets(_))
    }
}

/// An answer to an APDU, all but sent.
#[derive(Debug)]
struct Held {
    kind: Cow<'static, str>,
    data: Vec<u8>,
    sw: u16,
    said: Option<Issued>,
    with: ResponseWith,
    change: Option<Change>,
}

impl Card {
    /// A card, not yet powered.
    pub fn new(config: CardConfig) -> Card {
        let mut server = DmServer::new(
            config.account.clone(),
            config.program.clone(),
            config.choices,
            config.switches.clone(),
            config.seed,
        );
        server.versions = config.versions;
        Card {
            applet: Applet::new(&config),
            io: PlayerIo::new(config.scripted, config.patches, config.choices.dm.pace),
            medium: config.medium,
            imsi: config.files.imsi(),
            files: Files::new(config.files),
            cat: Cat::numbered(config.choices.card.command_numbers),
            tls: TlsServer::new(config.choices.tls, config.switches.clone(), config.seed, config.scripted),
            tls_choices: config.choices.tls,
            scws: Scws::new(server, config.choices, config.switches.clone()),
            waiting: VecDeque::new(),
            held: None,
            streams: Vec::new(),
            connections: 0,
            switches: config.switches,
            longer_fetch: config.choices.card.longer_fetch,
            type_first: config.type_first,
            locked_up: false,
            own_number: config.own_number,
            deliveries: VecDeque::new(),
        }
    }

    fn reset(&mut self, kind: &'static str) {
        // What was to be said is lost with the command that asked for it.
        let interrupted = self.io.discard_answers();
        self.locked_up |= interrupted && self.switches.on(Switch::LockUpOnReset);
        if self.locked_up {
            return;
        }
        self.cat.reset();
        self.waiting.clear();
        self.held = None;
        self.files.reset();
        self.applet.reset();
        if kind == "power-on" {
            self.scws.server.powered();
        }
        self.io.observe(Actor::Terminal, kind, &[], Map::new);
        let atr = self.files.atr();
        self.io.say(Actor::Card, "atr", &atr, || Map::from_iter([("atr".to_owned(), json!(to_hex(&atr)))]));
        self.io.send(Signal::Atr(atr));
    }

    fn command(&mut self, octets: &[u8]) {
        if self.locked_up {
            return;
        }
        let (command, content) = match CommandApdu::parse(octets) {
            Ok(command) if CommandApdu::is_extended(octets) => {
                (command, Content::Broken("extended lengths, which this card does not offer".into()))
            }
            Ok(command) => {
                let content = match apdu::content(&command) {
                    Content::Envelope(envelope) if self.type_first => Content::Envelope(envelope.exchanged()),
                    content => content,
                };
                (command, content)
            }
            Err(error) => (CommandApdu::default(), Content::Broken(error.to_string())),
        };
        let mut kind = apdu::kind(&command, &content);
        if let (Content::Response(_), Some(name)) = (&content, self.cat.fetched_name()) {
            // An answer is named after the command it answers, whatever its own details say.
            kind = format!("terminal-response.{name}").into();
        }
        let asked = match &content {
            Content::Other(Some(_)) | Content::Broken(_) => {
                self.io.hear(Actor::Terminal, kind, octets, || apdu::fields(&command, &content))
            }
            Content::Envelope(_) if self.type_first => {
                self.io.hear(Actor::Terminal, kind, octets, || apdu::fields(&command, &content))
            }
            _ => self.io.hear_octets(Actor::Terminal, kind, octets, Map::new()),
        };
        let pending = Pending::Apdu(command, content);
        if asked {
            self.waiting.push_back(pending);
        } else {
            self.settle(pending, &Reply::Default);
        }
    }

    /// Answers without being asked; what cannot be done ends the session.
    fn settle(&mut self, pending: Pending, reply: &Reply) {
        if let Err(error) = self.resolve(pending, reply) {
            self.io.break_off(&error);
        }
    }

    fn resolve(&mut self, pending: Pending, reply: &Reply) -> Result<(), PlayerError> {
        match pending {
            Pending::Apdu(command, content) => self.respond(&command, &content, reply),
            Pending::Request(transport, request) => self.answer_request(transport, request, reply),
            Pending::Octets(channel) => self.answer_octets(channel, reply),
        }
    }

    /// Answers an APDU.
    fn respond(&mut self, command: &CommandApdu, content: &Content, reply: &Reply) -> Result<(), PlayerError> {
        let kind = apdu::kind(command, content);
        let asked = match reply {
            Reply::Silent => return Ok(()),
            Reply::Default => None,
            Reply::With(change) => Some(change),
        };
        let to = kind.clone();
        let change = self.io.change("response", asked, || Map::from_iter([("to".to_owned(), json!(to))]));
        if change.as_ref().is_some_and(|c| c.drop) {
            return Ok(());
        }
        let with: ResponseWith = change.as_ref().map(Change::read).transpose()?.unwrap_or_default();
        let status = with.sw;
        // A refused command has no effect.
        let refused = status.is_some_and(|sw| !matches!(sw >> 8, 0x90 | 0x91));
        let (data, sw, said) = if refused { (Vec::new(), 0x9000, None) } else { self.perform_apdu(command, content)? };
        let held = Held { kind, data, sw, said, with, change };
        // What the application has to say to the data it just got goes out with this very answer, as on a card; so the
        // answer waits until the case has decided what the application says.
        if self.waiting.iter().any(Pending::is_of_channel) {
            self.held = Some(held);
            return Ok(());
        }
        self.finish(held)
    }

    /// Sends the answer to an APDU.
    fn finish(&mut self, held: Held) -> Result<(), PlayerError> {
        let Held { kind, mut data, mut sw, said, with, change } = held;
        if sw == 0x9000
            && let Some(length) = self.cat.pending()
        {
            // xx = 00 stands for 256 octets (TS 102 221 7.4.2).
            sw = 0x9100 | u16::try_from(length & 0xFF).unwrap_or_default();
        }
        if let Some(status) = with.sw {
            sw = status;
        }
        if let Some(Octets(set)) = with.data {
            data = set;
        }
        let mut octets = data;
        octets.extend_from_slice(&sw.to_be_bytes());
        if let Some(change) = &change {
            change.edit(&mut octets)?;
        }
        match said {
            Some(Issued { name, octets: issued, .. }) if octets.strip_suffix(&sw.to_be_bytes()) == Some(&issued) => {
                self.io.say_octets(Actor::Card, name, &octets, Map::new());
            }
            // What was made of the command afterwards is not what a case has asked for.
            Some(Issued { name, octets: issued, .. }) => {
                self.io.say_first(Actor::Card, name, &octets, move || proactive(&issued))
            }
            None if octets.ends_with(&sw.to_be_bytes()) => {
                self.io.say_octets(Actor::Card, "response", &octets, apdu::response_context(kind));
            }
            None => {
                let data = octets.get(..octets.len().saturating_sub(2)).unwrap_or_default().to_vec();
                let fields = move || apdu::response_fields(kind, sw, &data);
                self.io.say_first(Actor::Card, "response", &octets, fields);
            }
        }
        self.io.send(Signal::Response(octets));
        Ok(())
    }

    /// Does what an APDU asks: gives data, status word, and the proactive command handed out, if any.
    fn perform_apdu(
        &mut self,
        command: &CommandApdu,
        content: &Content,
    ) -> Result<(Vec<u8>, u16, Option<Issued>), PlayerError> {
        if let Content::Broken(_) = content {
            return Ok((Vec::new(), StatusWord::WRONG_LENGTH.0, None));
        }
        if let Err(sw) = self.files.admit(command) {
            return Ok((Vec::new(), sw.0, None));
        }
        match content {
            Content::Profile(profile) => {
                self.applet.profile(profile, &mut self.cat, &mut self.io)?;
                Ok((Vec::new(), 0x9000, None))
            }
            Content::Envelope(envelope) => {
                let reaction = self.applet.envelope(envelope, &mut self.scws.server, &mut self.cat, &mut self.io)?;
                self.tell_gone();
                Ok((reaction, 0x9000, None))
            }
            Content::Response(response) => {
                if self.switches.on(Switch::WaitForBetterAnswer) && self.cat.is_disappointed(response) {
                    return Ok((Vec::new(), 0x9000, None));
                }
                let Some(issued) = self.cat.answered() else { return Ok((Vec::new(), 0x9000, None)) };
                if issued.origin == Origin::ScriptSms {
                    self.sms_sent(response);
                }
                let data = self.applet.answered(&issued, response, &mut self.cat, &mut self.io)?;
                self.tell_gone();
                self.tell_end();
                match data {
                    Some(channel) if self.applet.raw => self.waiting.push_back(Pending::Octets(channel)),
                    Some(channel) => self.look(Transport::Channel(channel))?,
                    None => {}
                }
                Ok((Vec::new(), 0x9000, None))
            }
            Content::Other(Some(_)) | Content::Broken(_) => Ok((Vec::new(), StatusWord::WRONG_DATA.0, None)),
            Content::Other(None) if command.ins == 0x12 => Ok(self.fetch(command)),
            Content::Other(None) => {
                if command.ins == 0xF2 {
                    self.applet.status(&mut self.scws.server, &mut self.cat, &mut self.io)?;
                }
                let Answer { data, sw } = self.files.command(command);
                Ok((data, sw, None))
            }
        }
    }

    fn fetch(&mut self, command: &CommandApdu) -> (Vec<u8>, u16, Option<Issued>) {
        let Some(length) = self.cat.pending() else { return (Vec::new(), StatusWord::CONDITIONS_OF_USE.0, None) };
        let asked = command.le.and_then(|le| usize::try_from(le).ok()).unwrap_or(length);
        let cuts = asked < length && self.switches.on(Switch::CutCommands);
        let gives = asked > length && self.longer_fetch == LongerFetch::Command;
        if asked != length && !cuts && !gives {
            if self.switches.on(Switch::LoseUnfetched) {
                self.cat.lose();
            }
            return (Vec::new(), StatusWord::wrong_le(length).0, None);
        }
        match self.cat.fetch() {
            Some(issued) => {
                let mut octets = issued.octets.clone();
                octets.truncate(asked);
                octets.extend(self.switches.on(Switch::PadCommands).then_some(0xFF));
                (octets, 0x9000, Some(issued))
            }
            None => (Vec::new(), StatusWord::CONDITIONS_OF_USE.0, None),
        }
    }

    fn send_command(&mut self, kind: CommandType, change: &Change) -> Result<(), PlayerError> {
        let command = default_command(kind, self.cat.next_number(), self.applet.latest_channel());
        let octets = apdu::build_command(command, Some(change))?;
        let name = cat::name_of(&octets);
        self.cat.issue(Issued { origin: Origin::Script, name, octets });
        Ok(())
    }

    fn notify(&mut self, change: &Change) -> Result<(), PlayerError> {
        let with: NotificationWith = change.read()?;
        if with.digest == Some(Digest::ReplacedNonce) && self.scws.server.replaced_nonce.is_none() {
            self.io.delivery = Delivery::Failed("no nonce of the server has been replaced by another".into());
            return Ok(());
        }
        let order = applet::Order::new(with, &mut self.scws.server)?;
        let mut octets = order.octets.clone();
        change.edit(&mut octets)?;
        match self.medium {
            Medium::Streams => {
                let account = self.scws.server.account.clone();
                self.io.say(Actor::Server, "notification", &octets, || notification_fields(&octets, &account));
                self.io.send(Signal::Notify(octets));
                self.io.delivery = Delivery::Delivered(self.io.now);
                Ok(())
            }
            Medium::Contact | Medium::Both => {
                let mut order = order;
                (order.octets, order.asked) = (octets, true);
                self.io.delivery = Delivery::Failed("the terminal has announced no DM Client".into());
                self.applet.trigger(order, &mut self.cat, &mut self.io)
            }
        }
    }
}

/// The channel data of a notification made of the fields of a case, for an account.
pub(crate) fn notification(change: &Change, account: &Account) -> Result<Vec<u8>, PlayerError> {
    let mut server = DmServer::new(account.clone(), Vec::new(), Choices::default(), Switches::default(), 0);
    Ok(applet::Order::new(change.read()?, &mut server)?.octets)
}

/// Tries the short message that a case makes, for an account.
pub(crate) fn short_message(change: &Change, account: &Account) -> Result<(), PlayerError> {
    // Which IMSI a card has does not matter to what can be sent.
    let with = sms::with_bootstrap(change.read()?, account, Imsi::new("001010000000000").ok().as_ref())?;
    let notification = sms::filled(&with, &account.server_id);
    let mut server = DmServer::new(account.clone(), Vec::new(), Choices::default(), Switches::default(), 0);
    let draft = Draft::new(&with, &applet::Order::new(notification, &mut server)?.octets, None)?;
    draft.submitted().map(drop)
}

/// A valid command of each kind a case can ask for; `channel` is where commands for a channel go.
pub(crate) fn default_command(kind: CommandType, number: u8, channel: u8) -> ProactiveCommand {
    use dmsc_uicc::channel::Device;
    use dmsc_uicc::envelope::Event as CatEvent;
    use dmsc_uicc::object::{Duration, TextString, TimeUnit, TimerValue};
    let to = match kind {
        CommandType::SendData | CommandType::ReceiveData | CommandType::CloseChannel => Device::channel(channel),
        CommandType::SendShortMessage | CommandType::SetUpCall => Device::Network,
        CommandType::DisplayText => Device::Display,
        _ => Device::Terminal,
    };
    let qualifier = match kind {
        CommandType::SendData => 0x01,
        CommandType::DisplayText => 0x80,
        _ => 0x00,
    };
    let command = ProactiveCommand::new(number, kind, qualifier, Device::Uicc, to);
    match kind {
        CommandType::OpenChannel => command
            .with(Object::BufferSize(1400))
            .with(Object::TransportLevel(TransportLevel { protocol: TransportProtocol::TcpUiccServer, port: 4116 })),
        CommandType::SendData => command.with(Object::ChannelData(Vec::new())),
        CommandType::ReceiveData => command.with(Object::ChannelDataLength(0xFF)),
        CommandType::SetUpEventList => {
            command.with(Object::EventList(vec![CatEvent::DataAvailable, CatEvent::ChannelStatus]))
        }
        CommandType::TimerManagement => {
            command.with(Object::TimerIdentifier(1)).with(Object::TimerValue(TimerValue::from_seconds(60)))
        }
        CommandType::PollInterval => command.with(Object::Duration(Duration { unit: TimeUnit::Seconds, interval: 30 })),
        CommandType::DisplayText => {
            command.with(Object::TextString(TextString::Coded { dcs: 0x04, octets: b"DM session".to_vec() }))
        }
        _ => command,
    }
}

impl Peer for Card {
    fn handle(&mut self, now: Time, signal: Signal) {
        self.io.now = now;
        match signal {
            Signal::PowerOn => self.reset("power-on"),
            Signal::Reset => self.reset("reset"),
            Signal::Command(octets) => self.command(&octets),
            Signal::Connect(id) => self.stream_opened(id),
            Signal::Data(id, octets) => self.stream_data(id, &octets),
            Signal::Close(id) => self.stream_closed(id),
            Signal::Act(name) if name == ABORT_SESSION => self.scws.server.abort(),
            Signal::Notified => self.io.observe(Actor::Client, "notified", &[], Map::new),
            Signal::Sms(octets) => self.io.observe(Actor::Client, "sms", &octets, || {
                // The network says nothing but the octets.
                short_message::fields(Format::told_by(&octets), &octets)
            }),
            Signal::Ended(text) => {
                self.io.observe(Actor::Client, "notified", &[], || Map::from_iter([("ended".to_owned(), json!(text))]))
            }
            _ => {}
        }
    }

    fn tick(&mut self, now: Time) {
        self.io.now = now;
    }

    fn wake_at(&self) -> Option<Time> {
        self.io.due()
    }

    fn poll(&mut self) -> Option<Signal> {
        self.io.poll()
    }
}

fn state(word: &str) -> Map<String, Value> {
    Map::from_iter([("state".to_owned(), json!(word))])
}

impl Player for Card {
    fn start(&mut self, now: Time) {
        self.io.now = now;
    }

    fn next_event(&mut self) -> Option<Event> {
        self.io.next_event()
    }

    fn answer(&mut self, now: Time, reply: &Reply) -> Result<(), PlayerError> {
        self.io.now = now;
        match self.waiting.pop_front() {
            Some(pending) => self.resolve(pending, reply)?,
            None => return Ok(()),
        }
        let waits = self.waiting.iter().any(Pending::is_of_channel);
        match self.held.take() {
            Some(held) if !waits => self.finish(held),
            held => {
                self.held = held;
                Ok(())
            }
        }
    }

    fn perform(&mut self, now: Time, what: What, change: &Change) -> Result<(), PlayerError> {
        self.io.now = now;
        match what {
            What::Notification => self.notify(change),
            What::Sms => self.send_sms(change),
            What::ChannelData => self.send_octets(change),
            What::Command(Some(command)) => self.send_command(command, change),
            What::Command(None) => {
                let Octets(mut octets) = change.read::<ProactiveWith>()?.octets.unwrap_or_default();
                change.edit(&mut octets)?;
                let name = cat::name_of(&octets);
                self.cat.issue(Issued { origin: Origin::Script, name, octets });
                Ok(())
            }
            What::Tls(what @ (Tls::Alert | Tls::Record | Tls::HelloRequest)) => self.act_in_tls(what, change),
            // Everything else comes from a terminal, or is an answer.
            other => Err(PlayerError(format!("a card does not send {other:?} by itself"))),
        }
    }

    fn delivery(&self) -> &Delivery {
        &self.io.delivery
    }

    fn to_deliver(&mut self) -> Option<Vec<u8>> {
        self.deliveries.pop_front()
    }

    fn unfinished(&self) -> Option<String> {
        self.unfinished_request()
    }

    fn account(&self) -> Option<&Account> {
        Some(&self.scws.server.account)
    }
}
