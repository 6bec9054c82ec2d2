//! The table of kinds against the players: what a role is said to send it sends, and what it is said to hear it hears.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it does not expect")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{card_config, terminal_config};
use dmsc_engine::account::with_scheme;
use dmsc_engine::card::{Card, CardConfig};
use dmsc_engine::choice::tls::Hints;
use dmsc_engine::dm::Encoding;
use dmsc_engine::medium::Medium;
use dmsc_engine::messages::{Catalogue, FieldSpec, Kind, SessionForm, Shape, Tls, What};
use dmsc_engine::patch::Change;
use dmsc_engine::player::{Player, Reply};
use dmsc_engine::role::Role;
use dmsc_engine::terminal::{Terminal, TerminalConfig};
use dmsc_link::{Signal, Time};
use serde_json::{Map, Value, json};

/// Both players, each telling what it hears, with nothing between them.
struct Pair {
    card: Card,
    terminal: Terminal,
    now: Time,
    /// What was heard: the role, the name, and the fields.
    heard: Vec<(Role, String, Value)>,
}

impl Pair {
    fn new(medium: Medium) -> Pair {
        Pair::of(medium, false)
    }

    /// Both sides with an account of HTTPS, and a connection over it.
    fn secure(medium: Medium) -> Pair {
        let mut pair = Pair::of(medium, true);
        let now = pair.now;
        pair.terminal.perform(now, What::Tls(Tls::ClientHello), &Change::default()).unwrap();
        pair.run(Duration::from_secs(40));
        pair
    }

    fn of(medium: Medium, secure: bool) -> Pair {
        let mut card = CardConfig { medium, ..card_config(true, Vec::new()) };
        let mut config = terminal_config(true, Encoding::Xml);
        if secure {
            card.account.address = with_scheme(&card.account.address, true);
            config.accounts[0].address = card.account.address.clone();
            card.http_port = card.account.address_parts().unwrap().port;
            card.choices.tls.hints = Hints::Given;
        }
        Pair::made_of(card, TerminalConfig { medium, ..config })
    }

    /// A card that takes octets for what they are, and a client that gives them back.
    fn raw() -> Pair {
        let card = CardConfig { raw: true, ..card_config(true, Vec::new()) };
        let mut pair = Pair::made_of(card, terminal_config(true, Encoding::Xml));
        pair.terminal.handle_(pair.now, Signal::Act("connect-echo-client".into()));
        pair.run(Duration::from_secs(1));
        pair
    }

    fn made_of(card: CardConfig, terminal: TerminalConfig) -> Pair {
        let (card, terminal) = (Card::new(card), Terminal::new(terminal));
        let mut pair = Pair { card, terminal, now: Time::ZERO, heard: Vec::new() };
        pair.card.start(pair.now);
        pair.terminal.start(pair.now);
        pair.run(Duration::from_secs(5));
        pair
    }

    fn player(&mut self, role: Role) -> &mut dyn Player {
        match role {
            Role::Card => &mut self.card,
            Role::Terminal => &mut self.terminal,
        }
    }

    /// Takes the events of a player and answers them; gives whether there were any.
    fn listen(&mut self, role: Role) -> bool {
        let now = self.now;
        let mut any = false;
        while let Some(event) = self.player(role).next_event() {
            any = true;
            if event.heard {
                self.heard.push((role, event.kind.clone().into_owned(), (*event.fields).clone()));
            }
            if event.wants_answer {
                self.player(role).answer(now, &Reply::Default).unwrap();
            }
        }
        any
    }

    /// Passes what one says to the other; gives whether anything was said.
    fn carry(&mut self, from: Role) -> bool {
        let mut any = false;
        while let Some(signal) = self.player(from).poll() {
            any = true;
            let now = self.now;
            match signal {
                Signal::Connect(id) => {
                    self.player(from.other()).handle(now, Signal::Connect(id));
                    self.player(from).handle(now, Signal::Connected(id));
                }
                Signal::Ended(text) => panic!("{from}: {text}"),
                signal => self.player(from.other()).handle(now, signal),
            }
        }
        any
    }

