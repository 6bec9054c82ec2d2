//! Puts a session together: the player of the harness, the link, and the reference DUT where there is one.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::time::Duration;

use dmsc_dm::syncml::{Command, CommandName, Item};
use dmsc_dm::tree::ManagementTree;
use dmsc_doc::{Problems, Source};
use dmsc_engine::account::Account;
use dmsc_engine::card::files::FileSystem;
use dmsc_engine::card::{Card, CardConfig, Cause};
use dmsc_engine::dm::trust::Nonces;
use dmsc_engine::medium::Medium;
use dmsc_engine::messages::{
    Announced, CardSetup, DmClientMode, Form, Package, ScwsMode, Setup, StartMode, TerminalSetup,
};
use dmsc_engine::patch::Patch;
use dmsc_engine::player::Player;
use dmsc_engine::role::Role;
use dmsc_engine::switch::Switches;
use dmsc_engine::terminal::{Terminal, TerminalConfig, alter_profile, tree};
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Case;
use dmsc_language::dut::{Builtin, Connection, Device, Dut, LinkSpec, NonceFile, Secrets, WakeUp};
use dmsc_language::variables::Scope;
use dmsc_link::{Disturbance, Disturbed, InProcess, Ledger, Link, Opening, Peer, Tally, Tcp, Time, run_command};
use dmsc_scr::DutKind;
use dmsc_uicc::channel::TransportProtocol;
use dmsc_uicc::profile::TerminalProfile;

use crate::dummy::{Mute, Yes};
use crate::kept::{Kept, Reference};
use crate::session::Session;
use crate::wire::Wire;

/// The buffer size that a card asks for unless told otherwise, in octets.
const BUFFER_SIZE: u16 = 1400;

/// The number whose call wakes the reference card.
const CUSTOMER_CARE: &str = "18005550199";

/// How often a terminal polls an idle card unless told otherwise (TS 102 221 14.5.2).
const POLL_INTERVAL: Duration = Duration::from_secs(30);

/// Why a session cannot be put together; always the rig's fault.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// A fixture is not what it should be.
    #[error("fixture {name}: {cause}")]
    Fixture {
        /// The file.
        name: String,
        /// What is wrong.
        cause: String,
    },
    /// What is wrong with a fixture, and where.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// The link or a command of the DUT file failed.
    #[error(transparent)]
    Link(#[from] dmsc_link::LinkError),
    /// The settings of a case do not fit.
    #[error("setup: {0}")]
    Setup(String),
}

/// What the players of all sessions start from.
#[derive(Clone, Debug)]
pub struct Fixtures {
    files: FileSystem,
    tree: ManagementTree,
}

impl Fixtures {
    /// Reads the fixtures of a bundle.
    ///
    /// # Errors
    /// [`RigError::Fixture`] or [`RigError::Wrong`] with the file at fault.
    pub fn load(bundle: &Bundle) -> Result<Fixtures, RigError> {
        let source = |name: &str| match bundle.text(name) {
            Some(text) => Ok(Source::new(bundle.shown(name), text)),
            None => Err(RigError::Fixture { name: name.into(), cause: "it is missing".into() }),
        };
        const CARD: &str = "fixtures/cards/reference.yaml";
        const TREE: &str = "fixtures/trees/reference.yaml";
        Ok(Fixtures { files: FileSystem::read(&source(CARD)?)?, tree: tree::read(&source(TREE)?)? })
    }

    /// The card that is played against `dut`, or in its place.
    fn card<'a>(&'a self, dut: &'a Dut) -> &'a FileSystem {
        dut.card.as_ref().unwrap_or(&self.files)
    }
}

/// A DUT, ready to be tested case by case.
pub struct Rig<'a> {
    /// The DUT.
    pub dut: &'a Dut,
    fixtures: &'a Fixtures,
    seed: u64,
    /// The account as the last session left it; a DUT that is not started anew keeps its nonces.
    account: Account,
    /// Whether the DUT is known to go by its nonces, of the server and of the client.
    shown: (bool, bool),
    /// Where they are kept.
    file: Option<NonceFile>,
    /// The link to a device, which outlives sessions.
    wire: Option<Wire>,
    /// Whether the DUT is left as the last session left it, and whether there was one.
    keep: bool,
    met: bool,
    /// The reference DUT that outlives sessions.
    kept: Option<Kept>,
    /// The link of the session that is on, where it is disturbed.
    ledger: Option<Ledger>,
    /// What came of the disturbances of the last session, and what crossed its link.
    outcome: Vec<(Disturbance, Option<Time>)>,
    tally: Tally,
}

