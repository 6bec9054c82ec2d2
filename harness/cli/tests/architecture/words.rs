//! Names that the standards and the field do not have for a thing.

use crate::workspace::{Workspace, files};

/// No type or module is called so.
const NAMES: [&str; 9] = ["Browser", "Desk", "Fit", "Hands", "Kept", "Letter", "Parcel", "Site", "Wire"];

/// Those that still are, with the file. The list only shrinks.
const TO_GO: &[(&str, &str)] = &[];

/// Every place where one stands, and every entry of the list that has gone.
pub(crate) fn wrong(workspace: &Workspace) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut stale: Vec<&(&str, &str)> = TO_GO.iter().collect();
    for file in workspace.sources().filter(|file| !file.path.contains("/tests/architecture/")) {
        for pair in file.tokens.windows(2) {
            let [keyword, name] = pair else { continue };
            if !["struct", "enum", "trait", "mod", "type"].contains(&keyword.text.as_str()) || !is_named(&name.text) {
                continue;
            }
            let known = (file.path.as_str(), name.text.as_str());
            stale.retain(|entry| **entry != known);
            if !TO_GO.contains(&known) {
                wrong.push(format!("{}:{}: `{}` is no name for a {}", file.path, name.line, name.text, keyword.text));
            }
        }
        for prose in &file.prose {
            let places = mentions(&prose.text).map(|(line, name)| (prose.line + line, name));
            let known = |name: &str| TO_GO.iter().any(|(_, old)| *old == name);
            wrong.extend(places.filter(|(_, name)| !known(name)).map(|(line, name)| told(&file.path, line, name)));
        }
    }
    for path in files(&workspace.root, &["md", "snap"]) {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let shown = path.strip_prefix(&workspace.root).unwrap_or(&path).display().to_string();
        wrong.extend(mentions(&text).map(|(line, name)| told(&shown, line + 1, name)));
    }
    wrong.extend(stale.into_iter().map(|(file, name)| format!("{file}: `{name}` has gone; take it out of TO_GO")));
    wrong
}

fn told(file: &str, line: usize, name: &str) -> String {
    format!("{file}:{line}: `{name}` is no name for a type or module; take the standard's or the field's")
}

/// Whether it is one of the names, as a type or as a module.
fn is_named(word: &str) -> bool {
    NAMES.iter().any(|name| *name == word || name.to_ascii_lowercase() == word)
}

/// Where a text speaks of a type by one of the names, which it does in backticks or brackets; the line counts from 0.
fn mentions(text: &str) -> impl Iterator<Item = (usize, &'static str)> {
    text.lines().enumerate().flat_map(|(line, text)| {
        let quoted = text.split(['`', '[', ']']).skip(1);
        let name = |part: &str| NAMES.into_iter().find(|name| *name == part.split("::").next().unwrap_or_default());
        quoted.filter_map(name).map(|name| (line, name)).collect::<Vec<_>>()
    })
}

#[test]
fn a_type_is_spoken_of_in_backticks() {
    let text = "The Browser of the\nterminal, [`Site`] and `Desk::new`";
    assert_eq!(mentions(text).collect::<Vec<_>>(), [(1, "Site"), (1, "Desk")]);
    assert!(is_named("wire") && is_named("Wire") && !is_named("rewire"));
}