    /// Lets both go on until nothing is left to do within a time.
    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let told = self.listen(Role::Card) | self.listen(Role::Terminal);
            let said = self.carry(Role::Card) | self.carry(Role::Terminal);
            if told || said {
                continue;
            }
            let due = [self.card.wake_at_(), self.terminal.wake_at_()].into_iter().flatten().min();
            match due.filter(|due| *due <= until) {
                Some(due) => {
                    self.now = self.now.max(due);
                    self.card.tick_(self.now);
                    self.terminal.tick_(self.now);
                }
                None => return,
            }
        }
    }

    fn send(&mut self, kind: &Kind, change: &Change) {
        let now = self.now;
        self.player(kind.role).perform(now, kind.what, change).unwrap_or_else(|e| panic!("{}: {e}", kind.name));
        // A card speaks in answers only: it may have to wait for the next STATUS.
        self.run(Duration::from_secs(40));
    }
}

/// The clock of a player, by name, since both traits of a player have one.
trait Clocked {
    fn wake_at_(&self) -> Option<Time>;
    fn tick_(&mut self, now: Time);
}

impl<P: dmsc_link::Peer> Clocked for P {
    fn wake_at_(&self) -> Option<Time> {
        self.wake_at()
    }

    fn tick_(&mut self, now: Time) {
        self.tick(now);
    }
}

/// A command of a type that has no name, with all that a command must have.
const NAMELESS: &str = "D0098103017F0082028182";

/// What a kind needs to be said at all.
fn change(kind: &Kind) -> Change {
    let fields = match (kind.what, &*kind.name) {
        (What::Command(None), _) => json!({ "octets": NAMELESS }),
        // Lengths of which a card makes nothing would be corrected, and that is another test.
        (What::Apdu(_), "get-response") => json!({ "cla": 0, "le": 1 }),
        // What the network delivers goes around the card.
        (What::Sms, _) => json!({ "by": "card" }),
        _ => json!({}),
    };
    let Value::Object(with) = fields else { panic!("a mapping") };
    Change::with(with)
}

fn sent(role: Role) -> impl Iterator<Item = &'static Kind> {
    Catalogue::get().kinds(role).filter(|kind| kind.sent)
}

