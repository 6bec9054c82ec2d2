//! Messages that cannot be read, of both roles and on every layer: what a lab is told of each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use std::fmt::Write;
use std::time::Instant;

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::rig::Rig;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Library;
use dmsc_language::dut::Dut;
use dmsc_language::fault;
use dmsc_report::journal::{Check, CheckVerdict, Event};
use dmsc_runner::execute::Options;
use dmsc_runner::run::attempt;
use dmsc_scr::Verdict;

/// Which side is odd.
#[derive(Clone, Copy)]
enum Of {
    Client,
    Server,
    Terminal,
    Card,
}

impl Of {
    fn dut(self) -> &'static str {
        match self {
            Of::Client | Of::Terminal => "reference-terminal",
            Of::Server | Of::Card => "reference-card",
        }
    }

    fn side(self) -> &'static str {
        self.dut().trim_start_matches("reference-")
    }

    fn role(self) -> &'static str {
        if self.side() == "card" { "terminal" } else { "card" }
    }
}

/// What is odd, on which side, the step that waits for it, and the patch that makes it so.
const KINDS: &[(&str, Of, &str, &str)] = &[
    (
        "a bare ampersand",
        Of::Client,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: '</Data>', with: ' & </Data>' } }]",
    ),
    (
        "the last 20 octets are missing",
        Of::Client,
        MESSAGE,
        "on: dm.message, mutate: [{ remove: { at: -20, count: 20 } }]",
    ),
    (
        "a control by its number",
        Of::Client,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: '</Data>', with: '&#x1b;</Data>' } }]",
    ),
    (
        "a command without CmdID",
        Of::Client,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: '<CmdID>1</CmdID>', with: '' } }]",
    ),
    (
        "an element in other letters",
        Of::Client,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: 'MsgID', with: 'MsgId' } }]",
    ),
    (
        "a definition in a DOCTYPE",
        Of::Client,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: '<SyncML', with: '<!DOCTYPE SyncML [<!ENTITY a \"b\">]><SyncML' } }]",
    ),
    (
        "a start tag without its end",
        Of::Client,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: '</SyncHdr>', with: '' } }]",
    ),
    (
        "an entity nobody knows",
        Of::Client,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: '</Data>', with: '&nbsp;</Data>' } }]",
    ),
    ("UTF-16", Of::Client, MESSAGE, "on: dm.message, mutate: [{ octets: 'FFFE3C0053007900' }]"),
    ("no XML at all", Of::Client, MESSAGE, "on: dm.message, mutate: [{ octets: '68656C6C6F' }]"),
    ("an empty body", Of::Client, MESSAGE, "on: dm.message, mutate: [{ octets: '' }]"),
    (
        "a second root",
        Of::Client,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: '</SyncML>', with: '</SyncML><a/>' } }]",
    ),
    ("another media type", Of::Client, MESSAGE, "on: http.request, with: { headers: { content_type: text/xml } }"),
    ("no media type", Of::Client, MESSAGE, "on: http.request, with: { headers: { content_type: null } }"),
    (
        "XML under the name of WBXML",
        Of::Client,
        MESSAGE,
        "on: http.request, with: { headers: { content_type: application/vnd.syncml.dm+wbxml } }",
    ),
    (
        "WBXML that is a header alone",
        Of::Client,
        MESSAGE,
        "on: dm.message, with: { http: { headers: { content_type: application/vnd.syncml.dm+wbxml } } }, mutate: [{ octets: '02A4016A00' }]",
    ),
    (
        "WBXML with an unknown token",
        Of::Client,
        MESSAGE,
        "on: dm.message, with: { http: { headers: { content_type: application/vnd.syncml.dm+wbxml } } }, mutate: [{ octets: '02A4016A006D7F01' }]",
    ),
    ("another method", Of::Client, MESSAGE, "on: http.request, with: { method: PUT }"),
    ("another path", Of::Client, MESSAGE, "on: http.request, with: { path: /elsewhere }"),
    ("octets that are no HTTP", Of::Client, MESSAGE, "on: http.request, mutate: [{ octets: '00010D0A0D0A' }]"),
    (
        "a length that is no number",
        Of::Client,
        MESSAGE,
        "on: http.request, mutate: [{ replace: { find: 'Content-Length: ', with: 'Content-Length: x' } }]",
    ),
    (
        "a bare ampersand",
        Of::Server,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: '</Data>', with: ' & </Data>' } }]",
    ),
    (
        "the last 20 octets are missing",
        Of::Server,
        MESSAGE,
        "on: dm.message, mutate: [{ remove: { at: -20, count: 20 } }]",
    ),
    (
        "a definition in a DOCTYPE",
        Of::Server,
        MESSAGE,
        "on: dm.message, mutate: [{ replace: { find: '<SyncML', with: '<!DOCTYPE SyncML [<!ELEMENT a ANY>]><SyncML' } }]",
    ),
    ("another media type", Of::Server, MESSAGE, "on: http.response, with: { headers: { content_type: text/html } }"),
    (
        "WBXML that is a header alone",
        Of::Server,
        MESSAGE,
        "on: dm.message, with: { http: { headers: { content_type: application/vnd.syncml.dm+wbxml } } }, mutate: [{ octets: '02A4016A00' }]",
    ),
    ("an HTTP error", Of::Server, MESSAGE, "on: http.response, with: { status: 500 }"),
    ("octets that are no HTTP", Of::Server, MESSAGE, "on: http.response, mutate: [{ octets: '00010D0A0D0A' }]"),
    (
        "a notification that is cut",
        Of::Card,
        "expect: notification\n    match: { digest: valid }",
        "on: notification, mutate: [{ truncate: 10 }]",
    ),
    ("an OPEN CHANNEL that is cut", Of::Card, "expect: open-channel", "on: open-channel, mutate: [{ truncate: 8 }]"),
    (
        "an OPEN CHANNEL with a wrong length inside",
        Of::Card,
        "expect: open-channel",
        "on: open-channel, mutate: [{ set: { at: 3, octets: '7F' } }]",
    ),
    (
        "an announcement that is cut",
        Of::Terminal,
        "expect: envelope.terminal-applications",
        "on: envelope.terminal-applications, mutate: [{ truncate: 6 }]",
    ),
    (
        "a TERMINAL RESPONSE that is cut",
        Of::Terminal,
        "send: set-up-event-list\n  - expect: terminal-response.set-up-event-list\n    match: { result: 0 }",
        "on: terminal-response.set-up-event-list, mutate: [{ truncate: 4 }]",
    ),
];

