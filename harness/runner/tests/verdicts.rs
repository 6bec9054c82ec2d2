//! Verdicts of DUTs that are known to be wrong, or odd, in one way: what a lab sees of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use std::time::Instant;

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::rig::Rig;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Library};
use dmsc_language::dut::Dut;
use dmsc_language::fault;
use dmsc_report::journal::{Check, CheckVerdict, Event};
use dmsc_runner::execute::Options;
use dmsc_runner::outcome::CaseResult;
use dmsc_runner::run::attempt;
use dmsc_scr::{Outcome, Verdict};

/// Runs a case of the text given against a reference DUT with a fault of the text given.
fn run(dut: &str, fault: Option<&str>, case: &str) -> (CaseResult, Vec<Check>) {
    let builtin = Bundle::builtin();
    let fixtures: Vec<(String, String)> =
        builtin.under("fixtures/").map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    let includes = builtin.under("testcases/include/").map(|(path, text)| (path.to_owned(), text.to_owned()));
    let place = if dut == "reference-card" { "DM_SC-S-001-M" } else { "DM_SC-C-001-M" };
    let own = [(format!("testcases/{place}/probe.yaml"), case.to_owned())];
    let bundle = Bundle::of(fixtures.into_iter().chain(includes).chain(own));
    let cases = Library::new(bundle).load().unwrap_or_else(|all| panic!("{}", all[0]));
    one(dut, fault, &cases[0])
}

/// Runs a case of the catalogue.
fn known(dut: &str, fault: Option<&str>, name: &str) -> CaseResult {
    let cases = Library::builtin().load().unwrap();
    let case = cases.iter().find(|case| case.name() == name).unwrap_or_else(|| panic!("no case {name}"));
    one(dut, fault, case).0
}

fn one(dut: &str, fault: Option<&str>, case: &Case) -> (CaseResult, Vec<Check>) {
    let mut checks = Vec::new();
    let result = recorded(dut, fault, case, |event| {
        if let Event::Check(check) = event {
            checks.push(check);
        }
    });
    (result, checks)
}

/// The same with the kinds of the messages that passed.
fn kinds_of(dut: &str, fault: &str, case: &Case) -> (CaseResult, Vec<String>) {
    let mut kinds = Vec::new();
    let result = recorded(dut, Some(fault), case, |event| {
        if let Event::Message(message) = event {
            kinds.push(message.kind.to_string());
        }
    });
    (result, kinds)
}

fn recorded(dut: &str, fault: Option<&str>, case: &Case, mut sink: impl FnMut(Event)) -> CaseResult {
    let builtin = Bundle::builtin();
    let mut dut = Dut::from_bundle(&builtin, dut, &[]).unwrap();
    if let Some(text) = fault {
        let file = Bundle::of([("fixtures/faults/probe.yaml", text)]);
        dut.faults = fault::load(&file).unwrap_or_else(|all| panic!("{}", all[0]));
    }
    let fixtures = Fixtures::load(&builtin).unwrap();
    let mut rig = Rig::new(&dut, &fixtures, 1);
    let options = Options { dut: dut.name.clone(), ..Options::default() };
    let operator = &mut DutFileOperator::new(&dut);
    attempt(&mut rig, case, &options, Instant::now(), true, &mut sink, operator).result
}

/// A change to what a reference terminal's DM Client posts.
fn replaced(find: &str, with: &str) -> String {
    format!(
        "- id: odd\n  side: terminal\n  what: Its messages are odd.\n  patches:\n    - on: dm.message\n      mutate: [{{ replace: {{ find: {find:?}, with: {with:?} }} }}]\n"
    )
}

