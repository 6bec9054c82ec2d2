//! A limit on calls into libpcsclite, which has none of its own: a silent card or a stopped pcscd would hold the
//! caller for ever.
//!
//! A thread sleeps until the deadline of the call that is under way, and shuts the connection to pcscd down if it is
//! still under way then; the call returns with an error. A call costs one reading of the clock and three atomic
//! operations; it wakes the thread only when none went before it for a whole limit.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use super::connection::{Connection, Sockets};
use crate::exhausted::start_thread;
use crate::{Clock, LinkError, Time};

/// No call is under way.
const IDLE: u64 = u64::MAX;
/// The call that is under way has lost its connection.
const CUT: u64 = u64::MAX - 1;

/// The watch over one context's calls, which come one at a time.
pub(super) struct Guard {
    shared: Arc<Shared>,
    watch: Thread,
    thread: Option<JoinHandle<()>>,
}

/// What is shut down when a call overruns.
#[derive(Debug, Default)]
pub(super) enum Target {
    /// Nothing can be shut down: the operating system shows no way to it.
    #[default]
    Nothing,
    /// A connection is being made; it will be among the sockets that were not there before.
    Coming(Sockets),
    /// The connection of the context.
    Connection(Connection),
}

struct Shared {
    /// Times are nanoseconds on this clock: a call is not cut off for time in which this program stood still.
    clock: Clock,
    /// When the call under way has to be over; [`IDLE`] or [`CUT`].
    deadline: AtomicU64,
    /// Until when the thread sleeps; a call with an earlier deadline has to wake it.
    sleeps_until: AtomicU64,
    /// The deadline of the last call that woke it. Until then it does not go to sleep for good: a call that is over
    /// before the thread looks will be followed by others, and they shall not wake it each.
    woken_for: AtomicU64,
    over: AtomicBool,
    target: Mutex<Target>,
}

impl Guard {
    /// A guard, with a thread that sleeps.
    ///
    /// # Errors
    /// [`LinkError::Exhausted`] when there is none.
    pub(super) fn new() -> Result<Guard, LinkError> {
        let shared = Arc::new(Shared {
            clock: Clock::new(),
            deadline: AtomicU64::new(IDLE),
            sleeps_until: AtomicU64::new(IDLE),
            woken_for: AtomicU64::new(0),
            over: AtomicBool::new(false),
            target: Mutex::default(),
        });
        let watched = Arc::clone(&shared);
        let thread = start_thread("guard of pcscd", move || watched.watch())?;
        Ok(Guard { watch: thread.thread().clone(), shared, thread: Some(thread) })
    }

    /// Says what is shut down from now on.
    pub(super) fn aim(&self, target: Target) {
        *self.shared.target() = target;
    }

    /// Calls into libpcsclite; `None` when the call overran `limit` and lost its connection, whatever it returned.
    pub(super) fn call<T>(&self, limit: Duration, call: impl FnOnce() -> T) -> Option<T> {
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(CUT);
        let deadline = self.shared.now().saturating_add(limit).min(CUT - 1);
        self.shared.deadline.store(deadline, Ordering::SeqCst);
        // Either this reads what the thread sleeps until, or the thread, which looks again before it sleeps, reads
        // the deadline.
        if deadline < self.shared.sleeps_until.load(Ordering::SeqCst) {
            self.shared.woken_for.store(deadline, Ordering::SeqCst);
            self.watch.unpark();
        }
        let result = call();
        let cut = self.shared.deadline.swap(IDLE, Ordering::SeqCst) == CUT;
        (!cut).then_some(result)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.watch.unpark();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().since(Time::ZERO).as_nanos()).unwrap_or(CUT - 1)
    }

    fn target(&self) -> MutexGuard<'_, Target> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self) {
        while !self.over.load(Ordering::SeqCst) {
            let (deadline, now) = (self.deadline.load(Ordering::SeqCst), self.now());
            let under_way = deadline < CUT;
            if under_way && deadline <= now {
                self.cut(deadline);
                continue;
            }
            let until = if under_way { deadline } else { self.woken_for.load(Ordering::SeqCst) };
            let until = if until > now { until } else { IDLE };
            self.sleeps_until.store(until, Ordering::SeqCst);
            if self.deadline.load(Ordering::SeqCst) != deadline || self.over.load(Ordering::SeqCst) {
                continue;
            }
            match until {
                IDLE => std::thread::park(),
                until => std::thread::park_timeout(Duration::from_nanos(until.saturating_sub(now))),
            }
        }
    }

    fn cut(&self, deadline: u64) {
        if self.deadline.compare_exchange(deadline, CUT, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return;
        }
        match &*self.target() {
            Target::Nothing => {}
            Target::Coming(before) => before.newcomers().iter().for_each(Connection::shut_down),
            Target::Connection(connection) => connection.shut_down(),
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")] // Only there can a connection be told apart by its path.
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    /// A connection to a daemon that says nothing, and the guard that aims at it.
    fn bench(name: &str) -> (UnixStream, Guard, UnixListener) {
        let path = std::env::temp_dir().join(format!("dmsc-{}-{name}-pcscd.comm", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let before = Sockets::now();
        let stream = UnixStream::connect(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let guard = Guard::new().unwrap();
        let ours = |found: &Connection| found.path().ends_with(&*path.file_name().unwrap().to_string_lossy());
        let found = before.newcomers().into_iter().find(ours).unwrap();
        guard.aim(Target::Connection(found));
        (stream, guard, listener)
    }

    #[test]
    fn a_call_that_overruns_loses_its_connection() {
        let (mut stream, guard, _listener) = bench("overrun");
        let began = Instant::now();
        assert_eq!(guard.call(SHORT, || stream.read(&mut [0; 1]).unwrap()), None);
        assert!((SHORT..SHORT * 20).contains(&began.elapsed()), "{:?}", began.elapsed());
        assert_eq!(guard.call(SHORT, || 7), Some(7));
    }

    #[test]
    fn a_shorter_limit_behind_a_longer_one_is_kept() {
        let (mut stream, guard, _listener) = bench("shorter");
        for _ in 0..1000 {
            assert_eq!(guard.call(LONG, || 1), Some(1));
        }
        let began = Instant::now();
        assert_eq!(guard.call(SHORT, || stream.read(&mut [0; 1]).unwrap()), None);
        assert!(began.elapsed() < LONG / 2);
    }

    #[test]
    fn a_call_behind_a_pause_is_watched_again() {
        let (mut stream, guard, _listener) = bench("pause");
        assert_eq!(guard.call(SHORT, || 1), Some(1));
        // Longer than the limit, so that the thread has gone to sleep without one.
        std::thread::park_timeout(SHORT * 3);
        assert_eq!(guard.call(SHORT, || stream.read(&mut [0; 1]).unwrap()), None);
    }
}
