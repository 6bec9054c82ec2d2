//! The start of the process: `dmsc scr list`, from spawn to exit.

use std::process::{Command, Stdio};

fn main() {
    divan::main();
}

#[divan::bench]
fn scr_list() {
    let status = Command::new(env!("CARGO_BIN_EXE_dmsc")).args(["scr", "list"]).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()));
}
