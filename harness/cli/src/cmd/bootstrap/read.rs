//! `dmsc bootstrap read`: what provisioning that somebody else has written says.

use std::path::PathBuf;

use clap::Args;
use dmsc_dm::syncml::{Decoded, Message};
use dmsc_dm::tnds::Object;
use dmsc_dm::{wbxml, xml};
use dmsc_octets::Irregularity;
use dmsc_provision::cp::{Document, Reading};
use dmsc_provision::sms::Messages;
use dmsc_provision::{Content, Push, object};

use super::keys::Keys;
use super::{octets, show};
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::terminal::Terminal;

/// Read provisioning: a document, a DM message, an object, a push or short messages
///
/// Tells what the file is, what it says, and what in it is wrong or missing. With the keys, the MAC of a push is checked.
/// The file has the octets themselves, or hexadecimal text with a short message a line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc bootstrap read account.wbxml
  dmsc bootstrap read --imsi 001010000000001 pdus.txt
  dmsc bootstrap read --json account.push | jq .accounts

Ends with exit code 1 when the MAC is another than the keys make, and with 3 when the file cannot be read.")]
pub(super) struct Read {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    keys: Keys,
    /// Show secrets, which are left out otherwise
    #[arg(long)]
    secrets: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Everything that was found.
pub(super) struct Found {
    pub(super) messages: Option<Messages>,
    pub(super) push: Option<Push>,
    /// Whether the MAC is right; why that is not known.
    pub(super) mac: Option<Result<bool, String>>,
    pub(super) described: Described,
    pub(super) irregular: Vec<Irregularity>,
    pub(super) accounts: Vec<Reading>,
}

/// What a document is.
pub(super) enum Described {
    /// A document of Client Provisioning.
    Provisioning(Document),
    /// Management objects, from a DM message or by themselves.
    Objects(Vec<Object>),
}

impl Read {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let found = self.found()?;
        if self.json {
            terminal.json(&show::json(&found, self.secrets))?;
        } else {
            terminal.out(&show::text(&found, self.secrets, terminal))?;
        }
        Ok(if matches!(found.mac, Some(Ok(false))) { Exit::Fails } else { Exit::Conforms })
    }

    fn found(&self) -> Result<Found, Failure> {
        let shown = self.file.display();
        let wrong = |error: &dyn std::fmt::Display| Failure::Input(format!("{shown}: {error}"));
        let pieces = octets::read(&self.file)?;
        let are_messages = pieces.iter().all(|octets| Messages::may_be(octets)) && !is_text(&pieces);
        let (messages, octets) = match (are_messages, pieces.as_slice()) {
            (true, all) => {
                let messages = Messages::read(all).map_err(|error| {
                    wrong(&format!("{error}; give all messages of one push, and no others, a line each in hexadecimal"))
                })?;
                let push = messages.push.clone();
                (Some(messages), push)
            }
            (false, [octets]) => (None, octets.clone()),
            (false, all) => {
                return Err(wrong(&format!(
                    "{} lines that are not all short messages; name a file of one document",
                    all.len()
                )));
            }
        };
        let is_push = messages.is_some() || octets.get(1) == Some(&0x06);
        let push = match is_push {
            true => Some(Push::decode(&octets).map_err(|error| wrong(&format!("the push: {error}")))?),
            false => None,
        };
        if let Some(Push { content: content @ Content::Other(_), .. }) = &push {
            return Err(wrong(&format!(
                "a push of {}, which is no provisioning; a notification is shown by a run",
                content.media_type()
            )));
        }
        let document = push.as_ref().map_or(octets.as_slice(), |push| &push.body);
        let (described, irregular) = described(document).map_err(|what| wrong(&what))?;
        let mac = push.as_ref().map(|push| self.check(push));
        let accounts = match &described {
            Described::Provisioning(document) => document.accounts(),
            Described::Objects(objects) => objects.iter().flat_map(object::accounts).collect(),
        };
        Ok(Found { messages, push, mac, described, irregular, accounts })
    }

    fn check(&self, push: &Push) -> Result<bool, String> {
        let Some(security) = push.security else { return Err("the push has no SEC, so that it proves nothing".into()) };
        if push.mac.is_none() {
            return Err(format!("the push has SEC={security} and no MAC"));
        }
        let protection = self.keys.of(security).map_err(|what| format!("not checked; {what}"))?;
        Ok(push.is_protected_by(&protection))
    }
}

/// What some octets are, and what was irregular about them.
fn described(octets: &[u8]) -> Result<(Described, Vec<Irregularity>), String> {
    let not_provisioning = match Document::decode(octets) {
        Ok(decoded) => return Ok((Described::Provisioning(decoded.document), decoded.irregular)),
        Err(error) => error,
    };
    let message = wbxml::decode(octets).ok().or_else(|| xml::decode(octets).ok());
    if let Some(Decoded { value, irregular }) = message {
        return Ok((Described::Objects(objects(&value)?), irregular));
    }
    match object::read(octets) {
        Ok(object) => Ok((Described::Objects(vec![object]), Vec::new())),
        Err(_) => Err(format!(
            "{not_provisioning}; it is to be a document of Client Provisioning, a DM message or a management object, a push of one of them, or short messages"
        )),
    }
}

/// The objects that a bootstrap message brings.
fn objects(message: &Message) -> Result<Vec<Object>, String> {
    let found = object::objects(message).map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err(
            "a DM message that adds no serialised object; a bootstrap message adds the account to ./Inbox".into()
        );
    }
    Ok(found)
}

/// Whether the first piece is text: markup, with or without a byte order mark.
fn is_text(pieces: &[Vec<u8>]) -> bool {
    pieces.first().is_some_and(|octets| octets.starts_with(&[0xEF, 0xBB, 0xBF]) || octets.starts_with(b"<"))
}
