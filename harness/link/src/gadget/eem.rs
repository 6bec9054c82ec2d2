//! The EEM interface of the card: alone, or beside that of ICCD.
//!
//! FunctionFS carries one transfer at a time in each direction for a program that waits for it. At full speed, which is
//! what a UICC has, a frame takes a millisecond and the turn between two of them a fraction of it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use dmsc_usb::eem::INTERFACE;
use dmsc_usb::functionfs::{self, Event, FunctionEndpoint};
use usb_gadget::function::Handle;

use super::config::GadgetConfig;
use super::device::{self, Bus, Device};
use super::functionfs::{Control, Files, Function, is_passing};
use super::iccd::GadgetCard;
use crate::LinkError;
use crate::eem::{Broken, Eem, EemConfig, FarEnd, MemoryPipe, OpenPipe, Pipe, WithStreams};
use crate::exhausted::start_thread;

/// Octets of a read: a multiple of every wMaxPacketSize, longer than any packet of EEM.
const READ_LENGTH: usize = 32 * 1024;

/// How long the kernel may take to tell that a device was removed.
const KERNEL_LIMIT: Duration = Duration::from_secs(2);

/// wMaxPacketSize until the bus has a speed, in octets.
const FULL_SPEED: NonZeroU16 = match NonZeroU16::new(64) {
    Some(octets) => octets,
    None => NonZeroU16::MIN,
};

/// What runs in a thread of its own.
type Run = Box<dyn FnOnce() + Send>;

/// An EEM interface that is to be part of a device.
pub(super) struct EemFunction {
    function: Function,
    far: FarEnd,
    returns: bool,
}

/// Its files, once the device is registered.
pub(super) struct EemFiles {
    control: Control,
    from_host: File,
    to_host: File,
    far: FarEnd,
    returns: bool,
}

impl EemFunction {
    /// A function whose transfers go through `far`; `returns` says whether a device that was taken from its controller
    /// may be given to it again.
    pub(super) fn new(far: FarEnd, returns: bool) -> EemFunction {
        let (class, subclass, protocol) = INTERFACE;
        let function = Function::new(functionfs::Function {
            class: [class, subclass, protocol],
            name: "EEM".into(),
            extra: Vec::new(),
            endpoints: vec![FunctionEndpoint::bulk(false), FunctionEndpoint::bulk(true)],
            device_requests: false,
        });
        EemFunction { function, far, returns }
    }

    pub(super) fn handle(&self) -> Handle {
        self.function.handle.clone()
    }

    /// Describes the interface to the kernel; the device must be registered and not attached yet.
    pub(super) fn open(self) -> Result<EemFiles, LinkError> {
        let refused = |cause| device::refused("described to the kernel", &cause);
        let Files { control, endpoints } = self.function.open().map_err(refused)?;
        let mut endpoints = endpoints.into_iter();
        match (endpoints.next(), endpoints.next()) {
            (Some(from_host), Some(to_host)) => {
                Ok(EemFiles { control, from_host, to_host, far: self.far, returns: self.returns })
            }
            _ => Err(refused(io::ErrorKind::NotFound.into())),
        }
    }
}

impl EemFiles {
    /// What is to be run while the device exists. It ends when the device is taken from its controller for good.
    pub(super) fn threads(self, bus: Bus) -> [Run; 3] {
        let EemFiles { control, from_host, to_host, far, returns } = self;
        let place = Arc::new(Place::default());
        let (reader, writer) = (Arc::clone(&place), Arc::clone(&place));
        let (reader_far, writer_far) = (far.clone(), far.clone());
        [
            Box::new(move || watch(control, &bus, &far, &place, returns)),
            Box::new(move || read(from_host, &reader_far, &reader)),
            Box::new(move || write(to_host, &writer_far, &writer)),
        ]
    }
}