impl<'a> Rig<'a> {
    /// A rig for `dut`.
    pub fn new(dut: &'a Dut, fixtures: &'a Fixtures, seed: u64) -> Rig<'a> {
        let wire = match &dut.link {
            LinkSpec::Device(device) => Some(Wire::of(device, fixtures.card(dut).atr())),
            LinkSpec::Builtin(_) | LinkSpec::Tcp(_) => None,
        };
        Rig::with(dut, fixtures, seed, wire)
    }

    /// A rig over a link of somebody else's making.
    pub fn over(dut: &'a Dut, fixtures: &'a Fixtures, seed: u64, wire: Wire) -> Rig<'a> {
        Rig::with(dut, fixtures, seed, Some(wire))
    }

    fn with(dut: &'a Dut, fixtures: &'a Fixtures, seed: u64, wire: Option<Wire>) -> Rig<'a> {
        let account = dut.ixit.account.clone();
        // By now another DUT file may have used it, for the same card.
        let file = dut.nonces.as_ref().map(NonceFile::anew);
        let nonces = file.as_ref().map_or_else(|| Nonces::of(&account, false), |file| file.nonces(&account));
        let (ledger, outcome, tally) = (None, Vec::new(), Tally::default());
        let (keep, met, kept, shown) = (false, false, None, (false, false));
        let mut rig = Rig { dut, fixtures, seed, account, shown, file, wire, keep, met, kept, ledger, outcome, tally };
        rig.go_on(nonces);
        rig
    }

    /// The nonces for the next session.
    pub fn nonces(&self) -> Nonces {
        let mut nonces = Nonces::of(&self.account, false);
        (nonces.server.shown, nonces.client.shown) = self.shown;
        nonces
    }

    /// Goes on with other nonces.
    pub fn go_on(&mut self, nonces: Nonces) {
        self.shown = (nonces.server.shown, nonces.client.shown);
        self.set_nonces(&nonces.server.octets, &nonces.client.octets);
    }

    /// Keeps the nonces for the next run.
    fn keep_nonces(&mut self) -> Result<(), String> {
        let nonces = self.nonces();
        self.file.as_mut().map_or(Ok(()), |file| file.keep(&self.dut.name, &nonces))
    }

    /// Brings the DUT to its start for the next session, and then leaves it alone until this is said again: a reference
    /// DUT lives on from one session to the next, as a device does, and the `reset` of a DUT file is not run.
    pub fn keep_dut(&mut self) {
        self.keep = true;
        self.met = false;
        self.kept = None;
    }

    /// The account that the next session with a case starts from.
    pub fn account_of(&self, case: &Case) -> Account {
        self.account_for(case)
    }

    /// Says that the DUT has these nonces now, of the server and of the client.
    pub fn set_nonces(&mut self, server: &[u8], client: &[u8]) {
        self.account.server_nonce = server.to_vec();
        self.account.client_nonce = client.to_vec();
    }

    /// The disturbances of the last session, each with the time at which it took place, if it did.
    pub fn disturbances(&self) -> &[(Disturbance, Option<Time>)] {
        &self.outcome
    }

    /// What crossed the link in the last session, if that had a schedule, be it empty.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The names a case of this DUT can use.
    pub fn scope(&self) -> Scope {
        let mut scope = Scope::new();
        scope.set("ixit", self.dut.ixit.to_json(Secrets::Shown));
        scope.set("dut", self.dut.as_value());
        scope
    }

    /// Begins a fresh session for a case.
    ///
    /// # Errors
    /// [`RigError`] when the DUT cannot be brought to its start.
    pub fn open(&mut self, case: &Case) -> Result<Session, RigError> {
        let lives_on = std::mem::replace(&mut self.met, self.keep);
        if let Some(reset) = self.dut.reset.as_ref().filter(|_| !lives_on) {
            run_command(reset)?;
            self.account = self.dut.ixit.account.clone();
        }
        // A run that is cut off leaves a DUT that is no longer as it was provisioned.
        self.keep_nonces().map_err(RigError::Setup)?;
        let link: Box<dyn Link> = match &self.dut.link {
            LinkSpec::Tcp(config) => Box::new(Tcp::open(config.clone())?),
            LinkSpec::Builtin(builtin) => Box::new(InProcess::contact(self.reference(*builtin, case, Medium::Contact))),
            LinkSpec::Device(device) => self.device(device, case)?,
        };
        let link = self.disturb(link, case);
        let medium = medium(link.as_ref());
        let player: Box<dyn Player> = match &case.setup {
            Setup::Card(setup) => Box::new(Card::new(self.card(setup, self.account_for(case), medium))),
            Setup::Terminal(setup) => Box::new(Terminal::new(self.terminal(setup, self.account_for(case), medium))),
        };
        Ok(Session::start(player, link))
    }

    /// The link, disturbed where the case says so.
    fn disturb(&mut self, link: Box<dyn Link>, case: &Case) -> Box<dyn Link> {
        self.outcome.clear();
        let Some(schedule) = case.setup.schedule() else { return link };
        let (disturbed, ledger) = Disturbed::over(link, schedule.clone());
        self.ledger = Some(ledger);
        Box::new(disturbed)
    }

    /// The link of a session that is over, without what disturbed it.
    fn undisturbed(&mut self, link: Box<dyn Link>) -> Option<Box<dyn Link>> {
        let Some(ledger) = self.ledger.take() else { return Some(link) };
        drop(link);
        (self.outcome, self.tally) = (ledger.outcome(), ledger.tally());
        ledger.release()
    }

    /// The link to a device, with the reference DUT of the case put behind it on a bench.
    fn device(&mut self, device: &Device, case: &Case) -> Result<Box<dyn Link>, RigError> {
        let atr = self.files().atr().to_vec();
        let opening = |plays: Role| match plays {
            Role::Card => Opening { atr: atr.clone() },
            Role::Terminal => Opening::default(),
        };
        let other = if case.role == Role::Card { Role::Terminal } else { Role::Card };
        let Some(wire) = &mut self.wire else { return Err(RigError::Setup("this DUT has no device".into())) };
        let mut near = wire.take()?;
        let medium = medium(near.as_ref());
        let reference =
            device.bench.as_ref().map(|bench| (self.reference(bench.builtin, case, medium), opening(other)));
        if let Some(wire) = &self.wire {
            wire.begin(near.as_mut(), &opening(case.role), reference)?;
        }
        Ok(near)
    }

    /// Waits until a link that was lost is there again; gives how long that took.
    ///
    /// # Errors
    /// [`RigError::Link`] when it did not come back within the limit of the DUT file.
    pub fn recover(&mut self) -> Result<Duration, RigError> {
        match &mut self.wire {
            Some(wire) => Ok(wire.recover()?),
            None => Ok(Duration::ZERO),
        }
    }

    /// Whether the DUT is a device, which lives on whatever becomes of a session.
    fn is_device(&self) -> bool {
        self.wire.is_some() && self.dut.lives_on()
    }

    /// Whether a session has to be brought to its end behind its case: for a device, which would disturb the next, and
    /// where the nonces are followed.
    pub fn needs_end(&self) -> bool {
        self.is_device() || self.dut.is_followed()
    }

    /// Takes note of what a session has shown of the nonces. `passed` says that its case passed, `ended` that it was
    /// brought to its end. Gives whether what the case missed may be for want of the right nonces.
    pub fn judge_nonces(&mut self, session: &Session, passed: bool, ended: bool) -> bool {
        if !self.dut.is_followed() {
            return false;
        }
        let (trust, before) = (session.trust(), self.nonces());
        self.shown = trust.known(&before, ended && passed);
        trust.is_doubtful(&before)
    }

    /// Whether a file keeps the nonces from one run to the next.
    pub fn keeps_nonces(&self) -> bool {
        self.file.is_some()
    }

    /// Takes note of what a session left behind, and of its link unless that was lost.
    ///
    /// # Errors
    /// That the nonces cannot be kept for the next run, in words.
    pub fn close(&mut self, session: Session, lost: bool) -> Result<(), String> {
        let (player, link) = session.into_parts();
        let link = self.undisturbed(link);
        if let (Some(wire), Some(link), false) = (&mut self.wire, link, lost) {
            wire.end(link, self.dut.role());
        }
        let (true, Some(account)) = (self.dut.lives_on(), player.account()) else { return Ok(()) };
        self.account.server_nonce.clone_from(&account.server_nonce);
        self.account.client_nonce.clone_from(&account.client_nonce);
        self.keep_nonces()
    }

    fn account_for(&self, case: &Case) -> Account {
        // What a reference DUT has, everybody can know.
        let met = self.kept.as_ref().and_then(Kept::account);
        let mut account = match (met, case.setup.account()) {
            (Some(account), _) => account,
            (None, Some(with)) => with.applied(&self.dut.ixit.account),
            (None, None) => self.account.clone(),
        };
        if let Some(octets) = case.setup.nonce() {
            account.server_nonce = octets.to_vec();
        }
        account
    }

    /// The account a reference DUT is provisioned with: what a case provisions, it provisions on both sides.
    fn provisioned(&self, case: &Case) -> Account {
        let account = &self.dut.ixit.account;
        case.setup.account().map_or_else(|| account.clone(), |with| with.applied(account))
    }

    fn card(&self, setup: &CardSetup, account: Account, medium: Medium) -> CardConfig {
        let mut files = self.files().clone();
        files.set_services(setup.ust.iter().flatten().map(|(service, on)| (*service, *on)));
        let package = |package: &Package| package.values().iter().map(|Form(command)| command.clone()).collect();
        CardConfig {
            medium,
            files,
            account,
            program: setup.program.iter().flatten().map(package).collect(),
            http_port: setup.http_port.map_or(self.dut.ixit.http_port, NonZeroU16::get),
            buffer_size: setup.buffer_size.map_or(BUFFER_SIZE, NonZeroU16::get),
            transport: TransportProtocol::TcpClientLocal,
            causes: Vec::new(),
            scws: setup.scws != Some(ScwsMode::Manual),
            bip_chunks: setup.bip_chunks.as_ref().map(|chunks| chunks.sizes().to_vec()).unwrap_or_default(),
            switches: Switches::default(),
            patches: Vec::new(),
            scripted: true,
            seed: self.seed,
        }
    }

    fn terminal(&self, setup: &TerminalSetup, account: Account, medium: Medium) -> TerminalConfig {
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
            tree: self.fixtures.tree.clone(),
            encoding: setup.encoding.unwrap_or(self.dut.ixit.encoding),
            poll_interval: setup.poll_interval.unwrap_or(POLL_INTERVAL),
            max_buffer: setup.max_buffer.map(NonZeroU16::get),
            wake_up: self.dut.ixit.wake_up.unwrap_or(WakeUp::Status),
            start,
            // A terminal under test would do so too; elsewhere it would hide a card that falls silent.
            revives: disturbed && start,
            bip_chunks: setup.bip_chunks.as_ref().map(|chunks| chunks.sizes().to_vec()).unwrap_or_default(),
            dm_client: setup.dm_client != Some(DmClientMode::Manual),
            switches: Switches::default(),
            patches: Vec::new(),
            scripted: true,
            seed: self.seed,
        }
    }

    /// The reference DUT behind an in-process link, or at the far end of a bench.
    fn reference(&mut self, builtin: Builtin, case: &Case, medium: Medium) -> Box<dyn Peer + Send> {
        if let Some(kept) = &mut self.kept {
            kept.anew();
            return Box::new(kept.clone());
        }
        let fresh = self.fresh(builtin, case, medium);
        if !self.keep {
            return fresh.into_peer();
        }
        Box::new(self.kept.insert(Kept::new(fresh)).clone())
    }

    fn fresh(&self, builtin: Builtin, case: &Case, medium: Medium) -> Reference {
        let account = self.provisioned(case);
        match builtin {
            Builtin::Silent => Reference::Dummy(Box::new(Mute)),
            Builtin::Yes => Reference::Dummy(Box::new(Yes::default())),
            Builtin::Card => {
                let config = CardConfig { medium, ..self.reference_card(account) };
                Reference::Player(Box::new(Card::new(config)))
            }
            Builtin::Terminal => {
                let encoding = case.setup.encoding().unwrap_or(self.dut.ixit.encoding);
                let config = TerminalConfig { encoding, medium, ..self.reference_terminal(account) };
                Reference::Player(Box::new(Terminal::new(config)))
            }
        }
    }

    /// The reference DUT as a player of its own over this connection, telling what passes; and what its link must know.
    pub fn alone(&self, connection: &Connection) -> (Box<dyn Player>, Opening) {
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

    fn files(&self) -> &FileSystem {
        self.fixtures.card(self.dut)
    }

    fn switches(&self) -> Switches {
        Switches::new(self.dut.faults.iter().flat_map(|fault| fault.switches.iter().copied()))
    }

    fn patches(&self) -> Vec<Patch> {
        self.dut.faults.iter().flat_map(|fault| fault.patches.iter().cloned()).collect()
    }

    fn reference_card(&self, account: Account) -> CardConfig {
        CardConfig {
            medium: Medium::Contact,
            files: self.files().clone(),
            account,
            program: reference_program(),
            http_port: self.dut.ixit.http_port,
            buffer_size: BUFFER_SIZE,
            transport: TransportProtocol::TcpClientLocal,
            causes: causes(self.dut.ixit.wake_up),
            scws: true,
            bip_chunks: Vec::new(),
            switches: self.switches(),
            patches: self.patches(),
            scripted: false,
            seed: self.seed ^ OTHER_SIDE,
        }
    }

    fn reference_terminal(&self, account: Account) -> TerminalConfig {
        TerminalConfig {
            medium: Medium::Contact,
            profile: TerminalProfile::minimal_dm_sc(),
            applications: vec![Announced::dm_client().0],
            accounts: std::iter::once(account).chain(self.dut.ixit.other_account.clone()).collect(),
            tree: self.fixtures.tree.clone(),
            encoding: self.dut.ixit.encoding,
            poll_interval: POLL_INTERVAL,
            max_buffer: None,
            wake_up: WakeUp::Applications,
            start: true,
            revives: true,
            bip_chunks: Vec::new(),
            dm_client: true,
            switches: self.switches(),
            patches: self.patches(),
            scripted: false,
            seed: self.seed ^ OTHER_SIDE,
        }
    }
}

