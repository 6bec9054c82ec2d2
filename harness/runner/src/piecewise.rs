//! A run taken to pieces: single cases, in any order, from any thread or process, recorded as one run.
//!
//! This is what a test runner needs that spreads a suite over threads (`cargo test`) or gives each case a process of
//! its own (cargo-nextest). Each process writes a journal of its own into the run folder; readers put them together.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use dmsc_report::RunFolder;
use dmsc_report::journal::{Event, JournalWriter, Timestamp};
use dmsc_scr::{Gate, NotRun, Outcome, Tables, Unshown};

use crate::execute::Options;
use crate::run::{Attempted, Finished, RunConfig, RunError, attempt, header, in_memory, is_wall, micros, ours};
use crate::select::{Selection, without_running};
use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::rig::{Rig, RigError};
use dmsc_engine::dm::trust::Nonces;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Cases;
use dmsc_language::dut::Dut;

/// A run whose cases are run one by one.
#[derive(Debug)]
pub struct Piecewise {
    duts: Vec<Dut>,
    cases: Cases<'static>,
    bundle: Bundle,
    fixtures: Fixtures,
    seed: u64,
    strict: bool,
    folder: Option<PathBuf>,
    began: Instant,
    writer: Mutex<Option<JournalWriter>>,
    /// Held while a case runs on a DUT there is only one of. The nonces that such DUTs were left with, by name.
    devices: Mutex<BTreeMap<String, Nonces>>,
    /// What came of the cases that this process ran.
    finished: Mutex<Vec<Finished>>,
    /// Where a DUT was found dead.
    dead: Mutex<Option<(String, NotRun)>>,
}

/// One case for one DUT: places in the lists of a [`Piecewise`].
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    dut: usize,
    case: usize,
}

impl Piecewise {
    /// A run of `cases` against `duts`. With a folder, each process that runs a case writes a journal into it.
    ///
    /// # Errors
    /// [`RunError`] when a fixture is wrong.
    pub fn new(
        duts: Vec<Dut>,
        cases: Cases<'static>,
        bundle: Bundle,
        seed: u64,
        strict: bool,
        folder: Option<PathBuf>,
    ) -> Result<Piecewise, RunError> {
        let fixtures = Fixtures::load(&bundle).map_err(RigError::from)?;
        Ok(Piecewise {
            duts,
            cases,
            bundle,
            fixtures,
            seed,
            strict,
            folder,
            began: Instant::now(),
            writer: Mutex::new(None),
            devices: Mutex::default(),
            finished: Mutex::default(),
            dead: Mutex::new(None),
        })
    }

