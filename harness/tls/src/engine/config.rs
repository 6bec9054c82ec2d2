//! What a side offers, allows, and does on purpose.

use super::alter::Alter;
use super::forgive::Forgive;
use super::session::{Session, SessionCache};
use crate::extension::{Extension, MaxFragmentLength};
use crate::secret::Secret;
use crate::suite::Suite;
use crate::version::Version;

/// How application data are cut in TLS 1.0 with its foreseeable initialisation vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Split {
    /// Not at all.
    #[default]
    None,
    /// The first octet in a record of its own: 1/n-1.
    OneAndRest,
    /// A record without data before: 0/n.
    EmptyFirst,
}

/// How long the padding of records is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Padding {
    /// As short as it can be.
    #[default]
    Shortest,
    /// As long as it can be: up to 255 octets (RFC 5246 6.2.3.2).
    Longest,
    /// Drawn for each record.
    Drawn,
}

/// What becomes of a peer's wish for another handshake (RFC 5246 7.4.1.1, RFC 5746).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Renegotiation {
    /// It is refused with the warning no_renegotiation, and the connection goes on.
    #[default]
    Refused,
    /// It is honoured with a peer that has shown renegotiation_info, and refused to others.
    Secure,
    /// It is honoured with any peer.
    Any,
}

/// The alert for a first protected record that cannot be read, which a wrong key leads to. RFC 4279 2 speaks of
/// decrypt_error, for a Finished that does not verify; as it comes in a record whose MAC is wrong, implementations send
/// bad_record_mac.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WrongKey {
    /// bad_record_mac, as OpenSSL and GnuTLS do.
    #[default]
    BadRecordMac,
    /// decrypt_error.
    DecryptError,
}

/// What a server does with an identity that it does not know (RFC 4279 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnknownIdentity {
    /// It says so: unknown_psk_identity.
    #[default]
    Told,
    /// It goes on with a key that is drawn, and so ends as with a wrong key.
    Hidden,
    /// It goes on with its first key: a mistake, made on purpose.
    Taken,
}

/// How a client shows that it knows RFC 5746.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Not at all, as clients from before it.
    None,
    /// By TLS_EMPTY_RENEGOTIATION_INFO_SCSV among the suites.
    #[default]
    Scsv,
    /// By an empty renegotiation_info.
    Extension,
}

/// Values that are sent in place of those that would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The version of the hello. A server goes on with it if it is one of TLS 1.0 to 1.2.
    pub version: Option<Version>,
    /// The version of all records.
    pub record_version: Option<Version>,
    /// The suites of a ClientHello; the first is that of a ServerHello.
    pub suites: Option<Vec<Suite>>,
    /// The random of the hello.
    pub random: Option<[u8; 32]>,
    /// The session_id of the hello.
    pub session_id: Option<Vec<u8>>,
    /// All extensions of the hello; an empty list is sent, none of a list is `Some(None)`.
    pub extensions: Option<Option<Vec<Extension>>>,
    /// verify_data of Finished.
    pub verify_data: Option<Vec<u8>>,
}

/// What both sides have.
#[derive(Debug)]
pub struct Config {
    /// The lowest version that is accepted.
    pub min_version: Version,
    /// The highest version that is offered or accepted.
    pub max_version: Version,
    /// The suites, the preferred first.
    pub suites: Vec<Suite>,
    /// Whether encrypt_then_mac is offered or accepted (RFC 7366).
    pub encrypt_then_mac: bool,
    /// Whether extended_master_secret is offered or accepted (RFC 7627).
    pub extended_master_secret: bool,
    /// What becomes of the peer's wish for another handshake.
    pub renegotiation: Renegotiation,
    /// How application data are cut in TLS 1.0.
    pub split: Split,
    /// How long the padding of records is.
    pub padding: Padding,
    /// The most octets of plaintext in a record that is sent, 1 to 16384; max_fragment_length may lower it.
    pub fragment: usize,
    /// Whether the handshake messages of a flight share records.
    pub coalesce: bool,
    /// The alert for a first protected record that cannot be read.
    pub wrong_key: WrongKey,
    /// Whether secrets are kept for `key_log`.
    pub key_log: bool,
    /// What is sent in place of what would be.
    pub fixed: Fixed,
    /// What is taken although it has to be refused.
    pub forgives: Vec<Forgive>,
    /// The hook on what goes out.
    pub alter: Option<Box<dyn Alter + Send>>,
}

