//! Where the fields of an HTTP message stand in its octets.

use std::ops::Range;

use dmsc_octets::Spans;

use super::Side;
use super::message::field_name;

/// Where the fields of a message stand, named as [`super::HttpMessage::fields`] names them. A header field stands in
/// its value, or in its whole line where the value is empty; of two of one name the first is told. Of octets that are
/// no message, what can be told is told.
pub fn spans(octets: &[u8], side: Side) -> Spans {
    let mut spans = Spans::at(0..octets.len());
    let empty = octets.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let mut lines = Lines { octets, at: empty };
    let Some(first) = lines.next() else { return spans };
    start(&mut spans, octets, first, side);
    let fields_at = lines.at;
    let mut headers = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        match octets.get(line.clone()).and_then(|text| text.iter().position(|b| *b == b':')) {
            Some(colon) => {
                let colon = line.start.saturating_add(colon);
                let name = String::from_utf8_lossy(octets.get(line.start..colon).unwrap_or_default());
                let value = trimmed(octets, colon.saturating_add(1)..line.end);
                headers.push((field_name(&name), line, value));
            }
            // A folded line belongs to the field before it (RFC 9112 5.2).
            None => extend(&mut headers, octets, line),
        }
    }
    let body = lines.at..octets.len();
    let mut parts = Spans::at(fields_at..headers.last().map_or(fields_at, |(_, line, _)| line.end));
    for (name, line, value) in headers {
        let place = if value.is_empty() { line } else { value.clone() };
        match name.as_str() {
            "content_type" => {
                let text = octets.get(value.clone()).unwrap_or_default();
                let length = text.iter().position(|b| *b == b';').unwrap_or(text.len());
                let media = trimmed(octets, value.start..value.start.saturating_add(length));
                spans.set("media_type", media);
            }
            "content_length" => {
                spans.set("body_length", place.clone());
                spans.set("framing", place.clone());
            }
            "transfer_encoding" => spans.set("framing", place.clone()),
            _ => {}
        }
        parts.set(name, place);
    }
    spans.put("headers", parts);
    if !body.is_empty() {
        spans.set("body", body);
    }
    spans
}

/// The parts of the first line.
fn start(spans: &mut Spans, octets: &[u8], line: Range<usize>, side: Side) {
    let text = octets.get(line.clone()).unwrap_or_default();
    let mut at = line.start;
    let words = text.splitn(3, |b| *b == b' ').map(|word| {
        let place = at..at.saturating_add(word.len());
        at = place.end.saturating_add(1);
        place
    });
    let names = match side {
        Side::Server => ["method", "path", "version"],
        Side::Client => ["version", "status", "reason"],
    };
    for (name, place) in names.into_iter().zip(words).filter(|(_, place)| !place.is_empty()) {
        let word = octets.get(place.clone()).unwrap_or_default();
        // `version` is told without the name of the protocol.
        let skip = if name == "version" && word.starts_with(b"HTTP/") { 5 } else { 0 };
        spans.set(name, place.start.saturating_add(skip)..place.end);
    }
}

/// Adds a line without a colon to the field before it, if it is folded.
fn extend(headers: &mut [(String, Range<usize>, Range<usize>)], octets: &[u8], line: Range<usize>) {
    let is_folded = matches!(octets.get(line.start), Some(b' ' | b'\t'));
    if let Some((_, whole, value)) = headers.last_mut().filter(|_| is_folded) {
        whole.end = line.end;
        value.end = trimmed(octets, line).end.max(value.end);
    }
}

/// A range without the white space at its ends.
fn trimmed(octets: &[u8], range: Range<usize>) -> Range<usize> {
    let text = octets.get(range.clone()).unwrap_or_default();
    let start = range.start.saturating_add(text.len().saturating_sub(text.trim_ascii_start().len()));
    start..start.saturating_add(text.trim_ascii().len())
}

/// The lines of a head, without their ends.
struct Lines<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.octets.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let end = rest.iter().position(|b| *b == b'\n');
        let length = end.unwrap_or(rest.len());
        self.at = start.saturating_add(end.map_or(rest.len(), |end| end.saturating_add(1)));
        let text = rest.get(..length).unwrap_or_default();
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        Some(start..start.saturating_add(text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(octets: &'a str, side: Side, path: &str) -> &'a str {
        let spans = spans(octets.as_bytes(), side);
        spans.find(path).map_or("-", |range| &octets[range])
    }

    #[test]
    fn the_fields_of_a_request_are_found() {
        let octets = "POST /OMA/DM HTTP/1.1\r\nHost: 127.0.0.1:3516\r\nContent-Type: a/b ; charset=utf-8\r\n\
                      Content-Length:  4 \r\nX-Empty:\r\nHost: other\r\n\r\nbody";
        let rows = [
            ("method", "POST"),
            ("path", "/OMA/DM"),
            ("version", "1.1"),
            ("headers.host", "127.0.0.1:3516"),
            ("headers.content_type", "a/b ; charset=utf-8"),
            ("media_type", "a/b"),
            ("headers.content_length", "4"),
            ("body_length", "4"),
            ("framing", "4"),
            ("headers.x_empty", "X-Empty:"),
            ("body", "body"),
            ("status", octets),
        ];
        for (path, text) in rows {
            assert_eq!(at(octets, Side::Server, path), text, "{path}");
        }
        assert!(at(octets, Side::Server, "headers.none").starts_with("Host: 127") && octets.contains("other"));
    }

    #[test]
    fn the_fields_of_a_response_are_found() {
        let octets = "HTTP/1.0 404 Not Found\nTransfer-Encoding: chunked\nA: b \n  c\n\n0\r\n\r\n";
        let rows = [
            ("version", "1.0"),
            ("status", "404"),
            ("reason", "Not Found"),
            ("framing", "chunked"),
            ("headers.a", "b \n  c"),
            ("headers", "Transfer-Encoding: chunked\nA: b \n  c"),
            ("body", "0\r\n\r\n"),
        ];
        for (path, text) in rows {
            assert_eq!(at(octets, Side::Client, path), text, "{path}");
        }
    }

    #[test]
    fn what_is_no_message_has_what_places_it_has() {
        assert_eq!(at("", Side::Client, "status"), "");
        assert_eq!(at("\r\nGET", Side::Server, "method"), "GET");
        assert_eq!(at("HTTP/1.1 200", Side::Client, "status"), "200");
        assert_eq!(at("no colon\r\n\r\n", Side::Client, "body"), "no colon\r\n\r\n");
    }
}
