//! The numbers by which others know a case: its own, and those that files beside the cases put on it.

use dmsc_doc::{Definitions, Field, Mapping, Node, Problem, Schema, Source, nearest};
use dmsc_scr::Reference;

use super::Head;
use super::read::Found;
use crate::bundle::{Bundle, REFS};

/// The numbers of one case.
pub(crate) fn references() -> Schema {
    let reference = Mapping::new([
        Field::required("body", Schema::text(), "Whose number it is."),
        Field::required("id", Schema::verbatim(), "The number, as it is written there."),
    ]);
    Schema::seq_of(reference, 1, usize::MAX)
}

/// What a file of numbers beside the cases may hold.
pub fn refs_schema() -> Schema {
    let entry = Mapping::new([
        Field::required("case", Schema::text(), "The case: the name of its file, or of an instance."),
        Field::required("refs", references(), "The numbers by which others know it."),
    ]);
    Schema::seq_of(entry, 1, usize::MAX)
}

/// The numbers in a node that complies with the schema.
pub(crate) fn read(node: &Node) -> Vec<Reference> {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::written).unwrap_or_default().to_owned();
    node.items().iter().map(|one| Reference { body: text(one, "body"), id: text(one, "id") }).collect()
}

/// Puts the numbers of the files beside the cases on them.
pub(super) fn put_on<'h>(bundle: &Bundle, cases: impl Iterator<Item = &'h mut Head>, found: &mut Found) {
    let mut cases: Vec<&mut Head> = cases.collect();
    for (path, text) in bundle.under(REFS) {
        let source = Source::new(bundle.shown(path), text);
        match dmsc_doc::load(&source, &refs_schema(), &Definitions::new()) {
            Ok(root) => root.items().iter().for_each(|entry| put(entry, &source, &mut cases, found)),
            Err(problems) => found.add_all(problems),
        }
    }
}

fn put(entry: &Node, source: &Source, cases: &mut [&mut Head], found: &mut Found) {
    let Some(name) = entry.get("case").and_then(Node::as_str) else { return };
    let refs = entry.get("refs").map(read).unwrap_or_default();
    let mut met = false;
    for case in cases.iter_mut().filter(|case| case.id == name || case.name == name) {
        met = true;
        for one in &refs {
            if !case.refs.contains(one) {
                case.refs.push(one.clone());
            }
        }
    }
    // Where a case is wrong it is not among those that were read, and that is told already.
    if !met && found.is_empty() {
        let problem = Problem::new(entry.at("case").span, format!("there is no case `{name}`"));
        let names = cases.iter().flat_map(|case| [case.id.as_str(), case.name.as_str()]);
        found.add(
            source,
            match nearest(name, names) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("`dmsc cases list` shows all"),
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Case, Library};

    const CASE: &str = "
title: t
purpose: p
spec: [DM_SC 7.1]
refs: [{ body: Lab, id: 7 }]
role: card
parameters: { session: [\"1\", A5] }
steps:
  - send: notification
    with: { session_id: \"${session}\" }
  - expect: dm.message
    match: { package: 1 }
";

    fn load(numbers: &str) -> Result<Vec<Case>, String> {
        let files = [("testcases/DM_SC-C-001-M/a.yaml", CASE), ("refs/etcs.yaml", numbers)];
        Library::new(Bundle::of(files)).load().map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_case_has_its_own_numbers_and_those_of_files_beside_it() {
        let numbers = "
- { case: DM_SC-C-001-M/a, refs: [{ body: ETCS, id: 5.2.10 }, { body: Lab, id: \"7\" }] }
- { case: \"DM_SC-C-001-M/a[session=A5]\", refs: [{ body: ETCS, id: \"0010\" }] }
";
        let cases = load(numbers).unwrap();
        let shown = |case: &Case| case.refs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        assert_eq!(
            cases.iter().map(shown).collect::<Vec<_>>(),
            ["Lab 7, ETCS 5.2.10", "Lab 7, ETCS 5.2.10, ETCS 0010"]
        );
        assert_eq!(cases[0].hash, load("[{ case: DM_SC-C-001-M/a, refs: [{ body: B, id: 1 }] }]").unwrap()[0].hash);
    }

    #[test]
    fn what_is_wrong_with_a_file_of_numbers_is_told_at_its_place() {
        let wrong = load("- { case: DM_SC-C-001-M/b, refs: [{ body: ETCS, id: 5 }] }\n").unwrap_err();
        assert!(wrong.contains("there is no case `DM_SC-C-001-M/b`") && wrong.contains("etcs.yaml:1:"), "{wrong}");
        let wrong = load("- { case: DM_SC-C-001-M/a, refs: [{ body: ETCS, number: 5 }] }\n").unwrap_err();
        assert!(wrong.contains("unknown key `number`"), "{wrong}");
    }
}
