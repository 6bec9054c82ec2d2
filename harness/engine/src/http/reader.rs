//! Takes the octets of one direction of a connection and gives whole messages.

use std::collections::VecDeque;

use serde_json::json;

use super::chunked::Chunks;
use super::framing::{self, Framing, framing};
use super::{BODY_LIMIT, Form, HttpError, HttpMessage, MESSAGE_LIMIT, Side, head, spans};
use crate::template::show;

/// A head of up to this many octets is looked at with each piece that arrives; a larger one, when a line has come to
/// its end or it has grown by a part of it. So the work stays in proportion to the octets, and garbage is still found
/// soon.
const OFTEN: usize = 1024;

/// The part of a large head by which it grows before it is looked at again: one in this many.
const GROWTH: usize = 16;

/// Takes the octets of one direction of a connection and gives whole messages.
#[derive(Clone, Debug)]
pub struct Reader {
    side: Side,
    /// The octets of the message on its way, and what came after it.
    buffer: Vec<u8>,
    ended: bool,
    state: State,
    /// Methods of the requests that wait for their response.
    requests: VecDeque<String>,
}

#[derive(Clone, Debug)]
enum State {
    /// The head is not complete; so many octets were looked at.
    Head(usize),
    /// The head is, the body is not.
    Body(Box<Partial>),
    /// What came can never become a message.
    Broken,
}

/// A message whose body is on its way.
#[derive(Clone, Debug)]
struct Partial {
    message: HttpMessage,
    head: usize,
    framing: Framing,
    chunks: Chunks,
    /// Whether the client may wait for 100 before it sends the body.
    expects: bool,
}

impl Reader {
    /// A reader for one connection.
    pub fn new(side: Side) -> Reader {
        Reader { side, buffer: Vec::new(), ended: false, state: State::Head(0), requests: VecDeque::new() }
    }

