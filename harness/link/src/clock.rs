//! The clock of a link to something outside this process.

use std::time::{Duration, Instant};

use crate::Time;

/// A monotonic clock that begins with the session.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

impl Clock {
    /// A clock that begins now.
    pub fn new() -> Clock {
        Clock { began: Instant::now() }
    }

    /// The time on this clock.
    pub fn now(&self) -> Time {
        Time::ZERO + self.began.elapsed()
    }

    /// How long it is from now until `until`; `None` when that never comes.
    pub fn wait(&self, until: Time) -> Option<Duration> {
        (until != Time::NEVER).then(|| until.since(self.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_past_is_not_waited_for_and_what_never_comes_has_no_limit() {
        let clock = Clock::new();
        assert!(clock.wait(Time::from_micros(60_000_000)).unwrap() <= Duration::from_secs(60));
        assert_eq!(clock.wait(Time::ZERO), Some(Duration::ZERO));
        assert_eq!(clock.wait(Time::NEVER), None);
    }
}
