//! What a card is made of.

use dmsc_dm::syncml::Command;
use dmsc_uicc::channel::TransportProtocol;

use super::files::FileSystem;
use crate::account::Account;
use crate::choice::Choices;
use crate::dm::version::Versions;
use crate::medium::Medium;
use crate::messages::TriggerWays;
use crate::patch::Patch;
use crate::switch::Switches;

/// What wakes the DM_SC Server up (DM_SC 6), so that it sends a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// ENVELOPE Terminal Applications after power-on.
    Applications,
    /// The first STATUS after the terminal has announced its DM Client.
    Status,
    /// A timer of this many seconds.
    Timer(u32),
    /// The location status becomes normal.
    Location,
    /// Data that come by SMS for the card.
    SmsPp,
    /// A call to this number.
    CallControl(String),
    /// A browser asks the web server for its first page.
    Scws,
}

/// Everything that makes a card.
#[derive(Clone, Debug)]
pub struct CardConfig {
    /// How it reaches the other side.
    pub medium: Medium,
    /// Its files.
    pub files: FileSystem,
    /// The account of its DM client.
    pub account: Account,
    /// Management commands for the packages of each session.
    pub program: Vec<Vec<Command>>,
    /// The port of the SCWS in UICC Server Mode.
    pub http_port: u16,
    /// The buffer size it asks for, in octets.
    pub buffer_size: u16,
    /// The number of the terminal, to which it sends short messages that are to come back.
    pub own_number: Option<String>,
    /// Which ways its DM_SC Server has to send a notification.
    pub triggers: TriggerWays,
    /// How it opens the channel to the DM Client.
    pub transport: TransportProtocol,
    /// Whether it reads the type of a registered application before the coding scheme of its name.
    pub type_first: bool,
    /// What makes it send a notification.
    pub causes: Vec<Cause>,
    /// Whether the SCWS opens its channel, fetches data and answers by itself.
    pub scws: bool,
    /// Whether what passes through the channels is octets, whatever they mean.
    pub raw: bool,
    /// Whether SEND DATA may have 256 octets, whose length FETCH codes as 00.
    pub full_commands: bool,
    /// The sizes in which channel data are sent and asked for, in octets, in turn; as large as may be when empty.
    pub bip_chunks: Vec<u8>,
    /// The versions of DM that it takes.
    pub versions: Versions,
    /// What it chooses where the documents leave a choice.
    pub choices: Choices,
    /// Wrong decisions.
    pub switches: Switches,
    /// Wrong octets.
    pub patches: Vec<Patch>,
    /// Whether it asks before it answers.
    pub scripted: bool,
    /// What its random values follow from.
    pub seed: u64,
}
