//! The SCWS and the DM_SC Server behind it, as one HTTP server for any number of connections.
//!
//! Whatever carries the octets (a BIP channel or a TCP stream) feeds a connection and takes what it wants to send.

use dmsc_dm::syncml::Message;
use serde_json::{Map, Value, json};

use crate::dm::server::Answer;
use crate::dm::{Directive, DmServer, Encoding, view};
use crate::event::Actor;
use crate::http::{HttpMessage, Reader, Side, Start};
use crate::patch::Change;
use crate::player::{Desk, PlayerError, Reply};
use crate::switch::{Switch, Switches};

/// The path the DM_SC Server is mapped to (DM_SC 8.1).
pub const PATH: &str = "/OMA/DM";

/// The largest request body the server takes, in octets: what a card's buffer holds.
const BODY_LIMIT: usize = 64 * 1024;

/// One client connection.
#[derive(Clone, Debug)]
pub struct Connection {
    reader: Reader,
    /// Set when the server has nothing more to say on it.
    pub closing: bool,
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub enum Waiting {
    /// An HTTP request.
    Http(Box<HttpMessage>),
    /// The DM message in it, with the encoding it came in.
    Dm(Box<Message>, Encoding, bool),
}

/// What is to be sent on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The octets of the response.
    pub octets: Vec<u8>,
    /// Whether the connection is closed behind them.
    pub close: bool,
}

/// The server.
#[derive(Clone, Debug)]
pub struct Site {
    /// The DM_SC Server.
    pub server: DmServer,
    switches: Switches,
    locked_up: bool,
}

impl Connection {
    /// A fresh connection.
    pub fn new() -> Connection {
        Connection { reader: Reader::new(Side::Server), closing: false }
    }

    /// Takes octets from the client.
    pub fn feed(&mut self, octets: &[u8]) {
        self.reader.feed(octets);
    }
}

impl Default for Connection {
    fn default() -> Self {
        Connection::new()
    }
}

impl Site {
    /// A site in front of `server`.
    pub fn new(server: DmServer, switches: Switches) -> Site {
        Site { server, switches, locked_up: false }
    }

    /// Looks for a whole request on a connection. Gives it once it has been told of, or the response to what can never
    /// become a request.
    pub fn next_request(&self, connection: &mut Connection, desk: &mut Desk) -> Option<Result<Waiting, Output>> {
        match connection.reader.take() {
            Ok(None) => None,
            Ok(Some((request, octets))) => {
                desk.hear(Actor::Client, "http.request", &octets, || request.fields());
                Some(Ok(Waiting::Http(Box::new(request))))
            }
            Err(error) => {
                desk.observe(Actor::Client, "http.garbage", &[], || {
                    Map::from_iter([("reason".to_owned(), json!(error.to_string()))])
                });
                connection.closing = true;
                let response = HttpMessage::response(400, Vec::new()).with("Connection", "close");
                Some(Err(Output { octets: response.encode(), close: true }))
            }
        }
    }

    /// Answers an HTTP request: with a response, or with the DM message in it, which then wants its own answer.
    ///
    /// # Errors
    /// [`PlayerError`] when the reply does not fit.
    pub fn answer_http(&mut self, request: &HttpMessage, reply: &Reply, desk: &mut Desk) -> Result<Step, PlayerError> {
        let change = match reply {
            Reply::Silent => return Ok(Step::Nothing),
            Reply::Default => None,
            Reply::With(change) => Some(change),
        };
        if change.is_some_and(|c| c.with.contains_key("status")) {
            let response = HttpMessage::response(200, Vec::new());
            return self.respond(response, request.keeps_alive(), change, desk).map(Step::Send);
        }
        match self.admit(request) {
            Ok((message, octets, encoding)) => {
                let server = &self.server;
                desk.hear(Actor::Client, "dm.message", &octets, || {
                    let mut fields = view::client_fields(&message, encoding);
                    fields.insert("credentials".into(), json!(server.judge(message.header.cred.as_ref())));
                    fields
                });
                Ok(Step::Wait(Waiting::Dm(Box::new(message), encoding, request.keeps_alive())))
            }
            Err(status) => {
                let response = HttpMessage::response(status, Vec::new());
                self.respond(response, request.keeps_alive(), change, desk).map(Step::Send)
            }
        }
    }

    /// Decides whether a request is one for the DM_SC Server; an HTTP status when it is not.
    fn admit(&mut self, request: &HttpMessage) -> Result<(Message, Vec<u8>, Encoding), u16> {
        let Start::Request { method, target } = &request.start else { return Err(400) };
        let path = target.split('?').next().unwrap_or_default();
        if path != PATH {
            return Err(404);
        }
        if method != "POST" && !self.switches.on(Switch::AnyMethod) {
            return Err(405);
        }
        if request.body.len() > BODY_LIMIT {
            return Err(413);
        }
        let announced = request.header("content-type").and_then(Encoding::of_media_type);
        let encoding = match announced {
            Some(encoding) => encoding,
            None if self.switches.on(Switch::AnyMethod) => Encoding::of_octets(&request.body),
            None => return Err(415),
        };
        if self.locked_up {
            return Err(503);
        }
        match encoding.decode(&request.body) {
            Ok((message, _)) => Ok((message, request.body.clone(), encoding)),
            Err(_) if self.switches.on(Switch::AnyMethod) => Ok((Message::default(), Vec::new(), encoding)),
            Err(_) => {
                self.locked_up = self.switches.on(Switch::LockUpOnGarbage);
                Err(400)
            }
        }
    }

