//! Templates and values in words.

use std::fmt;

use serde_json::Value;

use super::{Template, Weight};

/// A value in words, short enough for one line.
pub fn show(value: &Value) -> String {
    let text = match value {
        Value::String(s) => format!("\"{s}\""),
        other => other.to_string(),
    };
    const LIMIT: usize = 160;
    match text.char_indices().nth(LIMIT) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, between: &str, all: &mut dyn Iterator<Item = String>| {
            f.write_str(&all.collect::<Vec<_>>().join(between))
        };
        match self {
            Template::Any => f.write_str("anything"),
            Template::Absent => f.write_str("nothing"),
            Template::Equals(value) => f.write_str(&show(value)),
            Template::Fields(fields) => {
                f.write_str("{ ")?;
                list(f, ", ", &mut fields.iter().map(|(name, t)| format!("{name}: {t}")))?;
                f.write_str(" }")
            }
            Template::Elements(all) => {
                f.write_str("[")?;
                list(f, ", ", &mut all.iter().map(ToString::to_string))?;
                f.write_str("]")
            }
            Template::OneOf(all) => {
                let good = all.iter().filter(|a| a.weight != Weight::Fail);
                list(f, " or ", &mut good.map(|a| a.template.to_string()))
            }
            Template::Range(low, high) => write!(f, "a number from {low} to {high}"),
            Template::Regex(regex) => write!(f, "text matching /{}/", regex.as_str()),
            Template::Length(inner) => write!(f, "a length of {inner}"),
            Template::Contains(all) => {
                f.write_str("something containing ")?;
                list(f, " and ", &mut all.iter().map(ToString::to_string))
            }
            Template::Each(inner) => write!(f, "elements each {inner}"),
            Template::Hex(pattern) => write!(f, "octets {pattern}"),
            Template::Not(inner) => write!(f, "anything but {inner}"),
            Template::AllOf(all) => list(f, " and ", &mut all.iter().map(ToString::to_string)),
            Template::Count(of, wanted) => write!(f, "elements that are {of}, {wanted} of them"),
            Template::Unique(unique) => unique.fmt(f),
            Template::Ordered(all) => list(f, " before ", &mut all.iter().map(ToString::to_string)),
            Template::OnePer(per) => per.fmt(f),
            Template::Capture(_, inner) => inner.fmt(f),
        }
    }
}
