//! The card: a UICC that a terminal can start from, with a CAT application, the SCWS and the DM_SC Server.

mod applet;
pub mod cat;
pub mod files;

use std::borrow::Cow;
use std::collections::VecDeque;

use dmsc_link::{Peer, Signal, StreamId, Time};
use dmsc_octets::{from_hex, to_hex};
use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::channel::TransportProtocol;
use dmsc_uicc::command::{CommandType, ProactiveCommand};
use dmsc_uicc::object::{Object, TransportLevel};
use dmsc_uicc::status::StatusWord;
use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::apdu::{self, Content};
use crate::dm::DmServer;
use crate::event::{Actor, Event};
use crate::patch::{Change, Patch};
use crate::player::{Desk, Player, PlayerError, Reply};
use crate::site::{Connection, Output, Site, Step, Waiting};
use crate::switch::{Switch, Switches};
use applet::Applet;
use cat::{Cat, Issued, Origin};
use files::{Answer, FileSystem, Files};

/// What wakes the DM_SC Server up (DM_SC 6), so that it sends a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// ENVELOPE Terminal Applications after power-on.
    Applications,
    /// The first STATUS after the terminal has announced its DM Client.
    Status,
    /// A timer of this many seconds.
    Timer(u32),
    /// The location status becomes normal.
    Location,
    /// A call to this number.
    CallControl(String),
}

/// How the card reaches the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Over its contacts.
    Contact,
    /// Over byte streams, with notifications beside them; there is no card then, only its server.
    Streams,
    /// Over both, as a UICC on USB: toolkit commands over ICCD, HTTP over EEM (DM_SC 7.1).
    Both,
}

impl Medium {
    /// Whether there are contacts: power, reset, APDUs, notifications by BIP.
    pub fn has_contact(self) -> bool {
        self != Medium::Streams
    }

    /// Whether HTTP goes over streams and not over BIP.
    pub fn has_streams(self) -> bool {
        self != Medium::Contact
    }
}

/// Everything that makes a card.
#[derive(Clone, Debug)]
pub struct CardConfig {
    /// How it reaches the other side.
    pub medium: Medium,
    /// Its files.
    pub files: FileSystem,
    /// The account of its DM client.
    pub account: Account,
    /// Management commands for the packages of each session.
    pub program: Vec<Vec<dmsc_dm::syncml::Command>>,
    /// The port of the SCWS in UICC Server Mode.
    pub http_port: u16,
    /// The buffer size it asks for, in octets.
    pub buffer_size: u16,
    /// How it opens the channel to the DM Client.
    pub transport: TransportProtocol,
    /// What makes it send a notification.
    pub causes: Vec<Cause>,
    /// Whether the SCWS opens its channel, fetches data and answers by itself.
    pub scws: bool,
    /// The sizes in which channel data are sent and asked for, in octets, in turn; as large as may be when empty.
    pub bip_chunks: Vec<u8>,
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
pub struct Card {
    desk: Desk,
    medium: Medium,
    files: Files,
    cat: Cat,
    applet: Applet,
    site: Site,
    /// What waits to be answered, oldest first; each stands behind an event that wants an answer.
    waiting: VecDeque<Pending>,
    /// The answer to an APDU that waits for what the application says.
    held: Option<Held>,
    streams: Vec<(StreamId, Connection)>,
    switches: Switches,
    /// Whether it is beyond any reset.
    locked_up: bool,
}

/// A message that waits for its answer, and where the answer goes.
#[derive(Debug)]
enum Pending {
    Apdu(CommandApdu, Content),
    Site(Path, Waiting),
}

/// An answer to an APDU, all but sent.
#[derive(Debug)]
struct Held {
    kind: Cow<'static, str>,
    data: Vec<u8>,
    sw: u16,
    said: Option<Issued>,
    status: Option<u16>,
    change: Option<Change>,
}

/// Where a client connection runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Channel(u8),
    Stream(StreamId),
}

impl Card {
    /// A card, not yet powered.
    pub fn new(config: CardConfig) -> Card {
        let server =
            DmServer::new(config.account.clone(), config.program.clone(), config.switches.clone(), config.seed);
        Card {
            applet: Applet::new(&config),
            desk: Desk::new(config.scripted, config.patches),
            medium: config.medium,
            files: Files::new(config.files),
            cat: Cat::default(),
            site: Site::new(server, config.switches.clone()),
            waiting: VecDeque::new(),
            held: None,
            streams: Vec::new(),
            switches: config.switches,
            locked_up: false,
        }
    }

