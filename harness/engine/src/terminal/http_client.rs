//! The HTTP side of the DM Client: one connection to the server, requests and responses, sessions on top.

use std::time::Duration;

use dmsc_dm::auth::MacHeader;
use dmsc_dm::syncml::{Decoded, Message};
use dmsc_link::{Signal, StreamId, Time};
use serde_json::Map;

use super::bip::Notice;
use super::last_words::Postponed;
use super::{Pending, Terminal};
use crate::account::Address;
use crate::choice::http::{Http, Reconnects};
use crate::choice::terminal::EventOrder;
use crate::conduit::{Conduit, Transport};
use crate::dm::{Encoding, Unreadable, view};
use crate::event::Actor;
use crate::fields::with_irregular;
use crate::http::{Framing, HttpError, HttpMessage, Start};
use crate::http_change::{Written, write};
use crate::layer::NUMBER;
use crate::medium::Medium;
use crate::messages::Asker;
use crate::patch::Change;
use crate::player::{Delivery, PlayerError, Reply};
use crate::scws::{foreign, unreadable};
use crate::switch::Switch;

/// How long the client waits for a response while nothing moves: the card takes no octet of the request, and none comes.
const LIMIT: Duration = Duration::from_secs(60);

/// How long the client waits for the server to close the connection once it has said so.
const PARTING: Duration = Duration::from_secs(2);

/// Where a connection leads to: host, port, and whether TLS protects it.
type Place = (String, u16, bool);

/// The connection of the client.
#[derive(Debug, Default)]
pub(super) struct HttpClient {
    pub(super) conduit: Option<Conduit>,
    /// Host and port the connection leads to.
    peer: Option<Place>,
    deadline: Option<Time>,
    /// What was delivered before, while a connection has not come about.
    opening: Option<Delivery>,
    /// Whether the connection ends with the response to the request that is on its way.
    one_exchange: bool,
    /// Whether that request is not the first of its connection, and nothing of a response to it has come.
    unheard: bool,
    /// A client of which the card is told after its data.
    late: Option<Notice>,
    streams: StreamId,
    /// Connections so far.
    connections: u32,
    /// A response after which the server closes the connection, with its octets.
    parting: Option<(HttpMessage, Vec<u8>)>,
    /// A connection that waits for the card.
    pub(super) postponed: Option<Postponed>,
    /// The last request, and where it went.
    pub(super) last: Option<(Address, Vec<u8>)>,
    /// Whether a case asked for what goes out, which is then for it to deliver.
    pub(super) asked: bool,
    /// A server's message that a case left unanswered.
    pub(super) unanswered: Option<Message>,
}

/// A response that wants an answer.
#[derive(Debug)]
pub(super) enum Response {
    /// An HTTP response.
    Http(Box<HttpMessage>),
    /// The DM message in it.
    Dm(Box<Message>),
}

impl HttpClient {
    pub(super) fn deadline(&self) -> Option<Time> {
        self.deadline.into_iter().chain(self.postponed.as_ref().map(|postponed| postponed.until)).min()
    }

    fn is_open(&self) -> bool {
        self.conduit.as_ref().is_some_and(Conduit::is_open)
    }

    fn transport(&self) -> Option<Transport> {
        self.conduit.as_ref().map(Conduit::transport)
    }

    pub(super) fn next_stream(&mut self) -> StreamId {
        self.streams = self.streams.saturating_add(1);
        // The far side of a TCP link numbers its own streams from 1; ours must not meet them.
        self.streams | 0x4000_0000
    }
}

fn place(address: &Address) -> Place {
    (address.host.clone(), address.port, address.secure)
}

