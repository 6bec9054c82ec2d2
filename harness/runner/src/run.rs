//! A run: every case that applies, against every DUT, one fresh session each, recorded as it goes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use dmsc_link::LinkError;
use dmsc_report::journal::{
    self, CaseFinished, CaseHeader, CaseStarted, Check, DutHeader, Event, Gap, JournalWriter, Message, Recorded,
    RunFinished, RunHeader, Timestamp, VERSION,
};
use dmsc_scr::{NotRun, Outcome, Tables, Verdict};
use sha2::{Digest, Sha256};

use crate::execute::{self, Options, Recorder};
use crate::outcome::CaseResult;
use crate::select::{self, Selection};
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::operator::Operator;
use dmsc_bench::rig::{Fixtures, Rig, RigError};
use dmsc_engine::dm::trust::Nonces;
use dmsc_engine::role::Role;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Case;
use dmsc_language::dut::{Builtin, Dut, LinkSpec, Secrets};

/// A session is over when nothing has come for so long behind the last step of its case, and at the latest after the
/// second time.
const QUIET: Duration = Duration::from_secs(1);
const END: Duration = Duration::from_secs(30);

/// What to run.
#[derive(Debug)]
pub struct RunConfig<'a> {
    /// The DUTs, in the order of the matrix.
    pub duts: &'a [Dut],
    /// All cases of the catalogue; the selection is made here, so that reports can name what was left out.
    pub cases: &'a [Case],
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
}

/// Told of what happens in a run.
pub trait Observer {
    /// So many cases will be run.
    fn planned(&mut self, total: usize);
    /// A case begins.
    fn started(&mut self, dut: &str, case: &str);
    /// A case, or the decision not to run it, is done.
    fn finished(&mut self, finished: &Finished);
    /// The hands at the bench for a DUT, when those of the DUT file are not enough.
    fn hands<'d>(&mut self, dut: &'d Dut) -> Box<dyn Operator + 'd> {
        Box::new(DutFileOperator::new(dut))
    }
}

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The DUT.
    pub dut: String,
    /// The case.
    pub case: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The reason, in a line; empty for a pass.
    pub reason: String,
    /// Remarks.
    pub remarks: Vec<String>,
    /// The check that decided, if one did.
    pub decisive: Option<Check>,
}

impl Finished {
    /// A case that did not run.
    pub(crate) fn skipped(dut: &Dut, case: &Case, outcome: Outcome) -> Finished {
        let reason = outcome.reason().unwrap_or_default();
        Finished { dut: dut.name.clone(), case: case.name(), outcome, reason, remarks: Vec::new(), decisive: None }
    }

    /// A case that ran.
    pub(crate) fn ran(dut: &Dut, case: &Case, result: CaseResult, decisive: Option<Check>) -> Finished {
        Finished {
            dut: dut.name.clone(),
            case: case.name(),
            outcome: Outcome::Verdict(result.verdict),
            reason: result.reason,
            remarks: result.remarks,
            decisive,
        }
    }

    /// The event that records it. `duration_us` is in microseconds; `wall` says whether they are those of a wall clock.
    pub fn event(&self, duration_us: u64, wall: bool) -> Event {
        let mut outcome = Recorded::from(&self.outcome);
        if outcome.reason.is_none() && !self.reason.is_empty() {
            outcome.reason = Some(self.reason.clone());
        }
        Event::CaseFinished(CaseFinished {
            case: self.case.clone(),
            dut: self.dut.clone(),
            outcome,
            remarks: self.remarks.clone(),
            duration_us,
            wall,
        })
    }
}

/// A duration as journals write it.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Whether durations of a DUT are those of a clock on the wall.
pub(crate) fn is_wall(dut: &Dut) -> bool {
    !matches!(dut.link, LinkSpec::Builtin(_))
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
    /// Two DUTs have one name.
    #[error("two DUTs are called \"{0}\"; give each its own `name`")]
    SameName(String),
}