impl Default for Config {
    /// TLS 1.0 to 1.2, both suites of DM_SC 5.2, all extensions, nothing on purpose.
    fn default() -> Config {
        Config {
            min_version: Version::Tls10,
            max_version: Version::Tls12,
            suites: Suite::DM_SC.to_vec(),
            encrypt_then_mac: true,
            extended_master_secret: true,
            renegotiation: Renegotiation::default(),
            split: Split::default(),
            padding: Padding::default(),
            fragment: crate::record::MOST_PLAINTEXT,
            coalesce: false,
            wrong_key: WrongKey::default(),
            key_log: false,
            fixed: Fixed::default(),
            forgives: Vec::new(),
            alter: None,
        }
    }
}

/// What a client has.
#[derive(Debug)]
pub struct ClientConfig {
    /// What both sides have.
    pub common: Config,
    /// The identity, 0 to 65535 octets; RFC 4279 5.1 recommends text in UTF-8.
    pub identity: Vec<u8>,
    /// The key, 0 to 65535 octets.
    pub key: Secret,
    /// A session that is to be resumed.
    pub session: Option<Session>,
    /// How RFC 5746 is shown in the first handshake.
    pub signal: Signal,
    /// The max_fragment_length that is asked for (RFC 6066 4).
    pub max_fragment_length: Option<MaxFragmentLength>,
    /// Whether the first hello has the form of SSL 2.0, which has no extensions (RFC 5246 E.2).
    pub ssl2_hello: bool,
}

impl ClientConfig {
    /// A client with an identity and its key.
    #[must_use]
    pub fn new(identity: Vec<u8>, key: Secret) -> ClientConfig {
        ClientConfig {
            common: Config::default(),
            identity,
            key,
            session: None,
            signal: Signal::default(),
            max_fragment_length: None,
            ssl2_hello: false,
        }
    }
}

/// What a server has.
#[derive(Debug)]
pub struct ServerConfig {
    /// What both sides have.
    pub common: Config,
    /// Identities and their keys.
    pub keys: Vec<(Vec<u8>, Secret)>,
    /// The identity hint; without one there is no ServerKeyExchange (RFC 4279 2).
    pub hint: Option<Vec<u8>>,
    /// Sessions that can be resumed. The caller puts [`super::Endpoint::session`] into the cache of the next connection.
    pub cache: SessionCache,
    /// What becomes of an identity that is not among the keys.
    pub unknown_identity: UnknownIdentity,
    /// Whether renegotiation_info is answered (RFC 5746); clients of today refuse a server that does not.
    pub renegotiation_info: bool,
    /// Whether max_fragment_length is answered (RFC 6066 4).
    pub max_fragment_length: bool,
    /// Whether the client's order of suites counts and not the own.
    pub client_order: bool,
    /// Whether TLS_FALLBACK_SCSV is heeded (RFC 7507).
    pub fallback_scsv: bool,
    /// Whether sessions get an identifier, so that they can be resumed.
    pub resumable: bool,
}

impl ServerConfig {
    /// A server with identities and their keys.
    #[must_use]
    pub fn new(keys: Vec<(Vec<u8>, Secret)>) -> ServerConfig {
        ServerConfig {
            common: Config::default(),
            keys,
            hint: None,
            cache: SessionCache::default(),
            unknown_identity: UnknownIdentity::default(),
            renegotiation_info: true,
            max_fragment_length: true,
            client_order: false,
            fallback_scsv: true,
            resumable: true,
        }
    }
}
