//! One HTTP message: what it holds, how cases see it, how it is written.

use dmsc_octets::{Irregularity, to_hex};
use serde_json::{Map, Value, json};

use super::Framing;

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

impl Start {
    /// Whether it begins a response before the final one (RFC 9110 15.2). 101 is final: another protocol follows it.
    pub fn is_interim(&self) -> bool {
        matches!(self, Start::Response { status: 100 | 102..=199, .. })
    }
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
    /// How the end of the body was told, if the message was read.
    pub framing: Option<Framing>,
    /// Fields after the last chunk.
    pub trailers: Vec<(String, String)>,
    /// What of it is not as RFC 9112 writes it, and was read all the same.
    pub irregular: Vec<Irregularity>,
    /// How its header fields are to be written.
    pub form: Form,
}

/// How header fields are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// How their names are spelt.
    pub spelling: Spelling,
    /// White space before and after each value.
    pub space: (&'static str, &'static str),
}

impl Default for Form {
    fn default() -> Self {
        Form { spelling: Spelling::Usual, space: (" ", "") }
    }
}

/// How names of header fields are spelt; they are compared without case (RFC 9110 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spelling {
    /// As they are given.
    #[default]
    Usual,
    /// In lower case.
    Lower,
    /// In upper case.
    Upper,
}

impl Form {
    fn line(&self, name: &str, value: &str) -> String {
        let name = match self.spelling {
            Spelling::Usual => name.to_owned(),
            Spelling::Lower => name.to_ascii_lowercase(),
            Spelling::Upper => name.to_ascii_uppercase(),
        };
        let (before, after) = self.space;
        format!("{name}:{before}{value}{after}\r\n")
    }
}

impl HttpMessage {
    /// A POST of `body` to `target` on `host`.
    pub fn post(target: &str, host: &str, body: Vec<u8>) -> HttpMessage {
        let start = Start::Request { method: "POST".into(), target: target.into() };
        HttpMessage::new(start, body).with("Host", host)
    }

    /// A response with `status`.
    pub fn response(status: u16, body: Vec<u8>) -> HttpMessage {
        let start = Start::Response { status, reason: reason(status).into() };
        HttpMessage::new(start, body)
    }

    fn new(start: Start, body: Vec<u8>) -> HttpMessage {
        HttpMessage {
            start,
            minor: 1,
            headers: Vec::new(),
            body,
            chunked: 0,
            framing: None,
            trailers: Vec::new(),
            irregular: Vec::new(),
            form: Form::default(),
        }
    }

