//! JSON Schemas of the files that people write, for completion and hints in editors.

use dmsc_doc::Definitions;
use serde_json::{Value, json};

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
