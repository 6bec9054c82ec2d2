//! Kleene's three-valued logic.

use serde::{Deserialize, Serialize};

/// A truth value that may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ternary {
    /// False whatever the unknowns turn out to be.
    False,
    /// Depends on what is not known.
    Unknown,
    /// True whatever the unknowns turn out to be.
    True,
}

impl Ternary {
    /// Conjunction: the lesser of the two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Disjunction: the greater of the two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// The value as a `bool`, if it is known.
    pub fn known(self) -> Option<bool> {
        match self {
            Self::False => Some(false),
            Self::Unknown => None,
            Self::True => Some(true),
        }
    }
}

impl std::ops::Not for Ternary {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Ternary {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Ternary {
    fn from(value: Option<bool>) -> Self {
        value.map_or(Self::Unknown, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::Ternary::{False, True, Unknown};
    use super::*;

    #[test]
    fn the_tables_of_kleene() {
        let all = [False, Unknown, True];
        let and = all.map(|a| all.map(|b| a.and(b)));
        assert_eq!(and, [[False, False, False], [False, Unknown, Unknown], [False, Unknown, True]]);
        let or = all.map(|a| all.map(|b| a.or(b)));
        assert_eq!(or, [[False, Unknown, True], [Unknown, Unknown, True], [True, True, True]]);
        assert_eq!(all.map(|a| !a), [True, Unknown, False]);
        assert_eq!(all.map(|a| Ternary::from(a.known())), all);
    }
}
