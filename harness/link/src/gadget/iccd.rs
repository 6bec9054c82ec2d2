//! The card by ICCD: the DUT is the terminal.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use dmsc_usb::descriptor::{ClassDescriptor, Variant};
use dmsc_usb::functionfs::{self, FunctionEndpoint};
use dmsc_usb::iccd::card::{Card, CardConfig};

use super::config::{GadgetConfig, IccdFunction};
use super::device::{self, Device};
use super::eem::{EemFiles, EemFunction};
use super::events::{Events, extend, notify, read_bulk, write_bulk};
use super::functionfs::{Files, Function};
use super::shared::{Observed, Shared, Transfer};
use crate::eem::FarEnd;
use crate::exhausted::start_thread;
use crate::{Capabilities, Clock, Link, LinkError, Mailbox, Opening, Poster, Signal, Time};

/// How long the kernel may take to tell that a device was unplugged or removed.
const KERNEL_LIMIT: Duration = Duration::from_secs(2);

/// bInterval of the interrupt endpoint: 10 ms at full speed, 64 ms at high speed.
const INTERRUPT_INTERVAL: u8 = 10;

/// The link to the terminal.
pub struct GadgetCard {
    config: GadgetConfig,
    clock: Clock,
    mailbox: Mailbox,
    shared: Arc<Shared>,
    device: Device,
    /// What the threads are made of when the device is attached.
    idle: Option<Idle>,
    threads: Vec<JoinHandle<()>>,
    /// Each thread has one; when the last has ended, `over` closes.
    alive: Option<Sender<()>>,
    over: Receiver<()>,
}

struct Idle {
    files: Files,
    queue: Receiver<Transfer>,
    beside: Option<EemFiles>,
}

impl GadgetCard {
    /// Makes the device. It is attached to the bus when the first session begins.
    ///
    /// # Errors
    /// [`LinkError::Missing`] without a device controller, without the rights to make gadgets, and on a kernel without
    /// FunctionFS.
    pub fn open(config: GadgetConfig) -> Result<GadgetCard, LinkError> {
        GadgetCard::with(config, None)
    }

    /// Makes the device with an EEM interface beside that of ICCD, whose transfers go through `eem`.
    pub(super) fn with(config: GadgetConfig, eem: Option<FarEnd>) -> Result<GadgetCard, LinkError> {
        let iccd = Function::new(describe(&config.iccd));
        let beside = eem.map(|far| EemFunction::new(far, true));
        let mut handles = vec![iccd.handle.clone()];
        if let Some(beside) = &beside {
            handles.insert(if config.eem_first { 0 } else { 1 }, beside.handle());
        }
        let device = Device::register(&config, handles)?;
        let files = iccd.open().map_err(|cause| device::refused("described to the kernel", &cause))?;
        let beside = beside.map(EemFunction::open).transpose()?;
        let (to_host, queue) = channel();
        let mailbox = Mailbox::default();
        let shared = Arc::new(Shared::new(card(&config.iccd, &[]), mailbox.poster(), to_host));
        let idle = Some(Idle { files, queue, beside });
        let clock = Clock::new();
        let (alive, over) = channel();
        let (alive, threads) = (Some(alive), Vec::new());
        Ok(GadgetCard { config, clock, mailbox, shared, device, idle, threads, alive, over })
    }

    /// What the terminal did with the device, beside what the player sees.
    #[must_use]
    pub fn observed(&self) -> Observed {
        self.shared.change(|state| state.observed)
    }

    /// Waits until the terminal has set the configuration, at most this long on the wall; gives whether it has.
    #[must_use]
    pub fn wait_configured(&self, limit: Duration) -> bool {
        self.shared.wait(Some(limit), |state| state.enabled)
    }

    fn attach(&mut self) -> Result<(), LinkError> {
        self.device.bind()?;
        let Some(Idle { files, queue, beside }) = self.idle.take() else { return Ok(()) };
        if let Some(beside) = beside {
            for run in beside.threads(self.device.bus()) {
                self.spawn(|_| run())?;
            }
        }
        let events = Events {
            control: files.control,
            bus: self.device.bus(),
            shared: Arc::clone(&self.shared),
            power: self.config.power.clone(),
            hold: self.config.iccd.hold,
            absence: self.config.absence,
        };
        self.spawn(|_| events.run())?;
        let mut endpoints = files.endpoints.into_iter();
        if self.config.iccd.variant == Variant::Bulk
            && let (Some(from_host), Some(to_host)) = (endpoints.next(), endpoints.next())
        {
            let (extension, empty) = (self.config.iccd.extension, self.config.iccd.zero_length_packets);
            self.spawn(move |shared| read_bulk(shared, from_host))?;
            self.spawn(move |shared| write_bulk(shared, to_host, &queue, empty))?;
            self.spawn(move |shared| extend(shared, extension))?;
        }
        if let Some(interrupt) = endpoints.next() {
            let notices = self.config.iccd.notices.clone();
            self.spawn(move |shared| notify(shared, interrupt, &notices))?;
        }
        Ok(())
    }

