//! HTTP between the DM Client and the SCWS (RFC 9112), and the connections it runs over.

use std::collections::BTreeMap;

use serde_json::Value;

use super::kind::{Declaration, What};
use super::shape::{FieldSpec, Shape};
use super::table::Table;
use super::value::{Body, Edits, FieldValue, Within, by_name, fields};
use crate::http::{HttpMessage, Start, reason};
use crate::patch::Change;
use crate::player::PlayerError;
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

/// Writes an HTTP message with changes. Gives the octets, and whether the connection is to be closed after them.
///
/// # Errors
/// [`PlayerError`] when a field does not fit.
pub fn write(mut message: HttpMessage, change: Option<&Change>) -> Result<(Vec<u8>, bool), PlayerError> {
    let Some(change) = change else { return Ok((message.encode(), false)) };
    let with: HttpWith = change.read()?;
    let misplaced = |name: &str| PlayerError(format!("`{name}` is not a field of this HTTP message"));
    match &mut message.start {
        Start::Request { method, target } => {
            if with.status.is_some() || with.reason.is_some() {
                return Err(misplaced(if with.status.is_some() { "status" } else { "reason" }));
            }
            with.method.into_iter().for_each(|set| *method = set);
            with.path.into_iter().for_each(|set| *target = set);
        }
        Start::Response { status, reason: phrase } => {
            if with.method.is_some() || with.path.is_some() || with.connection.is_some() {
                return Err(misplaced(if with.method.is_some() { "method" } else { "path" }));
            }
            if let Some(set) = with.status.and_then(|status| u16::try_from(status.get()).ok()) {
                *status = set;
                *phrase = reason(set).into();
            }
            with.reason.into_iter().for_each(|set| *phrase = set);
        }
    }
    if let Some(version) = with.version {
        message.minor = u8::from(version == Version::Http11);
    }
    with.headers.into_iter().flatten().for_each(|(name, value)| set_header(&mut message, &name, value));
    with.body.into_iter().for_each(|Body(body)| message.body = body);
    with.chunked.into_iter().for_each(|size| message.chunked = size);
    let mut octets = message.encode();
    change.edit(&mut octets)?;
    if let Some(Edits(mutate)) = with.mutate {
        Change { mutate, ..Change::default() }.edit(&mut octets)?;
    }
    Ok((octets, with.close.unwrap_or_default()))
}

/// Sets a header field by name (`_` stands for `-`); nothing takes it out.
fn set_header(message: &mut HttpMessage, name: &str, value: Option<String>) {
    let name = name.replace('_', "-");
    let place = message.headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(&name));
    match (place, value) {
        (Some(place), None) => drop(message.headers.remove(place)),
        (Some(place), Some(value)) => {
            message.headers.iter_mut().skip(place).take(1).for_each(|header| header.1.clone_from(&value))
        }
        (None, Some(value)) => message.headers.push((name, value)),
        (None, None) => {}
    }
}

pub(super) fn declare(table: &mut Table) {
    table.group::<HttpWith>();
    let with = table.specs_of::<HttpWith>();
    let without = |names: &[&str]| -> Vec<FieldSpec> {
        with.iter().filter(|field| !names.contains(&field.name)).cloned().collect()
    };
    let (request, response) = (["status", "reason"], ["method", "path", "connection"]);
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
        ];
        named.chain(seen).collect::<Vec<_>>()
    };
    table.seen("http.request", common(&["method", "path", "version", "headers"]));
    table.seen("http.response", common(&["status", "reason", "version", "headers"]));
    let why = FieldSpec::new("reason", Shape::Text, "Why the octets are no HTTP message.");
    table.specs("http.garbage", vec![why]);
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
    let garbage = "Octets that are no HTTP message.";
    let connection = "The other side opened, closed or refused a connection.";
    for sender in [Terminal, Card] {
        table.kind(of(sender, What::HttpGarbage, "http.garbage", garbage).heard("http.garbage"));
        table.kind(of(sender, What::Connection, "connection", connection).heard("connection"));
    }
}
