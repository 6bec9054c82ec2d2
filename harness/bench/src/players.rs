//! The players of a session against a DUT: the one that the harness has in a case, set as the case says.

use std::num::NonZeroU16;
use std::time::Duration;

use dmsc_engine::account::Account;
use dmsc_engine::bootstrap::Takes;
use dmsc_engine::card::files::FileSystem;
use dmsc_engine::card::{Card, CardConfig};
use dmsc_engine::choice::Choices;
use dmsc_engine::choice::http::{Connection as HttpConnection, Http};
use dmsc_engine::medium::Medium;
use dmsc_engine::messages::{
    Announced, CardSetup, Chunks, DmClientMode, FetchLength, Form, Package, Polling, ScwsMode, Setup, StartMode,
    TerminalSetup,
};
use dmsc_engine::player::Player;
use dmsc_engine::switch::{Switch, Switches};
use dmsc_engine::terminal::{Terminal, TerminalConfig, alter_profile};
use dmsc_language::dut::{Dut, WakeUp};
use dmsc_uicc::profile::TerminalProfile;

use crate::fixtures::Fixtures;
use crate::steered::Steered;

/// The buffer size that a card asks for unless told otherwise, in octets.
pub(crate) const BUFFER_SIZE: u16 = 1400;

/// How often a terminal polls an idle card unless told otherwise (TS 102 221 14.5.2).
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(30);

/// What the players of a session follow from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Players<'a> {
    /// The DUT.
    pub(crate) dut: &'a Dut,
    /// The card and the tree that they start from.
    pub(crate) fixtures: &'a Fixtures,
    /// What their random values follow from.
    pub(crate) seed: u64,
}

impl<'a> Players<'a> {
    /// The files of the card that is played, whichever side it is on.
    pub(crate) fn files(&self) -> &'a FileSystem {
        self.fixtures.card(self.dut)
    }

    /// The player of the harness, on a link that has this.
    ///
    /// # Errors
    /// Why the card cannot carry the smart card bootstrap of the case, in words.
    pub(crate) fn player(&self, setup: &Setup, account: Account, medium: Medium) -> Result<Box<dyn Player>, String> {
        let account = Account { form: self.steered(medium).form, ..account };
        Ok(match setup {
            Setup::Card(setup) => Box::new(Card::new(self.card(setup, account, medium)?)),
            Setup::Terminal(setup) => Box::new(Terminal::new(self.terminal(setup, account, medium))),
        })
    }

    /// The port of the SCWS: over TLS that of the account's address, where that is another.
    pub(crate) fn http_port(&self, account: &Account) -> u16 {
        let changed = account.is_secure() && !self.dut.ixit.account.is_secure();
        let port = account.address_parts().filter(|_| changed).map(|address| address.port);
        port.unwrap_or(self.dut.ixit.http_port)
    }

    fn steered(&self, medium: Medium) -> Steered {
        Steered::by(&self.dut.readings(), medium)
    }

    /// The card that the harness plays.
    ///
    /// # Errors
    /// Why it cannot carry the smart card bootstrap of the case, in words.
    pub(crate) fn card(&self, setup: &CardSetup, account: Account, medium: Medium) -> Result<CardConfig, String> {
        let mut files = self.files().clone();
        if let Some(pin) = &setup.pin1 {
            files.set_pin1(pin.octets());
        }
        if let Some(bootstrap) = &setup.bootstrap {
            files = files.provisioned(&[bootstrap.document(&account)?]);
        }
        files.set_services(setup.ust.iter().flatten().map(|(service, on)| (*service, *on)));
        let steered = self.steered(medium);
        let package = |package: &Package| package.values().iter().map(|Form(command)| command.clone()).collect();
        Ok(CardConfig {
            medium,
            files,
            http_port: setup.http_port.map_or_else(|| self.http_port(&account), NonZeroU16::get),
            account,
            program: setup.program.iter().flatten().map(package).collect(),
            buffer_size: setup.buffer_size.map_or(BUFFER_SIZE, NonZeroU16::get),
            own_number: self.dut.ixit.own_number.clone(),
            triggers: self.dut.ixit.trigger,
            transport: steered.transport,
            type_first: steered.type_first,
            causes: Vec::new(),
            versions: steered.versions,
            choices: Choices { http: http(setup.closes), ..Choices::default() },
            scws: setup.scws != Some(ScwsMode::Manual),
            raw: setup.scws == Some(ScwsMode::Raw),
            full_commands: setup.full_commands == Some(true),
            bip_chunks: sizes(setup.bip_chunks.as_ref()),
            switches: Switches::new((setup.impostor == Some(true)).then_some(Switch::WrongServerCredentials)),
            patches: Vec::new(),
            scripted: true,
            seed: self.seed,
        })
    }

    /// The terminal that the harness plays.
    pub(crate) fn terminal(&self, setup: &TerminalSetup, account: Account, medium: Medium) -> TerminalConfig {
        let mut profile = TerminalProfile::minimal_dm_sc();
        if let Some(with) = &setup.profile {
            alter_profile(&mut profile, &with.to_profile());
        }
        let start = setup.start != Some(StartMode::Manual);
        let disturbed = setup.disturb.as_ref().is_some_and(|schedule| !schedule.0.is_empty());
        TerminalConfig {
            medium,
            profile,
            applications: match &setup.applications {
                Some(applications) => applications.iter().map(|Announced(application)| application.clone()).collect(),
                None => vec![Announced::dm_client().0],
            },
            accounts: vec![account],
            bootstrap: Takes::Nothing,
            pushed_bootstrap: Takes::Nothing,
            tree: self.fixtures.tree.clone(),
            encoding: setup.encoding.unwrap_or(self.dut.ixit.encoding),
            poll_interval: setup.poll_interval.map_or(POLL_INTERVAL, Polling::get),
            max_buffer: setup.max_buffer.map(NonZeroU16::get),
            wake_up: self.dut.ixit.wake_up.unwrap_or(WakeUp::Status),
            start,
            // A terminal under test would do so too; elsewhere it would hide a card that falls silent.
            revives: disturbed && start,
            bip_chunks: sizes(setup.bip_chunks.as_ref()),
            fetch_length: setup.fetch_length.unwrap_or(FetchLength::Told),
            versions: self.steered(medium).versions,
            choices: Choices::default(),
            // Whatever number a card knows for that of its terminal, or for a server that sends on, the message comes back.
            own_number: None,
            dm_client: setup.dm_client != Some(DmClientMode::Manual),
            switches: Switches::default(),
            patches: Vec::new(),
            scripted: true,
            seed: self.seed,
        }
    }
}

/// The HTTP of a server that closes its connections, or does not.
fn http(closes: Option<bool>) -> Http {
    let connection = if closes == Some(true) { HttpConnection::Closed } else { HttpConnection::Kept };
    Http { connection, ..Http::default() }
}

fn sizes(chunks: Option<&Chunks>) -> Vec<u8> {
    chunks.map(|chunks| chunks.sizes().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
