//! Choices in HTTP (RFC 9110, RFC 9112).

use super::table::choices;

choices! {
    /// Choices in HTTP (RFC 9110, RFC 9112).
    Http

    /// The version of HTTP.
    (Terminal, Card; "SyncML HTTP binding, RFC 9110 2.5")
    http_version: HttpVersion = "http-version" {
        /// 1.1
        V1_1 = "1.1",
        /// 1.0; the connection ends with the response.
        V1_0 = "1.0",
        /// 1.0, with `Connection: keep-alive`.
        KeepAlive = "1.0-keep-alive",
    }

    /// How long a connection lasts.
    (Terminal, Card; "RFC 9112 9.3")
    connection: Connection = "connection" {
        /// As long as there is something to say.
        Kept = "kept",
        /// One exchange, as `Connection: close` says.
        Closed = "closed",
    }

    /// Whether the client opens another connection for each request without having said so.
    (Terminal; "RFC 9112 9.3")
    reconnects: Reconnects = "reconnects" {
        /// It does not.
        Never = "never",
        /// It does.
        EachTime = "each-time",
    }

    /// How the end of a body is told; in HTTP/1.0 always by its length.
    (Terminal, Card; "RFC 9112 6")
    body_framing: BodyFraming = "body-framing" {
        /// By its length.
        Length = "length",
        /// In one chunk.
        OneChunk = "one-chunk",
        /// In chunks of 100 octets.
        Chunks = "chunks",
    }

    /// How header field names are spelt.
    (Terminal, Card; "RFC 9110 5.1")
    header_spelling: HeaderSpelling = "header-spelling" {
        /// As usual.
        Usual = "usual",
        /// In lower case.
        Lower = "lower",
        /// In upper case.
        Upper = "upper",
    }

    /// The order of header fields.
    (Terminal, Card; "RFC 9110 5.3")
    header_order: HeaderOrder = "header-order" {
        /// The usual one.
        Usual = "usual",
        /// The reverse.
        Reversed = "reversed",
    }

    /// White space around header field values.
    (Terminal, Card; "RFC 9112 5")
    header_space: HeaderSpace = "header-space" {
        /// One space before.
        One = "one",
        /// None.
        Nothing = "none",
        /// Spaces and tabs before and after.
        More = "more",
    }

    /// Whether there are header fields that the binding does not name.
    (Terminal, Card; "RFC 9110 5.1")
    more_headers: MoreHeaders = "more-headers" {
        /// There are none.
        Nothing = "none",
        /// There are some.
        Some = "some",
    }

    /// How the media type is written.
    (Terminal, Card; "RFC 9110 8.3.1")
    media_type: MediaType = "media-type" {
        /// Without parameters.
        Plain = "plain",
        /// With the charset.
        Charset = "charset",
        /// In upper and lower case, with the charset in quotes.
        OtherCase = "other-case",
    }

    /// The form of the request target.
    (Terminal; "RFC 9112 3.2")
    request_target: RequestTarget = "request-target" {
        /// The path.
        Origin = "origin",
        /// The whole address.
        Absolute = "absolute",
    }

    /// What the client says it accepts.
    (Terminal; "RFC 9110 12.5.1")
    accept: Accept = "accept" {
        /// The media type of its own messages.
        Own = "own",
        /// Both media types.
        Both = "both",
    }

    /// The reason phrase of the server.
    (Card; "RFC 9112 4")
    reason_phrase: ReasonPhrase = "reason-phrase" {
        /// The usual one.
        Usual = "usual",
        /// None.
        Nothing = "none",
        /// Another one.
        Other = "other",
    }

    /// Whether the server sends interim responses.
    (Card; "RFC 9110 15.2")
    interim: Interim = "interim" {
        /// It does not.
        Never = "never",
        /// 100 before the response, where the client speaks HTTP/1.1.
        Continue = "continue",
    }

    /// What the server makes of requests that are none of the DM_SC Server.
    (Card; "RFC 9110 15.5, 15.6.2")
    other_requests: OtherRequests = "other-requests" {
        /// 405 for another method, 404 for another path.
        Named = "named",
        /// 501 for another method, 403 for another path.
        Refused = "refused",
        /// The connection is closed.
        Closes = "closes",
    }
}
