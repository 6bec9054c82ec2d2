//! How one session is disturbed: the schedule of its link, and the sizes of pieces of channel data.

use std::time::Duration;

use dmsc_link::{Disturbance, Mishap, Place, Schedule, Shape};
use dmsc_octets::Random;
use serde_json::{Map, Value};

use dmsc_engine::messages::{Chunks, schedule_json};
use dmsc_language::case::{Case, Setup};

/// The settings of a case that hold a plan.
const DISTURB: &str = "disturb";
const CHUNKS: &str = "bip_chunks";

/// Sizes of pieces that are worth a try: one octet, odd ones, and those at the limits.
const SIZES: [u8; 7] = [1, 7, 16, 64, 127, 237, 255];

/// The most sizes in one plan.
const MOST_SIZES: u64 = 4;

/// How a session is disturbed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What goes wrong on the link.
    pub schedule: Schedule,
    /// The sizes in which the harness cuts channel data; none where it does not.
    pub bip_chunks: Vec<u8>,
}

impl Plan {
    /// A plan that follows from a seed.
    pub(super) fn random(seed: u64, shape: &Shape) -> Plan {
        let mut rng = Random::new(seed);
        let schedule = Schedule::random(rng.next_u64(), shape);
        let mut below = |limit: u64| rng.next_u64().checked_rem(limit).unwrap_or(0);
        // In half of all plans nothing is cut, so that what the link does is seen alone.
        let count = if below(2) == 0 { 0 } else { below(MOST_SIZES).saturating_add(1) };
        let size = |index: u64| usize::try_from(index).ok().and_then(|index| SIZES.get(index)).copied();
        let bip_chunks = (0..count).filter_map(|_| size(below(SIZES.len() as u64))).collect();
        Plan { schedule, bip_chunks }
    }

    /// The plan as settings of a case; what it does not do is not among them.
    pub fn settings(&self) -> Map<String, Value> {
        let mut settings = Map::new();
        if !self.schedule.0.is_empty() {
            settings.insert(DISTURB.to_owned(), schedule_json(&self.schedule));
        }
        if !self.bip_chunks.is_empty() {
            settings.insert(CHUNKS.to_owned(), self.bip_chunks.iter().copied().map(Value::from).collect());
        }
        settings
    }

    /// The settings that go into a case: all but those that the case itself has.
    pub(super) fn added_to(&self, case: &Case) -> Map<String, Value> {
        let mut settings = self.settings();
        if case.setup.schedule().is_some() {
            settings.remove(DISTURB);
        }
        if !case.setup.bip_chunks().is_empty() {
            settings.remove(CHUNKS);
        }
        settings
    }

    /// The settings of a case with this plan among them, as they are written; those that the case itself has stay.
    pub(super) fn setup_of(&self, case: &Case) -> Setup {
        let mut setup = case.setup.clone();
        if setup.schedule().is_none() && !self.schedule.0.is_empty() {
            setup.set_schedule(Some(self.schedule.clone()));
        }
        if setup.bip_chunks().is_empty() {
            setup.set_bip_chunks(Chunks::new(&self.bip_chunks));
        }
        setup
    }

    /// The case with this plan in its setup. Its link is watched even if nothing goes wrong there.
    pub(super) fn applied(&self, case: &Case) -> Case {
        let mut setup = self.setup_of(case);
        if setup.schedule().is_none() {
            setup.set_schedule(Some(Schedule::default()));
        }
        Case { setup, ..case.clone() }
    }

    /// The settings as lines of a case file, those of the schedule one disturbance a line.
    pub fn lines(&self) -> Vec<String> {
        lines_of(self.settings())
    }

    /// Plans with less in them, the greatest step first. Each is smaller, so that a chain of them ends.
    pub(super) fn smaller(&self) -> Vec<Plan> {
        let with = |all: Vec<Disturbance>| Plan { schedule: Schedule(all), bip_chunks: self.bip_chunks.clone() };
        let chunked = |bip_chunks: Vec<u8>| Plan { schedule: self.schedule.clone(), bip_chunks };
        let all = &self.schedule.0;
        let mut plans: Vec<Plan> = halves(all).into_iter().map(with).collect();
        if !self.bip_chunks.is_empty() {
            plans.push(chunked(Vec::new()));
            plans.extend(halves(&self.bip_chunks).into_iter().map(chunked));
        }
        for (index, one) in all.iter().enumerate() {
            let places = lesser_places(one.at).map(|at| Disturbance { at, ..*one });
            let mishaps = lesser_mishaps(one.mishap).map(|mishap| Disturbance { mishap, ..*one });
            for smaller in places.chain(mishaps) {
                let mut changed = all.clone();
                if let Some(place) = changed.get_mut(index) {
                    *place = smaller;
                }
                plans.push(with(changed));
            }
        }
        plans
    }
}

