//! The journals of several runs in one folder.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::{FolderError, RunFolder, Source};
use crate::journal::{CaseFinished, Event, Journal, JournalWriter, Line, OutcomeKind, RunHeader, WriteError};

/// Why the journals of a run could not be written to another folder.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// A file or the folder could not be written.
    #[error("cannot write {}: {source}; check that there is room and that the folder is writable", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A journal can no longer be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The common journal could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl RunFolder {
    /// Writes the journals of the run to the folder `out`, which is made if it is not there.
    ///
    /// The parts of one run, which differ in selection and start alone and all came to their end, become one journal: what
    /// each tells of the cases of the others is told once. Other journals are copied as they are.
    ///
    /// # Errors
    /// If something cannot be read or written. Files written before that stay.
    pub fn write_journals(&self, out: &Path) -> Result<(), JoinError> {
        let broken = |path: &Path| {
            let path = path.to_owned();
            move |source| JoinError::Io { path, source }
        };
        std::fs::create_dir_all(out).map_err(broken(out))?;
        let mut filter = Filter::new(self);
        for (number, group) in (1..).zip(self.groups()) {
            let stem = format!("journal-{number}");
            let [first, _, ..] = group.as_slice() else {
                for (part, name) in group.iter().flat_map(|source| source.files.named(&stem)) {
                    let copy = out.join(name);
                    std::fs::copy(part, &copy).map_err(broken(&copy))?;
                }
                continue;
            };
            let (header, _) = Journal::open(first.files.clone()).map_err(FolderError::from)?;
            let started = group.iter().map(|source| source.part.started).min().unwrap_or(header.started);
            let selection = selection(group.iter().map(|source| source.part.selection.as_str()));
            let header = RunHeader { started, selection, ..header };
            let mut writer = JournalWriter::create(&out.join(format!("{stem}.jsonl")), &header)?;
            for source in group {
                writer.copy(&source.files, |line| filter.keeps(line))?;
            }
            writer.finish(false)?;
        }
        Ok(())
    }

    /// Which journals become one, in the order of the first of each.
    fn groups(&self) -> Vec<Vec<&Source>> {
        let mut groups: Vec<Vec<&Source>> = Vec::new();
        let mut of_run: HashMap<usize, usize> = HashMap::new();
        for source in &self.journals {
            let next = groups.len();
            let group = if source.ended { *of_run.entry(source.part.run).or_insert(next) } else { next };
            match groups.get_mut(group) {
                Some(group) => group.push(source),
                None => groups.push(vec![source]),
            }
        }
        groups
    }
}

/// What of several journals need not be told more than once.
struct Filter<'a> {
    /// What came of each DUT and case in the end.
    outcomes: HashMap<(&'a str, &'a str), OutcomeKind>,
    told: HashSet<(String, String)>,
}

impl<'a> Filter<'a> {
    fn new(run: &'a RunFolder) -> Self {
        let of = |record| (run.dut(record).name.as_str(), run.case(record).id.as_str());
        let outcomes = run.records.iter().map(|record| (of(record), record.outcome.kind)).collect();
        Self { outcomes, told: HashSet::new() }
    }

    /// Whether the line says more than others do: a case that was not run in one part of a run was in another, or is
    /// not run in all of them, and one that does not apply does so in each.
    fn keeps(&mut self, line: &Line) -> bool {
        let Line::Event(Event::CaseFinished(CaseFinished { case, dut, outcome, .. })) = line else { return true };
        let last = self.outcomes.get(&(dut.as_str(), case.as_str())).copied();
        match outcome.kind {
            OutcomeKind::NotRun if last != Some(OutcomeKind::NotRun) => false,
            OutcomeKind::NotRun | OutcomeKind::NotApplicable if last == Some(outcome.kind) => {
                self.told.insert((dut.clone(), case.clone()))
            }
            _ => true,
        }
    }
}

