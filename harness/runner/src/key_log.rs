//! The key log of a run.

use dmsc_engine::account::Psk;
use dmsc_engine::key_log::KeyLog;
use dmsc_report::RunFolder;
use dmsc_report::folder::{Entry, FolderError};
use dmsc_report::journal::Party;

/// What a dissector needs to read the connections of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunKeys {
    /// A line for each handshake whose key is known, in the format of NSS.
    pub lines: Vec<String>,
    /// Handshakes with another key, such as the wrong one that a case is about.
    pub unknown: usize,
}

impl RunKeys {
    /// The secrets of all connections in a run with one of these keys. A run folder has no secrets in it: they follow from
    /// the handshakes and the keys.
    ///
    /// # Errors
    /// [`FolderError`] if what passed can no longer be read.
    pub fn of<'a>(run: &RunFolder, keys: impl IntoIterator<Item = &'a Psk>) -> Result<RunKeys, FolderError> {
        let mut log = KeyLog::new(keys);
        let mut lines = Vec::new();
        run.visit(
            |_| true,
            |_, entries| {
                log.begin();
                for entry in &entries {
                    let Entry::Message(message) = entry else { continue };
                    let fields = message.fields.as_ref();
                    let Some(number) = fields.and_then(|fields| fields["connection_number"].as_u64()) else { continue };
                    let by_client = message.from == Party::Client;
                    lines.extend(log.message(&message.kind, by_client, number, &message.octets.0));
                }
            },
        )?;
        Ok(RunKeys { lines, unknown: log.unknown() })
    }
}
