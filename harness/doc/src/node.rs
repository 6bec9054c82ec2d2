//! The tree of a document: values that know where they stand.

use std::fmt;

use serde_json::json;

use crate::source::Span;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The octets of the value; for block collections from the first to the last entry, for
    /// quoted scalars with the quotes.
    pub span: Span,
    /// The value.
    pub value: Value,
    /// A scalar as it was written, unquoted and unescaped: `0A10`, `007`, `1.20`. `None` for
    /// sequences and mappings.
    pub raw: Option<String>,
    /// Whether the value is a scalar without quotes, whose type the core schema chose.
    pub plain: bool,
}

/// What a value can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number: decimal, `0x` or `0o`.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text; every quoted scalar is text.
    Text(String),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping, in the order of the text, without duplicate keys.
    Map(Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key as written; keys are always text.
    pub key: String,
    /// The octets of the key.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

/// The types of values, as error texts name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing, or an explicit `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// Any other number.
    Float,
    /// Text.
    Text,
    /// A sequence.
    Seq,
    /// A mapping.
    Map,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "nothing",
            Self::Bool => "a truth value",
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Text => "text",
            Self::Seq => "a sequence",
            Self::Map => "a mapping",
        })
    }
}

impl Node {
    /// A node of text that stands at `span`; what a key is when a schema checks it.
    pub(crate) fn text(text: &str, span: Span) -> Self {
        Self { span, value: Value::Text(text.to_owned()), raw: Some(text.to_owned()), plain: true }
    }

    /// The type of the value.
    pub fn kind(&self) -> Kind {
        match self.value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Float(_) => Kind::Float,
            Value::Text(_) => Kind::Text,
            Value::Seq(_) => Kind::Seq,
            Value::Map(_) => Kind::Map,
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, if this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The node that a path such as `steps.0.match.url` leads to, or the last one on the way that is there.
    pub fn at(&self, path: &str) -> &Node {
        // Keys may hold dots themselves; of several that fit the longest is meant.
        let below = |key: &str| {
            let rest = path.strip_prefix(key)?;
            if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
        };
        let by_key = self.entries().iter().filter_map(|entry| Some((&entry.value, below(&entry.key)?)));
        let by_index = || {
            let (index, rest) = path.split_once('.').unwrap_or((path, ""));
            Some((self.items().get(index.parse::<usize>().ok()?)?, rest))
        };
        match by_key.min_by_key(|(_, rest)| rest.len()).or_else(by_index) {
            Some((node, rest)) => node.at(rest),
            None => self,
        }
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The text, if the value is text (a plain `12` is not).
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The scalar as written, whatever its type: `0A10`, `1234`, `true`.
    ///
    /// `None` for sequences, mappings, and plain scalars that are null.
    pub fn written(&self) -> Option<&str> {
        match self.value {
            Value::Null => None,
            _ => self.raw.as_deref(),
        }
    }

    /// The whole number.
    pub fn as_int(&self) -> Option<i64> {
        match self.value {
            Value::Int(int) => Some(int),
            _ => None,
        }
    }

    /// The number, whole or not.
    pub fn as_f64(&self) -> Option<f64> {
        match self.value {
            #[allow(clippy::cast_precision_loss)]
            Value::Int(int) => Some(int as f64),
            Value::Float(float) => Some(float),
            _ => None,
        }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(bool) => Some(bool),
            _ => None,
        }
    }

    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The place of a part of a scalar, given as octet offsets into [`Node::raw`].
    ///
    /// Exact when the text stands in the source as it is; the whole scalar when escapes or line
    /// folding make that impossible to tell.
    pub fn span_within(&self, start: usize, end: usize) -> Span {
        let Some(raw) = &self.raw else {
            return self.span;
        };
        let quotes = if self.plain { 0 } else { 2 };
        if self.span.len() != raw.len() + quotes || start > raw.len() {
            return self.span;
        }
        let text_start = self.span.start + quotes / 2;
        Span::new(text_start + start, text_start + end.min(raw.len()))
    }

    /// The value without places. Numbers JSON does not have (`.inf`, `.nan`) become text.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(bool) => json!(bool),
            Value::Int(int) => json!(int),
            Value::Float(float) if float.is_finite() => json!(float),
            Value::Float(_) => json!(self.raw),
            Value::Text(text) => json!(text),
            Value::Seq(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Source, parse};

    #[test]
    fn a_path_leads_to_a_node_or_as_near_as_there_is_one() {
        let text = "a: { b: [x, { c: y }], b.0: z }\n./a: { b: w }\n.: v\n";
        let root = parse(&Source::new("a.yaml", text)).unwrap();
        for (path, written) in
            [("a.b.0", "z"), ("a.b.1.c", "y"), ("a.b.1.c.d", "y"), ("./a.b", "w"), (".", "v"), ("./a.b.0", "w")]
        {
            assert_eq!(root.at(path).written(), Some(written), "{path}");
        }
        assert_eq!(root.at(""), &root);
        assert_eq!(root.at("x.y"), &root);
        assert_eq!(root.at("a.x"), root.get("a").unwrap());
        assert_eq!(root.at("a.b.7"), root.get("a").and_then(|a| a.get("b")).unwrap());
    }
}
