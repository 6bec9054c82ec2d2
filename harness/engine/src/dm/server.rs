//! The DM server's side of sessions: notifications, authentication, packages 2 and 4 (DMPRO 8.4, 8.6, 9; DMNOTI 6).

mod credentials;
mod notify;
mod objects;

use std::collections::VecDeque;

use dmsc_dm::auth::DEFAULT_NONCE;
use dmsc_dm::package0::parse_session_id;
use dmsc_dm::syncml::{Command, CommandName, Message, SyncHdr, Text};
use dmsc_octets::Random;

use self::credentials::Authentication;
pub use self::notify::{notification_fields, sign};
use self::objects::Taken;
use super::answer::status;
use super::directive::{Directive, DirectiveError, number};
use super::large_object::Receiver;
use super::manner;
use super::opening::alert;
use super::version::Versions;
use crate::account::{Account, AuthScheme};
use crate::choice::Choices;
use crate::choice::server::{
    AbortPlace, AfterErrors, Challenged, EventStatus, IncompletePackage, Refusal, RespUri, ServerCredentials,
    ServerSource, SessionIds,
};
use crate::switch::{Switch, Switches};

/// How many failed credentials end a session.
const MAX_ATTEMPTS: u32 = 3;

/// A DM server with one client.
#[derive(Clone, Debug)]
pub struct DmServer {
    /// The account shared with the client; its nonces move as sessions go.
    pub account: Account,
    /// The versions of DM that it takes.
    pub versions: Versions,
    /// The nonce of the server that the one in force has replaced.
    pub replaced_nonce: Option<Vec<u8>>,
    /// The nonce of the client that the one in force has replaced.
    replaced_client_nonce: Option<Vec<u8>>,
    choices: Choices,
    switches: Switches,
    rng: Random,
    /// Management commands for the packages of each session, in order.
    program: Vec<Vec<Command>>,
    last_session_id: u16,
    /// A session id announced in a notification that no session has taken up yet.
    announced: Option<u16>,
    /// How many notifications have gone out since a session followed one.
    unanswered: u32,
    /// Whether the last notification had the default nonce, and the client has given no other since (DMNOTI 5).
    resynchronising: bool,
    /// The nonces of the server and of the client that the account was made with.
    provisioned: [Vec<u8>; 2],
    /// What the MAC of the message that is to be answered was found to be.
    pub mac: &'static str,
    /// Whether somebody wants the session that is under way to be aborted.
    abort_asked: bool,
    session: Option<Session>,
}

#[derive(Clone, Debug)]
struct Session {
    id: Text,
    last_msg_id: Text,
    last_reply: Option<Message>,
    next_msg_id: u32,
    client_authenticated: bool,
    /// Whether the message that is being answered was accepted.
    accepted: bool,
    server_authenticated: bool,
    /// Whether both sides go by the default nonce in it.
    resynchronising: bool,
    /// Whether the client has asked for the server's credentials.
    asked: bool,
    /// The nonce of the credentials that go out with the answer.
    signing: Option<Vec<u8>>,
    attempts: u32,
    program: VecDeque<Vec<Command>>,
    /// The most octets that the client takes in a message, where it says so.
    limit: Option<usize>,
    /// What the client sends in chunks.
    incoming: Receiver,
    /// What is still to come of a command that is sent in chunks.
    parts: VecDeque<Vec<Command>>,
    /// The commands sent last, to be sent again when the client asks for credentials.
    sent: Vec<Command>,
    over: bool,
}

/// What the server makes of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A message to send, and whether the session is over once it is sent.
    Message(Box<Message>),
    /// The same message as before: the request was a repetition.
    Repeated(Box<Message>),
}

