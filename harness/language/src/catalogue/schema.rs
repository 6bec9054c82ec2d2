//! The catalogue as schemas: what `with`, `reply`, `match` and `where` may hold.

use std::collections::HashMap;
use std::time::Duration;

use dmsc_doc::{Case, Definitions, Field, Mapping, Node, Problem, Schema, Tagged, Text};
use dmsc_engine::messages::{FieldValue, SETTINGS, SessionForm, SessionId};

use super::{Catalogue, FieldSpec, Kind, Role, Shape};
use crate::disturb::MOST_DISTURBANCES;

/// The longest that a wait, and that the waits of a case together, may last.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A length of time that a session may see: in longer ones more passes than is worth looking at.
pub(crate) fn within_a_day(duration: Schema) -> Schema {
    duration.with(|node| {
        let long = dmsc_doc::parse_duration(node.written()?).ok()? > LONGEST;
        long.then(|| {
            let hours = LONGEST.as_secs() / 3600;
            Problem::new(node.span, format!("longer than {hours} h")).label(format!("at most `{hours} h`"))
        })
    })
}

/// Where the fields of a group that are set are defined.
pub(crate) fn with(group: &str) -> Schema {
    Schema::reference(format!("with.{group}"))
}

/// Where the template over the fields of a group is defined.
pub(crate) fn template(group: &str) -> Schema {
    Schema::reference(format!("match.{group}"))
}

/// Where the list of octet edits is defined.
pub(crate) fn mutations() -> Schema {
    Schema::seq_of(Schema::reference("mutation"), 1, usize::MAX)
}

/// The definitions that [`with`], [`template`] and [`mutations`] refer to.
pub(crate) fn definitions() -> Definitions {
    let mut builder = Builder {
        definitions: Definitions::new().define_with("mutation", || mutation().into()),
        names: HashMap::new(),
    };
    for (group, fields) in Catalogue::get().groups().filter(|(group, _)| !SETTINGS.contains(group)) {
        let set = |field: &FieldSpec| {
            Field::optional(field.name, Schema::one_of([setting(&field.shape), Schema::Null]), field.doc)
        };
        builder.define(format!("with.{group}"), move || Mapping::new(fields.iter().map(set)).into());
        let templates: Vec<Schema> = fields.iter().map(|field| builder.template(&field.shape)).collect();
        let own = Schema::reference(format!("match.{group}"));
        builder.define(format!("match.{group}"), move || {
            let compared = fields.iter().zip(&templates);
            let compared = compared.map(|(field, template)| Field::optional(field.name, template.clone(), field.doc));
            let operators = operators(own.clone(), Schema::Any, Schema::Any);
            Schema::one_of([Mapping::new(compared).into(), operators, words()])
        });
    }
    builder.definitions
}

/// What the settings of a group may be, which are known before a case runs.
pub(crate) fn settings(group: &str) -> Mapping {
    let fields = Catalogue::get().group(group).iter();
    Mapping::new(fields.map(|field| Field::optional(field.name, setting(&field.shape), field.doc)))
}

/// What a field may be set to; a setting within a message is written out.
pub(crate) fn setting(shape: &Shape) -> Schema {
    valued(shape, &|group| if SETTINGS.contains(&group) { settings(group).into() } else { with(group) })
}

/// The kinds of a role that a key can name, each with the fields that come with it.
pub(crate) fn kinds(role: Role, takes: impl Fn(&Kind) -> bool, fields: impl Fn(&Kind) -> Vec<Field>) -> Vec<Case> {
    let kinds = Catalogue::get().kinds(role).filter(|kind| takes(kind));
    kinds.map(|kind| Case::new(kind.name.clone(), kind.doc.clone(), fields(kind))).collect()
}

/// One octet edit; the serde form of `dmsc_engine::mutation::Mutation`.
fn mutation() -> Tagged {
    let at = || {
        Field::required("at", Schema::int(-0xFFFF, 0xFFFF), "Offset of the first octet; negative counts from the end.")
    };
    let octets = || Field::required("octets", Schema::hex(1, usize::MAX), "The octets.");
    let fields = |fields: Vec<Field>| Schema::Map(Mapping::new(fields));
    let mask = Field::required("mask", Schema::int(1, 0xFF), "The bits to invert.");
    let count = Field::required("count", Schema::int(1, 0xFFFF), "How many octets.");
    let replace = [
        Field::required("find", Schema::verbatim(), "The text to look for."),
        Field::required("with", any_text(), "The text to put in its place."),
    ];
    let none: [Field; 0] = [];
    Tagged::new([])
        .key("flip", "Inverts bits of one octet.", fields(vec![at(), mask]), none.clone())
        .key("set", "Overwrites octets.", fields(vec![at(), octets()]), none.clone())
        .key("insert", "Inserts octets.", fields(vec![at(), octets()]), none.clone())
        .key("remove", "Removes octets.", fields(vec![at(), count]), none.clone())
        .key("truncate", "Keeps only this many octets.", Schema::int(0, 0xFFFF), none.clone())
        .key("append", "Adds octets at the end.", Schema::hex(1, usize::MAX), none.clone())
        .key("replace", "Replaces every occurrence of a text.", fields(replace.to_vec()), none.clone())
        .key("octets", "Replaces the whole message.", Schema::hex(0, usize::MAX), none)
}

