//! What a DUT showed in a run, set against what its statement claims.

mod answers;
mod signs;
mod watch;

use std::fmt;

use dmsc_report::RunFolder;
use dmsc_report::folder::{Entry, FolderError, Record};
use dmsc_report::journal::{DutHeader, Message, OutcomeKind};
use dmsc_scr::{ItemId, Tables};
use serde::Serialize;

pub use answers::{Answered, answers};

use crate::notes::decode;
use signs::SIGNS;
use watch::Watch;

/// What a DUT showed, item by item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// The DUT.
    pub dut: String,
    /// Every item of its statement, in the order of the tables.
    pub items: Vec<Audited>,
}

/// An item: what is claimed, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audited {
    /// The item.
    pub item: ItemId,
    /// Whether the statement claims it.
    pub claimed: bool,
    /// How the two agree.
    pub finding: Finding,
    /// What was seen, one line for each sign there is: the first that shows the item, or else the first that shows that
    /// it is not there.
    pub evidence: Vec<Trace>,
}

/// How claim and observation agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Claimed and seen, or not claimed and not seen.
    Agrees,
    /// Claimed, and it would have shown, and did not.
    NotSeen,
    /// Not claimed, and seen all the same.
    NotClaimed,
    /// Claimed, and nothing in the run could show it, or what did speaks for both.
    NotObservable,
}

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Whether it shows the item, or that the item is not there; none where it speaks for both.
    pub shows: Option<bool>,
    /// What it is, in words.
    pub what: String,
    /// The case in which it was seen.
    pub case: String,
    /// The kind of message; none where the outcome of the case is all there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Microseconds since the case started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_us: Option<u64>,
    /// The octets of the message, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub octets: Option<String>,
}

impl Audit {
    /// The audit of each DUT of a run.
    ///
    /// # Errors
    /// [`FolderError`] if what passed can no longer be read.
    pub fn of(run: &RunFolder, tables: &Tables) -> Result<Vec<Self>, FolderError> {
        run.header.duts.iter().enumerate().map(|(at, dut)| Self::of_dut(run, at, dut, tables)).collect()
    }

    fn of_dut(run: &RunFolder, at: usize, dut: &DutHeader, tables: &Tables) -> Result<Self, FolderError> {
        let mut watch = Watch::new(dut.kind);
        run.visit(
            |record| record.dut == at,
            |record, entries| {
                watch.begin(run.case(record).id.as_str());
                for entry in entries {
                    if let Entry::Message(mut message) = entry {
                        decode(&mut message);
                        watch.message(&message);
                    }
                }
            },
        )?;
        let items = tables.ids().filter_map(|id| {
            let claimed = *dut.ics.answers.get(id.as_str())?;
            let signs = SIGNS.iter().enumerate().filter(|(_, sign)| sign.item == id.as_str());
            let mut evidence: Vec<Trace> = signs.filter_map(|(index, _)| watch.trace(index)).collect();
            evidence.extend(of_cases(run, at, id));
            let finding = Finding::of(claimed, shown(&evidence));
            Some(Audited { item: id.clone(), claimed, finding, evidence })
        });
        Ok(Self { dut: dut.name.clone(), items: items.collect() })
    }

    /// Whether a claim is contradicted, or something that is not claimed was seen.
    pub fn disagrees(&self) -> bool {
        self.items.iter().any(|one| matches!(one.finding, Finding::NotSeen | Finding::NotClaimed))
    }

    /// Whether a claim could not be looked at.
    pub fn is_partial(&self) -> bool {
        self.items.iter().any(|one| one.finding == Finding::NotObservable)
    }
}

/// What evidence comes to: a sign in a message counts before the outcome of a case, and one that the item is not there
/// before one that it is.
fn shown(evidence: &[Trace]) -> Option<bool> {
    let denied = |one: &&Trace| one.shows == Some(false) && one.message.is_some();
    match evidence.iter().find(denied) {
        Some(_) => Some(false),
        None => evidence.iter().filter_map(|one| one.shows).reduce(|one, other| one || other),
    }
}

/// What the cases of an item came to, with the first that says so. There are cases that a DUT without the item passes, as
/// one that must not do something, and cases that one with a defect fails. So it is open where some passed and some
/// failed, and where all passed without the sign that there is of the item.
fn of_cases(run: &RunFolder, dut: usize, item: &ItemId) -> Option<Trace> {
    let about = |record: &&Record| {
        let case = run.case(record);
        record.dut == dut && (case.item == item.as_str() || case.covers.iter().any(|one| one == item.as_str()))
    };
    let with = |kind: OutcomeKind| run.records.iter().filter(about).find(|record| record.outcome.kind == kind);
    let (record, shows, what) = match (with(OutcomeKind::Pass), with(OutcomeKind::Fail)) {
        (Some(record), None) if SIGNS.iter().any(|sign| sign.item == item.as_str()) => {
            (record, None, "cases of the item passed, which by itself does not show it")
        }
        (Some(record), None) => (record, Some(true), "cases of the item passed and none failed"),
        (Some(_), Some(record)) => (record, None, "some cases of the item passed and some failed"),
        (None, Some(record)) => (record, Some(false), "no case of the item passed, and some failed"),
        (None, None) => return None,
    };
    Some(Trace {
        shows,
        what: what.to_owned(),
        case: run.case(record).id.clone(),
        message: None,
        at_us: None,
        octets: None,
    })
}

impl Trace {
    /// What a message showed.
    fn of(shows: bool, what: &str, case: &str, message: &Message) -> Self {
        Self {
            shows: Some(shows),
            what: what.to_owned(),
            case: case.to_owned(),
            message: Some(message.kind.to_string()),
            at_us: Some(message.at_us),
            octets: Some(message.octets.to_string()),
        }
    }
}

impl Finding {
    /// How a claim and what was shown agree.
    fn of(claimed: bool, shown: Option<bool>) -> Self {
        match (claimed, shown) {
            (true, Some(true)) | (false, Some(false) | None) => Self::Agrees,
            (true, Some(false)) => Self::NotSeen,
            (true, None) => Self::NotObservable,
            (false, Some(true)) => Self::NotClaimed,
        }
    }

    /// The words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::NotSeen => "claimed, not seen",
            Self::NotClaimed => "seen, not claimed",
            Self::NotObservable => "not observable",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(shows: bool, message: Option<&str>) -> Trace {
        Trace {
            shows: Some(shows),
            what: "w".into(),
            case: "c".into(),
            message: message.map(str::to_owned),
            at_us: None,
            octets: None,
        }
    }

    #[test]
    fn a_sign_in_a_message_counts_before_the_outcome_of_a_case() {
        assert_eq!(shown(&[]), None);
        assert_eq!(shown(&[trace(true, None)]), Some(true));
        assert_eq!(shown(&[trace(false, None), trace(true, Some("m"))]), Some(true));
        assert_eq!(shown(&[trace(true, None), trace(false, Some("m"))]), Some(false));
        assert_eq!(shown(&[trace(false, None)]), Some(false));
    }

    #[test]
    fn claims_are_set_against_what_was_shown() {
        let all = [(true, Some(true)), (true, Some(false)), (true, None), (false, Some(true)), (false, None)];
        let found = all.map(|(claimed, shown)| Finding::of(claimed, shown));
        use Finding::*;
        assert_eq!(found, [Agrees, NotSeen, NotObservable, NotClaimed, Agrees]);
    }
}
