//! The nonces that harness and DUT go into their next session with.
//!
//! A DUT that lives on takes its nonces from session to session and from run to run. The harness follows them within a
//! run, and from one to the next in a file, if the DUT file names one. Where it has lost them, credentials do not fit,
//! and that says nothing about the DUT: what then fails is not held against it ([`Fit`]).

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dmsc_engine::account::{Account, AuthScheme};
use dmsc_engine::event::{Actor, Event};
use dmsc_scr::Verdict;
use dmsc_uicc::hex::{from_hex, to_hex};
use serde::Deserialize;
use serde_json::Value;

use crate::execute::CaseResult;

/// Nonces, and whether the DUT is known to go by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nonces {
    /// That of the server, over which it signs notifications and proves itself.
    pub(crate) server: Nonce,
    /// That of the client.
    pub(crate) client: Nonce,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nonce {
    pub(crate) octets: Vec<u8>,
    /// A session has shown that the DUT goes by it, and none since may have left another behind.
    pub(crate) shown: bool,
}

impl Nonces {
    /// Those of an account; `shown` says whether they are known to be in force.
    pub(crate) fn of(account: &Account, shown: bool) -> Nonces {
        let nonce = |octets: &[u8]| Nonce { octets: octets.to_owned(), shown };
        Nonces { server: nonce(&account.server_nonce), client: nonce(&account.client_nonce) }
    }

    /// The same, of which nothing is known.
    pub(crate) fn in_doubt(mut self) -> Nonces {
        (self.server.shown, self.client.shown) = (false, false);
        self
    }
}

/// A file in which the nonces of a DUT are kept from one run to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonceFile {
    path: PathBuf,
    /// What stood in it, of the server and of the client.
    kept: Option<(Vec<u8>, Vec<u8>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    server_nonce: String,
    client_nonce: String,
}

impl NonceFile {
    /// Reads the file; one that is not there has kept nothing yet.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub(crate) fn open(path: PathBuf) -> Result<NonceFile, String> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(NonceFile { path, kept: None }),
            Err(error) => return Err(error.to_string()),
        };
        let Kept { server_nonce, client_nonce } = serde_yaml::from_str(&text).map_err(|error| error.to_string())?;
        let nonce = |text: &str| from_hex(text).map_err(|error| error.to_string());
        Ok(NonceFile { kept: Some((nonce(&server_nonce)?, nonce(&client_nonce)?)), path })
    }

    /// The file as it is by now.
    pub(crate) fn anew(&self) -> NonceFile {
        // What went wrong since it was read shows when it is written.
        NonceFile::open(self.path.clone()).unwrap_or_else(|_| self.clone())
    }

    /// The nonces that were kept. Without any the DUT was just provisioned with those of `account`; whether it was used
    /// since it was left, nobody can know.
    pub(crate) fn nonces(&self, account: &Account) -> Nonces {
        let nonce = |octets: &[u8]| Nonce { octets: octets.to_owned(), shown: false };
        match &self.kept {
            Some((server, client)) => Nonces { server: nonce(server), client: nonce(client) },
            None => Nonces::of(account, true),
        }
    }

    /// Keeps nonces, unless it has them already. The file has the old ones or the new ones, whatever happens meanwhile.
    ///
    /// # Errors
    /// Why it cannot be written, in words.
    pub(crate) fn keep(&mut self, dut: &str, nonces: &Nonces) -> Result<(), String> {
        let kept = (nonces.server.octets.clone(), nonces.client.octets.clone());
        if self.kept.as_ref() == Some(&kept) {
            return Ok(());
        }
        let mut text = format!("# The nonces with which {dut:?} goes into its next session; dmsc writes them.\n");
        for (name, nonce) in [("server_nonce", &kept.0), ("client_nonce", &kept.1)] {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{name}: '{}'", to_hex(nonce));
        }
        self.replace(&text)
            .map_err(|error| format!("the nonces cannot be kept in {}: {error}", self.path.display()))?;
        self.kept = Some(kept);
        Ok(())
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let fresh = folder.join(format!(".{name}.{}", std::process::id()));
        let written = std::fs::File::create(&fresh).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| std::fs::rename(&fresh, &self.path)).inspect_err(|_| drop(std::fs::remove_file(&fresh)))
    }
}

/// What a session showed of the nonces it began with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Whether the first credentials over each nonce were right, on either side.
    server: Option<bool>,
    client: Option<bool>,
    /// Credentials of the server, and of the client, are over its nonce.
    server_md5: bool,
    client_md5: bool,
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

impl Fit {
    /// Nothing was shown yet; `account` says which credentials have a nonce in them.
    pub(crate) fn new(account: Option<&Account>) -> Fit {
        let md5 = |scheme: fn(&Account) -> AuthScheme| account.is_some_and(|a| scheme(a) == AuthScheme::Md5);
        Fit { server_md5: md5(|a| a.server_auth), client_md5: md5(|a| a.client_auth), ..Fit::default() }
    }

    /// The harness sends a notification.
    pub(crate) fn asks(&mut self) {
        self.asked = true;
    }

    /// Takes note of a message.
    pub(crate) fn note(&mut self, event: &Event) {
        match (&*event.kind, event.heard) {
            ("notification", true) => self.server = self.server.or(is_right(event, "digest")),
            ("dm.message", true) => self.hear(event),
            ("dm.message", false) => {
                (self.session, self.unanswered) = (true, event.from == Actor::Client);
                self.proved = event.fields.get("cred").is_some_and(|cred| !cred.is_null());
                self.refused |= accepted(event) == Some(false);
            }
            _ => {}
        }
    }

