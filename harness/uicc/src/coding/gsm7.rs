//! The GSM 7-bit default alphabet with its extension (TS 23.038 6.2.1), packed and one character an octet.

const ESCAPE: u8 = 0x1B;
const CARRIAGE_RETURN: u8 = 0x0D;

/// The basic table in code order; position 1B is the escape and never stands for a character.
#[rustfmt::skip]
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1B}', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// Characters after the escape.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{0C}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// Text of one character an octet; `None` on an octet above 7F or an escape at the end. After an escape, a code that the
/// extension table lacks is that of the basic table, and a second escape is a space (6.2.1.1).
#[must_use]
pub fn decode(octets: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(octets.len());
    let mut octets = octets.iter();
    while let Some(octet) = octets.next() {
        if *octet == ESCAPE {
            let code = octets.next()?;
            text.push(match EXTENSION.iter().find(|(extension, _)| extension == code) {
                Some((_, character)) => *character,
                None if *code == ESCAPE => ' ',
                None => *BASIC.get(usize::from(*code))?,
            });
        } else {
            text.push(*BASIC.get(usize::from(*octet))?);
        }
    }
    Some(text)
}

/// One character an octet, two for the extension; `None` if the alphabet lacks a character.
#[must_use]
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    for character in text.chars() {
        if let Some((code, _)) = EXTENSION.iter().find(|(_, extension)| *extension == character) {
            octets.extend_from_slice(&[ESCAPE, *code]);
        } else {
            let code = BASIC.iter().position(|basic| *basic == character)? as u8;
            octets.push((code != ESCAPE).then_some(code)?);
        }
    }
    Some(octets)
}

/// Packs septets; `fill` bits of zero come first (the alignment after a user data header).
#[must_use]
pub fn pack(septets: &[u8], fill: u8) -> Vec<u8> {
    let mut octets = Vec::with_capacity(septets.len());
    let mut bits = u32::from(fill & 0x07);
    let mut pending = 0u32;
    for septet in septets {
        pending |= u32::from(septet & 0x7F) << bits;
        bits += 7;
        if bits >= 8 {
            octets.push(pending as u8);
            pending >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        octets.push(pending as u8);
    }
    octets
}

/// Unpacks every whole septet after `fill` bits.
#[must_use]
pub fn unpack(octets: &[u8], fill: u8) -> Vec<u8> {
    let mut septets = Vec::with_capacity(octets.len() * 8 / 7);
    let mut pending = 0u32;
    let mut bits = 0;
    let mut skip = u32::from(fill & 0x07);
    for octet in octets {
        pending |= u32::from(*octet) << bits;
        bits += 8;
        let skipped = skip.min(bits);
        pending >>= skipped;
        bits -= skipped;
        skip -= skipped;
        while bits >= 7 {
            septets.push(pending as u8 & 0x7F);
            pending >>= 7;
            bits -= 7;
        }
    }
    septets
}

/// Packed text without a septet count. Seven spare bits at the end hold a carriage return (TS 23.038 6.1.2.3.1),
/// which is not part of the text.
#[must_use]
pub fn decode_packed(octets: &[u8]) -> Option<String> {
    let mut septets = unpack(octets, 0);
    if !septets.is_empty() && septets.len().is_multiple_of(8) && septets.last() == Some(&CARRIAGE_RETURN) {
        septets.pop();
    }
    decode(&septets)
}

/// Packs text; seven spare bits are filled with a carriage return. `None` if the alphabet lacks a character.
#[must_use]
pub fn encode_packed(text: &str) -> Option<Vec<u8>> {
    let mut septets = encode(text)?;
    if septets.len() % 8 == 7 || (septets.len() % 8 == 0 && septets.last() == Some(&CARRIAGE_RETURN)) {
        septets.push(CARRIAGE_RETURN);
    }
    Some(pack(&septets, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::to_hex;
    use proptest::prelude::*;

    #[test]
    fn known_packings() {
        assert_eq!(to_hex(&encode_packed("DM Client").unwrap()), "C42668C84E97DD74");
        assert_eq!(to_hex(&encode_packed("Browser").unwrap()), "42F9FB3E2FCB1B", "seven characters end in CR");
        assert_eq!(decode_packed(&encode_packed("Browser").unwrap()).unwrap(), "Browser");
        assert_eq!(decode_packed(&[0x42, 0xF9, 0xFB, 0x3E, 0x2F, 0xCB, 0x01]).unwrap(), "Browser@");
    }

    #[test]
    fn extension() {
        assert_eq!(encode("[€]").unwrap(), [0x1B, 0x3C, 0x1B, 0x65, 0x1B, 0x3E]);
        assert_eq!(decode(&[0x1B]), None);
        assert_eq!(decode(&[0x1B, 0x80]), None);
        for (octets, text) in [
            (&[0x41, 0x42, 0x1B, 0x70, 0x43][..], "ABpC"),
            (&[0x1B, 0x00], "@"),
            (&[0x41, 0x1B, 0x1B, 0x65], "A e"),
            (&[0x1B, 0x65, 0x65], "\u{20AC}e"),
        ] {
            assert_eq!(decode(octets).as_deref(), Some(text), "{octets:02X?}");
        }
        assert_eq!(encode("\u{1B}"), None);
        assert_eq!(encode("ж"), None);
        assert_eq!(decode(&[0x80]), None);
    }

    proptest! {
        #[test]
        fn packing_round_trips(septets in proptest::collection::vec(0u8..128, 0..40), fill in 0u8..7) {
            let unpacked = unpack(&pack(&septets, fill), fill);
            prop_assert_eq!(&unpacked[..septets.len()], septets.as_slice());
            prop_assert!(unpacked.len() <= septets.len() + 1);
        }

        #[test]
        fn text_round_trips(text in "[A-Za-z0-9 @£éΔ€{}|\\r\\n]{0,40}") {
            prop_assert_eq!(&decode(&encode(&text).unwrap()).unwrap(), &text);
            // Packed text of 8n characters ending in CR gains one CR, as TS 23.038 asks.
            let packed = decode_packed(&encode_packed(&text).unwrap()).unwrap();
            prop_assert_eq!(packed.trim_end_matches('\r'), text.trim_end_matches('\r'));
        }

        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, fill: u8) {
            let _ = (decode(&octets), decode_packed(&octets), unpack(&octets, fill));
        }
    }
}
