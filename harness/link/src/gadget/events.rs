//! The threads that wait for the kernel.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use dmsc_usb::functionfs::Event;
use dmsc_usb::iccd::control::Setup;
use dmsc_usb::iccd::notice::Notice;
use dmsc_usb::power;

use super::config::PowerAnswers;
use super::device::Bus;
use super::functionfs::{Control, is_passing};
use super::shared::{Shared, State, Transfer};

/// The first message of the interrupt endpoint.
const PRESENT: Notice = Notice::SlotChange { present: true, changed: true };

/// How long after an error on an endpoint the device is told to be disabled, if that is why.
const AFTERMATH: Duration = Duration::from_secs(1);

/// What happens to the device, and its control requests. Ends when the device is taken from its controller.
pub(super) struct Events {
    pub(super) control: Control,
    pub(super) bus: Bus,
    pub(super) shared: Arc<Shared>,
    pub(super) power: PowerAnswers,
    pub(super) hold: Duration,
    /// How long the terminal may stay away.
    pub(super) absence: Duration,
}

impl Events {
    pub(super) fn run(mut self) {
        let ended = self.serve();
        self.shared.end(&ended);
    }

    /// Gives why it ended.
    fn serve(&mut self) -> String {
        // Until when a terminal that left is waited for.
        let mut away: Option<Instant> = None;
        loop {
            let limit = away.map(|until| until.saturating_duration_since(Instant::now()));
            match self.control.event(limit) {
                Ok(Some(Event::Bind)) => self.shared.change(|state| state.bound = true),
                Ok(Some(Event::Unbind)) => {
                    away = None;
                    if !self.unbound() {
                        return "the USB gadget was taken from its controller by somebody else".into();
                    }
                }
                Ok(Some(Event::Enable)) => {
                    away = None;
                    self.enabled();
                }
                Ok(Some(Event::Disable)) => away = self.disabled(),
                Ok(Some(Event::Suspend)) => self.shared.change(|state| state.observed.suspended += 1),
                Ok(Some(Event::Setup(setup))) if setup.is_in() => self.give(&setup),
                Ok(Some(Event::Setup(setup))) => self.take(&setup),
                Ok(Some(Event::Resume | Event::Other(_))) => {}
                Ok(None) => {
                    let text = "the terminal has left the USB card and did not come back; check cable and terminal";
                    self.shared.poster.gone(text);
                    away = None;
                }
                Err(cause) if is_passing(&cause) => {}
                Err(cause) => return format!("the USB gadget has failed: {cause}"),
            }
        }
    }

    /// Of events that were not read yet, the kernel keeps the latest only: what it means is all that came before.
    fn enabled(&self) {
        let packet = self.bus.bulk_packet();
        self.shared.change(|state| {
            state.card.lose_power();
            state.bound = true;
            (state.enabled, state.packet) = (true, packet);
            state.epoch += 1;
            state.observed.configured += 1;
            state.card.set_packet(packet);
        });
    }

    fn disabled(&self) -> Option<Instant> {
        let unexpected = self.shared.change(|state| {
            state.enabled = false;
            state.card.lose_power();
            !state.expected
        });
        unexpected.then(|| Instant::now() + self.absence)
    }

    /// Gives whether the device is to be bound again.
    fn unbound(&self) -> bool {
        self.shared.change(|state| {
            (state.bound, state.enabled) = (false, false);
            state.card.lose_power();
            state.expected && !state.removing
        })
    }

    /// A request that the host gives up meanwhile is answered into the void; the newer one comes as an event.
    fn take(&mut self, setup: &Setup) {
        let gives_power = (setup.request_type, setup.request) == (power::TO_CARD, power::WRITE);
        let taken = if gives_power {
            self.power.takes && setup.length == 2
        } else {
            self.shared.change(|state| state.card.takes(setup))
        };
        if !taken {
            return self.stall(setup);
        }
        let Ok(data) = self.control.receive(setup) else { return };
        self.shared.change(|state| match <[u8; 2]>::try_from(data.as_slice()) {
            Ok(given) if gives_power => state.observed.power_written = Some(given),
            _ => state.card.control_out(setup, &data),
        });
    }