/// Runs and records.
///
/// # Errors
/// [`RunError`] when the run cannot begin or its journal cannot be written; what a case finds is never an error.
pub fn run(config: &RunConfig<'_>, observer: &mut dyn Observer) -> Result<Vec<Finished>, RunError> {
    let mut names: Vec<&str> = config.duts.iter().map(|dut| dut.name.as_str()).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        return Err(RunError::SameName(pair.first().copied().unwrap_or_default().to_owned()));
    }
    let fixtures = Fixtures::load(config.bundle)?;
    let tables = Tables::builtin();
    let mut journal = Journal::open(config)?;
    let plan = plan(config, tables);
    let due = |(dut, case): (&Dut, &Case)| !journal.done.contains_key(&(dut.name.clone(), case.name()));
    observer.planned(plan.iter().filter(|p| p.skip.is_none() && due((p.dut, p.case))).count());

    let mut all = Vec::new();
    for dut in config.duts {
        let mut rig = Rig::new(dut, &fixtures, config.seed);
        let mut hands = observer.hands(dut);
        let mut dead: Option<NotRun> = None;
        for planned in plan.iter().filter(|p| std::ptr::eq(p.dut, dut)) {
            let case = planned.case;
            if let Some(finished) = journal.done.get(&(dut.name.clone(), case.name())) {
                all.push(finished.clone());
                continue;
            }
            let skip = planned.skip.clone().or_else(|| Some(Outcome::NotRun(dead.clone()?)));
            let finished = match skip {
                Some(outcome) => {
                    let finished = Finished::skipped(dut, case, outcome);
                    journal.finish(&finished, 0, false)?;
                    finished
                }
                None => {
                    observer.started(&dut.name, &case.name());
                    let options = Options { strict: config.strict, window: dut.ixit.window, dut: dut.name.clone() };
                    let (began, wanted) = (journal.began, journal.writer.is_some());
                    let mut broken = None;
                    let mut sink = |event: Event| {
                        if broken.is_none() {
                            broken = journal.write(&event).err();
                        }
                    };
                    let attempted = attempt(&mut rig, case, &options, began, wanted, &mut sink, hands.as_mut());
                    if let Some(error) = broken {
                        return Err(error);
                    }
                    let Attempted { result, decisive, lost } = attempted;
                    if lost || (result.dead && result.verdict == Verdict::Error) {
                        dead = Some(died_of(case, lost));
                    }
                    let duration_us = micros(result.duration);
                    let finished = Finished::ran(dut, case, result, decisive);
                    journal.finish(&finished, duration_us, is_wall(dut))?;
                    finished
                }
            };
            observer.finished(&finished);
            all.push(finished);
        }
    }
    journal.end()?;
    Ok(all)
}

/// How often a case is begun anew after its link was lost, before it is given up.
const REPEATS: usize = 5;

/// What came of a case, over all its attempts.
pub struct Attempted {
    /// The last result.
    pub result: CaseResult,
    /// The check that decided.
    pub decisive: Option<Check>,
    /// Whether the link was lost for good.
    pub lost: bool,
}

