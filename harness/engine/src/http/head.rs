//! The head of a message: its first line and its fields (RFC 9112 2 to 5).

use dmsc_octets::Irregularity;
use httparse::{EMPTY_HEADER, Header, ParserConfig, Request, Response, Status};

use super::{FIELDS_LIMIT, HEAD_LIMIT, HttpError, Side, Start};

/// A head that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) start: Start,
    /// The minor version.
    pub(super) minor: u8,
    /// Fields in order, names as sent.
    pub(super) headers: Vec<(String, String)>,
    /// What was forgiven.
    pub(super) irregular: Vec<Irregularity>,
    /// The octets it takes, the empty line at its end and empty lines before it included.
    pub(super) length: usize,
}

/// Reads a head from the beginning of octets; `None` while it is incomplete.
pub(super) fn parse(side: Side, octets: &[u8]) -> Result<Option<Head>, HttpError> {
    let mut space = [EMPTY_HEADER; FIELDS_LIMIT];
    let bad = |error: httparse::Error| match error {
        httparse::Error::TooManyHeaders => HttpError::TooManyFields("head"),
        httparse::Error::HeaderName if side == Side::Server && goes_on(octets) => HttpError::Folded,
        other => HttpError::Head(other.to_string()),
    };
    let (start, minor, length, headers) = match side {
        Side::Server => {
            let mut request = Request::new(&mut space);
            let Status::Complete(length) = request.parse(octets).map_err(bad)? else { return incomplete(octets) };
            let start = Start::Request {
                method: request.method.unwrap_or_default().to_owned(),
                target: request.path.unwrap_or_default().to_owned(),
            };
            (start, request.version, length, request.headers)
        }
        Side::Client => {
            let mut response = Response::new(&mut space);
            // A client reads a folded field as one line; a server refuses it (RFC 9112 5.2).
            let mut config = ParserConfig::default();
            config.allow_obsolete_multiline_headers_in_responses(true);
            let parsed = config.parse_response(&mut response, octets).map_err(bad)?;
            let Status::Complete(length) = parsed else { return incomplete(octets) };
            let start = Start::Response {
                status: response.code.unwrap_or_default(),
                reason: response.reason.unwrap_or_default().to_owned(),
            };
            (start, response.version, length, response.headers)
        }
    };
    if length > HEAD_LIMIT {
        return Err(HttpError::TooLarge("head", HEAD_LIMIT));
    }
    let mut irregular = forgiven(side, octets.get(..length).unwrap_or_default());
    irregular.extend(
        headers.iter().find(|header| is_folded(header)).map(|header| {
            Irregularity::new("obs-fold", format!("the field {} goes on over several lines", header.name))
        }),
    );
    let headers = fields(headers);
    Ok(Some(Head { start, minor: minor.unwrap_or(1), headers, irregular, length }))
}

/// Whether a line of a head goes on in the next: that begins with white space, and is not empty.
fn goes_on(octets: &[u8]) -> bool {
    let end = octets.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(octets.len());
    let head = octets.get(..end).unwrap_or_default();
    head.windows(2).any(|line| matches!(line, [b'\n', b' ' | b'\t']))
}

fn incomplete(octets: &[u8]) -> Result<Option<Head>, HttpError> {
    if octets.len() > HEAD_LIMIT { Err(HttpError::TooLarge("head", HEAD_LIMIT)) } else { Ok(None) }
}

/// Names and values of fields, each value on one line.
pub(super) fn fields(headers: &[Header<'_>]) -> Vec<(String, String)> {
    let value = |header: &Header<'_>| {
        let text = String::from_utf8_lossy(header.value);
        if is_folded(header) {
            text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
        } else {
            text.trim().to_owned()
        }
    };
    headers.iter().map(|header| (header.name.to_owned(), value(header))).collect()
}

fn is_folded(header: &Header<'_>) -> bool {
    header.value.contains(&b'\n')
}

/// What of a head that could be read is not as the grammar has it; one of each kind.
fn forgiven(side: Side, head: &[u8]) -> Vec<Irregularity> {
    let mut irregular = Vec::new();
    let empty = head.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    if empty > 0 {
        irregular.push(Irregularity::new("empty-line", "an empty line before the first line").at(0..empty));
    }
    irregular.extend(bare_lf(head, 0));
    let line = head.get(empty..).unwrap_or_default().split(|b| *b == b'\n').next().unwrap_or_default();
    if side == Side::Client && line.iter().filter(|b| **b == b' ').count() < 2 {
        let at = empty..empty.saturating_add(line.len());
        irregular.push(Irregularity::new("status-line", "no space after the status code").at(at));
    }
    irregular
}