#[test]
fn a_message_that_is_not_as_the_standard_writes_it_leaves_a_remark() {
    for (find, with, kind) in [
        ("<SessionID>", "<Bogus>1</Bogus><SessionID>", "unknown-element"),
        ("<SessionID>", "<SessionID>FFFF</SessionID><SessionID>", "repeated-element"),
        ("</SyncBody>", "</SyncBody>garbage", "stray-text"),
        ("SYNCML:SYNCML1.2", "SYNCML:SYNCML1.1", "wrong-namespace"),
    ] {
        let result = known("reference-terminal", Some(&replaced(find, with)), "DM_SC-C-001-M/session-id[session=A5]");
        let remarks: Vec<_> = result.remarks.iter().filter(|remark| remark.contains(kind)).collect();
        assert_eq!(remarks.len(), 1, "{kind}: {:?}", result.remarks);
        assert!(remarks[0].starts_with("irregular dm.message: "), "{remarks:?}");
        // Whether the sender may write so is for a case to say; none has said so here.
        assert_ne!(result.verdict, Verdict::Error, "{}", result.reason);
    }
    assert_eq!(known("reference-terminal", None, "DM_SC-C-001-M/session-id[session=A5]").remarks, [""; 0]);
}

#[test]
fn a_case_can_look_at_what_is_irregular() {
    let case = "
title: Messages are regular
purpose: Nothing of Package#1 had to be forgiven.
spec: [DMREPPRO]
role: card
steps:
  - send: notification
  - expect: dm.message
    within: 60 s
    match: { irregular: absent }
";
    let (clean, _) = run("reference-terminal", None, case);
    assert_eq!((clean.verdict, clean.reason.as_str()), (Verdict::Pass, ""));
    let odd = replaced("<SessionID>", "<Bogus>1</Bogus><SessionID>");
    let (result, checks) = run("reference-terminal", Some(&odd), case);
    assert_eq!(result.verdict, Verdict::Fail);
    assert!(result.reason.contains("Bogus"), "{}", result.reason);
    assert!(checks.iter().any(|check| check.verdict == CheckVerdict::Fail));
}

/// The reference card's OPEN CHANNEL with a type of command that has no name.
const NAMELESS: &str = "
- id: nameless
  side: card
  what: The channel is asked for by a command without a name.
  patches: [{ on: open-channel, mutate: [{ set: { at: 5, octets: '7F' } }] }]
";

fn about_commands(step: &str) -> String {
    format!(
        "
title: A command without a name
purpose: The family of commands without a name takes them.
spec: [DM_SC 7.1]
role: terminal
steps:
  - send: wake-up
{step}
"
    )
}

#[test]
fn a_command_without_a_name_is_a_proactive_command() {
    let (result, _) = run("reference-card", Some(NAMELESS), &about_commands("  - expect: proactive\n    within: 5 s"));
    assert_eq!((result.verdict, result.reason.as_str()), (Verdict::Pass, ""));
    let none = about_commands(
        "  - expect-none: proactive\n    during: 5 s\n    control: [{ send: status }, { expect: response, where: { to: status } }]",
    );
    let (result, _) = run("reference-card", Some(NAMELESS), &none);
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.reason);
    let (clean, _) = run("reference-card", None, &none);
    assert_eq!(clean.verdict, Verdict::Pass, "{}", clean.reason);
}

#[test]
fn the_octets_that_are_marked_are_those_of_the_field() {
    let case = "
title: Version of DM
purpose: The mark of a miss stands under the value.
spec: [DMSTDOBJ 5.3.2]
role: card
steps:
  - send: notification
  - expect: dm.message
    within: 60 s
    match: { devinfo: { DmV: '2.0' } }
";
    let (result, checks) = run("reference-terminal", None, case);
    assert_eq!(result.verdict, Verdict::Fail);
    let check = checks.iter().find(|check| check.verdict == CheckVerdict::Fail).unwrap();
    let (octets, mark) = (&check.octets.as_ref().unwrap().0, check.mark.unwrap());
    let (before, marked) = (&octets[..mark.offset], &octets[mark.offset..mark.offset + mark.length]);
    assert_eq!(std::str::from_utf8(marked).unwrap(), "1.0");
    assert!(std::str::from_utf8(before).unwrap().ends_with("<Data>"), "{}", String::from_utf8_lossy(before));
    assert!(before.len() > 100, "not the version of XML");
}