/// Runs a case, anew as long as its link is lost and comes back: what a lost link hid is never held against the DUT.
/// `wanted` says whether messages are recorded; `began` is the beginning of the run.
pub fn attempt(
    rig: &mut Rig<'_>,
    case: &Case,
    options: &Options,
    began: Instant,
    wanted: bool,
    sink: &mut dyn FnMut(Event),
    hands: &mut dyn Operator,
) -> Attempted {
    let mut gaps: Vec<Gap> = Vec::new();
    // Where a session broke off, nobody can know which of the nonces that were on their way are in force. First those
    // that the harness has are tried once more, since a challenge may have settled it; then those from before.
    let mut tries: Vec<Option<Nonces>> = Vec::new();
    let mut newest = None;
    let mut gap = None;
    loop {
        let before = rig.nonces();
        sink(Event::CaseStarted(CaseStarted {
            case: case.name(),
            dut: options.dut.clone(),
            at_us: micros(began.elapsed()),
            gap: gap.take(),
        }));
        let mut tape = Tape { sink, wanted, decisive: None };
        let mut result = run_case(rig, case, options, &mut tape, hands);
        let decisive = tape.decisive;
        result.remarks.extend(gaps.iter().map(told));
        let Some(what) = result.interrupted.clone() else {
            if result.stale {
                if let Some(nonces) = tries.pop() {
                    let newest = newest.get_or_insert_with(|| rig.nonces()).clone();
                    rig.go_on(nonces.unwrap_or(newest).in_doubt());
                    continue;
                }
                newest.into_iter().for_each(|nonces| rig.go_on(nonces.in_doubt()));
            } else if newest.is_some() {
                result.remarks.push("begun anew: the session that broke off had left the nonces in doubt".into());
            }
            return Attempted { result, decisive, lost: false };
        };
        if gaps.len() >= REPEATS {
            result.reason = format!("the link was lost in each of {} attempts, at last: {what}", gaps.len() + 1);
            let lost = rig.recover().is_err();
            return Attempted { result, decisive, lost };
        }
        match rig.recover() {
            Ok(lasted) => {
                gap = Some(Gap { what, lasted_us: micros(lasted) });
                gaps.extend(gap.clone());
                tries.extend([Some(before), None]);
            }
            Err(error) => {
                result.reason = format!("{what}; it did not come back: {error}");
                return Attempted { result, decisive, lost: true };
            }
        }
    }
}

/// Why nothing more is run against a DUT.
pub(crate) fn died_of(case: &Case, lost: bool) -> NotRun {
    let case = case.name();
    if lost { NotRun::LinkLost { case } } else { NotRun::Dead { case } }
}

/// A gap, as a remark.
fn told(gap: &Gap) -> String {
    format!("begun anew: {} (back after {} ms)", gap.what, gap.lasted_us / 1000)
}

/// Runs one case in a fresh session.
pub fn run_case(
    rig: &mut Rig<'_>,
    case: &Case,
    options: &Options,
    recorder: &mut dyn Recorder,
    bench: &mut dyn Operator,
) -> CaseResult {
    let mut session = match rig.open(case) {
        Ok(session) => session,
        Err(error) => {
            let interrupted = match &error {
                RigError::Link(LinkError::Gone { what }) => Some(what.clone()),
                _ => None,
            };
            // A link that cannot be had now cannot be had for the next case either.
            let dead = matches!(&error, RigError::Link(LinkError::Missing { .. } | LinkError::Address { .. }));
            return CaseResult { interrupted, dead, ..CaseResult::error(error.to_string()) };
        }
    };
    let mut result = execute::execute(case, &mut session, rig.scope(), options, recorder, bench);
    // A session broken off in its middle leaves a device with nonces that nobody else knows.
    let ended = result.interrupted.is_none() && rig.needs_end() && session.finish(QUIET, END);
    if rig.judge_nonces(&session, result.verdict == Verdict::Pass, ended) {
        result.doubt_nonces(rig.keeps_nonces());
    }
    result.remarks.extend(rig.close(session, result.interrupted.is_some()).err());
    result.account_for(rig.disturbances());
    result
}

/// A case and a DUT, and the outcome it has without running, if it has one.
#[derive(Clone, Debug)]
pub struct Planned<'a> {
    /// The DUT.
    pub dut: &'a Dut,
    /// The case.
    pub case: &'a Case,
    /// What it is without running.
    pub skip: Option<Outcome>,
}

