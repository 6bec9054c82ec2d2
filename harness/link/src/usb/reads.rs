//! Reads of several endpoints at once, handed out in the order in which they ended.
//!
//! A device that speaks by itself on more than one endpoint cannot be read with a thread for each: which of two reads
//! ended first would be up to the scheduler. Nor should it ever find nobody reading. libusb does both, by transfers that
//! are begun ahead; rusb offers them only in its raw bindings.
#![allow(unsafe_code, reason = "transfers that are begun ahead are not part of rusb's safe face")]

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dmsc_usb::descriptor::{Endpoint, Transfer};
use rusb::constants::{
    LIBUSB_ERROR_INTERRUPTED, LIBUSB_TRANSFER_COMPLETED, LIBUSB_TRANSFER_NO_DEVICE, LIBUSB_TRANSFER_STALL,
    LIBUSB_TRANSFER_TYPE_BULK, LIBUSB_TRANSFER_TYPE_INTERRUPT,
};
use rusb::ffi::{
    libusb_alloc_transfer, libusb_cancel_transfer, libusb_free_transfer, libusb_handle_events_completed,
    libusb_submit_transfer, libusb_transfer,
};
use rusb::{Context, DeviceHandle, UsbContext};

use super::device::TransferError;
use super::info::DeviceInfo;

/// How long cancelled reads may take to end.
const CANCEL_LIMIT: Duration = Duration::from_secs(1);

/// Reads that are under way. Dropping this cancels them.
pub(super) struct Reads<'a> {
    handle: &'a DeviceHandle<Context>,
    info: &'a DeviceInfo,
    reads: Vec<Read>,
    ended: Arc<Ended>,
}

/// One read: begun, ended and handed out again and again.
struct Read {
    transfer: NonNull<libusb_transfer>,
    endpoint: Endpoint,
    buffer: Box<[u8]>,
    note: Box<Note>,
    under_way: bool,
}

/// What the callback is told.
struct Note {
    read: usize,
    ended: Arc<Ended>,
}

/// The reads that have ended.
#[derive(Debug, Default)]
struct Ended {
    /// Which, in that order.
    order: Mutex<VecDeque<usize>>,
    /// Not 0 when there may be one that was not looked for yet. Another thread that writes handles events, too: between
    /// a look and a wait it may have been told of a read that the wait would then wait for in vain.
    any: AtomicI32,
}

impl Ended {
    fn push(&self, read: usize) {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).push_back(read);
        self.any.store(1, Ordering::Release);
    }

    fn pop(&self) -> Option<usize> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Called by libusb in whichever thread handles its events, in the order in which the system hands reads back.
extern "system" fn ended(transfer: *mut libusb_transfer) {
    // SAFETY: libusb calls this once for each time that `Reads` has submitted the transfer. Neither the transfer nor its
    // note is freed or moved before that (`Drop` below), and nothing else touches them meanwhile but by shared reference.
    let note = unsafe { &*(*transfer).user_data.cast::<Note>() };
    note.ended.push(note.read);
}

