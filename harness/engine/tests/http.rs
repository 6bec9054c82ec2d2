//! How the players read HTTP over byte streams, octet by octet (RFC 9112 6.3).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{card_config, kinds, terminal_config};
use dmsc_engine::card::{Card, CardConfig};
use dmsc_engine::dm::Encoding;
use dmsc_engine::event::Event;
use dmsc_engine::medium::Medium;
use dmsc_engine::messages::What;
use dmsc_engine::patch::Change;
use dmsc_engine::player::{Delivery, Player, Reply};
use dmsc_engine::terminal::{Terminal, TerminalConfig};
use dmsc_link::{Peer, Signal, Time};
use serde_json::{Value, json};

const POST: &str = "POST /OMA/DM HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n";

fn events(player: &mut dyn Player) -> Vec<Event> {
    std::iter::from_fn(|| player.next_event()).collect()
}

fn signals(player: &mut dyn Player) -> Vec<Signal> {
    std::iter::from_fn(|| player.poll()).collect()
}

/// A terminal that has sent a request of this method over an open connection.
fn client(method: &str) -> (Terminal, u32) {
    let config = TerminalConfig { medium: Medium::Streams, ..terminal_config(true, Encoding::Xml) };
    let mut client = Terminal::new(config);
    client.start(Time::ZERO);
    let with = json!({ "method": method }).as_object().cloned().unwrap();
    client.perform(Time::ZERO, What::HttpRequest, &Change::with(with)).unwrap();
    let [Signal::Connect(id)] = signals(&mut client)[..] else { panic!("no connection") };
    client.handle(Time::ZERO, Signal::Connected(id));
    assert!(matches!(&signals(&mut client)[..], [Signal::Data(_, octets)] if octets.starts_with(method.as_bytes())));
    events(&mut client);
    (client, id)
}

#[test]
fn a_request_is_not_delivered_before_its_connection_has_come_about() {
    let config = TerminalConfig { medium: Medium::Streams, ..terminal_config(true, Encoding::Xml) };
    let mut client = Terminal::new(config);
    client.start(Time::ZERO);
    let ask = |client: &mut Terminal| {
        client.perform(Time::ZERO, What::HttpRequest, &Change::default()).unwrap();
        signals(client).into_iter().find_map(|signal| if let Signal::Connect(id) = signal { Some(id) } else { None })
    };
    let first = ask(&mut client).unwrap();
    let waiting = Delivery::Failed("the connection to 127.0.0.1:3516 has not come about".into());
    assert_eq!(*client.delivery(), waiting);
    client.handle(Time::ZERO, Signal::Connected(first));
    assert_eq!(*client.delivery(), Delivery::None);
    client.handle(Time::ZERO, Signal::Close(first));
    let second = ask(&mut client).unwrap();
    client.handle(Time::ZERO, Signal::Refused(second, "no".into()));
    assert_eq!(*client.delivery(), Delivery::Failed("the connection to 127.0.0.1:3516 was refused".into()));
    let third = ask(&mut client).unwrap();
    assert_eq!(*client.delivery(), waiting);
    client.handle(Time::ZERO, Signal::Connected(third));
    assert_eq!(*client.delivery(), Delivery::None, "what was refused before is no news any more");
}

#[test]
fn a_request_that_meets_the_end_of_a_connection_in_use_goes_once_more() {
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let sent = |client: &mut Terminal| {
        client.perform(Time::ZERO, What::HttpRequest, &Change::default()).unwrap();
        signals(client)
    };
    let (mut kept, id) = client("POST");
    kept.handle(Time::ZERO, Signal::Data(id, response.to_vec()));
    kept.answer(Time::ZERO, &Reply::Silent).unwrap();
    let [Signal::Data(same, request)] = &sent(&mut kept)[..] else { panic!("no request") };
    assert_eq!(*same, id);
    kept.handle(Time::ZERO, Signal::Close(id));
    let [Signal::Connect(next)] = signals(&mut kept)[..] else { panic!("no connection") };
    kept.handle(Time::ZERO, Signal::Connected(next));
    assert_eq!(signals(&mut kept), [Signal::Data(next, request.clone())]);
    // But not a third time, for it is the first of its connection now.
    kept.handle(Time::ZERO, Signal::Close(next));
    assert_eq!(signals(&mut kept), []);
    // Nor one of whose response something has come.
    for begun in [&response[..9], b"HTTP/1.1 102 Processing\r\n\r\n"] {
        let (mut kept, id) = client("POST");
        kept.handle(Time::ZERO, Signal::Data(id, response.to_vec()));
        kept.answer(Time::ZERO, &Reply::Silent).unwrap();
        sent(&mut kept);
        kept.handle(Time::ZERO, Signal::Data(id, begun.to_vec()));
        kept.handle(Time::ZERO, Signal::Close(id));
        assert!(!signals(&mut kept).iter().any(|signal| matches!(signal, Signal::Connect(_))));
    }
}

