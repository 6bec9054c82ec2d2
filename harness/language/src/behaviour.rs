//! How a reference DUT can be told to behave otherwise: decisions and messages, for faults and variants alike.

use std::collections::BTreeMap;
use std::fmt;

use dmsc_doc::{Field, Mapping, Node, Problem, Schema, Source, Tagged};
use dmsc_engine::messages::normalise;
use dmsc_engine::mutation::Mutation;
use dmsc_engine::patch::{Change, Patch};
use dmsc_engine::switch::Switch;
use dmsc_engine::template::{Template, TemplateError};
use dmsc_scr::{ItemId, Tables};
use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Visitor};

use crate::bundle::Bundle;
use crate::case::{Found, definitions, explained, json};
use crate::catalogue::schema::{kinds, mutations, template, with};
use crate::catalogue::{Catalogue, Kind, Role};
use crate::variables::references;

/// The keys of what a side does otherwise.
pub(crate) fn fields(side: Role) -> Vec<Field> {
    vec![
        Field::optional(
            "switches",
            Schema::seq_of(Schema::choice(variants::<Switch>().to_vec()), 1, usize::MAX),
            "Decisions it takes otherwise.",
        ),
        Field::optional("patches", Schema::seq_of(patch(side), 1, usize::MAX), "Messages it sends otherwise."),
    ]
}

/// Reads every entry of the files in a folder that complies with a schema; tells all that is wrong.
pub(crate) fn entries<'b>(
    bundle: &'b Bundle,
    folder: &'b str,
    schema: &Schema,
    found: &mut Found,
    mut read: impl FnMut(&Source, &Node, &mut Found),
) {
    for (path, text) in bundle.under(folder).filter(|(path, _)| path.ends_with(".yaml")) {
        let source = Source::new(bundle.shown(path), text);
        let root = match dmsc_doc::parse(&source) {
            Ok(root) => root,
            Err(problems) => {
                found.add_all(problems);
                continue;
            }
        };
        let problems = schema.check(&root, definitions());
        if problems.is_empty() {
            for node in root.items() {
                refuse_names(&source, node, found);
                read(&source, node, found);
            }
            continue;
        }
        for problem in problems {
            // Words on kinds depend on whose behaviour it is.
            let at = root
                .items()
                .iter()
                .find(|entry| entry.span.start <= problem.span.start && problem.span.end <= entry.span.end);
            let side = at.and_then(|entry| entry.get("side")).and_then(Node::as_str).and_then(Role::from_name);
            for problem in explained(vec![problem], side.map(Role::other), at.unwrap_or(&root)) {
                found.add(&source, problem);
            }
        }
    }
}

/// The side that an entry is about.
pub(crate) fn side(entry: &Node) -> Role {
    entry.get("side").and_then(Node::as_str).and_then(Role::from_name).unwrap_or(Role::Card)
}

/// The text of a key.
pub(crate) fn text(entry: &Node, key: &str) -> String {
    entry.get(key).and_then(Node::written).unwrap_or_default().trim_end().to_owned()
}

/// Whether a name is not taken yet; that it is, is told.
pub(crate) fn is_new(source: &Source, entry: &Node, what: &str, taken: bool, found: &mut Found) -> bool {
    if taken {
        let at = entry.get("id").map_or(entry.span, |id| id.span);
        let problem = Problem::new(at, format!("two {what}s are called `{}`", text(entry, "id")));
        found.add(source, problem.help("give one of them another name"));
    }
    !taken
}

/// The key for other answers of the statement.
pub(crate) fn statement_field() -> Field {
    let answers = Mapping::new([]).free(Schema::text(), Schema::choice(["yes", "no"]));
    Field::optional("statement", answers, "Items that the statement answers otherwise.")
}

/// The answers of an entry.
pub(crate) fn statement(source: &Source, entry: &Node, found: &mut Found) -> BTreeMap<ItemId, bool> {
    let mut statement = BTreeMap::new();
    for answer in entry.get("statement").map(Node::entries).unwrap_or_default() {
        match answer.key.parse::<ItemId>().ok().filter(|item| Tables::builtin().knows(item.as_str())) {
            Some(item) => drop(statement.insert(item, answer.value.written() == Some("yes"))),
            None => {
                let problem = Problem::new(answer.key_span, format!("there is no item `{}`", answer.key));
                let near = Tables::builtin().nearest(&answer.key);
                found.add(
                    source,
                    match near {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem,
                    },
                );
            }
        }
    }
    statement
}

/// The decisions of an entry.
pub(crate) fn switches(entry: &Node) -> Vec<Switch> {
    let switches = entry.get("switches").map(Node::items).unwrap_or_default().iter();
    switches.filter_map(|node| serde_json::from_value(node.to_json()).ok()).collect()
}

