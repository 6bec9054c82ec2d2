//! The DM Client's side of sessions: notifications, packages 1 and 3, authentication of the server (DMPRO 8, 9).

mod account_nodes;
mod compose;
mod credentials;
mod notified;
mod outbox;
mod raised;

use dmsc_dm::auth::DEFAULT_NONCE;
use dmsc_dm::package0::session_id_text;
use dmsc_dm::syncml::{Chal, Command, Message, SyncHdr, Text};
use dmsc_dm::tree::{Inbox, ManagementTree, NewNode, Requester};
use dmsc_octets::Random;

pub use self::notified::Heard;
use self::outbox::{Limits, Outbox};
use super::directive::{Directive, DirectiveError, header_status, number};
use super::large_object::Receiver;
use super::user::User;
use super::version::Versions;
use super::{Encoding, manner, opening};
use crate::account::{Account, AuthScheme, Certificates, Psk};
use crate::choice::Choices;
use crate::choice::client::{FirstCredentials, HeaderSizes, LargeObjects, Package1Messages, RaisedAlerts, SourceName};
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
    pub(crate) choices: Choices,
    switches: Switches,
    rng: Random,
    /// Session ids taken up, per account: one notification starts one session (DMNOTI 6).
    taken: Vec<(usize, u16)>,
    session: Option<Session>,
    /// What the MAC of the message that is to be answered was found to be.
    mac: &'static str,
    /// The nonce of the latest challenge that no acceptance has followed, and its account.
    challenged: Option<(usize, Vec<u8>)>,
    /// The account for which a notification over the default nonce has come (DMNOTI 5).
    resynchronising: Option<usize>,
    /// Generic alerts that no server has been told of yet.
    raised: Vec<Command>,
    /// Those that the commands of the latest message have raised; they are for later messages.
    raised_now: Vec<Command>,
    /// Alerts that were sent and that no Status has answered.
    told: Vec<Command>,
    /// What the user does when asked.
    pub user: User,
    /// Whether somebody wants the session aborted.
    abort_asked: bool,
    /// Whether no notification is followed any more.
    locked_up: bool,
    /// Whether the accounts are in the tree.
    shown: bool,
    /// The account that it was given last, after those that it began with.
    given: Option<usize>,
}

