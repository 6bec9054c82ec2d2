//! Checking mappings: their keys, and which of several mappings is meant.

use std::collections::BTreeSet;

use super::check::Checker;
use super::describe::{alternatives, bare, list};
use super::{Field, Free, Group, Mapping, Schema, Selector, Tagged, Variant};
use crate::nearest::nearest;
use crate::node::{Entry, Node};
use crate::problem::Problem;
use crate::scalar;
use crate::source::Span;
use crate::visible::{note, visible};

/// What a mapping may hold, once it is known which mapping it is.
struct Body<'a, 's> {
    fields: Vec<&'s Field>,
    free: Option<&'s Free>,
    groups: &'s [Group],
    /// The selecting key; it was checked before, and is allowed.
    tag: Option<&'s str>,
    /// What selected the body, for the text about unknown keys: "with `send: open-channel`".
    context: &'a str,
    /// Which other choice has a key that is unknown here.
    elsewhere: &'a dyn Fn(&str) -> Vec<String>,
}

impl<'s> Checker<'s> {
    pub(super) fn mapping(&mut self, mapping: &'s Mapping, node: &Node, owner: Span) {
        let body = Body {
            fields: mapping.fields.iter().collect(),
            free: mapping.free.as_ref(),
            groups: &mapping.groups,
            tag: None,
            context: "here",
            elsewhere: &|_| Vec::new(),
        };
        self.body(&body, node, owner);
    }

