//! `dmsc run`, `dmsc prove` and `dmsc report`: what is shown, what is left behind, and the exit codes.

#![allow(clippy::unwrap_used)] // A test stops at what it does not expect.

mod common;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use common::{Ran, Scratch, dmsc, shown};
use dmsc_report::journal::JournalFiles;
use serde_json::Value;

/// A run of the cases of the tests against one of their DUTs.
fn run(dut: &str, more: &[&str]) -> Ran {
    let file = format!("suite/duts/{dut}.yaml");
    dmsc(&[&["run", "--cases", "suite", "--dut", &file], more].concat())
}

/// What the journal of a run that has ended says.
fn journal(folder: &str) -> String {
    let mut text = String::new();
    let packed = File::open(Path::new(folder).join("journal.0001.jsonl.gz")).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    text
}

/// Turns the journal of a run into one of version 1, which has no links and is not packed.
fn to_version_1(folder: &str) -> PathBuf {
    let text = journal(folder).replacen("\"journal\":3", "\"journal\":1", 1);
    let line = |line: &str| format!("{}}}\n", line.rsplit_once(",\"chain\":").unwrap().0);
    let path = Path::new(folder).join("journal.jsonl");
    std::fs::write(&path, text.lines().map(line).collect::<String>()).unwrap();
    std::fs::remove_file(Path::new(folder).join("journal.0001.jsonl.gz")).unwrap();
    path
}

#[test]
fn a_failure_shows_the_octet_that_is_wrong_and_the_table_the_rest() {
    let more = ["--no-report", "--explain"];
    insta::assert_snapshot!(shown(
        &[&["run", "--cases", "suite", "--dut", "suite/duts/card.yaml"], &more[..]].concat()
    ));
}

#[test]
fn the_readme_shows_what_the_suite_comes_to() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let table = dmsc(&["run", "--no-report", "-q"]).out;
    assert!(readme.contains(table.trim()), "put this into README.md:\n{table}");
}

