//! A board of the SIMtrace2 family as a USB device, with a handset around it that a terminal plays: what proves the
//! driver of such boards. To the handset the DUT is the card, which the host plays.
//!
//! To the host it looks and behaves like a board as far as a host of the family cares: ids, class, endpoints, messages,
//! and the drawbacks of the firmware. It shows one slot, and cannot be loaded with another firmware.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dmsc_usb::descriptor::Transfer;
use dmsc_usb::functionfs::{Event, Function as Description, FunctionEndpoint};
use dmsc_usb::simtrace2::board::{CLASS, PACKET, VENDOR, VERSION_SUBCLASS};
use dmsc_usb::simtrace2::{Fault, Firmware, Generation, Mode};

use super::config::{GadgetBoardConfig, GadgetConfig, GadgetSpeed};
use super::device::{Device, refused};
use super::functionfs::{Control, Files, Function, is_passing};
use crate::exhausted::start_thread;
use crate::usb::simtrace2::handset::{Board, Endpoint, Handset};
use crate::{Capabilities, Link, LinkError, Opening, Poster, Signal, Time};

/// wMaxPacketSize of the endpoints at both speeds: a board has full speed only.
const PACKETS: [u16; 2] = [64, 64];

/// How long the kernel may take to tell that a device was unplugged or removed.
const KERNEL_LIMIT: Duration = Duration::from_secs(2);

/// The link to the card: that of a handset with the board in its slot.
#[derive(Debug)]
pub struct GadgetBoard {
    handset: Handset,
    board: Board,
    /// The interface that tells the version; it is there as long as its files are open.
    _version: Files,
    device: Device,
    bus: Arc<Bus>,
    threads: Vec<JoinHandle<()>>,
    /// Each thread has one; when the last has ended, `over` closes.
    alive: Option<Sender<()>>,
    over: Receiver<()>,
}

/// Where the device stands on the bus, for all threads.
#[derive(Debug, Default)]
struct Bus {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// How often the host has set the configuration.
    configured: u64,
    /// Whether it is set now.
    enabled: bool,
    /// The link itself has unplugged the device, and will plug it in again.
    pulled: bool,
    /// The device is no more.
    ended: bool,
    /// The link itself removes the device: that is no news.
    expected: bool,
}

impl GadgetBoard {
    /// Makes the device and attaches it to the bus.
    ///
    /// # Errors
    /// [`LinkError::Missing`] without a device controller, without the rights to make gadgets, and on a kernel without
    /// FunctionFS.
    pub fn open(config: GadgetBoardConfig) -> Result<GadgetBoard, LinkError> {
        let function = Function::new(description());
        let identity = GadgetConfig {
            udc: config.udc,
            vendor: VENDOR,
            product: config.board.product(),
            name: format!("{} bench", config.board.name()),
            serial: config.serial,
            speed: GadgetSpeed::Full,
            ..GadgetConfig::default()
        };
        let version = Function::new(version(config.firmware));
        let mut device = Device::register(&identity, vec![function.handle.clone(), version.handle.clone()])?;
        let Files { control, endpoints } = function.open().map_err(|cause| refused("described", &cause))?;
        let version = version.open().map_err(|cause| refused("described", &cause))?;
        let (handset, board) = Handset::new(config.board, config.firmware, Some(config.reset_hold));
        device.bind()?;
        let (alive, over) = channel();
        let (bus, threads, alive) = (Arc::default(), Vec::new(), Some(alive));
        let mut link = GadgetBoard { handset, board, _version: version, device, bus, threads, alive, over };
        link.spawn(move |bus, board| watch(control, bus, board))?;
        let mut endpoints = endpoints.into_iter();
        if let (Some(from_host), Some(bulk), Some(interrupt)) = (endpoints.next(), endpoints.next(), endpoints.next()) {
            link.spawn(move |bus, board| read(from_host, bus, board))?;
            link.spawn(move |bus, board| write(bulk, Endpoint::Bulk, bus, board))?;
            link.spawn(move |bus, board| write(interrupt, Endpoint::Interrupt, bus, board))?;
        }
        Ok(link)
    }

    /// Waits until the host has set the configuration, at most this long on the wall; gives whether it has.
    #[must_use]
    pub fn wait_configured(&self, limit: Duration) -> bool {
        self.bus.wait(Some(limit), |state| state.enabled).enabled
    }

    /// Unplugs the board; it loses its power, and the handset its card.
    pub fn pull(&mut self) {
        self.bus.change(|state| state.pulled = true);
        self.device.unbind();
        self.bus.wait(Some(KERNEL_LIMIT), |state| !state.enabled);
        self.board.restart();
    }

    /// Plugs the board in again.
    ///
    /// # Errors
    /// [`LinkError::Missing`] when the device controller does not take it any more.
    pub fn plug(&mut self) -> Result<(), LinkError> {
        self.device.bind()?;
        self.bus.change(|state| state.pulled = false);
        Ok(())
    }

