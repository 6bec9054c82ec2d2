//! The numbers by which others know a test.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a test in the catalogue of a laboratory or of another body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Whose number it is: `ETCS`.
    pub body: String,
    /// The number, as it is written there: `5.2.1`.
    pub id: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.body, self.id)
    }
}
