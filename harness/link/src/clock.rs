//! The clock of a link to something outside this process.

use std::time::{Duration, Instant};

use crate::Time;

/// A monotonic clock that begins with the session.
///
/// On a bench where both sides of a link are players, it may run faster than the wall: a window of a minute then costs
/// a second and both sides agree on it. Towards a real device the rate is 1.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    rate: u32,
}

impl Clock {
    /// A clock that runs `rate` times as fast as the wall; 0 counts as 1.
    pub fn new(rate: u32) -> Clock {
        Clock { began: Instant::now(), rate: rate.max(1) }
    }

    /// A clock of the same rate that begins now.
    #[must_use]
    pub fn anew(&self) -> Clock {
        Clock::new(self.rate)
    }

    /// How many times as fast as the wall it runs.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The time on this clock.
    pub fn now(&self) -> Time {
        Time::ZERO + self.began.elapsed().saturating_mul(self.rate)
    }

    /// How long it is on the wall until `until`; `None` when that never comes.
    pub fn wait(&self, until: Time) -> Option<Duration> {
        if until == Time::NEVER {
            return None;
        }
        Some(until.since(self.now()).checked_div(self.rate).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_makes_windows_short() {
        let clock = Clock::new(50);
        let wait = clock.wait(Time::from_micros(60_000_000)).unwrap();
        assert!(wait <= Duration::from_millis(1200), "{wait:?}");
        assert_eq!(clock.wait(Time::NEVER), None);
        assert_eq!(clock.wait(Time::ZERO), Some(Duration::ZERO));
    }

    #[test]
    fn no_clock_stands_still() {
        assert_eq!(Clock::new(0).rate(), 1);
    }
}
