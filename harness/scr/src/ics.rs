//! Implementation conformance statements: what a DUT claims, item by item.
//!
//! ```yaml
//! ics: 1
//! dut: { name: Example card, kind: card }     # card: class S; terminal: classes C and D
//! answers:
//!   DM_SC-S-001-M: yes
//!   DM_SC-S-003-O: no
//!   SCR-DM-NOTI-S-003: yes                    # items of other enablers are answered too
//! features:                                   # optional; what conditional demands depend on
//!   usb: yes
//! interpretations:                            # only where another reading than the default is wanted
//!   package0-framing: wsp
//! ```
//!
//! Every item of the DUT's classes is answered, and every item of another enabler that their requirements
//! reach. Mandatory items are yes; an item that is yes obliges its requirement to be true over the answers.

mod check;
mod feature;
mod features;
mod read;
mod solve;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use dmsc_doc::{Problems, Source};
use serde::{Deserialize, Serialize};

pub use check::{AnswerAt, Change, CheckReport, Conflict, Freedom, ItemFreedom};
pub use feature::Feature;
pub use features::FeatureAnswer;
pub use read::{Answer, Draft};

use crate::{Alternative, Class, ItemId, Tables};

/// A statement that is complete and free of contradictions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ics {
    dut: Dut,
    answers: BTreeMap<ItemId, bool>,
    features: BTreeMap<Feature, bool>,
    interpretations: BTreeMap<String, String>,
}

/// The DUT that a statement speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dut {
    /// Its name, as reports print it.
    pub name: String,
    /// What it is.
    pub kind: DutKind,
}

/// What a DUT is, which decides the items that bind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DutKind {
    /// A card with a DM_SC Server: class S.
    Card,
    /// A device with a DM Client: classes C and D.
    Terminal,
}

impl Ics {
    /// Reads a statement that a run can rest on.
    ///
    /// # Errors
    /// Located problems: first those of the form, of names and of values; if there are none, what is not
    /// answered; if nothing is missing, the contradictions.
    pub fn parse(source: &Source, tables: &Tables) -> Result<Self, Problems> {
        let draft = Draft::parse(source, tables)?;
        let problems = draft.unanswered_problems(tables);
        Problems::none_or(source, problems, ())?;
        let mut problems = draft.check(tables).problems(&draft);
        problems.extend(draft.feature_problems());
        let features = draft.all_features();
        let mut answers = BTreeMap::new();
        for (item, answer) in &draft.answers {
            answers.extend(answer.value.map(|value| (item.clone(), value)));
        }
        let Draft { dut, interpretations, .. } = draft;
        Problems::none_or(source, problems, Self { dut, answers, features, interpretations })
    }

    /// The same statement with other answers to some items.
    ///
    /// # Errors
    /// As of [`Ics::parse`]: what is not an item of the DUT, and the contradictions that arise.
    pub fn with_answers(&self, changed: &BTreeMap<ItemId, bool>, tables: &Tables) -> Result<Self, Problems> {
        let mut answers = self.answers.clone();
        answers.extend(changed.iter().map(|(item, answer)| (item.clone(), *answer)));
        let answer = |(item, answer): (&ItemId, &bool)| format!("  {item}: {}\n", if *answer { "yes" } else { "no" });
        let answers: String = answers.iter().map(answer).collect();
        let text = format!("ics: 1\ndut: {{ name: other, kind: {} }}\nanswers:\n{answers}", self.dut.kind);
        let read = Self::parse(&Source::new("the changed statement", text), tables)?;
        Ok(Self { answers: read.answers, ..self.clone() })
    }

    /// The DUT.
    pub fn dut(&self) -> &Dut {
        &self.dut
    }

    /// Whether the DUT claims an item; none if the item is not one the DUT is asked for.
    pub fn claims(&self, item: &str) -> Option<bool> {
        self.answers.get(item).copied()
    }

    /// Every answer, by item.
    pub fn answers(&self) -> &BTreeMap<ItemId, bool> {
        &self.answers
    }

    /// Whether the DUT has a feature, as answered or by default.
    pub fn has(&self, feature: Feature) -> bool {
        self.features.get(&feature).copied().unwrap_or_default()
    }

    /// Whether it has each feature.
    pub fn features(&self) -> &BTreeMap<Feature, bool> {
        &self.features
    }

    /// The readings that the statement chooses, by interpretation; those not in it stay at their default.
    pub fn interpretations(&self) -> &BTreeMap<String, String> {
        &self.interpretations
    }

    /// The reading in force of an interpretation: the one chosen, or else the default; none if the tables have
    /// no such interpretation.
    pub fn reading<'t>(&self, tables: &'t Tables, interpretation: &str) -> Option<&'t Alternative> {
        let known = tables.interpretation(interpretation)?;
        let chosen = self.interpretations.get(interpretation);
        known.alternative(chosen.unwrap_or(&known.default))
    }

    /// A commented statement to fill in: mandatory items and what they require are answered, the others are
    /// left open.
    pub fn template(kind: DutKind, tables: &Tables) -> String {
        template::template(kind, tables)
    }
}

