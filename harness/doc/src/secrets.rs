//! Where a document has values that nobody is to see beside what is wrong with it.

use crate::node::{Node, Value};
use crate::parse::parse;
use crate::source::{Source, Span};

/// Octets of the shortest secret that is hidden where it stands besides.
const SHORTEST: usize = 4;

/// Secrets that are looked for where they stand besides.
const MOST: usize = 64;

/// The places of what keys for which `is_secret` holds have as their values. Of a text that cannot be read they are told by
/// its letters: all that follows such a key is one until a line looks like another key. Where a value is an alias, so is all
/// that has an anchor.
pub fn secret_values(source: &Source, is_secret: &dyn Fn(&str) -> bool) -> Vec<Span> {
    let mut spans = Vec::new();
    match parse(source) {
        Ok(root) => {
            let mut values = Vec::new();
            collect(&root, is_secret, &mut spans, &mut values);
            values.retain(|value| value.len() >= SHORTEST);
            values.truncate(MOST);
            inside(&root, &source.text, &values, &mut spans);
        }
        Err(_) => {
            by_letters(&source.text, is_secret, false, &mut spans);
            let is_alias = |span: &Span| source.text.get(span.start..span.end).is_some_and(|text| text.contains('*'));
            if spans.iter().any(is_alias) {
                by_letters(&source.text, is_secret, true, &mut spans);
            }
        }
    }
    spans.extend(besides(&source.text, &spans));
    spans
}

/// Whether a key for which `is` holds seems to stand in a text, be it one that can be read or not; `is` is told whether the
/// key begins its line.
pub fn seems_to_have(source: &Source, is: &dyn Fn(&str, bool) -> bool) -> bool {
    source.text.split(['\n', '\r']).any(|line| keys(line).any(|key| is(key.word, line.starts_with(key.word))))
}

/// The places of secrets, and what they are.
fn collect<'n>(node: &'n Node, is_secret: &dyn Fn(&str) -> bool, spans: &mut Vec<Span>, values: &mut Vec<&'n str>) {
    match &node.value {
        Value::Seq(items) => items.iter().for_each(|item| collect(item, is_secret, spans, values)),
        Value::Map(entries) => entries.iter().for_each(|entry| match is_secret(&entry.key) {
            true => {
                spans.push(entry.value.span);
                values.extend(entry.value.raw.as_deref());
            }
            false => collect(&entry.value, is_secret, spans, values),
        }),
        _ => {}
    }
}

/// Texts in which one of the values stands, and is written in another way.
fn inside(node: &Node, text: &str, values: &[&str], spans: &mut Vec<Span>) {
    match &node.value {
        Value::Seq(items) => items.iter().for_each(|item| inside(item, text, values, spans)),
        Value::Map(entries) => entries.iter().for_each(|entry| inside(&entry.value, text, values, spans)),
        _ => {
            let written = text.get(node.span.start..node.span.end).unwrap_or_default();
            let says = |value: &&str| node.raw.as_deref().is_some_and(|raw| raw.contains(value));
            if values.iter().any(|value| says(value) && !written.contains(value)) {
                spans.push(node.span);
            }
        }
    }
}

/// The octets of a line in front of its text.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t', '\u{feff}']).len()
}

fn by_letters(text: &str, is_secret: &dyn Fn(&str) -> bool, anchors: bool, spans: &mut Vec<Span>) {
    let mut at = 0;
    // The key whose value the lines may go on with, by its indentation.
    let mut open: Option<usize> = None;
    for line in text.split_inclusive(['\n', '\r']) {
        let end = at + line.len();
        let first = keys(line).next();
        let goes_on = open.filter(|of| {
            let other = first.as_ref().is_some_and(|key| line.trim_start_matches(OUTSIDE).starts_with(key.word));
            indent(line) > *of || !other
        });
        match goes_on {
            Some(_) => spans.push(Span::new(at, end)),
            None => {
                // What an alias stands for is not known.
                let found = keys(line).find(|key| key.is_alias || is_secret(key.word)).map(|key| key.behind);
                let anchor = line.find('&').filter(|_| anchors);
                let found = found.into_iter().chain(anchor).min();
                open = found.map(|_| indent(line));
                spans.extend(found.map(|behind| Span::new(at + behind, end)));
            }
        }
        at = end;
    }
}

