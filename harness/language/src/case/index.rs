//! The heads of the cases that are embedded, so that no file is read for the sake of its head.
//!
//! `index.txt` of this crate holds them; a test writes it and holds it against the cases. The build script passes on the
//! lines of files that are still what they were then, so that a file that was changed is read instead.

use dmsc_scr::{Aim, Reference};
use smol_str::SmolStr;

use super::Head;
use crate::bundle::CASES;
use crate::catalogue::Role;

include!(concat!(env!("OUT_DIR"), "/index.rs"));

/// What [`Head`] says, but for what the path says: name, title, purpose, aim, clauses, numbers (whose, and which), items
/// covered, role, hash.
pub(super) struct Line(
    &'static str,
    &'static str,
    &'static str,
    Aim,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    Role,
    &'static str,
);

/// A file that is embedded: its path, and its instances; none where the index does not know it as it is.
pub(super) fn lines(path: &str) -> Option<&'static (&'static str, &'static [Line])> {
    INDEX.get(INDEX.binary_search_by(|(known, _)| (*known).cmp(path)).ok()?)
}

impl Line {
    /// The head that it stands for, in the file of this path; none if it names no item.
    pub(super) fn head(&self, path: &'static str) -> Option<Head> {
        let Line(name, title, purpose, aim, spec, refs, covers, role, hash) = self;
        let id = path.strip_prefix(CASES)?.strip_suffix(".yaml")?;
        Some(Head {
            id: SmolStr::new_static(id),
            name: SmolStr::new_static(name),
            title: SmolStr::new_static(title),
            purpose: SmolStr::new_static(purpose),
            aim: *aim,
            spec: spec.iter().map(|one| (*one).to_owned()).collect(),
            refs: refs.iter().map(|(body, id)| Reference { body: (*body).into(), id: (*id).into() }).collect(),
            item: id.split('/').next()?.parse().ok()?,
            covers: covers.iter().filter_map(|item| item.parse().ok()).collect(),
            role: *role,
            file: SmolStr::new_static(path),
            hash: SmolStr::new_static(hash),
        })
    }
}
