//! The nonces that harness and DUT go into their next session with.
//!
//! A DUT that lives on takes its nonces from session to session and from run to run. The harness follows them within a
//! run, and from one to the next in a file, if the DUT file names one. Where it has lost them, credentials do not fit,
//! and that says nothing about the DUT: what then fails is not held against it ([`Fit`]).

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dmsc_engine::account::Account;
use dmsc_engine::event::Event;
use dmsc_scr::Verdict;
use dmsc_uicc::hex::{from_hex, to_hex};
use serde::Deserialize;
use serde_json::Value;

use crate::execute::CaseResult;

/// Nonces, and whether the DUT is known to go by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nonces {
    pub(crate) server: Vec<u8>,
    pub(crate) client: Vec<u8>,
    /// A session has shown it, and none since may have left others behind.
    pub(crate) shown: bool,
}

impl Nonces {
    /// Those of an account, of which nothing was shown yet.
    pub(crate) fn of(account: &Account) -> Nonces {
        Nonces { server: account.server_nonce.clone(), client: account.client_nonce.clone(), shown: false }
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

    /// The nonces that were kept. Without any the DUT was just provisioned with those of `account`; whether it was used
    /// since it was left, nobody can know.
    pub(crate) fn nonces(&self, account: &Account) -> Nonces {
        match self.kept.clone() {
            Some((server, client)) => Nonces { server, client, shown: false },
            None => Nonces { shown: true, ..Nonces::of(account) },
        }
    }

    /// Keeps nonces. The file has the old ones or the new ones, whatever happens meanwhile.
    ///
    /// # Errors
    /// Why it cannot be written, in words.
    pub(crate) fn keep(&self, dut: &str, nonces: &Nonces) -> Result<(), String> {
        let mut text = format!("# The nonces with which {dut:?} goes into its next session; dmsc writes them.\n");
        for (name, nonce) in [("server_nonce", &nonces.server), ("client_nonce", &nonces.client)] {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{name}: '{}'", to_hex(nonce));
        }
        self.replace(&text).map_err(|error| format!("the nonces cannot be kept in {}: {error}", self.path.display()))
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let fresh = folder.join(format!(".{name}.{}", std::process::id()));
        let mut file = std::fs::File::create(&fresh)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&fresh, &self.path)
    }
}

/// What a session showed of the nonces it began with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Whether the first credentials of the DUT were right.
    first: Option<bool>,
    /// The harness has sent a notification.
    asked: bool,
    /// The DUT has said something in a DM session.
    came: bool,
    /// Anybody has.
    session: bool,
}

impl Fit {
    /// Takes note of a message.
    pub(crate) fn note(&mut self, event: &Event) {
        let judged = match (&*event.kind, event.heard) {
            ("notification", false) => {
                self.asked = true;
                return;
            }
            ("dm.message", false) => {
                self.session = true;
                return;
            }
            ("notification", true) => "digest",
            ("dm.message", true) => {
                (self.came, self.session) = (true, true);
                "credentials"
            }
            _ => return,
        };
        if self.first.is_none() {
            self.first = match event.fields.get(judged).and_then(Value::as_str) {
                Some("valid") => Some(true),
                Some("wrong") => Some(false),
                _ => None,
            };
        }
    }

    /// Whether what the session lacks may be for want of the right nonces: the DUT's credentials did not fit, or it did
    /// not follow a notification, which it may have taken for another's.
    fn is_doubtful(self) -> bool {
        self.first == Some(false) || (self.first.is_none() && self.asked && !self.came)
    }

    /// Takes a fail back where the nonces may be at fault, and says what came of the case for the next: whether the DUT
    /// is known to go by the nonces that the session left.
    pub(crate) fn weigh(self, result: &mut CaseResult, shown: bool) -> bool {
        if self.is_doubtful() && !shown && matches!(result.verdict, Verdict::Fail | Verdict::Inconclusive) {
            result.verdict = Verdict::Inconclusive;
            result.stale = true;
            result.reason.push_str(DOUBT);
        }
        let in_good_order = result.verdict == Verdict::Pass && result.interrupted.is_none();
        // Without a session nonces stay as they are.
        (shown || self.first == Some(true)) && (in_good_order || !self.session)
    }
}

/// Why a fail is none, and what to do about it.
const DOUBT: &str = "; not held against the DUT, which may have other nonces than its DUT file says: no session has \
                     shown yet that it goes by these. Let `nonces: FILE` keep them from run to run, or a `reset` bring \
                     the DUT back to those of the file";

