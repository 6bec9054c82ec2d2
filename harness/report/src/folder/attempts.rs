//! From the events of journals to one record for each case and DUT.

use std::collections::HashMap;

use dmsc_scr::{NotRun, Outcome};

use super::{Entry, Record};
use crate::journal::{CaseFinished, Event, Gap, Journal, OutcomeKind, Recorded, RunHeader};

/// Index of a DUT and of a case in the header.
type Key = (usize, usize);

/// The records of all journals under their common header.
pub(super) fn records(header: &RunHeader, journals: Vec<Journal>) -> Vec<Record> {
    let duts = index(header.duts.iter().map(|dut| dut.name.as_str()));
    let cases = index(header.cases.iter().map(|case| case.id.as_str()));
    // The reader has checked every name against the header of its journal.
    let key = |dut: &str, case: &str| Some((*duts.get(dut)?, *cases.get(case)?));

    let mut finished: HashMap<Key, Record> = HashMap::new();
    let mut open: HashMap<Key, Vec<Entry>> = HashMap::new();
    for journal in journals {
        // An attempt that another process left open is not continued by this one.
        let mut current: HashMap<Key, Vec<Entry>> = HashMap::new();
        let mut gaps: HashMap<Key, Vec<Gap>> = HashMap::new();
        for event in journal.events {
            match event {
                Event::Run(_) | Event::RunFinished(_) => {}
                Event::CaseStarted(e) => {
                    if let Some(key) = key(&e.dut, &e.case) {
                        current.insert(key, Vec::new());
                        gaps.entry(key).or_default().extend(e.gap);
                    }
                }
                Event::Message(e) => {
                    if let Some(key) = key(&e.dut, &e.case) {
                        current.entry(key).or_default().push(Entry::Message(e));
                    }
                }
                Event::Check(e) => {
                    if let Some(key) = key(&e.dut, &e.case) {
                        current.entry(key).or_default().push(Entry::Check(e));
                    }
                }
                Event::CaseFinished(e) => {
                    if let Some(key) = key(&e.dut, &e.case) {
                        let record = record(
                            key,
                            e,
                            current.remove(&key).unwrap_or_default(),
                            gaps.remove(&key).unwrap_or_default(),
                        );
                        let kept = match finished.remove(&key) {
                            Some(before) => worse(before, record),
                            None => record,
                        };
                        finished.insert(key, kept);
                    }
                }
            }
        }
        open.extend(current);
    }

    let mut all = Vec::new();
    for (dut, dut_header) in header.duts.iter().enumerate() {
        for (case, case_header) in header.cases.iter().enumerate() {
            let key = (dut, case);
            match (finished.remove(&key), open.remove(&key)) {
                (Some(record), _) => all.push(record),
                (None, Some(entries)) => all.push(without_result(key, NotRun::Unfinished, entries)),
                (None, None) if case_header.role.tests(dut_header.kind) => {
                    all.push(without_result(key, NotRun::NoResult, Vec::new()));
                }
                (None, None) => {}
            }
        }
    }
    all
}

fn index<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    names.enumerate().map(|(at, name)| (name, at)).collect()
}

fn record((dut, case): Key, end: CaseFinished, entries: Vec<Entry>, gaps: Vec<Gap>) -> Record {
    let mut outcome = end.outcome.coded();
    if outcome.kind.verdict().is_none() {
        outcome.reason.get_or_insert_with(|| "no reason recorded".into());
    }
    Record { dut, case, outcome, remarks: end.remarks, duration_us: end.duration_us, wall: end.wall, entries, gaps }
}

fn without_result((dut, case): Key, reason: NotRun, entries: Vec<Entry>) -> Record {
    Record {
        dut,
        case,
        outcome: Recorded::from(&Outcome::NotRun(reason)),
        remarks: Vec::new(),
        duration_us: 0,
        wall: false,
        entries,
        gaps: Vec::new(),
    }
}

/// Which of two results for the same case stands: the worse. That a case was run later is no
/// contradiction to its not having run before; everything else is worth a remark.
fn worse(before: Record, after: Record) -> Record {
    let (kept, other) =
        if rank(after.outcome.kind) > rank(before.outcome.kind) { (after, before) } else { (before, after) };
    let mut kept = kept;
    if kept.outcome.kind != other.outcome.kind && other.outcome.kind != OutcomeKind::NotRun {
        kept.remarks
            .push(format!("recorded twice, as {} and as {}; the worse stands", other.outcome.kind, kept.outcome.kind));
    }
    kept
}

fn rank(kind: OutcomeKind) -> u8 {
    match kind {
        OutcomeKind::NotRun => 0,
        OutcomeKind::NotApplicable => 1,
        OutcomeKind::Pass => 2,
        OutcomeKind::Inconclusive => 3,
        OutcomeKind::Fail => 4,
        OutcomeKind::Error => 5,
    }
}