impl DmServer {
    /// A server for `account`. `program` holds the management commands of each package it will send.
    pub fn new(
        account: Account,
        program: Vec<Vec<Command>>,
        choices: Choices,
        switches: Switches,
        seed: u64,
    ) -> DmServer {
        // Session ids differ from one power-up to the next as long as the seeds do.
        let rng = Random::new(seed);
        let drawn = u16::try_from(rng.clone().next_u64() & 0x0FFF).unwrap_or_default();
        let last_session_id = match choices.server.session_ids {
            SessionIds::Ascending | SessionIds::Random => drawn,
            SessionIds::Downwards => u16::MAX.saturating_sub(drawn),
        };
        DmServer {
            provisioned: [account.server_nonce.clone(), account.client_nonce.clone()],
            account,
            versions: Versions::default(),
            replaced_nonce: None,
            replaced_client_nonce: None,
            choices,
            switches,
            rng,
            program,
            last_session_id,
            announced: None,
            unanswered: 0,
            resynchronising: false,
            mac: "none",
            abort_asked: false,
            session: None,
        }
    }

    /// The nonce of the server that it began with.
    pub fn first_nonce(&self) -> &[u8] {
        let [server, _] = &self.provisioned;
        server
    }

    /// Ends the session that is under way, without a word.
    pub fn forget_session(&mut self) {
        self.session = None;
    }

    /// Begins anew after the card has been without power; what the nonces are outlives that (DMSEC 5.3).
    pub fn powered(&mut self) {
        if self.switches.on(Switch::LoseNonces) {
            [self.account.server_nonce, self.account.client_nonce] = self.provisioned.clone();
        }
    }

    /// Has the session that is under way aborted with the next message.
    pub fn abort(&mut self) {
        self.abort_asked = self.session.as_ref().is_some_and(|session| !session.over);
    }

    /// Answers a client's message. `directive` changes the answer before the server takes note of what it says.
    ///
    /// # Errors
    /// [`DirectiveError`] when the directive does not fit the message.
    pub fn respond(&mut self, request: &Message, directive: &Directive) -> Result<Answer, DirectiveError> {
        self.enter(request);
        // `enter` has just made sure of it.
        let Some(mut session) = self.session.take() else { return Err(DirectiveError("no session".into())) };
        let repeated = session.last_msg_id == request.header.msg_id && !self.switches.on(Switch::AdvanceOnDuplicate);
        if let Some(reply) = session.last_reply.clone().filter(|_| repeated) {
            self.session = Some(session);
            return Ok(Answer::Repeated(Box::new(reply)));
        }
        session.last_msg_id.clone_from(&request.header.msg_id);
        let mut reply = self.compose(&mut session, request);
        manner::apply(&mut reply, Some(request), &self.choices);
        number(&mut reply.commands);
        directive.apply(&mut reply, |word| self.cred(word, directive.secret()))?;
        self.note(&mut session, &reply);
        session.last_reply = Some(reply.clone());
        self.session = Some(session);
        Ok(Answer::Message(Box::new(reply)))
    }

