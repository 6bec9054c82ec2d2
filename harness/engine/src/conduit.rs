//! A connection between a DM Client and the DM_SC Server, whatever carries it and whatever protects it.
//!
//! ```text
//!            receive                                   next_message
//! transport ---------> Layer ----> HTTP reader ------------------> player
//!           <--------- Layer <------------------------------------
//!           take_output                                  send
//! ```
//!
//! A player gives a conduit what its transport brings, takes whole messages out, and after each call carries
//! [`Conduit::take_output`] to the transport: a layer may have something to say by itself.

use std::collections::VecDeque;

use dmsc_link::StreamId;

use crate::http::{HttpError, HttpMessage, Reader, Side};
use crate::layer::{Flow, Layer, NUMBER, OVER, Told};

/// What carries a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A BIP channel, by its number.
    Channel(u8),
    /// A byte stream.
    Stream(StreamId),
}

/// No layer: `http`.
#[derive(Debug)]
struct Plain;

impl Layer for Plain {
    fn receive(&mut self, octets: &[u8], flow: &mut Flow) -> Result<(), String> {
        flow.http.extend_from_slice(octets);
        Ok(())
    }

    fn send(&mut self, octets: &[u8], flow: &mut Flow) {
        flow.transport.extend_from_slice(octets);
    }
}

/// One connection, seen from one of its ends.
#[derive(Debug)]
pub struct Conduit {
    transport: Transport,
    side: Side,
    /// None until it is decided what stands between transport and HTTP.
    layer: Option<Box<dyn Layer>>,
    /// What arrived before that.
    unread: Vec<u8>,
    reader: Reader,
    is_open: bool,
    /// Whether this side has closed it, so that the other side owes nothing any more.
    closed: bool,
    /// HTTP octets that wait for the transport to open.
    held: Vec<u8>,
    /// Octets that wait to be carried to the transport.
    output: Vec<u8>,
    /// Why the layer cannot go on, until it is told.
    failure: Option<String>,
    /// What happened in the layer, until it is told.
    told: VecDeque<Told>,
    /// Which connection of its player it is, counted from 1.
    number: u32,
    /// HTTP messages taken out so far.
    taken: u32,
}

impl Conduit {
    /// The server's end of a connection that a client has opened. What arrives is looked at once it is known what
    /// protects it.
    pub fn server(transport: Transport) -> Conduit {
        let mut conduit = Conduit::new(transport, Side::Server);
        conduit.is_open = true;
        conduit
    }

    /// The client's end of a connection that is being opened, protected by this layer, if there is one.
    pub(crate) fn client(transport: Transport, layer: Option<Box<dyn Layer>>) -> Conduit {
        let mut conduit = Conduit::new(transport, Side::Client);
        conduit.layer = Some(layer.unwrap_or_else(|| Box::new(Plain)));
        conduit
    }

    /// Whether it is not known yet what protects it.
    pub(crate) fn is_bare(&self) -> bool {
        self.layer.is_none()
    }

    /// Protects it by this layer, if there is one, from the first octet on.
    pub(crate) fn protect(&mut self, layer: Option<Box<dyn Layer>>, number: u32) {
        self.number = number;
        self.stand(layer.unwrap_or_else(|| Box::new(Plain)));
    }

    fn stand(&mut self, layer: Box<dyn Layer>) {
        self.layer = Some(layer);
        if self.is_open {
            self.open();
        }
        let unread = std::mem::take(&mut self.unread);
        if !unread.is_empty() {
            self.receive(&unread);
        }
    }

    fn new(transport: Transport, side: Side) -> Conduit {
        Conduit {
            transport,
            side,
            layer: None,
            unread: Vec::new(),
            reader: Reader::new(side),
            is_open: false,
            closed: false,
            held: Vec::new(),
            output: Vec::new(),
            failure: None,
            told: VecDeque::new(),
            number: 0,
            taken: 0,
        }
    }

