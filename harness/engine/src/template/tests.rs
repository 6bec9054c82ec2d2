use super::*;
use serde_json::json;

fn template(value: Value) -> Template {
    Template::compile(&value).unwrap()
}

fn accepts(t: Value, v: Value) -> bool {
    template(t).accepts(&v)
}

#[test]
fn fields_that_are_not_listed_are_free() {
    assert!(accepts(json!({"a": 1}), json!({"a": 1, "b": 2})));
    assert!(!accepts(json!({"a": 1}), json!({"b": 2})));
    assert!(accepts(json!({"a": "absent"}), json!({"b": 2})));
    assert!(!accepts(json!({"a": "absent"}), json!({"a": 0})));
    assert!(accepts(json!({"a": {"b": "absent"}}), json!({})));
}

#[test]
fn a_number_matches_the_text_that_writes_it() {
    assert!(accepts(json!(1200), json!("1200")));
    assert!(accepts(json!("1200"), json!(1200)));
    assert!(!accepts(json!(1200), json!("01200")));
}

#[test]
fn operators_do_what_they_say() {
    assert!(accepts(json!({"range": [1, 3]}), json!(3)));
    assert!(!accepts(json!({"range": [1, 3]}), json!("4")));
    assert!(accepts(json!({"regex": "^[0-9A-F]{1,4}$"}), json!("A5")));
    assert!(accepts(json!({"length": 2}), json!("00FF")));
    assert!(accepts(json!({"length": {"range": [1, 9]}}), json!("text")));
    assert!(accepts(json!({"contains": [{"a": 1}, {"a": 2}]}), json!([{"a": 2}, {"a": 3}, {"a": 1}])));
    assert!(!accepts(json!({"contains": [{"a": 4}]}), json!([{"a": 2}])));
    assert!(accepts(json!({"contains": "syncml"}), json!("application/vnd.syncml.dm+xml")));
    assert!(accepts(json!({"each": {"a": "any"}}), json!([{"a": 2}, {"a": 3}])));
    assert!(accepts(json!({"hex": "02 D? * FF"}), json!("02D80000FF")));
    assert!(accepts(json!({"hex": "02*"}), json!("02")));
    assert!(!accepts(json!({"hex": "02 ??"}), json!("02D800")));
    assert!(accepts(json!({"not": "any"}), json!(null)));
    assert!(accepts(json!({"equals": "any"}), json!("any")));
    assert!(accepts(json!([1, "any"]), json!([1, 2])));
    assert!(!accepts(json!([1]), json!([1, 2])));
}

#[test]
fn wildcards_take_time_in_proportion_to_the_octets() {
    // With backtracking over each wildcard this would not end.
    assert!(!accepts(json!({"hex": "*00*00*00*00*FF"}), json!("00".repeat(4096))));
    assert!(accepts(json!({"hex": "*00*00*00*00*FF"}), json!(format!("{}FF", "00".repeat(4096)))));
}

#[test]
fn an_alternative_carries_its_verdict_and_remark() {
    let t = template(
        json!({"one_of": [0, {"is": 7, "verdict": "inconclusive", "remark": "cut"}, {"is": 9, "verdict": "fail"}]}),
    );
    assert_eq!(t.matches(&json!(0)).weight, Weight::Pass);
    let seven = t.matches(&json!(7));
    assert_eq!((seven.weight, seven.remarks), (Weight::Inconclusive, vec!["cut".to_owned()]));
    assert_eq!(t.matches(&json!(9)).mismatches.len(), 1);
    let other = t.matches(&json!(8));
    assert_eq!(other.mismatches[0].expected, "0 or 7");
}

#[test]
fn a_value_is_kept_under_its_name() {
    let t = template(json!({"sid": {"as": "session", "match": {"regex": "^A"}}}));
    assert_eq!(t.matches(&json!({"sid": "A5"})).captures, vec![("session".to_owned(), json!("A5"))]);
    assert_eq!(t.matches(&json!({"sid": "B5"})).mismatches[0].path, "sid");
}

