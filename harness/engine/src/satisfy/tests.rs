use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What is found in a template over DM messages, as (path, flaw).
fn found(template: Value, demand: bool) -> Vec<(String, Flaw)> {
    let open = |text: &str| text.contains("${");
    let all = examine(&template, "dm.message", demand, open);
    all.into_iter().map(|finding| (finding.path, finding.flaw)).collect()
}

fn only(template: Value) -> Option<(String, Flaw)> {
    let mut all = found(template.clone(), true);
    assert!(all.len() <= 1, "{template}: {all:?}");
    all.pop()
}

#[test]
fn what_cannot_hold_is_found() {
    for (template, path) in [
        (json!({ "msg_id": { "all_of": ["1", "2"] } }), "msg_id"),
        (json!({ "msg_id": { "all_of": ["absent", "any"] } }), "msg_id"),
        (json!({ "msg_id": { "all_of": [{ "range": [1, 4] }, { "range": [5, 9] }] } }), "msg_id"),
        (json!({ "msg_id": { "all_of": [1, { "range": [2, 9] }] } }), "msg_id"),
        (json!({ "msg_id": { "all_of": [{ "regex": "^[A-F]+$" }, "12"] } }), "msg_id"),
        (json!({ "msg_id": { "all_of": ["1", { "not": 1 }] } }), "msg_id"),
        (json!({ "msg_id": { "all_of": [{ "regex": "a" }, { "not": { "regex": "a" } }] } }), "msg_id"),
        (json!({ "msg_id": { "contains": "abc", "length": 1 } }), "msg_id"),
        (json!({ "msg_id": { "length": { "range": [-5, -1] } } }), "msg_id.length"),
        (json!({ "msg_id": { "all_of": [{ "length": 1 }, { "length": 2 }] } }), "msg_id"),
        (json!({ "msg_id": { "each": "1" } }), "msg_id"),
        (json!({ "msg_id": { "contains": 12 } }), "msg_id"),
        (json!({ "package": { "range": [4, 9] } }), "package"),
        (json!({ "package": { "equals": "x" } }), "package"),
        (json!({ "package": { "not": { "one_of": [1, 2, 3, "absent"] } } }), "package"),
        (json!({ "package": { "length": 1 } }), "package"),
        (json!({ "final": { "not": { "one_of": [true, false, "absent"] } } }), "final"),
        (json!({ "final": { "regex": "^[0-9]" } }), "final"),
        (json!({ "encoding": { "regex": "yaml" } }), "encoding"),
        (json!({ "alerts": { "length": 1, "contains": [1200, 1201] } }), "alerts"),
        (json!({ "alerts": { "length": 0, "contains": 1200 } }), "alerts"),
        (json!({ "alerts": { "each": { "range": [1, 9] }, "contains": 1200 } }), "alerts"),
        (json!({ "alerts": { "all_of": [[1, 2], { "contains": 3 }] } }), "alerts"),
        (json!({ "alerts": { "all_of": [[1, "any"], { "not": { "contains": 1 } }] } }), "alerts"),
        (json!({ "alerts": { "contains": { "range": [70_000, 80_000] } } }), "alerts.contains"),
        (json!({ "alerts": { "range": [1, 2] } }), "alerts"),
        (json!({ "alerts": [1, "absent"] }), "alerts.1"),
        (json!({ "commands": { "contains": { "cmd": { "all_of": ["Get", "Add"] } } } }), "commands.contains.cmd"),
        (json!({ "commands": { "regex": "Get" } }), "commands"),
        (json!({ "status": { "SyncHdr": { "all_of": [200, 212] } } }), "status.SyncHdr"),
        (json!({ "all_of": [{ "msg_id": "1" }, { "msg_id": "2" }] }), ""),
        (json!({ "all_of": [{ "cred": { "type": "a" } }, { "cred": "absent" }] }), ""),
        (json!({ "msg_id": { "one_of": ["3", { "all_of": ["1", "2"] }] } }), "msg_id.one_of.1"),
        (json!({ "msg_id": { "one_of": [{ "is": "3", "verdict": "fail" }] } }), "msg_id"),
        (json!({ "msg_id": { "as": "kept", "match": { "all_of": ["1", "2"] } } }), "msg_id.match"),
        (json!({ "alerts": { "count": { "of": { "range": [70_000, 70_001] }, "is": 1 } } }), "alerts.count.of"),
        (
            json!({ "commands": { "ordered": [{ "cmd": "Get" }, { "cmd": { "all_of": ["1", "2"] } }] } }),
            "commands.ordered.1.cmd",
        ),
        (json!("absent"), ""),
    ] {
        assert_eq!(only(template.clone()), Some((path.to_owned(), Flaw::Never)), "{template}");
        assert!(!found(template.clone(), false).is_empty(), "{template} as a filter");
    }
}

