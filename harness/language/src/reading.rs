//! What a template says under the readings in force: entries of `one_of` that carry `when`.

use dmsc_scr::{Reading, Readings, Tables};
use serde_json::{Map, Value};

/// Readings as a mapping writes them.
pub(crate) fn readings_of(map: &Map<String, Value>) -> Vec<Reading> {
    map.iter().filter_map(|(id, choice)| Some((id.clone(), choice.as_str()?.to_owned()))).collect()
}

/// The template with those entries left out whose readings are not in force, and `when` out of the others.
pub(crate) fn in_force(template: Value, readings: &Readings) -> Value {
    if !is_open(&template) {
        return template;
    }
    kept(template, &|when| readings.hold(when))
}

/// The template with every entry, whatever its readings.
pub(crate) fn of_any(template: Value) -> Value {
    kept(template, &|_| true)
}

/// Readings under which a `one_of` of the template has no entry left: the path to it, and the readings.
pub(crate) fn gap(template: &Value) -> Option<(String, Vec<Reading>)> {
    gap_at(template, String::new())
}

/// Whether an entry carries `when`.
fn is_open(template: &Value) -> bool {
    match template {
        Value::Object(map) => when_of(map).is_some() || map.values().any(is_open),
        Value::Array(all) => all.iter().any(is_open),
        _ => false,
    }
}

/// The readings of an entry of `one_of`.
fn when_of(map: &Map<String, Value>) -> Option<Vec<Reading>> {
    map.get("is")?;
    Some(readings_of(map.get("when")?.as_object()?))
}

fn kept(template: Value, keep: &dyn Fn(&[Reading]) -> bool) -> Value {
    match template {
        Value::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| match value {
                Value::Array(entries) if key == "one_of" => {
                    let counts = |entry: &Value| entry.as_object().and_then(when_of).is_none_or(|when| keep(&when));
                    (key, entries.into_iter().filter(counts).map(|entry| kept(bare(entry), keep)).collect())
                }
                value => (key, kept(value, keep)),
            });
            Value::Object(entries.collect())
        }
        Value::Array(all) => all.into_iter().map(|one| kept(one, keep)).collect(),
        scalar => scalar,
    }
}

/// An entry without its `when`.
fn bare(mut entry: Value) -> Value {
    if let Value::Object(map) = &mut entry
        && map.contains_key("is")
    {
        map.remove("when");
    }
    entry
}

fn gap_at(template: &Value, path: String) -> Option<(String, Vec<Reading>)> {
    let under = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match template {
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            let own = value.as_array().filter(|_| key == "one_of").and_then(|entries| uncovered(entries));
            own.map(|readings| (under(key), readings)).or_else(|| gap_at(value, under(key)))
        }),
        Value::Array(all) => all.iter().enumerate().find_map(|(i, one)| gap_at(one, under(&i.to_string()))),
        _ => None,
    }
}

/// Readings under which none of the entries counts.
fn uncovered(entries: &[Value]) -> Option<Vec<Reading>> {
    let whens: Vec<Vec<Reading>> =
        entries.iter().map(|entry| entry.as_object().and_then(when_of).unwrap_or_default()).collect();
    if whens.iter().any(Vec::is_empty) {
        return None;
    }
    let mut points: Vec<&String> = whens.iter().flatten().map(|(id, _)| id).collect();
    points.sort_unstable();
    points.dedup();
    let mut combinations: Vec<Vec<Reading>> = vec![Vec::new()];
    for id in points {
        let choices = Tables::builtin().interpretation(id)?.alternatives.iter();
        let choices: Vec<&String> = choices.map(|alternative| &alternative.id).collect();
        let with = |before: &Vec<Reading>, choice: &String| {
            before.iter().cloned().chain([(id.clone(), choice.clone())]).collect::<Vec<_>>()
        };
        combinations =
            combinations.iter().flat_map(|before| choices.iter().map(move |choice| with(before, choice))).collect();
    }
    let counts = |when: &Vec<Reading>, combination: &Vec<Reading>| when.iter().all(|one| combination.contains(one));
    combinations.into_iter().find(|combination| !whens.iter().any(|when| counts(when, combination)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn readings(chosen: &[(&str, &str)]) -> Readings {
        let chosen: BTreeMap<String, String> =
            chosen.iter().map(|(id, choice)| ((*id).to_owned(), (*choice).to_owned())).collect();
        Readings::of(Tables::builtin(), &chosen)
    }

    fn framed() -> Value {
        json!({ "a": { "one_of": [
            { "is": 1, "when": { "package0-framing": "wsp" } },
            { "is": { "b": { "one_of": [{ "is": 2, "when": { "package0-framing": "bare" } }, 3] } } },
        ] } })
    }

    #[test]
    fn entries_of_other_readings_are_left_out() {
        let bare = json!({ "a": { "one_of": [{ "is": { "b": { "one_of": [{ "is": 2 }, 3] } } }] } });
        assert_eq!(in_force(framed(), &readings(&[])), bare);
        let wsp = json!({ "a": { "one_of": [{ "is": 1 }, { "is": { "b": { "one_of": [3] } } }] } });
        assert_eq!(in_force(framed(), &readings(&[("package0-framing", "wsp")])), wsp);
        let any = json!({ "a": { "one_of": [{ "is": 1 }, { "is": { "b": { "one_of": [{ "is": 2 }, 3] } } }] } });
        assert_eq!(of_any(framed()), any);
    }

    #[test]
    fn a_field_called_when_is_a_field() {
        let plain = json!({ "when": { "package0-framing": "wsp" }, "one_of": [{ "when": 1 }] });
        assert_eq!(in_force(plain.clone(), &readings(&[])), plain);
    }

    #[test]
    fn a_reading_without_an_entry_is_found() {
        assert_eq!(gap(&framed()), None);
        let both = json!({ "x": [{ "one_of": [
            { "is": 1, "when": { "package0-framing": "wsp" } },
            { "is": 1, "when": { "package0-framing": "bare", "server-id-match": "not-judged" } },
        ] }] });
        let (path, readings) = gap(&both).unwrap();
        assert_eq!(path, "x.0.one_of");
        let expected = [("package0-framing", "bare"), ("server-id-match", "named-server-only")];
        assert_eq!(readings, expected.map(|(id, choice)| (id.to_owned(), choice.to_owned())));
    }
}
