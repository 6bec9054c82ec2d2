//! The DM server's side of sessions: notifications, authentication, packages 2 and 4 (DMPRO 8.4, 8.6, 9; DMNOTI 6).

use std::collections::VecDeque;

use dmsc_dm::auth::{AuthType, Credential, DEFAULT_NONCE};
use dmsc_dm::package0::{Package0, Trigger, VERSION_1_1, parse_session_id, session_id_text};
use dmsc_dm::syncml::{Chal, Command, CommandName, Cred, Data, Message, SyncHdr};
use dmsc_octets::Random;
use serde_json::{Map, Value, json};

use super::directive::{Directive, DirectiveError, header_status, number};
use super::manner;
use super::opening::alert;
use super::version::Versions;
use crate::account::{Account, AuthScheme};
use crate::choice::Choices;
use crate::choice::dm::{Accepted, ChallengeCode, NextNonce};
use crate::choice::server::{
    Challenged, EventStatus, IncompletePackage, Initiator, Refusal, RespUri, ServerCredentials, ServerSource,
    SessionIds, UiMode, VendorBody,
};
use crate::messages::{Digest, shown};
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
    choices: Choices,
    switches: Switches,
    rng: Random,
    /// Management commands for the packages of each session, in order.
    program: Vec<Vec<Command>>,
    last_session_id: u16,
    /// A session id announced in a notification that no session has taken up yet.
    announced: Option<u16>,
    session: Option<Session>,
}