const MESSAGE: &str = "expect: dm.message";

/// What the case begins with.
fn stimulus(of: Of) -> &'static str {
    match of {
        Of::Client => "send: notification",
        Of::Server => "include: alerted\n  - send: dm.message",
        Of::Card => "send: wake-up",
        Of::Terminal => "expect: terminal-profile",
    }
}

fn look(of: Of, step: &str, patch: &str) -> (Verdict, Option<Check>) {
    let builtin = Bundle::builtin();
    let place = if of.role() == "terminal" { "DM_SC-S-001-M" } else { "DM_SC-C-001-M" };
    let case = format!(
        "title: A message comes\npurpose: It can be read.\nspec: [DM_SC 7.1-16]\nrole: {}\nsteps:\n  - {}\n  - {step}\n    within: 20 s\n    hint: Look at the fields.\n",
        of.role(),
        stimulus(of),
    );
    let own = [(format!("testcases/{place}/probe.yaml"), case)];
    let under = |folder: &'static str| {
        builtin.under(folder).map(|(path, text)| (path.to_owned(), text.to_owned())).collect::<Vec<_>>()
    };
    let all = under("fixtures/").into_iter().chain(under("testcases/include/")).chain(own);
    let cases = Library::new(Bundle::of(all)).load().unwrap_or_else(|all| panic!("{}", all[0]));
    let mut dut = Dut::from_bundle(&builtin, of.dut(), &[]).unwrap();
    let text = format!("- id: odd\n  side: {}\n  what: odd\n  patches: [{{ {patch} }}]\n", of.side());
    dut.faults = fault::load(&Bundle::of([("fixtures/faults/probe.yaml", text.as_str())]))
        .unwrap_or_else(|all| panic!("{patch}: {}", all[0]));
    let fixtures = Fixtures::load(&builtin).unwrap();
    let mut rig = Rig::new(&dut, &fixtures, 1);
    let options = Options { dut: dut.name.clone(), ..Options::default() };
    let mut decisive = None;
    let mut sink = |event: Event| match event {
        Event::Check(check) if check.verdict != CheckVerdict::Pass => decisive = Some(check),
        _ => {}
    };
    let operator = &mut DutFileOperator::new(&dut);
    let result = attempt(&mut rig, &cases[0], &options, Instant::now(), true, &mut sink, operator).result;
    (result.verdict, decisive)
}

#[test]
fn what_cannot_be_read_is_told_with_its_reason_and_its_place() {
    let mut shown = String::new();
    for (name, of, step, patch) in KINDS {
        let (verdict, check) = look(*of, step, patch);
        let side = match of {
            Of::Client => "DM Client",
            Of::Server => "DM_SC Server",
            Of::Terminal => "terminal",
            Of::Card => "card",
        };
        let check = check.unwrap_or_else(|| panic!("{name}: no check is missed ({verdict:?})"));
        writeln!(shown, "{side}: {name}\n  {verdict:?}: expected {}\n  came {}", check.expected, check.got).unwrap();
        if let (Some(octets), Some(mark)) = (&check.octets, check.mark) {
            let around = mark.offset.saturating_sub(12)..(mark.offset + mark.length + 4).min(octets.0.len());
            let text = String::from_utf8_lossy(&octets.0[around]).escape_debug().to_string();
            writeln!(shown, "  marked {} in {text}", mark.offset).unwrap();
        }
        // What may be right is not held against the sender.
        let refused = ["a definition in a DOCTYPE", "UTF-16"].contains(name);
        let expected = if refused { Verdict::Inconclusive } else { Verdict::Fail };
        assert_eq!(verdict, expected, "{name}: {}", check.got);
        assert!(!check.got.contains("nothing came"), "{name}: {}", check.got);
    }
    insta::assert_snapshot!(shown);
}
