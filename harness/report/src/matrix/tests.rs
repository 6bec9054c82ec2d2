use dmsc_scr::ItemId;
use proptest::prelude::*;

use super::*;
use crate::synthetic;

fn matrix() -> Matrix {
    Matrix::new(&synthetic::folder(), Tables::builtin()).unwrap()
}

/// The matrix of a run in which every text that is not a name of the tables is the one given.
fn matrix_saying(text: &str) -> Matrix {
    let mut run = synthetic::folder();
    for dut in &mut run.header.duts {
        dut.name.push_str(text);
        dut.link = text.into();
        dut.ixit = serde_json::json!({ text: text });
        dut.ics.hash = text.into();
        dut.interpretations = [(text.to_owned(), text.to_owned())].into();
    }
    for case in &mut run.header.cases {
        case.id.push_str(text);
        case.title = text.into();
        case.purpose = text.into();
        case.spec = vec![text.into()];
        case.covers.push(text.into());
        case.file = text.into();
    }
    for record in &mut run.records {
        record.outcome.reason = Some(text.into());
        record.remarks = vec![text.into()];
        for check in &mut record.missed {
            check.what = text.into();
            check.expected = text.into();
            check.got = text.into();
            check.hint = Some(text.into());
        }
    }
    run.header.selection = text.into();
    run.header.harness = text.into();
    run.notes = vec![text.into()];
    Matrix::new(&run, Tables::builtin()).unwrap()
}

#[test]
fn every_item_of_appendix_b_is_a_row_and_every_dut_a_column() {
    let matrix = matrix();
    let rows: Vec<&str> = matrix.own_rows().map(|row| row.item.as_str()).collect();
    let items: Vec<&ItemId> = Tables::builtin().items().iter().map(|item| &item.id).collect();
    assert_eq!(rows.len(), 19);
    assert!(rows.iter().zip(&items).all(|(row, item)| **item == *row));
    assert!(matrix.rows.iter().all(|row| row.cells.len() == matrix.duts.len()));
}

#[test]
fn tested_and_only_declared_never_look_alike() {
    let matrix = matrix();
    let cell = |item: &str, dut: usize| {
        let row = matrix.rows.iter().find(|row| row.item == item).unwrap();
        &row.cells[dut]
    };
    assert_eq!(cell("DM_SC-C-001-M", 0).state, State::Fail);
    assert_eq!(cell("DM_SC-C-001-M", 0).evidence, Evidence::Tested);
    assert_eq!(cell("DM_SC-C-001-M", 0).cases, [0, 1]);
    assert_eq!(cell("DM_SC-C-001-M", 1).state, State::NotBinding);
    assert_eq!(cell("DM_SC-C-002-O", 0).state, State::NotClaimed);
    assert_eq!(cell("DM_SC-C-003-O", 0).state, State::DeclaredOnly);
    assert_eq!(cell("DM_SC-C-003-O", 0).evidence, Evidence::Declared);
    assert_eq!(cell("DM_SC-D-001-M", 0).state, State::Error);
    let words: std::collections::HashSet<&str> = State::ALL.iter().map(|s| s.as_str()).collect();
    let symbols: std::collections::HashSet<&str> = State::ALL.iter().map(|s| s.symbol()).collect();
    assert_eq!((words.len(), symbols.len()), (State::ALL.len(), State::ALL.len()));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(matrix().markdown());
}

#[test]
fn csv() {
    insta::assert_snapshot!(matrix().csv().replace("\r\n", "\n"));
}

#[test]
fn json() {
    let text = matrix().json().unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["matrix"], VERSION);
    assert_eq!(value["rows"].as_array().unwrap().len(), matrix().rows.len());
    let mut brief = value;
    brief["rows"].as_array_mut().unwrap().truncate(2);
    brief["duts"].as_array_mut().unwrap().truncate(1);
    brief["duts"][0]["ics"] = "(all answers)".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&brief).unwrap());
}

#[test]
fn html() {
    insta::assert_snapshot!(matrix().html().unwrap());
}

#[test]
fn summary() {
    insta::assert_snapshot!(matrix().summary(false, 100));
}

#[test]
fn a_dut_may_have_a_name_that_no_table_has_room_for() {
    let mut matrix = matrix();
    matrix.duts[0].name = "n".repeat(70_000);
    let summary = matrix.summary(false, 100);
    assert!(summary.lines().next().is_some_and(|head| head.contains("nnn...") && head.len() < 200), "{summary}");
}

