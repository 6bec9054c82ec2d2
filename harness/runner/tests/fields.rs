//! What the check of cases accepts, a player can send: for each kind of message that can be sent or answered, each field
//! with values of every sort is either refused when the case is read, or does not end the run as an error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use std::collections::BTreeSet;
use std::time::Instant;

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::rig::Rig;
use dmsc_engine::messages::Catalogue;
use dmsc_engine::role::Role;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Library};
use dmsc_language::dut::Dut;
use dmsc_report::journal::Event;
use dmsc_runner::execute::Options;
use dmsc_runner::run::attempt;
use dmsc_scr::Verdict;

/// Values as they are written: numbers of all sizes and notations, texts, octets, lists, mappings.
const VALUES: [&str; 48] = [
    "null",
    "true",
    "0",
    "1",
    "2",
    "-1",
    "010",
    "0x4D2",
    "255",
    "256",
    "1023",
    "65535",
    "65536",
    "0xFFFFF",
    "4294967296",
    "9223372036854775807",
    "99999999999999999999",
    "1.5",
    "1e3",
    "\"\"",
    "\"1234\"",
    "00A0B",
    "A5",
    "xyz",
    "none",
    "valid",
    "\"+15550000001\"",
    "\"hex:0102\"",
    "\"hex:0G\"",
    "\"\\u0001\"",
    "\"\\u65E5\\u672C\"",
    "\"0102 0304\"",
    "\"00:01:00\"",
    "\"99:99:99\"",
    "\"127.0.0.1\"",
    "[]",
    "[1]",
    "[1, 70000]",
    "[none]",
    "[{ cmd: Get }]",
    "[{ cmd: \"\" }]",
    "[{ cmd: Alert, items: [{ data: { hex: 00 } }] }]",
    "{}",
    "{ a: 1 }",
    "{ hex: \"00\" }",
    "{ SyncHdr: 407 }",
    "{ SyncHdr: 70000 }",
    "{ type: \"syncml:auth-md5\", next_nonce: \"!\" }",
];

/// A text of this many characters, for what has a length in octets.
fn long(count: usize) -> String {
    format!("\"{}\"", "A".repeat(count))
}

/// Values for records: each field of the group with some of the values, and with none.
fn values(of: &str) -> Vec<String> {
    let plain = VALUES.iter().map(|value| (*value).to_owned()).chain([long(300), long(70_000)]);
    let inner = Catalogue::get().group(of).iter().flat_map(|field| {
        let some = ["0", "1", "300", "70000", "\"\"", "xyz", "\"0102\"", "true", "null", "[]", "[xyz]"];
        some.map(|value| format!("{{ {}: {value} }}", field.name))
    });
    plain.chain(inner).collect()
}

/// Cases by their path, each with one field of one message, in this form.
fn cases(role: Role, kind: &str, group: &str, form: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let item = if role == Role::Card { "DM_SC-C-001-M" } else { "DM_SC-S-001-M" };
    let mut all = Vec::new();
    for field in Catalogue::get().group(group) {
        let inner = match &field.shape {
            dmsc_engine::messages::Shape::Record(inner) => inner,
            _ => "",
        };
        for (index, value) in values(inner).iter().enumerate() {
            let steps = form(&format!("{{ {}: {value} }}", field.name));
            // What TLS says needs an account that has it.
            let setup = if kind.starts_with("tls.") { "setup: { account: { tls: true } }\n" } else { "" };
            let text = format!("title: t\npurpose: p\nspec: [DM_SC 7.1]\nrole: {role}\n{setup}steps:\n{steps}\n");
            all.push((format!("testcases/{item}/{kind}_{}_{index:03}.yaml", field.name), text));
        }
    }
    all
}

/// The cases that are well-formed, and how many are not.
fn well_formed(files: &[(String, String)]) -> (Vec<Case>, usize) {
    let load = |files: &[(String, String)]| Library::new(Bundle::of(files.iter().cloned())).load();
    let refused: BTreeSet<String> = match load(files) {
        Ok(cases) => return (cases, 0),
        Err(all) => all.into_iter().map(|problems| problems.source.name).collect(),
    };
    let sound: Vec<_> = files.iter().filter(|(path, _)| !refused.contains(path)).cloned().collect();
    let cases = load(&sound).unwrap_or_else(|all| panic!("sound alone, not together: {}", all[0]));
    (cases, refused.len())
}

