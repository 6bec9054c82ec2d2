//! The layer between a transport and HTTP.

use std::any::Any;
use std::collections::VecDeque;

use dmsc_tls::{
    Alert, Client, ContentType, Deframer, Description, Direction, Event, Failure, Handshake, SendError, Server,
    Session, Unframed,
};

use super::server::Offered;
use super::view::{self, Course};
use crate::layer::{Flow, Layer};
use crate::messages::{Content, TlsServerWith};

/// One end of a connection.
#[derive(Debug)]
pub(super) enum End {
    Client(Box<Client>),
    Server(Box<Server>),
    /// Octets that a case sends in place of TLS; what comes is nothing to it.
    Octets(Vec<u8>),
    /// HTTP as it is, which is what a faulty end goes on with.
    Plain,
}

/// What records begin with (RFC 5246 6.2.1).
pub(crate) const RECORDS: std::ops::RangeInclusive<u8> = 0x14..=0x17;

/// TLS on one connection.
#[derive(Debug)]
pub(crate) struct TlsLayer {
    end: End,
    /// HTTP that waits for the handshake.
    waiting: Vec<u8>,
    /// What came before a server's answer to the hello was decided.
    before: Vec<u8>,
    greeting: Greeting,
    /// What the hello offers.
    offered: Offered,
    /// Whether a server takes HTTP as it is, too: to show it, or as a fault.
    plain: bool,
    /// Whether an end without close_notify is as good as one with it: a fault.
    cut: bool,
    session: Option<Session>,
    course: Course,
}

/// Where a server is with the hello.
#[derive(Debug, PartialEq)]
enum Greeting {
    /// None has come.
    Awaited,
    /// One has come, and its answer waits: what has happened since, and what is to go out.
    Asked(VecDeque<Event>, Vec<u8>),
    /// It was answered, or this is a client.
    Done,
}

impl TlsLayer {
    pub(super) fn new(end: End, plain: bool, cut: bool) -> TlsLayer {
        let greeting = if matches!(end, End::Server(_)) { Greeting::Awaited } else { Greeting::Done };
        TlsLayer {
            end,
            waiting: Vec::new(),
            before: Vec::new(),
            greeting,
            offered: Offered::default(),
            plain,
            cut,
            session: None,
            course: Course::default(),
        }
    }

    /// What the hello offers.
    pub(crate) fn offered(&self) -> &Offered {
        &self.offered
    }

    /// The session of the last handshake, once.
    pub(crate) fn take_session(&mut self) -> Option<Session> {
        self.session.take()
    }

    /// Answers the hello that waits: as it would be by itself, or by this server.
    ///
    /// # Errors
    /// Why the connection cannot go on.
    pub(crate) fn greet(&mut self, with: Option<(Server, &TlsServerWith)>, flow: &mut Flow) -> Result<(), String> {
        let Greeting::Asked(events, output) = std::mem::replace(&mut self.greeting, Greeting::Done) else {
            return Ok(());
        };
        let Some((server, with)) = with else {
            flow.transport.extend(output);
            self.before.clear();
            return self.happen(events, flow);
        };
        let before = std::mem::take(&mut self.before);
        if let Some(octets) = &with.octets {
            self.end = End::Octets(Vec::new());
            flow.transport.extend_from_slice(&octets.0);
            return Ok(());
        }
        let mut server = Box::new(server);
        if let Some(alert) = with.alert {
            server.send_alert(Alert::fatal(alert.0));
            flow.transport.extend(server.take_output());
            self.end = End::Octets(Vec::new());
            let events = std::iter::from_fn(|| server.next_event()).collect();
            return self.happen(events, flow);
        }
        server.receive(&before);
        flow.transport.extend(server.take_output());
        let mut events: VecDeque<Event> = std::iter::from_fn(|| server.next_event()).collect();
        self.end = End::Server(server);
        // The hello was told when it came.
        if events.front().is_some_and(|event| view::told(event).is_some_and(|told| told.is_hello())) {
            events.pop_front();
        }
        self.happen(events, flow)
    }