    fn reset(&mut self, kind: &'static str) {
        // What was to be said is lost with the command that asked for it.
        let interrupted = self.desk.discard_answers();
        self.locked_up |= interrupted && self.switches.on(Switch::LockUpOnReset);
        if self.locked_up {
            return;
        }
        self.cat = Cat::default();
        self.waiting.clear();
        self.held = None;
        self.files.reset();
        self.applet.reset();
        self.desk.observe(Actor::Terminal, kind, &[], Map::new);
        let atr = self.files.atr();
        self.desk.say(Actor::Card, "atr", &atr, || Map::from_iter([("atr".to_owned(), json!(to_hex(&atr)))]));
        self.desk.send(Signal::Atr(atr));
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
                let content = apdu::content(&command);
                (command, content)
            }
            Err(error) => (CommandApdu::default(), Content::Broken(error.to_string())),
        };
        let mut kind = apdu::kind(&command, &content);
        if let (Content::Response(_), Some(name)) = (&content, self.cat.fetched_name()) {
            // An answer is named after the command it answers, whatever its own details say.
            kind = format!("terminal-response.{name}").into();
        }
        let asked = self.desk.hear(Actor::Terminal, kind, octets, || apdu::fields(&command, &content));
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
            self.desk.break_off(&error);
        }
    }

    fn resolve(&mut self, pending: Pending, reply: &Reply) -> Result<(), PlayerError> {
        match pending {
            Pending::Apdu(command, content) => self.respond(&command, &content, reply),
            Pending::Site(path, Waiting::Http(request)) => {
                let step = self.site.answer_http(&request, reply, &mut self.desk)?;
                self.proceed(path, step)
            }
            Pending::Site(path, Waiting::Dm(message, encoding, keep)) => {
                let step = self.site.answer_dm(&message, encoding, keep, reply, &mut self.desk)?;
                self.proceed(path, step)
            }
        }
    }

    fn proceed(&mut self, path: Path, step: Step) -> Result<(), PlayerError> {
        match step {
            Step::Nothing => Ok(()),
            Step::Wait(waiting) => {
                let pending = Pending::Site(path, waiting);
                if self.desk.scripted {
                    self.waiting.push_back(pending);
                    Ok(())
                } else {
                    self.resolve(pending, &Reply::Default)
                }
            }
            Step::Send(output) => {
                self.transmit(path, output);
                self.look(path)
            }
        }
    }

    fn transmit(&mut self, path: Path, output: Output) {
        match path {
            Path::Channel(channel) => self.applet.transmit(channel, output, &mut self.cat, &mut self.desk),
            Path::Stream(id) => {
                self.desk.send(Signal::Data(id, output.octets));
                if output.close {
                    self.desk.send(Signal::Close(id));
                    self.streams.retain(|(stream, _)| *stream != id);
                }
            }
        }
    }

    /// Looks for a whole request on a connection.
    fn look(&mut self, path: Path) -> Result<(), PlayerError> {
        let connection = match path {
            Path::Channel(channel) => self.applet.connection(channel),
            Path::Stream(id) => self.streams.iter_mut().find(|(stream, _)| *stream == id).map(|(_, c)| c),
        };
        let Some(connection) = connection.filter(|c| !c.closing) else { return Ok(()) };
        match self.site.next_request(connection, &mut self.desk) {
            None => Ok(()),
            Some(Err(output)) => {
                self.transmit(path, output);
                Ok(())
            }
            Some(Ok(waiting)) => {
                let pending = Pending::Site(path, waiting);
                if self.desk.scripted {
                    self.waiting.push_back(pending);
                    Ok(())
                } else {
                    self.resolve(pending, &Reply::Default)
                }
            }
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
        let change = self.desk.change("response", asked, || Map::from_iter([("to".to_owned(), json!(to))]));
        if change.as_ref().is_some_and(|c| c.drop) {
            return Ok(());
        }
        let status =
            change.as_ref().and_then(|c| c.with.get("sw")).and_then(Value::as_u64).and_then(|s| u16::try_from(s).ok());
        // A refused command has no effect.
        let refused = status.is_some_and(|sw| !matches!(sw >> 8, 0x90 | 0x91));
        let (data, sw, said) = if refused { (Vec::new(), 0x9000, None) } else { self.perform_apdu(command, content)? };
        let held = Held { kind, data, sw, said, status, change };
        // What the application has to say to the data it just got goes out with this very answer, as on a card; so the
        // answer waits until the case has decided what the application says.
        if self.waiting.iter().any(|pending| matches!(pending, Pending::Site(Path::Channel(_), _))) {
            self.held = Some(held);
            return Ok(());
        }
        self.finish(held)
    }

    /// Sends the answer to an APDU.
    fn finish(&mut self, held: Held) -> Result<(), PlayerError> {
        let Held { kind, mut data, mut sw, said, status, change } = held;
        if sw == 0x9000
            && let Some(length) = self.cat.pending()
        {
            // xx = 00 stands for 256 octets (TS 102 221 7.4.2).
            sw = 0x9100 | u16::try_from(length & 0xFF).unwrap_or_default();
        }
        if let Some(status) = status {
            sw = status;
        }
        if let Some(hex) = change.as_ref().and_then(|c| c.with.get("data")).and_then(Value::as_str) {
            data = from_hex(hex).map_err(|e| PlayerError(format!("data: {e}")))?;
        }
        let mut octets = data;
        octets.extend_from_slice(&sw.to_be_bytes());
        if let Some(change) = &change {
            change.edit(&mut octets)?;
        }
        match said {
            Some(Issued { name, octets: issued, .. }) => {
                self.desk.say(Actor::Card, name, &octets, || command_fields(&issued))
            }
            None => self.desk.say(Actor::Card, "response", &octets, || {
                let data = octets.get(..octets.len().saturating_sub(2)).unwrap_or_default();
                let pairs = [("to", json!(kind)), ("sw", json!(sw)), ("data", json!(to_hex(data)))];
                pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        }
        self.desk.send(Signal::Response(octets));
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
                self.applet.profile(profile, &mut self.cat, &mut self.desk)?;
                Ok((Vec::new(), 0x9000, None))
            }
            Content::Envelope(envelope) => {
                let reaction = self.applet.envelope(envelope, &mut self.site.server, &mut self.cat, &mut self.desk)?;
                Ok((reaction, 0x9000, None))
            }
            Content::Response(response) => {
                let Some(issued) = self.cat.answered() else { return Ok((Vec::new(), 0x9000, None)) };
                let data = self.applet.answered(&issued, response, &mut self.cat, &mut self.desk)?;
                if let Some(channel) = data {
                    self.look(Path::Channel(channel))?;
                }
                Ok((Vec::new(), 0x9000, None))
            }
            Content::Other(Some(_)) | Content::Broken(_) => Ok((Vec::new(), StatusWord::WRONG_DATA.0, None)),
            Content::Other(None) if command.ins == 0x12 => Ok(self.fetch(command)),
            Content::Other(None) => {
                if command.ins == 0xF2 {
                    self.applet.status(&mut self.site.server, &mut self.cat, &mut self.desk)?;
                }
                let Answer { data, sw } = self.files.command(command);
                Ok((data, sw, None))
            }
        }
    }

    fn fetch(&mut self, command: &CommandApdu) -> (Vec<u8>, u16, Option<Issued>) {
        let Some(length) = self.cat.pending() else { return (Vec::new(), StatusWord::CONDITIONS_OF_USE.0, None) };
        if command.le.is_some_and(|le| usize::try_from(le) != Ok(length)) {
            return (Vec::new(), StatusWord::wrong_le(length).0, None);
        }
        match self.cat.fetch() {
            Some(issued) => (issued.octets.clone(), 0x9000, Some(issued)),
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
        let order = applet::Order::new(&change.with, &mut self.site.server)?;
        let mut octets = order.octets.clone();
        change.edit(&mut octets)?;
        match self.medium {
            Medium::Streams => {
                let account = self.site.server.account.clone();
                self.desk.say(Actor::Server, "notification", &octets, || match crate::dm::server::notification_fields(
                    &octets, &account,
                ) {
                    Value::Object(map) => map,
                    _ => Map::new(),
                });
                self.desk.send(Signal::Notify(octets));
                Ok(())
            }
            Medium::Contact | Medium::Both => {
                let mut order = order;
                (order.octets, order.asked) = (octets, true);
                self.applet.trigger(order, &mut self.cat, &mut self.desk)
            }
        }
    }

    fn stream(&mut self, id: StreamId) -> Option<&mut Connection> {
        self.streams.iter_mut().find(|(stream, _)| *stream == id).map(|(_, connection)| connection)
    }
}

fn command_fields(octets: &[u8]) -> Map<String, Value> {
    match ProactiveCommand::parse(octets) {
        Ok(command) => command.to_fields(),
        Err(error) => Map::from_iter([("malformed".to_owned(), json!(error.to_string()))]),
    }
}

/// A valid command of each kind a case can ask for; `channel` is where commands for a channel go.
fn default_command(kind: CommandType, number: u8, channel: u8) -> ProactiveCommand {
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
            command.with(Object::TextString(TextString { dcs: 0x04, octets: b"DM session".to_vec() }))
        }
        _ => command,
    }
}

