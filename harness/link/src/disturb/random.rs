//! Schedules that follow from a seed.

use std::time::Duration;

use dmsc_octets::Random;

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
        let mut draw = Draw(Random::new(seed));
        let count = draw.0.below(shape.most as u64).saturating_add(1);
        let mut all: Vec<Disturbance> = Vec::new();
        for _ in 0..count.min(shape.most as u64) {
            let Some(at) = draw.place(&shape.tally) else { break };
            let mishap = draw.mishap(at, shape.longest);
            if all.iter().all(|one| one.at != at) {
                all.push(Disturbance { at, mishap });
            }
        }
        all.sort_unstable();
        Schedule(all)
    }
}

/// The draws of one schedule.
struct Draw(Random);

impl Draw {
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
        match self.0.one_of(&kinds)? {
            0 => Some(Place::Command(self.0.below(tally.commands).saturating_add(1))),
            1 => Some(Place::Response(self.0.below(tally.responses).saturating_add(1))),
            _ => {
                let (number, to, octets) = self.0.one_of(&ways)?;
                Some(Place::Stream { number, to, behind: self.0.below(octets) })
            }
        }
    }

    fn mishap(&mut self, at: Place, longest: Duration) -> Mishap {
        let short: Vec<Duration> = DELAYS.into_iter().filter(|delay| *delay <= longest).collect();
        let delay = self.0.one_of(&short).unwrap_or(longest);
        let mishaps: &[Mishap] = match at {
            Place::Command(_) => &[Mishap::Drop, Mishap::Delay(delay), Mishap::Reset, Mishap::Stall(delay)],
            Place::Response(_) => &[Mishap::Drop, Mishap::Delay(delay)],
            Place::Stream { .. } => &[Mishap::Split, Mishap::Merge, Mishap::Cut, Mishap::Delay(delay)],
        };
        self.0.one_of(mishaps).unwrap_or(Mishap::Delay(delay))
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

    /// Seeds stand in journals and in what `shake` prints: the same seed has to give the same schedule for ever.
    #[test]
    fn the_schedule_of_a_seed_never_changes() {
        let tally = Tally { commands: 90, responses: 90, streams: vec![[500, 900], [0, 40]] };
        let shape = Shape { tally, most: 6, longest: Duration::from_secs(10) };
        let schedules = [1, 3, 2026].map(|seed| Schedule::random(seed, &shape).to_string());
        assert_eq!(
            schedules,
            [
                "reset at command 4, delay by 10 ms at command 60, delay by 9000 ms at command 64, drop at response 71, \
             split at stream 1 to the DUT behind 235 octets, merge at stream 1 to the DUT behind 446 octets",
                "reset at command 13, reset at command 23, reset at command 40, drop at response 1",
                "delay by 200 ms at command 45, cut at stream 1 to the DUT behind 197 octets",
            ]
        );
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
