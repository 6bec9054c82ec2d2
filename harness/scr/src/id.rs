//! Names of SCR items, as the OMA item syntax builds them: `SPEC-TAG[-GROUP-TAG]-CLASS-NNN[-STATUS]`.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of an SCR item, for example `DM_SC-C-001-M` or, of another enabler, `SCR-DM-NOTI-C-001`.
///
/// Letters, digits, `_`, `-` and, for a feature set such as `DM-PRO:MCF`, one `:`. Cloning is cheap. The order
/// is that of the text, which within one class of DM_SC is the order of the tables.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(Arc<str>);

/// A text that is not the name of an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing between the delimiters.
    #[error("an item name is empty; write for example DM_SC-C-001-M")]
    Empty,
    /// A character outside letters, digits, `_`, `-` and `:`.
    #[error("{character:?} at octet {offset} cannot stand in an item name; letters, digits, `_` and `-` can")]
    Character {
        /// Octet offset of the character in the name.
        offset: usize,
        /// The character.
        character: char,
    },
}

impl ItemId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The class that the name tells, from the tag before the three digits (DM_SC B.1 to B.3; SCWS writes `ME`
    /// for the device).
    pub fn class(&self) -> Class {
        match self.class_tag() {
            Some("C") => Class::Client,
            Some("S") => Class::Server,
            Some("D" | "ME") => Class::Device,
            _ => Class::Other,
        }
    }

    /// The status that the name tells by its last letter; none for the items of other enablers as DM_SC writes
    /// them.
    pub fn status(&self) -> Option<Status> {
        match self.0.rsplit('-').next() {
            Some("M") => Some(Status::Mandatory),
            Some("O") => Some(Status::Optional),
            _ => None,
        }
    }

    /// Whether the item is one of DM_SC appendix B.
    pub fn is_dm_sc(&self) -> bool {
        self.0.starts_with("DM_SC-")
    }

    fn class_tag(&self) -> Option<&str> {
        let mut before = None;
        let mut found = None;
        for tag in self.0.split('-') {
            if tag.len() == 3 && tag.bytes().all(|octet| octet.is_ascii_digit()) {
                found = before;
            }
            before = Some(tag);
        }
        found
    }
}

impl FromStr for ItemId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':');
        match text.char_indices().find(|&(_, c)| !allowed(c)) {
            Some((offset, character)) => Err(IdError::Character { offset, character }),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for ItemId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for ItemId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for ItemId {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for ItemId {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl Serialize for ItemId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What an item binds: the class letter of the OMA item syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// `C`, the DM Client (DM_SC B.1).
    #[serde(rename = "C")]
    Client,
    /// `S`, the DM_SC Server, which lives on the card (DM_SC B.2).
    #[serde(rename = "S")]
    Server,
    /// `D`, the device (DM_SC B.3); `ME` in SCWS.
    #[serde(rename = "D")]
    Device,
    /// A class that DM_SC does not use.
    #[serde(rename = "other")]
    Other,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Client => "DM Client",
            Self::Server => "DM_SC Server",
            Self::Device => "Device",
            Self::Other => "other",
        })
    }
}

/// What an enabler asks of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Status {
    /// `M`: to be supported by every DUT of the class.
    #[serde(rename = "M")]
    Mandatory,
    /// `O`: supported if the conformance statement says so.
    #[serde(rename = "O")]
    Optional,
    /// An item of another enabler, which binds only through the expressions that name it.
    #[serde(rename = "external")]
    External,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mandatory => "mandatory",
            Self::Optional => "optional",
            Self::External => "external",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ItemId {
        text.parse().unwrap()
    }

    #[test]
    fn class_and_status_are_read_from_the_name() {
        assert_eq!(id("DM_SC-C-001-M").class(), Class::Client);
        assert_eq!(id("DM_SC-C-001-M").status(), Some(Status::Mandatory));
        assert_eq!(id("DM_SC-S-006-O").class(), Class::Server);
        assert_eq!(id("DM_SC-D-002-O").status(), Some(Status::Optional));
        assert_eq!(id("DM-PRO-Session-C-003").class(), Class::Client);
        assert_eq!(id("SCR-DM-STDOBJ-S-004").class(), Class::Server);
        assert_eq!(id("SCWS-ME-001").class(), Class::Device);
        assert_eq!(id("SCWS-ME-001").status(), None);
        assert_eq!(id("DM-PRO:MCF").class(), Class::Other);
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_offset() {
        assert_eq!("".parse::<ItemId>(), Err(IdError::Empty));
        assert_eq!("DM SC".parse::<ItemId>(), Err(IdError::Character { offset: 2, character: ' ' }));
    }

    #[test]
    fn names_survive_json() {
        let json = serde_json::to_string(&id("DM_SC-C-001-M")).unwrap();
        assert_eq!(json, "\"DM_SC-C-001-M\"");
        assert_eq!(serde_json::from_str::<ItemId>(&json).unwrap(), "DM_SC-C-001-M");
        assert!(serde_json::from_str::<ItemId>("\"a b\"").is_err());
    }
}
