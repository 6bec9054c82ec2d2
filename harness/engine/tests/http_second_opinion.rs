//! Where a response ends, as the protocol half of ureq sees it: code that shares only the parsing of heads with ours.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use dmsc_engine::http::{Reader, Side};
use proptest::prelude::*;
use ureq_proto::client::{Call, RecvResponseResult, SendRequestResult};
use ureq_proto::http::Request;

/// The status of the final response, its body, and the octets that it and interim ones before it take.
type Read = (u16, Vec<u8>, usize);

/// Our reading; `None` while the response is incomplete or when it is an error.
fn ours(method: &str, octets: &[u8]) -> Option<Read> {
    let mut reader = Reader::new(Side::Client);
    reader.expect_response_to(method);
    reader.feed(octets);
    reader.end();
    let mut taken = 0;
    loop {
        let (message, part) = reader.take().ok()??;
        taken += part.len();
        if !message.start.is_interim() {
            let status = message.fields()["status"].as_u64()?;
            return Some((u16::try_from(status).unwrap(), message.body, taken));
        }
    }
}

/// The reading of ureq.
fn theirs(method: &str, octets: &[u8]) -> Option<Read> {
    let request = Request::builder().method(method).uri("http://h/").body(()).unwrap();
    let mut call = Call::new(request).unwrap().proceed();
    let mut space = vec![0; 1024];
    call.write(&mut space).unwrap();
    let Some(SendRequestResult::RecvResponse(mut call)) = call.proceed().unwrap() else { return None };
    let mut at = 0;
    let response = loop {
        let (used, response) = call.try_response(&octets[at..], false).ok()?;
        at += used;
        match response {
            Some(response) => break response,
            None if used == 0 => return None,
            None => {}
        }
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    if let RecvResponseResult::RecvBody(mut call) = call.proceed()? {
        loop {
            let (used, written) = call.read(&octets[at..], &mut space).ok()?;
            at += used;
            body.extend_from_slice(&space[..written]);
            if used == 0 && written == 0 {
                if !call.can_proceed() {
                    return None;
                }
                break;
            }
        }
    }
    Some((status, body, at))
}

/// Responses that the two are to read alike. Left out is where ureq has another reading than RFC 9112: it passes over
/// transfer codings that it does not know, and over any in HTTP/1.0.
fn response() -> impl Strategy<Value = Vec<u8>> {
    let status =
        proptest::sample::select(vec!["200 OK", "204 No Content", "304 Not Modified", "404 Not Found", "500 "]);
    let fields = proptest::sample::select(vec![
        "",
        "Content-Length: 0\r\n",
        "Content-Length: 3\r\n",
        "content-length: 3\r\nServer: x\r\n",
        "Content-Length: +3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    ]);
    let body = prop_oneof![
        Just(&b""[..]),
        Just(&b"abc"[..]),
        Just(&b"abcdef"[..]),
        Just(&b"3\r\nabc\r\n0\r\n\r\nNEXT"[..]),
        Just(&b"1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n"[..]),
        Just(&b"2;name=value\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n"[..]),
        Just(&b"3\r\nabcX\r\n0\r\n\r\n"[..]),
        Just(&b"3\r\nabc\r\n"[..]),
    ];
    let interim =
        proptest::sample::select(vec!["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n"]);
    (interim, status, fields, body).prop_map(|(interim, status, fields, body)| {
        [format!("{interim}HTTP/1.1 {status}\r\n{fields}\r\n").into_bytes(), body.to_vec()].concat()
    })
}

proptest! {
    #[test]
    fn a_response_ends_where_ureq_has_it_end(
        method in proptest::sample::select(vec!["GET", "HEAD"]),
        octets in response(),
    ) {
        let text = String::from_utf8_lossy(&octets).into_owned();
        // A wrong Content-Length is an error to ureq even where no body can be.
        let has_body = method == "GET" && !text.contains(" 204 ") && !text.contains(" 304 ");
        if !has_body && (text.contains("+3") || text.contains("Content-Length: 4")) {
            return Ok(());
        }
        prop_assert_eq!(ours(method, &octets), theirs(method, &octets), "{} {:?}", method, text);
    }
}
