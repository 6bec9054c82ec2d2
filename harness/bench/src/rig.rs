//! Puts a session together: the player of the harness, the link, and the reference DUT where there is one.

use std::borrow::Cow;
use std::time::Duration;

use dmsc_engine::account::Account;
use dmsc_engine::dm::trust::Nonces;
use dmsc_engine::medium::Medium;
use dmsc_engine::messages::Setup;
use dmsc_engine::player::Delivery;
use dmsc_engine::player::Player;
use dmsc_engine::role::Role;
use dmsc_language::case::Case;
use dmsc_language::dut::{Builtin, Connection, Device, Dut, LinkSpec};
use dmsc_language::ixit::Secrets;
use dmsc_language::variables::Scope;
use dmsc_link::{
    Disturbance, Disturbed, InProcess, Ledger, Link, MeetingPlace, Opening, Peer, Tally, Tcp, Time, run_command,
};

use crate::device_link::DeviceLink;
use crate::fixtures::{FixtureError, Fixtures};
use crate::lasting_dut::LastingDut;
use crate::nonces::FollowedNonces;
use crate::players::Players;
use crate::session::{Session, Signs};

/// Why a session cannot be put together; always the rig's fault.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// A fixture is not what it should be.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// The link or a command of the DUT file failed.
    #[error(transparent)]
    Link(#[from] dmsc_link::LinkError),
    /// The DUT is a device, and the rig was made without a link to one.
    #[error("the DUT is a device, and there is no link to it; make the rig with one")]
    NoDevice,
    /// The nonces cannot be kept for the next run.
    #[error("{0}")]
    Nonces(String),
    /// The card cannot carry the smart card bootstrap of the case.
    #[error(
        "the smart card bootstrap of the case cannot be made: {0}; correct its `setup`, or the account of the DUT file"
    )]
    Bootstrap(String),
}

/// A DUT, ready to be tested case by case.
pub struct Rig<'a> {
    /// The DUT.
    pub dut: &'a Dut,
    players: Players<'a>,
    /// A DUT that is not started again keeps its nonces.
    nonces: FollowedNonces,
    /// The link to a device, which outlives sessions.
    device: Option<DeviceLink>,
    /// Where the DUT and the harness meet in the session that is on, over TCP.
    place: Option<MeetingPlace>,
    /// Whether the DUT is left as the last session left it, and whether there was one.
    keep: bool,
    met: bool,
    /// The built-in DUT that outlives sessions.
    lasting: Option<LastingDut>,
    /// The link of the session that is on, where it is disturbed.
    ledger: Option<Ledger>,
    /// What came of the disturbances of the last session, and what crossed its link.
    outcome: Vec<(Disturbance, Option<Time>)>,
    tally: Tally,
    /// What the last session has shown of a terminal.
    signs: Signs,
}

