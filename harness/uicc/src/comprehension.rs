//! COMPREHENSION-TLV data objects (TS 101 220 7.1.1.1).
//!
//! The tag carries the comprehension-required flag CR: in b8 of a one-octet tag, in b8 of the second octet of a
//! three-octet tag (`7F` and two octets). Tags are given here without it.

use std::ops::Range;

use crate::ber::{self, TlvError};

/// One data object, borrowed from the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Tag without CR: 0001..=007E in one octet, up to 7FFF in three.
    pub tag: u16,
    /// Comprehension required.
    pub cr: bool,
    /// Value octets.
    pub value: &'a [u8],
    /// Whether the tag was written in three octets; only above 7E it needs them.
    pub long_tag: bool,
    /// Whether the length was written in no more octets than it needs.
    pub short_length: bool,
    /// Position of the tag, counted from the start of the message.
    pub at: usize,
    /// Position of the value, counted from the start of the message.
    pub value_at: usize,
}

impl Tlv<'_> {
    /// The octets of the whole object.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.at..self.value_at.saturating_add(self.value.len())
    }

    /// The octets of the tag.
    #[must_use]
    pub fn tag_range(&self) -> Range<usize> {
        self.at..self.at.saturating_add(if self.long_tag { 3 } else { 1 })
    }
}

/// Reads every object of `input`; `base` is the position of `input` in its message, for errors.
///
/// # Errors
/// Any [`TlvError`], with positions counted from the start of the message.
pub fn read_all(input: &[u8], base: usize) -> Result<Vec<Tlv<'_>>, TlvError> {
    let mut objects = Vec::new();
    let mut at = 0;
    while at < input.len() {
        let (tlv, end) = read_one(input, at).map_err(|error| shift(error, base))?;
        objects.push(Tlv { at: at + base, value_at: tlv.value_at + base, ..tlv });
        at = end;
    }
    Ok(objects)
}

fn read_one(input: &[u8], at: usize) -> Result<(Tlv<'_>, usize), TlvError> {
    let (tag, cr, size) = match input.get(at..).unwrap_or_default() {
        [0x7F, high, low, ..] => (u16::from_be_bytes([high & 0x7F, *low]), high & 0x80 != 0, 3),
        [0x7F, rest @ ..] => {
            return Err(TlvError::Truncated { what: "a tag", at, wanted: 3, left: 1 + rest.len() });
        }
        [octet, ..] => (u16::from(octet & 0x7F), octet & 0x80 != 0, 1),
        [] => {
            return Err(TlvError::Truncated { what: "a tag", at, wanted: 1, left: 0 });
        }
    };
    // FF would be tag 7F with CR, which the one-octet form cannot carry.
    if tag == 0 || (size == 1 && tag == 0x7F) {
        return Err(TlvError::ReservedTag { at, found: tag });
    }
    let length = ber::read_length(input, at + size)?;
    let value = ber::take(input, length.end, length.value)?;
    let (long_tag, short_length, value_at) = (size == 3, length.minimal, length.end);
    Ok((Tlv { tag, cr, value, long_tag, short_length, at, value_at }, length.end + length.value))
}

fn shift(error: TlvError, base: usize) -> TlvError {
    match error {
        TlvError::Truncated { what, at, wanted, left } => TlvError::Truncated { what, at: at + base, wanted, left },
        TlvError::LengthForm { at, found } => TlvError::LengthForm { at: at + base, found },
        TlvError::ReservedTag { at, found } => TlvError::ReservedTag { at: at + base, found },
    }
}

/// Appends one object in its shortest form. `tag` is taken without CR; its bit 16 is ignored.
pub fn write(out: &mut Vec<u8>, tag: u16, cr: bool, value: &[u8]) {
    let flag = if cr { 0x80 } else { 0x00 };
    let [high, low] = tag.to_be_bytes();
    if tag <= 0x7E {
        out.push(low | flag);
    } else {
        out.extend_from_slice(&[0x7F, high & 0x7F | flag, low]);
    }
    ber::write_length(out, value.len());
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_and_three_octet_tags() {
        let octets = [0x81, 0x01, 0xAA, 0x3C, 0x00, 0x7F, 0x81, 0x02, 0x01, 0xBB, 0x7F, 0x01, 0x02, 0x81, 0x00];
        let all = read_all(&octets, 0).unwrap();
        let seen: Vec<_> = all.iter().map(|t| (t.tag, t.cr, t.long_tag, t.short_length, t.range())).collect();
        assert_eq!(
            seen,
            [
                (1, true, false, true, 0..3),
                (0x3C, false, false, true, 3..5),
                (0x102, true, true, true, 5..10),
                (0x102, false, true, false, 10..15)
            ]
        );
        assert_eq!((all[2].tag_range(), all[2].value_at), (5..8, 9));
    }

    #[test]
    fn errors_count_from_the_message() {
        assert_eq!(
            read_all(&[0x81, 0x03, 1], 2),
            Err(TlvError::Truncated { what: "a value", at: 4, wanted: 3, left: 1 })
        );
        assert_eq!(read_all(&[0xFF, 0x00], 2), Err(TlvError::ReservedTag { at: 2, found: 0x7F }));
        assert_eq!(read_all(&[0x80, 0x00], 0), Err(TlvError::ReservedTag { at: 0, found: 0 }));
        assert!(read_all(&[0x7F, 0x01], 0).is_err());
    }

    proptest! {
        #[test]
        fn round_trip(tag in 1u16..0x7FFF, cr: bool, value in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            write(&mut out, tag, cr, &value);
            let all = read_all(&out, 0).unwrap();
            prop_assert_eq!(all.len(), 1);
            prop_assert_eq!((all[0].tag, all[0].cr, all[0].value, all[0].range()), (tag, cr, value.as_slice(), 0..out.len()));
            prop_assert!(all[0].short_length && all[0].long_tag == (tag > 0x7E));
        }

        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            let _ = read_all(&octets, 0);
        }
    }
}
