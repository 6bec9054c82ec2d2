//! Base64, as digests, nonces and binary values travel (RFC 4648 clause 4).

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Base64 text of `octets`, padded (RFC 4648 clause 4).
#[must_use]
pub fn base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// The octets of base64 text; white space between the characters is skipped.
///
/// # Errors
/// [`Base64Error`] with the reason.
pub fn from_base64(text: &str) -> Result<Vec<u8>, Base64Error> {
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).map_err(|error| Base64Error(error.to_string()))
}

/// Text that is no padded base64.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Base64Error(String);
