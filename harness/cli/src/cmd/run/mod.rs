//! `dmsc run`: the cases that apply, against every DUT.

mod block;
mod folder;
mod person;
pub(crate) mod progress;
mod resume;

use std::io::{self, IsTerminal as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Cases;
use dmsc_language::catalogue::Role;
use dmsc_language::dut::Dut;
use dmsc_report::folder::journal_files;
use dmsc_report::{Logs, RunFolder, Turn, render_all};
use dmsc_runner::notes::decode;
use dmsc_runner::run::{Ended, Finished, RunConfig, RunError, earlier, in_memory, run};
use dmsc_runner::select::{Condition, Selection};
use dmsc_scr::{NotRun, Outcome, Tables};

use self::folder::Place;
use self::progress::Progress;
use crate::cmd::report::{InconclusiveArg, LogsArg, summary};
use crate::cmd::scr::{Subjects, subject};
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::interrupt;
use crate::layout::Table;
use crate::library::{self, CasesArg};
use crate::terminal::{Terminal, Verbosity};

/// Run the cases that a DUT's conformance statement calls for
///
/// Leaves a run folder: the journal, written as the run goes, and the reports rendered from it. Without --dut the
/// cases run against the reference card and the reference terminal that are part of dmsc.
///
/// Choices of one kind add up (--item A --item B: either); different kinds narrow each other.
#[derive(Debug, Args)]
#[command(after_help = "\
Conditions of --select:
  item:PATTERN  case:PATTERN  covers:PATTERN  role:card  role:terminal  claimed  mandatory
  aim:positive  aim:negative  aim:boundary
  joined by and, or, not and parentheses; * in a pattern is any text

Examples:
  dmsc run
  dmsc run --dut my-card.yaml --out reports/monday
  dmsc run --item DM_SC-C-001-M --item DM_SC-D-003-M
  dmsc run --case C-001-M/session-id --case 'C-008-M/http-*'
  dmsc run --select 'mandatory and not case:*/sms*'
  dmsc run --dut my-card.yaml --resume reports/monday
  dmsc run --shard 1/4 --out part-1        (then: dmsc report merge part-* -o whole)
  dmsc run --no-report --item S-001        (the loop of a developer: nothing is written)

Exit codes: 0 conforms, 1 fails, 2 inconclusive, 3 wrong input, 4 rig,
130 ended by a signal (Ctrl-C, SIGTERM, SIGHUP); see dmsc help exit-codes")]
pub(crate) struct Run {
    /// A DUT file; several make columns of one matrix
    #[arg(long, value_name = "FILE")]
    dut: Vec<PathBuf>,
    #[command(flatten)]
    cases: CasesArg,
    /// Cases of this item, or that cover it; `C-001` stands for `DM_SC-C-001-M`; or of a topic, which is no item, such as
    /// `bootstrap`
    #[arg(long, value_name = "ITEM", help_heading = "Selection", value_parser = Subjects, hide_possible_values = true)]
    item: Vec<String>,
    /// The case of this name, with or without `DM_SC-` and the values in brackets; * in it is any text
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    case: Vec<String>,
    /// Cases in which the harness plays this
    #[arg(long, value_enum, help_heading = "Selection")]
    role: Option<PlayedRole>,
    /// Cases for which a condition holds; see below
    #[arg(long, value_name = "EXPR", help_heading = "Selection")]
    select: Option<String>,
    /// One part of several: the K-th of N
    #[arg(long, value_name = "K/N", value_parser = shard, help_heading = "Selection")]
    shard: Option<(usize, usize)>,
    /// Tell of each case that was selected and does not run, why
    #[arg(long, help_heading = "Selection")]
    explain: bool,
    /// What random values follow from
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A miss of what is only recommended is a fail
    #[arg(long)]
    strict: bool,
    /// Run every case, though the look before them shows that none can be brought to its start
    #[arg(long)]
    all: bool,
    /// Run no more cases once N have failed
    #[arg(long, value_name = "N")]
    stop_after: Option<NonZeroUsize>,
    /// At most N cases at once of a DUT whose file lets several run (`jobs`); as many as it says unless given
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    inconclusive: InconclusiveArg,
    #[command(flatten)]
    logs: LogsArg,
    /// Write the secrets of the DUT files, too, where they stand in what passes and is said
    #[arg(long)]
    show_secrets: bool,
    /// Nobody is at the bench: acts that the DUT file has no command for are not asked for
    #[arg(long)]
    unattended: bool,
    /// The run folder to make; `reports/` and the time unless given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with a run that was interrupted; give the same DUTs and selection again
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    resume: Option<PathBuf>,
    /// Write nothing: no run folder, only the result
    #[arg(long, conflicts_with_all = ["out", "resume"])]
    no_report: bool,
    /// Write the matrix as JSON instead of the table
    #[arg(long)]
    json: bool,
}

/// What the harness plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlayedRole {
    /// The card; the DUT is a terminal.
    Card,
    /// The terminal; the DUT is a card.
    Terminal,
}

