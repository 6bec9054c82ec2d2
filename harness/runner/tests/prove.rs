//! The proof against catalogues that are wrong in one way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Library};
use dmsc_language::dut::Dut;
use dmsc_language::fault;
use dmsc_language::variant;
use dmsc_runner::explore::{Explore, entry, explore};
use dmsc_runner::prove::{Proof, Prove, prove};

/// A demand that nobody makes: the client calls the server by its address.
const TOO_STRICT: &str = "
title: t
purpose: p
spec: [DM_SC 7.1]
role: card
steps:
  - send: notification
  - expect: dm.message
    match: { target: \"${ixit.address}\", msg_id: 1 }
";

/// The same case without the demand.
const RIGHT: &str = "
title: t
purpose: p
spec: [DM_SC 7.1]
role: card
steps:
  - send: notification
  - expect: dm.message
    match: { msg_id: 1 }
";

const OTHER_MSG_ID: &str = "
- { id: other-msg-id, side: terminal, what: w, patches: [{ on: dm.message, with: { msg_id: \"7\" } }] }
";

const BY_SERVER_ID: &str = "
- id: by-server-id
  side: terminal
  what: The client calls the server by its ServerID.
  clause: DMPRO 8.3
  choices: { target: server-id }
";

fn cases(text: &str) -> Vec<Case> {
    let own = [("testcases/DM_SC-C-001-M/probe.yaml", text)];
    Library::new(Bundle::of(own)).load().unwrap_or_else(|all| panic!("{}", all[0]))
}

fn proof(case: &str, faults: &str, variants: &str) -> Proof {
    let bundle = Bundle::builtin();
    let faults = fault::load(&Bundle::of([("fixtures/faults/a.yaml", faults)])).unwrap();
    let variants = variant::load(&Bundle::of([("fixtures/variants/a.yaml", variants)])).unwrap();
    let clean = [Dut::from_bundle(&bundle, "reference-terminal", &[]).unwrap()];
    let (cases, faults, variants) = (&cases(case)[..], &faults[..], &variants[..]);
    let what = Prove { clean: &clean, cases, faults, variants, bundle: &bundle, seed: 1 };
    let mut told = 0;
    let proof = prove(&what, &mut |done, total| {
        told += 1;
        assert_eq!((done, total), (told, 1 + faults.len() + variants.len()));
    });
    proof.unwrap()
}

#[test]
fn a_variant_that_is_failed_breaks_the_proof() {
    let found = proof(TOO_STRICT, OTHER_MSG_ID, BY_SERVER_ID);
    assert!(found.unclean.is_empty() && !found.faults[0].caught_by.is_empty());
    let judged = &found.variants[0];
    assert_eq!((judged.wrong[0].case.as_str(), judged.wrong[0].verdict.as_str()), ("DM_SC-C-001-M/probe", "fail"));
    assert!(judged.items.iter().any(|item| item.starts_with("DM_SC-C-001-M is fail")), "{:?}", judged.items);
    assert!(!found.holds());
}

#[test]
fn a_mandatory_item_of_which_nothing_ran_is_not_passed() {
    let found = proof(RIGHT, OTHER_MSG_ID, BY_SERVER_ID);
    let judged = &found.variants[0];
    assert!(judged.wrong.is_empty() && judged.passed == 1);
    assert!(judged.items.iter().any(|item| item.starts_with("DM_SC-D-003-M is not run")), "{:?}", judged.items);
    assert!(!judged.is_right());
}

#[test]
fn what_an_entry_allows_has_to_happen() {
    let allowed = BY_SERVER_ID.trim_end().to_owned() + "\n  inconclusive: [{ case: C-001-M/probe, why: w }]\n";
    let doubted = TOO_STRICT.replace("role: card", "role: card\ntrust: memory");
    let judged = proof(&doubted, OTHER_MSG_ID, &allowed).variants.remove(0);
    assert_eq!((judged.allowed.len(), judged.open.len(), judged.needless.len()), (1, 0, 0));
    let judged = proof(RIGHT, OTHER_MSG_ID, &allowed).variants.remove(0);
    assert_eq!((judged.allowed.len(), judged.needless.as_slice()), (0, ["C-001-M/probe".to_owned()].as_slice()));
}

#[test]
fn a_drawn_dut_that_is_failed_is_brought_down_to_what_does_it() {
    let bundle = Bundle::builtin();
    let clean = [Dut::from_bundle(&bundle, "reference-terminal", &[]).unwrap()];
    let cases = cases(TOO_STRICT);
    let what = Explore { clean: &clean, cases: &cases, known: &[], bundle: &bundle, seed: 3, count: 40 };
    let found = explore(&what, &mut |_, _| {}).unwrap();
    // A client that waits to be challenged misses the other demand.
    let by_target = found.findings.iter().find(|finding| finding.choices == ["target: server-id"]);
    let finding = by_target.expect("the one choice that does it");
    assert!(finding.met > 1 && found.misjudged >= finding.met, "{} of {}", finding.met, found.misjudged);
    assert!(entry(&finding.variant).ends_with("  choices: { target: \"server-id\" }\n"), "{}", entry(&finding.variant));
    let drawn = |name: &str| found.drawn.iter().filter(|row| row.choice == name).map(|row| row.count).sum::<usize>();
    assert_eq!((drawn("target"), drawn("ixit.encoding")), (40, 40));
    let same = explore(&what, &mut |_, _| {}).unwrap();
    assert_eq!(same.drawn, found.drawn);
}

#[test]
fn a_drawn_dut_may_leave_open_what_a_variant_may_that_is_part_of_it() {
    let bundle = Bundle::builtin();
    let clean = [Dut::from_bundle(&bundle, "reference-terminal", &[]).unwrap()];
    let cases = cases(&TOO_STRICT.replace("role: card", "role: card\ntrust: memory"));
    let text = "- id: by-id\n  side: terminal\n  what: w\n  clause: c\n  choices: { target: server-id }\n";
    let allowed = format!("{text}  inconclusive: [{{ case: C-001-M/probe, why: w }}]\n");
    let of = |known: &str| {
        let known = variant::load(&Bundle::of([("fixtures/variants/a.yaml", known)])).unwrap();
        let what = Explore { clean: &clean, cases: &cases, known: &known, bundle: &bundle, seed: 3, count: 40 };
        let found = explore(&what, &mut |_, _| {}).unwrap();
        found.findings.iter().any(|finding| finding.choices == ["target: server-id"])
    };
    assert!(of(text) && !of(&allowed));
}
