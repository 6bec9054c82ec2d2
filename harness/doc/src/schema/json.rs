//! Schemas as JSON Schema (draft 7, the one editors know best), for completion and hints.
//!
//! The published schema takes every document that the check takes. It is a little wider where
//! JSON Schema has no words: checks by code, ranges of octet strings, keys read as written.

use serde_json::{Map, Value, json};

use super::{Case, Definitions, Field, Mapping, Schema, Selector, Tagged, Text, Variant};
use crate::scalar;

impl Schema {
    /// The JSON Schema of documents of this schema, definitions included.
    pub fn json_schema(&self, definitions: &Definitions) -> Value {
        let mut root = Map::new();
        root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        // Draft 7 ignores what stands beside `$ref`, so the schema goes one level down.
        root.insert("allOf".to_owned(), json!([schema(self)]));
        let all: Map<String, Value> =
            definitions.iter().map(|(name, definition)| (name.to_owned(), schema(definition))).collect();
        if !all.is_empty() {
            root.insert("definitions".to_owned(), all.into());
        }
        root.into()
    }
}

fn schema(of: &Schema) -> Value {
    match of {
        Schema::Any => json!({}),
        Schema::Null => json!({ "type": "null" }),
        Schema::Bool => json!({ "type": "boolean" }),
        Schema::Int { min, max } => {
            let mut int = json!({ "type": "integer" });
            if *min != i64::MIN {
                int["minimum"] = json!(min);
            }
            if *max != i64::MAX {
                int["maximum"] = json!(max);
            }
            int
        }
        Schema::Text(Text { verbatim, empty }) => {
            let mut text = json!({ "type": "string" });
            if *verbatim {
                text["type"] = json!(["string", "number", "boolean"]);
            }
            if !empty {
                text["minLength"] = json!(1);
            }
            text
        }
        Schema::Choice(choices) if choices.iter().all(|choice| choice.doc.is_empty()) => {
            let values = choices.iter().flat_map(|choice| constants(&choice.name));
            json!({ "enum": values.collect::<Vec<_>>() })
        }
        Schema::Choice(choices) => {
            let each = |choice: &super::Choice| described(json!({ "enum": constants(&choice.name) }), &choice.doc);
            json!({ "anyOf": choices.iter().map(each).collect::<Vec<_>>() })
        }
        Schema::Hex { wildcards, .. } => {
            let pattern = if *wildcards { r"^\s*(([0-9A-Fa-f?]{2}|\*)\s*)*$" } else { r"^\s*([0-9A-Fa-f]{2}\s*)*$" };
            json!({ "type": ["string", "number"], "pattern": pattern })
        }
        Schema::Duration => {
            json!({ "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*(h|min|s|ms|us)\s*$" })
        }
        Schema::Seq { item, min, max } => {
            let mut seq = json!({ "type": "array", "items": schema(item) });
            if *min != 0 {
                seq["minItems"] = json!(min);
            }
            if *max != usize::MAX {
                seq["maxItems"] = json!(max);
            }
            seq
        }
        Schema::Map(map) => mapping(map),
        Schema::Tagged(map) => tagged(map),
        Schema::OneOf(schemas) => {
            json!({ "anyOf": schemas.iter().map(schema).collect::<Vec<_>>() })
        }
        Schema::Ref(name) => json!({ "$ref": format!("#/definitions/{name}") }),
        Schema::Named(name, inner) => described(schema(inner), name),
        Schema::With(inner, _) => schema(inner),
    }
}

/// A schema with a text for the editor.
fn described(schema: Value, doc: &str) -> Value {
    match schema {
        schema if doc.is_empty() => schema,
        Value::Object(mut members) if !members.contains_key("$ref") => {
            members.insert("description".to_owned(), json!(doc));
            members.into()
        }
        schema => json!({ "description": doc, "allOf": [schema] }),
    }
}

