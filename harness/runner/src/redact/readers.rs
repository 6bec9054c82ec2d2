//! Ways to write a text: chunks, markup, addresses, programs, mail.

use super::digits::{decode, pair};
use super::reading::{Cut, Reading};

/// The names that HTML has for the punctuation of ASCII (HTML 13.5).
const NAMED: [(u8, &str); 32] = [
    (b'&', "amp AMP"),
    (b'<', "lt LT"),
    (b'>', "gt GT"),
    (b'"', "quot QUOT"),
    (b'\'', "apos"),
    (b'_', "lowbar UnderBar"),
    (b'!', "excl"),
    (b'#', "num"),
    (b'$', "dollar"),
    (b'%', "percnt"),
    (b'(', "lpar"),
    (b')', "rpar"),
    (b'*', "ast midast"),
    (b'+', "plus"),
    (b',', "comma"),
    (b'.', "period"),
    (b'/', "sol"),
    (b':', "colon"),
    (b';', "semi"),
    (b'=', "equals"),
    (b'?', "quest"),
    (b'@', "commat"),
    (b'[', "lsqb lbrack"),
    (b'\\', "bsol"),
    (b']', "rsqb rbrack"),
    (b'^', "Hat"),
    (b'`', "grave DiacriticalGrave"),
    (b'{', "lcub lbrace"),
    (b'|', "verbar vert VerticalLine"),
    (b'}', "rcub rbrace"),
    (b'-', "dash hyphen"),
    (b' ', "nbsp Tab NewLine"),
];

/// A body without the lines between its chunks (RFC 9112 7.1).
pub(super) fn chunks(reading: &Reading, _: Cut) -> Option<Reading> {
    /// The most digits of a length, and the longest extension, that are looked through.
    const DIGITS: usize = 8;
    const LINE: usize = 200;
    if !has(reading, b"\r") {
        return None;
    }
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
/// 2.7, 4.1); references may be by the names that HTML has for punctuation.
pub(super) fn markup(reading: &Reading, cut: Cut) -> Option<Reading> {
    const LONGEST: usize = 20;
    if !has(reading, b"&<]") {
        return None;
    }
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
                    None => char::from(NAMED.iter().find(|(_, names)| names.split(' ').any(|known| known == name))?.0),
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

/// An address with its octets instead of triplets (RFC 3986 2.1), or the characters of `escape` in JavaScript.
pub(super) fn percent(reading: &Reading, cut: Cut) -> Option<Reading> {
    if !has(reading, b"%") {
        return None;
    }
    reading.read(|next, at| {
        let rest = reading.from(at);
        if rest.first() != Some(&b'%') {
            return None;
        }
        if let Some(octet) = rest.get(1..3).and_then(pair) {
            next.add(octet, reading, at..at.saturating_add(3));
            return Some(3);
        }
        if let Some(b'u' | b'U') = rest.get(1) {
            return match rest.get(2..6).and_then(|digits| number(digits, 16)).and_then(char::from_u32) {
                Some(c) => {
                    next.add_char(c, reading, at..at.saturating_add(6));
                    Some(6)
                }
                None => reading.ends_at(at, cut, 6).then_some(6),
            };
        }
        reading.ends_at(at, cut, 3).then_some(3)
    })
}

/// A text of JSON or of a program, with its characters instead of escapes (RFC 8259 7).
pub(super) fn escapes(reading: &Reading, cut: Cut) -> Option<Reading> {
    if !has(reading, b"\\") {
        return None;
    }
    reading.read(|next, at| {
        let rest = reading.from(at);
        if rest.first() != Some(&b'\\') {
            return None;
        }
        let kind = rest.get(1).copied();
        if let Some((c, taken)) = escaped(rest) {
            let written = at..at.saturating_add(taken);
            match kind {
                // They are octets.
                Some(b'x' | b'0'..=b'7') => next.add(u8::try_from(u32::from(c)).ok()?, reading, written),
                _ => next.add_char(c, reading, written),
            }
            return Some(taken);
        }
        match kind {
            Some(b'x') => reading.ends_at(at, cut, 4).then_some(4),
            Some(b'u') => reading.ends_at(at, cut, 10).then_some(10),
            Some(b'U') => reading.ends_at(at, cut, 10).then_some(10),
            Some(_) => reading.ends_at(at, cut, 4).then_some(4),
            None => cut.end.then_some(1),
        }
    })
}

/// The character of an escape at the beginning, and the octets that it takes.
fn escaped(rest: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = rest.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
        number(digits, 16)
    };
    let (code, taken) = match *rest.get(1)? {
        b'x' => (u32::from(pair(rest.get(2..4)?)?), 4),
        b'0'..=b'7' => {
            let digits = rest.iter().skip(1).take(3).take_while(|octet| (b'0'..=b'7').contains(*octet)).count();
            let code = number(rest.get(1..digits.saturating_add(1))?, 8).filter(|code| *code <= 0xFF)?;
            (code, digits.saturating_add(1))
        }
        b'u' if rest.get(2) == Some(&b'{') => {
            let digits = rest.iter().skip(3).take(6).take_while(|octet| octet.is_ascii_hexdigit()).count();
            let end = digits.saturating_add(3);
            (rest.get(end) == Some(&b'}')).then(|| number(rest.get(3..end)?, 16)).flatten().zip(end.checked_add(1))?
        }
        b'u' => match (unit(0)?, unit(6)) {
            (high @ 0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                (0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), 12)
            }
            (code, _) => (code, 6),
        },
        b'U' => (number(rest.get(2..10)?, 16)?, 10),
        octet @ (b'\\' | b'"' | b'\'' | b'/') => (u32::from(octet), 2),
        b'n' | b'r' | b't' => (u32::from(b' '), 2),
        _ => return None,
    };
    Some((char::from_u32(code)?, taken))
}

