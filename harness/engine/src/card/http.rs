//! The HTTP side of the card: requests of clients over channels and streams, answered by the web server.

use dmsc_link::{Signal, StreamId};
use serde_json::Map;

use super::applet::Applet;
use super::{Card, Cause, Pending, state};
use crate::certificates::{self, CertificateLayer};
use crate::conduit::{Conduit, Transport};
use crate::event::Actor;
use crate::layer::Layer;
use crate::messages::{ChannelDataWith, Tls, TlsServerWith};
use crate::patch::Change;
use crate::player::{Delivery, PlayerError, Reply};
use crate::scws::{Next, Output, Request};
use crate::tls::{TlsLayer, act};

impl Card {
    /// Answers a request as somebody who was asked has it, and looks for the next.
    pub(super) fn answer_request(
        &mut self,
        transport: Transport,
        request: Request,
        reply: &Reply,
    ) -> Result<(), PlayerError> {
        if matches!(request, Request::Hello) {
            return self.answer_hello(transport, reply);
        }
        match self.take_step(request, reply)? {
            Next::Nothing => Ok(()),
            Next::Wait(request) => {
                self.waiting.push_back(Pending::Request(transport, request));
                Ok(())
            }
            Next::Send(output) => {
                self.transmit(transport, &output);
                self.look(transport)
            }
        }
    }

    /// Answers the hello of a connection, and looks what has come over it.
    pub(super) fn answer_hello(&mut self, transport: Transport, reply: &Reply) -> Result<(), PlayerError> {
        let asked = match reply {
            Reply::Default => None,
            Reply::With(change) => Some(change),
            Reply::Silent => {
                find(&mut self.streams, &mut self.applet, transport).into_iter().for_each(Conduit::ignore);
                return Ok(());
            }
        };
        let change = self.io.change("tls.server-hello", asked, Map::new);
        let Some(conduit) = find(&mut self.streams, &mut self.applet, transport) else { return Ok(()) };
        let with: TlsServerWith = change.as_ref().map(Change::read).transpose()?.unwrap_or_default();
        if change.as_ref().is_some_and(|change| change.drop) {
            conduit.ignore();
            return Ok(());
        }
        let account = &self.scws.server.account;
        if conduit.layer::<CertificateLayer>().is_some() {
            asked.map_or(Ok(()), certificates::check)?;
            if let Some(octets) = &with.octets {
                conduit.with_layer(|tls: &mut CertificateLayer, flow| {
                    tls.greet_with_octets(&octets.0, flow);
                    Ok(())
                });
            } else {
                let host = account.address_parts().map(|address| address.host).unwrap_or_default();
                let answer = certificates::answer(&host, &account.certificates, &with, &self.tls_choices);
                let answer = answer.map_err(PlayerError)?;
                conduit.with_layer(|tls: &mut CertificateLayer, flow| tls.greet(answer, flow));
            }
            return self.greeted(transport, &with);
        }
        let psk = &account.psk;
        let offered = conduit.layer().map(|tls: &mut TlsLayer| tls.offered().clone()).unwrap_or_default();
        let server = change.map(|_| (self.tls.server(psk, &with, &offered), &with));
        conduit.with_layer(|tls: &mut TlsLayer, flow| tls.greet(server, flow));
        self.greeted(transport, &with)
    }

    /// The hello of a connection has its answer.
    fn greeted(&mut self, transport: Transport, with: &TlsServerWith) -> Result<(), PlayerError> {
        if with.close == Some(true) {
            self.transmit(transport, &Output { octets: Vec::new(), close: true });
            return Ok(());
        }
        self.look(transport)
    }

    /// Does something in TLS on the newest connection that has it.
    pub(super) fn act_in_tls(&mut self, what: Tls, change: &Change) -> Result<(), PlayerError> {
        let channels = self.applet.connections().map(Transport::Channel);
        let all: Vec<Transport> = channels.chain(self.streams.iter().map(Conduit::transport)).collect();
        for transport in all.into_iter().rev() {
            let Some(conduit) = find(&mut self.streams, &mut self.applet, transport) else { continue };
            if conduit.is_tls() {
                act(conduit, what, change)?;
                let octets = conduit.take_output();
                self.tell_tls(transport);
                self.carry(transport, octets, false);
                return Ok(());
            }
        }
        self.io.delivery = Delivery::Failed("no connection with TLS is open".into());
        Ok(())
    }