/// The messages of an entry.
pub(crate) fn patches(source: &Source, entry: &Node, found: &mut Found) -> Vec<Patch> {
    let patches = entry.get("patches").map(Node::items).unwrap_or_default().iter();
    patches.filter_map(|node| read_patch(source, node, side(entry), found)).collect()
}

/// A change to the messages that one side sends: those that the other role hears.
fn patch(side: Role) -> Tagged {
    let cases = kinds(
        side.other(),
        |kind| kind.patched,
        |kind| {
            let mut fields = vec![
                Field::optional("when", template(kind.fields), "Which messages; all unless given."),
                Field::optional("nth", Schema::int(1, i64::from(u32::MAX)), "Only this one of them, counted from 1."),
                Field::optional("drop", Schema::Bool, "Leaves the message out."),
                Field::optional("mutate", mutations(), "Edits of the octets."),
            ];
            if let Some(group) = kind.build {
                fields.push(Field::optional("with", with(group), "Fields to set; `null` leaves one out."));
            }
            fields
        },
    );
    Tagged::new([]).value("on", "The kind of message.", cases)
}

fn read_patch(source: &Source, node: &Node, side: Role, found: &mut Found) -> Option<Patch> {
    let on = node.get("on")?.written()?.to_owned();
    let kind = Catalogue::get().kind(side.other(), &on)?;
    let mut problem = |at: &Node, message: &str, label: String| {
        found.add(source, Problem::new(at.span, message).label(label));
    };
    let when = match node.get("when") {
        None => None,
        Some(value) => match compiled(kind, value) {
            Ok(template) => Some(template),
            Err(error) => {
                problem(value.at(&error.path), "an impossible matcher", error.message);
                return None;
            }
        },
    };
    let fields = node.get("with").map(|value| json(&with(kind.build.unwrap_or("none")), value, definitions()));
    let edits = match node.get("mutate") {
        None => Vec::new(),
        Some(value) => match serde_json::from_value::<Vec<Mutation>>(json(&mutations(), value, definitions())) {
            Ok(edits) => edits,
            Err(error) => {
                problem(value, "an impossible edit", error.to_string());
                return None;
            }
        },
    };
    let drop = node.get("drop").and_then(Node::as_bool).unwrap_or_default();
    let change =
        Change { with: fields.and_then(|fields| fields.as_object().cloned()).unwrap_or_default(), mutate: edits, drop };
    if change.is_empty() {
        problem(node, "a patch that changes nothing", "add `with`, `mutate` or `drop`".to_owned());
    }
    let nth = node.get("nth").and_then(Node::as_int).and_then(|nth| u32::try_from(nth).ok());
    Some(Patch { on, when, nth, change })
}

/// The template of a `when`, its literals as messages show them.
fn compiled(kind: &Kind, value: &Node) -> Result<Template, TemplateError> {
    let mut when = json(&template(kind.fields), value, definitions());
    normalise(&mut when, kind.fields);
    Template::compile(&when)
}

/// A reference DUT knows no session, so no name has a value in it.
fn refuse_names(source: &Source, node: &Node, found: &mut Found) {
    node.items().iter().for_each(|item| refuse_names(source, item, found));
    node.entries().iter().for_each(|entry| refuse_names(source, &entry.value, found));
    if node.as_str().is_some_and(|text| references(text).map_or(true, |names| !names.is_empty())) {
        let problem = Problem::new(node.span, "a name where none has a value")
            .label("names have values in cases only")
            .help("write the value");
        found.add(source, problem);
    }
}

/// The names of an enum without data, as serde knows them.
fn variants<T: DeserializeOwned>() -> &'static [&'static str] {
    /// Takes the names from the one call that tells them.
    struct Names<'a>(&'a mut &'static [&'static str]);

    #[derive(Debug)]
    struct Done;

    impl fmt::Display for Done {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("names taken")
        }
    }

    impl std::error::Error for Done {}

    impl de::Error for Done {
        fn custom<M: fmt::Display>(_: M) -> Self {
            Done
        }
    }

    impl<'de> de::Deserializer<'de> for Names<'_> {
        type Error = Done;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Done> {
            Err(Done)
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            _: &'static str,
            variants: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Done> {
            *self.0 = variants;
            Err(Done)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map struct identifier ignored_any
        }
    }

    let mut names: &'static [&'static str] = &[];
    // The error is how it ends.
    let _ = <T as Deserialize>::deserialize(Names(&mut names));
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_names_of_switches_are_those_of_serde() {
        let names = variants::<Switch>();
        assert!(names.len() > 50);
        for name in names {
            serde_json::from_value::<Switch>(json!(name)).unwrap();
        }
    }
}
