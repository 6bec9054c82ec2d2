//! What a card's device says by itself, on its interrupt endpoint: that the card was taken out or is back, and that
//! something broke.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dmsc_usb::descriptor::Endpoint;
use dmsc_usb::iccd::notice::{HardwareError, Notice};

use super::device::Device;
use super::info::DeviceInfo;
use crate::{LinkError, Poster, is_interrupted, on_interrupt};

/// Reads that wait on the endpoint.
const READS: usize = 2;

/// What ends an exchange that is under way, and the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The card was taken out; whether it is back does not matter, it has lost its power.
    Removed,
    /// The hardware has failed.
    Hardware(HardwareError),
}

impl Trouble {
    /// The rig's fault either way.
    pub(super) fn error(self, device: &DeviceInfo) -> LinkError {
        match self {
            Trouble::Removed => LinkError::Gone {
                what: format!("USB device {device} says that its card was taken out (NotifySlotChange); put it back"),
            },
            Trouble::Hardware(code) => LinkError::Reader {
                what: format!("USB device {device} reports an error of its hardware (HardwareError {code})"),
                remedy: "unplug it, check card and cable, and try another device".into(),
            },
        }
    }
}

/// What was said since the session began.
#[derive(Debug, Default)]
pub(super) struct Notices {
    said: Mutex<Said>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Said {
    /// There is no card.
    absent: bool,
    /// The first trouble of the session.
    trouble: Option<Trouble>,
}

impl Notices {
    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message; gives whether it is trouble. What cannot be read is passed over.
    fn hear(&self, octets: &[u8]) -> bool {
        let mut said = self.lock();
        let trouble = match Notice::parse(octets) {
            Ok(Notice::SlotChange { present: true, .. }) => {
                said.absent = false;
                None
            }
            Ok(Notice::SlotChange { present: false, .. }) => {
                said.absent = true;
                Some(Trouble::Removed)
            }
            Ok(Notice::HardwareError { code, .. }) => Some(Trouble::Hardware(code)),
            Ok(Notice::Other(_)) | Err(_) => None,
        };
        said.trouble = said.trouble.or(trouble);
        drop(said);
        self.changed.notify_all();
        trouble.is_some()
    }

    /// The trouble there has been.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.lock().trouble
    }

    /// Waits this long, or until there is other trouble than is known.
    pub(super) fn pause(&self, time: Duration, known: Option<Trouble>) {
        let until = Instant::now() + time;
        let mut said = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || said.trouble != known {
                return;
            }
            said = self.changed.wait_timeout(said, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Forgets the trouble there has been; waits for a card that is out, at most this long. Gives whether there is one.
    pub(super) fn settle(self: &Arc<Notices>, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let waited_for = Arc::clone(self);
        let _waking = on_interrupt(move || {
            // Whoever has looked and does not wait yet would miss it.
            drop(waited_for.lock());
            waited_for.changed.notify_all();
        });
        let mut said = self.lock();
        while said.absent {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || is_interrupted() {
                return false;
            }
            said = self.changed.wait_timeout(said, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        said.trouble = None;
        true
    }
}

/// Reads the endpoint until it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    device: Arc<Device>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens from now on; `poster` is woken when there is trouble, so that nobody waits in vain.
    pub(super) fn start(device: &Arc<Device>, endpoint: Endpoint, notices: &Arc<Notices>, poster: Poster) -> Listener {
        let stop = Arc::new(AtomicBool::new(false));
        let (heard, source, told) = (Arc::clone(notices), Arc::clone(device), Arc::clone(&stop));
        let listen = move || {
            let Ok(mut reads) = source.reads(&[(endpoint, READS)]) else { return };
            while !told.load(Ordering::Acquire) {
                // That the device is gone shows in the next exchange.
                let Ok(message) = reads.next() else { return };
                if message.is_some_and(|(_, octets)| heard.hear(&octets)) {
                    poster.wake();
                }
            }
        };
        // Without the thread the card can be used all the same.
        let thread = std::thread::Builder::new().name("card notices".into()).spawn(listen).ok();
        Listener { device: Arc::clone(device), stop, thread }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.device.interrupt_reads();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::info::tests::info;
    use super::*;

    #[test]
    fn a_card_that_was_taken_out_is_trouble_until_a_session_finds_it_back() {
        let notices = Arc::new(Notices::default());
        assert!(!notices.hear(&[0x50, 0x03]));
        assert_eq!(notices.trouble(), None);
        assert!(notices.hear(&[0x50, 0x02]));
        assert!(!notices.settle(Duration::from_millis(10)), "it is still out");
        assert!(!notices.hear(&[0x50, 0x03]));
        // It is back, but the session has lost it.
        assert_eq!(notices.trouble(), Some(Trouble::Removed));
        assert!(notices.settle(Duration::ZERO));
        assert_eq!(notices.trouble(), None);
        let error = Trouble::Removed.error(&info());
        assert!(error.is_interruption() && error.to_string().contains("taken out (NotifySlotChange)"), "{error}");
    }

    #[test]
    fn a_card_that_comes_back_ends_the_wait_for_it() {
        let notices = Arc::new(Notices::default());
        notices.hear(&[0x50, 0x02]);
        let (waiting, began) = (Arc::clone(&notices), Instant::now());
        let waiter = std::thread::spawn(move || waiting.settle(Duration::from_secs(60)));
        notices.hear(&[0x50, 0x03]);
        assert!(waiter.join().unwrap());
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn an_error_of_the_hardware_is_told_with_its_code_and_ends_a_pause() {
        let notices = Arc::new(Notices::default());
        let (waiting, began) = (Arc::clone(&notices), Instant::now());
        let waiter = std::thread::spawn(move || waiting.pause(Duration::from_secs(60), None));
        assert!(notices.hear(&[0x51, 0x00, 0x07, 0x01]));
        // The first is the one that is told.
        assert!(notices.hear(&[0x50, 0x02]));
        waiter.join().unwrap();
        assert!(began.elapsed() < Duration::from_secs(30));
        let trouble = notices.trouble().unwrap();
        // What is known is no news.
        let began = Instant::now();
        notices.pause(Duration::from_millis(20), Some(trouble));
        assert!(began.elapsed() >= Duration::from_millis(20));
        assert_eq!(trouble, Trouble::Hardware(HardwareError(1)));
        let error = trouble.error(&info());
        assert!(!error.is_interruption(), "the same again would be no help");
        assert!(error.to_string().contains("(HardwareError 01, overcurrent); unplug it"), "{error}");
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let notices = Notices::default();
        for octets in [&[][..], &[0x50], &[0x51, 0, 0], &[0x52, 0x02]] {
            assert!(!notices.hear(octets));
        }
        assert_eq!(notices.trouble(), None);
    }
}