    /// Tells what has happened in TLS on a connection.
    fn tell_tls(&mut self, transport: Transport) {
        let Some(conduit) = find(&mut self.streams, &mut self.applet, transport) else { return };
        while let Some(told) = conduit.next_told() {
            self.io.tell_tls(Actor::Server, told);
        }
        if let Some(session) = conduit.layer().and_then(TlsLayer::take_session) {
            self.tls.keep(session);
        }
    }

    /// Answers the requests of a connection that have come whole. Whoever is asked how to answer does so later; what
    /// follows is looked for after that.
    pub(super) fn look(&mut self, transport: Transport) -> Result<(), PlayerError> {
        while let Some(found) = self.next_request(transport) {
            let mut next = match found {
                Ok(Request::Hello) if !self.io.scripted => return self.answer_hello(transport, &Reply::Default),
                Ok(request) => Next::Wait(request),
                Err(output) => {
                    self.transmit(transport, &output);
                    return Ok(());
                }
            };
            while let Next::Wait(request) = next {
                if self.io.scripted {
                    self.waiting.push_back(Pending::Request(transport, request));
                    return Ok(());
                }
                next = self.take_step(request, &Reply::Default)?;
            }
            let Next::Send(output) = next else { return Ok(()) };
            self.transmit(transport, &output);
        }
        Ok(())
    }

    /// The next whole request of a connection, or the answer to one that can never become whole.
    fn next_request(&mut self, transport: Transport) -> Option<Result<Request, Output>> {
        let conduit = find(&mut self.streams, &mut self.applet, transport)?;
        if conduit.is_bare() {
            let account = &self.scws.server.account;
            self.connections = self.connections.saturating_add(1);
            let layer = account.is_secure().then(|| -> Box<dyn Layer> {
                if certificates::are_used(&account.certificates, &self.tls_choices) {
                    return Box::new(certificates::server(self.io.scripted));
                }
                Box::new(self.tls.layer(&account.psk))
            });
            conduit.protect(layer, self.connections);
        }
        let own = conduit.take_output();
        self.tell_tls(transport);
        self.carry(transport, own, false);
        let conduit = find(&mut self.streams, &mut self.applet, transport)?;
        if conduit.is_asked() {
            return Some(Ok(Request::Hello));
        }
        let found = self.scws.next_request(conduit, &mut self.io);
        // What is said to a request follows what is said to those before it.
        let is_next = |pending: &Pending| !matches!(pending, Pending::Request(of, _) if *of == transport);
        if found.is_none() && self.waiting.iter().all(is_next) {
            self.scws.go_on(conduit, &mut self.io);
            let octets = conduit.take_output();
            self.carry(transport, octets, false);
        }
        found
    }

    fn take_step(&mut self, request: Request, reply: &Reply) -> Result<Next, PlayerError> {
        match request {
            // It is answered where the connection is known.
            Request::Hello => Ok(Next::Nothing),
            Request::Http(request) => {
                if self.scws.is_first_page(&request) && self.applet.causes.contains(&Cause::Scws) {
                    self.applet.wake(&mut self.scws.server, &mut self.cat, &mut self.io)?;
                }
                self.scws.answer_http(&request, reply, &mut self.io)
            }
            Request::Dm(message, encoding, asked_by) => {
                self.scws.answer_dm(&message, encoding, asked_by, reply, &mut self.io)
            }
        }
    }

    /// `send: channel-data`: octets for the client of a channel, in as many SEND DATA as they take.
    pub(super) fn send_octets(&mut self, change: &Change) -> Result<(), PlayerError> {
        let octets = change.read::<ChannelDataWith>()?.octets();
        match self.applet.raw_channel() {
            Some(channel) => {
                self.io.delivery = Delivery::Delivered(self.io.now);
                self.applet.transmit(channel, &octets, false, &mut self.cat, &mut self.io);
            }
            None => self.io.delivery = Delivery::Failed("no client is connected to a channel of the card".into()),
        }
        Ok(())
    }

