//! All readings of octets, in round upon round: what is written in one way may be written so in another.

use std::collections::HashMap;

use super::digits::{base64, decimals, groups, hex};
use super::readers::{chunks, escapes, mail, markup, percent};
use super::reading::{Cut, Reading};

/// One way to read octets; nothing where nothing is written in this way.
type Reader = fn(&Reading, Cut) -> Option<Reading>;

/// The ways to read octets. Digits may be paired in two ways, and characters of base64 grouped in four.
const READERS: [Reader; 13] = [
    chunks,
    markup,
    percent,
    escapes,
    mail,
    |reading, cut| hex(reading, cut, false),
    |reading, cut| hex(reading, cut, true),
    groups,
    decimals,
    |reading, cut| base64(reading, cut, 0),
    |reading, cut| base64(reading, cut, 1),
    |reading, cut| base64(reading, cut, 2),
    |reading, cut| base64(reading, cut, 3),
];

/// In how many ways at most one is written in another.
const ROUNDS: usize = 5;

/// Octets of the readings of one round: in proportion to what is read, and for what is short as many as it takes.
const TIMES: usize = 8;
const LEAST: usize = 128 * 1024;

/// Shows octets, and all that is made of them in one way after another.
pub(super) fn every_reading(octets: Reading, cut: Cut, look: &mut dyn FnMut(&Reading)) {
    let room = octets.length().saturating_mul(TIMES).max(LEAST);
    Rounds { cut, room: [room; ROUNDS], seen: HashMap::new(), look }.read(&octets, ROUNDS);
}

struct Rounds<'l> {
    cut: Cut,
    /// Octets that are left to each round, by how many rounds may follow it.
    room: [usize; ROUNDS],
    /// How many rounds followed a reading: most ways lead to the same in any order.
    seen: HashMap<u64, usize>,
    look: &'l mut dyn FnMut(&Reading),
}

impl Rounds<'_> {
    fn read(&mut self, reading: &Reading, rounds: usize) {
        (self.look)(reading);
        let Some(left) = rounds.checked_sub(1) else { return };
        for read in READERS {
            let Some(next) = read(reading, self.cut) else { continue };
            let seen = self.seen.entry(next.digest()).or_insert(0);
            // It is looked at once more where more may follow it now.
            if *seen > left {
                continue;
            }
            *seen = left.saturating_add(1);
            let Some(room) = self.room.get_mut(left) else { continue };
            match room.checked_sub(next.octets.len().max(1)) {
                Some(rest) => *room = rest,
                None => continue,
            }
            self.read(&next, left);
        }
    }
}
