//! The events of a journal.
//!
//! These types are the file format. They are deliberately not those of the layers below, so that a
//! change there cannot change the format unseen.

use std::borrow::Cow;
use std::collections::BTreeMap;

use dmsc_scr::Verdict;
use serde::{Deserialize, Serialize};

use super::{Octets, Recorded, Timestamp};

/// The version of the format that this crate writes. It reads those before, too.
pub const VERSION: u32 = 3;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// What the run is: always the first line, and only the first.
    Run(RunHeader),
    /// A case begins against a DUT. A second start of the same case against the same DUT begins a
    /// new attempt; what was recorded of an unfinished attempt is dropped.
    CaseStarted(CaseStarted),
    /// A message passed between the DUT and the harness.
    Message(Message),
    /// A step of a case was judged.
    Check(Check),
    /// A case ended, with its outcome.
    CaseFinished(CaseFinished),
    /// The run ended by itself, or was interrupted in good order.
    RunFinished(RunFinished),
}

/// The first line of a journal: everything needed to understand the rest, and to repeat the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// The version of the format; [`VERSION`].
    pub journal: u32,
    /// The version of the harness.
    pub harness: String,
    /// When the run started.
    pub started: Timestamp,
    /// The seed of everything random in the run.
    pub seed: u64,
    /// SHA-256, in hexadecimal, over the texts of all cases the selection was made from.
    pub catalogue: String,
    /// The selection, as the user wrote it.
    pub selection: String,
    /// Whether a miss at level `should` is a fail.
    pub strict: bool,
    /// The DUTs, in the order of the columns of the matrix. Names are unique.
    pub duts: Vec<DutHeader>,
    /// Every selected case, in the order of the reports, before the run is spread over processes:
    /// all journals of one run carry the same list. Ids are unique.
    pub cases: Vec<CaseHeader>,
}

/// What is under test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DutHeader {
    /// The name, unique within the run.
    pub name: String,
    /// Whether it is a card or a terminal.
    pub kind: DutKind,
    /// How octets reach it, as the DUT file says.
    pub link: String,
    /// What it claims.
    pub ics: Ics,
    /// The values needed to test it, secrets already replaced by the writer.
    pub ixit: serde_json::Value,
    /// The readings of open points in force: interpretation id to the alternative chosen.
    pub interpretations: BTreeMap<String, String>,
}

/// A conformance statement as it was in force: every item answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ics {
    /// SHA-256, in hexadecimal, over the statement.
    pub hash: String,
    /// Item to whether the DUT claims it.
    pub answers: BTreeMap<String, bool>,
}

/// What a DUT is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DutKind {
    /// A smart card; the harness plays the terminal.
    Card,
    /// A terminal; the harness plays the card.
    Terminal,
}

/// What the harness plays in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The card: the DUT is a terminal.
    Card,
    /// The terminal: the DUT is a card.
    Terminal,
}

impl Role {
    /// Whether a case of this role is one for a DUT of that kind.
    pub fn tests(self, kind: DutKind) -> bool {
        match self {
            Self::Card => kind == DutKind::Terminal,
            Self::Terminal => kind == DutKind::Card,
        }
    }
}

/// A selected case instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseHeader {
    /// The id, unique within the run; parameters of the instance are part of it.
    pub id: String,
    /// One line.
    pub title: String,
    /// What the case proves.
    pub purpose: String,
    /// The SCR item the case belongs to.
    pub item: String,
    /// Items of other enablers that the case also gives evidence for.
    pub covers: Vec<String>,
    /// The clauses tested.
    pub spec: Vec<String>,
    /// The numbers by which others know it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<dmsc_scr::Reference>,
    /// What the harness plays.
    pub role: Role,
    /// The file of the case, relative to the root of the cases.
    pub file: String,
    /// SHA-256, in hexadecimal, over the text of the case.
    pub hash: String,
}

/// A case begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseStarted {
    /// Id of the case.
    pub case: String,
    /// Name of the DUT.
    pub dut: String,
    /// Microseconds since the run started, by the wall clock.
    pub at_us: u64,
    /// Why the attempt before this one was broken off, when the link was lost and has come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// A time without a link, between two attempts at a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What was lost, in words.
    pub what: String,
    /// How long it took until the link was there again, in microseconds by the wall clock.
    pub lasted_us: u64,
}

/// A message that passed, in the case that was begun last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Microseconds since the case started, on the clock of the case.
    pub at_us: u64,
    /// Who sent it, to [`Party::peer`].
    pub from: Party,
    /// The kind of message, as the case language names it.
    pub kind: Cow<'static, str>,
    /// The octets as they passed.
    pub octets: Octets,
    /// The decoded fields, where it could be decoded and its octets do not tell them by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<serde_json::Value>,
    /// The fields beside those that its octets tell, where there are no `fields`.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub context: serde_json::Map<String, serde_json::Value>,
    /// The numbers in the fields that the standards do not write in decimal, by dotted path, as they write them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub written: BTreeMap<String, String>,
    /// Something a reader of the log should know about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An end of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The card, on the level of APDUs and the toolkit.
    Card,
    /// The terminal, on the level of APDUs and the toolkit.
    Terminal,
    /// The DM_SC Server or the web server in the card.
    Server,
    /// The DM Client in the terminal.
    Client,
}

