//! The smart card web server and the DM_SC Server behind it, as one HTTP server for any number of connections.

use dmsc_dm::auth::MacHeader;
use dmsc_dm::syncml::{Decoded, Message};
use serde_json::{Map, Value, json};

use crate::choice::Choices;
use crate::choice::http::{BodyFraming, Http, Interim, OtherRequests};
use crate::conduit::Conduit;
use crate::dm::server::Answer;
use crate::dm::{Directive, DmServer, Encoding, Unreadable, view};
use crate::event::Actor;
use crate::fields::with_irregular;
use crate::http::{HttpError, HttpMessage, Start};
use crate::http_change::{Written, write};
use crate::http_manner;
use crate::layer::NUMBER;
use crate::messages::HttpWith;
use crate::patch::Change;
use crate::player::{PlayerError, PlayerIo, Reply};
use crate::switch::{Switch, Switches};
use crate::template::show;

/// The largest request body the server takes, in octets: what a card's buffer holds.
const BODY_LIMIT: usize = 64 * 1024;

/// A request that wants an answer.
#[derive(Clone, Debug)]
pub enum Request {
    /// The hello of a connection over TLS.
    Hello,
    /// An HTTP request.
    Http(Box<HttpMessage>),
    /// The DM message in it, the encoding it came in, and what its answer has to go by.
    Dm(Box<Message>, Encoding, Asked),
}

/// What the response to a request has to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whether the connection stays open after it.
    keep: bool,
    /// Whether the client knows what came with HTTP/1.1.
    modern: bool,
    /// The encoding of the answer, where the client takes no other.
    only: Option<Encoding>,
    /// What its credentials were found to be.
    credentials: &'static str,
}

impl Asked {
    fn by(request: &HttpMessage) -> Asked {
        let only = request.header("accept").and_then(Encoding::only_accepted);
        Asked { keep: request.keeps_alive(), modern: request.minor > 0, only, credentials: "none" }
    }
}

/// What is to be sent on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The octets of the response.
    pub octets: Vec<u8>,
    /// Whether the connection is closed after them.
    pub close: bool,
}

/// The server.
#[derive(Clone, Debug)]
pub struct Scws {
    /// The DM_SC Server.
    pub server: DmServer,
    choices: Choices,
    switches: Switches,
    locked_up: bool,
    /// Whether the latest answer is the last message of its session, and nobody has been told that the client has it.
    pub ends: bool,
}

impl Scws {
    /// A web server in front of `server`.
    pub fn new(server: DmServer, choices: Choices, switches: Switches) -> Scws {
        Scws { server, choices, switches, locked_up: false, ends: false }
    }

    /// Looks for a whole request on a connection. Gives it once it has been told of, or the response to what can never
    /// become a request.
    pub fn next_request(&self, conduit: &mut Conduit, io: &mut PlayerIo) -> Option<Result<Request, Output>> {
        match conduit.next_message() {
            Ok(None) => None,
            Ok(Some((request, octets))) => {
                let own = (|| request.fields(), request.says_its_end());
                io.hear_read(Actor::Client, "http.request", &octets, context(conduit), own);
                Some(Ok(Request::Http(Box::new(request))))
            }
            // What broke TLS has been told, and there is no way to answer.
            Err(HttpError::Layer(_)) if self.switches.on(Switch::TlsStaysOpen) => None,
            Err(HttpError::Layer(_)) => Some(Err(Output { octets: Vec::new(), close: true })),
            Err(error) => {
                io.observe(Actor::Client, "http.garbage", conduit.rest(), || error.fields());
                let response = HttpMessage::response(error.status(), Vec::new()).with("Connection", "close");
                Some(Err(Output { octets: response.encode(), close: true }))
            }
        }
    }

    /// Lets a client go on that waits for that before it sends the body of its request (RFC 9110 10.1.1).
    pub fn go_on(&self, conduit: &mut Conduit, io: &mut PlayerIo) {
        const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        if conduit.take_expectation() {
            io.say(Actor::Server, "http.interim", GO_ON, || HttpMessage::response(100, Vec::new()).fields());
            conduit.send(GO_ON);
        }
    }

    /// Tells what a connection has left that its client has ended: what is no whole request, and such as came whole while
    /// another was still to be answered.
    pub fn tell_rest(&self, conduit: &mut Conduit, io: &mut PlayerIo) {
        loop {
            match conduit.next_message() {
                Ok(None) => return,
                Ok(Some((request, octets))) => {
                    let context = context(conduit);
                    io.observe(Actor::Client, "http.request", &octets, || {
                        request.fields().into_iter().chain(context).collect()
                    });
                }
                // Between two requests it is of TLS alone, where it has been told.
                Err(HttpError::Layer(_)) if conduit.rest().is_empty() => return,
                Err(error) => {
                    io.observe(Actor::Client, "http.garbage", conduit.rest(), || error.fields());
                    return;
                }
            }
        }
    }

    /// Whether a request is that of a browser for the first page.
    pub fn is_first_page(&self, request: &HttpMessage) -> bool {
        matches!(&request.start, Start::Request { method, target } if method == "GET" && path_of(target) == "/")
    }

