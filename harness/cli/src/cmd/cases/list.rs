//! `dmsc cases list`.

use clap::Args;
use dmsc_language::case::{Case, Head};
use dmsc_scr::ItemId;
use serde_json::{Value, json};

use crate::cmd::run::PlayedRole;
use crate::cmd::scr::{Subjects, subject};
use crate::exit::Exit;
use crate::failure::Done;
use crate::layout::{Cell, Table};
use crate::library::{self, CasesArg};
use crate::terminal::{BOLD, Terminal};

/// List the cases
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc cases list --role terminal
  dmsc cases list --item SCR-DM-NOTI-S-003
  dmsc cases list --json | jq -r '.[].name'")]
pub(super) struct List {
    #[command(flatten)]
    cases: CasesArg,
    /// Cases of this item, or that cover it; or of a topic, which is no item, such as `bootstrap`
    #[arg(long, value_name = "ITEM", value_parser = Subjects, hide_possible_values = true)]
    item: Vec<String>,
    /// Cases in which the harness plays this
    #[arg(long, value_enum)]
    role: Option<PlayedRole>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let items: Vec<&ItemId> = self.item.iter().map(|id| subject(id)).collect::<Result<_, _>>()?;
        let all = library::heads(&self.cases.bundle()?)?;
        let belongs = |case: &Head| items.iter().any(|item| case.item == **item || case.covers.contains(item));
        let chosen: Vec<(usize, &Head)> = (all.heads().enumerate())
            .filter(|(_, case)| items.is_empty() || belongs(case))
            .filter(|(_, case)| self.role.is_none_or(|role| case.role == role.into()))
            .collect();
        if self.json {
            all.read(chosen.iter().map(|(place, _)| *place));
            let all: Vec<Value> = chosen.iter().filter_map(|(place, _)| all.case(*place)).map(as_json).collect();
            terminal.json(&all)?;
            return Ok(Exit::Conforms);
        }
        let mut table = Table::new(["case", "role", "title"]);
        for (_, case) in &chosen {
            table.row([Cell::new(BOLD, case.name.as_str()), case.role.as_str().into(), case.title.as_str().into()]);
        }
        terminal.out(&table.render(terminal))?;
        terminal.note(&format!("{} of {} cases", chosen.len(), all.len()));
        Ok(Exit::Conforms)
    }
}

/// A case for scripts.
pub(super) fn as_json(case: &Case) -> Value {
    let parameters: serde_json::Map<String, Value> = case.instance.iter().cloned().collect();
    let readings: serde_json::Map<String, Value> =
        case.when.iter().map(|(id, reading)| (id.clone(), json!(reading))).collect();
    json!({
        "name": case.name(),
        "title": case.title,
        "purpose": case.purpose,
        "item": case.item,
        "covers": case.covers,
        "claims": case.claims,
        "unclaimed": case.unclaimed,
        "spec": case.spec,
        "refs": case.refs,
        "aim": case.aim.as_str(),
        "role": case.role,
        "trust": case.trust.as_str(),
        "parameters": parameters,
        "when": readings,
        "file": case.file,
        "hash": case.hash,
    })
}
