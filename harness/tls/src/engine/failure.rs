//! Why a connection fails.

use crate::alert::{Alert, Description};
use crate::message::HandshakeType;
use crate::reader::{DecodeError, EncodeError};
use crate::record::{ContentType, RecordError};
use crate::suite::Suite;
use crate::version::Version;

/// That a connection has failed: the alert that was sent, and the first cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Failure {
    /// The fatal alert that was sent, as it went out; none when the peer's was the first.
    pub sent: Option<Alert>,
    /// Why.
    pub cause: Cause,
}

/// Why a connection fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The peer has sent a fatal alert.
    #[error("the peer sent the alert {0}; its log may say why")]
    PeerAlert(Alert),
    /// Octets that are no record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A handshake message that cannot be read.
    #[error("{kind} cannot be read: {error}")]
    Decode {
        /// The type of the message.
        kind: HandshakeType,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A message of the own configuration that cannot be written.
    #[error("what is configured cannot be sent: {0}")]
    Encode(#[from] EncodeError),
    /// A handshake message longer than any of this crate's can be.
    #[error("{kind} of {length} octets; the longest that can be is a ClientHello of {most}")]
    TooLong {
        /// The type of the message.
        kind: HandshakeType,
        /// The octets that its header announces.
        length: usize,
        /// The most.
        most: usize,
    },
    /// A record whose MAC or padding is wrong.
    #[error("a record of {0} whose MAC or padding is wrong; see that nothing changes, drops or repeats octets")]
    BadRecord(ContentType),
    /// The first protected record cannot be read.
    #[error("the first protected record cannot be read; see that both sides have the same key for the identity")]
    WrongKey,
    /// More plaintext in a record than is allowed.
    #[error("a record with {length} octets of plaintext, and {most} are agreed; send several records")]
    Overflow {
        /// Octets of the record.
        length: usize,
        /// The most.
        most: usize,
    },
    /// A record of another version than the one agreed.
    #[error("a record of version {found}, and {agreed} is agreed")]
    RecordVersion {
        /// Its version.
        found: Version,
        /// The one agreed.
        agreed: Version,
    },
    /// A record without octets where there must be some (RFC 5246 6.2.1).
    #[error("a record of {0} without octets; only application data may have none")]
    Empty(ContentType),
    /// A ChangeCipherSpec other than one octet `01`.
    #[error("ChangeCipherSpec is one octet 01, this one differs")]
    ChangeCipherSpecBody,
    /// A ChangeCipherSpec where none is due, or in the middle of a handshake message.
    #[error("ChangeCipherSpec came where {0} was expected")]
    EarlyChangeCipherSpec(&'static str),
    /// A handshake message where another is due.
    #[error("{found} came where {expected} was expected")]
    Unexpected {
        /// The type of the message that came.
        found: HandshakeType,
        /// What was expected.
        expected: &'static str,
    },
    /// Application data before the handshake is over.
    #[error("application data came where {0} was expected")]
    EarlyData(&'static str),
    /// No version in common.
    #[error("the peer is at {found}, and {min} to {max} are allowed")]
    NoVersion {
        /// The peer's version.
        found: Version,
        /// The lowest.
        min: Version,
        /// The highest.
        max: Version,
    },
    /// No suite in common.
    #[error("the client offers none of the server's suites; see the cipher_suites of its hello")]
    NoSuite,
    /// No compression in common.
    #[error("the compression methods have no null, the only one there is")]
    NoCompression,
    /// The client fell back to a version below the server's (RFC 7507).
    #[error("the client says that it fell back to {0}, and the server has a higher version")]
    Fallback(Version),
    /// The server has chosen what was not offered.
    #[error("the server chose {0}, which was not offered")]
    NotOffered(Suite),
    /// An extension twice, or with data that it cannot have.
    #[error("the extension {0} is there twice, or its data are not what they can be")]
    BadExtension(crate::extension::ExtensionType),
    /// An extension in a ServerHello that was not asked for (RFC 5246 7.4.1.4).
    #[error("the server answers the extension {0}, which was not offered")]
    ExtensionNotOffered(crate::extension::ExtensionType),
    /// A resumption that differs from the session.
    #[error("the session is resumed with another {0} than it had")]
    ResumedOtherwise(&'static str),
    /// A resumption that disagrees with the session on extended_master_secret (RFC 7627 5.3).
    #[error("the session is resumed without the extended_master_secret it had, or with one it had not")]
    ResumedMaster,
    /// A renegotiation that would give up encrypt_then_mac (RFC 7366 3.1).
    #[error("the connection has encrypt_then_mac, and the renegotiation would give it up")]
    WeakerMac,
    /// renegotiation_info that does not fit what was before (RFC 5746 3.4 to 3.7).
    #[error("renegotiation_info is not what it has to be after the handshake before; somebody may stand between")]
    RenegotiationInfo,
    /// An identity without a key.
    #[error("no key for the identity {}; add it to the server's", String::from_utf8_lossy(.0).escape_debug())]
    UnknownIdentity(Vec<u8>),
    /// verify_data of the peer's Finished differs.
    #[error("verify_data of the peer's Finished is wrong: it has seen other messages, or has another key")]
    VerifyData,
    /// A key too long for a premaster, or a suite or version fixed by the configuration for which there are no keys.
    #[error("there are no keys for {0}; fix another suite or version, or a key of at most 65535 octets")]
    NoKeys(Suite),
    /// The sequence numbers are used up.
    #[error("the records of one direction are used up; open another connection")]
    Exhausted,
}

impl Cause {
    /// The alert for it. Standards: RFC 5246 7.2.2, RFC 4279 2, RFC 6066 4, RFC 7507 3, RFC 5746 3.
    pub(crate) fn alert(&self) -> Description {
        match self {
            Self::PeerAlert(alert) => alert.description,
            Self::Record(RecordError::UnknownType { .. })
            | Self::Empty(_)
            | Self::EarlyChangeCipherSpec(_)
            | Self::Unexpected { .. }
            | Self::EarlyData(_) => Description::UnexpectedMessage,
            Self::Record(RecordError::NoVersion { .. }) | Self::RecordVersion { .. } | Self::NoVersion { .. } => {
                Description::ProtocolVersion
            }
            Self::Record(RecordError::TooLong { .. }) | Self::Overflow { .. } => Description::RecordOverflow,
            Self::Decode { .. } | Self::TooLong { .. } | Self::ChangeCipherSpecBody => Description::DecodeError,
            Self::Encode(_) | Self::NoKeys(_) | Self::Exhausted => Description::InternalError,
            Self::BadRecord(_) | Self::WrongKey => Description::BadRecordMac,
            Self::NoSuite | Self::RenegotiationInfo | Self::ResumedMaster | Self::WeakerMac => {
                Description::HandshakeFailure
            }
            Self::NoCompression | Self::NotOffered(_) | Self::BadExtension(_) | Self::ResumedOtherwise(_) => {
                Description::IllegalParameter
            }
            Self::Fallback(_) => Description::InappropriateFallback,
            Self::ExtensionNotOffered(_) => Description::UnsupportedExtension,
            Self::UnknownIdentity(_) => Description::UnknownPskIdentity,
            Self::VerifyData => Description::DecryptError,
        }
    }
}
