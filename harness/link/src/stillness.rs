//! How long the whole program stood still: stopped by a signal, asleep with its machine, or without a processor on a
//! machine that is under too much load.
//!
//! A thread sets a mark every [`BEAT`]. Where the last mark is older than [`STILL`] nobody ran in between, whatever came
//! meanwhile lies unread, and no time in which anybody could have waited has passed: [`crate::Clock`] leaves it out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often the mark is set.
const BEAT: Duration = Duration::from_millis(50);
/// From when on a mark that is late means that nobody ran: threads of a busy machine are late by less.
const STILL: Duration = Duration::from_millis(250);

/// The marks of this process; `None` where no thread could be had to set them, so that nothing can be told.
fn marks() -> Option<&'static Marks> {
    static MARKS: OnceLock<Option<Marks>> = OnceLock::new();
    let marks = MARKS.get_or_init(|| {
        let beating = || loop {
            thread::sleep(BEAT);
            // Not there yet while whoever started this thread has not come to its end.
            if let Some(Some(marks)) = MARKS.get() {
                marks.set();
            }
        };
        thread::Builder::new().name("stillness".into()).spawn(beating).ok().map(|_| Marks::new(Instant::now()))
    });
    marks.as_ref()
}

/// How long this program has stood still since it began to look. What counts is by how much that grew.
pub fn stood_still() -> Duration {
    let stopped = marks().map(|marks| marks.read().1).unwrap_or_default();
    stopped.saturating_add(asleep())
}

/// A point in time, and how long the program had stood still by then.
pub(crate) fn now() -> (Instant, Duration) {
    marks().map_or_else(|| (Instant::now(), Duration::ZERO), Marks::read)
}

/// How long the machine has been asleep, which a monotonic clock leaves out by itself.
fn asleep() -> Duration {
    #[cfg(target_os = "linux")]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
        // Whole tenths, since the two are not read at once.
        let apart = time(ClockId::Boottime).saturating_sub(time(ClockId::Monotonic));
        Duration::from_millis(u64::try_from(apart.as_millis()).unwrap_or(u64::MAX) / 100 * 100)
    }
    #[cfg(not(target_os = "linux"))]
    Duration::ZERO
}

/// The marks, in microseconds.
#[derive(Debug)]
struct Marks {
    epoch: Instant,
    /// When the last was set.
    last: AtomicU64,
    /// How long the program stood still.
    stood: AtomicU64,
    /// Held by who finds that it did.
    finding: Mutex<()>,
}

impl Marks {
    fn new(epoch: Instant) -> Marks {
        Marks { epoch, last: AtomicU64::new(0), stood: AtomicU64::new(0), finding: Mutex::new(()) }
    }

    fn micros(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }

    fn is_late(&self, now: Instant) -> bool {
        u128::from(self.micros(now).saturating_sub(self.last.load(Ordering::SeqCst))) > STILL.as_micros()
    }

    fn set(&self) {
        let now = Instant::now();
        self.find(now);
        self.last.fetch_max(self.micros(now), Ordering::SeqCst);
    }

    /// Adds the time since the last mark where it is late.
    fn find(&self, now: Instant) {
        if !self.is_late(now) {
            return;
        }
        let _finding = self.finding.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have found it.
        if self.is_late(now) {
            let now = self.micros(now);
            let since = now.saturating_sub(self.last.load(Ordering::SeqCst));
            let beat = u64::try_from(BEAT.as_micros()).unwrap_or(u64::MAX);
            // In this order: who sees the new mark sees what was added for it.
            self.stood.fetch_add(since.saturating_sub(beat), Ordering::SeqCst);
            self.last.fetch_max(now, Ordering::SeqCst);
        }
    }

    /// The time, and what there was of standing still up to it and no further: who is stopped between the two begins anew.
    fn read(&self) -> (Instant, Duration) {
        loop {
            let before = self.stood.load(Ordering::SeqCst);
            let now = Instant::now();
            self.find(now);
            if self.stood.load(Ordering::SeqCst) == before {
                return (now, Duration::from_micros(before));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_a_mark_was_stood_still_and_counts_once() {
        let epoch = Instant::now();
        let marks = Marks::new(epoch);
        let after = |millis| epoch + Duration::from_millis(millis);
        marks.find(after(200));
        assert_eq!(marks.stood.load(Ordering::SeqCst), 0, "a thread that is a little late");
        marks.find(after(10_050));
        marks.find(after(10_051));
        assert_eq!(marks.stood.load(Ordering::SeqCst), 10_000_000);
        marks.find(after(10_000));
        assert_eq!(marks.stood.load(Ordering::SeqCst), 10_000_000, "whoever was late with its look");
        marks.find(after(11_100));
        assert_eq!(marks.stood.load(Ordering::SeqCst), 11_000_000);
    }

    #[test]
    fn while_somebody_runs_nobody_stands_still() {
        let (began, _) = now();
        thread::sleep(STILL + BEAT);
        assert!(now().0.duration_since(began) > STILL);
        assert!(marks().unwrap().last.load(Ordering::SeqCst) > 0);
    }
}
