//! The pseudorandom function, and what is made with it (RFC 2246 5, RFC 5246 5, RFC 4279 2, RFC 7627 4).

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::version::Version;

/// The pseudorandom function of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prf {
    /// P_MD5 XOR P_SHA-1, up to TLS 1.1 (RFC 2246 5).
    Md5Sha1,
    /// P_SHA256, TLS 1.2 with the suites of RFC 4279 (RFC 5246 5).
    Sha256,
}

impl Prf {
    /// The function of a version.
    #[must_use]
    pub fn of(version: Version) -> Prf {
        if version.code() >= Version::Tls12.code() { Self::Sha256 } else { Self::Md5Sha1 }
    }

    /// PRF(secret, label, seed), `length` octets of it.
    #[must_use]
    pub fn derive(self, secret: &[u8], label: &str, seed: &[u8], length: usize) -> Secret {
        let seed = [label.as_bytes(), seed].concat();
        let mut out = vec![0; length];
        match self {
            Self::Md5Sha1 => {
                // The halves share the middle octet of a secret of odd length.
                let half = secret.len().div_ceil(2);
                expand::<Hmac<Md5>>(secret.get(..half).unwrap_or_default(), &seed, &mut out);
                expand::<Hmac<Sha1>>(secret.get(secret.len() - half..).unwrap_or_default(), &seed, &mut out);
            }
            Self::Sha256 => expand::<Hmac<Sha256>>(secret, &seed, &mut out),
        }
        Secret::new(out)
    }

    /// The hash of the handshake messages: MD5 and SHA-1, or SHA-256.
    #[must_use]
    pub fn hash(self, messages: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5Sha1 => [Md5::digest(messages).as_slice(), Sha1::digest(messages).as_slice()].concat(),
            Self::Sha256 => Sha256::digest(messages).to_vec(),
        }
    }

    /// The master secret, 48 octets, of both randoms (RFC 5246 8.1).
    #[must_use]
    pub fn master(self, premaster: &Secret, client_random: &[u8; 32], server_random: &[u8; 32]) -> Secret {
        let seed = [client_random.as_slice(), server_random].concat();
        self.derive(premaster.expose(), "master secret", &seed, 48)
    }

    /// The extended master secret, 48 octets, of the messages up to ClientKeyExchange (RFC 7627 4).
    #[must_use]
    pub fn extended_master(self, premaster: &Secret, messages: &[u8]) -> Secret {
        self.derive(premaster.expose(), "extended master secret", &self.hash(messages), 48)
    }

    /// verify_data of a Finished after `messages` (RFC 5246 7.4.9).
    #[must_use]
    pub fn verify_data(self, master: &Secret, by_client: bool, messages: &[u8]) -> Vec<u8> {
        let label = if by_client { "client finished" } else { "server finished" };
        let length = crate::message::VERIFY_DATA_LENGTH;
        self.derive(master.expose(), label, &self.hash(messages), length).expose().to_vec()
    }
}

/// The premaster secret of a key shared in advance (RFC 4279 2): as many zeroes as the key has octets, and the key, each
/// with a length before it. A key of more than 65535 octets has no premaster.
#[must_use]
pub fn premaster(key: &Secret) -> Option<Secret> {
    let length = u16::try_from(key.expose().len()).ok()?.to_be_bytes();
    let zeroes = vec![0; key.expose().len()];
    Some(Secret::new([length.as_slice(), &zeroes, &length, key.expose()].concat()))
}

/// P_hash(secret, seed), XORed onto `out` (RFC 5246 5).
fn expand<M: Mac + KeyInit>(secret: &[u8], seed: &[u8], out: &mut [u8]) {
    let mut a = mac::<M>(secret, &[seed]);
    let mut rest = out;
    while !rest.is_empty() && !a.is_empty() {
        let block = mac::<M>(secret, &[&a, seed]);
        let (now, later) = rest.split_at_mut(block.len().min(rest.len()));
        now.iter_mut().zip(block.iter()).for_each(|(to, from)| *to ^= from);
        rest = later;
        a = mac::<M>(secret, &[&a]);
    }
}

/// A MAC over several parts.
pub(crate) fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Zeroizing::default() };
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use dmsc_octets::from_hex;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        from_hex(text).unwrap()
    }

    /// The vector for P_SHA256 that the IETF's TLS list had for TLS 1.2.
    #[test]
    fn the_function_of_tls_1_2() {
        let secret = hex("9BBE436BA940F017B17652849A71DB35");
        let seed = hex("A0BA9F936CDA311827A6F796FFD5198C");
        let out = hex(
            "E3F229BA727BE17B8D122620557CD453C2AAB21D07C3D495329B52D4E61EDB5A6B301791E90D35C9C9A46B4E14BAF9AF0FA022F7077D
             EF17ABFD3797C0564BAB4FBC91666E9DEF9B97FCE34F796789BAA48082D122EE42C5A72E5A5110FFF70187347B66",
        );
        assert_eq!(Prf::of(Version::Tls12).derive(&secret, "test label", &seed, 100), Secret::new(out));
    }

    /// The vector for the function of TLS 1.0 that the same list had; `openssl kdf TLS1-PRF` gives the same.
    #[test]
    fn the_function_of_tls_1_0() {
        let out = hex(
            "D3D4D1E349B5D515044666D51DE32BAB258CB521B6B053463E354832FD976754443BCF9A296519BC289ABCBC1187E4EBD31E60235377
             6C408AAFB74CBC85EFF69255F9788FAA184CBB957A9819D84A5D7EB006EB459D3AE8DE9810454B8B2D8F1AFBC655A8C9A013",
        );
        let prf = Prf::of(Version::Tls10);
        assert_eq!(prf.derive(&[0xAB; 48], "PRF Testvector", &[0xCD; 64], 104), Secret::new(out));
        // `openssl kdf -keylen 16 -kdfopt digest:MD5-SHA1 -kdfopt hexsecret:ABABAB -kdfopt hexseed:6C01 TLS1-PRF`
        assert_eq!(prf.derive(&[0xAB; 3], "l", &[1], 16), Secret::new(hex("6BE203431CEE5BFFA1501392C9870E98")));
    }

    #[test]
    fn the_premaster_has_zeroes_and_the_key() {
        let premaster = premaster(&Secret::new(vec![0xAA, 0xBB])).unwrap();
        assert_eq!(premaster.expose(), [0, 2, 0, 0, 0, 2, 0xAA, 0xBB]);
        assert_eq!(super::premaster(&Secret::new(vec![0; 65_536])), None);
    }

    #[test]
    fn hashes_of_messages_are_those_of_the_version() {
        assert_eq!(Prf::Md5Sha1.hash(b"abc").len(), 36);
        assert_eq!(Prf::Sha256.hash(b"abc").get(..4), Some([0xBA, 0x78, 0x16, 0xBF].as_slice()));
    }
}
