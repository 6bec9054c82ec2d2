use std::collections::BTreeSet;

use dmsc_dm::syncml::CommandName;
use dmsc_engine::card::files::Files;
use dmsc_engine::choice::http::Connection;
use dmsc_engine::dm::Encoding;
use dmsc_engine::messages::{Catalogue, Group};
use dmsc_engine::role::Role;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Library};
use dmsc_link::{Disturbance, Mishap, Place};
use dmsc_uicc::fs::select::{select_aid, verify_pin};
use dmsc_uicc::profile::Facility;

use super::*;
use crate::rig::Rig;

/// What comes of the settings of a case.
struct Arrived {
    card: Option<CardConfig>,
    terminal: Option<TerminalConfig>,
    /// The reference terminal, were it the DUT.
    reference: TerminalConfig,
    /// What the link of a session was to be disturbed with.
    disturbances: Vec<Disturbance>,
    /// Whether the case brings the account that the DUT has.
    bootstrapped: bool,
}

impl Arrived {
    fn card(&self, look: impl Fn(&CardConfig) -> bool) -> bool {
        self.card.as_ref().is_some_and(look)
    }

    fn terminal(&self, look: impl Fn(&TerminalConfig) -> bool) -> bool {
        self.terminal.as_ref().is_some_and(look)
    }
}

fn case(role: Role, setup: &str) -> Case {
    let (send, expect) = if role == Role::Card { ("notification", "dm.message") } else { ("wake-up", "notification") };
    let text = format!(
        "title: t\npurpose: p\nspec: [DM_SC 7.1]\nrole: {role}\nsetup: {{ {setup} }}\nsteps:\n  - send: {send}\n  - expect: {expect}\n"
    );
    let library = Library::new(Bundle::of([("testcases/DM_SC-C-001-M/a.yaml".to_owned(), text)]));
    let cases = library.load().unwrap_or_else(|all| panic!("{setup}: {}", all[0]));
    cases.into_iter().next().unwrap()
}

fn arrive(role: Role, setup: &str) -> Arrived {
    let bundle = Bundle::builtin();
    let fixtures = Fixtures::load(&bundle).unwrap();
    let dut = Dut::from_bundle(&bundle, &format!("reference-{}", role.other()), &[]).unwrap();
    let case = case(role, setup);
    let mut rig = Rig::new(&dut, &fixtures, 1);
    let account = rig.account_of(&case);
    let session = rig.open(&case).unwrap();
    rig.close(session, false).unwrap();
    let players = Players { dut: &dut, fixtures: &fixtures, seed: 1 };
    let (mut card, mut terminal) = (None, None);
    match &case.setup {
        Setup::Card(setup) => card = Some(players.card(setup, account, Medium::Contact).unwrap()),
        Setup::Terminal(setup) => terminal = Some(players.terminal(setup, account, Medium::Contact)),
    }
    let disturbances = rig.disturbances().iter().map(|(one, _)| *one).collect();
    Arrived {
        card,
        terminal,
        reference: players.provisioned_terminal(&case.setup),
        disturbances,
        bootstrapped: case.setup.is_bootstrapped(),
    }
}

/// A setting as a case writes it, and how it shows that it arrived.
type Trial = (&'static str, &'static str, fn(&Arrived) -> bool);

const LOST: Disturbance = Disturbance { at: Place::Response(3), mishap: Mishap::Drop };

const CARD: [Trial; 16] = [
    ("encoding", "wbxml", |arrived| arrived.reference.encoding == Encoding::Wbxml),
    ("scws", "manual", |arrived| arrived.card(|card| !card.scws)),
    ("ust", "{ 255: true, 77: false }", |arrived| {
        let mut files = arrived.card.as_ref().unwrap().files.clone();
        let before = files.clone();
        // To set what is set already changes nothing.
        files.set_services([(255, true), (77, false)].map(|(number, on)| (number.try_into().unwrap(), on)));
        files == before
    }),
    ("closes", "true", |arrived| arrived.card(|card| card.choices.http.connection == Connection::Closed)),
    ("impostor", "true", |arrived| arrived.card(|card| card.switches.on(Switch::WrongServerCredentials))),
    ("http_port", "4711", |arrived| arrived.card(|card| card.http_port == 4711)),
    ("buffer_size", "65535", |arrived| arrived.card(|card| card.buffer_size == 65535)),
    ("nonce", "0A0B", |arrived| arrived.card(|card| card.account.server_nonce == [0x0A, 0x0B])),
    ("program", "[[{ cmd: Get, items: [{ target: ./DevInfo/Man }] }], [{ cmd: Exec }]]", |arrived| {
        let names = |card: &CardConfig| card.program.iter().flatten().map(|one| one.cmd.clone()).collect::<Vec<_>>();
        arrived.card(|card| card.program.len() == 2 && names(card) == [CommandName::Get, CommandName::Exec])
    }),
    ("account", "{ client_secret: other }", |arrived| {
        arrived.card(|card| card.account.client_secret == "other")
            && arrived.reference.accounts[0].client_secret == "other"
    }),
    ("bootstrap", "{ profile: dm }", |arrived| {
        let mut files = Files::new(arrived.card.as_ref().unwrap().files.clone());
        files.command(&select_aid(b"\xA0\0\0\0\x63PKCS-15")).sw == 0x9000
    }),
    ("pin1", "\"13579\"", |arrived| {
        let mut files = Files::new(arrived.card.as_ref().unwrap().files.clone());
        files.command(&verify_pin(0x01, "13579")).sw == 0x9000
    }),
    ("account_by_push", "true", |arrived| arrived.bootstrapped),
    ("disturb", "[{ at: { response: 3 }, do: drop }]", |arrived| arrived.disturbances == [LOST]),
    ("bip_chunks", "[1, 255]", |arrived| arrived.card(|card| card.bip_chunks == [1, 255])),
    ("full_commands", "true", |arrived| arrived.card(|card| card.full_commands)),
];

