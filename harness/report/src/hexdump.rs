//! Octets for people: offset, hexadecimal, ASCII, and a line of `^^` under the offending ones.

use std::fmt::Write;

use crate::journal::Mark;

/// Short strings read best at 16 octets a line; long ones would be too tall.
const NARROW: usize = 16;
const WIDE: usize = 32;
const NARROW_UP_TO: usize = 64;

/// The octets as lines without indentation, each ended by a line feed. A mark past the end (of an
/// answer that is too short, say) shows after the last octet.
pub(crate) fn hexdump(octets: &[u8], mark: Option<Mark>) -> String {
    let width = if octets.len() <= NARROW_UP_TO { NARROW } else { WIDE };
    let mark = mark.map(|mark| Mark { offset: mark.offset.min(octets.len()), ..mark });
    let mut rows: Vec<&[u8]> = octets.chunks(width).collect();
    // A mark just past the end needs a place, also after a full last line or no octet at all.
    if octets.is_empty() || mark.is_some_and(|m| m.offset == octets.len() && m.offset % width == 0) {
        rows.push(&[]);
    }
    // Offset, two digits and a letter an octet, and what stands between; logs are mostly this.
    let mut out = String::with_capacity(rows.len().saturating_mul(width * 4 + 12));
    for (index, row) in rows.into_iter().enumerate() {
        let start = index * width;
        // Writing to a String cannot fail.
        let _ = write!(out, "{start:04X}  ");
        if row.is_empty() {
            out.push_str("(end)");
        } else {
            let digits = out.len() + width * 3 - 1;
            for octet in row {
                out.extend([digit(octet >> 4), digit(octet & 0x0F), ' ']);
            }
            // The space after the last octet is one of those up to the letters.
            out.pop();
            out.extend(std::iter::repeat_n(' ', digits.saturating_sub(out.len()) + 2));
            out.push('|');
            out.extend(row.iter().map(|octet| if matches!(octet, b' '..=b'~') { char::from(*octet) } else { '.' }));
            out.push('|');
        }
        out.push('\n');
        if let Some(mark) = mark {
            let last = if octets.len() == mark.offset { row.len() + 1 } else { row.len() };
            let under: String = (0..last).map(|at| if mark.covers(start + at) { "^^ " } else { "   " }).collect();
            if under.contains('^') {
                let _ = writeln!(out, "      {}", under.trim_end());
            }
        }
    }
    out
}

/// The hexadecimal digit of a value below 16.
fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('?').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offending_octets_are_underlined_across_lines() {
        let octets: Vec<u8> = (b'0'..b'0' + 34).collect();
        let mark = Mark { offset: 14, length: 4 };
        insta::assert_snapshot!(hexdump(&octets, Some(mark)), @"
        0000  30 31 32 33 34 35 36 37 38 39 3A 3B 3C 3D 3E 3F  |0123456789:;<=>?|
                                                        ^^ ^^
        0010  40 41 42 43 44 45 46 47 48 49 4A 4B 4C 4D 4E 4F  |@ABCDEFGHIJKLMNO|
              ^^ ^^
        0020  50 51                                            |PQ|
        ");
    }

    #[test]
    fn something_missing_at_the_end_is_shown_there() {
        let at = |offset| Some(Mark { offset, length: 1 });
        assert_eq!(hexdump(&[0x90], at(1)), format!("0000  90{}|.|\n         ^^\n", " ".repeat(47)));
        assert_eq!(hexdump(&[], at(0)), "0000  (end)\n      ^^\n");
        assert!(hexdump(&[0; 16], at(99)).ends_with("0010  (end)\n      ^^\n"));
        assert_eq!(hexdump(&[], None), "0000  (end)\n");
    }

    #[test]
    fn long_strings_take_wide_lines() {
        assert_eq!(hexdump(&[0; 65], None).lines().count(), 3);
        assert_eq!(hexdump(&[0; 64], None).lines().count(), 4);
    }

    proptest! {
        #[test]
        fn any_mark_within_is_shown_whole(octets in proptest::collection::vec(0u8.., 1..200), offset: usize, length in 1usize..50) {
            let offset = offset % octets.len();
            let length = length.min(octets.len() - offset);
            let shown = hexdump(&octets, Some(Mark { offset, length }));
            let carets: usize = shown
                .lines()
                .filter(|line| line.starts_with("     "))
                .map(|line| line.matches("^^").count())
                .sum();
            prop_assert_eq!(carets, length);
            let _ = hexdump(&octets, Some(Mark { offset: usize::MAX, length: usize::MAX }));
        }
    }
}