#[cfg(test)]
mod tests {
    use dmsc_engine::event::Actor;
    use dmsc_link::Time;
    use serde_json::json;

    use super::*;

    fn event(kind: &'static str, heard: bool, fields: Value) -> Event {
        let (at, from) = (Time::ZERO, Actor::Server);
        Event { at, from, kind: kind.into(), fields: fields.into(), octets: Vec::new(), heard, wants_answer: false }
    }

    fn weighed(events: &[Event], verdict: Verdict, shown: bool) -> (Verdict, bool) {
        let mut fit = Fit::default();
        events.iter().for_each(|event| fit.note(event));
        let mut result = CaseResult { verdict, ..CaseResult::error(String::new()) };
        let shown = fit.weigh(&mut result, shown);
        assert_eq!(result.reason.contains("nonces: FILE"), result.verdict != verdict);
        (result.verdict, shown)
    }

    #[test]
    fn a_fail_counts_once_the_nonces_were_seen_to_fit() {
        let digest = |digest: &str| event("notification", true, json!({ "digest": digest }));
        let (right, wrong) = (digest("valid"), digest("wrong"));
        assert_eq!(weighed(std::slice::from_ref(&wrong), Verdict::Fail, false), (Verdict::Inconclusive, false));
        assert_eq!(weighed(std::slice::from_ref(&wrong), Verdict::Fail, true), (Verdict::Fail, true));
        // They fitted when the session began; that they do not later on is the DUT's doing.
        assert_eq!(weighed(&[right.clone(), wrong], Verdict::Fail, false), (Verdict::Fail, true));
        assert_eq!(weighed(&[right], Verdict::Pass, false), (Verdict::Pass, true));
        assert_eq!(weighed(&[], Verdict::Fail, false), (Verdict::Fail, false));
        assert_eq!(weighed(&[], Verdict::Pass, false), (Verdict::Pass, false));
        assert_eq!(weighed(&[], Verdict::Pass, true), (Verdict::Pass, true));
    }

    #[test]
    fn a_client_that_does_not_come_may_have_other_nonces() {
        let sent = event("notification", false, Value::Null);
        let came = |credentials: &str| event("dm.message", true, json!({ "credentials": credentials }));
        assert_eq!(weighed(std::slice::from_ref(&sent), Verdict::Fail, false), (Verdict::Inconclusive, false));
        assert_eq!(weighed(std::slice::from_ref(&sent), Verdict::Fail, true), (Verdict::Fail, true));
        // A session that did not go as it should may leave any nonces behind.
        assert_eq!(weighed(&[sent.clone(), came("valid")], Verdict::Fail, true), (Verdict::Fail, false));
        assert_eq!(weighed(&[sent.clone(), came("none")], Verdict::Fail, false), (Verdict::Fail, false));
        assert_eq!(weighed(&[sent.clone(), came("wrong")], Verdict::Fail, false), (Verdict::Inconclusive, false));
        assert_eq!(weighed(&[sent, came("valid")], Verdict::Pass, false), (Verdict::Pass, true));
    }

    #[test]
    fn nonces_are_kept_in_a_file() {
        let path = std::env::temp_dir().join(format!("dmsc-nonces-{}.yaml", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let file = NonceFile::open(path.clone()).unwrap();
        let account = Account { server_nonce: vec![7], client_nonce: vec![8], ..crate::dut::Ixit::default().account };
        assert_eq!(file.nonces(&account), Nonces { server: vec![7], client: vec![8], shown: true });
        let nonces = Nonces { server: vec![1, 2], client: vec![0xFF], shown: false };
        file.keep("our applet", &nonces).unwrap();
        assert_eq!(NonceFile::open(path.clone()).unwrap().nonces(&account), nonces);
        for wrong in ["server_nonce: '01'", "server_nonce: '0'\nclient_nonce: ''", "[]"] {
            std::fs::write(&path, wrong).unwrap();
            assert!(NonceFile::open(path.clone()).is_err(), "{wrong}");
        }
        std::fs::remove_file(&path).unwrap();
        let nowhere = NonceFile::open("/no-such-folder/nonces.yaml".into()).unwrap();
        assert!(nowhere.keep("x", &Nonces::default()).unwrap_err().contains("/no-such-folder/nonces.yaml"));
    }
}
