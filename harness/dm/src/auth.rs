//! Authentication at the DM layer: basic, MD5 and MAC (DMSEC 5.3 and 5.4, DMPRO 9).

use thiserror::Error;

pub use crate::auth_type::AuthType;
pub use crate::base64::{Base64Error, base64, from_base64};
use crate::md5::md5_of_pair;
use crate::syncml::{Cred, Data};

mod mac_header;

pub use mac_header::{MacHeader, MacHeaderError};

/// The special nonce of nonce resynchronisation (DMSEC 5.3).
///
/// How the value `0x00000000` becomes octets is not defined; four zero octets are the reference reading. The text itself
/// and its base64, `AAAAAA==`, have been seen in the field.
pub const DEFAULT_NONCE: [u8; 4] = [0; 4];

/// What a Cred claims, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Name and password in clear.
    Basic {
        /// Everything before the first colon.
        name: Vec<u8>,
        /// Everything behind it.
        password: Vec<u8>,
    },
    /// The MD5 digest over name, password and nonce.
    Md5([u8; 16]),
}

impl Credential {
    /// Reads the credential of a Cred.
    ///
    /// # Errors
    /// [`CredentialError`] if the type is missing or not one a Cred may have, or the data do not decode.
    pub fn from_cred(cred: &Cred) -> Result<Self, CredentialError> {
        let auth_type = cred.type_.as_ref().ok_or(CredentialError::NoType)?;
        let octets = match (&cred.data, cred.format.as_deref()) {
            // WBXML may carry the octets themselves under Format bin.
            (Data::Binary(octets), _) => octets.clone(),
            (Data::Text(text), None | Some("b64")) => from_base64(text)?,
            (Data::Text(_), Some(format)) => {
                return Err(CredentialError::Format(format.to_owned()));
            }
        };
        match auth_type {
            AuthType::Basic => {
                let colon = octets.iter().position(|octet| *octet == b':').ok_or(CredentialError::NoColon)?;
                Ok(Self::Basic { name: octets[..colon].to_vec(), password: octets[colon + 1..].to_vec() })
            }
            AuthType::Md5 => match <[u8; 16]>::try_from(octets.as_slice()) {
                Ok(digest) => Ok(Self::Md5(digest)),
                Err(_) => Err(CredentialError::DigestLength(octets.len())),
            },
            other => Err(CredentialError::Type(other.as_str().to_owned())),
        }
    }

    /// The Cred that carries this credential, with both Meta Type and Format (DMREPPRO).
    #[must_use]
    pub fn to_cred(&self) -> Cred {
        let (auth_type, octets) = match self {
            Self::Basic { name, password } => (AuthType::Basic, [name, &b":"[..], password].concat()),
            Self::Md5(digest) => (AuthType::Md5, digest.to_vec()),
        };
        Cred { type_: Some(auth_type), format: Some("b64".into()), data: Data::from(base64(&octets)) }
    }

    /// Whether the credential proves knowledge of `password` for `name`; `nonce` is not used by basic.
    #[must_use]
    pub fn verify(&self, name: &[u8], password: &[u8], nonce: &[u8]) -> bool {
        match self {
            Self::Basic { name: claimed, password: given } => claimed == name && given == password,
            Self::Md5(digest) => *digest == md5_digest(name, password, nonce),
        }
    }
}

/// Why a Cred has no usable credential.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CredentialError {
    /// Meta Type is missing.
    #[error("Cred/Meta/Type is missing; syncml:auth-basic or syncml:auth-md5 is needed")]
    NoType,
    /// Meta Type names a scheme that does not travel in a Cred.
    #[error("Cred/Meta/Type `{0}` is neither syncml:auth-basic nor syncml:auth-md5")]
    Type(String),
    /// Meta Format is not b64.
    #[error("Cred/Meta/Format `{0}` is not b64")]
    Format(String),
    /// The data are no base64.
    #[error("Cred/Data is no base64: {0}")]
    Base64(#[from] Base64Error),
    /// Basic credentials without a colon.
    #[error("Cred/Data of syncml:auth-basic holds no colon between name and password")]
    NoColon,
    /// An MD5 digest of another length.
    #[error("Cred/Data of syncml:auth-md5 holds {0} octets, an MD5 digest has 16")]
    DigestLength(usize),
}

/// Data of a basic Cred: B64(name ":" password).
#[must_use]
pub fn basic(name: &[u8], password: &[u8]) -> String {
    base64(&[name, b":", password].concat())
}

/// Data of an MD5 Cred: B64(MD5(B64(MD5(name ":" password)) ":" nonce)); the nonce as raw octets.
#[must_use]
pub fn md5(name: &[u8], password: &[u8], nonce: &[u8]) -> String {
    base64(&md5_digest(name, password, nonce))
}

