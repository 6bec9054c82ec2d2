//! The two players against each other on a link where things go wrong.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{card, card_config, find, kinds, run, terminal, terminal_config};
use dmsc_engine::card::{Card, Cause};
use dmsc_engine::dm::Encoding;
use dmsc_engine::event::Event;
use dmsc_engine::messages::What;
use dmsc_engine::switch::{Switch, Switches};
use dmsc_engine::terminal::{INSERT_CARD, Terminal};
use dmsc_link::{Disturbance, Disturbed, InProcess, Mishap, Peer, Place, Schedule, Signal, Time};

const WINDOW: Duration = Duration::from_secs(120);

/// The harness plays the card; the terminal is disturbed.
fn against_terminal(dut: Terminal, at: Place, mishap: Mishap) -> Vec<Event> {
    let schedule = Schedule(vec![Disturbance { at, mishap }]);
    let (mut link, _) = Disturbed::over(Box::new(InProcess::contact(Box::new(dut))), schedule);
    let send = Some(("envelope.terminal-applications", What::Notification));
    run(&mut card(true, Vec::new()), &mut link, WINDOW, send)
}

/// The harness plays the terminal; the card is disturbed.
fn against_card(dut: Card, at: Place, mishap: Mishap) -> Vec<Event> {
    let schedule = Schedule(vec![Disturbance { at, mishap }]);
    let (mut link, _) = Disturbed::over(Box::new(InProcess::contact(Box::new(dut))), schedule);
    run(&mut terminal(true, Encoding::Xml), &mut link, WINDOW, None)
}

#[test]
fn a_terminal_resets_a_card_that_left_a_command_unanswered() {
    for at in [Place::Response(3), Place::Command(7)] {
        let events = against_terminal(terminal(false, Encoding::Xml), at, Mishap::Drop);
        assert_eq!(find(&events, "reset", true).len(), 1, "{:?}", kinds(&events));
        assert_eq!(find(&events, "dm.message", true).len(), 2, "{:?}", kinds(&events));
    }
    let given_up = Switches::new([Switch::GiveUpOnSilence]);
    let config = dmsc_engine::terminal::TerminalConfig { switches: given_up, ..terminal_config(false, Encoding::Xml) };
    let events = against_terminal(Terminal::new(config), Place::Response(3), Mishap::Drop);
    assert!(find(&events, "reset", true).is_empty() && find(&events, "dm.message", true).is_empty());
}

#[test]
fn a_card_reset_in_the_middle_of_a_command_starts_again_with_the_terminal() {
    for number in [1, 4, 20] {
        let dut = card(false, vec![Cause::Applications]);
        let events = against_card(dut, Place::Command(number), Mishap::Reset);
        assert_eq!(find(&events, "atr", true).len(), 2, "{number}: {:?}", kinds(&events));
        assert!(find(&events, "silence", false).is_empty(), "{number}: {:?}", kinds(&events));
        assert!(find(&events, "dm.message", true).len() >= 2, "{number}: {:?}", kinds(&events));
    }
    let config = card_config(false, vec![Cause::Applications]);
    let locked =
        Card::new(dmsc_engine::card::CardConfig { switches: Switches::new([Switch::LockUpOnReset]), ..config });
    let events = against_card(locked, Place::Command(4), Mishap::Reset);
    assert!(find(&events, "notification", true).is_empty());
    assert_eq!(find(&events, "silence", false).len(), 1, "{:?}", kinds(&events));
}

#[test]
fn a_card_played_by_the_harness_that_lost_its_state_is_started_again() {
    let dut = terminal(false, Encoding::Xml);
    let events = against_terminal(dut, Place::Command(9), Mishap::Reset);
    assert_eq!(find(&events, "reset", true).len(), 2, "one by the link, one by the terminal: {:?}", kinds(&events));
    assert_eq!(find(&events, "dm.message", true).len(), 2, "{:?}", kinds(&events));
}

#[test]
fn a_terminal_given_another_card_starts_from_the_beginning() {
    let said = |dut: &mut Terminal| std::iter::from_fn(|| dut.poll()).collect::<Vec<_>>();
    // What it says on the way, until nothing more is due.
    let silence = |dut: &mut Terminal| {
        let mut all = said(dut);
        for _ in 0..8 {
            if let Some(due) = dut.wake_at() {
                dut.tick(due);
                all.extend(said(dut));
            }
        }
        all
    };
    let mut dut = terminal(false, Encoding::Xml);
    assert_eq!(said(&mut dut), [Signal::PowerOn]);
    assert_eq!(silence(&mut dut), [Signal::Reset, Signal::PowerOn, Signal::PowerOn], "it tries three times");
    dut.handle(Time::ZERO, Signal::Act(INSERT_CARD.into()));
    assert_eq!(said(&mut dut), [Signal::PowerOn]);

    let switches = Switches::new([Switch::GiveUpOnSilence]);
    let config = dmsc_engine::terminal::TerminalConfig { switches, ..terminal_config(false, Encoding::Xml) };
    let mut stubborn = Terminal::new(config);
    assert_eq!(silence(&mut stubborn), [Signal::PowerOn]);
    stubborn.handle(Time::ZERO, Signal::Act(INSERT_CARD.into()));
    assert_eq!(said(&mut stubborn), [Signal::Reset; 0], "it has given the card up");
}

#[test]
fn channel_data_in_small_pieces_make_the_same_session() {
    let sizes = [vec![1], vec![7, 255], vec![240, 1, 3]];
    for bip_chunks in sizes {
        let config = dmsc_engine::card::CardConfig { bip_chunks: bip_chunks.clone(), ..card_config(true, Vec::new()) };
        let mut player = Card::new(config);
        let mut link = InProcess::contact(Box::new(terminal(false, Encoding::Xml)));
        let send = Some(("envelope.terminal-applications", What::Notification));
        let events = run(&mut player, &mut link, WINDOW, send);
        assert_eq!(find(&events, "dm.message", true).len(), 2, "{bip_chunks:?}");
        let sent = find(&events, "send-data", false).len();
        assert!(sent >= 20 || bip_chunks[0] == 240, "{bip_chunks:?}: {sent}");

        let base = terminal_config(true, Encoding::Xml);
        let config = dmsc_engine::terminal::TerminalConfig { bip_chunks: bip_chunks.clone(), ..base };
        let mut player = Terminal::new(config);
        let mut link = InProcess::contact(Box::new(card(false, vec![Cause::Applications])));
        let events = run(&mut player, &mut link, WINDOW, None);
        assert_eq!(find(&events, "dm.message", true).len(), 2, "{bip_chunks:?}: {:?}", kinds(&events));
        assert!(find(&events, "event.data-available", false).len() > 4, "{bip_chunks:?}");
    }
}
