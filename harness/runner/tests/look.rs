//! What a run says of a DUT that no case can be begun with, and of one that fails.

#![allow(clippy::unwrap_used, clippy::panic)] // A test stops at what it does not expect.

use std::num::NonZeroUsize;

use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Cases, Library};
use dmsc_language::dut::{Builtin, Dut, LinkSpec};
use dmsc_language::fault;
use dmsc_runner::run::{Finished, Observer, RunConfig, run};
use dmsc_runner::select::Selection;
use dmsc_scr::{NotRun, Outcome, Verdict};

/// The reference card's EF.UST, and the same without service 77.
const SERVICES: &str = "0EDA1F2C233604004010100000";
const WITHOUT_77: &str = "0EDA1F2C233604004000100000";

#[derive(Default)]
struct Heard {
    walls: Vec<(usize, String)>,
    noticed: Vec<String>,
    begun: usize,
}

impl Observer for Heard {
    fn planned(&mut self, _total: usize) {}
    fn started(&mut self, _dut: &str, _case: &str) {
        self.begun += 1;
    }
    fn finished(&mut self, _finished: &Finished) {}
    fn noticed(&mut self, _dut: &str, what: &str) {
        self.noticed.push(what.to_owned());
    }
    fn walled(&mut self, _dut: &str, cases: usize, reason: &str) {
        self.walls.push((cases, reason.to_owned()));
    }
}

/// A way to run.
struct Way {
    dut: &'static str,
    faults: &'static str,
    builtin: Option<Builtin>,
    services: &'static str,
    all: bool,
    stop_after: Option<usize>,
}

impl Default for Way {
    fn default() -> Way {
        Way { dut: "reference-card", faults: "", builtin: None, services: SERVICES, all: false, stop_after: None }
    }
}

/// Runs the catalogue; gives what came of the cases that apply.
fn ran(way: Way) -> (Vec<Finished>, Heard) {
    let builtin = Bundle::builtin();
    let files = builtin.under("fixtures/").map(|(path, text)| (path.to_owned(), text.replace(SERVICES, way.services)));
    let bundle = Bundle::of(files);
    let mut dut = Dut::from_bundle(&builtin, way.dut, &[]).unwrap();
    if !way.faults.is_empty() {
        let file = Bundle::of([("fixtures/faults/probe.yaml", way.faults)]);
        dut.faults = fault::load(&file).unwrap_or_else(|all| panic!("{}", all[0]));
    }
    if let Some(other) = way.builtin {
        dut.link = LinkSpec::Builtin(other);
    }
    let cases: Vec<Case> = Library::builtin().load().unwrap();
    let config = RunConfig {
        duts: &[dut],
        cases: &Cases::from(&cases[..]),
        bundle: &bundle,
        selection: Selection::default(),
        seed: 1,
        strict: false,
        person: false,
        out: None,
        resume: false,
        all: way.all,
        stop_after: way.stop_after.and_then(NonZeroUsize::new),
        jobs: None,
    };
    let mut heard = Heard::default();
    let finished = run(&config, &mut heard).unwrap().finished;
    let applies = |one: &Finished| match &one.outcome {
        Outcome::Verdict(_) => true,
        Outcome::NotRun(reason) => !matches!(reason, NotRun::NoOperator { .. } | NotRun::NotSelected(_)),
        Outcome::NotApplicable(_) => false,
    };
    (finished.into_iter().filter(applies).collect(), heard)
}

const NO_TOOLKIT: &str = "
- id: no-toolkit
  side: card
  what: The card has no toolkit.
  patches: [{ on: response, when: { to: terminal-profile }, with: { sw: 0x6D00 } }]
";

const NO_APPLET: &str = "
- id: no-applet
  side: card
  what: The card asks for nothing.
  patches: [{ on: set-up-event-list, drop: true }, { on: open-channel, drop: true }, { on: notification, drop: true }]
";

/// All cases have one reason, which is told once, and none was begun.
fn one_reason(way: Way, expected: &str) {
    let (finished, heard) = ran(way);
    assert!(finished.len() > 20);
    let reasons: std::collections::BTreeSet<&str> = finished.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(finished.iter().all(|one| one.outcome == Verdict::Inconclusive.into()));
    assert!(finished[0].reason.contains(expected), "{}", finished[0].reason);
    assert!(finished.iter().all(|one| one.remarks.iter().any(|remark| remark.starts_with("not begun"))));
    assert_eq!((heard.begun, heard.walls), (0, vec![(finished.len(), finished[0].reason.clone())]));
}