    /// What carries it.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether its transport is open.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// The transport is open: what waited for it can go.
    pub fn open(&mut self) {
        self.is_open = true;
        let Some(layer) = self.layer.as_mut() else { return };
        let mut flow = Flow::default();
        layer.open(&mut flow);
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            layer.send(&held, &mut flow);
        }
        self.flow(flow);
    }

    /// Has a layer of this type do something by itself; nothing where there is none.
    pub(crate) fn with_layer<L: Layer + 'static>(&mut self, act: impl FnOnce(&mut L, &mut Flow) -> Result<(), String>) {
        let mut flow = Flow::default();
        let Some(layer) = self.layer::<L>() else { return };
        let done = act(layer, &mut flow);
        self.failure = self.failure.take().or(done.err());
        self.flow(flow);
    }

    /// The layer, if it is of this type.
    pub(crate) fn layer<L: Layer + 'static>(&mut self) -> Option<&mut L> {
        self.layer.as_mut()?.as_any()?.downcast_mut()
    }

    /// Whether what passes is protected by TLS, and not let through by it.
    pub(crate) fn is_protected(&self) -> bool {
        self.layer.as_ref().is_some_and(|layer| layer.is_protected())
    }

    /// Whether a hello waits to be answered.
    pub(crate) fn is_asked(&self) -> bool {
        self.layer.as_ref().is_some_and(|layer| layer.is_asked())
    }

    /// Leaves the hello that waits without an answer.
    pub(crate) fn ignore(&mut self) {
        self.layer.iter_mut().for_each(|layer| layer.ignore());
    }

    /// Whether TLS protects it.
    pub(crate) fn is_tls(&self) -> bool {
        self.layer.as_ref().is_some_and(|layer| layer.is_tls())
    }

    /// The next thing that happened in the layer.
    pub(crate) fn next_told(&mut self) -> Option<Told> {
        let mut told = self.told.pop_front()?;
        told.fields.insert(NUMBER.into(), self.number.into());
        if told.kind == OVER {
            told.fields.insert("http_messages".into(), self.taken.into());
        }
        Some(told)
    }

    /// Which connection of its player it is, counted from 1.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Numbers it.
    #[must_use]
    pub(crate) fn numbered(mut self, number: u32) -> Conduit {
        self.number = number;
        self
    }

    /// Takes octets that arrived on the transport.
    pub fn receive(&mut self, octets: &[u8]) {
        let Some(layer) = self.layer.as_mut() else {
            self.unread.extend_from_slice(octets);
            return;
        };
        let mut flow = Flow::default();
        if let Err(reason) = layer.receive(octets, &mut flow) {
            self.failure = Some(reason);
        }
        self.flow(flow);
    }

    /// Sends the octets of one HTTP message, or what a case makes of one.
    pub fn send(&mut self, message: &[u8]) {
        if message.is_empty() {
            return;
        }
        if self.side == Side::Client {
            let method = message.split(|b| *b == b' ').next().unwrap_or_default();
            self.reader.expect_response_to(String::from_utf8_lossy(method));
        }
        let Some(layer) = self.layer.as_mut().filter(|_| self.is_open) else {
            self.held.extend_from_slice(message);
            return;
        };
        let mut flow = Flow::default();
        layer.send(message, &mut flow);
        self.flow(flow);
    }

    /// This side closes the connection after what was sent.
    pub fn close(&mut self) {
        self.closed = true;
        let Some(layer) = self.layer.as_mut() else { return };
        let mut flow = Flow::default();
        layer.close(&mut flow);
        self.flow(flow);
    }

    /// The other side has closed the connection.
    pub fn end(&mut self) {
        let mut flow = Flow::default();
        let ended = self.layer.as_mut().map_or(Ok(()), |layer| layer.end(&mut flow));
        self.flow(flow);
        match ended {
            _ if self.closed => {}
            Ok(()) => self.reader.end(),
            // Between two messages nothing is missing.
            Err(reason) if !self.reader.rest().is_empty() => self.failure = Some(reason),
            Err(_) => {}
        }
    }

    /// What the transport has to carry now.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// The next whole message with its octets, if there is one.
    ///
    /// # Errors
    /// [`HttpError`] when what came can never become a message; nothing more is read after that.
    pub fn next_message(&mut self) -> Result<Option<(HttpMessage, Vec<u8>)>, HttpError> {
        match (self.reader.take()?, self.failure.take()) {
            (Some(message), failure) => {
                self.failure = failure;
                self.taken = self.taken.saturating_add(1);
                Ok(Some(message))
            }
            (None, Some(reason)) => Err(HttpError::Layer(reason)),
            (None, None) => Ok(None),
        }
    }

    /// Whether the client waits to be told to go on with its request; said once.
    pub(crate) fn take_expectation(&mut self) -> bool {
        self.reader.take_expectation()
    }

    /// How many octets there are of a message that may still come to its end.
    pub(crate) fn unfinished(&self) -> usize {
        self.reader.unfinished()
    }

    /// The octets of HTTP that are not part of a whole message.
    pub fn rest(&self) -> &[u8] {
        self.reader.rest()
    }

    fn flow(&mut self, mut flow: Flow) {
        self.reader.feed(&flow.http);
        self.output.append(&mut flow.transport);
        self.told.extend(flow.told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// A layer that behaves as TLS does: the client greets, HTTP waits until both have, every octet is changed, and the
    /// end is told.
    #[derive(Debug)]
    struct Masked {
        side: Side,
        ready: bool,
        waiting: Vec<u8>,
    }

    const HELLO: u8 = 0x01;
    const BYE: u8 = 0x02;

    impl Layer for Masked {
        fn open(&mut self, flow: &mut Flow) {
            if self.side == Side::Client {
                flow.transport.push(HELLO);
            }
        }

        fn receive(&mut self, octets: &[u8], flow: &mut Flow) -> Result<(), String> {
            for octet in octets {
                match *octet {
                    HELLO if !self.ready => {
                        self.ready = true;
                        if self.side == Side::Server {
                            flow.transport.push(HELLO);
                        }
                        let waiting = std::mem::take(&mut self.waiting);
                        self.send(&waiting, flow);
                    }
                    masked if self.ready && masked >= 0x80 => flow.http.push(masked ^ 0x80),
                    other => {
                        flow.transport.push(BYE);
                        return Err(format!("unexpected octet {other:02X}"));
                    }
                }
            }
            Ok(())
        }

        fn send(&mut self, octets: &[u8], flow: &mut Flow) {
            if self.ready {
                flow.transport.extend(octets.iter().map(|b| b ^ 0x80));
            } else {
                self.waiting.extend_from_slice(octets);
            }
        }

        fn close(&mut self, flow: &mut Flow) {
            flow.transport.push(BYE);
        }
    }

    fn masked(side: Side) -> Conduit {
        let mut conduit = Conduit::new(Transport::Stream(1), side);
        conduit.stand(Box::new(Masked { side, ready: false, waiting: Vec::new() }));
        conduit
    }

    #[test]
    fn without_a_layer_http_passes_as_it_is() {
        let mut client = Conduit::client(Transport::Stream(7), None);
        client.send(GET);
        assert!(client.take_output().is_empty(), "the transport is not open");
        client.open();
        let request = client.take_output();
        assert_eq!(request, GET);
        let mut server = Conduit::server(Transport::Channel(1));
        server.protect(None, 1);
        server.receive(&request);
        assert_eq!(server.next_message().unwrap().unwrap().1, GET);
        server.send(OK);
        client.receive(&server.take_output());
        assert_eq!(client.next_message().unwrap().unwrap().0.body, b"ok");
        assert_eq!(client.next_message(), Ok(None));
    }

    #[test]
    fn the_method_of_a_request_decides_how_its_response_is_read() {
        let mut client = Conduit::client(Transport::Channel(1), None);
        client.open();
        client.send(b"HEAD / HTTP/1.1\r\n\r\n");
        client.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        assert!(client.next_message().unwrap().unwrap().0.body.is_empty());
    }

    #[test]
    fn a_layer_speaks_first_and_keeps_http_until_it_is_ready() {
        let (mut client, mut server) = (masked(Side::Client), masked(Side::Server));
        client.send(GET);
        client.open();
        server.open();
        assert_eq!(client.take_output(), [HELLO]);
        server.receive(&[HELLO]);
        assert_eq!(server.take_output(), [HELLO]);
        client.receive(&[HELLO]);
        let request = client.take_output();
        assert!(request.iter().all(|b| *b >= 0x80));
        server.receive(&request);
        assert_eq!(server.next_message().unwrap().unwrap().1, GET);
        server.send(OK);
        server.close();
        let response = server.take_output();
        assert_eq!(response.last(), Some(&BYE));
        client.receive(response.split_last().unwrap().1);
        assert_eq!(client.next_message().unwrap().unwrap().1, OK);
    }

    #[test]
    fn whether_the_client_waits_to_go_on_is_seen_behind_a_layer() {
        const HEAD: &[u8] = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
        let mut server = masked(Side::Server);
        server.open();
        server.receive(&[HELLO]);
        server.receive(&HEAD.iter().map(|b| b ^ 0x80).collect::<Vec<_>>());
        server.take_output();
        assert_eq!(server.next_message(), Ok(None));
        assert!(server.take_expectation() && !server.take_expectation());
        server.send(b"go");
        assert_eq!(server.take_output(), [b'g' ^ 0x80, b'o' ^ 0x80]);
        server.receive(&b"ok".map(|b| b ^ 0x80));
        assert_eq!(server.next_message().unwrap().unwrap().0.body, b"ok");
    }

    #[test]
    fn what_breaks_a_layer_is_told_after_what_came_before_it() {
        let mut server = masked(Side::Server);
        server.open();
        let request: Vec<u8> = [HELLO].into_iter().chain(GET.iter().map(|b| b ^ 0x80)).chain([0x16]).collect();
        server.receive(&request);
        assert_eq!(server.take_output(), [HELLO, BYE], "an alert goes out");
        assert_eq!(server.next_message().unwrap().unwrap().1, GET);
        assert_eq!(server.next_message(), Err(HttpError::Layer("unexpected octet 16".into())));
    }
}