#[test]
fn what_always_holds_is_found() {
    for (template, path, flaw) in [
        (json!({ "msg_id": { "one_of": ["any", "absent"] } }), "msg_id", Flaw::Always),
        (json!({ "msg_id": { "one_of": ["absent", { "not": "absent" }] } }), "msg_id", Flaw::Always),
        (json!({ "final": { "one_of": [true, false, "absent"] } }), "final", Flaw::Always),
        (json!({ "msg_id": { "regex": "" } }), "msg_id", Flaw::Present),
        (json!({ "msg_id": { "regex": "^.*$" } }), "msg_id", Flaw::Present),
        (json!({ "msg_id": { "contains": "" } }), "msg_id", Flaw::Present),
        (json!({ "msg_id": { "length": { "range": [0, 9_000_000_000_i64] } } }), "msg_id.length", Flaw::Always),
        (json!({ "msg_id": { "one_of": [{ "regex": "a" }, { "not": { "regex": "a" } }] } }), "msg_id", Flaw::Always),
        (json!({ "package": { "range": [1, 3] } }), "package", Flaw::Present),
        (json!({ "package": { "range": [0, 100] } }), "package", Flaw::Present),
        (json!({ "alerts": { "each": "any" } }), "alerts", Flaw::Present),
        (json!({ "alerts": { "each": { "range": [0, 65_535] } } }), "alerts.each", Flaw::Always),
        (json!({ "encoding": { "one_of": ["xml", "wbxml"] } }), "encoding", Flaw::Present),
        (json!("any"), "", Flaw::Always),
        (json!({ "all_of": ["any"] }), "", Flaw::Always),
    ] {
        assert_eq!(only(template.clone()), Some((path.to_owned(), flaw)), "{template}");
    }
    let second = json!({ "msg_id": { "one_of": ["any", { "is": "2", "verdict": "fail" }] } });
    assert_eq!(only(second), Some(("msg_id.one_of.1".to_owned(), Flaw::Unreached)));
}

#[test]
fn what_may_hold_or_not_is_left_alone() {
    for template in [
        json!({ "msg_id": "any" }),
        json!({ "msg_id": { "not": "absent" } }),
        json!({ "msg_id": "absent" }),
        json!({ "msg_id": { "as": "kept" } }),
        json!({ "msg_id": { "one_of": [{ "as": "kept" }, "absent"] } }),
        json!({ "msg_id": { "one_of": ["1", { "is": "any", "remark": "another" }] } }),
        json!({ "msg_id": { "one_of": ["1", { "is": "any", "verdict": "inconclusive" }] } }),
        json!({ "msg_id": { "one_of": [{ "is": "1", "verdict": "fail" }, "any"] } }),
        json!({ "msg_id": { "all_of": ["${first.msg_id}", "2"] } }),
        json!({ "msg_id": { "all_of": [{ "not": "${first.msg_id}" }, "any"] } }),
        json!({ "msg_id": { "all_of": [{ "regex": "^[0-9]+$" }, { "length": 9 }, { "range": [1, 9] }] } }),
        json!({ "one_of": [{ "msg_id": "1" }, { "is": "any", "verdict": "inconclusive" }] }),
        json!({ "msg_id": { "as": "kept", "match": "any" } }),
        json!({ "alerts": { "length": 2, "contains": [1200, 1201] } }),
        json!({ "alerts": { "length": 1, "contains": [1200, { "range": [1, 2000] }] } }),
        json!({ "alerts": { "contains": "any" } }),
        json!({ "alerts": { "count": { "of": 1200, "is": 1 }, "unique": true } }),
        json!({ "commands": { "ordered": [{ "cmd": "Status" }, { "cmd": "Results" }] } }),
        json!({ "alerts": { "each": { "one_of": [1200, 1201] } } }),
        json!({ "alerts": [1200, "any"] }),
        json!({ "commands": { "contains": { "cmd": "Get", "items": { "contains": { "target": { "regex": "^\\./" } } } } } }),
        json!({ "commands": { "not": { "contains": { "cmd": "Exec" } } } }),
        json!({ "cred": { "type": "absent" } }),
        json!({ "all_of": [{ "msg_id": "1" }, { "session_id": "2" }] }),
        json!({ "results": { "./DevInfo/DevId": { "contains": "IMEI" } } }),
        json!({ "irregular": "absent" }),
        json!({ "cred": { "data": { "hex": "01 *" } } }),
    ] {
        assert_eq!(found(template.clone(), true), [], "{template}");
        assert_eq!(found(template.clone(), false), [], "{template} as a filter");
    }
    // A filter may let everything through.
    assert_eq!(found(json!({ "msg_id": { "regex": "" } }), false), []);
}