fn any_text() -> Schema {
    Schema::Text(Text { verbatim: true, empty: true })
}

/// What may be written for a shape; `record` gives what may be written for the fields of a group.
fn valued(shape: &Shape, record: &dyn Fn(&str) -> Schema) -> Schema {
    let value = |of: &Shape| valued(of, record);
    match shape {
        Shape::Record(group) => record(group),
        Shape::Edits => mutations(),
        Shape::Disturbances => Schema::seq_of(Schema::reference("disturbance"), 1, MOST_DISTURBANCES),
        Shape::Template(group) => template(group),
        Shape::List(of) => Schema::seq(value(of)),
        Shape::ListOf(of, least, most) => Schema::seq_of(value(of), *least, *most),
        Shape::Map(of) => Mapping::new([]).free(Schema::verbatim(), Schema::one_of([value(of), Schema::Null])).into(),
        Shape::NumberMap(low, high, of) => Mapping::new([]).free(Schema::int(*low, *high), value(of)).into(),
        Shape::WordOr(words, other) => Schema::one_of([Schema::choice(words.clone()), value(other)]),
        Shape::TextOr(other) => Schema::one_of([any_text(), value(other)]),
        scalar => literal(scalar),
    }
}

/// The matchers that are mappings, for the reference.
pub(crate) fn matchers() -> Schema {
    operators(Schema::Any, Schema::Any, Schema::Any)
}

/// The edits of octets, for the reference.
pub(crate) fn edits() -> Schema {
    mutation().into()
}

/// A scalar as it is written, to be set or compared.
fn literal(shape: &Shape) -> Schema {
    match shape {
        Shape::Bool => Schema::Bool,
        Shape::Int(min, max) => Schema::int(*min, *max),
        Shape::Hex => Schema::hex(0, usize::MAX),
        Shape::HexOf(least, most) => Schema::hex(*least, *most),
        Shape::NonEmptyText => Schema::verbatim(),
        Shape::Duration => Schema::Duration,
        Shape::Word(words) => Schema::documented_choice(words.iter().copied()),
        // The number first: `10` without quotes is ten, `"10"` is the octet 0x10.
        Shape::HexOrInt => Schema::one_of([Schema::int(0, 0xFF), Schema::hex(0, usize::MAX)]),
        Shape::Name(names) => Schema::choice(names.clone()),
        Shape::NameOrInt(codes) => {
            Schema::one_of([Schema::choice(codes.iter().map(|(name, _)| *name)), Schema::int(0, 0xFF)])
        }
        Shape::SessionId(form) => {
            let free = *form == SessionForm::Free;
            let digits = any_text().with(move |node| session_id(node).filter(|_| !free || node.as_int().is_some()));
            let name = if free { "other text" } else { "its hexadecimal digits" };
            Schema::one_of([Schema::int(0, 0xFFFF), digits.named(name)])
        }
        _ => any_text(),
    }
}

/// What is wrong with a session id. A whole number is one, anything else is its hexadecimal digits.
fn session_id(node: &Node) -> Option<Problem> {
    let value = node.as_int().map_or_else(|| node.written().unwrap_or_default().into(), serde_json::Value::from);
    let problem = SessionId::read(&value).err()?;
    Some(Problem::new(node.span, problem).label("expected a session id: `0x0A0B`, `A0B`"))
}

struct Builder {
    definitions: Definitions,
    /// The definitions of templates by the shape they compare.
    names: HashMap<Shape, String>,
}

impl Builder {
    fn define(&mut self, name: String, make: impl Fn() -> Schema + Send + Sync + 'static) {
        self.definitions = std::mem::take(&mut self.definitions).define_with(name, make);
    }

    /// A template over values of a shape: the definition of that shape, made when it is first met.
    fn template(&mut self, shape: &Shape) -> Schema {
        if let Shape::Record(group) = shape {
            return template(group);
        }
        if let Some(name) = self.names.get(shape) {
            return Schema::reference(name.clone());
        }
        let name = match shape {
            Shape::Bool => "is.bool".to_owned(),
            Shape::Hex => "is.hex".to_owned(),
            Shape::Text => "is.text".to_owned(),
            Shape::Int(low, high) if *high == i64::MAX => format!("is.number.{low}"),
            Shape::Int(low, high) => format!("is.number.{low}-{high}"),
            _ => format!("is.{}", self.names.len()),
        };
        self.names.insert(shape.clone(), name.clone());
        let own = Schema::reference(name.clone());
        // Names are given in the order in which shapes are met; the rest can wait.
        let inner = match shape {
            Shape::List(of) | Shape::Map(of) => self.template(of),
            Shape::WordOr(_, other) | Shape::TextOr(other) => self.template(other),
            _ => any_text(),
        };
        let (shape, reference) = (shape.clone(), own.clone());
        self.define(name, move || {
            let inner = inner.clone();
            let (plain, item) = match &shape {
                Shape::List(_) => (vec![Schema::seq(inner.clone())], inner),
                Shape::Map(_) => (vec![Mapping::new([]).free(Schema::verbatim(), inner.clone()).into()], inner),
                Shape::WordOr(words, _) => (vec![Schema::choice(words.clone()), inner], Schema::Any),
                Shape::TextOr(_) => (vec![any_text(), inner], Schema::Any),
                scalar => (vec![literal(scalar)], inner),
            };
            let contained = Schema::one_of([Schema::seq_of(item.clone(), 1, usize::MAX), item.clone()]);
            let more = [words(), operators(reference.clone(), contained, item)];
            Schema::one_of(plain.into_iter().chain(more))
        });
        own
    }
}

