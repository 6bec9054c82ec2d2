//! The terminal of a card that speaks ICCD: the DUT is the card.
//!
//! A card begins nothing by itself, so there is no thread: an exchange runs inside [`Link::send`], and its answer is
//! in the mailbox when that returns. What a device says of its slot comes by itself, where it has an endpoint for that, and
//! ends what waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dmsc_usb::descriptor::{ClassDescriptor, Endpoint, ExchangeLevel, Iccd, Interface, Offer, Variant};
use dmsc_usb::iccd::control::{TO_CARD, TO_HOST};
use dmsc_usb::iccd::host::{Counters, Event, Failure, Host, HostConfig, Outcome, Step, Task};
use dmsc_usb::power::Negotiation;
use dmsc_usb::t0::TpduError;

use super::IccdConfig;
use super::device::{ControlSetup, Device, TransferError, locate};
use super::info::{DeviceInfo, UsbSelect};
use super::notices::{Listener, Notices, Trouble};
use super::power::negotiate;
use crate::interrupt;
use crate::{Capabilities, Clock, LastWords, Link, LinkError, Mailbox, Opening, Poster, Signal, Time, is_interrupted};

/// How long a card may take to confirm that an exchange is given up.
const ABORT_LIMIT: Duration = Duration::from_secs(1);

/// How long is waited before a card is opened again that was going when it was opened.
const SETTLE: Duration = Duration::from_millis(50);

/// How long after an exchange has failed a device may take to say why on its interrupt endpoint.
const HEARD: Duration = Duration::from_millis(500);

/// How long one read of a bulk endpoint takes at most where the device may say meanwhile that its card is gone.
const GLANCE: Duration = Duration::from_millis(100);

/// The link to the card.
#[derive(Debug)]
pub struct IccdTerminal {
    config: IccdConfig,
    clock: Clock,
    mailbox: Mailbox,
    /// `None` once it was lost.
    card: Option<Card>,
    /// Why the card did not answer, the latest first; for the report, not for a verdict.
    failure: Option<Failure>,
    /// That its time was over, the last time that it was, in words; likewise.
    late: Option<String>,
}

/// An opened card.
#[derive(Debug)]
struct Card {
    device: Arc<Device>,
    iccd: Iccd,
    host: Host,
    negotiation: Negotiation,
    notices: Arc<Notices>,
    /// There is none where the device has no interrupt endpoint.
    listener: Option<Listener>,
}

/// How a task ended.
enum Ended {
    With(Outcome),
    /// The limit passed.
    Late,
}

/// Why a task did not end.
enum Lost {
    /// The device is gone, in words.
    Device(String),
    /// The device said so.
    Trouble(Trouble),
}

impl IccdTerminal {
    /// Why no such card can be found on the bus, in words, after as long as it may take to appear; `None` when one is
    /// there, whether it can be used or not.
    pub fn absent(config: &IccdConfig) -> Option<String> {
        let present = |_: &_, _: &DeviceInfo, _| Ok(());
        match locate(&config.select, CARD, &wanted(config), config.appear, present) {
            Ok(()) => None,
            Err(LinkError::Missing { what, .. }) => Some(what),
            Err(other) => Some(other.to_string()),
        }
    }

    /// Finds the card, claims its interface and negotiates its power. It gets power by [`Signal::PowerOn`].
    ///
    /// # Errors
    /// [`LinkError::Missing`] when there is none, when it may not be opened, when another program has it, and when it
    /// asks for a protocol that this link does not speak.
    pub fn open(config: IccdConfig) -> Result<IccdTerminal, LinkError> {
        let mailbox = Mailbox::default();
        let card = Card::open(&config, mailbox.poster())?;
        Ok(IccdTerminal { clock: Clock::new(), mailbox, card: Some(card), failure: None, late: None, config })
    }

