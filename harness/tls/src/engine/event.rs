//! What happens on a connection.

use super::failure::Failure;
use crate::alert::Alert;
use crate::extension::MaxFragmentLength;
use crate::message::Handshake;
use crate::suite::Suite;
use crate::version::Version;

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It came.
    Received,
    /// It was sent.
    Sent,
}

/// How a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closure {
    /// With close_notify of the peer (RFC 5246 7.2.1).
    Proper,
    /// The transport ended before close_notify: what came may not be all.
    Truncated {
        /// Octets of a record or a handshake message that is not whole.
        left: usize,
    },
}

/// What a handshake has come to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Established {
    /// The version.
    pub version: Version,
    /// The suite.
    pub suite: Suite,
    /// Whether a session was resumed.
    pub resumed: bool,
    /// Whether encrypt_then_mac is in force (RFC 7366).
    pub encrypt_then_mac: bool,
    /// Whether the master secret is an extended one (RFC 7627).
    pub extended_master_secret: bool,
    /// The limit of RFC 6066, if there is one.
    pub max_fragment_length: Option<MaxFragmentLength>,
    /// Whether the peer has shown renegotiation_info (RFC 5746).
    pub secure_renegotiation: bool,
    /// session_id, empty when the session cannot be resumed.
    pub session_id: Vec<u8>,
    /// The identity.
    pub identity: Vec<u8>,
}

/// Something that happened, in the order in which it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A handshake message.
    Handshake {
        /// Which way.
        direction: Direction,
        /// The message. One that was altered so that it cannot be read is [`Handshake::Other`].
        message: Handshake,
        /// Its octets, header included.
        octets: Vec<u8>,
    },
    /// ChangeCipherSpec (RFC 5246 7.1).
    ChangeCipherSpec {
        /// Which way.
        direction: Direction,
    },
    /// An alert.
    Alert {
        /// Which way.
        direction: Direction,
        /// The alert.
        alert: Alert,
    },
    /// A handshake has succeeded; also one that renews the keys.
    Established(Established),
    /// Application data of one record; a record without data has none.
    Data(Vec<u8>),
    /// The peer is at its end.
    Closed(Closure),
    /// The connection has failed; nothing follows.
    Failed(Failure),
}