    /// Adds a header field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> HttpMessage {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with a header field, where there is a value for it.
    pub fn with_some(self, name: &str, value: Option<&str>) -> HttpMessage {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The first value of a header field, name compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The media type of the body in lower case, without parameters.
    pub fn media_type(&self) -> Option<String> {
        let media = self.header("content-type")?;
        Some(media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// Whether it is a response before the final one.
    pub fn is_interim(&self) -> bool {
        self.start.is_interim()
    }

    /// Whether its octets say where it ends, whatever was asked before and comes after.
    pub(crate) fn says_its_end(&self) -> bool {
        match (&self.start, self.framing) {
            (_, Some(Framing::Length(_) | Framing::Chunked)) | (Start::Request { .. }, Some(Framing::None)) => true,
            (Start::Response { .. }, Some(Framing::None)) | (_, Some(Framing::Close) | None) => false,
        }
    }

    /// Whether the connection stays open after this message.
    pub fn keeps_alive(&self) -> bool {
        // Its end was the end of the connection.
        if self.framing == Some(Framing::Close) {
            return false;
        }
        // After a Transfer-Encoding that may have been read otherwise, the connection is closed (RFC 9112 6.1).
        if self.irregular.iter().any(|one| matches!(one.kind, "two-framings" | "transfer-encoding-1.0")) {
            return false;
        }
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
        map.insert("headers".into(), by_name(&self.headers));
        if let Some(media) = self.media_type() {
            map.insert("media_type".into(), json!(media));
        }
        map.insert("framing".into(), json!(self.framing_name()));
        map.insert("body_length".into(), json!(self.body.len()));
        map.insert("body".into(), json!(to_hex(&self.body)));
        if !self.trailers.is_empty() {
            map.insert("trailers".into(), by_name(&self.trailers));
        }
        if !self.irregular.is_empty() {
            let irregular = self.irregular.iter().map(|one| json!({ "kind": one.kind, "what": one.what }));
            map.insert("irregular".into(), irregular.collect());
        }
        map
    }

    fn framing_name(&self) -> &'static str {
        if let Some(framing) = self.framing {
            framing.name()
        } else if self.header("transfer-encoding").is_some() {
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
            out.push_str(&self.form.line(name, value));
        }
        let framed = self.header("content-length").is_some() || self.header("transfer-encoding").is_some();
        if self.chunked > 0 {
            out.push_str(&self.form.line("Transfer-Encoding", "chunked"));
            out.push_str("\r\n");
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
            out.push_str(&self.form.line("Content-Length", &self.body.len().to_string()));
        }
        out.push_str("\r\n");
        let mut out = out.into_bytes();
        out.extend_from_slice(&self.body);
        out
    }
}

/// Fields by name in lower case, `_` for `-`; the values of those of one name joined.
fn by_name(fields: &[(String, String)]) -> Value {
    let mut map = Map::new();
    for (name, value) in fields {
        let name = field_name(name);
        let value = match map.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value.clone(),
        };
        map.insert(name, json!(value));
    }
    Value::Object(map)
}

/// The name of a header field as cases write it: in lower case, `_` for `-`.
pub(super) fn field_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// The usual reason phrase of a status code.
pub fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_written_in_the_size_asked_for() {
        let mut message = HttpMessage::response(200, b"abcdefg".to_vec());
        message.chunked = 3;
        assert!(message.encode().ends_with(b"3\r\nabc\r\n3\r\ndef\r\n1\r\ng\r\n0\r\n\r\n"));
    }

    #[test]
    fn the_media_type_is_compared_without_parameters_or_case() {
        let message =
            HttpMessage::response(200, vec![]).with("Content-Type", "Application/VND.syncml.dm+xml; charset=utf-8");
        assert_eq!(message.fields().get("media_type"), Some(&json!("application/vnd.syncml.dm+xml")));
    }

    #[test]
    fn a_connection_is_kept_unless_something_speaks_against_it() {
        let keeps = |minor: u8, connection: &str, kind: Option<&'static str>| {
            let irregular = kind.map(|kind| Irregularity::new(kind, "")).into_iter().collect();
            HttpMessage { minor, irregular, ..HttpMessage::response(200, vec![]).with("Connection", connection) }
                .keeps_alive()
        };
        assert!(keeps(1, "", None) && keeps(1, "TE, keep-alive", None) && keeps(0, "Keep-Alive", None));
        assert!(!keeps(1, "x, Close", None) && !keeps(0, "", None));
        assert!(keeps(1, "", Some("bare-lf")) && !keeps(1, "", Some("two-framings")));
        assert!(!keeps(0, "keep-alive", Some("transfer-encoding-1.0")));
    }

    #[test]
    fn trailers_and_irregularities_are_fields_where_there_are_any() {
        let mut message = HttpMessage::response(204, vec![]);
        assert!(message.fields().get("irregular").is_none() && message.fields().get("trailers").is_none());
        message.framing = Some(Framing::None);
        message.trailers = vec![("X-A".into(), "1".into()), ("x-a".into(), "2".into())];
        message.irregular = vec![Irregularity::new("bare-lf", "a line ends in LF alone")];
        let fields = message.fields();
        assert_eq!(fields["framing"], "none");
        assert_eq!(fields["trailers"], json!({ "x_a": "1, 2" }));
        assert_eq!(fields["irregular"], json!([{ "kind": "bare-lf", "what": "a line ends in LF alone" }]));
    }
}
