//! How a notification is written where the documents leave it open: what stands before Package#0 in channel data, and
//! whose name its digest is made with.

use dmsc_dm::package0::{EncodeError, Package0, Trigger};
use dmsc_uicc::sms::WspPush;

use crate::account::Account;

/// What stands before Package#0 in the data of a channel (DM_SC 7.1, DMNOTI 6 and 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Nothing.
    #[default]
    Bare,
    /// The header of a connectionless WSP push, as on the SMS bearer.
    Wsp,
}

/// Whose name is in the digest (DMNOTI 6, DMSTDOBJ 5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedAs {
    /// The ServerID in the notification.
    #[default]
    ServerId,
    /// The AAuthName of the account.
    AuthName,
}

/// How notifications are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TriggerForm {
    /// What stands before Package#0.
    pub framing: Framing,
    /// Whose name is in the digest.
    pub signed_as: SignedAs,
}

/// The transaction identifier of the pushes that are sent.
const TRANSACTION: u8 = 1;

impl Framing {
    /// Package#0 with what stands before it.
    pub fn framed(self, package0: Vec<u8>) -> Vec<u8> {
        match self {
            Framing::Bare => package0,
            Framing::Wsp => WspPush::notification(TRANSACTION, &package0).encode(),
        }
    }

    /// Reads a notification.
    ///
    /// # Errors
    /// Why the octets are none, in words.
    pub fn read(self, octets: &[u8]) -> Result<Package0, String> {
        let package0 = match self {
            Framing::Bare => Package0::parse(octets),
            Framing::Wsp => {
                let push = WspPush::parse(octets).map_err(|error| format!("no WSP push: {error}"))?;
                if !push.is_notification() {
                    return Err("a WSP push of another content or for another application".into());
                }
                Package0::parse(&push.body)
            }
        };
        package0.map_err(|error| error.to_string())
    }
}

/// The octets that stand before Package#0 in a notification, however it is framed.
pub(crate) fn header_length(octets: &[u8]) -> usize {
    match WspPush::parse(octets) {
        Ok(push) if push.is_notification() => octets.len().saturating_sub(push.body.len()),
        _ => 0,
    }
}

impl Account {
    /// Whether the digest of a notification was made by this account's server, over `nonce`.
    pub fn has_signed(&self, package0: &Package0, nonce: &[u8]) -> bool {
        package0.verify_as(self.signer(&package0.trigger), self.server_secret.as_bytes(), nonce)
    }

    /// A notification whose digest is over `secret` and `nonce`.
    ///
    /// # Errors
    /// [`EncodeError`] if a field does not fit its bits.
    pub fn signed(&self, trigger: Trigger, secret: &[u8], nonce: &[u8]) -> Result<Package0, EncodeError> {
        let name = self.signer(&trigger).to_vec();
        trigger.sign_as(&name, secret, nonce)
    }

    fn signer<'a>(&'a self, trigger: &'a Trigger) -> &'a [u8] {
        match self.form.signed_as {
            SignedAs::ServerId => &trigger.server_id,
            SignedAs::AuthName => self.server_name().as_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use dmsc_octets::from_hex;

    use super::*;

    /// A trigger of the server "dmsc".
    const BARE: &str = "82F9F74E1F3F40044BC83453DBF49D1B 02D8000000 00A5 04 646D7363";

    #[test]
    fn a_push_header_is_put_before_and_taken_away() {
        let bare = from_hex(BARE).unwrap();
        let framed = Framing::Wsp.framed(bare.clone());
        assert_eq!(framed, from_hex(&format!("010603C4AF87{BARE}")).unwrap());
        assert_eq!(Framing::Bare.framed(bare.clone()), bare);
        let package0 = Framing::Bare.read(&bare).unwrap();
        assert_eq!(Framing::Wsp.read(&framed), Ok(package0));
        assert_eq!((header_length(&bare), header_length(&framed)), (0, 6));
    }

    #[test]
    fn what_is_framed_otherwise_is_refused_with_the_reason() {
        let error = |octets: &str| Framing::Wsp.read(&from_hex(octets).unwrap()).unwrap_err();
        assert!(error(BARE).starts_with("no WSP push: "), "{}", error(BARE));
        assert!(error("010603C3AF87").contains("another content"));
        assert!(error("010603C4AF8782F9").contains("ends inside digest"));
    }
}
