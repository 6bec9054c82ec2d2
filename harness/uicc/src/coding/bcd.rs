//! Nibble-swapped BCD: addresses, ICCID, IMSI and times (TS 24.008 10.5.4.7, TS 102 221 13.2, TS 102 223 8.38).

/// Characters of the nibbles 0 to E; F fills an odd number of digits.
const DIGITS: &[u8; 15] = b"0123456789*#abc";

/// Reads digits, low nibble first. `None` if a filler is anywhere but in the last high nibble.
#[must_use]
pub fn digits(octets: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(octets.len() * 2);
    for (at, octet) in octets.iter().enumerate() {
        let low = DIGITS.get(usize::from(octet & 0x0F))?;
        text.push(char::from(*low));
        match DIGITS.get(usize::from(octet >> 4)) {
            Some(high) => text.push(char::from(*high)),
            None if at + 1 == octets.len() => {}
            None => return None,
        }
    }
    Some(text)
}

/// Writes digits `0-9 * # a b c`, filling an odd number with F. `None` on any other character.
#[must_use]
pub fn from_digits(text: &str) -> Option<Vec<u8>> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let low = nibble(pair[0])?;
            let high = pair.get(1).map_or(Some(0x0F), |character| nibble(*character))?;
            Some(high << 4 | low)
        })
        .collect()
}

fn nibble(character: u8) -> Option<u8> {
    DIGITS.iter().position(|digit| *digit == character).map(|at| at as u8)
}

/// The two decimal digits of one octet as a number 0..=99; `None` if a nibble is above 9.
#[must_use]
pub const fn number(octet: u8) -> Option<u8> {
    match (octet & 0x0F, octet >> 4) {
        (tens @ 0..=9, units @ 0..=9) => Some(tens * 10 + units),
        _ => None,
    }
}

/// The octet of a number 0..=99; `None` above.
#[must_use]
pub const fn from_number(number: u8) -> Option<u8> {
    match number {
        0..=99 => Some(((number % 10) << 4) | (number / 10)),
        _ => None,
    }
}

/// The ICCID of the ten octets of EF.ICCID, without padding. `None` if it does not decode.
#[must_use]
pub fn iccid(octets: &[u8]) -> Option<String> {
    let digits = digits(octets)?;
    digits.bytes().all(|digit| digit.is_ascii_digit()).then_some(digits)
}

/// The ten octets of EF.ICCID for 1 to 20 digits, padded with F. `None` otherwise.
#[must_use]
pub fn from_iccid(digits: &str) -> Option<Vec<u8>> {
    let fits = (1..=20).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    let mut octets = fits.then(|| from_digits(digits))??;
    octets.resize(10, 0xFF);
    Some(octets)
}

/// The IMSI of EF.IMSI: length octet, then parity and identity type in the first low nibble (TS 31.102 4.2.2).
#[must_use]
pub fn imsi(octets: &[u8]) -> Option<String> {
    let (length, rest) = octets.split_first()?;
    let body = rest.get(..usize::from(*length))?;
    let all = digits(body)?;
    let odd = body.first()? & 0x08 != 0;
    let imsi = all.get(1..)?;
    (imsi.len() % 2 == usize::from(odd) && imsi.bytes().all(|digit| digit.is_ascii_digit())).then(|| imsi.to_owned())
}

/// The nine octets of EF.IMSI for 1 to 15 digits, padded with FF. `None` otherwise.
#[must_use]
pub fn from_imsi(imsi: &str) -> Option<Vec<u8>> {
    if !(1..=15).contains(&imsi.len()) || !imsi.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Identity type 1 (IMSI) in b3..b1 of the first nibble, b4 set for an odd number of digits.
    let first = if imsi.len() % 2 == 1 { '9' } else { '1' };
    let body = from_digits(&format!("{first}{imsi}"))?;
    let mut octets = vec![body.len() as u8];
    octets.extend_from_slice(&body);
    octets.resize(9, 0xFF);
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    #[test]
    fn addresses() {
        assert_eq!(digits(&from_hex("5155000000F1").unwrap()).unwrap(), "15550000001");
        assert_eq!(to_hex(&from_digits("18005550199").unwrap()), "8100550591F9");
        assert_eq!(digits(&[0xF1, 0x22]), None, "a filler inside");
        assert_eq!(from_digits("12x"), None);
    }

    #[test]
    fn times() {
        assert_eq!((number(0x10), from_number(1)), (Some(1), Some(0x10)));
        assert_eq!((number(0x95), from_number(59)), (Some(59), Some(0x95)));
        assert_eq!((number(0xA0), from_number(100)), (None, None));
    }

    #[test]
    fn card_and_subscriber_identities() {
        let file = from_iccid("8988211000000000012").unwrap();
        assert_eq!(to_hex(&file), "988812010000000010F2");
        assert_eq!(iccid(&file).unwrap(), "8988211000000000012");
        let file = from_imsi("001010123456789").unwrap();
        assert_eq!(to_hex(&file), "080910101032547698");
        assert_eq!(imsi(&file).unwrap(), "001010123456789");
        assert_eq!(imsi(&from_imsi("00101012345678").unwrap()).unwrap(), "00101012345678");
        assert_eq!(imsi(&[]), None);
    }

    proptest! {
        #[test]
        fn round_trip(text in "[0-9*#abc]{0,30}") {
            prop_assert_eq!(digits(&from_digits(&text).unwrap()).unwrap(), text);
        }

        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            if let Some(text) = digits(&octets) {
                prop_assert_eq!(from_digits(&text).unwrap(), octets.clone());
            }
            let _ = (iccid(&octets), imsi(&octets));
        }
    }
}
