//! The two players against each other: from power-on over the off-line trigger to the end of a DM session.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{card, find, kinds, run, terminal, terminal_config};
use dmsc_engine::card::Cause;
use dmsc_engine::dm::Encoding;
use dmsc_engine::messages::What;
use dmsc_engine::terminal::{Terminal, TerminalConfig};
use dmsc_link::{InProcess, Signal, Time};
use dmsc_uicc::profile::{Facility, TerminalProfile};

#[test]
fn the_harness_as_card_triggers_a_session() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let mut player = card(true, Vec::new());
        let mut link = InProcess::contact(Box::new(terminal(false, encoding)));
        let send = Some(("envelope.terminal-applications", What::Notification));
        let events = run(&mut player, &mut link, Duration::from_secs(60), send);
        let heard = find(&events, "dm.message", true);
        assert_eq!(heard.len(), 2, "{:?}", kinds(&events));
        assert_eq!(heard[0].fields["alerts"], serde_json::json!([1200]));
        assert_eq!(heard[0].fields["credentials"], "valid");
        assert_eq!(heard[0].fields["encoding"], encoding.name());
        assert_eq!(heard[1].fields["results"]["./DevInfo/Man"], "Example");
        assert_eq!(heard[1].fields["status"]["SyncHdr"], 212);
        let said = find(&events, "dm.message", false);
        assert_eq!(said.len(), 2);
        assert_eq!(find(&events, "terminal-response.close-channel", true).len(), 1);
    }
}

#[test]
fn the_harness_as_terminal_is_triggered() {
    let mut player = terminal(true, Encoding::Xml);
    let mut link = InProcess::contact(Box::new(card(false, vec![Cause::Applications])));
    let events = run(&mut player, &mut link, Duration::from_secs(60), None);
    let notifications = find(&events, "notification", true);
    assert_eq!(notifications.len(), 1, "{:?}", kinds(&events));
    assert_eq!(notifications[0].fields["digest"], "valid");
    assert_eq!(notifications[0].fields["version"], 11);
    let heard = find(&events, "dm.message", true);
    assert_eq!(heard.len(), 2, "{:?}", kinds(&events));
    assert_eq!(heard[0].fields["credentials"], "valid");
    assert_eq!(heard[0].fields["status"]["Alert"], 200);
    assert_eq!(heard[1].fields["names"], serde_json::json!(["Status"]));
}

#[test]
fn a_run_is_the_same_each_time() {
    let once = || {
        let mut player = card(true, Vec::new());
        let mut link = InProcess::contact(Box::new(terminal(false, Encoding::Xml)));
        run(
            &mut player,
            &mut link,
            Duration::from_secs(60),
            Some(("envelope.terminal-applications", What::Notification)),
        )
    };
    assert_eq!(once(), once());
}

#[test]
fn a_silent_card_is_given_up() {
    struct Mute;
    impl dmsc_link::Peer for Mute {
        fn handle(&mut self, _: Time, _: dmsc_link::Signal) {}
        fn tick(&mut self, _: Time) {}
        fn wake_at(&self) -> Option<Time> {
            None
        }
        fn poll(&mut self) -> Option<dmsc_link::Signal> {
            None
        }
    }
    let mut player = terminal(true, Encoding::Xml);
    let mut link = InProcess::contact(Box::new(Mute));
    let events = run(&mut player, &mut link, Duration::from_secs(60), None);
    assert_eq!(kinds(&events), ["power-on", "silence", "given-up"]);
}

/// A card that has its link say that no answer comes: to its reset, or to the command after it.
struct Unanswered {
    to_reset: bool,
    says: Vec<Signal>,
}

impl dmsc_link::Peer for Unanswered {
    fn handle(&mut self, _: Time, signal: Signal) {
        let unanswered = |reset| Signal::Unanswered { reset, why: "the link was cut".into() };
        match signal {
            Signal::PowerOn if self.to_reset => self.says = vec![unanswered(true)],
            // That of a command is none to a reset which has cut it off.
            Signal::PowerOn => self.says = vec![unanswered(false), Signal::Atr(vec![0x3B, 0x00])],
            Signal::Command(_) => self.says = vec![unanswered(false)],
            _ => {}
        }
    }
    fn tick(&mut self, _: Time) {}
    fn wake_at(&self) -> Option<Time> {
        None
    }
    fn poll(&mut self) -> Option<Signal> {
        (!self.says.is_empty()).then(|| self.says.remove(0))
    }
}

#[test]
fn an_answer_that_the_link_knows_will_not_come_is_not_waited_for() {
    for (to_reset, expected, what) in [
        (true, &["power-on", "silence", "given-up"][..], "its reset"),
        (false, &["power-on", "atr", "select", "silence", "given-up"], "00 A4 00 04"),
    ] {
        let mut player = terminal(true, Encoding::Xml);
        let mut link = InProcess::contact(Box::new(Unanswered { to_reset, says: Vec::new() }));
        let events = run(&mut player, &mut link, Duration::from_secs(1), None);
        assert_eq!(kinds(&events), expected);
        let told = format!("the card did not answer {what} (the link was cut), and the start-up ended there");
        assert_eq!(events.last().unwrap().fields["what"], told);
    }
}

#[test]
fn a_card_that_is_watched_decides_as_one_that_is_not() {
    let full = TerminalProfile::minimal_dm_sc();
    let mut without = full.clone();
    without.clear(Facility::OpenChannel);
    for (profile, opens) in [(full, true), (without, false)] {
        let mut watched = card(true, vec![Cause::Applications]);
        let config = TerminalConfig { profile, ..terminal_config(false, Encoding::Xml) };
        let mut link = InProcess::contact(Box::new(Terminal::new(config)));
        let events = run(&mut watched, &mut link, Duration::from_secs(120), None);
        assert_eq!(!find(&events, "open-channel", false).is_empty(), opens, "{:?}", kinds(&events));
    }
}
