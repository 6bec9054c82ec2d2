//! What a terminal does that no command of the card asks for: what a case tells it to send, what wakes a card up, and
//! what a person does with it.

use dmsc_link::Signal;
use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::envelope::{Envelope, EnvelopeTag, Event as CatEvent};
use dmsc_uicc::fs::select;
use dmsc_uicc::object::{Address, LocationStatus, Object, Present, RegistryApplication};
use dmsc_uicc::profile::{Facility, TerminalProfile};
use dmsc_uicc::status::StatusWord;

use super::sms::download_of;
use super::start::Start;
use super::visitors::{LOCALHOST, LOOPBACK, LOOPBACK_6, Manner};
use super::{Flight, Out, Phase, Purpose, Terminal};
use crate::apdu;
use crate::choice::terminal::{Announcement, RestartedPort};
use crate::dm::user::User;
use crate::messages::{Octets, ProfileWith, WakeUp, WakeUpWith};
use crate::patch::Change;
use crate::player::{Delivery, PlayerError};
use crate::switch::Switch;
use crate::trial::apdu_of;

/// The acts of a person that the reference terminal understands.
pub const ACTS: &[&str] = &[
    "stop-dm-client",
    "start-dm-client",
    "lose-service",
    "regain-service",
    "start-dm-session",
    "call-customer-care",
    "raise-alert",
    "raise-long-alert",
    "raise-fatal-alert",
    "raise-critical-alert",
    "raise-minor-alert",
    "raise-warning-alert",
    "raise-informational-alert",
    "raise-harmless-alert",
    "raise-indeterminate-alert",
    "close-inbox",
    "open-inbox",
    "abort-session",
    "user-agrees",
    "user-refuses",
    "user-cancels",
    "user-aborts",
    "user-is-away",
    "refuse-short-messages",
    "roam",
    "begin-call",
    "end-call",
    "connect-browser",
    "connect-browser-by-name",
    "connect-browser-over-ipv6",
    "connect-half-closing-client",
    "connect-echo-client",
    "enter-card-pin",
    "accept-bootstrap",
    "enter-bootstrap-pin",
    "enter-wrong-pin",
    DELIVER_SMS,
];

/// The act of having the network deliver a short message.
pub const DELIVER_SMS: &str = "deliver-sms";

/// The act of putting the card in again: what was before is over.
pub const INSERT_CARD: &str = "insert-card";

/// The number that is called unless a case names another.
pub(super) const CUSTOMER_CARE: &str = "+18005550199";

/// How often the five octets stand in a long alert, which is longer than a case lets messages be.
const LONG_ALERT: usize = 1200;

/// Location information of the home network, which is a test network: PLMN 001/01.
pub(super) const HOME: [u8; 7] = [0x00, 0xF1, 0x10, 0x00, 0x01, 0x00, 0x01];

/// Location information of another network: PLMN 002/02.
const ABROAD: [u8; 7] = [0x00, 0xF2, 0x20, 0x00, 0x02, 0x00, 0x02];

/// How far the port of a DM Client is from the one before, where it gets another; no application of the reference
/// terminal is there.
const PORT_STEP: u16 = 16;

/// A short message for the card, of class 2 with the protocol identifier of data for it (TS 23.040 9.2.3.9): two octets
/// from +15550000099.
const ORDER: [u8; 20] = [
    0x04, 0x0B, 0x91, 0x51, 0x55, 0x00, 0x00, 0x90, 0xF9, 0x7F, 0xF6, 0x62, 0x10, 0x10, 0x00, 0x00, 0x00, 0x00, 0x01,
    0x00,
];

/// An ENVELOPE as the standards write it.
fn spoken(tag: EnvelopeTag) -> String {
    let name = Envelope::new(tag).name();
    format!("ENVELOPE ({})", name.rsplit('.').next().unwrap_or_default().replace('-', " ").to_uppercase())
}

/// Applies the profile fields of a case, a fault or a set-up.
pub fn alter_profile(profile: &mut TerminalProfile, with: &ProfileWith) {
    if let Some(Octets(octets)) = &with.profile {
        profile.0.clone_from(octets);
    }
    with.off.iter().flatten().for_each(|facility| profile.clear(*facility));
    with.on.iter().flatten().for_each(|facility| profile.set(*facility));
}

