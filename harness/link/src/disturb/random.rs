//! Schedules that follow from a seed.

use std::time::Duration;

use super::schedule::{Disturbance, Mishap, Place, Schedule, Side};

/// What crossed a link in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Command APDUs.
    pub commands: u64,
    /// Response APDUs.
    pub responses: u64,
    /// Octets of each stream in the order they were opened: to the DUT, to the harness.
    pub streams: Vec<[u64; 2]>,
}

/// What a random schedule may look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What crosses the link when nothing disturbs it; places are drawn from it.
    pub tally: Tally,
    /// The most that goes wrong in one session.
    pub most: usize,
    /// The longest delay.
    pub longest: Duration,
}

/// Delays that are worth a try: shorter and longer than what people set time-outs to.
const DELAYS: [Duration; 7] = [
    Duration::from_millis(10),
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(9),
    Duration::from_secs(11),
    Duration::from_secs(30),
];

impl Schedule {
    /// A schedule of this shape; the same seed gives the same schedule. It holds nothing where nothing crosses the link.
    pub fn random(seed: u64, shape: &Shape) -> Schedule {
        let mut dice = Dice(seed);
        let count = dice.below(shape.most as u64).saturating_add(1);
        let mut all: Vec<Disturbance> = Vec::new();
        for _ in 0..count.min(shape.most as u64) {
            let Some(at) = dice.place(&shape.tally) else { break };
            let mishap = dice.mishap(at, shape.longest);
            if all.iter().all(|one| one.at != at) {
                all.push(Disturbance { at, mishap });
            }
        }
        all.sort_unstable();
        Schedule(all)
    }
}

/// SplitMix64, for draws that must be repeatable and nothing else.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 when there is none.
    fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let index = self.below(all.len() as u64);
        all.get(usize::try_from(index).unwrap_or(0)).copied()
    }

    fn place(&mut self, tally: &Tally) -> Option<Place> {
        let ways = tally.streams.iter().enumerate().flat_map(|(index, octets)| {
            let number = (index as u64).saturating_add(1);
            [(number, Side::Dut, octets[0]), (number, Side::Harness, octets[1])]
        });
        let ways: Vec<(u64, Side, u64)> = ways.filter(|(.., octets)| *octets > 0).collect();
        let mut kinds = Vec::new();
        if tally.commands > 0 {
            // Most of what can go wrong goes wrong with a command.
            kinds.extend([0, 0]);
        }
        if tally.responses > 0 {
            kinds.push(1);
        }
        if !ways.is_empty() {
            kinds.extend([2, 2]);
        }
        match self.one_of(&kinds)? {
            0 => Some(Place::Command(self.below(tally.commands).saturating_add(1))),
            1 => Some(Place::Response(self.below(tally.responses).saturating_add(1))),
            _ => {
                let (number, to, octets) = self.one_of(&ways)?;
                Some(Place::Stream { number, to, behind: self.below(octets) })
            }
        }
    }

    fn mishap(&mut self, at: Place, longest: Duration) -> Mishap {
        let short: Vec<Duration> = DELAYS.into_iter().filter(|delay| *delay <= longest).collect();
        let delay = self.one_of(&short).unwrap_or(longest);
        let mishaps: &[Mishap] = match at {
            Place::Command(_) => &[Mishap::Drop, Mishap::Delay(delay), Mishap::Reset, Mishap::Stall(delay)],
            Place::Response(_) => &[Mishap::Drop, Mishap::Delay(delay)],
            Place::Stream { .. } => &[Mishap::Split, Mishap::Merge, Mishap::Cut, Mishap::Delay(delay)],
        };
        self.one_of(mishaps).unwrap_or(Mishap::Delay(delay))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_seed_gives_one_schedule_and_another_seed_another() {
        let tally = Tally { commands: 90, responses: 90, streams: vec![[500, 900]] };
        let shape = Shape { tally, most: 5, longest: Duration::from_secs(30) };
        assert_eq!(Schedule::random(7, &shape), Schedule::random(7, &shape));
        let kinds: std::collections::BTreeSet<_> =
            (0..200).flat_map(|seed| Schedule::random(seed, &shape).0).map(|one| one.mishap).collect();
        assert!(kinds.len() > 15, "{kinds:?}");
        assert_ne!(Schedule::random(7, &shape), Schedule::random(8, &shape));
    }

    proptest! {
        #[test]
        fn a_schedule_keeps_to_its_shape(
            seed: u64,
            (commands, responses) in (0..300_u64, 0..300_u64),
            streams in prop::collection::vec([0..2000_u64, 0..2000_u64], 0..3),
            most in 0..9_usize,
            longest in 0..40_000_u64,
        ) {
            let tally = Tally { commands, responses, streams };
            let shape = Shape { tally, most, longest: Duration::from_millis(longest) };
            let Schedule(all) = Schedule::random(seed, &shape);
            prop_assert!(all.len() <= most);
            for one in all {
                prop_assert!(one.is_possible(), "{one}");
                match one.at {
                    Place::Command(number) => prop_assert!((1..=commands).contains(&number)),
                    Place::Response(number) => prop_assert!((1..=responses).contains(&number)),
                    Place::Stream { number, to, behind } => {
                        let octets = shape.tally.streams[usize::try_from(number).unwrap() - 1];
                        prop_assert!(behind < octets[usize::from(to == Side::Harness)]);
                    }
                }
                if let Mishap::Delay(by) | Mishap::Stall(by) = one.mishap {
                    prop_assert!(by <= shape.longest);
                }
            }
        }
    }
}
