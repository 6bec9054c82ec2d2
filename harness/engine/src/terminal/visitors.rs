//! Other clients of the terminal than the DM Client: a browser, or a tool that a person starts. Of those that want the
//! same port one is let in at a time (TS 102 223 6.4.27); streams carry all of them.

use std::time::Duration;

use dmsc_link::{Signal, Time};
use serde_json::json;

use super::Terminal;
use super::bip::Notice;
use crate::account::Address;
use crate::choice::terminal::{EventOrder, Loopback, SecondClient};
use crate::conduit::{Conduit, Transport};
use crate::event::Actor;
use crate::medium::Medium;
use crate::player::{Delivery, PlayerError};
use crate::switch::Switch;

/// How long one waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one waits for the card to close the connection once it has said so.
const PARTING: Duration = Duration::from_secs(2);

/// The loopback address of IPv4.
pub(super) const LOOPBACK: &str = "127.0.0.1";

/// The loopback address of IPv6.
pub(super) const LOOPBACK_6: &str = "::1";

/// The name of the loopback address.
pub(super) const LOCALHOST: &str = "localhost";

/// What a client does once it is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It sends a request, and waits for the answer.
    Asks(Vec<u8>),
    /// It sends a request and says that nothing follows.
    HalfCloses(Vec<u8>),
    /// It gives back whatever it gets.
    Echoes,
}

impl Manner {
    /// A browser that asks for the first page.
    pub(super) fn browser(host: &str) -> Manner {
        Manner::Asks(page(host))
    }

    /// The same, which ends its half of the connection.
    pub(super) fn half_closing(host: &str) -> Manner {
        Manner::HalfCloses(page(host))
    }

    fn request(&self) -> &[u8] {
        match self {
            Manner::Asks(request) | Manner::HalfCloses(request) => request,
            Manner::Echoes => &[],
        }
    }
}

fn page(host: &str) -> Vec<u8> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    format!("GET / HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n").into_bytes()
}

/// One client.
#[derive(Debug)]
struct Visitor {
    manner: Manner,
    port: u16,
    /// None while it waits to be let in.
    conduit: Option<Conduit>,
    /// When it waits no longer.
    until: Option<Time>,
    /// Whether its request is to wake the card up.
    wakes: bool,
}

impl Visitor {
    fn is_on(&self, transport: Transport) -> bool {
        self.conduit.as_ref().is_some_and(|conduit| conduit.transport() == transport)
    }
}

/// All of them, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Visitors(Vec<Visitor>);

impl Visitors {
    /// When the first of them loses its patience.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.0.iter().filter_map(|visitor| visitor.until).min()
    }

    fn on(&mut self, transport: Transport) -> Option<&mut Visitor> {
        self.0.iter_mut().find(|visitor| visitor.is_on(transport))
    }

    fn remove(&mut self, transport: Transport) -> Option<Visitor> {
        let place = self.0.iter().position(|visitor| visitor.is_on(transport))?;
        Some(self.0.remove(place))
    }
}

impl Terminal {
    /// A client comes to the port of the account, by this name of the terminal's own address.
    pub(super) fn visit(&mut self, manner: Manner, host: &str) -> Result<(), PlayerError> {
        let (address, _) = self.default_address()?;
        self.visit_for(manner, host, &address, false);
        Ok(())
    }

    /// A client comes to the card; whether its request `wakes` the card is for whoever asked.
    pub(super) fn visit_for(&mut self, manner: Manner, host: &str, address: &Address, wakes: bool) {
        let until = (manner != Manner::Echoes).then_some(self.io.now + PATIENCE);
        let port = address.port;
        let mut visitor = Visitor { manner, port, conduit: None, until, wakes };
        if self.config.medium != Medium::Contact {
            let id = self.http.next_stream();
            visitor.conduit = Some(Conduit::client(Transport::Stream(id), None));
            self.visitors.0.push(visitor);
            self.io.send(Signal::Connect(id));
            return;
        }
        let local = match host {
            LOCALHOST => !self.switches.on(Switch::NoLocalhost),
            LOOPBACK_6 => self.config.choices.terminal.loopback == Loopback::Both,
            _ => true,
        };
        if !local {
            return;
        }
        if let Some(channel) = self.bip.taken(port).filter(|_| self.switches.on(Switch::MixClients)) {
            let notice = self.bip.write(channel, visitor.manner.request());
            notice.into_iter().for_each(|notice| self.tell(notice));
            return;
        }
        self.visitors.0.push(visitor);
        self.let_in();
        // Who wakes the card up waits until it listens.
        let refused = self.config.choices.terminal.second_client == SecondClient::Refused;
        if !wakes && (refused || self.bip.taken(port).is_none()) {
            self.visitors.0.retain(|visitor| visitor.conduit.is_some() || visitor.port != port);
        }
    }

    /// Those who wait are let in, where there is a channel for them and the card is done with the last client.
    pub(super) fn let_in(&mut self) {
        let ports: Vec<u16> =
            self.visitors.0.iter().filter(|visitor| visitor.conduit.is_none()).map(|visitor| visitor.port).collect();
        for port in ports {
            if !self.bip.is_done(port) {
                continue;
            }
            let Some((channel, connected)) = self.bip.connect(port) else { continue };
            let now = self.io.now;
            let Some(visitor) = self.visitors.0.iter_mut().find(|one| one.conduit.is_none() && one.port == port) else {
                continue;
            };
            let mut conduit = Conduit::client(Transport::Channel(channel), None);
            conduit.open();
            visitor.conduit = Some(conduit);
            visitor.until = visitor.until.map(|_| now + PATIENCE);
            if visitor.wakes {
                self.io.delivery = Delivery::Failed("the card has not read the request that wakes it up".into());
            }
            self.enter(channel, connected);
        }
    }

