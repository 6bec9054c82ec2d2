//! Which firmware a board runs, as far as it matters.

/// The published firmwares, by what they do with an answer that comes when no command waits for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Release 0.9.1 and those before it: an answer that comes while reset is held, or while the ATR goes out, is kept for
    /// the first command of the session that follows.
    #[default]
    UpTo091,
    /// Those after it: such an answer is dropped.
    After091,
}

impl Generation {
    /// Both.
    pub const ALL: [Generation; 2] = [Generation::UpTo091, Generation::After091];

    /// The generation with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Generation> {
        Generation::ALL.into_iter().find(|generation| generation.name() == name)
    }

    /// The name, as a DUT file gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Generation::UpTo091 => "0.9.1",
            Generation::After091 => "later",
        }
    }

    /// What a board with this version is to be taken for: the string of the interface in its second configuration, such
    /// as `0.9.1` or `0.9.1.15-ab12`. Builds between two releases count as the release before them, since it does not show
    /// what is in them, and so does what cannot be read.
    #[must_use]
    pub fn of_version(version: &str) -> Generation {
        let mut parts = version.split(['.', '-', '_', ' ']).map(str::parse::<u32>);
        let mut next = || parts.next().and_then(Result::ok);
        match (next(), next(), next()) {
            (Some(major), Some(minor), patch) if (major, minor, patch.unwrap_or(0)) > (0, 9, 1) => Generation::After091,
            _ => Generation::UpTo091,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_after_the_release_are_told_from_those_before() {
        for version in ["0.9.1", "0.9.1.15-ab12", "0.8.1.30-c0de", "0.7", "", "HEAD", "1"] {
            assert_eq!(Generation::of_version(version), Generation::UpTo091, "{version}");
        }
        for version in ["0.9.2", "0.10", "0.10.0.3-ab12", "1.0"] {
            assert_eq!(Generation::of_version(version), Generation::After091, "{version}");
        }
        assert!(Generation::ALL.iter().all(|one| Generation::from_name(one.name()) == Some(*one)));
        assert_eq!(Generation::from_name("0.9.2"), None);
    }
}