impl DutKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Card, Self::Terminal];

    /// What the items of a class bind; none for a class of neither.
    pub fn of(class: Class) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.classes().contains(&class))
    }

    /// The classes of items that bind it.
    pub fn classes(self) -> &'static [Class] {
        match self {
            Self::Card => &[Class::Server],
            Self::Terminal => &[Class::Client, Class::Device],
        }
    }

    /// The items that a statement on it answers, in the order of the tables: those of its classes, and those
    /// which their requirements reach.
    pub fn items(self, tables: &Tables) -> Vec<ItemId> {
        let own = tables.items().iter().filter(|item| self.classes().contains(&item.class));
        let mut asked: BTreeSet<ItemId> = own.map(|item| item.id.clone()).collect();
        let reached: Vec<ItemId> = asked.iter().flat_map(|id| tables.closure(id.as_str())).collect();
        asked.extend(reached);
        tables.ids().filter(|id| asked.contains(*id)).cloned().collect()
    }

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Terminal => "terminal",
        }
    }
}

impl fmt::Display for DutKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A complete statement on a card, with further lines.
    fn card(more: &str) -> Result<Ics, Problems> {
        let mut text = String::from("ics: 1\ndut: { name: Sample, kind: card }\nanswers:\n");
        for id in DutKind::Card.items(Tables::builtin()) {
            text.push_str(&format!("  {id}: yes\n"));
        }
        Ics::parse(&Source::new("card.yaml", text + more), Tables::builtin())
    }

    #[test]
    fn answers_and_readings_are_those_of_the_statement() {
        let ics = card("interpretations: { package0-framing: wsp }\n").unwrap();
        assert_eq!(ics.claims("DM_SC-S-003-O"), Some(true));
        assert_eq!(ics.claims("DM_SC-C-001-M"), None);
        let reading = |id: &str| ics.reading(Tables::builtin(), id).map(|reading| reading.id.as_str());
        assert_eq!(reading("package0-framing"), Some("wsp"));
        assert_eq!(reading("dcs-group"), Some("seven-bit-or-unpacked"));
        assert_eq!(reading("no-such-point"), None);
    }

    #[test]
    fn other_answers_are_checked_like_the_first() {
        let ics = card("interpretations: { package0-framing: wsp }\n").unwrap();
        let change = |item: &str, answer| BTreeMap::from([(item.parse().unwrap(), answer)]);
        let changed = ics.with_answers(&change("DM_SC-S-006-O", false), Tables::builtin()).unwrap();
        assert_eq!((changed.claims("DM_SC-S-006-O"), changed.claims("DM_SC-S-005-O")), (Some(false), Some(true)));
        assert_eq!((changed.dut(), changed.interpretations()), (ics.dut(), ics.interpretations()));
        assert!(ics.with_answers(&change("DM_SC-S-001-M", false), Tables::builtin()).is_err());
    }

    #[test]
    fn features_have_defaults_and_cannot_contradict_each_other() {
        let ics = card("").unwrap();
        let yes: Vec<Feature> = Feature::ALL.into_iter().filter(|feature| ics.has(*feature)).collect();
        assert_eq!(yes, [Feature::Iso, Feature::Ipv4, Feature::Sms3gpp]);
        let usb = card("features: { iso: no, usb: yes }\n").unwrap();
        assert!(
            usb.has(Feature::Usb) && !usb.has(Feature::Iso) && !usb.has(Feature::Eem),
            "a card may have ICCD alone"
        );
        for (answers, expected) in [
            ("{ iso: no }", "without ISO and USB nothing connects"),
            ("{ eem: yes }", "eem is a class of USB, and `usb` is no"),
            ("{ ipv4: no }", "an account has an address of IPv4 or of IPv6"),
            ("{ isso: yes }", "unknown key `isso`"),
            ("{ iso: perhaps }", "the answer on iso is neither yes nor no"),
        ] {
            let problems = card(&format!("features: {answers}\n")).unwrap_err();
            assert_eq!(problems.problems.len(), 1, "{problems}");
            assert!(problems.to_string().contains(expected), "{problems}");
        }
    }

    #[test]
    fn a_device_with_usb_has_both_classes() {
        let of = |more: &str| {
            let mut text = String::from("ics: 1\ndut: { name: Sample, kind: terminal }\nanswers:\n");
            for id in DutKind::Terminal.items(Tables::builtin()) {
                text.push_str(&format!("  {id}: yes\n"));
            }
            Ics::parse(&Source::new("terminal.yaml", text + more), Tables::builtin())
        };
        let usb = of("features: { usb: yes }\n").unwrap();
        assert!(usb.has(Feature::Iccd) && usb.has(Feature::Eem));
        let text = of("features: { usb: yes, eem: no }\n").unwrap_err().to_string();
        assert!(text.contains("supports the ICCD class and EEM (DM_SC 5.1-3)"), "{text}");
        let text = of("features: { sms-3gpp: no }\n").unwrap_err().to_string();
        assert!(text.contains("the SMS bearer is that of no system"), "{text}");
    }

    #[test]
    fn the_items_of_a_dut_are_closed_under_requirements() {
        for kind in DutKind::ALL {
            let items = kind.items(Tables::builtin());
            for id in &items {
                assert!(Tables::builtin().closure(id.as_str()).iter().all(|reached| items.contains(reached)), "{id}");
            }
        }
        assert_eq!(DutKind::Card.items(Tables::builtin()).len(), 6 + 8);
        assert_eq!(DutKind::Terminal.items(Tables::builtin()).len(), 13 + 14);
    }

    proptest! {
        #[test]
        fn any_text_is_a_statement_or_refused(
            text in "\\PC{0,80}|((ics|dut|answers|interpretations|name|kind|DM_SC-S-001-M): (1|card|yes|no|\\{\\}|\\[\\]|)\n *){0,8}",
        ) {
            if let Err(problems) = Ics::parse(&Source::new("any.yaml", text), Tables::builtin()) {
                prop_assert!(!problems.problems.is_empty());
                prop_assert!(!problems.to_string().is_empty());
            }
        }
    }
}
