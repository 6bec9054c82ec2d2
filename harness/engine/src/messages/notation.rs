//! Values that can be written in more than one way, brought to the way in which messages show them: so that a literal of
//! a `match` is the same value as that literal in a `with`.

use dmsc_dm::package0::session_id_text;
use dmsc_octets::{from_hex, to_hex};
use serde_json::{Map, Value};

use super::shape::{SessionForm, Shape};
use super::{Catalogue, FieldValue, SessionId};
use crate::template::OPERATORS;

/// Brings the literals of a template over the fields of a group to the form in which a message of the group shows them.
/// What stands under `equals` stays as it is.
pub fn normalise(template: &mut Value, group: &str) {
    match template {
        Value::Object(map) if is_matcher(map) => {
            for (operator, argument) in map.iter_mut() {
                match (operator.as_str(), argument) {
                    ("match" | "not", inner) => normalise(inner, group),
                    ("all_of" | "one_of", Value::Array(all)) => {
                        for one in all {
                            match one.get("is").is_some() {
                                true => one.get_mut("is").into_iter().for_each(|is| normalise(is, group)),
                                false => normalise(one, group),
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        Value::Object(map) => fields(map, group),
        _ => {}
    }
}

fn fields(map: &mut Map<String, Value>, group: &str) {
    let specs = Catalogue::get().group(group);
    for (name, value) in map.iter_mut() {
        if let Some(spec) = specs.iter().find(|spec| spec.name == name) {
            literals(value, &spec.shape);
            if HEADERS.contains(&spec.name) {
                header_names(value);
            }
        }
    }
}

/// The fields whose keys are names of header fields.
const HEADERS: [&str; 2] = ["headers", "trailers"];

/// Header fields are shown by their names in lower case, `_` for `-`; whoever sends one may write its name as it is.
fn header_names(template: &mut Value) {
    match template {
        Value::Object(map) if is_matcher(map) => {
            for (operator, argument) in map.iter_mut() {
                match (operator.as_str(), argument) {
                    ("match" | "not", inner) => header_names(inner),
                    ("all_of" | "one_of", Value::Array(all)) => {
                        for one in all {
                            match one.get("is").is_some() {
                                true => one.get_mut("is").into_iter().for_each(header_names),
                                false => header_names(one),
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        Value::Object(map) => {
            let named = std::mem::take(map).into_iter();
            *map = named.map(|(name, value)| (name.to_ascii_lowercase().replace('-', "_"), value)).collect();
        }
        _ => {}
    }
}

fn is_matcher(map: &Map<String, Value>) -> bool {
    !map.is_empty() && map.keys().all(|key| OPERATORS.contains(&key.as_str()))
}

/// The literals of a template over values of a shape.
fn literals(template: &mut Value, shape: &Shape) {
    match (template, shape) {
        (Value::Object(map), shape) if is_matcher(map) => {
            let item = element(shape);
            for (operator, argument) in map.iter_mut() {
                match (operator.as_str(), argument, item) {
                    ("match" | "not", inner, _) => literals(inner, shape),
                    ("all_of" | "one_of", Value::Array(all), _) => {
                        for one in all {
                            match one.get("is").is_some() {
                                true => one.get_mut("is").into_iter().for_each(|is| literals(is, shape)),
                                false => literals(one, shape),
                            }
                        }
                    }
                    ("contains" | "ordered", Value::Array(all), Some(item)) => {
                        all.iter_mut().for_each(|one| literals(one, item))
                    }
                    ("each" | "contains", inner, Some(item)) => literals(inner, item),
                    ("count", counted, Some(item)) => {
                        counted.get_mut("of").into_iter().for_each(|of| literals(of, item));
                    }
                    _ => {}
                }
            }
        }
        (Value::Object(map), Shape::Record(group)) => fields(map, group),
        (Value::Object(map), Shape::Map(of) | Shape::NumberMap(.., of)) => {
            map.values_mut().for_each(|value| literals(value, of));
        }
        (Value::Array(all), shape) => {
            if let Some(item) = element(shape) {
                all.iter_mut().for_each(|one| literals(one, item));
            }
        }
        (value, Shape::WordOr(_, other) | Shape::TextOr(other)) if value.is_object() => literals(value, other),
        (value, Shape::WordOr(words, other)) if !words.iter().any(|word| value == word) => literals(value, other),
        (value, shape) => {
            if let Some(shown) = shown(value, shape) {
                *value = shown;
            }
        }
    }
}

/// The shape of the elements of a list.
fn element(shape: &Shape) -> Option<&Shape> {
    match shape {
        Shape::List(of) | Shape::ListOf(of, ..) => Some(of),
        Shape::WordOr(_, other) | Shape::TextOr(other) => element(other),
        _ => None,
    }
}

/// A literal as a message shows it, where that is another way to write it.
fn shown(value: &Value, shape: &Shape) -> Option<Value> {
    match (shape, value) {
        (Shape::SessionId(SessionForm::Text), value) => {
            SessionId::read(value).ok().map(|id| session_id_text(id.0).into())
        }
        (Shape::SessionId(SessionForm::Number), value) => SessionId::read(value).ok().map(|id| id.0.into()),
        (Shape::Hex | Shape::HexOf(..) | Shape::HexOrInt, Value::String(text)) => {
            from_hex(text).ok().map(|octets| to_hex(&octets).into())
        }
        (Shape::HexOrInt, Value::Number(number)) => {
            let octet = number.as_u64().and_then(|number| u8::try_from(number).ok());
            octet.map(|octet| to_hex(&[octet]).into())
        }
        (Shape::NameOrInt(names), Value::Number(number)) => {
            let named = names.iter().find(|(_, code)| number.as_u64() == Some(u64::from(*code)));
            named.map(|(name, _)| (*name).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn normal(group: &str, mut template: Value) -> Value {
        normalise(&mut template, group);
        template
    }

    #[test]
    fn a_session_id_is_one_value_however_it_is_written() {
        for written in [json!(2571), json!("A0B"), json!("0A0B"), json!("00A0B"), json!("a0b"), json!("0xA0B")] {
            assert_eq!(normal("dm.message", json!({ "session_id": written })), json!({ "session_id": "A0B" }));
            assert_eq!(normal("notification", json!({ "session_id": written })), json!({ "session_id": 2571 }));
        }
        assert_eq!(normal("dm.message", json!({ "session_id": "1e3" })), json!({ "session_id": "1E3" }));
        let within = json!({ "session_id": { "as": "x", "match": { "one_of": [1, { "is": { "not": "0a" } }, { "equals": "0a" }] } } });
        let shown = json!({ "session_id": { "as": "x", "match": { "one_of": ["1", { "is": { "not": "A" } }, { "equals": "0a" }] } } });
        assert_eq!(normal("dm.message", within), shown);
        for stays in
            [json!("any"), json!("absent"), json!(null), json!("${first.session_id}"), json!({ "regex": "0a" })]
        {
            let template = json!({ "session_id": stays });
            assert_eq!(normal("dm.message", template.clone()), template);
        }
    }

    #[test]
    fn codes_octets_and_what_is_inside() {
        assert_eq!(normal("apdu", json!({ "data": "0a 0b" })), json!({ "data": "0A0B" }));
        let command = json!({ "type": 0x40, "transport": { "protocol": 3 }, "event_list": { "contains": [9, 0xEE] } });
        let shown = json!({
            "type": "open-channel", "transport": { "protocol": "tcp-uicc-server" },
            "event_list": { "contains": ["data-available", 0xEE] },
        });
        assert_eq!(normal("command.heard", command), shown);
        let headers = json!({ "headers": { "Content-Type": "any", "x_y": { "not": "a" } } });
        let shown = json!({ "headers": { "content_type": "any", "x_y": { "not": "a" } } });
        assert_eq!(normal("http.request", headers), shown);
        let either = json!({ "one_of": [{ "session_id": 10 }, { "is": { "session_id": "0b" }, "remark": "r" }] });
        let shown = json!({ "one_of": [{ "session_id": "A" }, { "is": { "session_id": "B" }, "remark": "r" }] });
        assert_eq!(normal("dm.message", either), shown);
    }
}