#[test]
fn a_card_without_dm_sc_has_one_reason() {
    one_reason(Way { services: WITHOUT_77, ..Way::default() }, "service 77 of EF.UST is off (0EDA1F2C");
    one_reason(Way { faults: NO_TOOLKIT, ..Way::default() }, "TERMINAL PROFILE with 6D00: it has no toolkit");
    one_reason(Way { faults: NO_APPLET, ..Way::default() }, "the card asks for nothing: in ");
    one_reason(Way { builtin: Some(Builtin::Yes), ..Way::default() }, "EF.UST could not be read (status word 9000)");
}

const SILENT_APPLET: &str = "
- id: silent-applet
  side: card
  what: The card does not answer the announcement of applications, and asks for nothing.
  patches:
    - on: response
      when: { to: envelope.terminal-applications }
      drop: true
    - { on: set-up-event-list, drop: true }
    - { on: open-channel, drop: true }
    - { on: notification, drop: true }
";

#[test]
fn a_command_without_an_answer_is_named() {
    let reason = "; ENVELOPE (TERMINAL APPLICATIONS) got no answer";
    one_reason(Way { faults: SILENT_APPLET, ..Way::default() }, reason);
}

#[test]
fn with_all_the_cases_are_begun_all_the_same() {
    let (finished, heard) = ran(Way { services: WITHOUT_77, all: true, ..Way::default() });
    assert_eq!((heard.begun, heard.walls.len()), (finished.len(), 0));
}

#[test]
fn a_card_that_is_wrong_in_what_cases_are_about_is_run() {
    let never = "
- id: never
  side: card
  what: No notification is ever sent.
  switches: [never-trigger]
";
    let (finished, heard) = ran(Way { faults: never, ..Way::default() });
    assert_eq!((heard.begun, heard.walls.len(), heard.noticed), (finished.len(), 0, Vec::new()));
    assert!(finished.iter().any(|one| one.outcome == Verdict::Fail.into()));
}

#[test]
fn a_dut_without_a_sign_of_life_is_one_error() {
    let (finished, heard) = ran(Way { builtin: Some(Builtin::Silent), ..Way::default() });
    assert_eq!(finished[0].outcome, Verdict::Error.into());
    assert!(finished[0].reason.contains("no sign of life"), "{}", finished[0].reason);
    let case = finished[0].case.clone();
    assert!(finished[1..].iter().all(|one| one.outcome == Outcome::NotRun(NotRun::Dead { case: case.clone() })));
    assert_eq!(heard.begun, 0);
}

#[test]
fn a_client_that_says_nothing_is_tried_three_times() {
    let ignores = "
- id: ignores
  side: terminal
  what: No notification is followed.
  switches: [ignore-notifications]
";
    let (finished, heard) = ran(Way { dut: "reference-terminal", faults: ignores, ..Way::default() });
    let [(walled, reason)] = heard.walls.as_slice() else { panic!("{:?}", heard.walls) };
    assert!(reason.contains("notified in each of 3 sessions") && reason.contains("nor a connection"), "{reason}");
    assert_eq!(walled + heard.begun, finished.len());
    assert!(heard.begun < finished.len() / 2, "{} of {}", heard.begun, finished.len());
}

#[test]
fn a_run_stops_after_so_many_fails() {
    let never = "
- id: never
  side: card
  what: No notification is ever sent.
  switches: [never-trigger]
";
    let (finished, heard) = ran(Way { faults: never, stop_after: Some(2), ..Way::default() });
    let stopped = Outcome::NotRun(NotRun::Stopped { fails: 2 });
    let count = |outcome: &Outcome| finished.iter().filter(|one| one.outcome == *outcome).count();
    assert_eq!(count(&Verdict::Fail.into()), 2);
    assert_eq!(count(&stopped) + heard.begun, finished.len());
    assert_eq!(finished.last().unwrap().outcome, stopped);
}
