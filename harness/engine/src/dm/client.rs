//! The DM Client's side of sessions: notifications, packages 1 and 3, authentication of the server (DMPRO 8, 9).

use dmsc_dm::auth::{AuthType, Credential, DEFAULT_NONCE};
use dmsc_dm::package0::{Package0, session_id_text};
use dmsc_dm::syncml::{Chal, Command, CommandName, Cred, Data, Item, Message, Meta, SyncHdr};
use dmsc_dm::tree::ManagementTree;
use dmsc_octets::Random;

use super::directive::{Directive, DirectiveError, header_status, number};
use super::server::status;
use super::{Encoding, execute};
use crate::account::{Account, AuthScheme};
use crate::switch::{Switch, Switches};

/// How often credentials are sent again, or asked for again, before the session is given up.
const MAX_ATTEMPTS: u32 = 2;

/// The DM Client of a terminal.
#[derive(Clone, Debug)]
pub struct DmClient {
    /// The accounts it was bootstrapped with.
    pub accounts: Vec<Account>,
    /// The management tree.
    pub tree: ManagementTree,
    /// The encoding it uses.
    pub encoding: Encoding,
    switches: Switches,
    rng: Random,
    /// Session ids taken up, per account: one notification starts one session (DMNOTI 6).
    taken: Vec<(usize, u16)>,
    session: Option<Session>,
}

/// One session, seen from the client.
#[derive(Clone, Debug)]
struct Session {
    account: usize,
    id: String,
    /// Where the next message goes.
    uri: String,
    alert: u16,
    next_msg_id: u32,
    server_authenticated: bool,
    /// The nonce for the Cred of the next message, and the scheme asked for.
    client_nonce: Option<Vec<u8>>,
    /// The scheme agreed on for the session; another one asked for later ends it.
    scheme: AuthScheme,
    attempts: u32,
    /// The nonce the server must use, when one was issued within the session.
    server_nonce: Option<Vec<u8>>,
    last_server_msg_id: String,
    last_reply: Option<Message>,
    /// How often the server has repeated its last message.
    repetitions: u32,
    /// Whether Package#1 still has to be accepted.
    setup: bool,
    /// Whether the last message has been said; it only waits for its answer.
    over: bool,
}

/// What the client does with a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It starts a session for the account with this index, with this session id.
    Start(usize, u16),
    /// It is ignored, for this reason.
    Ignored(String),
}

impl DmClient {
    /// A client with `accounts` and `tree`.
    pub fn new(
        accounts: Vec<Account>,
        tree: ManagementTree,
        encoding: Encoding,
        switches: Switches,
        seed: u64,
    ) -> Self {
        DmClient { accounts, tree, encoding, switches, rng: Random::new(seed), taken: Vec::new(), session: None }
    }

    /// Judges a notification.
    pub fn hear(&mut self, octets: &[u8]) -> Heard {
        if self.switches.on(Switch::IgnoreNotifications) {
            return Heard::Ignored("notifications are switched off".into());
        }
        let package0 = match self.read(octets) {
            Ok(package0) => package0,
            Err(why) => return Heard::Ignored(why),
        };
        let trigger = &package0.trigger;
        let Some(index) = self.account_for(&trigger.server_id) else {
            return Heard::Ignored("no account has this ServerID".into());
        };
        let Some(account) = self.accounts.get(index) else { return Heard::Ignored("no account".into()) };
        let mut judged = package0.clone();
        if self.switches.on(Switch::DigestWithoutBody) {
            judged.trigger.body.clear();
        }
        let whole = &account.server_nonce;
        let nonce = match whole.split(|octet| *octet == 0).next() {
            Some(cut) if self.switches.on(Switch::CutNonce) => cut,
            _ => whole,
        };
        let right = judged.verify(account.server_secret.as_bytes(), nonce);
        if !right && !self.switches.on(Switch::AcceptAnyDigest) {
            return Heard::Ignored("the digest is wrong".into());
        }
        if !self.switches.on(Switch::AcceptBrokenNotification) {
            if trigger.version != dmsc_dm::package0::VERSION_1_1 {
                return Heard::Ignored(format!("version {} is not 11", trigger.version));
            }
            if trigger.session_id == 0 {
                return Heard::Ignored("session id 0 is outside 1 to FFFF".into());
            }
        }
        let key = (index, trigger.session_id);
        if self.taken.contains(&key) && !self.switches.on(Switch::AcceptReplay) {
            return Heard::Ignored("this session has been taken up already".into());
        }
        if self.session.is_some() {
            return Heard::Ignored("a session is under way".into());
        }
        self.taken.push(key);
        Heard::Start(index, trigger.session_id)
    }

