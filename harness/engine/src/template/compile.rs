//! Templates compiled from their JSON form.

use dmsc_octets::HexPattern;
use regex_lite::Regex;
use serde_json::{Map, Value};

use super::lists::{OnePer, Unique};
use super::{Alternative, OPERATORS, Template, TemplateError, Weight, join};

pub(super) fn compile(value: &Value, path: &str) -> Result<Template, TemplateError> {
    let fail = |message: &str| Err(TemplateError { path: path.to_owned(), message: message.to_owned() });
    match value {
        Value::String(word) if word == "any" => Ok(Template::Any),
        Value::String(word) if word == "absent" => Ok(Template::Absent),
        Value::Null => Ok(Template::Absent),
        Value::Array(elements) => Ok(Template::Elements(compile_all(elements, path)?)),
        Value::Object(map) if map.is_empty() => fail("an empty mapping matches nothing in particular; write `any`"),
        Value::Object(map) if map.keys().all(|key| OPERATORS.contains(&key.as_str())) => compile_operators(map, path),
        Value::Object(map) => {
            if let Some(operator) = map.keys().find(|key| OPERATORS.contains(&key.as_str())) {
                return fail(&format!("`{operator}` is a matcher and cannot stand among field names"));
            }
            let fields = map.iter().map(|(name, inner)| Ok((name.clone(), compile(inner, &join(path, name))?)));
            Ok(Template::Fields(fields.collect::<Result<_, _>>()?))
        }
        scalar => Ok(Template::Equals(scalar.clone())),
    }
}

fn compile_all(elements: &[Value], path: &str) -> Result<Vec<Template>, TemplateError> {
    elements.iter().enumerate().map(|(i, element)| compile(element, &join(path, &i.to_string()))).collect()
}

fn compile_operators(map: &Map<String, Value>, path: &str) -> Result<Template, TemplateError> {
    if let Some(name) = map.get("as") {
        let Some(name) = name.as_str() else {
            return Err(TemplateError { path: path.to_owned(), message: "`as` takes a name".into() });
        };
        let inner = match map.get("match") {
            Some(inner) => compile(inner, &join(path, "match"))?,
            None => Template::Any,
        };
        return Ok(Template::Capture(name.to_owned(), Box::new(inner)));
    }
    let mut all = Vec::new();
    for (operator, argument) in map {
        all.push(compile_operator(operator, argument, &join(path, operator))?);
    }
    match (all.pop(), all.is_empty()) {
        (Some(single), true) => Ok(single),
        (Some(last), false) => {
            all.push(last);
            Ok(Template::AllOf(all))
        }
        (None, _) => Ok(Template::Any),
    }
}

fn compile_operator(operator: &str, argument: &Value, path: &str) -> Result<Template, TemplateError> {
    let fail = |message: String| Err(TemplateError { path: path.to_owned(), message });
    let list = || match argument {
        Value::Array(elements) if !elements.is_empty() => Ok(elements.as_slice()),
        _ => Err(TemplateError {
            path: path.to_owned(),
            message: format!("`{operator}` takes a list that is not empty"),
        }),
    };
    Ok(match operator {
        "equals" => Template::Equals(argument.clone()),
        "not" => Template::Not(Box::new(compile(argument, path)?)),
        "each" => Template::Each(Box::new(compile(argument, path)?)),
        "length" => Template::Length(Box::new(compile(argument, path)?)),
        "all_of" => Template::AllOf(compile_all(list()?, path)?),
        "contains" => match argument {
            Value::Array(_) => Template::Contains(compile_all(list()?, path)?),
            single => Template::Contains(vec![compile(single, path)?]),
        },
        "one_of" => {
            let alternatives = list()?.iter().enumerate();
            let compiled = alternatives.map(|(i, value)| compile_alternative(value, &join(path, &i.to_string())));
            Template::OneOf(compiled.collect::<Result<_, _>>()?)
        }
        "count" => match argument.as_object().map(|map| (map, map.get("of"), map.get("is"))) {
            Some((map, Some(of), Some(is))) if map.len() == 2 => {
                Template::Count(Box::new(compile(of, &join(path, "of"))?), Box::new(compile(is, &join(path, "is"))?))
            }
            _ => return fail("`count` takes what is counted and how many there are: { of: ..., is: ... }".into()),
        },
        "unique" => match Unique::compile(argument) {
            Some(unique) => Template::Unique(unique),
            None => return fail("`unique` takes `true`, or the name of a field in which elements differ".into()),
        },
        "ordered" => match list()? {
            [_] => return fail("`ordered` takes two or more, in the order in which they have to stand".into()),
            all => Template::Ordered(compile_all(all, path)?),
        },
        "one_per" => match OnePer::compile(argument) {
            Ok(per) => Template::OnePer(per),
            Err(message) => return fail(message),
        },
        "range" => match argument.as_array().map(Vec::as_slice) {
            Some([low, high]) => match (low.as_i64(), high.as_i64()) {
                (Some(low), Some(high)) if low <= high => Template::Range(low, high),
                (Some(low), Some(high)) => {
                    return fail(format!("the range {low} to {high} is empty; the smaller bound comes first"));
                }
                _ => return fail("both bounds of a range are whole numbers".into()),
            },
            _ => return fail("`range` takes two numbers: [lowest, highest]".into()),
        },
        "regex" => match argument.as_str().map(Regex::new) {
            Some(Ok(regex)) => Template::Regex(regex),
            Some(Err(error)) => return fail(format!("not a regular expression: {error}")),
            None => return fail("`regex` takes a text".into()),
        },
        "hex" => match argument.as_str().map(HexPattern::parse) {
            Some(Ok(pattern)) => Template::Hex(pattern),
            _ => {
                return fail(
                    "`hex` takes hexadecimal digits, `?` for any digit and `*` for any octets, in quotes".into(),
                );
            }
        },
        other => return fail(format!("`{other}` stands beside `as` only")),
    })
}

fn compile_alternative(value: &Value, path: &str) -> Result<Alternative, TemplateError> {
    let Some((map, is)) = value.as_object().and_then(|map| map.get("is").map(|is| (map, is))) else {
        return Ok(Alternative { template: compile(value, path)?, weight: Weight::Pass, remark: None });
    };
    let fail = |message: String| Err(TemplateError { path: path.to_owned(), message });
    if let Some(key) = map.keys().find(|key| !["is", "verdict", "remark"].contains(&key.as_str())) {
        return fail(format!("`{key}` is not part of an alternative; it has `is`, `verdict` and `remark`"));
    }
    let weight = match map.get("verdict").map(|v| v.as_str()) {
        None | Some(Some("pass")) => Weight::Pass,
        Some(Some("inconclusive")) => Weight::Inconclusive,
        Some(Some("fail")) => Weight::Fail,
        Some(_) => return fail("the verdict of an alternative is pass, inconclusive or fail".into()),
    };
    let remark = map.get("remark").and_then(Value::as_str).map(str::to_owned);
    Ok(Alternative { template: compile(is, &join(path, "is"))?, weight, remark })
}
