//! `disturb` of a case's `setup`: the schema of what goes wrong on the link.

use dmsc_doc::{Field, Mapping, Node, Problem, Schema, Tagged};
use dmsc_engine::messages::disturbance;
use dmsc_link::Place;

/// The most signals, or octets, that a place can count to.
const FARTHEST: i64 = 1_000_000_000;

/// The most disturbances of one case.
pub(crate) const MOST_DISTURBANCES: usize = 64;

/// One thing that goes wrong.
pub(crate) fn disturbance_schema() -> Schema {
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
        .key(
            "delay",
            "It arrives so much later, and all that follows in its direction.",
            Schema::Duration,
            none.clone(),
        )
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
    let one = disturbance(&node.to_json()).ok()?;
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
