//! How values look in the tree form of a message: what a person would write in a case file.
//!
//! Numbers may be written bare (`msg_id: 1`), because SyncML carries them as text and the writer should not
//! need to quote them. Lists that nearly always hold one entry may be written as that entry.

use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::syncml::{Data, Text};

/// For `skip_serializing_if`: a flag that is not set is not written.
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

/// Text that may be written as an integer.
struct Written(Text);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WrittenVisitor;
        impl Visitor<'_> for WrittenVisitor {
            type Value = Written;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text or an integer")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Written, E> {
                Ok(Written(text.into()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Written, E> {
                Ok(Written(number.to_string().into()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Written, E> {
                Ok(Written(number.to_string().into()))
            }
        }
        deserializer.deserialize_any(WrittenVisitor)
    }
}

/// A mandatory text that may be written as an integer.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
    Written::deserialize(deserializer).map(|text| text.0)
}

/// An optional text that may be written as an integer.
pub(crate) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
    Option::<Written>::deserialize(deserializer).map(|text| text.map(|text| text.0))
}

/// Octets in the form of [`Data`]: readable text as a string, anything else as `{ hex: ... }`.
pub(crate) mod octets {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        Data::from_octets(octets.to_vec()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Data::deserialize(deserializer).map(Data::into_octets)
    }
}

/// Sixteen octets of a digest as 32 hexadecimal digits.
pub(crate) mod digest {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(digest: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&dmsc_octets::to_hex(digest))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 16], D::Error> {
        let text = String::deserialize(deserializer)?;
        let octets = dmsc_octets::from_hex(&text).map_err(de::Error::custom)?;
        <[u8; 16]>::try_from(octets.as_slice()).map_err(|_| {
            de::Error::custom(format!("a digest has 16 octets (32 hexadecimal digits), found {}", octets.len()))
        })
    }
}

/// A list of texts; one entry may stand without the list.
pub(crate) mod one_or_many {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(texts: &[Text], serializer: S) -> Result<S::Ok, S::Error> {
        match texts {
            [one] => serializer.serialize_str(one),
            many => many.serialize(serializer),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Text>, D::Error> {
        struct ListVisitor;
        impl<'de> Visitor<'de> for ListVisitor {
            type Value = Vec<Text>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<Text>, E> {
                Ok(vec![text.into()])
            }

            fn visit_unit<E: de::Error>(self) -> Result<Vec<Text>, E> {
                Ok(Vec::new())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<Text>, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = entries.next_element()? {
                    texts.push(text);
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_any(ListVisitor)
    }
}
