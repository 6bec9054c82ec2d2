//! Why a case does not concern a DUT.

use std::fmt;

use crate::{Feature, ItemId};

/// Why a case does not concern a DUT. [`Display`](fmt::Display) is the text for a person, [`NotApplicable::code`] the
/// word for scripts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NotApplicable {
    /// The statement does not claim an item that the case needs.
    NotClaimed(ItemId),
    /// The statement claims an item, and the case is for DUTs without it.
    Claimed(ItemId),
    /// The statement says that the DUT lacks what the case is about: it has none of these features.
    NoFeature(Vec<Feature>),
    /// The case holds for another reading of the documents.
    OtherReading {
        /// The entry of the interpretations.
        id: String,
    },
    /// The case is for another value of the IXIT.
    OtherIxit {
        /// The value's name.
        name: String,
        /// What the case is for.
        wanted: String,
        /// What the IXIT says; empty if nothing.
        value: String,
    },
    /// The case needs a value that the IXIT does not have.
    NoValue {
        /// The value's name.
        name: String,
    },
    /// The link has no contact interface.
    NoContact,
    /// The case is about the contact interface alone, and sessions go over EEM.
    ContactAlone,
    /// Nothing can deliver a notification.
    NoNotification,
    /// Nobody knows the number of the DUT's subscription.
    NoOwnNumber,
    /// Nothing shows what the DUT gives to the network.
    NetworkUnseen,
    /// The DUT cannot be given another account than its own.
    FixedAccount,
    /// The case is for messages in another encoding than the DUT's.
    OtherEncoding {
        /// What the case is for.
        wanted: String,
        /// What the IXIT says.
        declared: String,
    },
    /// The DUT does not offer what the case is about, as its own messages show.
    NotOffered {
        /// What they show, in a line.
        why: String,
    },
    /// As a journal says.
    Recorded {
        /// The code, where the journal has one.
        code: Option<String>,
        /// The text.
        text: String,
    },
}

impl NotApplicable {
    /// The word for scripts, which stays from version to version; none where a journal gives none.
    pub fn code(&self) -> Option<&str> {
        Some(match self {
            Self::NotClaimed(_) => "not-claimed",
            Self::Claimed(_) => "claimed",
            Self::NoFeature(_) => "no-feature",
            Self::OtherReading { .. } => "other-reading",
            Self::OtherIxit { .. } => "other-ixit",
            Self::NoValue { .. } => "no-value",
            Self::NoContact => "no-contact",
            Self::ContactAlone => "contact-alone",
            Self::NoNotification => "no-notification",
            Self::NoOwnNumber => "no-own-number",
            Self::NetworkUnseen => "network-unseen",
            Self::FixedAccount => "fixed-account",
            Self::OtherEncoding { .. } => "other-encoding",
            Self::NotOffered { .. } => "not-offered",
            Self::Recorded { code, .. } => return code.as_deref(),
        })
    }
}

impl fmt::Display for NotApplicable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotClaimed(item) => write!(f, "the statement does not claim {item}"),
            Self::Claimed(item) => write!(f, "it is for DUTs without {item}, and the statement claims that"),
            Self::NoFeature(lacking) => {
                let names: Vec<&str> = lacking.iter().map(|feature| feature.as_str()).collect();
                write!(f, "it is for DUTs with {}, and the statement says no", names.join(" or "))
            }
            Self::OtherReading { id } => write!(f, "it holds for another reading of {id} than the one in force"),
            Self::OtherIxit { name, wanted, value } => {
                write!(f, "it is for `{name}: {wanted}`, and the IXIT says `{value}`")
            }
            Self::NoValue { name } => write!(f, "it needs `{name}`, which the IXIT of the DUT file does not give"),
            Self::NoContact => f.write_str("it needs the contact interface, which this link does not have"),
            Self::ContactAlone => {
                f.write_str("it is about the contact interface alone, and on this link sessions go over EEM")
            }
            Self::NoNotification => {
                f.write_str("it needs a notification to be delivered, and the DUT file names no command for it")
            }
            Self::NoOwnNumber => f.write_str(
                "it sends a short message to the number of the DUT's subscription, and the DUT file names no `own_number`",
            ),
            Self::NetworkUnseen => {
                f.write_str("it looks at what the DUT gives to the network, which nothing shows on this link")
            }
            Self::FixedAccount => {
                f.write_str("it is for another account than the DUT's own, which this DUT cannot be given")
            }
            Self::OtherEncoding { wanted, declared } => {
                write!(f, "it is for messages in {wanted}, and the IXIT says {declared}")
            }
            Self::NotOffered { why } => write!(f, "the DUT does not offer what it is about: {why}"),
            Self::Recorded { text, .. } => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_text_and_a_code() {
        let item: ItemId = "DM_SC-C-002-O".parse().unwrap();
        for (reason, code, text) in [
            (NotApplicable::NotClaimed(item), "not-claimed", "the statement does not claim DM_SC-C-002-O"),
            (
                NotApplicable::NoFeature(vec![Feature::Iso, Feature::Iccd]),
                "no-feature",
                "it is for DUTs with iso or iccd, and the statement says no",
            ),
            (
                NotApplicable::OtherIxit { name: "bearer".into(), wanted: "sms".into(), value: String::new() },
                "other-ixit",
                "it is for `bearer: sms`, and the IXIT says ``",
            ),
            (
                NotApplicable::Claimed("DM_SC-C-003-O".parse().unwrap()),
                "claimed",
                "it is for DUTs without DM_SC-C-003-O, and the statement claims that",
            ),
            (
                NotApplicable::NoValue { name: "account_node".into() },
                "no-value",
                "it needs `account_node`, which the IXIT of the DUT file does not give",
            ),
            (
                NotApplicable::OtherEncoding { wanted: "xml".into(), declared: "wbxml".into() },
                "other-encoding",
                "it is for messages in xml, and the IXIT says wbxml",
            ),
            (
                NotApplicable::NotOffered { why: "its terminal profile does not offer `refresh`".into() },
                "not-offered",
                "the DUT does not offer what it is about: its terminal profile does not offer `refresh`",
            ),
        ] {
            assert_eq!((reason.code(), reason.to_string().as_str()), (Some(code), text));
        }
    }
}
