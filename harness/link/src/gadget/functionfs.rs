//! A function of the device whose endpoints are this program's: files of FunctionFS.
//!
//! The files are opened for non-blocking use, which FunctionFS takes to mean that a transfer to an endpoint without a
//! configuration fails at once; a transfer that was begun still waits for the host.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use dmsc_usb::functionfs::{self, Event};
use dmsc_usb::iccd::control::Setup;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use usb_gadget::function::Handle;
use usb_gadget::function::custom::Custom;

/// A function that is to be part of a device.
pub(super) struct Function {
    function: functionfs::Function,
    custom: Custom,
    /// What the device is made with.
    pub(super) handle: Handle,
}

/// Its files, once the device is registered.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) control: Control,
    /// In the order in which they were described.
    pub(super) endpoints: Vec<File>,
}

impl Function {
    pub(super) fn new(function: functionfs::Function) -> Function {
        let mut builder = Custom::builder();
        // Only the mount is asked of usb-gadget: it leaves packet sizes at full speed to the kernel, which has none.
        builder.ffs_no_init = true;
        let (custom, handle) = builder.build();
        Function { function, custom, handle }
    }

    /// Describes the function to the kernel; the device must be registered and not attached yet.
    pub(super) fn open(mut self) -> io::Result<Files> {
        let folder = self.custom.ffs_dir()?;
        let mut control = File::options().read(true).write(true).open(folder.join("ep0"))?;
        for octets in [self.function.descriptors(), self.function.strings()] {
            if control.write(&octets)? != octets.len() {
                return Err(io::Error::other("FunctionFS did not take the descriptors"));
            }
        }
        let endpoints = (1..=self.function.endpoints.len()).map(|number| endpoint(&folder, number));
        Ok(Files { endpoints: endpoints.collect::<io::Result<_>>()?, control: Control(control) })
    }
}

fn endpoint(folder: &Path, number: usize) -> io::Result<File> {
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    File::options().read(true).write(true).custom_flags(flags).open(folder.join(format!("ep{number}")))
}

/// Endpoint 0: events, and the data of control requests.
#[derive(Debug)]
pub(super) struct Control(File);

impl Control {
    /// Waits for the next event, at most this long where a limit is given.
    pub(super) fn event(&mut self, limit: Option<Duration>) -> io::Result<Option<Event>> {
        if let Some(limit) = limit {
            let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
            if poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&limit))? == 0 {
                return Ok(None);
            }
        }
        let mut octets = [0; functionfs::EVENT];
        // The kernel gives whole events, as many as there is room for.
        self.0.read_exact(&mut octets)?;
        Ok(Some(Event::parse(&octets)))
    }

    /// Answers a request for data.
    pub(super) fn send(&mut self, data: &[u8]) -> io::Result<()> {
        self.0.write(data).map(drop)
    }

    /// Takes the data of a request, of which there may be none, and confirms it.
    pub(super) fn receive(&mut self, setup: &Setup) -> io::Result<Vec<u8>> {
        let mut data = vec![0; usize::from(setup.length)];
        let length = self.0.read(&mut data)?;
        data.truncate(length);
        Ok(data)
    }

    /// Stalls a request: by going at it in the wrong direction.
    pub(super) fn stall(&mut self, setup: &Setup) {
        // The kernel's answer is an error, and nothing else is expected of it.
        let _ = if setup.is_in() { self.0.read(&mut [0]) } else { self.0.write(&[0]) };
    }
}

/// Whether an error on endpoint 0 is of a request that the host has given up for a newer one, or of a signal.
pub(super) fn is_passing(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::Interrupted || cause.raw_os_error() == Some(Errno::IDRM.raw_os_error())
}