    /// Answers a DM message.
    ///
    /// # Errors
    /// [`PlayerError`] when the reply does not fit.
    pub fn answer_dm(
        &mut self,
        message: &Message,
        encoding: Encoding,
        keep: bool,
        reply: &Reply,
        desk: &mut Desk,
    ) -> Result<Step, PlayerError> {
        let asked = match reply {
            Reply::Silent => return Ok(Step::Nothing),
            Reply::Default => None,
            Reply::With(change) => Some(change),
        };
        // A patch of a reference DUT chooses by what it answers.
        let change = desk.change("dm.message", asked, || view::fields(message, encoding));
        if change.as_ref().is_some_and(|c| c.drop) {
            return Ok(Step::Nothing);
        }
        let with = change.as_ref().map(|c| c.with.clone()).unwrap_or_default();
        let directive = Directive::new(with)?;
        let (Answer::Message(answer) | Answer::Repeated(answer)) = self.server.respond(message, &directive)?;
        let encoding = match directive.get("encoding").and_then(Value::as_str) {
            Some("xml") => Encoding::Xml,
            Some("wbxml") => Encoding::Wbxml,
            _ => encoding,
        };
        let mut body = match directive.get("body").and_then(Value::as_str) {
            Some(text) => body_of(text)?,
            None => encoding.encode(&answer).map_err(PlayerError)?,
        };
        if let Some(change) = &change {
            change.edit(&mut body)?;
        }
        desk.say(Actor::Server, "dm.message", &body, || view::fields(&answer, encoding));
        let http = directive.get("http").and_then(Value::as_object).cloned().map(Change::with);
        let response = HttpMessage::response(200, body)
            .with("Content-Type", encoding.media_type())
            .with("Cache-Control", "no-store");
        self.respond(response, keep, http.as_ref(), desk).map(Step::Send)
    }

    fn respond(
        &self,
        response: HttpMessage,
        keep: bool,
        asked: Option<&Change>,
        desk: &mut Desk,
    ) -> Result<Output, PlayerError> {
        let change = desk.change("http.response", asked, || response.fields());
        let (octets, close) = write(response.clone(), change.as_ref())?;
        desk.say(Actor::Server, "http.response", &octets, || response.fields());
        Ok(Output { octets, close: close || !keep })
    }
}

/// What follows from an answer.
#[derive(Clone, Debug)]
pub enum Step {
    /// Octets for the client.
    Send(Output),
    /// A message within the message wants an answer of its own.
    Wait(Waiting),
    /// Nothing.
    Nothing,
}

/// The octets of a body a case writes out: `hex:` in front of octets, else text.
pub(crate) fn body_of(text: &str) -> Result<Vec<u8>, PlayerError> {
    match text.strip_prefix("hex:") {
        Some(hex) => dmsc_octets::from_hex(hex).map_err(|e| PlayerError(format!("body: {e}"))),
        None => Ok(text.as_bytes().to_vec()),
    }
}

/// Fields of an HTTP message a case or a fault may set.
pub const HTTP_FIELDS: &[&str] =
    &["method", "path", "status", "reason", "version", "headers", "body", "chunked", "close", "mutate"];

/// Writes an HTTP message with changes. Gives the octets and whether the connection is to be closed behind them.
///
/// # Errors
/// [`PlayerError`] when a field does not fit.
pub fn write(mut message: HttpMessage, change: Option<&Change>) -> Result<(Vec<u8>, bool), PlayerError> {
    let Some(change) = change else { return Ok((message.encode(), false)) };
    let mut close = false;
    for (name, value) in &change.with {
        let wrong = || PlayerError(format!("{name}: {value} does not fit this HTTP field"));
        match (name.as_str(), &mut message.start) {
            ("method", Start::Request { method, .. }) => *method = value.as_str().ok_or_else(wrong)?.into(),
            ("path", Start::Request { target, .. }) => *target = value.as_str().ok_or_else(wrong)?.into(),
            ("status", Start::Response { status, reason }) => {
                *status = value.as_u64().and_then(|s| u16::try_from(s).ok()).ok_or_else(wrong)?;
                *reason = crate::http::reason(*status).into();
            }
            ("reason", Start::Response { reason, .. }) => *reason = value.as_str().ok_or_else(wrong)?.into(),
            ("version", _) => message.minor = if value.as_str() == Some("1.0") { 0 } else { 1 },
            ("headers", _) => headers(&mut message, value.as_object().ok_or_else(wrong)?),
            ("body", _) => message.body = body_of(value.as_str().ok_or_else(wrong)?)?,
            ("chunked", _) => {
                message.chunked = value.as_u64().and_then(|s| usize::try_from(s).ok()).ok_or_else(wrong)?;
            }
            ("close", _) => close = value.as_bool().ok_or_else(wrong)?,
            ("mutate", _) => {}
            _ => return Err(PlayerError(format!("`{name}` is not a field of this HTTP message"))),
        }
    }
    let mut octets = message.encode();
    change.edit(&mut octets)?;
    if let Some(edits) = change.with.get("mutate") {
        let mutate = serde_json::from_value(edits.clone()).map_err(|e| PlayerError(format!("mutate: {e}")))?;
        Change { mutate, ..Change::default() }.edit(&mut octets)?;
    }
    Ok((octets, close))
}

/// Sets header fields by name (`_` stands for `-`); `null` removes one.
fn headers(message: &mut HttpMessage, set: &Map<String, Value>) {
    for (name, value) in set {
        let name = name.replace('_', "-");
        let place = message.headers.iter().position(|(n, _)| n.eq_ignore_ascii_case(&name));
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        match (place, text) {
            (Some(place), None) => {
                message.headers.remove(place);
            }
            (Some(place), Some(text)) => {
                if let Some(header) = message.headers.get_mut(place) {
                    header.1 = text;
                }
            }
            (None, Some(text)) => message.headers.push((name, text)),
            (None, None) => {}
        }
    }
}
