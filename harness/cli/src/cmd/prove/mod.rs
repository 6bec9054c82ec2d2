//! `dmsc prove`: shows that verdicts hold, on both sides.

mod choices;
mod explore;
mod told;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dmsc_language::catalogue::Role;
use dmsc_language::dut::Dut;
use dmsc_runner::explore::{Explore, explore};
use dmsc_runner::prove::{Prove as What, prove};
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::library::{self, CasesArg};
use crate::terminal::{Terminal, Verbosity};

/// Prove that the cases catch what they are there for, and nothing else
///
/// Runs the cases against the clean reference DUTs, against each of their faults, and against each of their variants,
/// which behave otherwise and conform. The proof holds when the clean DUTs pass everything, each fault makes a case
/// fail, each case is failed by a fault, and no variant gets a fail or an error and each passes every mandatory item.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc prove
  dmsc prove --side card
  dmsc prove --variant ff-waits-for-challenge -v
  dmsc prove --side terminal -v               (all cases that catch a fault, not the first few)
  dmsc prove --choices
  dmsc prove --explore 2000 --seed 7          (conforming DUTs that nobody has written down)
  dmsc prove --json - | jq -r '.never_failed[]'")]
pub(crate) struct Prove {
    #[command(flatten)]
    cases: CasesArg,
    /// The reference DUT that has the faults and variants; both unless given
    #[arg(long, value_enum)]
    side: Option<Side>,
    /// This fault only; whether every case can fail is then not judged
    #[arg(long, value_name = "ID")]
    fault: Vec<String>,
    /// This variant only
    #[arg(long, value_name = "ID")]
    variant: Vec<String>,
    /// List the choices that the documents leave and the reference DUTs have, instead of proving anything
    #[arg(long, conflicts_with_all = ["fault", "variant"])]
    choices: bool,
    /// Draw this many conforming DUTs, each a combination of choices, instead of proving what is written down
    #[arg(long, value_name = "N", conflicts_with_all = ["fault", "variant", "choices"])]
    explore: Option<usize>,
    /// Add the combinations that are misjudged to this file of variants
    #[arg(long, value_name = "FILE", requires = "explore")]
    keep: Option<PathBuf>,
    /// What random values follow from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write the proof as JSON to this file; - is standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A reference DUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    /// The reference card.
    Card,
    /// The reference terminal.
    Terminal,
}

impl From<Side> for Role {
    fn from(side: Side) -> Self {
        match side {
            Side::Card => Self::Card,
            Side::Terminal => Self::Terminal,
        }
    }
}

impl Prove {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        if self.choices {
            return choices::list(self.sides(), self.json.as_deref(), terminal);
        }
        let bundle = self.cases.bundle()?;
        let cases = library::cases(&bundle)?;
        let (faults, variants) = (library::faults(&bundle)?, library::variants(&bundle)?);
        let part = !(self.fault.is_empty() && self.variant.is_empty());
        let faults = self.chosen("fault", &faults, &self.fault, part, |fault| (&fault.id, fault.side))?;
        let variants = self.chosen("variant", &variants, &self.variant, part, |one| (&one.id, one.side))?;
        let of = |side: Role| faults.iter().any(|f| f.side == side) || variants.iter().any(|v| v.side == side);
        let sides = self.sides().into_iter().filter(|side| !part || of(*side));
        let names = sides.map(|side| format!("reference-{side}"));
        let clean: Vec<Dut> = names.map(|name| library::reference(&bundle, &name, &[])).collect::<Result<_, _>>()?;

        if let Some(count) = self.explore {
            let known = library::variants(&bundle)?;
            return self.explore(
                &Explore { clean: &clean, cases: &cases, known: &known, bundle: &bundle, seed: self.seed, count },
                terminal,
            );
        }
        let bar = bar(terminal);
        let mut progress = |done: usize, total: usize| show(&bar, done, total);
        let what = What {
            clean: &clean,
            cases: &cases,
            faults: &faults,
            variants: &variants,
            bundle: &bundle,
            seed: self.seed,
        };
        let proof = prove(&what, &mut progress);
        bar.finish_and_clear();
        let mut proof = proof.map_err(Failure::rig)?;
        if part {
            // A part of the faults cannot show that a case never fails, nor one of the variants that it never passes.
            proof.never_failed.clear();
            proof.never_passed.clear();
        }
        self.give(&proof, &told::proof(&proof, terminal), terminal)?;
        Ok(if proof.faults.is_empty() && proof.variants.is_empty() {
            Exit::Inconclusive
        } else if proof.holds() {
            Exit::Conforms
        } else {
            Exit::Fails
        })
    }

    fn explore(&self, what: &Explore<'_>, terminal: &Terminal) -> Done {
        let bar = bar(terminal);
        let mut progress = |done: usize, total: usize| show(&bar, done, total);
        let explored = explore(what, &mut progress);
        bar.finish_and_clear();
        let explored = explored.map_err(Failure::rig)?;
        if let Some(path) = &self.keep {
            explore::keep(path, &explored)?;
        }
        self.give(&explored, &explore::told(&explored, terminal), terminal)?;
        Ok(match explored.misjudged {
            _ if explored.duts == 0 => Exit::Inconclusive,
            0 => Exit::Conforms,
            _ => Exit::Fails,
        })
    }

    /// Gives what was found: as JSON where asked for, else as text.
    fn give(&self, found: &impl Serialize, text: &str, terminal: &Terminal) -> Result<(), Failure> {
        match &self.json {
            Some(path) if path == Path::new("-") => terminal.json(found),
            Some(path) => {
                write(path, found)?;
                terminal.out(text)
            }
            None => terminal.out(text),
        }
    }

    fn sides(&self) -> Vec<Role> {
        self.side.map_or_else(|| Role::ALL.to_vec(), |side| vec![side.into()])
    }

    /// Those of these names, or all where no part was asked for.
    fn chosen<T: Clone>(
        &self,
        what: &str,
        all: &[T],
        asked: &[String],
        part: bool,
        about: impl Fn(&T) -> (&String, Role),
    ) -> Result<Vec<T>, Failure> {
        let sides = self.sides();
        let ours: Vec<&T> = all.iter().filter(|one| sides.contains(&about(one).1)).collect();
        if !part {
            return Ok(ours.into_iter().cloned().collect());
        }
        let find = |id: &String| {
            let found = ours.iter().find(|one| about(one).0 == id).map(|one| (*one).clone());
            let known = ours.iter().map(|one| about(one).0.as_str());
            found.ok_or_else(|| Failure::unknown(what, id, known, "dmsc prove"))
        };
        asked.iter().map(find).collect()
    }
}

/// The bar that shows how far it is.
fn bar(terminal: &Terminal) -> ProgressBar {
    let quiet = terminal.verbosity == Verbosity::Quiet;
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    ProgressBar::with_draw_target(None, target)
}

fn show(bar: &ProgressBar, done: usize, total: usize) {
    bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
    bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
}

fn write(path: &Path, found: &impl Serialize) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Rig(format!("cannot write {}: {error}; name a file in a folder that is writable", path.display()))
    };
    let text = serde_json::to_string_pretty(found).map_err(|error| wrong(&error))?;
    std::fs::write(path, text + "\n").map_err(|error| wrong(&error))
}
