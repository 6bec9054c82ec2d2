//! Clients of a terminal besides the DM Client, and the card that they connect to.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{card_config, find, kinds, run, terminal_config};
use dmsc_engine::card::{Card, CardConfig};
use dmsc_engine::choice::{Choices, Chosen};
use dmsc_engine::dm::Encoding;
use dmsc_engine::event::Event;
use dmsc_engine::medium::Medium;
use dmsc_engine::messages::What;
use dmsc_engine::patch::Change;
use dmsc_engine::player::Player;
use dmsc_engine::terminal::{Terminal, TerminalConfig};
use dmsc_link::{InProcess, Link, Peer, Signal, Time};
use dmsc_uicc::command::CommandType;
use serde_json::{Map, Value, json};

/// Longer than a terminal waits with its next STATUS.
const WHILE: Duration = Duration::from_secs(40);

fn change(fields: Value) -> Change {
    let Value::Object(with) = fields else { panic!("a mapping") };
    Change::with(with)
}

/// A card that takes octets for what they are, and a terminal that makes a choice.
struct Bench {
    card: Card,
    link: InProcess,
}

impl Bench {
    fn new(choices: &[(&str, &str)]) -> Bench {
        let chosen: Vec<Chosen> = choices.iter().map(|(choice, one)| Chosen::named(choice, one).unwrap()).collect();
        let choices = Choices::new(&chosen);
        let terminal = Terminal::new(TerminalConfig { choices, ..terminal_config(false, Encoding::Xml) });
        let card = Card::new(CardConfig { raw: true, ..card_config(true, Vec::new()) });
        let mut bench = Bench { card, link: InProcess::contact(Box::new(terminal)) };
        bench.pass();
        bench
    }

    fn pass(&mut self) -> Vec<Event> {
        run(&mut self.card, &mut self.link, WHILE, None)
    }

    fn act(&mut self, name: &str) -> Vec<Event> {
        self.link.send(Signal::Act(name.into())).unwrap();
        self.pass()
    }

    fn send(&mut self, what: What, fields: Value) -> Vec<Event> {
        self.card.perform(self.link.now(), what, &change(fields)).unwrap();
        self.pass()
    }
}

/// The latest of what came over a channel.
fn came<'a>(events: &'a [Event], field: &str) -> &'a Value {
    find(events, "channel-data", true).last().map_or(&Value::Null, |event| &event.fields[field])
}

fn statuses(events: &[Event]) -> Vec<&Value> {
    find(events, "event.channel-status", true).iter().map(|event| &event.fields["channel_status"][0]["link"]).collect()
}

#[test]
fn what_is_given_back_is_compared_with_what_was_sent() {
    let mut bench = Bench::new(&[]);
    assert_eq!(statuses(&bench.act("connect-echo-client")), ["established"]);
    let events = bench.send(What::ChannelData, json!({ "count": 3000 }));
    assert_eq!(
        (came(&events, "total"), came(&events, "as_sent")),
        (&json!(3000), &json!(true)),
        "{:?}",
        kinds(&events)
    );
    assert_eq!(came(&events, "missing"), 0);
    assert!(find(&events, "terminal-response.send-data", true).len() > 12);
}

#[test]
fn a_second_client_is_refused_where_the_terminal_has_it_so() {
    let mut bench = Bench::new(&[("second-client", "refused")]);
    bench.act("connect-echo-client");
    bench.link.send(Signal::Act("connect-browser".into())).unwrap();
    let close = What::Command(Some(CommandType::CloseChannel));
    assert!(statuses(&bench.send(close, json!({ "qualifier": 1 }))).is_empty());
    // The channel is free again.
    let events = bench.act("connect-browser");
    assert_eq!(statuses(&events), ["established", "listen"], "nobody answers it, and it goes");
    assert_eq!(came(&events, "octets").as_str().map(|octets| &octets[..6]), Some("474554"));
}

#[test]
fn a_client_is_let_in_when_there_is_room() {
    let mut bench = Bench::new(&[("event-order", "data-first")]);
    bench.act("connect-echo-client");
    // An echo client has all the time in the world.
    assert!(statuses(&bench.act("connect-echo-client")).is_empty());
    let events = bench.send(What::Command(Some(CommandType::CloseChannel)), json!({ "qualifier": 1 }));
    assert_eq!(statuses(&events), ["established"]);
    let events = bench.send(What::ChannelData, json!({ "octets": "AB" }));
    assert_eq!((came(&events, "total"), came(&events, "as_sent")), (&json!(1), &json!(true)));
}

#[test]
fn names_of_the_loopback_address_lead_to_the_card() {
    for (act, choices, connected) in [
        ("connect-browser-by-name", &[][..], true),
        ("connect-browser-over-ipv6", &[], true),
        ("connect-browser-over-ipv6", &[("loopback", "ipv4")], false),
        ("connect-half-closing-client", &[], true),
    ] {
        let events = Bench::new(choices).act(act);
        assert_eq!(statuses(&events).first() == Some(&&json!("established")), connected, "{act}: {:?}", kinds(&events));
    }
}

#[test]
fn over_streams_all_are_connected_at_once() {
    let mut terminal =
        Terminal::new(TerminalConfig { medium: Medium::Streams, ..terminal_config(true, Encoding::Xml) });
    let now = Time::ZERO;
    terminal.start(now);
    let ask = |terminal: &mut Terminal, fields: Map<String, Value>| {
        terminal.perform(now, What::HttpRequest, &Change::with(fields)).unwrap();
        let Some(Signal::Connect(id)) = terminal.poll() else { panic!("a connection") };
        terminal.handle(now, Signal::Connected(id));
        let Some(Signal::Data(to, octets)) = terminal.poll() else { panic!("a request") };
        assert_eq!(to, id);
        (id, String::from_utf8(octets).unwrap())
    };
    let (own, _) = ask(&mut terminal, Map::new());
    let other = json!({ "client": "other", "method": "GET", "path": "/page" });
    let (other, request) = ask(&mut terminal, other.as_object().unwrap().clone());
    assert!(own != other && request.starts_with("GET /page HTTP/1.1"), "{request}");
    terminal.handle(now, Signal::Data(other, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()));
    let events: Vec<Event> = std::iter::from_fn(|| terminal.next_event()).collect();
    let responses = find(&events, "http.response", true);
    assert_eq!((responses.len(), &responses[0].fields["client"]), (1, &json!("other")));
    assert_eq!(terminal.poll(), Some(Signal::Close(other)));
    assert_eq!(terminal.poll(), None, "the DM Client's own connection stays");
}
