//! The two players against each other: from power-on over the off-line trigger to the end of a DM session.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use dmsc_dm::syncml::{Command, CommandName, Item};
use dmsc_dm::tree::{DevDetail, DevInfo, ManagementTree};
use dmsc_engine::account::{Account, AuthScheme};
use dmsc_engine::card::{Card, CardConfig, Cause, Medium};
use dmsc_engine::dm::Encoding;
use dmsc_engine::event::Event;
use dmsc_engine::patch::Change;
use dmsc_engine::player::{Player, Reply};
use dmsc_engine::switch::Switches;
use dmsc_engine::terminal::{Terminal, TerminalConfig};
use dmsc_link::{InProcess, Link, Time};
use dmsc_uicc::channel::TransportProtocol;
use dmsc_uicc::object::RegistryApplication;
use dmsc_uicc::profile::TerminalProfile;

fn account() -> Account {
    Account {
        server_id: "dmsc.example.com".into(),
        address: "http://127.0.0.1:3516/OMA/DM".into(),
        server_secret: "s3cr3t-P@ss".into(),
        server_nonce: (0..16).collect(),
        server_auth: AuthScheme::Md5,
        client_name: "client1".into(),
        client_secret: "pwd-C".into(),
        client_nonce: (0..16).collect(),
        client_auth: AuthScheme::Md5,
    }
}

fn card(scripted: bool, causes: Vec<Cause>) -> Card {
    let mut get = Command::new(CommandName::Get, "");
    get.items.push(Item { target: Some("./DevInfo/Man".into()), ..Item::default() });
    Card::new(CardConfig {
        medium: Medium::Contact,
        files: serde_yaml::from_str(include_str!("../../../fixtures/cards/reference.yaml")).unwrap(),
        account: account(),
        program: vec![vec![get]],
        http_port: 3516,
        buffer_size: 1400,
        transport: TransportProtocol::TcpClientLocal,
        causes,
        scws: true,
        switches: Switches::default(),
        patches: Vec::new(),
        scripted,
        seed: 1,
    })
}

fn terminal(scripted: bool, encoding: Encoding) -> Terminal {
    let mut tree = ManagementTree::default();
    let info = DevInfo {
        dev_id: "IMEI:004999010640000".into(),
        man: "Example".into(),
        model: "M".into(),
        dm_v: "1".into(),
        lang: "en".into(),
    };
    tree.put_dev_info(&info).unwrap();
    tree.put_dev_detail(&DevDetail::default()).unwrap();
    Terminal::new(TerminalConfig {
        medium: Medium::Contact,
        profile: TerminalProfile::minimal_dm_sc(),
        applications: vec![RegistryApplication { port: 0xC000, dcs: 0, application_type: 7, name: vec![0xC4, 0x26] }],
        accounts: vec![account()],
        tree,
        encoding,
        poll_interval: Duration::from_secs(30),
        max_buffer: None,
        wake_up: "applications".into(),
        start: true,
        dm_client: true,
        switches: Switches::default(),
        patches: Vec::new(),
        scripted,
        seed: 2,
    })
}

/// Runs a scripted player for a while, answering everything by default, and gives what passed.
fn run(player: &mut dyn Player, link: &mut dyn Link, window: Duration, send: Option<(&str, &str)>) -> Vec<Event> {
    let until = link.now() + window;
    let mut events = Vec::new();
    let mut send = send;
    player.start(link.now());
    loop {
        while let Some(event) = player.next_event() {
            let wants = event.wants_answer;
            let kind = event.kind.clone();
            events.push(event);
            if wants {
                player.answer(link.now(), &Reply::Default).unwrap();
            }
            if let Some((after, what)) = send.filter(|(after, _)| *after == kind) {
                send = None;
                player.perform(link.now(), what, &Change::default()).unwrap_or_else(|e| panic!("{after}: {e}"));
            }
        }
        let mut sent = false;
        while let Some(signal) = player.poll() {
            link.send(signal).unwrap();
            sent = true;
        }
        if sent {
            continue;
        }
        let deadline = player.wake_at().map_or(until, |at| at.min(until));
        match link.recv(deadline).unwrap() {
            Some(signal) => player.handle(link.now(), signal),
            None if link.now() >= until => return events,
            None => player.tick(link.now()),
        }
    }
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|e| e.kind.as_str()).collect()
}

fn find<'a>(events: &'a [Event], kind: &str, heard: bool) -> Vec<&'a Event> {
    events.iter().filter(|e| e.kind == kind && e.heard == heard).collect()
}

#[test]
fn the_harness_as_card_triggers_a_session() {
    for encoding in [Encoding::Xml, Encoding::Wbxml] {
        let mut player = card(true, Vec::new());
        let mut link = InProcess::contact(Box::new(terminal(false, encoding)));
        let send = Some(("envelope.terminal-applications", "notification"));
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
        run(&mut player, &mut link, Duration::from_secs(60), Some(("envelope.terminal-applications", "notification")))
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
    assert_eq!(kinds(&events), ["power-on", "silence"]);
}
