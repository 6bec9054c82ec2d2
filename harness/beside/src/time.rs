//! How long something takes.

use std::time::{Duration, Instant};

/// Time of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pace(pub Duration);

impl Pace {
    /// How many times as fast as the other.
    #[must_use]
    pub fn times(self, other: Pace) -> f64 {
        other.0.as_secs_f64() / self.0.as_secs_f64()
    }

    /// Nanoseconds for each of so many octets.
    #[must_use]
    pub fn per_octet(self, octets: usize) -> f64 {
        self.0.as_secs_f64() * 1e9 / octets as f64
    }
}

/// Times that take turns, so that what else the machine does falls on all of them.
///
/// The time of one call of each, as the median of batches that are made within about so long for each; at least one call of
/// each is made.
pub fn paces<const N: usize>(within: Duration, mut calls: [&mut dyn FnMut(); N]) -> [Pace; N] {
    let firsts = calls.each_mut().map(|call| timed(*call, 1));
    // As many calls a batch as fill a hundredth of the time.
    let counts = firsts.map(|first| (within / 100).as_nanos() / first.as_nanos());
    let mut paces = firsts.map(|first| vec![first]);
    let began = Instant::now();
    let all = within.saturating_mul(u32::try_from(N).unwrap_or(u32::MAX));
    while began.elapsed() < all {
        for ((call, count), paces) in calls.iter_mut().zip(counts).zip(&mut paces) {
            paces.push(timed(*call, u32::try_from(count).unwrap_or(u32::MAX).max(1)));
        }
    }
    paces.map(|mut paces| {
        paces.sort_unstable();
        Pace(paces.get(paces.len() / 2).copied().unwrap_or_default())
    })
}

/// The time of one of so many calls; more than nothing.
fn timed(call: &mut dyn FnMut(), calls: u32) -> Duration {
    let began = Instant::now();
    (0..calls).for_each(|_| call());
    (began.elapsed() / calls).max(Duration::from_nanos(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_one_call_of_each_is_made() {
        let (mut one, mut other) = (0, 0);
        let [..] = paces(Duration::ZERO, [&mut || one += 1, &mut || other += 1]);
        assert_eq!((one, other), (1, 1));
    }

    #[test]
    fn paces_are_compared_and_spread_over_octets() {
        let pace = |nanos| Pace(Duration::from_nanos(nanos));
        assert_eq!((pace(50).times(pace(100)), pace(50).per_octet(100)), (2.0, 0.5));
    }
}