#[test]
fn a_missing_facility_is_marked_in_the_octet_that_would_tell_of_it() {
    let case = "
title: A facility
purpose: The mark of a miss stands under the octet of the facility.
spec: [DM_SC 7.1]
role: card
steps:
  - expect: terminal-profile
    within: 60 s
    match: { facilities: { contains: bearer-irda } }
";
    let (result, checks) = run("reference-terminal", None, case);
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.reason);
    let check = checks.iter().find(|check| check.verdict == CheckVerdict::Fail).unwrap();
    assert_eq!(check.mark.unwrap().length, 1);
}

#[test]
fn a_case_about_credentials_is_told_by_its_fields() {
    let cases = Library::builtin().load().unwrap();
    let about: Vec<&Case> = cases.iter().filter(|case| case.is_about_credentials()).collect();
    assert!(about.iter().any(|case| case.id.contains("credentials") || case.id.contains("challenge")));
    assert!(about.len() < cases.len());
}

/// A response before the final one (RFC 9110 15.2) is none that a case waits for.
#[test]
fn an_interim_response_is_not_judged_as_the_response() {
    let early = "- id: early\n  side: card\n  what: Hints come first.\n  patches:\n    - on: http.response\n      mutate: [{ replace: { find: \"HTTP/1.1 \", with: \"HTTP/1.1 103 Early Hints\\r\\nLink: </a>\\r\\n\\r\\nHTTP/1.1 \" } }]\n";
    for case in ["DM_SC-S-002-M/answer-flushed", "DM_SC-S-002-M/answer-encoding"] {
        let result = known("reference-card", Some(early), case);
        assert_eq!((result.verdict, result.reason.as_str()), (Verdict::Pass, ""), "{case}");
    }
}

/// RFC 9110 10.1.1, over a channel, where the head of a request comes before its body; in a record of TLS it comes with it.
#[test]
fn a_client_that_expects_to_be_let_go_on_is_served() {
    let expects = "patches: [{ on: http.request, with: { headers: { expect: 100-continue } } }]";
    let expects = changed("terminal", expects);
    for case in ["DM_SC-C-001-M/get-results[encoding=wbxml]", "DM_SC-C-009-O/challenge"] {
        let cases = Library::builtin().load().unwrap();
        let case = cases.iter().find(|one| one.name() == case).unwrap();
        let (result, kinds) = kinds_of("reference-terminal", &expects, case);
        assert_eq!((result.verdict, result.reason.as_str()), (Verdict::Pass, ""), "{}", case.name());
        let let_go_on = kinds.iter().any(|kind| kind == "http.interim");
        assert_eq!(let_go_on, !kinds.iter().any(|kind| kind == "tls.established"), "{}: {kinds:?}", case.name());
    }
}

/// A reference DUT with one fault, of which this is the part that says what is changed.
fn changed(side: &str, change: &str) -> String {
    format!("- id: other\n  side: {side}\n  what: It does otherwise.\n  {change}\n")
}

#[test]
fn a_client_that_waits_to_be_challenged_is_judged_by_what_comes_after() {
    let waits = "patches: [{ on: dm.message, when: { package: 1 }, nth: 1, with: { cred: none } }]";
    let waits = changed("terminal", waits);
    for case in ["get-results[encoding=wbxml]", "one-status-each", "wrong-server-credentials", "package3-header"] {
        let result = known("reference-terminal", Some(&waits), &format!("DM_SC-C-001-M/{case}"));
        assert_eq!((result.verdict, result.reason.as_str()), (Verdict::Pass, ""), "{case}");
    }
    // One that does not answer the challenge is no client that waits; the case that is about it says so.
    let gives_up = changed(
        "terminal",
        "switches: [ignore-challenge]\n  patches: [{ on: dm.message, when: { package: 1 }, with: { cred: none } }]",
    );
    let other = known("reference-terminal", Some(&gives_up), "DM_SC-C-001-M/one-status-each");
    assert_eq!(other.verdict, Verdict::Inconclusive);
    assert!(other.reason.contains("messages of a challenge, once"), "{}", other.reason);
    let about = known("reference-terminal", Some(&gives_up), "DM_SC-C-001-M/client-challenged[code=407]");
    assert_eq!(about.verdict, Verdict::Fail, "{}", about.reason);
}

