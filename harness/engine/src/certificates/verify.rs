//! Whether a client takes the certificate of its server (RFC 5280 6, RFC 2818 3.1), and what a faulty one does not look at.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::files;
use super::summary::Summary;
use crate::account::Certificates;
use crate::switch::{Switch, Switches};

/// A clock that stands still, so that a case comes out as it did before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(UnixTime);

/// 2026-07-01, in seconds since 1970.
const DATE: u64 = 1_782_864_000;

impl Clock {
    /// The date on which an account's certificates are looked at.
    pub(super) fn of(certificates: &Certificates) -> Clock {
        Clock(UnixTime::since_unix_epoch(Duration::from_secs(certificates.date.unwrap_or(DATE))))
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// What a faulty client does not look at.
const OVERLOOKED: [Switch; 5] = [
    Switch::TlsTakesAnyDate,
    Switch::TlsTakesAnyName,
    Switch::TlsTakesAnyIssuer,
    Switch::TlsTakesSelfSigned,
    Switch::TlsTakesNoCertificate,
];

/// Looks at certificates as rustls does, but for what a fault overlooks.
#[derive(Debug)]
pub(super) struct Verifier {
    right: Arc<WebPkiServerVerifier>,
    faults: Vec<Switch>,
}

impl Verifier {
    /// One that trusts the root of an account.
    ///
    /// # Errors
    /// Why the root cannot be used.
    pub(super) fn new(
        certificates: &Certificates,
        provider: &Arc<CryptoProvider>,
        switches: &Switches,
    ) -> Result<Verifier, String> {
        let faults = OVERLOOKED.into_iter().filter(|switch| switches.on(*switch)).collect();
        Ok(Verifier { right: trusting(certificates.root.as_deref().unwrap_or(files::ROOT), provider)?, faults })
    }

    fn overlooks(&self, why: &CertificateError, certificate: &CertificateDer<'_>) -> bool {
        use CertificateError::{
            Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
            UnknownIssuer,
        };
        let on = |switch| self.faults.contains(&switch);
        match why {
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => on(Switch::TlsTakesAnyDate),
            NotValidForName | NotValidForNameContext { .. } => on(Switch::TlsTakesAnyName),
            UnknownIssuer => {
                let own = || Summary::read(certificate).is_some_and(|one| one.subject == one.issuer);
                on(Switch::TlsTakesAnyIssuer) || (on(Switch::TlsTakesSelfSigned) && own())
            }
            _ => false,
        }
    }
}

/// A client that trusts these certificates.
fn trusting(pem: &str, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    for root in files::read(pem)? {
        roots.add(root).map_err(|error| format!("the root cannot be used: {error}"))?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    verifier.map_err(|error| error.to_string())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.faults.contains(&Switch::TlsTakesNoCertificate) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        match self.right.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(why)) if self.overlooks(&why, end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.right.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.right.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.right.supported_verify_schemes()
    }
}
