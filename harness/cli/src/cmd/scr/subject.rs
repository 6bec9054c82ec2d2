//! What a case can be about, as a person names it: an SCR item or a topic.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use dmsc_scr::{ItemId, Tables};

use crate::failure::Failure;

/// Takes any text, which [`subject`] reads once it is known what it is for, and has a shell propose the names there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subjects;

impl TypedValueParser for Subjects {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &std::ffi::OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Tables::builtin().subjects().map(|id| PossibleValue::new(id.as_str()))))
    }
}

/// The item or topic that the user named; `C-001` and `DM_SC-C-001` stand for `DM_SC-C-001-M`.
///
/// # Errors
/// There is none; the nearest is proposed.
pub(crate) fn subject(name: &str) -> Result<&'static ItemId, Failure> {
    let tables = Tables::builtin();
    tables.subjects().find(|known| stands_for(name, known.as_str())).ok_or_else(|| {
        let topics: Vec<&str> = tables.topics().iter().map(|topic| topic.id.as_str()).collect();
        Failure::Input(match tables.nearest_subject(name) {
            Some(near) => format!("there is no SCR item or topic `{name}`; did you mean `{near}`?"),
            None => format!(
                "there is no SCR item or topic `{name}`; `dmsc scr list --external` shows all items, and of topics there are: {}",
                topics.join(", ")
            ),
        })
    })
}

fn stands_for(name: &str, id: &str) -> bool {
    let stem = id.strip_suffix("-M").or(id.strip_suffix("-O")).unwrap_or(id);
    let short = stem.strip_prefix("DM_SC-").unwrap_or(stem);
    [id, stem, short].iter().any(|form| form.eq_ignore_ascii_case(name))
}
