//! What keeps a command from doing what it was asked.

use std::fmt::Display;

use dmsc_doc::Problems;
use dmsc_language::secrets::without_secrets;

use crate::exit::Exit;

/// Why a command stops. Every text ends in what to try.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Documents with located problems, to be made from [`Problems`]: their secrets are not shown then.
    Located(Vec<Problems>),
    /// What the user gave cannot be used.
    Input(String),
    /// The harness or the rig broke.
    Rig(String),
}

/// The end of a command.
pub(crate) type Done = Result<Exit, Failure>;

impl Failure {
    /// What the user gave cannot be used; the error says why and what to try.
    pub(crate) fn input(error: impl Display) -> Self {
        Self::Input(error.to_string())
    }

    /// The harness or the rig broke; the error says how and what to try.
    pub(crate) fn rig(error: impl Display) -> Self {
        Self::Rig(error.to_string())
    }

    /// A name that does not exist, with the nearest that does.
    pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>, list: &str) -> Self {
        Self::unlike(what, name, dmsc_doc::nearest(name, known), list)
    }

    /// A name that does not exist, with what the user may have meant.
    pub(crate) fn unlike(what: &str, name: &str, meant: Option<&str>, list: &str) -> Self {
        Self::Input(match meant {
            Some(near) => format!("there is no {what} `{name}`; did you mean `{near}`? `{list}` shows all"),
            None => format!("there is no {what} `{name}`; `{list}` shows all"),
        })
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Located(_) | Self::Input(_) => Exit::Input,
            Self::Rig(_) => Exit::Rig,
        }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::from(vec![problems])
    }
}

impl From<Vec<Problems>> for Failure {
    fn from(problems: Vec<Problems>) -> Self {
        Self::Located(problems.into_iter().map(without_secrets).collect())
    }
}
