//! The smart card bootstrap that a card carries, as a case writes it.

use dmsc_provision::smart_card::Kind;
use serde_json::Value;

use super::account::AccountWith;
use crate::account::Account;
use crate::bootstrap::{Profile, document, given};
use crate::messages::shape::Shape;
use crate::messages::value::{Edits, FieldValue, Within, fields, wrong};

fields! {
    /// The smart card bootstrap: a PKCS#15 application whose document gives a terminal its account.
    pub struct BootstrapWith = "setup.bootstrap" {
        /// The kind of document; `cp` unless given.
        profile: Profile,
        /// What differs in the document from the account of the card.
        account: Box<AccountWith>,
        /// Length of the name for people, which has nothing but letters then; it is the ServerID unless given.
        name_length: Within<1, 30_000> = octets,
        /// Edits of the octets of the document, in order.
        mutate: Edits,
    }
}

impl BootstrapWith {
    /// The document that the card carries, whose own account this is.
    ///
    /// # Errors
    /// A text of the account cannot stand in a document, or an edit cannot be made; in words.
    pub fn document(&self, account: &Account) -> Result<(Kind, Vec<u8>), String> {
        let account = self.account.as_ref().map_or_else(|| account.clone(), |with| with.applied(account));
        let mut given = given(&account);
        if let Some(length) = self.name_length {
            given.name = Some(('a'..='z').cycle().take(usize::try_from(length.get()).unwrap_or(usize::MAX)).collect());
        }
        let profile = self.profile.unwrap_or_default();
        let (kind, mut octets) = document(profile, &given).map_err(|error| error.to_string())?;
        for edit in self.mutate.iter().flat_map(|edits| &edits.0) {
            edit.apply(&mut octets).map_err(|error| error.to_string())?;
        }
        Ok((kind, octets))
    }
}

impl FieldValue for Profile {
    fn shape() -> Shape {
        Shape::Word(vec![
            ("cp", "A document of Client Provisioning."),
            ("dm", "A DM message that adds the account to the Inbox."),
        ])
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some("cp") => Ok(Profile::ClientProvisioning),
            Some("dm") => Ok(Profile::DeviceManagement),
            _ => Err(wrong(value, &Self::shape())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bootstrap::accounts;
    use crate::messages::value::Group;

    fn with(value: Value) -> BootstrapWith {
        BootstrapWith::from_fields(value.as_object().unwrap()).unwrap()
    }

    #[test]
    fn the_document_has_the_account_and_what_differs() {
        let account = Account::sample();
        let (kind, octets) = with(json!({})).document(&account).unwrap();
        assert_eq!((&kind, accounts(&kind, &octets)), (&Kind::ClientProvisioning, Ok(vec![account.clone()])));
        let other = with(json!({ "profile": "dm", "account": { "server_id": "S" } })).document(&account).unwrap();
        assert_eq!(other.0, Kind::DeviceManagement);
        assert_eq!(accounts(&other.0, &other.1).unwrap()[0].server_id, "S");
        let (_, long) = with(json!({ "name_length": 3000 })).document(&account).unwrap();
        assert_eq!(long.len(), octets.len() + 3000 - "server".len());
        let (_, cut) = with(json!({ "mutate": [{ "truncate": 2 }] })).document(&account).unwrap();
        assert_eq!(cut, octets[..2]);
        let error = with(json!({ "mutate": [{ "replace": { "find": "no", "with": "x" } }] })).document(&account);
        assert!(error.unwrap_err().contains("does not occur"));
    }
}
