//! `disturb` and `bip_chunks` of a case's `setup`: what goes wrong on the link, as cases write it.

use std::time::Duration;

use dmsc_doc::{Field, Mapping, Node, Problem, Schema, Tagged, parse_duration};
use dmsc_link::{Disturbance, Mishap, Place, Schedule, Side};
use serde_json::{Map, Value, json};

/// The setting that holds the schedule.
pub const DISTURB: &str = "disturb";
/// The setting that holds the sizes of pieces of channel data.
pub const CHUNKS: &str = "bip_chunks";

/// The most signals, or octets, that a place can count to.
const FARTHEST: i64 = 1_000_000_000;

/// The settings, for the players of both roles.
pub(crate) fn fields() -> [Field; 2] {
    let chunks = Schema::seq_of(Schema::int(1, 255), 1, 64);
    [
        Field::optional(
            DISTURB,
            Schema::seq_of(Schema::reference("disturbance"), 1, 64),
            "What goes wrong on the link, and where; the case is then about recovery.",
        ),
        Field::optional(CHUNKS, chunks, "Sizes in which channel data are sent, asked for and told of, in turn."),
    ]
}

/// One thing that goes wrong.
pub(crate) fn disturbance() -> Schema {
    let count = || Schema::int(1, FARTHEST);
    let none: [Field; 0] = [];
    let sides = [("dut", "The DUT takes them."), ("harness", "The harness takes them.")];
    let stream = [
        Field::required("to", Schema::documented_choice(sides), "Whose octets are counted."),
        Field::required("behind", Schema::int(0, FARTHEST), "How many octets of this direction lie before the place."),
    ];
    let at = Tagged::new([])
        .key("command", "The command APDU of this number in the session.", count(), none.clone())
        .key("response", "The response APDU of this number in the session.", count(), none.clone())
        .key("stream", "The byte stream of this number, in the order they are opened.", count(), stream);
    let words = [
        ("drop", "The command or the response is lost."),
        ("reset", "The card is reset in the middle of the command."),
        ("split", "The data of the stream are cut in two here."),
        ("merge", "The data of the stream arrive together with those that come next."),
        ("cut", "The stream ends here, for both sides."),
        ("delay", "It comes late; with how much: `{ delay: 500 ms }`."),
        ("stall", "All stops with the command, then goes on; with how long: `{ stall: 500 ms }`."),
    ];
    let late = Tagged::new([])
        .key("delay", "It comes so much later, and all behind it in its direction.", Schema::Duration, none.clone())
        .key("stall", "The command stops, and all in both directions; then it goes on.", Schema::Duration, none);
    let what = Schema::one_of([Schema::documented_choice(words), late.into()]);
    let entry = Mapping::new([
        Field::required("at", at, "Where: a command, a response, or a place in a byte stream."),
        Field::required("do", what, "What goes wrong there."),
    ]);
    Schema::from(entry).named("a disturbance").with(misplaced)
}

/// Says where a mishap that cannot happen at its place can happen.
fn misplaced(node: &Node) -> Option<Problem> {
    let what = node.get("do")?;
    if let Some(word @ ("delay" | "stall")) = what.as_str() {
        let problem = Problem::new(what.span, format!("`{word}` needs a time"));
        return Some(problem.help(format!("write `do: {{ {word}: 500 ms }}`")));
    }
    let one = read_one(&node.to_json()).ok()?;
    if one.is_possible() {
        return None;
    }
    let word = what.written().or_else(|| what.entries().first().map(|entry| entry.key.as_str()))?;
    let (place, help) = match one.at {
        Place::Command(_) => ("a command", "here `drop`, `delay`, `stall` and `reset` are possible"),
        Place::Response(_) => ("a response", "here `drop` and `delay` are possible"),
        Place::Stream { .. } => ("a byte stream", "here `split`, `merge`, `cut` and `delay` are possible"),
    };
    Some(Problem::new(what.span, format!("`{word}` cannot happen to {place}")).help(help))
}

/// The schedule of a case; `None` where it has none.
///
/// # Errors
/// What is wrong with it. A schedule that the schema took is right, unless a name in it stands for something else.
pub fn schedule(setup: &Map<String, Value>) -> Result<Option<Schedule>, String> {
    let Some(value) = setup.get(DISTURB) else { return Ok(None) };
    let entries = value.as_array().ok_or("disturb: a list is wanted")?;
    let all = entries.iter().map(|entry| {
        let one = read_one(entry).map_err(|what| format!("disturb: {what} in {entry}"))?;
        one.is_possible().then_some(one).ok_or_else(|| format!("disturb: {one} is not possible"))
    });
    Ok(Some(Schedule(all.collect::<Result<_, _>>()?)))
}

/// Whether anything is to go wrong in a case.
pub fn is_disturbed(setup: &Map<String, Value>) -> bool {
    setup.get(DISTURB).and_then(Value::as_array).is_some_and(|all| !all.is_empty())
}

/// The sizes of pieces of channel data that a case asks for; none where it does not.
pub fn chunks(setup: &Map<String, Value>) -> Vec<u8> {
    let sizes = setup.get(CHUNKS).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    sizes.iter().filter_map(Value::as_u64).filter_map(|size| u8::try_from(size).ok()).collect()
}

fn read_one(entry: &Value) -> Result<Disturbance, String> {
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
    let long = |value: &Value| parse_duration(value.as_str().unwrap_or_default());
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
            (Some(by), _) => Mishap::Delay(long(by)?),
            (_, Some(by)) => Mishap::Stall(long(by)?),
            _ => return Err("`do` names nothing that can go wrong".into()),
        },
    };
    Ok(Disturbance { at, mishap })
}

/// A schedule as the setting of a case.
pub fn to_json(schedule: &Schedule) -> Value {
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
    use dmsc_link::{Shape, Tally};
    use proptest::prelude::*;

    use super::*;

    fn setup(value: Value) -> Map<String, Value> {
        Map::from_iter([(DISTURB.to_owned(), value)])
    }

    #[test]
    fn a_schedule_is_read_as_it_is_written() {
        let value = json!([
            { "at": { "command": 7 }, "do": "reset" },
            { "at": { "response": 2 }, "do": { "delay": "1500 ms" } },
            { "at": { "stream": 1, "to": "dut", "behind": 10 }, "do": "cut" },
        ]);
        let found = schedule(&setup(value.clone())).unwrap().unwrap();
        let stream = Place::Stream { number: 1, to: Side::Dut, behind: 10 };
        assert_eq!(found.0[0], Disturbance { at: Place::Command(7), mishap: Mishap::Reset });
        assert_eq!(found.0[1].mishap, Mishap::Delay(Duration::from_millis(1500)));
        assert_eq!(found.0[2], Disturbance { at: stream, mishap: Mishap::Cut });
        assert_eq!(to_json(&found), value);
        assert_eq!(schedule(&Map::new()), Ok(None));
        let wrong = schedule(&setup(json!([{ "at": { "response": 2 }, "do": "reset" }]))).unwrap_err();
        assert!(wrong.contains("reset at response 2 is not possible"), "{wrong}");
    }

    proptest! {
        #[test]
        fn any_schedule_comes_back(seed: u64) {
            let tally = Tally { commands: 90, responses: 90, streams: vec![[40, 0], [500, 900]] };
            let random = Schedule::random(seed, &Shape { tally, most: 8, longest: Duration::from_secs(30) });
            prop_assert_eq!(schedule(&setup(to_json(&random))), Ok(Some(random)));
        }
    }
}