/// The mac of a message body: B64(MD5(B64(MD5(name ":" password)) ":" nonce ":" B64(MD5(body)))).
///
/// A nested MD5, not the construction of RFC 2104 that the specification also refers to. `body` is the
/// exact HTTP entity.
#[must_use]
pub fn mac(name: &[u8], password: &[u8], nonce: &[u8], body: &[u8]) -> String {
    // The digest of a notification is the same construction, with the trigger in place of the body.
    base64(&crate::package0::digest(name, password, nonce, body))
}

fn md5_digest(name: &[u8], password: &[u8], nonce: &[u8]) -> [u8; 16] {
    md5_of_pair(base64(&md5_of_pair(name, password)).as_bytes(), nonce)
}

#[cfg(test)]
mod tests {
    use ::md5::{Digest as _, Md5};

    use super::*;

    const NONCE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    const EMPTY_MESSAGE: &[u8] = b"<SyncML xmlns='SYNCML:SYNCML1.2'></SyncML>";

    #[test]
    fn basic_vector() {
        assert_eq!(basic(b"Bruce2", b"OhBehave"), "QnJ1Y2UyOk9oQmVoYXZl");
    }

    #[test]
    fn md5_vectors() {
        assert_eq!(md5(b"Bruce2", b"OhBehave", b"Nonce"), "Zz6EivR3yeaaENcRN6lpAQ==");
        assert_eq!(base64(&md5_of_pair(b"client1", b"pwd-C")), "xm3NbHtXXMcRCOywkgPkzQ==");
        assert_eq!(md5(b"client1", b"pwd-C", &NONCE), "S9I24CGF7eX9CyUw6r9Gkg==");
        assert_eq!(md5(b"client1", b"pwd-C", &DEFAULT_NONCE), "xG9CCX7z8nQf8iou3ayCOw==");
        assert_eq!(md5(b"dmsc.example.com", b"s3cr3t-P@ss", &NONCE), "KaLULUDoWoHiogxPGKVS4g==");
    }

    #[test]
    fn mac_vectors() {
        assert_eq!(base64(&Md5::digest(EMPTY_MESSAGE)), "H3xwy8pX1UqPHmyp+R/yyg==");
        assert_eq!(mac(b"client1", b"pwd-C", &NONCE, EMPTY_MESSAGE), "G0CjVP7bDvuUZrEeEJCAeQ==");
        assert_eq!(mac(b"client1", b"pwd-C", &DEFAULT_NONCE, EMPTY_MESSAGE), "ZIgnp5zsxMX1H7F39l/nMQ==");
    }

    #[test]
    fn mac_over_the_binary_abort_message() {
        let body = dmsc_octets::from_hex(
            "02A4016A006D6C7103312E3200017203444D2F312E3200016503413500015B033200016E57035300010167570343000101016B\
             694B033100015C033100014C033000014A0353796E6348647200014F03323132000101464B033200014F0331323233000101120101",
        )
        .unwrap();
        assert_eq!(body.len(), 104);
        assert_eq!(base64(&Md5::digest(&body)), "dxpvpkCUkjXepfLAhhm/rw==");
        assert_eq!(mac(b"client1", b"pwd-C", &NONCE, &body), "ERwe+quJxLUzsXr7GHjXtw==");
    }

    #[test]
    fn credentials_travel_through_cred() {
        let basic = Credential::Basic { name: b"Bruce2".to_vec(), password: b"Oh:Behave".to_vec() };
        let md5 = Credential::Md5(md5_digest(b"Bruce2", b"OhBehave", b"Nonce"));
        for credential in [&basic, &md5] {
            assert_eq!(Credential::from_cred(&credential.to_cred()).as_ref(), Ok(credential));
        }
        assert_eq!(md5.to_cred().data, Data::from("Zz6EivR3yeaaENcRN6lpAQ=="));
        assert!(md5.verify(b"Bruce2", b"OhBehave", b"Nonce"));
        assert!(!md5.verify(b"Bruce2", b"OhBehave", b"nonce"));
        assert!(basic.verify(b"Bruce2", b"Oh:Behave", b""));
        assert!(!basic.verify(b"Bruce2", b"OhBehave", b""));
    }

    #[test]
    fn unusable_credentials_say_why() {
        let cred = Credential::Md5([0; 16]).to_cred();
        let error = |cred: Cred| Credential::from_cred(&cred).unwrap_err();
        assert_eq!(error(Cred { type_: None, ..cred.clone() }), CredentialError::NoType);
        assert_eq!(
            error(Cred { type_: Some(AuthType::Mac), ..cred.clone() }),
            CredentialError::Type("syncml:auth-MAC".to_owned())
        );
        assert_eq!(error(Cred { data: base64(b"short").into(), ..cred.clone() }), CredentialError::DigestLength(5));
        assert!(matches!(error(Cred { data: Data::Text("?".into()), ..cred.clone() }), CredentialError::Base64(_)));
        assert_eq!(
            error(Cred { type_: Some(AuthType::Basic), data: base64(b"nobody").into(), ..cred }),
            CredentialError::NoColon
        );
    }
}
