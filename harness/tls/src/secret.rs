//! Octets that nobody is to see.

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A key or what is derived from one: overwritten when it is dropped, compared in constant time, and not shown.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the octets; the secret owns the only copy.
    #[must_use]
    pub fn new(octets: Vec<u8>) -> Secret {
        Secret(Zeroizing::new(octets))
    }

    /// The octets, for who must have them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

/// Shows nothing of it, not even the length.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new(vec![0xAB, 0xCD]);
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(secret, Secret::new(vec![0xAB, 0xCD]));
        assert_ne!(secret, Secret::new(vec![0xAB]));
    }
}