    /// What the card did since the session began that T=0 does not allow.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.handset.faults()
    }

    /// How often the card has asked for more time.
    #[must_use]
    pub fn nulls(&self) -> usize {
        self.handset.nulls()
    }

    /// How often the host has reset the modem; each time the card lost its power.
    #[must_use]
    pub fn modem_resets(&self) -> usize {
        self.handset.modem_resets()
    }

    fn spawn(&mut self, run: impl FnOnce(&Bus, &Board) + Send + 'static) -> Result<(), LinkError> {
        let (bus, board, alive) = (Arc::clone(&self.bus), self.board.clone(), self.alive.clone());
        self.threads.push(start_thread("endpoint", move || {
            run(&bus, &board);
            drop(alive);
        })?);
        Ok(())
    }
}

/// The interface whose name is the version of the firmware. Boards have it in a configuration of its own.
fn version(generation: Generation) -> Description {
    let name = match generation {
        Generation::UpTo091 => "0.9.1",
        Generation::After091 => "0.10.0",
    };
    Description {
        class: [CLASS, VERSION_SUBCLASS, 0],
        name: name.into(),
        extra: Vec::new(),
        endpoints: Vec::new(),
        device_requests: false,
    }
}

/// The interface as the kernel is told of it.
fn description() -> Description {
    let endpoint = |to_host, transfer, interval| FunctionEndpoint { to_host, transfer, packet: PACKETS, interval };
    Description {
        class: [CLASS, Mode::CardEmulation.subclass(), 0],
        name: "CardEmulator Modem 1".into(),
        extra: Vec::new(),
        endpoints: vec![
            endpoint(false, Transfer::Bulk, 0),
            endpoint(true, Transfer::Bulk, 0),
            endpoint(true, Transfer::Interrupt, 1),
        ],
        device_requests: false,
    }
}

impl Bus {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until something holds or the device is no more, at most this long where a limit is given; gives how things
    /// stand then.
    fn wait(&self, limit: Option<Duration>, holds: impl Fn(&State) -> bool) -> State {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut state = self.state();
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if holds(&state) || state.ended || left.is_some_and(|left| left.is_zero()) {
                return *state;
            }
            state = match left {
                Some(left) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// What happens to the device. Ends when it is taken from its controller.
fn watch(mut control: Control, bus: &Bus, board: &Board) {
    let ended = loop {
        match control.event(None) {
            Ok(Some(Event::Enable)) => bus.change(|state| {
                state.enabled = true;
                state.configured += 1;
            }),
            Ok(Some(Event::Disable)) => bus.change(|state| state.enabled = false),
            Ok(Some(Event::Unbind)) if bus.state().pulled => bus.change(|state| state.enabled = false),
            Ok(Some(Event::Unbind)) => break "the USB gadget was taken from its controller by somebody else".into(),
            // The interface has no requests of its own.
            Ok(Some(Event::Setup(setup))) => control.stall(&setup),
            Ok(_) => {}
            Err(cause) if is_passing(&cause) => {}
            Err(cause) => break format!("the USB gadget has failed: {cause}"),
        }
    };
    if !bus.state().expected {
        board.lose(&ended);
    }
    bus.change(|state| (state.ended, state.enabled) = (true, false));
    board.close();
}

/// Reads what the host sends, packet by packet: the firmware goes by short packets.
fn read(mut endpoint: File, bus: &Bus, board: &Board) {
    let mut seen = 0;
    loop {
        let state = bus.wait(None, |state| state.enabled && state.configured != seen);
        if state.ended {
            return;
        }
        seen = state.configured;
        let mut packet = [0; PACKET];
        loop {
            match endpoint.read(&mut packet) {
                Ok(length) => board.take(packet.get(..length).unwrap_or_default(), PACKET),
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                // The configuration is no more, which the events tell.
                Err(_) => break,
            }
        }
    }
}

/// Writes what the board says, a message after the other. One of just one packet is followed by an empty one, as the
/// firmware does it; a host that reads more than a packet at a time would wait for more otherwise.
fn write(mut endpoint: File, which: Endpoint, bus: &Bus, board: &Board) {
    while let Some((_, message)) = board.next(&[which], &|| false) {
        if !bus.wait(None, |state| state.enabled).ended {
            let empty = Firmware::packets(&message).find(|packet| packet.is_empty());
            for transfer in [&message[..]].into_iter().chain(empty) {
                // A host that has gone meanwhile does not get it.
                let _ = write_all(&mut endpoint, transfer);
            }
        }
        board.fetched();
    }
}

fn write_all(endpoint: &mut File, message: &[u8]) -> io::Result<()> {
    loop {
        match endpoint.write(message) {
            Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
            done => return done.map(drop),
        }
    }
}

impl Link for GadgetBoard {
    fn now(&self) -> Time {
        self.handset.now()
    }

    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        self.handset.begin(opening)
    }

    fn poster(&self) -> Option<Poster> {
        self.handset.poster()
    }

    fn capabilities(&self) -> Capabilities {
        self.handset.capabilities()
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        self.handset.send(signal)
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        self.handset.recv(until)
    }
}

impl Drop for GadgetBoard {
    fn drop(&mut self) {
        self.bus.change(|state| (state.expected, state.pulled) = (true, false));
        self.device.unbind();
        self.board.close();
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
