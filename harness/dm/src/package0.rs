//! The notification that opens a server-alerted session: General Package#0 (DMNOTI 1.2, clause 6).
//!
//! A Package#0 is a digest of 16 octets followed by the trigger that the digest covers. The parser keeps
//! every field as carried, including values the notification specification forbids (session id 0, set
//! future-use bits, another version): judging them is the business of the caller.

use std::ops::Range;

use dmsc_octets::Spans;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::base64::base64;
use crate::md5::md5_of_pair;
use crate::serde_form;

/// The only version value a DM 1.2 sender may put: 11, meaning notification version 1.1 (DMNOTI 1.2).
pub const VERSION_1_1: u16 = 11;

/// Octets of the digest.
pub const DIGEST_LEN: usize = 16;

/// Octets of digest and trigger header, up to and including the length identifier.
pub const HEADER_LEN: usize = DIGEST_LEN + 8;

/// The trigger: everything of a Package#0 that the digest covers (DMNOTI 1.2, clause 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trigger {
    /// Notification version times ten, 10 bits; see [`VERSION_1_1`].
    pub version: u16,
    /// How the user takes part, 2 bits: 0 not specified, 1 in the background, 2 the user is informed, 3 the user is asked.
    pub ui_mode: u8,
    /// Who caused the session, 1 bit: 0 the client or end user, 1 the server.
    pub initiator: u8,
    /// Reserved bits, 27 bits; a sender puts zero.
    pub future_use: u32,
    /// Identifies the session; 1..=FFFF, 0 is outside the range but can be carried.
    pub session_id: u16,
    /// The length identifier as carried, in octets; `None` stands for the length of `server_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u8>,
    /// Server identifier: the ServerID of the DM account, no terminator.
    #[serde(with = "serde_form::octets")]
    pub server_id: Vec<u8>,
    /// Vendor-specific octets after the server identifier, any number including none.
    #[serde(with = "serde_form::octets")]
    pub body: Vec<u8>,
}

impl Default for Trigger {
    /// A valid trigger for session 1, but for the server identifier, which is empty.
    fn default() -> Self {
        Self {
            version: VERSION_1_1,
            ui_mode: 0,
            initiator: 0,
            future_use: 0,
            session_id: 1,
            length: None,
            server_id: Vec::new(),
            body: Vec::new(),
        }
    }
}

impl Trigger {
    /// The octets of the trigger.
    ///
    /// # Errors
    /// [`EncodeError`] if a field does not fit its bits.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let fits = |field, value: u32, bits: u32| {
            if value >> bits == 0 { Ok(value) } else { Err(EncodeError { field, value, bits }) }
        };
        let version = fits("version", u32::from(self.version), 10)?;
        let ui_mode = fits("ui_mode", u32::from(self.ui_mode), 2)?;
        let initiator = fits("initiator", u32::from(self.initiator), 1)?;
        let future_use = fits("future_use", self.future_use, 27)?;
        let length = match self.length {
            Some(length) => length,
            None => u8::try_from(self.server_id.len()).map_err(|_| EncodeError {
                field: "length of server_id",
                value: u32::try_from(self.server_id.len()).unwrap_or(u32::MAX),
                bits: 8,
            })?,
        };

        let first = u64::from(version) << 30 | u64::from(ui_mode << 28 | initiator << 27 | future_use);
        let mut octets = Vec::with_capacity(8 + self.server_id.len() + self.body.len());
        // The four fields fill exactly the five low octets.
        octets.extend_from_slice(&first.to_be_bytes()[3..]);
        octets.extend_from_slice(&self.session_id.to_be_bytes());
        octets.push(length);
        octets.extend_from_slice(&self.server_id);
        octets.extend_from_slice(&self.body);
        Ok(octets)
    }

    /// Puts the digest for these credentials before the trigger.
    ///
    /// # Errors
    /// [`EncodeError`] if a field does not fit its bits.
    pub fn sign(self, password: &[u8], nonce: &[u8]) -> Result<Package0, EncodeError> {
        let name = self.server_id.clone();
        self.sign_as(&name, password, nonce)
    }

    /// The same with another name than the server identifier.
    ///
    /// # Errors
    /// [`EncodeError`] if a field does not fit its bits.
    pub fn sign_as(self, name: &[u8], password: &[u8], nonce: &[u8]) -> Result<Package0, EncodeError> {
        let digest = digest(name, password, nonce, &self.encode()?);
        Ok(Package0 { digest, trigger: self })
    }
}

/// A field of a trigger that does not fit its bits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} {value} does not fit {bits} bits; a smaller value is needed, or edit the octets")]
pub struct EncodeError {
    /// Name of the field.
    pub field: &'static str,
    /// Its value.
    pub value: u32,
    /// Width of the field in bits.
    pub bits: u32,
}

/// A General Package#0: digest and trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package0 {
    /// Digest over credentials and trigger; see [`digest`].
    #[serde(with = "serde_form::digest")]
    pub digest: [u8; DIGEST_LEN],
    /// What the digest covers.
    pub trigger: Trigger,
}

