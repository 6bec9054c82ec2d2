//! Reading a journal back.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Deserialize;

use super::{Event, RunHeader, VERSION};

/// A journal as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// The file it was read from, as given.
    pub path: PathBuf,
    /// The first line.
    pub header: RunHeader,
    /// The other lines, in order. None is a header, and all name DUTs and cases of the header.
    pub events: Vec<Event>,
    /// The half-written last line, if the writer was killed.
    pub truncated: Option<Truncated>,
}

/// A last line that was being written when the run was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncated {
    /// Its number, from 1.
    pub line: usize,
    /// Offset of its first octet in the file.
    pub offset: u64,
    /// How many octets of it are there.
    pub length: usize,
}

/// Why a journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {source}; give the folder of a run, as `dmsc run` printed it", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not hold one whole line.
    #[error("{}: no complete first line; the run was killed before it began, remove the file", path.display())]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// The first line is of another version, or of something else.
    #[error("{}:1: {}, and this harness reads version {VERSION}; use the version of dmsc that wrote it", path.display(), version_text(*found))]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it names, if it names one.
        found: Option<u64>,
    },
    /// A line that ends as it should cannot be read.
    #[error("{}:{line}: {reason}; a finished line is never rewritten, so the file was damaged or edited: restore it, or remove the line", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

fn version_text(found: Option<u64>) -> String {
    match found {
        Some(version) => format!("journal version {version}"),
        None => "no journal version".into(),
    }
}

/// The part of the first line that every version keeps.
#[derive(Deserialize)]
struct Probe {
    #[serde(default)]
    journal: Option<u64>,
}

impl Journal {
    /// Reads a journal file.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let io = |source| ReadError::Io { path: path.into(), source };
        Self::of(path, BufReader::new(File::open(path).map_err(io)?))
    }

    /// Reads a journal from the octets of its file; `path` serves error messages only.
    pub fn parse(path: &Path, octets: &[u8]) -> Result<Self, ReadError> {
        Self::of(path, octets)
    }

    fn of(path: &Path, mut from: impl BufRead) -> Result<Self, ReadError> {
        let io = |source| ReadError::Io { path: path.into(), source };
        let malformed = |line: usize, reason: String| ReadError::Malformed { path: path.into(), line, reason };
        let mut first = Vec::new();
        from.read_until(b'\n', &mut first).map_err(io)?;
        if first.last() != Some(&b'\n') {
            return Err(ReadError::NoHeader { path: path.into() });
        }

        let probe: Probe = serde_json::from_slice(&first).map_err(|e| malformed(1, json(&e)))?;
        if probe.journal != Some(u64::from(VERSION)) {
            return Err(ReadError::Version { path: path.into(), found: probe.journal });
        }
        let header = match serde_json::from_slice(&first) {
            Ok(Event::Run(header)) => header,
            Ok(_) => return Err(malformed(1, "the first line is not the run's".into())),
            Err(e) => return Err(malformed(1, json(&e))),
        };

        let known = Known::of(&header).map_err(|reason| malformed(1, reason))?;
        let (mut events, mut truncated) = (Vec::new(), None);
        let (mut count, mut offset) = (1, first.len() as u64);
        let mut end = false;
        while !end {
            // By and by, so that few lines are there twice, as octets and as what they say.
            let mut lines: Vec<Vec<u8>> = Vec::with_capacity(AT_ONCE);
            while lines.len() < AT_ONCE && !end {
                let mut line = Vec::new();
                let length = from.read_until(b'\n', &mut line).map_err(io)?;
                end = line.last() != Some(&b'\n');
                if !end {
                    offset += length as u64;
                    lines.push(line);
                } else if length > 0 {
                    truncated = Some(Truncated { line: count + lines.len() + 1, offset, length });
                }
            }
            let read: Vec<serde_json::Result<Event>> = lines.par_iter().map(|line| event(line)).collect();
            for event in read {
                count += 1;
                let event = event.map_err(|e| malformed(count, json(&e)))?;
                known.admit(&event).map_err(|reason| malformed(count, reason))?;
                events.push(event);
            }
        }
        drop(known);
        Ok(Self { path: path.into(), header, events, truncated })
    }
}

/// How many lines are read at once.
const AT_ONCE: usize = 512;

/// Reads a line. Most are messages: reading one that says so first as nothing else takes half the time.
fn event(line: &[u8]) -> serde_json::Result<Event> {
    if line.starts_with(br#"{"event":"message","#) {
        return serde_json::from_slice(line).map(Event::Message);
    }
    serde_json::from_slice(line)
}