    pub(super) fn tagged(&mut self, tagged: &'s Tagged, node: &Node, owner: Span) {
        let tags: Vec<(&Entry, &'s Variant)> = node
            .entries()
            .iter()
            .filter_map(|entry| tagged.variant_of(&entry.key).map(|variant| (entry, variant)))
            .collect();
        match tags.as_slice() {
            [] => {
                self.missing_tag(tagged, node, owner);
                self.known_values(&tagged.common, node);
            }
            [(entry, variant)] => self.variant(tagged, variant, entry, node, owner),
            [(first, _), rest @ ..] => {
                for (entry, _) in rest {
                    self.tell(entry.key_span, || {
                        Problem::new(entry.key_span, format!("both `{}` and `{}`", first.key, entry.key))
                            .label(format!("`{}` stands in the same mapping", first.key))
                            .note(format!("a mapping here has exactly one of {}", list(tagged.keys())))
                            .help("keep one, and put the other into a mapping of its own")
                    });
                }
                self.known_values(&tagged.common, node);
            }
        }
    }

    fn variant(&mut self, tagged: &'s Tagged, variant: &'s Variant, entry: &Entry, node: &Node, owner: Span) {
        let (fields, context) = match &variant.selector {
            Selector::Key { value, fields } => {
                self.value(value, &entry.value, entry.key_span);
                (fields, format!("with `{}`", variant.key))
            }
            Selector::Value(cases) => {
                let written = entry.value.written();
                let case = cases.iter().find(|case| written == Some(case.name.as_ref()));
                let Some(case) = case else {
                    self.unknown_case(variant, &entry.value);
                    self.known_values(&tagged.common, node);
                    return;
                };
                (&case.fields, format!("with `{}: {}`", variant.key, case.name))
            }
        };
        let body = Body {
            fields: tagged.common.iter().chain(fields).collect(),
            free: None,
            groups: &[],
            tag: Some(variant.key.as_ref()),
            context: &context,
            elsewhere: &|key| tagged.owners_of(key),
        };
        self.body(&body, node, owner);
    }

    fn unknown_case(&mut self, variant: &Variant, value: &Node) {
        if self.is_wordless() {
            self.problems.push(Problem::new(value.span, ""));
            return;
        }
        let names = || variant.selector.names();
        let key = &variant.key;
        let message = match value.written() {
            Some(written) => format!("`{}` is not a value of `{key}`", visible(written)),
            None => format!("`{key}` needs a name, found {}", value.kind()),
        };
        let problem = Problem::new(value.span, message)
            .label("not one of the names allowed here")
            .note(format!("allowed: {}", list(names())));
        let near = value.written().and_then(|written| nearest(written, names()));
        self.problems.push(match near {
            Some(name) => problem.help(format!("did you mean `{name}`?")),
            None => problem,
        });
    }

    fn missing_tag(&mut self, tagged: &Tagged, node: &Node, owner: Span) {
        if self.is_wordless() {
            self.problems.push(Problem::new(owner, ""));
            return;
        }
        let keys = list(tagged.keys());
        for entry in node.entries() {
            let taken = tagged.common.iter().any(|field| field.name == entry.key);
            let belongs = !tagged.owners_of(&entry.key).is_empty();
            let Some(near) = nearest(&entry.key, tagged.keys()) else {
                continue;
            };
            if !taken && !belongs {
                self.problems.push(
                    unknown(entry)
                        .label("not a key of this mapping")
                        .note(format!("a mapping here has exactly one of {keys}"))
                        .help(format!("did you mean `{near}`?")),
                );
                return;
            }
        }
        self.problems.push(
            Problem::new(owner, format!("{keys} is missing"))
                .label("this mapping does not say what it is")
                .help(format!("add one of {keys}")),
        );
    }

    /// Checks the values of known keys where nothing can be said about the other keys.
    fn known_values(&mut self, fields: &'s [Field], node: &Node) {
        for field in fields {
            if let Some(entry) = node.entry(&field.name) {
                self.value(&field.schema, &entry.value, entry.key_span);
            }
        }
    }

    fn body(&mut self, body: &Body<'_, 's>, node: &Node, owner: Span) {
        // Fields that a mistyped key most likely stands for are not reported as missing too.
        let mut meant: Vec<&str> = Vec::new();
        // A field that is there already is not what the writer of an unknown key meant.
        let written: BTreeSet<&str> = node.entries().iter().map(|entry| entry.key.as_str()).collect();
        for entry in node.entries() {
            if body.tag == Some(entry.key.as_str()) {
                continue;
            }
            let field = body.fields.iter().find(|field| field.name == entry.key);
            match (field, body.free) {
                (Some(field), _) => self.value(&field.schema, &entry.value, entry.key_span),
                (None, Some(free)) => {
                    let key = self.key_node(free, entry);
                    self.value(&free.key, &key, entry.key_span);
                    self.value(&free.value, &entry.value, entry.key_span);
                }
                (None, None) => meant.extend(self.unknown_key(body, entry, &written)),
            }
        }
        for field in &body.fields {
            let name = field.name.as_ref();
            if field.required && node.get(name).is_none() && !meant.contains(&name) {
                self.tell(owner, || {
                    let problem = Problem::new(owner, format!("`{name}` is missing"))
                        .label(format!("`{name}` must stand in this mapping"));
                    if field.doc.is_empty() { problem } else { problem.note(format!("`{name}`: {}", field.doc)) }
                });
            }
        }
        for group in body.groups {
            self.group(group, node, owner, &meant);
        }
    }

    /// Reports an unknown key; the result is the field that it most likely stands for.
    fn unknown_key(&mut self, body: &Body<'_, 's>, entry: &Entry, written: &BTreeSet<&str>) -> Option<&'s str> {
        if self.is_wordless() {
            self.problems.push(Problem::new(entry.key_span, ""));
            return None;
        }
        let key = entry.key.as_str();
        let fields = body.fields.iter().map(|field| field.name.as_ref());
        let allowed = body.tag.into_iter().chain(fields);
        let context = body.context;
        let mut problem =
            unknown(entry).label(format!("not a key {context}")).note(format!("allowed {context}: {}", list(allowed)));
        let owners = (body.elsewhere)(key);
        if !owners.is_empty() {
            let owners = list(owners.iter().map(String::as_str));
            self.problems.push(problem.note(format!("`{key}` belongs to {owners}")));
            return None;
        }
        let renamed = body.fields.iter().find(|field| field.former.iter().any(|former| former == key));
        let open = body.fields.iter().filter(|field| !written.contains(field.name.as_ref()));
        let near = nearest(key, open.map(|field| field.name.as_ref()));
        let meant = renamed.map(|field| field.name.as_ref()).or(near);
        if let Some(field) = renamed {
            problem = problem.help(format!("`{key}` is now called `{}`", field.name));
        } else if let Some(name) = near {
            problem = problem.help(format!("did you mean `{name}`?"));
        }
        self.problems.push(problem);
        meant
    }