    /// A client is connected through a channel, and says what it has to say; the card is told of both.
    fn enter(&mut self, channel: u8, connected: Notice) {
        let transport = Transport::Channel(channel);
        let Some(visitor) = self.visitors.on(transport) else { return };
        let manner = visitor.manner.clone();
        if let Some(conduit) = visitor.conduit.as_mut().filter(|_| !manner.request().is_empty()) {
            conduit.send(manner.request());
        }
        let octets = visitor.conduit.as_mut().map(Conduit::take_output).unwrap_or_default();
        let said = if octets.is_empty() { None } else { self.bip.write(channel, &octets) };
        let mut notices = vec![Some(connected), said];
        if self.config.choices.terminal.event_order == EventOrder::DataFirst {
            notices.reverse();
        }
        notices.into_iter().flatten().for_each(|notice| self.tell(notice));
        if matches!(manner, Manner::HalfCloses(_)) && self.switches.on(Switch::HangUpOnHalfClose) {
            self.show_out(transport);
        }
    }

    /// A stream that a client has asked for is open; gives whether it is one of these.
    pub(super) fn visitor_connected(&mut self, transport: Transport) -> bool {
        let now = self.io.now;
        let Some(visitor) = self.visitors.on(transport) else { return false };
        let (manner, wakes) = (visitor.manner.clone(), std::mem::take(&mut visitor.wakes));
        let Some(conduit) = visitor.conduit.as_mut() else { return false };
        conduit.open();
        conduit.send(manner.request());
        let octets = conduit.take_output();
        if let (Transport::Stream(id), false) = (transport, octets.is_empty()) {
            self.io.send(Signal::Data(id, octets));
        }
        if wakes {
            self.io.delivery = Delivery::Delivered(now);
        }
        true
    }

    /// The card has read from a channel: once it has all that a client said, that client's request has reached it.
    pub(super) fn visitor_read(&mut self, channel: u8) {
        let all = self.bip.is_read(channel);
        let Some(visitor) = self.visitors.on(Transport::Channel(channel)).filter(|_| all) else { return };
        if std::mem::take(&mut visitor.wakes) {
            self.io.delivery = Delivery::Delivered(self.io.now);
        }
    }

    /// Octets for a client; gives whether they are for one of these.
    pub(super) fn visitor_hears(&mut self, transport: Transport, octets: &[u8]) -> bool {
        let (until, parting) = (self.io.now + PATIENCE, self.io.now + PARTING);
        let Some(visitor) = self.visitors.on(transport) else { return false };
        if visitor.manner == Manner::Echoes {
            match transport {
                Transport::Channel(channel) => {
                    let notice = self.bip.write(channel, octets);
                    notice.into_iter().for_each(|notice| self.tell(notice));
                }
                Transport::Stream(id) => self.io.send(Signal::Data(id, octets.to_vec())),
            }
            return true;
        }
        let Some(conduit) = visitor.conduit.as_mut() else { return true };
        visitor.until = Some(until);
        conduit.receive(octets);
        match self.answered(transport) {
            None => {}
            // Until the card has closed the channel there is no other connection to be had.
            Some(false) => self.visitors.on(transport).into_iter().for_each(|one| one.until = Some(parting)),
            Some(true) => self.show_out(transport),
        }
        true
    }

    /// Looks for the answer to a client's request, and tells of it. Gives, once it is there, whether it is the client
    /// that ends the connection.
    fn answered(&mut self, transport: Transport) -> Option<bool> {
        let conduit = self.visitors.on(transport)?.conduit.as_mut()?;
        loop {
            match conduit.next_message() {
                Ok(None) => return None,
                Ok(Some((interim, _))) if interim.is_interim() => {}
                Ok(Some((response, octets))) => {
                    self.io.observe(Actor::Server, "http.response", &octets, || {
                        let mut fields = response.fields();
                        fields.insert("client".into(), json!("other"));
                        fields
                    });
                    return Some(response.keeps_alive());
                }
                // What is no HTTP is no answer to anybody.
                Err(_) => return Some(true),
            }
        }
    }

    /// The card has closed the connection of a client; gives whether it is one of these.
    pub(super) fn visitor_cut(&mut self, transport: Transport) -> bool {
        if let Some(conduit) = self.visitors.on(transport).and_then(|visitor| visitor.conduit.as_mut()) {
            conduit.end();
        }
        self.answered(transport);
        let gone = self.visitors.remove(transport);
        if gone.as_ref().is_some_and(|visitor| visitor.wakes) {
            self.io.delivery = Delivery::Failed("the card has not read the request that was to wake it up".into());
        }
        if gone.is_some() {
            self.let_in();
        }
        gone.is_some()
    }

    /// A client has what it wants, or wants no more.
    fn show_out(&mut self, transport: Transport) {
        if self.visitors.remove(transport).is_none() {
            return;
        }
        match transport {
            Transport::Channel(channel) => self.hang_up(channel),
            Transport::Stream(id) => self.io.send(Signal::Close(id)),
        }
        self.let_in();
    }

    /// Those who have lost their patience go.
    pub(super) fn visitors_tick(&mut self) {
        let now = self.io.now;
        let due = |visitor: &Visitor| visitor.until.is_some_and(|until| until <= now);
        let inside: Vec<Transport> = self
            .visitors
            .0
            .iter()
            .filter(|one| due(one))
            .filter_map(|one| Some(one.conduit.as_ref()?.transport()))
            .collect();
        self.visitors.0.retain(|visitor| visitor.conduit.is_some() || !due(visitor));
        inside.into_iter().for_each(|transport| self.show_out(transport));
    }
}
