//! The verbs, one file each.

pub(crate) mod bootstrap;
pub(crate) mod cases;
pub(crate) mod completion;
pub(crate) mod devices;
pub(crate) mod ics;
pub(crate) mod play;
pub(crate) mod prove;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod scr;
pub(crate) mod shake;
