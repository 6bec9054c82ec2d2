//! The settings of a case: what the player of the harness is before the first step, and what goes wrong on its link.

mod application;
mod card_pin;
mod disturb;
mod mode;

use std::collections::BTreeMap;
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

use dmsc_dm::syncml::Command;
use dmsc_link::Schedule;
use dmsc_uicc::profile::Facility;
use serde_json::{Map, Value};

pub use application::{Announced, ApplicationWith, DM_CLIENT_PORT};
pub use card_pin::CardPin;
pub use disturb::{disturbance, schedule_json};
pub use mode::{DmClientMode, FetchLength, ScwsMode, StartMode};

use super::account::AccountWith;
use super::apdu::ProfileWith;
use super::bootstrap::BootstrapWith;
use super::dm::Form;
use super::shape::Shape;
use super::table::Table;
use super::value::{Chunks, FieldProblem, FieldValue, Group, HexOf, Listed, fields};
use crate::dm::Encoding;
use crate::role::Role;

fields! {
    /// Settings of the card that the harness plays.
    pub struct CardSetup = "setup.card" {
        /// Encoding that the DUT is set to use.
        encoding: Encoding,
        /// Whether the SCWS runs by itself; `auto` unless given.
        scws: ScwsMode,
        /// Services of EF.UST to switch: `{ 77: false }`.
        ust: BTreeMap<NonZeroU8, bool>,
        /// Port of the SCWS; that of the DUT file unless given.
        http_port: NonZeroU16,
        /// Buffer size that the card asks for; 1400 unless given.
        buffer_size: NonZeroU16 = octets,
        /// The nonce of the server, instead of that of the account.
        nonce: HexOf<1, 64>,
        /// The management commands of the server, package by package: `[[{ cmd: Get, items: [...] }], ...]`.
        program: Vec<Package>,
        /// Whether the SCWS closes a connection after each response; not unless given.
        closes: bool,
        /// Whether the server proves itself by another secret than that of the account, whenever it is asked; its
        /// notifications are right. Not unless given.
        impostor: bool,
        /// What differs from the account of the DUT file.
        account: Box<AccountWith>,
        /// The smart card bootstrap that the card carries; none unless given. The DUT has its account from there, and not
        /// from elsewhere.
        bootstrap: Box<BootstrapWith>,
        /// PIN1 of the card, which then asks for it: 4 to 8 digits. As the file of the card says unless given.
        pin1: CardPin,
        /// Whether the DUT has its account from a push alone, which the case sends: `sms` with `bootstrap`.
        account_by_push: bool,
        /// What goes wrong on the link, and where; the case is then about recovery.
        disturb: Schedule,
        /// Sizes in which channel data are sent and asked for, in turn: `[1, 255, 7]`.
        bip_chunks: Chunks = octets,
        /// Whether SEND DATA has commands of 256 octets, as long as FETCH can bring; of 255 unless given.
        full_commands: bool,
    }
}

fields! {
    /// Settings of the terminal that the harness plays.
    pub struct TerminalSetup = "setup.terminal" {
        /// Whether the session begins by itself; `auto` unless given.
        start: StartMode,
        /// Whether the DM Client runs by itself; `auto` unless given.
        dm_client: DmClientMode,
        /// Facilities of the terminal profile to switch.
        profile: Box<FacilitiesWith>,
        /// The applications that the terminal announces; the DM Client unless given.
        applications: Vec<Announced>,
        /// Largest buffer that the terminal grants.
        max_buffer: NonZeroU16 = octets,
        /// Time between STATUS commands; `30 s` unless given.
        poll_interval: Polling,
        /// Encoding of the DM Client's messages; that of the DUT file unless given.
        encoding: Encoding,
        /// What differs from the account of the DUT file.
        account: Box<AccountWith>,
        /// What goes wrong on the link, and where; the case is then about recovery.
        disturb: Schedule,
        /// Sizes in which channel data reach the card, in turn: `[1, 255, 7]`.
        bip_chunks: Chunks = octets,
        /// How many octets are asked for when a command is fetched; `told` unless given.
        fetch_length: FetchLength,
    }
}

