//! The includes of a bundle.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use dmsc_doc::{Node, Source};

use super::read::{Found, explained, problems_of, unused};
use super::{definitions, include_schema};
use crate::bundle::{Bundle, INCLUDES};
use crate::catalogue::Role;

/// The includes of a bundle by path, with their text; each is read once it is asked for, and none of one that cannot be
/// read.
#[derive(Debug)]
pub(super) struct Includes(BTreeMap<String, OnceLock<Option<(Source, Node)>>>);

impl Includes {
    /// Those of a bundle, none of which is read.
    pub(super) fn of(bundle: &Bundle) -> Includes {
        let files = bundle.under(INCLUDES).filter(|(path, _)| path.ends_with(".yaml"));
        Includes(files.map(|(path, _)| (path.to_owned(), OnceLock::new())).collect())
    }

    /// Those of a bundle, all of which are read and checked.
    pub(super) fn read(bundle: &Bundle, found: &mut Found) -> Includes {
        let files = bundle.under(INCLUDES).filter(|(path, _)| path.ends_with(".yaml"));
        Includes(files.map(|(path, text)| (path.to_owned(), include(bundle, path, text, found).into())).collect())
    }

    /// One of them; none of a name that none has.
    pub(super) fn get(&self, bundle: &Bundle, path: &str) -> Option<&Option<(Source, Node)>> {
        let slot = self.0.get(path)?;
        // What is wrong with one that is embedded is told by a test.
        Some(slot.get_or_init(|| include(bundle, path, bundle.text(path)?, &mut Found::default())))
    }

    /// How many were read.
    pub(super) fn count_read(&self) -> usize {
        self.0.values().filter(|slot| slot.get().is_some()).count()
    }
}

/// Reads an include that perhaps no case uses: its form, not the steps, which depend on the role.
fn include(bundle: &Bundle, path: &str, text: &str, found: &mut Found) -> Option<(Source, Node)> {
    let source = Source::new(bundle.shown(path), text);
    match dmsc_doc::parse(&source) {
        Ok(node) if bundle.is_sound() => Some((source, node)),
        Ok(node) => {
            let ways = Role::ALL.map(|role| {
                let problems = problems_of(&include_schema(Some(role)), &node, definitions());
                explained(problems, Some(role), &node)
            });
            let fewest = ways.into_iter().min_by_key(Vec::len).unwrap_or_default();
            let sound = fewest.is_empty();
            unused("variable", "variables", &source, &node, found);
            for problem in fewest {
                found.add(&source, problem);
            }
            sound.then_some((source, node))
        }
        Err(problems) => {
            found.add_all(problems);
            None
        }
    }
}
