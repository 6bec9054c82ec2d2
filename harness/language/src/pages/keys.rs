//! The keys of a schema as Markdown tables, a section for each mapping.

use std::fmt::Write as _;

use dmsc_doc::{Choice, Definitions, Field, Schema, Selector};
use dmsc_engine::messages::anchor;

/// More names than this are counted, not listed.
const LISTED: usize = 24;

/// References to definitions are followed this far.
const HOPS: usize = 8;

/// Writes tables of keys, and after a table those of the mappings in it.
pub(super) struct Keys<'a> {
    out: &'a mut String,
    definitions: &'a Definitions,
    /// The names of the keys of each section, and its heading.
    written: Vec<(Vec<String>, String)>,
    /// What is said of the value of a key instead of what its schema says.
    said: Vec<(&'static str, &'static str)>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(out: &'a mut String, definitions: &'a Definitions) -> Keys<'a> {
        Keys { out, definitions, written: Vec::new(), said: Vec::new() }
    }

    /// Says this of the value of a key, and writes no section of its own for it.
    pub(super) fn says(mut self, key: &'static str, value: &'static str) -> Keys<'a> {
        self.said.push((key, value));
        self
    }

    /// A section with the keys of one mapping, then a section for each mapping among their values.
    pub(super) fn section(&mut self, heading: &str, fields: Vec<Field>, first: &str) {
        if fields.is_empty() {
            return;
        }
        let names: Vec<String> = fields.iter().map(|field| field.name.to_string()).collect();
        self.written.push((names.clone(), heading.trim_start_matches(['#', ' ']).to_owned()));
        // Writing to a text cannot fail.
        let _ = writeln!(self.out, "{heading}\n\n| {first} | | value | meaning |\n|---|---|---|---|");
        let mut inner = Vec::new();
        for field in &fields {
            let value = self.value(field, &names, &mut inner);
            let needed = if field.required { "required" } else { "" };
            let (name, doc) = (&field.name, self.doc(field));
            let _ = writeln!(self.out, "| `{name}` | {needed} | {} | {} |", cell(&value), cell(&doc));
        }
        self.out.push('\n');
        for (key, fields) in inner {
            self.section(&below(heading, &key), fields, "key");
        }
    }

    /// What the value of a key is, in a few words. The keys of a mapping that no section has yet go to `inner`.
    fn value(&self, field: &Field, beside: &[String], inner: &mut Vec<(String, Vec<Field>)>) -> String {
        if let Some((_, value)) = self.said.iter().find(|(key, _)| *key == field.name) {
            return (*value).to_owned();
        }
        let keys = self.mapping(&field.schema);
        if keys.is_empty() {
            return self.words(&field.schema);
        }
        let list = match bare(&field.schema) {
            Schema::Seq { .. } => "list of mappings".to_owned(),
            Schema::OneOf(_) => self.words(&field.schema),
            _ => "mapping".to_owned(),
        };
        let names: Vec<String> = keys.iter().map(|key| key.name.to_string()).collect();
        if let (true, [first, .., last]) = (names.iter().all(|name| beside.contains(name)), names.as_slice()) {
            return format!("{list}: keys as here, `{first}` to `{last}`");
        }
        if let Some((_, heading)) = self.written.iter().find(|(written, _)| *written == names) {
            return format!("{list}: keys as of [{heading}](#{})", slug(heading));
        }
        inner.push((field.name.to_string(), keys));
        format!("{list}, see below")
    }

    /// The keys of a value that is a mapping of known keys, or a list of such.
    fn mapping(&self, schema: &Schema) -> Vec<Field> {
        match bare(schema) {
            Schema::Seq { item, .. } if !matches!(**item, Schema::Ref(_)) => self.mapping(item),
            Schema::Map(mapping) => mapping.fields.clone(),
            // A word or a mapping: the mapping has the keys.
            Schema::OneOf(schemas) => {
                schemas.iter().map(|one| self.mapping(one)).find(|f| !f.is_empty()).unwrap_or_default()
            }
            tagged @ Schema::Tagged(_) => variants(tagged).into_iter().chain(all_brought(tagged)).collect(),
            _ => Vec::new(),
        }
    }

    fn words(&self, schema: &Schema) -> String {
        match schema {
            Schema::Any => "anything".into(),
            Schema::Null => "nothing".into(),
            Schema::Bool => "true or false".into(),
            Schema::Int { min: i64::MIN, max: i64::MAX } => "number".into(),
            Schema::Int { min, max: i64::MAX } => format!("number from {min}"),
            Schema::Int { min, max } => format!("number {min} to {max}"),
            Schema::Text(_) => "text".into(),
            Schema::Choice(choices) => names(choices),
            Schema::Hex { wildcards: true, .. } => "hexadecimal with `?` and `*`".into(),
            Schema::Hex { max: usize::MAX, .. } => "hexadecimal".into(),
            Schema::Hex { max, .. } => format!("hexadecimal, at most {max} octets"),
            Schema::Duration => "duration".into(),
            Schema::Seq { item, min: 2, max: 2 } => format!("two of: {}", self.words(item)),
            Schema::Seq { item, .. } => format!("list: {}", self.words(item)),
            Schema::Map(mapping) => match &mapping.free {
                Some(free) => format!("mapping of any key to {}", self.words(&free.value)),
                None => "mapping".into(),
            },
            Schema::Tagged(_) => "mapping".into(),
            Schema::OneOf(schemas) => {
                let mut words: Vec<String> = schemas.iter().map(|one| self.words(one)).collect();
                words.dedup();
                words.join(", or ")
            }
            Schema::Ref(name) => self.referred(name),
            Schema::Named(name, inner) => match bare(inner) {
                Schema::Map(_) | Schema::Tagged(_) => self.words(inner),
                _ => name.to_string(),
            },
            Schema::With(inner, _) => self.words(inner),
        }
    }

    /// What a definition stands for: small ones by what they are, others by where they are told of.
    fn referred(&self, name: &str) -> String {
        match name.split_once('.') {
            Some(("with", group)) => format!("[{group}](#fields-{})", anchor(group)),
            Some(("match", group)) => format!("[matcher](#matchers) over [{group}](#fields-{})", anchor(group)),
            Some(("step", _)) => "[step](#steps)".into(),
            Some(("setup", _)) => "mapping: settings, see below".into(),
            _ if name == "mutation" => "[edit](#edits)".into(),
            _ if name == "disturbance" => "[disturbance](#disturbances)".into(),
            _ => self.definitions.get(name).map_or_else(|| name.to_owned(), |schema| self.words(schema)),
        }
    }

    /// What a key is for, and what each name means that it can have.
    fn doc(&self, field: &Field) -> String {
        let mut schema = bare(&field.schema);
        for _ in 0..HOPS {
            match schema {
                Schema::Ref(name) => schema = self.definitions.get(name).map_or(schema, bare),
                _ => break,
            }
        }
        // A word or something else: the words have meanings.
        if let Schema::OneOf(schemas) = schema {
            schema = schemas.iter().map(bare).find(|one| matches!(one, Schema::Choice(_))).unwrap_or(schema);
        }
        let Schema::Choice(choices) = schema else { return field.doc.to_string() };
        let told = choices.iter().filter(|choice| !choice.doc.is_empty() && choices.len() <= LISTED);
        let told: Vec<String> = told.map(|choice| sentence(&format!("`{}`: {}", choice.name, choice.doc))).collect();
        [sentence(&field.doc)].into_iter().chain(told).collect::<Vec<_>>().join(" ")
    }
}