    /// Sends an alert; close_notify closes this side.
    pub(crate) fn alert(&mut self, alert: Alert, flow: &mut Flow) {
        let closes = alert == Alert::warning(Description::CloseNotify);
        match &mut self.end {
            End::Client(client) if closes => client.close(),
            End::Server(server) if closes => server.close(),
            End::Client(client) => client.send_alert(alert),
            End::Server(server) => server.send_alert(alert),
            End::Octets(_) | End::Plain => {}
        }
        let _ = self.pump(flow);
    }

    /// Asks for another handshake.
    pub(crate) fn renegotiate(&mut self, flow: &mut Flow) {
        match &mut self.end {
            End::Client(client) => client.renegotiate(),
            End::Server(server) => server.renegotiate(),
            End::Octets(_) | End::Plain => {}
        }
        let _ = self.pump(flow);
    }

    /// Sends a record, protected as the connection is now.
    pub(crate) fn record(&mut self, content: Content, body: &[u8], flow: &mut Flow) {
        let content = match content {
            Content::ChangeCipherSpec => ContentType::ChangeCipherSpec,
            Content::Alert => ContentType::Alert,
            Content::Handshake => ContentType::Handshake,
            Content::ApplicationData => ContentType::ApplicationData,
        };
        match &mut self.end {
            End::Client(client) => client.send_record(content, body),
            End::Server(server) => server.send_record(content, body),
            End::Octets(_) | End::Plain => {}
        }
        let _ = self.pump(flow);
    }

    /// What comes where a case has left TLS: an alert ends the connection, and what is no record is HTTP.
    fn unprotected(&mut self, octets: &[u8], flow: &mut Flow) {
        self.before.extend_from_slice(octets);
        let mut deframer = Deframer::new();
        deframer.push(&self.before);
        match deframer.next(false) {
            Ok(Some(Unframed::Record { header, body })) if header.content == ContentType::Alert => {
                if let Ok(octets) = <[u8; 2]>::try_from(body) {
                    let event = Event::Alert { direction: Direction::Received, alert: Alert::from_octets(octets) };
                    flow.told.extend(view::told(&event));
                    self.course.follow(&event);
                }
                flow.told.extend(self.course.end(Vec::new()));
            }
            Ok(_) => {}
            Err(_) => flow.http.append(&mut self.before),
        }
    }

    /// Carries out what an end has said, and tells what has happened.
    fn pump(&mut self, flow: &mut Flow) -> Result<(), String> {
        let events: VecDeque<Event> = match &mut self.end {
            End::Client(client) => {
                flow.transport.extend(client.take_output());
                std::iter::from_fn(|| client.next_event()).collect()
            }
            End::Server(server) => {
                let events: VecDeque<Event> = std::iter::from_fn(|| server.next_event()).collect();
                let output = server.take_output();
                if self.greeting == Greeting::Awaited {
                    return self.hello(events, output, flow);
                }
                flow.transport.extend(output);
                events
            }
            End::Octets(_) | End::Plain => return Ok(()),
        };
        self.happen(events, flow)
    }

    /// Holds what follows a hello until its answer is decided.
    fn hello(&mut self, mut events: VecDeque<Event>, output: Vec<u8>, flow: &mut Flow) -> Result<(), String> {
        match events.front().and_then(view::told) {
            Some(told) if told.is_hello() => {
                flow.told.push(told);
                self.offered = match events.pop_front() {
                    Some(Event::Handshake { message: Handshake::ClientHello(hello), .. }) => {
                        Offered { version: Some(hello.version), suites: hello.suites }
                    }
                    _ => Offered::default(),
                };
                self.greeting = Greeting::Asked(events, output);
                Ok(())
            }
            Some(_) if self.plain && !self.before.first().is_some_and(|first| RECORDS.contains(first)) => {
                self.greeting = Greeting::Done;
                self.end = End::Plain;
                flow.http.extend(std::mem::take(&mut self.before));
                Ok(())
            }
            Some(_) => {
                self.greeting = Greeting::Done;
                flow.transport.extend(output);
                self.happen(events, flow)
            }
            None => Ok(()),
        }
    }

