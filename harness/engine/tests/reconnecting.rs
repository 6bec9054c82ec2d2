//! A DM Client that opens one connection after another over one channel, and a card that tells them apart.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{card_config, find, kinds, run, terminal_config};
use dmsc_engine::account::Psk;
use dmsc_engine::card::{Card, CardConfig};
use dmsc_engine::choice::{Choices, Chosen};
use dmsc_engine::dm::Encoding;
use dmsc_engine::event::Event;
use dmsc_engine::messages::What;
use dmsc_engine::terminal::{Terminal, TerminalConfig};
use dmsc_link::InProcess;

fn choices(all: &[(&str, &str)]) -> Choices {
    let chosen: Vec<Chosen> = all.iter().map(|(choice, one)| Chosen::named(choice, one).unwrap()).collect();
    Choices::new(&chosen)
}

/// A card as the harness plays it and a terminal with these choices, both with an account of HTTPS.
fn pair(of_card: &[(&str, &str)], of_terminal: &[(&str, &str)]) -> (Card, InProcess) {
    let mut card = CardConfig { choices: choices(of_card), ..card_config(true, Vec::new()) };
    card.account.address = "https://127.0.0.1:3516/OMA/DM".into();
    card.account.psk = Psk { identity: "client1".into(), key: vec![7; 16] };
    let accounts = vec![card.account.clone()];
    let terminal = TerminalConfig { accounts, choices: choices(of_terminal), ..terminal_config(false, Encoding::Xml) };
    (Card::new(card), InProcess::contact(Box::new(Terminal::new(terminal))))
}

/// Whether every connection that began was set up, and what came over it could be read.
fn assert_clean(events: &[Event]) {
    let all = kinds(events);
    assert!(!all.contains(&"http.garbage"), "{all:?}");
    let (hellos, set_up) = (find(events, "tls.client-hello", true), find(events, "tls.established", true));
    assert!(!hellos.is_empty(), "{all:?}");
    assert_eq!(hellos.len(), set_up.len(), "{all:?}");
}

#[test]
fn a_slow_client_does_not_connect_before_the_card_is_through_with_the_connection_before() {
    let slow = [("pace", "300-ms"), ("reconnects", "each-time"), ("tls-padding", "longest")];
    let (mut player, mut link) = pair(&[], &slow);
    let send = Some(("envelope.terminal-applications", What::Notification));
    let events = run(&mut player, &mut link, Duration::from_secs(600), send);
    assert_clean(&events);
    let heard = find(&events, "dm.message", true);
    assert_eq!(heard.len(), 2, "{:?}", kinds(&events));
    assert_eq!(heard[1].fields["results"]["./DevInfo/Man"], "Example");
}

#[test]
fn events_of_a_connection_that_the_card_has_closed_are_not_another_client() {
    let late = [("event-order", "data-first"), ("first-credentials", "after-challenge"), ("accepted", "200")];
    let (mut player, mut link) = pair(&[("connection", "closed")], &late);
    for after in ["envelope.terminal-applications", "status"] {
        let events = run(&mut player, &mut link, Duration::from_secs(60), Some((after, What::Notification)));
        assert_clean(&events);
        let last = find(&events, "dm.message", true).pop().unwrap();
        assert_eq!(last.fields["package"], 3, "{:?}", kinds(&events));
    }
}

#[test]
fn reads_that_the_card_leaves_no_time_for_do_not_pile_up() {
    let busy = [("pace", "300-ms"), ("connection", "closed"), ("meanwhile", "reads"), ("tls-records", "short")];
    let (mut player, mut link) = pair(&[("portions", "uneven")], &busy);
    let send = Some(("envelope.terminal-applications", What::Notification));
    let events = run(&mut player, &mut link, Duration::from_secs(600), send);
    assert_clean(&events);
    assert_eq!(find(&events, "dm.message", true).len(), 2, "{:?}", kinds(&events));
    let told: Vec<&str> = kinds(&events).into_iter().filter(|kind| *kind != "response").collect();
    let read = ["select", "select", "read-binary"];
    assert!(told.windows(3).any(|three| three == read), "{told:?}");
    assert!(!told.windows(6).any(|six| six == [read, read].concat()), "{told:?}");
}