impl Party {
    /// The other end of the same conversation.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Card => Self::Terminal,
            Self::Terminal => Self::Card,
            Self::Server => Self::Client,
            Self::Client => Self::Server,
        }
    }

    /// The word in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Terminal => "terminal",
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// A step that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Id of the case.
    pub case: String,
    /// Name of the DUT.
    pub dut: String,
    /// The step, counted from 1 as in the case file.
    pub step: usize,
    /// Microseconds since the case started, on the clock of the case.
    pub at_us: u64,
    /// The verdict of the step.
    pub verdict: CheckVerdict,
    /// How strongly the clause asks for it.
    pub level: Level,
    /// What was looked at.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
    /// The octets looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub octets: Option<Octets>,
    /// How many octets the message has, where not all of them are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub octets_in_all: Option<usize>,
    /// Where in `octets` the offending ones are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// The clause that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// What to try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// `file:line` of the step.
    pub location: String,
}

/// A range of octets; may be empty, to mark a place where something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Offset of the first octet, from 0.
    pub offset: usize,
    /// How many octets.
    pub length: usize,
}

impl Mark {
    /// Whether the octet at `offset` is marked. An empty mark shows at the octet it stands before.
    pub fn covers(self, offset: usize) -> bool {
        offset >= self.offset && offset - self.offset < self.length.max(1)
    }
}

/// The verdict of a step, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckVerdict {
    /// As the clause asks.
    Pass,
    /// Not enough was observed.
    Inconclusive,
    /// Not as the clause asks.
    Fail,
    /// The harness or the rig broke, not the DUT.
    Error,
}

impl CheckVerdict {
    /// The word in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

/// How strongly a clause asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A miss is a fail.
    Must,
    /// A miss is a remark, and a fail only in a strict run.
    Should,
    /// Never a miss: an observation.
    May,
}

impl Level {
    /// The word in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
        }
    }
}

/// A case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFinished {
    /// Id of the case.
    pub case: String,
    /// Name of the DUT.
    pub dut: String,
    /// The outcome.
    pub outcome: Recorded,
    /// Misses that are no fail, and other things to know, in order.
    pub remarks: Vec<String>,
    /// How long the case took, in microseconds.
    pub duration_us: u64,
    /// Whether the duration is of the wall clock (a real DUT) or of the virtual one.
    pub wall: bool,
}

impl From<dmsc_scr::DutKind> for DutKind {
    fn from(kind: dmsc_scr::DutKind) -> Self {
        match kind {
            dmsc_scr::DutKind::Card => Self::Card,
            dmsc_scr::DutKind::Terminal => Self::Terminal,
        }
    }
}

impl From<Verdict> for CheckVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Inconclusive => Self::Inconclusive,
            Verdict::Fail => Self::Fail,
            Verdict::Error => Self::Error,
        }
    }
}

/// The run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFinished {
    /// Whether a person or a signal ended it before every case had run.
    pub interrupted: bool,
    /// How many lines the journal has, the first and this one among them; none in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
}

#[cfg(test)]
mod tests {
    use dmsc_scr::{NotApplicable, Outcome};

    use super::*;

    #[test]
    fn a_role_tests_the_other_side() {
        assert!(Role::Card.tests(DutKind::Terminal));
        assert!(Role::Terminal.tests(DutKind::Card));
        assert!(!Role::Card.tests(DutKind::Card));
        assert!(!Role::Terminal.tests(DutKind::Terminal));
    }

    #[test]
    fn an_empty_mark_shows_where_something_is_missing() {
        let missing = Mark { offset: 3, length: 0 };
        assert!(missing.covers(3));
        assert!(!missing.covers(2));
        assert!(!missing.covers(4));
        let far = Mark { offset: usize::MAX, length: usize::MAX };
        assert!(!far.covers(0));
        assert!(far.covers(usize::MAX));
    }

    #[test]
    fn lines_name_their_kind_and_leave_out_what_is_not_there() {
        let event = Event::Message(Message {
            at_us: 7,
            from: Party::Card,
            kind: "open-channel".into(),
            octets: Octets(vec![0xD0, 0x00]),
            fields: None,
            context: serde_json::Map::new(),
            written: BTreeMap::new(),
            note: None,
        });
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"event":"message","at_us":7,"from":"card","kind":"open-channel","octets":"D000"}"#
        );
        let finished = Event::CaseFinished(CaseFinished {
            case: "c".into(),
            dut: "d".into(),
            outcome: Recorded::from(&Outcome::NotApplicable(NotApplicable::Recorded {
                code: Some("c".into()),
                text: "r".into(),
            })),
            remarks: vec![],
            duration_us: 0,
            wall: false,
        });
        assert_eq!(
            serde_json::to_string(&finished).unwrap(),
            r#"{"event":"case-finished","case":"c","dut":"d","outcome":{"kind":"not-applicable","reason":"r","code":"c"},"remarks":[],"duration_us":0,"wall":false}"#
        );
    }
}
