//! The layer between a transport and HTTP.

use std::any::Any;
use std::io::{Read, Write};

use dmsc_tls::{Alert, AlertLevel, Description, Direction, Event, Version};
use rustls::{ClientConnection, Connection, Error, ServerConnection};
use serde_json::{Value, json};

use super::summary::Chain;
use super::watch::Watch;
use crate::layer::{Flow, Layer, Told};
use crate::messages::{alert_word, version_word};
use crate::tls::{Course, RECORDS, told};

/// What this end is.
#[derive(Debug)]
enum End {
    /// A server to whom no hello has come.
    Awaiting,
    /// A server to whom one has come that waits for its answer.
    Asked,
    /// TLS.
    Connection(Box<Connection>),
    /// Octets that a case sends in place of TLS, or nothing; what comes is nothing to it.
    Octets(Vec<u8>),
    /// HTTP as it is, which is what a faulty end goes on with.
    Plain,
}

/// TLS with certificates on one connection.
#[derive(Debug)]
pub(crate) struct CertificateLayer {
    end: End,
    /// HTTP that waits for the handshake.
    waiting: Vec<u8>,
    /// What came before a server's answer to the hello was decided.
    before: Vec<u8>,
    heard: Watch,
    said: Watch,
    /// The alert that went out in clear text.
    sent: Option<Alert>,
    /// The chain that this side has shown.
    shown: Option<Chain>,
    /// Whether a server takes HTTP as it is, too, to show it.
    plain: bool,
    course: Course,
}

impl CertificateLayer {
    fn new(end: End, plain: bool) -> CertificateLayer {
        CertificateLayer {
            end,
            waiting: Vec::new(),
            before: Vec::new(),
            heard: Watch::new(Direction::Received),
            said: Watch::new(Direction::Sent),
            sent: None,
            shown: None,
            plain,
            course: Course::default(),
        }
    }

    /// The client's end.
    pub(super) fn client(connection: ClientConnection) -> CertificateLayer {
        CertificateLayer::new(End::Connection(Box::new(connection.into())), false)
    }

    /// The server's end.
    pub(super) fn server(plain: bool) -> CertificateLayer {
        CertificateLayer::new(End::Awaiting, plain)
    }

    /// An end that sends these octets and nothing else.
    pub(super) fn of_octets(octets: Vec<u8>) -> CertificateLayer {
        CertificateLayer::new(End::Octets(octets), false)
    }

    /// Answers the hello that waits.
    ///
    /// # Errors
    /// Why the connection cannot go on.
    pub(crate) fn greet(&mut self, answer: (ServerConnection, Chain), flow: &mut Flow) -> Result<(), String> {
        let before = std::mem::take(&mut self.before);
        self.shown = Some(answer.1);
        self.end = End::Connection(Box::new(answer.0.into()));
        self.take_in(&before, flow)
    }

    /// Answers the hello that waits with octets that are not of this TLS.
    pub(crate) fn greet_with_octets(&mut self, octets: &[u8], flow: &mut Flow) {
        self.ignore();
        flow.transport.extend_from_slice(octets);
    }

    /// Octets of a server to whom no hello has come: the hello, HTTP, or what is neither.
    fn before_hello(&mut self, octets: &[u8], flow: &mut Flow) -> Result<(), String> {
        self.before.extend_from_slice(octets);
        let events = self.heard.see(octets);
        let hello = events.iter().filter_map(told).find(Told::is_hello);
        if let Some(hello) = hello {
            flow.told.push(hello);
            self.end = End::Asked;
        } else if self.plain && !self.before.first().is_some_and(|first| RECORDS.contains(first)) {
            self.end = End::Plain;
            flow.http.append(&mut self.before);
        } else if !self.heard.is_clear() || !events.is_empty() {
            let reason = "what came is no ClientHello";
            self.end = End::Octets(Vec::new());
            flow.told.extend(events.iter().filter_map(told));
            flow.told.extend(self.course.end(vec![("reason", json!(reason))]));
            return Err(reason.into());
        }
        Ok(())
    }

    /// Gives octets of the transport to TLS, carries out what it says to them, and tells what has happened.
    fn take_in(&mut self, mut octets: &[u8], flow: &mut Flow) -> Result<(), String> {
        // The hello that a server answers was told when it came, and there is none to answer after it. Alerts are told by
        // what TLS makes of them.
        if self.shown.is_none() {
            let events = self.heard.see(octets);
            let hellos = events.iter().filter(|event| matches!(event, Event::Handshake { .. }));
            flow.told.extend(hellos.filter_map(told));
        }
        let mut result = Ok(());
        while !octets.is_empty() && !self.course.over {
            let End::Connection(connection) = &mut self.end else { break };
            if !connection.read_tls(&mut octets).is_ok_and(|read| read > 0) {
                break;
            }
            match connection.process_new_packets() {
                Ok(state) => {
                    let mut data = vec![0; state.plaintext_bytes_to_read()];
                    // So many are there.
                    if connection.reader().read_exact(&mut data).is_ok() {
                        flow.http.append(&mut data);
                    }
                    let closed = state.peer_has_closed();
                    self.flush(flow);
                    self.establish(flow);
                    if closed {
                        self.hear_alert(Alert::warning(Description::CloseNotify), flow);
                        flow.told.extend(self.course.end(Vec::new()));
                    }
                }
                Err(error) => {
                    self.flush(flow);
                    result = self.fail(&error, flow);
                }
            }
        }
        result
    }

