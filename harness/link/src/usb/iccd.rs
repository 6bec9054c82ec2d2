//! The terminal of a card that speaks ICCD: the DUT is the card.
//!
//! A card begins nothing by itself, so there is no thread: an exchange runs inside [`Link::send`], and its answer is
//! in the mailbox when that returns.

use std::time::{Duration, Instant};

use dmsc_usb::descriptor::{ClassDescriptor, ExchangeLevel, Iccd, Offer, Variant};
use dmsc_usb::iccd::control::{TO_CARD, TO_HOST};
use dmsc_usb::iccd::host::{Counters, Event, Failure, Host, HostConfig, Outcome, Step, Task};
use dmsc_usb::power::Negotiation;
use dmsc_usb::t0::TpduError;

use super::IccdConfig;
use super::device::{ControlSetup, Device, TransferError, locate};
use super::info::{DeviceInfo, UsbSelect};
use super::power::negotiate;
use crate::{Capabilities, Clock, LastWords, Link, LinkError, Mailbox, Opening, Poster, Signal, Time, is_interrupted};

/// How long a card may take to confirm that an exchange is given up.
const ABORT_LIMIT: Duration = Duration::from_secs(1);

/// How long is waited before a card is opened again that was going when it was opened.
const SETTLE: Duration = Duration::from_millis(50);

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
}

/// An opened card.
#[derive(Debug)]
struct Card {
    device: Device,
    iccd: Iccd,
    host: Host,
    negotiation: Negotiation,
}

/// How a task ended.
enum Ended {
    With(Outcome),
    /// The limit passed.
    Late,
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
        let card = Card::open(&config)?;
        Ok(IccdTerminal { clock: Clock::new(), mailbox: Mailbox::default(), card: Some(card), failure: None, config })
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
        ended.map_err(|what| {
            self.card = None;
            LinkError::Gone { what }
        })
    }

    /// Brings the card back, should it have been lost, and takes its power.
    fn reach(&mut self) -> Result<(), LinkError> {
        if self.card.is_some() && matches!(self.run(Task::PowerOff), Ok(Some(_))) {
            return Ok(());
        }
        let until = Instant::now() + self.config.appear;
        loop {
            self.card = None;
            let reached = Card::open(&self.config).and_then(|card| {
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
        self.take(outcome)
    }

    fn reset(&mut self) -> Result<(), LinkError> {
        match self.run(Task::Reset)? {
            Some(Outcome::Failed(failure)) => {
                self.failure = Some(failure);
                self.power_on()
            }
            outcome => self.take(outcome),
        }
    }

    /// Delivers what came of a task; that nothing came is for the player to judge.
    fn take(&mut self, outcome: Option<Outcome>) -> Result<(), LinkError> {
        match outcome {
            Some(Outcome::Atr(atr)) => self.mailbox.push(Signal::Atr(atr)),
            Some(Outcome::Response(response)) => self.mailbox.push(Signal::Response(response)),
            Some(Outcome::Failed(Failure::TooLong { .. } | Failure::Tpdu(TpduError::TooLong { .. }))) => {
                return Err(LinkError::Unsupported("an APDU this long: the card takes short ones only"));
            }
            Some(Outcome::Failed(Failure::Tpdu(TpduError::NoApdu { .. }))) => {
                return Err(LinkError::Unsupported("octets that are no APDU: the card takes T=0 TPDUs"));
            }
            Some(Outcome::Failed(failure)) => self.failure = Some(failure),
            Some(Outcome::Off(_) | Outcome::Aborted(_)) | None => {}
        }
        Ok(())
    }
}

impl Card {
    fn open(config: &IccdConfig) -> Result<Card, LinkError> {
        let device = Device::open(&config.select, CARD, &wanted(config), config.appear)?;
        let (Offer::Iccd(iccd) | Offer::Reader(iccd)) = device.interface.offer() else {
            return Err(unfit(&device, "has no interface of ICCD"));
        };
        let class = iccd.class.clone().unwrap_or_else(|| ClassDescriptor::of(iccd.variant));
        check(&device, &iccd, &class)?;
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
        Ok(Card { device, iccd, host, negotiation })
    }

    /// Runs a task to its end.
    ///
    /// # Errors
    /// That the device is gone, in words.
    fn run(&mut self, task: Task, limit: Duration) -> Result<Ended, String> {
        let until = Instant::now() + limit;
        let mut step = self.host.start(task);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if let Step::Done(outcome) = step {
                return Ok(Ended::With(outcome));
            }
            if left.is_zero() {
                return Ok(Ended::Late);
            }
            step = match self.transfer(step, left) {
                Ok(None) => self.host.next(Event::Sent),
                Ok(Some(octets)) => self.host.next(Event::Received(&octets)),
                Err(Missed::Waited) => self.host.next(Event::Waited),
                Err(Missed::Transfer(TransferError::Stalled)) => self.host.next(Event::Stalled),
                Err(Missed::Transfer(TransferError::TimedOut)) => return Ok(Ended::Late),
                Err(Missed::Transfer(TransferError::Gone(what))) => return Err(what),
            };
        }
    }

    /// Does one step: what was received, or nothing where something was sent.
    fn transfer(&self, step: Step, left: Duration) -> Result<Option<Vec<u8>>, Missed> {
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
                Ok(Some(self.device.bulk_in(endpoint, most, left)?))
            }
            Step::Wait(time) => {
                // The card names the time, and nothing but its end can happen.
                std::thread::sleep(time.min(left));
                Err(Missed::Waited)
            }
            Step::Done(_) => Ok(None),
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

/// Whether this link speaks what the card asks for.
fn check(device: &Device, iccd: &Iccd, class: &ClassDescriptor) -> Result<(), LinkError> {
    if iccd.variant != Variant::Bulk {
        return Ok(());
    }
    if device.interface.bulk_in().is_none() || device.interface.bulk_out().is_none() {
        return Err(unfit(device, "lacks a bulk endpoint, though its protocol is bulk"));
    }
    match class.features.level() {
        ExchangeLevel::ShortApdu | ExchangeLevel::ExtendedApdu => Ok(()),
        ExchangeLevel::Tpdu if class.protocols & 1 != 0 => Ok(()),
        ExchangeLevel::Tpdu => Err(unfit(device, "exchanges TPDUs of T=1")),
        ExchangeLevel::Character => Err(unfit(device, "exchanges single characters")),
        ExchangeLevel::Other(_) => Err(unfit(device, "names no exchange level of the class")),
    }
}

fn unfit(device: &Device, why: &str) -> LinkError {
    LinkError::Missing {
        what: format!("USB device {} {why}", device.info),
        remedy: "use it through PC/SC, whose driver may know it".into(),
    }
}

impl Link for IccdTerminal {
    fn now(&self) -> Time {
        self.clock.now()
    }

    /// The card loses its power; one that was plugged in again since the last session is opened again.
    fn begin(&mut self, _opening: &Opening) -> Result<(), LinkError> {
        self.mailbox.forget()?;
        self.failure = None;
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
                let outcome = self.run(Task::PowerOff)?;
                self.take(outcome)
            }
            Signal::Command(apdu) => {
                let outcome = self.run(Task::Exchange(apdu))?;
                self.take(outcome)
            }
            other => Err(LinkError::Unsupported(other.name())),
        }
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        self.mailbox.recv(until, &self.clock)
    }

    /// A card whose answer is none counts as one that has not answered; why it is none is told here.
    fn last_words(&self) -> LastWords {
        let told = self.failure.iter().map(|failure| format!("an exchange over ICCD has failed: {failure}")).collect();
        LastWords { told, killed: false }
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
}
