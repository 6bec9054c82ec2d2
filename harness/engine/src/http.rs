//! HTTP/1.1 messages as the SyncML HTTP binding uses them: heads, bodies, framing (RFC 9112).
//!
//! [`Reader`] takes octets as they come and gives whole messages; [`HttpMessage::encode`] writes one, correct or
//! deliberately odd.

use serde_json::{Map, Value, json};

/// Largest head accepted, in octets.
const HEAD_LIMIT: usize = 64 * 1024;

/// Largest body accepted, in octets; far above any card's buffer.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The first line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A request line.
    Request {
        /// The method, as sent.
        method: String,
        /// The request target, as sent.
        target: String,
    },
    /// A status line.
    Response {
        /// The status code.
        status: u16,
        /// The reason phrase.
        reason: String,
    },
}

/// One HTTP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpMessage {
    /// The first line.
    pub start: Start,
    /// The minor version: 1 for HTTP/1.1.
    pub minor: u8,
    /// Header fields in order, names as sent.
    pub headers: Vec<(String, String)>,
    /// The body, framing removed.
    pub body: Vec<u8>,
    /// Chunk size to write the body with, in octets; 0 means a Content-Length.
    pub chunked: usize,
}

/// Why octets are not an HTTP message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The head does not parse.
    #[error("not an HTTP head: {0}")]
    Head(String),
    /// A head or body beyond the limits.
    #[error("the {0} is larger than {1} octets")]
    TooLarge(&'static str, usize),
    /// The framing of the body is contradictory or unreadable.
    #[error("the body's framing is wrong: {0}")]
    Framing(String),
    /// The stream ended before the message did.
    #[error("the stream ended after {got} of {wanted} octets of the body")]
    Truncated {
        /// Octets received.
        got: usize,
        /// Octets announced.
        wanted: usize,
    },
}

impl HttpMessage {
    /// A POST of `body` to `target` on `host`.
    pub fn post(target: &str, host: &str, body: Vec<u8>) -> HttpMessage {
        let start = Start::Request { method: "POST".into(), target: target.into() };
        HttpMessage { start, minor: 1, headers: vec![("Host".into(), host.into())], body, chunked: 0 }
    }

    /// A response with `status`.
    pub fn response(status: u16, body: Vec<u8>) -> HttpMessage {
        let start = Start::Response { status, reason: reason(status).into() };
        HttpMessage { start, minor: 1, headers: Vec::new(), body, chunked: 0 }
    }

    /// Adds a header field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> HttpMessage {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first value of a header field, name compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the connection stays open after this message.
    pub fn keeps_alive(&self) -> bool {
        let connection = self.header("connection").unwrap_or_default().to_ascii_lowercase();
        let has = |word: &str| connection.split(',').any(|token| token.trim() == word);
        if self.minor == 0 { has("keep-alive") } else { !has("close") }
    }

    /// The field tree of the case language.
    pub fn fields(&self) -> Map<String, Value> {
        let mut map = Map::new();
        match &self.start {
            Start::Request { method, target } => {
                map.insert("method".into(), json!(method));
                map.insert("path".into(), json!(target));
            }
            Start::Response { status, reason } => {
                map.insert("status".into(), json!(status));
                map.insert("reason".into(), json!(reason));
            }
        }
        map.insert("version".into(), json!(format!("1.{}", self.minor)));
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            let name = name.to_ascii_lowercase().replace('-', "_");
            let value = match headers.get(&name).and_then(Value::as_str) {
                Some(before) => format!("{before}, {value}"),
                None => value.clone(),
            };
            headers.insert(name, json!(value));
        }
        map.insert("headers".into(), Value::Object(headers));
        if let Some(media) = self.header("content-type") {
            let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            map.insert("media_type".into(), json!(media));
        }
        map.insert("framing".into(), json!(self.framing()));
        map.insert("body_length".into(), json!(self.body.len()));
        map.insert("body".into(), json!(dmsc_octets::to_hex(&self.body)));
        map
    }

    /// Whether the message says that its body is chunked.
    pub fn chunked_by_header(&self) -> bool {
        self.header("transfer-encoding").is_some()
    }

    fn framing(&self) -> &'static str {
        if self.header("transfer-encoding").is_some() {
            "chunked"
        } else if self.header("content-length").is_some() {
            "content-length"
        } else {
            "none"
        }
    }

    /// Writes the message. A Content-Length is added unless the body is chunked or one was given.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = match &self.start {
            Start::Request { method, target } => format!("{method} {target} HTTP/1.{}\r\n", self.minor),
            Start::Response { status, reason } => format!("HTTP/1.{} {status} {reason}\r\n", self.minor),
        };
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        let framed = self.header("content-length").is_some() || self.header("transfer-encoding").is_some();
        if self.chunked > 0 {
            out.push_str("Transfer-Encoding: chunked\r\n\r\n");
            let mut out = out.into_bytes();
            for chunk in self.body.chunks(self.chunked) {
                out.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
                out.extend_from_slice(chunk);
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(b"0\r\n\r\n");
            return out;
        }
        let is_get = matches!(&self.start, Start::Request { method, .. } if method == "GET");
        let bare = is_get && self.body.is_empty();
        if !framed && !bare {
            out.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        out.push_str("\r\n");
        let mut out = out.into_bytes();
        out.extend_from_slice(&self.body);
        out
    }
}

