//! The journal of a run: an append-only file of events, one JSON object a line.
//!
//! The journal is the only thing a run writes while it goes; every report is rendered from it
//! afterwards. A killed run therefore loses at most the line being written.
//!
//! # Format, version 3
//!
//! UTF-8, one JSON object a line, every line ended by `\n`. Each object names its kind in `event`
//! (see [`Event`]); the fields are those of the struct of that kind, and the last is `chain`, which
//! binds the line to all before it. The first line is always the [`RunHeader`], and only the first.
//! Octet strings are hexadecimal text ([`Octets`]), instants are RFC 3339 ([`Timestamp`]), durations
//! and offsets are microseconds. A message belongs to the case that was begun last, and has no fields that its octets tell
//! by themselves. Version 2 wrote all fields, and version 1 had no links; they are still read.
//!
//! # Compatibility
//!
//! * The number in `journal` of the first line is the version. A reader refuses every version it
//!   does not know, before it looks at anything else of the file.
//! * Within a version, a writer may add an optional field to an event. A reader ignores fields it
//!   does not know, and every field added later has a default.
//! * A new kind of event, a new word in a closed list (parties, verdicts, levels, outcomes), a field
//!   removed, renamed or given another meaning makes a new version.
//! * A last line without `\n` is the mark of a killed writer: it is dropped and reported. Any other
//!   line that cannot be read, or does not follow from those before it, is an error with file and
//!   line; nothing is guessed.
//!
//! `JOURNAL.md` beside this crate says the same for people who read the file with other tools.

mod chain;
mod claim;
mod event;
mod files;
mod line;
mod octets;
mod outcome;
mod packing;
mod reader;
mod timestamp;
mod writer;

pub use event::{
    CaseFinished, CaseHeader, CaseStarted, Check, CheckVerdict, DutHeader, DutKind, Event, Gap, Ics, Level, Mark,
    Message, Party, Role, RunFinished, RunHeader, VERSION,
};
pub use files::JournalFiles;
pub(crate) use files::read_line;
pub use octets::Octets;
pub use outcome::{OutcomeKind, Recorded};
pub(crate) use reader::{At, Line};
pub use reader::{Journal, ReadError, Truncated};
pub use timestamp::{Timestamp, TimestampError};
pub use writer::{JournalWriter, Lines, WriteError};