impl Package0 {
    /// Reads a bare Package#0; everything after the server identifier is the vendor body.
    ///
    /// `length` of the trigger is `None` afterwards, since it agrees with the server identifier.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the octet that is missing.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let truncated = |field, needed| ParseError::Truncated { field, offset: octets.len(), needed };
        let Some((digest, rest)) = octets.split_first_chunk::<DIGEST_LEN>() else {
            return Err(truncated("digest", DIGEST_LEN));
        };
        let Some((first, rest)) = rest.split_first_chunk::<5>() else {
            return Err(truncated("version, ui-mode, initiator and future-use", DIGEST_LEN + 5));
        };
        let mut trigger = Trigger {
            version: u16::from(first[0]) << 2 | u16::from(first[1] >> 6),
            ui_mode: first[1] >> 4 & 0b11,
            initiator: first[1] >> 3 & 1,
            future_use: u32::from_be_bytes([first[1] & 0b111, first[2], first[3], first[4]]),
            ..Trigger::default()
        };
        let Some((session_id, rest)) = rest.split_first_chunk::<2>() else {
            return Err(truncated("sessionid", DIGEST_LEN + 7));
        };
        trigger.session_id = u16::from_be_bytes(*session_id);
        let Some((length, rest)) = rest.split_first() else {
            return Err(truncated("length-identifier", HEADER_LEN));
        };
        let Some((server_id, body)) = rest.split_at_checked(usize::from(*length)) else {
            return Err(ParseError::ServerIdTruncated { declared: *length, present: rest.len() });
        };
        trigger.server_id = server_id.to_vec();
        trigger.body = body.to_vec();
        Ok(Self { digest: *digest, trigger })
    }

    /// The octets of the Package#0.
    ///
    /// # Errors
    /// [`EncodeError`] if a field does not fit its bits.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut octets = self.digest.to_vec();
        octets.extend(self.trigger.encode()?);
        Ok(octets)
    }

    /// Whether the digest is right for these credentials; the identity is the server identifier carried.
    #[must_use]
    pub fn verify(&self, password: &[u8], nonce: &[u8]) -> bool {
        self.verify_as(&self.trigger.server_id, password, nonce)
    }

    /// The same with another name than the server identifier carried.
    #[must_use]
    pub fn verify_as(&self, name: &[u8], password: &[u8], nonce: &[u8]) -> bool {
        self.trigger.encode().is_ok_and(|trigger| digest(name, password, nonce, &trigger) == self.digest)
    }
}

/// Why octets are no Package#0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    /// The octets end inside the header.
    #[error("octet {offset}: Package#0 ends inside {field}, which needs {needed} octets from the start")]
    Truncated {
        /// The field that is not complete.
        field: &'static str,
        /// Offset of the first missing octet.
        offset: usize,
        /// Octets from the start of the Package#0 to the end of the field.
        needed: usize,
    },
    /// The length identifier (octet 23) promises more octets than follow.
    #[error("octet 23: length-identifier says {declared} octets of server-identifier, {present} follow")]
    ServerIdTruncated {
        /// Octets promised.
        declared: u8,
        /// Octets present.
        present: usize,
    },
}

/// Where the fields of a Package#0 stand, under the names a case has for them (DMNOTI 1.2, clause 6). Fields that share
/// an octet have it both; a field that is cut off has what is there of it, if only the end of the octets.
pub fn spans(octets: &[u8]) -> Spans {
    const DIGEST: Range<usize> = 0..DIGEST_LEN;
    const FIXED: [(&str, Range<usize>); 9] = [
        ("digest", DIGEST),
        ("digest_octets", DIGEST),
        ("version", DIGEST_LEN..DIGEST_LEN + 2),
        ("ui_mode", DIGEST_LEN + 1..DIGEST_LEN + 2),
        ("initiator", DIGEST_LEN + 1..DIGEST_LEN + 2),
        ("future_use", DIGEST_LEN + 1..DIGEST_LEN + 5),
        ("session_id", DIGEST_LEN + 5..HEADER_LEN - 1),
        ("session_text", DIGEST_LEN + 5..HEADER_LEN - 1),
        ("length_identifier", HEADER_LEN - 1..HEADER_LEN),
    ];
    let length = octets.get(HEADER_LEN - 1).map_or(0, |length| usize::from(*length));
    let clip = |range: Range<usize>| range.start.min(octets.len())..range.end.min(octets.len());
    let mut spans = Spans::at(0..octets.len());
    for (name, range) in FIXED {
        spans.set(name, clip(range));
    }
    spans.set("server_id", clip(HEADER_LEN..HEADER_LEN + length));
    spans.set("body", clip(HEADER_LEN + length..usize::MAX));
    spans
}

/// The digest of a trigger (DMNOTI 1.2 clause 6, DMSEC 5.3).
///
/// MD5 over B64(MD5(server identifier ":" password)) ":" nonce ":" B64(MD5(trigger)); the nonce enters as
/// raw octets, never as its base64 text.
#[must_use]
pub fn digest(server_id: &[u8], password: &[u8], nonce: &[u8], trigger: &[u8]) -> [u8; DIGEST_LEN] {
    let mut hash = Md5::new();
    hash.update(base64(&md5_of_pair(server_id, password)));
    hash.update(b":");
    hash.update(nonce);
    hash.update(b":");
    hash.update(base64(&Md5::digest(trigger)));
    hash.finalize().into()
}

/// The SessionID element for a session id: upper-case hexadecimal without leading zeros (DMNOTI 1.2 clause 6).
#[must_use]
pub fn session_id_text(session_id: u16) -> String {
    format!("{session_id:X}")
}

/// The session id of a SessionID element written as [`session_id_text`] writes it.
///
/// # Errors
/// [`SessionIdError`] for anything else: lower case, leading zeros, the value 0, more than four digits.
pub fn parse_session_id(text: &str) -> Result<u16, SessionIdError> {
    let session_id = u16::from_str_radix(text, 16).ok().filter(|id| *id != 0 && session_id_text(*id) == text);
    session_id.ok_or_else(|| SessionIdError { text: text.to_owned() })
}

/// A SessionID that does not name a notification's session.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("SessionID `{text}` is not 1 to 4 upper-case hexadecimal digits without a leading zero (1..FFFF)")]
pub struct SessionIdError {
    /// The text found.
    pub text: String,
}

#[cfg(test)]
mod tests;
