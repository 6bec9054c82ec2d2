//! Templates and values in words.

use std::fmt;

use serde_json::Value;

use super::{Template, Weight};
use crate::notation::Scope;

/// The most characters of a value that are shown, save where it is a text by itself: what a text says is not cut.
const LIMIT: usize = 160;

/// The most characters of a text that are shown.
const LONGEST_TEXT: usize = 2000;

/// A value in words, of a place of which nothing is known.
pub fn show(value: &Value) -> String {
    Scope::default().show(value)
}

impl Scope<'_> {
    /// A value in words, short enough to be read.
    pub fn show(self, value: &Value) -> String {
        let (text, limit) = match value {
            Value::String(text) => (format!("\"{text}\""), if is_prose(text) { LONGEST_TEXT } else { LIMIT }),
            other => (self.write(other), LIMIT),
        };
        match text.char_indices().nth(limit) {
            Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
            None => text,
        }
    }
}

/// Whether it is words, such as the reason of a decoder, rather than data.
fn is_prose(text: &str) -> bool {
    text.split_whitespace().count() > 3
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(Scope::default()))
    }
}

impl Template {
    /// The template in words; values are written as `scope` says of the place at which it is asked for.
    pub fn words(&self, scope: Scope<'_>) -> String {
        let join =
            |between: &str, all: &[Template]| all.iter().map(|one| one.words(scope)).collect::<Vec<_>>().join(between);
        match self {
            Template::Any => "anything".into(),
            Template::Absent => "nothing".into(),
            Template::Equals(value) => scope.show(value),
            Template::Fields(fields) => {
                let fields = fields.iter().map(|(name, inner)| format!("{name}: {}", inner.words(scope.field(name))));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            Template::Elements(all) => format!("[{}]", join(", ", all)),
            Template::OneOf(all) => {
                let good = all.iter().filter(|one| one.weight != Weight::Fail);
                good.map(|one| one.template.words(scope)).collect::<Vec<_>>().join(" or ")
            }
            Template::Range(low, high) => format!("a number from {} to {}", scope.number(*low), scope.number(*high)),
            Template::Regex(regex) => format!("text matching /{}/", regex.as_str()),
            // A length counts, whatever it is the length of.
            Template::Length(inner) => format!("a length of {inner}"),
            Template::Contains(all) => format!("something containing {}", join(" and ", all)),
            Template::Each(inner) => format!("elements each {}", inner.words(scope)),
            Template::Hex(pattern) => format!("octets {pattern}"),
            Template::Not(inner) => format!("anything but {}", inner.words(scope)),
            Template::AllOf(all) => join(" and ", all),
            // How many is a count, whatever is counted.
            Template::Count(of, wanted) => format!("elements that are {}, {wanted} of them", of.words(scope)),
            Template::Unique(unique) => unique.to_string(),
            Template::Ordered(all) => join(" before ", all),
            Template::OnePer(per) => per.to_string(),
            Template::Capture(_, inner) => inner.words(scope),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::messages::Catalogue;
    use crate::template::Template;
    use serde_json::json;

    #[test]
    fn codes_are_in_hexadecimal_and_counts_are_not() {
        let scope = Catalogue::get().scope("response");
        let miss = |template: serde_json::Value, value: serde_json::Value| {
            let matched = Template::compile(&template).unwrap().matches_in(&value, scope);
            let one = matched.mismatches.first().unwrap();
            (one.expected.clone(), one.got.clone())
        };
        let sw = |template| miss(json!({ "sw": template }), json!({ "sw": 0x6F00 }));
        assert_eq!(sw(json!(0x9000)), ("'9000'".into(), "'6F00'".into()));
        assert_eq!(
            sw(json!({ "range": [0x9100, 0x91FF] })),
            ("a number from '91 00' to '91 FF'".into(), "'6F00'".into())
        );
        assert_eq!(sw(json!({ "not": { "one_of": [0x6F00, 0x9000] } })).0, "anything but '6F00' or '9000'");
        let whole = Template::compile(&json!({ "to": "select", "sw": { "not": 0x9000 } })).unwrap();
        assert_eq!(whole.words(scope), "{ to: \"select\", sw: anything but '9000' }");
        let atr = miss(json!({ "data": { "length": 10 } }), json!({ "data": "0A0B" }));
        assert_eq!(atr, ("a length of 10".into(), "length 2: \"0A0B\"".into()));
    }

    #[test]
    fn reasons_are_not_cut_and_long_data_are() {
        let reason = format!("octet 142: {}", "the element is not one of SyncHdr; ".repeat(10));
        let miss = |value: &str| {
            let matched = Template::compile(&json!({ "malformed": "absent" })).unwrap();
            matched.matches(&json!({ "malformed": value })).mismatches.remove(0).got
        };
        assert!(miss(&reason).contains(&reason));
        assert_eq!(miss(&"00".repeat(200)).chars().count(), 161);
    }
}