    fn give(&mut self, setup: &Setup) {
        let (shared, power) = (&self.shared, &self.power);
        let data = match (setup.request_type, setup.request) {
            (power::FROM_CARD, power::READ) => shared.change(|state| {
                state.observed.power_read += 1;
                power.offer.map(|offer| offer.encode().to_vec())
            }),
            (power::FROM_CARD, power::RESUME) => shared.change(|state| {
                state.observed.resume_read += 1;
                power.resume.map(|octets| octets.to_vec())
            }),
            _ => {
                // The player is mostly done in no time; asking again takes the terminal longer than waiting here.
                shared.wait(Some(self.hold), |state| !state.card.waits());
                shared.change(|state| state.card.control_in(setup))
            }
        };
        match data {
            Some(mut data) => {
                data.truncate(usize::from(setup.length));
                let _ = self.control.send(&data);
            }
            None => self.stall(setup),
        }
    }

    fn stall(&mut self, setup: &Setup) {
        self.shared.change(|state| state.observed.stalled += 1);
        self.control.stall(setup);
    }
}

/// Reads the bulk endpoint from the host.
pub(super) fn read_bulk(shared: &Shared, mut endpoint: File) {
    let mut epoch = 0;
    while shared.wait_enabled(&mut epoch) {
        let Err(cause) = read_while_enabled(shared, &mut endpoint);
        if !over(shared, epoch) {
            shared.poster.gone(format!("the USB gadget cannot read its bulk endpoint: {cause}"));
        }
    }
}

fn read_while_enabled(shared: &Shared, endpoint: &mut File) -> io::Result<Infallible> {
    loop {
        let mut octets = vec![0; shared.change(|state| state.card.bulk_want())];
        match endpoint.read(&mut octets) {
            Ok(length) => {
                octets.truncate(length);
                shared.change(|state| state.card.bulk_out(&octets));
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
}

/// Whether an error on an endpoint is because of what the events tell, or are about to tell.
fn over(shared: &Shared, epoch: u64) -> bool {
    shared.wait(Some(AFTERMATH), |state| state.ended || !state.enabled || state.epoch != epoch)
}

/// Writes to the bulk endpoint to the host. An error means that the host has gone, which the events tell.
pub(super) fn write_bulk(shared: &Shared, mut endpoint: File, queue: &Receiver<Transfer>, empty: bool) {
    while let Ok(Transfer { epoch, octets }) = queue.recv() {
        // What was meant for a configuration that is no more is nothing to the next.
        let (ended, current, packet) =
            shared.change(|state| (state.ended, state.enabled && state.epoch == epoch, state.packet));
        if ended {
            return;
        }
        if current && write(&mut endpoint, &octets).is_ok() && empty && octets.len().is_multiple_of(packet.max(1)) {
            let _ = write(&mut endpoint, &[]);
        }
    }
}

fn write(endpoint: &mut File, octets: &[u8]) -> io::Result<()> {
    loop {
        match endpoint.write(octets) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map(drop),
        }
    }
}

/// Tells the host that a card is there, as often as it sets the configuration, and then what else is to be told. A card
/// that is taken out has lost its power.
pub(super) fn notify(shared: &Shared, mut endpoint: File, notices: &[(Duration, Notice)]) {
    let mut epoch = 0;
    while shared.wait_enabled(&mut epoch) {
        let first = [(Duration::ZERO, PRESENT)];
        for (after, notice) in first.iter().chain(notices) {
            if shared.wait(Some(*after), |state| state.ended || !state.enabled || state.epoch != epoch) {
                break;
            }
            if matches!(notice, Notice::SlotChange { present: false, .. }) {
                shared.change(|state| state.card.lose_power());
            }
            // A host that does not read it needs no notice.
            let _ = write(&mut endpoint, &notice.encode());
        }
    }
}

/// Asks the host for more time as long as the player thinks.
pub(super) fn extend(shared: &Shared, extension: Duration) {
    loop {
        shared.wait(None, |state| state.ended || state.card.waits());
        let (ended, asked) = shared.change(|state| (state.ended, state.asked));
        if ended {
            return;
        }
        let answered = |state: &State| state.ended || !state.card.waits() || state.asked != asked;
        if !shared.wait(Some(extension), answered) {
            shared.change(|state| state.card.more_time());
        }
    }
}
