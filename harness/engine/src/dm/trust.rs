//! Rules of trust in DM sessions: what a session shows of the nonces that it began with, who was challenged, and what of
//! a message is about credentials (DMSEC 5.3, DMREP 10, DMPRO 9).
//!
//! A DUT that lives on takes its nonces from session to session. Where the harness has lost them, credentials do not fit,
//! and that says nothing about the DUT. The rules say what may be so; what becomes of a verdict is for the runner.

use serde_json::{Map, Value};

use crate::account::{Account, AuthScheme};
use crate::event::{Actor, Event};

/// Nonces, and whether the DUT is known to go by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nonces {
    /// That of the server, over which it signs notifications and proves itself.
    pub server: Nonce,
    /// That of the client.
    pub client: Nonce,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nonce {
    /// Its octets.
    pub octets: Vec<u8>,
    /// A session has shown that the DUT goes by it, and none since may have left another behind.
    pub shown: bool,
}

impl Nonces {
    /// Those of an account; `shown` says whether they are known to be in force.
    pub fn of(account: &Account, shown: bool) -> Nonces {
        let nonce = |octets: &[u8]| Nonce { octets: octets.to_owned(), shown };
        Nonces { server: nonce(&account.server_nonce), client: nonce(&account.client_nonce) }
    }

    /// The same, of which nothing is known.
    pub fn in_doubt(mut self) -> Nonces {
        (self.server.shown, self.client.shown) = (false, false);
        self
    }
}

/// What a session showed of the nonces it began with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NonceTrust {
    /// Whether the first credentials over each nonce were right, on either side.
    server: Option<bool>,
    client: Option<bool>,
    /// Credentials of the server, and of the client, are over its nonce.
    server_nonce: bool,
    client_nonce: bool,
    /// The harness has sent a notification.
    asked: bool,
    /// The DUT has said something in a DM session.
    came: bool,
    /// There was a DM session.
    session: bool,
    /// The last message of the harness's in it had credentials.
    proved: bool,
    /// The last message in it was the harness's, as the client.
    unanswered: bool,
    /// One side has refused the other's credentials. Whether a nonce given then outlives the session, the documents
    /// leave to be read either way.
    refused: bool,
    /// The DUT's credentials were wrong again after the harness had given it a nonce: that is the DUT's doing.
    stubborn: bool,
}

impl NonceTrust {
    /// Nothing was shown yet; `account` says which credentials have a nonce in them.
    pub fn new(account: Option<&Account>) -> NonceTrust {
        let over_nonce = |scheme: fn(&Account) -> AuthScheme| {
            account.is_some_and(|a| matches!(scheme(a), AuthScheme::Md5 | AuthScheme::Mac))
        };
        NonceTrust {
            server_nonce: over_nonce(|a| a.server_auth),
            client_nonce: over_nonce(|a| a.client_auth),
            ..NonceTrust::default()
        }
    }

    /// The harness sends a notification.
    pub fn asks(&mut self) {
        self.asked = true;
    }

    /// Takes note of a message.
    pub fn note(&mut self, event: &Event) {
        match (&*event.kind, event.heard) {
            ("notification", true) => self.server = self.server.or(is_right(event, "digest")),
            ("dm.message", true) => self.hear(event),
            ("dm.message", false) => {
                (self.session, self.unanswered) = (true, event.from == Actor::Client);
                self.proved = ["cred", "mac"].iter().any(|one| event.fields.get(*one).is_some_and(|it| !it.is_null()));
                self.refused |= accepted(event) == Some(false);
            }
            _ => {}
        }
    }

    fn hear(&mut self, event: &Event) {
        let given = self.refused;
        (self.came, self.session, self.unanswered) = (true, true, false);
        let (own, own_nonce, ours, our_nonce) = match event.from {
            Actor::Server => (&mut self.server, self.server_nonce, &mut self.client, self.client_nonce),
            _ => (&mut self.client, self.client_nonce, &mut self.server, self.server_nonce),
        };
        let credentials = is_right(event, "credentials").filter(|_| own_nonce);
        *own = own.or(credentials);
        self.stubborn |= given && credentials == Some(false);
        // What it says of ours, if it had any.
        let accepted = accepted(event);
        if self.proved && our_nonce {
            *ours = ours.or(accepted);
        }
        self.refused |= accepted == Some(false);
        // It follows a notification only if that was right.
        if event.from == Actor::Client && self.asked {
            self.server = self.server.or(Some(true));
        }
    }

    /// Whether what the session lacks may be for want of the right nonces, where nothing is known of them: credentials
    /// did not fit, or the DUT did not follow a notification, which it may have taken for another's.
    pub fn is_doubtful(self, nonces: &Nonces) -> bool {
        let unfollowed = self.asked && !self.came;
        let server = (self.server == Some(false) || unfollowed) && !nonces.server.shown;
        let client = self.client == Some(false) && !nonces.client.shown;
        (server || client) && !self.stubborn
    }

