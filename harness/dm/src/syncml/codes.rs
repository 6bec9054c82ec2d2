//! Status codes and alert codes; a code that is not in the table is kept.

macro_rules! code_table {
    ($(#[$doc:meta])* $table:ident { $($code:literal $name:ident $text:literal / $row:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $table {
            $(#[doc = $row] $name,)*
            /// Any other code.
            Unknown(u16),
        }

        impl $table {
            /// The code as carried.
            #[must_use]
            pub fn code(self) -> u16 {
                match self {
                    $(Self::$name => $code,)*
                    Self::Unknown(code) => code,
                }
            }

            /// What the code means, for people.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Unknown(_) => "unknown",
                }
            }
        }

        impl From<u16> for $table {
            fn from(code: u16) -> Self {
                match code {
                    $($code => Self::$name,)*
                    _ => Self::Unknown(code),
                }
            }
        }

        impl std::fmt::Display for $table {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "{} ({})", self.code(), self.name())
            }
        }

        #[cfg(test)]
        impl $table {
            const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

code_table! {
/// Status codes that DM uses (DMREPPRO 1.2, response status codes).
StatusCode {
    101 InProgress "in progress" / "101: in progress (meaning from memory, unverified).",
    200 Ok "OK" / "200: OK.",
    202 Accepted "accepted for processing" / "202: accepted for processing.",
    212 Authenticated "authenticated for the session" / "212: authenticated for the session.",
    213 ChunkAccepted "chunk accepted and buffered" / "213: chunk accepted and buffered.",
    214 OperationCancelled "operation cancelled" / "214: operation cancelled.",
    215 NotExecuted "not executed" / "215: not executed.",
    216 AtomicRollbackOk "atomic rollback OK" / "216: atomic rollback OK.",
    304 NotModified "not modified" / "304: not modified.",
    400 BadRequest "bad request" / "400: bad request.",
    401 InvalidCredentials "invalid credentials" / "401: invalid credentials.",
    403 Forbidden "forbidden" / "403: forbidden.",
    404 NotFound "not found" / "404: not found.",
    405 CommandNotAllowed "command not allowed" / "405: command not allowed.",
    406 OptionalFeatureNotSupported "optional feature not supported" / "406: optional feature not supported.",
    407 MissingCredentials "missing credentials" / "407: missing credentials.",
    408 RequestTimeout "request timeout" / "408: request timeout.",
    412 IncompleteCommand "incomplete command" / "412: incomplete command.",
    413 RequestEntityTooLarge "request entity too large" / "413: request entity too large.",
    414 UriTooLong "URI too long" / "414: URI too long.",
    415 UnsupportedMediaTypeOrFormat "unsupported media type or format" / "415: unsupported media type or format.",
    416 RequestedSizeTooBig "requested size too big" / "416: requested size too big.",
    418 AlreadyExists "already exists" / "418: already exists.",
    420 DeviceFull "device full" / "420: device full.",
    424 SizeMismatch "size mismatch" / "424: size mismatch.",
    425 PermissionDenied "permission denied" / "425: permission denied.",
    500 CommandFailed "command failed" / "500: command failed.",
    501 CommandNotImplemented "command not implemented" / "501: command not implemented.",
    503 ServiceUnavailable "service unavailable" / "503: service unavailable (meaning from memory, unverified).",
    505 DtdVersionNotSupported "DTD version not supported" / "505: DTD version not supported (meaning from memory, unverified).",
    506 ProcessingError "processing error" / "506: processing error (meaning from memory, unverified).",
    507 AtomicFailed "atomic failed" / "507: atomic failed.",
    510 DataStoreFailure "data store failure" / "510: data store failure.",
    511 ServerFailure "server failure" / "511: server failure (meaning from memory, unverified).",
    513 ProtocolVersionNotSupported "protocol version not supported" / "513: protocol version not supported (meaning from memory, unverified).",
    516 AtomicRollbackFailed "atomic rollback failed" / "516: atomic rollback failed.",
    517 AtomicResponseTooLarge "atomic response too large" / "517: atomic response too large.",
}}

code_table! {
/// Alert codes (DMREPPRO 1.2, alert codes; DMPRO 8.7, 10).
AlertCode {
    1100 Display "display" / "1100: display.",
    1101 ConfirmOrReject "confirm or reject" / "1101: confirm or reject.",
    1102 TextInput "text input" / "1102: text input.",
    1103 SingleChoice "single choice" / "1103: single choice.",
    1104 MultipleChoice "multiple choice" / "1104: multiple choice.",
    1200 ServerInitiated "server-initiated session" / "1200: server-initiated session.",
    1201 ClientInitiated "client-initiated session" / "1201: client-initiated session.",
    1222 NextMessage "next message" / "1222: next message.",
    1223 SessionAbort "session abort" / "1223: session abort.",
    1224 ClientEvent "client event" / "1224: client event.",
    1225 NoEndOfData "no end of data" / "1225: no end of data.",
    1226 GenericAlert "generic alert" / "1226: generic alert.",
}}

impl StatusCode {
    /// Whether the code says the command was carried out or accepted: any code of the 200 class but 214,
    /// 215 and 216, which say that it was cancelled, skipped or undone.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self.code(), 200..=213 | 217..=299)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_as_it_is_written() {
        for code in StatusCode::ALL {
            assert_eq!(StatusCode::from(code.code()), *code);
        }
        for code in AlertCode::ALL {
            assert_eq!(AlertCode::from(code.code()), *code);
        }
        assert_eq!(StatusCode::from(417), StatusCode::Unknown(417));
        assert_eq!(AlertCode::from(1221).code(), 1221);
        assert_eq!(StatusCode::PermissionDenied.to_string(), "425 (permission denied)");
        assert_eq!(AlertCode::SessionAbort.to_string(), "1223 (session abort)");
    }

    #[test]
    fn success_is_not_the_whole_200_class() {
        assert!(StatusCode::Ok.is_success() && StatusCode::ChunkAccepted.is_success());
        assert!(!StatusCode::NotExecuted.is_success() && !StatusCode::NotModified.is_success());
    }
}
