//! HTTPS whose server is authenticated by certificates (DMSEC 5.5), under the HTTP of both players: rustls, without I/O
//! and with a clock that stands still.
//!
//! DM_SC 5.2 asks for pre-shared keys, which [`crate::tls`] has. An account that is reached by certificates is the
//! device's own affair; the suites are those of rustls, none of which is among the three that DMSEC 5.5.1.1 names:
//!
//! | suites of DMSEC 5.5.1.1 | here |
//! |---|---|
//! | TLS_RSA_WITH_AES_128_CBC_SHA (002F), TLS_RSA_WITH_3DES_EDE_CBC_SHA (000A), TLS_RSA_WITH_RC4_128_SHA (0005) | none: rustls has neither RSA key transport nor CBC nor RC4 |
//! | others with keys of 128 bits or more, which a server may have | TLS 1.2: ECDHE_RSA with AES_128_GCM_SHA256 (C02F), AES_256_GCM_SHA384 (C030), CHACHA20_POLY1305_SHA256 (CCA8). TLS 1.3: 1301, 1302, 1303 |
//! | TLS 1.0, SSL 3.0 | none: TLS 1.2 and 1.3 |
//!
//! A client that has nothing but the three is therefore no DUT for a case about certificates, and the cases say so. What is
//! random comes from the system: octets differ from run to run, their numbers do not.

mod files;
mod layer;
mod summary;
mod verify;
mod watch;

pub(crate) use layer::CertificateLayer;

use std::sync::{Arc, LazyLock};

use dmsc_tls::Version;
use rustls::client::{Resumption, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::server::{NoServerSessionStorage, ParsedCertificate};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, SupportedProtocolVersion};

use self::verify::{Clock, Verifier};
use crate::account::Certificates;
use crate::choice::tls::{Certified, CertifiedVersions, Tls as Choice};
use crate::messages::{Answered, ShownCertificate, TlsClientWith, TlsServerWith, TlsVersion};
use crate::patch::Change;
use crate::player::PlayerError;
use crate::switch::Switches;

/// Whether the server of this account is authenticated by certificates, for a player that knows them.
pub(crate) fn are_used(certificates: &Certificates, choices: &Choice) -> bool {
    certificates.used && choices.certified == Certified::Known
}

/// What a case sets of a hello with certificates.
const SET_BY_CASES: [&str; 5] = ["version", "certificate", "octets", "close", "connection"];

/// Holds what a case sets of a hello against what there is to be set with certificates. A fault of a reference DUT is not
/// asked: what it says of TLS with a key is nothing to TLS with certificates.
///
/// # Errors
/// The first field that is for TLS with a key, or a version that rustls does not have.
pub(crate) fn check(change: &Change) -> Result<(), PlayerError> {
    let strange = change.with.keys().find(|name| !SET_BY_CASES.contains(&name.as_str()));
    if let Some(name) = strange.map(String::as_str).or((!change.mutate.is_empty()).then_some("mutate")) {
        return Err(PlayerError(format!("{name}: this is for TLS with a key, and the account is one of certificates")));
    }
    match change.with.get("version").and_then(|version| version.as_str()) {
        None | Some("1.2" | "1.3") => Ok(()),
        Some(other) => Err(PlayerError(format!("version: with certificates there are 1.2 and 1.3, not {other}"))),
    }
}

/// The client's end of a connection to a host.
///
/// # Errors
/// Why there can be none: what is no name of a host, a root that cannot be read.
pub(crate) fn client(
    certificates: &Certificates,
    host: &str,
    with: &TlsClientWith,
    choices: &Choice,
    switches: &Switches,
) -> Result<CertificateLayer, String> {
    if let Some(octets) = &with.octets {
        return Ok(CertificateLayer::of_octets(octets.0.clone()));
    }
    let (provider, clock) = (provider(), Arc::new(Clock::of(certificates)));
    let verifier = Verifier::new(certificates, &provider, switches)?;
    let config = ClientConfig::builder_with_details(provider, clock)
        .with_protocol_versions(versions(with.version, choices))
        .map_err(|error| error.to_string())?;
    let mut config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    config.resumption = Resumption::disabled();
    let connection = ClientConnection::new(Arc::new(config), server_name(host)?).map_err(|error| error.to_string())?;
    Ok(CertificateLayer::client(connection))
}

/// The server's end of a connection, before a hello has come; `scripted` that it is there to see what a client does.
pub(crate) fn server(scripted: bool) -> CertificateLayer {
    CertificateLayer::server(scripted)
}

/// How a server answers a hello, with the chain that it shows.
///
/// # Errors
/// Why it cannot: the address is one that the certificates are not for.
pub(crate) fn answer(
    host: &str,
    certificates: &Certificates,
    with: &TlsServerWith,
    choices: &Choice,
) -> Result<(ServerConnection, summary::Chain), String> {
    let version = match with.version {
        Some(Answered::Set(version)) => Some(version),
        Some(Answered::NotOffered) | None => None,
    };
    let shown = with.certificate.unwrap_or(ShownCertificate::Valid);
    let chain = files::chain(shown)?;
    let named = chain.first().and_then(|leaf| ParsedCertificate::try_from(leaf).ok());
    if let Some(leaf) = named.filter(|_| shown != ShownCertificate::WrongName) {
        verify_server_name(&leaf, &server_name(host)?).map_err(|_| {
            format!(
                "the certificates of the harness are not for {host:?}; fixtures/certificates/make.sh makes them for it"
            )
        })?;
    }
    let summary = summary::Chain::of(&chain);
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(Clock::of(certificates)))
        .with_protocol_versions(versions(version, choices))
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, files::key()?))));
    // A session that is resumed shows no certificate.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    let connection = ServerConnection::new(Arc::new(config)).map_err(|error| error.to_string())?;
    Ok((connection, summary))
}

/// What rustls has of ring, the suites nearest to those of DMSEC 5.5.1.1 first.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let mut provider = rustls::crypto::ring::default_provider();
        let shorter = |suite: &rustls::SupportedCipherSuite| {
            use rustls::CipherSuite::{TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS13_AES_128_GCM_SHA256};
            !matches!(suite.suite(), TLS13_AES_128_GCM_SHA256 | TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)
        };
        provider.cipher_suites.sort_by_key(shorter);
        Arc::new(provider)
    });
    Arc::clone(&PROVIDER)
}

static BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// The versions of a side: one that is set, or those that it has by choice.
fn versions(set: Option<TlsVersion>, choices: &Choice) -> &'static [&'static SupportedProtocolVersion] {
    let chosen = match set.map(|version| version.0) {
        Some(Version::Tls12) => CertifiedVersions::Tls12,
        Some(Version::Tls13) => CertifiedVersions::Tls13,
        _ => choices.certified_versions,
    };
    let (old, new) = BOTH.split_at(1);
    match chosen {
        CertifiedVersions::Both => &BOTH,
        CertifiedVersions::Tls12 => old,
        CertifiedVersions::Tls13 => new,
    }
}

/// The name that a certificate has to be for.
fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    // The IPv6 address of the card as table 2 of DM_SC 8.1 writes it.
    let host = if host == "0.0.0.0.0.0.0.1" { "::1" } else { host };
    ServerName::try_from(host.to_owned()).map_err(|_| format!("{host:?} is no name that a certificate could be for"))
}

#[cfg(test)]
mod tests;