impl Terminal {
    pub(super) fn request(
        &mut self,
        request: HttpMessage,
        address: &Address,
        asked: Option<&Change>,
    ) -> Result<(), PlayerError> {
        let change = self.io.change("http.request", asked, || request.fields());
        let Written { octets, renew, close, client } = write(request.clone(), change.as_ref())?;
        self.io.say_read(Actor::Client, "http.request", &octets, || request.fields());
        if client == Asker::Other {
            return Err(PlayerError("a DM message is the DM Client's own, and no other client sends it".into()));
        }
        let choices = &self.config.choices.http;
        self.http.one_exchange = *choices != Http::default() && !request.keeps_alive();
        if (renew || choices.reconnects == Reconnects::EachTime) && self.http.is_open() {
            self.disconnect();
        }
        self.transmit(address, &octets);
        if close {
            self.disconnect();
        }
        Ok(())
    }

    /// Sends octets to a host, over the open connection when it leads there.
    pub(super) fn transmit(&mut self, address: &Address, octets: &[u8]) {
        let same = self.http.peer.as_ref() == Some(&place(address));
        let kept = same && self.http.is_open();
        if !kept {
            self.connect(address, None);
        }
        self.http.unheard = kept;
        self.http.last = Some((address.clone(), octets.to_vec()));
        if let Some(postponed) = &mut self.http.postponed {
            postponed.carry(octets);
            return;
        }
        // Without a conduit the connection was refused, and nobody is waited for.
        if let Some(conduit) = self.http.conduit.as_mut() {
            conduit.send(octets);
            if self.http.opening.is_none() && matches!(self.io.delivery, Delivery::Failed(_)) {
                self.io.delivery = Delivery::None;
            }
            self.http.deadline = Some(self.io.now + LIMIT);
            self.flush();
        }
    }

    pub(super) fn connect(&mut self, address: &Address, asked: Option<&Change>) {
        self.disconnect();
        if self.postpone(address, asked) {
            return;
        }
        self.http.peer = Some(place(address));
        let (host, port) = (address.host.as_str(), address.port);
        self.http.connections = self.http.connections.saturating_add(1);
        let number = self.http.connections;
        let layer = address.secure.then(|| self.tls_layer(&address.host, asked));
        match self.config.medium {
            Medium::Contact => {
                // The names of the card in table 2 of DM_SC 8.1, and how its IPv6 address is written elsewhere.
                let local = match host {
                    "127.0.0.1" => true,
                    "localhost" | "::1" | "0.0.0.0.0.0.0.1" | "localuicc" => !self.switches.on(Switch::OneNameOfCard),
                    _ => false,
                };
                match local.then(|| self.bip.connect(port)).flatten() {
                    Some((channel, notice)) => {
                        let mut conduit = Conduit::client(Transport::Channel(channel), layer).numbered(number);
                        conduit.open();
                        self.http.conduit = Some(conduit);
                        match self.config.choices.terminal.event_order {
                            EventOrder::StatusFirst => self.tell(notice),
                            EventOrder::DataFirst => self.http.late = Some(notice),
                        }
                        self.flush();
                    }
                    None => self.refused(),
                }
            }
            Medium::Streams | Medium::Both => {
                let id = self.http.next_stream();
                self.http.conduit = Some(Conduit::client(Transport::Stream(id), layer).numbered(number));
                self.io.send(Signal::Connect(id));
                if self.http.asked {
                    let why = format!("the connection to {host}:{port} has not come about");
                    let before = std::mem::replace(&mut self.io.delivery, Delivery::Failed(why));
                    // What could not be delivered before counts no more, as something else is on its way.
                    let before = if matches!(before, Delivery::Failed(_)) { Delivery::None } else { before };
                    self.http.opening = Some(before);
                }
            }
        }
    }

    /// The next message has no address to go to. That of an account is the case's, or the DUT file's; another comes from
    /// the server's RespURI, and is as good as a connection that is refused.
    pub(super) fn unreachable(&mut self) -> Result<(), PlayerError> {
        let text = self.client.target().unwrap_or_default();
        let why = format!("{text:?} is not an absolute http or https address");
        if self.client.accounts.iter().any(|account| account.address == text) {
            return Err(PlayerError(why));
        }
        if self.http.asked {
            self.io.delivery = Delivery::Failed(format!("the server wants the answer elsewhere: {why}"));
        }
        self.connection_event("refused");
        self.drop_connection();
        self.lose_session();
        Ok(())
    }

