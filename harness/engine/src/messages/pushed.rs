//! The bootstrap that a short message carries: a document in a push, with a MAC by which the device tells from whom it is
//! (DMBOOT, ProvBoot).

use dmsc_provision::protection::{Imsi, KeyError, Pin, Protection, Security};
use dmsc_provision::push::{Content, Push};
use dmsc_provision::smart_card::Kind;
use serde_json::Value;

use super::bootstrap::BootstrapWith;
use super::shape::Shape;
use super::value::{Edits, FieldValue, Removable, by_name, fields};
use crate::account::Account;
use crate::bootstrap::USER_PIN;

fields! {
    /// What is said of a bootstrap in a push.
    pub struct PushedWith = "sms.bootstrap" {
        /// What differs in the document; by itself it gives the account of the card as Client Provisioning.
        document: Box<BootstrapWith>,
        /// What the MAC is made with; `netwpin` unless given. Without one, for `null`, there is no MAC.
        security: Removable<Security>,
        /// The IMSI that the MAC is made with; that of the card unless given.
        imsi: String,
        /// The PIN of the user that the MAC is made with; 1357 unless given.
        pin: String,
        /// Edits of the whole push, MAC and all, in order.
        altered: Edits,
    }
}

impl PushedWith {
    /// The push, for a device whose card has this IMSI.
    ///
    /// # Errors
    /// The card has none that can be read and none is given, a key cannot be one, or an edit cannot be made; in words.
    pub fn push(&self, id: u8, account: &Account, imsi: Option<&Imsi>) -> Result<Vec<u8>, String> {
        let (kind, document) = self.document.clone().unwrap_or_default().document(account)?;
        let content = match kind {
            Kind::DeviceManagement => Content::DmMessage,
            Kind::ClientProvisioning | Kind::Other(_) => Content::Provisioning,
        };
        let protection = match self.security {
            Some(Removable::Removed) => None,
            Some(Removable::Set(security)) => Some(self.protection(security, imsi)?),
            None => Some(self.protection(Security::NetwPin, imsi)?),
        };
        let push = Push::new(id, content, protection.as_ref(), &document);
        let mut octets = push.encode().map_err(|error| error.to_string())?;
        for edit in self.altered.iter().flat_map(|edits| &edits.0) {
            edit.apply(&mut octets).map_err(|error| error.to_string())?;
        }
        Ok(octets)
    }

    fn protection(&self, security: Security, imsi: Option<&Imsi>) -> Result<Protection, String> {
        let said = |error: KeyError| error.to_string();
        let imsi = || match &self.imsi {
            Some(digits) => Imsi::new(digits).map_err(said),
            None => imsi.cloned().ok_or_else(|| "the card has no IMSI to make the MAC with; give `imsi`".to_owned()),
        };
        let pin = || Pin::new(self.pin.as_deref().unwrap_or(USER_PIN)).map_err(said);
        Ok(match security {
            Security::NetwPin => Protection::NetwPin(imsi()?),
            Security::UserNetwPin => Protection::UserNetwPin(imsi()?, pin()?),
            Security::UserPin | Security::UserPinMac => Protection::UserPin(pin()?),
        })
    }
}

/// The ways of which a push can be made; the fourth has its MAC in the PIN, and none in the push.
const WAYS: [Security; 3] = [Security::NetwPin, Security::UserPin, Security::UserNetwPin];

fn word(security: Security) -> &'static str {
    match security {
        Security::NetwPin => "netwpin",
        Security::UserPin => "userpin",
        Security::UserNetwPin => "usernetwpin",
        Security::UserPinMac => "userpinmac",
    }
}

impl FieldValue for Security {
    fn shape() -> Shape {
        Shape::Name(WAYS.map(word).to_vec())
    }

    fn read(value: &Value) -> Result<Self, String> {
        by_name(value, &WAYS, word)
    }
}

#[cfg(test)]
mod tests {
    use dmsc_uicc::sms::{MediaType, WspPush};
    use serde_json::json;

    use super::*;
    use crate::bootstrap::accounts;
    use crate::messages::value::Group;

    fn account() -> Account {
        Account::sample()
    }

    fn pushed(with: Value, imsi: Option<&str>) -> Result<Vec<u8>, String> {
        let imsi = imsi.map(|digits| Imsi::new(digits).unwrap());
        PushedWith::from_fields(with.as_object().unwrap()).unwrap().push(1, &account(), imsi.as_ref())
    }

    fn protections() -> [Protection; 3] {
        let (imsi, pin) = (Imsi::new("001010123456789").unwrap(), Pin::new("1357").unwrap());
        [Protection::NetwPin(imsi.clone()), Protection::UserPin(pin.clone()), Protection::UserNetwPin(imsi, pin)]
    }

    #[test]
    fn a_push_has_the_account_and_the_mac_that_its_keys_make() {
        for (protection, profile) in protections().into_iter().zip(["cp", "dm", "cp"]) {
            let security = word(protection.security());
            let with = json!({ "security": security, "document": { "profile": profile } });
            let push = Push::decode(&pushed(with, Some("001010123456789")).unwrap()).unwrap();
            assert!(push.is_protected_by(&protection), "{security}");
            let kind = if profile == "cp" { Kind::ClientProvisioning } else { Kind::DeviceManagement };
            assert_eq!(accounts(&kind, &push.body), Ok(vec![account()]), "{security}");
        }
    }

    #[test]
    fn a_push_can_be_of_a_stranger_or_of_nobody() {
        let [ours, ..] = protections();
        let other = Push::decode(&pushed(json!({ "imsi": "001019999999999" }), Some("001010123456789")).unwrap());
        assert!(!other.unwrap().is_protected_by(&ours));
        let open = Push::decode(&pushed(json!({ "security": null }), None).unwrap()).unwrap();
        assert_eq!((open.security, open.mac), (None, None));
        let edit = json!({ "altered": [{ "set": { "at": 51, "octets": "8E" } }], "document": { "profile": "dm" } });
        let altered = WspPush::parse(&pushed(edit, Some("001010123456789")).unwrap()).unwrap();
        assert_eq!(altered.application_id(), Ok(Some(MediaType::Code(0x0E))));
        assert!(pushed(json!({}), None).unwrap_err().contains("give `imsi`"));
        assert!(pushed(json!({ "security": "userpin", "pin": "a" }), None).unwrap_err().contains("digits"));
    }
}
