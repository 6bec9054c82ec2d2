//! The DUTs that are part of the harness: the reference card and terminal, with the faults that a DUT file gives them,
//! and those that know nothing.

mod program;

use dmsc_engine::account::Account;
use dmsc_engine::card::{Card, CardConfig, Cause};
use dmsc_engine::choice::Choices;
use dmsc_engine::choice::card::TriggerTransport;
use dmsc_engine::dm::version::Versions;
use dmsc_engine::medium::Medium;
use dmsc_engine::messages::{Announced, FetchLength, Setup};
use dmsc_engine::patch::Patch;
use dmsc_engine::player::Player;
use dmsc_engine::switch::Switches;
use dmsc_engine::terminal::{Terminal, TerminalConfig, alter_profile};
use dmsc_engine::terminal::{choose_profile, chosen_applications, chosen_arrival, chosen_buffer, chosen_polling};
use dmsc_language::dut::{Builtin, Connection, WakeUp};
use dmsc_language::ixit::Ixit;
use dmsc_link::{Opening, Peer};
use dmsc_scr::DutKind;
use dmsc_uicc::channel::TransportProtocol;
use dmsc_uicc::profile::TerminalProfile;

use crate::dummy::{Mute, Yes};
use crate::players::{BUFFER_SIZE, POLL_INTERVAL, Players};

/// The number whose call wakes the reference card.
const CUSTOMER_CARE: &str = "18005550199";

/// The two sides draw different values from one seed.
const OTHER_SIDE: u64 = 0x5EED_0000_0000_0001;

/// A DUT that is part of the harness.
pub(crate) enum BuiltinDut {
    /// The reference card or terminal.
    Player(Box<dyn Player + Send>),
    /// One that knows nothing.
    Dummy(Box<dyn Peer + Send>),
}

impl BuiltinDut {
    /// What stands behind a link.
    pub(crate) fn into_peer(self) -> Box<dyn Peer + Send> {
        match self {
            BuiltinDut::Player(player) => player,
            BuiltinDut::Dummy(peer) => peer,
        }
    }
}

