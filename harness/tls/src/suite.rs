//! Cipher suites.

use crate::codes::{codes, is_grease};

codes! {
    /// A cipher suite: the two of DM_SC 5.2, the values that only signal, and those with a key shared in advance that a
    /// handset may offer (RFC 4279, RFC 4785, RFC 5487, RFC 5489), to be named. Any other is kept by its code.
    Suite(u16, "4") {
        Psk3DesEdeCbcSha = 0x008B, "TLS_PSK_WITH_3DES_EDE_CBC_SHA";
        PskAes128CbcSha = 0x008C, "TLS_PSK_WITH_AES_128_CBC_SHA";
        EmptyRenegotiationInfoScsv = 0x00FF, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV";
        FallbackScsv = 0x5600, "TLS_FALLBACK_SCSV";
        PskNullSha = 0x002C, "TLS_PSK_WITH_NULL_SHA";
        PskRc4Sha = 0x008A, "TLS_PSK_WITH_RC4_128_SHA";
        PskAes256CbcSha = 0x008D, "TLS_PSK_WITH_AES_256_CBC_SHA";
        DhePsk3DesEdeCbcSha = 0x008F, "TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA";
        DhePskAes128CbcSha = 0x0090, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA";
        DhePskAes256CbcSha = 0x0091, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA";
        RsaPsk3DesEdeCbcSha = 0x0093, "TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA";
        RsaPskAes128CbcSha = 0x0094, "TLS_RSA_PSK_WITH_AES_128_CBC_SHA";
        PskAes128GcmSha256 = 0x00A8, "TLS_PSK_WITH_AES_128_GCM_SHA256";
        PskAes256GcmSha384 = 0x00A9, "TLS_PSK_WITH_AES_256_GCM_SHA384";
        PskAes128CbcSha256 = 0x00AE, "TLS_PSK_WITH_AES_128_CBC_SHA256";
        PskAes256CbcSha384 = 0x00AF, "TLS_PSK_WITH_AES_256_CBC_SHA384";
        PskNullSha256 = 0x00B0, "TLS_PSK_WITH_NULL_SHA256";
        PskNullSha384 = 0x00B1, "TLS_PSK_WITH_NULL_SHA384";
        EcdhePskAes128CbcSha = 0xC035, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA";
        RsaAes128CbcSha = 0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA";
        Rsa3DesEdeCbcSha = 0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA";
    }
}

impl Suite {
    /// The two suites of DM_SC 5.2, the stronger first.
    pub const DM_SC: [Suite; 2] = [Suite::PskAes128CbcSha, Suite::Psk3DesEdeCbcSha];

    /// Whether this crate can use it: the two of DM_SC 5.2.
    #[must_use]
    pub fn is_spoken(self) -> bool {
        Suite::DM_SC.contains(&self)
    }

    /// Whether it is one of the codes that RFC 8701 reserves so that unknown ones are met.
    #[must_use]
    pub fn is_grease(self) -> bool {
        is_grease(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_4279() {
        assert_eq!(Suite::DM_SC.map(Suite::code), [0x008C, 0x008B]);
        assert_eq!(Suite::PskAes128CbcSha.to_string(), "TLS_PSK_WITH_AES_128_CBC_SHA (008C)");
        assert!(Suite::from_code(0xDADA).is_grease() && !Suite::from_code(0x0A1A).is_grease());
        assert_eq!(Suite::from_code(0xDADA).to_string(), "unknown (DADA)");
    }
}