    /// Answers an HTTP request: with a response, or with the DM message in it, which then wants its own answer.
    ///
    /// # Errors
    /// [`PlayerError`] when the reply does not fit.
    pub fn answer_http(
        &mut self,
        request: &HttpMessage,
        reply: &Reply,
        io: &mut PlayerIo,
    ) -> Result<Next, PlayerError> {
        let change = match reply {
            Reply::Silent => return Ok(Next::Nothing),
            Reply::Default => None,
            Reply::With(change) => Some(change),
        };
        if change.map(Change::read::<HttpWith>).transpose()?.is_some_and(|with| with.status.is_some()) {
            let response = HttpMessage::response(200, Vec::new());
            return self.respond(response, Asked::by(request), change, io).map(Next::Send);
        }
        match self.admit(request) {
            Ok((Decoded { value: message, irregular }, octets, encoding)) => {
                let cred = message.header.cred.as_ref();
                let credentials = self.server.judge_request(request.header(MacHeader::NAME), &octets, cred);
                let context = view::context(credentials, request.header(MacHeader::NAME));
                let own = || with_irregular(view::client_fields(&message, encoding), &irregular);
                let told = encoding == Encoding::of_octets(&octets);
                io.hear_read(Actor::Client, "dm.message", &octets, context, (own, told));
                let asked_by = Asked { credentials, ..Asked::by(request) };
                Ok(Next::Wait(Request::Dm(Box::new(message), encoding, asked_by)))
            }
            Err(refusal) => {
                io.observe(Actor::Client, "dm.unreadable", &request.body, || refusal.fields(request));
                if matches!(refusal.status, 404 | 405) && self.choices.http.other_requests == OtherRequests::Closes {
                    return Ok(Next::Send(Output { octets: Vec::new(), close: true }));
                }
                let response = HttpMessage::response(self.named(refusal.status), Vec::new());
                self.respond(response, Asked::by(request), change, io).map(Next::Send)
            }
        }
    }

    /// The status by which the server refuses, for a usual one.
    fn named(&self, usual: u16) -> u16 {
        match (self.choices.http.other_requests, usual) {
            (OtherRequests::Refused, 404) => 403,
            (OtherRequests::Refused, 405) => 501,
            _ => usual,
        }
    }

