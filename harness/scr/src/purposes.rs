//! The test purposes: what there is to be seen of each item, and which case sees it.

mod read;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ItemId, Reference};

/// Every test purpose. Each name stands once, and what the entries name is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purposes {
    all: Vec<Purpose>,
}

/// One thing that is to be seen of a DUT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purpose {
    /// Its name, such as `C001-03`.
    pub id: String,
    /// The item it belongs to; its class says what the DUT is.
    pub item: ItemId,
    /// What is to be seen, in short.
    pub seen: String,
    /// Where it is written.
    pub clause: String,
    /// How sure it is that it is written there.
    pub trust: Footing,
    /// Where it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// What the cases leave open of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The numbers by which others know it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<Reference>,
}

/// How sure it is that a document asks for a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Footing {
    /// Read in a document that was at hand.
    Stated,
    /// From memory.
    Memory,
    /// In doubt.
    Uncertain,
}

/// Which cases see a purpose, or why none does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// These are about it.
    Cases(Vec<String>),
    /// This one, which is about something wider, sees it too.
    Merged(String),
    /// None.
    None(Open),
}

/// Why no case sees a purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The reason, in a word.
    pub reason: Reason,
    /// The purpose that says the same, of a duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The reason, in a sentence.
    pub why: String,
}

/// Why no case sees a purpose, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It can be tested, and nobody has written the case.
    NotYetWritten,
    /// It shows on real contacts, buses or networks only.
    HardwareOnly,
    /// No document that was read says enough of it to judge by.
    UncertainSource,
    /// Another purpose says the same.
    Duplicate,
    /// No document asks for it.
    NoText,
}

impl Purposes {
    /// All of them, in the order of files and text.
    pub fn all(&self) -> &[Purpose] {
        &self.all
    }

    /// The purpose of that name.
    pub fn get(&self, id: &str) -> Option<&Purpose> {
        self.all.iter().find(|purpose| purpose.id == id)
    }

    /// The purposes that a case sees; an instance sees those of its file.
    pub fn of_case<'a>(&'a self, case: &'a str) -> impl Iterator<Item = &'a Purpose> {
        self.all.iter().filter(move |purpose| purpose.standing.cases().iter().any(|named| covers(named, case)))
    }
}

/// Whether the name of a case in a purpose, of a file or an instance, stands for a case.
fn covers(named: &str, case: &str) -> bool {
    named == case || case.strip_prefix(named).is_some_and(|rest| rest.starts_with('['))
}

impl Standing {
    /// The cases that see it; none where nothing does.
    pub fn cases(&self) -> &[String] {
        match self {
            Self::Cases(cases) => cases,
            Self::Merged(case) => std::slice::from_ref(case),
            Self::None(_) => &[],
        }
    }

    /// Whether no case sees it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::None(_))
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cases(cases) => write!(f, "{}", cases.join(", ")),
            Self::Merged(case) => write!(f, "within {case}"),
            Self::None(Open { reason, of: Some(of), .. }) => write!(f, "{reason} {of}"),
            Self::None(Open { reason, .. }) => write!(f, "{reason}"),
        }
    }
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::NotYetWritten, Self::HardwareOnly, Self::UncertainSource, Self::Duplicate, Self::NoText];
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotYetWritten => "not yet written",
            Self::HardwareOnly => "hardware only",
            Self::UncertainSource => "uncertain source",
            Self::Duplicate => "duplicate of",
            Self::NoText => "no text obliges",
        })
    }
}

impl fmt::Display for Footing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stated => "stated",
            Self::Memory => "memory",
            Self::Uncertain => "uncertain",
        })
    }
}
