//! `dmsc scr` and `dmsc ics`.

mod common;

use common::{Scratch, dmsc, shown};
use serde_json::Value;

/// What a command wrote as JSON; null where it wrote none.
fn json(args: &[&str]) -> Value {
    serde_json::from_str(&dmsc(args).out).unwrap_or_default()
}

#[test]
fn items_are_listed() {
    insta::assert_snapshot!(shown(&["scr", "list"]));
    insta::assert_snapshot!(shown(&["scr", "list", "--class", "device", "--external"]));
    let all = json(&["scr", "list", "--external", "--json"]);
    let all = all.as_array().unwrap();
    assert_eq!(all.iter().filter(|item| item["external"] == false).count(), 19);
    assert!(all.iter().any(|item| item["id"] == "SCR-DM-NOTI-C-001" && item["basis"] == "inf"));
    assert!(all.iter().any(|item| item["id"] == "DM_SC-C-001-M" && item["requirement"].is_string()));
}

#[test]
fn an_item_is_shown_with_all_that_is_known() {
    insta::assert_snapshot!(shown(&["scr", "show", "DM_SC-C-002-O", "SCR-DM-NOTI-C-003"]));
    let shown = json(&["scr", "show", "c-001", "--json"]);
    assert_eq!(shown[0]["id"], "DM_SC-C-001-M");
    assert!(shown[0]["reaches"].as_array().unwrap().contains(&"SCR-DM-NOTI-C-001".into()));
}

#[test]
fn names_that_do_not_exist_are_answered_with_the_nearest() {
    insta::assert_snapshot!(shown(&["scr", "show", "DM_SC-C-001-O"]));
    insta::assert_snapshot!(shown(&["scr", "show", "something else"]));
    insta::assert_snapshot!(shown(&["scr", "interpretations", "package0-framng"]));
    insta::assert_snapshot!(shown(&["scr", "requirements", "DM-SC-GEN-99"]));
    insta::assert_snapshot!(shown(&["scr", "clauses", "--section", "9"]));
}

#[test]
fn clauses_requirements_and_open_points_are_shown() {
    insta::assert_snapshot!(shown(&["scr", "clauses", "--section", "5", "--item", "C-009"]));
    insta::assert_snapshot!(shown(&["scr", "requirements", "DM-SC-GEN-14"]));
    insta::assert_snapshot!(shown(&["scr", "interpretations", "package0-framing"]));
    for verb in ["clauses", "requirements", "interpretations"] {
        let listed = dmsc(&["scr", verb]);
        let all = json(&["scr", verb, "--json"]);
        assert_eq!(listed.out.lines().count(), all.as_array().unwrap().len() + 1, "{verb}");
    }
}

#[test]
fn purposes_are_shown_with_where_they_stand() {
    insta::assert_snapshot!(shown(&["scr", "purposes", "C001-03", "C001-19", "D1-60", "C-14"]));
    insta::assert_snapshot!(shown(&["scr", "purposes", "C001-999"]));
    let all = json(&["scr", "purposes", "--json"]);
    let all = all.as_array().unwrap();
    assert!(all.iter().any(|one| one["id"] == "C001-03" && one["cases"][0] == "DM_SC-C-001-M/session-id[session=A5]"));
    let open = json(&["scr", "purposes", "--open", "--json"]);
    let open = open.as_array().unwrap();
    assert!(!open.is_empty() && open.len() < all.len());
    assert!(open.iter().all(|one| one["none"]["why"].is_string()));
    let of_item = dmsc(&["scr", "purposes", "--item", "s-001", "-q"]).out;
    let expected = all.iter().filter(|one| one["item"] == "DM_SC-S-001-M").count();
    assert_eq!(of_item.lines().count(), expected + 1);
}

#[test]
fn a_topic_is_named_where_an_item_is() {
    let purposes = dmsc(&["scr", "purposes", "--item", "bootstrap", "-q"]).out;
    assert!(purposes.contains("B-01") && !purposes.contains("C001"), "{purposes}");
    let clauses = dmsc(&["scr", "clauses", "--item", "bootstrap"]);
    assert!(clauses.code == 0 && !clauses.out.contains("DM_SC-"), "{}", clauses.out);
    insta::assert_snapshot!(shown(&["scr", "show", "bootstrap"]));
    assert_eq!(json(&["scr", "show", "--json", "Bootstrap"])[0]["id"], "bootstrap");
    insta::assert_snapshot!(shown(&["scr", "show", "bootsrap"]));
    insta::assert_snapshot!(shown(&["scr", "show", "q"]));
}