/// Settings as lines of a case file, those of a schedule one disturbance a line.
pub(super) fn lines_of(settings: Map<String, Value>) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in settings {
        match value {
            Value::Array(entries) if name == DISTURB => {
                lines.push(format!("{name}:"));
                lines.extend(entries.iter().map(|entry| format!("  - {}", flow(entry))));
            }
            value => lines.push(format!("{name}: {}", flow(&value))),
        }
    }
    lines
}

/// Both halves, then all but one each.
fn halves<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    if all.len() < 2 {
        return Vec::new();
    }
    let (front, back) = all.split_at(all.len() / 2);
    let without = |index: usize| {
        all.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, one)| one.clone()).collect::<Vec<T>>()
    };
    let mut parts = vec![front.to_vec(), back.to_vec()];
    if all.len() > 2 {
        parts.extend((0..all.len()).map(without));
    }
    parts
}

/// Numbers below one, not below `least`.
fn below(number: u64, least: u64) -> impl Iterator<Item = u64> {
    let tried = [least, number / 2, number.saturating_sub(1)];
    let mut seen = Vec::new();
    tried.into_iter().filter(move |one| {
        let fresh = *one >= least && *one < number && !seen.contains(one);
        seen.push(*one);
        fresh
    })
}

fn lesser_places(at: Place) -> Box<dyn Iterator<Item = Place>> {
    match at {
        Place::Command(number) => Box::new(below(number, 1).map(Place::Command)),
        Place::Response(number) => Box::new(below(number, 1).map(Place::Response)),
        Place::Stream { number, to, behind } => {
            let streams = below(number, 1).map(move |number| Place::Stream { number, to, behind });
            Box::new(streams.chain(below(behind, 0).map(move |behind| Place::Stream { number, to, behind })))
        }
    }
}

fn lesser_mishaps(mishap: Mishap) -> Box<dyn Iterator<Item = Mishap>> {
    let shorter = |by: Duration| {
        // Whole seconds while there are any: they are easier to read.
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let (count, unit) = if millis >= 2000 { (millis / 1000, 1000) } else { (millis, 1) };
        below(count, 1).map(move |count| Duration::from_millis(count.saturating_mul(unit)))
    };
    match mishap {
        Mishap::Delay(by) => Box::new(shorter(by).map(Mishap::Delay)),
        Mishap::Stall(by) => Box::new(shorter(by).map(Mishap::Stall)),
        Mishap::Drop | Mishap::Reset | Mishap::Split | Mishap::Merge | Mishap::Cut => Box::new(std::iter::empty()),
    }
}

/// A value as YAML on one line: what a schedule holds needs no quotes.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(all) => format!("[{}]", all.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use dmsc_link::{Side, Tally};
    use proptest::prelude::*;

    use super::*;

    pub(in crate::shake) fn shape() -> Shape {
        let tally = Tally { commands: 90, responses: 90, streams: vec![[40, 0], [500, 900]] };
        Shape { tally, most: 8, longest: Duration::from_secs(30) }
    }

    /// What shrinks with every step.
    fn size(plan: &Plan) -> (usize, usize, u128) {
        let numbers = plan.schedule.0.iter().map(|one| {
            let place = match one.at {
                Place::Command(number) | Place::Response(number) => u128::from(number),
                Place::Stream { number, behind, .. } => u128::from(number) + u128::from(behind),
            };
            let long = match one.mishap {
                Mishap::Delay(by) | Mishap::Stall(by) => by.as_micros(),
                _ => 0,
            };
            place + long
        });
        (plan.schedule.0.len(), plan.bip_chunks.len(), numbers.sum())
    }

    #[test]
    fn a_plan_is_written_as_a_case_writes_it() {
        let stream = Place::Stream { number: 1, to: Side::Harness, behind: 90 };
        let schedule = Schedule(vec![
            Disturbance { at: Place::Command(17), mishap: Mishap::Reset },
            Disturbance { at: stream, mishap: Mishap::Delay(Duration::from_millis(1500)) },
        ]);
        let plan = Plan { schedule, bip_chunks: vec![1, 255] };
        let expected = [
            "disturb:",
            "  - { at: { command: 17 }, do: reset }",
            "  - { at: { stream: 1, to: harness, behind: 90 }, do: { delay: 1500 ms } }",
            "bip_chunks: [1, 255]",
        ];
        assert_eq!(plan.lines(), expected);
    }

    proptest! {
        #[test]
        fn every_smaller_plan_is_smaller(seed: u64) {
            let plan = Plan::random(seed, &shape());
            for smaller in plan.smaller() {
                prop_assert!(size(&smaller) < size(&plan) || smaller.bip_chunks.len() < plan.bip_chunks.len(),
                    "{plan:?} became {smaller:?}");
                prop_assert!(smaller.schedule.0.iter().all(Disturbance::is_possible));
            }
        }
    }
}
