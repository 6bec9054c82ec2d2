//! The answers of a statement on features: read, completed by defaults, and held against each other.

use std::collections::BTreeMap;

use dmsc_doc::{Problem, Span};

use super::{Draft, DutKind};
use crate::Feature;

/// The item of SMS as a bearer.
const SMS_BEARER: &str = "DM_SC-D-002-O";

/// Whether a DUT has each feature.
pub(super) type Features = BTreeMap<Feature, bool>;

/// One answer and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureAnswer {
    /// The answer.
    pub value: bool,
    /// The octets of the line's key.
    pub key: Span,
}

impl Draft {
    /// Whether the DUT has each feature, as answered or by default.
    pub fn all_features(&self) -> Features {
        let given = |feature: Feature| self.features.get(&feature).map(|answer| answer.value);
        let usb = given(Feature::Usb).unwrap_or(Feature::Usb.default(self.dut.kind, false));
        let value = |feature: Feature| given(feature).unwrap_or(feature.default(self.dut.kind, usb));
        Feature::ALL.into_iter().map(|feature| (feature, value(feature))).collect()
    }

    /// The answers on features that cannot stand together, located.
    pub(super) fn feature_problems(&self) -> Vec<Problem> {
        let features = self.all_features();
        let has = |feature: Feature| features.get(&feature).copied().unwrap_or_default();
        let place = |of: &[Feature]| {
            let answered = of.iter().rev().find_map(|feature| self.features.get(feature));
            answered.map(|answer| answer.key).unwrap_or_default()
        };
        let mut problems = Vec::new();
        let mut contradiction = |holds: bool, of: &[Feature], text: &str, help: &str| {
            if !holds {
                problems.push(Problem::new(place(of), text.to_owned()).help(help.to_owned()));
            }
        };
        use Feature::{Eem, Iccd, Ipv4, Ipv6, Iso, Sms3gpp, Sms3gpp2, Usb};
        contradiction(
            has(Iso) || has(Usb),
            &[Iso, Usb],
            "without ISO and USB nothing connects card and device (DM_SC 5.1)",
            "answer `iso: yes` or `usb: yes`",
        );
        for class in [Iccd, Eem] {
            contradiction(
                has(Usb) || !has(class),
                &[Usb, class],
                &format!("{class} is a class of USB, and `usb` is no"),
                &format!("answer `usb: yes`, or leave `{class}` out"),
            );
            contradiction(
                self.dut.kind == DutKind::Card || !has(Usb) || has(class),
                &[Usb, class],
                "a device with a USB interface supports the ICCD class and EEM (DM_SC 5.1-3)",
                &format!("answer `{class}: yes`, or leave it out"),
            );
        }
        contradiction(
            has(Ipv4) || has(Ipv6),
            &[Ipv4, Ipv6],
            "an account has an address of IPv4 or of IPv6 (DM_SC 8.1 table 2)",
            "answer `ipv4: yes` or `ipv6: yes`",
        );
        let bearer = self.answers.get(SMS_BEARER).and_then(|answer| answer.value) == Some(true);
        contradiction(
            !bearer || has(Sms3gpp) || has(Sms3gpp2),
            &[Sms3gpp, Sms3gpp2],
            &format!("{SMS_BEARER} is claimed, and the SMS bearer is that of no system (DM_SC 7.2-2)"),
            "answer `sms-3gpp: yes` or `sms-3gpp2: yes`",
        );
        problems
    }
}