impl From<PlayedRole> for Role {
    fn from(role: PlayedRole) -> Self {
        match role {
            PlayedRole::Card => Self::Card,
            PlayedRole::Terminal => Self::Terminal,
        }
    }
}

/// `2/4`: this part, counted from 1, of so many.
fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(this, of)| Some((this.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((this, of)) if (1..=of).contains(&this) => Ok((this, of)),
        _ => Err("write K/N with K from 1 to N, such as 1/4".into()),
    }
}

impl Run {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        let bundle = self.cases.bundle()?;
        let cases = library::heads(&bundle)?;
        let mut duts = self.duts(&bundle, terminal)?;
        duts.iter_mut().for_each(|dut| dut.shows_secrets = self.show_secrets);
        let selection = self.selection(&cases)?;
        let place = Place::choose(self.out.as_deref(), self.resume.as_deref(), self.no_report, self.shard.is_some())?;
        let mut config = RunConfig {
            duts: &duts,
            cases: &cases,
            bundle: &bundle,
            selection,
            seed: self.seed.unwrap_or_default(),
            strict: self.strict,
            person: !self.unattended && io::stdin().is_terminal() && io::stderr().is_terminal(),
            out: place.folder().map(ToOwned::to_owned),
            resume: matches!(place, Place::Resumed(_)),
            all: self.all,
            stop_after: self.stop_after,
            jobs: self.jobs,
        };
        if self.jobs.is_some_and(|jobs| jobs.get() > 1) {
            for dut in duts.iter().filter(|dut| dut.jobs.most.get() == 1 && !dut.is_reference()) {
                terminal.note(&format!(
                    "{}: its cases run one after another; `jobs` in its DUT file says how many of it may run at once",
                    dut.name
                ));
            }
        }
        let one = self.jobs.is_some_and(|jobs| jobs.get() == 1);
        for dut in duts.iter().filter(|dut| config.person && !one && dut.jobs.most.get() > 1) {
            terminal.note(&format!("{}: nobody is asked while cases run side by side; --jobs 1 does", dut.name));
        }
        if let Place::Resumed(folder) = &place {
            config.seed = earlier(folder, &config, self.seed).map_err(Failure::input)?.seed.unwrap_or(config.seed);
        }

