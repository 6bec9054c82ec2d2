//! Help texts, usage errors and everything else that all verbs share.

mod common;

use common::{dmsc, dmsc_with, shown};

#[test]
fn help_of_every_verb() {
    let verbs: &[&[&str]] = &[
        &[],
        &["run"],
        &["prove"],
        &["shake"],
        &["devices"],
        &["card"],
        &["terminal"],
        &["bootstrap"],
        &["bootstrap", "write"],
        &["bootstrap", "read"],
        &["cases"],
        &["cases", "list"],
        &["cases", "show"],
        &["cases", "check"],
        &["cases", "kinds"],
        &["cases", "schema"],
        &["scr"],
        &["scr", "list"],
        &["scr", "show"],
        &["scr", "check"],
        &["scr", "coverage"],
        &["scr", "clauses"],
        &["scr", "requirements"],
        &["scr", "purposes"],
        &["scr", "interpretations"],
        &["ics"],
        &["ics", "new"],
        &["ics", "check"],
        &["ics", "audit"],
        &["ics", "draft"],
        &["report"],
        &["report", "merge"],
        &["report", "keys"],
        &["report", "log"],
        &["completion"],
    ];
    for verb in verbs {
        let args = [*verb, &["--help"]].concat();
        let name = if verb.is_empty() { "dmsc".to_owned() } else { verb.join("-") };
        insta::assert_snapshot!(format!("help-{name}"), shown(&args));
    }
}

#[test]
fn the_exit_codes_are_explained() {
    insta::assert_snapshot!(shown(&["exit-codes"]));
    let help = dmsc(&["help", "exit-codes"]);
    assert!(help.out.contains(&dmsc(&["exit-codes"]).out));
    assert_eq!(help.code, 0);
}

#[test]
fn exit_codes_are_the_same_wherever_they_are_told() {
    let table = dmsc(&["exit-codes"]).out;
    let codes: Vec<&str> = table.lines().filter_map(|line| line.split_once("  ").map(|(code, _)| code)).collect();
    let codes: Vec<&str> = codes.into_iter().filter(|code| code.parse::<u8>().is_ok()).collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "130"]);
    for verb in ["run", "shake"] {
        let help = dmsc(&[verb, "--help"]).out;
        let (_, told) = help.split_once("Exit codes:").unwrap();
        let words: Vec<&str> = told.split_whitespace().collect();
        assert!(codes.iter().all(|code| words.contains(code)), "{verb}: {told}");
    }
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let (lines, _) = table.split_once("\n\n").unwrap();
    assert!(readme.contains(lines), "README.md has another table of exit codes");
}

#[test]
fn without_arguments_there_is_help_and_a_usage_error() {
    let ran = dmsc(&[]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("Usage: dmsc"));
}

#[test]
fn usage_errors_end_in_what_to_try() {
    insta::assert_snapshot!(shown(&["rnu"]));
    insta::assert_snapshot!(shown(&["run", "--shard", "5/4"]));
    insta::assert_snapshot!(shown(&["report"]));
    insta::assert_snapshot!(shown(&["cases", "kinds", "--markdown", "card"]));
}

#[test]
fn every_shell_gets_a_completion_script() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ran = dmsc(&["completion", shell]);
        assert_eq!(ran.code, 0, "{shell}");
        // What `--item` takes, topics among it.
        assert!(ran.out.contains("DM_SC-C-001-M") && ran.out.contains("bootstrap"), "{shell}");
        assert!(ran.out.contains("interpretations"), "{shell}");
    }
}

#[test]
fn colour_is_for_terminals_or_on_demand() {
    let colored = |text: &str| text.contains("\u{1b}[");
    assert!(!colored(&dmsc(&["scr", "list"]).out));
    assert!(colored(&dmsc(&["scr", "list", "--color", "always"]).out));
    assert!(colored(&dmsc(&["--color=always", "scr", "show", "x"]).err));
    assert!(colored(&dmsc(&["--color=always", "rnu"]).err));
    assert!(!colored(&dmsc(&["--color", "never", "rnu"]).err));
    assert!(!colored(&dmsc_with(&["scr", "show", "x"], &[("NO_COLOR", "1")]).err));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_dmsc"))
        .args(["cases", "kinds", "--markdown"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the built command starts");
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{err}");
    assert_eq!(err, "");
}