    /// What is known of the nonces after a session, of which `before` is what was known at its beginning. `orderly` says
    /// that it went as it should and came to its end.
    pub fn known(self, before: &Nonces, orderly: bool) -> (bool, bool) {
        // Without a session nonces stay as they are.
        let sure = !self.session || (orderly && !self.unanswered && !self.refused);
        let known = |shown: bool, fit: Option<bool>| sure && fit.unwrap_or(shown);
        (known(before.server.shown, self.server), known(before.client.shown, self.client))
    }
}

fn is_right(event: &Event, field: &str) -> Option<bool> {
    match event.fields.get(field).and_then(Value::as_str) {
        Some("valid") => Some(true),
        Some("wrong" | "replaced-nonce") => Some(false),
        _ => None,
    }
}

/// Whether a message says that the other side's credentials were right (DMREP 10).
fn accepted(event: &Event) -> Option<bool> {
    match event.fields.get("status")?.get("SyncHdr")?.as_u64()? {
        200 | 212 => Some(true),
        401 | 407 => Some(false),
        _ => None,
    }
}

/// Whether a message is part of a round of challenge and not yet of what follows it (DMPRO 9): a client's Package#1
/// without the credentials that its account asks for, which the server challenges, so that the client sends it again; or
/// a server's challenge, which the client answers in the same way.
pub fn is_of_challenge(event: &Event, account: Option<&Account>) -> bool {
    if event.kind != "dm.message" || !event.heard {
        return false;
    }
    if event.from == Actor::Server {
        return accepted(event) == Some(false);
    }
    event.fields.get("package").and_then(Value::as_u64) == Some(1)
        && account.is_some_and(|account| account.client_auth != AuthScheme::None)
        && event.fields.get("credentials").and_then(Value::as_str).is_some_and(|found| found != "valid")
}

/// Whether fields that are compared or set are about credentials: a Cred, a MAC, a Chal, what they were found to be, or the
/// code of the Status that answers a SyncHdr.
pub fn concerns_credentials(fields: &Map<String, Value>) -> bool {
    let of_header = ["of", "name"].iter().any(|name| fields.get(*name).and_then(Value::as_str) == Some(SYNC_HDR));
    if of_header && ["code", "data"].iter().any(|name| fields.contains_key(*name)) {
        return true;
    }
    fields.iter().any(|(name, value)| {
        matches!(name.as_str(), "cred" | "credentials" | "chal" | "mac" | SYNC_HDR) || is_about_credentials(value)
    })
}

fn is_about_credentials(value: &Value) -> bool {
    match value {
        Value::Object(fields) => concerns_credentials(fields),
        Value::Array(elements) => elements.iter().any(is_about_credentials),
        _ => false,
    }
}

/// What a Status that judges credentials names as the command it answers (DMREPPRO Status).
const SYNC_HDR: &str = "SyncHdr";

#[cfg(test)]
mod tests {
    use dmsc_link::Time;
    use serde_json::json;

    use super::*;

    fn event(from: Actor, kind: &'static str, heard: bool, fields: Value) -> Event {
        let at = Time::ZERO;
        Event { at, from, kind: kind.into(), fields: fields.into(), octets: Vec::new(), heard, wants_answer: false }
    }

    fn account() -> Account {
        Account {
            server_id: "dmsc.example.com".into(),
            address: "http://127.0.0.1:3516/OMA/DM".into(),
            auth_name: None,
            server_secret: "s".into(),
            server_nonce: vec![1; 16],
            server_auth: AuthScheme::Md5,
            client_name: "client1".into(),
            client_secret: "c".into(),
            client_nonce: vec![2; 16],
            client_auth: AuthScheme::Md5,
            form: crate::trigger_form::TriggerForm::default(),
            psk: crate::account::Psk::default(),
            certificates: crate::account::Certificates::default(),
        }
    }

    /// Whether what a session with these messages lacks may be for want of the nonces, and what is known after a pass.
    fn seen(asked: bool, events: &[Event], shown: bool) -> (bool, (bool, bool)) {
        let mut trust = NonceTrust::new(Some(&account()));
        if asked {
            trust.asks();
        }
        events.iter().for_each(|event| trust.note(event));
        let before = Nonces::of(&account(), shown);
        (trust.is_doubtful(&before), trust.known(&before, true))
    }

    /// What a miss is then held to be.
    const FAIL: bool = false;
    const DOUBTED: bool = true;

