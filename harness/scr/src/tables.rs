//! The tables of the enabler as data: items, external items, requirements, clauses and interpretations.

mod load;
mod section;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

pub use load::TablesError;

use self::section::Section;
use crate::{Class, Expr, ItemId, Status};

/// The tables, checked: every name that one of them uses exists in another, and no item requires itself.
#[derive(Debug, Clone)]
pub struct Tables {
    items: Section<Item>,
    external: Section<External>,
    requirements: Section<Requirement>,
    clauses: Section<Clause>,
    interpretations: Section<Interpretation>,
    documents: Section<Document>,
    topics: Section<Topic>,
    /// The default of each interpretation, by name: every DUT goes by them.
    defaults: OnceLock<Arc<BTreeMap<String, String>>>,
}

/// An SCR item of DM_SC appendix B.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its name.
    pub id: ItemId,
    /// Whom it binds.
    pub class: Class,
    /// Mandatory or optional.
    pub status: Status,
    /// The Function column, as printed.
    pub function: String,
    /// The Reference column, as printed, for example `Section 7.1`.
    pub reference: String,
    /// The Requirement column; none where it is empty.
    pub requirement: Option<Expr>,
}

/// An item of another enabler that a requirement expression names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// Its name, without the document prefix.
    pub id: ItemId,
    /// The document that owns it, as in the brackets of the expressions: `DMNOTI1.2`.
    pub document: String,
    /// A working reading of what it demands. The documents were not readable, so this is never a quotation.
    pub what: String,
    /// What the reading rests on.
    pub basis: Basis,
    /// How far the reading is trusted.
    pub confidence: Confidence,
    /// Its status in its own enabler.
    pub status: Status,
    /// What that status rests on.
    pub status_basis: Basis,
}

/// What an assumption on another enabler rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Basis {
    /// Confirmed from a source that was read.
    #[serde(rename = "conf")]
    Confirmed,
    /// Inferred from the Function column of DM_SC, with or without other evidence.
    #[serde(rename = "inf")]
    Inferred,
    /// From memory, unverified: never drives a fail.
    #[serde(rename = "mem")]
    Memory,
}

/// How far a working reading is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Hardly more than a guess.
    LowMedium,
    /// Plausible; neighbouring items may divide the matter otherwise.
    Medium,
    /// The theme is certain, the exact text is not.
    High,
}

/// A requirement of the DM_SC requirements document, section 6, or of a contribution to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its label, such as `DM-SC-GEN-14`.
    pub id: String,
    /// The contribution it stands in; none for the requirements document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its key word.
    pub level: Level,
    /// What it asks, in own words.
    pub summary: String,
    /// The items that realise it.
    #[serde(default)]
    pub items: Vec<ItemId>,
    /// The clauses of the technical specification that realise it.
    #[serde(default)]
    pub clauses: Vec<String>,
    /// What there is to say on how, or that nothing realises it.
    #[serde(default)]
    pub note: Option<String>,
    /// Why no case can show it, though something realises it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<String>,
}

/// A clause of the DM_SC technical specification, sections 5 to 8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// A stable name, `DM_SC-<section>-<number>`.
    pub id: String,
    /// The section, such as `7.1`.
    pub section: String,
    /// Its key word.
    pub level: Level,
    /// Whom it binds.
    pub subject: Subject,
    /// What it says, in own words.
    pub summary: String,
    /// The items it belongs to; none where the tables have none.
    #[serde(default)]
    pub items: Vec<ItemId>,
    /// Clauses that say the same in detail: a case on one of them is a case on this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// What no case can show of it yet, though some touch it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<String>,
}

/// The key word of a clause or requirement (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// MUST, SHALL.
    Must,
    /// MUST NOT, SHALL NOT.
    MustNot,
    /// SHOULD.
    Should,
    /// MAY.
    May,
    /// No key word: a description that cases build on.
    Plain,
}

/// Whom a clause binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The device.
    Device,
    /// The DM Client in the device.
    DmClient,
    /// The card.
    SmartCard,
    /// The DM_SC Server on the card.
    DmScServer,
    /// The account of the DM_SC Server in the device's tree.
    DmAccount,
}

