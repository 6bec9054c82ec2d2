use std::collections::BTreeMap;

use dmsc_engine::switch::Switch;
use dmsc_language::dut::LinkSpec;
use dmsc_link::{Disturbance, Mishap, Place, Schedule, Shape, Side, Tally};
use dmsc_scr::Verdict;
use proptest::prelude::*;

use super::*;
use crate::outcome::CaseResult;
use crate::select::CaseName;
use dmsc_language::case::Library;
use dmsc_language::fault::Fault;

fn cases() -> &'static [Case] {
    static CASES: std::sync::LazyLock<Vec<Case>> = std::sync::LazyLock::new(|| Library::builtin().load().unwrap());
    &CASES
}

struct Quiet;

impl Watcher for Quiet {
    fn planned(&mut self, _dut: &str, _cases: usize) {}

    fn disturbing(&mut self, _round: u64, _dut: &str, _case: &str) {}

    fn found(&mut self, _finding: &Finding) {}
}

/// A reference DUT with one wrong decision, or none.
fn dut(bundle: &Bundle, name: &str, switch: Option<Switch>) -> Dut {
    let mut dut = Dut::from_bundle(bundle, name, &[]).unwrap();
    let side = dut.role().other();
    let fault = |switch| Fault {
        id: "one".into(),
        side,
        what: "one".into(),
        switches: vec![switch],
        patches: Vec::new(),
        statement: BTreeMap::new(),
    };
    dut.faults = switch.into_iter().map(fault).collect();
    dut
}

fn shaken(name: &str, switch: Option<Switch>, names: &[&str], seed: u64, rounds: u64) -> Shaken {
    let bundle = Bundle::builtin();
    let duts = [dut(&bundle, name, switch)];
    let cases = cases();
    let cases_of = names.iter().map(|name| CaseName::new(*name)).collect();
    let selection = Selection { cases: cases_of, ..Selection::default() };
    let limit = Limit::Rounds(rounds);
    shake(&ShakeConfig { duts: &duts, cases, bundle: &bundle, selection, seed, limit }, &mut Quiet).unwrap()
}

#[test]
fn the_reference_duts_recover_from_everything() {
    for (name, least) in [("reference-card", 60), ("reference-terminal", 170)] {
        let shaken = shaken(name, None, &[], 1, 1);
        assert_eq!((shaken.findings, shaken.stopped), (Vec::new(), Vec::new()));
        assert!(shaken.cases > least, "{} cases, left out: {:?}", shaken.cases, shaken.left_out);
        assert_eq!((shaken.rounds, shaken.disturbed), (1, shaken.cases as u64));
    }
}

#[test]
fn a_card_that_locks_up_is_found_and_the_schedule_is_one_reset() {
    let once = || shaken("reference-card", Some(Switch::LockUpOnReset), &["S-001-M/sequence"], 3, 20);
    let found = once();
    let [finding] = found.findings.as_slice() else { panic!("{found:?}") };
    assert_eq!((finding.what, finding.usual), (What::NotRecovered, Verdict::Pass));
    assert!(finding.came > Verdict::Pass);
    let least = Schedule(vec![Disturbance { at: Place::Command(1), mishap: Mishap::Reset }]);
    assert_eq!(finding.plan, Plan { schedule: least, bip_chunks: Vec::new() });
    assert_eq!(found.stopped, []);
    assert_eq!(found, once(), "the same seed finds the same");
}

