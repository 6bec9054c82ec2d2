//! What the DM Client makes of a notification (DMNOTI 6, DMSEC 5.3).

use dmsc_dm::auth::DEFAULT_NONCE;
use dmsc_dm::package0::Package0;

use super::DmClient;
use crate::account::{Account, AuthScheme};
use crate::choice::terminal::UserAsked;
use crate::dm::user::User;
use crate::switch::Switch;
use crate::trigger_form::Framing;

/// The user interaction mode that wants the user asked before the session (DMNOTI 6).
const ASKS_USER: u8 = 3;

/// What the client does with a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It starts a session for the account with this index, with this session id.
    Start(usize, u16),
    /// It is ignored, for this reason.
    Ignored(String),
}

impl DmClient {
    /// The account of a notification as a case judges it: a server may take the nonce of an unanswered challenge for the
    /// one that it is to use from then on, and no document says that it must not.
    pub fn account_of(&self, package0: Option<&Package0>) -> Option<Account> {
        let account = self.accounts.first()?.clone();
        let signed = |account: &Account| package0.is_some_and(|found| account.has_signed(found, &account.server_nonce));
        match &self.challenged {
            Some((0, nonce)) if !signed(&account) => {
                let other = Account { server_nonce: nonce.clone(), ..account.clone() };
                Some(if signed(&other) { other } else { account })
            }
            _ => Some(account),
        }
    }

    /// Judges a notification.
    pub fn hear(&mut self, octets: &[u8]) -> Heard {
        if self.switches.on(Switch::IgnoreNotifications) || self.locked_up {
            return Heard::Ignored("notifications are switched off".into());
        }
        self.take_over_secrets();
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
        if self.switches.on(Switch::CutTrigger) {
            let head = judged.trigger.server_id.len().saturating_add(8);
            judged.trigger.body.truncate(255usize.saturating_sub(head));
        }
        let whole = &account.server_nonce;
        let nonce = match whole.split(|octet| *octet == 0).next() {
            Some(cut) if self.switches.on(Switch::CutNonce) => cut,
            _ => whole,
        };
        let stored = account.has_signed(&judged, nonce);
        if self.switches.on(Switch::LockUpOnDefaultNonce) && !stored && account.has_signed(&judged, &DEFAULT_NONCE) {
            self.locked_up = true;
        }
        let resynchronises = !stored
            && !self.switches.on(Switch::NoResync)
            && account.server_auth == AuthScheme::Md5
            && account.has_signed(&judged, &DEFAULT_NONCE);
        let right = stored || resynchronises;
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
        if trigger.ui_mode == ASKS_USER && !self.user_lets_it_start() {
            return Heard::Ignored("the user does not let the session start".into());
        }
        self.taken.push(key);
        self.resynchronising = resynchronises.then_some(index);
        let opened = if self.switches.on(Switch::FirstAccountAlways) { 0 } else { index };
        Heard::Start(opened, trigger.session_id)
    }

    /// What the user says to a session that the server wants the user asked about.
    fn user_lets_it_start(&self) -> bool {
        if self.switches.on(Switch::NeverAskUser) {
            return false;
        }
        let asked = self.choices.terminal.user_asked == UserAsked::Asked;
        !asked || self.user == User::Agrees || self.switches.on(Switch::IgnoreUserSaysNo)
    }

    fn read(&self, octets: &[u8]) -> Result<Package0, String> {
        let pushed = self.switches.on(Switch::PushOverChannel).then(|| Framing::Wsp.read(octets).ok()).flatten();
        match pushed.map_or_else(|| self.framing().read(octets), Ok) {
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
            Err(error) => Err(error),
        }
    }

    /// How notifications are framed, for whichever account they are.
    pub fn framing(&self) -> Framing {
        self.accounts.first().map(|account| account.form.framing).unwrap_or_default()
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
}
