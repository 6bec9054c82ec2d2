//! The key block (RFC 5246 6.3).

use crate::prf::Prf;
use crate::secret::Secret;
use crate::suite::Suite;
use crate::version::Version;

/// Octets of the MAC of both suites, HMAC-SHA1, and of its key.
pub(crate) const MAC_LENGTH: usize = 20;

/// The block cipher of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cipher {
    TripleDes,
    Aes128,
}

impl Cipher {
    pub(crate) fn of(suite: Suite) -> Option<Cipher> {
        match suite {
            Suite::Psk3DesEdeCbcSha => Some(Cipher::TripleDes),
            Suite::PskAes128CbcSha => Some(Cipher::Aes128),
            _ => None,
        }
    }

    fn key_length(self) -> usize {
        match self {
            Cipher::TripleDes => 24,
            Cipher::Aes128 => 16,
        }
    }

    pub(crate) fn block_length(self) -> usize {
        match self {
            Cipher::TripleDes => 8,
            Cipher::Aes128 => 16,
        }
    }
}

/// The keys of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) mac: Secret,
    pub(crate) cipher: Secret,
    /// Only up to TLS 1.0; empty with an explicit IV.
    pub(crate) iv: Secret,
}

/// The keys of the client and of the server.
pub(crate) fn key_block(
    version: Version,
    cipher: Cipher,
    master: &Secret,
    client_random: &[u8; 32],
    server_random: &[u8; 32],
) -> (Keys, Keys) {
    let iv = if version.has_explicit_iv() { 0 } else { cipher.block_length() };
    let lengths = [MAC_LENGTH, MAC_LENGTH, cipher.key_length(), cipher.key_length(), iv, iv];
    let seed = [server_random.as_slice(), client_random].concat();
    let block = Prf::of(version).derive(master.expose(), "key expansion", &seed, lengths.iter().sum());
    let mut rest = block.expose();
    let [client_mac, server_mac, client_key, server_key, client_iv, server_iv] = lengths.map(|length| {
        let (part, later) = rest.split_at_checked(length).unwrap_or_default();
        rest = later;
        Secret::new(part.to_vec())
    });
    (
        Keys { mac: client_mac, cipher: client_key, iv: client_iv },
        Keys { mac: server_mac, cipher: server_key, iv: server_iv },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_cut_in_the_order_of_the_standard() {
        let master = Secret::new(vec![7; 48]);
        for (version, cipher, length) in [
            (Version::Tls10, Cipher::TripleDes, 104),
            (Version::Tls12, Cipher::TripleDes, 88),
            (Version::Tls10, Cipher::Aes128, 104),
            (Version::Tls11, Cipher::Aes128, 72),
        ] {
            let (client, server) = key_block(version, cipher, &master, &[1; 32], &[2; 32]);
            let parts = [&client.mac, &server.mac, &client.cipher, &server.cipher, &client.iv, &server.iv];
            let joined: Vec<u8> = parts.iter().flat_map(|part| part.expose().to_vec()).collect();
            let seed = [[2; 32], [1; 32]].concat();
            assert_eq!(Prf::of(version).derive(master.expose(), "key expansion", &seed, length).expose(), joined);
        }
    }
}
