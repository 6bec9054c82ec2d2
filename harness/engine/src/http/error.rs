//! Why octets are not an HTTP message.

use serde_json::{Map, Value, json};

use super::FIELDS_LIMIT;

/// Why octets are not an HTTP message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The head does not parse.
    #[error("not an HTTP head: {0}")]
    Head(String),
    /// A part of a message is beyond its limit, in octets.
    #[error("the {0} is larger than {1} octets")]
    TooLarge(&'static str, usize),
    /// More fields than are read.
    #[error("the {0} has more than {FIELDS_LIMIT} fields")]
    TooManyFields(&'static str),
    /// The framing of the body is contradictory or unreadable.
    #[error("the body's framing is wrong: {0}")]
    Framing(String),
    /// The stream ended before the body did.
    #[error("the stream ended after {got} of {wanted} octets of the body")]
    Truncated {
        /// Octets received.
        got: usize,
        /// Octets announced.
        wanted: usize,
    },
    /// The stream ended before the last chunk.
    #[error("the stream ended after {got} octets of a chunked body, before its last chunk")]
    Unfinished {
        /// Octets received, chunk headers left out.
        got: usize,
    },
    /// A request expects what the server does not know (RFC 9110 10.1.1).
    #[error("the request expects {0}, which is answered with 417, as no expectation but 100-continue is known")]
    Expectation(String),
    /// A field of a request goes on over several lines. RFC 9112 5.2 has a server refuse it; RFC 2616 2.2, which was in
    /// force when the enablers were written, let a client send it.
    #[error("a field goes on over several lines, which is not read (obs-fold, RFC 9112 5.2)")]
    Folded,
    /// What stands between the transport and HTTP cannot go on.
    #[error("{0}")]
    Layer(String),
}

impl HttpError {
    /// Whether the octets may be the beginning of a message that is right, and go beyond what is read.
    pub fn is_limit(&self) -> bool {
        use HttpError::{Expectation, Folded, TooLarge, TooManyFields};
        matches!(self, TooLarge(..) | TooManyFields(_) | Expectation(_) | Folded)
    }

    /// The status by which a server refuses them.
    pub fn status(&self) -> u16 {
        if matches!(self, HttpError::Expectation(_)) { 417 } else { 400 }
    }

    /// The fields of what is told of such octets.
    pub fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::from_iter([("reason".to_owned(), json!(self.to_string()))]);
        if self.is_limit() {
            fields.insert("refused".into(), true.into());
        }
        fields
    }
}