    /// The device; `None` once it was lost.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceInfo> {
        self.card.as_ref().map(|card| &card.device.info)
    }

    /// Which card it is.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "used where the system has the other interface"))]
    pub(super) fn select(&self) -> &UsbSelect {
        &self.config.select
    }

    /// The variant and the class descriptor of the card; `None` once it was lost.
    #[must_use]
    pub fn iccd(&self) -> Option<&Iccd> {
        self.card.as_ref().map(|card| &card.iccd)
    }

    /// How the negotiation of power went when the card was opened last.
    #[must_use]
    pub fn negotiation(&self) -> Option<&Negotiation> {
        self.card.as_ref().map(|card| &card.negotiation)
    }

    /// What happened beside the answers since the card was opened last.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.card.as_ref().map(|card| card.host.counters()).unwrap_or_default()
    }

    /// Why the card did not answer, the last time it did not; forgotten when a session begins.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// A card that does not answer at all is lost, and told so.
    fn run(&mut self, task: Task) -> Result<Option<Outcome>, LinkError> {
        let gone = || LinkError::Gone { what: "the USB card was lost; plug it in again".into() };
        let card = self.card.as_mut().ok_or_else(gone)?;
        let ended = match card.run(task, self.config.limit) {
            Ok(Ended::Late) => card.run(Task::Abort, ABORT_LIMIT).map(|_| None),
            Ok(Ended::With(outcome)) => Ok(Some(outcome)),
            Err(what) => Err(what),
        };
        match ended {
            Ok(outcome) => Ok(outcome),
            Err(Lost::Trouble(trouble)) => Err(trouble.error(&card.device.info)),
            Err(Lost::Device(what)) => {
                self.card = None;
                Err(LinkError::Gone { what })
            }
        }
    }

    /// What the device has said of itself or of its slot since the session began.
    fn trouble(&self) -> Result<(), LinkError> {
        let Some(card) = &self.card else { return Ok(()) };
        card.notices.trouble().map_or(Ok(()), |trouble| Err(trouble.error(&card.device.info)))
    }

    /// Brings the card back, should it have been lost, and takes its power.
    fn reach(&mut self) -> Result<(), LinkError> {
        // One that was taken out of its device may be put back.
        if let Some(card) = &self.card
            && !card.notices.settle(self.config.appear)
        {
            interrupt::check()?;
            return Err(Trouble::Removed.error(&card.device.info));
        }
        if self.card.is_some() && matches!(self.run(Task::PowerOff), Ok(Some(_))) {
            return Ok(());
        }
        let until = Instant::now() + self.config.appear;
        loop {
            self.card = None;
            let reached = Card::open(&self.config, self.mailbox.poster()).and_then(|card| {
                self.card = Some(card);
                // One that is there and does not answer is for the player to judge.
                self.run(Task::PowerOff).map(drop)
            });
            match reached {
                // What was opened was about to go: the system notices that a little later than the device.
                Err(error) if error.is_interruption() && Instant::now() < until && !is_interrupted() => {
                    std::thread::sleep(SETTLE);
                }
                reached => return reached.map_err(LinkError::of_open_link),
            }
        }
    }

    fn power_on(&mut self) -> Result<(), LinkError> {
        let outcome = match self.run(Task::PowerOn) {
            // Plugged out and in again since the last session: that is a card to be powered.
            Err(LinkError::Gone { .. }) => {
                self.reach()?;
                self.run(Task::PowerOn)?
            }
            other => other?,
        };
        self.take(outcome, true)
    }

    fn reset(&mut self) -> Result<(), LinkError> {
        match self.run(Task::Reset)? {
            Some(Outcome::Failed(failure)) => {
                self.failure = Some(failure);
                self.power_on()
            }
            outcome => self.take(outcome, true),
        }
    }

    /// Delivers what came of a task; that no answer came, which is told at once, is for the player to judge.
    fn take(&mut self, outcome: Option<Outcome>, reset: bool) -> Result<(), LinkError> {
        match outcome {
            Some(Outcome::Atr(atr)) => self.mailbox.push(Signal::Atr(atr)),
            Some(Outcome::Response(response)) => self.mailbox.push(Signal::Response(response)),
            Some(Outcome::Failed(Failure::TooLong { .. } | Failure::Tpdu(TpduError::TooLong { .. }))) => {
                return Err(LinkError::Unsupported("an APDU this long: the card takes short ones only"));
            }
            Some(Outcome::Failed(Failure::Tpdu(TpduError::NoApdu { .. }))) => {
                return Err(LinkError::Unsupported("octets that are no APDU: the card takes T=0 TPDUs"));
            }
            Some(Outcome::Failed(failure)) => {
                self.mailbox.push(Signal::Unanswered { reset, why: failed(&failure) });
                self.failure = Some(failure);
            }
            None => {
                let why = format!("nothing came over ICCD within {} s", self.config.limit.as_secs_f32());
                self.late = Some(why.clone());
                self.mailbox.push(Signal::Unanswered { reset, why });
            }
            Some(Outcome::Off(_) | Outcome::Aborted(_)) => {}
        }
        Ok(())
    }
}