impl Terminal {
    pub(super) fn send_profile(&mut self, asked: Option<&Change>) {
        let mut profile = self.config.profile.clone();
        let fields = apdu::profile_fields(&profile);
        let change = self.io.change("terminal-profile", asked, || fields.clone());
        let mut data = profile.0.clone();
        if let Some(change) = &change {
            let altered = change.read().map_err(PlayerError::from).and_then(|with| {
                alter_profile(&mut profile, &with);
                data.clone_from(&profile.0);
                change.edit(&mut data).map_err(PlayerError)
            });
            if let Err(error) = altered {
                self.io.break_off(&error);
            }
        }
        self.config.profile = profile;
        let command = CommandApdu::new(0x80, 0x10, 0, 0).with_data(data);
        self.send(command, Purpose::Profile);
    }

    /// ENVELOPE (TERMINAL APPLICATIONS), the last of several carrying Last Envelope (TS 102 223 7.8).
    pub(super) fn announce(&mut self, asked: Option<&Change>) -> Result<(), PlayerError> {
        let mut applications = self.config.applications.clone();
        let each_the_last = self.switches.on(Switch::LastInEach);
        if each_the_last {
            let name = Vec::new();
            applications.push(RegistryApplication { port: 50_001, dcs: 0x00, application_type: 0x01, name });
        }
        let announcement = self.config.choices.terminal.announcement;
        let size = match announcement {
            _ if each_the_last => 1,
            Announcement::One | Announcement::Unmarked => applications.len().max(1),
            Announcement::Each => 1,
        };
        let mut parts = applications.chunks(size).peekable();
        loop {
            let mut envelope = Envelope::new(EnvelopeTag::TerminalApplications);
            for application in parts.next().into_iter().flatten() {
                envelope = envelope.with(Object::RegistryApplication(application.clone()));
            }
            let ends = parts.peek().is_none();
            if ends && announcement != Announcement::Unmarked || each_the_last {
                envelope = envelope.with(Object::LastEnvelope(Present));
            }
            self.envelope(envelope, asked)?;
            if ends {
                return Ok(());
            }
        }
    }

    pub(super) fn envelope(&mut self, envelope: Envelope, asked: Option<&Change>) -> Result<(), PlayerError> {
        let kind = envelope.name();
        let change = self.io.change(&kind, asked, || envelope.to_fields());
        if change.as_ref().is_some_and(|c| c.drop) {
            return Ok(());
        }
        let data = apdu::build_envelope(envelope, change.as_ref())?;
        // What is announced is what there is: channels are opened to it, and it is announced again after a reset.
        let announced: Vec<_> = match Envelope::parse(&data) {
            Ok(built) => built.objects.applications().cloned().collect(),
            Err(_) => Vec::new(),
        };
        if !announced.is_empty() && change.is_some() {
            self.config.applications = announced;
        }
        let command = CommandApdu::new(0x80, 0xC2, 0, 0).with_data(data).with_le(256);
        self.send(command, Purpose::Envelope(0));
        Ok(())
    }

    /// A person puts the card in.
    pub(super) fn insert_card(&mut self) {
        if self.card_dead && self.switches.on(Switch::GiveUpOnSilence) {
            return;
        }
        self.revivals = 0;
        self.announced = false;
        self.waiting.clear();
        self.wake = None;
        self.notified = None;
        self.client.forget_taken();
        self.begin();
    }

    pub(super) fn location_event(&mut self, status: LocationStatus, asked: Option<&Change>) -> Result<(), PlayerError> {
        let mut envelope = Envelope::event(CatEvent::LocationStatus).with(Object::LocationStatus(status));
        if status == LocationStatus::Normal {
            envelope = envelope.with(self.location());
        }
        self.envelope(envelope, asked)
    }

    pub(super) fn call(&mut self, number: &str, asked: Option<&Change>) -> Result<(), PlayerError> {
        let address = Address::from_text(number).ok_or_else(|| PlayerError(format!("\"{number}\" is not a number")))?;
        let envelope = Envelope::new(EnvelopeTag::CallControl).with(Object::Address(address)).with(self.location());
        self.envelope(envelope, asked)
    }

    /// Where the terminal is.
    pub(super) fn location(&self) -> Object {
        Object::LocationInformation(self.place.to_vec())
    }

