//! One table, read when it is first asked for.

use std::sync::OnceLock;

/// The entries of a table: those that were given, or those of an embedded file once somebody asks.
#[derive(Debug, Clone)]
pub(super) struct Section<E> {
    entries: OnceLock<Vec<E>>,
    read: fn() -> Vec<E>,
}

impl<E> Section<E> {
    /// A table that is read when it is first asked for; most commands need one or two of them.
    pub(super) fn embedded(read: fn() -> Vec<E>) -> Self {
        Self { entries: OnceLock::new(), read }
    }

    /// The entries, in the order of the file.
    pub(super) fn entries(&self) -> &[E] {
        self.entries.get_or_init(self.read)
    }
}

impl<E> From<Vec<E>> for Section<E> {
    fn from(entries: Vec<E>) -> Self {
        Self { entries: OnceLock::from(entries), read: Vec::new }
    }
}