/// The first line that does not end in CR LF, in octets that begin at `offset` of the message.
pub(super) fn bare_lf(octets: &[u8], offset: usize) -> Option<Irregularity> {
    let mut before = None;
    let place = octets.iter().position(|b| before.replace(*b) != Some(b'\r') && *b == b'\n')?;
    let at = offset.saturating_add(place);
    Some(Irregularity::new("bare-lf", "a line ends in LF alone").at(at..at.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(side: Side, head: &str) -> Vec<&'static str> {
        let head = parse(side, head.as_bytes()).unwrap().unwrap();
        head.irregular.iter().map(|i| i.kind).collect()
    }

    #[test]
    fn what_is_forgiven_is_told() {
        assert_eq!(kinds(Side::Server, "POST / HTTP/1.1\r\nHost: a\r\n\r\n"), [""; 0]);
        assert_eq!(kinds(Side::Server, "POST / HTTP/1.1\nHost: a\r\n\n"), ["bare-lf"]);
        assert_eq!(kinds(Side::Server, "\r\n\r\nPOST / HTTP/1.1\r\n\r\n"), ["empty-line"]);
        assert_eq!(kinds(Side::Client, "HTTP/1.1 200 \r\n\r\n"), [""; 0]);
        assert_eq!(kinds(Side::Client, "HTTP/1.1 200\r\n\r\n"), ["status-line"]);
        assert_eq!(kinds(Side::Client, "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), ["obs-fold"]);
    }

    #[test]
    fn a_folded_field_of_a_request_is_named_as_what_is_not_read() {
        let error = |text: &str| parse(Side::Server, text.as_bytes()).unwrap_err();
        let folded = error("POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\n c\r\n\r\n");
        assert_eq!((folded.clone(), folded.is_limit()), (HttpError::Folded, true));
        assert!(matches!(error("POST / HTTP/1.1\r\n: b\r\n\r\n c"), HttpError::Head(_)));
    }

    #[test]
    fn a_folded_field_is_one_line() {
        let head = parse(Side::Client, b"HTTP/1.1 200 OK\r\nA: b \r\n\t c\r\nD:\r\n\r\n").unwrap().unwrap();
        assert_eq!(head.headers, [("A".into(), "b c".into()), ("D".into(), String::new())]);
        assert!(parse(Side::Server, b"POST / HTTP/1.1\r\nA: b\r\n c\r\n\r\n").is_err());
    }

    #[test]
    fn the_place_of_what_is_forgiven_is_told() {
        let head = parse(Side::Server, b"\r\nPOST / HTTP/1.1\r\nA: b\n\r\n").unwrap().unwrap();
        assert_eq!(head.irregular[0].at, Some(0..2));
        assert_eq!(head.irregular[1].at, Some(23..24));
    }

    #[test]
    fn what_no_rule_forgives_is_an_error() {
        for head in [
            "POST / HTTP/1.1\r\nA : b\r\n\r\n",
            "POST / HTTP/1.1\r\nno field\r\n\r\n",
            "POST  / HTTP/1.1\r\n\r\n",
            "POST / HTTP/2.0\r\n\r\n",
            "POST /\r\n\r\n",
            "POST / HTTP/1.1\rA: b\r\n\r\n",
        ] {
            assert!(matches!(parse(Side::Server, head.as_bytes()), Err(HttpError::Head(_))), "{head}");
        }
        for head in ["HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "ICY 200 OK\r\n\r\n"] {
            assert!(matches!(parse(Side::Client, head.as_bytes()), Err(HttpError::Head(_))), "{head}");
        }
    }

    #[test]
    fn a_head_is_bounded() {
        let many = format!("POST / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(FIELDS_LIMIT + 1));
        assert_eq!(parse(Side::Server, many.as_bytes()), Err(HttpError::TooManyFields("head")));
        let long = format!("POST / HTTP/1.1\r\nA: {}", "b".repeat(HEAD_LIMIT));
        let error = Err(HttpError::TooLarge("head", HEAD_LIMIT));
        assert_eq!(parse(Side::Server, long.as_bytes()), error);
        assert_eq!(parse(Side::Server, format!("{long}\r\n\r\n").as_bytes()), error);
    }
}
