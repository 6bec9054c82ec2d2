//! Content of a Data element.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};

use super::Text;
use crate::element::is_xml_char;

/// Content of a Data element: text, or octets that are no text.
///
/// In the tree form text is a string (an integer may be written bare) and octets are `{ hex: "00A5" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Character data.
    Text(Text),
    /// Octets: an OPAQUE of WBXML. XML carries them as base64.
    Binary(Vec<u8>),
}

impl Data {
    /// Text if the octets are UTF-8 that XML could carry, otherwise the octets.
    #[must_use]
    pub fn from_octets(octets: Vec<u8>) -> Self {
        match String::from_utf8(octets) {
            Ok(text) if text.chars().all(is_xml_char) => Self::Text(text.into()),
            Ok(text) => Self::Binary(text.into_bytes()),
            Err(error) => Self::Binary(error.into_bytes()),
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    /// The octets carried: those of the UTF-8 text, or the binary ones.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(octets) => octets,
        }
    }

    /// The octets carried; those that are no text without a copy.
    #[must_use]
    pub fn into_octets(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Binary(octets) => octets,
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self::Text(Text::default())
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Text> for Data {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Data {
    fn from(octets: Vec<u8>) -> Self {
        Self::Binary(octets)
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Binary(octets) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("hex", &dmsc_octets::to_hex(octets))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DataVisitor;
        impl<'de> Visitor<'de> for DataVisitor {
            type Value = Data;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text, an integer, or { hex: octets }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Data, E> {
                Ok(text.into())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Data, E> {
                Ok(number.to_string().into())
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Data, E> {
                Ok(number.to_string().into())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
                let Some((key, hex)) = map.next_entry::<String, String>()? else {
                    return Err(de::Error::missing_field("hex"));
                };
                if key != "hex" {
                    return Err(de::Error::unknown_field(&key, &["hex"]));
                }
                if let Some(key) = map.next_key::<String>()? {
                    return Err(de::Error::unknown_field(&key, &["hex"]));
                }
                dmsc_octets::from_hex(&hex).map(Data::Binary).map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(DataVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn tree_form() {
        assert_eq!(to_value(Data::from("1200")).unwrap(), json!("1200"));
        assert_eq!(to_value(Data::from(vec![0, 0xA5])).unwrap(), json!({ "hex": "00A5" }));
        assert_eq!(from_value::<Data>(json!(1200)).unwrap(), Data::from("1200"));
        assert_eq!(from_value::<Data>(json!({ "hex": "00 a5" })).unwrap(), Data::from(vec![0, 0xA5]));
        let error = from_value::<Data>(json!({ "hax": "00" })).unwrap_err();
        assert_eq!(error.to_string(), "unknown field `hax`, expected `hex`");
    }

    #[test]
    fn octets_are_text_only_if_xml_could_carry_them() {
        assert_eq!(Data::from_octets(b"caf\xC3\xA9".to_vec()), Data::from("caf\u{E9}"));
        assert_eq!(Data::from_octets(vec![0x02, 0x41]), Data::Binary(vec![0x02, 0x41]));
        assert_eq!(Data::from_octets(vec![0xFF]), Data::Binary(vec![0xFF]));
    }
}