    /// What a person does at the bench, for a reference DUT.
    pub(super) fn act(&mut self, name: &str) {
        match name {
            "lose-service" => self.in_service = false,
            "regain-service" => self.in_service = true,
            "refuse-short-messages" => self.network.rejects = true,
            "roam" => self.place = ABROAD,
            "begin-call" => self.on_call = true,
            "end-call" => self.on_call = false,
            "stop-dm-client" => self.client_alive = false,
            _ => {}
        }
        let tells_location = self.events.contains(&CatEvent::LocationStatus);
        let done = match name {
            "start-dm-client" => self.restart_client(),
            "lose-service" if tells_location => self.location_event(LocationStatus::None, None),
            "regain-service" | "roam" if tells_location => self.location_event(LocationStatus::Normal, None),
            INSERT_CARD => {
                self.insert_card();
                Ok(())
            }
            "raise-alert" => {
                self.client.raise("raised");
                Ok(())
            }
            "raise-long-alert" => {
                self.client.raise(&"long ".repeat(LONG_ALERT));
                Ok(())
            }
            "close-inbox" | "open-inbox" => {
                self.client.close_inbox(name == "close-inbox");
                Ok(())
            }
            "abort-session" => {
                self.client.ask_for_abort();
                Ok(())
            }
            "user-agrees" => self.user(User::Agrees),
            "user-refuses" => self.user(User::Refuses),
            "user-cancels" => self.user(User::Cancels),
            "user-aborts" => self.user(User::Aborts),
            "user-is-away" => self.user(User::Away),
            "enter-card-pin" => {
                self.card_pin_given();
                Ok(())
            }
            "accept-bootstrap" => {
                self.accept_bootstrap();
                Ok(())
            }
            "enter-bootstrap-pin" | "enter-wrong-pin" => {
                self.give_user_pin(name == "enter-bootstrap-pin");
                Ok(())
            }
            "start-dm-session" => self.open_session(0, None, &Change::default()),
            "call-customer-care" if self.offers(Facility::CallControl) => self.call(CUSTOMER_CARE, None),
            "connect-browser" => self.visit(Manner::browser(LOOPBACK), LOOPBACK),
            "connect-browser-by-name" => self.visit(Manner::browser(LOCALHOST), LOCALHOST),
            "connect-browser-over-ipv6" => self.visit(Manner::browser(LOOPBACK_6), LOOPBACK_6),
            "connect-half-closing-client" => self.visit(Manner::half_closing(LOOPBACK), LOOPBACK),
            "connect-echo-client" => self.visit(Manner::Echoes, LOOPBACK),
            _ => {
                let mark = name.strip_prefix("raise-").and_then(|rest| rest.strip_suffix("-alert"));
                mark.into_iter().for_each(|mark| self.client.raise_marked(mark));
                Ok(())
            }
        };
        if let Err(error) = done {
            self.io.break_off(&error);
        }
    }

    /// The DM Client runs again; where its port is another now, the card is told of it.
    fn restart_client(&mut self) -> Result<(), PlayerError> {
        self.client_alive = true;
        let silent = self.switches.on(Switch::SilentNewPort);
        if !silent && self.config.choices.terminal.restarted_port == RestartedPort::Kept {
            return Ok(());
        }
        let ours = |one: &&mut RegistryApplication| one.application_type == RegistryApplication::DM_CLIENT;
        self.config.applications.iter_mut().filter(ours).for_each(|one| one.port = one.port.wrapping_add(PORT_STEP));
        if silent || !self.announced {
            return Ok(());
        }
        self.announce(None)
    }

    /// The user gives the PIN of the card. A card session that has begun without it begins anew.
    fn card_pin_given(&mut self) {
        self.pin_given = true;
        // A card that has not answered its reset yet has been told nothing.
        if self.in_flight.as_ref().is_some_and(Flight::is_reset) {
            self.start = Start::of(&self.config, true);
        } else if self.phase != Phase::Off {
            self.power(Signal::Reset);
        }
    }

    /// What a person will do when the client asks.
    fn user(&mut self, user: User) -> Result<(), PlayerError> {
        self.client.user = user;
        Ok(())
    }

