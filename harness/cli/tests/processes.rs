//! What a DUT file starts ends with the session, and with the command.

#![cfg(target_os = "linux")] // Not every `env` can set signals.
#![allow(clippy::unwrap_used, clippy::panic)] // A test stops at what it does not expect.

mod common;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
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
    let said = ran.out + &ran.err;
    assert!(said.contains("no connection and no message came from it, and none of its commands has ended"), "{said}");
}

/// It is there for the cases that come after.
#[test]
fn what_a_reset_left_in_the_background_ends_with_the_run() {
    let scratch = Scratch::new();
    let pipe = named_pipe(&scratch);
    let path = dut(&scratch, "notify: ['true'], ends_with_command: true");
    let daemon = format!("reset: [sh, -c, 'exec 3>{pipe}; setsid sleep 543 & true']\n");
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &daemon).unwrap();
    let held = opened(pipe);
    let ran = dmsc(&["run", "--no-report", "--dut", &path, "--case", "DM_SC-C-001-M/session-id[session=A5]"]);
    let mut held = held.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("nothing was started: {}", ran.err));
    assert_eq!(held.read(&mut [0]).unwrap(), 0);
}

#[test]
fn what_left_its_group_ends_also_when_the_command_is_killed() {
    let scratch = Scratch::new();
    let pipe = named_pipe(&scratch);
    let dut = dut(&scratch, &format!("notify: [sh, -c, 'exec 3>{pipe}; echo up >&3; timeout 543 sleep 543; true']"));
    let patient = std::fs::read_to_string(&dut).unwrap().replace("window: 100 ms", "window: 10 min");
    std::fs::write(&dut, patient).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_dmsc"))
        .args(["run", "--no-report", "--dut", &dut, "--case", "DM_SC-C-001-M/session-id"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut held = opened(pipe).recv_timeout(LIMIT).unwrap();
    held.read_exact(&mut [0; 3]).unwrap();
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(held.read(&mut [0]).unwrap(), 0);
}

/// What a shell makes of `dmsc` under limits: the exit code, and what it wrote.
fn limited(limits: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let script = format!("{limits}; exec \"$0\" \"$@\"");
    let ran = Command::new("bash").args(["-c", &script, env!("CARGO_BIN_EXE_dmsc")]).args(arguments).output().unwrap();
    (ran.status.code(), String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned())
}

/// No thread has room for such a stack.
const NO_THREADS: &str = "export RUST_MIN_STACK=100000000000000";

#[test]
fn without_threads_the_built_in_duts_are_judged_and_a_process_is_an_error() {
    let of_harness = ["run", "--no-report", "--case", "DM_SC-C-001-M/session-id"];
    let (code, said) = limited(NO_THREADS, &of_harness);
    assert_eq!(code, Some(0), "{said}");
    let scratch = Scratch::new();
    let out = scratch.path("out");
    let unwritten = limited(NO_THREADS, &["run", "--out", &out, "--case", "DM_SC-C-001-M/session-id"]);
    assert!(unwritten.0 == Some(4) && unwritten.1.contains("no thread can be started to pack it"), "{unwritten:?}");
    let out = scratch.path("whole");
    assert_eq!(dmsc(&["run", "--out", &out, "--case", "DM_SC-C-001-M/session-id"]).code, 0);
    let (code, said) = limited(NO_THREADS, &["report", &out, "--logs", "all"]);
    assert_eq!(code, Some(0), "{said}");
    let path = dut(&scratch, "notify: ['true'], ends_with_command: true");
    let case = ["run", "--all", "--no-report", "--dut", &path, "--case", "DM_SC-C-001-M/session-id[session=A5]"];
    for more in ["", "jobs: 4\n", "reset: ['true']\n"] {
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + more).unwrap();
        let (code, said) = limited(NO_THREADS, &case);
        assert_eq!(code, Some(4), "{more}: {said}");
        assert!(said.contains("no thread can be started") && !said.contains("panicked"), "{more}: {said}");
    }
}

#[test]
fn connections_for_which_the_harness_has_no_descriptors_are_not_held_against_the_dut() {
    let scratch = Scratch::new();
    let script = "ulimit -Sn 400; for i in $(seq 100); do exec {fd}<>/dev/tcp/$0/$1; done; sleep 1";
    let path = dut(&scratch, &format!("notify: [bash, -c, '{script}', '{{host}}', '{{port}}']"));
    let case = ["run", "--all", "--no-report", "--dut", &path, "--case", "DM_SC-C-001-M/session-id[session=A5]"];
    let (code, said) = limited("ulimit -Sn 60", &case);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("EMFILE"), "{said}");
}

