//! What a terminal is made of.

use std::time::Duration;

use dmsc_dm::tree::ManagementTree;
use dmsc_uicc::object::RegistryApplication;
use dmsc_uicc::profile::TerminalProfile;

use crate::account::Account;
use crate::bootstrap::Takes;
use crate::choice::Choices;
use crate::dm::Encoding;
use crate::dm::version::Versions;
use crate::medium::Medium;
use crate::messages::{FetchLength, WakeUp};
use crate::patch::Patch;
use crate::switch::Switches;

/// Everything that makes a terminal.
#[derive(Clone, Debug)]
pub struct TerminalConfig {
    /// How it reaches the other side.
    pub medium: Medium,
    /// What it offers the card.
    pub profile: TerminalProfile,
    /// The applications it announces, the DM Client among them.
    pub applications: Vec<RegistryApplication>,
    /// The accounts of its DM Client.
    pub accounts: Vec<Account>,
    /// Which documents of a smart card bootstrap it takes in.
    pub bootstrap: Takes,
    /// Which documents of a bootstrap by push it takes in.
    pub pushed_bootstrap: Takes,
    /// The management tree of its DM Client.
    pub tree: ManagementTree,
    /// The encoding its DM Client uses.
    pub encoding: Encoding,
    /// How often it sends STATUS while idle.
    pub poll_interval: Duration,
    /// The largest buffer a channel is granted, if not the usual one.
    pub max_buffer: Option<u16>,
    /// What wakes the card up unless a case names something else.
    pub wake_up: WakeUp,
    /// Whether it powers the card up by itself.
    pub start: bool,
    /// Whether it resets a card that does not answer, and starts again.
    pub revives: bool,
    /// The sizes in which channel data reach the card, in octets, in turn; as large as may be when empty.
    pub bip_chunks: Vec<u8>,
    /// How many octets it asks for when it fetches a command.
    pub fetch_length: FetchLength,
    /// Whether its DM Client starts a session when it is notified.
    pub dm_client: bool,
    /// The versions of DM that it takes.
    pub versions: Versions,
    /// What it chooses where the documents leave a choice.
    pub choices: Choices,
    /// The number of its subscription; without one every number is taken for it.
    pub own_number: Option<String>,
    /// Wrong decisions.
    pub switches: Switches,
    /// Wrong octets.
    pub patches: Vec<Patch>,
    /// Whether it asks before it answers.
    pub scripted: bool,
    /// What its random values follow from.
    pub seed: u64,
}