/// What parts of a run selected, together.
fn selection<'a>(parts: impl Iterator<Item = &'a str> + Clone) -> String {
    let shards: Option<Vec<(&str, usize, usize)>> = parts.clone().map(shard).collect();
    if let Some(shards) = shards
        && let Some(&(base, _, of)) = shards.first()
        && shards.iter().all(|shard| (shard.0, shard.2) == (base, of))
    {
        let taken: BTreeSet<usize> = shards.iter().map(|shard| shard.1).collect();
        if (1..=of).all(|number| taken.contains(&number)) {
            return if base.is_empty() { "all".into() } else { base.into() };
        }
        let taken: Vec<String> = taken.iter().map(ToString::to_string).collect();
        let before = if base.is_empty() { String::new() } else { format!("{base}; ") };
        return format!("{before}shards {} of {of}", taken.join(", "));
    }
    let distinct: BTreeSet<&str> = parts.collect();
    distinct.into_iter().collect::<Vec<_>>().join(" and ")
}

/// A selection without its shard, which stands last, and that.
fn shard(selection: &str) -> Option<(&str, usize, usize)> {
    let (base, last) = selection.rsplit_once("; ").unwrap_or(("", selection));
    let (this, of) = last.strip_prefix("shard ")?.split_once('/')?;
    Some((base, this.parse().ok()?, of.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{CaseHeader, CaseStarted, Message, Recorded};
    use crate::synthetic;

    const SHARDS: usize = 40;

    /// A run of many cases against the first DUT: the header, and what each case leaves.
    fn many() -> (RunHeader, Vec<Vec<Event>>) {
        let (header, events) = synthetic::run();
        let dut = header.duts[0].clone();
        let cases: Vec<CaseHeader> = (0..5 * SHARDS)
            .map(|number| CaseHeader {
                id: format!("DM_SC-C-001-M/case[number={number}]"),
                hash: dmsc_octets::to_hex(&[number as u8; 32]),
                ..header.cases[0].clone()
            })
            .collect();
        let message = events.iter().find_map(|event| match event {
            Event::Message(message) => Some(message.clone()),
            _ => None,
        });
        let message = message.unwrap();
        let ran = cases.iter().map(|case| {
            let (case, dut) = (case.id.clone(), dut.name.clone());
            let started = CaseStarted { case: case.clone(), dut: dut.clone(), at_us: 0, gap: None };
            let messages = (0..20).map(|at_us| Event::Message(Message { at_us, ..message.clone() }));
            let outcome = Recorded { kind: OutcomeKind::Pass, reason: None, code: None };
            let end = CaseFinished { case, dut, outcome, remarks: Vec::new(), duration_us: 1, wall: false };
            std::iter::once(Event::CaseStarted(started)).chain(messages).chain([Event::CaseFinished(end)]).collect()
        });
        let ran = ran.collect();
        (RunHeader { duts: vec![dut], cases, ..header }, ran)
    }

    fn write(folder: &Path, header: &RunHeader, events: impl Iterator<Item = Event>) {
        let mut writer = JournalWriter::create(&folder.join("journal.jsonl"), header).unwrap();
        events.for_each(|event| writer.write(&event).unwrap());
        writer.finish(false).unwrap();
    }

    fn size(folder: &Path) -> u64 {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
    }

    fn not_selected(case: &str, dut: &str, this: usize) -> Event {
        let outcome = Recorded {
            kind: OutcomeKind::NotRun,
            reason: Some(format!("not selected: another shard than {this}/{SHARDS}")),
            code: None,
        };
        let (case, dut) = (case.to_owned(), dut.to_owned());
        Event::CaseFinished(CaseFinished { case, dut, outcome, remarks: Vec::new(), duration_us: 0, wall: false })
    }

    /// The folders of the shards.
    fn shards(header: &RunHeader, ran: &[Vec<Event>]) -> Vec<synthetic::Folder> {
        let write_shard = |this: usize| {
            let folder = synthetic::Folder::new();
            let header = RunHeader { selection: format!("shard {this}/{SHARDS}"), ..header.clone() };
            let events = ran.iter().zip(&header.cases).enumerate().flat_map(|(number, (events, case))| {
                let ours = number % SHARDS == this - 1;
                if ours { events.clone() } else { vec![not_selected(&case.id, &header.duts[0].name, this)] }
            });
            write(folder.path(), &header, events);
            folder
        };
        (1..=SHARDS).map(write_shard).collect()
    }

    #[test]
    fn many_shards_leave_hardly_more_than_the_whole_run() {
        let (header, ran) = many();
        let whole = synthetic::Folder::new();
        write(whole.path(), &header, ran.iter().flatten().cloned());
        let shards = shards(&header, &ran);
        let paths: Vec<&Path> = shards.iter().map(synthetic::Folder::path).collect();
        let merged = synthetic::Folder::new();
        let apart = RunFolder::merge(&paths).unwrap();
        apart.write_journals(merged.path()).unwrap();

        let one = RunFolder::open(merged.path()).unwrap();
        assert_eq!(synthetic::told(&one).1, synthetic::told(&apart).1);
        assert_eq!((&one.header, one.notes.len()), (&RunFolder::open(whole.path()).unwrap().header, 0));
        let mut entries = [Vec::new(), Vec::new()];
        for (run, into) in [&one, &apart].into_iter().zip(&mut entries) {
            run.visit(|_| true, |record, entries| into.push((record.case, entries))).unwrap();
        }
        assert_eq!(entries[0], entries[1]);
        let (whole, merged) = (size(whole.path()), size(merged.path()));
        assert!(merged * 100 < whole * 110, "{merged} octets for {whole}");
    }

    #[test]
    fn a_shard_that_is_missing_shows() {
        let (header, ran) = many();
        let shards = shards(&header, &ran);
        let paths: Vec<&Path> = shards.iter().skip(1).map(synthetic::Folder::path).collect();
        let merged = synthetic::Folder::new();
        RunFolder::merge(&paths).unwrap().write_journals(merged.path()).unwrap();
        let run = RunFolder::open(merged.path()).unwrap();
        let not_run: Vec<usize> = (run.records.iter())
            .filter(|record| record.outcome.kind == OutcomeKind::NotRun)
            .map(|record| record.case)
            .collect();
        assert_eq!(not_run, [0, SHARDS, 2 * SHARDS, 3 * SHARDS, 4 * SHARDS]);
        let numbers: Vec<String> = (2..=SHARDS).map(|number| number.to_string()).collect();
        assert_eq!(run.header.selection, format!("shards {} of {SHARDS}", numbers.join(", ")));
    }

    #[test]
    fn runs_that_were_cut_short_and_other_runs_stay_apart() {
        let (header, ran) = many();
        let all = || ran.iter().flatten().cloned();
        let folders: Vec<synthetic::Folder> = (0..4).map(|_| synthetic::Folder::new()).collect();
        write(folders[0].path(), &header, all());
        let mut killed = JournalWriter::create(&folders[1].path().join("journal.jsonl"), &header).unwrap();
        all().take(3).for_each(|event| killed.write(&event).unwrap());
        write(folders[2].path(), &RunHeader { seed: header.seed + 1, ..header.clone() }, all());
        write(folders[3].path(), &header, all());
        let paths: Vec<&Path> = folders.iter().map(synthetic::Folder::path).collect();
        let merged = synthetic::Folder::new();
        let apart = RunFolder::merge(&paths).unwrap();
        apart.write_journals(merged.path()).unwrap();
        let mut names: Vec<String> =
            std::fs::read_dir(merged.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["journal-1.0001.jsonl.gz", "journal-2.jsonl", "journal-3.0001.jsonl.gz"]);
        let one = RunFolder::open(merged.path()).unwrap();
        assert_eq!(synthetic::told(&one).1, synthetic::told(&apart).1);
        assert_eq!(one.notes.len(), apart.notes.len());
    }

    #[test]
    fn selections_are_told_together() {
        let of = |parts: &[&str]| selection(parts.iter().copied());
        assert_eq!(of(&["shard 2/2", "shard 1/2"]), "all");
        assert_eq!(of(&["role card; shard 2/2", "role card; shard 1/2"]), "role card");
        assert_eq!(of(&["role card; shard 3/4", "role card; shard 1/4"]), "role card; shards 1, 3 of 4");
        assert_eq!(of(&["shard 1/2", "shard 2/3"]), "shard 1/2 and shard 2/3");
        assert_eq!(of(&["role card", "all", "all"]), "all and role card");
    }
}
