//! A small run made by hand, for the tests of the formats.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use dmsc_scr::Tables;
use serde_json::json;

use crate::folder::{Record, RunFolder};
use crate::journal::{
    CaseFinished, CaseHeader, CaseStarted, Check, CheckVerdict, DutHeader, DutKind, Event, Ics, Level, Mark, Message,
    OutcomeKind, Party, Recorded, Role, RunFinished, RunHeader, VERSION,
};

/// A folder of its own for one test, removed with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!(
            "dmsc-report-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A DUT whose statement claims every item that it is asked for but those given.
fn dut(name: &str, kind: DutKind, denied: &[&str]) -> DutHeader {
    let asked = match kind {
        DutKind::Card => dmsc_scr::DutKind::Card,
        DutKind::Terminal => dmsc_scr::DutKind::Terminal,
    };
    let answers = asked.items(Tables::builtin()).into_iter().map(|item| {
        let claimed = !denied.contains(&item.as_str());
        (item.to_string(), claimed)
    });
    DutHeader {
        name: name.into(),
        kind,
        link: "in-process".into(),
        ics: Ics { hash: "ef".repeat(32), answers: answers.collect() },
        ixit: json!({ "server_id": "dmsc", "password": "[redacted]" }),
        interpretations: [("package0-framing".to_owned(), "wsp".to_owned())].into(),
    }
}

fn case(id: &str, item: &str, title: &str, role: Role) -> CaseHeader {
    CaseHeader {
        id: id.into(),
        title: title.into(),
        purpose: format!("Shows that {title}."),
        item: item.into(),
        covers: vec!["SCR-DM-NOTI-C-001".into()],
        spec: vec!["DM_SC 7.1-2".into()],
        refs: Vec::new(),
        role,
        file: format!("testcases/{id}.yaml"),
        hash: "ab".repeat(32),
    }
}