/// The keys that a mapping has whatever it holds.
pub(super) fn shared(schema: &Schema) -> Vec<Field> {
    match bare(schema) {
        Schema::Map(mapping) => mapping.fields.clone(),
        Schema::Seq { item, .. } => shared(item),
        Schema::Tagged(tagged) => {
            let own = tagged.common.iter().cloned();
            own.chain(variants(schema)).chain(all_brought(schema)).collect()
        }
        _ => Vec::new(),
    }
}

/// The selecting keys of a mapping.
pub(super) fn variants(schema: &Schema) -> Vec<Field> {
    let Schema::Tagged(tagged) = bare(schema) else { return Vec::new() };
    let one = |variant: &dmsc_doc::Variant| match &variant.selector {
        Selector::Key { value, .. } => Field::optional(variant.key.clone(), (**value).clone(), variant.doc.clone()),
        Selector::Value(cases) => {
            let names = cases.iter().map(|case| (case.name.clone(), case.doc.clone()));
            let names = if cases.len() > LISTED {
                Schema::Any.named("a [kind of message](#kinds-of-messages)")
            } else {
                Schema::documented_choice(names)
            };
            Field::optional(variant.key.clone(), names, variant.doc.clone())
        }
    };
    tagged.variants.iter().map(one).collect()
}

