//! From the lines of journals to one record for each case and DUT.

use std::collections::HashMap;

use dmsc_scr::{NotRun, Outcome};

use super::{FolderError, Place, Record};
use crate::journal::{
    At, CaseFinished, Check, CheckVerdict, Event, Gap, Journal, Level, Line, OutcomeKind, Recorded, RunHeader,
};

/// Index of a DUT and of a case in the header.
type Key = (usize, usize);

/// What is known of an attempt at a case.
#[derive(Debug, Default)]
struct Attempt {
    place: Option<Place>,
    missed: Vec<Check>,
}

/// The records of all journals under their common header.
pub(super) fn records(header: &RunHeader, journals: &mut [Journal]) -> Result<Vec<Record>, FolderError> {
    let mut found = Attempts::of(header);
    for (number, journal) in journals.iter_mut().enumerate() {
        let strict = journal.strict;
        journal.read(&mut |line, at| found.note(line, (number, at), strict))?;
        found.end_of_journal();
    }
    Ok(found.records(header))
}

/// The records of a run that is in no journal. Nothing of what passed can be shown again.
///
/// # Errors
/// The outcome of a case that does not rest on the steps that were judged.
pub(super) fn records_of(header: &RunHeader, events: impl IntoIterator<Item = Event>) -> Result<Vec<Record>, String> {
    let mut found = Attempts::of(header);
    let nowhere = At { part: 0, offset: 0, end: 0 };
    events.into_iter().try_for_each(|event| found.note(Line::Event(event), (0, nowhere), header.strict))?;
    found.end_of_journal();
    let records = found.records(header).into_iter();
    Ok(records.map(|record| Record { place: None, ..record }).collect())
}

/// What is known of the cases of a run, as line after line is read.
#[derive(Debug)]
pub(super) struct Attempts {
    duts: HashMap<String, usize>,
    cases: HashMap<String, usize>,
    /// Those that ended, in the order in which they did first, and where each stands.
    records: Vec<Record>,
    finished: HashMap<Key, usize>,
    /// Attempts that the journals before left open.
    open: HashMap<Key, Attempt>,
    /// Those that the journal that is read has open: one that another process left open is not continued by this one.
    current: HashMap<Key, Attempt>,
    /// The case that was begun last in that journal, and its last message, where nothing came of it yet.
    last: Option<Key>,
    reaches: Option<(usize, At)>,
    gaps: HashMap<Key, Vec<Gap>>,
}

impl Attempts {
    pub(super) fn of(header: &RunHeader) -> Self {
        Attempts {
            duts: index(header.duts.iter().map(|dut| dut.name.as_str())),
            cases: index(header.cases.iter().map(|case| case.id.as_str())),
            records: Vec::new(),
            finished: HashMap::new(),
            open: HashMap::new(),
            current: HashMap::new(),
            last: None,
            reaches: None,
            gaps: HashMap::new(),
        }
    }

    // The reader has checked every name against the header of its journal.
    fn key(&self, dut: &str, case: &str) -> Option<Key> {
        Some((*self.duts.get(dut)?, *self.cases.get(case)?))
    }

    /// Takes the line of a message. There are many, and the last is enough to know how far a case reaches.
    pub(super) fn message(&mut self, place: (usize, At)) {
        self.reaches = Some(place);
    }