/// The usual reason phrase of a status code.
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

/// Which kind of message a reader expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Requests: this is the server's reader.
    Server,
    /// Responses: this is the client's reader.
    Client,
}

/// Takes the octets of one direction of a connection and gives whole messages.
#[derive(Clone, Debug)]
pub struct Reader {
    side: Side,
    buffer: Vec<u8>,
    ended: bool,
}

impl Reader {
    /// A reader for one connection.
    pub fn new(side: Side) -> Reader {
        Reader { side, buffer: Vec::new(), ended: false }
    }

    /// Takes octets.
    pub fn feed(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// The stream has ended; what is buffered is all there will be.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Octets received that are not yet part of a whole message.
    pub fn pending(&self) -> &[u8] {
        &self.buffer
    }

    /// The next whole message with its octets, if there is one.
    ///
    /// # Errors
    /// [`HttpError`] when what was received can never become a message; the buffer is then dropped.
    pub fn take(&mut self) -> Result<Option<(HttpMessage, Vec<u8>)>, HttpError> {
        let taken = self.find_next();
        match taken {
            Ok(Some((message, length))) => {
                let rest = self.buffer.split_off(length.min(self.buffer.len()));
                let octets = std::mem::replace(&mut self.buffer, rest);
                Ok(Some((message, octets)))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.buffer.clear();
                Err(error)
            }
        }
    }

    fn find_next(&self) -> Result<Option<(HttpMessage, usize)>, HttpError> {
        if self.buffer.is_empty() {
            return Ok(None);
        }
        let Some((mut message, head)) = parse_head(self.side, &self.buffer)? else {
            if self.buffer.len() > HEAD_LIMIT {
                return Err(HttpError::TooLarge("head", HEAD_LIMIT));
            }
            if self.ended {
                return Err(HttpError::Head("the stream ended within it".into()));
            }
            return Ok(None);
        };
        let rest = self.buffer.get(head..).unwrap_or_default();
        let body = if message.header("transfer-encoding").is_some() {
            unchunk(rest)?
        } else if let Some(length) = message.header("content-length") {
            let length: usize =
                length.trim().parse().map_err(|_| HttpError::Framing(format!("Content-Length \"{length}\"")))?;
            if length > BODY_LIMIT {
                return Err(HttpError::TooLarge("body", BODY_LIMIT));
            }
            match rest.get(..length) {
                Some(body) => Some((body.to_vec(), length)),
                None if self.ended => return Err(HttpError::Truncated { got: rest.len(), wanted: length }),
                None => None,
            }
        } else if self.side == Side::Server {
            Some((Vec::new(), 0))
        } else {
            // A response without framing lasts until the connection closes.
            self.ended.then(|| (rest.to_vec(), rest.len()))
        };
        match body {
            Some((body, used)) => {
                message.body = body;
                Ok(Some((message, head.saturating_add(used))))
            }
            None if self.ended => Err(HttpError::Truncated { got: rest.len(), wanted: rest.len().saturating_add(1) }),
            None => Ok(None),
        }
    }
}

fn parse_head(side: Side, octets: &[u8]) -> Result<Option<(HttpMessage, usize)>, HttpError> {
    let mut space = [httparse::EMPTY_HEADER; 64];
    let bad = |error: httparse::Error| HttpError::Head(error.to_string());
    let (start, minor, length, headers) = match side {
        Side::Server => {
            let mut request = httparse::Request::new(&mut space);
            let httparse::Status::Complete(length) = request.parse(octets).map_err(bad)? else { return Ok(None) };
            let start = Start::Request {
                method: request.method.unwrap_or_default().to_owned(),
                target: request.path.unwrap_or_default().to_owned(),
            };
            (start, request.version, length, request.headers)
        }
        Side::Client => {
            let mut response = httparse::Response::new(&mut space);
            let httparse::Status::Complete(length) = response.parse(octets).map_err(bad)? else { return Ok(None) };
            let start = Start::Response {
                status: response.code.unwrap_or_default(),
                reason: response.reason.unwrap_or_default().to_owned(),
            };
            (start, response.version, length, response.headers)
        }
    };
    let headers =
        headers.iter().map(|h| (h.name.to_owned(), String::from_utf8_lossy(h.value).trim().to_owned())).collect();
    let message = HttpMessage { start, minor: minor.unwrap_or(1), headers, body: Vec::new(), chunked: 0 };
    Ok(Some((message, length)))
}

/// Decodes a chunked body; `None` while it is incomplete. Gives the body and the octets it took.
fn unchunk(octets: &[u8]) -> Result<Option<(Vec<u8>, usize)>, HttpError> {
    let mut body = Vec::new();
    let mut at = 0_usize;
    loop {
        let rest = octets.get(at..).unwrap_or_default();
        let status = httparse::parse_chunk_size(rest).map_err(|_| HttpError::Framing("chunk size".into()))?;
        let httparse::Status::Complete((head, size)) = status else { return Ok(None) };
        let size = usize::try_from(size).ok().filter(|size| body.len().saturating_add(*size) <= BODY_LIMIT);
        let Some(size) = size else { return Err(HttpError::TooLarge("body", BODY_LIMIT)) };
        let data = at.saturating_add(head);
        if size == 0 {
            // Trailer fields end with an empty line.
            let trailer = octets.get(data..).unwrap_or_default();
            if trailer.starts_with(b"\r\n") {
                return Ok(Some((body, data + 2)));
            }
            let end = trailer.windows(4).position(|window| window == b"\r\n\r\n");
            return Ok(end.map(|end| (body, data + end + 4)));
        }
        let end = data.saturating_add(size);
        let Some(chunk) = octets.get(data..end) else { return Ok(None) };
        body.extend_from_slice(chunk);
        match octets.get(end..end.saturating_add(2)) {
            Some(b"\r\n") => at = end + 2,
            Some(_) => return Err(HttpError::Framing("a chunk does not end in CR LF".into())),
            None => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(side: Side, octets: &[u8]) -> Result<Option<(HttpMessage, Vec<u8>)>, HttpError> {
        let mut reader = Reader::new(side);
        reader.feed(octets);
        reader.end();
        reader.take()
    }

    #[test]
    fn a_request_is_read_in_pieces() {
        let octets = HttpMessage::post("/OMA/DM", "127.0.0.1:4116", b"body".to_vec()).encode();
        assert_eq!(octets, b"POST /OMA/DM HTTP/1.1\r\nHost: 127.0.0.1:4116\r\nContent-Length: 4\r\n\r\nbody");
        let mut reader = Reader::new(Side::Server);
        for octet in &octets[..octets.len() - 1] {
            reader.feed(&[*octet]);
            assert_eq!(reader.take(), Ok(None));
        }
        reader.feed(b"yNEXT");
        let (message, taken) = reader.take().unwrap().unwrap();
        assert_eq!((message.body.as_slice(), taken.as_slice()), (&b"body"[..], octets.as_slice()));
        assert_eq!(reader.pending(), b"NEXT");
    }

    #[test]
    fn a_chunked_body_is_put_together() {
        let mut message = HttpMessage::response(200, b"abcdefg".to_vec());
        message.chunked = 3;
        let octets = message.encode();
        assert!(octets.ends_with(b"3\r\nabc\r\n3\r\ndef\r\n1\r\ng\r\n0\r\n\r\n"));
        let (read, _) = read(Side::Client, &octets).unwrap().unwrap();
        assert_eq!(read.body, b"abcdefg");
    }

    #[test]
    fn a_response_without_framing_lasts_until_the_end() {
        let (message, _) = read(Side::Client, b"HTTP/1.0 200 OK\r\n\r\nall of it").unwrap().unwrap();
        assert_eq!(message.body, b"all of it");
        assert!(!message.keeps_alive());
    }

    #[test]
    fn broken_messages_are_errors() {
        assert!(matches!(read(Side::Server, b"\x00\x01\r\n\r\n"), Err(HttpError::Head(_))));
        assert_eq!(
            read(Side::Client, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
            Err(HttpError::Truncated { got: 3, wanted: 9 })
        );
        assert!(matches!(
            read(Side::Client, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
            Err(HttpError::Framing(_))
        ));
        assert!(matches!(
            read(Side::Server, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX"),
            Err(HttpError::Framing(_))
        ));
    }

    #[test]
    fn the_media_type_is_compared_without_parameters_or_case() {
        let message =
            HttpMessage::response(200, vec![]).with("Content-Type", "Application/VND.syncml.dm+xml; charset=utf-8");
        assert_eq!(message.fields().get("media_type"), Some(&json!("application/vnd.syncml.dm+xml")));
    }

    proptest! {
        #[test]
        fn random_octets_do_not_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(Side::Server, &octets);
            let _ = read(Side::Client, &octets);
            let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            chunked.extend_from_slice(&octets);
            let _ = read(Side::Client, &chunked);
        }

        #[test]
        fn what_is_written_is_read(body in proptest::collection::vec(any::<u8>(), 0..300), chunked in 0_usize..50) {
            let mut message = HttpMessage::response(200, body.clone());
            message.chunked = chunked;
            let (read, _) = read(Side::Client, &message.encode()).unwrap().unwrap();
            prop_assert_eq!(read.body, body);
        }
    }
}
