//! Octets as somebody may read them: with what they stand for in place of what is written, and where each was written.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

/// Octets, each with its place in what they were read from.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub(super) octets: Vec<u8>,
    /// Begin and end of each; none where each stands at its own place. What is read is far below 4 GiB, and there may be many.
    places: Option<Vec<(u32, u32)>>,
    /// Octets of what was read.
    length: usize,
}

/// Which ends of what is read are cuts, behind which it went on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) begin: bool,
    pub(super) end: bool,
}

impl Reading {
    pub(super) fn of(octets: &[u8]) -> Reading {
        Reading { octets: octets.to_vec(), places: None, length: octets.len() }
    }

    /// Where these octets of it were written.
    pub(super) fn place(&self, octets: Range<usize>) -> Range<usize> {
        let Some(places) = &self.places else { return octets };
        let wide = |place: u32| usize::try_from(place).unwrap_or(usize::MAX);
        let begin = places.get(octets.start).map_or(self.length, |place| wide(place.0));
        let end = octets.end.checked_sub(1).and_then(|last| places.get(last)).map_or(begin, |place| wide(place.1));
        begin..end.max(begin)
    }

    /// Octets of what was read.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    pub(super) fn at(&self, at: usize) -> Option<u8> {
        self.octets.get(at).copied()
    }

    pub(super) fn from(&self, at: usize) -> &[u8] {
        self.octets.get(at..).unwrap_or_default()
    }

    /// A reading of this one, to be filled.
    pub(super) fn next(&self) -> Reading {
        let room = self.octets.len();
        Reading { octets: Vec::with_capacity(room), places: Some(Vec::with_capacity(room)), length: self.length }
    }

    /// As [`Reading::next`], for what is rarely there.
    pub(super) fn rare(&self) -> Reading {
        Reading { octets: Vec::new(), places: Some(Vec::new()), length: self.length }
    }

    /// Adds an octet that was written as these of `from`.
    pub(super) fn add(&mut self, octet: u8, from: &Reading, written: Range<usize>) {
        let place = from.place(written);
        self.octets.push(octet);
        let narrow = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        self.places.get_or_insert_default().push((narrow(place.start), narrow(place.end)));
    }

    pub(super) fn add_char(&mut self, c: char, from: &Reading, written: Range<usize>) {
        for octet in c.encode_utf8(&mut [0; 4]).bytes() {
            self.add(octet, from, written.clone());
        }
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.octets.truncate(length);
        self.places.iter_mut().for_each(|places| places.truncate(length));
    }

    /// Reads with a function that takes what begins at a place, and tells how many octets that were, or none for one that
    /// stands for itself. What it has no octets for is left out.
    pub(super) fn read(&self, mut one: impl FnMut(&mut Reading, usize) -> Option<usize>) -> Option<Reading> {
        let mut next = self.next();
        let (mut at, mut any) = (0, false);
        while let Some(octet) = self.at(at) {
            match one(&mut next, at) {
                Some(taken) => {
                    any = true;
                    at = at.saturating_add(taken.max(1));
                }
                None => {
                    next.add(octet, self, at..at.saturating_add(1));
                    at = at.saturating_add(1);
                }
            }
        }
        any.then_some(next)
    }

    /// A number for what is read and where: two that differ have two, but for one in very many.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        // What tells the same of other places differs at one of these.
        let places = self.places.as_deref().unwrap_or_default();
        (&self.octets, places.first(), places.get(places.len() / 2), places.last()).hash(&mut hasher);
        hasher.finish()
    }

    /// Without what nobody sees, and what stands between the parts of a text that was broken: white space and line ends,
    /// control characters (among them the zeros of UCS-2 and the tokens of WBXML around a string), terminal colours, marks
    /// of direction and others without a width. Full-width letters are those of ASCII.
    pub(super) fn squeezed(&self) -> Reading {
        let squeezed = self.read(|next, at| {
            let rest = self.from(at);
            match *rest.first()? {
                0x1B if rest.get(1) == Some(&b'[') => {
                    let parameters = rest.iter().skip(2).take(32).take_while(|octet| (0x20..0x40).contains(*octet));
                    Some(parameters.count().saturating_add(3))
                }
                0x02 => match number(rest.get(1..)?) {
                    // ENTITY: a character above those of one octet (WBXML 5.8.4.3).
                    Some((code, taken)) if taken > 1 => {
                        let taken = taken.saturating_add(1);
                        next.add_char(char::from_u32(code)?, self, at..at.saturating_add(taken));
                        Some(taken)
                    }
                    _ => Some(1),
                },
                octet if octet <= b' ' || octet == 0x7F => Some(1),
                // A soft hyphen, a joiner of graphemes, a mark of direction.
                0xC2 if rest.get(1) == Some(&0xAD) => Some(2),
                0xCD if rest.get(1) == Some(&0x8F) => Some(2),
                0xD8 if rest.get(1) == Some(&0x9C) => Some(2),
                // OPAQUE and a length that is no second octet of a character (WBXML 5.8.4.6).
                0xC3 if rest.get(1).is_some_and(|length| *length < 0x80) => Some(2),
                0xE2 => match rest.get(1..3)? {
                    [0x80, 0x8B..=0x8F | 0xA8..=0xAE] | [0x81, 0xA0..=0xAF] => Some(3),
                    _ => None,
                },
                0xE1 if rest.get(1..3)? == [0xA0, 0x8E] => Some(3),
                0xEF => match rest.get(1..3)? {
                    [0xBF, 0xBD] | [0xBB, 0xBF] | [0xB8, 0x80..=0x8F] => Some(3),
                    [0xBC, last @ 0x81..=0xBF] => {
                        next.add(last - 0x60, self, at..at.saturating_add(3));
                        Some(3)
                    }
                    [0xBD, last @ 0x80..=0x9E] => {
                        next.add(last - 0x20, self, at..at.saturating_add(3));
                        Some(3)
                    }
                    _ => None,
                },
                // Tags and selectors of variants.
                0xF3 if rest.get(1) == Some(&0xA0) => Some(4),
                _ => None,
            }
        });
        squeezed.unwrap_or_else(|| self.clone())
    }

    /// Whether fewer than so many octets are left there in front of a cut.
    pub(super) fn ends_at(&self, at: usize, cut: Cut, most: usize) -> bool {
        cut.end && self.octets.len().saturating_sub(at) < most
    }
}

/// A number of WBXML, and how many octets it takes (WBXML 5.1).
fn number(octets: &[u8]) -> Option<(u32, usize)> {
    let last = octets.iter().take(4).position(|octet| octet & 0x80 == 0)?;
    let all = octets.get(..=last)?.iter();
    Some((all.fold(0, |number, octet| number << 7 | u32::from(octet & 0x7F)), last.saturating_add(1)))
}
