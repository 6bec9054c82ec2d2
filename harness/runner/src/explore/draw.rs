//! Draws a conforming DUT.

use dmsc_engine::choice::{Choice, Chosen};
use dmsc_engine::role::Role;
use dmsc_octets::{Random, to_hex};
use dmsc_scr::DutKind;
use serde_json::{Value, json};

/// One thing that makes a DUT what it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pick {
    /// An alternative of a choice.
    Choice(Chosen),
    /// A value of the IXIT: its name, which of the kinds of value it is, and the value.
    Ixit(&'static str, &'static str, Value),
}

impl Pick {
    /// The names by which it is counted.
    pub(super) fn named(&self) -> (String, String) {
        match self {
            Pick::Choice(chosen) => (chosen.choice.name.to_owned(), chosen.alternative.name.to_owned()),
            Pick::Ixit(name, kind, _) => (format!("ixit.{name}"), (*kind).to_owned()),
        }
    }

    /// Whether it is what the reference DUT does by itself.
    pub(super) fn is_default(&self) -> bool {
        match self {
            Pick::Choice(chosen) => chosen.choice.alternatives.first() == Some(chosen.alternative),
            Pick::Ixit(_, kind, _) => *kind == USUAL,
        }
    }
}

/// The kind of value that the reference DUT has.
const USUAL: &str = "usual";

/// The values of the IXIT that differ from DUT to DUT, and the kinds that each can be of, the usual one first.
const VALUES: [(&str, &[&str]); 11] = [
    ("server_id", &[USUAL, "one letter", "short", "long"]),
    ("server_secret", &[USUAL, "one letter", "short", "long"]),
    ("client_name", &[USUAL, "one letter", "short", "long"]),
    ("client_secret", &[USUAL, "one letter", "short", "long"]),
    ("server_nonce", &[USUAL, "one octet", "short", "long", "with zeros"]),
    ("client_nonce", &[USUAL, "one octet", "short", "long", "with zeros"]),
    ("http_port", &[USUAL, "low", "high"]),
    ("server_auth", &[USUAL, "basic"]),
    ("client_auth", &[USUAL, "basic"]),
    ("encoding", &[USUAL, "wbxml"]),
    ("other_account", &[USUAL, "another server"]),
];

/// What wakes a card up.
const WAKE_UPS: (&str, &[&str]) = ("wake_up", &[USUAL, "status", "timer", "location", "call-control", "sms-pp"]);

/// Whether a value of the IXIT differs from one drawn DUT to the next.
pub(super) fn is_drawn(name: &str) -> bool {
    VALUES.into_iter().chain([WAKE_UPS]).any(|(own, _)| own == name)
}

/// Everything that a DUT of a kind can be made of, for counting.
pub(super) fn everything(kind: DutKind) -> Vec<Pick> {
    let choices = Choice::of(side(kind)).flat_map(|choice| {
        choice.alternatives.iter().map(move |alternative| Pick::Choice(Chosen { choice, alternative }))
    });
    let values =
        values(kind).flat_map(|(name, kinds)| kinds.iter().map(move |kind| Pick::Ixit(name, kind, Value::Null)));
    choices.chain(values).collect()
}

fn side(kind: DutKind) -> Role {
    match kind {
        DutKind::Card => Role::Card,
        DutKind::Terminal => Role::Terminal,
    }
}

fn values(kind: DutKind) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    VALUES.into_iter().chain((kind == DutKind::Card).then_some(WAKE_UPS))
}

/// The DUT of this number.
pub(super) fn draw(kind: DutKind, seed: u64, number: usize) -> Vec<Pick> {
    let number = u64::try_from(number).unwrap_or_default();
    let mut random = Random::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(number));
    // Some DUTs are like the reference but for a few choices, others like it in hardly anything.
    let density = random.one_of(&[10, 40, 90]).unwrap_or_default();
    let mut picks = Vec::new();
    for choice in Choice::of(side(kind)) {
        let other = random.below(100) < density;
        let drawn = random.below(choice.alternatives.len() as u64);
        let index = if other { usize::try_from(drawn).unwrap_or_default() } else { 0 };
        picks.extend(choice.alternatives.get(index).map(|alternative| Pick::Choice(Chosen { choice, alternative })));
    }
    for (name, kinds) in values(kind) {
        let other = random.below(100) < density;
        let drawn = random.one_of(kinds).unwrap_or(USUAL);
        let kind = if other { drawn } else { USUAL };
        picks.push(Pick::Ixit(name, kind, value(name, kind, &mut random)));
    }
    picks
}

/// A value of a kind.
fn value(name: &str, kind: &str, random: &mut Random) -> Value {
    match kind {
        USUAL => Value::Null,
        "one letter" => json!(text(1, random)),
        "short" if name.ends_with("nonce") => json!(to_hex(&octets(2, 8, random))),
        "short" => json!(text(usize_within(2, 7, random), random)),
        "long" if name.ends_with("nonce") => json!(to_hex(&octets(17, 64, random))),
        "long" => json!(text(usize_within(30, 80, random), random)),
        "one octet" => json!(to_hex(&octets(1, 1, random))),
        "with zeros" => json!(to_hex(&[&octets(1, 3, random)[..], &[0, 0, 0x3A], &octets(1, 9, random)[..]].concat())),
        "low" => json!(usize_within(1, 1023, random)),
        "high" => json!(usize_within(50_000, 65_000, random)),
        "another server" => json!({ "server_id": "other.example.org", "server_secret": "another" }),
        word => json!(word),
    }
}

fn usize_within(low: u64, high: u64, random: &mut Random) -> usize {
    let drawn = random.below(high.saturating_sub(low).saturating_add(1)).saturating_add(low);
    usize::try_from(drawn).unwrap_or(usize::MAX)
}

fn octets(low: u64, high: u64, random: &mut Random) -> Vec<u8> {
    (0..usize_within(low, high, random))
        .map(|_| {
            let [.., drawn] = random.next_u64().to_be_bytes();
            drawn
        })
        .collect()
}

/// Letters that an account may have; a colon may not stand in an identity (DMSEC 5.3).
fn text(length: usize, random: &mut Random) -> String {
    const LETTERS: &[char] = &['a', 'B', '7', '-', '.', '_', 'z', 'Q', '0', '@'];
    (0..length).filter_map(|_| random.one_of(LETTERS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_from_the_seed_and_reach_everything() {
        for kind in DutKind::ALL {
            assert_eq!(draw(kind, 1, 7), draw(kind, 1, 7));
            assert_ne!(draw(kind, 1, 7), draw(kind, 2, 7));
            let mut missing: Vec<_> = everything(kind).iter().map(Pick::named).collect();
            for number in 0..500 {
                let drawn: Vec<_> = draw(kind, 0, number).iter().map(Pick::named).collect();
                missing.retain(|name| !drawn.contains(name));
            }
            assert_eq!(missing, [], "{kind}");
        }
    }
}
