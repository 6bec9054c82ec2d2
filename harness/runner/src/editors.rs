//! JSON Schemas of the files that people write, for completion and hints in editors.

use serde_json::{Value, json};

use crate::case::{case_schema, definitions, include_schema};
use crate::dut::dut_schema;
use crate::fault::faults_schema;

/// The published schemas: file name and content.
pub fn json_schemas() -> Vec<(&'static str, Value)> {
    let open = |mut schema: Value| {
        admit_names(&mut schema);
        schema
    };
    vec![
        ("case.schema.json", open(case_schema().json_schema(definitions()))),
        ("include.schema.json", open(include_schema(None).json_schema(definitions()))),
        ("dut.schema.json", dut_schema().json_schema(&dmsc_doc::Definitions::new())),
        ("faults.schema.json", faults_schema().json_schema(definitions())),
    ]
}

/// Lets `${name}` stand wherever a scalar stands: what it is worth, a schema for editors cannot know.
fn admit_names(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(admit_names),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                // Those hold names and limits, not schemas.
                if !matches!(key.as_str(), "enum" | "const" | "required" | "propertyNames" | "description") {
                    admit_names(value);
                }
            }
            let scalar = match map.get("type") {
                Some(Value::String(kind)) => matches!(kind.as_str(), "integer" | "boolean") || map.contains_key("pattern"),
                Some(Value::Array(_)) => map.contains_key("pattern"),
                _ => false,
            };
            if scalar {
                let own = std::mem::take(map);
                map.insert("anyOf".to_owned(), json!([own, { "type": "string", "pattern": "\\$\\{[^}]+\\}" }]));
            }
        }
        _ => {}
    }
}