impl<'a> Rig<'a> {
    /// A rig for `dut`.
    pub fn new(dut: &'a Dut, fixtures: &'a Fixtures, seed: u64) -> Rig<'a> {
        let device = match &dut.link {
            LinkSpec::Device(device) => Some(DeviceLink::of(device, fixtures.card(dut).atr())),
            LinkSpec::Builtin(_) | LinkSpec::Tcp(_) => None,
        };
        Rig::with(dut, fixtures, seed, device)
    }

    /// A rig over a link of somebody else's making.
    pub fn over(dut: &'a Dut, fixtures: &'a Fixtures, seed: u64, device: DeviceLink) -> Rig<'a> {
        Rig::with(dut, fixtures, seed, Some(device))
    }

    fn with(dut: &'a Dut, fixtures: &'a Fixtures, seed: u64, device: Option<DeviceLink>) -> Rig<'a> {
        let players = Players { dut, fixtures, seed };
        let (ledger, outcome, tally) = (None, Vec::new(), Tally::default());
        let (keep, met, lasting, nonces) = (false, false, None, FollowedNonces::of(dut));
        let signs = Signs::default();
        Rig { dut, players, nonces, device, place: None, keep, met, lasting, ledger, outcome, tally, signs }
    }

    /// The nonces for the next session.
    pub fn nonces(&self) -> Nonces {
        self.nonces.nonces()
    }

    /// Goes on with other nonces.
    pub fn go_on(&mut self, nonces: Nonces) {
        self.nonces.go_on(nonces);
    }

    /// Brings the DUT to its start for the next session, and then leaves it alone until this is said again: a reference
    /// DUT lives on from one session to the next, as a device does, and the `reset` of a DUT file is not run.
    pub fn keep_dut(&mut self) {
        self.keep = true;
        self.met = false;
        self.lasting = None;
    }

    /// The account that the next session with a case starts from.
    pub fn account_of(&self, case: &Case) -> Account {
        self.account(&case.setup)
    }

    fn account(&self, setup: &Setup) -> Account {
        // What a reference DUT has, everybody can know.
        let met = self.lasting.as_ref().and_then(LastingDut::account);
        let wanted = match setup.account() {
            Some(with) => with.applied(self.nonces.account()),
            None => self.nonces.account().clone(),
        };
        // The account of a bootstrap comes with the session, if it is not there yet.
        let is_there = |met: &Account| !setup.is_bootstrapped() || met.server_id == wanted.server_id;
        let mut account = met.filter(is_there).unwrap_or(wanted);
        if let Some(octets) = setup.nonce() {
            account.server_nonce = octets.to_vec();
        }
        if let Some(place) = &self.place {
            account.address = place.fill(&account.address);
        }
        account
    }

    /// Says that the DUT has these nonces now, of the server and of the client.
    pub fn set_nonces(&mut self, server: &[u8], client: &[u8]) {
        self.nonces.set(server, client);
    }

    /// The disturbances of the last session, each with the time at which it took place, if it did.
    pub fn disturbances(&self) -> &[(Disturbance, Option<Time>)] {
        &self.outcome
    }

    /// What crossed the link in the last session, if that had a schedule, be it empty.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The names a case of this DUT can use, in the session that was opened last.
    pub fn scope(&self) -> Scope {
        let mut scope = Scope::new().under(self.dut.readings());
        let ixit = match &self.place {
            Some(place) => Cow::Owned(self.dut.ixit.clone().at(place)),
            None => Cow::Borrowed(&self.dut.ixit),
        };
        scope.set("ixit", ixit.to_json(Secrets::Shown));
        scope.set("link", ixit.link_value(self.place.as_ref()));
        scope.set("dut", self.dut.as_value());
        scope
    }

    /// The reference DUT as a player of its own over this connection, telling what passes; and what its link must know.
    pub fn alone(&self, connection: &Connection) -> (Box<dyn Player>, Opening) {
        self.players.alone(connection)
    }

    /// Begins a fresh session for a case.
    ///
    /// # Errors
    /// [`RigError`] when the DUT cannot be brought to its start.
    pub fn open(&mut self, case: &Case) -> Result<Session, RigError> {
        self.session(&case.setup)
    }

    /// Begins a fresh session for nothing in particular.
    ///
    /// # Errors
    /// [`RigError`] when the DUT cannot be brought to its start.
    pub fn open_idle(&mut self) -> Result<Session, RigError> {
        self.session(&Setup::new(self.dut.role()))
    }

    /// Whether the DUT is reached over its contact interface.
    pub fn has_contact(&self) -> bool {
        !matches!(self.dut.link, LinkSpec::Tcp(_))
    }

    fn session(&mut self, setup: &Setup) -> Result<Session, RigError> {
        let lives_on = std::mem::replace(&mut self.met, self.keep);
        if let Some(reset) = self.dut.reset.as_ref().filter(|_| !lives_on) {
            run_command(reset)?;
            self.nonces.reset(&self.dut.ixit.account);
        }
        // A run that is cut off leaves a DUT that is no longer as it was provisioned.
        self.nonces.keep(&self.dut.name).map_err(RigError::Nonces)?;
        let link: Box<dyn Link> = match &self.dut.link {
            LinkSpec::Tcp(config) => {
                let tcp = Tcp::open(config.of_job(self.dut.jobs.number))?;
                self.place = tcp.place();
                Box::new(tcp)
            }
            LinkSpec::Builtin(builtin) => Box::new(InProcess::contact(self.builtin(*builtin, setup, Medium::Contact))),
            LinkSpec::Device(device) => self.device(device, setup)?,
        };
        let link = self.disturb(link, setup);
        let player = self.players.player(setup, self.account(setup), medium(link.as_ref()));
        let player = player.map_err(RigError::Bootstrap)?;
        Ok(Session::start(player, link))
    }

    /// The link to a device; on a bench, with the built-in DUT of the case at its far end.
    fn device(&mut self, device: &Device, setup: &Setup) -> Result<Box<dyn Link>, RigError> {
        let atr = self.players.files().atr().to_vec();
        let opening = |plays: Role| match plays {
            Role::Card => Opening { atr: atr.clone() },
            Role::Terminal => Opening::default(),
        };
        let mut near = self.device.as_mut().ok_or(RigError::NoDevice)?.take()?;
        let medium = medium(near.as_ref());
        let far = device.bench.as_ref();
        let far = far.map(|bench| (self.builtin(bench.builtin, setup, medium), opening(self.dut.role().other())));
        let link = self.device.as_ref().ok_or(RigError::NoDevice)?;
        link.begin(near.as_mut(), &opening(self.dut.role()), far)?;
        Ok(near)
    }

    /// The built-in DUT behind an in-process link, or at the far end of a bench.
    fn builtin(&mut self, builtin: Builtin, setup: &Setup, medium: Medium) -> Box<dyn Peer + Send> {
        if let Some(lasting) = &mut self.lasting {
            lasting.meet_another();
            return Box::new(lasting.clone());
        }
        let fresh = self.players.builtin(builtin, setup, medium);
        if !self.keep {
            return fresh.into_peer();
        }
        Box::new(self.lasting.insert(LastingDut::new(fresh)).clone())
    }

    /// The link, disturbed where the case says so.
    fn disturb(&mut self, link: Box<dyn Link>, setup: &Setup) -> Box<dyn Link> {
        self.outcome.clear();
        let Some(schedule) = setup.schedule() else { return link };
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

    /// Waits until a link that was lost is there again; gives how long that took.
    ///
    /// # Errors
    /// [`RigError::Link`] when it did not come back within the limit of the DUT file.
    pub fn recover(&mut self) -> Result<Duration, RigError> {
        match &mut self.device {
            Some(device) => Ok(device.recover()?),
            None => Ok(Duration::ZERO),
        }
    }

    /// What the last session has shown of a terminal and its DM Client.
    pub fn signs(&self) -> &Signs {
        &self.signs
    }

    /// Whether the DUT is a device, which lives on whatever becomes of a session.
    fn is_device(&self) -> bool {
        self.device.is_some() && self.dut.lives_on()
    }

    /// Whether an account is that of the DUT file, whose nonces are followed; a bootstrap may have brought another.
    fn is_of_dut(&self, account: Option<&Account>) -> bool {
        account.is_none_or(|account| account.server_id == self.dut.ixit.account.server_id)
    }

    /// Whether a session has to be brought to its end after its case: with a device, which would disturb the next, and
    /// where the nonces are followed.
    pub fn needs_end(&self) -> bool {
        self.is_device() || self.dut.is_followed()
    }

    /// Takes note of what a session has shown of the nonces. `passed` says that its case passed, `ended` that it was
    /// brought to its end. Gives whether what the case missed may be for want of the right nonces.
    pub fn judge_nonces(&mut self, session: &Session, passed: bool, ended: bool) -> bool {
        self.dut.is_followed()
            && self.is_of_dut(session.account())
            && self.nonces.judge(session.trust(), ended && passed)
    }

    /// Whether a file keeps the nonces from one run to the next.
    pub fn keeps_nonces(&self) -> bool {
        self.nonces.has_file()
    }

    /// Takes note of what a session left behind, and of its link unless that was lost.
    ///
    /// # Errors
    /// That the nonces cannot be kept for the next run, in words.
    pub fn close(&mut self, session: Session, lost: bool) -> Result<(), String> {
        self.signs = session.signs().clone();
        // What did not get there says nothing about whoever it was for.
        self.signs.asked &= !matches!(session.delivery(), Delivery::Failed(_));
        let (player, link) = session.into_parts();
        let link = self.undisturbed(link);
        if let (Some(device), Some(link), false) = (&mut self.device, link, lost) {
            device.end(link, self.dut.role());
        }
        let account = player.account().filter(|account| self.is_of_dut(Some(account)));
        let (true, Some(account)) = (self.dut.lives_on(), account) else { return Ok(()) };
        self.nonces.set(&account.server_nonce, &account.client_nonce);
        self.nonces.keep(&self.dut.name)
    }
}

/// What a player has on a link.
fn medium(link: &dyn Link) -> Medium {
    let capabilities = link.capabilities();
    match (capabilities.contact, capabilities.streams) {
        (true, true) => Medium::Both,
        (true, false) => Medium::Contact,
        (false, _) => Medium::Streams,
    }
}