        let mut progress = Progress::new(terminal, config.person);
        let finished = run(&config, &mut progress);
        interrupt::given_back();
        progress.end();
        let Ended { finished, interrupted, recorded } = finished.map_err(|error| {
            // A folder that was made for a run that did not begin is nobody's; one that holds something stays.
            let made = place.folder().filter(|_| self.out.is_none() && self.resume.is_none());
            let _ = made.map(std::fs::remove_dir);
            failure(error, &place)
        })?;
        if self.explain {
            terminal.out(&explained(&finished, terminal))?;
        }
        if !interrupted && !finished.iter().any(|one| matches!(one.outcome, Outcome::Verdict(_))) {
            terminal.note("no case ran; the same command with --explain tells why, `dmsc cases list` shows all cases");
        }
        let exit = self.conclude(&config, &place, &finished, recorded, terminal)?;
        if interrupted {
            let way = place.folder().map(|folder| resume::command(std::env::args_os(), folder));
            terminal.note(&way.map_or_else(
                || "interrupted; nothing is recorded".into(),
                |command| format!("interrupted; this goes on with it: {command}"),
            ));
            return Ok(Exit::Interrupted);
        }
        Ok(exit)
    }

    fn duts(&self, bundle: &Bundle, terminal: &Terminal) -> Result<Vec<Dut>, Failure> {
        // Faults are read only where a DUT file can name some.
        if !self.dut.is_empty() {
            return library::duts(&self.dut, bundle, terminal);
        }
        let duts = ["reference-card", "reference-terminal"].map(|name| library::reference(bundle, name, &[]));
        let duts = duts.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(duts.into_iter().filter(|dut| self.role.is_none_or(|role| dut.role() == role.into())).collect())
    }

    fn selection(&self, cases: &Cases<'_>) -> Result<Selection, Failure> {
        let expression = match &self.select {
            Some(text) => {
                let condition = Condition::parse(text).map_err(|error| Failure::Input(format!("--select: {error}")))?;
                Some((text.clone(), condition))
            }
            None => None,
        };
        Ok(Selection {
            items: self.item.iter().map(|name| subject(name).cloned()).collect::<Result<_, _>>()?,
            cases: library::case_names(&self.case, cases.heads())?,
            role: self.role.map(Role::from),
            expression,
            shard: self.shard,
        })
    }

    fn conclude(
        &self,
        config: &RunConfig<'_>,
        place: &Place,
        finished: &[Finished],
        recorded: Option<RunFolder>,
        terminal: &Terminal,
    ) -> Done {
        // Another part of the run may render here at the same time, and have come since.
        let _turn = place.folder().map(Turn::at);
        let recorded = recorded.filter(|run| place.folder().is_none_or(|folder| run.is_all_of(folder)));
        let mut run = match (place.folder(), recorded) {
            (_, Some(recorded)) => recorded,
            (Some(folder), None) => RunFolder::open(folder).map_err(Failure::rig)?,
            (None, None) => in_memory(config, finished).map_err(Failure::rig)?,
        };
        run.decode = decode;
        run.logs = if place.folder().is_some() { self.logs.logs() } else { Logs::Nothing };
        let unshown = self.inconclusive.unshown();
        let matrix = match place.folder() {
            Some(folder) => render_all(&run, Tables::builtin(), unshown, folder).map_err(Failure::rig)?.matrix,
            None => dmsc_report::matrix::Matrix::new(&run, Tables::builtin()).map_err(Failure::rig)?,
        };
        if self.json {
            terminal.json(&matrix)?;
        } else {
            terminal.out(&summary(&matrix, terminal))?;
        }
        if let Some(folder) = place.folder() {
            terminal.note(&format!("run folder: {}", folder.display()));
        }
        Ok(Exit::of(&matrix, unshown))
    }
}

fn failure(error: RunError, place: &Place) -> Failure {
    match (&error, place) {
        (RunError::SameName(_) | RunError::Taken(_), _) => Failure::input(error),
        (RunError::Journal { .. }, Place::Resumed(_)) => Failure::input(error),
        // What was recorded before that is there to go on with.
        (RunError::Journal { folder, .. }, _) if journal_files(folder).is_ok() => {
            let command = resume::command(std::env::args_os(), folder);
            Failure::Rig(format!("{error}; after that, this goes on with the run: {command}"))
        }
        (RunError::Journal { .. }, _) => Failure::Rig(format!("{error}, or name another folder with --out")),
        _ => Failure::rig(error),
    }
}

/// Every case that was selected and did not run, with the reason.
fn explained(finished: &[Finished], terminal: &Terminal) -> String {
    let mut table = Table::new(["DUT", "case", "outcome", "reason"]);
    let selected: Vec<&Finished> = finished.iter().filter(|one| is_selected(&one.outcome)).collect();
    for one in selected.iter().filter(|one| !matches!(one.outcome, Outcome::Verdict(_))) {
        table.row([
            one.dut.as_str().into(),
            one.case.as_str().into(),
            one.outcome.as_str().into(),
            one.reason.as_str().into(),
        ]);
    }
    if table.is_empty() {
        let said = match selected.len() {
            _ if terminal.verbosity == Verbosity::Quiet => "",
            0 => "No case is selected.\n\n",
            all if all == finished.len() => "Every case ran.\n\n",
            _ => "Every case that is selected ran.\n\n",
        };
        return said.into();
    }
    table.render(terminal) + "\n"
}

fn is_selected(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::NotRun(reason) if reason.code() == Some(NotRun::NOT_SELECTED))
}

#[cfg(test)]
mod tests {
    use super::shard;

    #[test]
    fn shards_count_from_one() {
        assert_eq!(shard("2/4"), Ok((2, 4)));
        for wrong in ["0/4", "5/4", "1", "a/b", "1/0", ""] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}