fields! {
    /// Facilities of the terminal profile that differ from those of the terminal.
    pub struct FacilitiesWith = "setup.profile" {
        /// Facilities not offered.
        off: Vec<Facility>,
        /// Facilities offered besides.
        on: Vec<Facility>,
    }
}

/// The management commands of one package.
pub type Package = Listed<Form<Command>, 1, { usize::MAX }>;

impl FacilitiesWith {
    /// The same as fields of a TERMINAL PROFILE.
    pub fn to_profile(&self) -> ProfileWith {
        ProfileWith { profile: None, off: self.off.clone(), on: self.on.clone() }
    }
}

/// The groups that are settings: a case gives them before it runs, and compares none of them.
pub const SETTINGS: [&str; 6] = [
    CardSetup::NAME,
    TerminalSetup::NAME,
    AccountWith::NAME,
    BootstrapWith::NAME,
    FacilitiesWith::NAME,
    ApplicationWith::NAME,
];

/// The settings of a case, of the player that the harness has in it.
#[derive(Clone, Debug, PartialEq)]
pub enum Setup {
    /// The harness plays the card.
    Card(Box<CardSetup>),
    /// The harness plays the terminal.
    Terminal(Box<TerminalSetup>),
}

impl Setup {
    /// The settings of a case that gives none.
    pub fn new(role: Role) -> Setup {
        match role {
            Role::Card => Setup::Card(Box::default()),
            Role::Terminal => Setup::Terminal(Box::default()),
        }
    }

    /// Reads the settings of a role's player.
    ///
    /// # Errors
    /// [`FieldProblem`] with the path of the setting at fault.
    pub fn from_fields(role: Role, fields: &Map<String, Value>) -> Result<Setup, FieldProblem> {
        Ok(match role {
            Role::Card => Setup::Card(Box::new(CardSetup::from_fields(fields)?)),
            Role::Terminal => Setup::Terminal(Box::new(TerminalSetup::from_fields(fields)?)),
        })
    }

    /// The group of a role's settings.
    pub fn group(role: Role) -> &'static str {
        match role {
            Role::Card => CardSetup::NAME,
            Role::Terminal => TerminalSetup::NAME,
        }
    }

    /// The encoding of the DM Client's messages.
    pub fn encoding(&self) -> Option<Encoding> {
        match self {
            Setup::Card(setup) => setup.encoding,
            Setup::Terminal(setup) => setup.encoding,
        }
    }

    /// What differs from the account of the DUT file.
    pub fn account(&self) -> Option<&AccountWith> {
        match self {
            Setup::Card(setup) => setup.account.as_deref(),
            Setup::Terminal(setup) => setup.account.as_deref(),
        }
    }

    /// Whether the DUT has its account from a bootstrap that the case brings, on the card or in a push.
    pub fn is_bootstrapped(&self) -> bool {
        match self {
            Setup::Card(setup) => setup.bootstrap.is_some() || setup.account_by_push == Some(true),
            Setup::Terminal(_) => false,
        }
    }

    /// The octets that stand for the nonce of the server.
    pub fn nonce(&self) -> Option<&[u8]> {
        match self {
            Setup::Card(setup) => setup.nonce.as_ref().map(HexOf::octets),
            Setup::Terminal(_) => None,
        }
    }

    /// What goes wrong on the link; a schedule without disturbances has the link watched, and nothing more.
    pub fn schedule(&self) -> Option<&Schedule> {
        match self {
            Setup::Card(setup) => setup.disturb.as_ref(),
            Setup::Terminal(setup) => setup.disturb.as_ref(),
        }
    }

    /// Whether anything goes wrong on the link.
    pub fn is_disturbed(&self) -> bool {
        self.schedule().is_some_and(|schedule| !schedule.0.is_empty())
    }

    /// Has this go wrong on the link, and nothing else.
    pub fn set_schedule(&mut self, schedule: Option<Schedule>) {
        match self {
            Setup::Card(setup) => setup.disturb = schedule,
            Setup::Terminal(setup) => setup.disturb = schedule,
        }
    }

    /// The sizes of pieces of channel data, in octets; none where the player chooses.
    pub fn bip_chunks(&self) -> &[u8] {
        let chunks = match self {
            Setup::Card(setup) => &setup.bip_chunks,
            Setup::Terminal(setup) => &setup.bip_chunks,
        };
        chunks.as_ref().map(Chunks::sizes).unwrap_or_default()
    }

    /// Has channel data sent in pieces of these sizes.
    pub fn set_bip_chunks(&mut self, chunks: Option<Chunks>) {
        match self {
            Setup::Card(setup) => setup.bip_chunks = chunks,
            Setup::Terminal(setup) => setup.bip_chunks = chunks,
        }
    }
}

