//! `dmsc shake`: what is found, what is left behind, and the exit codes.

mod common;

use std::path::Path;

use common::{Scratch, dmsc, shown};
use serde_json::Value;

const CARD: &str = "suite/duts/locks-up.yaml";

#[test]
fn the_reference_duts_stand_it_and_a_seed_says_it_again() {
    let args = ["shake", "--case", "S-001-M/sequence", "--case", "D-001-M/listen", "--rounds", "3", "--seed", "5"];
    let once = dmsc(&args);
    assert_eq!((once.code, once.err.as_str()), (0, ""), "{}", once.out);
    assert!(once.out.ends_with("seed 5: everything recovers\n"), "{}", once.out);
    assert_eq!(dmsc(&args).out, once.out);
}

#[test]
fn what_does_not_recover_is_shown_as_the_setup_of_a_case() {
    insta::assert_snapshot!(shown(&["shake", "--dut", CARD, "--case", "S-001-M/sequence"]));
    let ran = dmsc(&["shake", "--dut", CARD, "--case", "S-001-M/sequence", "--json"]);
    assert_eq!(ran.code, 1);
    let shaken: Value = serde_json::from_str(&ran.out).unwrap();
    let finding = &shaken["findings"][0];
    assert_eq!(finding["what"], "not-recovered");
    assert_eq!(finding["setup"]["disturb"][0]["do"], "reset");
    assert_eq!((finding["usual"].as_str(), finding["came"].as_str()), (Some("pass"), Some("error")));
}

#[test]
fn a_finding_is_kept_as_a_case_that_loads_and_runs() {
    let scratch = Scratch::new();
    let folder = scratch.path("found");
    let ran = dmsc(&["shake", "--dut", CARD, "--case", "S-001-M/undelivered-data", "--keep", &folder, "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let shaken: Value = serde_json::from_str(&ran.out).unwrap();
    let kept = shaken["findings"][0]["kept"].as_str().unwrap();
    assert!(Path::new(kept).is_file(), "{kept}");
    assert_eq!(dmsc(&["cases", "check", &folder]).code, 0);
    // The clean card recovers within the session, or not at all, but the case runs.
    let run = dmsc(&["run", "--cases", &folder, "--role", "terminal", "--no-report", "-v"]);
    assert!(matches!(run.code, 0..=2), "{}", run.err);
    assert!(run.err.contains("disturbed at "), "{}", run.err);
    let again = dmsc(&["shake", "--dut", CARD, "--cases", &folder]);
    assert_eq!(again.code, 2, "a case about recovery is not shaken: {}", again.out);
}

#[test]
fn time_can_be_the_limit() {
    let ran = dmsc(&["shake", "--case", "S-001-M/sequence", "--for", "200 ms"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains(" 0 rounds"), "{}", ran.out);
}

#[test]
fn wrong_input_ends_in_what_to_try() {
    insta::assert_snapshot!(shown(&["shake", "--for", "soon"]));
    insta::assert_snapshot!(shown(&["shake", "--for", "1 s", "--rounds", "2"]));
    insta::assert_snapshot!(shown(&["shake", "--case", "S-001-M/sequenz"]));
    insta::assert_snapshot!(shown(&["shake", "--rounds", "0"]));
    let silent = dmsc(&["shake", "--dut", "suite/duts/silent.yaml"]);
    assert_eq!(silent.code, 4, "{}", silent.err);
    assert!(silent.err.contains("no sign of life"), "{}", silent.err);
}
