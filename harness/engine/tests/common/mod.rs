//! A card and a terminal of a small bench, and what runs one against a link.

#![allow(dead_code, reason = "each test target uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "called by tests only, whose failure it is")]

use std::time::Duration;

use dmsc_dm::syncml::{Command, CommandName, Item};
use dmsc_dm::tree::ManagementTree;
use dmsc_doc::Source;
use dmsc_engine::account::{Account, AuthScheme};
use dmsc_engine::bootstrap::Takes;
use dmsc_engine::card::files::FileSystem;
use dmsc_engine::card::{Card, CardConfig, Cause};
use dmsc_engine::choice::Choices;
use dmsc_engine::dm::Encoding;
use dmsc_engine::event::Event;
use dmsc_engine::medium::Medium;
use dmsc_engine::messages::{FetchLength, TriggerWays, WakeUp, What};
use dmsc_engine::patch::Change;
use dmsc_engine::player::{Player, Reply};
use dmsc_engine::switch::Switches;
use dmsc_engine::terminal::{Terminal, TerminalConfig};
use dmsc_link::Link;
use dmsc_uicc::channel::TransportProtocol;
use dmsc_uicc::object::RegistryApplication;
use dmsc_uicc::profile::TerminalProfile;
use serde_json::json;

const CARD: &str = include_str!("../../../../fixtures/cards/reference.yaml");

fn account() -> Account {
    Account {
        server_id: "dmsc.example.com".into(),
        address: "http://127.0.0.1:3516/OMA/DM".into(),
        auth_name: None,
        server_secret: "s3cr3t-P@ss".into(),
        server_nonce: (0..16).collect(),
        server_auth: AuthScheme::Md5,
        client_name: "client1".into(),
        client_secret: "pwd-C".into(),
        client_nonce: (0..16).collect(),
        client_auth: AuthScheme::Md5,
        form: dmsc_engine::trigger_form::TriggerForm::default(),
        psk: dmsc_engine::account::Psk::default(),
        certificates: dmsc_engine::account::Certificates::default(),
    }
}

/// A card with the DM_SC Server and its web server.
pub(crate) fn card_config(scripted: bool, causes: Vec<Cause>) -> CardConfig {
    let mut get = Command::new(CommandName::Get, "");
    get.items.push(Item { target: Some("./DevInfo/Man".into()), ..Item::default() });
    CardConfig {
        medium: Medium::Contact,
        files: FileSystem::read(&Source::new("card.yaml", CARD)).unwrap(),
        account: account(),
        program: vec![vec![get]],
        http_port: 3516,
        buffer_size: 1400,
        own_number: Some("+15551234567".into()),
        triggers: TriggerWays::Both,
        transport: TransportProtocol::TcpClientLocal,
        type_first: false,
        causes,
        scws: true,
        raw: false,
        full_commands: false,
        bip_chunks: Vec::new(),
        versions: dmsc_engine::dm::version::Versions::default(),
        choices: Choices::default(),
        switches: Switches::default(),
        patches: Vec::new(),
        scripted,
        seed: 1,
    }
}

/// That card.
pub(crate) fn card(scripted: bool, causes: Vec<Cause>) -> Card {
    Card::new(card_config(scripted, causes))
}

/// A terminal with a DM Client.
pub(crate) fn terminal_config(scripted: bool, encoding: Encoding) -> TerminalConfig {
    let tree = serde_json::from_value(json!({
        "./DevInfo/DevId": "IMEI:004999010640000",
        "./DevInfo/Man": "Example",
        "./DevInfo/Mod": "M",
        "./DevInfo/DmV": "1",
        "./DevInfo/Lang": "en",
        "./DevDetail/FwV": "1.0",
    }));
    let tree = ManagementTree::from_spec(&tree.unwrap()).unwrap();
    TerminalConfig {
        medium: Medium::Contact,
        profile: TerminalProfile::minimal_dm_sc(),
        applications: vec![RegistryApplication { port: 0xC000, dcs: 0, application_type: 7, name: vec![0xC4, 0x26] }],
        accounts: vec![account()],
        bootstrap: Takes::Nothing,
        pushed_bootstrap: Takes::Nothing,
        tree,
        encoding,
        poll_interval: Duration::from_secs(30),
        max_buffer: None,
        wake_up: WakeUp::Applications,
        start: true,
        revives: !scripted,
        bip_chunks: Vec::new(),
        fetch_length: FetchLength::Told,
        own_number: None,
        dm_client: true,
        versions: dmsc_engine::dm::version::Versions::default(),
        choices: Choices::default(),
        switches: Switches::default(),
        patches: Vec::new(),
        scripted,
        seed: 2,
    }
}

/// That terminal.
pub(crate) fn terminal(scripted: bool, encoding: Encoding) -> Terminal {
    Terminal::new(terminal_config(scripted, encoding))
}

/// Runs a scripted player for a while, answering everything by default, and gives what passed.
pub(crate) fn run(
    player: &mut dyn Player,
    link: &mut dyn Link,
    window: Duration,
    send: Option<(&str, What)>,
) -> Vec<Event> {
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

/// The kinds of what passed.
pub(crate) fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|e| &*e.kind).collect()
}

/// What of a kind was heard, or said.
pub(crate) fn find<'a>(events: &'a [Event], kind: &str, heard: bool) -> Vec<&'a Event> {
    events.iter().filter(|e| e.kind == kind && e.heard == heard).collect()
}