    fn happen(&mut self, events: VecDeque<Event>, flow: &mut Flow) -> Result<(), String> {
        let mut result = Ok(());
        for event in events {
            flow.told.extend(view::told(&event));
            flow.told.extend(self.course.follow(&event));
            match event {
                Event::Data(data) => flow.http.extend(data),
                Event::Established(_) => {
                    self.session = match &self.end {
                        End::Client(client) => client.session().cloned(),
                        End::Server(server) => server.session().cloned(),
                        End::Octets(_) | End::Plain => None,
                    };
                    let waiting = std::mem::take(&mut self.waiting);
                    if !waiting.is_empty() {
                        self.send(&waiting, flow);
                    }
                }
                Event::Failed(Failure { cause, .. }) => result = Err(cause.to_string()),
                Event::Closed(_) | Event::Handshake { .. } | Event::ChangeCipherSpec { .. } | Event::Alert { .. } => {}
            }
        }
        result
    }
}

impl Layer for TlsLayer {
    fn open(&mut self, flow: &mut Flow) {
        match &mut self.end {
            End::Octets(octets) => flow.transport.append(octets),
            // What a hello could fail of is told with the first thing that comes.
            _ => drop(self.pump(flow)),
        }
    }

    fn receive(&mut self, octets: &[u8], flow: &mut Flow) -> Result<(), String> {
        if let (Greeting::Asked(events, held), End::Server(server)) = (&mut self.greeting, &mut self.end) {
            self.before.extend_from_slice(octets);
            server.receive(octets);
            held.extend(server.take_output());
            events.extend(std::iter::from_fn(|| server.next_event()));
            return Ok(());
        }
        match &mut self.end {
            End::Client(client) => client.receive(octets),
            End::Server(server) => {
                if self.greeting == Greeting::Awaited {
                    self.before.extend_from_slice(octets);
                }
                server.receive(octets);
            }
            End::Octets(_) => {
                self.unprotected(octets, flow);
                return Ok(());
            }
            End::Plain => {
                flow.http.extend_from_slice(octets);
                return Ok(());
            }
        }
        self.pump(flow)
    }

    fn send(&mut self, octets: &[u8], flow: &mut Flow) {
        let sent = match &mut self.end {
            End::Client(client) => client.send(octets),
            End::Server(server) => server.send(octets),
            End::Octets(_) => return,
            End::Plain => {
                flow.transport.extend_from_slice(octets);
                return;
            }
        };
        match sent {
            Ok(()) => drop(self.pump(flow)),
            Err(SendError::NotEstablished) => self.waiting.extend_from_slice(octets),
            Err(SendError::Closed | SendError::Failed) => {}
        }
    }

    fn close(&mut self, flow: &mut Flow) {
        match &mut self.end {
            End::Client(client) => client.close(),
            End::Server(server) => server.close(),
            End::Octets(_) | End::Plain => return,
        }
        drop(self.pump(flow));
    }

    fn end(&mut self, flow: &mut Flow) -> Result<(), String> {
        let proper = self.course.over;
        match &mut self.end {
            End::Client(client) => client.end_of_input(),
            End::Server(server) => server.end_of_input(),
            End::Octets(_) | End::Plain => {
                flow.told.extend(self.course.end(Vec::new()));
                return Ok(());
            }
        }
        drop(self.pump(flow));
        if proper || self.cut {
            return Ok(());
        }
        Err("the connection ended without close_notify, so what came may not be all of it (RFC 5246 7.2.1)".into())
    }

    fn as_any(&mut self) -> Option<&mut dyn Any> {
        Some(self)
    }

    fn is_asked(&self) -> bool {
        matches!(self.greeting, Greeting::Asked(..))
    }

    fn ignore(&mut self) {
        self.greeting = Greeting::Done;
        self.before.clear();
        self.end = End::Octets(Vec::new());
    }

    fn is_tls(&self) -> bool {
        true
    }

    fn is_protected(&self) -> bool {
        matches!(self.end, End::Client(_) | End::Server(_))
    }
}
