//! What conditional demands of DM_SC depend on: the questions of a statement beside its items.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DutKind;

/// A feature that a demand depends on. Each question has a default, which holds where a statement does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// The ISO interface (5.1, 7.1).
    Iso,
    /// A USB interface (5.1).
    Usb,
    /// The ICCD class over USB (5.1, 7.1).
    Iccd,
    /// The EEM class over USB (5.1, 7.1).
    Eem,
    /// IPv4 addresses (8.1 table 2).
    Ipv4,
    /// IPv6 addresses (8.1 table 2).
    Ipv6,
    /// SMS of a 3GPP system (7.2).
    #[serde(rename = "sms-3gpp")]
    Sms3gpp,
    /// SMS of a 3GPP2 system (7.2).
    #[serde(rename = "sms-3gpp2")]
    Sms3gpp2,
    /// HTTPS whose server has a certificate, beside or instead of a key (5.2, DMSEC 5.5).
    Certificates,
}

impl Feature {
    /// All of them, in the order of the questions.
    pub const ALL: [Self; 9] = [
        Self::Iso,
        Self::Usb,
        Self::Iccd,
        Self::Eem,
        Self::Ipv4,
        Self::Ipv6,
        Self::Sms3gpp,
        Self::Sms3gpp2,
        Self::Certificates,
    ];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iso => "iso",
            Self::Usb => "usb",
            Self::Iccd => "iccd",
            Self::Eem => "eem",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Sms3gpp => "sms-3gpp",
            Self::Sms3gpp2 => "sms-3gpp2",
            Self::Certificates => "certificates",
        }
    }

    /// The feature of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.as_str() == name)
    }

    /// The question, with the clause that depends on it.
    pub fn question(self) -> &'static str {
        match self {
            Self::Iso => "Has it the ISO interface? (5.1, 7.1)",
            Self::Usb => "Has it a USB interface? (5.1; a device has ICCD and EEM then)",
            Self::Iccd => "Has it the ICCD class over USB? (5.1, 7.1)",
            Self::Eem => "Has it the EEM class over USB? (5.1, 7.1)",
            Self::Ipv4 => "Does it use IPv4? (8.1 table 2)",
            Self::Ipv6 => "Does it use IPv6? (8.1 table 2)",
            Self::Sms3gpp => "Is its SMS bearer that of 3GPP, TS 31.111? (7.2)",
            Self::Sms3gpp2 => "Is its SMS bearer that of 3GPP2, C.S0035? (7.2)",
            Self::Certificates => "Are there accounts of HTTPS whose server has a certificate? (5.2, DMSEC 5.5)",
        }
    }

    /// The answer where there is none; `usb` says whether there is a USB interface.
    pub(crate) fn default(self, kind: DutKind, usb: bool) -> bool {
        match self {
            Self::Iso | Self::Ipv4 | Self::Sms3gpp => true,
            Self::Iccd | Self::Eem => usb && kind == DutKind::Terminal,
            Self::Usb | Self::Ipv6 | Self::Sms3gpp2 | Self::Certificates => false,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_are_those_of_serde() {
        for feature in Feature::ALL {
            assert_eq!(Feature::from_name(feature.as_str()), Some(feature));
            assert_eq!(serde_json::to_value(feature).unwrap(), feature.as_str());
            assert!(feature.question().ends_with(')') && feature.question().contains('?'));
        }
        assert_eq!(Feature::from_name("ISO"), None);
    }
}
