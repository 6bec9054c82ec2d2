//! From text to [`Node`]s, by way of the events of `saphyr-parser`.
//!
//! The documents are a subset of YAML 1.2: one document, text keys, no anchors, aliases, tags or
//! tabs. What is left out would either let a value stand elsewhere than where it is read, or look
//! the same as something else.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

use crate::node::{Entry, Node, Value};
use crate::problem::{Problem, Problems};
use crate::scalar;
use crate::source::{Lines, Source, Span};

/// How many collections may stand inside each other.
pub const MAX_DEPTH: usize = 64;

/// Parses a document. An empty one is a null node.
///
/// # Errors
/// What is wrong with the text, each problem located: not YAML, duplicate keys, and the parts of
/// YAML that these documents do without (anchors, aliases, tags, several documents, tabs, keys
/// that are not text, more than [`MAX_DEPTH`] levels). After an error of syntax the rest of the
/// text is not looked at.
pub fn parse(source: &Source) -> Result<Node, Problems> {
    let problems = refused_characters(source);
    if !problems.is_empty() {
        return Err(Problems::new(source.clone(), problems));
    }
    let mut builder = Builder::new(source);
    builder.run();
    let Builder { root, problems, .. } = builder;
    let empty = || Node { span: Span::default(), value: Value::Null, raw: Some(String::new()), plain: true };
    Problems::none_or(source, problems, root.unwrap_or_else(empty))
}

/// Characters that the parser would misread (NUL ends its input) or that no one can see.
fn refused_characters(source: &Source) -> Vec<Problem> {
    let text = source.text.as_str();
    let mut problems = Vec::new();
    let tabs = text.matches('\t').count();
    if let Some(at) = text.find('\t') {
        let mut problem = Problem::new(Span::new(at, at + 1), "a tab character")
            .label("use spaces here")
            .help("indent with spaces; inside double quotes a tab is written `\\t`");
        if tabs > 1 {
            problem = problem.note(format!("the file has {tabs} tabs"));
        }
        problems.push(problem);
    }
    let bad = text.char_indices().find(|&(at, c)| match c {
        '\n' | '\t' => false,
        '\r' => !text[at + 1..].starts_with('\n'),
        '\u{feff}' => at != 0,
        '\u{85}' | '\u{2028}' | '\u{2029}' => true,
        _ => c.is_control(),
    });
    if let Some((at, c)) = bad {
        let code = u32::from(c);
        problems.push(
            Problem::new(Span::new(at, at + c.len_utf8()), format!("the control character U+{code:04X}"))
                .label("not allowed in a document")
                .help(format!("inside double quotes it is written `\\u{code:04X}`")),
        );
    }
    problems
}

struct Builder<'s> {
    source: &'s Source,
    lines: Lines,
    /// Octet offset of every character, and of the end.
    offsets: Vec<usize>,
    open: Vec<Open>,
    root: Option<Node>,
    problems: Vec<Problem>,
}

/// A collection whose end has not come yet.
enum Open {
    Seq {
        span: Span,
        items: Vec<Node>,
    },
    Map {
        span: Span,
        entries: Vec<Entry>,
        /// Keys seen so far.
        seen: BTreeMap<String, Span>,
        key: PendingKey,
    },
}

enum PendingKey {
    /// The next node is a key.
    None,
    /// The next node is the value of this key.
    Key(String, Span),
    /// The next node is the value of a key that was refused.
    Refused,
}

impl<'s> Builder<'s> {
    fn new(source: &'s Source) -> Self {
        // A byte order mark is not part of the document.
        let skipped = if source.text.starts_with('\u{feff}') { 3 } else { 0 };
        let offsets =
            source.text[skipped..].char_indices().map(|(at, _)| at + skipped).chain([source.text.len()]).collect();
        Self { source, lines: Lines::of(source), offsets, open: Vec::new(), root: None, problems: Vec::new() }
    }

