//! Values as the players take them: what a schema reads as written becomes text.

use dmsc_doc::{Definitions, Field, Kind, Node, Schema, Selector, Tagged};
use dmsc_octets::HexPattern;
use serde_json::{Map, Value};

use crate::variables::references;

/// The value of a node that complies with a schema. Octets become upper-case hexadecimal without spaces, names and
/// verbatim text stay as they are written.
pub(crate) fn json(schema: &Schema, node: &Node, definitions: &Definitions) -> Value {
    if is_reference(node) {
        return node.to_json();
    }
    match schema {
        Schema::Ref(name) => {
            definitions.get(name).map_or_else(|| node.to_json(), |schema| json(schema, node, definitions))
        }
        Schema::Named(_, inner) | Schema::With(inner, _) => json(inner, node, definitions),
        Schema::OneOf(all) => {
            // A number is a number before it is the text that writes it.
            let native = |schema: &&Schema| match schema {
                Schema::Int { .. } => node.kind() == Kind::Int,
                Schema::Bool => node.kind() == Kind::Bool,
                _ => false,
            };
            let (first, rest): (Vec<&Schema>, Vec<&Schema>) = all.iter().partition(native);
            let taken = first.into_iter().chain(rest).find(|schema| takes(schema, node, definitions));
            taken.map_or_else(|| node.to_json(), |schema| json(schema, node, definitions))
        }
        Schema::Seq { item, .. } if node.kind() == Kind::Seq => {
            node.items().iter().map(|child| json(item, child, definitions)).collect()
        }
        Schema::Map(mapping) if node.kind() == Kind::Map => {
            let free = mapping.free.as_ref().map(|free| free.value.as_ref());
            map(node, &|key| field(&mapping.fields, key).or(free), definitions)
        }
        Schema::Tagged(tagged) if node.kind() == Kind::Map => {
            map(node, &|key| field(&tagged.common, key).or_else(|| of_tagged(tagged, node, key)), definitions)
        }
        Schema::Hex { .. } => match node.written().map(HexPattern::parse) {
            Some(Ok(pattern)) => Value::String(pattern.to_string().replace(' ', "")),
            _ => node.to_json(),
        },
        Schema::Choice(_) => as_written(node),
        Schema::Text(text) if text.verbatim => as_written(node),
        _ => node.to_json(),
    }
}

/// Whether the node is text with a name in it, whose value is not known yet.
pub(crate) fn is_reference(node: &Node) -> bool {
    node.as_str().is_some_and(|text| references(text).map_or(true, |found| !found.is_empty()))
}

fn as_written(node: &Node) -> Value {
    node.written().map_or_else(|| node.to_json(), Value::from)
}

fn map<'s>(node: &Node, schema_of: &dyn Fn(&str) -> Option<&'s Schema>, definitions: &Definitions) -> Value {
    let entries = node.entries().iter().map(|entry| {
        let value = match schema_of(&entry.key) {
            Some(schema) => json(schema, &entry.value, definitions),
            None => entry.value.to_json(),
        };
        (entry.key.clone(), value)
    });
    Value::Object(entries.collect::<Map<_, _>>())
}

fn field<'s>(fields: &'s [Field], key: &str) -> Option<&'s Schema> {
    fields.iter().find(|field| field.name == key).map(|field| &field.schema)
}

/// The schema of a key in a mapping of which one key selects the others.
fn of_tagged<'s>(tagged: &'s Tagged, node: &Node, key: &str) -> Option<&'s Schema> {
    tagged.variants.iter().find_map(|variant| {
        let tag = node.get(&variant.key)?;
        match &variant.selector {
            Selector::Key { value, .. } if variant.key == key => Some(value.as_ref()),
            Selector::Key { fields, .. } => field(fields, key),
            Selector::Value(cases) => {
                let case = cases.iter().find(|case| tag.written() == Some(case.name.as_ref()))?;
                field(&case.fields, key)
            }
        }
    })
}

/// Whether a schema takes a node, names that are not known yet aside.
fn takes(schema: &Schema, node: &Node, definitions: &Definitions) -> bool {
    super::read::complies(schema, node, definitions)
}
