//! TLS 1.0, 1.1 and 1.2 (RFC 2246, RFC 4346, RFC 5246) with the two suites that DM_SC 5.2 names,
//! TLS_PSK_WITH_3DES_EDE_CBC_SHA and TLS_PSK_WITH_AES_128_CBC_SHA (RFC 4279): a client and a server.
//!
//! Pure like the other codecs: octets in, events and octets out, without I/O, clock or thread; what is random follows from a
//! seed, so none of it protects anything but a test. A library for production hides what a conformance test
//! has to see and refuses to send what it has to send: here each message is told with its octets, and an [`Alter`] may
//! change whatever goes out.
//!
//! ```
//! use dmsc_tls::{Client, ClientConfig, Event, Secret, Server, ServerConfig};
//! let key = Secret::new(vec![0x0B; 16]);
//! let mut client = Client::new(ClientConfig::new(b"terminal".to_vec(), key.clone()), 1);
//! let mut server = Server::new(ServerConfig::new(vec![(b"terminal".to_vec(), key)]), 2);
//! for _ in 0..3 {
//!     server.receive(&client.take_output());
//!     client.receive(&server.take_output());
//! }
//! client.send(b"GET / HTTP/1.1\r\n\r\n")?;
//! server.receive(&client.take_output());
//! let mut events = std::iter::from_fn(|| server.next_event());
//! assert!(events.any(|event| event == Event::Data(b"GET / HTTP/1.1\r\n\r\n".to_vec())));
//! # Ok::<(), dmsc_tls::SendError>(())
//! ```

mod alert;
mod cbc;
mod codes;
pub mod engine;
mod extension;
mod key_log;
mod keys;
pub mod message;
mod prf;
mod protection;
mod reader;
pub mod record;
mod secret;
mod suite;
mod version;

pub use alert::{Alert, AlertLevel, Description};
pub use engine::{
    Alter, Cause, Client, ClientConfig, Closure, Config, Direction, Endpoint, Established, Event, Failure, Fixed,
    Forgive, Outgoing, Padding, Renegotiation, SendError, Server, ServerConfig, Session, SessionCache, Signal, Split,
    UnknownIdentity, WrongKey,
};
pub use extension::{Extension, ExtensionType, MaxFragmentLength};
pub use key_log::Transcript;
pub use message::{ClientHello, Field, Handshake, HandshakeType, ServerHello, Ssl2ClientHello};
pub use prf::{Prf, premaster};
pub use reader::{DecodeError, EncodeError, Fault};
pub use record::{ContentType, Deframer, Header, RecordError, Unframed};
pub use secret::Secret;
pub use suite::Suite;
pub use version::Version;