#[test]
fn expressions_are_checked_where_they_stand() {
    insta::assert_snapshot!(shown(&["scr", "check", "-e", "DM_SC-C-001-M  AND (DM_SC-C-002-O OR DM_SC-C-003-O)"]));
    insta::assert_snapshot!(shown(&["scr", "check", "-e", "DM_SC-C-001-M AND DM_SC-C-002-O OR DM_SC-C-003-O"]));
    insta::assert_snapshot!(shown(&["scr", "check", "-e", "DM_SC-C-001-M AND DM_SC-C-002"]));
    insta::assert_snapshot!(shown(&["scr", "check", "-e", "NOT DM_SC-C-001-M"]));
    assert_eq!(json(&["scr", "check", "-e", "DM_SC-C-001-M", "--json"])["items"][0], "DM_SC-C-001-M");
}

#[test]
fn tables_of_a_folder_are_checked() {
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/scr");
    assert_eq!(dmsc(&["scr", "check", repository]).out, dmsc(&["scr", "check"]).out);

    let folder = Scratch::new();
    for entry in std::fs::read_dir(repository).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(folder.path(&name), text.replace("SCR-DM-NOTI-C-003", "SCR-DM-NOTI-C-030")).unwrap();
    }
    assert_eq!(dmsc(&["scr", "check", &folder.path("")]).code, 0);
    std::fs::copy(format!("{repository}/external.yaml"), folder.path("external.yaml")).unwrap();
    let ran = dmsc(&["scr", "check", &folder.path("")]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("SCR-DM-NOTI-C-030"), "{}", ran.err);

    let ran = dmsc(&["scr", "check", &folder.path("nothing")]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("name a folder that holds items.yaml"), "{}", ran.err);
}

#[test]
fn coverage_counts_the_cases_of_a_folder() {
    let covered = json(&["scr", "coverage", "--cases", "suite", "--json"]);
    let of = |id: &str| {
        let items = covered["items"].as_array().unwrap();
        items.iter().find(|item| item["id"] == id).unwrap()["cases"].as_array().unwrap().len()
    };
    assert_eq!(of("DM_SC-S-001-M"), 4);
    assert_eq!(of("SCR-DM-NOTI-S-003"), 1);
    assert_eq!(of("DM_SC-C-001-M"), 0);
    let missing = dmsc(&["scr", "coverage", "--cases", "suite", "--missing"]);
    assert_eq!(missing.code, 1);
    assert!(missing.out.contains("item         DM_SC-C-001-M: no case that is positive or negative or boundary\n"));
    assert!(missing.out.contains("item         DM_SC-S-001-M: no case that is negative or boundary\n"));
    assert!(dmsc(&["scr", "coverage", "--cases", "suite"]).out.contains("DM_SC-S-001-M          4 cases"));
}

/// Of DM_SC and of other enablers: what is right, what is wrong, and the end of a range.
#[test]
fn every_item_has_cases_of_each_aim_and_every_clause_and_requirement_has_some() {
    let missing = dmsc(&["scr", "coverage", "--missing"]);
    assert_eq!((missing.code, missing.out.as_str()), (0, ""));
}

#[test]
fn a_new_statement_is_open_and_not_overwritten() {
    let folder = Scratch::new();
    let file = folder.path("new.yaml");
    let ran = dmsc(&["ics", "new", "card", "-o", &file]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), dmsc(&["ics", "new", "card"]).out);
    let again = dmsc(&["ics", "new", "terminal", "-o", &file]);
    assert_eq!(again.code, 3);
    assert!(again.err.contains("name a file that does not exist yet"), "{}", again.err);
    let checked = dmsc(&["ics", "check", &file]);
    assert_eq!(checked.code, 3);
    assert!(checked.err.contains("is not answered"), "{}", checked.err);
}

#[test]
fn statements_are_checked() {
    insta::assert_snapshot!(shown(&["ics", "check", "suite/duts/card.ics.yaml"]));
    insta::assert_snapshot!(shown(&["ics", "check", "suite/duts/contradiction.ics.yaml"]));
    insta::assert_snapshot!(shown(&["ics", "check", "suite/duts/card.yaml"]));
    insta::assert_snapshot!(shown(&["ics", "check", "suite/none.yaml"]));
    let checked = json(&["ics", "check", "--json", "suite/duts/contradiction.ics.yaml"]);
    assert_eq!(checked["valid"], false);
    assert_eq!(checked["problems"][0]["line"], 10);
    assert_eq!(checked["report"]["nearest"][0]["item"], "SCR-DM-NOTI-S-004");
    assert_eq!(json(&["ics", "check", "--json", "suite/duts/card.ics.yaml"])["valid"], true);
}