/// How long a terminal waits between two STATUS commands: 100 ms to 24 h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling(Duration);

impl Polling {
    /// The time between them.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl FieldValue for Polling {
    fn shape() -> Shape {
        Duration::shape()
    }

    fn read(value: &Value) -> Result<Self, String> {
        let bounds = Duration::from_millis(100)..=Duration::from_secs(24 * 60 * 60);
        let interval = Duration::read(value)?;
        let fits = bounds.contains(&interval).then_some(Polling(interval));
        fits.ok_or_else(|| format!("{value} does not fit; it takes 100 ms to 24 h"))
    }
}

pub(super) fn declare(table: &mut Table) {
    table.group::<CardSetup>();
    table.group::<TerminalSetup>();
    table.group::<AccountWith>();
    table.group::<BootstrapWith>();
    table.group::<FacilitiesWith>();
    table.group::<ApplicationWith>();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(role: Role, value: Value) -> Result<Setup, String> {
        Setup::from_fields(role, value.as_object().unwrap()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn settings_are_read_by_role() {
        let setup = read(Role::Card, json!({ "encoding": "wbxml", "nonce": "000A", "bip_chunks": [1, 255] })).unwrap();
        assert_eq!((setup.encoding(), setup.nonce()), (Some(Encoding::Wbxml), Some(&[0x00, 0x0A][..])));
        assert_eq!(setup.bip_chunks(), [1, 255]);
        assert_eq!(read(Role::Terminal, json!({})), Ok(Setup::new(Role::Terminal)));
        assert!(!setup.is_disturbed() && setup.schedule().is_none());
        let error = read(Role::Card, json!({ "start": "manual" })).unwrap_err();
        assert!(error.starts_with("start: no such field among those of `setup.card`"), "{error}");
    }

    #[test]
    fn what_is_read_can_be_done() {
        let wrong = |role, value| read(role, value).unwrap_err();
        let error = wrong(Role::Card, json!({ "ust": { "300": true } }));
        assert_eq!(error, "ust: 300: \"300\" does not fit; it takes: number 1 to 255");
        let error = wrong(Role::Card, json!({ "http_port": 0 }));
        assert_eq!(error, "http_port: 0 does not fit; it takes: number 1 to 65535");
        let error = wrong(Role::Card, json!({ "nonce": "" }));
        assert_eq!(error, "nonce: \"\" does not fit; it takes: hexadecimal, 1 to 64 octets");
        let error = wrong(Role::Card, json!({ "bootstrap": { "profile": "sms" } }));
        assert_eq!(error, "bootstrap: profile: \"sms\" does not fit; it takes: `cp`, `dm`");
        let error = wrong(Role::Card, json!({ "program": [[]] }));
        assert_eq!(
            error,
            "program: 0: 0 values do not fit; it takes: list of at least 1: mapping: [dm.command](#fields-dmcommand)"
        );
        let error = wrong(Role::Terminal, json!({ "poll_interval": "30" }));
        assert_eq!(error, "poll_interval: `30` has no unit; write `30 s`, say");
        let error = wrong(Role::Terminal, json!({ "poll_interval": "1 us" }));
        assert_eq!(error, "poll_interval: \"1 us\" does not fit; it takes 100 ms to 24 h");
        let error = wrong(Role::Terminal, json!({ "bip_chunks": [0] }));
        assert_eq!(error, "bip_chunks: 0: 0 does not fit; it takes: number 1 to 255");
        let error = wrong(Role::Terminal, json!({ "account": { "server_auth": "sha" } }));
        assert_eq!(error, "account: server_auth: \"sha\" does not fit; it takes: `none`, `basic`, `md5`, `mac`");
    }
}
