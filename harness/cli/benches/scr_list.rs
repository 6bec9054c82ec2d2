//! The start of the process, from spawn to exit: `dmsc scr list`, `dmsc cases list`, and a run of one case.

use std::process::{Command, Stdio};

fn main() {
    divan::main();
}

fn dmsc(args: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_dmsc")).args(args).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()));
}

#[divan::bench]
fn scr_list() {
    dmsc(&["scr", "list"]);
}

#[divan::bench]
fn cases_list() {
    dmsc(&["cases", "list", "-q"]);
}

#[divan::bench]
fn run_of_one_case() {
    dmsc(&["run", "-q", "--no-report", "--case", "C-001-M/session-id"]);
}
