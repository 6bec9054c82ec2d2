//! `dmsc scr requirements`: the requirements document.

use clap::Args;
use dmsc_scr::Tables;

use super::names;
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::layout::{Cell, Table, sheet};
use crate::terminal::{BOLD, Terminal};

/// List the requirements of the DM_SC requirements document, or show some
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc scr requirements
  dmsc scr requirements DM-SC-GEN-14")]
pub(super) struct Requirements {
    /// Show these with all there is to say on them
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Requirements {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let tables = Tables::builtin();
        let all = tables.requirements();
        let find = |id: &String| {
            let known = all.iter().map(|entry| entry.id.as_str());
            tables.requirement(id).ok_or_else(|| Failure::unknown("requirement", id, known, "dmsc scr requirements"))
        };
        let chosen = self.ids.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        match (self.json, chosen.is_empty()) {
            (true, true) => terminal.json(&all)?,
            (true, false) => terminal.json(&chosen)?,
            (false, true) => {
                let mut table = Table::new(["requirement", "level", "items", "summary"]);
                for entry in all {
                    let items = names(&entry.items).pop().unwrap_or_else(|| "-".into());
                    table.row([
                        Cell::new(BOLD, entry.id.as_str()),
                        entry.level.to_string().into(),
                        items.into(),
                        entry.summary.as_str().into(),
                    ]);
                }
                terminal.out(&table.render(terminal))?;
            }
            (false, false) => {
                let sheets = chosen.iter().map(|entry| {
                    let fields = [
                        ("level", vec![entry.level.to_string()]),
                        ("summary", vec![entry.summary.clone()]),
                        ("items", names(&entry.items)),
                        ("clauses", names(&entry.clauses)),
                        ("note", entry.note.iter().cloned().collect()),
                    ];
                    sheet(terminal, &entry.id, &fields)
                });
                terminal.out(&sheets.collect::<Vec<_>>().join("\n"))?;
            }
        }
        Ok(Exit::Conforms)
    }
}
