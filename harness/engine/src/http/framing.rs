//! How the end of a body is told (RFC 9112 6.3).

use dmsc_octets::Irregularity;

use super::{BODY_LIMIT, HttpError, Start};

/// How the end of a message's body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// By Content-Length, in octets.
    Length(usize),
    /// By the last chunk.
    Chunked,
    /// By the end of the stream.
    Close,
}

impl Framing {
    /// The name that cases know it by.
    pub fn name(self) -> &'static str {
        match self {
            Framing::None => "none",
            Framing::Length(_) => "content-length",
            Framing::Chunked => "chunked",
            Framing::Close => "close",
        }
    }
}

/// Tells how the body of a message ends, and what of its framing is not as RFC 9112 writes it. For a response,
/// `request_method` is the method of the request it answers, where that is known. A response to CONNECT is read as one
/// to any other request.
///
/// # Errors
/// [`HttpError`] when the fields contradict each other, cannot be read, or announce more than [`BODY_LIMIT`]; the
/// connection cannot be used after that.
pub fn framing(
    start: &Start,
    minor: u8,
    headers: &[(String, String)],
    request_method: Option<&str>,
) -> Result<(Framing, Vec<Irregularity>), HttpError> {
    let mut irregular = Vec::new();
    let codings = list(headers, "transfer-encoding");
    let lengths = list(headers, "content-length");
    if let Start::Response { status, .. } = start {
        if matches!(status, 100..=199 | 204) && (codings.is_some() || lengths.is_some()) {
            irregular.push(Irregularity::new("framing-of-no-body", format!("a {status} response announces a body")));
        }
        if matches!(status, 100..=199 | 204 | 304) || request_method == Some("HEAD") {
            return Ok((Framing::None, irregular));
        }
    }
    if let Some(codings) = codings {
        if lengths.is_some() {
            irregular.push(Irregularity::new("two-framings", "Content-Length beside Transfer-Encoding"));
        }
        if minor == 0 {
            irregular.push(Irregularity::new("transfer-encoding-1.0", "Transfer-Encoding in a message of HTTP/1.0"));
        }
        return Ok((by_codings(start, &codings, &mut irregular)?, irregular));
    }
    if let Some(lengths) = lengths {
        return Ok((by_lengths(&lengths, &mut irregular)?, irregular));
    }
    let framing = if matches!(start, Start::Request { .. }) { Framing::None } else { Framing::Close };
    Ok((framing, irregular))
}

/// Rule 4: by Transfer-Encoding.
fn by_codings(start: &Start, codings: &[&str], irregular: &mut Vec<Irregularity>) -> Result<Framing, HttpError> {
    let ends_chunked = codings.last().is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let text = codings.join(", ");
    if !ends_chunked && matches!(start, Start::Request { .. }) {
        return Err(HttpError::Framing(format!("Transfer-Encoding \"{text}\" of a request")));
    }
    if !ends_chunked || codings.len() > 1 {
        let what = format!("transfer codings \"{text}\", of which only a last \"chunked\" is undone");
        irregular.push(Irregularity::new("transfer-coding", what));
    }
    Ok(if ends_chunked { Framing::Chunked } else { Framing::Close })
}

/// Rules 5 and 6: by Content-Length, which is digits and nothing else (RFC 9110 8.6).
fn by_lengths(lengths: &[&str], irregular: &mut Vec<Irregularity>) -> Result<Framing, HttpError> {
    let wrong = || HttpError::Framing(format!("Content-Length \"{}\"", lengths.join(", ")));
    let mut length = None;
    for text in lengths {
        let one = digits(text).ok_or_else(wrong)?;
        if *length.get_or_insert(one) != one {
            return Err(wrong());
        }
    }
    if lengths.len() > 1 {
        irregular.push(Irregularity::new("repeated-content-length", format!("{} values in all", lengths.len())));
    }
    match length.ok_or_else(wrong)? {
        length if length > BODY_LIMIT => Err(HttpError::TooLarge("body", BODY_LIMIT)),
        length => Ok(Framing::Length(length)),
    }
}

/// The header field that an irregularity of the framing is about, as the fields of a message name it.
pub(super) fn field_of(irregularity: &Irregularity) -> &'static str {
    match irregularity.kind {
        "two-framings" | "repeated-content-length" => "headers.content_length",
        _ => "headers.transfer_encoding",
    }
}

/// The elements of a field that is a list, over all its lines; `None` without the field. Empty elements stay.
fn list<'a>(headers: &'a [(String, String)], name: &str) -> Option<Vec<&'a str>> {
    let mut lines = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).peekable();
    lines.peek()?;
    Some(lines.flat_map(|(_, value)| value.split(',')).map(|element| element.trim_matches([' ', '\t'])).collect())
}

