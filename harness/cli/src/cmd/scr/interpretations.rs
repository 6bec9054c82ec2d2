//! `dmsc scr interpretations`: where the documents are open, and the readings there are.

use clap::Args;
use dmsc_scr::{Interpretation, Tables};

use super::names;
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::layout::{Cell, Table, sheet};
use crate::terminal::{BOLD, Terminal};

/// List the points where the documents are open, or show some with their readings
///
/// A conformance statement or a DUT file chooses another reading than the default under `interpretations:`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc scr interpretations
  dmsc scr interpretations package0-framing")]
pub(super) struct Interpretations {
    /// Show these with their readings
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Interpretations {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let tables = Tables::builtin();
        let all = tables.interpretations();
        let find = |id: &String| {
            let known = all.iter().map(|entry| entry.id.as_str());
            tables
                .interpretation(id)
                .ok_or_else(|| Failure::unknown("interpretation", id, known, "dmsc scr interpretations"))
        };
        let chosen = self.ids.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        match (self.json, chosen.is_empty()) {
            (true, true) => terminal.json(&all)?,
            (true, false) => terminal.json(&chosen)?,
            (false, true) => {
                let mut table = Table::new(["interpretation", "default", "point"]);
                for entry in all {
                    table.row([
                        Cell::new(BOLD, entry.id.as_str()),
                        entry.default.as_str().into(),
                        entry.title.as_str().into(),
                    ]);
                }
                terminal.out(&table.render(terminal))?;
            }
            (false, false) => {
                let sheets = chosen.iter().map(|entry| as_sheet(entry, terminal));
                terminal.out(&sheets.collect::<Vec<_>>().join("\n"))?;
            }
        }
        Ok(Exit::Conforms)
    }
}

fn as_sheet(entry: &Interpretation, terminal: &Terminal) -> String {
    let readings = entry.alternatives.iter().map(|reading| {
        let default = if reading.id == entry.default { " (default)" } else { "" };
        format!("{}{default}: {}", reading.id, reading.meaning)
    });
    let fields = [
        ("point", vec![entry.title.clone()]),
        ("text", vec![entry.text.clone()]),
        ("readings", readings.collect()),
        ("sources", entry.sources.clone()),
        ("clauses", names(&entry.clauses)),
        ("items", names(&entry.items)),
    ];
    sheet(terminal, &entry.id, &fields)
}