/// Another document that cases cite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The name by which cases cite it, such as `TS 102 223`.
    pub document: String,
    /// What it is called in full.
    pub title: String,
    /// What is known of it.
    pub basis: Known,
    /// Its clauses, by number; none where it is cited as a whole only.
    #[serde(default)]
    pub clauses: Vec<String>,
}

/// How a document is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// Its text was read.
    Read,
    /// From memory.
    Memory,
}

/// What a citation of another document comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cited<'a> {
    /// A clause of this document, or the whole of it.
    Known(&'a Document),
    /// No document that is known; the nearest name.
    NoDocument(Option<&'a str>),
    /// The document has no such clause, as far as is known; the nearest number.
    NoClause(&'a Document, Option<&'a str>),
}

/// What cases are about that count towards no item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name, which is that of a folder of cases.
    pub id: ItemId,
    /// What is shown there, in a line.
    pub what: String,
    /// Why no item is asked for it.
    pub why: String,
}

/// A point where the documents contradict themselves or leave a gap, and the readings there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interpretation {
    /// A stable name, such as `package0-framing`.
    pub id: String,
    /// One line for a report.
    pub title: String,
    /// What the documents do.
    pub text: String,
    /// The readings; one or more.
    pub alternatives: Vec<Alternative>,
    /// The reading taken unless a statement or an IXIT chooses another; one of the alternatives.
    pub default: String,
    /// The places the point rests on.
    pub sources: Vec<String>,
    /// The clauses concerned.
    #[serde(default)]
    pub clauses: Vec<String>,
    /// The items whose cases depend on the reading.
    pub items: Vec<ItemId>,
}

/// One reading of an interpretation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// Its name within the interpretation.
    pub id: String,
    /// What it means for a run.
    pub meaning: String,
}

impl Tables {
    /// The items of appendix B, in its order.
    pub fn items(&self) -> &[Item] {
        self.items.entries()
    }

    /// The items of other enablers that the expressions name.
    pub fn external(&self) -> &[External] {
        self.external.entries()
    }

    /// The requirements of the requirements document.
    pub fn requirements(&self) -> &[Requirement] {
        self.requirements.entries()
    }

    /// The clauses of the technical specification.
    pub fn clauses(&self) -> &[Clause] {
        self.clauses.entries()
    }

    /// The interpretations.
    pub fn interpretations(&self) -> &[Interpretation] {
        self.interpretations.entries()
    }

    /// The default of each interpretation, by name.
    pub(crate) fn default_readings(&self) -> Arc<BTreeMap<String, String>> {
        let made = || self.interpretations().iter().map(|one| (one.id.clone(), one.default.clone())).collect();
        Arc::clone(self.defaults.get_or_init(|| Arc::new(made())))
    }