/// One session, seen from the client.
#[derive(Clone, Debug)]
struct Session {
    account: usize,
    id: Text,
    /// Where the next message goes.
    uri: Text,
    alert: u16,
    next_msg_id: u32,
    server_authenticated: bool,
    /// The nonce for the Cred of the next message, and the scheme asked for.
    client_nonce: Option<Vec<u8>>,
    /// The nonce of the Cred that was sent last.
    last_nonce: Vec<u8>,
    /// Whether the message that goes out has credentials.
    signs: bool,
    /// Whether the server has accepted our credentials for the session.
    standing: bool,
    /// The scheme agreed on for the session; another one asked for later ends it.
    scheme: AuthScheme,
    attempts: u32,
    /// The nonce the server must use, when one was issued within the session.
    server_nonce: Option<Vec<u8>>,
    last_server_msg_id: Text,
    last_reply: Option<Message>,
    /// How often the server has repeated its last message.
    repetitions: u32,
    /// Whether Package#1 still has to be accepted.
    setup: bool,
    /// What of the package that is being sent has not been sent yet.
    outbox: Outbox,
    /// Whether the server has ended the package that this side answers.
    server_closed: bool,
    /// What the server can take.
    limits: Limits,
    /// The large object that is coming in.
    receiver: Receiver,
    /// Whether it has begun with the default nonce.
    resynchronising: bool,
    /// The alerts that Package#1 has told.
    opening_alerts: Vec<Command>,
    /// Whether Package#3 has told the generic alerts that the client makes up.
    told_generic: bool,
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
        let mut tree = tree;
        tree.inbox = Inbox {
            readable: switches.on(Switch::ReadInbox),
            takes_anything: switches.on(Switch::TakeAnyInbox),
            keeps_halves: switches.on(Switch::KeepHalfObject),
            for_all: switches.on(Switch::InboxForAll),
        };
        if switches.on(Switch::NoInbox) {
            tree.take_out("./Inbox");
        }
        if choices.client.large_objects == LargeObjects::Refused {
            let told = NewNode { data: "false".into(), ..NewNode::default() };
            // Where the tree has no such leaf, nothing is said of large objects.
            let _unsaid = tree.replace(Requester::Device, "./DevDetail/LrgObj", told);
        }
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
            mac: "none",
            challenged: None,
            resynchronising: None,
            raised: Vec::new(),
            raised_now: Vec::new(),
            told: Vec::new(),
            user: User::default(),
            abort_asked: false,
            locked_up: false,
            shown: false,
            given: None,
        }
    }

    /// Takes from servers, or gives them back, the right to add to the Inbox (DMTND 7.7.1).
    pub fn close_inbox(&mut self, closed: bool) {
        let acl = if closed { "Add=nobody.example.com" } else { "" };
        let acl = NewNode { data: acl.into(), ..NewNode::default() };
        // A device without an Inbox has nothing to close.
        let _none = self.tree.replace(Requester::Device, "./Inbox?prop=ACL", acl);
    }

    /// Somebody ends the session that is under way, or the next one, in the middle of what the server asks for.
    pub fn ask_for_abort(&mut self) {
        self.abort_asked = true;
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

    /// How the server of the session is known by certificates, or that of the first account where there is none.
    pub(crate) fn certificates(&self) -> Option<&Certificates> {
        let account = self.session.as_ref().map_or(0, |session| session.account);
        self.accounts.get(account).map(|account| &account.certificates)
    }

    /// The octets of a message that goes out in this encoding.
    ///
    /// # Errors
    /// The codec's own words when a value of the message cannot be written.
    pub(crate) fn encode(&self, message: &Message, encoding: Encoding) -> Result<Vec<u8>, String> {
        let limits = self.session.as_ref().map(|session| session.limits).unwrap_or_default();
        limits.encode(message, encoding, &self.choices.octets, &self.switches)
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
        self.take_over_secrets();
        let Some(held) = self.accounts.get(account) else {
            return Err(DirectiveError(format!("there is no account {account}")));
        };
        self.raised.append(&mut self.raised_now);
        let at_once = self.choices.client.first_credentials == FirstCredentials::AtOnce;
        let mut session = Session {
            account,
            id: session_id.map_or(Text::new_static("1"), |id| session_id_text(id).into()),
            uri: held.address.as_str().into(),
            alert: if session_id.is_some() { 1200 } else { 1201 },
            next_msg_id: 1,
            server_authenticated: held.server_auth == AuthScheme::None,
            client_nonce: Some(held.client_nonce.clone()).filter(|_| at_once),
            last_nonce: Vec::new(),
            signs: false,
            standing: false,
            scheme: held.client_auth,
            attempts: 0,
            server_nonce: None,
            last_server_msg_id: Text::default(),
            last_reply: None,
            repetitions: 0,
            setup: true,
            outbox: Outbox::default(),
            server_closed: true,
            limits: Limits::default(),
            receiver: Receiver::default(),
            resynchronising: false,
            opening_alerts: Vec::new(),
            told_generic: false,
            over: false,
        };
        self.resynchronise(&mut session);
        let mut message = self.package1(&mut session);
        manner::apply(&mut message, None, &self.choices);
        number(&mut message.commands);
        directive.apply(&mut message, |word| self.cred(word, directive.secret()))?;
        // A case may choose another session id; the session is then that one.
        session.id.clone_from(&message.header.session_id);
        self.session = Some(session);
        Ok(message)
    }

    /// The session that a notification has opened by way of the default nonce goes by that nonce, on both sides.
    fn resynchronise(&mut self, session: &mut Session) {
        session.resynchronising = self.resynchronising.take() == Some(session.account);
        if !session.resynchronising {
            return;
        }
        session.server_nonce = Some(DEFAULT_NONCE.to_vec());
        if session.client_nonce.is_some() && !self.switches.on(Switch::ResyncWithStoredNonce) {
            session.client_nonce = Some(DEFAULT_NONCE.to_vec());
        }
    }

    fn header(&self, session: &mut Session) -> SyncHdr {
        let account = self.accounts.get(session.account);
        session.signs = session.client_nonce.is_some();
        let cred = session.client_nonce.take().and_then(|nonce| {
            let mut account = account?.clone();
            account.client_auth = session.scheme;
            session.last_nonce.clone_from(&nonce);
            account.client_cred(&nonce)
        });
        let header = self.header_without_cred(session, cred.is_some());
        if !self.switches.on(Switch::FreezeMsgId) {
            session.next_msg_id = session.next_msg_id.saturating_add(1);
        }
        SyncHdr { cred, ..header }
    }

    /// The header of the message that is next, but for its credentials.
    fn header_without_cred(&self, session: &Session, has_cred: bool) -> SyncHdr {
        let account = self.accounts.get(session.account);
        let choices = &self.choices.client;
        let named = has_cred || session.scheme == AuthScheme::Mac || choices.source_name == SourceName::Always;
        let (message_size, object_size) = match choices.header_sizes {
            HeaderSizes::Message => (Some("16384"), None),
            HeaderSizes::Nothing => (None, None),
            HeaderSizes::Both => (Some("1000000"), Some("1048576")),
        };
        SyncHdr {
            session_id: session.id.clone(),
            msg_id: session.next_msg_id.to_string().into(),
            target: account.map(|a| opening::target(a, choices)).unwrap_or_default(),
            source: opening::source(&self.tree, choices),
            source_name: account.filter(|_| named).map(|a| Text::from(&a.client_name)),
            max_msg_size: message_size.map(Text::new_static),
            max_obj_size: object_size.map(Text::new_static),
            ..SyncHdr::default()
        }
    }

    fn package1(&mut self, session: &mut Session) -> Message {
        let header = self.header(session);
        let mut commands = opening::package1(&self.tree, session.alert, &self.choices);
        if self.choices.client.raised_alerts != RaisedAlerts::Package3 {
            // A server that challenges has taken nothing of Package#1: its alerts come again with it (DMPRO 9.1).
            session.opening_alerts.extend(self.raised_alerts());
            commands.extend(session.opening_alerts.iter().cloned());
        }
        let two = self.choices.client.package1_messages == Package1Messages::Two;
        session.outbox.clear();
        session.outbox.push(two.then(opening::event));
        session.server_closed = two;
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
        directive.apply(&mut reply, |word| self.cred(word, directive.secret()))?;
        self.note(&reply);
        Ok(Some(reply))
    }

    /// Takes note of what the reply that really goes out says.
    fn note(&mut self, reply: &Message) {
        let Some(session) = self.session.as_mut() else { return };
        session.last_reply = Some(reply.clone());
        session.id.clone_from(&reply.header.session_id);
        let mut commands = reply.commands.clone();
        let Some(about_server) = header_status(&mut commands) else { return };
        let code = about_server.status_code().map(|code| code.code());
        if let Some(nonce) = about_server.chal.as_deref().and_then(Chal::nonce) {
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
