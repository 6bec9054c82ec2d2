//! A statement to fill in.

use std::fmt::Write as _;

use super::DutKind;
use super::read::describe;
use crate::{Feature, Item, ItemId, Tables};

/// The width that item names are padded to.
const WIDTH: usize = 28;

/// The width that answers on features are padded to.
const FEATURE_WIDTH: usize = 16;

pub(super) fn template(kind: DutKind, tables: &Tables) -> String {
    let items = kind.items(tables);
    let mandatory: Vec<&Item> =
        items.iter().filter_map(|id| tables.item(id.as_str())).filter(|item| item.is_mandatory()).collect();
    let implied: Vec<ItemId> = mandatory.iter().flat_map(|item| tables.closure(item.id.as_str())).collect();
    let mut text = format!(
        "# Implementation conformance statement of a {kind}.\n\
         # Fill in yes or no wherever nothing stands after the colon, then run `dmsc ics check` on the file.\n\
         ics: 1\n\
         dut:\n  name: My {kind}\n  kind: {kind}\n\
         answers:\n"
    );
    let mut own = true;
    for id in &items {
        let external = tables.item(id.as_str()).is_none();
        if external && own {
            own = false;
            text.push_str("\n  # Items of other enablers, which the items above rest on.\n");
        }
        let answered = mandatory.iter().any(|item| item.id == *id) || implied.contains(id);
        let line = format!("  {id}:{}", if answered { " yes" } else { "" });
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line:WIDTH$} # {}", describe(tables, id.as_str()));
    }
    text.push_str(
        "\n# What conditional demands depend on. What is not answered has the value that stands here.\n# features:\n",
    );
    for feature in Feature::ALL {
        let answer = if feature.default(kind, false) { "yes" } else { "no" };
        let _ = writeln!(text, "#   {:FEATURE_WIDTH$} # {}", format!("{feature}: {answer}"), feature.question());
    }
    text.push_str("\n# Readings of open points, where another than the default is wanted:\n# interpretations:\n");
    for interpretation in tables.interpretations() {
        let _ = writeln!(text, "#   {}: {}", interpretation.id, interpretation.default);
    }
    text
}

#[cfg(test)]
mod tests {
    use dmsc_doc::Source;

    use super::*;
    use crate::{Draft, Ics};

    #[test]
    fn templates_are_read_back_with_only_the_options_open() {
        for kind in DutKind::ALL {
            let text = Ics::template(kind, Tables::builtin());
            let draft = Draft::parse(&Source::new("new.yaml", text), Tables::builtin()).unwrap();
            let open = draft.unanswered(Tables::builtin());
            assert!(!open.is_empty());
            for id in open {
                assert!(!Tables::builtin().item(id.as_str()).is_some_and(Item::is_mandatory), "{id}");
                assert!(draft.answers.contains_key(&id), "{id} has no line");
            }
            assert!(draft.check(Tables::builtin()).consistent);
        }
    }

    #[test]
    fn the_template_of_a_card() {
        insta::assert_snapshot!(Ics::template(DutKind::Card, Tables::builtin()));
    }
}