/// The two sides draw different values from one seed.
const OTHER_SIDE: u64 = 0x5EED_0000_0000_0001;

/// What a player has on a link.
fn medium(link: &dyn Link) -> Medium {
    let capabilities = link.capabilities();
    match (capabilities.contact, capabilities.streams) {
        (true, true) => Medium::Both,
        (true, false) => Medium::Contact,
        (false, _) => Medium::Streams,
    }
}

/// What makes the reference card send a notification: what its IXIT says, and what a person can cause at any time.
fn causes(wake_up: Option<WakeUp>) -> Vec<Cause> {
    let mut causes = vec![Cause::Location, Cause::CallControl(CUSTOMER_CARE.into())];
    match wake_up {
        Some(WakeUp::Applications) => causes.push(Cause::Applications),
        Some(WakeUp::Status) => causes.push(Cause::Status),
        Some(WakeUp::Timer) => causes.push(Cause::Timer(60)),
        Some(WakeUp::Location | WakeUp::CallControl) | None => {}
    }
    causes
}

/// The reference server reads the firmware version and the language, one package each.
fn reference_program() -> Vec<Vec<Command>> {
    let get = |uri: &str| {
        let mut get = Command::new(CommandName::Get, "");
        get.items.push(Item { target: Some(uri.into()), ..Item::default() });
        get
    };
    vec![vec![get("./DevDetail/FwV"), get("./DevInfo/Lang")]]
}

/// Facts of a DUT that decide which cases apply to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// Power, reset and APDUs.
    pub contact: bool,
    /// Sessions go over byte streams, and not over channels of the contact interface.
    pub streams: bool,
    /// Notifications can be delivered, or taken.
    pub notify: bool,
    /// The DUT can be given an account for a case.
    pub provision: bool,
    /// Readings in force, by interpretation.
    pub readings: BTreeMap<String, String>,
}

impl Offers {
    /// What a DUT offers.
    pub fn of(dut: &Dut) -> Offers {
        let readings = dut.interpretations.clone();
        match &dut.link {
            LinkSpec::Builtin(_) => Offers { contact: true, streams: false, notify: true, provision: true, readings },
            LinkSpec::Device(device) => Offers {
                contact: true,
                streams: device.connection.has_streams(),
                notify: true,
                provision: device.bench.is_some(),
                readings,
            },
            LinkSpec::Tcp(config) => {
                let notify = config.notify.is_some() || config.wake.is_some();
                Offers { contact: false, streams: true, notify, provision: false, readings }
            }
        }
    }
}