    /// Sends what a case says to octets from the client of a channel.
    pub(super) fn answer_octets(&mut self, channel: u8, reply: &Reply) -> Result<(), PlayerError> {
        if let Reply::With(change) = reply {
            let octets = change.read::<ChannelDataWith>()?.octets();
            self.applet.transmit(channel, &octets, false, &mut self.cat, &mut self.io);
        }
        Ok(())
    }

    /// Sends a response.
    fn transmit(&mut self, transport: Transport, output: &Output) {
        // Where the client has gone, the octets go out all the same, and the other side says what it makes of them.
        let mut gone = Conduit::server(transport);
        gone.protect(None, 0);
        let conduit = find(&mut self.streams, &mut self.applet, transport).unwrap_or(&mut gone);
        conduit.send(&output.octets);
        if output.close {
            conduit.close();
        }
        let octets = conduit.take_output();
        self.tell_tls(transport);
        self.carry(transport, octets, output.close);
        self.tell_end();
    }

    /// Tells that the client has the last message of a session, once the terminal has taken all of it.
    pub(super) fn tell_end(&mut self) {
        if self.scws.ends && !self.cat.responds() {
            self.scws.ends = false;
            self.io
                .observe(Actor::Client, "dm.session-over", &[], || Map::from_iter([("whole".to_owned(), true.into())]));
        }
    }

    /// Gives octets to a transport, and closes it after them.
    fn carry(&mut self, transport: Transport, octets: Vec<u8>, close: bool) {
        match transport {
            Transport::Channel(channel) => {
                self.applet.transmit(channel, &octets, close, &mut self.cat, &mut self.io);
                self.tell_gone();
            }
            Transport::Stream(id) => {
                if !octets.is_empty() {
                    self.io.send(Signal::Data(id, octets));
                }
                if close {
                    self.io.send(Signal::Close(id));
                    self.drop_stream(id);
                }
            }
        }
    }

    /// Tells of the ends of connections over channels that the application has let go of.
    pub(super) fn tell_gone(&mut self) {
        for conduit in self.applet.take_gone() {
            self.tell_end_of(conduit);
        }
    }

    fn tell_end_of(&mut self, mut conduit: Conduit) {
        conduit.end();
        while let Some(told) = conduit.next_told() {
            self.io.tell_tls(Actor::Server, told);
        }
        self.scws.tell_rest(&mut conduit, &mut self.io);
    }

    /// That a request is on its way, in words.
    pub(super) fn unfinished_request(&self) -> Option<String> {
        let octets = self.streams.iter().chain(self.applet.conduits()).map(Conduit::unfinished).max()?;
        (octets > 0).then(|| format!("{octets} octets have come of a request that has no end yet"))
    }

    /// A client has opened a stream.
    pub(super) fn stream_opened(&mut self, id: StreamId) {
        self.streams.push(Conduit::server(Transport::Stream(id)));
        self.io.observe(Actor::Client, "connection", &[], || state("opened"));
        if let Err(error) = self.look(Transport::Stream(id)) {
            self.io.break_off(&error);
        }
    }

    /// Octets came through a stream.
    pub(super) fn stream_data(&mut self, id: StreamId, octets: &[u8]) {
        if let Some(conduit) = find(&mut self.streams, &mut self.applet, Transport::Stream(id)) {
            conduit.receive(octets);
        }
        if let Err(error) = self.look(Transport::Stream(id)) {
            self.io.break_off(&error);
        }
    }

    /// The client has closed a stream.
    pub(super) fn stream_closed(&mut self, id: StreamId) {
        self.drop_stream(id);
        self.io.observe(Actor::Client, "connection", &[], || state("closed"));
    }

    fn drop_stream(&mut self, id: StreamId) {
        let this = |conduit: &mut Conduit| conduit.transport() == Transport::Stream(id);
        for conduit in self.streams.extract_if(.., this).collect::<Vec<_>>() {
            self.tell_end_of(conduit);
        }
    }
}

/// The connection over a transport.
fn find<'a>(streams: &'a mut [Conduit], applet: &'a mut Applet, transport: Transport) -> Option<&'a mut Conduit> {
    match transport {
        Transport::Channel(channel) => applet.conduit(channel),
        Transport::Stream(_) => streams.iter_mut().find(|conduit| conduit.transport() == transport),
    }
}
