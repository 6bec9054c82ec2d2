//! Changes of what goes out, as a case or a fault has them.

use dmsc_tls::record::HEADER_LENGTH;
use dmsc_tls::{Alert, Alter, ContentType, HandshakeType, Outgoing as Going};

use crate::messages::{Content, Outgoing, TlsChange};

/// Changes with what has gone out so far.
pub(super) struct Changes(Vec<(TlsChange, u32)>);

impl Changes {
    /// Changes before anything has gone out; none where there are none.
    pub(super) fn of(changes: Option<&[Box<TlsChange>]>) -> Option<Box<dyn Alter + Send>> {
        let changes = changes.filter(|changes| !changes.is_empty())?;
        Some(Box::new(Changes(changes.iter().map(|change| ((**change).clone(), 0)).collect())))
    }

    fn apply(&mut self, what: Outgoing, octets: &mut Vec<u8>) {
        for (change, seen) in self.0.iter_mut().filter(|(change, _)| change.on == Some(what)) {
            *seen = seen.saturating_add(1);
            if change.nth.is_some_and(|nth| nth.get() != *seen) {
                continue;
            }
            for edit in change.mutate.iter().flat_map(|edits| &edits.0) {
                // What was written down was checked when it was read; an edit that finds nothing changes nothing.
                let _ = edit.apply(octets);
            }
            if let Some(length) = change.fill.and_then(|length| usize::try_from(length.get()).ok()) {
                octets.resize(octets.len().max(length), 0);
                let left = u16::try_from(octets.len().saturating_sub(HEADER_LENGTH)).unwrap_or(u16::MAX);
                if let (Outgoing::Record(_), Some(header)) = (what, octets.get_mut(3..HEADER_LENGTH)) {
                    header.copy_from_slice(&left.to_be_bytes());
                }
            }
            if change.drop == Some(true) {
                octets.clear();
            }
        }
    }
}

impl Alter for Changes {
    fn alter(&mut self, outgoing: Going<'_>) {
        match outgoing {
            Going::Handshake { kind, octets } => {
                let what = match kind {
                    HandshakeType::HelloRequest => Outgoing::HelloRequest,
                    HandshakeType::ClientHello => Outgoing::ClientHello,
                    HandshakeType::ServerHello => Outgoing::ServerHello,
                    HandshakeType::ServerKeyExchange => Outgoing::ServerKeyExchange,
                    HandshakeType::ServerHelloDone => Outgoing::ServerHelloDone,
                    HandshakeType::ClientKeyExchange => Outgoing::ClientKeyExchange,
                    HandshakeType::Finished => Outgoing::Finished,
                    _ => return,
                };
                self.apply(what, octets);
            }
            Going::ChangeCipherSpec(octets) => self.apply(Outgoing::ChangeCipherSpec, octets),
            Going::Alert(alert) => {
                let mut octets = alert.octets().to_vec();
                self.apply(Outgoing::Alert, &mut octets);
                if let [level, description] = octets[..] {
                    *alert = Alert::from_octets([level, description]);
                }
            }
            Going::Block { content, octets } => {
                if let Some(content) = known(content) {
                    self.apply(Outgoing::Block(content), octets);
                }
            }
            Going::Record { content, octets } => {
                if let Some(content) = known(content) {
                    self.apply(Outgoing::Record(content), octets);
                }
            }
        }
    }
}

fn known(content: ContentType) -> Option<Content> {
    match content {
        ContentType::ChangeCipherSpec => Some(Content::ChangeCipherSpec),
        ContentType::Alert => Some(Content::Alert),
        ContentType::Handshake => Some(Content::Handshake),
        ContentType::ApplicationData => Some(Content::ApplicationData),
        ContentType::Other(_) => None,
    }
}
