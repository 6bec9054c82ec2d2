//! Terminals that have no more than they must can conform: what they do not offer is not applicable, and the items are
//! passed all the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Cases, Library};
use dmsc_language::dut::Dut;
use dmsc_language::fault;
use dmsc_runner::run::{Finished, Observer, RunConfig, run};
use dmsc_runner::select::Selection;
use dmsc_scr::{ItemOutcome, ItemVerdict, Measured, Outcome, Tables, Verdict, item_verdicts};

struct Nobody;

impl Observer for Nobody {
    fn planned(&mut self, _total: usize) {}
    fn started(&mut self, _dut: &str, _case: &str) {}
    fn finished(&mut self, _finished: &Finished) {}
}

/// What the cases of the two mandatory items of a device come to, and the items.
fn suite(patch: &str) -> (Vec<Finished>, Vec<ItemVerdict>) {
    let bundle = Bundle::builtin();
    let mut dut = Dut::from_bundle(&bundle, "reference-terminal", &[]).unwrap();
    let text = format!("- id: less\n  side: terminal\n  what: It offers less.\n  patches: [{patch}]\n");
    let file = Bundle::of([("fixtures/faults/less.yaml", text)]);
    dut.faults = fault::load(&file).unwrap_or_else(|all| panic!("{}", all[0]));
    let cases: Vec<Case> = Library::new(bundle.clone())
        .load()
        .unwrap()
        .into_iter()
        .filter(|c| c.item.as_str().contains("-D-00"))
        .collect();
    let config = RunConfig {
        all: true,
        stop_after: None,
        jobs: None,
        duts: std::slice::from_ref(&dut),
        cases: &Cases::from(&cases[..]),
        bundle: &bundle,
        selection: Selection::default(),
        seed: 1,
        strict: false,
        person: false,
        out: None,
        resume: false,
    };
    let finished = run(&config, &mut Nobody).unwrap().finished;
    let of = |name: &str| cases.iter().find(|case| case.name() == name).unwrap();
    let measured: Vec<Measured> = finished
        .iter()
        .map(|one| Measured {
            case: one.case.clone(),
            item: of(&one.case).item.clone(),
            covers: of(&one.case).covers.clone(),
            outcome: one.outcome.clone(),
        })
        .collect();
    let verdicts = item_verdicts(Tables::builtin(), &dut.ics, &measured);
    (finished, verdicts)
}

#[test]
fn a_terminal_that_offers_less_conforms() {
    for off in [
        "udp-client-local",
        "tcp-client-local",
        "timer-management-start-stop, timer-management-get, timer-expiration",
        "call-control, call-control-2-2, call-control-2-3, call-control-2-5, call-control-8-8",
        "refresh",
        "event-location-status",
        "udp-client-local, timer-management-start-stop, timer-expiration, call-control, refresh, event-location-status",
    ] {
        let (finished, items) = suite(&format!("{{ on: terminal-profile, with: {{ off: [{off}] }} }}"));
        let wrong: Vec<String> = finished
            .iter()
            .filter(|one| !matches!(one.outcome, Outcome::Verdict(Verdict::Pass) | Outcome::NotApplicable(_)))
            .map(|one| format!("{}: {}: {}", one.case, one.outcome, one.reason))
            .collect();
        assert!(wrong.is_empty(), "without {off}:\n{}", wrong.join("\n"));
        let not_offered = |one: &&Finished| one.outcome.code() == Some("not-offered");
        assert!(finished.iter().filter(not_offered).count() > 0, "without {off} every case ran");
        for item in ["DM_SC-D-001-M", "DM_SC-D-003-M"] {
            let found = items.iter().find(|found| found.item == *item).unwrap();
            assert_eq!(found.outcome, ItemOutcome::Verdict(Verdict::Pass), "{item} without {off}: {:?}", found.reasons);
        }
    }
}

#[test]
fn a_terminal_without_what_it_must_have_does_not() {
    for off in ["open-channel", "terminal-applications"] {
        let (_, items) = suite(&format!("{{ on: terminal-profile, with: {{ off: [{off}] }} }}"));
        let failed = |found: &&ItemVerdict| found.outcome == ItemOutcome::Verdict(Verdict::Fail);
        assert!(items.iter().any(|found| failed(&found)), "without {off}");
    }
}