/// What the first line announced, and later lines may therefore speak of.
struct Known<'a> {
    duts: HashSet<&'a str>,
    cases: HashSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(header: &'a RunHeader) -> Result<Self, String> {
        let mut known = Self { duts: HashSet::new(), cases: HashSet::new() };
        for dut in &header.duts {
            if dut.name.is_empty() || !known.duts.insert(&dut.name) {
                return Err(format!("DUT name `{}` is empty or there twice", dut.name));
            }
        }
        for case in &header.cases {
            if case.id.is_empty() || !known.cases.insert(&case.id) {
                return Err(format!("case id `{}` is empty or there twice", case.id));
            }
        }
        Ok(known)
    }

    fn admit(&self, event: &Event) -> Result<(), String> {
        let (dut, case) = match event {
            Event::Run(_) => return Err("a second `run` event".into()),
            Event::RunFinished(_) => return Ok(()),
            Event::CaseStarted(e) => (&e.dut, &e.case),
            Event::Message(e) => (&e.dut, &e.case),
            Event::Check(e) => (&e.dut, &e.case),
            Event::CaseFinished(e) => (&e.dut, &e.case),
        };
        if !self.duts.contains(dut.as_str()) {
            return Err(format!("DUT `{dut}` is not in the first line"));
        }
        if !self.cases.contains(case.as_str()) {
            return Err(format!("case `{case}` is not in the first line"));
        }
        Ok(())
    }
}