    fn refused(&mut self) {
        if let Some((host, port, _)) = self.http.peer.as_ref().filter(|_| self.http.asked) {
            self.io.delivery = Delivery::Failed(format!("the connection to {host}:{port} was refused"));
        }
        self.connection_event("refused");
        self.drop_connection();
        self.lose_session();
    }

    /// Carries what the conduit has for its transport, and tells what has happened in TLS.
    pub(super) fn flush(&mut self) {
        self.tell_tls();
        let Some(conduit) = self.http.conduit.as_mut() else { return };
        let octets = conduit.take_output();
        if octets.is_empty() {
            return;
        }
        match conduit.transport() {
            Transport::Channel(channel) => {
                if let Some(notice) = self.bip.write(channel, &octets) {
                    self.tell(notice);
                }
                self.tell_late();
            }
            Transport::Stream(id) => self.io.send(Signal::Data(id, octets)),
        }
    }

    /// Tells of a client of which the card is told after its data.
    pub(super) fn tell_late(&mut self) {
        if let Some(notice) = self.http.late.take() {
            self.tell(notice);
        }
    }

    fn drop_connection(&mut self) {
        self.http.late = None;
        self.http.opening = None;
        self.http.conduit = None;
        self.http.peer = None;
        self.http.deadline = None;
        self.http.parting = None;
        self.http.postponed = None;
    }

    /// Closes the connection from the client's side.
    pub(super) fn disconnect(&mut self) {
        if let Some(conduit) = self.http.conduit.as_mut() {
            conduit.close();
            self.flush();
        }
        match self.http.transport() {
            Some(Transport::Channel(channel)) => {
                self.hang_up(channel);
            }
            Some(Transport::Stream(id)) => self.io.send(Signal::Close(id)),
            None => {}
        }
        self.drop_connection();
        self.let_in();
    }

    pub(super) fn stream_open(&mut self, id: StreamId) {
        if let Some(conduit) = self.http.conduit.as_mut().filter(|c| c.transport() == Transport::Stream(id)) {
            conduit.open();
            if let Some(before) = self.http.opening.take() {
                self.io.delivery = before;
            }
            self.connection_event("opened");
            self.flush();
        }
    }

    pub(super) fn stream_refused(&mut self, id: StreamId, _why: &str) {
        if self.http.transport() == Some(Transport::Stream(id)) {
            self.refused();
        }
    }

    pub(super) fn stream_data(&mut self, id: StreamId, octets: &[u8]) {
        if self.http.transport() == Some(Transport::Stream(id)) {
            self.feed(octets);
        }
    }

    pub(super) fn stream_closed(&mut self, id: StreamId) {
        if self.http.transport() == Some(Transport::Stream(id)) {
            self.ended();
        }
    }

    /// The card has taken octets of a request. A slow connection is not a dead one.
    pub(super) fn channel_read(&mut self, channel: u8) {
        if self.http.transport() == Some(Transport::Channel(channel)) {
            self.moves();
        }
    }

    /// Octets move on the connection: the time to wait begins anew.
    fn moves(&mut self) {
        if self.http.deadline.is_some() && self.http.parting.is_none() {
            self.http.deadline = Some(self.io.now + LIMIT);
        }
    }

    pub(super) fn channel_data(&mut self, channel: u8, octets: &[u8]) {
        if self.http.transport() == Some(Transport::Channel(channel)) {
            self.feed(octets);
        }
    }

    /// The card closed the channel, or its client's connection.
    pub(super) fn channel_cut(&mut self, channel: u8) {
        if self.http.transport() == Some(Transport::Channel(channel)) && !self.bip.is_connected(channel) {
            self.ended();
        }
    }

