//! The account of a session as a device is given it, and as it takes it in (DMBOOT, ProvCont, DMSTDOBJ 5.3.1).

use dmsc_dm::wbxml;
use dmsc_provision::cp::Document;
use dmsc_provision::object::{self, Encoding};
use dmsc_provision::smart_card::Kind;
use dmsc_provision::{Account, Address, AddressType, AuthType, Credentials, Level};
use thiserror::Error;

use crate::account::{Account as Own, Address as Url, AuthScheme, Certificates, Psk};
use crate::trigger_form::TriggerForm;

/// In which of the two notations a document gives an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// A document of Client Provisioning.
    #[default]
    ClientProvisioning,
    /// A DM message that adds the management object.
    DeviceManagement,
}

/// Which documents of a bootstrap a terminal takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Takes {
    /// None of them.
    #[default]
    Nothing,
    /// Those of Client Provisioning.
    ClientProvisioning,
    /// Those of Device Management.
    DeviceManagement,
    /// Either.
    Both,
}

impl Takes {
    /// All of them.
    pub const ALL: [Takes; 4] = [Takes::Nothing, Takes::ClientProvisioning, Takes::DeviceManagement, Takes::Both];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Takes::Nothing => "none",
            Takes::ClientProvisioning => "cp",
            Takes::DeviceManagement => "dm",
            Takes::Both => "both",
        }
    }

    /// What it is, for the reference.
    pub fn doc(self) -> &'static str {
        match self {
            Takes::Nothing => "It reads none.",
            Takes::ClientProvisioning => "A document of Client Provisioning.",
            Takes::DeviceManagement => "A DM message that adds the account to the Inbox.",
            Takes::Both => "Either.",
        }
    }

    /// Whether documents of this kind are taken in.
    pub fn has(self, kind: &Kind) -> bool {
        match kind {
            Kind::ClientProvisioning => matches!(self, Takes::ClientProvisioning | Takes::Both),
            Kind::DeviceManagement => matches!(self, Takes::DeviceManagement | Takes::Both),
            Kind::Other(_) => false,
        }
    }
}

/// The PIN that protects a bootstrap for the user, unless a case gives another: what a person at the bench is told, and
/// the user of the reference terminal knows.
pub const USER_PIN: &str = "1357";

/// PIN1 of a card that asks for it in a case: what a person at the bench is told, and the user of the reference terminal
/// knows.
pub const CARD_PIN: &str = "2468";

/// To whom a message on a card is addressed: which device it will be put into nobody knows.
const DEVICE: &str = "IMEI:000000000000000";

/// An account that cannot be given, or a document that gives none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct BootstrapError(String);

impl BootstrapError {
    fn of(error: impl ToString) -> BootstrapError {
        BootstrapError(error.to_string())
    }
}

/// The account that a device is given.
pub fn given(own: &Own) -> Account {
    let credentials = |level, scheme, name: &str, secret: &str, nonce: &[u8]| {
        let kind = match scheme {
            AuthScheme::None => return None,
            AuthScheme::Basic => AuthType::Basic,
            AuthScheme::Md5 => AuthType::Digest,
            AuthScheme::Mac => AuthType::Hmac,
        };
        // A secret in the clear needs no nonce.
        let nonce = matches!(scheme, AuthScheme::Md5 | AuthScheme::Mac).then(|| nonce.to_vec());
        Some(Credentials { level, kind: Some(kind), name: Some(name.into()), secret: Some(secret.into()), nonce })
    };
    let client = credentials(Level::Client, own.client_auth, &own.client_name, &own.client_secret, &own.client_nonce);
    let server = credentials(Level::Server, own.server_auth, own.server_name(), &own.server_secret, &own.server_nonce);
    let ports = Url::parse(&own.address).map(|url| url.port);
    Account {
        server_id: own.server_id.clone(),
        name: Some(own.server_id.clone()),
        addresses: vec![Address {
            address: own.address.clone(),
            kind: Some(AddressType::Uri),
            ports: ports.into_iter().collect(),
        }],
        connections: Vec::new(),
        preferred: client.as_ref().and_then(|client| client.kind.clone()),
        credentials: [client, server].into_iter().flatten().collect(),
    }
}

