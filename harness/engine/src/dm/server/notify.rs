//! How a server alerts its client: the notification and its nonces (DMNOTI 5, 6).

use dmsc_dm::auth::DEFAULT_NONCE;
use dmsc_dm::package0::{Package0, Trigger, VERSION_1_1, session_id_text};
use serde_json::{Map, Value, json};

use super::DmServer;
use crate::account::Account;
use crate::choice::server::{Initiator, Resynchronises, SessionIds, UiMode, VendorBody};
use crate::dm::directive::DirectiveError;
use crate::messages::{Digest, shown};
use crate::switch::Switch;

impl DmServer {
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
        self.unanswered = self.unanswered.saturating_add(1);
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

    /// How the digest of a notification of the server's own is made: over the nonce of the account or, once notifications
    /// have brought no session, over the default one until the client has given another (DMNOTI 5).
    pub fn next_digest(&self) -> Digest {
        let patience = match self.choices.server.resynchronises {
            Resynchronises::AfterTwo => 2,
            Resynchronises::AfterOne => 1,
            Resynchronises::AfterThree => 3,
        };
        if self.resynchronising || self.unanswered >= patience { Digest::DefaultNonce } else { Digest::Valid }
    }

    /// Takes note of how the digest of the notification that goes out is made.
    pub fn signed_by(&mut self, digest: Digest) {
        self.resynchronising = digest == Digest::DefaultNonce;
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
}

/// A notification for a trigger, its digest made as asked.
///
/// # Errors
/// [`DirectiveError`] when a field does not fit its bits.
pub fn sign(trigger: Trigger, digest: Digest, account: &Account) -> Result<Package0, DirectiveError> {
    let secret = account.server_secret.as_bytes();
    let signed = match digest {
        Digest::Valid | Digest::ReplacedNonce | Digest::FirstNonce | Digest::Octets(_) => {
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