/// A header with a card and a terminal, and the events of a run that had every outcome.
pub(crate) fn run() -> (RunHeader, Vec<Event>) {
    let header = RunHeader {
        journal: VERSION,
        harness: "0.1.0".into(),
        started: "2026-01-31T12:00:00Z".parse().unwrap(),
        seed: 7,
        catalogue: "cd".repeat(32),
        selection: "all".into(),
        strict: false,
        duts: vec![
            dut("phone", DutKind::Terminal, &["DM_SC-C-002-O", "SCR-DM-NOTI-C-003"]),
            dut("card", DutKind::Card, &[]),
        ],
        cases: vec![
            case("DM_SC-C-001-M/alert", "DM_SC-C-001-M", "an alert is sent", Role::Card),
            case(
                "DM_SC-C-001-M/session-id",
                "DM_SC-C-001-M",
                "the session id is <b>upper</b> case & short",
                Role::Card,
            ),
            case("DM_SC-C-002-O/nonce", "DM_SC-C-002-O", "a nonce is refreshed", Role::Card),
            case("DM_SC-D-001-M/bip[ipv4]", "DM_SC-D-001-M", "BIP carries IPv4", Role::Card),
            case("DM_SC-D-001-M/bip[ipv6]", "DM_SC-D-001-M", "BIP carries IPv6", Role::Card),
            case("DM_SC-S-001-M/package0", "DM_SC-S-001-M", "Package#0 is sent", Role::Terminal),
        ],
    };
    let at = |case: &str, dut: &str| (case.to_owned(), dut.to_owned());
    let started = |(case, dut): (String, String)| Event::CaseStarted(CaseStarted { case, dut, at_us: 5, gap: None });
    let finished = |(case, dut): (String, String), kind, reason: Option<&str>, remarks: &[&str]| {
        Event::CaseFinished(CaseFinished {
            case,
            dut,
            outcome: Recorded { kind, reason: reason.map(Into::into), code: None },
            remarks: remarks.iter().map(|r| (*r).into()).collect(),
            duration_us: 1_234_567,
            wall: false,
        })
    };
    let alert = || at("DM_SC-C-001-M/alert", "phone");
    let session = || at("DM_SC-C-001-M/session-id", "phone");
    let nonce = || at("DM_SC-C-002-O/nonce", "phone");
    let bip4 = || at("DM_SC-D-001-M/bip[ipv4]", "phone");
    let bip6 = || at("DM_SC-D-001-M/bip[ipv6]", "phone");
    let package0 = || at("DM_SC-S-001-M/package0", "card");
    let message = |at_us, from, kind: &'static str, octets: &[u8]| Message {
        at_us,
        from,
        kind: kind.into(),
        octets: octets.into(),
        fields: None,
        context: Default::default(),
        written: Default::default(),
        note: None,
    };
    let check = |(case, dut): (String, String), step, verdict, what: &str, expected: &str, got: &str| Check {
        case,
        dut,
        step,
        at_us: 1_500 * step as u64,
        verdict,
        level: Level::Must,
        what: what.into(),
        expected: expected.into(),
        got: got.into(),
        octets: None,
        octets_in_all: None,
        mark: None,
        clause: Some("DM_SC 7.1-3".into()),
        hint: None,
        location: format!("testcases/case.yaml:{}", 10 + step),
    };
    let long: Vec<u8> = (0..40).collect();
    let events = vec![
        started(alert()),
        Event::Message(Message {
            fields: Some(json!({
                "transport": "tcp-local", "port": 49152,
                "header": { "version": "1.2", "flags": [1, "two"] }, "empty": {},
            })),
            written: [("header.flags.0".to_owned(), "'01'".to_owned())].into(),
            note: Some("answered by the player".into()),
            ..message(0, Party::Card, "open-channel", &[0xD0, 0x03, 0x81, 0x01, 0x40])
        }),
        Event::Message(message(1_500, Party::Client, "dm.message", &long)),
        Event::Check(check(alert(), 1, CheckVerdict::Pass, "alert", "1200", "1200")),
        Event::Check(Check {
            level: Level::Should,
            ..check(alert(), 2, CheckVerdict::Fail, "coding", "GSM 7-bit", "UCS2")
        }),
        finished(alert(), OutcomeKind::Pass, None, &["step 2: coding should be GSM 7-bit"]),
        started(session()),
        Event::Message(message(10, Party::Client, "dm.message", &long)),
        Event::Check(Check {
            octets: Some(long.clone().into()),
            mark: Some(Mark { offset: 30, length: 4 }),
            hint: Some("drop leading zeros".into()),
            ..check(session(), 1, CheckVerdict::Fail, "session_id", "\"A0B\"", "\"<0a0b>\" \u{1}]]> & co")
        }),
        finished(session(), OutcomeKind::Fail, Some("session_id: expected \"A0B\", came \"<0a0b>\""), &[]),
        finished(nonce(), OutcomeKind::NotApplicable, Some("the ICS answers no to DM_SC-C-002-O"), &[]),
        started(bip4()),
        Event::Check(check(bip4(), 1, CheckVerdict::Inconclusive, "close-channel", "within 60 s", "nothing")),
        finished(bip4(), OutcomeKind::Inconclusive, Some("no positive control"), &[]),
        started(bip6()),
        Event::Check(check(bip6(), 1, CheckVerdict::Error, "link", "an answer", "the reader is gone")),
        finished(bip6(), OutcomeKind::Error, None, &[]),
        started(package0()),
        Event::Check(check(package0(), 1, CheckVerdict::Pass, "package0", "any", "a Package#0")),
        finished(package0(), OutcomeKind::Pass, None, &[]),
        Event::RunFinished(RunFinished { interrupted: false, lines: None }),
    ];
    (header, events)
}

/// The run as read.
pub(crate) fn folder() -> RunFolder {
    let (header, events) = run();
    RunFolder::of_memory(Path::new("journal.jsonl"), &header, &events).unwrap()
}

/// What a run tells, wherever it is recorded.
pub(crate) fn told(run: &RunFolder) -> (&RunHeader, Vec<Record>, &[String]) {
    let records = run.records.iter().map(|record| Record { place: None, ..record.clone() });
    (&run.header, records.collect(), &run.notes)
}

/// The events of the run as two processes would have written them.
pub(crate) fn shards() -> (Vec<Event>, Vec<Event>) {
    let (header, events) = run();
    let mut begun = String::new();
    let mut in_first = |event: &Event| {
        let case = match event {
            Event::CaseStarted(e) => {
                e.case.clone_into(&mut begun);
                &e.case
            }
            Event::Message(_) => &begun,
            Event::Check(e) => &e.case,
            Event::CaseFinished(e) => &e.case,
            Event::Run(_) | Event::RunFinished(_) => return None,
        };
        header.cases.iter().position(|c| c.id == *case).map(|at| at % 2 == 0)
    };
    let mut part =
        |first: bool| events.iter().filter(|event| in_first(event).is_none_or(|it| it == first)).cloned().collect();
    (part(true), part(false))
}
