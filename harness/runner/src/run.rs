//! A run: every case that applies, against every DUT, one fresh session each, recorded as it goes.

mod ahead;
mod attempt;
mod finished;
mod header;
mod in_memory;
mod journal;
mod plan;
mod series;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::{DutFileOperator, Operator};
use dmsc_bench::rig::RigError;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Cases;
use dmsc_language::dut::Dut;
use dmsc_report::RunFolder;
use dmsc_scr::Tables;

pub use attempt::{Attempted, attempt};
pub(crate) use attempt::{micros, run_case};
pub use finished::Finished;
pub(crate) use finished::is_wall;
pub use header::header;
pub use in_memory::in_memory;
pub use journal::{Earlier, EarlierError, earlier};
pub(crate) use plan::{ours, plan};

use self::journal::RunJournal;
use self::series::Series;
use crate::select::Selection;

/// What to run.
#[derive(Debug)]
pub struct RunConfig<'a> {
    /// The DUTs, in the order of the matrix.
    pub duts: &'a [Dut],
    /// All cases of the catalogue; the selection is made here, so that reports can name what was left out.
    pub cases: &'a Cases<'a>,
    /// Where the fixtures are.
    pub bundle: &'a Bundle,
    /// What was chosen.
    pub selection: Selection,
    /// What random values follow from.
    pub seed: u64,
    /// Whether a miss at level `should` is a fail.
    pub strict: bool,
    /// Whether a person is at the bench.
    pub person: bool,
    /// The folder the journal is written to; created when it is missing. None: nothing is written.
    pub out: Option<PathBuf>,
    /// Whether a journal already there is taken up: cases with a verdict are not run again.
    pub resume: bool,
    /// Whether all cases run though the look before them shows that none can be brought to its start.
    pub all: bool,
    /// After how many cases that failed no more are run.
    pub stop_after: Option<NonZeroUsize>,
    /// How many cases at most run at once against a DUT of which several may; what its file says unless given.
    pub jobs: Option<NonZeroUsize>,
}

impl RunConfig<'_> {
    /// How many cases run at once against a DUT.
    fn jobs(&self, dut: &Dut) -> usize {
        let most = dut.jobs.most;
        self.jobs.map_or(most, |jobs| jobs.min(most)).get()
    }

    /// Whether a person is at the bench of a DUT: nobody can serve several at once.
    fn person_at(&self, dut: &Dut) -> bool {
        self.person && self.jobs(dut) == 1
    }
}

/// Told of what happens in a run.
pub trait Observer {
    /// So many cases will be run.
    fn planned(&mut self, total: usize);
    /// A case begins.
    fn started(&mut self, dut: &str, case: &str);
    /// A case, or the decision not to run it, is done.
    fn finished(&mut self, finished: &Finished);
    /// What the look before the cases found to be not as it should be, though they can be run.
    fn noticed(&mut self, _dut: &str, _what: &str) {}
    /// So many cases are not run, one by one, against what none of them can get past.
    fn walled(&mut self, _dut: &str, _cases: usize, _reason: &str) {}
    /// The operator for a DUT, when the commands of its file are not enough.
    fn operator<'d>(&mut self, dut: &'d Dut) -> Box<dyn Operator + 'd> {
        Box::new(DutFileOperator::new(dut))
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Ended {
    /// Every case that was run, and why the others were not.
    pub finished: Vec<Finished>,
    /// Whether it was interrupted ([`dmsc_link::interrupt`]): cases that are not told of are left.
    pub interrupted: bool,
    /// The run folder, where all that is in it was known from writing it when the run ended; otherwise it is to be read.
    pub recorded: Option<RunFolder>,
}

/// Why a run cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A fixture or a setting.
    #[error(transparent)]
    Rig(#[from] RigError),
    /// The journal.
    #[error("the journal in {}: {cause}", .folder.display())]
    Journal {
        /// The run folder.
        folder: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The folder is that of another run.
    #[error("{} is a run folder already, and a record is never overwritten; go on with it with --resume, or name another with --out", .0.display())]
    Taken(PathBuf),
    /// What came of a run that was not recorded cannot be put together.
    #[error("what the run came to cannot be put together: {cause}; run again with a run folder")]
    Unrecorded {
        /// What is wrong.
        cause: String,
    },
    /// Two DUTs have one name.
    #[error("two DUTs are called \"{0}\"; give each its own `name`")]
    SameName(String),
}

/// Runs and records. An interrupt ([`dmsc_link::interrupt`]) ends it after what was begun; what is left has no result, and
/// is there for a run that is taken up.
///
/// # Errors
/// [`RunError`] when the run cannot begin or its journal cannot be written; what a case finds is never an error.
pub fn run(config: &RunConfig<'_>, observer: &mut dyn Observer) -> Result<Ended, RunError> {
    let mut names: Vec<&str> = config.duts.iter().map(|dut| dut.name.as_str()).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        return Err(RunError::SameName(pair.first().copied().unwrap_or_default().to_owned()));
    }
    let fixtures = Fixtures::load(config.bundle).map_err(RigError::from)?;
    let tables = Tables::builtin();
    let mut journal = RunJournal::open(config)?;
    let plan = plan(config, tables);
    observer.planned(plan.iter().filter(|planned| journal.wants(planned)).count());

    let mut all = Vec::with_capacity(plan.len());
    let mut fails = 0;
    for dut in config.duts.iter().take_while(|_| !dmsc_link::is_interrupted()) {
        let ours: Vec<_> = plan.iter().filter(|planned| std::ptr::eq(planned.dut, dut)).collect();
        let mut series =
            Series { config, dut, fixtures: &fixtures, observer, journal: &mut journal, fails: &mut fails };
        all.extend(series.run(&ours)?);
    }
    let interrupted = dmsc_link::is_interrupted();
    journal.end(interrupted)?;
    let recorded = if interrupted { None } else { journal.recorded() };
    Ok(Ended { finished: all, interrupted, recorded })
}