/// A name, and the value that YAML makes of it without quotes.
fn constants(name: &str) -> Vec<Value> {
    let plain = crate::node::Node {
        span: crate::source::Span::default(),
        value: scalar::resolve(name),
        raw: Some(name.to_owned()),
        plain: true,
    };
    let resolved = plain.to_json();
    if resolved == json!(name) { vec![resolved] } else { vec![json!(name), resolved] }
}

fn mapping(map: &Mapping) -> Value {
    let mut object = closed(&map.fields.iter().collect::<Vec<_>>(), None);
    if let Some(free) = &map.free {
        object["additionalProperties"] = schema(&free.value);
        // Keys with a schema of their own are exempt from that of the free ones.
        let names: Vec<&str> = map.fields.iter().map(|field| field.name.as_ref()).collect();
        // In JSON every key is a string; a numeric one is left to the check.
        if !matches!(*free.key, Schema::Int { .. }) {
            object["propertyNames"] = json!({ "anyOf": [{ "enum": names }, schema(&free.key)] });
        }
    }
    let groups: Vec<Value> = map
        .groups
        .iter()
        .map(|group| {
            let has = |key: &super::Name| json!({ "required": [key] });
            let mut cases: Vec<Value> = group.keys.iter().map(has).collect();
            if !group.required {
                cases.push(json!({ "not": { "anyOf": cases.clone() } }));
            }
            json!({ "oneOf": cases })
        })
        .collect();
    if !groups.is_empty() {
        object["allOf"] = groups.into();
    }
    object
}

/// A mapping with these fields and no others.
fn closed(fields: &[&Field], tag: Option<(&str, Value)>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if let Some((key, value)) = tag {
        properties.insert(key.to_owned(), value);
        required.push(key);
    }
    for field in fields {
        properties.insert(field.name.to_string(), described(schema(&field.schema), &field.doc));
        if field.required {
            required.push(&field.name);
        }
    }
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// One condition for all values of a key that bring the same fields; a condition each would write them out again and
/// again.
fn by_fields(map: &Tagged, key: &str, cases: &[Case]) -> Vec<Value> {
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for case in cases {
        let fields: Vec<&Field> = map.common.iter().chain(&case.fields).collect();
        let then = closed(&fields, Some((key, json!({}))));
        let names = constants(&case.name);
        match groups.iter_mut().find(|(known, _)| *known == then) {
            Some((_, all)) => all.extend(names),
            None => groups.push((then, names)),
        }
    }
    groups
        .into_iter()
        .map(|(then, names)| json!({ "if": { "required": [key], "properties": { key: { "enum": names } } }, "then": then }))
        .collect()
}

/// The selecting keys first, so that editors propose them; then what each brings, by conditions,
/// so that an editor complains about the one that was chosen.
fn tagged(map: &Tagged) -> Value {
    let mut properties = Map::new();
    for variant in &map.variants {
        properties.insert(variant.key.to_string(), described(tag(variant), &variant.doc));
    }
    let mut conditions = Vec::new();
    for variant in &map.variants {
        let key = variant.key.as_ref();
        match &variant.selector {
            Selector::Key { value, fields } => {
                let fields: Vec<&Field> = map.common.iter().chain(fields).collect();
                conditions.push(json!({
                    "if": { "required": [key] },
                    "then": closed(&fields, Some((key, schema(value)))),
                }));
            }
            Selector::Value(cases) => conditions.extend(by_fields(map, key, cases)),
        }
    }
    let required = |variant: &Variant| json!({ "required": [variant.key] });
    json!({
        "type": "object",
        "properties": properties,
        "oneOf": map.variants.iter().map(required).collect::<Vec<_>>(),
        "allOf": conditions,
    })
}

/// What the value of a selecting key may be.
fn tag(variant: &Variant) -> Value {
    match &variant.selector {
        Selector::Key { value, .. } => schema(value),
        Selector::Value(cases) => {
            let each = |case: &super::Case| described(json!({ "enum": constants(&case.name) }), &case.doc);
            json!({ "anyOf": cases.iter().map(each).collect::<Vec<_>>() })
        }
    }
}
