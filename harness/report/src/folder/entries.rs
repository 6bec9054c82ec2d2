//! What passed in cases, read again from the journals.

use std::io::BufRead;
use std::io::Read;

use super::{Entry, FolderError, Record, RunFolder};
use crate::journal::{At, CaseHeader, DutHeader, Event, JournalFiles, ReadError, read_line};

/// Where the lines of an attempt stand: from the first of them to the end of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    journal: usize,
    first: At,
    last: At,
}

impl Place {
    /// One line.
    pub(crate) fn at(journal: usize, at: At) -> Self {
        Self { journal, first: at, last: at }
    }

    /// Goes on to another line.
    pub(crate) fn reach(&mut self, at: At) {
        self.last = at;
    }
}

impl RunFolder {
    /// Shows what passed and what was judged in cases, in order: of the records that are wanted, one after another as they
    /// stand in the journals, those of which nothing is recorded first.
    ///
    /// # Errors
    /// If a journal can no longer be read.
    pub fn visit(
        &self,
        wanted: impl Fn(&Record) -> bool,
        mut show: impl FnMut(&Record, Vec<Entry>),
    ) -> Result<(), FolderError> {
        let mut records: Vec<&Record> = self.records.iter().filter(|record| wanted(record)).collect();
        records.sort_by_key(|record| record.place);
        let mut reading: Option<Reading<'_>> = None;
        for record in records {
            let mut entries = Entries::of(self.dut(record), self.case(record));
            if let Some(place) = record.place {
                for part in place.first.part..=place.last.part {
                    let begin = if part == place.first.part { place.first.offset } else { 0 };
                    let end = if part == place.last.part { place.last.end } else { u64::MAX };
                    let of = (place.journal, part);
                    let at_hand = reading.take().filter(|known| known.of == of && known.at <= begin);
                    let open = match at_hand {
                        Some(known) => known,
                        None => self.part(of)?,
                    };
                    let reading = reading.insert(open);
                    reading.entries(begin, end, &mut entries)?;
                }
            }
            entries.all.iter_mut().for_each(|entry| {
                if let Entry::Message(message) = entry {
                    (self.decode)(message);
                }
            });
            show(record, entries.all);
        }
        Ok(())
    }

    fn part(&self, of: (usize, usize)) -> Result<Reading<'_>, FolderError> {
        let (journal, part) = of;
        let journal = self.journals.get(journal).ok_or_else(|| FolderError::NoJournal { path: Default::default() })?;
        let files = &journal.files;
        Ok(Reading { of, at: 0, lines: files.part(part)?, files })
    }
}

/// What is found of a case and DUT.
struct Entries<'a> {
    dut: &'a str,
    case: &'a str,
    /// Whether the case that was begun last is this one.
    begun: bool,
    all: Vec<Entry>,
}

impl<'a> Entries<'a> {
    fn of(dut: &'a DutHeader, case: &'a CaseHeader) -> Self {
        Self { dut: &dut.name, case: &case.id, begun: false, all: Vec::new() }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::CaseStarted(started) => self.begun = started.dut == self.dut && started.case == self.case,
            Event::Message(message) if self.begun => self.all.push(Entry::Message(message)),
            Event::Check(check) if check.dut == self.dut && check.case == self.case => {
                self.all.push(Entry::Check(check));
            }
            _ => {}
        }
    }
}

/// A part of a journal, as far as it was read.
struct Reading<'a> {
    /// Which journal, and which part of it.
    of: (usize, usize),
    at: u64,
    lines: Box<dyn BufRead + 'a>,
    files: &'a JournalFiles,
}

impl Reading<'_> {
    /// Reads what stands from one octet to another, and keeps what belongs to a case and DUT.
    fn entries(&mut self, begin: u64, end: u64, into: &mut Entries<'_>) -> Result<(), FolderError> {
        let failed = |source| ReadError::Io { path: self.files.path.clone(), source };
        let skipped = std::io::copy(&mut (&mut self.lines).take(begin.saturating_sub(self.at)), &mut std::io::sink());
        self.at = self.at.saturating_add(skipped.map_err(failed)?);
        let mut line = Vec::new();
        while self.at < end {
            line.clear();
            let length = read_line(&mut self.lines, &mut line).map_err(failed)?;
            if length == 0 {
                break;
            }
            let offset = self.at;
            self.at = self.at.saturating_add(length as u64);
            if line.last() != Some(&b'\n') {
                break;
            }
            // All lines were read before, but of messages no more than had to be known.
            let event = serde_json::from_slice(&line).map_err(|error| ReadError::Message {
                path: self.files.path.clone(),
                part: self.of.1,
                offset,
                reason: error.to_string(),
            })?;
            into.note(event);
        }
        Ok(())
    }
}
