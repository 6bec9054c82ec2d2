//! JSON Schemas of the files that people write, for completion and hints in editors.

use std::collections::HashMap;

use dmsc_doc::Definitions;
use dmsc_octets::to_hex;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::case::{case_schema, definitions, include_schema};
use crate::dut::dut_schema;
use crate::fault::faults_schema;
use crate::variant::variants_schema;

/// The published schemas: file name and content.
pub fn json_schemas() -> Vec<(&'static str, Value)> {
    let none = Definitions::new();
    let mut cases = case_schema().json_schema(definitions());
    prune(&mut cases);
    admit_names(&mut cases);
    share(&mut cases);
    let mut includes = include_schema(None).json_schema(&none);
    refer(&mut includes);
    let mut faults = faults_schema().json_schema(&none);
    refer(&mut faults);
    let mut variants = variants_schema().json_schema(&none);
    refer(&mut variants);
    vec![
        (CASES, cases),
        ("include.schema.json", includes),
        ("dut.schema.json", dut_schema().json_schema(&none)),
        ("faults.schema.json", faults),
        ("variants.schema.json", variants),
    ]
}

/// The schema that holds the definitions; the others refer to it, as they lie in one folder.
const CASES: &str = "case.schema.json";

const HERE: &str = "#/definitions/";

/// A schema as a file: one definition a line, so that changes can be read.
pub fn text(schema: &Value) -> String {
    let Value::Object(map) = schema else { return schema.to_string() };
    let entries = map.iter().map(|(key, value)| match value {
        Value::Object(inner) if key == "definitions" => {
            let lines = inner.iter().map(|(name, definition)| format!("    {}: {definition}", json!(name)));
            format!("  \"definitions\": {{\n{}\n  }}", lines.collect::<Vec<_>>().join(",\n"))
        }
        value => format!("  {}: {value}", json!(key)),
    });
    format!("{{\n{}\n}}\n", entries.collect::<Vec<_>>().join(",\n"))
}

/// Leaves out the definitions that nothing leads to.
fn prune(schema: &mut Value) {
    let Some(Value::Object(definitions)) = schema.get("definitions").cloned() else { return };
    let mut pending = Vec::new();
    collect(schema.get("allOf").unwrap_or(&Value::Null), &mut pending);
    // The schema of faults refers to these definitions too.
    let mut kept = Vec::new();
    collect(&faults_schema().json_schema(&Definitions::new()), &mut pending);
    while let Some(name) = pending.pop() {
        if !kept.contains(&name) {
            collect(definitions.get(&name).unwrap_or(&Value::Null), &mut pending);
            kept.push(name);
        }
    }
    if let Some(Value::Object(map)) = schema.get_mut("definitions") {
        map.retain(|name, _| kept.contains(name));
    }
}

/// The definitions that a schema refers to.
fn collect(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Array(all) => all.iter().for_each(|schema| collect(schema, names)),
        Value::Object(map) => {
            let reference = map.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(HERE));
            names.extend(reference.map(str::to_owned));
            map.values().for_each(|schema| collect(schema, names));
        }
        _ => {}
    }
}

/// Lets references lead to the definitions of the schema of cases.
fn refer(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(refer),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value.as_str() {
                    Some(text) if key == "$ref" && text.starts_with(HERE) => *value = json!(format!("{CASES}{text}")),
                    _ => refer(value),
                }
            }
        }
        _ => {}
    }
}

/// Lets `${name}` stand wherever a scalar stands: what it is worth, a schema for editors cannot know. Words that
/// decide what a step is stay closed, so words are opened only where fields are set or compared.
fn admit_names(schema: &mut Value) {
    const FIELDS: [&str; 5] = ["with.", "match.", "is.", "setup.", "requires."];
    if let Some(Value::Object(definitions)) = schema.get_mut("definitions") {
        for (name, definition) in definitions {
            admit(definition, FIELDS.iter().any(|prefix| name.starts_with(prefix)));
        }
    }
    if let Some(root) = schema.get_mut("allOf") {
        admit(root, false);
    }
}

/// A part of a schema that is shorter than this stands where it is used, however often that is.
const WORTH_A_NAME: usize = 72;

/// Writes a part that stands in several places once, as a definition that those places refer to: the demands that can be
/// made of a number or of a list are the same in a hundred fields.
fn share(schema: &mut Value) {
    let mut places = HashMap::new();
    parts(schema, &mut |part| count(part, &mut places));
    let mut shared = Map::new();
    parts(schema, &mut |part| replace(part, &places, &mut shared));
    if let Some(Value::Object(definitions)) = schema.get_mut("definitions") {
        definitions.append(&mut shared);
    }
}

/// Counts in how many places each part stands, if a part is written once.
fn count(part: &mut Value, places: &mut HashMap<String, usize>) {
    let seen = places.entry(part.to_string()).or_default();
    *seen += 1;
    if *seen == 1 {
        parts(part, &mut |inner| count(inner, places));
    }
}

/// Puts a reference in the place of each part that stands in more than one.
fn replace(part: &mut Value, places: &HashMap<String, usize>, shared: &mut Map<String, Value>) {
    let text = part.to_string();
    parts(part, &mut |inner| replace(inner, places, shared));
    if text.len() < WORTH_A_NAME || places.get(&text).is_none_or(|seen| *seen < 2) {
        return;
    }
    // Named for what it says, so that a change elsewhere leaves the name alone.
    let name = format!("shared.{}", to_hex(&Sha256::digest(&text)[..4]));
    let reference = json!({ "$ref": format!("{HERE}{name}") });
    shared.insert(name, std::mem::replace(part, reference));
}

/// Calls for each schema that stands directly in another.
fn parts(schema: &mut Value, each: &mut impl FnMut(&mut Value)) {
    let Value::Object(map) = schema else { return };
    for (key, value) in map.iter_mut() {
        match (key.as_str(), value) {
            ("allOf" | "anyOf" | "oneOf" | "items", Value::Array(all)) => all.iter_mut().for_each(&mut *each),
            ("properties" | "definitions", Value::Object(all)) => all.values_mut().for_each(&mut *each),
            ("items" | "additionalProperties" | "not" | "if" | "then" | "else", value @ Value::Object(_)) => {
                each(value)
            }
            _ => {}
        }
    }
}

fn admit(schema: &mut Value, words: bool) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(|schema| admit(schema, words)),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                // Those hold names and texts, not schemas.
                if !matches!(key.as_str(), "enum" | "const" | "required" | "propertyNames" | "description") {
                    admit(value, words);
                }
            }
            let scalar = match map.get("type") {
                Some(Value::String(kind)) => {
                    matches!(kind.as_str(), "integer" | "boolean") || map.contains_key("pattern")
                }
                Some(Value::Array(_)) => map.contains_key("pattern"),
                _ => words && matches!(map.get("enum"), Some(Value::Array(_))),
            };
            if scalar {
                let own = std::mem::take(map);
                map.insert("anyOf".to_owned(), json!([own, { "type": "string", "pattern": "\\$\\{[^}]+\\}" }]));
            }
        }
        _ => {}
    }
}