    /// Takes a line of a journal of this number. An error tells how a case contradicts itself.
    pub(super) fn note(&mut self, line: Line, (number, at): (usize, At), strict: bool) -> Result<(), String> {
        let Line::Event(event) = line else {
            self.message((number, at));
            return Ok(());
        };
        self.reach();
        let named = match &event {
            Event::CaseStarted(e) => self.key(&e.dut, &e.case),
            Event::Check(e) => self.key(&e.dut, &e.case),
            Event::CaseFinished(e) => self.key(&e.dut, &e.case),
            Event::Message(_) | Event::Run(_) | Event::RunFinished(_) => None,
        };
        let Some(key) = named else { return Ok(()) };
        match event {
            Event::CaseStarted(e) => {
                self.current.insert(key, Attempt { place: Some(Place::at(number, at)), missed: Vec::new() });
                self.gaps.entry(key).or_default().extend(e.gap);
                self.last = Some(key);
            }
            Event::Check(check) => {
                let attempt = reached(&mut self.current, key, number, at);
                if check.verdict != CheckVerdict::Pass {
                    attempt.missed.push(check);
                }
            }
            Event::CaseFinished(e) => {
                self.last = None;
                let attempt = self.current.remove(&key).unwrap_or_default();
                if attempt.place.is_some() {
                    agree(&e.outcome, &attempt.missed, strict)?;
                }
                let record = record(key, e, attempt, self.gaps.remove(&key).unwrap_or_default());
                match self.finished.get(&key).and_then(|place| self.records.get_mut(*place)) {
                    Some(kept) => keep_worse(kept, record),
                    None => {
                        self.finished.insert(key, self.records.len());
                        self.records.push(record);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The case that was begun last reaches to its last message.
    fn reach(&mut self) {
        if let (Some((number, at)), Some(key)) = (self.reaches.take(), self.last) {
            reached(&mut self.current, key, number, at);
        }
    }

    pub(super) fn end_of_journal(&mut self) {
        self.reach();
        self.last = None;
        self.open.extend(self.current.drain());
        self.gaps.clear();
    }

    pub(super) fn records(mut self, header: &RunHeader) -> Vec<Record> {
        let mut all = self.records;
        for (dut, dut_header) in header.duts.iter().enumerate() {
            for (case, case_header) in header.cases.iter().enumerate() {
                let key = (dut, case);
                match (self.finished.contains_key(&key), self.open.remove(&key)) {
                    (true, _) => {}
                    (false, Some(attempt)) => all.push(without_result(key, NotRun::Unfinished, attempt)),
                    (false, None) if case_header.role.tests(dut_header.kind) => {
                        all.push(without_result(key, NotRun::NoResult, Attempt::default()));
                    }
                    (false, None) => {}
                }
            }
        }
        all.sort_unstable_by_key(|record| (record.dut, record.case));
        all
    }
}

/// The attempt that a line belongs to, which reaches to that line.
fn reached(current: &mut HashMap<Key, Attempt>, key: Key, journal: usize, at: At) -> &mut Attempt {
    let attempt = current.entry(key).or_default();
    attempt.place.get_or_insert_with(|| Place::at(journal, at)).reach(at);
    attempt
}

/// An outcome rests on the steps that were judged: a pass has none that had to be passed and was not, and a fail has one.
fn agree(outcome: &Recorded, missed: &[Check], strict: bool) -> Result<(), String> {
    let counts = |check: &&Check| check.level == Level::Must || (strict && check.level == Level::Should);
    let decisive = |check: &&Check| counts(check) && check.verdict >= CheckVerdict::Fail;
    let has_failed = || missed.iter().filter(counts).any(|check| check.verdict == CheckVerdict::Fail);
    match outcome.kind {
        OutcomeKind::Pass => match missed.iter().find(decisive) {
            Some(check) => Err(format!(
                "the outcome is pass, and step {} ({}) has {}",
                check.step,
                check.what,
                check.verdict.as_str()
            )),
            None => Ok(()),
        },
        OutcomeKind::Fail if !has_failed() => Err("the outcome is fail, and no step has failed".into()),
        _ => Ok(()),
    }
}

fn index<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<String, usize> {
    names.enumerate().map(|(at, name)| (name.to_owned(), at)).collect()
}

fn record((dut, case): Key, end: CaseFinished, attempt: Attempt, gaps: Vec<Gap>) -> Record {
    let mut outcome = end.outcome.coded();
    if outcome.kind.verdict().is_none() {
        outcome.reason.get_or_insert_with(|| "no reason recorded".into());
    }
    let Attempt { place, missed } = attempt;
    let (remarks, duration_us, wall) = (end.remarks, end.duration_us, end.wall);
    Record { dut, case, outcome, remarks, duration_us, wall, missed, gaps, place }
}

fn without_result((dut, case): Key, reason: NotRun, attempt: Attempt) -> Record {
    Record {
        dut,
        case,
        outcome: Recorded::from(&Outcome::NotRun(reason)),
        remarks: Vec::new(),
        duration_us: 0,
        wall: false,
        missed: attempt.missed,
        gaps: Vec::new(),
        place: attempt.place,
    }
}

/// Which of two results for the same case stands: the worse. That a case was run later is no
/// contradiction to its not having run before; everything else is worth a remark. An error says nothing of the DUT, and
/// gives way to a verdict that does.
fn keep_worse(kept: &mut Record, mut other: Record) {
    if rank(other.outcome.kind) > rank(kept.outcome.kind) {
        std::mem::swap(kept, &mut other);
    }
    let which = if other.outcome.kind == OutcomeKind::Error { "the verdict" } else { "the worse" };
    if kept.outcome.kind != other.outcome.kind && other.outcome.kind != OutcomeKind::NotRun {
        kept.remarks
            .push(format!("recorded twice, as {} and as {}; {which} stands", other.outcome.kind, kept.outcome.kind));
    }
}

fn rank(kind: OutcomeKind) -> u8 {
    match kind {
        OutcomeKind::NotRun => 0,
        OutcomeKind::NotApplicable => 1,
        OutcomeKind::Error => 2,
        OutcomeKind::Pass => 3,
        OutcomeKind::Inconclusive => 4,
        OutcomeKind::Fail => 5,
    }
}
