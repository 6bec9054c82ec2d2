//! The DM Client's side of sessions: notifications, packages 1 and 3, authentication of the server (DMPRO 8, 9).

mod notified;

use dmsc_dm::auth::{AuthType, Credential, DEFAULT_NONCE};
use dmsc_dm::package0::session_id_text;
use dmsc_dm::syncml::{Chal, Command, CommandName, Cred, Message, SyncHdr};
use dmsc_dm::tree::ManagementTree;
use dmsc_octets::Random;

pub use self::notified::Heard;
use super::directive::{Directive, DirectiveError, header_status, number};
use super::server::{missing, status};
use super::version::Versions;
use super::{Encoding, execute, manner, opening};
use crate::account::{Account, AuthScheme, Psk};
use crate::choice::Choices;
use crate::choice::client::{
    FirstCredentials, HeaderSizes, Package1Messages, Package3DevInfo, Package3Messages, RefusedCommand, SourceName,
};
use crate::choice::client::{ResultsMeta, ResultsPlace};
use crate::choice::dm::{Accepted, NextNonce};
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
    /// The versions of DM that it takes.
    pub versions: Versions,
    choices: Choices,
    switches: Switches,
    rng: Random,
    /// Session ids taken up, per account: one notification starts one session (DMNOTI 6).
    taken: Vec<(usize, u16)>,
    session: Option<Session>,
    /// The nonce of the latest challenge that no acceptance has followed, and its account.
    challenged: Option<(usize, Vec<u8>)>,
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
    /// The nonce of the Cred that was sent last.
    last_nonce: Vec<u8>,
    /// Whether the server has accepted our credentials for the session.
    standing: bool,
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
    /// What the next message of the package that is being sent holds; it has Final.
    rest: Option<Vec<Command>>,
    /// Whether the last message has been said; it only waits for its answer.
    over: bool,
}

impl DmClient {
    /// A client with `accounts` and `tree`.
    pub fn new(
        accounts: Vec<Account>,
        tree: ManagementTree,
        encoding: Encoding,
        choices: Choices,
        switches: Switches,
        seed: u64,
    ) -> Self {
        DmClient {
            accounts,
            tree,
            encoding,
            versions: Versions::default(),
            choices,
            switches,
            rng: Random::new(seed),
            taken: Vec::new(),
            session: None,
            challenged: None,
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

    /// The key of TLS for the session, or for the first account where there is none.
    pub(crate) fn psk(&self) -> &Psk {
        static NONE: Psk = Psk { identity: String::new(), key: Vec::new() };
        let account = self.session.as_ref().map_or(0, |session| session.account);
        self.accounts.get(account).map_or(&NONE, |account| &account.psk)
    }

    /// Ends the session, as a lost connection does.
    ///
    /// Returns whether there was one.
    pub fn abandon(&mut self) -> bool {
        self.session.take().is_some()
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
        let at_once = self.choices.client.first_credentials == FirstCredentials::AtOnce;
        let mut session = Session {
            account,
            id: session_id.map_or_else(|| "1".into(), session_id_text),
            uri: held.address.clone(),
            alert: if session_id.is_some() { 1200 } else { 1201 },
            next_msg_id: 1,
            server_authenticated: held.server_auth == AuthScheme::None,
            client_nonce: Some(held.client_nonce.clone()).filter(|_| at_once),
            last_nonce: Vec::new(),
            standing: false,
            scheme: held.client_auth,
            attempts: 0,
            server_nonce: None,
            last_server_msg_id: String::new(),
            last_reply: None,
            repetitions: 0,
            setup: true,
            rest: None,
            over: false,
        };
        let mut message = self.package1(&mut session);
        manner::apply(&mut message, None, &self.choices);
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
        let (name, secret) = (account.server_name().as_bytes(), account.server_secret.as_bytes());
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
            session.last_nonce.clone_from(&nonce);
            account.client_cred(&nonce)
        });
        let choices = &self.choices.client;
        let named = cred.is_some() || choices.source_name == SourceName::Always;
        let (message_size, object_size) = match choices.header_sizes {
            HeaderSizes::Message => (Some("16384"), None),
            HeaderSizes::Nothing => (None, None),
            HeaderSizes::Both => (Some("1000000"), Some("1048576")),
        };
        SyncHdr {
            session_id: session.id.clone(),
            msg_id: msg_id.to_string(),
            target: account.map(|a| opening::target(a, choices)).unwrap_or_default(),
            source: opening::source(&self.tree, choices),
            source_name: account.filter(|_| named).map(|a| a.client_name.clone()),
            cred,
            max_msg_size: message_size.map(str::to_owned),
            max_obj_size: object_size.map(str::to_owned),
            ..SyncHdr::default()
        }
    }

