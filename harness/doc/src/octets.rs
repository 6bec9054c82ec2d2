//! Octets as a value of a document.

use std::fmt;

use dmsc_octets::from_hex;
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// Octets that a document writes in hexadecimal, with or without quotes: `'00A4'`, `00A4`, `"00 a4"`.
///
/// Read by [`crate::read`], an error points at the digit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

/// The name by which the reader knows the type.
pub(crate) const OCTETS: &str = "dmsc_doc::Octets";

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OctetsVisitor;
        impl<'de> Visitor<'de> for OctetsVisitor {
            type Value = Octets;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("octets in hexadecimal")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Octets, E> {
                from_hex(text).map(Octets).map_err(E::custom)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Octets, D::Error> {
                deserializer.deserialize_str(self)
            }
        }
        deserializer.deserialize_newtype_struct(OCTETS, OctetsVisitor)
    }
}
