//! `dmsc scr coverage`: what the cases cover of the tables.

use std::fmt::Display;

use clap::Args;
use dmsc_scr::{Coverage as Covered, Tables};

use crate::exit::Exit;
use crate::failure::Done;
use crate::library::{self, CasesArg};
use crate::terminal::Terminal;

/// Show which items, clauses and requirements have cases
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc scr coverage --missing
  dmsc scr coverage --json | jq '.items[] | {id, cases: (.cases | length)}'")]
pub(super) struct Coverage {
    #[command(flatten)]
    cases: CasesArg,
    /// Only what has no case though one is expected; ends with exit code 1 if there is any
    #[arg(long)]
    missing: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Coverage {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let cases = library::cases(&self.cases.bundle()?)?;
        let refs: Vec<_> = cases.iter().map(|case| case.coverage()).collect();
        let mut coverage = Covered::of(Tables::builtin(), &refs);
        if self.missing {
            retain_missing(&mut coverage.items);
            retain_missing(&mut coverage.clauses);
            retain_missing(&mut coverage.requirements);
        }
        if self.json {
            terminal.json(&coverage)?;
        } else if self.missing {
            let mut text = String::new();
            lines(&mut text, "item", &coverage.items);
            lines(&mut text, "clause", &coverage.clauses);
            lines(&mut text, "requirement", &coverage.requirements);
            terminal.out(&text)?;
        } else {
            terminal.out(&coverage.to_string())?;
        }
        let missing = coverage.items.len() + coverage.clauses.len() + coverage.requirements.len();
        Ok(if self.missing && missing > 0 { Exit::Fails } else { Exit::Conforms })
    }
}

fn retain_missing<I>(all: &mut Vec<dmsc_scr::Covered<I>>) {
    all.retain(|entry| entry.expected && entry.cases.is_empty());
}

fn lines<I: Display>(text: &mut String, kind: &str, all: &[dmsc_scr::Covered<I>]) {
    for entry in all {
        text.push_str(&format!("{kind:<12} {}\n", entry.id));
    }
}