impl Peer for Card {
    fn handle(&mut self, now: Time, signal: Signal) {
        self.desk.now = now;
        match signal {
            Signal::PowerOn => self.reset("power-on"),
            Signal::Reset => self.reset("reset"),
            Signal::Command(octets) => self.command(&octets),
            Signal::Connect(id) => {
                self.streams.push((id, Connection::new()));
                self.desk.observe(Actor::Client, "connection", &[], || state("opened"));
            }
            Signal::Data(id, octets) => {
                if let Some(connection) = self.stream(id) {
                    connection.feed(&octets);
                }
                if let Err(error) = self.look(Path::Stream(id)) {
                    self.desk.break_off(&error);
                }
            }
            Signal::Close(id) => {
                self.streams.retain(|(stream, _)| *stream != id);
                self.desk.observe(Actor::Client, "connection", &[], || state("closed"));
            }
            Signal::Notified => self.desk.observe(Actor::Client, "notified", &[], Map::new),
            Signal::Ended(text) => self
                .desk
                .observe(Actor::Client, "notified", &[], || Map::from_iter([("ended".to_owned(), json!(text))])),
            _ => {}
        }
    }

    fn tick(&mut self, now: Time) {
        self.desk.now = now;
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn poll(&mut self) -> Option<Signal> {
        self.desk.poll()
    }
}

fn state(word: &str) -> Map<String, Value> {
    Map::from_iter([("state".to_owned(), json!(word))])
}

impl Player for Card {
    fn start(&mut self, now: Time) {
        self.desk.now = now;
    }

