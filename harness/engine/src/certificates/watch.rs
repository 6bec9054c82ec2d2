//! What passes in clear text at the beginning of a connection, which rustls does not tell: hellos and alerts.

use dmsc_tls::{Alert, ContentType, Deframer, Direction, Event, Handshake, HandshakeType, Unframed};

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Watch {
    direction: Direction,
    records: Deframer,
    /// Handshake messages that are not whole.
    messages: Vec<u8>,
    /// Whether what comes can still be read.
    clear: bool,
}

/// The header of a handshake message (RFC 5246 7.4).
const HEADER: usize = 4;

impl Watch {
    /// A direction in which nothing has passed.
    pub(super) fn new(direction: Direction) -> Watch {
        Watch { direction, records: Deframer::new(), messages: Vec::new(), clear: true }
    }

    /// Whether what comes can still be read.
    pub(super) fn is_clear(&self) -> bool {
        self.clear
    }

    /// Octets pass: what is in them.
    pub(super) fn see(&mut self, octets: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        if self.clear {
            self.records.push(octets);
        }
        while self.clear {
            match self.records.next(false) {
                Ok(Some(Unframed::Record { header, body })) => match (header.content, <[u8; 2]>::try_from(&body[..])) {
                    (ContentType::Handshake, _) => {
                        self.messages.extend(body);
                        self.take(&mut events);
                    }
                    (ContentType::Alert, Ok(octets)) => {
                        events.push(Event::Alert { direction: self.direction, alert: Alert::from_octets(octets) });
                    }
                    // Whatever follows ChangeCipherSpec, or is application data, is protected.
                    _ => self.clear = false,
                },
                Ok(None) => break,
                Ok(Some(Unframed::Ssl2Hello(_))) | Err(_) => self.clear = false,
            }
        }
        events
    }

    /// Takes the hellos out of the messages. The others are those of another key exchange than that of a pre-shared key.
    fn take(&mut self, events: &mut Vec<Event>) {
        while let [_, high, middle, low, ..] = self.messages[..] {
            let body = usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX);
            let whole = body.saturating_add(HEADER);
            if self.messages.len() < whole {
                return;
            }
            let octets: Vec<u8> = self.messages.drain(..whole).collect();
            let kind = octets.first().copied().map(HandshakeType::from_code);
            if matches!(kind, Some(HandshakeType::ClientHello | HandshakeType::ServerHello)) {
                let Ok(message) = Handshake::decode(&octets) else { continue };
                events.push(Event::Handshake { direction: self.direction, message, octets });
            }
        }
    }
}
