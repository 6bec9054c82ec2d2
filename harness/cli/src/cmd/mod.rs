//! The verbs, one file each.

pub(crate) mod completion;
pub(crate) mod ics;
pub(crate) mod report;
pub(crate) mod scr;