    fn next_event(&mut self) -> Option<Event> {
        self.desk.next_event()
    }

    fn answer(&mut self, now: Time, reply: &Reply) -> Result<(), PlayerError> {
        self.desk.now = now;
        match self.waiting.pop_front() {
            Some(pending) => self.resolve(pending, reply)?,
            None => return Ok(()),
        }
        let waits = self.waiting.iter().any(|pending| matches!(pending, Pending::Site(Path::Channel(_), _)));
        match self.held.take() {
            Some(held) if !waits => self.finish(held),
            held => {
                self.held = held;
                Ok(())
            }
        }
    }

    fn perform(&mut self, now: Time, kind: &str, change: &Change) -> Result<(), PlayerError> {
        self.desk.now = now;
        if kind == "notification" {
            return self.notify(change);
        }
        if kind == "proactive" {
            let text = change.with.get("octets").and_then(Value::as_str).unwrap_or_default();
            let mut octets = from_hex(text).map_err(|e| PlayerError(format!("octets: {e}")))?;
            change.edit(&mut octets)?;
            let name = cat::name_of(&octets);
            self.cat.issue(Issued { origin: Origin::Script, name, octets });
            return Ok(());
        }
        match CommandType::from_name(kind) {
            Some(command) => self.send_command(command, change),
            None => Err(PlayerError(format!("a card does not send `{kind}`"))),
        }
    }

    fn account(&self) -> Option<&Account> {
        Some(&self.site.server.account)
    }
}