    /// Takes octets.
    pub fn feed(&mut self, octets: &[u8]) {
        if !matches!(self.state, State::Broken) {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// A request of this method was sent, and a response will answer it: one to HEAD has no body.
    pub fn expect_response_to(&mut self, method: impl Into<String>) {
        self.requests.push_back(method.into());
    }

    /// The stream has ended; what is buffered is all there will be.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The next whole message with its octets, if there is one. An interim response (1xx) is a message of its own.
    ///
    /// # Errors
    /// [`HttpError`] when what was received can never become a message; nothing more is read after that.
    pub fn take(&mut self) -> Result<Option<(HttpMessage, Vec<u8>)>, HttpError> {
        let taken = self.next_message();
        if taken.is_err() {
            self.state = State::Broken;
        }
        taken
    }

    /// Whether the client waits to be told to go on before it sends the body of its request (RFC 9110 10.1.1); said once
    /// for each request, and only while the body is not there.
    pub fn take_expectation(&mut self) -> bool {
        match &mut self.state {
            State::Body(partial) if !self.ended => std::mem::take(&mut partial.expects),
            _ => false,
        }
    }

    /// How many octets there are of a message that may still come to its end.
    pub fn unfinished(&self) -> usize {
        let nothing = matches!(self.state, State::Broken) || self.buffer.iter().all(|b| matches!(b, b'\r' | b'\n'));
        if nothing { 0 } else { self.buffer.len() }
    }

    /// The octets received that are not part of a whole message: of one on its way, or of what can never become one.
    pub fn rest(&self) -> &[u8] {
        &self.buffer
    }

    fn next_message(&mut self) -> Result<Option<(HttpMessage, Vec<u8>)>, HttpError> {
        loop {
            match &mut self.state {
                State::Broken => return Ok(None),
                State::Head(looked) => {
                    let news = self.buffer.get(*looked..).unwrap_or_default();
                    let due = self.ended
                        || self.buffer.len() <= OFTEN
                        || news.contains(&b'\n')
                        || news.len() >= looked.checked_div(GROWTH).unwrap_or_default();
                    if news.is_empty() && !self.ended || !due {
                        return Ok(None);
                    }
                    *looked = self.buffer.len();
                    let Some(partial) = self.read_head()? else { return Ok(None) };
                    self.state = State::Body(Box::new(partial));
                }
                State::Body(partial) => {
                    let length = partial.read_body(&self.buffer, self.ended)?;
                    // While it has no end, all that is buffered is of this message.
                    if length.unwrap_or(self.buffer.len()) > MESSAGE_LIMIT {
                        return Err(HttpError::TooLarge("message", MESSAGE_LIMIT));
                    }
                    let Some(length) = length else { return Ok(None) };
                    let State::Body(partial) = std::mem::replace(&mut self.state, State::Head(0)) else {
                        return Ok(None);
                    };
                    let rest = self.buffer.split_off(length.min(self.buffer.len()));
                    let octets = std::mem::replace(&mut self.buffer, rest);
                    return Ok(Some((partial.message, octets)));
                }
            }
        }
    }

    fn read_head(&mut self) -> Result<Option<Partial>, HttpError> {
        let Some(head) = head::parse(self.side, &self.buffer)? else {
            let only_empty = self.buffer.iter().all(|b| matches!(b, b'\r' | b'\n'));
            if self.ended && !only_empty {
                return Err(HttpError::Head("the stream ended within it".into()));
            }
            return Ok(None);
        };
        let method = if head.start.is_interim() { None } else { self.requests.pop_front() };
        let (framing, odd) = framing(&head.start, head.minor, &head.headers, method.as_deref())?;
        let mut irregular = head.irregular;
        if !odd.is_empty() {
            let places = spans(self.buffer.get(..head.length).unwrap_or_default(), self.side);
            irregular.extend(odd.into_iter().map(|mut one| {
                one.at = places.find(framing::field_of(&one));
                one
            }));
        }
        let message = HttpMessage {
            start: head.start,
            minor: head.minor,
            headers: head.headers,
            body: Vec::new(),
            chunked: 0,
            framing: Some(framing),
            trailers: Vec::new(),
            irregular,
            form: Form::default(),
        };
        let expects = self.side == Side::Server && expects_continue(&message)?;
        Ok(Some(Partial { message, head: head.length, framing, chunks: Chunks::new(head.length), expects }))
    }
}

/// Whether a request waits for 100 (RFC 9110 10.1.1). One of HTTP/1.0 does not, whatever it says.
///
/// # Errors
/// [`HttpError::Expectation`] when it expects something else.
fn expects_continue(request: &HttpMessage) -> Result<bool, HttpError> {
    let fields = request.headers.iter().filter(|(name, _)| request.minor > 0 && name.eq_ignore_ascii_case("expect"));
    let mut all =
        fields.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|one| !one.is_empty()).peekable();
    let expects = all.peek().is_some();
    match all.find(|one| !one.eq_ignore_ascii_case("100-continue")) {
        Some(other) => Err(HttpError::Expectation(show(&json!(other)))),
        None => Ok(expects),
    }
}

impl Partial {
    /// Goes on with the body. Gives the length of the message once it is complete.
    fn read_body(&mut self, octets: &[u8], ended: bool) -> Result<Option<usize>, HttpError> {
        let rest = octets.get(self.head..).unwrap_or_default();
        match self.framing {
            Framing::None => Ok(Some(self.head)),
            Framing::Length(wanted) => match rest.get(..wanted) {
                Some(body) => {
                    self.message.body = body.to_vec();
                    Ok(Some(self.head.saturating_add(wanted)))
                }
                None if ended => Err(HttpError::Truncated { got: rest.len(), wanted }),
                None => Ok(None),
            },
            Framing::Close if rest.len() > BODY_LIMIT => Err(HttpError::TooLarge("body", BODY_LIMIT)),
            Framing::Close if !ended => Ok(None),
            Framing::Close => {
                self.message.body = rest.to_vec();
                Ok(Some(octets.len()))
            }
            Framing::Chunked => match self.chunks.go_on(octets)? {
                Some(length) => {
                    self.message.body = std::mem::take(&mut self.chunks.body);
                    self.message.trailers = std::mem::take(&mut self.chunks.trailers);
                    self.message.irregular.append(&mut self.chunks.irregular);
                    Ok(Some(length))
                }
                None if ended => Err(HttpError::Unfinished { got: self.chunks.body.len() }),
                None => Ok(None),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Start;
    use super::*;
    use proptest::prelude::*;

    /// All messages of a stream that arrives in these pieces, and whether it broke.
    fn read(side: Side, method: &str, pieces: &[&[u8]]) -> (Vec<(HttpMessage, Vec<u8>)>, Option<HttpError>) {
        let mut reader = Reader::new(side);
        for _ in 0..8 {
            reader.expect_response_to(method);
        }
        let mut messages = Vec::new();
        for piece in pieces.iter().map(Some).chain([None]) {
            match piece {
                Some(piece) => reader.feed(piece),
                None => reader.end(),
            }
            loop {
                match reader.take() {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(error) => return (messages, Some(error)),
                }
            }
        }
        (messages, None)
    }

    fn one(side: Side, octets: &[u8]) -> Result<HttpMessage, HttpError> {
        match read(side, "POST", &[octets]) {
            (mut messages, None) => Ok(messages.pop().unwrap().0),
            (_, Some(error)) => Err(error),
        }
    }

    #[test]
    fn octets_make_a_message_however_they_come() {
        let octets = HttpMessage::post("/OMA/DM", "127.0.0.1:3516", b"body".to_vec()).encode();
        let mut reader = Reader::new(Side::Server);
        for octet in octets.split_last().unwrap().1 {
            reader.feed(&[*octet]);
            assert_eq!(reader.take(), Ok(None));
        }
        reader.feed(b"yGET / HTTP/1.1\r\n\r\n");
        let (message, taken) = reader.take().unwrap().unwrap();
        assert_eq!((message.body.as_slice(), taken.as_slice()), (&b"body"[..], octets.as_slice()));
        assert_eq!(reader.take().unwrap().unwrap().1, b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(reader.take(), Ok(None));
    }

    #[test]
    fn a_response_without_a_body_is_complete_while_the_connection_is_open() {
        for head in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"] {
            let mut reader = Reader::new(Side::Client);
            reader.feed(head.as_bytes());
            assert_eq!(reader.take().unwrap().unwrap().1, head.as_bytes());
        }
    }

    #[test]
    fn an_interim_response_stands_before_the_final_one() {
        let mut reader = Reader::new(Side::Client);
        reader.expect_response_to("HEAD");
        reader.expect_response_to("GET");
        reader.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        let status = |reader: &mut Reader| reader.take().unwrap().unwrap().0.start;
        assert!(matches!(status(&mut reader), Start::Response { status: 100, .. }));
        assert!(matches!(status(&mut reader), Start::Response { status: 200, .. }), "it answers HEAD and has no body");
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        assert_eq!(reader.take(), Ok(None));
        reader.feed(b"ok");
        assert_eq!(reader.take().unwrap().unwrap().0.body, b"ok");
    }

    #[test]
    fn a_request_that_expects_to_go_on_waits_for_its_body_and_no_longer() {
        let post = |head: &str, rest: &str| {
            let mut reader = Reader::new(Side::Server);
            reader.feed(format!("POST / HTTP/{head}\r\nContent-Length: 2\r\n\r\n{rest}").as_bytes());
            let taken = reader.take();
            (reader, taken)
        };
        for (head, rest, expects) in [
            ("1.1\r\nExpect: 100-Continue", "", true),
            ("1.1\r\nExpect: 100-continue", "o", true),
            ("1.1\r\nExpect: 100-continue", "ok", false),
            ("1.0\r\nExpect: 100-continue", "", false),
            ("1.0\r\nExpect: a miracle", "", false),
            ("1.1\r\nExpect: ", "", false),
            ("1.1\r\nA: b", "", false),
        ] {
            let (mut reader, taken) = post(head, rest);
            taken.unwrap();
            assert_eq!(reader.take_expectation(), expects, "{head} {rest}");
            assert!(!reader.take_expectation(), "it is said once");
            let unfinished = reader.unfinished();
            assert_eq!(unfinished == 0, rest == "ok", "{head} {rest}: {unfinished}");
        }
        for rest in ["", "ok"] {
            let (reader, taken) = post("1.1\r\nExpect: 100-continue, a miracle", rest);
            let error = taken.unwrap_err();
            assert_eq!((error.status(), reader.unfinished()), (417, 0));
            assert!(error.to_string().contains("a miracle"), "{error}");
        }
    }

    #[test]
    fn a_response_without_framing_lasts_until_the_end() {
        let message = one(Side::Client, b"HTTP/1.0 200 OK\r\n\r\nall of it").unwrap();
        assert_eq!((message.body.as_slice(), message.framing), (&b"all of it"[..], Some(Framing::Close)));
        assert!(!message.keeps_alive());
    }

    #[test]
    fn a_chunked_body_is_put_together() {
        let octets =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n";
        let message = one(Side::Client, octets).unwrap();
        assert_eq!((message.body.as_slice(), message.framing), (&b"abc"[..], Some(Framing::Chunked)));
        assert_eq!(message.trailers, [("A".into(), "b".into())]);
        assert_eq!(message.irregular[0].kind, "two-framings");
        assert_eq!(&octets[message.irregular[0].at.clone().unwrap()], b"3");
    }

    #[test]
    fn broken_messages_are_errors_and_end_the_reading() {
        assert!(matches!(one(Side::Server, b"\x00\x01\r\n\r\n"), Err(HttpError::Head(_))));
        assert_eq!(one(Side::Server, b"POST / HT"), Err(HttpError::Head("the stream ended within it".into())));
        assert_eq!(
            one(Side::Client, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
            Err(HttpError::Truncated { got: 3, wanted: 9 })
        );
        assert_eq!(
            one(Side::Client, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
            Err(HttpError::Unfinished { got: 3 })
        );
        let mut reader = Reader::new(Side::Server);
        reader.feed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX");
        assert!(matches!(reader.take(), Err(HttpError::Framing(_))));
        reader.feed(b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(reader.take(), Ok(None));
        assert!(reader.rest().ends_with(b"2\r\nabXX"));
    }

    #[test]
    fn a_message_is_bounded_as_it_comes_and_read_in_linear_time() {
        // Six octets for each of the body, which alone would stay below its limit for long.
        let piece = b"1\r\na\r\n".repeat(16 * 1024);
        let mut reader = Reader::new(Side::Server);
        reader.feed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut fed = 0;
        let error = loop {
            reader.feed(&piece);
            fed += piece.len();
            match reader.take() {
                Ok(None) => assert!(fed <= MESSAGE_LIMIT + piece.len(), "{fed} octets and no end"),
                other => break other.unwrap_err(),
            }
        };
        assert_eq!(error, HttpError::TooLarge("message", MESSAGE_LIMIT));
    }

    #[test]
    fn empty_lines_alone_are_nothing() {
        assert_eq!(read(Side::Server, "", &[b"\r\n\r\n"]), (Vec::new(), None));
    }

    #[test]
    fn garbage_without_an_end_of_line_is_found_soon() {
        let mut reader = Reader::new(Side::Server);
        reader.feed(&[b'A'; 5000]);
        assert_eq!(reader.take(), Ok(None));
        reader.feed(&[0x16; 400]);
        assert!(matches!(reader.take(), Err(HttpError::Head(_))));
    }

    /// Messages that follow each other on a connection, correct and not.
    fn streams() -> impl Strategy<Value = (Side, Vec<u8>)> {
        let body = || proptest::collection::vec(any::<u8>(), 0..60);
        let sized = body().prop_map(|b| HttpMessage::response(200, b).with("Server", "x").encode());
        let chunked = (body(), 1_usize..20).prop_map(|(b, chunked)| {
            let mut message = HttpMessage::response(200, b);
            message.chunked = chunked;
            message.encode()
        });
        let fixed = proptest::sample::select(vec![
            &b"HTTP/1.1 100 Continue\r\n\r\n"[..],
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"\r\nHTTP/1.1 304\nA: b\r\n c\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 ;x=y\r\na\r\n0\r\nA: b\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nx",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nto the end",
            b"HTTP/1.1 200 OK\r\n\r\nto the end",
        ])
        .prop_map(<[u8]>::to_vec);
        let responses = prop_oneof![sized, chunked, fixed, proptest::collection::vec(any::<u8>(), 0..20)];
        let requests = prop_oneof![
            body().prop_map(|b| HttpMessage::post("/OMA/DM", "h", b).encode()),
            Just(b"GET / HTTP/1.1\r\n\r\n".to_vec()),
            Just(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;e\r\nab\r\n0\r\n\r\n".to_vec()),
            Just(b"POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\nab".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..20),
        ];
        prop_oneof![
            proptest::collection::vec(responses, 0..5).prop_map(|all| (Side::Client, all.concat())),
            proptest::collection::vec(requests, 0..5).prop_map(|all| (Side::Server, all.concat())),
        ]
    }

    proptest! {
        #[test]
        fn any_pieces_make_the_messages_of_the_whole(
            (side, octets) in streams(),
            sizes in proptest::collection::vec(1_usize..30, 1..40),
        ) {
            let mut pieces = Vec::new();
            let mut rest = octets.as_slice();
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, tail) = rest.split_at((*size).min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            let (whole, error) = read(side, "POST", &[&octets]);
            let (parts, broke) = read(side, "POST", &pieces);
            prop_assert_eq!(whole, parts);
            prop_assert_eq!(error.is_some(), broke.is_some());
        }

        #[test]
        fn random_octets_do_not_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            for side in [Side::Server, Side::Client] {
                let _ = read(side, "HEAD", &[&octets]);
                let _ = spans(&octets, side);
                let head: &[u8] = match side {
                    Side::Server => b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    Side::Client => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                };
                let chunked = [head, &octets].concat();
                let _ = read(side, "POST", &[&chunked]);
                let _ = spans(&chunked, side);
            }
        }

        #[test]
        fn what_is_written_is_read(body in proptest::collection::vec(any::<u8>(), 0..300), chunked in 0_usize..50) {
            let mut message = HttpMessage::response(200, body.clone());
            message.chunked = chunked;
            let read = one(Side::Client, &message.encode()).unwrap();
            prop_assert_eq!(read.body, body);
            prop_assert!(read.irregular.is_empty());
        }
    }
}