/// The keys that a selecting key brings with it, whatever its value. What the values of one depend on the kind of
/// message, the table of kinds says.
pub(super) fn brought(schema: &Schema, key: &str) -> Vec<Field> {
    let Schema::Tagged(tagged) = bare(schema) else { return Vec::new() };
    let mut all: Vec<Field> = Vec::new();
    for variant in tagged.variants.iter().filter(|variant| variant.key == key) {
        let cases = match &variant.selector {
            Selector::Key { fields, .. } => vec![fields],
            Selector::Value(cases) => cases.iter().map(|case| &case.fields).collect(),
        };
        for field in cases.into_iter().flatten() {
            match all.iter_mut().find(|known| known.name == field.name) {
                Some(known) if words_differ(&known.schema, &field.schema) => known.schema = by_kind(&field.name),
                Some(_) => {}
                None => all.push(field.clone()),
            }
        }
    }
    all
}

fn all_brought(schema: &Schema) -> Vec<Field> {
    let Schema::Tagged(tagged) = bare(schema) else { return Vec::new() };
    let mut all: Vec<Field> = Vec::new();
    for variant in &tagged.variants {
        let more = brought(schema, &variant.key).into_iter().filter(|field| !all.iter().any(|f| f.name == field.name));
        let more: Vec<Field> = more.collect();
        all.extend(more);
    }
    all
}

fn words_differ(one: &Schema, other: &Schema) -> bool {
    format!("{one:?}") != format!("{other:?}")
}

/// The value of a key that depends on the kind of message.
fn by_kind(key: &str) -> Schema {
    let what = match key {
        "where" | "match" | "when" => "a [matcher](#matchers) over the fields of the [kind](#kinds-of-messages)",
        "reply" => "`none`, or fields of the answer to this [kind](#kinds-of-messages)",
        "setup" => "mapping: settings, see below",
        "steps" | "control" => "list: [step](#steps)",
        "patches" => "list of mappings: the keys `on` and those beside it",
        _ => "fields of the [kind](#kinds-of-messages)",
    };
    Schema::Any.named(what)
}

/// A schema without its checks.
fn bare(schema: &Schema) -> &Schema {
    match schema {
        Schema::With(inner, _) => bare(inner),
        Schema::Named(_, inner) if !matches!(**inner, Schema::Any) => bare(inner),
        _ => schema,
    }
}

fn names(choices: &[Choice]) -> String {
    let listed: Vec<String> = choices.iter().take(LISTED).map(|choice| format!("`{}`", choice.name)).collect();
    match choices.len().saturating_sub(LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more names", listed.join(", ")),
    }
}

/// The heading of the section of a key: `### The file` leads to ### `link`, and that to ### `link.tcp`.
fn below(heading: &str, key: &str) -> String {
    let path = heading.strip_suffix('`').and_then(|rest| rest.split_once("### `"));
    match path {
        Some((_, path)) => format!("### `{path}.{key}`"),
        None => format!("### `{key}`"),
    }
}

/// The anchor that GitHub makes of a heading.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// A text with a full stop.
fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