impl<'a> Reads<'a> {
    /// Begins reads of one packet each: `count` of them on each of these endpoints, which are bulk or interrupt
    /// endpoints to the host.
    pub(super) fn begin(
        handle: &'a DeviceHandle<Context>,
        info: &'a DeviceInfo,
        endpoints: &[(Endpoint, usize)],
    ) -> Result<Reads<'a>, TransferError> {
        let mut reads = Reads { handle, info, reads: Vec::new(), ended: Arc::default() };
        for (endpoint, count) in endpoints {
            for _ in 0..*count {
                reads.add(*endpoint)?;
            }
        }
        Ok(reads)
    }

    fn add(&mut self, endpoint: Endpoint) -> Result<(), TransferError> {
        // SAFETY: it asks for memory, and tells by a null pointer that there is none.
        let transfer = NonNull::new(unsafe { libusb_alloc_transfer(0) });
        let transfer = transfer.ok_or_else(|| TransferError::Gone("there is no memory for USB transfers".into()))?;
        let number = self.reads.len();
        self.reads.push(Read {
            transfer,
            endpoint,
            buffer: vec![0; usize::from(endpoint.packet.max(1))].into_boxed_slice(),
            note: Box::new(Note { read: number, ended: Arc::clone(&self.ended) }),
            under_way: false,
        });
        self.submit(number)
    }

    fn submit(&mut self, number: usize) -> Result<(), TransferError> {
        let Some(read) = self.reads.get_mut(number) else { return Ok(()) };
        // SAFETY: the transfer is ours and not under way, so that nobody else uses it. What it points to, the device
        // handle, the buffer and the note, lives as long as it is under way.
        let code = unsafe {
            let transfer = read.transfer.as_mut();
            transfer.dev_handle = self.handle.as_raw();
            transfer.endpoint = read.endpoint.address;
            transfer.transfer_type = match read.endpoint.transfer {
                Transfer::Interrupt => LIBUSB_TRANSFER_TYPE_INTERRUPT,
                _ => LIBUSB_TRANSFER_TYPE_BULK,
            };
            transfer.timeout = 0;
            transfer.buffer = read.buffer.as_mut_ptr();
            transfer.length = i32::try_from(read.buffer.len()).unwrap_or(i32::MAX);
            transfer.user_data = (&raw const *read.note).cast_mut().cast();
            transfer.callback = ended;
            libusb_submit_transfer(transfer)
        };
        read.under_way = code == 0;
        match code {
            0 => Ok(()),
            _ => Err(TransferError::Gone(format!("USB device {} cannot be read any more", self.info))),
        }
    }

    /// The next read that has ended, with what it brought; waits for one, but at most a minute, and no longer than until
    /// the handling of events is interrupted.
    pub(super) fn next(&mut self) -> Result<Option<(Endpoint, Vec<u8>)>, TransferError> {
        let Some(number) = self.wait()? else { return Ok(None) };
        let Some(read) = self.reads.get_mut(number) else { return Ok(None) };
        read.under_way = false;
        // SAFETY: the transfer has ended, so that only we use it.
        let (status, length) = unsafe {
            let transfer = read.transfer.as_ref();
            (transfer.status, usize::try_from(transfer.actual_length).unwrap_or_default())
        };
        match status {
            LIBUSB_TRANSFER_COMPLETED => {
                let brought = (read.endpoint, read.buffer.get(..length).unwrap_or_default().to_vec());
                self.submit(number)?;
                Ok(Some(brought))
            }
            LIBUSB_TRANSFER_STALL => Err(TransferError::Stalled),
            LIBUSB_TRANSFER_NO_DEVICE => Err(TransferError::Gone(format!("USB device {} was unplugged", self.info))),
            _ => Err(TransferError::Gone(format!("USB device {} does not answer any more", self.info))),
        }
    }

    fn wait(&mut self) -> Result<Option<usize>, TransferError> {
        self.ended.any.store(0, Ordering::Release);
        if let Some(number) = self.ended.pop() {
            return Ok(Some(number));
        }
        // SAFETY: the context is that of an open handle, and the number is there as long as this runs. libusb looks at it
        // under the lock under which it calls the callback that sets it.
        let code = unsafe { libusb_handle_events_completed(self.handle.context().as_raw(), self.ended.any.as_ptr()) };
        match code {
            0 | LIBUSB_ERROR_INTERRUPTED => Ok(self.ended.pop()),
            _ => Err(TransferError::Gone("USB events cannot be waited for any more".into())),
        }
    }
}

impl Drop for Reads<'_> {
    fn drop(&mut self) {
        for read in self.reads.iter().filter(|read| read.under_way) {
            // SAFETY: the transfer is ours and was submitted; one that has ended meanwhile is left as it is.
            unsafe { libusb_cancel_transfer(read.transfer.as_ptr()) };
        }
        let until = Instant::now() + CANCEL_LIMIT;
        while self.reads.iter().any(|read| read.under_way) && Instant::now() < until {
            // What was cancelled ends at once, so this waits for nothing else.
            if let Ok(Some(number)) = self.wait()
                && let Some(read) = self.reads.get_mut(number)
            {
                read.under_way = false;
            }
        }
        for read in self.reads.drain(..) {
            if read.under_way {
                // The system may still write to it: better lost than freed.
                std::mem::forget(read);
            } else {
                // SAFETY: the transfer has ended, and nobody has it but us.
                unsafe { libusb_free_transfer(read.transfer.as_ptr()) };
            }
        }
    }
}
