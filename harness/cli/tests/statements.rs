//! `dmsc ics audit` and `dmsc ics draft`: what a DUT shows against what it claims.

#![allow(clippy::unwrap_used, clippy::panic)] // A test stops at what it does not expect.

mod common;

use std::path::Path;

use common::{Scratch, dmsc};
use serde_json::Value;

/// DUT files of the fixtures whose statement says what they do.
const HONEST: [&str; 4] = ["minimal-card", "minimal-handset", "full-card", "full-handset"];

fn file(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/duts/{name}.yaml")).display().to_string()
}

/// The run of a DUT, its state for each item, and the audit of it.
fn audited(name: &str) -> (Vec<String>, i32, Value) {
    let folder = Scratch::new();
    let out = folder.path("run");
    let ran = dmsc(&["run", "--json", "--dut", &file(name), "--out", &out]);
    let matrix: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{name}: {}", ran.err));
    let rows = matrix["rows"].as_array().unwrap();
    let bound = rows.iter().filter(|row| row["cells"][0]["state"] != "not-binding");
    let states = bound.map(|row| format!("{} {}", row["item"].as_str().unwrap(), row["cells"][0]["state"]));
    let audit = dmsc(&["ics", "audit", &out, "--json"]);
    (states.collect(), audit.code, serde_json::from_str(&audit.out).unwrap())
}

/// The answers of a statement.
fn answers(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().skip_while(|line| *line != "answers:").skip(1);
    let answers = lines.filter_map(|line| line.split('#').next()?.trim().split_once(':'));
    answers.map(|(item, answer)| (item.to_owned(), answer.trim().to_owned())).collect()
}

#[test]
fn an_honest_statement_agrees_with_what_is_seen() {
    for name in HONEST {
        let (states, code, audit) = audited(name);
        insta::assert_snapshot!(format!("matrix-{name}"), states.join("\n"));
        let wrong = |one: &&Value| one["finding"] == "not-seen" || one["finding"] == "not-claimed";
        let items = audit[0]["items"].as_array().unwrap();
        assert!(items.iter().find(wrong).is_none() && code != 1, "{name}: {:#}", audit[0]);
    }
}

#[test]
fn a_claim_that_the_profile_denies_is_found() {
    let (states, code, audit) = audited("over-claiming-handset");
    insta::assert_snapshot!("matrix-over-claiming-handset", states.join("\n"));
    assert_eq!(code, 1);
    let items = audit[0]["items"].as_array().unwrap();
    let found: Vec<&Value> = items.iter().filter(|one| one["finding"] == "not-seen").collect();
    let names: Vec<&str> = found.iter().map(|one| one["item"].as_str().unwrap()).collect();
    assert_eq!(names, ["DM_SC-D-002-O"], "{:#}", audit[0]);
    assert_eq!(found[0]["evidence"][0]["message"], "terminal-profile");
    assert!(found[0]["evidence"][0]["octets"].as_str().unwrap().starts_with("80100000"));
}

#[test]
fn a_drafted_statement_is_the_honest_one() {
    for name in HONEST {
        let folder = Scratch::new();
        let out = folder.path("draft.yaml");
        let ran = dmsc(&["ics", "draft", "--dut", &file(name), "-o", &out]);
        assert!(matches!(ran.code, 0 | 2), "{name}: {}", ran.err);
        let drafted = answers(&std::fs::read_to_string(&out).unwrap());
        let honest = answers(&std::fs::read_to_string(file(&format!("{name}.ics"))).unwrap());
        assert_eq!(drafted.len(), honest.len(), "{name}");
        for (item, answer) in drafted {
            let (_, claimed) = honest.iter().find(|(known, _)| *known == item).unwrap();
            assert!(answer.is_empty() || answer == *claimed, "{name}: {item}: {answer:?}");
        }
    }
}
