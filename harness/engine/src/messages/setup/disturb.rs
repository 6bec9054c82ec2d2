//! What goes wrong on the link, as a case writes it.

use std::time::Duration;

use dmsc_doc::parse_duration;
use dmsc_link::{Disturbance, Mishap, Place, Schedule, Side};
use serde_json::{Value, json};

use crate::messages::shape::Shape;
use crate::messages::value::{FieldValue, wrong};

impl FieldValue for Schedule {
    fn shape() -> Shape {
        Shape::Disturbances
    }

    fn read(value: &Value) -> Result<Self, String> {
        let entries = value.as_array().ok_or_else(|| wrong(value, &Self::shape()))?;
        let all = entries.iter().enumerate().map(|(index, entry)| {
            let one = disturbance(entry).map_err(|what| format!("{index}: {what}"))?;
            one.is_possible().then_some(one).ok_or_else(|| format!("{index}: {one} is not possible"))
        });
        all.collect::<Result<_, _>>().map(Schedule)
    }
}

/// One disturbance as a case writes it, be it possible at its place or not.
///
/// # Errors
/// What is wrong with it, in words.
pub fn disturbance(entry: &Value) -> Result<Disturbance, String> {
    let at = entry.get("at").and_then(Value::as_object).ok_or("`at` is missing")?;
    let number = |name: &str| at.get(name).and_then(Value::as_u64).ok_or(format!("`{name}` is no number"));
    let at = if at.contains_key("command") {
        Place::Command(number("command")?)
    } else if at.contains_key("response") {
        Place::Response(number("response")?)
    } else {
        let to = match at.get("to").and_then(Value::as_str) {
            Some("dut") => Side::Dut,
            Some("harness") => Side::Harness,
            _ => return Err("`to` is neither `dut` nor `harness`".into()),
        };
        Place::Stream { number: number("stream")?, to, behind: number("behind")? }
    };
    let mishap = match entry.get("do").ok_or("`do` is missing")? {
        Value::String(word) => match word.as_str() {
            "drop" => Mishap::Drop,
            "reset" => Mishap::Reset,
            "split" => Mishap::Split,
            "merge" => Mishap::Merge,
            "cut" => Mishap::Cut,
            other => return Err(format!("`{other}` is nothing that can go wrong")),
        },
        what => match (what.get("delay"), what.get("stall")) {
            (Some(by), _) => Mishap::Delay(Duration::read(by)?),
            (_, Some(by)) => Mishap::Stall(Duration::read(by)?),
            _ => return Err("`do` names nothing that can go wrong".into()),
        },
    };
    Ok(Disturbance { at, mishap })
}

/// A duration, written with its unit.
impl FieldValue for Duration {
    fn shape() -> Shape {
        Shape::Duration
    }

    fn read(value: &Value) -> Result<Self, String> {
        parse_duration(value.as_str().ok_or_else(|| wrong(value, &Self::shape()))?)
    }
}

/// A schedule as a case writes it.
pub fn schedule_json(schedule: &Schedule) -> Value {
    schedule.0.iter().map(one_to_json).collect()
}

fn one_to_json(one: &Disturbance) -> Value {
    let at = match one.at {
        Place::Command(number) => json!({ "command": number }),
        Place::Response(number) => json!({ "response": number }),
        Place::Stream { number, to, behind } => {
            let to = if to == Side::Dut { "dut" } else { "harness" };
            json!({ "stream": number, "to": to, "behind": behind })
        }
    };
    let what = match one.mishap {
        Mishap::Drop => json!("drop"),
        Mishap::Reset => json!("reset"),
        Mishap::Split => json!("split"),
        Mishap::Merge => json!("merge"),
        Mishap::Cut => json!("cut"),
        Mishap::Delay(by) => json!({ "delay": written(by) }),
        Mishap::Stall(by) => json!({ "stall": written(by) }),
    };
    json!({ "at": at, "do": what })
}

fn written(long: Duration) -> String {
    match long.as_millis() {
        millis if millis.checked_rem(1000) == Some(0) => format!("{} s", long.as_secs()),
        millis => format!("{millis} ms"),
    }
}

#[cfg(test)]
mod tests {
    use dmsc_link::{Shape as Extent, Tally};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_schedule_is_read_as_it_is_written() {
        let value = json!([
            { "at": { "command": 7 }, "do": "reset" },
            { "at": { "response": 2 }, "do": { "delay": "1500 ms" } },
            { "at": { "stream": 1, "to": "dut", "behind": 10 }, "do": "cut" },
        ]);
        let found = Schedule::read(&value).unwrap();
        let stream = Place::Stream { number: 1, to: Side::Dut, behind: 10 };
        assert_eq!(found.0[0], Disturbance { at: Place::Command(7), mishap: Mishap::Reset });
        assert_eq!(found.0[1].mishap, Mishap::Delay(Duration::from_millis(1500)));
        assert_eq!(found.0[2], Disturbance { at: stream, mishap: Mishap::Cut });
        assert_eq!(schedule_json(&found), value);
        let wrong = Schedule::read(&json!([{ "at": { "response": 2 }, "do": "reset" }])).unwrap_err();
        assert_eq!(wrong, "0: reset at response 2 is not possible");
    }

    proptest! {
        #[test]
        fn any_schedule_comes_back(seed: u64) {
            let tally = Tally { commands: 90, responses: 90, streams: vec![[40, 0], [500, 900]] };
            let random = Schedule::random(seed, &Extent { tally, most: 8, longest: Duration::from_secs(30) });
            prop_assert_eq!(Schedule::read(&schedule_json(&random)), Ok(random));
        }
    }
}