/// The value of a text that is digits and nothing else; what does not fit is larger than any limit.
fn digits(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a row of the table comes to: the framing and the kinds of its irregularities, or an error.
    fn told(head: &str, method: Option<&str>) -> Result<(Framing, Vec<&'static str>), &'static str> {
        let mut lines = head.lines();
        let (start, minor) = match lines.next().unwrap().split_once(' ').unwrap() {
            ("HTTP/1.0", rest) => (response(rest), 0),
            ("HTTP/1.1", rest) => (response(rest), 1),
            (method, rest) => {
                (Start::Request { method: method.into(), target: "/".into() }, u8::from(rest.ends_with('1')))
            }
        };
        let field = |line: &str| line.split_once(':').map(|(name, value)| (name.into(), value.trim().into())).unwrap();
        let headers: Vec<_> = lines.map(field).collect();
        match framing(&start, minor, &headers, method) {
            Ok((framing, irregular)) => Ok((framing, irregular.iter().map(|i| i.kind).collect())),
            Err(HttpError::Framing(_)) => Err("framing"),
            Err(HttpError::TooLarge(..)) => Err("too large"),
            Err(_) => Err("other"),
        }
    }

    fn response(rest: &str) -> Start {
        Start::Response { status: rest.split(' ').next().unwrap().parse().unwrap(), reason: String::new() }
    }

    #[test]
    fn the_rules_of_6_3_hold_in_their_order() {
        use Framing::{Chunked, Close, Length, None as Nothing};
        type Told<'a> = Result<(Framing, &'a [&'a str]), &'a str>;
        let rows: &[(&str, Option<&str>, Told<'_>)] = &[
            // 1: no body, whatever the fields say.
            ("HTTP/1.1 100 Continue", None, Ok((Nothing, &[]))),
            ("HTTP/1.1 101 Switching Protocols", None, Ok((Nothing, &[]))),
            ("HTTP/1.1 204 No Content", None, Ok((Nothing, &[]))),
            ("HTTP/1.0 204 No Content", None, Ok((Nothing, &[]))),
            ("HTTP/1.1 204 No Content\nContent-Length: 5", None, Ok((Nothing, &["framing-of-no-body"]))),
            ("HTTP/1.1 103 Early\nTransfer-Encoding: chunked", None, Ok((Nothing, &["framing-of-no-body"]))),
            ("HTTP/1.1 304 Not Modified\nContent-Length: 5", None, Ok((Nothing, &[]))),
            ("HTTP/1.1 200 OK\nContent-Length: 5", Some("HEAD"), Ok((Nothing, &[]))),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", Some("HEAD"), Ok((Nothing, &[]))),
            ("HTTP/1.1 200 OK\nContent-Length: 5", Some("head"), Ok((Length(5), &[]))),
            // 3: Transfer-Encoding wins over Content-Length.
            ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 5", None, Ok((Chunked, &["two-framings"]))),
            ("POST / 1.1\nContent-Length: x\nTransfer-Encoding: chunked", None, Ok((Chunked, &["two-framings"]))),
            // 4: Transfer-Encoding.
            ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", Some("POST"), Ok((Chunked, &[]))),
            ("POST / 1.1\nTransfer-Encoding: Chunked", None, Ok((Chunked, &[]))),
            ("POST / 1.1\nTransfer-Encoding: gzip, chunked", None, Ok((Chunked, &["transfer-coding"]))),
            (
                "POST / 1.1\nTransfer-Encoding: gzip\nTransfer-Encoding: chunked",
                None,
                Ok((Chunked, &["transfer-coding"])),
            ),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked, chunked", None, Ok((Chunked, &["transfer-coding"]))),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: gzip", None, Ok((Close, &["transfer-coding"]))),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked, gzip", None, Ok((Close, &["transfer-coding"]))),
            ("HTTP/1.1 200 OK\nTransfer-Encoding:", None, Ok((Close, &["transfer-coding"]))),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: xchunked", None, Ok((Close, &["transfer-coding"]))),
            ("POST / 1.1\nTransfer-Encoding: gzip", None, Err("framing")),
            ("POST / 1.1\nTransfer-Encoding: chunked, identity", None, Err("framing")),
            ("HTTP/1.0 200 OK\nTransfer-Encoding: chunked", None, Ok((Chunked, &["transfer-encoding-1.0"]))),
            ("POST / 1.0\nTransfer-Encoding: chunked", None, Ok((Chunked, &["transfer-encoding-1.0"]))),
            // 5: Content-Length that cannot be read, or contradicts itself.
            ("POST / 1.1\nContent-Length: +2", None, Err("framing")),
            ("POST / 1.1\nContent-Length: -1", None, Err("framing")),
            ("POST / 1.1\nContent-Length: 0x2", None, Err("framing")),
            ("POST / 1.1\nContent-Length:", None, Err("framing")),
            ("POST / 1.1\nContent-Length: 2 2", None, Err("framing")),
            ("POST / 1.1\nContent-Length: 2,", None, Err("framing")),
            ("POST / 1.1\nContent-Length: 2.0", None, Err("framing")),
            ("POST / 1.1\nContent-Length: 2, 3", None, Err("framing")),
            ("HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 3", None, Err("framing")),
            ("HTTP/1.1 200 OK\nContent-Length: 99999999999999999999999999", None, Err("too large")),
            ("HTTP/1.1 200 OK\nContent-Length: 2097153", None, Err("too large")),
            (
                "HTTP/1.1 200 OK\nContent-Length: 2\ncontent-length: 2",
                None,
                Ok((Length(2), &["repeated-content-length"])),
            ),
            ("POST / 1.1\nContent-Length: 2, 2", None, Ok((Length(2), &["repeated-content-length"]))),
            // 6: Content-Length.
            ("POST / 1.1\nContent-Length: 0", None, Ok((Length(0), &[]))),
            ("HTTP/1.0 200 OK\nContent-Length: 007", Some("GET"), Ok((Length(7), &[]))),
            ("HTTP/1.1 200 OK\nContent-Length: 2097152", None, Ok((Length(BODY_LIMIT), &[]))),
            // 7 and 8: neither.
            ("POST / 1.1", None, Ok((Nothing, &[]))),
            ("GET / 1.0", None, Ok((Nothing, &[]))),
            ("HTTP/1.1 200 OK", None, Ok((Close, &[]))),
            ("HTTP/1.1 404 Not Found", Some("POST"), Ok((Close, &[]))),
        ];
        for (head, method, expected) in rows {
            let expected = expected.map(|(framing, kinds)| (framing, kinds.to_vec()));
            assert_eq!(told(head, *method), expected, "{head} after {method:?}");
        }
    }
}
