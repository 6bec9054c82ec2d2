//! What the harness plays.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the harness plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The UICC with the DM_SC Server; the DUT is a terminal.
    Card,
    /// The terminal with the DM Client; the DUT is a card.
    Terminal,
}

impl Role {
    /// Both.
    pub const ALL: [Role; 2] = [Role::Card, Role::Terminal];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Card => "card",
            Role::Terminal => "terminal",
        }
    }

    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// What the DUT is when the harness plays this, or the other way round.
    pub fn other(self) -> Role {
        match self {
            Role::Card => Role::Terminal,
            Role::Terminal => Role::Card,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