    /// Whether the latest session is over: the server has sent its last message, or an end of it.
    pub fn is_over(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.over)
    }

    /// Finds or opens the session a request belongs to.
    fn enter(&mut self, request: &Message) {
        let id = &request.header.session_id;
        let repetition = |s: &Session| s.last_msg_id == request.header.msg_id;
        let current = self.session.as_ref().filter(|s| s.id == *id && (!s.over || repetition(s)));
        if current.is_some() {
            return;
        }
        if parse_session_id(id).ok() == self.announced {
            (self.announced, self.unanswered) = (None, 0);
        }
        self.abort_asked = false;
        self.session = Some(Session {
            id: id.clone(),
            last_msg_id: Text::default(),
            last_reply: None,
            next_msg_id: 1,
            client_authenticated: self.account.client_auth == AuthScheme::None,
            accepted: false,
            server_authenticated: self.account.server_auth == AuthScheme::None,
            resynchronising: false,
            asked: false,
            signing: None,
            attempts: 0,
            program: self.program.iter().cloned().collect(),
            limit: None,
            incoming: Receiver::default(),
            parts: VecDeque::new(),
            sent: Vec::new(),
            over: false,
        });
    }

    fn compose(&mut self, session: &mut Session, request: &Message) -> Message {
        let mut reply = Message {
            header: SyncHdr {
                session_id: session.id.clone(),
                msg_id: session.next_msg_id.to_string().into(),
                target: request.header.source.clone(),
                source: self.source(request),
                resp_uri: match self.choices.server.resp_uri {
                    RespUri::Unnamed => None,
                    RespUri::WithSession => Some(format!("{}?s={}", self.account.address, session.id).into()),
                },
                ..SyncHdr::default()
            },
            commands: Vec::new(),
            is_final: true,
        };
        session.next_msg_id = session.next_msg_id.saturating_add(1);
        let limit = request.header.max_msg_size.as_deref().and_then(|size| size.trim().parse().ok());
        session.limit = limit.or(session.limit);

        if let Some(code) = self.version_fault(request) {
            reply.commands.push(status(request, None, code));
            session.over = true;
            return reply;
        }
        session.signing = None;
        let challenge = self.authenticate(session, request);
        let code = match &challenge {
            Authentication::Challenge(code, _) => *code,
            Authentication::Accepted(_) if self.accepts_message() => 200,
            Authentication::Accepted(_) => 212,
            Authentication::Standing => 200,
            Authentication::GivenUp => 401,
        };
        let mut header = status(request, None, code);
        if let Authentication::Challenge(_, chal) | Authentication::Accepted(Some(chal)) = &challenge {
            header.chal = Some(Box::new(chal.clone()));
        }
        reply.commands.push(header);
        let authenticated = !matches!(challenge, Authentication::Challenge(..) | Authentication::GivenUp);
        session.accepted = authenticated;
        let mut more = !request.is_final;
        for command in &request.commands {
            if command.cmd == CommandName::Status {
                continue;
            }
            let taken = match authenticated {
                true => objects::take(&mut session.incoming, command, &self.switches),
                false => Taken::default(),
            };
            reply.commands.extend(taken.alert);
            let code = match command.cmd {
                CommandName::Results if !authenticated => continue,
                // Results have a Status only where it is not 200 (DMREPPRO 6.5.1).
                CommandName::Results if taken.code.is_none() => continue,
                CommandName::Results => 200,
                _ if !authenticated => code,
                CommandName::Alert if command.alert_code().is_some_and(|c| c.code() == 1223) => {
                    session.over = !self.switches.on(Switch::GoOnAfterAbort);
                    200
                }
                CommandName::Alert if command.alert_code().is_some_and(|c| c.code() == 1224) => {
                    match self.choices.server.event_status {
                        EventStatus::Ok => 200,
                        EventStatus::NotSupported => 406,
                    }
                }
                CommandName::Alert | CommandName::Replace => 200,
                _ => 406,
            };
            reply.commands.push(status(request, Some(command), taken.code.unwrap_or(code)));
            more |= command.items.iter().any(|item| item.more_data);
        }
        // A nonce that comes with a message counts, whatever else that says.
        let (asked, client_chal) = match authenticated {
            true => self.client_verdict(session, request),
            false => (false, None),
        };
        if session.over || matches!(challenge, Authentication::GivenUp) {
            if !session.over && self.choices.server.refusal == Refusal::Abort {
                self.end(&mut reply);
            }
            session.over = true;
            return reply;
        }
        if !authenticated {
            return reply;
        }
        let forced = std::mem::take(&mut self.abort_asked);
        if forced || (self.choices.server.after_errors == AfterErrors::Aborts && has_failed(request)) {
            self.end(&mut reply);
            session.over = true;
            return reply;
        }
        let at_once = self.choices.server.server_credentials == ServerCredentials::AtOnce;
        // Who waits to be asked has nothing yet that could be refused.
        let gives_up = self.choices.server.challenged != Challenged::Answers && (session.asked || at_once);
        if asked && (gives_up || self.switches.on(Switch::IgnoreClientChallenge)) {
            if self.choices.server.challenged == Challenged::Aborts {
                self.end(&mut reply);
            }
            session.over = true;
            return reply;
        }
        session.asked |= asked;
        let ready = session.asked || at_once;
        if (!session.server_authenticated && ready) || asked {
            let nonce = client_chal.unwrap_or_else(|| match session.resynchronising {
                true => DEFAULT_NONCE.to_vec(),
                false => self.account.server_nonce.clone(),
            });
            reply.header.cred = self.proving(None).server_cred(&nonce);
            let by_name = self.account.server_auth != AuthScheme::None;
            reply.header.source_name = by_name.then(|| self.account.server_name().into());
            session.signing = Some(nonce);
        }
        let parts = std::mem::take(&mut session.parts);
        if wants_more(request) && !parts.is_empty() && !asked {
            session.parts = parts;
            self.send_part(session, &mut reply);
            return reply;
        }
        if more && !self.switches.on(Switch::CommandsTooEarly) {
            // The client's package is not complete: ask for the rest, send nothing new (DMPRO 6).
            let on = self.choices.server.incomplete_package;
            match on {
                IncompletePackage::AsksOn => reply.commands.push(alert("1222")),
                IncompletePackage::Aborts | IncompletePackage::AbortsOpen => self.end(&mut reply),
            }
            reply.is_final &= on == IncompletePackage::Aborts;
            session.over = on != IncompletePackage::AsksOn;
            return reply;
        }
        let commands = if asked { session.sent.clone() } else { session.program.pop_front().unwrap_or_default() };
        if let ([only], Some(limit)) = (commands.as_slice(), session.limit)
            && let Some(parts) = objects::cut(only, limit)
        {
            session.parts = parts;
            self.send_part(session, &mut reply);
            return reply;
        }
        reply.commands.extend(commands.into_iter().map(|mut command| {
            command.cmd_id = Text::default();
            command
        }));
        reply
    }

    /// Sends the next chunk of an object; only the last has Final beside it (DMPRO 6.2, 7).
    fn send_part(&self, session: &mut Session, reply: &mut Message) {
        let part = session.parts.pop_front().unwrap_or_default();
        reply.commands.extend(part);
        reply.is_final = session.parts.is_empty();
    }

    /// Makes an answer the last of a session that the server aborts. What stands in it already says what became of the
    /// client's commands (DMPRO 8.1).
    fn end(&self, reply: &mut Message) {
        if self.switches.on(Switch::BareAbort) {
            reply.commands.clear();
        }
        match self.choices.server.abort_place {
            AbortPlace::Last => reply.commands.push(alert("1223")),
            AbortPlace::First => reply.commands.insert(0, alert("1223")),
        }
        reply.is_final = !self.switches.on(Switch::AbortWithoutFinal);
    }

    /// The name by which the server gives itself.
    fn source(&self, request: &Message) -> Text {
        match self.choices.server.server_source {
            ServerSource::AsCalled => request.header.target.clone(),
            ServerSource::Address => self.account.address.as_str().into(),
            ServerSource::ServerId => self.account.server_id.as_str().into(),
        }
    }

    fn version_fault(&self, request: &Message) -> Option<u16> {
        if self.switches.on(Switch::AcceptAnyVersion) {
            return None;
        }
        self.versions.fault(&request.header)
    }
}

/// Whether a client has taken the chunk that was sent to it, and waits for the next.
fn wants_more(request: &Message) -> bool {
    let mut statuses = request.commands.iter().filter(|command| command.cmd == CommandName::Status);
    statuses.any(|status| status.status_code().map(|code| code.code()) == Some(213))
}

/// Whether a client says that its device is beyond what the server could mend: 510 for a command.
fn has_failed(request: &Message) -> bool {
    let mut statuses = request.commands.iter().filter(|command| command.cmd == CommandName::Status);
    statuses.any(|status| matches!(status.status_code().map(|code| code.code()), Some(510)))
}

#[cfg(test)]
mod tests;