/// Runs cases against the reference DUT; gives those that end as an error.
fn errors(role: Role, cases: &[Case]) -> Vec<String> {
    let bundle = Bundle::builtin();
    let name = if role == Role::Card { "reference-terminal" } else { "reference-card" };
    let dut = Dut::from_bundle(&bundle, name, &[]).unwrap();
    let fixtures = Fixtures::load(&bundle).unwrap();
    let mut rig = Rig::new(&dut, &fixtures, 1);
    let options = Options { dut: dut.name.clone(), ..Options::default() };
    let mut wrong = Vec::new();
    for case in cases {
        let operator = &mut DutFileOperator::new(&dut);
        let mut sink = |_: Event| {};
        let result = attempt(&mut rig, case, &options, Instant::now(), true, &mut sink, operator).result;
        if result.verdict == Verdict::Error {
            wrong.push(format!("{}: {}", case.id, result.reason));
        }
    }
    wrong
}

fn try_all(role: Role, files: &[(String, String)], least: usize) {
    let (cases, refused) = well_formed(files);
    // Both happen: a table that refuses all, or nothing, would show nothing.
    assert!(cases.len() >= least && refused >= least, "{} well-formed, {refused} refused", cases.len());
    let wrong = errors(role, &cases);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The kinds that a role sends, of those with the same fields some only.
fn sent(role: Role) -> Vec<(String, &'static str)> {
    const OF_A_GROUP: usize = 3;
    let mut all: Vec<(String, &'static str)> = Vec::new();
    for kind in Catalogue::get().kinds(role).filter(|kind| kind.sent) {
        let Some(group) = kind.build else { continue };
        if all.iter().filter(|(_, known)| *known == group).count() < OF_A_GROUP {
            all.push((kind.name.to_string(), group));
        }
    }
    all
}

#[test]
fn what_a_card_may_be_told_to_send_can_be_sent() {
    let files: Vec<_> = sent(Role::Card)
        .into_iter()
        .flat_map(|(kind, group)| {
            cases(Role::Card, &kind, group, |field| {
                format!("  - send: {kind}\n    with: {field}\n  - expect: status\n    level: should\n    within: 1 s")
            })
        })
        .collect();
    try_all(Role::Card, &files, 300);
}

#[test]
fn what_a_terminal_may_be_told_to_send_can_be_sent() {
    let files: Vec<_> = sent(Role::Terminal)
        .into_iter()
        .flat_map(|(kind, group)| {
            cases(Role::Terminal, &kind, group, |field| {
                format!("  - send: {kind}\n    with: {field}\n  - expect: response\n    level: should\n    within: 1 s")
            })
        })
        .collect();
    try_all(Role::Terminal, &files, 300);
}

#[test]
fn what_a_card_may_be_told_to_answer_can_be_answered() {
    let kinds =
        [("dm.message", "  - send: notification\n"), ("http.request", "  - send: notification\n"), ("status", "")];
    let files: Vec<_> = kinds
        .into_iter()
        .flat_map(|(kind, before)| {
            let group = Catalogue::get().kind(Role::Card, kind).unwrap().reply.unwrap();
            cases(Role::Card, kind, group, |field| {
                format!("{before}  - expect: {kind}\n    within: 60 s\n    reply: {field}\n  - wait: 1 s")
            })
        })
        .collect();
    try_all(Role::Card, &files, 200);
}

#[test]
fn what_a_terminal_may_be_told_to_answer_can_be_answered() {
    let kinds = ["open-channel", "send-data", "notification", "dm.message"];
    let files: Vec<_> = kinds
        .into_iter()
        .flat_map(|kind| {
            let group = Catalogue::get().kind(Role::Terminal, kind).unwrap().reply.unwrap();
            cases(Role::Terminal, kind, group, |field| {
                format!("  - send: wake-up\n  - expect: {kind}\n    within: 60 s\n    reply: {field}\n  - wait: 1 s")
            })
        })
        .collect();
    try_all(Role::Terminal, &files, 200);
}