    fn read(&self, octets: &[u8]) -> Result<Package0, String> {
        match Package0::parse(octets) {
            Ok(package0) => Ok(package0),
            Err(_) if self.switches.on(Switch::AcceptBrokenNotification) => {
                // A client that does not check lengths sees whatever lies behind the octets it got.
                let mut padded = octets.to_vec();
                let id = self.accounts.first().map(|a| a.server_id.clone()).unwrap_or_default().into_bytes();
                if padded.len() < 24 {
                    padded.resize(23, 1);
                } else {
                    padded.truncate(23);
                }
                padded.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
                padded.extend(id);
                Package0::parse(&padded).map_err(|e| e.to_string())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn account_for(&self, server_id: &[u8]) -> Option<usize> {
        let exact = self.accounts.iter().position(|a| a.server_id.as_bytes() == server_id);
        let folded = || self.accounts.iter().position(|a| a.server_id.as_bytes().eq_ignore_ascii_case(server_id));
        match exact {
            Some(index) => Some(index),
            None if self.switches.on(Switch::FoldServerIdCase) => folded(),
            None if self.switches.on(Switch::AcceptAnyServerId) => Some(0),
            None => None,
        }
    }

    /// Whether a session is under way.
    pub fn in_session(&self) -> bool {
        self.session.is_some()
    }

    /// Where the session's next message goes: an absolute address.
    pub fn target(&self) -> Option<&str> {
        self.session.as_ref().map(|s| s.uri.as_str())
    }

    /// Ends the session, as a lost connection does.
    pub fn abandon(&mut self) {
        self.session = None;
    }

    /// Forgets which sessions it has taken up: their numbers may come again, from another server.
    pub fn forget_taken(&mut self) {
        self.taken.clear();
    }

    /// Opens a session and gives its Package#1. `session_id` is that of the notification, or `None` when the client
    /// starts by itself (Alert 1201).
    ///
    /// # Errors
    /// [`DirectiveError`] when the directive does not fit the message, or there is no such account.
    pub fn open(
        &mut self,
        account: usize,
        session_id: Option<u16>,
        directive: &Directive,
    ) -> Result<Message, DirectiveError> {
        let Some(held) = self.accounts.get(account) else {
            return Err(DirectiveError(format!("there is no account {account}")));
        };
        let mut session = Session {
            account,
            id: session_id.map_or_else(|| "1".into(), session_id_text),
            uri: held.address.clone(),
            alert: if session_id.is_some() { 1200 } else { 1201 },
            next_msg_id: 1,
            server_authenticated: held.server_auth == AuthScheme::None,
            client_nonce: Some(held.client_nonce.clone()),
            scheme: held.client_auth,
            attempts: 0,
            server_nonce: None,
            last_server_msg_id: String::new(),
            last_reply: None,
            repetitions: 0,
            setup: true,
            over: false,
        };
        let mut message = self.package1(&mut session);
        number(&mut message.commands);
        directive.apply(&mut message, |word| self.cred(word))?;
        // A case may choose another session id; the session is then that one.
        session.id.clone_from(&message.header.session_id);
        self.session = Some(session);
        Ok(message)
    }

    /// The client's Cred as a case or a fault may name it.
    pub fn cred(&self, word: &str) -> Option<Cred> {
        let index = self.session.as_ref().map_or(0, |s| s.account);
        let mut account = self.accounts.get(index)?.clone();
        let nonce = self.session.as_ref().and_then(|s| s.client_nonce.clone()).unwrap_or(account.client_nonce.clone());
        match word {
            "valid" => account.client_cred(&nonce),
            "default-nonce" => account.client_cred(&DEFAULT_NONCE),
            "wrong" => {
                account.client_secret.push('?');
                account.client_cred(&nonce)
            }
            _ => None,
        }
    }

    /// Whether a server's credential is right, for what a case sees.
    pub fn judge(&self, cred: Option<&Cred>) -> &'static str {
        let Some(cred) = cred else { return "none" };
        let Some(account) = self.accounts.get(self.session.as_ref().map_or(0, |s| s.account)) else { return "wrong" };
        let issued = self.session.as_ref().and_then(|s| s.server_nonce.clone());
        let nonce = issued.unwrap_or_else(|| account.server_nonce.clone());
        let (name, secret) = (account.server_id.as_bytes(), account.server_secret.as_bytes());
        match Credential::from_cred(cred) {
            Ok(c) if c.verify(name, secret, &nonce) => "valid",
            Ok(c) if c.verify(name, secret, &DEFAULT_NONCE) => "default-nonce",
            Ok(_) => "wrong",
            Err(_) => "unreadable",
        }
    }

    fn header(&self, session: &mut Session) -> SyncHdr {
        let account = self.accounts.get(session.account);
        let msg_id = session.next_msg_id;
        if !self.switches.on(Switch::FreezeMsgId) {
            session.next_msg_id = session.next_msg_id.saturating_add(1);
        }
        let cred = session.client_nonce.take().and_then(|nonce| {
            let mut account = account?.clone();
            account.client_auth = session.scheme;
            account.client_cred(&nonce)
        });
        SyncHdr {
            session_id: session.id.clone(),
            msg_id: msg_id.to_string(),
            target: account.map(|a| a.address.clone()).unwrap_or_default(),
            source: self.device_id(),
            source_name: cred.as_ref().and_then(|_| account.map(|a| a.client_name.clone())),
            cred,
            max_msg_size: Some("16384".into()),
            ..SyncHdr::default()
        }
    }

    fn device_id(&self) -> String {
        execute::leaf(&self.tree, "./DevInfo/DevId")
    }

    fn package1(&self, session: &mut Session) -> Message {
        let mut message = Message { header: self.header(session), commands: Vec::new(), is_final: true };
        let mut alert = Command::new(CommandName::Alert, "");
        alert.data = Some(Data::Text(session.alert.to_string()));
        let mut replace = Command::new(CommandName::Replace, "");
        for leaf in ["DevId", "Man", "Mod", "DmV", "Lang"] {
            let uri = format!("./DevInfo/{leaf}");
            replace.items.push(Item {
                data: Some(Data::Text(execute::leaf(&self.tree, &uri))),
                source: Some(uri),
                meta: Some(Meta::new("chr", "text/plain")),
                ..Item::default()
            });
        }
        message.commands.extend([alert, replace]);
        message
    }

    /// Takes a server's message and gives the answer, or `None` when the session ends here.
    ///
    /// # Errors
    /// [`DirectiveError`] when the directive does not fit the answer.
    pub fn respond(&mut self, request: &Message, directive: &Directive) -> Result<Option<Message>, DirectiveError> {
        let Some(mut session) = self.session.take().filter(|session| !session.over) else { return Ok(None) };
        if request.header.session_id != session.id && !self.switches.on(Switch::AcceptForeignSession) {
            return Ok(None);
        }
        let again = request.header.msg_id == session.last_server_msg_id && !self.switches.on(Switch::ExecuteTwice);
        if let Some(reply) = session.last_reply.clone().filter(|_| again) {
            // The server repeats itself: so do we, a few times, and nothing is executed twice.
            session.repetitions = session.repetitions.saturating_add(1);
            if session.repetitions > MAX_ATTEMPTS {
                return Ok(None);
            }
            self.session = Some(session);
            return Ok(Some(reply));
        }
        session.last_server_msg_id.clone_from(&request.header.msg_id);
        session.repetitions = 0;
        let Some(mut reply) = self.compose(&mut session, request) else { return Ok(None) };
        number(&mut reply.commands);
        // Credentials named by a case depend on the session's nonces.
        self.session = Some(session);
        directive.apply(&mut reply, |word| self.cred(word))?;
        self.note(&reply);
        Ok(Some(reply))
    }

    fn compose(&mut self, session: &mut Session, request: &Message) -> Option<Message> {
        if let Some(uri) = request.header.resp_uri.as_ref().filter(|_| !self.switches.on(Switch::IgnoreRespUri)) {
            session.uri.clone_from(uri);
        }
        let check = !self.switches.on(Switch::SkipVersionCheck);
        let fault = match (&request.header.ver_dtd, &request.header.ver_proto) {
            (dtd, _) if check && dtd != "1.2" => Some(505),
            (_, proto) if check && proto != "DM/1.2" => Some(513),
            _ => None,
        };
        if let Some(code) = fault {
            let mut reply = Message { header: self.header(session), commands: Vec::new(), is_final: true };
            reply.commands.push(status(request, None, code));
            return Some(reply);
        }
        let restart = self.server_verdict(session, request)?;
        let (code, chal) = self.authenticate(session, request)?;
        let mut header_status = status(request, None, code);
        header_status.chal.clone_from(&chal);
        let trusted = !matches!(code, 401 | 407) || self.switches.on(Switch::ExecuteUnauthenticated);

        let (mut answers, ended) = if trusted {
            {
                let server_id = self.accounts.get(session.account).map(|a| a.server_id.clone()).unwrap_or_default();
                execute::package(&mut self.tree, request, &server_id, &self.switches)
            }
        } else {
            let refused = request.commands.iter().filter(|c| execute::wants_status(c));
            (refused.map(|c| status(request, Some(c), code)).collect(), false)
        };
        if ended {
            return None;
        }
        if restart {
            // Package#1 once more, with the credentials that were asked for (DMPRO 9).
            let mut message = self.package1(session);
            let mut commands = vec![header_status];
            commands.append(&mut answers);
            commands.append(&mut message.commands);
            message.commands = commands;
            return Some(message);
        }
        let first = std::mem::take(&mut session.setup);
        let nothing_to_say = answers.is_empty() && chal.is_none() && request.is_final;
        if nothing_to_say && !(first && self.switches.on(Switch::SendLoneStatus)) {
            return None;
        }
        let mut reply = Message { header: self.header(session), commands: vec![header_status], is_final: true };
        let results = answers.iter().any(|c| c.cmd == CommandName::Results);
        reply.commands.append(&mut answers);
        let asked = request.commands.iter().any(|c| c.alert_code().is_some_and(|code| code.code() == 1222));
        if !request.is_final && !asked {
            // The server has more to send (DMPRO 6): ask for it, unless Results go back anyway.
            if !results {
                let mut next = Command::new(CommandName::Alert, "");
                next.data = Some("1222".into());
                reply.commands.push(next);
            }
            reply.is_final = false;
        }
        Some(reply)
    }

    /// What the server says of our credentials. Gives whether Package#1 must be sent again; `None` ends the session.
    fn server_verdict(&mut self, session: &mut Session, request: &Message) -> Option<bool> {
        let about_us =
            request.commands.iter().find(|c| c.cmd == CommandName::Status && c.name.as_deref() == Some("SyncHdr"));
        let Some(about_us) = about_us else { return Some(false) };
        let code = about_us.status_code().map(|code| code.code());
        let mut nonce = about_us.chal.as_ref().and_then(Chal::nonce);
        match code {
            Some(401 | 407) => {
                let asked = match about_us.chal.as_ref()?.type_ {
                    Some(AuthType::Basic) => AuthScheme::Basic,
                    Some(AuthType::Md5) | None => AuthScheme::Md5,
                    Some(_) if self.switches.on(Switch::AnswerAnyChallenge) => AuthScheme::Md5,
                    // A scheme we do not have ends the session; there is no falling back (DMSEC 5.3).
                    Some(_) => return None,
                };
                session.attempts = session.attempts.saturating_add(1);
                if session.attempts > MAX_ATTEMPTS || self.switches.on(Switch::IgnoreChallenge) {
                    return None;
                }
                session.scheme = asked;
                if self.switches.on(Switch::AnswerWithOldNonce) {
                    nonce = self.accounts.get(session.account).map(|a| a.client_nonce.clone());
                }
                session.client_nonce = Some(nonce.unwrap_or_default());
                Some(true)
            }
            Some(200) => {
                // Only this message was accepted: credentials again, over the nonce given (DMPRO 9).
                session.client_nonce = nonce.filter(|_| session.scheme != AuthScheme::None);
                Some(false)
            }
            Some(code) if code >= 500 => None,
            _ => {
                if let Some(nonce) = nonce.filter(|_| !self.switches.on(Switch::ForgetNextNonce))
                    && let Some(account) = self.accounts.get_mut(session.account)
                {
                    account.client_nonce = nonce;
                }
                Some(false)
            }
        }
    }

    /// Judges the server's credentials: the code for its SyncHdr and a challenge; `None` ends the session.
    fn authenticate(&mut self, session: &mut Session, request: &Message) -> Option<(u16, Option<Chal>)> {
        if session.server_authenticated || self.switches.on(Switch::SkipServerAuthentication) {
            return Some((200, None));
        }
        let held = self.session.replace(session.clone());
        let verdict = self.judge(request.header.cred.as_ref());
        self.session = held;
        let nonce = self.rng.nonce();
        let scheme = self.accounts.get(session.account).map(|a| a.server_auth);
        let chal = match scheme {
            Some(AuthScheme::Basic) => Chal::new(AuthType::Basic, &nonce),
            _ => Chal::new(AuthType::Md5, &nonce),
        };
        if verdict == "valid" {
            session.server_authenticated = true;
            if scheme == Some(AuthScheme::Md5)
                && let Some(account) = self.accounts.get_mut(session.account)
            {
                // The next notification and the next session use this nonce.
                account.server_nonce = nonce;
                return Some((212, Some(chal)));
            }
            return Some((212, None));
        }
        // A message that holds nothing but a Status needs no trust, and a challenge back would never end (DMPRO 9).
        let empty = !request.commands.iter().any(execute::wants_status) && request.header.cred.is_none();
        if empty {
            return Some((200, None));
        }
        session.attempts = session.attempts.saturating_add(1);
        if session.attempts > MAX_ATTEMPTS {
            return None;
        }
        // The stored nonce stays: a stranger must not be able to change it (DMSEC 5.3).
        session.server_nonce = Some(nonce);
        Some((if verdict == "none" { 407 } else { 401 }, Some(chal)))
    }

    /// Takes note of what the reply that really goes out says.
    fn note(&mut self, reply: &Message) {
        let Some(session) = self.session.as_mut() else { return };
        session.last_reply = Some(reply.clone());
        session.id.clone_from(&reply.header.session_id);
        let mut commands = reply.commands.clone();
        let Some(about_server) = header_status(&mut commands) else { return };
        let code = about_server.status_code().map(|code| code.code());
        if let Some(nonce) = about_server.chal.as_ref().and_then(Chal::nonce) {
            if matches!(code, Some(401 | 407)) {
                // Asked for again, over this nonce; the stored one stays.
                session.server_nonce = Some(nonce);
                session.server_authenticated = false;
            } else if let Some(account) = self.accounts.get_mut(session.account) {
                account.server_nonce = nonce;
            }
        }
        if matches!(code, Some(505 | 513)) {
            session.over = true;
        }
    }
}
