//! What is looked for: secrets in the forms that no reading undoes, and where they stand in one.

use std::collections::HashMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dmsc_octets::to_hex;
use dmsc_uicc::coding::gsm7;

use super::reading::{Cut, Reading};

/// Octets of the shortest secret that is looked for: fewer stand in too much that is none.
pub(super) const SHORTEST: usize = 4;

/// Octets from which on a secret is also found in other case, and with something between its parts.
const SHORTEST_SQUEEZED: usize = 6;

/// Octets of a secret that tell of it where the rest was cut off.
const SHORTEST_PART: usize = 3;

/// Where a secret stands, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) place: Range<usize>,
    pub(super) secret: usize,
}

/// Secrets, in all forms that are looked for.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// As octets.
    exact: Sought,
    /// As they are when squeezed, in small letters.
    folded: Sought,
    /// As base64, of which a part stands for the secret alone.
    base64: Sought,
    /// Octets of the longest form.
    longest: usize,
}

impl Forms {
    pub(super) fn of(secrets: &[Vec<u8>]) -> Forms {
        let mut forms = Forms::default();
        for (number, secret) in secrets.iter().enumerate() {
            let mut exact = vec![secret.clone(), secret.iter().map(|octet| octet.rotate_left(4)).collect()];
            let mut of_base64 =
                vec![secret.clone(), to_hex(secret).into_bytes(), to_hex(secret).to_lowercase().into_bytes()];
            if let Ok(text) = std::str::from_utf8(secret) {
                let units: Vec<u16> = text.encode_utf16().collect();
                exact.push(units.iter().flat_map(|unit| unit.to_be_bytes()).collect());
                exact.push(units.iter().flat_map(|unit| unit.to_le_bytes()).collect());
                exact.extend(gsm7::encode(text).into_iter().flat_map(|septets| packed(&septets)));
                // As a name that is written in small letters, such as one of a header.
                of_base64.push(text.to_lowercase().into_bytes());
            }
            exact.sort_unstable();
            exact.dedup();
            for form in exact.into_iter().filter(|form| form.len() >= SHORTEST) {
                forms.exact.add(form, number, [0, 0]);
            }
            if let Some(digits) = decimal(secret) {
                forms.exact.add(digits, number, [0, 0]);
            }
            for before in 0..5 {
                if let Some((text, beside)) = inside_base32(secret, before) {
                    forms.folded.add(text, number, beside);
                }
            }
            let squeezed: Vec<u8> = Reading::of(secret).squeezed().octets;
            if squeezed.len() >= SHORTEST_SQUEEZED {
                forms.folded.add(squeezed.to_ascii_lowercase(), number, [0, 0]);
            }
            for form in of_base64 {
                for before in 0..3 {
                    if let Some((text, beside)) = inside_base64(&form, before) {
                        forms.base64.add(text, number, beside);
                    }
                }
            }
        }
        let all = [&forms.exact, &forms.folded, &forms.base64];
        forms.longest =
            all.into_iter().flat_map(|sought| &sought.forms).map(|form| form.octets.len()).max().unwrap_or(0);
        forms
    }

    /// Octets of the longest form.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The secrets in a reading.
    pub(super) fn find(&self, reading: &Reading, cut: Cut, hits: &mut Vec<Hit>) {
        self.exact.find(&reading.octets, reading, cut, hits);
        let squeezed = reading.squeezed();
        self.folded.find(&squeezed.octets.to_ascii_lowercase(), &squeezed, cut, hits);
        let standard = |octet: &u8| match octet {
            b'-' => b'+',
            b'_' => b'/',
            octet => *octet,
        };
        let standard: Vec<u8> = squeezed.octets.iter().map(standard).collect();
        self.base64.find(&standard, &squeezed, cut, hits);
    }
}

/// Octets to look for.
#[derive(Debug)]
struct Sought {
    forms: Vec<Form>,
    /// The octets that any begins with: most octets begin nothing, and are not looked up.
    begins: [bool; 256],
    /// Those that begin with two octets.
    by_begin: HashMap<[u8; 2], Vec<usize>>,
}

#[derive(Debug)]
struct Form {
    octets: Vec<u8>,
    secret: usize,
    /// Octets on both sides that have a part in it.
    beside: [usize; 2],
}

impl Default for Sought {
    fn default() -> Sought {
        Sought { forms: Vec::new(), begins: [false; 256], by_begin: HashMap::new() }
    }
}

impl Sought {
    fn add(&mut self, octets: Vec<u8>, secret: usize, beside: [usize; 2]) {
        if let Some(begin) = octets.first_chunk::<2>() {
            self.begins.get_mut(usize::from(begin[0])).into_iter().for_each(|begins| *begins = true);
            self.by_begin.entry(*begin).or_default().push(self.forms.len());
            self.forms.push(Form { octets, secret, beside });
        }
    }

