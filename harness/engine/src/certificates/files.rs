//! The certificates of the harness, as `fixtures/certificates` has them.

use std::sync::{Arc, LazyLock};

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use rustls::sign::SigningKey;

use crate::messages::ShownCertificate;

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../../fixtures/certificates/", $name))
    };
}

/// The root under which the right certificates are.
pub(super) const ROOT: &str = file!("root.pem");
const INTERMEDIATE: &str = file!("intermediate.pem");
const VALID: &str = file!("valid.pem");
const KEY: &str = file!("server.key");

/// The key of all that a server shows, read when the first one is asked for.
static SIGNING: LazyLock<Result<Arc<dyn SigningKey>, String>> = LazyLock::new(|| {
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).map_err(|error| format!("server.key: {error}"))?;
    any_supported_type(&key).map_err(|error| format!("server.key: {error}"))
});

/// The key of all that a server shows.
///
/// # Errors
/// What is wrong with the file that this was built with.
pub(super) fn key() -> Result<Arc<dyn SigningKey>, String> {
    SIGNING.clone()
}

/// The chain that a server shows, its own certificate first.
///
/// # Errors
/// What is wrong with the files that this was built with.
pub(super) fn chain(shown: ShownCertificate) -> Result<Vec<CertificateDer<'static>>, String> {
    let files: &[&str] = match shown {
        ShownCertificate::Valid => &[VALID, INTERMEDIATE],
        ShownCertificate::Expired => &[file!("expired.pem"), INTERMEDIATE],
        ShownCertificate::NotYetValid => &[file!("not-yet-valid.pem"), INTERMEDIATE],
        ShownCertificate::WrongName => &[file!("wrong-name.pem"), INTERMEDIATE],
        ShownCertificate::UnknownIssuer => &[file!("unknown-issuer.pem"), file!("stranger-root.pem")],
        ShownCertificate::SelfSigned => &[file!("self-signed.pem")],
        ShownCertificate::NoIntermediate => &[VALID],
        ShownCertificate::WrongOrder => &[VALID, ROOT, INTERMEDIATE],
    };
    let mut chain = Vec::new();
    for file in files {
        chain.extend(read(file)?);
    }
    Ok(chain)
}

/// The certificates of a PEM text: one or more.
///
/// # Errors
/// Where it cannot be read, or that there is none.
pub(super) fn read(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let all = all.map_err(|error| format!("this is no PEM: {error}"))?;
    if all.is_empty() {
        return Err("there is no certificate in it; PEM begins with -----BEGIN CERTIFICATE-----".into());
    }
    Ok(all)
}
