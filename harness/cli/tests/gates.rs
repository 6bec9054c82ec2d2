//! The gates agree: the exit code of `dmsc run` and `dmsc report`, JUnit, and `cargo test` make the same of each outcome.

#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod common;
#[path = "common/trial.rs"]
mod trial;

use std::fmt::Write as _;
use std::path::Path;

use common::{Scratch, dmsc};
use dmsc_language::case::Library;
use dmsc_language::dut::Dut;
use dmsc_report::RunFolder;
use dmsc_report::matrix::Matrix;
use dmsc_runner::piecewise::Piecewise;
use dmsc_scr::{Tables, Unshown};
use libtest_mimic::Completion;

/// A case of the tests, the DUT that gives it its outcome, and that outcome without and with `--strict`.
const CASES: [(&str, &str, [&str; 2]); 7] = [
    ("card", "DM_SC-S-001-M/notification", ["pass", "pass"]),
    ("card", "DM_SC-S-001-M/wrong-version", ["fail", "fail"]),
    ("silent", "DM_SC-S-001-M/notification", ["error", "error"]),
    ("card", "DM_SC-S-001-M/from-memory", ["inconclusive", "inconclusive"]),
    ("card", "DM_SC-S-001-M/by-hand", ["not run", "not run"]),
    ("card", "DM_SC-S-002-M/recommended", ["pass", "fail"]),
    ("card", "DM_SC-S-003-O/not-claimed", ["not applicable", "not applicable"]),
];

/// What the three say of a case.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    code: i32,
    junit: &'static str,
    test: &'static str,
}

impl Said {
    /// Whether each lets it through.
    fn open(&self) -> [bool; 3] {
        [self.code == 0, !matches!(self.junit, "failure" | "error"), self.test != "FAILED"]
    }
}

/// The element of JUnit that a test case holds.
fn junit(xml: &str, case: &str) -> &'static str {
    let name = format!("name=\"{case}\"");
    let test = xml.split("<testcase ").skip(1).find(|test| test.contains(&name)).unwrap();
    let test = test.split("</testcase>").next().unwrap();
    ["failure", "error", "skipped"].into_iter().find(|tag| test.contains(&format!("<{tag} "))).unwrap_or("success")
}

fn piecewise(dut: &str, strict: bool) -> Piecewise {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let library = Library::from_dir(&suite).unwrap();
    let dut = Dut::load(&suite.join(format!("duts/{dut}.yaml")), &[]).unwrap();
    let cases = library.cases().unwrap();
    Piecewise::new(vec![dut], cases, library.bundle().clone(), 0, strict, None).unwrap()
}

fn said(dut: &str, case: &str, strict: bool, unshown: Unshown) -> Said {
    let scratch = Scratch::new();
    let (folder, file) = (scratch.path("run"), format!("suite/duts/{dut}.yaml"));
    let choice = format!("--inconclusive={}", unshown.as_str());
    let mut run = vec!["run", "-q", "--cases", "suite", "--dut", &file, "--case", case, "--out", &folder, &choice];
    run.extend(strict.then_some("--strict"));
    if case.ends_with("not-claimed") || case.ends_with("by-hand") {
        // By itself it would leave a run in which nothing ran.
        run.extend(["--case", "DM_SC-S-001-M/notification"]);
    }
    let code = dmsc(&run).code;
    assert_eq!(dmsc(&["report", &folder, "-q", &choice]).code, code, "the report has the code of the run");
    let xml = std::fs::read_to_string(Path::new(&folder).join("junit.xml")).unwrap();

    let run = piecewise(dut, strict);
    let piece = run.pieces().into_iter().find(|piece| run.names(piece).unwrap().0 == case).unwrap();
    let finished = run.run(&piece).unwrap().unwrap();
    let test = match trial::completion(run.gate(&finished, unshown), &finished) {
        Ok(Completion::Completed) => "ok",
        Ok(Completion::Ignored { .. }) => "ignored",
        Err(_) => "FAILED",
    };
    Said { code, junit: junit(&xml, case), test }
}

#[test]
fn exit_code_junit_and_cargo_test_agree_on_every_outcome() {
    let mut table = String::from("outcome         strict  inconclusive=  exit  junit    cargo test\n");
    for (dut, case, outcomes) in CASES {
        for (strict, outcome) in [false, true].into_iter().zip(outcomes) {
            for unshown in Unshown::ALL {
                let said = said(dut, case, strict, unshown);
                let strict = if strict { "yes" } else { "no" };
                let choice = unshown.as_str();
                let Said { code, junit, test } = &said;
                let line = format!("{outcome:<14}  {strict:<6}  {choice:<13}  {code:<4}  {junit:<7}  {test}");
                let _ = writeln!(table, "{line}");
                let [first, rest @ ..] = said.open();
                assert!(rest.iter().all(|open| *open == first), "they do not agree on {case}: {line}");
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_run_in_which_nothing_ran_opens_no_gate() {
    let scratch = Scratch::new();
    for unshown in Unshown::ALL {
        let folder = scratch.path(unshown.as_str());
        let choice = format!("--inconclusive={}", unshown.as_str());
        let only = ["--item", "S-003", "--out", &folder, &choice];
        let ran = dmsc(&[&["run", "-q", "--cases", "suite", "--dut", "suite/duts/card.yaml"], &only[..]].concat());
        assert_eq!(ran.code, 2);
        let run = RunFolder::open(Path::new(&folder)).unwrap();
        let xml = std::fs::read_to_string(Path::new(&folder).join("junit.xml")).unwrap();
        assert_eq!(junit(&xml, "dmsc"), "error");
        let matrix = Matrix::new(&run, Tables::builtin()).unwrap();
        assert!(trial::verdict_of_the_whole(&matrix, false, unshown).unwrap_err().contains("no case ran"));
    }
}