    /// Where any of them stands in the octets, which have the places of the reading.
    fn find(&self, octets: &[u8], reading: &Reading, cut: Cut, hits: &mut Vec<Hit>) {
        for (at, first) in octets.iter().enumerate() {
            if !self.begins.get(usize::from(*first)).is_some_and(|begins| *begins) {
                continue;
            }
            let Some(two) = octets.get(at..).and_then(<[u8]>::first_chunk) else { break };
            for form in self.by_begin.get(two).into_iter().flatten().filter_map(|number| self.forms.get(*number)) {
                if octets.get(at..).is_some_and(|rest| rest.starts_with(&form.octets)) {
                    let [before, after] = form.beside;
                    let end = at.saturating_add(form.octets.len()).saturating_add(after).min(octets.len());
                    hits.push(Hit { place: reading.place(at.saturating_sub(before)..end), secret: form.secret });
                }
            }
        }
        for form in self.forms.iter().filter(|_| cut.begin || cut.end) {
            let parts = SHORTEST_PART..form.octets.len();
            let begins = |count: &usize| form.octets.get(..*count).is_some_and(|part| octets.ends_with(part));
            if let Some(count) = parts.clone().rev().find(begins).filter(|_| cut.end) {
                let begin = reading.place(octets.len().saturating_sub(count)..octets.len()).start;
                hits.push(Hit { place: begin..reading.length(), secret: form.secret });
            }
            let ends = |count: &usize| {
                let left = form.octets.len().saturating_sub(*count);
                form.octets.get(left..).is_some_and(|part| octets.starts_with(part))
            };
            if let Some(count) = parts.rev().find(ends).filter(|_| cut.begin) {
                hits.push(Hit { place: 0..reading.place(0..count).end, secret: form.secret });
            }
        }
    }
}

/// What septets make of packed text in which so many bits of something else stand before them in an octet: the octets that
/// depend on nothing else.
fn packed(septets: &[u8]) -> Vec<Vec<u8>> {
    let of = |bits: u8| {
        let all = gsm7::pack(septets, bits);
        let whole = septets.len().saturating_mul(7).saturating_add(usize::from(bits)) / 8;
        all.get(usize::from(bits > 0)..whole).unwrap_or_default().to_vec()
    };
    (0..8).map(of).collect()
}

/// What octets make of base64 text in which so many of something else stand before them in their group of three: the
/// characters that depend on nothing but them, and how many have a part of them on both sides.
fn inside_base64(octets: &[u8], before: usize) -> Option<(Vec<u8>, [usize; 2])> {
    let text = STANDARD.encode([&[0; 2][..before], octets].concat());
    // Those of the first group that the octets before have a part in.
    let first = [0, 2, 3].get(before).copied()?;
    let bits = before.saturating_add(octets.len()).saturating_mul(8);
    let form = text.get(first..bits / 6).filter(|text| text.len() >= SHORTEST)?;
    Some((form.as_bytes().to_vec(), [usize::from(before > 0), usize::from(!bits.is_multiple_of(6))]))
}

/// The number that octets are, in decimal digits; none of those that nobody takes for one.
fn decimal(octets: &[u8]) -> Option<Vec<u8>> {
    const LONGEST: usize = 64;
    let mut digits: Vec<u8> = Vec::new();
    for octet in octets.iter().filter(|_| octets.len() <= LONGEST) {
        let mut carry = u32::from(*octet);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).ok()?;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).ok()?);
            carry /= 10;
        }
    }
    (digits.len() >= SHORTEST_SQUEEZED).then(|| digits.iter().rev().map(|digit| digit + b'0').collect())
}

/// As [`inside_base64`], of base32 in small letters, in which five octets are a group (RFC 4648 6).
fn inside_base32(octets: &[u8], before: usize) -> Option<(Vec<u8>, [usize; 2])> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bits = before.saturating_add(octets.len()).saturating_mul(8);
    let bit = |at: usize| {
        let octet = (at / 8).checked_sub(before).and_then(|at| octets.get(at)).copied().unwrap_or_default();
        usize::from(octet >> (7 - at % 8) & 1)
    };
    let letter = |at: usize| {
        let value = (0..5).fold(0, |value, one| value << 1 | bit(at.saturating_mul(5).saturating_add(one)));
        LETTERS.get(value).copied().unwrap_or_default()
    };
    let first = before.saturating_mul(8).div_ceil(5);
    let text: Vec<u8> = (first..bits / 5).map(letter).collect();
    let beside = [usize::from(before > 0), usize::from(!bits.is_multiple_of(5))];
    (text.len() >= SHORTEST_SQUEEZED).then_some((text, beside))
}
