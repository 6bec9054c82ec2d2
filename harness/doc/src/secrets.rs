//! Where a document has values that nobody is to see beside what is wrong with it.

use crate::node::{Node, Value};
use crate::parse::parse;
use crate::source::{Source, Span};

/// Octets of the shortest secret that is hidden where it stands besides.
const SHORTEST: usize = 4;

/// Secrets that are looked for where they stand besides.
const MOST: usize = 64;

/// The places of what keys for which `is_secret` holds have as their values. Of a text that cannot be read they are told by
/// its letters: all that follows such a key is one until a line looks like another key.
pub fn secret_values(source: &Source, is_secret: &dyn Fn(&str) -> bool) -> Vec<Span> {
    let mut spans = Vec::new();
    match parse(source) {
        Ok(root) => collect(&root, is_secret, &mut spans),
        Err(_) => by_letters(&source.text, is_secret, &mut spans),
    }
    spans.extend(besides(&source.text, &spans));
    spans
}

fn collect(node: &Node, is_secret: &dyn Fn(&str) -> bool, spans: &mut Vec<Span>) {
    match &node.value {
        Value::Seq(items) => items.iter().for_each(|item| collect(item, is_secret, spans)),
        Value::Map(entries) => entries.iter().for_each(|entry| match is_secret(&entry.key) {
            true => spans.push(entry.value.span),
            false => collect(&entry.value, is_secret, spans),
        }),
        _ => {}
    }
}

/// The octets of a line in front of its text.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t', '\u{feff}']).len()
}

fn by_letters(text: &str, is_secret: &dyn Fn(&str) -> bool, spans: &mut Vec<Span>) {
    let mut at = 0;
    // The key whose value the lines may go on with, by its indentation.
    let mut open: Option<usize> = None;
    for line in text.split_inclusive(['\n', '\r']) {
        let end = at + line.len();
        let first = keys(line).next();
        let goes_on = open.filter(|of| {
            let other = first.as_ref().is_some_and(|(key, _)| line.trim_start_matches(OUTSIDE).starts_with(*key));
            indent(line) > *of || !other
        });
        match goes_on {
            Some(_) => spans.push(Span::new(at, end)),
            None => {
                let found = keys(line).find(|(key, _)| is_secret(key));
                open = found.as_ref().map(|_| indent(line));
                spans.extend(found.map(|(_, behind)| Span::new(at + behind, end)));
            }
        }
        at = end;
    }
}

/// What is no part of a key.
const OUTSIDE: fn(char) -> bool = |c| !(c.is_alphanumeric() || c == '_' || c == '-');

/// The words of a line that stand before a colon, and where the colon ends.
fn keys(line: &str) -> impl Iterator<Item = (&str, usize)> {
    line.match_indices([':', '=', '\u{ff1a}']).filter_map(move |(at, colon)| {
        let before = line.get(..at)?.trim_end().trim_end_matches(['"', '\'']);
        let start = before.char_indices().rev().take_while(|(_, c)| !OUTSIDE(*c)).last()?.0;
        Some((before.get(start..)?, at + colon.len()))
    })
}

/// Where else the values stand, such as in a command.
fn besides(text: &str, spans: &[Span]) -> Vec<Span> {
    let values = spans.iter().filter_map(|span| text.get(span.start..span.end));
    let mut values: Vec<&str> = values
        .map(|value| value.trim().trim_matches(['"', '\'']))
        .filter(|value| value.len() >= SHORTEST && !value.contains('\n'))
        .take(MOST)
        .collect();
    values.sort_unstable();
    values.dedup();
    values
        .iter()
        .flat_map(|value| text.match_indices(value))
        .map(|(at, found)| Span::new(at, at + found.len()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        let source = Source::new("a.yaml", text);
        let spans = secret_values(&source, &|key| key.contains("secret"));
        let covers = |at: usize| spans.iter().any(|span| (span.start..span.end).contains(&at));
        text.char_indices().map(|(at, c)| if covers(at) && !c.is_control() { '*' } else { c }).collect()
    }

    #[test]
    fn values_of_a_document_are_found_by_their_keys() {
        for (text, expected) in [
            ("a: { secret: xyzzy, b: 1 }\n", "a: { secret: *****, b: 1 }\n"),
            ("a:\n  secret: [x, y]\nb: xyzzy\n", "a:\n  secret: ******\nb: xyzzy\n"),
            ("secret: 'xyzzy'\nrun: [login, -pxyzzy]\n", "secret: *******\nrun: [login, -p*****]\n"),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }

    #[test]
    fn of_a_text_that_is_no_document_all_behind_a_key_is_hidden() {
        for (text, expected) in [
            ("a: { secret: xyzzy, b: 1\nc: 2\n", "a: { secret:************\nc: 2\n"),
            ("a: {\"secret\" : xyzzy, b: &x 1}\n", "a: {\"secret\" :****************\n"),
            ("a:\n  secret: >\n    xyzzy: x\n  b: x: y\n", "a:\n  secret:**\n************\n  b: x: y\n"),
            ("  secret:\nxyzzy\n\nb: x: y\n", "  secret:\n*****\n\nb: x: y\n"),
            ("\tsecret: x\n b: x\n", "\tsecret:**\n b: x\n"),
        ] {
            assert_eq!(hidden(text), expected, "{text}");
        }
    }

    #[test]
    fn any_text_is_survived_in_time() {
        let text = "secret: a: b\n".repeat(20_000) + &"a:".repeat(50_000) + "[";
        assert_eq!(hidden_length(&text), text.len());
    }

    fn hidden_length(text: &str) -> usize {
        let source = Source::new("a.yaml", text);
        secret_values(&source, &|key| key.contains("secret"));
        text.len()
    }
}
