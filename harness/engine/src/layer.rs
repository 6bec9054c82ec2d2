//! What may stand between a transport and HTTP.

use std::any::Any;
use std::fmt;

use serde_json::{Map, Value};

/// What stands between a transport and HTTP, without I/O or clock: TLS, or nothing.
pub(crate) trait Layer: fmt::Debug + Send {
    /// The transport is open.
    fn open(&mut self, _flow: &mut Flow) {}

    /// Octets of the transport have arrived.
    ///
    /// # Errors
    /// The reason why the connection cannot go on. What the flow has for the transport is sent all the same.
    fn receive(&mut self, octets: &[u8], flow: &mut Flow) -> Result<(), String>;

    /// Octets of HTTP are to be sent. A layer that is not ready keeps them.
    fn send(&mut self, octets: &[u8], flow: &mut Flow);

    /// This side closes the connection.
    fn close(&mut self, _flow: &mut Flow) {}

    /// The transport has ended.
    ///
    /// # Errors
    /// Why that is not the end of what the other side had to say.
    fn end(&mut self, _flow: &mut Flow) -> Result<(), String> {
        Ok(())
    }

    /// The layer, for whoever knows its type.
    fn as_any(&mut self) -> Option<&mut dyn Any> {
        None
    }

    /// Whether a hello waits to be answered.
    fn is_asked(&self) -> bool {
        false
    }

    /// Leaves the hello that waits without an answer.
    fn ignore(&mut self) {}

    /// Whether it is TLS.
    fn is_tls(&self) -> bool {
        false
    }

    /// Whether what passes is protected.
    fn is_protected(&self) -> bool {
        false
    }
}

/// What comes out of a layer, in both directions.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// For the HTTP reader.
    pub(crate) http: Vec<u8>,
    /// For the transport.
    pub(crate) transport: Vec<u8>,
    /// To be told.
    pub(crate) told: Vec<Told>,
}

/// Something that happened, to be told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// Whether it came from the other side.
    pub(crate) heard: bool,
    /// Its kind.
    pub(crate) kind: &'static str,
    /// Its octets; none where it has none of its own.
    pub(crate) octets: Vec<u8>,
    /// Its fields.
    pub(crate) fields: Map<String, Value>,
}

impl Told {
    /// Whether it is a hello that a server has to answer.
    pub(crate) fn is_hello(&self) -> bool {
        self.heard && self.kind == "tls.client-hello"
    }
}

/// The field that says which connection of its player something came over.
pub(crate) const NUMBER: &str = "connection_number";

/// The kind of the end of a connection.
pub(crate) const OVER: &str = "tls.over";
