//! What a server makes of credentials, and the nonces that go with them (DMPRO 9, DMSEC 5.3, DMNOTI 5).

use dmsc_dm::auth::{AuthType, Credential, DEFAULT_NONCE};
use dmsc_dm::syncml::{Chal, Command, CommandName, Cred, Message};

use super::{DmServer, MAX_ATTEMPTS, Session};
use crate::account::{Account, AuthScheme, judged_mac};
use crate::choice::dm::{Accepted, NextNonce};
use crate::dm::answer::missing;
use crate::dm::directive::{Directive, header_status};
use crate::switch::Switch;

impl DmServer {
    /// Whether a credential in a client's header is right, for what a case sees.
    pub fn judge(&self, cred: Option<&Cred>) -> &'static str {
        let Some(cred) = cred else { return "none" };
        let (name, secret) = (self.account.client_name.as_bytes(), self.account.client_secret.as_bytes());
        match Credential::from_cred(cred) {
            Ok(c) if c.verify(name, secret, &self.account.client_nonce) => "valid",
            Ok(c) if c.verify(name, secret, &DEFAULT_NONCE) => "default-nonce",
            Ok(c) if self.replaced_client_nonce.as_ref().is_some_and(|nonce| c.verify(name, secret, nonce)) => {
                "replaced-nonce"
            }
            Ok(_) => "wrong",
            Err(_) => "unreadable",
        }
    }

    /// The account by which the server proves itself, over another secret where one is given.
    pub(super) fn proving(&self, secret: Option<&str>) -> Account {
        let mut account = self.account.clone();
        account.server_secret = secret.map_or(account.server_secret, str::to_owned);
        if self.switches.on(Switch::WrongServerCredentials) {
            account.server_secret.push('?');
        }
        account
    }

    /// The server's Cred as a case or a fault may name it.
    pub fn cred(&self, word: &str, secret: Option<&str>) -> Option<Cred> {
        let account = self.proving(secret);
        named(word, account, &self.account.server_nonce, |account, nonce| account.server_cred(nonce))
    }

    pub(super) fn authenticate(&mut self, session: &mut Session, request: &Message) -> Authentication {
        if session.client_authenticated {
            return Authentication::Standing;
        }
        let verdict = match self.account.client_auth {
            AuthScheme::Mac => self.mac,
            _ => self.judge(request.header.cred.as_ref()),
        };
        let accept = match verdict {
            "valid" => true,
            "none" => self.switches.on(Switch::ServeUnauthenticated),
            // Only who has been notified by way of the default nonce may come with it (DMNOTI 5, step 4).
            "default-nonce" if self.resynchronising => {
                session.resynchronising = !self.switches.on(Switch::RefuseDefaultNonce);
                session.resynchronising
            }
            _ => self.switches.on(Switch::AcceptWrongCredentials),
        };
        if accept {
            // The nonce that comes with a 212 is for the next session, with a 200 for the next message (DMPRO 9).
            let for_session = !self.accepts_message();
            session.client_authenticated = for_session;
            let given = !for_session || session.resynchronising || self.choices.dm.next_nonce == NextNonce::Given;
            let with_nonce = matches!(self.account.client_auth, AuthScheme::Md5 | AuthScheme::Mac);
            let chal = (given && with_nonce).then(|| self.challenge());
            return Authentication::Accepted(chal);
        }
        session.attempts = session.attempts.saturating_add(1);
        if session.attempts >= MAX_ATTEMPTS {
            return Authentication::GivenUp;
        }
        let code = if verdict == "none" { missing(self.choices.dm.challenge_code) } else { 401 };
        Authentication::Challenge(code, self.challenge())
    }

    /// Whether right credentials are those of the message they came with only. A MAC always is (DMSEC 5.4).
    pub(super) fn accepts_message(&self) -> bool {
        self.choices.dm.accepted == Accepted::Message || self.account.client_auth == AuthScheme::Mac
    }

    /// What the value of an `x-syncml-hmac` of the client was found to be, or its Cred where the account has no MAC.
    pub fn judge_request(&self, mac: Option<&str>, body: &[u8], cred: Option<&Cred>) -> &'static str {
        let account = &self.account;
        match account.client_auth {
            AuthScheme::Mac => {
                judged_mac(mac, &account.client_name, &account.client_secret, &account.client_nonce, body)
            }
            _ => self.judge(cred),
        }
    }

    /// The value of `x-syncml-hmac` for the answer, where the server proves itself by it or a case has it do so.
    pub fn answer_mac(&self, body: &[u8], directive: &Directive) -> Option<String> {
        let signing = self.session.as_ref().and_then(|session| session.signing.as_ref());
        let own = signing.and_then(|nonce| self.proving(None).server_mac(nonce, body));
        let nonce = signing.unwrap_or(&self.account.server_nonce);
        directive.mac(own, |word| {
            let account = self.proving(directive.secret());
            named(word, account, nonce, |account, nonce| account.server_mac(nonce, body))
        })
    }

    fn challenge(&mut self) -> Chal {
        let type_ = match self.account.client_auth {
            AuthScheme::Basic => AuthType::Basic,
            AuthScheme::Mac => AuthType::Mac,
            _ => AuthType::Md5,
        };
        if self.switches.on(Switch::StaleChallenge) {
            return Chal::new(type_, &self.account.client_nonce);
        }
        Chal::new(type_, &self.rng.nonce())
    }

    /// What the client says of the server's credentials: whether it asks for them, and the nonce it gives.
    pub(super) fn client_verdict(&mut self, session: &mut Session, request: &Message) -> (bool, Option<Vec<u8>>) {
        let about_us =
            request.commands.iter().find(|c| c.cmd == CommandName::Status && c.name.as_deref() == Some("SyncHdr"));
        let Some(about_us) = about_us else { return (false, None) };
        let nonce = about_us.chal.as_deref().and_then(Chal::nonce);
        if let Some(nonce) = &nonce
            && !self.switches.on(Switch::ForgetServerNonce)
        {
            // The client's nonce takes the place of the default one, whatever it says of these credentials.
            self.resynchronising = self.switches.on(Switch::KeepDefaultNonce) && self.resynchronising;
            session.resynchronising = false;
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

    /// Keeps the nonce of a message that a case leaves unanswered: the client goes by it from then on.
    pub fn leave(&mut self, message: &Message) {
        let nonce = header_status(&mut message.commands.clone()).and_then(|status| status.chal.as_ref()?.nonce());
        if let Some(nonce) = nonce {
            self.account.server_nonce = nonce;
        }
    }

    /// Takes note of what the reply that really goes out says: a case may have changed it.
    pub(super) fn note(&mut self, session: &mut Session, reply: &Message) {
        let mut commands = reply.commands.clone();
        if let Some(status) = header_status(&mut commands) {
            let code = status.status_code().map(|code| code.code());
            if let Some(nonce) = status.chal.as_deref().and_then(Chal::nonce) {
                let before = std::mem::replace(&mut self.account.client_nonce, nonce);
                if before != self.account.client_nonce {
                    self.replaced_client_nonce = Some(before);
                }
            }
            if matches!(code, Some(401 | 407)) {
                (session.client_authenticated, session.accepted) = (false, false);
            }
        }
        let ours: Vec<Command> = commands.into_iter().filter(|c| c.cmd != CommandName::Status).collect();
        // Credentials of ours still want an answer: the client's verdict, and its nonce for the next notification.
        let by_mac = self.account.server_auth == AuthScheme::Mac && session.signing.is_some();
        if reply.is_final && ours.is_empty() && session.accepted && reply.header.cred.is_none() && !by_mac {
            session.over = true;
        }
        session.sent = ours;
    }
}

/// The credentials that one of [`crate::messages::CRED_WORDS`] stands for: over the nonce in force or the default one, and
/// the secret of the account or another.
fn named<T>(word: &str, mut account: Account, nonce: &[u8], made: impl Fn(&Account, &[u8]) -> Option<T>) -> Option<T> {
    if word.ends_with("wrong") {
        account.server_secret.push('?');
    }
    match word {
        "valid" | "wrong" => made(&account, nonce),
        "default-nonce" | "default-nonce-wrong" => made(&account, &DEFAULT_NONCE),
        _ => None,
    }
}

/// What the server makes of a client's credentials.
pub(super) enum Authentication {
    /// Credentials are still needed: the code and the challenge.
    Challenge(u16, Chal),
    /// The credentials are right; a nonce for the next session may ride along.
    Accepted(Option<Chal>),
    /// Authenticated before.
    Standing,
    /// Too many failures; no further challenge.
    GivenUp,
}
