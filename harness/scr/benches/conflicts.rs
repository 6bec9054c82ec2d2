//! Statements with many contradictions, checked: apart from each other, and hanging together by an item that all
//! of them require.
//!
//! `cargo bench -p dmsc-scr`. The times of one number to the next show whether the growth is linear.

use divan::Bencher;
use dmsc_doc::Source;
use dmsc_scr::{CheckReport, Draft, Tables};

const CONFLICTS: [usize; 5] = [10, 20, 40, 80, 200];

fn main() {
    divan::main();
}

/// Tables in which each item requires one of two others, and the root if there is one; and a statement that claims
/// each, and none of what it requires.
fn statement(conflicts: usize, root: bool) -> Option<(Tables, Draft)> {
    let (mut items, mut answers) = (String::new(), String::new());
    let also = if root { " AND DM_SC-C-000-O" } else { "" };
    let mut item = |name: &str, requirement: &str, answer: &str| {
        items += &format!("- {{ id: {name}, class: C, status: O, function: Example, reference: Section 7, ");
        items += &format!("requirement: '{requirement}' }}\n");
        answers += &format!("  {name}: {answer}\n");
    };
    item("DM_SC-C-000-O", "", "yes");
    for number in 0..conflicts {
        let [claim, one, other] = ["A", "B", "C"].map(|kind| format!("DM_SC-{kind}{number}-C-001-O"));
        item(&claim, &format!("({one} OR {other}){also}"), "yes");
        item(&one, "", "no");
        item(&other, "", "no");
    }
    let files = Tables::FILES.map(|name| (name, if name == "items.yaml" { items.as_str() } else { "[]" }));
    let tables = Tables::load(&files).ok()?;
    let text = format!("ics: 1\ndut: {{ name: Example, kind: terminal }}\nanswers:\n{answers}");
    let draft = Draft::parse(&Source::new("dut.yaml", text), &tables).ok()?;
    Some((tables, draft))
}

fn check(bencher: Bencher<'_, '_>, conflicts: usize, root: bool) {
    let made = statement(conflicts, root);
    let checked = || -> Option<CheckReport> { made.as_ref().map(|(tables, draft)| draft.check(tables)) };
    assert_eq!(checked().map(|report| report.conflicts.len()), Some(conflicts));
    bencher.bench(checked);
}

#[divan::bench(args = CONFLICTS)]
fn apart(bencher: Bencher<'_, '_>, conflicts: usize) {
    check(bencher, conflicts, false);
}

#[divan::bench(args = CONFLICTS)]
fn with_a_common_root(bencher: Bencher<'_, '_>, conflicts: usize) {
    check(bencher, conflicts, true);
}
