//! Credentials in a client's session: its own, those of the server, and the nonces that go with them (DMPRO 9, DMSEC
//! 5.3, DMNOTI 5).

use dmsc_dm::auth::{AuthType, Credential, DEFAULT_NONCE};
use dmsc_dm::syncml::{Chal, CommandName, Cred, Message};

use super::{DmClient, MAX_ATTEMPTS, Session};
use crate::account::{Account, AuthScheme, judged_mac};
use crate::choice::dm::{Accepted, NextNonce};
use crate::dm::answer::missing;
use crate::dm::directive::{Directive, header_status};
use crate::dm::execute;
use crate::switch::Switch;

impl DmClient {
    /// The client's Cred as a case or a fault may name it.
    pub fn cred(&self, word: &str, secret: Option<&str>) -> Option<Cred> {
        let index = self.session.as_ref().map_or(0, |s| s.account);
        let account = self.accounts.get(index)?;
        let nonce = self.session.as_ref().and_then(|s| s.client_nonce.as_ref()).unwrap_or(&account.client_nonce);
        named(word, account, secret, nonce, |account, nonce| account.client_cred(nonce))
    }

    /// Whether a server's credential is right, for what a case sees.
    pub fn judge(&self, cred: Option<&Cred>) -> &'static str {
        let Some(cred) = cred else { return "none" };
        let Some(account) = self.accounts.get(self.session.as_ref().map_or(0, |s| s.account)) else { return "wrong" };
        let issued = self.session.as_ref().and_then(|s| s.server_nonce.clone());
        let nonce = issued.unwrap_or_else(|| account.server_nonce.clone());
        let (name, secret) = (account.server_name().as_bytes(), account.server_secret.as_bytes());
        match Credential::from_cred(cred) {
            Ok(c) if c.verify(name, secret, &nonce) && !self.goes_by_default() => "valid",
            Ok(c) if c.verify(name, secret, &DEFAULT_NONCE) => "default-nonce",
            Ok(_) => "wrong",
            Err(_) => "unreadable",
        }
    }

    /// Whether the server is to prove itself over the default nonce.
    fn goes_by_default(&self) -> bool {
        let session = self.session.as_ref().filter(|session| session.resynchronising);
        session.is_some_and(|session| session.server_nonce.as_deref() == Some(&DEFAULT_NONCE[..]))
    }

    /// What the value of an `x-syncml-hmac` of the server was found to be, or its Cred where the account has no MAC.
    pub fn judge_response(&mut self, mac: Option<&str>, body: &[u8], message: &Message) -> &'static str {
        let index = self.session.as_ref().map_or(0, |session| session.account);
        let Some(account) = self.accounts.get(index).filter(|account| account.server_auth == AuthScheme::Mac) else {
            return self.judge(message.header.cred.as_ref());
        };
        let issued = self.session.as_ref().and_then(|session| session.server_nonce.as_ref());
        let nonce = issued.unwrap_or(&account.server_nonce);
        self.mac = judged_mac(mac, account.server_name(), &account.server_secret, nonce, body);
        self.mac
    }

    /// The value of `x-syncml-hmac` for the message that goes out, where the client proves itself by it or a case has it
    /// do so.
    pub fn request_mac(&self, body: &[u8], directive: &Directive) -> Option<String> {
        let session = self.session.as_ref()?;
        let account = self.accounts.get(session.account)?;
        let signs = session.signs && session.scheme == AuthScheme::Mac;
        let own = account.client_mac(&session.last_nonce, body).filter(|_| signs);
        let nonce = if signs { &session.last_nonce } else { &account.client_nonce };
        directive.mac(own, |word| {
            named(word, account, directive.secret(), nonce, |account, nonce| account.client_mac(nonce, body))
        })
    }

    /// What the server says of our credentials. Gives whether Package#1 must be sent again; `None` ends the session.
    pub(super) fn server_verdict(&mut self, session: &mut Session, request: &Message) -> Option<bool> {
        let about_us =
            request.commands.iter().find(|c| c.cmd == CommandName::Status && c.name.as_deref() == Some("SyncHdr"));
        let Some(about_us) = about_us else { return Some(false) };
        let code = about_us.status_code().map(|code| code.code());
        let mut nonce = about_us.chal.as_deref().and_then(Chal::nonce);
        match code {
            Some(401 | 407) => {
                let asked = match about_us.chal.as_ref()?.type_ {
                    Some(AuthType::Basic) => AuthScheme::Basic,
                    Some(AuthType::Md5) | None => AuthScheme::Md5,
                    Some(AuthType::Mac) if session.scheme == AuthScheme::Mac => AuthScheme::Mac,
                    Some(_) if self.switches.on(Switch::AnswerAnyChallenge) => AuthScheme::Md5,
                    // A scheme we do not have ends the session; there is no falling back (DMSEC 5.3).
                    Some(_) => return None,
                };
                session.attempts = session.attempts.saturating_add(1);
                if session.attempts > MAX_ATTEMPTS || self.switches.on(Switch::IgnoreChallenge) {
                    return None;
                }
                session.scheme = asked;
                if let Some(account) = self.accounts.get_mut(session.account)
                    && let Some(nonce) = nonce.as_ref().filter(|_| self.switches.on(Switch::KeepChallengeNonce))
                {
                    account.client_nonce.clone_from(nonce);
                }
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

    /// Keeps the nonce of an acceptance that a case leaves unanswered: the server goes by it in the next session.
    pub fn leave(&mut self, message: &Message) {
        let account = self.session.as_ref().map_or(0, |session| session.account);
        let accepted = header_status(&mut message.commands.clone())
            .filter(|status| status.status_code().is_some_and(|code| code.code() < 300))
            .and_then(|status| status.chal.as_ref()?.nonce());
        if let (Some(nonce), Some(account)) = (accepted, self.accounts.get_mut(account)) {
            account.client_nonce = nonce;
        }
    }

    fn forgets(&self, session: &Session) -> bool {
        let resync = session.resynchronising && self.switches.on(Switch::ForgetResync);
        resync || self.switches.on(Switch::ForgetNextNonce)
    }

    /// Keeps the nonce that comes with an acceptance: for the next message, or for the next session if none follows.
    fn keep_nonce(&mut self, session: &Session, nonce: Option<&[u8]>) {
        if let Some(nonce) = nonce.filter(|_| !self.forgets(session))
            && let Some(account) = self.accounts.get_mut(session.account)
        {
            account.client_nonce = nonce.to_vec();
        }
    }

    /// Judges the server's credentials: the code for its SyncHdr and a challenge; `None` ends the session.
    pub(super) fn authenticate(&mut self, session: &mut Session, request: &Message) -> Option<(u16, Option<Chal>)> {
        if session.server_authenticated || self.switches.on(Switch::SkipServerAuthentication) {
            return Some((200, None));
        }
        let held = self.session.replace(session.clone());
        let scheme = self.accounts.get(session.account).map(|a| a.server_auth);
        let verdict = match scheme {
            Some(AuthScheme::Mac) => self.mac,
            _ => self.judge(request.header.cred.as_ref()),
        };
        let right = verdict == "valid" || (verdict == "default-nonce" && self.goes_by_default());
        self.session = held;
        let nonce = self.rng.nonce();
        let chal = match scheme {
            Some(AuthScheme::Basic) => Chal::basic(),
            Some(AuthScheme::Mac) => Chal::new(AuthType::Mac, &nonce),
            _ => Chal::new(AuthType::Md5, &nonce),
        };
        if right || (session.resynchronising && self.switches.on(Switch::ResyncWithEither)) {
            let chal = Some(chal).filter(|_| matches!(scheme, Some(AuthScheme::Md5 | AuthScheme::Mac)));
            // A MAC is that of one message (DMSEC 5.4).
            if self.choices.dm.accepted == Accepted::Message || scheme == Some(AuthScheme::Mac) {
                // This message alone is accepted; the next uses this nonce (DMPRO 9).
                session.server_nonce = chal.as_ref().map(|_| nonce);
                return Some((200, chal));
            }
            session.server_authenticated = true;
            // After the default nonce another is needed (DMNOTI 5, step 5).
            let given = match session.resynchronising {
                true => !self.switches.on(Switch::ResyncWithoutNonce),
                false => self.choices.dm.next_nonce == NextNonce::Given,
            };
            let chal = chal.filter(|_| given);
            // Its nonce is in force once the message that carries it has gone out.
            return Some((212, chal));
        }
        // A message that holds nothing but a Status needs no trust, and a challenge back would never end (DMPRO 9).
        let empty = !request.commands.iter().any(execute::wants_status)
            && request.header.cred.is_none()
            && (scheme != Some(AuthScheme::Mac) || verdict == "none");
        if empty {
            return Some((200, None));
        }
        session.attempts = session.attempts.saturating_add(1);
        if session.attempts > MAX_ATTEMPTS && !self.switches.on(Switch::NeverGiveUp) {
            return None;
        }
        // The stored nonce stays: a stranger must not be able to change it (DMSEC 5.3).
        session.server_nonce = chal.nonce().is_some().then_some(nonce);
        Some((if verdict == "none" { missing(self.choices.dm.challenge_code) } else { 401 }, Some(chal)))
    }
}

/// The credentials that one of [`crate::messages::CRED_WORDS`] stands for: over the nonce in force or the default one, and
/// the secret of the account or another.
fn named<T>(
    word: &str,
    account: &Account,
    secret: Option<&str>,
    nonce: &[u8],
    made: impl Fn(&Account, &[u8]) -> Option<T>,
) -> Option<T> {
    let mut account = account.clone();
    account.client_secret = secret.map_or(account.client_secret, str::to_owned);
    if word.ends_with("wrong") {
        account.client_secret.push('?');
    }
    match word {
        "valid" | "wrong" => made(&account, nonce),
        "default-nonce" | "default-nonce-wrong" => made(&account, &DEFAULT_NONCE),
        _ => None,
    }
}
