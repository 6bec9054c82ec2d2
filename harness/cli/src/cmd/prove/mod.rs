//! `dmsc prove`: shows that the suite can catch.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dmsc_language::catalogue::Role;
use dmsc_language::fault::Fault;
use dmsc_runner::prove::{Proof, prove};
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::layout::{Cell, Table};
use crate::library::{self, CasesArg};
use crate::terminal::{BOLD, ERROR, GOOD, Terminal, Verbosity, paint};

/// Prove that the cases catch what they are there for
///
/// Runs the cases against the clean reference DUTs and against each of their faults. The proof holds when the clean
/// DUTs pass everything, each fault makes a case fail, and each case is failed by a fault.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc prove
  dmsc prove --side card
  dmsc prove --side terminal -v               (all cases that catch a fault, not the first few)
  dmsc prove --json - | jq -r '.never_failed[]'")]
pub(crate) struct Prove {
    #[command(flatten)]
    cases: CasesArg,
    /// The reference DUT that has the faults; both unless given
    #[arg(long, value_enum)]
    side: Option<Side>,
    /// This fault only; whether every case can fail is then not judged
    #[arg(long, value_name = "ID")]
    fault: Vec<String>,
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
        let bundle = self.cases.bundle()?;
        let cases = library::cases(&bundle)?;
        let all = library::faults(&bundle)?;
        let faults = self.chosen(&all)?;
        let sides: Vec<Role> = match self.side {
            Some(side) => vec![side.into()],
            None => Role::ALL.to_vec(),
        };
        let needed = |side: &Role| self.fault.is_empty() || faults.iter().any(|fault| fault.side == *side);
        let names = sides.iter().filter(|side| needed(side)).map(|side| format!("reference-{side}"));
        let clean = names.map(|name| library::reference(&bundle, &name, &[])).collect::<Result<Vec<_>, _>>()?;

        let quiet = terminal.verbosity == Verbosity::Quiet;
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        let mut progress = |done: usize, total: usize| {
            bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
            bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        };
        let proof = prove(&clean, &cases, &faults, &bundle, self.seed, &mut progress);
        bar.finish_and_clear();
        let mut proof = proof.map_err(Failure::rig)?;
        if !self.fault.is_empty() {
            // A part of the faults cannot show that a case never fails.
            proof.never_failed.clear();
        }
        match &self.json {
            Some(path) if path == Path::new("-") => terminal.json(&proof)?,
            Some(path) => {
                write(path, &proof)?;
                terminal.out(&table(&proof, terminal))?;
            }
            None => terminal.out(&table(&proof, terminal))?,
        }
        Ok(if proof.faults.is_empty() {
            Exit::Inconclusive
        } else if proof.holds() {
            Exit::Conforms
        } else {
            Exit::Fails
        })
    }

    fn chosen(&self, all: &[Fault]) -> Result<Vec<Fault>, Failure> {
        let sides: Vec<&Fault> =
            all.iter().filter(|fault| self.side.is_none_or(|side| fault.side == side.into())).collect();
        if self.fault.is_empty() {
            return Ok(sides.into_iter().cloned().collect());
        }
        let find = |id: &String| {
            let known = sides.iter().map(|fault| fault.id.as_str());
            let found = sides.iter().find(|fault| fault.id == *id).map(|fault| (*fault).clone());
            found.ok_or_else(|| Failure::unknown("fault", id, known, "dmsc prove"))
        };
        self.fault.iter().map(find).collect()
    }
}

fn write(path: &Path, proof: &Proof) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Rig(format!("cannot write {}: {error}; name a file in a folder that is writable", path.display()))
    };
    let text = serde_json::to_string_pretty(proof).map_err(|error| wrong(&error))?;
    std::fs::write(path, text + "\n").map_err(|error| wrong(&error))
}

fn table(proof: &Proof, terminal: &Terminal) -> String {
    let bad = |text: &str| Cell::new(ERROR, text);
    let mut table = Table::new(["side", "fault", "caught by"]);
    for fault in &proof.faults {
        let by = match fault.caught_by.as_slice() {
            [] => bad("no case"),
            all => shortened(all, terminal.verbosity).into(),
        };
        table.row([fault.side.as_str().into(), Cell::new(BOLD, fault.fault.as_str()), by]);
    }
    let mut text = if table.is_empty() { String::new() } else { table.render(terminal) + "\n" };
    let wrong = paint(terminal.color, ERROR, "wrong:");
    for case in &proof.unclean {
        text.push_str(&format!(
            "{wrong} {} is {} against the clean reference: {}\n",
            case.case, case.verdict, case.reason
        ));
    }
    for fault in &proof.faults {
        for error in &fault.errors {
            text.push_str(&format!("{wrong} fault {} breaks the harness in {error}\n", fault.fault));
        }
        if fault.caught_by.is_empty() {
            text.push_str(&format!(
                "{wrong} fault {} is not caught ({}); {} cases were inconclusive\n",
                fault.fault, fault.what, fault.inconclusive
            ));
        }
    }
    for case in &proof.never_failed {
        text.push_str(&format!("{wrong} no fault makes {case} fail\n"));
    }
    let caught = proof.faults.iter().filter(|fault| !fault.caught_by.is_empty()).count();
    let verdict = match (proof.faults.is_empty(), proof.holds()) {
        (true, _) => paint(terminal.color, ERROR, "there are no faults, so nothing is proven"),
        (false, true) => paint(terminal.color, GOOD, "the proof holds"),
        (false, false) => paint(terminal.color, ERROR, "the proof does not hold"),
    };
    text + &format!("{caught} of {} faults caught, {} cases: {verdict}\n", proof.faults.len(), proof.cases)
}

/// The first few names, and how many more there are; all of them with -v.
fn shortened(names: &[String], verbosity: Verbosity) -> String {
    const SHOWN: usize = 3;
    match names.split_at_checked(SHOWN) {
        Some((shown, more)) if !more.is_empty() && verbosity < Verbosity::Verbose => {
            format!("{} and {} more", shown.join(", "), more.len())
        }
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_shortened_unless_asked_for() {
        let names = |count: usize| (0..count).map(|number| format!("c{number}")).collect::<Vec<_>>();
        assert_eq!(shortened(&names(3), Verbosity::Normal), "c0, c1, c2");
        assert_eq!(shortened(&names(5), Verbosity::Normal), "c0, c1, c2 and 2 more");
        assert_eq!(shortened(&names(5), Verbosity::Verbose), "c0, c1, c2, c3, c4");
    }
}