    fn run(&mut self) {
        let source = self.source;
        let text = source.text.trim_start_matches('\u{feff}');
        let mut parser = Parser::new_from_str(text);
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok((event, span)) => (event, self.span(span.start, span.end)),
                Err(error) => {
                    let problem = self.syntax(&error);
                    self.problems.push(problem);
                    return;
                }
            };
            if matches!(event, Event::DocumentStart(_)) {
                documents += 1;
                if documents > 1 {
                    self.problems.push(
                        Problem::new(span, "a second document in one file")
                            .label("`---` starts another document")
                            .help("put each document into a file of its own"),
                    );
                    return;
                }
            }
            if !self.event(event, span) {
                return;
            }
        }
    }

    /// Takes one event; `false` stops.
    fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
            Event::Alias(_) => {
                self.problems.push(
                    Problem::new(span, "an alias")
                        .label("aliases are not part of this format")
                        .help("write the value out, or put it in quotes if `*` belongs to it"),
                );
                // Stands in for the value, so that what follows is still looked at.
                let written = self.source.text.get(span.start..span.end).unwrap_or("*");
                self.put(Node::text(written, span));
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), span);
                let node = self.scalar(&text, style, span);
                self.put(node);
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), span);
                return self.enter(Open::Seq { span, items: Vec::new() });
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), span);
                return self.enter(Open::Map {
                    span,
                    entries: Vec::new(),
                    seen: BTreeMap::new(),
                    key: PendingKey::None,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(span),
        }
        true
    }

    fn enter(&mut self, open: Open) -> bool {
        let (Open::Seq { span, .. } | Open::Map { span, .. }) = &open;
        if self.open.len() >= MAX_DEPTH {
            self.problems.push(
                Problem::new(*span, "too many levels")
                    .label(format!("more than {MAX_DEPTH} levels deep"))
                    .help("close a bracket, or check the indentation"),
            );
            return false;
        }
        self.open.push(open);
        true
    }

    fn leave(&mut self, end: Span) {
        let node = match self.open.pop() {
            Some(Open::Seq { span, items }) => {
                let first = items.first().map(|item| item.span.start);
                let last = items.last().map(|item| item.span.end);
                collection(span, end, first, last, Value::Seq(items))
            }
            Some(Open::Map { span, entries, .. }) => {
                let first = entries.first().map(|entry| entry.key_span.start);
                let last = entries.last().map(|entry| entry.value.span.end);
                collection(span, end, first, last, Value::Map(entries))
            }
            None => return,
        };
        self.put(node);
    }

    /// Puts a finished node where it belongs.
    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Seq { items, .. }) => items.push(node),
            Some(Open::Map { entries, seen, key, .. }) => match std::mem::replace(key, PendingKey::None) {
                PendingKey::Key(key, key_span) => entries.push(Entry { key, key_span, value: node }),
                PendingKey::Refused => {}
                PendingKey::None => match check_key(self.source, &self.lines, node, seen) {
                    Ok((text, span)) => *key = PendingKey::Key(text, span),
                    Err(problem) => {
                        self.problems.push(problem);
                        *key = PendingKey::Refused;
                    }
                },
            },
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, span: Span) -> Node {
        let plain = style == ScalarStyle::Plain;
        let value = if plain { scalar::resolve(text) } else { Value::Text(text.to_owned()) };
        Node { span: self.trimmed(span), value, raw: Some(text.to_owned()), plain }
    }

    fn refuse_properties(&mut self, anchor: usize, tag: bool, span: Span) {
        if anchor != 0 {
            self.problems.push(
                Problem::new(span, "an anchor")
                    .label("anchors are not part of this format")
                    .help("remove it, or put the value in quotes if `&` belongs to it"),
            );
        }
        if tag {
            self.problems.push(
                Problem::new(span, "a tag")
                    .label("tags are not part of this format")
                    .help("remove it, or put the value in quotes if `!` belongs to it"),
            );
        }
    }

    fn syntax(&self, error: &ScanError) -> Problem {
        let at = self.offset(*error.marker());
        let problem = Problem::new(Span::new(at, at), format!("not valid YAML: {}", error.info()));
        match hint(error.info()) {
            Some(hint) => problem.help(hint),
            None => problem,
        }
    }

    fn span(&self, start: Marker, end: Marker) -> Span {
        Span::new(self.offset(start), self.offset(end))
    }

    fn offset(&self, marker: Marker) -> usize {
        let end = self.source.text.len();
        self.offsets.get(marker.index()).copied().unwrap_or(end)
    }

    /// Without the white space that the parser counts to the end of block and plain scalars.
    fn trimmed(&self, span: Span) -> Span {
        let text = self.source.text.get(span.start..span.end).unwrap_or("");
        Span::new(span.start, span.start + text.trim_end().len())
    }
}

/// A collection with its full span: flow collections run from bracket to bracket, block ones from
/// their first to their last entry (their end event stands at whatever comes next).
fn collection(start: Span, end: Span, first: Option<usize>, last: Option<usize>, value: Value) -> Node {
    let from = first.map_or(start.start, |first| first.min(start.start));
    let to = if end.is_empty() { last.unwrap_or(start.end) } else { end.end };
    Node { span: Span::new(from, to), value, raw: None, plain: false }
}

fn check_key(
    source: &Source,
    lines: &Lines,
    node: Node,
    seen: &mut BTreeMap<String, Span>,
) -> Result<(String, Span), Problem> {
    let kind = node.kind();
    let text = match node.raw {
        Some(text) if !text.is_empty() => text,
        Some(_) => {
            return Err(Problem::new(node.span, "an empty key")
                .label("a key is missing here")
                .help("write a name before the `:`"));
        }
        None => {
            return Err(Problem::new(node.span, format!("{kind} as a key"))
                .label("a key must be text")
                .help("put the key in quotes if the brackets belong to it"));
        }
    };
    if let Some(first) = seen.get(&text) {
        let (line, column) = lines.line_col(source, first.start);
        return Err(Problem::new(node.span, format!("the key `{text}` stands here twice"))
            .label("second time in the same mapping")
            .note(format!("the first time is at line {line}, column {column}"))
            .help("keep one of the two; for several values use a sequence"));
    }
    seen.insert(text.clone(), node.span);
    Ok((text, node.span))
}

/// What usually leads to an error of the YAML parser.
fn hint(info: &str) -> Option<&'static str> {
    let hints = [
        ("mapping values are not allowed", "a text with `: ` in it must stand in quotes; else check the indentation"),
        ("simple key", "a `:` may be missing after the key, or its indentation differs from the lines above"),
        (
            "block mapping",
            "check that keys of one mapping have the same indentation, \
             and that texts with special characters stand in quotes",
        ),
        (
            "flow",
            "check commas and brackets; inside brackets a text with `{`, `}`, `[`, `]` or `,` \
             must stand in quotes",
        ),
        ("placement of ':'", "check that the brackets above are closed"),
        ("recursion limit", "close a bracket; a document has at most 64 levels"),
        ("unknown anchor", "a text that starts with `*` must stand in quotes"),
        ("unexpected character", "a text that starts with this character must stand in quotes"),
        ("quoted scalar", "check that the quotes are closed"),
        ("indentation", "check the indentation of this line and the one above"),
    ];
    let found = hints.iter().find(|(part, _)| info.contains(part));
    found.map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests;