    pub(super) fn wake_up(&mut self, with: WakeUpWith) -> Result<(), PlayerError> {
        self.waking = None;
        // What asks the web server needs no contacts.
        if !self.config.medium.has_contact() && with.by != Some(WakeUp::Scws) {
            self.io.send(Signal::Wake);
            self.io.delivery = Delivery::Delivered(self.io.now);
            return Ok(());
        }
        if self.phase == Phase::Starting {
            self.wake = Some(WakeUpWith { again: None, ..with });
            self.io.delivery = Delivery::Underway;
            return Ok(());
        }
        if with.again == Some(true) && self.config.start {
            self.wake = Some(WakeUpWith { again: None, ..with });
            self.io.delivery = Delivery::Underway;
            self.power(Signal::PowerOn);
            return Ok(());
        }
        let not_yet = |tag: EnvelopeTag| {
            (Some(tag), Delivery::Failed(format!("the {} that wakes the card up was not answered", spoken(tag))))
        };
        (self.waking, self.io.delivery) = match with.by.unwrap_or(self.config.wake_up) {
            WakeUp::Applications if self.config.start => (Some(EnvelopeTag::TerminalApplications), Delivery::Underway),
            WakeUp::Applications => not_yet(EnvelopeTag::TerminalApplications),
            WakeUp::Location => not_yet(EnvelopeTag::EventDownload),
            WakeUp::CallControl => not_yet(EnvelopeTag::CallControl),
            WakeUp::SmsPp => not_yet(EnvelopeTag::SmsPpDownload),
            WakeUp::Timer => (Some(EnvelopeTag::TimerExpiration), self.timer_delivery()),
            WakeUp::Status => (None, Delivery::Delivered(self.io.now)),
            WakeUp::Scws => (None, Delivery::Failed("the card does not listen where it is to be woken up".into())),
        };
        match with.by.unwrap_or(self.config.wake_up) {
            // A card takes the announcement for a wake-up once after power-on, and so does not hear a second one.
            WakeUp::Applications if self.config.start => {
                self.power(Signal::Reset);
                Ok(())
            }
            WakeUp::Applications => self.announce(None),
            WakeUp::Location => self.location_event(LocationStatus::Normal, None),
            WakeUp::CallControl => self.call(with.number.as_deref().unwrap_or(CUSTOMER_CARE), None),
            WakeUp::SmsPp => self.envelope(download_of(&ORDER), None),
            WakeUp::Scws => {
                let (address, _) = self.default_address()?;
                self.visit_for(Manner::browser(&address.host), LOOPBACK, &address, true);
                Ok(())
            }
            // A timer the card started runs out by itself; STATUS comes at once.
            WakeUp::Timer | WakeUp::Status => {
                self.send(select::status(), Purpose::Status);
                Ok(())
            }
        }
    }

    /// What becomes of a wake-up by a timer: the card has chosen when.
    fn timer_delivery(&self) -> Delivery {
        match self.timers.iter().flatten().map(|(at, _)| *at).min() {
            Some(at) => Delivery::Due(at),
            None => Delivery::Failed("the card has started no timer that could wake it up".into()),
        }
    }

    /// The card has started a timer: the wake-up that is asked for comes with it.
    pub(super) fn timer_started(&mut self) {
        if self.waking == Some(EnvelopeTag::TimerExpiration) {
            self.io.delivery = self.timer_delivery();
        }
    }

    /// The card has answered an ENVELOPE, which may have been to wake it up.
    pub(super) fn woken(&mut self, octets: &[u8], sw: StatusWord) {
        let Some(tag) = self.waking else { return };
        if Envelope::parse(octets).ok().is_none_or(|envelope| envelope.tag != tag) {
            return;
        }
        if sw.is_success() || sw.has_proactive_pending() {
            self.waking = None;
            self.io.delivery = Delivery::Delivered(self.io.now);
        } else {
            let reason = format!("the {} that wakes the card up was answered with {:04X}", spoken(tag), sw.0);
            self.io.delivery = Delivery::Failed(reason);
        }
    }

    /// The start-up is over: what becomes of a wake-up by the announcement of applications that was asked for.
    pub(super) fn wake_by_announcement(&mut self, announced: bool, allowed: Option<bool>, offered: bool) {
        self.waking = Some(EnvelopeTag::TerminalApplications);
        if announced {
            let reason = "the ENVELOPE (TERMINAL APPLICATIONS) that wakes the card up was not answered";
            self.io.delivery = Delivery::Failed(reason.into());
            return;
        }
        let why = match allowed {
            _ if !offered => "the terminal profile of the case does not offer to announce applications",
            Some(false) => {
                "service 77 of EF.UST is off, so the terminal announces no applications; set it, or name another \
                 `wake_up` in the DUT file"
            }
            None => {
                "EF.UST cannot be read, so the terminal announces no applications; see to the file, or name another \
                 `wake_up` in the DUT file"
            }
            Some(true) => "the terminal of the case has nothing to announce",
        };
        self.io.delivery = Delivery::Failed(why.into());
    }

    /// An APDU that a case makes: of this instruction, or any.
    pub(super) fn send_apdu(&mut self, ins: Option<u8>, change: &Change) -> Result<(), PlayerError> {
        let (command, mut octets) = apdu_of(ins, change)?;
        change.edit(&mut octets)?;
        let command = CommandApdu::parse(&octets).unwrap_or(command);
        let purpose = if command.ins == 0x12 { Purpose::Fetch } else { Purpose::Script };
        self.queue.push_back(Out { command, octets: Some(octets), purpose });
        self.pump();
        Ok(())
    }
}