/// What the client hears of these octets while the connection stays open: kinds, states, and whether it asks.
fn heard(method: &str, octets: &[u8]) -> Vec<(String, Value, bool)> {
    let (mut client, id) = client(method);
    client.handle(Time::ZERO, Signal::Data(id, octets.to_vec()));
    let tell = |event: Event| {
        let told = event.fields.get("status").or_else(|| event.fields.get("reason")).cloned().unwrap_or_default();
        (event.kind.into_owned(), told, event.wants_answer)
    };
    events(&mut client).into_iter().map(tell).collect()
}

fn response(status: u16, asks: bool) -> (String, Value, bool) {
    ("http.response".into(), json!(status), asks)
}

#[test]
fn a_response_without_a_body_needs_no_end_of_the_connection() {
    assert_eq!(heard("GET", b"HTTP/1.1 204 No Content\r\n\r\n"), [response(204, true)]);
    assert_eq!(heard("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"), [response(304, true)]);
    assert_eq!(heard("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), [response(200, true)]);
    assert_eq!(heard("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), []);
    assert_eq!(heard("GET", b"HTTP/1.1 200 OK\r\n\r\n"), []);
}

#[test]
fn an_interim_response_is_told_of_and_the_final_one_answered() {
    let octets = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let interim = || ("http.interim".to_owned(), json!(100), false);
    assert_eq!(heard("POST", octets), [interim(), response(200, true)]);
    assert_eq!(heard("POST", &octets[..25]), [interim()]);
    let (mut client, id) = client("POST");
    for octet in octets {
        client.handle(Time::ZERO, Signal::Data(id, vec![*octet]));
    }
    assert_eq!(kinds(&events(&mut client)), ["http.interim", "http.response"]);
}

#[test]
fn what_is_irregular_is_a_field() {
    let (mut client, id) = client("POST");
    let octets =
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n";
    client.handle(Time::ZERO, Signal::Data(id, octets.to_vec()));
    let event = events(&mut client).remove(0);
    assert_eq!(event.fields["framing"], "chunked");
    assert_eq!(event.fields["body"], "61");
    assert_eq!(event.fields["trailers"], json!({ "x_sum": "1" }));
    assert_eq!(event.fields["irregular"][0]["kind"], "two-framings");
}

#[test]
fn a_request_whose_end_cannot_be_told_is_refused() {
    for fields in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip\r\n",
    ] {
        let mut server = Card::new(CardConfig { medium: Medium::Streams, ..card_config(true, Vec::new()) });
        server.handle(Time::ZERO, Signal::Connect(1));
        server.handle(Time::ZERO, Signal::Data(1, format!("{POST}{fields}\r\nab").into_bytes()));
        let sent = signals(&mut server);
        assert!(
            matches!(&sent[..], [Signal::Data(1, octets), Signal::Close(1)] if octets.starts_with(b"HTTP/1.1 400 ")),
            "{fields}: {sent:?}"
        );
        let events = events(&mut server);
        assert_eq!(kinds(&events), ["connection", "http.garbage"], "{fields}");
        assert!(events[1].octets.ends_with(b"\r\n\r\nab"), "{fields}");
    }
}

#[test]
fn a_client_that_has_closed_its_half_still_gets_its_answer() {
    let mut server = Card::new(CardConfig { medium: Medium::Streams, ..card_config(true, Vec::new()) });
    server.handle(Time::ZERO, Signal::Connect(1));
    server.handle(Time::ZERO, Signal::Data(1, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec()));
    server.handle(Time::ZERO, Signal::Close(1));
    server.answer(Time::ZERO, &dmsc_engine::player::Reply::Default).unwrap();
    assert!(matches!(&signals(&mut server)[..], [Signal::Data(1, octets)] if octets.starts_with(b"HTTP/1.1 404 ")));
}

#[test]
fn requests_that_come_in_one_piece_are_answered_one_after_another() {
    const COUNT: usize = 5000;
    let answered = || {
        let mut server = Card::new(CardConfig { medium: Medium::Streams, ..card_config(false, Vec::new()) });
        server.handle(Time::ZERO, Signal::Connect(1));
        server.handle(Time::ZERO, Signal::Data(1, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(COUNT)));
        let sent = signals(&mut server);
        sent.iter().filter(|one| matches!(one, Signal::Data(1, octets) if octets.starts_with(b"HTTP/1.1 404 "))).count()
    };
    // A stack that grew with the requests would be too small.
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(answered).unwrap();
    assert_eq!(thread.join().unwrap(), COUNT);
}

#[test]
fn after_a_response_that_ended_with_its_connection_the_next_request_has_a_new_one() {
    let mut client = Terminal::new(TerminalConfig { medium: Medium::Streams, ..terminal_config(false, Encoding::Xml) });
    let mut server = Card::new(CardConfig { medium: Medium::Streams, ..card_config(false, Vec::new()) });
    client.start(Time::ZERO);
    client.perform(Time::ZERO, What::DmMessage, &Change::default()).unwrap();
    let mut connections = 0;
    let mut requests = Vec::new();
    loop {
        let sent = signals(&mut client);
        if sent.is_empty() {
            break;
        }
        for signal in sent {
            match &signal {
                Signal::Connect(id) => {
                    connections += 1;
                    client.handle(Time::ZERO, Signal::Connected(*id));
                }
                Signal::Data(_, octets) => requests.push(String::from_utf8(octets.clone()).unwrap()),
                _ => {}
            }
            server.handle(Time::ZERO, signal);
        }
        for signal in signals(&mut server) {
            let Signal::Data(id, octets) = signal else { continue };
            let unframed = String::from_utf8(octets).unwrap().replace("Content-Length", "X-Length");
            client.handle(Time::ZERO, Signal::Data(id, unframed.into_bytes()));
            client.handle(Time::ZERO, Signal::Close(id));
            server.handle(Time::ZERO, Signal::Close(id));
        }
    }
    assert_eq!((connections, requests.len()), (2, 2));
    assert!(requests[1].contains("<Data>Example</Data>"), "{requests:?}");
}

/// A card to which a client has opened a connection, and what came of these octets: what is heard and said, by kind, and
/// what goes back.
fn served(pieces: &[&[u8]], ends: bool) -> (Vec<Event>, Vec<u8>, Option<String>) {
    let config = CardConfig { medium: Medium::Streams, ..card_config(true, Vec::new()) };
    let mut card = Card::new(config);
    card.start(Time::ZERO);
    card.handle(Time::ZERO, Signal::Connect(1));
    for piece in pieces {
        card.handle(Time::ZERO, Signal::Data(1, piece.to_vec()));
    }
    let unfinished = card.unfinished();
    if ends {
        card.handle(Time::ZERO, Signal::Close(1));
    }
    let back =
        signals(&mut card).into_iter().filter_map(|signal| signal.octets().map(<[u8]>::to_vec)).collect::<Vec<_>>();
    (events(&mut card), back.concat(), unfinished)
}

#[test]
fn a_client_that_waits_to_go_on_is_let_go_on_once_and_it_is_seen() {
    let head = format!("{POST}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    let (told, back, _) = served(&[head.as_bytes(), b"bo", b"dy"], false);
    assert_eq!(kinds(&told), ["connection", "http.interim", "http.request"]);
    assert_eq!((told[1].heard, &told[1].fields["status"]), (false, &json!(100)));
    assert_eq!(back, b"HTTP/1.1 100 Continue\r\n\r\n");
    let whole = format!("{head}body");
    let (told, back, _) = served(&[whole.as_bytes()], false);
    assert_eq!((kinds(&told), back), (vec!["connection", "http.request"], Vec::new()), "its body is there");
    // A second request behind one that is still to be answered waits for its turn.
    let (told, back, _) = served(&[whole.as_bytes(), head.as_bytes()], false);
    assert_eq!((kinds(&told), back), (vec!["connection", "http.request"], Vec::new()));
}

#[test]
fn an_expectation_that_nobody_knows_is_refused_and_not_held_against_the_client() {
    let head = format!("{POST}Expect: tea\r\nContent-Length: 4\r\n\r\n");
    let (told, back, _) = served(&[head.as_bytes()], false);
    assert_eq!(kinds(&told)[..2], ["connection", "http.garbage"]);
    assert_eq!(told[1].fields["refused"], json!(true));
    assert!(back.starts_with(b"HTTP/1.1 417 Expectation Failed\r\n"), "{}", String::from_utf8_lossy(&back));
}

#[test]
fn a_request_that_is_cut_off_is_told_with_its_octets_and_how_far_it_came() {
    let part = format!("{POST}Content-Length: 1000\r\n\r\n<SyncML>");
    let (told, _, unfinished) = served(&[part.as_bytes()], true);
    assert_eq!(unfinished, Some(format!("{} octets have come of a request that has no end yet", part.len())));
    let garbage = told.iter().find(|event| event.kind == "http.garbage").unwrap();
    assert_eq!(garbage.octets, part.as_bytes());
    assert_eq!(garbage.fields["reason"], json!("the stream ended after 8 of 1000 octets of the body"));
    let (told, _, unfinished) = served(&[&part.as_bytes()[..20]], true);
    assert_eq!((kinds(&told).contains(&"http.garbage"), unfinished.is_some()), (true, true), "within its head");
    let (told, _, unfinished) = served(&[], true);
    assert_eq!(
        (kinds(&told).contains(&"http.garbage"), unfinished),
        (false, None),
        "one that says nothing is no garbage"
    );
}

#[test]
fn a_response_that_comes_to_no_end_is_told_when_it_is_waited_for_no_longer() {
    let (mut client, id) = client("POST");
    let part = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";
    client.handle(Time::ZERO, Signal::Data(id, part.to_vec()));
    let octets = part.len();
    assert_eq!(client.unfinished(), Some(format!("{octets} octets have come of a response that has no end yet")));
    assert!(events(&mut client).is_empty());
    client.tick(client.wake_at().unwrap());
    let told = events(&mut client);
    let garbage = told.iter().find(|event| event.kind == "http.garbage").unwrap();
    assert_eq!(
        (garbage.octets.as_slice(), &garbage.fields["reason"]),
        (&part[..], &json!("nothing more came of it within 60 s"))
    );
}
