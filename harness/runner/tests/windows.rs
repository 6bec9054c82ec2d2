//! How long is waited, for whom, and where: cards that are woken in their own way and DUTs that are processes.

#![cfg(unix)] // Commands of the shell.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::rig::Rig;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Library};
use dmsc_language::dut::{Dut, WakeUp};
use dmsc_runner::execute::Options;
use dmsc_runner::outcome::CaseResult;
use dmsc_runner::run::attempt;
use dmsc_runner::select::{Selection, decide};
use dmsc_scr::{Outcome, Tables, Verdict};

fn probe(place: &str, steps: &str, role: &str) -> Case {
    let text = format!("title: t\npurpose: p\nspec: [DM_SC 7.1]\nrole: {role}\nsteps:\n{steps}");
    let builtin = Bundle::builtin();
    let includes = builtin.under("testcases/include/").map(|(path, text)| (path.to_owned(), text.to_owned()));
    let own = [(format!("testcases/{place}/probe.yaml"), text)];
    let mut cases = Library::new(Bundle::of(includes.chain(own))).load().unwrap_or_else(|all| panic!("{}", all[0]));
    cases.remove(0)
}

fn run(dut: &Dut, case: &Case) -> CaseResult {
    let fixtures = Fixtures::load(&Bundle::builtin()).unwrap();
    let mut rig = Rig::new(dut, &fixtures, 1);
    let options = Options { dut: dut.name.clone(), window: dut.ixit.window, ..Options::default() };
    let operator = &mut DutFileOperator::new(dut);
    attempt(&mut rig, case, &options, Instant::now(), false, &mut |_| {}, operator).result
}

fn reference_card() -> Dut {
    Dut::from_bundle(&Bundle::builtin(), "reference-card", &[]).unwrap()
}

/// A DUT file on disk whose client or server is this process, in a folder that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("dmsc-windows-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn dut(&self, kind: &str, tcp: &str, ixit: &str) -> Dut {
        let side = if kind == "card" { "server" } else { "client" };
        let ics = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/duts/python-{side}.ics.yaml"));
        let text = format!(
            "dut: 1\nname: process\nkind: {kind}\nlink: {{ tcp: {{ {tcp} }} }}\nics: {}\nixit: {{ {ixit} }}\nreset: ['true']\n",
            ics.display()
        );
        let file = self.0.join("dut.yaml");
        std::fs::write(&file, text).unwrap();
        Dut::load(&file, &[]).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: the system clears its folder of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn whatever_wakes_a_card_no_case_fails_it() {
    let cases = Library::builtin().load().unwrap();
    for way in WakeUp::ALL.into_iter().filter(|way| way.may_be_alone()) {
        let mut dut = reference_card();
        dut.ixit.wake_up = Some(way);
        let ours = cases.iter().filter(|case| case.role == dut.role());
        let ran = ours.filter(|case| decide(case, &dut, &Selection::default(), 0, false, Tables::builtin()).is_none());
        for case in ran {
            let result = run(&dut, case);
            assert_eq!(result.verdict, Verdict::Pass, "woken by {}: {}: {}", way.as_str(), case.name(), result.reason);
        }
    }
}

#[test]
fn a_card_that_does_not_trigger_again_shows_nothing_and_one_that_does_is_judged() {
    let second = |absence: &str| {
        format!(
            "  - send: wake-up\n  - expect: notification\n  - expect: notification\n{absence}    within: 5 s\n    match: {{ session_id: 0 }}\n"
        )
    };
    let verdict = |absence| run(&reference_card(), &probe("DM_SC-S-001-M", &second(absence), "terminal")).verdict;
    assert_eq!(verdict(""), Verdict::Fail);
    assert_eq!(verdict("    absence: inconclusive\n"), Verdict::Inconclusive);
    let again = "  - send: wake-up\n  - expect: notification\n  - send: wake-up\n    with: { again: true }\n  - expect: notification\n    absence: inconclusive\n    match: { session_id: 0 }\n";
    assert_eq!(run(&reference_card(), &probe("DM_SC-S-001-M", again, "terminal")).verdict, Verdict::Fail);
}

#[test]
fn a_message_ends_a_wait() {
    let lasted = |until: &str| {
        let steps = format!("  - send: wake-up\n  - expect: send-data\n  - wait: 50 s\n{until}  - expect: response\n");
        run(&reference_card(), &probe("DM_SC-S-001-M", &steps, "terminal")).duration
    };
    assert!(lasted("") > Duration::from_secs(50));
    assert!(lasted("    until: close-channel\n") < Duration::from_secs(5));
    assert!(lasted("    until: close-channel\n    match: { destination: 0x27 }\n") > Duration::from_secs(50));
}

