//! How the standards write a value: codes, tags and status words in hexadecimal between quotes ('3A', '9000', '91 2A'),
//! as TS 102 221 and TS 102 223 have them; numbers that count something in decimal.
//!
//! Cases and journals hold numbers. What a person reads is written here, by what the declaration of a field says of it.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

/// How a number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notation {
    /// In decimal: it counts something.
    #[default]
    Decimal,
    /// In hexadecimal, two digits an octet: it is a code, a tag or bits.
    Code,
    /// As a status word: in hexadecimal, with a space before an octet that is a parameter of the first (TS 102 221
    /// 10.2.1).
    StatusWord,
}

impl Notation {
    /// The number as the standards write it.
    pub fn write(self, number: i64) -> String {
        match (self, u32::try_from(number)) {
            (Notation::Code, Ok(code)) => {
                let digits = code.checked_ilog2().map_or(1, |bits| bits / 8 + 1) * 2;
                format!("'{code:0width$X}'", width = digits as usize)
            }
            (Notation::StatusWord, Ok(word @ 0..=0xFFFF)) => {
                let (first, second) = (word >> 8, word & 0xFF);
                let space = if matches!(first, 0x61 | 0x6C | 0x91 | 0x92 | 0x9F) { " " } else { "" };
                format!("'{first:02X}{space}{second:02X}'")
            }
            _ => number.to_string(),
        }
    }
}

/// What is known of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// How its number, or the numbers in it, are written.
    pub notation: Notation,
    /// The group of the fields in it, where it is a record or a list of records.
    pub group: Option<&'static str>,
}

/// The fields of all groups.
pub type Notations = BTreeMap<&'static str, BTreeMap<&'static str, Field>>;

/// A place in the fields of a message, and how what stands there is written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scope<'n> {
    all: Option<&'n Notations>,
    group: Option<&'static str>,
    notation: Notation,
}

impl<'n> Scope<'n> {
    /// The fields of a group.
    pub fn of(all: &'n Notations, group: &'static str) -> Scope<'n> {
        Scope { all: Some(all), group: Some(group), notation: Notation::Decimal }
    }

    /// The place of a field in it. An element of a list, which is named by its number, is written as the list says.
    #[must_use]
    pub fn field(self, name: &str) -> Scope<'n> {
        if name.bytes().all(|octet| octet.is_ascii_digit()) {
            return self;
        }
        let known = self.all.zip(self.group).and_then(|(all, group)| all.get(group)?.get(name));
        let notation = known.map(|field| field.notation).unwrap_or_default();
        Scope { all: self.all, group: known.and_then(|field| field.group), notation }
    }

    /// The place of a dotted path in it.
    #[must_use]
    pub fn at(self, path: &str) -> Scope<'n> {
        path.split('.').filter(|name| !name.is_empty()).fold(self, Scope::field)
    }

    /// A number that stands here.
    pub fn number(self, number: i64) -> String {
        self.notation.write(number)
    }

    /// A value that stands here, on one line: JSON, save the numbers that the standards write otherwise.
    pub fn write(self, value: &Value) -> String {
        match value {
            Value::Number(number) => self.json_number(number),
            Value::Array(elements) => {
                let elements = elements.iter().map(|element| self.write(element));
                format!("[{}]", elements.collect::<Vec<_>>().join(","))
            }
            Value::Object(map) => {
                let fields = map
                    .iter()
                    .map(|(name, value)| format!("{}:{}", Value::String(name.clone()), self.field(name).write(value)));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        }
    }

    fn json_number(self, number: &Number) -> String {
        number.as_i64().map_or_else(|| number.to_string(), |number| self.number(number))
    }

    /// The numbers of a tree that are not written in decimal, by their paths.
    pub fn written(self, value: &Value) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        self.collect(value, "", &mut found);
        found
    }

    fn collect(self, value: &Value, path: &str, found: &mut BTreeMap<String, String>) {
        let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Value::Number(number) if self.notation != Notation::Decimal => {
                found.insert(path.to_owned(), self.json_number(number));
            }
            // Most lists are long ones of records without codes, or short ones of codes.
            Value::Array(elements) if self.group.is_some() || self.notation != Notation::Decimal => {
                elements.iter().enumerate().for_each(|(at, one)| self.collect(one, &inner(&at.to_string()), found));
            }
            Value::Object(map) if self.group.is_some() => {
                map.iter().for_each(|(name, one)| self.field(name).collect(one, &inner(name), found));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Catalogue;
    use serde_json::json;

    #[test]
    fn numbers_are_written_as_the_standards_do() {
        for (notation, number, text) in [
            (Notation::Decimal, 36864, "36864"),
            (Notation::Code, 0, "'00'"),
            (Notation::Code, 0x3A, "'3A'"),
            (Notation::Code, 0x7FFF, "'7FFF'"),
            (Notation::Code, 0x1_0000, "'010000'"),
            (Notation::Code, -1, "-1"),
            (Notation::StatusWord, 0x9000, "'9000'"),
            (Notation::StatusWord, 0x912A, "'91 2A'"),
            (Notation::StatusWord, 0x6A82, "'6A82'"),
            (Notation::StatusWord, 0x1_0000, "65536"),
        ] {
            assert_eq!(notation.write(number), text);
        }
    }

    #[test]
    fn fields_are_written_as_they_are_declared() {
        let response = Catalogue::get().scope("response");
        assert_eq!(response.write(&json!({ "sw": 0x9110, "to": "select" })), r#"{"sw":'91 10',"to":"select"}"#);
        let heard = Catalogue::get().scope("command.heard");
        let command = json!({ "type": 0x7F, "qualifier": 3, "number": 1, "transport": { "port": 49152 },
            "extra": [{ "tag": 0x7B, "cr": true }] });
        assert_eq!(
            heard.write(&command),
            r#"{"type":'7F',"qualifier":'03',"number":1,"transport":{"port":49152},"extra":[{"tag":'7B',"cr":true}]}"#
        );
        let written = heard.written(&command);
        let paths: Vec<_> = written.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        assert_eq!(paths, [("extra.0.tag", "'7B'"), ("qualifier", "'03'"), ("type", "'7F'")]);
        assert_eq!(heard.at("extra.0.tag").number(0x7B), "'7B'");
        assert_eq!(Scope::default().write(&json!({ "sw": 1 })), r#"{"sw":1}"#);
    }
}