/// The account that a device makes of one that it is given; none without a server or an address. Keys of TLS are not
/// given this way.
pub fn taken(account: &Account) -> Option<Own> {
    let address = account.addresses.first().filter(|address| !address.address.is_empty())?;
    let of = |level: &Level| account.credentials.iter().find(|one| one.level == *level);
    let scheme = |level: &Level| {
        let kind = of(level).map(|one| one.kind.as_ref());
        match kind {
            None | Some(Some(AuthType::Other(_))) => AuthScheme::None,
            Some(Some(AuthType::Basic)) => AuthScheme::Basic,
            Some(None | Some(AuthType::Digest)) => AuthScheme::Md5,
            Some(Some(AuthType::Hmac)) => AuthScheme::Mac,
        }
    };
    let text = |level: &Level, part: fn(&Credentials) -> Option<&String>| of(level).and_then(part).cloned();
    let nonce = |level: &Level| of(level).and_then(|one| one.nonce.clone()).unwrap_or_default();
    let (client, server) = (&Level::Client, &Level::Server);
    (!account.server_id.is_empty()).then(|| Own {
        server_id: account.server_id.clone(),
        address: address.address.clone(),
        auth_name: text(server, |one| one.name.as_ref()).filter(|name| *name != account.server_id),
        server_secret: text(server, |one| one.secret.as_ref()).unwrap_or_default(),
        server_nonce: nonce(server),
        server_auth: scheme(server),
        client_name: text(client, |one| one.name.as_ref()).unwrap_or_default(),
        client_secret: text(client, |one| one.secret.as_ref()).unwrap_or_default(),
        client_nonce: nonce(client),
        client_auth: scheme(client),
        form: TriggerForm::default(),
        psk: Psk::default(),
        certificates: Certificates::default(),
    })
}

/// The document in WBXML that gives a device this account, and what kind the files of a card say it is.
///
/// # Errors
/// A text of the account cannot stand in one.
pub fn document(profile: Profile, account: &Account) -> Result<(Kind, Vec<u8>), BootstrapError> {
    let accounts = std::slice::from_ref(account);
    Ok(match profile {
        Profile::ClientProvisioning => {
            let octets = Document::of_accounts(accounts).to_wbxml().map_err(BootstrapError::of)?;
            (Kind::ClientProvisioning, octets)
        }
        Profile::DeviceManagement => {
            let message = object::message(accounts, DEVICE, Encoding::Wbxml).map_err(BootstrapError::of)?;
            (Kind::DeviceManagement, wbxml::encode(&message).map_err(BootstrapError::of)?)
        }
    })
}

/// The accounts that a document in WBXML gives; those of which something is missing are left out.
///
/// # Errors
/// It cannot be read as what its kind says.
pub fn accounts(kind: &Kind, octets: &[u8]) -> Result<Vec<Own>, BootstrapError> {
    let readings = match kind {
        Kind::ClientProvisioning => Document::from_wbxml(octets).map_err(BootstrapError::of)?.document.accounts(),
        Kind::DeviceManagement => {
            let message = wbxml::decode(octets).map_err(BootstrapError::of)?.value;
            let objects = object::objects(&message).map_err(BootstrapError::of)?;
            objects.iter().flat_map(object::accounts).collect()
        }
        Kind::Other(_) => Vec::new(),
    };
    Ok(readings.iter().filter_map(|reading| taken(&reading.account)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Own {
        Own {
            server_id: "boot.example.com".into(),
            address: "http://127.0.0.1:3516/boot".into(),
            auth_name: Some("name".into()),
            server_secret: "s".into(),
            server_nonce: vec![0, 1, 0xFF],
            server_auth: AuthScheme::Md5,
            client_name: "client".into(),
            client_secret: "c".into(),
            client_nonce: vec![2],
            client_auth: AuthScheme::Mac,
            form: TriggerForm::default(),
            psk: Psk::default(),
            certificates: Certificates::default(),
        }
    }

    #[test]
    fn what_is_given_is_taken() {
        let basic = Own { client_auth: AuthScheme::Basic, client_nonce: vec![], auth_name: None, ..own() };
        let open =
            Own { client_auth: AuthScheme::None, client_name: "".into(), client_secret: "".into(), ..basic.clone() };
        for own in [own(), basic, open] {
            for profile in [Profile::ClientProvisioning, Profile::DeviceManagement] {
                let (kind, octets) = document(profile, &given(&own)).unwrap();
                assert_eq!(accounts(&kind, &octets), Ok(vec![own.clone()]), "{profile:?}");
                assert!(accounts(&kind, &octets[..octets.len() - 3]).is_err(), "{profile:?}");
                assert_eq!(accounts(&Kind::Other(vec![1]), &octets), Ok(vec![]));
            }
        }
    }

    #[test]
    fn an_account_without_a_server_or_an_address_is_none() {
        assert_eq!(taken(&Account { server_id: String::new(), ..given(&own()) }), None);
        assert_eq!(taken(&Account { addresses: vec![], ..given(&own()) }), None);
        let keyless =
            Credentials { kind: Some(AuthType::Other("TRANSPORT".into())), ..given(&own()).credentials[0].clone() };
        let scheme = taken(&Account { credentials: vec![keyless], ..given(&own()) }).map(|own| own.client_auth);
        assert_eq!(scheme, Some(AuthScheme::None));
    }
}