/// The text of a JSON error without its line number, which is always 1 here and would mislead.
fn json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cut = text.rfind(" at line ").unwrap_or(text.len());
    match error.column() {
        0 => text[..cut].into(),
        column => format!("{} at column {column}", &text[..cut]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{CaseStarted, JournalWriter, RunFinished};
    use crate::synthetic;
    use proptest::prelude::*;

    fn lines(events: &[Event]) -> Vec<u8> {
        let mut octets = Vec::new();
        for event in events {
            serde_json::to_writer(&mut octets, event).unwrap();
            octets.push(b'\n');
        }
        octets
    }

    fn parse(octets: &[u8]) -> Result<Journal, ReadError> {
        Journal::parse(Path::new("run/journal.jsonl"), octets)
    }

    #[test]
    fn a_line_is_read_as_what_it_is_whatever_it_says_first() {
        for written in synthetic::run().1 {
            let line = serde_json::to_vec(&written).unwrap();
            assert_eq!(event(&line).unwrap(), serde_json::from_slice(&line).unwrap());
            let mut members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&line).unwrap();
            let name = members.shift_remove("event").unwrap();
            members.insert("event".into(), name);
            assert_eq!(event(&serde_json::to_vec(&members).unwrap()).unwrap(), written);
        }
    }

    #[test]
    fn lines_that_are_appended_at_once_are_those_that_are_written_one_by_one() {
        let (header, events) = synthetic::run();
        let folder = synthetic::Folder::new();
        let (one, other) = (folder.path().join("one.jsonl"), folder.path().join("other.jsonl"));
        let mut writer = JournalWriter::create(&one, &header).unwrap();
        events.iter().for_each(|event| writer.write(event).unwrap());
        let mut lines = crate::journal::Lines::default();
        events.iter().for_each(|event| lines.push(event));
        JournalWriter::create(&other, &header).unwrap().append(lines).unwrap();
        assert_eq!(std::fs::read(one).unwrap(), std::fs::read(other).unwrap());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let (header, events) = synthetic::run();
        let folder = synthetic::Folder::new();
        let path = folder.path().join("journal.jsonl");
        let mut writer = JournalWriter::create(&path, &header).unwrap();
        for event in &events {
            writer.write(event).unwrap();
        }
        let journal = Journal::read(&path).unwrap();
        assert_eq!(journal.header, header);
        assert_eq!(journal.events, events);
        assert_eq!(journal.truncated, None);
        assert!(JournalWriter::create(&path, &header).is_err(), "a record is never overwritten");
    }

    #[test]
    fn every_cut_loses_at_most_one_line_and_is_reported() {
        let (header, events) = synthetic::run();
        let all: Vec<Event> = std::iter::once(Event::Run(header)).chain(events).collect();
        let octets = lines(&all);
        let first = octets.iter().position(|&o| o == b'\n').unwrap();
        for cut in 0..=octets.len() {
            let whole = octets[..cut].iter().filter(|&&o| o == b'\n').count();
            match parse(&octets[..cut]) {
                Ok(journal) => {
                    assert_eq!(journal.events, all[1..whole]);
                    assert_eq!(journal.truncated.is_some(), octets[cut - 1] != b'\n');
                }
                Err(ReadError::NoHeader { .. }) => assert!(cut <= first),
                Err(other) => panic!("cut at {cut}: {other}"),
            }
        }
    }

    #[test]
    fn a_killed_run_goes_on_after_the_last_whole_line() {
        let (header, events) = synthetic::run();
        let folder = synthetic::Folder::new();
        let path = folder.path().join("journal.jsonl");
        let mut octets = lines(&[Event::Run(header), events[0].clone()]);
        octets.extend(b"{\"event\":\"mess");
        std::fs::write(&path, &octets).unwrap();
        let (mut writer, journal) = JournalWriter::resume(&path).unwrap();
        assert_eq!(journal.truncated.unwrap().line, 3);
        assert_eq!(journal.truncated.unwrap().length, 14);
        let end = Event::RunFinished(RunFinished { interrupted: false });
        writer.write(&end).unwrap();
        let journal = Journal::read(&path).unwrap();
        assert_eq!(journal.events, [events[0].clone(), end]);
        assert_eq!(journal.truncated, None);
    }

    #[test]
    fn another_version_is_refused_before_anything_else() {
        let text = |octets: &[u8]| parse(octets).unwrap_err().to_string();
        insta::assert_snapshot!(
            text(b"{\"event\":\"start\",\"journal\":2}\nnot json\n"),
            @"run/journal.jsonl:1: journal version 2, and this harness reads version 1; use the version of dmsc that wrote it"
        );
        insta::assert_snapshot!(
            text(b"{}\n"),
            @"run/journal.jsonl:1: no journal version, and this harness reads version 1; use the version of dmsc that wrote it"
        );
        insta::assert_snapshot!(
            text(b""),
            @"run/journal.jsonl: no complete first line; the run was killed before it began, remove the file"
        );
    }

    #[test]
    fn a_damaged_line_is_refused_with_its_place() {
        let (header, events) = synthetic::run();
        let mut octets = lines(&[Event::Run(header.clone()), events[0].clone()]);
        octets.extend(b"{\"event\":\"check\"\n{}\n");
        insta::assert_snapshot!(
            parse(&octets).unwrap_err(),
            @"run/journal.jsonl:3: EOF while parsing an object; a finished line is never rewritten, so the file was damaged or edited: restore it, or remove the line"
        );
        let stranger = Event::CaseStarted(CaseStarted {
            case: "nowhere".into(),
            dut: header.duts[0].name.clone(),
            at_us: 0,
            gap: None,
        });
        let text = parse(&lines(&[Event::Run(header.clone()), stranger])).unwrap_err().to_string();
        assert!(text.contains("jsonl:2: case `nowhere` is not in the first line"));
        let text = parse(&lines(&[Event::Run(header.clone()), Event::Run(header)])).unwrap_err().to_string();
        assert!(text.contains("jsonl:2: a second `run` event"));
    }

    #[test]
    fn fields_of_a_later_writer_are_ignored() {
        let (header, _) = synthetic::run();
        let mut value = serde_json::to_value(Event::Run(header.clone())).unwrap();
        value["weather"] = "fine".into();
        let journal = parse(format!("{value}\n").as_bytes()).unwrap();
        assert_eq!(journal.header, header);
    }

    proptest! {
        #[test]
        fn random_octets_never_panic(octets: Vec<u8>) {
            let _ = parse(&octets);
            let (header, _) = synthetic::run();
            let mut after = lines(&[Event::Run(header)]);
            after.extend(octets);
            let _ = parse(&after);
        }

        #[test]
        fn any_message_comes_back(at_us: u64, octets: Vec<u8>, kind: String, note: Option<String>) {
            let (header, _) = synthetic::run();
            let event = Event::Message(crate::journal::Message {
                case: header.cases[0].id.clone(),
                dut: header.duts[0].name.clone(),
                at_us,
                from: crate::journal::Party::Server,
                to: crate::journal::Party::Client,
                fields: Some(serde_json::json!({ "name": kind.clone(), "at": at_us })),
                kind,
                octets: octets.into(),
                written: Default::default(),
                note,
            });
            let journal = parse(&lines(&[Event::Run(header), event.clone()])).unwrap();
            prop_assert_eq!(journal.events, vec![event]);
        }
    }
}
