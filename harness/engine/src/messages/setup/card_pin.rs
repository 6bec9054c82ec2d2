//! PIN1 of the card that is played.

use serde_json::Value;

use crate::messages::shape::Shape;
use crate::messages::value::{FieldValue, wrong};

/// A PIN of a card: 4 to 8 digits (TS 102 221 9.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardPin(String);

impl CardPin {
    /// Its digits, filled up with FF to eight octets.
    pub fn octets(&self) -> [u8; 8] {
        let mut octets = [0xFF; 8];
        octets.iter_mut().zip(self.0.bytes()).for_each(|(octet, digit)| *octet = digit);
        octets
    }
}

impl FieldValue for CardPin {
    fn shape() -> Shape {
        Shape::NonEmptyText
    }

    fn read(value: &Value) -> Result<Self, String> {
        let text = String::read(value)?;
        let right = (4..=8).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
        match right {
            true => Ok(CardPin(text)),
            false => Err(format!("{}, of 4 to 8 digits", wrong(value, &Self::shape()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn digits_are_filled_up() {
        let octets = CardPin::read(&json!("2468")).map(|pin| pin.octets());
        assert_eq!(octets, Ok(*b"2468\xFF\xFF\xFF\xFF"));
        for wrong in [json!("123"), json!("123456789"), json!("12a4"), json!("")] {
            assert!(CardPin::read(&wrong).is_err(), "{wrong}");
        }
    }
}