    fn config(&self) -> RunConfig<'_> {
        RunConfig {
            duts: &self.duts,
            cases: &self.cases,
            bundle: &self.bundle,
            selection: Selection::default(),
            seed: self.seed,
            strict: self.strict,
            person: false,
            out: None,
            resume: false,
            all: true,
            stop_after: None,
            jobs: None,
        }
    }

    /// Every case of each DUT's role. No file is read for that; it is when its piece is run.
    pub fn pieces(&self) -> Vec<Piece> {
        let of_dut = |(place, dut)| ours(&self.cases, dut).map(move |(case, _)| Piece { dut: place, case });
        self.duts.iter().enumerate().flat_map(of_dut).collect()
    }

    /// The cases.
    pub fn cases(&self) -> &Cases<'static> {
        &self.cases
    }

    /// The name of a piece's case, and of its DUT.
    pub fn names(&self, piece: &Piece) -> Option<(String, String)> {
        Some((self.cases.head(piece.case)?.name.to_string(), self.duts.get(piece.dut)?.name.clone()))
    }

    /// What a gate makes of what came of a case.
    pub fn gate(&self, finished: &Finished, unshown: Unshown) -> Gate {
        let item = self.cases.heads().find(|case| case.name == finished.case).map(|case| &case.item);
        let dut = self.duts.iter().find(|dut| dut.name == finished.dut);
        let claimed = item.zip(dut).is_some_and(|(item, dut)| dut.ics.claims(item.as_str()) == Some(true));
        Gate::of_case(&finished.outcome, claimed, unshown)
    }

    /// What this process has run so far, as the reports see it.
    ///
    /// # Errors
    /// [`RunError::Unrecorded`].
    pub fn so_far(&self) -> Result<RunFolder, RunError> {
        in_memory(&self.config(), &held(&self.finished))
    }

    /// Runs a piece and records it.
    ///
    /// # Errors
    /// [`RunError::Journal`] when the journal cannot be written.
    pub fn run(&self, piece: &Piece) -> Result<Option<Finished>, RunError> {
        let (Some(dut), Some(case)) = (self.duts.get(piece.dut), self.cases.case(piece.case)) else { return Ok(None) };
        let died = || {
            let dead = held(&self.dead);
            let (_, why) = dead.as_ref().filter(|(name, _)| *name == dut.name)?;
            Some(Outcome::NotRun(why.clone()))
        };
        let skip = without_running(case, dut, false, Tables::builtin());
        if let Some(outcome) = skip.or_else(died) {
            let finished = Finished::skipped(dut, case, outcome);
            self.record(&[finished.event(0, false)])?;
            held(&self.finished).push(finished.clone());
            return Ok(Some(finished));
        }
        // A reference DUT is made for each case; of a real one there is one.
        let mut one = is_wall(dut).then(|| held(&self.devices));
        let mut events = Vec::new();
        let mut sink = |event: Event| events.push(event);
        let options = Options { strict: self.strict, window: dut.ixit.window, dut: dut.name.clone() };
        let mut rig = Rig::new(dut, &self.fixtures, self.seed);
        // Taken out: what a case leaves that does not come to its end, nobody knows.
        if let Some(nonces) = one.as_mut().and_then(|devices| devices.remove(&dut.name)) {
            rig.go_on(nonces);
        }
        let wanted = self.folder.is_some();
        let attempted =
            attempt(&mut rig, case, &options, self.began, wanted, &mut sink, &mut DutFileOperator::new(dut));
        if let Some(devices) = &mut one {
            devices.insert(dut.name.clone(), rig.nonces());
        }
        if let Some(why) = attempted.died(case) {
            *held(&self.dead) = Some((dut.name.clone(), why));
        }
        let Attempted { result, decisive, .. } = attempted;
        let duration = micros(result.duration);
        let finished = Finished::ran(dut, case, result, decisive);
        events.push(finished.event(duration, is_wall(dut)));
        self.record(&events)?;
        held(&self.finished).push(finished.clone());
        Ok(Some(finished))
    }

    fn record(&self, events: &[Event]) -> Result<(), RunError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let failed = |cause: String| RunError::Journal { folder: folder.clone(), cause };
        let mut writer = held(&self.writer);
        if writer.is_none() {
            std::fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
            let started = Timestamp::try_from(SystemTime::now()).map_err(|e| failed(e.to_string()))?;
            let header = header(&self.config(), started);
            *writer = Some(JournalWriter::create_beside(folder, &header).map_err(|e| failed(e.to_string()))?);
        }
        let Some(writer) = writer.as_mut() else { return Ok(()) };
        dmsc_link::hold_while_ending();
        events.iter().try_for_each(|event| writer.write(event)).map_err(|e| failed(e.to_string()))
    }
}

impl Drop for Piecewise {
    fn drop(&mut self) {
        // The journal ends properly, so that readers can tell a process that went to its end from one that was killed.
        if let Some(writer) = held(&self.writer).as_mut() {
            // There is nobody left to tell of an error; the reader will say that the end is missing.
            let _ = writer.finish(false);
        }
    }
}

/// Locks; what the locks here guard is valid after any panic of a holder.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use dmsc_language::case::Library;
    use dmsc_scr::Verdict;

    use super::*;

    #[test]
    fn a_piece_reads_its_own_file_and_no_other() {
        let bundle = Bundle::builtin_as_checked();
        let duts = ["reference-card", "reference-terminal"].map(|name| Dut::from_bundle(&bundle, name, &[]).unwrap());
        let cases = Library::new(bundle.clone()).cases().unwrap();
        let run = Piecewise::new(duts.into(), cases, bundle, 1, false, None).unwrap();
        let pieces = run.pieces();
        let names = |piece: &Piece| run.names(piece).unwrap();
        let piece = pieces.iter().find(|piece| names(piece).0.starts_with("DM_SC-C-001-M/session-id")).unwrap();
        assert_eq!(run.cases().files_read(), Some((0, 0)));
        let finished = run.run(piece).unwrap().unwrap();
        assert_eq!(finished.outcome, Outcome::Verdict(Verdict::Pass));
        assert_eq!(run.cases().files_read().map(|(files, _)| files), Some(1));
    }
}
