//! Octets as somebody may read them: with what they stand for in place of what is written, and where each was written.

use std::ops::Range;

/// Octets, each with its place in what they were read from.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub(super) octets: Vec<u8>,
    /// Begin and end of each; none where each stands at its own place.
    places: Option<Vec<(usize, usize)>>,
    /// Octets of what was read.
    length: usize,
}

/// Which ends of what is read are cuts, behind which it went on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) begin: bool,
    pub(super) end: bool,
}

/// One way to read octets; nothing where nothing is written in this way.
type Reader = fn(&Reading, Cut) -> Option<Reading>;

/// The ways to read octets, apart from hexadecimal. Each counts once on the way from what is written to a secret, and markup
/// twice: a document may have another in it.
pub(super) const READERS: [Reader; 5] = [chunks, markup, markup, percent, escapes];

/// Which of them is the one before, again, and is taken only after it.
pub(super) const AGAIN: usize = 2;

/// Two ways to pair digits.
pub(super) const HEX: [Reader; 2] = [|reading, cut| hex(reading, cut, false), |reading, cut| hex(reading, cut, true)];

impl Reading {
    pub(super) fn of(octets: &[u8]) -> Reading {
        Reading { octets: octets.to_vec(), places: None, length: octets.len() }
    }

    /// Where these octets of it were written.
    pub(super) fn place(&self, octets: Range<usize>) -> Range<usize> {
        let Some(places) = &self.places else { return octets };
        let begin = places.get(octets.start).map_or(self.length, |place| place.0);
        let end = octets.end.checked_sub(1).and_then(|last| places.get(last)).map_or(begin, |place| place.1);
        begin..end.max(begin)
    }

    /// Octets of what was read.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    fn at(&self, at: usize) -> Option<u8> {
        self.octets.get(at).copied()
    }

    fn from(&self, at: usize) -> &[u8] {
        self.octets.get(at..).unwrap_or_default()
    }

    /// A reading of this one, to be filled.
    fn next(&self) -> Reading {
        let room = self.octets.len();
        Reading { octets: Vec::with_capacity(room), places: Some(Vec::with_capacity(room)), length: self.length }
    }

    /// Adds an octet that was written as these of `from`.
    fn add(&mut self, octet: u8, from: &Reading, written: Range<usize>) {
        let place = from.place(written);
        self.octets.push(octet);
        self.places.get_or_insert_default().push((place.start, place.end));
    }

    fn add_char(&mut self, c: char, from: &Reading, written: Range<usize>) {
        for octet in c.encode_utf8(&mut [0; 4]).bytes() {
            self.add(octet, from, written.clone());
        }
    }

    fn truncate(&mut self, length: usize) {
        self.octets.truncate(length);
        self.places.iter_mut().for_each(|places| places.truncate(length));
    }

    /// Reads with a function that takes what begins at a place, and tells how many octets that were, or none for one that
    /// stands for itself. What it has no octets for is left out.
    fn read(&self, mut one: impl FnMut(&mut Reading, usize) -> Option<usize>) -> Option<Reading> {
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

    /// Without what nobody sees, and what stands between the parts of a text that was broken: white space and line ends,
    /// control characters (among them the zeros of UCS-2 and the tokens of WBXML around a string), terminal colours, marks
    /// of direction.
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
                // OPAQUE and a length that is no second octet of a character (WBXML 5.8.4.6).
                0xC3 if rest.get(1).is_some_and(|length| *length < 0x80) => Some(2),
                0xE2 => match rest.get(1..3)? {
                    [0x80, 0x8B..=0x8F | 0xA8..=0xAE] | [0x81, 0xA0..=0xAF] => Some(3),
                    _ => None,
                },
                0xEF if matches!(rest.get(1..3)?, [0xBF, 0xBD] | [0xBB, 0xBF]) => Some(3),
                _ => None,
            }
        });
        squeezed.unwrap_or_else(|| self.clone())
    }

    /// Whether fewer than so many octets are left there in front of a cut.
    fn ends_at(&self, at: usize, cut: Cut, most: usize) -> bool {
        cut.end && self.octets.len().saturating_sub(at) < most
    }
}

/// A number of WBXML, and how many octets it takes (WBXML 5.1).
fn number(octets: &[u8]) -> Option<(u32, usize)> {
    let last = octets.iter().take(4).position(|octet| octet & 0x80 == 0)?;
    let all = octets.get(..=last)?.iter();
    Some((all.fold(0, |number, octet| number << 7 | u32::from(octet & 0x7F)), last.saturating_add(1)))
}