    /// Decides whether a request is one for the DM_SC Server; why not, and with which HTTP status, when it is not.
    fn admit(&mut self, request: &HttpMessage) -> Result<(Decoded<Message>, Vec<u8>, Encoding), Refusal> {
        let Start::Request { method, target } = &request.start else {
            return Err(Refusal::new(400, "a response stands where a request should".into()));
        };
        // DM_SC 8.1 maps the server to /OMA/DM; a client that is a process may have an account elsewhere.
        let (path, ours) = (path_of(target), path_of(&self.server.account.address));
        if path != ours && !self.switches.on(Switch::AnyPath) {
            let why = format!("the request is for {}, not for {ours}", show(&json!(path)));
            if self.switches.on(Switch::EndByOtherClient) {
                self.server.forget_session();
            }
            return Err(Refusal::new(404, why));
        }
        if method != "POST" && !self.switches.on(Switch::AnyMethod) {
            return Err(Refusal::new(405, format!("the method is {}, not POST", show(&json!(method)))));
        }
        if request.body.len() > BODY_LIMIT {
            let reason = format!("the body has {} octets; the server takes {BODY_LIMIT}", request.body.len());
            return Err(Refusal { status: 413, why: Unreadable { reason, offset: None, refused: true } });
        }
        let announced = request.header("content-type").and_then(Encoding::of_media_type);
        let encoding = match announced {
            Some(encoding) => encoding,
            None if self.switches.on(Switch::AnyMethod) => Encoding::of_octets(&request.body),
            None => return Err(Refusal { status: 415, why: foreign(request) }),
        };
        if self.locked_up {
            return Err(Refusal::new(503, "the server is locked up".into()));
        }
        match encoding.decode(&request.body) {
            Ok(message) => Ok((message, request.body.clone(), encoding)),
            Err(_) if self.switches.on(Switch::AnyMethod) => {
                Ok((Decoded { value: Message::default(), irregular: Vec::new() }, Vec::new(), encoding))
            }
            Err(why) => {
                self.locked_up = self.switches.on(Switch::LockUpOnGarbage);
                Err(Refusal { status: 400, why })
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
        asked_by: Asked,
        reply: &Reply,
        io: &mut PlayerIo,
    ) -> Result<Next, PlayerError> {
        let asked = match reply {
            Reply::Silent => {
                if asked_by.credentials != "wrong" {
                    self.server.leave(message);
                }
                return Ok(Next::Nothing);
            }
            Reply::Default => None,
            Reply::With(change) => Some(change),
        };
        // A patch of a reference DUT chooses by what it answers.
        self.server.mac = asked_by.credentials;
        let change = io.change("dm.message", asked, || {
            let mut fields = view::client_fields(message, encoding);
            fields.insert("credentials".into(), json!(asked_by.credentials));
            fields
        });
        if change.as_ref().is_some_and(|c| c.drop) {
            return Ok(Next::Nothing);
        }
        let directive = change.as_ref().map(|c| Directive::new(&c.with)).transpose()?.unwrap_or_default();
        let as_encoded = directive.body().is_none() && change.as_ref().is_none_or(|change| change.mutate.is_empty());
        let (Answer::Message(answer) | Answer::Repeated(answer)) = self.server.respond(message, &directive)?;
        self.ends = self.server.is_over();
        let encoding = asked_by.only.unwrap_or(encoding);
        let octets = &self.choices.octets;
        let encode = |encoding: Encoding| encoding.encode(&answer, octets);
        let mut body = match directive.body() {
            Some(body) => body,
            None => encoding.carry(directive.encoding(), (&answer, octets), encode).map_err(PlayerError)?,
        };
        let encoding = directive.encoding().unwrap_or(encoding);
        if let Some(change) = &change {
            change.edit(&mut body)?;
        }
        let mac = self.server.answer_mac(&body, &directive);
        if as_encoded {
            let mut context = Map::new();
            view::add_mac(&mut context, mac.as_deref());
            io.say_octets(Actor::Server, "dm.message", &body, context);
        } else {
            io.say(Actor::Server, "dm.message", &body, || {
                let mut fields = view::fields(&answer, encoding);
                view::add_mac(&mut fields, mac.as_deref());
                fields
            });
        }
        let http = directive.http();
        let response = HttpMessage::response(200, body)
            .with("Content-Type", encoding.media_type())
            .with("Cache-Control", "no-store")
            .with_some(MacHeader::NAME, mac.as_deref());
        self.respond(response, asked_by, http.as_ref(), io).map(Next::Send)
    }

    fn respond(
        &self,
        response: HttpMessage,
        asked_by: Asked,
        asked: Option<&Change>,
        io: &mut PlayerIo,
    ) -> Result<Output, PlayerError> {
        let mut http = self.choices.http;
        if !asked_by.modern {
            http.body_framing = BodyFraming::Length;
        }
        let response = http_manner::apply(response, "", &http);
        let kept = asked_by.keep && (http == Http::default() || response.keeps_alive());
        let change = io.change("http.response", asked, || response.fields());
        let Written { mut octets, close, .. } = write(response.clone(), change.as_ref())?;
        io.say_read(Actor::Server, "http.response", &octets, || response.fields());
        if asked_by.modern && http.interim == Interim::Continue {
            octets.splice(0..0, *b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let stays = self.switches.on(Switch::NeverClose);
        Ok(Output { octets, close: (close || !kept) && !stays })
    }
}

/// Why a request is none for the DM_SC Server.
struct Refusal {
    /// The HTTP status that it is answered with.
    status: u16,
    why: Unreadable,
}

impl Refusal {
    fn new(status: u16, reason: String) -> Refusal {
        Refusal { status, why: Unreadable { reason, offset: None, refused: false } }
    }

    fn fields(&self, request: &HttpMessage) -> Map<String, Value> {
        let mut fields = unreadable(&self.why, request);
        fields.insert("answered".into(), json!(self.status));
        fields
    }
}

/// The fields of an HTTP message in which no DM message can be read.
pub(crate) fn unreadable(why: &Unreadable, message: &HttpMessage) -> Map<String, Value> {
    let mut fields = Map::from_iter([("reason".to_owned(), json!(why.reason))]);
    fields.extend(why.offset.map(|offset| ("offset".to_owned(), json!(offset))));
    fields.extend(why.refused.then(|| ("refused".to_owned(), json!(true))));
    fields.extend(message.media_type().map(|media| ("media_type".to_owned(), json!(media))));
    fields
}

/// What is said of a media type that announces no DM message.
pub(crate) fn foreign(message: &HttpMessage) -> Unreadable {
    let reason = match message.media_type() {
        Some(media) => format!("the media type is {}, which is none of DM", show(&json!(media))),
        None => "no Content-Type says what the body is".into(),
    };
    Unreadable { reason, offset: None, refused: false }
}

/// What the octets of a message do not tell: the number of the connection that it came over, and whether that is secure.
fn context(conduit: &Conduit) -> Map<String, Value> {
    let [number, secure] = [conduit.number().into(), conduit.is_protected().into()];
    Map::from_iter([(NUMBER.to_owned(), number), ("secure".to_owned(), secure)])
}

/// The path of a request target, which may be an absolute address (RFC 9112 3.2.2).
fn path_of(target: &str) -> &str {
    let after_scheme = target.strip_prefix("http://").or_else(|| target.strip_prefix("https://"));
    let path = after_scheme.map_or(target, |rest| rest.find('/').map_or("/", |at| rest.get(at..).unwrap_or("/")));
    path.split('?').next().unwrap_or_default()
}

/// What follows from an answer.
#[derive(Clone, Debug)]
pub enum Next {
    /// Octets for the client.
    Send(Output),
    /// A message within the message wants an answer of its own.
    Wait(Request),
    /// Nothing.
    Nothing,
}
