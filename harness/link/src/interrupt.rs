//! That somebody wants this program to end. Whoever waits is woken, and whoever would go on looks first.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::LinkError;

type Wake = Arc<dyn Fn() + Send + Sync>;

static INTERRUPT: Interrupt = Interrupt::new();

/// Says that this program is to end, and wakes all that wait. It is for the program to come to an end then: what was
/// under way has shown nothing, and is not recorded as anything that a DUT did.
pub fn interrupt() {
    INTERRUPT.raise();
}

/// Whether [`interrupt`] was called.
pub fn is_interrupted() -> bool {
    INTERRUPT.is_raised()
}

/// Whether whoever waits may go on waiting.
///
/// # Errors
/// [`LinkError::Interrupted`] once [`interrupt`] was called.
pub(crate) fn check() -> Result<(), LinkError> {
    if is_interrupted() { Err(LinkError::Interrupted) } else { Ok(()) }
}

/// Has `wake` called when [`interrupt`] is, at once where it was already, until what is given back is dropped.
#[must_use]
pub fn on_interrupt(wake: impl Fn() + Send + Sync + 'static) -> Waking {
    INTERRUPT.add(Arc::new(wake))
}

/// Somebody who is woken by an interrupt.
pub struct Waking {
    of: &'static Interrupt,
    number: u64,
}

impl fmt::Debug for Waking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waking").field(&self.number).finish()
    }
}

impl Drop for Waking {
    fn drop(&mut self) {
        self.of.waiting().all.remove(&self.number);
    }
}

/// A descriptor that can be read once [`interrupt`] was called, for those who wait in poll(2).
#[cfg(unix)]
pub(crate) struct Bell {
    rung: std::os::unix::net::UnixStream,
    _waking: Waking,
}

#[cfg(unix)]
impl Bell {
    /// A bell, or none where the system has no descriptors left; then a wait ends at its time.
    pub(crate) fn hang() -> Option<Bell> {
        use std::io::Write as _;
        let (rung, ringer) = std::os::unix::net::UnixStream::pair().ok()?;
        // Nobody listens any more where it cannot be written to.
        let ring = move || drop((&ringer).write(&[1]));
        Some(Bell { rung, _waking: on_interrupt(ring) })
    }

    /// Waits until a descriptor can be read, at most for `limit`, or until the bell rings.
    pub(crate) fn wait_beside(bell: Option<&Bell>, readable: &impl std::os::fd::AsFd, limit: std::time::Duration) {
        use rustix::event::{PollFd, PollFlags, Timespec};
        let limit = Timespec::try_from(limit).ok();
        let mut polled = vec![PollFd::new(readable, PollFlags::IN)];
        polled.extend(bell.map(|bell| PollFd::new(&bell.rung, PollFlags::IN)));
        // A wait that the system ends early is one after which is looked again.
        let _ = rustix::event::poll(&mut polled, limit.as_ref());
    }
}

struct Interrupt {
    raised: AtomicBool,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    next: u64,
    all: BTreeMap<u64, Wake>,
}

impl Interrupt {
    const fn new() -> Interrupt {
        Interrupt { raised: AtomicBool::new(false), waiting: Mutex::new(Waiting { next: 0, all: BTreeMap::new() }) }
    }

    fn raise(&self) {
        // Under the lock, so that whoever comes later sees it, and whoever came before is woken.
        let waiting = self.waiting();
        self.raised.store(true, Ordering::SeqCst);
        let all: Vec<Wake> = waiting.all.values().cloned().collect();
        drop(waiting);
        all.iter().for_each(|wake| wake());
    }

    fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    fn add(&'static self, wake: Wake) -> Waking {
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next = number.wrapping_add(1);
        waiting.all.insert(number, Arc::clone(&wake));
        drop(waiting);
        if self.is_raised() {
            wake();
        }
        Waking { of: self, number }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // The map is whole between any two statements.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn those_who_wait_are_woken_once_and_those_who_come_later_at_once() {
        static ONE: Interrupt = Interrupt::new();
        let woken = Arc::new(AtomicU32::new(0));
        let wake = || -> Wake {
            let woken = Arc::clone(&woken);
            Arc::new(move || _ = woken.fetch_add(1, Ordering::SeqCst))
        };
        let (_stays, gone) = (ONE.add(wake()), ONE.add(wake()));
        drop(gone);
        assert!(!ONE.is_raised());
        ONE.raise();
        assert!(ONE.is_raised());
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        let _late = ONE.add(wake());
        assert_eq!(woken.load(Ordering::SeqCst), 2);
    }
}
