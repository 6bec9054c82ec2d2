//! Choices in TLS (RFC 2246, RFC 4346, RFC 5246).

use super::table::choices;

choices! {
    /// Choices in TLS (RFC 2246, RFC 4346, RFC 5246).
    Tls

    /// The versions of TLS.
    (Terminal, Card; "DM_SC 5.2, RFC 5246 E.1")
    versions: Versions = "tls-versions" {
        /// 1.0 to 1.2.
        All = "1.0-to-1.2",
        /// 1.2 only.
        Tls12Only = "1.2",
        /// 1.0 only.
        Tls10Only = "1.0",
        /// 1.0 and 1.1.
        UpToTls11 = "1.0-to-1.1",
        /// 1.1 and 1.2.
        Tls11Up = "1.1-to-1.2",
    }

    /// The cipher suites: at least one of the two.
    (Terminal, Card; "DM_SC 5.2")
    suites: Suites = "tls-suites" {
        /// Both, AES first.
        AesFirst = "aes-first",
        /// Both, 3DES first.
        DesFirst = "3des-first",
        /// TLS_PSK_WITH_AES_128_CBC_SHA.
        AesOnly = "aes",
        /// TLS_PSK_WITH_3DES_EDE_CBC_SHA.
        DesOnly = "3des",
    }

    /// Whether a client offers suites that are not those of DM_SC, and values that mean nothing (GREASE).
    (Terminal; "RFC 5246 7.4.1.2, RFC 8701")
    more_suites: MoreSuites = "tls-more-suites" {
        /// It does not.
        Nothing = "none",
        /// Before its own.
        Before = "before",
        /// After its own.
        After = "after",
    }

    /// Encrypt-then-MAC.
    (Terminal, Card; "RFC 7366")
    macs: Macs = "tls-encrypt-then-mac" {
        /// It is offered and taken.
        EncryptFirst = "offered",
        /// It is not known.
        MacFirst = "unknown",
    }

    /// The extended master secret.
    (Terminal, Card; "RFC 7627")
    masters: Masters = "tls-extended-master-secret" {
        /// It is offered and taken.
        Extended = "offered",
        /// It is not known.
        Plain = "unknown",
    }

    /// How a client shows that it knows RFC 5746.
    (Terminal; "RFC 5746 3.3")
    signals: Signals = "tls-renegotiation-signal" {
        /// By a suite.
        Scsv = "suite",
        /// By the extension.
        Extension = "extension",
        /// It does not know it.
        Nothing = "none",
    }

    /// Whether a client resumes sessions.
    (Terminal; "RFC 5246 F.1.4")
    resumption: Resumption = "tls-resumption" {
        /// It does.
        Resumes = "resumes",
        /// It does not.
        Never = "never",
    }

    /// Whether a server lets sessions be resumed.
    (Card; "RFC 5246 7.4.1.3")
    sessions: Sessions = "tls-sessions" {
        /// It does.
        Kept = "kept",
        /// It gives no session_id.
        Unnamed = "unnamed",
        /// It gives a session_id and keeps no session.
        Forgotten = "forgotten",
    }

    /// Whether a server hints at an identity.
    (Card; "RFC 4279 2")
    hints: Hints = "tls-identity-hint" {
        /// It does not.
        Never = "none",
        /// It does.
        Given = "given",
    }

    /// What a server does with an identity that it does not know.
    (Card; "RFC 4279 2")
    unknown: Unknown = "tls-unknown-identity" {
        /// It says so.
        Told = "told",
        /// It goes on as with a wrong key.
        Hidden = "hidden",
    }

    /// The alert for a wrong key.
    (Terminal, Card; "RFC 4279 2, RFC 5246 7.2.2")
    wrong_key: WrongKeys = "tls-wrong-key" {
        /// bad_record_mac.
        BadRecordMac = "bad-record-mac",
        /// decrypt_error.
        DecryptError = "decrypt-error",
    }

    /// The records of a flight of the handshake.
    (Terminal, Card; "RFC 5246 6.2.1")
    flight: Flight = "tls-flight" {
        /// One for each message.
        OneEach = "one-each",
        /// One for all.
        OneRecord = "one-record",
    }

    /// The length of records.
    (Terminal, Card; "RFC 5246 6.2.1")
    fragments: Fragments = "tls-records" {
        /// As long as they can be.
        Largest = "long",
        /// 100 octets of plaintext.
        Small = "short",
    }

    /// The padding of records.
    (Terminal, Card; "RFC 5246 6.2.3.2")
    paddings: Paddings = "tls-padding" {
        /// As short as it can be.
        Shortest = "shortest",
        /// As long as it can be.
        Longest = "longest",
        /// Drawn for each record.
        Drawn = "drawn",
    }

    /// How application data are cut in TLS 1.0.
    (Terminal, Card; "RFC 5246 6.2.1")
    splits: Splits = "tls-split" {
        /// Not at all.
        Never = "none",
        /// The first octet in a record of its own.
        OneAndRest = "one-and-rest",
        /// A record without data before.
        EmptyFirst = "empty-first",
    }

    /// Whether a side knows TLS with certificates, beside that with a key.
    (Terminal, Card; "DM_SC 5.2, DMSEC 5.5")
    certified: Certified = "tls-certificates" {
        /// It does.
        Known = "known",
        /// It does not.
        Unknown = "unknown",
    }

    /// The versions of TLS with certificates.
    (Terminal, Card; "DMSEC 5.5, RFC 8446 D.1")
    certified_versions: CertifiedVersions = "tls-certificate-versions" {
        /// 1.2 and 1.3.
        Both = "1.2-and-1.3",
        /// 1.2 only.
        Tls12 = "1.2",
        /// 1.3 only.
        Tls13 = "1.3",
    }
}
