//! Alerts (RFC 5246 7.2, RFC 4279 6, RFC 6066 9, RFC 7507).

use crate::codes::codes;

codes! {
    /// How grave an alert is (RFC 5246 7.2).
    AlertLevel(u8, "2") {
        Warning = 1, "warning";
        Fatal = 2, "fatal";
    }
}

codes! {
    /// What an alert says, with the names of the registry.
    Description(u8, "2") {
        CloseNotify = 0, "close_notify";
        UnexpectedMessage = 10, "unexpected_message";
        BadRecordMac = 20, "bad_record_mac";
        DecryptionFailed = 21, "decryption_failed";
        RecordOverflow = 22, "record_overflow";
        DecompressionFailure = 30, "decompression_failure";
        HandshakeFailure = 40, "handshake_failure";
        NoCertificate = 41, "no_certificate";
        BadCertificate = 42, "bad_certificate";
        UnsupportedCertificate = 43, "unsupported_certificate";
        CertificateRevoked = 44, "certificate_revoked";
        CertificateExpired = 45, "certificate_expired";
        CertificateUnknown = 46, "certificate_unknown";
        IllegalParameter = 47, "illegal_parameter";
        UnknownCa = 48, "unknown_ca";
        AccessDenied = 49, "access_denied";
        DecodeError = 50, "decode_error";
        DecryptError = 51, "decrypt_error";
        ExportRestriction = 60, "export_restriction";
        ProtocolVersion = 70, "protocol_version";
        InsufficientSecurity = 71, "insufficient_security";
        InternalError = 80, "internal_error";
        InappropriateFallback = 86, "inappropriate_fallback";
        UserCanceled = 90, "user_canceled";
        NoRenegotiation = 100, "no_renegotiation";
        MissingExtension = 109, "missing_extension";
        UnsupportedExtension = 110, "unsupported_extension";
        UnrecognizedName = 112, "unrecognized_name";
        UnknownPskIdentity = 115, "unknown_psk_identity";
        NoApplicationProtocol = 120, "no_application_protocol";
    }
}

/// An alert: its level and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Alert {
    /// Warning or fatal.
    pub level: AlertLevel,
    /// What it says.
    pub description: Description,
}

impl Alert {
    /// A fatal alert.
    #[must_use]
    pub fn fatal(description: Description) -> Alert {
        Alert { level: AlertLevel::Fatal, description }
    }

    /// A warning.
    #[must_use]
    pub fn warning(description: Description) -> Alert {
        Alert { level: AlertLevel::Warning, description }
    }

    /// The two octets of the message.
    #[must_use]
    pub fn octets(self) -> [u8; 2] {
        [self.level.code(), self.description.code()]
    }

    /// The alert of two octets.
    #[must_use]
    pub fn from_octets([level, description]: [u8; 2]) -> Alert {
        Alert { level: AlertLevel::from_code(level), description: Description::from_code(description) }
    }
}

impl std::fmt::Display for Alert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let level = self.level.name().unwrap_or("unknown level");
        let description = self.description.name().unwrap_or("unknown");
        write!(f, "{level} {description} ({})", self.description.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_two_octets() {
        let alert = Alert::from_octets([2, 115]);
        assert_eq!(alert, Alert::fatal(Description::UnknownPskIdentity));
        assert_eq!(alert.to_string(), "fatal unknown_psk_identity (115)");
        assert_eq!(Alert::from_octets([7, 255]).octets(), [7, 255]);
        assert_eq!(Alert::from_octets([7, 255]).to_string(), "unknown level unknown (255)");
        assert_eq!(Alert::warning(Description::CloseNotify).octets(), [1, 0]);
    }
}