    fn group(&mut self, group: &Group, node: &Node, owner: Span, meant: &[&str]) {
        let in_group = |entry: &&Entry| group.keys.iter().any(|key| *key == entry.key);
        let mut present = node.entries().iter().filter(in_group);
        let keys = || list(group.keys.iter().map(AsRef::as_ref));
        let Some(first) = present.next() else {
            let is_meant = group.keys.iter().any(|key| meant.contains(&key.as_ref()));
            if group.required && !is_meant {
                self.tell(owner, || {
                    Problem::new(owner, format!("{} is missing", keys()))
                        .label("exactly one of them must stand in this mapping")
                });
            }
            return;
        };
        for other in present {
            self.tell(other.key_span, || {
                Problem::new(other.key_span, format!("both `{}` and `{}`", first.key, other.key))
                    .label(format!("`{}` excludes it", first.key))
                    .help(format!("keep one of {}", keys()))
            });
        }
    }

    /// Which of several schemas for mappings is meant: the one that knows most of the keys.
    pub(super) fn by_keys(&self, schemas: &[&'s Schema], node: &Node) -> &'s Schema {
        let mut best: Option<(usize, &'s Schema)> = None;
        for schema in schemas {
            let score = self.known_keys(schema, node);
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, schema));
            }
        }
        best.map_or(&Schema::Any, |(_, schema)| schema)
    }

    /// How well a schema knows the keys of a mapping.
    fn known_keys(&self, schema: &Schema, node: &Node) -> usize {
        // A selecting key outweighs any number of others; a free key is known, but only just.
        const TAG: usize = 1 << 20;
        const FIELD: usize = 2;
        const FREE: usize = 1;
        let keys = node.entries().iter().map(|entry| entry.key.as_str());
        match bare(schema, self.definitions) {
            Schema::Map(mapping) => keys
                .map(|key| match &mapping.free {
                    _ if mapping.fields.iter().any(|field| field.name == key) => FIELD,
                    Some(_) => FREE,
                    None => 0,
                })
                .sum(),
            Schema::Tagged(tagged) => keys
                .map(|key| match tagged.variant_of(key) {
                    Some(_) => TAG,
                    None if tagged.common.iter().any(|field| field.name == key) => FIELD,
                    None => 0,
                })
                .sum(),
            schema @ Schema::OneOf(_) => alternatives(schema, self.definitions)
                .unwrap_or_default()
                .into_iter()
                .filter(|inner| !matches!(bare(inner, self.definitions), Schema::OneOf(_)))
                .map(|inner| self.known_keys(inner, node))
                .max()
                .unwrap_or(0),
            _ => 0,
        }
    }

    /// A free key as a value: text, or a number where the schema asks for one.
    fn key_node(&self, free: &Free, entry: &Entry) -> Node {
        let text = Node::text(&entry.key, entry.key_span);
        match bare(&free.key, self.definitions) {
            Schema::Int { .. } => Node { value: scalar::resolve(&entry.key), ..text },
            _ => text,
        }
    }
}

/// A key that is not known, with what nobody sees of it.
fn unknown(entry: &Entry) -> Problem {
    let problem = Problem::new(entry.key_span, format!("unknown key `{}`", visible(&entry.key)));
    note(&entry.key).into_iter().fold(problem, Problem::note)
}

impl Tagged {
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.variants.iter().map(|variant| variant.key.as_ref())
    }

    fn variant_of(&self, key: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.key == key)
    }

    /// The variants, and values of variants, that have a field: `expect`, `send: open-channel`.
    fn owners_of(&self, key: &str) -> Vec<String> {
        let has = |fields: &[Field]| fields.iter().any(|field| field.name == key);
        let mut owners = Vec::new();
        for variant in &self.variants {
            match &variant.selector {
                Selector::Key { fields, .. } if has(fields) => owners.push(variant.key.to_string()),
                Selector::Key { .. } => {}
                Selector::Value(cases) if cases.iter().all(|case| has(&case.fields)) => {
                    owners.push(variant.key.to_string());
                }
                Selector::Value(cases) => owners.extend(
                    cases.iter().filter(|case| has(&case.fields)).map(|case| format!("{}: {}", variant.key, case.name)),
                ),
            }
        }
        owners
    }
}

impl Selector {
    /// The names that the value of the key may have; none where it has a schema.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let cases = match self {
            Self::Value(cases) => cases.as_slice(),
            Self::Key { .. } => &[],
        };
        cases.iter().map(|case| case.name.as_ref())
    }
}