    fn package1(&self, session: &mut Session) -> Message {
        let header = self.header(session);
        let commands = opening::package1(&self.tree, session.alert, &self.choices.client);
        let two = self.choices.client.package1_messages == Package1Messages::Two;
        session.rest = two.then(|| vec![opening::event()]);
        Message { header, commands, is_final: !two }
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
        manner::apply(&mut reply, Some(request), &self.choices);
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
        let fault = match self.switches.on(Switch::SkipVersionCheck) {
            true => None,
            false => self.versions.fault(&request.header),
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
                execute::package(&mut self.tree, request, &server_id, &self.choices, &self.switches)
            }
        } else {
            let refused = request.commands.iter().filter(|c| execute::wants_status(c));
            let refusal = match self.choices.client.refused_command {
                RefusedCommand::AsHeader => code,
                RefusedCommand::NotExecuted => 215,
                RefusedCommand::Forbidden => 403,
                RefusedCommand::PermissionDenied => 425,
            };
            (refused.map(|c| status(request, Some(c), refusal)).collect(), false)
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
        self.arrange(&mut answers);
        let header_status = vec![header_status];
        if let Some(rest) = session.rest.take() {
            let header = self.header(session);
            return Some(Message { header, commands: [header_status, answers, rest].concat(), is_final: true });
        }
        let first = std::mem::take(&mut session.setup);
        // The nonce for a next message is of no use to a server that sends none.
        let chal_counts = chal.is_some() && (first || self.choices.dm.accepted == Accepted::Session);
        let nothing_to_say = answers.is_empty() && !chal_counts && request.is_final;
        if nothing_to_say && !(first && self.switches.on(Switch::SendLoneStatus)) {
            return None;
        }
        let mut reply = Message { header: self.header(session), commands: header_status, is_final: true };
        let results = answers.iter().any(|c| c.cmd == CommandName::Results);
        if trusted && request.is_final && !answers.is_empty() {
            self.add_own(&mut answers);
            let two = self.choices.client.package3_messages == Package3Messages::Two;
            if two && answers.len() > 1 {
                session.rest = Some(answers.split_off(answers.len().div_ceil(2)));
                reply.is_final = false;
            }
        }
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

    /// Puts answers in the order and the form that the client has chosen.
    fn arrange(&self, answers: &mut [Command]) {
        if self.choices.client.results_place == ResultsPlace::AfterAll {
            answers.sort_by_key(|command| command.cmd == CommandName::Results);
        }
        if self.choices.client.results_meta == ResultsMeta::NotDefault {
            let results = answers.iter_mut().filter(|command| command.cmd == CommandName::Results);
            for meta in results.flat_map(|results| &mut results.items).filter_map(|item| item.meta.as_mut()) {
                meta.format.take_if(|format| format == "chr");
                meta.type_.take_if(|kind| kind == "text/plain");
            }
        }
    }

    /// Adds what the client tells by itself in Package#3.
    fn add_own(&self, answers: &mut Vec<Command>) {
        let (first, last) = opening::package3_alerts(&self.choices.client);
        answers.splice(0..0, first);
        answers.extend(last);
        if self.choices.client.package3_devinfo == Package3DevInfo::Again {
            answers.push(opening::devinfo(&self.tree, &self.choices.client));
        }
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
                let again = session.scheme != AuthScheme::None && !session.standing;
                self.keep_nonce(session, nonce.as_deref());
                session.client_nonce = nonce.or_else(|| again.then(|| session.last_nonce.clone())).filter(|_| again);
                Some(false)
            }
            Some(code) if code >= 500 => None,
            _ => {
                session.standing |= code == Some(212);
                self.keep_nonce(session, nonce.as_deref());
                Some(false)
            }
        }
    }

    /// Keeps the nonce of an answer to a request of a case's own making, which is of no session: the server counts on it.
    pub fn keep_challenge(&mut self, answer: &Message) {
        let nonce = header_status(&mut answer.commands.clone()).and_then(|status| status.chal.as_ref()?.nonce());
        if let (Some(nonce), Some(account)) = (nonce, self.accounts.first_mut()) {
            account.client_nonce = nonce;
        }
    }

    /// Keeps the nonce that comes with an acceptance: for the next message, or for the next session if none follows.
    fn keep_nonce(&mut self, session: &Session, nonce: Option<&[u8]>) {
        if let Some(nonce) = nonce.filter(|_| !self.switches.on(Switch::ForgetNextNonce))
            && let Some(account) = self.accounts.get_mut(session.account)
        {
            account.client_nonce = nonce.to_vec();
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
            Some(AuthScheme::Basic) => Chal::basic(),
            _ => Chal::new(AuthType::Md5, &nonce),
        };
        if verdict == "valid" {
            let chal = Some(chal).filter(|_| scheme == Some(AuthScheme::Md5));
            if self.choices.dm.accepted == Accepted::Message {
                // This message alone is accepted; the next uses this nonce (DMPRO 9).
                session.server_nonce = chal.as_ref().map(|_| nonce);
                return Some((200, chal));
            }
            session.server_authenticated = true;
            let chal = chal.filter(|_| self.choices.dm.next_nonce == NextNonce::Given);
            if let (Some(_), Some(account)) = (&chal, self.accounts.get_mut(session.account)) {
                // The next notification and the next session use this nonce.
                account.server_nonce = nonce;
            }
            return Some((212, chal));
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
        session.server_nonce = chal.nonce().is_some().then_some(nonce);
        Some((if verdict == "none" { missing(self.choices.dm.challenge_code) } else { 401 }, Some(chal)))
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
                self.challenged = Some((session.account, nonce.clone()));
                session.server_nonce = Some(nonce);
                session.server_authenticated = false;
            } else if let Some(account) = self.accounts.get_mut(session.account) {
                account.server_nonce = nonce;
                self.challenged = None;
            }
        }
        if matches!(code, Some(505 | 513)) {
            session.over = true;
        }
    }
}