impl Card {
    /// `poster` is woken when the device says that something is wrong.
    fn open(config: &IccdConfig, poster: Poster) -> Result<Card, LinkError> {
        let device = Device::open(&config.select, CARD, &wanted(config), config.appear)?;
        let (Offer::Iccd(iccd) | Offer::Reader(iccd)) = device.interface.offer() else {
            return Err(unfit(&device, "has no interface of ICCD"));
        };
        let class = iccd.class.clone().unwrap_or_else(|| ClassDescriptor::of(iccd.variant));
        if let Some(why) = unspoken(iccd.variant, &class, &device.interface) {
            return Err(unfit(&device, why));
        }
        let packet = device.interface.bulk_in().map_or(64, |endpoint| usize::from(endpoint.packet));
        let host = Host::new(HostConfig {
            variant: iccd.variant,
            class,
            packet,
            power: config.voltage,
            power_on_value: config.power_on_value,
        });
        let negotiation = if config.negotiate {
            negotiate(&device).map_err(|what| LinkError::Gone { what })?
        } else {
            Negotiation::default()
        };
        let (device, notices) = (Arc::new(device), Arc::new(Notices::default()));
        let interrupt = device.interface.interrupt_in();
        let listener = interrupt.map(|endpoint| Listener::start(&device, endpoint, &notices, poster));
        Ok(Card { device, iccd, host, negotiation, notices, listener })
    }

    /// Runs a task to its end.
    ///
    /// # Errors
    /// That the device is gone, or that it says that the card is, or that it has failed itself.
    fn run(&mut self, task: Task, limit: Duration) -> Result<Ended, Lost> {
        let clock = Clock::new();
        let until = clock.now() + limit;
        // Power is taken away whatever there is.
        let heeds = task != Task::PowerOff;
        let mut step = self.host.start(task);
        loop {
            let left = until.since(clock.now());
            if let Step::Done(outcome) = step {
                return match self.why_failed(&outcome).filter(|_| heeds) {
                    Some(trouble) => Err(Lost::Trouble(trouble)),
                    None => Ok(Ended::With(outcome)),
                };
            }
            let known = self.notices.trouble();
            if heeds && let Some(trouble) = known {
                return Err(Lost::Trouble(trouble));
            }
            if left.is_zero() {
                return Ok(Ended::Late);
            }
            step = match self.transfer(step, left, known) {
                Ok(None) => self.host.next(Event::Sent),
                Ok(Some(octets)) => self.host.next(Event::Received(&octets)),
                Err(Missed::Waited) => self.host.next(Event::Waited),
                Err(Missed::Transfer(TransferError::Stalled)) => self.host.next(Event::Stalled),
                Err(Missed::Transfer(TransferError::TimedOut)) => {
                    let trouble = self.notices.trouble().filter(|_| heeds);
                    return trouble.map_or(Ok(Ended::Late), |trouble| Err(Lost::Trouble(trouble)));
                }
                Err(Missed::Transfer(TransferError::Gone(what))) => return Err(Lost::Device(what)),
            };
        }
    }

    /// What the device says of itself, where an exchange has failed: a card that was taken out may show in its answer before
    /// the device says so.
    fn why_failed(&self, outcome: &Outcome) -> Option<Trouble> {
        if !matches!(outcome, Outcome::Failed(_)) || self.listener.is_none() {
            return None;
        }
        self.notices.pause(HEARD, None);
        self.notices.trouble()
    }