#[derive(Clone, Debug)]
struct Session {
    id: String,
    last_msg_id: String,
    last_reply: Option<Message>,
    next_msg_id: u32,
    client_authenticated: bool,
    /// Whether the message that is being answered was accepted.
    accepted: bool,
    server_authenticated: bool,
    /// Whether the client has asked for the server's credentials.
    asked: bool,
    attempts: u32,
    program: VecDeque<Vec<Command>>,
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
        let (replaced_nonce, announced, session) = (None, None, None);
        DmServer {
            account,
            versions: Versions::default(),
            replaced_nonce,
            choices,
            switches,
            rng,
            program,
            last_session_id,
            announced,
            session,
        }
    }

    /// Builds the next notification: a new session id, or the announced one again while no session took it up
    /// (DMNOTI 6: the same session keeps its id).
    pub fn trigger(&mut self) -> Trigger {
        let session_id = match self.announced {
            Some(id) => id,
            None if self.switches.on(Switch::SameSessionId) => 1,
            None => {
                self.last_session_id = match self.choices.server.session_ids {
                    SessionIds::Ascending => self.last_session_id.wrapping_add(1).max(1),
                    SessionIds::Downwards => self.last_session_id.wrapping_sub(1).max(1),
                    SessionIds::Random => self.any_session_id(),
                };
                self.last_session_id
            }
        };
        self.announced = Some(session_id);
        Trigger {
            version: VERSION_1_1,
            ui_mode: match self.choices.server.ui_mode {
                UiMode::Unspecified => 0,
                UiMode::Background => 1,
                UiMode::Informative => 2,
                UiMode::Interaction => 3,
            },
            initiator: u8::from(self.choices.server.initiator == Initiator::Server),
            future_use: 0,
            session_id,
            length: None,
            server_id: self.account.server_id.clone().into_bytes(),
            body: match self.choices.server.vendor_body {
                VendorBody::Nothing => Vec::new(),
                VendorBody::Short => vec![0xCA, 0xFE, 0x00, 0x3A],
            },
        }
    }

    /// A session id of any length other than the last.
    fn any_session_id(&mut self) -> u16 {
        let drawn = self.rng.next_u64();
        let octets = drawn.to_be_bytes();
        let [.., shift, high, low] = octets;
        let id = (u16::from_be_bytes([high, low]) >> (shift % 16)).max(1);
        if id == self.last_session_id { id.wrapping_add(1).max(1) } else { id }
    }

    /// A session id chosen outside is the one the next session is expected to carry.
    pub fn announce(&mut self, session_id: u16) {
        self.announced = Some(session_id);
    }

    /// Whether a credential in a client's header is right, for what a case sees.
    pub fn judge(&self, cred: Option<&Cred>) -> &'static str {
        let Some(cred) = cred else { return "none" };
        let (name, secret) = (self.account.client_name.as_bytes(), self.account.client_secret.as_bytes());
        match Credential::from_cred(cred) {
            Ok(c) if c.verify(name, secret, &self.account.client_nonce) => "valid",
            Ok(c) if c.verify(name, secret, &DEFAULT_NONCE) => "default-nonce",
            Ok(_) => "wrong",
            Err(_) => "unreadable",
        }
    }

    /// The server's Cred as a case or a fault may name it.
    pub fn cred(&self, word: &str) -> Option<Cred> {
        match word {
            "valid" => self.account.server_cred(&self.account.server_nonce),
            "default-nonce" => self.account.server_cred(&DEFAULT_NONCE),
            "wrong" => {
                let mut account = self.account.clone();
                account.server_secret.push('?');
                account.server_cred(&account.server_nonce)
            }
            _ => None,
        }
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
        directive.apply(&mut reply, |word| self.cred(word))?;
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
            self.announced = None;
        }
        self.session = Some(Session {
            id: id.clone(),
            last_msg_id: String::new(),
            last_reply: None,
            next_msg_id: 1,
            client_authenticated: self.account.client_auth == AuthScheme::None,
            accepted: false,
            server_authenticated: self.account.server_auth == AuthScheme::None,
            asked: false,
            attempts: 0,
            program: self.program.iter().cloned().collect(),
            sent: Vec::new(),
            over: false,
        });
    }

    fn compose(&mut self, session: &mut Session, request: &Message) -> Message {
        let mut reply = Message {
            header: SyncHdr {
                session_id: session.id.clone(),
                msg_id: session.next_msg_id.to_string(),
                target: request.header.source.clone(),
                source: self.source(request),
                resp_uri: match self.choices.server.resp_uri {
                    RespUri::Unnamed => None,
                    RespUri::WithSession => Some(format!("{}?s={}", self.account.address, session.id)),
                },
                ..SyncHdr::default()
            },
            commands: Vec::new(),
            is_final: true,
        };
        session.next_msg_id = session.next_msg_id.saturating_add(1);

        if let Some(code) = self.version_fault(request) {
            reply.commands.push(status(request, None, code));
            session.over = true;
            return reply;
        }
        let challenge = self.authenticate(session, request);
        let code = match &challenge {
            Authentication::Challenge(code, _) => *code,
            Authentication::Accepted(_) if self.choices.dm.accepted == Accepted::Message => 200,
            Authentication::Accepted(_) => 212,
            Authentication::Standing => 200,
            Authentication::GivenUp => 401,
        };
        let mut header = status(request, None, code);
        if let Authentication::Challenge(_, chal) | Authentication::Accepted(Some(chal)) = &challenge {
            header.chal = Some(chal.clone());
        }
        reply.commands.push(header);
        let authenticated = !matches!(challenge, Authentication::Challenge(..) | Authentication::GivenUp);
        session.accepted = authenticated;
        // A message that ends the session may bring a nonce all the same.
        let (asked, client_chal) = match authenticated {
            true => self.client_verdict(session, request),
            false => (false, None),
        };
        let mut more = !request.is_final;
        for command in &request.commands {
            let code = match command.cmd {
                CommandName::Results if command.items.iter().any(|item| item.more_data) && authenticated => 213,
                CommandName::Status | CommandName::Results => continue,
                _ if !authenticated => code,
                CommandName::Alert if command.alert_code().is_some_and(|c| c.code() == 1223) => {
                    session.over = true;
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
            // The rest of a large object is waited for (DMPRO 7).
            let chunk = command.items.iter().any(|item| item.more_data);
            let code = if chunk && code == 200 { 213 } else { code };
            reply.commands.push(status(request, Some(command), code));
            more |= chunk;
        }
        if session.over || matches!(challenge, Authentication::GivenUp) {
            if !session.over && self.choices.server.refusal == Refusal::Abort {
                reply.commands.push(alert("1223"));
            }
            session.over = true;
            return reply;
        }
        if !authenticated {
            return reply;
        }
        let at_once = self.choices.server.server_credentials == ServerCredentials::AtOnce;
        // Who waits to be asked has nothing yet that could be refused.
        let gives_up = self.choices.server.challenged != Challenged::Answers && (session.asked || at_once);
        if asked && (gives_up || self.switches.on(Switch::IgnoreClientChallenge)) {
            if self.choices.server.challenged == Challenged::Aborts {
                reply.commands.push(alert("1223"));
            }
            session.over = true;
            return reply;
        }
        session.asked |= asked;
        let ready = session.asked || at_once;
        if (!session.server_authenticated && ready) || asked {
            let nonce = client_chal.unwrap_or_else(|| self.account.server_nonce.clone());
            reply.header.cred = self.account.server_cred(&nonce);
            reply.header.source_name = reply.header.cred.as_ref().map(|_| self.account.server_name().to_owned());
        }
        if more && !self.switches.on(Switch::CommandsTooEarly) {
            // The client's package is not complete: ask for the rest, send nothing new (DMPRO 6).
            let on = self.choices.server.incomplete_package;
            reply.commands.push(alert(if on == IncompletePackage::AsksOn { "1222" } else { "1223" }));
            reply.is_final = on == IncompletePackage::Aborts;
            session.over = on != IncompletePackage::AsksOn;
            return reply;
        }
        let commands = if asked { session.sent.clone() } else { session.program.pop_front().unwrap_or_default() };
        reply.commands.extend(commands.into_iter().map(|mut command| {
            command.cmd_id.clear();
            command
        }));
        reply
    }

    /// The name by which the server gives itself.
    fn source(&self, request: &Message) -> String {
        match self.choices.server.server_source {
            ServerSource::AsCalled => request.header.target.clone(),
            ServerSource::Address => self.account.address.clone(),
            ServerSource::ServerId => self.account.server_id.clone(),
        }
    }

    fn version_fault(&self, request: &Message) -> Option<u16> {
        if self.switches.on(Switch::AcceptAnyVersion) {
            return None;
        }
        self.versions.fault(&request.header)
    }

    fn authenticate(&mut self, session: &mut Session, request: &Message) -> Authentication {
        if session.client_authenticated {
            return Authentication::Standing;
        }
        let verdict = self.judge(request.header.cred.as_ref());
        let accept = match verdict {
            "valid" => true,
            "none" => self.switches.on(Switch::ServeUnauthenticated),
            _ => self.switches.on(Switch::AcceptWrongCredentials),
        };
        if accept {
            // The nonce that comes with a 212 is for the next session, with a 200 for the next message (DMPRO 9).
            let for_session = self.choices.dm.accepted == Accepted::Session;
            session.client_authenticated = for_session;
            let given = !for_session || self.choices.dm.next_nonce == NextNonce::Given;
            let chal = (given && self.account.client_auth == AuthScheme::Md5).then(|| self.challenge());
            return Authentication::Accepted(chal);
        }
        session.attempts = session.attempts.saturating_add(1);
        if session.attempts >= MAX_ATTEMPTS {
            return Authentication::GivenUp;
        }
        let code = if verdict == "none" { missing(self.choices.dm.challenge_code) } else { 401 };
        Authentication::Challenge(code, self.challenge())
    }

    fn challenge(&mut self) -> Chal {
        let type_ = match self.account.client_auth {
            AuthScheme::Basic => AuthType::Basic,
            _ => AuthType::Md5,
        };
        if self.switches.on(Switch::StaleChallenge) {
            return Chal::new(type_, &self.account.client_nonce);
        }
        Chal::new(type_, &self.rng.nonce())
    }

    /// What the client says of the server's credentials: whether it asks for them, and the nonce it gives.
    fn client_verdict(&mut self, session: &mut Session, request: &Message) -> (bool, Option<Vec<u8>>) {
        let about_us =
            request.commands.iter().find(|c| c.cmd == CommandName::Status && c.name.as_deref() == Some("SyncHdr"));
        let Some(about_us) = about_us else { return (false, None) };
        let nonce = about_us.chal.as_ref().and_then(Chal::nonce);
        if let Some(nonce) = &nonce
            && !self.switches.on(Switch::ForgetServerNonce)
        {
            let before = std::mem::replace(&mut self.account.server_nonce, nonce.clone());
            if before != *nonce {
                self.replaced_nonce = Some(before);
            }
        }
        match about_us.status_code().map(|code| code.code()) {
            Some(401 | 407) => {
                session.attempts = session.attempts.saturating_add(1);
                (session.attempts < MAX_ATTEMPTS, nonce)
            }
            Some(212) => {
                session.server_authenticated = true;
                (false, None)
            }
            _ => (false, None),
        }
    }

    /// Takes note of what the reply that really goes out says: a case may have changed it.
    fn note(&mut self, session: &mut Session, reply: &Message) {
        let mut commands = reply.commands.clone();
        if let Some(status) = header_status(&mut commands) {
            let code = status.status_code().map(|code| code.code());
            if let Some(nonce) = status.chal.as_ref().and_then(Chal::nonce) {
                self.account.client_nonce = nonce;
            }
            if matches!(code, Some(401 | 407)) {
                (session.client_authenticated, session.accepted) = (false, false);
            }
        }
        let ours: Vec<Command> = commands.into_iter().filter(|c| c.cmd != CommandName::Status).collect();
        // Credentials of ours still want an answer: the client's verdict, and its nonce for the next notification.
        if reply.is_final && ours.is_empty() && session.accepted && reply.header.cred.is_none() {
            session.over = true;
        }
        session.sent = ours;
    }
}

enum Authentication {
    /// Credentials are still needed: the code and the challenge.
    Challenge(u16, Chal),
    /// The credentials are right; a nonce for the next session may ride along.
    Accepted(Option<Chal>),
    /// Authenticated before.
    Standing,
    /// Too many failures; no further challenge.
    GivenUp,
}

/// The code by which credentials that are missing are asked for.
pub(super) fn missing(code: ChallengeCode) -> u16 {
    match code {
        ChallengeCode::Required => 407,
        ChallengeCode::Unauthorized => 401,
    }
}

/// A Status for the SyncHdr (`command` is `None`) or for a command of `request`.
pub(super) fn status(request: &Message, command: Option<&Command>, code: u16) -> Command {
    let mut status = Command::new(CommandName::Status, "");
    status.msg_ref = Some(request.header.msg_id.clone());
    status.cmd_ref = Some(command.map_or("0".to_owned(), |c| c.cmd_id.clone()));
    status.name = Some(command.map_or("SyncHdr".to_owned(), |c| c.cmd.as_str().to_owned()));
    status.data = Some(Data::Text(code.to_string()));
    if command.is_none() {
        status.target_ref = vec![request.header.target.clone()];
        status.source_ref = vec![request.header.source.clone()];
    }
    status
}

/// A notification for a trigger, its digest made as asked.
///
/// # Errors
/// [`DirectiveError`] when a field does not fit its bits.
pub fn sign(trigger: Trigger, digest: Digest, account: &Account) -> Result<Package0, DirectiveError> {
    let secret = account.server_secret.as_bytes();
    let signed = match digest {
        Digest::Valid | Digest::ReplacedNonce | Digest::Octets(_) => {
            account.signed(trigger, secret, &account.server_nonce)
        }
        Digest::WrongPassword => account.signed(trigger, &[secret, b"?"].concat(), &account.server_nonce),
        Digest::DefaultNonce => account.signed(trigger, secret, &DEFAULT_NONCE),
        Digest::WrongNonce => account.signed(trigger, secret, &[&account.server_nonce[..], b"?"].concat()),
    };
    let mut package0 = signed.map_err(|e| DirectiveError(e.to_string()))?;
    if let Digest::Octets(octets) = digest {
        package0.digest = octets;
    }
    Ok(package0)
}

/// The fields a case sees of a notification; `account` is the one it should be for.
pub fn notification_fields(octets: &[u8], account: &Account) -> Map<String, Value> {
    let package0 = match account.form.framing.read(octets) {
        Ok(package0) => package0,
        Err(error) => {
            let fields = [("malformed", json!(error)), ("octets", shown(octets))];
            return fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        }
    };
    let digest = if account.has_signed(&package0, &account.server_nonce) {
        "valid"
    } else if account.has_signed(&package0, &DEFAULT_NONCE) {
        "default-nonce"
    } else {
        "wrong"
    };
    let trigger = &package0.trigger;
    let fields = [
        ("digest", json!(digest)),
        ("digest_octets", shown(&package0.digest)),
        ("version", json!(trigger.version)),
        ("ui_mode", json!(trigger.ui_mode)),
        ("initiator", json!(trigger.initiator)),
        ("future_use", json!(trigger.future_use)),
        ("session_id", json!(trigger.session_id)),
        ("session_text", json!(session_id_text(trigger.session_id))),
        ("length_identifier", json!(trigger.length.map_or(trigger.server_id.len(), usize::from))),
        ("server_id", json!(String::from_utf8_lossy(&trigger.server_id))),
        ("body", shown(&trigger.body)),
        ("octets", shown(octets)),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}