    fn hear(&mut self, event: &Event) {
        let given = self.refused;
        (self.came, self.session, self.unanswered) = (true, true, false);
        let (own, own_md5, ours, ours_md5) = match event.from {
            Actor::Server => (&mut self.server, self.server_md5, &mut self.client, self.client_md5),
            _ => (&mut self.client, self.client_md5, &mut self.server, self.server_md5),
        };
        let credentials = is_right(event, "credentials").filter(|_| own_md5);
        *own = own.or(credentials);
        self.stubborn |= given && credentials == Some(false);
        // What it says of ours, if it had any.
        let accepted = accepted(event);
        if self.proved && ours_md5 {
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
    fn is_doubtful(self, nonces: &Nonces) -> bool {
        let unfollowed = self.asked && !self.came;
        let server = (self.server == Some(false) || unfollowed) && !nonces.server.shown;
        let client = self.client == Some(false) && !nonces.client.shown;
        (server || client) && !self.stubborn
    }

    /// Takes a fail back where the nonces, of which so much was known, may be at fault. `kept` says whether a file keeps
    /// them.
    pub(crate) fn weigh(self, result: &mut CaseResult, nonces: &Nonces, kept: bool) {
        if self.is_doubtful(nonces) && matches!(result.verdict, Verdict::Fail | Verdict::Inconclusive) {
            result.verdict = Verdict::Inconclusive;
            result.stale = true;
            result.reason.push_str("; the DUT may have other nonces");
            let remedy = if kept { AGAIN } else { KEEP };
            result.remarks.push(format!("{DOUBT}; {remedy}"));
        }
    }

    /// What is known of the nonces behind a session, of which `before` is what was known at its beginning. `orderly` says
    /// that it went as it should and came to its end.
    pub(crate) fn known(self, before: &Nonces, orderly: bool) -> (bool, bool) {
        // Without a session nonces stay as they are.
        let sure = !self.session || (orderly && !self.unanswered && !self.refused);
        let known = |shown: bool, fit: Option<bool>| sure && fit.unwrap_or(shown);
        (known(before.server.shown, self.server), known(before.client.shown, self.client))
    }
}

fn is_right(event: &Event, field: &str) -> Option<bool> {
    match event.fields.get(field).and_then(Value::as_str) {
        Some("valid") => Some(true),
        Some("wrong") => Some(false),
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

/// Why a fail is none.
const DOUBT: &str = "not held against the DUT: credentials do not fit, or it does not follow a notification, and no \
                     session has shown yet that it goes by the nonces that the harness has";
/// What to do about it.
const KEEP: &str = "let `nonces: FILE` keep them from run to run, or a `reset` bring the DUT back to those of its file";
const AGAIN: &str = "provision the DUT with the nonces of its DUT file, and remove the file that keeps them";

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
        crate::dut::Ixit::default().account
    }

    /// What a fail comes to behind these messages, and what is known behind a pass.
    fn seen(asked: bool, events: &[Event], shown: bool) -> (Verdict, (bool, bool)) {
        let mut fit = Fit::new(Some(&account()));
        if asked {
            fit.asks();
        }
        events.iter().for_each(|event| fit.note(event));
        let before = Nonces::of(&account(), shown);
        let mut result = CaseResult { verdict: Verdict::Fail, ..CaseResult::error(String::new()) };
        fit.weigh(&mut result, &before, false);
        assert_eq!(result.stale, result.verdict == Verdict::Inconclusive);
        assert_eq!(result.remarks.iter().any(|remark| remark.contains("nonces: FILE")), result.stale);
        (result.verdict, fit.known(&before, true))
    }

    const FAIL: Verdict = Verdict::Fail;
    const DOUBTED: Verdict = Verdict::Inconclusive;

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
        let mut fit = Fit::new(Some(&Account { client_auth: AuthScheme::Basic, ..account() }));
        fit.note(&event(Actor::Client, "dm.message", true, json!({ "credentials": "wrong" })));
        let mut result = CaseResult { verdict: FAIL, ..CaseResult::error(String::new()) };
        fit.weigh(&mut result, &Nonces::of(&account(), false), true);
        assert_eq!((result.verdict, result.stale), (FAIL, false));
    }

    #[test]
    fn nonces_are_kept_in_a_file() {
        let path = std::env::temp_dir().join(format!("dmsc-nonces-{}.yaml", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mut file = NonceFile::open(path.clone()).unwrap();
        assert_eq!(file.nonces(&account()), Nonces::of(&account(), true));
        let account = Account { server_nonce: vec![1, 2], client_nonce: vec![0xFF], ..account() };
        let nonces = Nonces::of(&account, false);
        file.keep("our applet", &nonces).unwrap();
        assert_eq!(NonceFile::open(path.clone()).unwrap().nonces(&self::account()), nonces);
        for wrong in ["server_nonce: '01'", "server_nonce: '0'\nclient_nonce: ''", "[]"] {
            std::fs::write(&path, wrong).unwrap();
            assert!(NonceFile::open(path.clone()).is_err(), "{wrong}");
        }
        std::fs::remove_file(&path).unwrap();
        let mut nowhere = NonceFile::open("/no-such-folder/nonces.yaml".into()).unwrap();
        assert!(nowhere.keep("x", &nonces).unwrap_err().contains("/no-such-folder/nonces.yaml"));
    }
}