/// The words that stand for a whole template.
fn words() -> Schema {
    let words = [("any", "Any value that is there."), ("absent", "The field is not there.")];
    Schema::one_of([Schema::documented_choice(words), Schema::Null])
}

/// The matchers, with templates of the same shape inside.
fn operators(own: Schema, contained: Schema, item: Schema) -> Schema {
    let verdicts = [
        ("pass", "As good as any."),
        ("inconclusive", "Seen, but not enough to decide."),
        ("fail", "Recognised, and wrong."),
    ];
    let alternative = Mapping::new([
        Field::required("is", own.clone(), "What the value must match."),
        Field::optional("verdict", Schema::documented_choice(verdicts), "What choosing it means; `pass` unless given."),
        Field::optional("remark", Schema::text(), "A remark for the report."),
        Field::optional("when", Schema::reference("readings"), "Counts only where these readings are in force."),
    ]);
    let alternatives = Schema::seq_of(Schema::one_of([own.clone(), alternative.into()]), 1, usize::MAX);
    let all = Schema::seq_of(own.clone(), 1, usize::MAX);
    let count = Schema::one_of([
        Schema::int(0, i64::MAX),
        Mapping::new([Field::required("range", range(), "Bounds, both included.")]).into(),
    ]);
    let counted = Mapping::new([
        Field::required("of", item.clone(), "What is counted."),
        Field::required("is", count.clone(), "How many there are."),
    ]);
    let unique = Schema::one_of([Schema::Bool, Schema::text()]);
    let per = Mapping::new([
        Field::required("of", Schema::one_of([Schema::text(), Schema::seq(Schema::Any)]), "The other list."),
        Field::required(
            "by",
            Schema::Map(Mapping::new([]).free(Schema::text(), Schema::text())),
            "Fields of elements here, and those of the other list that they are equal to.",
        ),
        Field::optional("only", Schema::Bool, "Nothing else is here."),
    ]);
    let order = Schema::seq_of(item.clone(), 2, usize::MAX);
    let mapping = Mapping::new([
        Field::optional("one_of", alternatives, "One of several, the first that matches; each may carry a verdict."),
        Field::optional("range", range(), "A number within bounds, both included."),
        Field::optional("regex", Schema::text(), "Text in which the expression finds a match."),
        Field::optional("length", count, "Number of elements, of characters, or of octets of a hexadecimal text."),
        Field::optional(
            "contains",
            contained,
            "Each is matched by at least one element; or the text contains the text.",
        ),
        Field::optional("each", item, "Every element matches."),
        Field::optional("count", counted, "So many elements match."),
        Field::optional("unique", unique, "No two elements are alike, or have the same value in this field."),
        Field::optional(
            "ordered",
            order,
            "Each is matched, and all that match one stand before all that match the next.",
        ),
        Field::optional("one_per", per, "For each element of another list there is exactly one here."),
        Field::optional("hex", Schema::hex_pattern(), "Octets, `?` for any digit and `*` for any octets."),
        Field::optional("equals", Schema::Any, "Exactly this value, words such as `any` included."),
        Field::optional("not", own.clone(), "The value does not match."),
        Field::optional("all_of", all, "All match."),
        Field::optional("as", crate::variables::name_schema(), "Keeps the value under this name."),
        Field::optional("match", own, "Beside `as`: what the value must match to be kept."),
    ]);
    Schema::Map(mapping).with(capture_stands_alone)
}

fn range() -> Schema {
    Schema::seq_of(Schema::int(i64::MIN, i64::MAX), 2, 2)
}

/// `as` goes with `match` only: every other matcher belongs inside `match`.
fn capture_stands_alone(node: &Node) -> Option<Problem> {
    node.get("as")?;
    let other = node.entries().iter().find(|entry| entry.key != "as" && entry.key != "match")?;
    Some(
        Problem::new(other.key_span, format!("`{}` beside `as`", other.key))
            .label("would not be looked at")
            .help(format!("put it under `match`: `match: {{ {}: ... }}`", other.key)),
    )
}
