//! Key logs of connections that were recorded: what Wireshark needs to read their octets in a capture.

use std::collections::BTreeMap;

use dmsc_tls::{Secret, Transcript};

use crate::account::Psk;

/// The kinds of messages that are no part of a handshake, though they are of TLS.
const OTHERS: [&str; 5] = ["tls.alert", "tls.change-cipher-spec", "tls.established", "tls.over", "tls.record"];

/// The handshakes of a run, as they come, and the keys that may stand behind them.
#[derive(Debug)]
pub struct KeyLog {
    keys: Vec<Secret>,
    /// The master secrets of sessions that may be resumed.
    masters: Vec<Secret>,
    /// By the number of the connection in its case.
    open: BTreeMap<u64, Transcript>,
    /// Handshakes whose secrets none of the keys leads to.
    unknown: usize,
}

impl KeyLog {
    /// A log of connections with one of these keys.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a Psk>) -> KeyLog {
        let keys = keys.into_iter().map(|psk| Secret::new(psk.key.clone())).collect();
        KeyLog { keys, masters: Vec::new(), open: BTreeMap::new(), unknown: 0 }
    }

    /// A case begins: its connections are counted from 1 again.
    pub fn begin(&mut self) {
        self.open.clear();
    }

    /// A message of TLS, of the client or of the server, over the connection of this number: its kind as in the case
    /// language, and its octets. The line of a key log, as soon as one can be told.
    pub fn message(&mut self, kind: &str, by_client: bool, connection: u64, octets: &[u8]) -> Option<String> {
        if !kind.starts_with("tls.") || OTHERS.contains(&kind) {
            return None;
        }
        if kind == "tls.client-hello" {
            self.open.extend(Transcript::begin(octets).map(|begun| (connection, begun)));
            return None;
        }
        let transcript = self.open.get_mut(&connection)?;
        transcript.add(by_client, octets);
        if !transcript.is_told() {
            return None;
        }
        let transcript = self.open.remove(&connection)?;
        let Some(master) = transcript.master(&self.keys, &self.masters) else {
            self.unknown += 1;
            return None;
        };
        let line = transcript.line(&master);
        self.masters.push(master);
        line
    }

    /// How many handshakes have other keys.
    pub fn unknown(&self) -> usize {
        self.unknown
    }
}