/// A text of mail: quoted-printable (RFC 2045 6.7), and words of a header that have another encoding (RFC 2047 2).
pub(super) fn mail(reading: &Reading, cut: Cut) -> Option<Reading> {
    if !has(reading, b"=") {
        return None;
    }
    reading.read(|next, at| {
        let rest = reading.from(at);
        match rest {
            [b'=', b'\r', b'\n', ..] => Some(3),
            [b'=', b'\n', ..] => Some(2),
            [b'=', b'?', ..] => word(reading, next, at),
            [b'=', ..] => match rest.get(1..3).and_then(pair) {
                Some(octet) => {
                    next.add(octet, reading, at..at.saturating_add(3));
                    Some(3)
                }
                None => reading.ends_at(at, cut, 3).then_some(3),
            },
            _ => None,
        }
    })
}

/// Adds what an encoded word tells; gives the octets that it takes, with the white space in front of another.
fn word(reading: &Reading, next: &mut Reading, at: usize) -> Option<usize> {
    /// Octets of the longest word, and somewhat more than that (RFC 2047 2).
    const LONGEST: usize = 128;
    let rest = reading.from(at);
    let rest = rest.get(..LONGEST.min(rest.len())).unwrap_or_default();
    let mut marks = rest.iter().enumerate().skip(2).filter(|(_, octet)| **octet == b'?').map(|(place, _)| place);
    let (charset, encoding) = (marks.next()?, marks.next()?);
    let end = marks.find(|place| rest.get(place.saturating_add(1)) == Some(&b'='))?;
    let (from, to) = (at.saturating_add(encoding).saturating_add(1), at.saturating_add(end));
    match rest.get(charset.saturating_add(1)..encoding)? {
        b"B" | b"b" => decode(reading, next, from..to),
        b"Q" | b"q" => {
            let mut place = from;
            while place < to {
                let coded = reading.from(place).strip_prefix(b"=").and_then(|digits| digits.get(..2)).and_then(pair);
                let (octet, taken) = match coded {
                    Some(octet) => (octet, 3),
                    None => (reading.at(place)?, 1),
                };
                let octet = if octet == b'_' && taken == 1 { b' ' } else { octet };
                next.add(octet, reading, place..place.saturating_add(taken));
                place = place.saturating_add(taken);
            }
        }
        _ => return None,
    }
    let behind = end.saturating_add(2);
    let blank = reading.from(at.saturating_add(behind)).iter().take(8).take_while(|o| o.is_ascii_whitespace()).count();
    let taken = behind.saturating_add(blank);
    let goes_on = reading.from(at.saturating_add(taken)).starts_with(b"=?");
    Some(if goes_on { taken } else { behind })
}

/// Whether any of these octets is in a reading.
fn has(reading: &Reading, any: &[u8]) -> bool {
    reading.octets.iter().any(|octet| any.contains(octet))
}

/// A number of digits alone.
fn number(digits: &[u8], base: u32) -> Option<u32> {
    let all = digits.iter().all(|digit| char::from(*digit).is_digit(base));
    u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| all)?, base).ok()
}
