use std::num::NonZeroU16;

use dmsc_scr::Feature;
use serde_json::json;

use super::*;

/// The cases of files given as (path below `testcases/`, text).
fn load(files: &[(&str, &str)]) -> Result<Vec<Case>, String> {
    let files = files.iter().map(|(path, text)| (format!("testcases/{path}"), (*text).to_owned()));
    let library = Library::new(Bundle::of(files));
    library.load().map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))
}

fn loaded(files: &[(&str, &str)]) -> Vec<Case> {
    load(files).unwrap_or_else(|problems| panic!("{problems}"))
}

const SESSION_ID: &str = "
title: Session id 0A0B arrives in Package#1 as A0B
purpose: Leading zeros are dropped and letters are upper case.
spec: [DMNOTI 6.2, DM_SC 7.1-3]
covers: [SCR-DM-NOTI-C-001]
role: card
parameters: { encoding: [xml, wbxml], port: [3516, 0x1F90] }
setup: { http_port: \"${port}\", nonce: 00 0a }
steps:
  - send: notification
    with: { session_id: 0x0A0B, body: 0a 0b, digest: valid }
  - expect: dm.message
    within: ${ixit.window}
    where: { encoding: \"${encoding}\" }
    match: { session_id: 0A0B, msg_id: 1, alerts: { contains: 1200 }, cred: { type: { as: kept } } }
    as: first
    reply: { session_id: \"${first.session_id}\", cred: none, http: { body: \"${kept}\" } }
  - expect-none: dm.message
    during: 5 s
    control:
      - include: ping
        with: { port: 7 }
";

const PING: &str = "
purpose: Shows that the DUT is alive.
variables: { port: null, digest: wrong-nonce }
steps:
  - send: notification
    with: { port: \"${port}\", digest: \"${digest}\" }
  - repeat: 2
    steps: [{ wait: 1 s }]
  - expect: dm.message
";

#[test]
fn what_is_taken_to_be_sound_is_read_as_what_is_checked() {
    let checked = Library::builtin().load().unwrap_or_else(|all| panic!("{}", all[0]));
    assert!(Library::new(Bundle::builtin_as_checked()).load() == Ok(checked));
}

#[test]
fn a_case_is_read_with_its_instances_and_includes() {
    let files = [("DM_SC-C-001-M/session-id.yaml", SESSION_ID), ("include/ping.yaml", PING)];
    let cases = loaded(&files);
    let names: Vec<_> = cases.iter().map(Case::name).collect();
    assert_eq!(
        names,
        [
            "DM_SC-C-001-M/session-id[encoding=xml,port=3516]",
            "DM_SC-C-001-M/session-id[encoding=xml,port=8080]",
            "DM_SC-C-001-M/session-id[encoding=wbxml,port=3516]",
            "DM_SC-C-001-M/session-id[encoding=wbxml,port=8080]",
        ]
    );
    let case = &cases[2];
    assert_eq!((case.item.as_str(), case.covers[0].as_str()), ("DM_SC-C-001-M", "SCR-DM-NOTI-C-001"));
    let Setup::Card(setup) = &case.setup else { panic!("{:?}", case.setup) };
    assert_eq!(setup.http_port.map(NonZeroU16::get), Some(3516));
    assert_eq!(case.setup.nonce(), Some(&[0x00, 0x0A][..]));
    let StepKind::Send(send) = &case.steps[0].kind else { panic!("{:?}", case.steps[0]) };
    assert_eq!(Value::Object(send.with.clone()), json!({ "session_id": 0x0A0B, "body": "0A0B", "digest": "valid" }));
    let StepKind::Expect(expect) = &case.steps[1].kind else { panic!("{:?}", case.steps[1]) };
    assert_eq!(expect.filter, Some(json!({ "encoding": "wbxml" })));
    let matching = json!({
        "session_id": "A0B", "msg_id": "1", "alerts": { "contains": 1200 }, "cred": { "type": { "as": "kept" } },
    });
    assert_eq!(expect.matching, Some(matching));
    assert_eq!(expect.within.as_ref().unwrap().to_string(), "${ixit.window}");
    assert_eq!(case.steps[1].location.to_string(), "testcases/DM_SC-C-001-M/session-id.yaml:12");
    let StepKind::ExpectNone(none) = &case.steps[2].kind else { panic!("{:?}", case.steps[2]) };
    assert_eq!(none.during.resolve(&Scope::new()), Ok(Duration::from_secs(5)));
    assert_eq!(none.control[0].location.to_string(), "testcases/include/ping.yaml:5");
    let StepKind::Send(ping) = &none.control[0].kind else { panic!("{:?}", none.control[0]) };
    assert_eq!(Value::Object(ping.with.clone()), json!({ "port": 7, "digest": "wrong-nonce" }));
    assert!(matches!(&none.control[1].kind, StepKind::Repeat(repeat) if repeat.count == 2));
    assert!(!case.needs_contact());
    assert_eq!(by_item(&cases).len(), 2);
}

#[test]
fn the_hash_follows_the_includes() {
    let hash = |ping: &str| {
        let files = [("DM_SC-C-001-M/session-id.yaml", SESSION_ID), ("include/ping.yaml", ping)];
        loaded(&files).remove(0).head.hash.to_string()
    };
    assert_eq!(hash(PING).len(), 64);
    assert_eq!(hash(PING), hash(PING));
    assert_ne!(hash(PING), hash(&PING.replace("1 s", "2 s")));
}

const TERMINAL: &str = "
title: The card uses the port that was announced
purpose: The port of the application with type 7.
spec: [DM_SC 7.1]
role: terminal
trust: memory
steps:
  - send: envelope.terminal-applications
    with: { applications: [{ port: 0xC000, type: 0x07 }] }
  - expect: open-channel
    match: { transport: { protocol: tcp-client-local, port: { one_of: [0xC000, { is: { range: [1, 9] }, verdict: inconclusive }] } } }
    reply: { result: 0x20, additional: \"00\" }
    mutate: [{ set: { at: 1, octets: 0102 } }]
  - expect: terminal-is-not-a-kind
    level: should
";

#[test]
fn a_wrong_kind_is_located_and_a_right_one_is_not() {
    let text = load(&[("DM_SC-S-001-M/port.yaml", TERMINAL)]).unwrap_err();
    assert!(text.contains("testcases/DM_SC-S-001-M/port.yaml:14:13"), "{text}");
    assert_eq!(text.matches("error: ").count(), 1, "{text}");
    let good = TERMINAL.replace("terminal-is-not-a-kind", "close-channel");
    let case = loaded(&[("DM_SC-S-001-M/port.yaml", &good)]).remove(0);
    assert!(case.needs_contact());
    assert_eq!((case.steps[2].level, case.steps[2].trust), (Level::Should, Trust::Memory));
    let StepKind::Expect(expect) = &case.steps[1].kind else { panic!("{:?}", case.steps[1]) };
    let ReplySpec::With { with, mutate } = &expect.reply else { panic!("{:?}", expect.reply) };
    assert_eq!(Value::Object(with.clone()), json!({ "result": 0x20, "additional": "00" }));
    assert_eq!(mutate, &[json!({ "set": { "at": 1, "octets": "0102" } })]);
}

#[test]
fn steps_carry_the_readings_of_what_is_around_them() {
    let case = "
title: T
purpose: P.
spec: [DM_SC 7.1-3]
role: card
judged: { server-id-match: named-server-only }
steps:
  - send: notification
  - include: ping
    when: { later-release: exactly }
    with: { port: 7 }
  - expect: dm.message
    absence: inconclusive
    judged: { source-and-devid: equal }
    match: { msg_id: { one_of: [{ is: 1, when: { later-release: accepted } }, 2] } }
";
    let case = loaded(&[("DM_SC-C-001-M/a.yaml", case), ("include/ping.yaml", PING)]).remove(0);
    let reading = |id: &str, choice: &str| vec![(id.to_owned(), choice.to_owned())];
    assert_eq!(case.judged, reading("server-id-match", "named-server-only"));
    let exactly = reading("later-release", "exactly");
    let whens: Vec<_> = case.steps.iter().map(|step| step.when.clone()).collect();
    assert_eq!(whens, [vec![], exactly.clone(), exactly.clone(), exactly.clone(), vec![]]);
    assert_eq!(case.steps[4].judged, reading("source-and-devid", "equal"));
    let StepKind::Expect(expect) = &case.steps[4].kind else { panic!("{:?}", case.steps[4]) };
    assert!(expect.optional);
    let template = |chosen: &[dmsc_scr::Reading]| {
        let chosen = chosen.iter().cloned().collect();
        let readings = dmsc_scr::Readings::of(dmsc_scr::Tables::builtin(), &chosen);
        crate::variables::template(expect.matching.as_ref().unwrap(), &Scope::new().under(readings), "dm.message")
            .unwrap()
    };
    let one = json!({ "msg_id": "1" });
    assert!(template(&[]).accepts(&one));
    assert!(!template(&exactly).accepts(&one));
}

const WAITS: &str = "
title: A card is waited for
purpose: What it need not send is not demanded, and what it cannot be woken for is left out.
spec: [DM_SC 7.1]
role: terminal
steps:
  - include: woken
    skip: without-wake-up
  - wait: 5 s
    until: close-channel
    match: { destination: 0x21 }
  - expect: http.response
    absence: inconclusive
";

const WOKEN: &str = "
purpose: The card has sent a notification.
steps:
  - send: wake-up
  - expect: notification
    as: trigger
";

#[test]
fn what_a_dut_need_not_do_is_read() {
    let files = |case: &str| load(&[("DM_SC-S-001-M/waits.yaml", case), ("include/woken.yaml", WOKEN)]);
    let case = files(WAITS).unwrap_or_else(|problems| panic!("{problems}")).remove(0);
    assert_eq!(case.steps.iter().map(|step| step.needs_wake_up).collect::<Vec<_>>(), [true, true, false, false]);
    assert!(!case.needs_notification(), "the rest does without");
    assert!(!case.needs_contact(), "what ends a wait need not come");
    let StepKind::Wait(wait) = &case.steps[2].kind else { panic!("{:?}", case.steps[2]) };
    assert_eq!(wait.delay.resolve(&Scope::new()), Ok(Duration::from_secs(5)));
    assert_eq!(wait.until.map(|kind| &*kind.name), Some("close-channel"));
    assert_eq!(wait.matching, Some(json!({ "destination": 0x21 })));
    let StepKind::Expect(expect) = &case.steps[3].kind else { panic!("{:?}", case.steps[3]) };
    assert!(expect.optional);
    let always = files(&WAITS.replace("    skip: without-wake-up\n", "")).unwrap().remove(0);
    assert!(always.needs_notification());
    // What may be left out keeps nothing that a later step could name.
    let named = WAITS.replace("0x21", "\"${trigger.session_id}\"");
    assert!(files(&named).unwrap_err().contains("nothing is called `trigger.session_id` here"));
    assert!(files(&named.replace("    skip: without-wake-up\n", "")).is_ok());
    let alone = files(&WAITS.replace("    until: close-channel\n", "")).unwrap_err();
    assert!(alone.contains("`match` without `until`"), "{alone}");
}

const PICKY: &str = "
title: A timer wakes the card up
purpose: It runs out.
spec: [DM_SC 6-1]
role: card
parameters: { facility: [timer-management-start-stop], port: [1] }
requires:
  features: [usb, [iso, iccd]]
  facilities: [\"${facility}\"]
  without: [direct]
  channels: 2
  seen:
    - { message: envelope.terminal-applications, match: { applications: { not: { contains: { port: \"${port}\" } } } }, why: in use }
steps:
  - include: reset
";

const RESET: &str = "
purpose: Resets the card.
requires: { facilities: [refresh, timer-management-start-stop] }
steps:
  - send: refresh
  - expect: terminal-profile
";

#[test]
fn what_a_case_and_its_includes_require_is_one_list() {
    let files = [("DM_SC-D-003-M/picky.yaml", PICKY), ("include/reset.yaml", RESET)];
    let requires = loaded(&files).remove(0).requires;
    assert_eq!(requires.features, [vec![Feature::Usb], vec![Feature::Iso, Feature::Iccd]]);
    let whys: Vec<&str> = requires.seen.iter().map(|seen| seen.why.as_str()).collect();
    assert_eq!(
        whys,
        [
            "its terminal profile does not offer `timer-management-start-stop`",
            "its terminal profile offers `direct`",
            "its terminal profile offers fewer channels than 2",
            "in use",
            "its terminal profile does not offer `refresh`",
        ]
    );
    assert_eq!(requires.seen[3].kind.name, "envelope.terminal-applications");
    assert_eq!(requires.seen[3].matching, json!({ "applications": { "not": { "contains": { "port": 1 } } } }));
}

#[test]
fn what_cannot_be_required_is_refused_at_its_place() {
    for (good, bad, expected) in [
        ("[direct]", "[diret]", "picky.yaml:10:13"),
        ("channels: 2", "channels: 8", "picky.yaml:11:13"),
        ("{ port: \"${port}\" }", "{ prt: \"${port}\" }", "picky.yaml:13:"),
        ("contains:", "range:", "picky.yaml:13:"),
        ("features: [usb,", "features: [uxb,", "picky.yaml:8:"),
        ("role: card", "role: terminal", "picky.yaml:9:"),
    ] {
        let files = [("DM_SC-D-003-M/picky.yaml", PICKY.replace(good, bad)), ("include/reset.yaml", RESET.to_owned())];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        let text = load(&files).unwrap_err();
        assert!(text.contains(expected), "{bad}: {text}");
    }
}