/// A body without the lines between its chunks (RFC 9112 7.1).
fn chunks(reading: &Reading, _: Cut) -> Option<Reading> {
    /// The most digits of a length, and the longest extension, that are looked through.
    const DIGITS: usize = 8;
    const LINE: usize = 200;
    reading.read(|_, at| {
        let line = reading.from(at).strip_prefix(b"\r\n")?;
        let digits = line.iter().take(DIGITS).take_while(|octet| octet.is_ascii_hexdigit()).count();
        if digits == 0 || !matches!(line.get(digits)?, b'\r' | b';' | b' ') {
            return None;
        }
        let end = line.iter().take(LINE).position(|octet| *octet == b'\r')?;
        (line.get(end.saturating_add(1)) == Some(&b'\n')).then_some(end.saturating_add(4))
    })
}

/// XML with its characters instead of references, and without comments and the brackets of CDATA sections (XML 1.0 2.4, 2.5,
/// 2.7, 4.1).
fn markup(reading: &Reading, cut: Cut) -> Option<Reading> {
    const NAMED: [(&str, char); 5] = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
    const LONGEST: usize = 12;
    // After a comment without end there is no other.
    let mut comments = true;
    reading.read(|next, at| {
        let rest = reading.from(at);
        match *rest.first()? {
            b'&' => {
                let end = rest.iter().take(LONGEST).position(|octet| *octet == b';');
                let Some(end) = end else { return reading.ends_at(at, cut, LONGEST).then_some(LONGEST) };
                let name = std::str::from_utf8(rest.get(1..end)?).ok()?;
                let c = match name.strip_prefix('#') {
                    Some(number) => match number.strip_prefix(['x', 'X']) {
                        Some(digits) => char::from_u32(u32::from_str_radix(digits, 16).ok()?)?,
                        None => char::from_u32(number.parse().ok()?)?,
                    },
                    None => NAMED.iter().find(|(known, _)| *known == name)?.1,
                };
                let taken = end.saturating_add(1);
                next.add_char(c, reading, at..at.saturating_add(taken));
                Some(taken)
            }
            b'<' if rest.starts_with(b"<![CDATA[") => Some(9),
            b']' if rest.starts_with(b"]]>") => Some(3),
            b'<' if comments && rest.starts_with(b"<!--") => {
                let end = rest.windows(3).skip(4).position(|three| three == b"-->");
                comments = end.is_some();
                Some(end?.saturating_add(7))
            }
            _ => None,
        }
    })
}

/// An address with its octets instead of triplets (RFC 3986 2.1).
fn percent(reading: &Reading, cut: Cut) -> Option<Reading> {
    reading.read(|next, at| {
        let rest = reading.from(at);
        if rest.first() != Some(&b'%') {
            return None;
        }
        match rest.get(1..3).and_then(pair) {
            Some(octet) => {
                next.add(octet, reading, at..at.saturating_add(3));
                Some(3)
            }
            None => reading.ends_at(at, cut, 3).then_some(3),
        }
    })
}

/// A text of JSON or of a program, with its characters instead of escapes (RFC 8259 7).
fn escapes(reading: &Reading, cut: Cut) -> Option<Reading> {
    let unit = |at: usize| {
        let digits = reading.from(at).strip_prefix(b"\\u")?.get(..4)?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    reading.read(|next, at| {
        let rest = reading.from(at);
        if rest.first() != Some(&b'\\') {
            return None;
        }
        let mut add = |octet: u8, taken: usize| {
            next.add(octet, reading, at..at.saturating_add(taken));
            Some(taken)
        };
        match rest.get(1) {
            Some(b'x') => match rest.get(2..4).and_then(pair) {
                Some(octet) => add(octet, 4),
                None => reading.ends_at(at, cut, 4).then_some(4),
            },
            Some(b'u') => match (unit(at), unit(at.saturating_add(6))) {
                (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
                    let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    next.add_char(char::from_u32(code)?, reading, at..at.saturating_add(12));
                    Some(12)
                }
                (Some(code), _) => {
                    next.add_char(char::from_u32(code)?, reading, at..at.saturating_add(6));
                    Some(6)
                }
                (None, _) => reading.ends_at(at, cut, 6).then_some(6),
            },
            Some(octet @ (b'\\' | b'"' | b'\'' | b'/')) => add(*octet, 2),
            Some(b'n' | b'r' | b't') => add(b' ', 2),
            Some(_) => reading.ends_at(at, cut, 4).then_some(4),
            None => cut.end.then_some(1),
        }
    })
}

/// The octets of what is written in hexadecimal, in pairs of digits with or without something between them; `odd`: the first
/// digit of those that stand together is not half of a pair.
fn hex(reading: &Reading, cut: Cut, odd: bool) -> Option<Reading> {
    /// Pairs below which a run is taken for a word.
    const FEWEST: usize = 3;
    let is_digit = |at: usize| reading.at(at).is_some_and(|octet| octet.is_ascii_hexdigit());
    let mut next = reading.next();
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
fn pair(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |octet: &u8| char::from(*octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}
