//! `dmsc cases`.

mod common;

use common::{dmsc, shown};
use serde_json::Value;

#[test]
fn cases_are_listed_by_item_and_role() {
    insta::assert_snapshot!(shown(&["cases", "list", "--cases", "suite"]));
    insta::assert_snapshot!(shown(&["cases", "list", "--cases", "suite", "--item", "SCR-DM-NOTI-S-003"]));
    insta::assert_snapshot!(shown(&["cases", "list", "--cases", "suite", "--item", "DM_SC-S-01-M"]));
    assert_eq!(dmsc(&["cases", "list", "--cases", "suite", "--role", "card", "-q"]).out.lines().count(), 1);
    let listed: Value = serde_json::from_str(&dmsc(&["cases", "list", "--cases", "suite", "--json"]).out).unwrap();
    assert_eq!(listed[0]["name"], "DM_SC-S-001-M/by-hand");
}

#[test]
fn a_case_is_shown_with_its_clauses_and_text() {
    insta::assert_snapshot!(shown(&["cases", "show", "--cases", "suite", "DM_SC-S-001-M/notification"]));
    insta::assert_snapshot!(shown(&["cases", "show", "--cases", "suite", "DM_SC-S-001-M/notificatoin"]));
}

#[test]
fn wrong_cases_are_told_where_they_are_wrong() {
    insta::assert_snapshot!(shown(&["cases", "check", "suite/broken"]));
    let whole = dmsc(&["cases", "check", "suite/broken"]);
    let one = dmsc(&["cases", "check", "suite/broken/DM_SC-S-001-M/broken.yaml"]);
    assert_eq!((one.code, one.err), (3, whole.err));
    let json: Value = serde_json::from_str(&dmsc(&["cases", "check", "--json", "suite/broken"]).out).unwrap();
    assert_eq!(json["problems"].as_array().unwrap().len(), 3);
    assert_eq!(json["problems"][2]["help"], "did you mean `within`?");
    // A run does not begin with cases that are wrong.
    assert_eq!(dmsc(&["run", "--no-report", "--cases", "suite/broken"]).code, 3);
}

#[test]
fn right_cases_are_counted() {
    insta::assert_snapshot!(shown(&["cases", "check", "suite", "suite/testcases/DM_SC-S-001-M/notification.yaml"]));
    assert_eq!(dmsc(&["cases", "check"]).code, 0);
    assert_eq!(dmsc(&["cases", "check", "suite/duts"]).code, 3, "other files are no cases");
    insta::assert_snapshot!(shown(&["cases", "check", "suite/none.yaml"]));
}

#[test]
fn kinds_of_message_are_looked_up() {
    let all = dmsc(&["cases", "kinds"]).out;
    let card = dmsc(&["cases", "kinds", "card"]).out;
    assert!(all.lines().count() > card.lines().count());
    let one = dmsc(&["cases", "kinds", "terminal", "notification"]).out;
    assert!(one.contains("\nmatch: (notification)\n"), "{one}");
    assert!(!one.contains("](#"), "{one}");
    insta::assert_snapshot!(shown(&["cases", "kinds", "terminal", "notifcation"]));
    let json: Value = serde_json::from_str(&dmsc(&["cases", "kinds", "card", "--json"]).out).unwrap();
    assert!(json.as_array().unwrap().iter().any(|kind| kind["name"] == "notification" && kind["sent"] == true));
}

#[test]
fn schemas_are_published() {
    for kind in ["case", "include", "dut", "faults", "ics"] {
        let ran = dmsc(&["cases", "schema", kind]);
        let schema: Value = serde_json::from_str(&ran.out).unwrap();
        assert!(schema["$schema"].is_string(), "{kind}");
        assert_eq!(ran.code, 0);
    }
    assert!(dmsc(&["cases", "schema", "ics"]).out.contains("DM_SC-S-001-M"));
}