#[test]
fn impossible_matchers_are_refused_with_their_place() {
    let error = |v: Value| Template::compile(&v).unwrap_err().to_string();
    assert_eq!(
        error(json!({"a": {"range": [3, 1]}})),
        "a.range: the range 3 to 1 is empty; the smaller bound comes first"
    );
    assert!(error(json!({"a": {"regex": "("}})).starts_with("a.regex: not a regular expression"));
    assert!(error(json!({"a": {"one_of": []}})).contains("not empty"));
    assert!(error(json!({"range": [1, 2], "port": 1})).contains("cannot stand among field names"));
    assert!(error(json!({"hex": "0G"})).contains("hexadecimal digits"));
}

fn mismatch(matcher: Value, value: Value) -> Option<Mismatch> {
    template(matcher).matches(&value).mismatches.into_iter().next()
}

#[test]
fn elements_are_counted() {
    let one = || json!({ "count": { "of": 1200, "is": 1 } });
    assert_eq!(mismatch(one(), json!([1226, 1200])), None);
    let missed = mismatch(one(), json!([1200, 1200])).unwrap();
    assert_eq!(
        (missed.expected.as_str(), missed.got.as_str()),
        ("elements that are 1200, 1 of them", "2: [1200,1200]")
    );
    assert!(mismatch(one(), json!([])).is_some());
    assert!(mismatch(one(), json!("1200")).is_some());
    assert_eq!(mismatch(json!({ "count": { "of": { "cmd": "Get" }, "is": { "range": [0, 2] } } }), json!([])), None);
    assert!(Template::compile(&json!({ "count": 3 })).is_err());
}

#[test]
fn elements_are_unique_as_a_whole_or_in_a_field() {
    assert_eq!(mismatch(json!({ "unique": true }), json!([1, 2, "1"])), None);
    let twice = mismatch(json!({ "unique": "cmd_id" }), json!([{ "cmd_id": "1" }, {}, {}, { "cmd_id": "1" }])).unwrap();
    assert_eq!((twice.path.as_str(), twice.got.as_str()), ("3", "\"1\" in elements 0 and 3"));
    assert!(Template::compile(&json!({ "unique": false })).is_err());
}

#[test]
fn elements_stand_in_order() {
    let order = || json!({ "ordered": [{ "cmd": "Status" }, { "cmd": "Results" }] });
    let list = |names: &[&str]| Value::Array(names.iter().map(|name| json!({ "cmd": name })).collect());
    assert_eq!(mismatch(order(), list(&["Alert", "Status", "Alert", "Results", "Results"])), None);
    let wrong = mismatch(order(), list(&["Status", "Results", "Status"])).unwrap();
    assert_eq!((wrong.path.as_str(), wrong.expected.as_str()), ("1", "{ cmd: \"Results\" } after { cmd: \"Status\" }"));
    assert_eq!(mismatch(order(), list(&["Status"])).unwrap().expected, "an element that is { cmd: \"Results\" }");
    assert!(Template::compile(&json!({ "ordered": ["a"] })).is_err());
}

#[test]
fn there_is_one_for_each_of_another_list() {
    let per = |only: bool| {
        let of = json!([{ "cmd_id": "1" }, { "cmd_id": 2 }]);
        json!({ "one_per": { "of": of, "by": { "cmd_ref": "cmd_id" }, "only": only } })
    };
    let list = |refs: &[&str]| Value::Array(refs.iter().map(|cmd_ref| json!({ "cmd_ref": cmd_ref })).collect());
    assert_eq!(mismatch(per(true), list(&["2", "1"])), None);
    assert_eq!(mismatch(per(false), list(&["2", "1", "3"])), None);
    assert_eq!(mismatch(per(true), list(&["2", "1", "3"])).unwrap().path, "2");
    let missing = mismatch(per(false), list(&["2"])).unwrap();
    assert_eq!(missing.expected, "exactly one element with {\"cmd_ref\":\"1\"}");
    assert_eq!(mismatch(per(false), list(&["1", "2", "2"])).unwrap().got, "elements 1 and 2");
    for wrong in [json!([]), json!({ "of": [] }), json!({ "of": [], "by": {} }), json!({ "of": [], "bye": 1 })] {
        assert!(Template::compile(&json!({ "one_per": wrong })).is_err());
    }
}
