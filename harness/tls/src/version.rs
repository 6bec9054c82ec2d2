//! Protocol versions.

use crate::codes::codes;

codes! {
    /// A protocol version (RFC 5246 6.2.1), as hellos and record headers have it.
    Version(u16, "4") {
        Ssl30 = 0x0300, "SSL 3.0";
        Tls10 = 0x0301, "TLS 1.0";
        Tls11 = 0x0302, "TLS 1.1";
        Tls12 = 0x0303, "TLS 1.2";
        Tls13 = 0x0304, "TLS 1.3";
    }
}

impl Version {
    /// Whether this crate speaks it: TLS 1.0, 1.1 and 1.2.
    #[must_use]
    pub fn is_spoken(self) -> bool {
        matches!(self, Self::Tls10 | Self::Tls11 | Self::Tls12)
    }

    /// Whether records carry their own initialisation vector: from TLS 1.1 on (RFC 4346 6.2.3.2).
    #[must_use]
    pub fn has_explicit_iv(self) -> bool {
        self.code() >= 0x0302
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_version_is_kept_and_named() {
        assert_eq!(Version::from_code(0x0302), Version::Tls11);
        assert_eq!(Version::from_code(0x7F17).code(), 0x7F17);
        assert_eq!(Version::Tls12.to_string(), "TLS 1.2 (0303)");
        assert_eq!(Version::Other(0x0A0A).to_string(), "unknown (0A0A)");
        assert!(!Version::Tls13.is_spoken() && Version::Tls11.has_explicit_iv() && !Version::Tls10.has_explicit_iv());
    }
}