    fn hear_alert(&mut self, alert: Alert, flow: &mut Flow) {
        let event = Event::Alert { direction: Direction::Received, alert };
        flow.told.extend(told(&event));
        self.course.follow(&event);
    }

    fn fail(&mut self, error: &Error, flow: &mut Flow) -> Result<(), String> {
        let mut fields = Vec::new();
        match error {
            Error::AlertReceived(description) => {
                let description = Description::from_code(u8::from(*description));
                self.hear_alert(Alert { level: AlertLevel::Fatal, description }, flow);
            }
            other => {
                fields.push(("reason", json!(other.to_string())));
                // One that was encrypted is the one that rustls has for a certificate.
                let hidden = match other {
                    Error::InvalidCertificate(why) => {
                        Some(Description::from_code(u8::from(rustls::AlertDescription::from(why.clone()))))
                    }
                    _ => None,
                };
                let sent = self.sent.map(|alert| alert.description).or(hidden);
                fields.extend(sent.map(|description| ("sent", json!(alert_word(description)))));
            }
        }
        flow.told.extend(self.course.end(fields));
        Err(error.to_string())
    }

    /// Tells that the handshake has succeeded, once, and sends what waited for that.
    fn establish(&mut self, flow: &mut Flow) {
        let End::Connection(connection) = &self.end else { return };
        if self.course.established || connection.is_handshaking() {
            return;
        }
        self.course.established = true;
        let version = connection.protocol_version().map(|version| Version::from_code(u16::from(version)));
        let suite = connection.negotiated_cipher_suite().map(|suite| u16::from(suite.suite()));
        let mut fields: Vec<(&str, Value)> = vec![("resumed", json!(false))];
        fields.extend(version.map(|version| ("version", json!(version_word(version)))));
        fields.extend(suite.map(|suite| ("suite", json!(format!("{suite:04X}")))));
        let seen = connection.peer_certificates().map(Chain::of);
        fields.extend(seen.as_ref().or(self.shown.as_ref()).map(Chain::fields).unwrap_or_default());
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        flow.told.push(Told { heard: true, kind: "tls.established", octets: Vec::new(), fields });
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.send(&waiting, flow);
        }
    }

    /// Carries what TLS has to say to the transport.
    fn flush(&mut self, flow: &mut Flow) {
        let End::Connection(connection) = &mut self.end else { return };
        let mut output = Vec::new();
        // A vector takes all.
        while connection.wants_write() && connection.write_tls(&mut output).is_ok_and(|written| written > 0) {}
        for event in self.said.see(&output) {
            if let Event::Alert { alert, .. } = event {
                self.sent = Some(alert);
            }
            flow.told.extend(told(&event));
        }
        flow.transport.append(&mut output);
    }
}

impl Layer for CertificateLayer {
    fn open(&mut self, flow: &mut Flow) {
        match &mut self.end {
            End::Octets(octets) => flow.transport.append(octets),
            _ => self.flush(flow),
        }
    }

    fn receive(&mut self, octets: &[u8], flow: &mut Flow) -> Result<(), String> {
        match &self.end {
            End::Awaiting => return self.before_hello(octets, flow),
            End::Asked => self.before.extend_from_slice(octets),
            End::Connection(_) => return self.take_in(octets, flow),
            End::Octets(_) => {
                let events = self.heard.see(octets);
                for event in events.iter().filter(|event| matches!(event, Event::Alert { .. })) {
                    flow.told.extend(told(event));
                    self.course.follow(event);
                    flow.told.extend(self.course.end(Vec::new()));
                }
            }
            End::Plain => flow.http.extend_from_slice(octets),
        }
        Ok(())
    }

    fn send(&mut self, octets: &[u8], flow: &mut Flow) {
        match &mut self.end {
            End::Connection(connection) if !connection.is_handshaking() => {
                // It is told when the connection has failed.
                let _ = connection.writer().write_all(octets);
                self.flush(flow);
            }
            End::Awaiting | End::Asked | End::Connection(_) => self.waiting.extend_from_slice(octets),
            End::Octets(_) => {}
            End::Plain => flow.transport.extend_from_slice(octets),
        }
    }

    fn close(&mut self, flow: &mut Flow) {
        if let End::Connection(connection) = &mut self.end {
            connection.send_close_notify();
            self.flush(flow);
        }
    }

    fn end(&mut self, flow: &mut Flow) -> Result<(), String> {
        let proper = self.course.over || !matches!(self.end, End::Connection(_));
        flow.told.extend(self.course.end(Vec::new()));
        if proper {
            return Ok(());
        }
        Err("the connection ended without close_notify, so what came may not be all of it (RFC 8446 6.1)".into())
    }

    fn as_any(&mut self) -> Option<&mut dyn Any> {
        Some(self)
    }

    fn is_asked(&self) -> bool {
        matches!(self.end, End::Asked)
    }

    fn ignore(&mut self) {
        self.before.clear();
        self.end = End::Octets(Vec::new());
    }

    fn is_tls(&self) -> bool {
        true
    }

    fn is_protected(&self) -> bool {
        matches!(self.end, End::Connection(_))
    }
}