#[test]
fn a_topic_is_chosen_as_an_item_is_and_counts_for_none() {
    let ran = dmsc(&["run", "--no-report", "--json", "--item", "bootstrap"]);
    let matrix: Value = serde_json::from_str(&ran.out).unwrap();
    let listed = dmsc(&["cases", "list", "--item", "bootstrap", "--json"]).out;
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert!(ran.code == 0 && !listed.is_empty(), "{}", ran.err);
    assert!(listed.iter().all(|case| case["item"] == "bootstrap"));
    let rows = matrix["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["item"] != "bootstrap"));
}

#[test]
fn exit_codes_tell_what_came_of_it() {
    let code = |dut: &str, more: &[&str]| run(dut, &[&["--no-report", "-q"], more].concat()).code;
    assert_eq!(code("card", &["--case", "DM_SC-S-001-M/notification"]), 0);
    assert_eq!(code("card", &[]), 1);
    assert_eq!(code("card", &["--case", "S-001-M/from-memory"]), 2);
    assert_eq!(code("card", &["--case", "S-001-M/by-hand"]), 2);
    assert_eq!(code("card", &["--case", "S-001-M/not*"]), 0);
    assert_eq!(code("card", &["--case", "S-001-M/not"]), 3, "a name is not the beginning of one");
    assert_eq!(code("card", &["--item", "S-003"]), 2, "nothing that applies is never a pass");
    assert_eq!(code("card", &["--select", "case:*/no*"]), 0);
    assert_eq!(code("card", &["--shard", "1/9", "--select", "case:*/by-hand or case:*/notification"]), 2);
    assert_eq!(code("card", &["--item", "S-002"]), 0, "a missed recommendation is a remark");
    assert_eq!(code("card", &["--item", "S-002", "--strict"]), 1);
    assert_eq!(code("no-statement", &[]), 3);
    assert_eq!(code("none", &[]), 3);
    assert_eq!(code("card", &["--select", "case:*/none"]), 2, "nothing that ran is never a pass");
    assert_eq!(code("silent", &[]), 4);
    assert_ne!(code("yes", &[]), 0);
}

#[test]
fn only_what_was_selected_is_explained() {
    let said = |choice: &[&str]| run("card", &[&["--no-report", "--explain"], choice].concat()).out;
    let by_hand = said(&["--case", "S-001-M/by-hand"]);
    assert!(by_hand.contains("DM_SC-S-001-M/by-hand") && by_hand.contains("act"), "{by_hand}");
    assert!(!by_hand.contains("not selected"), "{by_hand}");
    let ran = said(&["--case", "S-001-M/notification"]);
    assert!(ran.starts_with("Every case that is selected ran.\n"), "{ran}");
    let none = said(&["--select", "case:*/none"]);
    assert!(none.starts_with("No case is selected.\n"), "{none}");
}

#[test]
fn without_a_dut_file_both_reference_duts_are_run() {
    let columns = |more: &[&str]| {
        let ran = dmsc(&[&["run", "--no-report", "--json"], more].concat());
        let matrix: Value = serde_json::from_str(&ran.out).unwrap();
        let kinds = matrix["duts"].as_array().unwrap().iter().map(|dut| dut["kind"].as_str().unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(columns(&[]), ["card", "terminal"]);
    assert_eq!(columns(&["--role", "card"]), ["terminal"], "the harness plays the card");
}

#[test]
fn wrong_input_ends_in_what_to_try() {
    let run = ["run", "--cases", "suite", "--no-report"];
    insta::assert_snapshot!(shown(&[&run[..], &["--dut", "suite/duts/no-statement.yaml"]].concat()));
    insta::assert_snapshot!(shown(&[&run[..], &["--dut", "suite/duts/none.yaml"]].concat()));
    insta::assert_snapshot!(shown(&[&run[..], &["--item", "DM_SC-S-001-O"]].concat()));
    insta::assert_snapshot!(shown(&[&run[..], &["--case", "DM_SC-S-001-M/notificatoin"]].concat()));
    insta::assert_snapshot!(shown(&[&run[..], &["--select", "item:DM_SC-S-* an claimed"]].concat()));
    insta::assert_snapshot!(shown(
        &[&run[..], &["--select", "not role:terminal", "--dut", "suite/duts/card.yaml"]].concat()
    ));
    let twice = ["--dut", "suite/duts/card.yaml", "--dut", "suite/duts/card.yaml"];
    insta::assert_snapshot!(shown(&[&run[..], &twice].concat()));
    insta::assert_snapshot!(shown(&["run", "--cases", "suite/none", "--no-report"]));
    insta::assert_snapshot!(shown(&[&run[..], &["--case", "S-001-M/not"]].concat()));
    insta::assert_snapshot!(shown(&[&run[..], &["--case", "*/zzzz*"]].concat()));
}

#[test]
fn a_dead_dut_is_one_error_and_not_many() {
    let ran = run("silent", &["--no-report"]);
    assert_eq!(ran.code, 4);
    assert_eq!(ran.err.matches("error silent").count(), 1, "{}", ran.err);
    assert!(ran.out.contains("silent: 1 error"), "{}", ran.out);
}

#[test]
fn verbosity_decides_what_is_told_on_the_way() {
    let told = |flag: &[&str]| run("card", &[&["--no-report", "--case", "S-001-M/notification"], flag].concat()).err;
    assert_eq!(told(&[]), "");
    assert_eq!(told(&["-v"]), "pass          card  DM_SC-S-001-M/notification\n");
    assert_eq!(run("card", &["--no-report", "-q"]).err, "");
}

#[test]
fn a_run_folder_is_complete_and_renders_again() {
    let scratch = Scratch::new();
    let folder = scratch.path("run");
    let ran = run("card", &["--out", &folder]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains(&format!("run folder: {folder}")), "{}", ran.err);
    for name in ["journal.0001.jsonl.gz", "junit.xml", "matrix.html", "matrix.md", "matrix.csv", "matrix.json"] {
        assert!(Path::new(&folder).join(name).is_file(), "{name}");
    }
    let log = Path::new(&folder).join("cases/card/DM_SC-S-001-M/wrong-version.log");
    assert!(log.is_file());
    assert!(!log.with_file_name("notification.log").exists(), "a pass has none, unless it is asked for");
    let shown = dmsc(&["report", "log", &folder, "DM_SC-S-001-M/wrong-version"]);
    assert_eq!((shown.code, shown.out.clone()), (0, std::fs::read_to_string(&log).unwrap()));
    let passed = dmsc(&["report", "log", &folder, "*/notification", "--dut", "card"]);
    assert!(passed.out.starts_with("case:     DM_SC-S-001-M/notification\n"), "{}", passed.out);
    assert!(passed.out.contains("|-- notification, server to client "), "{}", passed.out);
    let unknown = dmsc(&["report", "log", &folder, "DM_SC-S-001-M/nothing"]);
    assert_eq!(unknown.code, 3);
    assert!(unknown.err.contains("the names are in its matrix.csv"), "{}", unknown.err);
    let near = dmsc(&["report", "log", &folder, "s-001-m/wrong-versio"]);
    assert!(near.err.contains("did you mean `s-001-m/wrong-versio*`?"), "{}", near.err);
    assert_eq!(dmsc(&["report", "log", &folder, "s-001-m/wrong-version"]).out, shown.out);

    let again = dmsc(&["report", &folder, "-q", "--logs", "all"]);
    assert_eq!((again.code, again.out), (1, ran.out));
    assert_eq!(std::fs::read_to_string(log.with_file_name("notification.log")).unwrap(), passed.out);
    let matrix: Value = serde_json::from_str(&dmsc(&["report", "--json", &folder]).out).unwrap();
    assert_eq!(matrix["duts"][0]["name"], "card");
    // Without a folder the result is the same.
    let mut unrecorded: Value = serde_json::from_str(&run("card", &["--no-report", "--json"]).out).unwrap();
    unrecorded["started"] = matrix["started"].clone();
    assert_eq!(unrecorded["rows"], matrix["rows"]);

    let twice = run("card", &["--out", &folder]);
    assert_eq!(twice.code, 3);
    assert!(twice.err.contains("--resume"), "{}", twice.err);
}

#[test]
fn exit_codes_rest_on_codes_and_in_journals_without_them_on_their_text() {
    let scratch = Scratch::new();
    let folder = scratch.path("run");
    assert_eq!(run("card", &["--item", "S-002", "--out", &folder]).code, 0);
    let journal = to_version_1(&folder);
    let text = std::fs::read_to_string(&journal).unwrap();
    assert!(text.contains(r#""reason":"not selected: another item","code":"not-selected""#), "{text}");

    let older = text.replace(r#","code":"not-selected""#, "");
    std::fs::write(&journal, &older).unwrap();
    assert_eq!(dmsc(&["report", &folder, "-q"]).code, 0);
    // What decides is the code, whatever the text says.
    std::fs::write(&journal, text.replace("not selected: ", "left out: ")).unwrap();
    assert_eq!(dmsc(&["report", &folder, "-q"]).code, 0);
    std::fs::write(&journal, older.replace("not selected: ", "left out: ")).unwrap();
    assert_eq!(dmsc(&["report", &folder, "-q"]).code, 2);
}

#[test]
fn an_interrupted_run_is_taken_up_and_comes_to_the_same() {
    let scratch = Scratch::new();
    let folder = scratch.path("run");
    let whole = run("card", &["--out", &folder, "--seed", "7"]);
    let text = journal(&folder);
    let path = to_version_1(&folder);
    let half: String = text.split_inclusive('\n').take(text.lines().count() / 2).collect();
    std::fs::write(&path, &half[..half.len() - 5]).unwrap();

    let other = dmsc(&["run", "--cases", "suite", "--dut", "suite/duts/yes.yaml", "--resume", &folder]);
    assert_eq!(other.code, 3);
    assert!(other.err.contains("the DUTs were card, not yes"), "{}", other.err);
    let other = run("card", &["--resume", &folder, "--strict"]);
    assert!(other.err.contains("it had no --strict, not --strict"), "{}", other.err);
    let other = run("card", &["--resume", &folder, "--seed", "8"]);
    assert!(other.err.contains("the seed was 7, not 8"), "{}", other.err);

    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"encoding\":\"xml\"", "\"encoding\":\"wbxml\"", 1)).unwrap();
    let other = run("card", &["--resume", &folder]);
    assert_eq!(other.code, 3);
    assert!(other.err.contains("journal.jsonl:1: the line is not as it was written"), "{}", other.err);
    std::fs::write(&path, text).unwrap();

    let resumed = run("card", &["--resume", &folder]);
    assert_eq!((resumed.code, &resumed.out), (whole.code, &whole.out));
    let nothing = run("card", &["--resume", &scratch.path("none")]);
    assert_eq!(nothing.code, 3);

    // Killed before there was a journal, and while it began: as from nothing.
    let early = scratch.path("early");
    std::fs::create_dir(&early).unwrap();
    for begun in [None, Some("{\"event\":\"ru")] {
        if let Some(begun) = begun {
            std::fs::remove_file(Path::new(&early).join("journal.0001.jsonl.gz")).unwrap();
            std::fs::write(Path::new(&early).join("journal.jsonl"), begun).unwrap();
        }
        let resumed = run("card", &["--resume", &early, "--seed", "7"]);
        assert_eq!((resumed.code, &resumed.out), (whole.code, &whole.out), "{}", resumed.err);
    }
}

/// The journals of a folder, by the file that each is written to.
fn journals(folder: &str) -> Vec<PathBuf> {
    JournalFiles::of_folder(Path::new(folder)).unwrap().into_iter().map(|files| files.path).collect()
}

#[test]
fn parts_of_a_run_that_share_a_folder_are_all_recorded_and_taken_up() {
    let scratch = Scratch::new();
    let (whole, folder) = (run("card", &["--no-report"]), scratch.path("shared"));
    let shard = |part: &str| run("card", &["--shard", part, "--out", &folder]);
    std::thread::scope(|scope| {
        let all: Vec<_> =
            ["1/4", "2/4", "3/4", "4/4"].map(|part| scope.spawn(move || shard(part))).into_iter().collect();
        for ran in all.into_iter().map(|ran| ran.join().unwrap()) {
            assert!(matches!(ran.code, 0..=2), "{}", ran.err);
        }
    });
    assert_eq!(journals(&folder).len(), 4);
    assert_eq!(dmsc(&["report", "-q", &folder]).code, whole.code);

    // One of them was killed: it is found by what it had selected.
    let (killed, part) = (journals(&folder).pop().unwrap(), |path: &Path| path.with_extension("0001.jsonl.gz"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(File::open(part(&killed)).unwrap()).read_to_string(&mut text).unwrap();
    let half: String = text.split_inclusive('\n').take(text.lines().count() / 2).collect();
    std::fs::write(&killed, half).unwrap();
    std::fs::remove_file(part(&killed)).unwrap();
    let (_, selected) = text.split_once("shard ").unwrap();
    let resumed = run("card", &["--shard", &selected[..3], "--resume", &folder]);
    // That the parts have selected different things is told besides.
    let out: String = resumed.out.split_inclusive('\n').filter(|line| !line.starts_with("note: ")).collect();
    assert_eq!((resumed.code, &out), (whole.code, &whole.out), "{}", resumed.err);
    assert_eq!(journals(&folder).len(), 4);
    let other = run("card", &["--shard", "1/3", "--resume", &folder]);
    assert_eq!(other.code, 3);
    assert!(other.err.contains("the selection was shard"), "{}", other.err);
}

#[test]
fn of_two_runs_for_one_folder_one_is_refused() {
    let scratch = Scratch::new();
    let folder = scratch.path("one");
    let begin = || run("card", &["--out", &folder]);
    let both = std::thread::scope(|scope| {
        let both = [scope.spawn(begin), scope.spawn(begin)];
        both.map(|ran| ran.join().unwrap())
    });
    let refused: Vec<_> = both.iter().filter(|ran| ran.code == 3).collect();
    assert_eq!(refused.len(), 1, "{} {}", both[0].err, both[1].err);
    assert!(refused[0].err.contains("is a run folder already"), "{}", refused[0].err);
    assert_eq!(journals(&folder).len(), 1);
    assert_eq!(dmsc(&["report", "-q", &folder]).code, run("card", &["--no-report"]).code);
}

#[test]
fn parts_of_a_run_are_put_together() {
    let scratch = Scratch::new();
    let whole = run("card", &["--no-report"]);
    let parts = ["1/2", "2/2"].map(|part| {
        let folder = scratch.path(&part.replace('/', "-of-"));
        let ran = run("card", &["--shard", part, "--out", &folder]);
        assert!(matches!(ran.code, 0..=2), "{}", ran.err);
        folder
    });
    let out = scratch.path("whole");
    let merged = dmsc(&["report", "merge", &parts[0], &parts[1], "-o", &out]);
    assert_eq!(merged.code, whole.code, "{}", merged.err);
    let table =
        |text: &str| text.lines().filter(|line| line.starts_with("DM_SC-")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(table(&merged.out), table(&whole.out));
    let journals = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let journals: Vec<String> = journals.filter(|name| name.starts_with("journal")).collect();
    assert_eq!(journals, ["journal-1.0001.jsonl.gz"]);
    // The new folder is a run folder itself, and is not overwritten.
    assert_eq!(dmsc(&["report", &out, "-q"]).out, merged.out);
    assert_eq!(dmsc(&["report", "merge", &parts[0], "-o", &out]).code, 3);
}

#[test]
fn runs_that_do_not_go_together_are_refused() {
    let scratch = Scratch::new();
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    run("card", &["--out", &one]);
    run("card", &["--out", &two, "--strict"]);
    let out = scratch.path("out");
    let merged = dmsc(&["report", "merge", &one, &two, "-o", &out]);
    assert_eq!(merged.code, 3);
    assert!(merged.err.contains("one run is strict, the other is not; run both with the same"), "{}", merged.err);
    assert!(!Path::new(&out).exists());
    insta::assert_snapshot!(shown(&["report", "suite"]));
    insta::assert_snapshot!(shown(&["report", "suite/none"]));
}

#[test]
fn a_proof_names_what_is_not_caught() {
    let unknown = dmsc(&["prove", "--fault", "no-such-fault"]);
    assert_eq!(unknown.code, 3);
    assert!(unknown.err.contains("there is no fault `no-such-fault`"), "{}", unknown.err);

    let scratch = Scratch::new();
    let file = scratch.path("proof.json");
    let proven = dmsc(&["prove", "--cases", "suite", "--side", "card", "--json", &file]);
    assert_ne!(proven.code, 0, "the cases of the tests fail against the clean reference");
    assert!(
        proven.out.contains("wrong: DM_SC-S-001-M/wrong-version is fail against the clean reference"),
        "{}",
        proven.out
    );
    let proof: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert!(proof["unclean"].as_array().unwrap().iter().any(|one| one["case"] == "DM_SC-S-001-M/wrong-version"));
    let plain: Value =
        serde_json::from_str(&dmsc(&["prove", "--cases", "suite", "--side", "card", "--json", "-"]).out).unwrap();
    assert_eq!(plain, proof);
}

#[test]
fn a_log_for_scripts_has_every_field() {
    let scratch = Scratch::new();
    let folder = scratch.path("run");
    assert_eq!(dmsc(&["run", "--role", "terminal", "--item", "S-002", "--out", &folder, "-q"]).code, 0);
    assert!(!journal(&folder).contains("\"sw\":"), "what the octets tell is not written");
    let told = dmsc(&["report", "log", &folder, "DM_SC-S-002-M/*", "--json"]).out;
    let cases: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() > 10, "{}", cases.len());
    let mut kinds = std::collections::BTreeSet::new();
    for entry in cases.iter().flat_map(|case| case["entries"].as_array().unwrap()) {
        if entry["event"] == "message" && entry["octets"] != "" {
            let kind = entry["kind"].as_str().unwrap();
            assert!(entry["fields"].is_object() && entry.get("context").is_none(), "{entry}");
            kinds.insert(kind);
            if kind == "response" {
                assert!(entry["fields"]["to"].is_string() && entry["written"]["sw"].is_string(), "{entry}");
            }
        }
    }
    for kind in ["select", "response", "send-data", "terminal-response.send-data", "http.response", "dm.message"] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
}
