//! A combination of choices as a variant, and a variant as an entry of a file.

use std::collections::BTreeMap;

use dmsc_engine::choice::Chosen;
use dmsc_engine::messages::FacilitiesWith;
use dmsc_language::dut::Dut;
use dmsc_language::variant::Variant;
use serde_json::{Map, Value, json};

use super::draw::{Pick, is_drawn};

/// The variant that has made these picks.
pub(super) fn variant(id: &str, dut: &Dut, picks: &[Pick]) -> Variant {
    let mut choices = Vec::new();
    let mut ixit = Map::new();
    let (mut what, mut clauses): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    for pick in picks.iter().filter(|pick| !pick.is_default()) {
        let (choice, alternative) = pick.named();
        what.push(format!("{choice} {alternative}"));
        match pick {
            Pick::Choice(chosen) => {
                choices.push(*chosen);
                clauses.push(chosen.choice.clause);
            }
            Pick::Ixit(name, _, value) => {
                ixit.insert((*name).to_owned(), value.clone());
            }
        }
    }
    let slow = |chosen: &Chosen| chosen.choice.name == "pace" && chosen.alternative.name == "300-ms";
    if choices.iter().any(slow) {
        // The values of a slow DUT say so.
        ixit.insert("window".into(), json!("60 min"));
    }
    clauses.sort_unstable();
    clauses.dedup();
    Variant {
        id: id.to_owned(),
        side: dut.role().other(),
        what: what.join(", "),
        clause: if clauses.is_empty() { "values of the account".to_owned() } else { clauses.join("; ") },
        reference: None,
        choices,
        switches: Vec::new(),
        patches: Vec::new(),
        profile: FacilitiesWith::default(),
        ixit,
        statement: BTreeMap::new(),
        inconclusive: Vec::new(),
    }
}

/// Gives a variant the values of the IXIT that go along with an alternative: those that the known variant of it alone has
/// and that are not drawn by themselves.
pub(super) fn go_along(variant: &mut Variant, known: &[Variant]) {
    for one in known.iter().filter(|one| one.choices.len() == 1 && one.side == variant.side) {
        if one.choices.iter().all(|chosen| variant.choices.contains(chosen)) {
            for (name, value) in one.ixit.iter().filter(|(name, _)| !is_drawn(name)) {
                variant.ixit.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }
}

/// Whether all that makes one variant differ makes another differ, too. One that has more than choices and values is part
/// of none that is drawn.
pub(super) fn is_part(part: &Variant, of: &Variant) -> bool {
    let drawable = part.switches.is_empty()
        && part.patches.is_empty()
        && part.profile == FacilitiesWith::default()
        && part.statement.is_empty();
    let value = |(name, value): (&String, &Value)| name == "window" || of.ixit.get(name) == Some(value);
    part.side == of.side
        && drawable
        && part.choices.iter().all(|chosen| of.choices.contains(chosen))
        && part.ixit.iter().all(value)
}

/// A variant that has choices and values only, as an entry of a file in `fixtures/variants/`.
pub fn entry(variant: &Variant) -> String {
    let mut text = format!(
        "- id: {}\n  side: {}\n  what: {}\n  clause: {}\n",
        variant.id,
        variant.side,
        json!(variant.what),
        json!(variant.clause)
    );
    if !variant.choices.is_empty() {
        let one = |chosen: &Chosen| format!("{}: {}", chosen.choice.name, json!(chosen.alternative.name));
        let choices: Vec<String> = variant.choices.iter().map(one).collect();
        text.push_str(&format!("  choices: {{ {} }}\n", choices.join(", ")));
    }
    if !variant.ixit.is_empty() {
        let ixit: Vec<String> = variant.ixit.iter().map(|(name, value)| format!("{name}: {}", flow(value))).collect();
        text.push_str(&format!("  ixit: {{ {} }}\n", ixit.join(", ")));
    }
    text
}

fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let all: Vec<String> = map.iter().map(|(name, value)| format!("{name}: {}", flow(value))).collect();
            format!("{{ {} }}", all.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use dmsc_language::bundle::Bundle;
    use dmsc_language::variant;

    use super::*;

    #[test]
    fn an_entry_is_read_back() {
        let dut = Dut::from_bundle(&Bundle::builtin(), "reference-terminal", &[]).unwrap();
        let picks = [
            Pick::Choice(Chosen::named("challenge-code", "401").unwrap()),
            Pick::Choice(Chosen::named("timers", "eight").unwrap()),
            Pick::Ixit("server_nonce", "short", json!("0011")),
            Pick::Ixit("other_account", "another server", json!({ "server_id": "b" })),
        ];
        let one = variant("explored-1", &dut, &picks);
        let read = variant::load(&Bundle::of([("fixtures/variants/a.yaml", entry(&one))]));
        let read = read.unwrap_or_else(|all| panic!("{}", all[0])).remove(0);
        assert_eq!((read.side, &read.choices, &read.ixit), (one.side, &one.choices, &one.ixit));
        assert_eq!((read.choices.len(), read.what.as_str()), (1, one.what.as_str()));
    }
}
