//! `dmsc scr show`: everything the tables know of an item.

use clap::Args;
use dmsc_scr::{Item, ItemId, Tables};
use serde_json::{Value, json};

use super::list::{external_json, own_json};
use super::{Subjects, names, subject};
use crate::exit::Exit;
use crate::failure::Done;
use crate::layout::sheet;
use crate::terminal::Terminal;

/// Show all that the tables know of an SCR item
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc scr show DM_SC-C-001-M
  dmsc scr show SCR-DM-NOTI-C-001
  dmsc scr show --json DM_SC-S-003-O | jq .clauses")]
pub(super) struct Show {
    /// The items, or topics, which are none, such as `bootstrap`
    #[arg(value_name = "ITEM", required = true, value_parser = Subjects, hide_possible_values = true)]
    items: Vec<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let ids = self.items.iter().map(|id| subject(id)).collect::<Result<Vec<_>, _>>()?;
        if self.json {
            let all: Vec<Value> = ids.into_iter().map(as_json).collect();
            terminal.json(&all)?;
        } else {
            let all: Vec<String> = ids.into_iter().map(|id| as_sheet(id, terminal)).collect();
            terminal.out(&all.join("\n"))?;
        }
        Ok(Exit::Conforms)
    }
}

/// The items whose requirement names the item.
fn required_by(id: &ItemId) -> impl Iterator<Item = &'static Item> {
    let names = move |item: &&Item| item.requirement.iter().flat_map(|expr| expr.refs()).any(|name| name.key() == *id);
    Tables::builtin().items().iter().filter(names)
}

fn as_sheet(id: &ItemId, terminal: &Terminal) -> String {
    let tables = Tables::builtin();
    let mut fields = Vec::new();
    if let Some(item) = tables.item(id.as_str()) {
        fields.extend([
            ("function", vec![item.function.clone()]),
            ("status", vec![format!("{}, for the {}", item.status, item.class)]),
            ("reference", vec![item.reference.clone()]),
            ("requires", names(&item.requirement)),
            ("reaches", names(tables.closure(id.as_str()))),
        ]);
    }
    if let Some(item) = tables.external_item(id.as_str()) {
        fields.extend([
            ("reading", vec![item.what.clone()]),
            ("rests on", vec![format!("{}; confidence {}", item.basis, item.confidence)]),
            ("status", vec![format!("{}, for the {} ({})", item.status, item.id.class(), item.status_basis)]),
            ("document", vec![item.document.clone()]),
        ]);
    }
    if let Some(topic) = tables.topic(id.as_str()) {
        fields.extend([("about", vec![topic.what.clone()]), ("no item", vec![topic.why.clone()])]);
    }
    let clauses = tables.clauses().iter().filter(|clause| clause.items.contains(id));
    let requirements = tables.requirements().iter().filter(|entry| entry.items.contains(id));
    let points = tables.interpretations().iter().filter(|point| point.items.contains(id));
    fields.extend([
        ("required by", names(required_by(id).map(|item| &item.id))),
        (
            "clauses",
            clauses
                .map(|clause| format!("{} {} ({}): {}", clause.id, clause.level, clause.subject, clause.summary))
                .collect(),
        ),
        ("realises", requirements.map(|entry| format!("{} {}: {}", entry.id, entry.level, entry.summary)).collect()),
        (
            "open points",
            points.map(|point| format!("{}: {} (default: {})", point.id, point.title, point.default)).collect(),
        ),
    ]);
    sheet(terminal, id.as_str(), &fields)
}

fn as_json(id: &ItemId) -> Value {
    let tables = Tables::builtin();
    let own = tables.item(id.as_str()).map(own_json);
    let external = || tables.external_item(id.as_str()).map(external_json);
    let mut value =
        own.or_else(external).or_else(|| tables.topic(id.as_str()).map(|topic| json!(topic))).unwrap_or_default();
    let clauses: Vec<_> = tables.clauses().iter().filter(|clause| clause.items.contains(id)).collect();
    let requirements: Vec<_> = tables.requirements().iter().filter(|entry| entry.items.contains(id)).collect();
    let points = tables.interpretations().iter().filter(|point| point.items.contains(id));
    value["reaches"] = json!(tables.closure(id.as_str()));
    value["required_by"] = json!(required_by(id).map(|item| &item.id).collect::<Vec<_>>());
    value["clauses"] = json!(clauses);
    value["requirements"] = json!(requirements);
    value["interpretations"] = json!(points.map(|point| &point.id).collect::<Vec<_>>());
    value
}