#[test]
fn secrets_of_a_dut_are_not_in_what_shaking_comes_to() {
    let bundle = Bundle::builtin();
    let mut duts = [dut(&bundle, "reference-terminal", None)];
    duts[0].ixit.account.client_secret = "Zq7pKw4T_hunter2-Xy".into();
    let (cases, limit) = (cases(), Limit::Rounds(1));
    let selection = Selection { cases: vec![CaseName::new("C-001-M/session-id[session=A5]")], ..Selection::default() };
    let told = |duts: &[Dut]| {
        let config = ShakeConfig { duts, cases, bundle: &bundle, selection: selection.clone(), seed: 1, limit };
        shake(&config, &mut Quiet).map_err(|error| error.to_string())
    };
    let command = |words: &[&str]| dmsc_link::Command::new(words.iter().map(ToString::to_string).collect());
    duts[0].link = LinkSpec::Tcp(Box::new(dmsc_link::TcpConfig {
        listen: Some("127.0.0.1:0".into()),
        notify: Some(command(&["no-such-program", "Zq7pKw4T_hunter2-Xy"])),
        ..dmsc_link::TcpConfig::default()
    }));
    // An error of the rig, and what a case comes to.
    for reset in [Some(command(&["no-such-program", "Zq7pKw4T_hunter2-Xy"])), None] {
        duts[0].reset = reset;
        let told = format!("{:?}", told(&duts));
        assert!(told.contains("no-such-program (secret)") && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_terminal_that_gives_up_is_found_and_the_schedule_is_one_loss() {
    let found = shaken("reference-terminal", Some(Switch::GiveUpOnSilence), &["D-001-M/listen"], 3, 20);
    assert!(!found.findings.is_empty(), "{found:?}");
    for finding in &found.findings {
        assert_eq!(finding.what, What::NotRecovered);
        assert_eq!(finding.plan.schedule.0.len(), 1, "{finding:?}");
        assert!(matches!(finding.plan.schedule.0[0].at, Place::Command(1) | Place::Response(1)), "{finding:?}");
    }
}

#[test]
fn a_mistake_that_has_nothing_to_do_with_recovery_is_not_found() {
    let found = shaken("reference-card", Some(Switch::SameSessionId), &["S-001-M/sequence"], 3, 5);
    assert_eq!(found.findings, []);
}

#[test]
fn a_dut_that_is_not_there_cannot_be_shaken() {
    let bundle = Bundle::builtin();
    let mut silent = dut(&bundle, "reference-card", None);
    silent.link = LinkSpec::Builtin(dmsc_language::dut::Builtin::Silent);
    let cases = cases();
    let (selection, limit) = (Selection::default(), Limit::Rounds(1));
    let config = ShakeConfig { duts: &[silent], cases, bundle: &bundle, selection, seed: 0, limit };
    let error = shake(&config, &mut Quiet).unwrap_err();
    assert!(matches!(error, ShakeError::Dead { .. }), "{error}");
}

#[test]
fn cases_about_recovery_are_left_out() {
    let shaken = shaken("reference-card", None, &["S-001-M/reset-in-mid-apdu"], 1, 1);
    assert_eq!(shaken.cases, 0);
    assert!(shaken.left_out.iter().all(|one| one.reason.contains("`disturb` of its own")), "{shaken:?}");
    assert!(!shaken.left_out.is_empty());
}

fn session(dut: &Dut, case: &Case, plan: Option<&Plan>) -> CaseResult {
    let bundle = Bundle::builtin();
    let fixtures = Fixtures::load(&bundle).unwrap();
    let mut shaker = Shaker::new(dut, &fixtures, 1);
    let disturbed = plan.map(|plan| plan.applied(case));
    shaker.session(disturbed.as_ref().unwrap_or(case)).unwrap()
}

#[test]
fn a_plan_with_nothing_in_it_changes_nothing() {
    let bundle = Bundle::builtin();
    for name in ["reference-card", "reference-terminal"] {
        let dut = dut(&bundle, name, None);
        let ours = cases().iter().filter(|case| case.role == dut.role() && !case.setup.is_disturbed());
        for case in ours.step_by(7) {
            let undisturbed = session(&dut, case, None);
            assert_eq!(session(&dut, case, Some(&Plan::default())), undisturbed, "{}", case.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_disturbed_session_ends_without_an_error_of_the_harness(seed: u64, pick: prop::sample::Index) {
        let bundle = Bundle::builtin();
        let case = pick.get(cases());
        let name = if case.role == dmsc_engine::role::Role::Card { "reference-terminal" } else { "reference-card" };
        let dut = dut(&bundle, name, None);
        prop_assume!(!case.setup.is_disturbed() && case.ixit.is_empty());
        let tally = Tally { commands: 120, responses: 120, streams: Vec::new() };
        let plan = Plan::random(seed, &Shape { tally, most: 9, longest: Duration::from_secs(30) });
        let result = session(&dut, case, Some(&plan));
        prop_assert!(result.verdict != Verdict::Error || result.dead, "{}: {} under {plan:?}", case.name(), result.reason);
        prop_assert_eq!(&result, &session(&dut, case, Some(&plan)), "the same each time");
    }
}

/// Writes a finding about a case of these files, and gives what was written.
fn kept(files: &[(&str, &str)], plan: Plan) -> Result<Vec<(String, String)>, KeepError> {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("dmsc-kept-{}-{number}", std::process::id()));
    let bundle = Bundle::of(files.iter().map(|(path, text)| (format!("testcases/{path}"), (*text).to_owned())));
    let cases = Library::new(bundle.clone()).load().unwrap();
    let case = cases.last().unwrap();
    let finding = Finding {
        dut: "card".into(),
        case: case.name(),
        round: 3,
        what: What::NotRecovered,
        usual: Verdict::Pass,
        came: Verdict::Fail,
        reason: "nothing came".into(),
        plan,
        shrunk_in: Some(7),
    };
    let written = keep(&folder, &finding, case, &bundle, 9);
    let mut all = Vec::new();
    if written.is_ok() {
        // What is written is a folder of cases that loads.
        let library = Library::from_dir(&folder).unwrap();
        let loaded = library.load().unwrap_or_else(|all| panic!("{}", all[0]));
        assert_eq!(loaded.len(), 1);
        assert_eq!(loaded[0].setup, finding.plan.setup_of(case));
        assert_eq!((&loaded[0].instance, &loaded[0].steps.len()), (&case.instance, &case.steps.len()));
        let texts = library.bundle().under("testcases/").map(|(path, text)| (path.to_owned(), text.to_owned()));
        all.extend(texts);
        // A second finding does not take the place of the first.
        let again = keep(&folder, &finding, case, &bundle, 9).unwrap();
        assert!(again.to_string_lossy().ends_with("-shaken-2.yaml"), "{}", again.display());
    }
    let _ = std::fs::remove_dir_all(&folder);
    written.map(|_| all)
}

fn some_plan() -> Plan {
    let stream = Place::Stream { number: 1, to: Side::Dut, behind: 12 };
    let all = [
        Disturbance { at: Place::Command(17), mishap: Mishap::Reset },
        Disturbance { at: stream, mishap: Mishap::Delay(Duration::from_millis(1500)) },
    ];
    Plan { schedule: Schedule(all.to_vec()), bip_chunks: vec![1, 255] }
}

const HEAD: &str = "title: t\npurpose: p\nspec: [DM_SC 7.1]\nrole: terminal\n";
const STEPS: &str = "steps:\n  - include: outer\n  - send: status\n  - expect: response\n";
const OUTER: &str = "purpose: p\nsteps:\n  - include: inner\n";
const INNER: &str = "purpose: p\nsteps:\n  - wait: 1 s\n";
const OTHER: &str = "purpose: p\nsteps:\n  - wait: 2 s\n";

#[test]
fn a_finding_is_kept_as_a_case_with_what_it_includes() {
    let text = format!("# A comment.\n{HEAD}{STEPS}");
    let files = [
        ("DM_SC-S-001-M/one.yaml", text.as_str()),
        ("include/outer.yaml", OUTER),
        ("include/inner.yaml", INNER),
        ("include/other.yaml", OTHER),
    ];
    let all = kept(&files, some_plan()).unwrap();
    let names: Vec<&str> = all.iter().map(|(path, _)| path.as_str()).collect();
    let expected = ["DM_SC-S-001-M/one-shaken.yaml", "include/inner.yaml", "include/outer.yaml"];
    assert_eq!(names, expected.map(|name| format!("testcases/{name}")));
    let lines: Vec<&str> = all[0].1.lines().collect();
    assert_eq!(lines[0], "# Found by dmsc shake with --seed 9 in round 3 of DM_SC-S-001-M/one against card:");
    assert_eq!(lines[1], "# an undisturbed session of the same case then had the verdict fail: nothing came");
    assert!(all[0].1.contains("# A comment.\n"), "{}", all[0].1);
    let setup = "setup:\n  disturb:\n    - { at: { command: 17 }, do: reset }\n    \
                 - { at: { stream: 1, to: dut, behind: 12 }, do: { delay: 1500 ms } }\n  bip_chunks: [1, 255]\nsteps:\n";
    assert!(all[0].1.contains(setup), "{}", all[0].1);
}

#[test]
fn a_setup_is_added_to_however_it_is_written() {
    let setups = [
        "setup: { max_buffer: 64 }\n",
        "setup: {}\n",
        "setup:\n  max_buffer: 64\n  profile: { off: [sms-pp-download] }\n",
        "setup:\n    # Deeper, with a comment.\n    profile:\n      off: [sms-pp-download]\n",
        "setup: { bip_chunks: [9] }\n",
        "setup: { max_buffer: \"${buffer}\", poll_interval: \"${poll}\" }\nparameters: { poll: [1 s, 2 s], buffer: [64, 128] }\n",
        "parameters:\n  buffer:\n    - 64\n    # The last.\n    - 128\nsetup:\n  max_buffer: \"${buffer}\"\n",
    ];
    for setup in setups {
        let text = format!("{HEAD}{setup}{STEPS}");
        let files =
            [("DM_SC-S-001-M/one.yaml", text.as_str()), ("include/outer.yaml", OUTER), ("include/inner.yaml", INNER)];
        let all = kept(&files, some_plan()).unwrap_or_else(|error| panic!("{setup}: {error}"));
        assert_eq!(all.len(), 3, "{setup}");
    }
}