    /// Does one step: what was received, or nothing where something was sent. Other trouble than is known ends a wait.
    fn transfer(&self, step: Step, left: Duration, known: Option<Trouble>) -> Result<Option<Vec<u8>>, Missed> {
        let index = u16::from(self.device.interface.number);
        let (bulk_in, bulk_out) = (self.device.interface.bulk_in(), self.device.interface.bulk_out());
        match step {
            Step::ControlOut { request, value, data } => {
                let setup = ControlSetup { request_type: TO_CARD, request: request.code(), value, index };
                self.device.control_out(setup, &data, left)?;
                Ok(None)
            }
            Step::ControlIn { request, value, length } => {
                let setup = ControlSetup { request_type: TO_HOST, request: request.code(), value, index };
                Ok(Some(self.device.control_in(setup, length, left)?))
            }
            Step::BulkOut(octets) => {
                let endpoint = bulk_out.ok_or(TransferError::Stalled)?;
                self.device.bulk_out(endpoint, &octets, left)?;
                Ok(None)
            }
            Step::BulkIn(most) => {
                let endpoint = bulk_in.ok_or(TransferError::Stalled)?;
                Ok(Some(self.read_bulk(endpoint, most, left, known)?))
            }
            Step::Wait(time) => {
                // The card names the time.
                self.notices.pause(time.min(left), known);
                Err(Missed::Waited)
            }
            Step::Done(_) => Ok(None),
        }
    }

