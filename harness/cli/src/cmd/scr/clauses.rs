//! `dmsc scr clauses`: the clauses of the technical specification.

use clap::Args;
use dmsc_scr::{Clause, Tables};

use super::{Subjects, subject};
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::layout::{Cell, Table};
use crate::terminal::{BOLD, Terminal};

/// List the clauses of the DM_SC technical specification that cases cite
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc scr clauses --section 7.1
  dmsc scr clauses --item DM_SC-S-001-M
  dmsc scr clauses --json | jq -r '.[] | select(.level == \"should\") | .id'")]
pub(super) struct Clauses {
    /// Clauses of this section only, its subsections included
    #[arg(long, value_name = "SECTION")]
    section: Option<String>,
    /// Clauses that belong to this item only; none belongs to a topic
    #[arg(long, value_parser = Subjects, hide_possible_values = true)]
    item: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Clauses {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let item = self.item.as_deref().map(subject).transpose()?;
        let within = |clause: &Clause, section: &str| {
            clause.section.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let all = Tables::builtin().clauses();
        if let Some(section) =
            self.section.as_deref().filter(|section| !all.iter().any(|clause| within(clause, section)))
        {
            let known = all.iter().map(|clause| clause.section.as_str());
            return Err(Failure::unknown("section with clauses", section, known, "dmsc scr clauses"));
        }
        let chosen: Vec<&Clause> = (all.iter())
            .filter(|clause| self.section.as_deref().is_none_or(|section| within(clause, section)))
            .filter(|clause| item.is_none_or(|item| clause.items.contains(item)))
            .collect();
        if self.json {
            terminal.json(&chosen)?;
            return Ok(Exit::Conforms);
        }
        let mut table = Table::new(["clause", "level", "binds", "summary"]);
        for clause in chosen {
            let name = Cell::new(BOLD, clause.id.as_str());
            table.row([
                name,
                clause.level.to_string().into(),
                clause.subject.to_string().into(),
                clause.summary.as_str().into(),
            ]);
        }
        terminal.out(&table.render(terminal))?;
        Ok(Exit::Conforms)
    }
}
