//! What holds for the code as a whole: the layers of CONTRIBUTING.md, imports without circles, files that a person can
//! read in one go, and the words that are used. Everything is read from the files; nothing is built for it.

#![allow(clippy::expect_used, clippy::panic, reason = "tests, whose failure it is")]

mod circles;
mod layers;
mod lexer;
mod source;
mod words;
mod workspace;

use std::sync::LazyLock;

use circles::{Circle, KNOWN_CIRCLES};
use layers::Layers;
use source::Source;
use workspace::{Dependency, Workspace};

/// The most lines of a file.
const MOST_LINES: usize = 600;

/// Files that may be longer, since they are tables, with the reason. Tests may be longer without being listed.
const TABLES: [(&str, &str); 0] = [];

/// Files that are longer and are to be cut. The list only shrinks.
const TOO_LONG: [&str; 0] = [];

/// Files that read the project's own data, which nobody else writes, without places.
const OWN_DATA: [&str; 2] = ["harness/scr/build.rs", "harness/scr/src/tables/load.rs"];

#[test]
fn crates_depend_only_on_what_the_table_of_layers_allows() {
    let workspace = workspace();
    let layers = Layers::load(workspace);
    let mut wrong = layers.upward();
    for row in layers.rows() {
        if !workspace.crates.iter().any(|one| one.name == row.name) {
            wrong.push(format!("{}: there is no crate `{}`; take the row out", row.at, row.name));
        }
    }
    for one in &workspace.crates {
        let refused = |used: &Dependency| layers.refuses(one, used.ours()?, used.dev, &used.at);
        wrong.extend(one.dependencies.iter().filter_map(refused));
    }
    none(&wrong);
}

#[test]
fn sources_import_only_what_the_table_of_layers_allows() {
    let workspace = workspace();
    let layers = Layers::load(workspace);
    let mut wrong = Vec::new();
    for one in &workspace.crates {
        for file in &one.files {
            let found = file.imports.iter().filter(|import| import.first() != "crate");
            wrong.extend(found.filter_map(|import| {
                let at = format!("{}:{}", file.path, import.line);
                layers.refuses(one, import.first().strip_prefix("dmsc_")?, import.test, &at)
            }));
        }
    }
    none(&wrong);
}

#[test]
fn a_dependency_is_used() {
    let workspace = workspace();
    let mut wrong = Vec::new();
    for one in &workspace.crates {
        for dependency in &one.dependencies {
            let word = dependency.word();
            let named = |file: &Source| file.tokens.iter().any(|token| token.text == word);
            if !one.files.iter().chain(&one.others).any(named) {
                wrong.push(format!("{}: `{}` uses no `{}`; take it out", dependency.at, one.name, dependency.name));
            }
        }
    }
    none(&wrong);
}

#[test]
fn what_users_write_is_read_with_places() {
    let workspace = workspace();
    let mut wrong = Vec::new();
    for file in workspace.sources().filter(|file| !file.is_test() && !OWN_DATA.contains(&file.path.as_str())) {
        if let Some(token) = file.tokens.iter().find(|token| token.text == "serde_yaml") {
            let at = format!("{}:{}", file.path, token.line);
            wrong.push(format!("{at}: `serde_yaml` is for the project's own data; read what users write with `doc`"));
        }
    }
    none(&wrong);
}

#[test]
fn files_of_different_folders_do_not_import_each_other_in_a_circle() {
    let workspace = workspace();
    let circles: Vec<Circle> = workspace.crates.iter().flat_map(circles::between_folders).collect();
    let mut wrong: Vec<String> = circles
        .iter()
        .filter(|circle| !KNOWN_CIRCLES.iter().any(|known| circle.has(known)))
        .map(Circle::shown)
        .collect();
    for known in KNOWN_CIRCLES.iter().filter(|known| !circles.iter().any(|circle| circle.has(known))) {
        wrong.push(format!("{} is no circle any more; take it out of KNOWN_CIRCLES", known.join(" <-> ")));
    }
    none(&wrong);
}

#[test]
fn files_are_short_enough_to_be_read() {
    let workspace = workspace();
    let mut wrong = Vec::new();
    for file in workspace.sources().filter(|file| !file.is_test()) {
        let listed = TOO_LONG.contains(&file.path.as_str());
        let table = TABLES.iter().any(|(path, _)| *path == file.path);
        match (file.lines > MOST_LINES, listed || table) {
            (true, false) => {
                let path = &file.path;
                wrong.push(format!("{path}:{}: more than {MOST_LINES} lines; one noun, one file", file.lines));
            }
            (false, true) => wrong.push(format!("{} is short enough; take it out of the list", file.path)),
            _ => {}
        }
    }
    for listed in TOO_LONG.iter().chain(TABLES.iter().map(|(path, _)| path)) {
        if !workspace.sources().any(|file| file.path == *listed) {
            wrong.push(format!("{listed} is not there; take it out of the list"));
        }
    }
    none(&wrong);
}

#[test]
fn names_are_those_of_the_standards_and_of_the_field() {
    none(&words::wrong(workspace()));
}

/// The workspace, read once for all tests.
fn workspace() -> &'static Workspace {
    static WORKSPACE: LazyLock<Workspace> = LazyLock::new(Workspace::load);
    &WORKSPACE
}

/// Fails with one line for each thing that is wrong.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