/// Where the interface stands, for the threads of its endpoints.
#[derive(Default)]
struct Place {
    standing: Mutex<Standing>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct Standing {
    enabled: bool,
    /// Counts how often the configuration was set.
    epoch: u64,
    /// The device is no more.
    ended: bool,
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits for the configuration that follows `epoch`; `None` when there is none any more.
    fn wait_enabled(&self, epoch: u64) -> Option<u64> {
        let mut standing = self.lock();
        loop {
            if standing.ended {
                return None;
            }
            if standing.enabled && standing.epoch != epoch {
                return Some(standing.epoch);
            }
            standing = self.changed.wait(standing).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Follows what happens to the interface, which has no requests of its own.
fn watch(mut control: Control, bus: &Bus, far: &FarEnd, place: &Place, returns: bool) {
    loop {
        match control.event(None) {
            Ok(Some(Event::Enable)) => {
                let octets = u16::try_from(bus.bulk_packet()).ok().and_then(NonZeroU16::new);
                far.renew(octets.unwrap_or(FULL_SPEED));
                place.change(|standing| {
                    standing.enabled = true;
                    standing.epoch += 1;
                });
            }
            Ok(Some(Event::Disable)) => {
                place.change(|standing| standing.enabled = false);
                // Streams end with the terminal, not when they notice it.
                far.renew(FULL_SPEED);
            }
            Ok(Some(Event::Unbind)) if !returns || far.is_cut() => {
                far.cut(Broken("the USB gadget was taken from its controller by somebody else".into()));
                break;
            }
            Ok(Some(Event::Setup(setup))) => control.stall(&setup),
            Ok(_) => {}
            Err(cause) if is_passing(&cause) => {}
            Err(cause) => {
                far.cut(Broken(format!("the USB gadget has failed: {cause}")));
                break;
            }
        }
    }
    place.change(|standing| standing.ended = true);
}

/// Reads the endpoint from the host.
fn read(mut endpoint: File, far: &FarEnd, place: &Place) {
    let mut octets = vec![0; READ_LENGTH];
    let mut epoch = 0;
    while let Some(now) = place.wait_enabled(epoch) {
        epoch = now;
        let mut begun = Vec::new();
        // An error means that the host has gone, which the events tell.
        while let Ok(length) = again(|| endpoint.read(&mut octets)) {
            begun.extend_from_slice(octets.get(..length).unwrap_or_default());
            if length < READ_LENGTH {
                far.deliver(std::mem::take(&mut begun));
            }
        }
    }
}

/// Writes the endpoint to the host.
fn write(mut endpoint: File, far: &FarEnd, place: &Place) {
    while let Some(transfer) = far.take() {
        let Standing { enabled, ended, .. } = *place.lock();
        if ended {
            return;
        }
        if enabled {
            // What does not reach the host is lost, as on any wire.
            let _ = again(|| endpoint.write(&transfer));
        }
    }
}

fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// A card that has EEM and no ICCD: the device exists as long as the pipe does.
pub struct GadgetPipe {
    /// `None` once the pipe is being dropped.
    pipe: Option<MemoryPipe>,
    device: Device,
    threads: Vec<JoinHandle<()>>,
    /// Closes when the last thread has ended.
    over: Receiver<()>,
}

impl GadgetPipe {
    /// Makes the device and attaches it to the bus.
    ///
    /// # Errors
    /// [`LinkError::Missing`] without a device controller, without the rights to make gadgets, and on a kernel without
    /// FunctionFS.
    pub fn open(config: &GadgetConfig) -> Result<GadgetPipe, LinkError> {
        let (pipe, far) = MemoryPipe::to_threads(FULL_SPEED);
        let function = EemFunction::new(far, false);
        let mut device = Device::register(config, vec![function.handle()])?;
        let files = function.open()?;
        device.bind()?;
        let (alive, over) = channel();
        let spawn = |run: Run| {
            let alive = alive.clone();
            start_thread("endpoint", move || {
                run();
                drop(alive);
            })
        };
        let threads = files.threads(device.bus()).into_iter().map(spawn).collect::<Result<_, _>>()?;
        Ok(GadgetPipe { pipe: Some(pipe), device, threads, over })
    }
}

impl Pipe for GadgetPipe {
    fn max_packet_size(&self) -> NonZeroU16 {
        self.pipe.as_ref().map_or(FULL_SPEED, Pipe::max_packet_size)
    }

    fn generation(&self) -> u64 {
        self.pipe.as_ref().map_or(0, Pipe::generation)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<u8>, Broken>> {
        self.pipe.as_mut().map_or(Poll::Pending, |pipe| pipe.poll_read(context))
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.pipe.as_mut().map_or(Poll::Pending, |pipe| pipe.poll_ready(context))
    }

    fn write(&mut self, transfer: Vec<u8>) {
        if let Some(pipe) = &mut self.pipe {
            pipe.write(transfer);
        }
    }
}

impl Drop for GadgetPipe {
    fn drop(&mut self) {
        // Cut before the device is unbound: so the threads know that it is for good.
        self.pipe = None;
        self.device.unbind();
        if self.over.recv_timeout(KERNEL_LIMIT) == Err(RecvTimeoutError::Disconnected) {
            for thread in self.threads.drain(..) {
                // A thread that panicked has nothing left to say.
                let _ = thread.join();
            }
        }
        self.device.remove();
    }
}

impl Eem {
    /// Makes a USB card that has EEM and no ICCD.
    ///
    /// # Errors
    /// [`LinkError::Missing`] as [`GadgetPipe::open`], [`LinkError::Ip`] when the settings contradict each other.
    pub fn card(gadget: GadgetConfig, eem: EemConfig) -> Result<Eem, LinkError> {
        Eem::open(eem, Box::new(move || Ok(Box::new(GadgetPipe::open(&gadget)?))))
    }
}

/// The harness as a USB UICC: APDUs by ICCD and streams by EEM, two interfaces of one device.
pub type UsbCard = WithStreams<GadgetCard>;

impl UsbCard {
    /// Makes the device. It is attached to the bus when the first session begins.
    ///
    /// # Errors
    /// As [`GadgetCard::open`], and [`LinkError::Ip`] when the settings contradict each other.
    pub fn card(gadget: GadgetConfig, eem: EemConfig) -> Result<UsbCard, LinkError> {
        let (pipe, far) = MemoryPipe::to_threads(FULL_SPEED);
        let card = GadgetCard::with(gadget, Some(far))?;
        let mut pipe = Some(pipe);
        let open: OpenPipe = Box::new(move || match pipe.take() {
            Some(pipe) => Ok(Box::new(pipe)),
            None => Err(LinkError::Gone { what: "the USB gadget was lost; open its link again".into() }),
        });
        WithStreams::open(card, eem, open)
    }
}
