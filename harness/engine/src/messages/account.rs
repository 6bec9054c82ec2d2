//! The fields of a DM account, as a DUT file gives them and as a case changes them.

use serde_json::Value;

use crate::account::{Account, AuthScheme, Certificates, Psk, with_scheme};
use crate::messages::shape::Shape;
use crate::messages::value::{FieldValue, HexOf, NonEmpty, fields, wrong};

fields! {
    /// What is given of an account.
    pub struct AccountWith = "setup.account" {
        /// ServerID of the DM_SC Server's account.
        server_id: NonEmpty,
        /// AppAddr.
        address: NonEmpty,
        /// Name by which the server proves itself.
        server_name: NonEmpty,
        /// Secret by which the server proves itself.
        server_secret: NonEmpty = secret,
        /// Nonce by which the server proves itself first.
        server_nonce: HexOf<0, 64>,
        /// How the server proves itself.
        server_auth: AuthScheme,
        /// User name by which the client proves itself.
        client_name: NonEmpty,
        /// Secret by which the client proves itself.
        client_secret: NonEmpty = secret,
        /// Nonce by which the client proves itself first.
        client_nonce: HexOf<0, 64>,
        /// How the client proves itself.
        client_auth: AuthScheme,
        /// Whether sessions run over TLS; as the scheme of the address says unless given. `true` is TLS with the key,
        /// `certificates` is TLS whose server has a certificate.
        tls: Protection,
        /// Identity of the key of TLS.
        psk_identity: NonEmpty,
        /// Key of TLS.
        psk: HexOf<1, 64> = secret,
    }
}

impl AccountWith {
    /// The account with what is given here in place of its own.
    #[must_use]
    pub fn applied(&self, account: &Account) -> Account {
        let text =
            |given: &Option<NonEmpty>, own: &String| given.as_ref().map_or_else(|| own.clone(), |set| set.0.clone());
        let nonce = |given: &Option<HexOf<0, 64>>, own: &Vec<u8>| {
            given.as_ref().map_or_else(|| own.clone(), |set| set.octets().to_vec())
        };
        Account {
            server_id: text(&self.server_id, &account.server_id),
            address: match self.tls {
                Some(tls) => with_scheme(&text(&self.address, &account.address), tls != Protection::None),
                None => text(&self.address, &account.address),
            },
            auth_name: self.server_name.as_ref().map(|name| name.0.clone()).or_else(|| account.auth_name.clone()),
            server_secret: text(&self.server_secret, &account.server_secret),
            server_nonce: nonce(&self.server_nonce, &account.server_nonce),
            server_auth: self.server_auth.unwrap_or(account.server_auth),
            client_name: text(&self.client_name, &account.client_name),
            client_secret: text(&self.client_secret, &account.client_secret),
            client_nonce: nonce(&self.client_nonce, &account.client_nonce),
            client_auth: self.client_auth.unwrap_or(account.client_auth),
            form: account.form,
            psk: Psk {
                identity: text(&self.psk_identity, &account.psk.identity),
                key: self.psk.as_ref().map_or_else(|| account.psk.key.clone(), |key| key.octets().to_vec()),
            },
            certificates: Certificates {
                used: self.tls.map_or(account.certificates.used, |tls| tls == Protection::Certificates),
                ..account.certificates.clone()
            },
        }
    }
}

/// What protects the sessions of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing.
    None,
    /// TLS with a pre-shared key.
    Key,
    /// TLS with certificates.
    Certificates,
}

const CERTIFICATES: &str = "certificates";

impl FieldValue for Protection {
    fn shape() -> Shape {
        Shape::WordOr(vec![CERTIFICATES], Box::new(Shape::Bool))
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bool(true) => Ok(Protection::Key),
            Value::Bool(false) => Ok(Protection::None),
            word if word == CERTIFICATES => Ok(Protection::Certificates),
            _ => Err(wrong(value, &Self::shape())),
        }
    }
}

impl FieldValue for AuthScheme {
    fn shape() -> Shape {
        Shape::Word(AuthScheme::ALL.map(|scheme| (scheme.as_str(), scheme.doc())).to_vec())
    }

    fn read(value: &Value) -> Result<Self, String> {
        let found = AuthScheme::ALL.into_iter().find(|scheme| value == scheme.as_str());
        found.ok_or_else(|| wrong(value, &Self::shape()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::messages::value::Group;
    use crate::trigger_form::TriggerForm;

    #[test]
    fn what_is_not_given_stays() {
        let account = Account { address: "http://card/".into(), client_auth: AuthScheme::Basic, ..Account::sample() };
        assert_eq!(AccountWith::default().applied(&account), account);
        let given = json!({
            "server_id": "S", "address": "http://other/", "server_name": "N", "server_secret": "SS", "server_nonce": "", "server_auth": "none",
            "client_name": "C", "client_secret": "CS", "client_nonce": "0203", "client_auth": "none", "tls": true, "psk_identity": "I", "psk": "0B",
        });
        let given = given.as_object().unwrap();
        assert_eq!(given.len(), AccountWith::specs().len(), "a field is not tried");
        let all = AccountWith::from_fields(given).unwrap().applied(&account);
        let expected = Account {
            server_id: "S".into(),
            address: "https://other/".into(),
            auth_name: Some("N".into()),
            server_secret: "SS".into(),
            server_nonce: vec![],
            server_auth: AuthScheme::None,
            client_name: "C".into(),
            client_secret: "CS".into(),
            client_nonce: vec![2, 3],
            client_auth: AuthScheme::None,
            form: TriggerForm::default(),
            psk: Psk { identity: "I".into(), key: vec![0x0B] },
            certificates: Certificates::default(),
        };
        assert_eq!(all, expected);
        let by_certificates = AccountWith { tls: Some(Protection::Certificates), ..AccountWith::default() };
        assert!(by_certificates.applied(&all).certificates.used && by_certificates.applied(&account).is_secure());
        assert_eq!(AccountWith::from_fields(given).unwrap().applied(&by_certificates.applied(&account)), expected);
        let secret: Vec<_> =
            AccountWith::specs().into_iter().filter(|field| field.secret).map(|field| field.name).collect();
        assert_eq!(secret, ["server_secret", "client_secret", "psk"]);
    }
}