impl Players<'_> {
    /// The account a reference DUT is provisioned with: what a case provisions, it provisions on both sides, unless the
    /// card is to do it.
    fn provisioned(&self, setup: &Setup) -> Account {
        let account = &self.dut.ixit.account;
        let with = setup.account().filter(|_| !setup.is_bootstrapped());
        with.map_or_else(|| account.clone(), |with| with.applied(account))
    }

    /// A DUT that is part of the harness, provisioned for a case.
    pub(crate) fn builtin(&self, builtin: Builtin, setup: &Setup, medium: Medium) -> BuiltinDut {
        match builtin {
            Builtin::Silent => BuiltinDut::Dummy(Box::new(Mute)),
            Builtin::Yes => BuiltinDut::Dummy(Box::new(Yes::default())),
            Builtin::Card => {
                let config = CardConfig { medium, ..self.reference_card(self.provisioned(setup)) };
                BuiltinDut::Player(Box::new(Card::new(config)))
            }
            Builtin::Terminal => {
                let config = TerminalConfig { medium, ..self.provisioned_terminal(setup) };
                BuiltinDut::Player(Box::new(Terminal::new(config)))
            }
        }
    }

    /// The reference DUT as a player of its own over this connection, telling what passes; and what its link must know.
    pub(crate) fn alone(&self, connection: &Connection) -> (Box<dyn Player>, Opening) {
        let medium = if connection.has_streams() { Medium::Both } else { Medium::Contact };
        let account = self.dut.ixit.account.clone();
        match self.dut.kind {
            DutKind::Card => {
                let opening = Opening { atr: self.files().atr().to_vec() };
                (Box::new(Card::new(CardConfig { scripted: true, medium, ..self.reference_card(account) })), opening)
            }
            DutKind::Terminal => {
                let config = TerminalConfig { scripted: true, medium, ..self.reference_terminal(account) };
                (Box::new(Terminal::new(config)), Opening::default())
            }
        }
    }

    fn switches(&self) -> Switches {
        let faults = self.dut.faults.iter().flat_map(|fault| &fault.switches);
        let variant = self.dut.variant.iter().flat_map(|variant| &variant.switches);
        Switches::new(faults.chain(variant).copied())
    }

    fn patches(&self) -> Vec<Patch> {
        let faults = self.dut.faults.iter().flat_map(|fault| &fault.patches);
        let variant = self.dut.variant.iter().flat_map(|variant| &variant.patches);
        faults.chain(variant).cloned().collect()
    }

    fn choices(&self) -> Choices {
        self.dut.variant.as_ref().map(|variant| Choices::new(&variant.choices)).unwrap_or_default()
    }

    fn profile(&self) -> TerminalProfile {
        let mut profile = TerminalProfile::minimal_dm_sc();
        choose_profile(&mut profile, &self.choices().terminal);
        if let Some(variant) = &self.dut.variant {
            alter_profile(&mut profile, &variant.profile.to_profile());
        }
        profile
    }

    fn reference_card(&self, account: Account) -> CardConfig {
        CardConfig {
            medium: Medium::Contact,
            files: self.files().clone(),
            http_port: self.http_port(&account),
            account,
            program: program::of(&self.choices().server),
            buffer_size: BUFFER_SIZE,
            own_number: self.dut.ixit.own_number.clone(),
            triggers: self.dut.ixit.trigger,
            transport: match self.choices().card.trigger_transport {
                TriggerTransport::Tcp => TransportProtocol::TcpClientLocal,
                TriggerTransport::Udp => TransportProtocol::UdpClientLocal,
            },
            type_first: false,
            causes: causes(&self.dut.ixit),
            scws: true,
            raw: false,
            full_commands: false,
            versions: Versions::default(),
            choices: self.choices(),
            bip_chunks: Vec::new(),
            switches: self.switches(),
            patches: self.patches(),
            scripted: false,
            seed: self.seed ^ OTHER_SIDE,
        }
    }

    /// The reference terminal as a case sets it.
    pub(crate) fn provisioned_terminal(&self, setup: &Setup) -> TerminalConfig {
        let encoding = setup.encoding().unwrap_or(self.dut.ixit.encoding);
        TerminalConfig { encoding, ..self.reference_terminal(self.provisioned(setup)) }
    }

    fn reference_terminal(&self, account: Account) -> TerminalConfig {
        let handset = self.choices().terminal;
        TerminalConfig {
            medium: Medium::Contact,
            profile: self.profile(),
            applications: chosen_applications(Announced::dm_client().0, &handset),
            accounts: std::iter::once(account).chain(self.dut.ixit.other_account.clone()).collect(),
            bootstrap: self.dut.ixit.bootstrap,
            pushed_bootstrap: self.dut.ixit.pushed_bootstrap,
            tree: self.fixtures.tree.clone(),
            encoding: self.dut.ixit.encoding,
            poll_interval: chosen_polling(POLL_INTERVAL, &handset),
            max_buffer: chosen_buffer(&handset),
            wake_up: WakeUp::Applications,
            start: true,
            revives: true,
            bip_chunks: chosen_arrival(&handset),
            fetch_length: FetchLength::Told,
            own_number: self.dut.ixit.own_number.clone(),
            dm_client: true,
            versions: Versions::default(),
            choices: self.choices(),
            switches: self.switches(),
            patches: self.patches(),
            scripted: false,
            seed: self.seed ^ OTHER_SIDE,
        }
    }
}

/// What makes the reference card send a notification: what its IXIT says, and what a person can cause at any time.
fn causes(ixit: &Ixit) -> Vec<Cause> {
    let mut causes = vec![Cause::Location, Cause::CallControl(CUSTOMER_CARE.into())];
    causes.extend(WakeUp::ALL.into_iter().filter(|way| ixit.wakes(*way)).filter_map(|way| match way {
        WakeUp::Applications => Some(Cause::Applications),
        WakeUp::Status => Some(Cause::Status),
        WakeUp::Timer => Some(Cause::Timer(60)),
        WakeUp::SmsPp => Some(Cause::SmsPp),
        WakeUp::Scws => Some(Cause::Scws),
        WakeUp::Location | WakeUp::CallControl => None,
    }));
    causes
}
