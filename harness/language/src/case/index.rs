//! The heads of the cases that are embedded, so that no file is read for the sake of its head.
//!
//! `index.txt` of this crate holds them; a test writes it and holds it against the cases. The build script passes on the
//! lines of files that are still what they were then, so that a file that was changed is read instead.

use dmsc_scr::{Aim, Reference};

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

/// The instances of a file that is embedded; none where the index does not know it as it is.
pub(super) fn lines(path: &str) -> Option<&'static [Line]> {
    let at = INDEX.binary_search_by(|(known, _)| (*known).cmp(path)).ok()?;
    INDEX.get(at).map(|(_, lines)| *lines)
}

impl Line {
    /// The head that it stands for, in the file of this path; none if it names no item.
    pub(super) fn head(&self, path: &str) -> Option<Head> {
        let Line(name, title, purpose, aim, spec, refs, covers, role, hash) = self;
        let id = path.strip_prefix(CASES)?.strip_suffix(".yaml")?;
        Some(Head {
            id: id.to_owned(),
            name: (*name).to_owned(),
            title: (*title).to_owned(),
            purpose: (*purpose).to_owned(),
            aim: *aim,
            spec: spec.iter().map(|one| (*one).to_owned()).collect(),
            refs: refs.iter().map(|(body, id)| Reference { body: (*body).into(), id: (*id).into() }).collect(),
            item: id.split('/').next()?.parse().ok()?,
            covers: covers.iter().filter_map(|item| item.parse().ok()).collect(),
            role: *role,
            file: path.to_owned(),
            hash: (*hash).to_owned(),
        })
    }
}