#[test]
fn octets_are_counted() {
    let over = |template: Value| {
        let all = examine(&template, "apdu", true, |_| false);
        all.into_iter().map(|finding| (finding.path, finding.flaw)).collect::<Vec<_>>()
    };
    let never = |path: &str| vec![(path.to_owned(), Flaw::Never)];
    assert_eq!(over(json!({ "data": { "hex": "01 02", "length": 3 } })), never("data"));
    assert_eq!(over(json!({ "data": { "all_of": [{ "hex": "01 *" }, { "hex": "02 *" }] } })), never("data"));
    assert_eq!(over(json!({ "data": { "all_of": [{ "hex": "* 01" }, { "hex": "?0 02" }] } })), never("data"));
    assert_eq!(over(json!({ "data": { "all_of": [{ "hex": "01" }, "02"] } })), never("data"));
    assert_eq!(over(json!({ "data": { "hex": "*" } })), vec![("data".to_owned(), Flaw::Present)]);
    assert_eq!(over(json!({ "data": { "hex": "01 *", "length": 3 } })), []);
    assert_eq!(over(json!({ "data": { "all_of": [{ "hex": "0? 1? *" }, { "hex": "* ?1 1?" }] } })), []);
}

/// Templates of every sort, over few enough values that trying them finds most of what there is to find.
fn templates() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!("any")),
        Just(json!("absent")),
        (0..4u8).prop_map(|number| json!(number)),
        prop_oneof![Just("1"), Just("2"), Just("AB"), Just("x"), Just("")].prop_map(|text| json!({ "equals": text })),
        (0..4i64, 0..4i64).prop_map(|(low, more)| json!({ "range": [low, low + more] })),
        prop_oneof![Just(""), Just("^1"), Just("B$"), Just("^.*$"), Just("x|1")]
            .prop_map(|text| json!({ "regex": text })),
        prop_oneof![Just("*"), Just("01"), Just("AB *"), Just("?B")].prop_map(|text| json!({ "hex": text })),
        (0..3u8).prop_map(|number| json!({ "length": number })),
        prop_oneof![Just("1"), Just("B"), Just("")].prop_map(|text| json!({ "contains": text })),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let several = || proptest::collection::vec(inner.clone(), 1..3);
        let weighed = (inner.clone(), prop_oneof![Just("pass"), Just("fail"), Just("inconclusive")])
            .prop_map(|(is, verdict)| json!({ "is": is, "verdict": verdict }));
        prop_oneof![
            inner.clone().prop_map(|one| json!({ "not": one })),
            inner.clone().prop_map(|one| json!({ "each": one })),
            inner.clone().prop_map(|one| json!({ "length": one })),
            several().prop_map(|all| json!({ "all_of": all })),
            several().prop_map(|all| json!({ "one_of": all })),
            proptest::collection::vec(weighed, 1..3).prop_map(|all| json!({ "one_of": all })),
            several().prop_map(|all| json!({ "contains": all })),
            several().prop_map(|all| json!(all)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({ "a": a, "b": b })),
            inner.clone().prop_map(|one| json!({ "a": one })),
        ]
    })
}

/// Values to try templates on.
fn values() -> Vec<Option<Value>> {
    let scalars = [json!(true), json!(0), json!(1), json!(2), json!(5), json!(""), json!("1"), json!("2"), json!("AB")];
    let more = [json!("01"), json!("x"), json!("xyz"), json!("1B"), json!("ABAB"), json!("cB")];
    let all: Vec<Value> = scalars.into_iter().chain(more).collect();
    let lists = all.iter().flat_map(|one| all.iter().map(move |other| json!([one, other])));
    let short =
        all.iter().map(|one| json!([one])).chain([json!([]), json!({}), json!([[1], [2]]), json!([{ "a": 1 }])]);
    let maps = all.iter().flat_map(|one| [json!({ "a": one }), json!({ "b": one }), json!({ "a": one, "b": 1 })]);
    let present: Vec<Value> = all.iter().cloned().chain(lists).chain(short).chain(maps).collect();
    present.into_iter().map(Some).chain([None]).collect()
}

proptest! {
    /// What is said never to hold holds for nothing that is tried, and what is said always to hold, for everything.
    #[test]
    fn what_is_certain_is_so(value in templates()) {
        let Ok(template) = Template::compile(&value) else { return Ok(()) };
        let solver = Solver::new(|_| false);
        let place = Place { shape: None, absent: true };
        let never = !solver.possible(vec![Literal::holds(&template)], place);
        let always = !solver.possible(vec![Literal::fails(&template)], place);
        for tried in values() {
            let holds = template.holds(tried.as_ref());
            prop_assert!(!(never && holds), "{value} holds for {tried:?}");
            prop_assert!(!always || holds, "{value} misses {tried:?}");
        }
    }
}
