//! Finds the least that still fails.

/// The most tries before the best so far is taken as it is.
const TRIES: usize = 400;

/// Goes from `start`, which fails, to ever smaller ones that fail; gives the last and the number of tries. It ends where
/// none of the `smaller` ones fails, and always gives one that was seen to fail.
pub(super) fn shrink<T>(start: T, smaller: impl Fn(&T) -> Vec<T>, mut fails: impl FnMut(&T) -> bool) -> (T, usize) {
    let mut best = start;
    let mut tries = 0_usize;
    'next: loop {
        for candidate in smaller(&best) {
            if tries >= TRIES {
                return (best, tries);
            }
            tries = tries.saturating_add(1);
            if fails(&candidate) {
                best = candidate;
                continue 'next;
            }
        }
        return (best, tries);
    }
}

#[cfg(test)]
mod tests {
    use dmsc_link::{Disturbance, Mishap, Place, Schedule};
    use proptest::prelude::*;

    use super::super::plan::Plan;
    use super::super::plan::tests::shape;
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let drop = |number| Disturbance { at: Place::Command(number), mishap: Mishap::Drop };
        let schedule = Schedule(vec![drop(3), drop(12), drop(40), drop(41), drop(77)]);
        let start = Plan { schedule, bip_chunks: vec![1, 2, 3] };
        let fails = |plan: &Plan| plan.schedule.0.iter().any(|one| matches!(one.at, Place::Command(20..)));
        let (least, tries) = shrink(start, Plan::smaller, fails);
        assert_eq!(least, Plan { schedule: Schedule(vec![drop(20)]), bip_chunks: Vec::new() });
        assert!(tries < 60, "{tries}");
    }

    proptest! {
        #[test]
        fn it_ends_and_what_it_gives_fails(seed: u64, salt in 1..97_usize) {
            // Some property of a plan that has nothing to do with its size.
            let fails = |plan: &Plan| format!("{plan:?}").bytes().map(usize::from).sum::<usize>() % 97 < salt;
            let start = Plan::random(seed, &shape());
            prop_assume!(fails(&start));
            let (least, tries) = shrink(start.clone(), Plan::smaller, fails);
            prop_assert!(fails(&least));
            prop_assert!(tries <= TRIES);
            prop_assert_eq!(shrink(start, Plan::smaller, fails), (least, tries), "the same each time");
        }
    }
}