    /// The server closed the connection.
    fn ended(&mut self) {
        if let Some(conduit) = self.http.conduit.as_mut() {
            conduit.end();
        }
        self.flush();
        self.connection_event("closed");
        self.look(true);
        let parting = self.http.parting.take();
        let waiting = self.http.deadline.is_some() && parting.is_none();
        let rest = self.http.conduit.as_ref().map_or(0, Conduit::unfinished);
        let again = waiting && self.http.asked && self.http.unheard && rest == 0;
        let last = self.http.last.clone().filter(|_| again);
        self.drop_connection();
        // A server may close a connection that is idle at any time, also while a request of a case is on its way to it: that
        // goes once more (RFC 9112 9.5), and a server that has it already knows it by its MsgID.
        if let Some((address, octets)) = last {
            self.transmit(&address, &octets);
            return;
        }
        // Lost in the middle of an exchange, or told not to reconnect: the session is over.
        if waiting && self.switches.on(Switch::TlsFallsBack) {
            self.without_tls();
        } else if waiting || self.switches.on(Switch::NoReconnect) {
            self.lose_session();
        }
        if let Some((response, octets)) = parting {
            self.responded(response, &octets);
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        self.moves();
        if let Some(conduit) = self.http.conduit.as_mut() {
            conduit.receive(octets);
        }
        self.flush();
        self.look(false);
    }

    /// Looks for the response that is waited for; `ended`: the server has closed the connection. Interim responses before
    /// it are told of and want no answer (RFC 9110 15.2).
    fn look(&mut self, ended: bool) {
        // One that waits for its connection to be gone is the answer; what follows it answers nothing.
        if self.http.parting.is_some() {
            return;
        }
        let Some(conduit) = self.http.conduit.as_mut() else { return };
        let (response, octets) = loop {
            match conduit.next_message() {
                Ok(None) => return,
                Ok(Some((interim, octets))) if interim.is_interim() && !self.switches.on(Switch::TakeInterim) => {
                    self.http.unheard = false;
                    self.io.observe(Actor::Server, "http.interim", &octets, || interim.fields());
                }
                Ok(Some(found)) => break found,
                Err(HttpError::Layer(_)) => {
                    // What broke TLS has been told.
                    self.http.deadline = None;
                    self.without_tls();
                    return;
                }
                Err(error) => {
                    self.http.deadline = None;
                    self.io.observe(Actor::Server, "http.garbage", conduit.rest(), || error.fields());
                    self.give_up();
                    return;
                }
            }
        };
        self.http.deadline = None;
        // Until the card has closed the channel there is no other connection to be had, and none before an end that has
        // come is dealt with.
        let over_channel = matches!(conduit.transport(), Transport::Channel(_));
        if self.is_last(&response) && (ended || over_channel) {
            self.http.deadline = Some(self.io.now + PARTING);
            self.http.parting = Some((response, octets));
            return;
        }
        self.responded(response, &octets);
    }

    /// Whether the connection ends with this response.
    fn is_last(&self, response: &HttpMessage) -> bool {
        !response.keeps_alive() || self.http.one_exchange
    }

    fn responded(&mut self, response: HttpMessage, octets: &[u8]) {
        let own = (|| response.fields(), response.says_its_end());
        let context = Map::from_iter([(NUMBER.to_owned(), self.http.connections.into())]);
        let asked = self.io.hear_read(Actor::Server, "http.response", octets, context, own);
        let pending = Pending::Response(Response::Http(Box::new(response)));
        if asked { self.waiting.push_back(pending) } else { self.settle(pending) }
    }

    pub(super) fn answer_response(&mut self, response: Response, reply: &Reply) -> Result<(), PlayerError> {
        match response {
            Response::Http(response) => self.take_response(&response, reply),
            Response::Dm(message) => match reply {
                Reply::Silent => {
                    self.client.leave(&message);
                    self.http.unanswered = Some(*message);
                    Ok(())
                }
                Reply::Default => self.answer_message(&message, None),
                Reply::With(change) => self.answer_message(&message, Some(change)),
            },
        }
    }

    fn take_response(&mut self, response: &HttpMessage, reply: &Reply) -> Result<(), PlayerError> {
        if self.is_last(response) {
            self.drop_connection_by_server();
        }
        if *reply == Reply::Silent {
            return Ok(());
        }
        let Start::Response { status, .. } = response.start else { return Ok(()) };
        if response.framing == Some(Framing::Chunked) && self.switches.on(Switch::NoChunked) {
            self.give_up();
            return Ok(());
        }
        if status != 200 && !self.switches.on(Switch::IgnoreHttpStatus) {
            let reason = format!("the status of the response is {status}, so its body is no answer to a DM message");
            let why = Unreadable { reason, offset: None, refused: false };
            self.io.observe(Actor::Server, "dm.unreadable", &response.body, || unreadable(&why, response));
            self.give_up();
            return Ok(());
        }
        let announced = response.header("content-type").and_then(Encoding::of_media_type);
        let encoding = match announced {
            Some(encoding) => encoding,
            None if self.switches.on(Switch::IgnoreMediaType) || status != 200 => Encoding::of_octets(&response.body),
            None => {
                let fields = || unreadable(&foreign(response), response);
                self.io.observe(Actor::Server, "dm.unreadable", &response.body, fields);
                self.give_up();
                return Ok(());
            }
        };
        match encoding.decode(&response.body) {
            Ok(Decoded { value: message, irregular }) => {
                let credentials =
                    self.client.judge_response(response.header(MacHeader::NAME), &response.body, &message);
                let context = view::context(credentials, response.header(MacHeader::NAME));
                let own = || with_irregular(view::fields(&message, encoding), &irregular);
                let own = (own, encoding == Encoding::of_octets(&response.body));
                let asked = self.io.hear_read(Actor::Server, "dm.message", &response.body, context, own);
                let pending = Pending::Response(Response::Dm(Box::new(message)));
                if asked {
                    self.waiting.push_back(pending);
                    Ok(())
                } else {
                    self.resolve(pending, &Reply::Default)
                }
            }
            Err(why) => {
                self.io.observe(Actor::Server, "dm.unreadable", &response.body, || unreadable(&why, response));
                self.give_up();
                Ok(())
            }
        }
    }

    fn drop_connection_by_server(&mut self) {
        if matches!(self.http.transport(), Some(Transport::Stream(_))) {
            self.disconnect();
        }
    }

    pub(super) fn give_up(&mut self) {
        self.lose_session();
        self.disconnect();
    }

    /// The exchange failed, and the session with it.
    pub(super) fn lose_session(&mut self) {
        if !self.switches.on(Switch::KeepDeadSession) && self.client.abandon() {
            self.session_over(false);
        }
    }

    pub(super) fn session_over(&mut self, whole: bool) {
        self.io.observe(Actor::Server, "dm.session-over", &[], || Map::from_iter([("whole".to_owned(), whole.into())]));
    }

    pub(super) fn http_tick(&mut self) {
        self.resume_late();
        if self.http.deadline.is_some_and(|at| at <= self.io.now) {
            self.http.deadline = None;
            match self.http.parting.take() {
                Some((response, octets)) => {
                    self.disconnect();
                    self.responded(response, &octets);
                }
                None => {
                    let rest = self.http.conduit.as_ref().map(Conduit::rest).unwrap_or_default();
                    if !rest.is_empty() {
                        let why = format!("nothing more came of it within {} s", LIMIT.as_secs());
                        self.io.observe(Actor::Server, "http.garbage", rest, || HttpError::Layer(why).fields());
                    }
                    self.give_up();
                }
            }
        }
    }

    /// That a response is on its way, in words.
    pub(super) fn unfinished_response(&self) -> Option<String> {
        let octets = self.http.conduit.as_ref().map(Conduit::unfinished).filter(|octets| *octets > 0)?;
        Some(format!("{octets} octets have come of a response that has no end yet"))
    }
}