    fn spawn(&mut self, run: impl FnOnce(&Shared) + Send + 'static) -> Result<(), LinkError> {
        let (alive, shared) = (self.alive.clone(), Arc::clone(&self.shared));
        self.threads.push(start_thread("endpoint", move || {
            run(&shared);
            drop(alive);
        })?);
        Ok(())
    }

    /// Unplugs the card, makes a new one, and plugs that in.
    fn reattach(&mut self, atr: &[u8]) -> Result<(), LinkError> {
        self.shared.change(|state| state.expected = true);
        self.device.unbind();
        self.shared.wait(Some(KERNEL_LIMIT), |state| !state.bound);
        // The host has to see it gone before it can come back.
        std::thread::sleep(self.config.detached_for);
        self.renew(atr);
        self.mailbox.forget()?;
        self.shared.change(|state| state.expected = false);
        self.device.bind()
    }

    fn renew(&self, atr: &[u8]) {
        self.shared.change(|state| state.card = card(&self.config.iccd, atr));
    }
}

fn card(function: &IccdFunction, atr: &[u8]) -> Card {
    let class = function.descriptor.clone().unwrap_or_else(|| ClassDescriptor::of(function.variant));
    let config = CardConfig {
        variant: function.variant,
        class,
        packet: 64,
        part: function.part,
        delay: function.delay,
        quirks: function.quirks.clone(),
    };
    Card::new(config, atr)
}

/// The function as the kernel is told of it. The bulk endpoints come first.
fn describe(function: &IccdFunction) -> functionfs::Function {
    let mut endpoints = Vec::new();
    if function.variant == Variant::Bulk {
        endpoints.extend([FunctionEndpoint::bulk(false), FunctionEndpoint::bulk(true)]);
    }
    if function.interrupt {
        endpoints.push(FunctionEndpoint::interrupt(INTERRUPT_INTERVAL));
    }
    functionfs::Function {
        class: function.class.unwrap_or([0x0B, 0x00, function.variant.protocol()]),
        name: "UICC".into(),
        extra: function.descriptor.iter().map(|descriptor| descriptor.encode().to_vec()).collect(),
        endpoints,
        // Power is negotiated with the device, not with an interface, and may be before the configuration is set.
        device_requests: true,
    }
}

impl Link for GadgetCard {
    fn now(&self) -> Time {
        self.clock.now()
    }

    /// The card is new and without power. It is plugged in the first time, and unplugged before each other session
    /// where the configuration asks for it.
    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        self.mailbox.forget()?;
        if !self.device.is_bound() {
            self.renew(&opening.atr);
            self.attach()?;
        } else if self.config.reattach {
            self.reattach(&opening.atr)?;
        } else {
            self.renew(&opening.atr);
            self.mailbox.forget()?;
        }
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
            Signal::Atr(atr) => self.shared.change(|state| state.card.atr(&atr)),
            Signal::Response(response) => self.shared.change(|state| {
                if !state.card.response(&response) {
                    state.observed.dropped += 1;
                }
            }),
            other => return Err(LinkError::Unsupported(other.name())),
        }
        Ok(())
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        self.mailbox.recv(until, &self.clock)
    }
}

impl Drop for GadgetCard {
    fn drop(&mut self) {
        self.shared.change(|state| (state.expected, state.removing) = (true, true));
        self.device.unbind();
        // The thread of the events ends when it is told that the device is unbound, and the others after it. One that
        // the kernel does not let go is left behind rather than waited for.
        self.alive = None;
        if self.over.recv_timeout(KERNEL_LIMIT) == Err(RecvTimeoutError::Disconnected) {
            for thread in self.threads.drain(..) {
                // A thread that panicked has nothing left to say.
                let _ = thread.join();
            }
        }
        self.device.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_that_is_not_there_is_missing() {
        let config = GadgetConfig { udc: Some("no-such-controller".into()), ..GadgetConfig::default() };
        let error = GadgetCard::open(config).err().map(|error| error.to_string());
        let text = error.unwrap_or_default();
        assert!(text.starts_with("there is no USB device controller no-such-controller; "), "{text}");
    }

    #[test]
    fn the_kernel_is_told_what_the_configuration_says() {
        let bulk = describe(&IccdFunction::of(Variant::Bulk));
        assert_eq!((bulk.class, bulk.endpoints.len()), ([0x0B, 0x00, 0x00], 3));
        assert_eq!(bulk.extra[0].len(), 54);
        let bare = IccdFunction { interrupt: false, descriptor: None, ..IccdFunction::of(Variant::ControlB) };
        let bare = describe(&IccdFunction { class: Some([0x0B, 0x00, 0x07]), ..bare });
        assert_eq!((bare.class, bare.endpoints.len(), bare.extra.len()), ([0x0B, 0x00, 0x07], 0, 0));
    }
}
