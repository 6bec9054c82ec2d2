//! Octets over a channel of which nobody looks at the meaning: what a case sends, and what comes.

use dmsc_octets::to_hex;
use dmsc_uicc::command::ProactiveCommand;
use serde_json::{Map, Value, json};

use super::Applet;
use crate::card::cat::Issued;
use crate::event::Actor;
use crate::player::PlayerIo;

/// What has passed over the connection of a channel.
#[derive(Debug, Default)]
pub(super) struct Raw {
    /// What the terminal has taken for the client.
    sent: Vec<u8>,
    /// What has come from it.
    came: Vec<u8>,
    /// How much of that has been told.
    told: usize,
}

impl Raw {
    /// Octets have come.
    pub(super) fn take(&mut self, octets: &[u8]) {
        self.came.extend_from_slice(octets);
    }

    /// Tells what has come; gives whether anything has, and somebody says what is to be sent to it.
    pub(super) fn tell(&mut self, io: &mut PlayerIo) -> bool {
        let fresh = self.came.get(self.told..).unwrap_or_default();
        let asked = !fresh.is_empty() && io.hear(Actor::Client, "channel-data", fresh, || self.fields(fresh));
        self.told = self.came.len();
        asked
    }

    fn fields(&self, fresh: &[u8]) -> Map<String, Value> {
        let fields = [
            ("octets", json!(to_hex(fresh))),
            ("total", json!(self.came.len())),
            ("missing", json!(self.sent.len().saturating_sub(self.came.len()))),
            ("as_sent", json!(self.sent.starts_with(&self.came))),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }
}

impl Applet {
    /// The channel with a client that was opened last.
    pub(in crate::card) fn raw_channel(&self) -> Option<u8> {
        self.served.iter().rev().find(|served| served.announced).map(|served| served.channel)
    }

    /// The terminal has taken octets for a client, or closed its connection for the card.
    pub(super) fn raw_answered(&mut self, issued: &Issued) {
        let Ok(command) = ProactiveCommand::parse(&issued.octets) else { return };
        let channel = command.devices().and_then(|devices| devices.destination.channel_number());
        let Some(served) = self.served.iter_mut().find(|served| Some(served.channel) == channel) else { return };
        match (issued.name.as_str(), command.objects.channel_data()) {
            ("send-data", Some(octets)) if served.announced => served.raw.sent.extend_from_slice(octets),
            ("close-channel", _) => (served.raw, served.announced) = (Raw::default(), false),
            _ => {}
        }
    }
}
