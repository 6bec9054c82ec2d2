//! What a DUT file starts ends with the session, and with the command.

#![cfg(target_os = "linux")] // Not every `env` can set signals.
#![allow(clippy::unwrap_used, clippy::panic)] // A test stops at what it does not expect.

mod common;

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::{Scratch, dmsc};

/// How long what is started may take to show itself; only a test that fails waits for it.
const LIMIT: Duration = Duration::from_secs(60);

/// A pipe with a name, which a process of a DUT holds open: its end is the end of the last of them.
fn named_pipe(scratch: &Scratch) -> String {
    let path = scratch.path("held");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// The reading end, once there is a writing one.
fn opened(path: String) -> Receiver<File> {
    let (sender, opened) = channel();
    std::thread::spawn(move || sender.send(File::open(path).unwrap()));
    opened
}

/// A DUT file of a terminal on TCP.
fn dut(scratch: &Scratch, tcp: &str) -> String {
    let statement = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/duts/python-client.ics.yaml");
    let text = format!(
        "dut: 1\nname: held\nkind: terminal\nlink: {{ tcp: {{ listen: 127.0.0.1:0, {tcp} }} }}\nics: {statement}\n\
         ixit: {{ server_id: dmsc.example.com, address: http://127.0.0.1:3516/OMA/DM, window: 100 ms }}\n"
    );
    let path = scratch.path("dut.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn what_a_notification_started_ends_with_the_session() {
    let scratch = Scratch::new();
    let pipe = named_pipe(&scratch);
    let dut = dut(&scratch, &format!("notify: [sh, -c, 'exec 3>{pipe}; sleep 543; true']"));
    let held = opened(pipe);
    let ran = dmsc(&["run", "--no-report", "--dut", &dut, "--case", "DM_SC-C-001-M/session-id"]);
    let mut held = held.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("nothing was started: {}", ran.err));
    assert_eq!(held.read(&mut [0]).unwrap(), 0);
}

#[test]
fn an_interrupt_ends_all_that_was_started_and_records_nothing() {
    let scratch = Scratch::new();
    let pipe = named_pipe(&scratch);
    let start = format!("exec 3>{pipe}; echo up >&3; sleep 543; true");
    let dut = dut(&scratch, &format!("start: [sh, -c, '{start}'], ready: never, notify: ['true']"));
    // Whoever tests may be in the background or under nohup, where these signals are ignored.
    let mut run = Command::new("env")
        .args(["--default-signal", env!("CARGO_BIN_EXE_dmsc"), "run", "--out", &scratch.path("out"), "--dut", &dut])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut held = opened(pipe).recv_timeout(LIMIT).unwrap();
    let mut up = [0; 3];
    held.read_exact(&mut up).unwrap();
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    assert_eq!(held.read(&mut up).unwrap(), 0);
    assert_eq!(run.wait().unwrap().code(), Some(130));
    // That the DUT was gone then is no result: whoever resumes the run tries that case again.
    let journal = std::fs::read_to_string(scratch.path("out/journal.jsonl")).unwrap();
    assert!(journal.starts_with("{\"event\":\"run\""), "{journal}");
    assert!(!journal.contains("the command `sh"), "{journal}");
}
