//! Every alternative of every interpretation matters: for some DUT a case comes to something else than under the default.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use std::collections::BTreeSet;

use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Cases, Library};
use dmsc_language::dut::Dut;
use dmsc_language::fault;
use dmsc_runner::run::{Finished, Observer, RunConfig, run};
use dmsc_runner::select::Selection;
use dmsc_scr::{Outcome, Tables};

/// A DUT and a case that tell an alternative from the default.
struct Row {
    /// The interpretation, and an alternative that is not its default.
    reading: (&'static str, &'static str),
    /// What the DUT is: a reference terminal or card, with these lines in its file.
    kind: &'static str,
    file: &'static str,
    /// What differs from the reference: `switches` or `patches` of a fault; nothing when empty.
    odd: &'static str,
    case: &'static str,
    /// What comes of it under the default, and under the alternative.
    by_default: Seen,
    by_it: Seen,
}

/// An outcome, and a part of a remark.
type Seen = (&'static str, &'static str);

const TERMINAL: &str = "terminal";
const CARD: &str = "card";
/// The remark of what is not judged.
const NOT_JUDGED: &str = "not judged, since it holds for another reading of ";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row {
        reading: ("default-nonce", "not-judged"), kind: TERMINAL, file: "", odd: "switches: [no-resync]",
        case: "DM_SC-C-002-O/default-nonce", by_default: ("fail", ""), by_it: ("not applicable", NOT_JUDGED),
    },
    Row {
        reading: ("sms-framing", "bare"), kind: TERMINAL, file: "", odd: "",
        case: "DM_SC-D-004-O/part-twice", by_default: ("pass", ""), by_it: ("not applicable", ""),
    },
    Row {
        reading: ("plain-http-address", "table-port"), kind: CARD, file: "",
        odd: "patches: [{ on: open-channel, when: { transport: { protocol: tcp-uicc-server } }, with: { transport: { port: 3516 } } }]",
        case: "DM_SC-S-002-M/server-channel", by_default: ("pass", ""), by_it: ("fail", ""),
    },
    Row {
        reading: ("http-server-item", "not-judged"), kind: CARD, file: "", odd: "switches: [any-method]",
        case: "DM_SC-S-002-M/other-method[method=GET]", by_default: ("fail", ""), by_it: ("not applicable", NOT_JUDGED),
    },
    Row {
        reading: ("multi-message-server-item", "not-judged"), kind: CARD, file: "", odd: "switches: [commands-too-early]",
        case: "DM_SC-S-002-M/incomplete-package", by_default: ("fail", ""), by_it: ("not applicable", NOT_JUDGED),
    },
    Row {
        reading: ("package0-framing", "wsp"), kind: CARD, file: "", odd: "",
        case: "DM_SC-S-001-M/bare-package0", by_default: ("pass", ""), by_it: ("fail", ""),
    },
    Row {
        reading: ("package0-framing", "wsp"), kind: CARD, file: "",
        odd: "patches: [{ on: notification, with: { prefix: \"010603C4AF87\" } }]",
        case: "DM_SC-S-002-M/right-credentials", by_default: ("inconclusive", ""), by_it: ("pass", ""),
    },
    Row {
        reading: ("digest-identity", "auth-name"), kind: CARD, file: "ixit: { server_name: other }", odd: "",
        case: "DM_SC-S-001-M/digest", by_default: ("pass", ""), by_it: ("fail", ""),
    },
    Row {
        reading: ("digest-identity", "auth-name"), kind: TERMINAL, file: "ixit: { server_name: other }", odd: "",
        case: "DM_SC-D-003-M/channel-left-open", by_default: ("pass", ""), by_it: ("fail", ""),
    },
    Row {
        reading: ("package0-version", "version-12-tolerated"), kind: CARD, file: "",
        odd: "patches: [{ on: notification, with: { version: 12 } }]",
        case: "DM_SC-S-001-M/version", by_default: ("fail", ""), by_it: ("pass", "is given as 1.2"),
    },
    Row {
        reading: ("registry-field-order", "type-first"), kind: TERMINAL, file: "", odd: "",
        case: "DM_SC-D-003-M/announcement", by_default: ("pass", ""), by_it: ("inconclusive", "the other order"),
    },
    Row {
        reading: ("registry-field-order", "type-first"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: envelope.terminal-applications, with: { applications: [{ port: 0xC000, dcs: 0x07, type: 0x00, name: DM Client }] } }]",
        case: "DM_SC-D-003-M/announcement", by_default: ("inconclusive", "the other order"), by_it: ("pass", ""),
    },
    Row {
        reading: ("trigger-transport", "udp"), kind: TERMINAL, file: "", odd: "switches: [send-stored-at-once]",
        case: "DM_SC-D-003-M/package0-in-parts[first=16]", by_default: ("pass", ""), by_it: ("fail", ""),
    },
    Row {
        reading: ("trigger-transport", "direct"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: terminal-profile, with: { on: [direct] } }]",
        case: "DM_SC-D-003-M/channel-left-open", by_default: ("pass", ""), by_it: ("inconclusive", ""),
    },
    Row {
        reading: ("result-20-on-open", "send-only"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: terminal-response.open-channel, when: { channel_status: [{ link: established }] }, with: { result: 0x20, additional: \"01\", channel_status: null } }]",
        case: "DM_SC-D-003-M/dead-client", by_default: ("pass", "before there are data"), by_it: ("inconclusive", "for another reason"),
    },
    Row {
        reading: ("additional-info-00", "fail"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: terminal-response.send-data, when: { result: 0x20 }, with: { additional: \"00\" } }]",
        case: "DM_SC-D-003-M/dead-client", by_default: ("pass", "names no cause"), by_it: ("fail", ""),
    },
    Row {
        reading: ("cause-values", "defined"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: terminal-response.send-data, when: { result: 0x20 }, with: { additional: \"7F\" } }]",
        case: "DM_SC-D-003-M/dead-client", by_default: ("pass", "not among the values"), by_it: ("fail", ""),
    },
    Row {
        reading: ("dead-client-at-open", "only-20"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: terminal-response.open-channel, when: { channel_status: [{ link: established }] }, with: { result: 0x3A, additional: \"10\", channel_status: null } }]",
        case: "DM_SC-D-003-M/dead-client", by_default: ("pass", "nobody listens"), by_it: ("fail", ""),
    },
    Row {
        reading: ("dcs-group", "seven-bit"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: envelope.terminal-applications, with: { applications: [{ port: 0xC000, dcs: 0x04, type: 0x07, name: DM Client }] } }]",
        case: "DM_SC-D-003-M/name-coding", by_default: ("pass", "though not packed"), by_it: ("pass", "should: "),
    },
    Row {
        reading: ("client-media-types", "one-each"), kind: CARD, file: "",
        odd: "patches: [{ on: dm.message, with: { encoding: wbxml } }]",
        case: "DM_SC-S-002-M/answer-encoding",
        by_default: ("inconclusive", "the other encoding"), by_it: ("pass", "the other encoding"),
    },
    Row {
        reading: ("service-77", "no-gate"), kind: TERMINAL, file: "", odd: "",
        case: "DM_SC-D-003-M/announcement-without-service", by_default: ("not applicable", ""), by_it: ("fail", ""),
    },
    Row {
        reading: ("registry-moment", "before-first-trigger"), kind: TERMINAL, file: "", odd: "switches: [no-terminal-applications]",
        case: "DM_SC-D-003-M/announcement", by_default: ("fail", ""), by_it: ("inconclusive", ""),
    },
    Row {
        reading: ("scws-ports", "both"), kind: CARD, file: "", odd: "",
        case: "DM_SC-S-002-M/both-channels", by_default: ("not applicable", ""), by_it: ("inconclusive", ""),
    },
    Row {
        reading: ("server-id-match", "not-judged"), kind: TERMINAL, file: "", odd: "switches: [accept-any-server-id, accept-any-digest]",
        case: "DM_SC-C-001-M/unknown-server", by_default: ("fail", ""), by_it: ("not applicable", NOT_JUDGED),
    },
    Row {
        reading: ("later-release", "exactly"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: dm.message, with: { ver_proto: DM/1.3 } }]",
        case: "DM_SC-C-001-M/package1-header", by_default: ("pass", "of a later release"), by_it: ("fail", ""),
    },
    Row {
        reading: ("closing-the-channel", "remarked"), kind: CARD, file: "", odd: "switches: [no-close-channel]",
        case: "DM_SC-S-001-M/sequence", by_default: ("fail", ""), by_it: ("pass", NOT_JUDGED),
    },
    Row {
        reading: ("one-send-data", "one"), kind: CARD, file: "", odd: "switches: [ignore-buffer-size]",
        case: "DM_SC-S-001-M/small-buffer", by_default: ("fail", ""), by_it: ("not applicable", NOT_JUDGED),
    },
    Row {
        reading: ("one-send-data", "one"), kind: TERMINAL, file: "", odd: "switches: [lose-notification]",
        case: "DM_SC-D-003-M/package0-in-parts[first=1]", by_default: ("fail", ""), by_it: ("not applicable", NOT_JUDGED),
    },
    Row {
        reading: ("status-listing", "open-only"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: terminal-response.get-channel-status, when: { channel_status: [{ link: listen }] }, with: { channel_status: [{ channel: 1, link: listen, info: 0 }, { channel: 2, link: closed, info: 0 }] } }]",
        case: "DM_SC-D-001-M/channel-status-of-listener", by_default: ("pass", ""), by_it: ("fail", ""),
    },
    Row {
        reading: ("profile-binds-card", "free"), kind: CARD, file: "", odd: "switches: [ignore-profile]",
        case: "DM_SC-S-001-M/no-bip", by_default: ("inconclusive", ""), by_it: ("not applicable", NOT_JUDGED),
    },
    Row {
        reading: ("wake-ups-required", "none"), kind: TERMINAL, file: "", odd: "switches: [dead-timers]",
        case: "DM_SC-D-003-M/timer-wake-up", by_default: ("fail", ""), by_it: ("not applicable", NOT_JUDGED),
    },
    Row {
        reading: ("when-a-card-triggers", "each-wake-up"), kind: CARD, file: "",
        odd: "patches: [{ on: open-channel, when: { transport: { port: 0xC0DE } }, drop: true }]",
        case: "DM_SC-S-001-M/new-port", by_default: ("inconclusive", ""), by_it: ("fail", ""),
    },
    Row {
        reading: ("port-uniqueness", "over-time"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: envelope.terminal-applications, nth: 2, with: { applications: [{ port: 0xC001, type: 7, name: DM Client }, { port: 0xC000, type: 1, name: Other }] } }]",
        case: "DM_SC-D-003-M/port-of-its-own", by_default: ("pass", "before the reset"), by_it: ("fail", ""),
    },
    Row {
        reading: ("port-range", "not-zero"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: envelope.terminal-applications, with: { applications: [{ port: 0, type: 7, name: DM Client }] } }]",
        case: "DM_SC-D-003-M/announcement", by_default: ("pass", "the port is 0"), by_it: ("fail", ""),
    },
    Row {
        reading: ("name-empty", "not-empty"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: envelope.terminal-applications, with: { applications: [{ port: 0xC000, type: 7, name: \"\" }] } }]",
        case: "DM_SC-D-003-M/name", by_default: ("pass", "the name is empty"), by_it: ("fail", ""),
    },
    Row {
        reading: ("missing-credentials-code", "only-407"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: dm.message, when: { cred: absent }, with: { status: { SyncHdr: 401 } } }]",
        case: "DM_SC-C-001-M/missing-server-credentials", by_default: ("pass", "no credentials were given"), by_it: ("fail", ""),
    },
    Row {
        reading: ("abort-in-next-message", "with-final"), kind: CARD, file: "",
        odd: "patches: [{ on: dm.message, when: { final: false }, with: { commands: [{ cmd: Alert, data: \"1223\" }] } }]",
        case: "DM_SC-S-002-M/incomplete-package", by_default: ("pass", "without Final"), by_it: ("fail", ""),
    },
    Row {
        reading: ("source-and-devid", "equal"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: dm.message, with: { source: \"IMEI:490154203237518\" } }]",
        case: "DM_SC-C-001-M/package1-devinfo[encoding=xml]", by_default: ("pass", "in another way"), by_it: ("fail", ""),
    },
    Row {
        reading: ("target-of-header", "address"), kind: TERMINAL, file: "",
        odd: "patches: [{ on: dm.message, with: { target: dmsc.example.com } }]",
        case: "DM_SC-C-001-M/package1-header", by_default: ("pass", "Target is the ServerID"), by_it: ("fail", ""),
    },
    Row {
        reading: ("server-id-case", "not-judged"), kind: TERMINAL, file: "", odd: "switches: [fold-server-id-case]",
        case: "DM_SC-C-001-M/server-id-case", by_default: ("inconclusive", ""), by_it: ("not applicable", NOT_JUDGED),
    },
];

struct Quiet;

impl Observer for Quiet {
    fn planned(&mut self, _: usize) {}
    fn started(&mut self, _: &str, _: &str) {}
    fn finished(&mut self, _: &Finished) {}
}

/// What comes of a row's case under a reading, and its remarks.
fn outcome(row: &Row, cases: &[Case], alternative: &str) -> (String, Vec<String>) {
    let builtin = Bundle::builtin();
    let Row { kind, file, odd, reading: (point, _), .. } = row;
    let text = format!(
        "dut: 1\nname: probe\nkind: {kind}\nlink: {{ builtin: {kind} }}\nics: reference-{kind}.ics.yaml\n{file}\ninterpretations: {{ {point}: {alternative} }}\n"
    );
    let fixtures: Vec<(String, String)> =
        builtin.under("fixtures/").map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    let bundle = Bundle::of(fixtures.into_iter().chain([("fixtures/duts/probe.yaml".to_owned(), text)]));
    let mut dut = Dut::from_bundle(&bundle, "probe", &[]).unwrap_or_else(|error| panic!("{error}"));
    if !odd.is_empty() {
        let text = format!("- id: odd\n  side: {kind}\n  what: It is odd.\n  {odd}\n");
        let faults = Bundle::of([("fixtures/faults/probe.yaml", text)]);
        dut.faults = fault::load(&faults).unwrap_or_else(|all| panic!("{odd}: {}", all[0]));
    }
    let case = cases.iter().find(|case| case.name() == row.case).unwrap_or_else(|| panic!("no case {}", row.case));
    let config = RunConfig {
        all: false,
        stop_after: None,
        jobs: None,
        duts: std::slice::from_ref(&dut),
        cases: &Cases::from(std::slice::from_ref(case)),
        bundle: &builtin,
        selection: Selection::default(),
        seed: 1,
        strict: false,
        person: false,
        out: None,
        resume: false,
    };
    let finished = run(&config, &mut Quiet).unwrap().finished.remove(0);
    let word = match finished.outcome {
        Outcome::Verdict(verdict) => verdict.as_str().to_owned(),
        Outcome::NotApplicable(_) => "not applicable".to_owned(),
        Outcome::NotRun(reason) => format!("not run: {reason}"),
    };
    (word, finished.remarks.into_iter().chain([finished.reason]).collect())
}

#[test]
fn every_alternative_matters() {
    let cases = Library::builtin().load().unwrap_or_else(|all| panic!("{}", all[0]));
    let mut wrong = Vec::new();
    for row in ROWS {
        let (point, alternative) = row.reading;
        let default = &Tables::builtin().interpretation(point).unwrap_or_else(|| panic!("no {point}")).default;
        let both = [(default.as_str(), row.by_default), (alternative, row.by_it)];
        let [by_default, by_it] = both.map(|(alternative, (expected, remark))| {
            let (word, remarks) = outcome(row, &cases, alternative);
            if word != expected || !remarks.iter().any(|one| one.contains(remark)) {
                let at = format!("{point}: {alternative}, {}", row.case);
                wrong.push(format!("{at}: expected {expected} ({remark}), got {word} {remarks:?}"));
            }
            (word, remarks)
        });
        assert_ne!(by_default, by_it, "{point}: {alternative} changes nothing in {}", row.case);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_alternative_has_a_row() {
    let tried: BTreeSet<(&str, &str)> = ROWS.iter().map(|row| row.reading).collect();
    let mut there = BTreeSet::new();
    for point in Tables::builtin().interpretations() {
        let others = point.alternatives.iter().filter(|alternative| alternative.id != point.default);
        let others: Vec<_> = others.map(|alternative| (point.id.as_str(), alternative.id.as_str())).collect();
        assert!(!others.is_empty(), "{}: one reading alone is none", point.id);
        there.extend(others);
    }
    assert_eq!(tried, there);
}
