//! BER-TLV data objects as the card platform uses them (TS 101 220 7.1.1, TS 102 223 annex C).
//!
//! Tags are one octet: that covers every template of the toolkit, the FCP and EF.DIR.
//! Lengths are one octet up to `7F`, or `81`, `82`, `83` followed by that many octets.

/// Why octets are not a data object. Positions count octets from the start of the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// The input ends inside a tag, a length or a value.
    #[error("octet {at}: {what} needs {wanted} octets and {left} are left; check the length before it")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where it starts.
        at: usize,
        /// Octets it needs.
        wanted: usize,
        /// Octets there are.
        left: usize,
    },
    /// A first length octet of `80` or above `83`.
    #[error("octet {at}: {found:02X} does not start a length; use 00 to 7F, or 81 to 83 and as many octets")]
    LengthForm {
        /// Where it is.
        at: usize,
        /// The octet found.
        found: u8,
    },
    /// A tag octet that the coding reserves: `00`, `80`, `FF`, or a three-octet tag below `0001`.
    #[error("octet {at}: tag {found:04X} is reserved; use 01 to 7E, or 7F and two octets")]
    ReservedTag {
        /// Where it is.
        at: usize,
        /// The tag found, without its CR flag.
        found: u16,
    },
}

/// One data object, borrowed from the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Tag octet.
    pub tag: u8,
    /// Value octets.
    pub value: &'a [u8],
    /// False if the length was written longer than needed (`81 05`).
    pub minimal: bool,
    /// Position of the value in the input.
    pub value_at: usize,
}

/// A length as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) value: usize,
    pub(crate) minimal: bool,
    /// Position after the length.
    pub(crate) end: usize,
}

/// Reads the data object at the start of `input` and returns it with the octets after it.
///
/// # Errors
/// [`TlvError::Truncated`] and [`TlvError::LengthForm`].
pub fn read(input: &[u8]) -> Result<(Tlv<'_>, &[u8]), TlvError> {
    let tag = *input.first().ok_or(TlvError::Truncated { what: "a tag", at: 0, wanted: 1, left: 0 })?;
    let length = read_length(input, 1)?;
    let value = take(input, length.end, length.value)?;
    let rest = input.get(length.end.saturating_add(length.value)..).unwrap_or_default();
    Ok((Tlv { tag, value, minimal: length.minimal, value_at: length.end }, rest))
}

/// Reads every data object of `input`. `00` and `FF` between objects are padding, as in records (EF.DIR).
///
/// # Errors
/// As [`read`], with positions in `input`.
pub fn read_all(input: &[u8]) -> Result<Vec<Tlv<'_>>, TlvError> {
    let mut objects = Vec::new();
    let mut at = 0;
    while let Some(tag) = input.get(at).copied() {
        if matches!(tag, 0x00 | 0xFF) {
            at += 1;
            continue;
        }
        let length = read_length(input, at + 1)?;
        let value = take(input, length.end, length.value)?;
        objects.push(Tlv { tag, value, minimal: length.minimal, value_at: length.end });
        at = length.end + length.value;
    }
    Ok(objects)
}

/// Appends tag, minimal length and value.
pub fn write(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    write_length(out, value.len());
    out.extend_from_slice(value);
}

pub(crate) fn take(input: &[u8], at: usize, wanted: usize) -> Result<&[u8], TlvError> {
    let left = input.len().saturating_sub(at);
    at.checked_add(wanted).and_then(|end| input.get(at..end)).ok_or(TlvError::Truncated {
        what: "a value",
        at,
        wanted,
        left,
    })
}

pub(crate) fn read_length(input: &[u8], at: usize) -> Result<Length, TlvError> {
    let left = input.len().saturating_sub(at);
    let first = *input.get(at).ok_or(TlvError::Truncated { what: "a length", at, wanted: 1, left })?;
    let extra = match first {
        0x00..=0x7F => {
            return Ok(Length { value: usize::from(first), minimal: true, end: at + 1 });
        }
        0x81..=0x83 => usize::from(first & 0x0F),
        found => return Err(TlvError::LengthForm { at, found }),
    };
    let octets = input.get(at + 1..at + 1 + extra).ok_or(TlvError::Truncated {
        what: "a length",
        at,
        wanted: 1 + extra,
        left,
    })?;
    let value = octets.iter().fold(0usize, |sum, octet| sum << 8 | usize::from(*octet));
    Ok(Length { value, minimal: length_size(value) == 1 + extra, end: at + 1 + extra })
}

/// Octets a minimal length takes.
fn length_size(length: usize) -> usize {
    match length {
        0..=0x7F => 1,
        0x80..=0xFF => 2,
        0x100..=0xFFFF => 3,
        0x1_0000..=0xFF_FFFF => 4,
        _ => 5,
    }
}

/// Appends a minimal length. Above 16 MiB it writes the five-octet form, which no reader of this field accepts.
pub(crate) fn write_length(out: &mut Vec<u8>, length: usize) {
    let size = length_size(length);
    if size > 1 {
        out.push(0x80 | (size - 1) as u8);
    }
    let octets = (length as u64).to_be_bytes();
    let used = if size > 1 { size - 1 } else { 1 };
    out.extend_from_slice(&octets[octets.len() - used..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn length_forms() {
        for (length, octets) in [
            (0usize, vec![0x00]),
            (0x7F, vec![0x7F]),
            (0x80, vec![0x81, 0x80]),
            (0xFF, vec![0x81, 0xFF]),
            (0x100, vec![0x82, 0x01, 0x00]),
            (0x1_0000, vec![0x83, 0x01, 0x00, 0x00]),
        ] {
            let mut out = Vec::new();
            write_length(&mut out, length);
            assert_eq!(out, octets);
            let read = read_length(&out, 0).unwrap();
            assert_eq!((read.value, read.minimal, read.end), (length, true, octets.len()));
        }
    }

    #[test]
    fn longer_lengths_are_read_and_told() {
        let (tlv, rest) = read(&[0xD0, 0x82, 0x00, 0x01, 0xAA, 0xBB]).unwrap();
        assert_eq!((tlv.value, tlv.minimal, rest), ([0xAA].as_slice(), false, [0xBB].as_slice()));
    }

    #[test]
    fn errors_are_located() {
        assert_eq!(read(&[0xD0, 0x05, 1]), Err(TlvError::Truncated { what: "a value", at: 2, wanted: 5, left: 1 }));
        assert_eq!(read(&[0xD0, 0x80]), Err(TlvError::LengthForm { at: 1, found: 0x80 }));
        assert_eq!(read(&[0xD0, 0x82, 1]), Err(TlvError::Truncated { what: "a length", at: 1, wanted: 3, left: 2 }));
        assert!(read(&[]).is_err());
    }

    #[test]
    fn padding_is_skipped_between_objects() {
        let all = read_all(&[0x61, 0x01, 0xAA, 0xFF, 0xFF, 0x62, 0x00]).unwrap();
        assert_eq!(all.iter().map(|tlv| tlv.tag).collect::<Vec<_>>(), [0x61, 0x62]);
    }

    proptest! {
        #[test]
        fn round_trip(tag: u8, value in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut out = Vec::new();
            write(&mut out, tag, &value);
            let (tlv, rest) = read(&out).unwrap();
            prop_assert!(tlv.minimal && rest.is_empty());
            prop_assert_eq!((tlv.tag, tlv.value), (tag, value.as_slice()));
        }

        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            let _ = read(&octets);
            let _ = read_all(&octets);
        }
    }
}