#[test]
fn a_narrow_terminal_drops_the_functions_and_colour_comes_on_request() {
    let matrix = matrix();
    let narrow = matrix.summary(false, 50);
    assert!(!narrow.contains("function") && !narrow.contains('\u{1b}'));
    let width = matrix.summary(false, 100).lines().take(20).map(|line| line.chars().count()).max();
    assert!(width <= Some(100));
    let colored = matrix.summary(true, 100);
    assert!(colored.contains("\u{1b}[1;31mfail 1/2\u{1b}[0m"));
    let mut plain = String::new();
    for part in colored.split('\u{1b}') {
        let code = part.strip_prefix('[').and_then(|rest| rest.split_once('m'));
        plain.push_str(code.map_or(part, |(_, text)| text));
    }
    assert_eq!(plain, matrix.summary(false, 100), "colour changes no text");
}

#[test]
fn a_page_is_one_file_that_works_without_network_script_or_colour() {
    let page = matrix().html().unwrap();
    for forbidden in ["<script", "http:", "https:", "<link", "@import", "url(", "<img", "onclick"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for needed in
        ["<html lang=\"en\">", "<caption>", "scope=\"col\"", "scope=\"row\"", "class=\"skip\"", "@media print"]
    {
        assert!(page.contains(needed), "{needed}");
    }
    for (at, _) in matrix().cases.iter().enumerate() {
        assert!(page.contains(&format!("<h3 id=\"case-{at}\">")));
    }
    assert!(page.contains("<mark>^^ ^^</mark>"), "offending octets are marked");
}

#[test]
fn text_of_foreign_origin_is_escaped_everywhere() {
    let hostile = "</pre><script>alert(1)</script>\" onclick='x' \u{1b}[2J|\n# h";
    let matrix = matrix_saying(hostile);
    let page = matrix.html().unwrap();
    assert!(!page.contains("<script") && !page.contains("\" onclick") && !page.contains('\u{1b}'));
    let markdown = matrix.markdown();
    assert!(!markdown.contains("<script") && !markdown.contains("\n# h") && !markdown.contains('\u{1b}'));
    assert!(!matrix.summary(false, 80).contains('\u{1b}'));
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let table: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert!(table.iter().all(|line| columns(line) == 5), "no text breaks the table");
}

#[test]
fn a_statement_that_does_not_hold_is_refused() {
    let mut run = synthetic::folder();
    run.header.duts[0].ics.answers.remove("DM_SC-C-001-M");
    let text = Matrix::new(&run, Tables::builtin()).unwrap_err().to_string();
    assert!(text.starts_with("the ICS that the run of phone rested on does not hold"), "{text}");
    run.header.duts[0].ics.answers.insert("no item\": yes".into(), true);
    assert!(Matrix::new(&run, Tables::builtin()).is_err());
}

#[test]
fn a_case_of_no_item_is_noted() {
    let mut run = synthetic::folder();
    run.header.cases[0].item = "NOWHERE-C-001".into();
    let matrix = Matrix::new(&run, Tables::builtin()).unwrap();
    assert_eq!(matrix.notes, ["results of cases whose item is in no table, which no row counts: 1"]);
    assert_eq!(matrix.cases.len(), run.records.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_text_renders(text: String) {
        let matrix = matrix_saying(&format!("a{text}"));
        let page = matrix.html().unwrap();
        prop_assert!(page.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
        prop_assert_eq!(page.matches('<').count(), matrix_saying("a").html().unwrap().matches('<').count());
        let _ = (matrix.markdown(), matrix.csv(), matrix.json().unwrap(), matrix.summary(true, 0));
    }
}

#[test]
fn among_thousands_a_plain_pass_has_a_line_and_all_else_is_whole() {
    let mut run = synthetic::folder();
    let pass = run.records.last().unwrap().clone();
    run.records.extend(std::iter::repeat_n(pass, 2_000));
    let page = Matrix::new(&run, Tables::builtin()).unwrap().html().unwrap();
    assert_eq!(page.matches("<p class=\"brief\"").count(), 2_001);
    assert_eq!(page.matches("<article ").count(), 5, "a pass with a remark, and what did not pass");
    assert!(page.contains("2001 that passed, under <a href=\"#cases\">Cases</a>"), "{page}");
    let targets = page.matches(" id=\"case-").count();
    assert_eq!(targets, run.records.len(), "every case can be linked to");
}
