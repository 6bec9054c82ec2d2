//! Random values that depend on a seed only.

/// SplitMix64: enough for nonces of a test bench that must be repeatable, and nothing else.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator whose values follow from `seed`.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Sixteen octets, the length DM 1.2 recommends for a nonce.
    pub fn nonce(&mut self) -> Vec<u8> {
        [self.next_u64(), self.next_u64()].iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_nonces() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        assert_eq!(a.nonce(), b.nonce());
        assert_ne!(a.nonce(), Rng::new(7).nonce());
        assert_eq!(a.nonce().len(), 16);
    }
}
