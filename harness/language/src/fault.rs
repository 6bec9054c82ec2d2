//! Faults: named ways in which a reference DUT can be told to misbehave, as data.

use std::fmt;

use dmsc_doc::{Case, Field, Node, Problem, Problems, Schema, Source, Tagged};
use dmsc_engine::mutation::Mutation;
use dmsc_engine::patch::{Change, Patch};
use dmsc_engine::switch::Switch;
use dmsc_engine::template::Template;
use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Visitor};

use crate::bundle::Bundle;
use crate::case::{Found, definitions, explained, json};
use crate::catalogue::schema::{kinds, mutations, template, with};
use crate::catalogue::{Catalogue, Role};
use crate::variables::references;

/// One fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name.
    pub id: String,
    /// Which reference DUT has it.
    pub side: Role,
    /// What goes wrong, in one line.
    pub what: String,
    /// Wrong decisions.
    pub switches: Vec<Switch>,
    /// Wrong octets.
    pub patches: Vec<Patch>,
}

impl PartialEq for Fault {
    /// Faults are known by name: a library has no two of one name.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.side == other.side
    }
}

/// The folder of the fault files.
const FAULTS: &str = "fixtures/faults/";

/// Every fault of a bundle, in the order of files and text.
///
/// # Errors
/// All that is wrong, file by file.
pub fn load(bundle: &Bundle) -> Result<Vec<Fault>, Vec<Problems>> {
    let mut found = Found::default();
    let mut faults: Vec<Fault> = Vec::new();
    let schema = faults_schema();
    for (path, text) in bundle.under(FAULTS).filter(|(path, _)| path.ends_with(".yaml")) {
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
            read(&source, &root, &mut faults, &mut found);
            continue;
        }
        for problem in problems {
            // Words on kinds depend on whose fault it is.
            let at = root
                .items()
                .iter()
                .find(|fault| fault.span.start <= problem.span.start && problem.span.end <= fault.span.end);
            let side = at.and_then(|fault| fault.get("side")).and_then(Node::as_str).and_then(Role::from_name);
            for problem in explained(vec![problem], side.map(Role::other), at.unwrap_or(&root)) {
                found.add(&source, problem);
            }
        }
    }
    found.none_or(faults)
}

/// What a fault file may hold.
pub fn faults_schema() -> Schema {
    let sides = Role::ALL.map(|side| {
        let doc = match side {
            Role::Card => "The reference card has it.",
            Role::Terminal => "The reference terminal has it.",
        };
        let fields = vec![
            Field::optional(
                "switches",
                Schema::seq_of(Schema::choice(variants::<Switch>().to_vec()), 1, usize::MAX),
                "Decisions it gets wrong.",
            ),
            Field::optional("patches", Schema::seq_of(patch(side), 1, usize::MAX), "Messages it gets wrong."),
        ];
        Case::new(side.as_str(), doc, fields)
    });
    let fault = Tagged::new([
        Field::required("id", crate::variables::name_schema(), "Name of the fault."),
        Field::required("what", Schema::text(), "What goes wrong, in one line."),
    ])
    .value("side", "Which reference DUT has it.", sides);
    let some = Schema::Tagged(fault).with(|node| {
        let does = ["switches", "patches"].iter().any(|key| node.get(key).is_some());
        let at = node.entry("id").map_or(node.span, |entry| entry.key_span);
        (!does).then(|| Problem::new(at, "a fault that changes nothing").help("add `switches` or `patches`"))
    });
    Schema::seq_of(some, 1, usize::MAX)
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

fn read(source: &Source, root: &Node, faults: &mut Vec<Fault>, found: &mut Found) {
    for node in root.items() {
        let text = |key: &str| node.get(key).and_then(Node::written).unwrap_or_default().to_owned();
        let id = text("id");
        if faults.iter().any(|fault| fault.id == id) {
            let at = node.get("id").map_or(node.span, |id| id.span);
            let problem =
                Problem::new(at, format!("two faults are called `{id}`")).help("give one of them another name");
            found.add(source, problem);
            continue;
        }
        refuse_names(source, node, found);
        let side = Role::from_name(&text("side")).unwrap_or(Role::Card);
        let switches = node.get("switches").map(Node::items).unwrap_or_default().iter();
        let patches = node.get("patches").map(Node::items).unwrap_or_default().iter();
        faults.push(Fault {
            id,
            side,
            what: text("what").trim_end().to_owned(),
            switches: switches.filter_map(|node| serde_json::from_value(node.to_json()).ok()).collect(),
            patches: patches.filter_map(|node| read_patch(source, node, side, found)).collect(),
        });
    }
}

fn read_patch(source: &Source, node: &Node, side: Role, found: &mut Found) -> Option<Patch> {
    let on = node.get("on")?.written()?.to_owned();
    let kind = Catalogue::get().kind(side.other(), &on)?;
    let mut problem = |at: &Node, message: &str, label: String| {
        found.add(source, Problem::new(at.span, message).label(label));
    };
    let when = match node.get("when") {
        None => None,
        Some(value) => match Template::compile(&json(&template(kind.fields), value, definitions())) {
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

/// A fault knows no session, so no name has a value in it.
fn refuse_names(source: &Source, node: &Node, found: &mut Found) {
    node.items().iter().for_each(|item| refuse_names(source, item, found));
    node.entries().iter().for_each(|entry| refuse_names(source, &entry.value, found));
    if node.as_str().is_some_and(|text| references(text).map_or(true, |names| !names.is_empty())) {
        let problem = Problem::new(node.span, "a name in a fault")
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

    #[test]
    fn a_fault_is_read() {
        let text = "
- id: upper-case
  side: terminal
  what: Package#1 has another session id.
  switches: [accept-replay]
  patches:
    - on: dm.message
      when: { msg_id: 1, encoding: xml }
      nth: 1
      with: { session_id: 0a0b }
      mutate: [{ append: 0a 0B }]
- id: mute
  side: card
  what: Nothing is sent.
  patches: [{ on: open-channel, drop: true }]
";
        let faults = load(&Bundle::of([("fixtures/faults/a.yaml", text)])).unwrap_or_else(|e| panic!("{}", e[0]));
        assert_eq!(faults.len(), 2);
        let first = &faults[0];
        assert_eq!((first.side, first.switches.as_slice()), (Role::Terminal, [Switch::AcceptReplay].as_slice()));
        let patch = &first.patches[0];
        assert_eq!((patch.on.as_str(), patch.nth), ("dm.message", Some(1)));
        assert!(patch.when.as_ref().unwrap().accepts(&json!({ "msg_id": "1", "encoding": "xml" })));
        assert_eq!(patch.change.with["session_id"], "0a0b");
        assert_eq!(patch.change.mutate, [Mutation::Append("0A0B".into())]);
        assert!(faults[1].patches[0].change.drop);
    }
}
