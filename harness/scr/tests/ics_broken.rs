//! Every broken statement of `ics_broken/` is refused with the text beside it.
//!
//! `UPDATE_GOLDEN=1 cargo test -p dmsc-scr --test ics_broken` renews the texts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dmsc_doc::Source;
use dmsc_scr::{Ics, Tables};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ics_broken")
}

/// The names of the files with an extension, without it.
fn stems(extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let paths = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    paths.filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())).collect()
}

#[test]
fn broken_statements_are_refused_with_their_golden_text() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for name in stems("yaml") {
        let text = fs::read_to_string(folder().join(format!("{name}.yaml"))).unwrap();
        let source = Source::new(format!("{name}.yaml"), text);
        let found = match Ics::parse(&source, Tables::builtin()) {
            Ok(_) => panic!("{name}.yaml was accepted"),
            Err(problems) => format!("{problems}\n"),
        };
        let golden = folder().join(format!("{name}.txt"));
        if update {
            fs::write(golden, found).unwrap();
        } else if fs::read_to_string(golden).ok().as_deref() != Some(&found) {
            wrong.push(format!("{name}.yaml is now refused with\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nif that is right, run with UPDATE_GOLDEN=1", wrong.join("\n"));
    assert_eq!(stems("txt"), stems("yaml"), "a text without its statement, or the other way round");
    assert!(stems("yaml").len() >= 20);
}
