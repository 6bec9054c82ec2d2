//! What the choices of either side do to an HTTP message that is all but ready (RFC 9110, RFC 9112).

use crate::choice::http::{
    Accept, BodyFraming, Connection, HeaderOrder, HeaderSpace, HeaderSpelling, Http, HttpVersion, MediaType,
    MoreHeaders, ReasonPhrase, RequestTarget,
};
use crate::dm::Encoding;
use crate::http::{Form, HttpMessage, Spelling, Start};

/// The size of chunks where there are several, in octets.
const CHUNK: usize = 100;

/// A message as a side writes it that has made these choices. `authority` is that of the request target.
pub(crate) fn apply(mut message: HttpMessage, authority: &str, http: &Http) -> HttpMessage {
    match &mut message.start {
        Start::Request { target, .. } => {
            if http.request_target == RequestTarget::Absolute {
                *target = format!("http://{authority}{target}");
            }
            request_headers(&mut message.headers, http);
        }
        Start::Response { reason, .. } => match http.reason_phrase {
            ReasonPhrase::Usual => {}
            ReasonPhrase::Nothing => reason.clear(),
            ReasonPhrase::Other => *reason = "As the card sees it".into(),
        },
    }
    if http.media_type != MediaType::Plain {
        for (_, value) in message.headers.iter_mut().filter(|(name, _)| name == "Content-Type") {
            *value = match http.media_type {
                MediaType::Plain => continue,
                MediaType::Charset => format!("{value}; charset=utf-8"),
                MediaType::OtherCase => format!("{};Charset=\"UTF-8\"", value.replace("application", "Application")),
            };
        }
    }
    if http.more_headers == MoreHeaders::Some {
        message = message.with("Date", "Sat, 01 Jan 2011 00:00:00 GMT").with("X-Vendor-Note", "a, \"b\"; c=d");
    }
    let closes = http.connection == Connection::Closed;
    match http.http_version {
        HttpVersion::V1_1 if closes => message = message.with("Connection", "close"),
        HttpVersion::V1_1 => {}
        HttpVersion::KeepAlive if !closes => {
            message.minor = 0;
            message = message.with("Connection", "keep-alive");
        }
        HttpVersion::V1_0 | HttpVersion::KeepAlive => message.minor = 0,
    }
    // There are no chunks in HTTP/1.0, and none of nothing.
    if message.minor > 0 && !message.body.is_empty() {
        message.chunked = match http.body_framing {
            BodyFraming::Length => 0,
            BodyFraming::OneChunk => message.body.len(),
            BodyFraming::Chunks => CHUNK,
        };
    }
    if http.header_order == HeaderOrder::Reversed {
        message.headers.reverse();
    }
    message.form = Form {
        spelling: match http.header_spelling {
            HeaderSpelling::Usual => Spelling::Usual,
            HeaderSpelling::Lower => Spelling::Lower,
            HeaderSpelling::Upper => Spelling::Upper,
        },
        space: match http.header_space {
            HeaderSpace::One => (" ", ""),
            HeaderSpace::Nothing => ("", ""),
            HeaderSpace::More => ("  \t", " \t"),
        },
    };
    message
}

fn request_headers(headers: &mut [(String, String)], http: &Http) {
    let [xml, wbxml] = Encoding::ALL.map(Encoding::media_type);
    for (_, value) in headers.iter_mut().filter(|(name, _)| name == "Accept") {
        match http.accept {
            Accept::Own => {}
            Accept::Both => *value = format!("{xml}, {wbxml};q=0.5"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(http: &Http) -> String {
        let post = HttpMessage::post("/OMA/DM", "card:3516", b"ab".to_vec())
            .with("Content-Type", "application/vnd.syncml.dm+xml")
            .with("Accept", "application/vnd.syncml.dm+xml")
            .with("User-Agent", "x");
        String::from_utf8(apply(post, "card:3516", http).encode()).unwrap()
    }

    #[test]
    fn choices_are_seen_in_the_octets() {
        let mut http = Http {
            request_target: RequestTarget::Absolute,
            http_version: HttpVersion::KeepAlive,
            header_spelling: HeaderSpelling::Lower,
            header_space: HeaderSpace::Nothing,
            accept: Accept::Both,
            media_type: MediaType::Charset,
            body_framing: BodyFraming::Chunks,
            ..Http::default()
        };
        let head = "POST http://card:3516/OMA/DM HTTP/1.0\r\nhost:card:3516\r\n\
                    content-type:application/vnd.syncml.dm+xml; charset=utf-8\r\n\
                    accept:application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml;q=0.5\r\nuser-agent:x\r\n\
                    connection:keep-alive\r\ncontent-length:2\r\n\r\nab";
        assert_eq!(text(&http), head);
        http = Http { body_framing: BodyFraming::OneChunk, header_order: HeaderOrder::Reversed, ..Http::default() };
        let head = "POST /OMA/DM HTTP/1.1\r\nUser-Agent: x\r\nAccept: application/vnd.syncml.dm+xml\r\n\
                    Content-Type: application/vnd.syncml.dm+xml\r\nHost: card:3516\r\n\
                    Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        assert_eq!(text(&http), head);
    }
}