#[test]
fn nothing_is_waited_for_once_the_command_that_is_the_dut_has_ended() {
    let scratch = Scratch::new("ended");
    let steps = "  - send: notification\n  - wait: 60 s\n  - expect: dm.message\n    within: 60 s\n";
    let case = probe("DM_SC-C-001-M", steps, "card");
    let dut = scratch.dut("terminal", "listen: '127.0.0.1:0', notify: ['true'], ends_with_command: true", "");
    let began = Instant::now();
    let result = run(&dut, &case);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_ne!(result.verdict, Verdict::Pass);
}

/// A DM Client that takes its server's address from a pipe, once, and goes where RespURI sends it.
fn client(pipe: &Path) -> String {
    let mut address = String::new();
    std::fs::File::open(pipe).unwrap().read_to_string(&mut address).unwrap();
    let address = address.trim().to_owned();
    let post = |address: &str, number: u32| {
        let (authority, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let body = format!(
            "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>A5</SessionID>\
             <MsgID>{number}</MsgID><Target><LocURI>{address}</LocURI></Target><Source><LocURI>urn:x</LocURI></Source></SyncHdr>\
             <SyncBody><Alert><CmdID>1</CmdID><Data>1200</Data></Alert><Final/></SyncBody></SyncML>"
        );
        let mut stream = TcpStream::connect(authority).unwrap();
        let head = "Content-Type: application/vnd.syncml.dm+xml\r\nConnection: close";
        write!(
            stream,
            "POST /{path} HTTP/1.1\r\nHost: {authority}\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        stream
    };
    let mut answer = Vec::new();
    let mut stream = post(&address, 1);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut part = [0; 4096];
    while !answer.ends_with(b"</SyncML>") {
        let length = stream.read(&mut part).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&part[..length]);
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let there = answer.split_once("<RespURI>").unwrap().1.split_once('<').unwrap().0.to_owned();
    drop(post(&there, 2));
    there
}

#[test]
fn addresses_lead_to_where_the_harness_listens() {
    let case = probe(
        "DM_SC-C-001-M",
        "  - send: notification\n    with: { session_id: A5 }\n  - expect: dm.message\n    match: { target: \"${ixit.address}\" }\n    reply: { resp_uri: \"${link.address}?s=1\", commands: [{ cmd: Get, items: [{ target: ./DevInfo/Man }] }] }\n  - expect: http.request\n    match: { path: { regex: \"[?]s=1$\" } }\n",
        "card",
    );
    for (number, (ixit, told)) in [
        ("", "http://{host}:{port}/OMA/DM"),
        ("address: 'http://localhost:{port}/dm/server', ", "http://localhost:{port}/dm/server"),
    ]
    .into_iter()
    .enumerate()
    {
        let scratch = Scratch::new(&format!("address-{number}"));
        let pipe = scratch.0.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let tcp = format!("listen: '127.0.0.1:0', notify: [sh, -c, 'echo \"$0\" >{}', '{told}']", pipe.display());
        let dut = scratch.dut("terminal", &tcp, &format!("{ixit}window: 20 s, server_auth: none, client_auth: none"));
        let client = std::thread::spawn(move || client(&pipe));
        let result = run(&dut, &case);
        assert_eq!(result.verdict, Verdict::Pass, "{}", result.reason);
        let path = told.split_once("{port}").unwrap().1;
        assert!(client.join().unwrap().ends_with(&format!("{path}?s=1")));
    }
}

#[test]
fn a_server_that_nothing_wakes_runs_the_cases_that_can_do_without() {
    let scratch = Scratch::new("unwoken");
    let dut = scratch.dut("card", "connect: '127.0.0.1:1'", "");
    let woken = scratch.dut("card", "connect: '127.0.0.1:1', wake: ['true']", "");
    let cases = Library::builtin().load().unwrap();
    let runs = |dut: &Dut, name: &str| {
        let case = cases.iter().find(|case| case.name() == name).unwrap();
        decide(case, dut, &Selection::default(), 0, false, Tables::builtin())
    };
    for name in ["DM_SC-S-002-M/other-method[method=GET]", "DM_SC-S-002-M/client-initiated"] {
        assert_eq!(runs(&dut, name), None, "{name}");
        assert_eq!(runs(&woken, name), None, "{name}");
    }
    let name = "DM_SC-S-002-M/right-credentials";
    assert!(matches!(runs(&dut, name), Some(Outcome::NotApplicable(_))));
    assert_eq!(runs(&woken, name), None);
}