    /// The item of that name.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items().iter().find(|item| item.id == *id)
    }

    /// The external item of that name, without document prefix.
    pub fn external_item(&self, id: &str) -> Option<&External> {
        self.external().iter().find(|item| item.id == *id)
    }

    /// The requirement of that label.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements().iter().find(|requirement| requirement.id == id)
    }

    /// The clause of that name, or as cases cite it: `DM_SC 7.1-10` is `DM_SC-7.1-10`.
    pub fn clause(&self, citation: &str) -> Option<&Clause> {
        self.clauses().iter().find(|clause| {
            clause.id == citation
                || (citation.strip_prefix("DM_SC "))
                    .is_some_and(|rest| clause.id.strip_prefix("DM_SC-") == Some(rest.trim()))
        })
    }

    /// The interpretation of that name.
    pub fn interpretation(&self, id: &str) -> Option<&Interpretation> {
        self.interpretations().iter().find(|interpretation| interpretation.id == id)
    }

    /// The other documents that cases cite.
    pub fn documents(&self) -> &[Document] {
        self.documents.entries()
    }

    /// What cases are about that count towards no item.
    pub fn topics(&self) -> &[Topic] {
        self.topics.entries()
    }

    /// The topic of that name, which is no item.
    pub fn topic(&self, id: &str) -> Option<&Topic> {
        self.topics().iter().find(|topic| topic.id == *id)
    }

    /// What a case can be about: every item name, and after those the topics.
    pub fn subjects(&self) -> impl Iterator<Item = &ItemId> {
        self.ids().chain(self.topics().iter().map(|topic| &topic.id))
    }

    /// What a citation of another document than DM_SC comes to. What follows the number of the clause is a remark.
    pub fn cited(&self, citation: &str) -> Cited<'_> {
        let after = |document: &Document| citation.strip_prefix(&document.document).map(str::to_owned);
        let found = self.documents().iter().filter_map(|document| Some((document, after(document)?)));
        let whole_word = found.filter(|(_, rest)| rest.is_empty() || rest.starts_with(' '));
        let Some((document, rest)) = whole_word.max_by_key(|(document, _)| document.document.len()) else {
            let names = self.documents().iter().map(|document| document.document.as_str());
            let asked = citation.rsplit_once(' ').map_or(citation, |(name, _)| name);
            return Cited::NoDocument(dmsc_doc::nearest(asked, names));
        };
        match rest.split_whitespace().next() {
            Some(number) if !document.clauses.iter().any(|clause| clause == number) => {
                Cited::NoClause(document, dmsc_doc::nearest(number, document.clauses.iter().map(String::as_str)))
            }
            _ => Cited::Known(document),
        }
    }

    /// Whether an item, of DM_SC or of another enabler, bears the name.
    pub fn knows(&self, id: &str) -> bool {
        self.item(id).is_some() || self.external_item(id).is_some()
    }

    /// Every item name, those of DM_SC first.
    pub fn ids(&self) -> impl Iterator<Item = &ItemId> {
        self.items().iter().map(|item| &item.id).chain(self.external().iter().map(|item| &item.id))
    }

    /// The known item name nearest to one that is not known: the one that differs in the status letter only, or
    /// else in few letters; none if no name is near.
    pub fn nearest(&self, id: &str) -> Option<&ItemId> {
        nearest(id, || self.ids())
    }

    /// The same among the subjects: a topic, too.
    pub fn nearest_subject(&self, id: &str) -> Option<&ItemId> {
        nearest(id, || self.subjects())
    }

    /// The names that the requirement of an item reaches, directly and through other items, in the order of the
    /// expressions; without the item itself.
    pub fn closure(&self, id: &str) -> Vec<ItemId> {
        let mut found: Vec<ItemId> = Vec::new();
        let mut pending = self.required_by(id);
        while let Some(next) = pending.pop() {
            if !found.contains(&next) {
                pending.extend(self.required_by(next.as_str()));
                found.push(next);
            }
        }
        found
    }

    /// The names in the requirement of an item, last first.
    fn required_by(&self, id: &str) -> Vec<ItemId> {
        let expr = self.item(id).and_then(|item| item.requirement.as_ref());
        expr.map(|expr| expr.refs().into_iter().rev().map(|item| item.key()).collect()).unwrap_or_default()
    }
}

fn nearest<'t, I: Iterator<Item = &'t ItemId>>(id: &str, known: impl Fn() -> I) -> Option<&'t ItemId> {
    let stem = |id: &str| id.trim_end_matches("-M").trim_end_matches("-O").to_ascii_uppercase();
    let same_stem = known().find(|known| stem(known.as_str()) == stem(id));
    same_stem.or_else(|| {
        let near = dmsc_doc::nearest(id, known().map(ItemId::as_str))?;
        known().find(|known| known.as_str() == near)
    })
}

impl Item {
    /// Whether every DUT of the class has to support it.
    pub fn is_mandatory(&self) -> bool {
        self.status == Status::Mandatory
    }
}

impl Interpretation {
    /// The reading of that name.
    pub fn alternative(&self, id: &str) -> Option<&Alternative> {
        self.alternatives.iter().find(|alternative| alternative.id == id)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::May => "MAY",
            Self::Plain => "plain",
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Device => "device",
            Self::DmClient => "DM Client",
            Self::SmartCard => "Smart card",
            Self::DmScServer => "DM_SC Server",
            Self::DmAccount => "DM Account",
        })
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Confirmed => "confirmed from a source",
            Self::Inferred => "inferred from the Function column",
            Self::Memory => "from memory, unverified",
        })
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::LowMedium => "low to medium",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}
