//! The account of a DUT file as a device is given it.

use dmsc_engine::account::{Account as Own, Address as Url, AuthScheme};
use dmsc_provision::{Account, Address, AddressType, AuthType, Credentials, Level};

/// The account that a device is given.
pub(super) fn provisioned(own: &Own) -> Account {
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
