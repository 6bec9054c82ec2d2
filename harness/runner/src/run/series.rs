//! The cases against one DUT.

use std::num::NonZeroUsize;
use std::thread::{self, available_parallelism};
use std::time::Instant;

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::{DutFileOperator, Operator};
use dmsc_bench::rig::Rig;
use dmsc_bench::session::Signs;
use dmsc_language::case::Case;
use dmsc_language::dut::Dut;
use dmsc_link::is_interrupted;
use dmsc_report::journal::{Event, Lines};
use dmsc_scr::{NotRun, Outcome, Verdict};

use super::ahead::Ahead;
use super::attempt::{Attempted, attempt, micros};
use super::finished::{Finished, is_wall};
use super::journal::RunJournal;
use super::plan::Planned;
use super::{Observer, RunConfig, RunError};
use crate::execute::Options;
use crate::look::{ClientLook, Wall, look};
use crate::redact::Redactor;

/// How many cases of a built-in DUT may be done for each core before they are wanted; what they tell is kept until then.
const LEAD: usize = 4;

/// The cases against one DUT, as good as one after another.
pub(super) struct Series<'a, 'c> {
    pub(super) config: &'a RunConfig<'c>,
    pub(super) dut: &'a Dut,
    pub(super) fixtures: &'a Fixtures,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) journal: &'a mut RunJournal,
    /// How many cases have failed so far, of all DUTs.
    pub(super) fails: &'a mut usize,
}

/// What became of a case that was run ahead, with all that is to be recorded of it.
struct Ran {
    attempted: Attempted,
    signs: Signs,
    lines: Lines,
}

/// Runs a case, and keeps what is to be recorded of it where `recorded` asks for that.
fn ran(dut: &Dut, rig: &mut Rig<'_>, case: &Case, options: &Options, began: Instant, recorded: bool) -> Ran {
    let mut lines = Lines::default();
    let mut sink = |event: Event| {
        if recorded {
            lines.push(event);
        }
    };
    let attempted = attempt(rig, case, options, began, recorded, &mut sink, &mut DutFileOperator::new(dut));
    Ran { attempted, signs: rig.signs().clone(), lines }
}