/// What is no part of a key.
const OUTSIDE: fn(char) -> bool = |c| !(c.is_alphanumeric() || c == '_' || c == '-');

/// What looks like a key.
struct Key<'l> {
    word: &'l str,
    /// Where its colon ends.
    behind: usize,
    is_alias: bool,
}

/// The words of a line that stand before a colon, or behind the mark of a key.
fn keys(line: &str) -> impl Iterator<Item = Key<'_>> {
    let marked = line.trim_start_matches([' ', '-']).strip_prefix("? ").map(|rest| {
        let word = rest.trim().trim_matches(['"', '\'']);
        Key { word, behind: line.len() - rest.len() + rest.trim_end().len(), is_alias: word.starts_with('*') }
    });
    let before_colons = line.match_indices([':', '=', '\u{ff1a}']).filter_map(move |(at, colon)| {
        let before = line.get(..at)?.trim_end().trim_end_matches(['"', '\'']);
        let start = before.char_indices().rev().take_while(|(_, c)| !OUTSIDE(*c)).last()?.0;
        let is_alias = before.get(..start)?.ends_with('*');
        Some(Key { word: before.get(start..)?, behind: at + colon.len(), is_alias })
    });
    marked.into_iter().chain(before_colons)
}

/// Where else the values stand, such as in a command.
fn besides(text: &str, spans: &[Span]) -> Vec<Span> {
    let values = spans.iter().filter_map(|span| text.get(span.start..span.end));
    let mut values: Vec<&str> = values
        .map(|value| bare(value.trim()).trim_matches(['"', '\'']))
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

/// A value without its anchor and its tag.
fn bare(value: &str) -> &str {
    let mut rest = value;
    while rest.starts_with(['&', '!'])
        && let Some((_, behind)) = rest.split_once(char::is_whitespace)
    {
        rest = behind.trim_start();
    }
    rest
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
            ("secret: \"xyz\\x7ay\"\nrun: [a, \"xy\\x7azy\"]\n", "secret: **********\nrun: [a, **********]\n"),
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
            ("? secret\n: xyzzy\nb: x\n", "? secret\n: *****\nb: x\n"),
            ("? secret\n: !t xyzzy\nb: x\n", "? secret\n**********\nb: x\n"),
        ] {
            assert_eq!(hidden(text), expected, "{text}");
        }
    }

    #[test]
    fn what_an_alias_stands_for_is_hidden_at_its_anchor() {
        for (text, expected) in [
            ("a: &s xyzzy\nb: c\nsecret: *s\n", "a: ********\nb: c\nsecret:***\n"),
            ("a: [b, &s xyzzy]\nsecret: *s\n", "a: [b, *********\nsecret:***\n"),
            ("a: &s\n  xyzzy\nb: &t 1\nsecret:\n  *s\n", "a: **\n*******\nb: ****\nsecret:\n****\n"),
            ("secret: &s xyzzy\na: *s\nb: login -pxyzzy\n", "secret:*********\na: *s\nb: login -p*****\n"),
            ("a: &s secret\n*s : xyzzy\nb: 1\n", "a: &s secret\n*s :******\nb: 1\n"),
            // No secret is an alias: what has an anchor is shown.
            ("a: &s x\nsecret: xyzzy\nb: *s\n", "a: &s x\nsecret:******\nb: *s\n"),
        ] {
            assert_eq!(hidden(text), expected, "{text}");
        }
    }

    #[test]
    fn the_keys_of_a_text_are_seen_whatever_is_wrong_with_it() {
        let has = |text: &str| seems_to_have(&Source::new("a.yaml", text), &|key, first| key == "dut" && first);
        assert!(has("a: [\ndut : 1") && has("\ndut: !x"));
        assert!(!has("a: dut\n b: { dut: 1 }\ndut"));
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
