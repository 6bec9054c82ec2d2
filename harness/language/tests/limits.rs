//! Large case files: read in time in proportion to their size, or refused by a limit that is named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use std::fmt::Write;
use std::time::{Duration, Instant};

use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Library};

/// Many times what it takes, and a small part of what it took when the time grew with the square.
const ENOUGH: Duration = Duration::from_secs(60);

fn load(head: &str, steps: &str, more: &[(&str, String)]) -> Result<Vec<Case>, String> {
    let text = format!("title: t\npurpose: p\nspec: [DM_SC 7.1]\nrole: card\n{head}steps:\n{steps}");
    let files = [("testcases/DM_SC-C-001-M/large.yaml", text)].into_iter();
    let began = Instant::now();
    let loaded = Library::new(Bundle::of(files.chain(more.iter().cloned()))).load();
    assert!(began.elapsed() < ENOUGH, "{:?}", began.elapsed());
    loaded.map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))
}

fn steps(count: usize) -> String {
    "  - expect: dm.message\n".repeat(count)
}

#[test]
fn as_many_steps_as_there_may_be_are_read_and_more_are_refused() {
    assert_eq!(load("", &steps(10_000), &[]).unwrap()[0].steps.len(), 10_000);
    for count in [10_001, 220_000] {
        let text = load("", &steps(count), &[]).unwrap_err();
        assert!(text.contains("more than 10000 steps") && text.contains(&format!("{count} steps")), "{text}");
        assert!(text.contains("large.yaml:5:1"), "{text}");
    }
    let nested = "  - repeat: 2\n    steps:\n".to_owned() + &steps(10_000).replace("  - ", "      - ");
    assert!(load("", &nested, &[]).unwrap_err().contains("10001 steps"));
}

#[test]
fn steps_of_includes_count_wherever_they_are_included() {
    let mut files = vec![("testcases/include/many-0.yaml", format!("purpose: p\nsteps:\n{}", steps(10)))];
    let names = ["testcases/include/many-1.yaml", "testcases/include/many-2.yaml", "testcases/include/many-3.yaml"];
    for (level, name) in names.into_iter().enumerate() {
        files.push((name, format!("purpose: p\nsteps:\n{}", format!("  - include: many-{level}\n").repeat(30))));
    }
    assert_eq!(load("", "  - include: many-1\n", &files).unwrap()[0].steps.len(), 300);
    let text = load("", "  - include: many-3\n", &files).unwrap_err();
    assert!(text.contains("more than 10000 steps"), "{text}");
}

#[test]
fn many_values_of_a_parameter_are_read_and_too_many_refused() {
    let with = |count: usize, steps: usize| {
        let mut head = "parameters:\n  n:\n".to_owned();
        (0..count).for_each(|value| writeln!(head, "    - {value}").unwrap());
        load(&head, &"  - expect: dm.message\n    match: { msg_id: \"${n}\" }\n".repeat(steps), &[])
    };
    assert_eq!(with(1000, 1).unwrap().len(), 1000);
    assert!(with(1001, 1).unwrap_err().contains("more than 1000 instances"));
    assert!(with(1000, 101).unwrap_err().contains("more than 100000 steps in all instances together"));
    let twice =
        load("parameters: { n: [1, 2, 1] }\n", "  - expect: dm.message\n    match: { msg_id: \"${n}\" }\n", &[]);
    assert!(twice.unwrap_err().contains("the value `1` stands twice"));
}