#[test]
fn every_kind_that_is_sent_is_sent_and_heard_on_the_other_side() {
    let catalogue = Catalogue::get();
    let mut checked = 0;
    for medium in [Medium::Contact, Medium::Streams] {
        for kind in Role::ALL.into_iter().flat_map(sent) {
            if kind.contact && medium == Medium::Streams {
                continue;
            }
            let mut pair = if matches!(kind.what, What::Tls(_)) { Pair::secure(medium) } else { Pair::new(medium) };
            pair.heard.clear();
            pair.send(kind, &change(kind));
            let other = kind.role.other();
            if catalogue.kind(other, &kind.name).is_some_and(|theirs| theirs.heard) {
                let mut names = pair.heard.iter().filter(|(role, ..)| *role == other).map(|(_, name, _)| name.as_str());
                let all: Vec<&str> = names.clone().collect();
                assert!(names.any(|name| kind.takes(name)), "{medium:?}: {} was not heard, but {all:?}", kind.name);
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked}");
}

/// All that can be heard: by sending everything, and by what nobody sends.
fn everything() -> Vec<(Role, String, Value)> {
    let mut heard = Vec::new();
    for medium in [Medium::Contact, Medium::Streams] {
        for kind in Role::ALL.into_iter().flat_map(sent).filter(|kind| !kind.contact || medium == Medium::Contact) {
            let mut pair = if matches!(kind.what, What::Tls(_)) { Pair::secure(medium) } else { Pair::new(medium) };
            pair.send(kind, &change(kind));
            heard.append(&mut pair.heard);
        }
    }
    // An answer to something else than the command that was fetched, and one whose details cannot be read.
    let mut pair = Pair::new(Medium::Contact);
    pair.card.handle_(pair.now, Signal::Command(vec![0x80, 0x14, 0x00, 0x00, 0x01, 0x81]));
    // A command that cannot be read.
    let with = |octets: &str| Change::with(Map::from_iter([("octets".to_owned(), json!(octets))]));
    pair.send(Catalogue::get().kind(Role::Card, "proactive").unwrap(), &with("D00181"));
    heard.append(&mut pair.heard);
    // A short message that a terminal has given to the network, and one that cannot be read.
    let mut pair = Pair::new(Medium::Contact);
    for octets in ["010005812143F500F502ABCD", "01"] {
        pair.card.handle_(pair.now, Signal::Sms(dmsc_octets::from_hex(octets).unwrap()));
    }
    pair.listen(Role::Card);
    heard.append(&mut pair.heard);
    // Octets that come back, and the answer to a client that is not the DM Client.
    let mut pair = Pair::raw();
    let with = |name: &str, value: Value| Change::with(Map::from_iter([(name.to_owned(), value)]));
    pair.send(Catalogue::get().kind(Role::Card, "channel-data").unwrap(), &with("count", json!(300)));
    heard.append(&mut pair.heard);
    let mut pair = Pair::new(Medium::Contact);
    pair.send(Catalogue::get().kind(Role::Terminal, "http.request").unwrap(), &with("client", json!("other")));
    heard.append(&mut pair.heard);
    // Messages of the handshake that have no place in one with a pre-shared key.
    for (role, body) in [(Role::Card, "hex:0B000000"), (Role::Terminal, "hex:0F000000")] {
        let mut pair = Pair::secure(Medium::Streams);
        let with = Map::from_iter([("content".to_owned(), json!("handshake")), ("body".to_owned(), json!(body))]);
        pair.send(Catalogue::get().kind(role, "tls.record").unwrap(), &Change::with(with));
        heard.append(&mut pair.heard);
    }
    // Octets that are no HTTP, on both sides, and the ends of connections and of commands.
    let mut pair = Pair::new(Medium::Streams);
    let garbage = || Signal::Data(7, b"\x00\x01\r\n\r\n".to_vec());
    for signal in [Signal::Connect(7), garbage(), Signal::Notified] {
        pair.card.handle_(pair.now, signal);
    }
    pair.listen(Role::Card);
    pair.card.handle_(pair.now, Signal::Close(7));
    pair.listen(Role::Card);
    let now = pair.now;
    pair.terminal.perform(now, What::Connect, &Change::default()).unwrap();
    let Some(Signal::Connect(id)) = pair.player(Role::Terminal).poll() else { panic!("a connection") };
    for signal in [
        Signal::Connected(id),
        Signal::Data(id, b"HTTP/1.1 100 Continue\r\n\r\n\x00\x01\r\n\r\n".to_vec()),
        Signal::Notified,
    ] {
        pair.terminal.handle_(now, signal);
    }
    pair.listen(Role::Terminal);
    heard.append(&mut pair.heard);
    // A response that is none of DM.
    let mut pair = Pair::new(Medium::Streams);
    let now = pair.now;
    pair.terminal.perform(now, What::HttpRequest, &Change::default()).unwrap();
    let Some(Signal::Connect(id)) = pair.player(Role::Terminal).poll() else { panic!("a connection") };
    let response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx";
    for signal in [Signal::Connected(id), Signal::Data(id, response.to_vec())] {
        pair.terminal.handle_(now, signal);
    }
    pair.listen(Role::Terminal);
    heard.append(&mut pair.heard);
    heard
}

trait Handles {
    fn handle_(&mut self, now: Time, signal: Signal);
}

impl<P: dmsc_link::Peer> Handles for P {
    fn handle_(&mut self, now: Time, signal: Signal) {
        self.handle(now, signal);
    }
}

#[test]
fn every_kind_that_is_heard_is_heard() {
    let heard: BTreeSet<(Role, String)> = everything().into_iter().map(|(role, name, _)| (role, name)).collect();
    let mut missing = Vec::new();
    for role in Role::ALL {
        for kind in Catalogue::get().kinds(role).filter(|kind| kind.heard) {
            if !heard.iter().any(|(by, name)| *by == role && kind.takes(name)) {
                missing.push(format!("{role}: {}", kind.name));
            }
        }
    }
    assert!(missing.is_empty(), "never heard: {missing:#?}");
    for (role, name) in &heard {
        assert!(Catalogue::get().heard(*role, name).is_some(), "{role} hears `{name}`, which no kind takes");
    }
}

#[test]
fn what_is_heard_has_the_fields_that_its_kind_declares() {
    let catalogue = Catalogue::get();
    let mut wrong = BTreeSet::new();
    for (role, name, fields) in everything() {
        let kind = catalogue.heard(role, &name).unwrap();
        check(catalogue.group(kind.fields), &fields, &name, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Collects the fields that a group does not declare, or not with such values.
fn check(group: &[FieldSpec], fields: &Value, path: &str, wrong: &mut BTreeSet<String>) {
    let Value::Object(fields) = fields else {
        wrong.insert(format!("{path}: {fields} is no mapping"));
        return;
    };
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        let path = format!("{path}.{name}");
        match group.iter().find(|field| field.name == name) {
            Some(field) => value_fits(&field.shape, value, &path, wrong),
            None => drop(wrong.insert(format!("{path} is not declared"))),
        }
    }
}

fn value_fits(shape: &Shape, value: &Value, path: &str, wrong: &mut BTreeSet<String>) {
    let hex = |value: &Value| value.as_str().is_some_and(|text| dmsc_octets::from_hex(text).is_ok());
    let fits = match shape {
        Shape::Bool => value.is_boolean(),
        Shape::Int(low, high) => value.as_i64().is_some_and(|number| (*low..=*high).contains(&number)),
        Shape::SessionId(SessionForm::Number) => value.as_u64().is_some_and(|number| u16::try_from(number).is_ok()),
        Shape::Hex | Shape::HexOf(..) => hex(value),
        Shape::HexOrInt => hex(value) || value.is_u64(),
        Shape::Text | Shape::SessionId(_) => value.is_string(),
        Shape::Name(names) => value.as_str().is_some_and(|name| names.contains(&name)),
        Shape::NameOrInt(names) => match value.as_str() {
            Some(name) => names.iter().any(|(known, _)| *known == name),
            // A code that has a name is shown by it.
            None => value.as_u64().is_some_and(|code| !names.iter().any(|(_, known)| u64::from(*known) == code)),
        },
        Shape::WordOr(words, _) if value.as_str().is_some_and(|word| words.contains(&word)) => true,
        Shape::TextOr(_) if value.is_string() => true,
        Shape::WordOr(_, other) | Shape::TextOr(other) => return value_fits(other, value, path, wrong),
        Shape::Record(group) => return check(Catalogue::get().group(group), value, path, wrong),
        Shape::List(of) => match value {
            Value::Array(elements) => {
                elements.iter().for_each(|element| value_fits(of, element, path, wrong));
                true
            }
            _ => false,
        },
        Shape::Map(of) => match value {
            Value::Object(entries) => {
                entries.values().for_each(|element| value_fits(of, element, path, wrong));
                true
            }
            _ => false,
        },
        // Those are for what is set.
        Shape::Edits | Shape::Template(_) | Shape::Disturbances | Shape::Duration | Shape::Word(_) => false,
        Shape::NonEmptyText | Shape::ListOf(..) | Shape::NumberMap(..) => false,
    };
    if !fits {
        wrong.insert(format!("{path}: {value} is not {}", shape.words()));
    }
}

#[test]
fn a_kind_that_is_not_sent_by_a_role_is_refused_by_name() {
    let mut pair = Pair::new(Medium::Contact);
    let now = pair.now;
    for what in [What::Response, What::Envelope(None), What::Notified] {
        assert!(pair.terminal.perform(now, what, &Change::default()).is_err(), "{what:?}");
        assert!(pair.card.perform(now, what, &Change::default()).is_err(), "{what:?}");
    }
}
