//! Octets written as digits: hexadecimal, decimal numbers, base64.

use std::ops::Range;

use super::reading::{Cut, Reading};

/// The octets of what is written in hexadecimal, in pairs of digits with or without something between them; `odd`: the first
/// digit of those that stand together is not half of a pair.
pub(super) fn hex(reading: &Reading, cut: Cut, odd: bool) -> Option<Reading> {
    /// Pairs below which a run is taken for a word.
    const FEWEST: usize = 3;
    let is_digit = |at: usize| reading.at(at).is_some_and(|octet| octet.is_ascii_hexdigit());
    let mut next = reading.rare();
    let mut at = 0;
    while at < reading.octets.len() {
        if !is_digit(at) {
            at = at.saturating_add(1);
            continue;
        }
        let before = next.octets.len();
        loop {
            at = at.saturating_add(usize::from(odd));
            while let Some(octet) = reading.from(at).get(..2).and_then(pair) {
                next.add(octet, reading, at..at.saturating_add(2));
                at = at.saturating_add(2);
            }
            at = at.saturating_add(usize::from(is_digit(at)));
            let between = between(reading.from(at));
            if between == 0 || !is_digit(at.saturating_add(between)) {
                break;
            }
            at = at.saturating_add(between);
        }
        let is_last = cut.end && at >= reading.octets.len();
        if next.octets.len().saturating_sub(before) < FEWEST && !is_last {
            next.truncate(before);
        }
    }
    (!next.octets.is_empty()).then_some(next)
}

/// Octets of what stands between two pairs of digits.
fn between(octets: &[u8]) -> usize {
    const MOST: usize = 6;
    let mut count = 0;
    while count < MOST {
        let rest = octets.get(count..).unwrap_or_default();
        count += match rest {
            [b'0' | b'\\', b'x' | b'X', ..] => 2,
            [b' ' | b':' | b'-' | b',' | b'.' | b'_' | b'\r' | b'\n' | b'\t' | b'%' | b';' | b'"' | b'\'', ..] => 1,
            _ => break,
        };
    }
    count
}

/// The octet of two digits.
pub(super) fn pair(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |octet: &u8| char::from(*octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// The octets of hexadecimal digits that stand in groups of two or four, whatever is between them: numbers of lines, names of
/// types, any separator.
pub(super) fn groups(reading: &Reading, _: Cut) -> Option<Reading> {
    /// Octets below which they are taken for words.
    const FEWEST: usize = 4;
    let mut next = reading.rare();
    each_group(
        reading,
        |octet| octet.is_ascii_hexdigit(),
        |group| {
            let marked = group.start.checked_sub(1).and_then(|before| reading.at(before));
            let in_word = marked.is_some_and(|octet| octet.is_ascii_alphabetic() && !b"xXuUhH".contains(&octet));
            if !in_word && matches!(group.len(), 2 | 4) {
                for at in group.step_by(2) {
                    if let Some(octet) = reading.from(at).get(..2).and_then(pair) {
                        next.add(octet, reading, at..at.saturating_add(2));
                    }
                }
            }
        },
    );
    (next.octets.len() >= FEWEST).then_some(next)
}

/// The octets of decimal numbers, whatever is between them; those of a program may be negative.
pub(super) fn decimals(reading: &Reading, _: Cut) -> Option<Reading> {
    const FEWEST: usize = 4;
    let mut next = reading.rare();
    each_group(
        reading,
        |octet| octet.is_ascii_digit(),
        |group| {
            if group.len() > 3 {
                return;
            }
            let number =
                group.clone().filter_map(|at| reading.at(at)).fold(0, |all, digit| all * 10 + i32::from(digit - b'0'));
            let before = |count: usize| group.start.checked_sub(count).and_then(|at| reading.at(at));
            let negative = before(1) == Some(b'-') && !before(2).is_some_and(|octet| octet.is_ascii_alphanumeric());
            let octet =
                if negative { i8::try_from(-number).map(i8::cast_unsigned).ok() } else { u8::try_from(number).ok() };
            octet.into_iter().for_each(|octet| next.add(octet, reading, group.clone()));
        },
    );
    (next.octets.len() >= FEWEST).then_some(next)
}

/// Every run of octets for which `is` holds, as long as it goes.
fn each_group(reading: &Reading, is: fn(u8) -> bool, mut take: impl FnMut(Range<usize>)) {
    let mut begun = None;
    for (at, octet) in reading.octets.iter().enumerate() {
        match (is(*octet), begun) {
            (true, None) => begun = Some(at),
            (false, Some(begin)) => {
                take(begin..at);
                begun = None;
            }
            _ => {}
        }
    }
    begun.into_iter().for_each(|begin| take(begin..reading.octets.len()));
}

/// The octets of what is written in base64 (RFC 4648 4, 5), over line ends; `skipped` characters of each text belong to
/// something else.
pub(super) fn base64(reading: &Reading, _: Cut, skipped: usize) -> Option<Reading> {
    /// Characters below which a text is taken for a word: those of four octets in UCS-2.
    const FEWEST: usize = 11;
    let mut next = reading.rare();
    let mut at = 0;
    while at < reading.octets.len() {
        let (begin, mut count) = (at, 0);
        while let Some(octet) = reading.at(at) {
            match (sextet(octet), octet) {
                (Some(_), _) => count += 1,
                (None, b'\r' | b'\n') if count > 0 => {}
                _ => break,
            }
            at = at.saturating_add(1);
        }
        if count >= FEWEST {
            decode(reading, &mut next, begin.saturating_add(skipped)..at);
        }
        at = at.saturating_add(1);
    }
    (!next.octets.is_empty()).then_some(next)
}

/// Adds the octets of base64 text, of which what is no character of it is left out.
pub(super) fn decode(reading: &Reading, next: &mut Reading, text: Range<usize>) {
    let (mut bits, mut count, mut begin) = (0_u32, 0, text.start);
    for at in text {
        let Some(value) = reading.at(at).and_then(sextet) else { continue };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., octet] = (bits >> count).to_be_bytes();
            next.add(octet, reading, begin..at.saturating_add(1));
            // The next octet may begin in this character.
            begin = if count == 0 { at.saturating_add(1) } else { at };
        }
    }
}

/// The value of a character of base64 or base64url.
fn sextet(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}