#[test]
fn a_file_that_may_grow_no_further_is_an_error_with_a_text() {
    let scratch = Scratch::new();
    let out = scratch.path("out");
    let (code, said) = limited("ulimit -f 1", &["run", "--out", &out, "--case", "DM_SC-C-001-M/session-id"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("File too large"), "{said}");
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
    let journal = all_text(Path::new(&scratch.path("out")));
    assert!(journal.contains("{\"event\":\"run\""), "{journal}");
    assert!(journal.contains(r#"{"event":"run-finished","interrupted":true"#), "{journal}");
    assert!(!journal.contains(r#""kind":"error""#) && !journal.contains("the command `sh"), "{journal}");
}

#[test]
fn a_run_that_is_interrupted_has_reports_and_tells_how_to_go_on() {
    let scratch = Scratch::new();
    let (pipe, out) = (named_pipe(&scratch), scratch.path("the run"));
    // It says nothing and is waited for, so that the case is under way when the signal comes.
    let dut = dut(&scratch, &format!("notify: [sh, -c, 'exec 3>{pipe}; echo up >&3; sleep 543; true']"));
    let patient = std::fs::read_to_string(&dut).unwrap().replace("window: 100 ms", "window: 10 min");
    std::fs::write(&dut, patient).unwrap();
    let case = "DM_SC-C-001-M/session-id";
    let run = Command::new("env")
        .args(["--default-signal", env!("CARGO_BIN_EXE_dmsc")])
        .args(["run", "--out", &out, "--dut", &dut, "--case", case])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = opened(pipe).recv_timeout(LIMIT).unwrap();
    held.read_exact(&mut [0; 3]).unwrap();
    assert!(Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap().success());
    let ended = run.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted: what is under way is broken off; once more ends at once"), "{said}");
    let way = format!("run --dut {dut} --case {case} --resume '{out}'");
    assert!(said.contains("interrupted; this goes on with it: ") && said.contains(&way), "{said}");
    let page = std::fs::read_to_string(Path::new(&out).join("matrix.md")).unwrap();
    assert!(page.contains("the run was interrupted"), "{page}");
    let done = dmsc(&["run", "--dut", &dut, "--case", case, "--out", &out]);
    assert_eq!(done.code, 3, "a run folder is not overwritten: {}", done.err);
}

/// A run whose case is under way, begun with these words before it.
fn waiting_run(scratch: &Scratch, before: &[&str]) -> std::process::Child {
    let pipe = named_pipe(scratch);
    let dut = dut(scratch, &format!("notify: [sh, -c, 'exec 3>{pipe}; echo up >&3; sleep 543; true']"));
    let patient = std::fs::read_to_string(&dut).unwrap().replace("window: 100 ms", "window: 10 min");
    std::fs::write(&dut, patient).unwrap();
    let run = Command::new(before[0])
        .args(&before[1..])
        .args([env!("CARGO_BIN_EXE_dmsc"), "run", "-v", "--out", &scratch.path("out"), "--dut", &dut])
        .args(["--case", "DM_SC-C-001-M/session-id"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    opened(pipe).recv_timeout(LIMIT).unwrap().read_exact(&mut [0; 3]).unwrap();
    run
}

#[test]
fn a_signal_that_is_ignored_leaves_the_others_their_meaning() {
    for (ignored, others) in [("INT", "TERM,HUP"), ("HUP", "INT,TERM")] {
        let scratch = Scratch::new();
        let (ignored, others) = (format!("--ignore-signal={ignored}"), format!("--default-signal={others}"));
        let run = waiting_run(&scratch, &["env", &ignored, &others]);
        let kill = |signal: &str| {
            assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
        };
        kill(&ignored.replace("--ignore-signal=", "-"));
        kill("-TERM");
        let ended = run.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(130), "{ignored}: {said}");
        assert!(said.contains("interrupted; this goes on with it: "), "{ignored}: {said}");
        assert_eq!(said.matches("interrupted: what is under way").count(), 1, "{ignored}: {said}");
    }
}

#[test]
fn two_signals_at_once_are_two() {
    let scratch = Scratch::new();
    let run = waiting_run(&scratch, &["env", "--default-signal"]);
    let id = run.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    // It is gone already where the first was enough to end it in good order.
    let _ = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert_eq!(run.wait_with_output().unwrap().status.code(), Some(130));
}

#[test]
fn a_terminal_that_is_hung_up_ends_a_run_in_good_order() {
    const HANGS_UP: &str = "
import os, pty, signal, sys
person, its = pty.openpty()
if (run := os.fork()) == 0:
    os.close(person)
    os.login_tty(its)
    for each in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(each, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
os.close(its)
open(os.environ['UP']).read(1)
os.close(person)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(run, 0)[1]))
";
    let scratch = Scratch::new();
    let pipe = named_pipe(&scratch);
    let dut = dut(&scratch, &format!("notify: [sh, -c, 'exec 3>{pipe}; echo up >&3; sleep 543; true']"));
    let patient = std::fs::read_to_string(&dut).unwrap().replace("window: 100 ms", "window: 10 min");
    std::fs::write(&dut, patient).unwrap();
    let out = scratch.path("out");
    let ended = Command::new("python3")
        .args(["-c", HANGS_UP, env!("CARGO_BIN_EXE_dmsc"), "run", "-v", "--out", &out, "--dut", &dut])
        .args(["--case", "DM_SC-C-001-M/session-id"])
        .env("UP", &pipe)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(Path::new(&out).join("matrix.json").exists());
}

/// All that is in a run folder, packed parts unpacked.
fn all_text(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.push_str(&all_text(&path));
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            flate2::read::GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut all).unwrap();
        } else {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    all
}

#[test]
fn no_secret_of_a_dut_file_is_left_behind_however_the_dut_writes_it() {
    const SECRET: &str = "s3cr3t-P@ss";
    // As it is, in hexadecimal of either case, in base64 by itself, and behind a name as in Basic.
    let forms = [SECRET, "7333637233742D50407373", "7333637233742d50407373", "czNjcjN0LVBAc3M", "OnMzY3IzdC1QQHNz"];
    let scratch = Scratch::new();
    let headers: String = (1..).zip(forms).map(|(number, form)| format!("X-{number}: {form}\\r\\n")).collect();
    let script = format!(
        "echo pw={SECRET} >&2; exec 3<>/dev/tcp/$0/$1; \
         printf \"POST /OMA/DM HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: text/plain\\r\\n{headers}Content-Length: 11\\r\\n\\r\\n{SECRET}\" >&3; \
         head -c 12 <&3 >&2; exit 3"
    );
    let notify = format!("notify: [bash, -c, '{script}', '{{host}}', '{{port}}', --password={SECRET}]");
    let dut = dut(&scratch, &notify);
    let text =
        std::fs::read_to_string(&dut).unwrap().replace("ixit: { ", &format!("ixit: {{ server_secret: {SECRET}, "));
    std::fs::write(&dut, text).unwrap();
    let ran = |out: &str, more: &[&str]| {
        let folder = scratch.path(out);
        let chosen = ["run", "-v", "--all", "--logs", "all", "--out", &folder, "--dut", &dut];
        let ran = dmsc(&[&chosen[..], &["--case", "DM_SC-C-001-M/session-id[session=A5]"], more].concat());
        ran.out + &ran.err + &all_text(Path::new(&folder))
    };
    let kept = ran("kept", &[]);
    assert!(kept.contains("pw=(secret)"), "what the command wrote is told: {kept}");
    assert!(kept.contains(r#""x_1":"(secret)""#), "what it sent is recorded: {kept}");
    for form in forms {
        let of_octets: String = form.bytes().map(|octet| format!("{octet:02X}")).collect();
        for written in [form.to_owned(), of_octets] {
            assert!(!kept.contains(&written), "{form}, written as {written}");
        }
    }
    let shown = ran("shown", &["--show-secrets"]);
    assert!(shown.contains(&format!("pw={SECRET}")), "{shown}");
}

#[test]
fn commands_run_in_the_folder_of_the_dut_file_for_as_long_as_it_lets_them() {
    let scratch = Scratch::new();
    std::fs::write(scratch.path("client"), "#!/bin/sh\npwd >\"$1\"\n").unwrap();
    assert!(Command::new("chmod").args(["+x", &scratch.path("client")]).status().unwrap().success());
    let path = dut(&scratch, "notify: [./client, where], ends_with_command: true");
    let ran = dmsc(&["run", "--no-report", "--dut", &path, "--case", "DM_SC-C-001-M/session-id[session=A5]"]);
    let place = std::fs::read_to_string(scratch.path("where")).unwrap_or_else(|_| panic!("not started: {}", ran.err));
    let folder = Path::new(&path).parent().unwrap().canonicalize().unwrap();
    assert_eq!(Path::new(place.trim()).canonicalize().unwrap(), folder);
    let slow = std::fs::read_to_string(&path).unwrap() + "reset: { run: [sleep, '543'], within: 200 ms }\n";
    std::fs::write(&path, slow).unwrap();
    let ran = dmsc(&["run", "--no-report", "--dut", &path, "--case", "DM_SC-C-001-M/session-id[session=A5]"]);
    assert!(ran.out.contains("did not end within 200 ms and was killed"), "{}{}", ran.out, ran.err);
}

/// Each client waits until it has seen another: where one came after the other, none would see one.
#[test]
fn as_many_cases_run_at_once_as_the_dut_file_lets() {
    let scratch = Scratch::new();
    let script = "echo $0 >>seen.$0; echo up >>all; until [ $(wc -l <all) -gt 1 ]; do sleep 0.01; done";
    let path = dut(&scratch, &format!("notify: [sh, -c, '{script}', '{{job}}'], ends_with_command: true"));
    let several = std::fs::read_to_string(&path).unwrap() + "jobs: 2\n";
    std::fs::write(&path, several).unwrap();
    let folder = scratch.path("out");
    // It says nothing, which would be a wall behind its first case.
    let ran = dmsc(&["run", "--all", "--out", &folder, "--dut", &path, "--case", "DM_SC-C-001-M/session-id"]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    for job in ["1", "2"] {
        let seen = std::fs::read_to_string(scratch.path(&format!("seen.{job}")));
        assert!(seen.is_ok_and(|seen| !seen.is_empty()), "job {job} had no case: {}", ran.err);
    }
    // What is told is in the order of the cases, and says the command as it is written.
    let journal = all_text(Path::new(&folder));
    let told: Vec<&str> = journal.split("\"event\":\"case-started\",\"case\":\"").skip(1).collect();
    let ids: Vec<&str> = told.iter().filter_map(|rest| rest.split('"').next()).collect();
    assert!(ids.len() > 2 && ids.is_sorted_by_key(|id| id.split('[').next()), "{ids:?}");
}

/// A command that is stopped while the DUT speaks, or should, and goes on when its window is long over.
#[test]
fn what_came_while_the_harness_stood_still_came_in_time_and_silence_then_is_no_fail() {
    const MESSAGE: &str = "<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>A5</SessionID>\
        <MsgID>1</MsgID><Target><LocURI>dmsc.example.com</LocURI></Target><Source><LocURI>IMEI:1</LocURI></Source>\
        </SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>1200</Data></Alert><Final/></SyncBody></SyncML>";
    let speaks = format!(
        "exec 4<>/dev/tcp/$1/$2; printf 'POST /OMA/DM HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: \
         application/vnd.syncml.dm+xml\\r\\nContent-Length: {}\\r\\n\\r\\n%s' '{MESSAGE}' >&4; head -c 12 <&4",
        MESSAGE.len()
    );
    for (client, told) in [
        // Its message was read and challenged, as DMSEC 5.3 has it.
        (speaks.as_str(), "only messages of a challenge, once"),
        ("exec 4<>/dev/tcp/$1/$2; sleep 543", "; the harness stood still for 2"),
    ] {
        let scratch = Scratch::new();
        let pipe = named_pipe(&scratch);
        let script = format!("exec 3>{pipe}; echo up >&3; read -r go; {client}\n");
        std::fs::write(scratch.path("client.sh"), script).unwrap();
        let dut = dut(&scratch, "notify: [bash, -c, '. ./client.sh <go', bash, '{host}', '{port}']");
        assert!(Command::new("mkfifo").arg(scratch.path("go")).status().unwrap().success());
        let patient = std::fs::read_to_string(&dut).unwrap().replace("window: 100 ms", "window: 1500 ms");
        std::fs::write(&dut, patient).unwrap();
        let go = std::thread::spawn({
            let path = scratch.path("go");
            move || File::create(path).unwrap()
        });
        let run = Command::new(env!("CARGO_BIN_EXE_dmsc"))
            .args(["run", "--no-report", "-v", "--dut", &dut, "--case", "DM_SC-C-001-M/session-id[session=A5]"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut held = opened(pipe).recv_timeout(LIMIT).unwrap();
        held.read_exact(&mut [0; 3]).unwrap();
        let send = |signal: &str| {
            assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
        };
        send("-STOP");
        writeln!(go.join().unwrap()).unwrap();
        std::thread::sleep(Duration::from_millis(2500));
        send("-CONT");
        let ran = run.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.code() == Some(2) && text.contains(told), "{client}: {:?} {text}", ran.status);
    }
}
