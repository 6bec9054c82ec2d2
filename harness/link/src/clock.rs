//! The clock of a link to something outside this process.

use std::time::{Duration, Instant};

use crate::{Time, stillness};

/// A monotonic clock that begins with the session. It stands still while the program does, so that no wait ends before
/// what came meanwhile can be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    /// How long the program had stood still by then.
    stood_still: Duration,
    /// What was left out.
    skipped: Duration,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

impl Clock {
    /// A clock that begins now.
    pub fn new() -> Clock {
        let (began, stood_still) = stillness::now();
        Clock { began, stood_still, skipped: Duration::ZERO }
    }

    /// The time on this clock.
    pub fn now(&self) -> Time {
        let (now, stood_still) = stillness::now();
        let passed = now.saturating_duration_since(self.began);
        Time::ZERO + passed.saturating_sub(stood_still.saturating_sub(self.stood_still)) + self.skipped
    }

    /// Puts it forward to `until`, where that is still to come: for time in which nothing happens.
    pub fn skip_to(&mut self, until: Time) {
        if let Some(ahead) = self.wait(until) {
            self.skipped = self.skipped.saturating_add(ahead);
        }
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

    #[test]
    fn time_that_is_skipped_has_passed() {
        let (minute, hour) = (Time::from_micros(60_000_000), Time::from_micros(3_600_000_000));
        let mut clock = Clock::new();
        clock.skip_to(minute);
        assert_eq!(clock.wait(minute), Some(Duration::ZERO));
        clock.skip_to(Time::ZERO);
        clock.skip_to(Time::NEVER);
        assert!((minute..hour).contains(&clock.now()));
    }
}
