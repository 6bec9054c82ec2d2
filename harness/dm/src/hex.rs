//! Hexadecimal text, upper case, as the documents write octets.

use std::fmt::Write as _;

/// Upper-case hexadecimal of `octets`, without separators.
pub(crate) fn encode(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02X}");
    }
    text
}

/// The octets of `text`; white space is skipped, either case is read.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let mut nibbles = Vec::with_capacity(text.len());
    for character in text.chars().filter(|c| !c.is_whitespace()) {
        match character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) {
            Some(nibble) => nibbles.push(nibble),
            None => return Err(format!("`{character}` is not a hexadecimal digit")),
        }
    }
    if nibbles.len() % 2 != 0 {
        return Err(format!(
            "{} hexadecimal digits do not make whole octets; write two digits an octet",
            nibbles.len()
        ));
    }
    Ok(nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() {
        assert_eq!(encode(&[0x00, 0xA5, 0xFF]), "00A5FF");
        assert_eq!(decode("00 a5\nFF").unwrap(), [0x00, 0xA5, 0xFF]);
        assert_eq!(decode("0G").unwrap_err(), "`G` is not a hexadecimal digit");
        assert!(decode("123").unwrap_err().contains("whole octets"));
    }
}