const TERMINAL: [Trial; 11] = [
    ("start", "manual", |arrived| arrived.terminal(|terminal| !terminal.start)),
    ("dm_client", "manual", |arrived| arrived.terminal(|terminal| !terminal.dm_client)),
    ("profile", "{ off: [tcp-uicc-server], on: [launch-browser] }", |arrived| {
        arrived.terminal(|terminal| {
            !terminal.profile.has(Facility::TcpUiccServer) && terminal.profile.has(Facility::LaunchBrowser)
        })
    }),
    ("applications", "[{}, { port: 9, type: 1 }]", |arrived| {
        let ports = |terminal: &TerminalConfig| terminal.applications.iter().map(|one| one.port).collect::<Vec<_>>();
        arrived.terminal(|terminal| ports(terminal) == [0xC000, 9])
    }),
    ("max_buffer", "32", |arrived| arrived.terminal(|terminal| terminal.max_buffer == Some(32))),
    ("poll_interval", "1500 ms", |arrived| {
        arrived.terminal(|terminal| terminal.poll_interval == Duration::from_millis(1500))
    }),
    ("encoding", "wbxml", |arrived| arrived.terminal(|terminal| terminal.encoding == Encoding::Wbxml)),
    ("account", "{ server_nonce: FF }", |arrived| {
        arrived.terminal(|terminal| terminal.accounts[0].server_nonce == [0xFF])
    }),
    ("disturb", "[{ at: { response: 3 }, do: drop }]", |arrived| {
        arrived.disturbances == [LOST] && arrived.terminal(|terminal| terminal.revives)
    }),
    ("bip_chunks", "[7]", |arrived| arrived.terminal(|terminal| terminal.bip_chunks == [7])),
    ("fetch_length", "one-less", |arrived| arrived.terminal(|terminal| terminal.fetch_length == FetchLength::Less)),
];

#[test]
fn every_setting_arrives() {
    for (role, trials) in [(Role::Card, &CARD[..]), (Role::Terminal, &TERMINAL[..])] {
        let plain = arrive(role, "");
        for (name, value, shows) in trials {
            assert!(!shows(&plain), "{role}: `{name}` shows without being set");
            assert!(shows(&arrive(role, &format!("{name}: {value}"))), "{role}: `{name}: {value}` has no effect");
        }
        let declared: BTreeSet<_> = Catalogue::get().group(Setup::group(role)).iter().map(|field| field.name).collect();
        let tried: BTreeSet<_> = trials.iter().map(|(name, ..)| *name).collect();
        assert_eq!(tried, declared, "{role}: a setting that is declared is tried, and the other way round");
    }
    assert_eq!(CARD.len(), CardSetup::specs().len());
}

#[test]
fn settings_go_together() {
    let all = |trials: &[Trial]| trials.iter().map(|(name, value, _)| format!("{name}: {value}")).collect::<Vec<_>>();
    for (role, trials) in [(Role::Card, &CARD[..]), (Role::Terminal, &TERMINAL[..])] {
        // A session that does not begin by itself is not begun again either; with a bootstrap, the reference terminal has
        // the account from the card, or from a push.
        let alone = ["start", "bootstrap", "account_by_push"];
        let together: Vec<Trial> = trials.iter().copied().filter(|(name, ..)| !alone.contains(name)).collect();
        let arrived = arrive(role, &all(&together).join(", "));
        for (name, _, shows) in &together {
            assert!(shows(&arrived), "{role}: `{name}` is lost among others");
        }
    }
}
