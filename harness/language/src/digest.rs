//! SHA-256 as journals write it.

use sha2::{Digest as _, Sha256};

/// A SHA-256 over what is added to it.
#[derive(Clone, Debug, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Adds octets.
    pub fn add(&mut self, octets: impl AsRef<[u8]>) {
        self.0.update(octets);
    }

    /// 64 hexadecimal digits in lower case.
    pub fn finish(self) -> String {
        dmsc_octets::to_hex(&self.0.finalize()).to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_added_in_order() {
        let mut digest = Digest::default();
        digest.add("ab");
        digest.add([b'c']);
        assert_eq!(digest.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