#[test]
fn a_package_in_two_messages_is_one_package() {
    let split = "patches: [{ on: dm.message, when: { package: 1 }, nth: 1, with: { final: false } }]";
    let split = changed("terminal", split);
    let joined = known("reference-terminal", Some(&split), "DM_SC-C-001-M/server-initiated-alert[initiator=0]");
    assert_eq!((joined.verdict, joined.reason.as_str()), (Verdict::Pass, ""));
    let never = changed("terminal", "patches: [{ on: dm.message, with: { final: false } }]");
    let never = known("reference-terminal", Some(&never), "DM_SC-C-001-M/package1-structure");
    assert_eq!(never.verdict, Verdict::Fail, "{}", never.reason);
}

#[test]
fn what_was_not_delivered_is_not_followed() {
    // The channel to the DM Client is refused: no case about the client can say anything.
    let refuses = "patches: [{ on: terminal-response.open-channel, with: { result: 0x3A, additional: 1 } }]";
    let refuses = changed("terminal", refuses);
    for case in ["session-id[session=A5]", "flipped-digest-bit[octet=0]"] {
        let result = known("reference-terminal", Some(&refuses), &format!("DM_SC-C-001-M/{case}"));
        assert_eq!(result.verdict, Verdict::Inconclusive, "{case}: {}", result.reason);
        assert!(result.reason.contains("OPEN CHANNEL for it was answered with result 3A"), "{}", result.reason);
    }
    // The card refuses the envelope that wakes it up.
    let deaf = changed(
        "card",
        "patches: [{ on: response, when: { to: envelope.terminal-applications }, with: { sw: 0x6A81 } }]",
    );
    let result = known("reference-card", Some(&deaf), "DM_SC-S-001-M/digest");
    assert_eq!(result.verdict, Verdict::Inconclusive, "{}", result.reason);
    assert!(
        result.reason.contains("ENVELOPE (TERMINAL APPLICATIONS) that wakes the card up was answered with 6A81"),
        "{}",
        result.reason
    );
}

/// A reference terminal whose profile lacks these facilities.
fn without(facilities: &str) -> String {
    format!(
        "- id: less\n  side: terminal\n  what: It offers less.\n  patches: [{{ on: terminal-profile, with: {{ off: [{facilities}] }} }}]\n"
    )
}

#[test]
fn what_a_terminal_need_not_offer_is_not_applicable() {
    for (facilities, case, why) in [
        ("timer-expiration", "DM_SC-D-003-M/timer-wake-up", "does not offer `timer-expiration`"),
        ("udp-client-local", "DM_SC-D-003-M/trigger[transport=udp-client-local]", "does not offer `udp-client-local`"),
        ("call-control", "DM_SC-D-003-M/call-wake-up", "does not offer `call-control`"),
        ("event-location-status", "DM_SC-D-003-M/location-wake-up", "does not offer `event-location-status`"),
        ("refresh", "DM_SC-D-003-M/port-of-its-own", "does not offer `refresh`"),
    ] {
        let result = known("reference-terminal", Some(&without(facilities)), case);
        let Outcome::NotApplicable(reason) = result.outcome() else { panic!("{case}: {:?}", result) };
        assert_eq!(reason.code(), Some("not-offered"));
        assert!(reason.to_string().ends_with(why), "{reason}");
        assert_eq!(result.reason, reason.to_string());
        assert_eq!(known("reference-terminal", None, case).outcome(), Outcome::Verdict(Verdict::Pass), "{case}");
    }
}

#[test]
fn what_a_client_of_an_older_http_cannot_take_is_not_applicable() {
    let old = "- id: old\n  side: terminal\n  what: HTTP/1.0.\n  patches: [{ on: http.request, with: { version: \"1.0\" } }]\n";
    let result = known("reference-terminal", Some(old), "DM_SC-C-008-M/chunked-response[size=100]");
    assert_eq!(result.outcome().code(), Some("not-offered"), "{}", result.reason);
}

#[test]
fn what_a_terminal_must_offer_is_a_fail() {
    let result = known("reference-terminal", Some(&without("open-channel")), "DM_SC-D-001-M/profile-class-e");
    assert_eq!(result.outcome(), Outcome::Verdict(Verdict::Fail), "{}", result.reason);
}