    #[test]
    fn a_card_is_judged_once_its_nonces_were_seen_to_fit() {
        let digest = |digest: &str| event(Actor::Server, "notification", true, json!({ "digest": digest }));
        let ours = || event(Actor::Client, "dm.message", false, json!({ "cred": { "data": "x" } }));
        let answer = |credentials: &str, code: u16| {
            let fields = json!({ "credentials": credentials, "status": { "SyncHdr": code } });
            event(Actor::Server, "dm.message", true, fields)
        };
        assert_eq!(seen(false, &[digest("wrong")], false), (DOUBTED, (false, false)));
        assert_eq!(seen(false, &[digest("wrong")], true), (FAIL, (false, true)));
        // It was right when the session began; that it is not later on is the card's doing.
        assert_eq!(seen(false, &[digest("valid"), digest("wrong")], false), (FAIL, (true, false)));
        // The digest fits, and our credentials do not: there are two nonces.
        let refused = [digest("valid"), ours(), answer("valid", 401)];
        assert_eq!(seen(false, &refused, false), (DOUBTED, (false, false)));
        assert_eq!(seen(false, &refused, true), (FAIL, (false, false)));
        assert_eq!(seen(false, &[digest("valid"), ours(), answer("valid", 212)], false), (FAIL, (true, true)));
        // Unread, the answer to our last message may have brought a nonce.
        assert_eq!(seen(false, &[digest("valid"), ours()], true), (FAIL, (false, false)));
        assert_eq!(seen(false, &[], false), (FAIL, (false, false)));
        assert_eq!(seen(false, &[], true), (FAIL, (true, true)));
    }

    #[test]
    fn a_client_that_does_not_come_may_have_other_nonces() {
        let came = |fields: Value| event(Actor::Client, "dm.message", true, fields);
        let said =
            |code: u16| event(Actor::Server, "dm.message", false, json!({ "cred": {}, "status": { "SyncHdr": code } }));
        assert_eq!(seen(true, &[], false).0, DOUBTED);
        assert_eq!(seen(true, &[], true).0, FAIL);
        assert_eq!(seen(false, &[], false).0, FAIL);
        let (valid, wrong) = (json!({ "credentials": "valid" }), json!({ "credentials": "wrong" }));
        assert_eq!(seen(true, &[came(valid.clone())], false), (FAIL, (true, true)));
        assert_eq!(seen(true, &[came(json!({ "credentials": "none" }))], false), (FAIL, (true, false)));
        assert_eq!(seen(true, &[came(wrong.clone())], false), (DOUBTED, (true, false)));
        // With the nonce that it was just given it has no excuse.
        assert_eq!(seen(true, &[came(wrong.clone()), said(407), came(wrong)], false).0, FAIL);
        let refusal = json!({ "credentials": "valid", "status": { "SyncHdr": 401 } });
        assert_eq!(seen(false, &[came(valid), said(212), came(refusal)], false).0, DOUBTED);
    }

    #[test]
    fn credentials_without_a_nonce_say_nothing_of_it() {
        let mut trust = NonceTrust::new(Some(&Account { client_auth: AuthScheme::Basic, ..account() }));
        trust.note(&event(Actor::Client, "dm.message", true, json!({ "credentials": "wrong" })));
        assert!(!trust.is_doubtful(&Nonces::of(&account(), false)));
    }

    #[test]
    fn fields_about_credentials_are_known_by_what_they_are() {
        let about = |value: Value| concerns_credentials(value.as_object().unwrap());
        assert!(about(json!({ "credentials": "valid" })));
        assert!(about(json!({ "status": { "SyncHdr": 212 } })));
        assert!(about(json!({ "statuses": { "contains": [{ "of": "SyncHdr", "code": 212 }] } })));
        assert!(about(json!({ "one_of": [{ "cred": "absent" }] })));
        assert!(!about(json!({ "source_name": "credentials", "status": { "Alert": 200 } })));
        assert!(!about(json!({ "statuses": { "contains": [{ "of": "SyncHdr", "cmd_ref": "0" }] } })));
    }

    #[test]
    fn rounds_of_challenge_are_known() {
        let said = |from, fields| is_of_challenge(&event(from, "dm.message", true, fields), Some(&account()));
        assert!(said(Actor::Client, json!({ "package": 1, "credentials": "none" })));
        assert!(!said(Actor::Client, json!({ "package": 1, "credentials": "valid" })));
        assert!(!said(Actor::Client, json!({ "package": 3, "credentials": "none" })));
        assert!(!said(Actor::Server, json!({ "package": 1, "credentials": "none" })));
        assert!(said(Actor::Server, json!({ "status": { "SyncHdr": 407 } })));
        assert!(!said(Actor::Server, json!({ "status": { "SyncHdr": 212 } })));
        let free = Account { client_auth: AuthScheme::None, ..account() };
        let first = event(Actor::Client, "dm.message", true, json!({ "package": 1, "credentials": "none" }));
        assert!(!is_of_challenge(&first, Some(&free)) && !is_of_challenge(&first, None));
    }
}
