//! Cipher block chaining over whole blocks.

use ::cbc::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use ::cbc::{Decryptor, Encryptor};
use aes::Aes128;
use des::TdesEde3;

use crate::keys::Cipher;

/// Encrypts in place. None, and the data as they were, when a key or IV has the wrong length or a block is not whole.
pub(crate) fn encrypt(cipher: Cipher, key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<()> {
    match cipher {
        Cipher::TripleDes => encrypt_blocks(Encryptor::<TdesEde3>::new_from_slices(key, iv).ok()?, data),
        Cipher::Aes128 => encrypt_blocks(Encryptor::<Aes128>::new_from_slices(key, iv).ok()?, data),
    }
}

/// Decrypts in place, as [`encrypt`].
pub(crate) fn decrypt(cipher: Cipher, key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<()> {
    match cipher {
        Cipher::TripleDes => decrypt_blocks(Decryptor::<TdesEde3>::new_from_slices(key, iv).ok()?, data),
        Cipher::Aes128 => decrypt_blocks(Decryptor::<Aes128>::new_from_slices(key, iv).ok()?, data),
    }
}

fn encrypt_blocks<M: BlockModeEncrypt>(mut mode: M, data: &mut [u8]) -> Option<()> {
    if !data.len().is_multiple_of(M::block_size()) {
        return None;
    }
    for block in data.chunks_exact_mut(M::block_size()) {
        mode.encrypt_block(<&mut Block<M>>::try_from(block).ok()?);
    }
    Some(())
}

fn decrypt_blocks<M: BlockModeDecrypt>(mut mode: M, data: &mut [u8]) -> Option<()> {
    if !data.len().is_multiple_of(M::block_size()) {
        return None;
    }
    for block in data.chunks_exact_mut(M::block_size()) {
        mode.decrypt_block(<&mut Block<M>>::try_from(block).ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use dmsc_octets::from_hex;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        from_hex(text).unwrap()
    }

    fn check(cipher: Cipher, key: &str, iv: &str, plain: &str, coded: &str) {
        let mut data = hex(plain);
        assert_eq!(encrypt(cipher, &hex(key), &hex(iv), &mut data), Some(()));
        assert_eq!(data, hex(coded));
        assert_eq!(decrypt(cipher, &hex(key), &hex(iv), &mut data), Some(()));
        assert_eq!(data, hex(plain));
        assert_eq!(encrypt(cipher, &hex(key), &hex(iv), &mut data[1..]), None);
        assert_eq!(decrypt(cipher, &hex(key), &[], &mut data), None);
    }

    /// NIST SP 800-38A F.2.1.
    #[test]
    fn aes() {
        check(
            Cipher::Aes128,
            "2B7E151628AED2A6ABF7158809CF4F3C",
            "000102030405060708090A0B0C0D0E0F",
            "6BC1BEE22E409F96E93D7E117393172A AE2D8A571E03AC9C9EB76FAC45AF8E51",
            "7649ABAC8119B246CEE98E9B12E9197D 5086CB9B507219EE95DB113A917678B2",
        );
    }

    /// As `openssl enc -des-ede3-cbc -nopad` has it.
    #[test]
    fn triple_des() {
        check(
            Cipher::TripleDes,
            "0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123",
            "F69F2445DF4F9B17",
            "6BC1BEE22E409F96E93D7E117393172A",
            "2079C3D53AA763E193B79E2569AB5262",
        );
    }
}
