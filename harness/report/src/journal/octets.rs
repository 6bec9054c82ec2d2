//! Octet strings as the journal writes them.

use std::fmt;
use std::str::FromStr;

use dmsc_octets::{HexError, from_hex, to_hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An octet string; in the journal, upper-case hexadecimal text without separators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Octets(pub Vec<u8>);

impl FromStr for Octets {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        from_hex(text).map(Self)
    }
}

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl From<Vec<u8>> for Octets {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_agree() {
        let octets = Octets(vec![0x00, 0x0A, 0xFF, 0xD0]);
        assert_eq!(octets.to_string(), "000AFFD0");
        assert_eq!(serde_json::to_string(&octets).unwrap(), "\"000AFFD0\"");
        assert_eq!("000affD0".parse::<Octets>().unwrap(), octets);
    }

    #[test]
    fn what_is_no_hexadecimal_is_located() {
        assert_eq!("ABC".parse::<Octets>(), Err(HexError::Half { at: 2 }));
        assert_eq!("ABx0".parse::<Octets>(), Err(HexError::Digit { at: 2, found: 'x' }));
    }
}
