//! The fixtures: the card and the management tree that the players of all sessions start from.

use dmsc_dm::tree::ManagementTree;
use dmsc_doc::{Problems, Source};
use dmsc_engine::card::files::FileSystem;
use dmsc_engine::terminal::tree;
use dmsc_language::bundle::Bundle;
use dmsc_language::dut::Dut;
use dmsc_language::secrets::without_secrets;

/// A fixture is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FixtureError {
    /// It is not there.
    #[error("fixture {0}: it is missing")]
    Missing(String),
    /// What is wrong with it, and where.
    #[error(transparent)]
    Wrong(Problems),
}

impl From<Problems> for FixtureError {
    fn from(problems: Problems) -> FixtureError {
        FixtureError::Wrong(without_secrets(problems))
    }
}

/// What the players of all sessions start from.
#[derive(Clone, Debug)]
pub struct Fixtures {
    files: FileSystem,
    pub(crate) tree: ManagementTree,
}

impl Fixtures {
    /// Reads the fixtures of a bundle.
    ///
    /// # Errors
    /// [`FixtureError`] with the file at fault.
    pub fn load(bundle: &Bundle) -> Result<Fixtures, FixtureError> {
        let source = |name: &str| match bundle.text(name) {
            Some(text) => Ok(Source::new(bundle.shown(name), text)),
            None => Err(FixtureError::Missing(name.into())),
        };
        const CARD: &str = "fixtures/cards/reference.yaml";
        const TREE: &str = "fixtures/trees/reference.yaml";
        Ok(Fixtures { files: FileSystem::read(&source(CARD)?)?, tree: tree::read(&source(TREE)?)? })
    }

    /// The card that is played against `dut`, or in its place.
    pub fn card<'a>(&'a self, dut: &'a Dut) -> &'a FileSystem {
        dut.card.as_ref().unwrap_or(&self.files)
    }
}
