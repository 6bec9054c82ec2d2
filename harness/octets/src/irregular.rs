//! What a decoder forgave.

use std::fmt;
use std::ops::Range;

/// Something a decoder read although it is not as the standard writes it. A message with irregularities was understood;
/// whether the sender may write so is for a case to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Irregularity {
    /// What kind it is, in a word or two that never change: `unknown-element`. Remarks are made once for each.
    pub kind: &'static str,
    /// What was found, in a line: "unknown element `Bogus` in SyncHdr".
    pub what: String,
    /// The octets it stands in, where they can be told.
    pub at: Option<Range<usize>>,
}

impl Irregularity {
    /// An irregularity whose place is not known.
    pub fn new(kind: &'static str, what: impl Into<String>) -> Irregularity {
        Irregularity { kind, what: what.into(), at: None }
    }

    /// The same, in these octets.
    #[must_use]
    pub fn at(self, octets: Range<usize>) -> Irregularity {
        Irregularity { at: Some(octets), ..self }
    }
}

impl fmt::Display for Irregularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
