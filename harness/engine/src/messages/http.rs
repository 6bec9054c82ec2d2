//! HTTP between the DM Client and the SCWS (RFC 9112), and the connections it runs over.

use std::collections::BTreeMap;

use serde_json::Value;

use super::kind::{Declaration, What};
use super::shape::{FieldSpec, Shape};
use super::table::Table;
use super::value::{Body, Edits, FieldValue, Within, by_name, fields};
use crate::layer::NUMBER;
use crate::role::Role;

fields! {
    /// What a case or a fault sets of the HTTP message around a DM message, whichever it is.
    pub struct HttpWith = "http.with" {
        /// Method.
        method: String,
        /// Request target.
        path: String,
        /// Status code.
        status: Within<100, 999>,
        /// Reason phrase.
        reason: String,
        /// Version of HTTP.
        version: Version,
        /// Header fields by name in lower case, `_` for `-`; `null` leaves one out.
        headers: BTreeMap<String, Option<String>>,
        /// The body: text, or `hex:` and octets.
        body: Body,
        /// Sends the body in chunks of this many octets.
        chunked: usize = octets,
        /// Closes the connection after the message.
        close: bool,
        /// Edits of the octets of the HTTP message.
        mutate: Edits,
        /// Whether to open a connection for it; the one that is open is used unless given.
        connection: Reuse,
        /// Whose request it is; that of the DM Client unless given.
        client: Asker,
    }
}

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The DM Client.
    DmClient,
    /// Another client of the terminal, which has a connection of its own.
    Other,
}

impl Asker {
    const ALL: [Asker; 2] = [Asker::DmClient, Asker::Other];

    /// The word in files.
    pub fn name(self) -> &'static str {
        match self {
            Asker::DmClient => "dm-client",
            Asker::Other => "other",
        }
    }
}

impl FieldValue for Asker {
    fn shape() -> Shape {
        Shape::Name(Asker::ALL.map(Asker::name).to_vec())
    }

    fn read(value: &Value) -> Result<Self, String> {
        by_name(value, &Asker::ALL, Asker::name)
    }
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

impl Version {
    /// The minor version number.
    pub fn minor(self) -> u8 {
        u8::from(self == Version::Http11)
    }

    const ALL: [Version; 2] = [Version::Http10, Version::Http11];

    fn name(self) -> &'static str {
        match self {
            Version::Http10 => "1.0",
            Version::Http11 => "1.1",
        }
    }
}

impl FieldValue for Version {
    fn shape() -> Shape {
        Shape::Name(Version::ALL.map(Version::name).to_vec())
    }

    fn read(value: &Value) -> Result<Self, String> {
        by_name(value, &Version::ALL, Version::name)
    }
}

/// Which connection a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// One of its own.
    New,
    /// The one that is open.
    Same,
}

impl Reuse {
    const ALL: [Reuse; 2] = [Reuse::New, Reuse::Same];

    fn name(self) -> &'static str {
        match self {
            Reuse::New => "new",
            Reuse::Same => "same",
        }
    }
}

impl FieldValue for Reuse {
    fn shape() -> Shape {
        Shape::Name(Reuse::ALL.map(Reuse::name).to_vec())
    }

    fn read(value: &Value) -> Result<Self, String> {
        by_name(value, &Reuse::ALL, Reuse::name)
    }
}

pub(super) fn declare(table: &mut Table) {
    table.group::<HttpWith>();
    let with = table.specs_of::<HttpWith>();
    let without = |names: &[&str]| -> Vec<FieldSpec> {
        with.iter().filter(|field| !names.contains(&field.name)).cloned().collect()
    };
    let (request, response) = (["status", "reason"], ["method", "path", "connection", "client"]);
    table.specs("http.request.with", without(&request));
    table.specs("http.response.with", without(&response));
    let common = |own: &[&str]| {
        let named = with.iter().filter(|field| own.contains(&field.name)).cloned();
        let seen = [
            FieldSpec::new("media_type", Shape::Text, "Media type of the body, without parameters."),
            FieldSpec::new(
                "framing",
                Shape::Text,
                "How the end of the body is told: `none`, `content-length`, `chunked`, or `close` for the end of the connection.",
            ),
            FieldSpec::new("trailers", Shape::Text.map(), "Trailer fields of a chunked body, named as `headers` are."),
            FieldSpec::new("body_length", Shape::COUNT, "Length of the body in octets."),
            FieldSpec::new("body", Shape::Hex, "The body."),
            FieldSpec::new("secure", Shape::Bool, "Whether it came over TLS."),
            FieldSpec::new(NUMBER, Shape::COUNT, "Which connection of the case it came over, counted from 1."),
        ];
        named.chain(seen).collect::<Vec<_>>()
    };
    table.seen("http.request", common(&["method", "path", "version", "headers"]));
    let mut answer = common(&["status", "reason", "version", "headers"]);
    let client = "Whose request it answers, where it is not that of the DM Client: `other`.";
    answer.push(FieldSpec::new("client", Asker::shape(), client));
    table.seen("http.response", answer);
    let why = FieldSpec::new("reason", Shape::Text, "Why the octets are no HTTP message.");
    let refused = "It may be the beginning of a message that is right, and is larger than what is read.";
    table.specs("http.garbage", vec![why, FieldSpec::new("refused", Shape::Bool, refused)]);
    let states = vec!["opened", "closed", "refused"];
    table.specs("connection", vec![FieldSpec::new("state", Shape::Name(states), "What happened to it.")]);

    use Role::{Card, Terminal};
    let of = |sender, what, name: &'static str, doc: &'static str| Declaration::new(sender, what, name, doc).anywhere();
    table.kind(of(Terminal, What::Connect, "connect", "Opens a connection to the SCWS.").sent());
    table.kind(of(Terminal, What::Disconnect, "disconnect", "Closes the connection.").sent());
    table.kind(
        of(Terminal, What::HttpRequest, "http.request", "An HTTP request of the DM Client to the SCWS.")
            .built_of("http.request.with")
            .sent()
            .heard("http.request")
            .answered("http.response.with")
            .patched(),
    );
    table.kind(
        of(Card, What::HttpResponse, "http.response", "An HTTP response of the SCWS.")
            .built_of("http.response.with")
            .heard("http.response")
            .patched(),
    );
    let interim = "An interim response (1xx) of the SCWS; the response to the request follows it.";
    table.kind(of(Card, What::HttpInterim, "http.interim", interim).heard("http.response"));
    let garbage = "Octets that are no HTTP message.";
    let connection = "The other side opened, closed or refused a connection.";
    for sender in [Terminal, Card] {
        table.kind(of(sender, What::HttpGarbage, "http.garbage", garbage).heard("http.garbage"));
        table.kind(of(sender, What::Connection, "connection", connection).heard("connection"));
    }
}