/// Every case of each DUT's role, with the decision whether it runs.
pub fn plan<'a>(config: &RunConfig<'a>, tables: &Tables) -> Vec<Planned<'a>> {
    let mut plan = Vec::new();
    for dut in config.duts {
        let ours = config.cases.iter().filter(|case| case.role == dut.role() && concerns(case, dut));
        for (index, case) in ours.enumerate() {
            let skip = select::decide(case, dut, &config.selection, index, config.person, tables);
            plan.push(Planned { dut, case, skip });
        }
    }
    plan
}

/// Whether the item of a case is one the DUT is asked for at all.
fn concerns(case: &Case, dut: &Dut) -> bool {
    !case.item.is_dm_sc() || dut.kind.classes().contains(&case.item.class())
}

/// The SHA-256 over all cases of a catalogue.
pub fn catalogue_hash(cases: &[Case]) -> String {
    let mut hasher = Sha256::new();
    for case in cases {
        hasher.update(case.name());
        hasher.update([0]);
        hasher.update(&case.hash);
        hasher.update([0]);
    }
    hasher.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The first event of a journal.
pub fn header(config: &RunConfig<'_>, started: Timestamp) -> RunHeader {
    RunHeader {
        journal: VERSION,
        harness: env!("CARGO_PKG_VERSION").into(),
        started,
        seed: config.seed,
        catalogue: catalogue_hash(config.cases),
        selection: config.selection.to_string(),
        strict: config.strict,
        duts: config.duts.iter().map(dut_header).collect(),
        cases: config.cases.iter().map(case_header).collect(),
    }
}

fn dut_header(dut: &Dut) -> DutHeader {
    let answers: BTreeMap<String, bool> =
        dut.ics.answers().iter().map(|(item, yes)| (item.to_string(), *yes)).collect();
    let mut hasher = Sha256::new();
    for (item, yes) in &answers {
        hasher.update(format!("{item}={yes}\n"));
    }
    let hash = hasher.finalize().iter().map(|octet| format!("{octet:02x}")).collect();
    let link = match &dut.link {
        LinkSpec::Builtin(builtin) => format!("in-process ({})", builtin_name(*builtin, dut)),
        LinkSpec::Tcp(_) => "tcp".into(),
        LinkSpec::Device(device) => match &device.bench {
            Some(bench) => format!("{device} (bench: {})", builtin_name(bench.builtin, dut)),
            None => device.to_string(),
        },
    };
    let defaults = Tables::builtin().interpretations().iter().map(|i| (i.id.clone(), i.default.clone()));
    let mut interpretations: BTreeMap<String, String> = defaults.collect();
    interpretations.extend(dut.interpretations.clone());
    DutHeader {
        name: dut.name.clone(),
        kind: dut.kind.into(),
        link,
        ics: journal::Ics { hash, answers },
        ixit: dut.ixit.to_json(Secrets::Hidden),
        interpretations,
    }
}

fn builtin_name(builtin: Builtin, dut: &Dut) -> String {
    if dut.faults.is_empty() {
        return builtin.as_str().to_owned();
    }
    let faults: Vec<&str> = dut.faults.iter().map(|fault| fault.id.as_str()).collect();
    format!("{} with faults {}", builtin.as_str(), faults.join(", "))
}

fn case_header(case: &Case) -> CaseHeader {
    CaseHeader {
        id: case.name(),
        title: case.title.clone(),
        purpose: case.purpose.clone(),
        item: case.item.to_string(),
        covers: case.covers.iter().map(ToString::to_string).collect(),
        spec: case.spec.clone(),
        role: match case.role {
            Role::Card => journal::Role::Card,
            Role::Terminal => journal::Role::Terminal,
        },
        file: case.file.clone(),
        hash: case.hash.clone(),
    }
}

/// The journal of a run, or none.
struct Journal {
    writer: Option<JournalWriter>,
    folder: PathBuf,
    began: Instant,
    /// What an earlier process came to, when it is taken up.
    done: BTreeMap<(String, String), Finished>,
}

impl Journal {
    fn open(config: &RunConfig<'_>) -> Result<Journal, RunError> {
        let mut journal = Journal {
            writer: None,
            folder: config.out.clone().unwrap_or_default(),
            began: Instant::now(),
            done: BTreeMap::new(),
        };
        let Some(folder) = &config.out else { return Ok(journal) };
        let failed = |cause: String| RunError::Journal { folder: folder.clone(), cause };
        std::fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
        let path = folder.join("journal.jsonl");
        if config.resume {
            let (writer, earlier) = JournalWriter::resume(&path).map_err(|e| failed(e.to_string()))?;
            let ours = header(config, earlier.header.started);
            if earlier.header.catalogue != ours.catalogue || earlier.header.harness != ours.harness {
                return Err(failed(
                    "it was written with other cases or another version of dmsc; begin a new run instead of resuming"
                        .into(),
                ));
            }
            let differs = |dut: &&DutHeader| earlier.header.duts.iter().any(|was| was.name == dut.name && was != *dut);
            if let Some(dut) = ours.duts.iter().find(differs) {
                return Err(failed(format!(
                    "\"{}\" is not what it was then: its link, statement, values or readings differ; give the same DUT file and bring the card where it was, or begin a new run",
                    dut.name
                )));
            }
            journal.done = done(&earlier);
            journal.writer = Some(writer);
            return Ok(journal);
        }
        let started = Timestamp::try_from(SystemTime::now()).map_err(|e| failed(e.to_string()))?;
        let path = fresh(&path);
        journal.writer =
            Some(JournalWriter::create(&path, &header(config, started)).map_err(|e| failed(e.to_string()))?);
        Ok(journal)
    }

    fn write(&mut self, event: &Event) -> Result<(), RunError> {
        let Some(writer) = self.writer.as_mut() else { return Ok(()) };
        writer.write(event).map_err(|e| RunError::Journal { folder: self.folder.clone(), cause: e.to_string() })
    }

    fn finish(&mut self, finished: &Finished, duration_us: u64, wall: bool) -> Result<(), RunError> {
        self.write(&finished.event(duration_us, wall))
    }

    fn end(&mut self) -> Result<(), RunError> {
        self.write(&Event::RunFinished(RunFinished { interrupted: false }))
    }
}

/// A name that is free: a folder may hold the journals of several processes.
fn fresh(path: &Path) -> PathBuf {
    if !path.exists() {
        return path.to_owned();
    }
    path.with_file_name(format!("journal-{}.jsonl", std::process::id()))
}

fn done(earlier: &journal::Journal) -> BTreeMap<(String, String), Finished> {
    let mut done = BTreeMap::new();
    for event in &earlier.events {
        if let Event::CaseFinished(finished) = event {
            let outcome = Outcome::from(&finished.outcome.clone().coded());
            // What was not run then, for want of an operator or of a living DUT, is tried again.
            if matches!(outcome, Outcome::NotRun(_)) {
                continue;
            }
            let entry = Finished {
                dut: finished.dut.clone(),
                case: finished.case.clone(),
                outcome,
                reason: finished.outcome.reason.clone().unwrap_or_default(),
                remarks: finished.remarks.clone(),
                decisive: None,
            };
            done.insert((finished.dut.clone(), finished.case.clone()), entry);
        }
    }
    done
}

/// Passes on what a case tells, and keeps the check that decided.
pub(crate) struct Tape<'a> {
    pub(crate) sink: &'a mut dyn FnMut(Event),
    pub(crate) wanted: bool,
    /// The check that decided.
    pub decisive: Option<Check>,
}

impl Recorder for Tape<'_> {
    fn message(&mut self, message: Message) {
        (self.sink)(Event::Message(message));
    }

    fn check(&mut self, check: Check) {
        if check.verdict != journal::CheckVerdict::Pass {
            self.decisive = Some(check.clone());
        }
        (self.sink)(Event::Check(check));
    }

    fn wants_messages(&self) -> bool {
        self.wanted
    }
}
