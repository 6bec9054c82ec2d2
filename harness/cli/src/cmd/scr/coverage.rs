//! `dmsc scr coverage`: what the cases cover of the tables, and what the tables rest on.

use std::fmt::Display;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dmsc_language::case::field_uses;
use dmsc_scr::{Aim, Coverage as All, Covered, ItemId, Tables};

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::layout::{Cell, Table};
use crate::library::{self, CasesArg};
use crate::terminal::{BOLD, Terminal};

/// Show which items, clauses and requirements have cases, and what each case covers
///
/// What no case can show has its reason in the tables. Of the cases of each item it counts those that try what is right,
/// what is wrong, and the end of a range. A field of a message counts as sent where a case gives it a
/// value of its own, as received where a message comes that may have it, as asserted where a case looks at it, and as
/// mutated where the octets of a message with it are edited.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc scr coverage --missing
  dmsc scr coverage --by clauses
  dmsc scr coverage --html coverage.html
  dmsc scr coverage --json | jq '.items[] | {id, cases: (.cases | length)}'")]
pub(super) struct Coverage {
    #[command(flatten)]
    cases: CasesArg,
    /// Only what has no case though one is expected, and items without a case of each aim; ends with exit code 1 if
    /// there is any
    #[arg(long, conflicts_with_all = ["by", "html"])]
    missing: bool,
    /// A table of one of these, with the names of the cases or of what they cover
    #[arg(long, value_name = "WHAT", value_enum)]
    by: Option<By>,
    /// Write all of it as a page to this file
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    html: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// From what to what.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// From items to cases.
    Items,
    /// From clauses to cases.
    Clauses,
    /// From requirements to cases.
    Requirements,
    /// From cases to clauses.
    Cases,
    /// From fields of messages to the number of cases.
    Fields,
}

impl Coverage {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let cases = library::cases(&self.cases.bundle()?)?;
        let refs: Vec<_> = cases.iter().map(|case| case.coverage()).collect();
        let mut coverage = All::of(Tables::builtin(), &refs);
        coverage.fields = field_uses(&cases);
        if self.missing {
            coverage.items.retain(|entry| entry.aims.missing().next().is_some());
            retain_missing(&mut coverage.clauses);
            retain_missing(&mut coverage.requirements);
        }
        if let Some(path) = &self.html {
            let page = dmsc_report::coverage_html(&coverage).map_err(Failure::rig)?;
            std::fs::write(path, page).map_err(|error| {
                Failure::Input(format!("cannot write {}: {error}; name a file in a folder that exists", path.display()))
            })?;
            terminal.note(&format!("{} is written", path.display()));
        } else if self.json {
            terminal.json(&coverage)?;
        } else if let Some(by) = self.by {
            terminal.out(&table(by, &coverage, terminal))?;
        } else if self.missing {
            let mut text = String::new();
            for entry in &coverage.items {
                let aims: Vec<_> = entry.aims.missing().map(|aim| aim.to_string()).collect();
                text.push_str(&format!("{:<12} {}: no case that is {}\n", "item", entry.id, aims.join(" or ")));
            }
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

fn table(by: By, coverage: &All, terminal: &Terminal) -> String {
    match by {
        By::Items => items(&coverage.items, terminal),
        By::Clauses => entries("clause", &coverage.clauses, terminal),
        By::Requirements => entries("requirement", &coverage.requirements, terminal),
        By::Cases => {
            let mut table = Table::new(["case", "clauses", "requirements and other documents"]);
            for one in &coverage.cases {
                let elsewhere: Vec<&str> = one.requirements.iter().chain(&one.elsewhere).map(String::as_str).collect();
                table.row([
                    Cell::new(BOLD, one.case.as_str()),
                    one.clauses.join(", ").into(),
                    elsewhere.join(", ").into(),
                ]);
            }
            table.render(terminal)
        }
        By::Fields => {
            let mut table = Table::new(["role", "message", "sent", "received", "asserted", "mutated", "field"]);
            for one in &coverage.fields {
                table.row([
                    one.role.as_str().into(),
                    one.message.as_str().into(),
                    one.sent.to_string().into(),
                    one.received.to_string().into(),
                    one.asserted.to_string().into(),
                    one.mutated.to_string().into(),
                    Cell::new(BOLD, one.field.as_str()),
                ]);
            }
            table.render(terminal)
        }
    }
}

/// Items, with how many of their cases have each aim.
fn items(all: &[Covered<ItemId>], terminal: &Terminal) -> String {
    let mut table = Table::new(["item", "cases", "positive", "negative", "boundary", "which"]);
    for entry in all {
        let [positive, negative, boundary] = Aim::ALL.map(|aim| entry.aims.of(aim).to_string().into());
        let which = if entry.cases.is_empty() { "no case".to_owned() } else { entry.cases.join(", ") };
        let count = entry.cases.len().to_string().into();
        table.row([Cell::new(BOLD, entry.id.to_string()), count, positive, negative, boundary, which.into()]);
    }
    table.render(terminal)
}

fn entries<I: Display>(kind: &'static str, all: &[Covered<I>], terminal: &Terminal) -> String {
    let mut table = Table::new([kind, "level", "cases", "which, or why none"]);
    for entry in all {
        let which = match (entry.cases.is_empty(), &entry.untested) {
            (false, _) => entry.cases.join(", "),
            (true, Some(why)) => why.clone(),
            (true, None) if entry.expected => "no case".to_owned(),
            (true, None) => "none expected".to_owned(),
        };
        table.row([
            Cell::new(BOLD, entry.id.to_string()),
            entry.level.map_or_else(String::new, |level| level.to_string()).into(),
            entry.cases.len().to_string().into(),
            which.into(),
        ]);
    }
    table.render(terminal)
}

fn retain_missing<I>(all: &mut Vec<Covered<I>>) {
    all.retain(|entry| entry.expected && entry.cases.is_empty());
}

fn lines<I: Display>(text: &mut String, kind: &str, all: &[Covered<I>]) {
    for entry in all {
        text.push_str(&format!("{kind:<12} {}\n", entry.id));
    }
}