    /// Reads at most `most` octets; times out at once when the device says that it has nothing to wait for.
    fn read_bulk(
        &self,
        endpoint: Endpoint,
        most: usize,
        limit: Duration,
        known: Option<Trouble>,
    ) -> Result<Vec<u8>, TransferError> {
        if self.listener.is_none() {
            return self.device.bulk_in(endpoint, most, limit);
        }
        let clock = Clock::new();
        let until = clock.now() + limit;
        let mut octets = Vec::new();
        loop {
            let began = clock.now();
            let left = until.since(began);
            match self.device.bulk_in(endpoint, most - octets.len(), left.min(GLANCE)) {
                Ok(read) => {
                    // One that ended with its time, and not with a short packet, was broken off between two packets.
                    let full = !read.is_empty() && read.len().is_multiple_of(usize::from(endpoint.packet.max(1)));
                    octets.extend(read);
                    if !full || octets.len() >= most || clock.now().since(began) < left.min(GLANCE) {
                        return Ok(octets);
                    }
                }
                Err(TransferError::TimedOut) if left > GLANCE && self.notices.trouble() == known => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Why a step brought nothing.
enum Missed {
    /// It was a wait.
    Waited,
    Transfer(TransferError),
}

impl From<TransferError> for Missed {
    fn from(error: TransferError) -> Missed {
        Missed::Transfer(error)
    }
}

/// What is looked for, in words.
const CARD: &str = "card by ICCD";

/// The interfaces that are taken for a card's.
fn wanted(config: &IccdConfig) -> impl Fn(&Offer) -> bool {
    let UsbSelect { vendor, serial, path, interface, .. } = &config.select;
    let named = vendor.is_some() || serial.is_some() || path.is_some() || interface.is_some();
    move |offer| match offer {
        Offer::Iccd(_) => true,
        Offer::Reader(_) => named,
        _ => false,
    }
}

/// Why this link does not speak what the card asks for, in words; `None` where it does.
fn unspoken(variant: Variant, class: &ClassDescriptor, interface: &Interface) -> Option<&'static str> {
    let level = class.features.level();
    match variant {
        // Its level says character, and TPDUs are what it exchanges.
        Variant::ControlA => return None,
        Variant::ControlB if level == ExchangeLevel::Character => {}
        Variant::ControlB => return None,
        Variant::Bulk if interface.bulk_in().is_none() || interface.bulk_out().is_none() => {
            return Some("lacks a bulk endpoint, though its protocol is bulk");
        }
        Variant::Bulk => {}
    }
    match level {
        ExchangeLevel::ShortApdu | ExchangeLevel::ExtendedApdu => None,
        ExchangeLevel::Tpdu if class.protocols & 1 != 0 => None,
        ExchangeLevel::Tpdu => Some("exchanges TPDUs of T=1"),
        ExchangeLevel::Character => {
            Some("exchanges single characters, by the exchange level of its dwFeatures, and this link TPDUs and APDUs")
        }
        ExchangeLevel::Other(_) => Some("names no exchange level of the class"),
    }
}

fn failed(failure: &Failure) -> String {
    format!("an exchange over ICCD has failed: {failure}")
}

fn unfit(device: &Device, why: &str) -> LinkError {
    LinkError::Missing {
        what: format!("USB device {} {why}", device.info),
        remedy: "use it through PC/SC (`pcsc` in the DUT file), whose driver may know it".into(),
    }
}

impl Link for IccdTerminal {
    fn now(&self) -> Time {
        self.clock.now()
    }

    /// The card loses its power; one that was plugged in again since the last session is opened again.
    fn begin(&mut self, _opening: &Opening) -> Result<(), LinkError> {
        self.mailbox.forget()?;
        (self.failure, self.late) = (None, None);
        self.reach()?;
        self.clock = Clock::new();
        Ok(())
    }

    fn poster(&self) -> Option<Poster> {
        Some(self.mailbox.poster())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { contact: true, ..Capabilities::default() }
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        match signal {
            Signal::PowerOn => self.power_on(),
            Signal::Reset => self.reset(),
            Signal::PowerOff => {
                // Nobody waits for an answer to it.
                if let Some(Outcome::Failed(failure)) = self.run(Task::PowerOff)? {
                    self.failure = Some(failure);
                }
                Ok(())
            }
            Signal::Command(apdu) => {
                let outcome = self.run(Task::Exchange(apdu))?;
                self.take(outcome, false)
            }
            other => Err(LinkError::Unsupported(other.name())),
        }
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        let signal = self.mailbox.recv(until, &self.clock)?;
        if signal.is_none() {
            self.trouble()?;
        }
        Ok(signal)
    }

    /// A card whose answer is none counts as one that has not answered; why it is none is told here.
    fn last_words(&self) -> LastWords {
        LastWords { told: self.failure.iter().map(failed).chain(self.late.clone()).collect(), killed: false }
    }
}

impl Drop for IccdTerminal {
    /// The card is left without power, as a terminal leaves it.
    fn drop(&mut self) {
        if let Some(card) = &mut self.card {
            // Nobody is left to be told that it is gone.
            let _ = card.run(Task::PowerOff, ABORT_LIMIT);
        }
    }
}

#[cfg(test)]
mod tests {
    use dmsc_usb::descriptor::{Features, Transfer};

    use super::*;

    #[test]
    fn a_card_that_is_not_there_is_missing_and_not_waited_for_longer_than_asked() {
        let select = UsbSelect { vendor: Some(0xFFFF), product: Some(0xFFFF), ..UsbSelect::default() };
        let config = IccdConfig { select, appear: Duration::from_millis(20), ..IccdConfig::default() };
        let began = Instant::now();
        let error = IccdTerminal::open(config).unwrap_err();
        assert!(matches!(error, LinkError::Missing { .. }) && !error.is_interruption(), "{error}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn what_this_link_does_not_speak_is_named() {
        let bulk = |address| Endpoint { address, transfer: Transfer::Bulk, packet: 64 };
        let interface = |variant: Variant, endpoints: &[Endpoint]| Interface {
            number: 0,
            alternate: 0,
            class: [0x0B, 0x00, variant.protocol()],
            extra: Vec::new(),
            endpoints: endpoints.to_vec(),
        };
        let unspoken = |variant, features, protocols| {
            let class = ClassDescriptor { features: Features(features), protocols, ..ClassDescriptor::default() };
            unspoken(variant, &class, &interface(variant, &[bulk(0x01), bulk(0x82)]))
        };
        // KONA: version B, dwProtocols 1, dwFeatures 00000840.
        for variant in [Variant::ControlB, Variant::Bulk] {
            assert!(unspoken(variant, 0x840, 1).unwrap().starts_with("exchanges single characters"), "{variant}");
            assert_eq!(unspoken(variant, 0x2_0840, 2), None);
            assert_eq!(unspoken(variant, 0x4_0840, 2), None);
        }
        assert_eq!(unspoken(Variant::ControlA, 0x840, 1), None);
        assert_eq!(unspoken(Variant::Bulk, 0x1_0840, 1), None);
        assert_eq!(unspoken(Variant::Bulk, 0x1_0840, 2), Some("exchanges TPDUs of T=1"));
        assert_eq!(unspoken(Variant::Bulk, 0x6_0840, 2), Some("names no exchange level of the class"));
        let bare = super::unspoken(Variant::Bulk, &ClassDescriptor::default(), &interface(Variant::Bulk, &[]));
        assert!(bare.unwrap().starts_with("lacks a bulk endpoint"));
    }
}
