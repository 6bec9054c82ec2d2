//! HTTP/1.1 messages as the SyncML HTTP binding uses them: heads, bodies, framing (RFC 9112).
//!
//! [`Reader`] takes octets as they come and gives whole messages, [`HttpMessage::encode`] writes one, correct or
//! deliberately odd, and [`spans`] tells where its fields stand.

mod chunked;
mod error;
mod framing;
mod head;
mod message;
mod reader;
mod spans;

pub use error::HttpError;
pub use framing::{Framing, framing};
pub use message::{Form, HttpMessage, Spelling, Start, reason};
pub use reader::Reader;
pub use spans::spans;

/// Largest head accepted, in octets.
pub const HEAD_LIMIT: usize = 64 * 1024;

/// The most fields accepted in a head or a trailer.
pub const FIELDS_LIMIT: usize = 64;

/// Largest body accepted, in octets; far above any card's buffer, and twice the largest object that is taken in chunks.
pub const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Largest message accepted as it comes, in octets, with head, sizes and ends of chunks, extensions and trailer: chunks
/// of one octet come to six times their body.
pub const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// Longest line accepted in front of a chunk, in octets, extensions and the end of the line included.
pub const CHUNK_LINE_LIMIT: usize = 4 * 1024;

/// The most digits accepted in the size of a chunk.
pub const SIZE_DIGITS: usize = 16;

/// The most octets of extensions accepted in all chunks of a message together (RFC 9112 7.1.1).
pub const EXTENSIONS_LIMIT: usize = 64 * 1024;

/// Largest trailer accepted after the last chunk, in octets.
pub const TRAILER_LIMIT: usize = 16 * 1024;

/// Which kind of message a reader expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Requests: this is the server's reader.
    Server,
    /// Responses: this is the client's reader.
    Client,
}