impl Series<'_, '_> {
    /// Runs those that are to be run.
    pub(super) fn run(&mut self, ours: &[&Planned<'_>]) -> Result<Vec<Finished>, RunError> {
        let (dut, all) = (self.dut, self.config.all);
        let jobs = self.config.jobs(dut);
        let duts: Vec<Dut> = if jobs > 1 { (1..=jobs).map(|job| dut.job(job)).collect() } else { Vec::new() };
        let mut rig = Rig::new(dut, self.fixtures, self.config.seed);
        let mut operator = self.observer.operator(dut);
        let mut wall: Option<Wall> = None;
        let redactor = Redactor::of(dut);
        if !all && ours.iter().any(|planned| self.journal.wants(planned)) {
            let mut looked = look(&mut rig);
            // What a look saw that was broken off is nothing that a DUT did.
            if is_interrupted() {
                return Ok(Vec::new());
            }
            looked.wall.iter_mut().for_each(|wall| redactor.text(&mut wall.reason));
            looked.oddities.iter_mut().for_each(|what| redactor.text(what));
            wall = looked.wall;
            looked.oddities.iter().filter(|_| wall.is_none()).for_each(|what| self.observer.noticed(&dut.name, what));
        }
        let options = Options { strict: self.config.strict, window: dut.ixit.window, dut: dut.name.clone() };
        let wanted = ours.iter().filter(|one| self.journal.wants(one));
        let wanted: Vec<&Case> = wanted.filter_map(|one| one.case.as_ref().ok().copied()).collect();
        let (fixtures, seed, options) = (self.fixtures, self.config.seed, &options);
        let (began, recorded) = (self.journal.began, self.journal.is_written());
        // Of a DUT that is part of the harness nothing outlasts a case, and none waits for the time of the day. Of several
        // that run at once each hand has its own, which may outlast a case.
        let begin = |hand: usize| duts.get(hand).map(|dut| (dut, Rig::new(dut, fixtures, seed)));
        let work = |own: &mut Option<(&Dut, Rig<'_>)>, number: usize| {
            let case = wanted.get(number)?;
            Some(match own {
                Some((dut, rig)) => ran(dut, rig, case, options, began, recorded),
                None => ran(dut, &mut Rig::new(dut, fixtures, seed), case, options, began, recorded),
            })
        };
        let (hands, lead) = match (is_wall(dut), jobs) {
            (false, _) if dut.operator.is_empty() => (available_parallelism().map_or(1, usize::from), LEAD),
            (true, 2..) => (jobs, 1),
            _ => (0, 0),
        };
        thread::scope(|scope| {
            let alone = hands > 0 && wall.is_none();
            // One by itself has nothing to be ahead of.
            let beforehand = alone && wanted.len() > 1;
            let mut ahead = beforehand.then(|| Ahead::new(scope, wanted.len(), hands, lead, begin, work)).flatten();
            // Where there is no thread for that, one case comes after another here.
            let alone = alone && (ahead.is_some() || !beforehand);
            let mut dead: Option<NotRun> = None;
            let mut client = ClientLook::new(dut);
            let (mut finished, mut walled, mut number) = (Vec::with_capacity(ours.len()), 0, 0);
            for planned in ours {
                if is_interrupted() {
                    break;
                }
                let head = planned.head;
                if let Some(earlier) = self.journal.done.get(&(dut.name.clone(), head.name.to_string())) {
                    finished.push(earlier.clone());
                    continue;
                }
                let place = number;
                number += usize::from(planned.case.is_ok());
                let stopped = self.config.stop_after.map(NonZeroUsize::get).filter(|limit| *self.fails >= *limit);
                let stopped = stopped.map(|fails| NotRun::Stopped { fails });
                let case = planned.case.clone().and_then(|case| match dead.clone().or(stopped) {
                    Some(reason) => Err(Outcome::NotRun(reason)),
                    None => Ok(case),
                });
                let one = match (case, &wall) {
                    (Err(outcome), _) => {
                        self.skipped(Finished::skipped(dut, head, outcome).without_secrets(&redactor))?
                    }
                    (Ok(case), Some(wall)) => {
                        let one = self.skipped(Finished::walled(dut, head, wall).without_secrets(&redactor))?;
                        if wall.verdict != Verdict::Error {
                            walled += 1;
                            finished.push(one);
                            continue;
                        }
                        // One error is enough; the others have nothing to show.
                        dead = Some(NotRun::Dead { case: case.name() });
                        one
                    }
                    (Ok(case), None) => {
                        self.observer.started(&dut.name, &case.name());
                        let ran = match &mut ahead {
                            Some(ahead) => ahead.take(place).flatten(),
                            None => alone.then(|| work(&mut None, place)).flatten(),
                        };
                        let (attempted, signs) = match ran {
                            Some(ran) => {
                                self.journal.append(ran.lines)?;
                                (ran.attempted, ran.signs)
                            }
                            None => (self.attempt(&mut rig, case, options, operator.as_mut())?, rig.signs().clone()),
                        };
                        if is_interrupted() {
                            break;
                        }
                        dead = dead.or_else(|| attempted.died(case));
                        let Attempted { result, decisive, .. } = attempted;
                        *self.fails += usize::from(result.verdict == Verdict::Fail);
                        wall = client.note(&signs, result.verdict).filter(|_| !all);
                        wall.iter_mut().for_each(|wall| redactor.text(&mut wall.reason));
                        let duration_us = micros(result.duration);
                        let one = Finished::ran(dut, case, result, decisive);
                        self.journal.finish(&one, duration_us, is_wall(dut))?;
                        one
                    }
                };
                self.observer.finished(&one);
                finished.push(one);
            }
            if let (Some(wall), 1..) = (&wall, walled) {
                self.observer.walled(&dut.name, walled, &wall.reason);
            }
            Ok(finished)
        })
    }

    fn skipped(&mut self, finished: Finished) -> Result<Finished, RunError> {
        match &finished.outcome {
            Outcome::NotRun(NotRun::NotSelected(_)) => self.journal.leave_out(&finished),
            _ => self.journal.finish(&finished, 0, false)?,
        }
        Ok(finished)
    }

    /// Runs a case here and now, and records it as it goes.
    fn attempt(
        &mut self,
        rig: &mut Rig<'_>,
        case: &Case,
        options: &Options,
        operator: &mut dyn Operator,
    ) -> Result<Attempted, RunError> {
        let (began, wanted) = (self.journal.began, self.journal.is_written());
        let mut broken = None;
        let mut sink = |event: Event| {
            if broken.is_none() {
                broken = self.journal.write(&event).err();
            }
        };
        let attempted = attempt(rig, case, options, began, wanted, &mut sink, operator);
        broken.map_or(Ok(attempted), Err)
    }
}
