//! What happens in TLS, as cases see it.

use dmsc_octets::to_hex;
use dmsc_tls::{Alert, AlertLevel, Cause, Closure, Description, Direction, Event, Extension, Failure, Handshake};
use serde_json::{Map, Value, json};

use crate::layer::{OVER, Told};
use crate::messages::{alert_word, version_word};

/// What is told of an event; nothing for application data.
pub(crate) fn told(event: &Event) -> Option<Told> {
    let (heard, kind, octets, fields) = match event {
        Event::Handshake { direction, message, octets } => {
            let (kind, fields) = handshake(message);
            (*direction == Direction::Received, kind, octets.clone(), fields)
        }
        Event::ChangeCipherSpec { direction } => {
            (*direction == Direction::Received, "tls.change-cipher-spec", vec![1], Vec::new())
        }
        Event::Alert { direction, alert } => {
            let level = match alert.level {
                AlertLevel::Warning => "warning".to_owned(),
                AlertLevel::Fatal => "fatal".to_owned(),
                AlertLevel::Other(code) => format!("{code:02X}"),
            };
            let fields = vec![
                ("level", json!(level)),
                ("description", json!(alert_word(alert.description))),
                ("code", json!(alert.description.code())),
            ];
            (*direction == Direction::Received, "tls.alert", alert.octets().to_vec(), fields)
        }
        Event::Established(it) => {
            let mut fields = vec![
                ("version", json!(version_word(it.version))),
                ("suite", json!(suite(it.suite))),
                ("resumed", json!(it.resumed)),
                ("session_id", json!(to_hex(&it.session_id))),
                ("identity", json!(text(&it.identity))),
                ("encrypt_then_mac", json!(it.encrypt_then_mac)),
                ("extended_master_secret", json!(it.extended_master_secret)),
            ];
            let limit = it.max_fragment_length.and_then(dmsc_tls::MaxFragmentLength::octets);
            fields.extend(limit.map(|octets| ("max_fragment_length", json!(octets))));
            (true, "tls.established", Vec::new(), fields)
        }
        Event::Failed(_) | Event::Closed(_) | Event::Data(_) => return None,
    };
    Some(Told { heard, kind, octets, fields: named(fields) })
}

/// How a connection has come to its end, so far as TLS knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// Whether a handshake has succeeded.
    pub(crate) established: bool,
    /// The last alert that came, close_notify apart.
    pub(super) alert: Option<Alert>,
    /// Whether close_notify came.
    pub(super) proper: bool,
    /// Whether its end was told.
    pub(crate) over: bool,
}

impl Course {
    /// Takes note of an event; gives what is to be told when the connection has ended by it.
    pub(crate) fn follow(&mut self, event: &Event) -> Option<Told> {
        let mut fields = Vec::new();
        match event {
            Event::Established(_) => {
                self.established = true;
                return None;
            }
            Event::Alert { direction: Direction::Received, alert } => {
                match alert.description {
                    Description::CloseNotify => self.proper = true,
                    _ => self.alert = Some(*alert),
                }
                return None;
            }
            Event::Failed(Failure { cause: Cause::PeerAlert(_), .. }) => {}
            Event::Failed(Failure { sent, cause }) => {
                fields.push(("reason", json!(cause.to_string())));
                fields.extend(sent.map(|alert| ("sent", json!(alert_word(alert.description)))));
            }
            Event::Closed(Closure::Truncated { left }) => fields.push(("left", json!(left))),
            Event::Closed(Closure::Proper) => {}
            _ => return None,
        }
        self.end(fields)
    }

    /// The end, which is told once.
    pub(crate) fn end(&mut self, mut fields: Fields) -> Option<Told> {
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        fields.push(("established", json!(self.established)));
        fields.push(("proper", json!(self.proper)));
        fields.extend(self.alert.map(|alert| ("alert", json!(alert_word(alert.description)))));
        Some(Told { heard: true, kind: OVER, octets: Vec::new(), fields: named(fields) })
    }
}

fn named(fields: Fields) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Fields by name.
pub(crate) type Fields = Vec<(&'static str, Value)>;

fn handshake(message: &Handshake) -> (&'static str, Fields) {
    match message {
        Handshake::HelloRequest => ("tls.hello-request", Vec::new()),
        Handshake::ClientHello(hello) => ("tls.client-hello", client_hello(hello, "tls")),
        Handshake::Ssl2ClientHello(hello) => ("tls.client-hello", client_hello(&hello.to_client_hello(), "ssl2")),
        Handshake::ServerHello(hello) => {
            let mut fields = vec![
                ("version", json!(version_word(hello.version))),
                ("random", json!(to_hex(&hello.random))),
                ("session_id", json!(to_hex(&hello.session_id))),
                ("suite", json!(suite(hello.suite))),
                ("compression", json!(to_hex(&[hello.compression]))),
            ];
            fields.extend(extensions(hello.extensions.as_deref()));
            ("tls.server-hello", fields)
        }
        Handshake::ServerKeyExchange { hint } => ("tls.server-key-exchange", vec![("hint", json!(text(hint)))]),
        Handshake::ServerHelloDone => ("tls.server-hello-done", Vec::new()),
        Handshake::ClientKeyExchange { identity } => {
            ("tls.client-key-exchange", vec![("identity", json!(text(identity)))])
        }
        Handshake::Finished { verify_data } => ("tls.finished", vec![("verify_data", json!(to_hex(verify_data)))]),
        Handshake::Other { kind, body } => {
            let name = kind.name().map_or_else(|| format!("{:02X}", kind.code()), str::to_owned);
            ("tls.handshake", vec![("type", json!(name)), ("body", json!(to_hex(body)))])
        }
    }
}

fn client_hello(hello: &dmsc_tls::ClientHello, form: &str) -> Fields {
    let suites: Vec<String> = hello.suites.iter().copied().map(suite).collect();
    let mut fields = vec![
        ("version", json!(version_word(hello.version))),
        ("random", json!(to_hex(&hello.random))),
        ("session_id", json!(to_hex(&hello.session_id))),
        ("suites", json!(suites)),
        ("compressions", json!(to_hex(&hello.compressions))),
    ];
    fields.extend(extensions(hello.extensions.as_deref()));
    fields.push(("form", json!(form)));
    fields
}

fn extensions(list: Option<&[Extension]>) -> Option<(&'static str, Value)> {
    let shown = |extension: &Extension| json!({ "type": format!("{:04X}", extension.kind.code()), "data": to_hex(&extension.data) });
    Some(("extensions", list?.iter().map(shown).collect()))
}

fn suite(suite: dmsc_tls::Suite) -> String {
    format!("{:04X}", suite.code())
}

/// Octets that mostly are text.
fn text(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) if !text.starts_with("hex:") && !text.chars().any(char::is_control) => text.to_owned(),
        _ => format!("hex:{}", to_hex(octets)),
    }
}
