//! `dmsc scr list`: the items.

use clap::{Args, ValueEnum};
use dmsc_scr::{Class, External, Item, Tables};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Done;
use crate::layout::{Cell, Table};
use crate::terminal::{BOLD, Terminal};

/// List the SCR items
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc scr list --class server
  dmsc scr list --external
  dmsc scr list --json | jq -r '.[] | select(.status == \"mandatory\") | .id'")]
pub(super) struct List {
    /// Items of this class only
    #[arg(long, value_enum)]
    class: Option<Binds>,
    /// Also items of other enablers that the requirements of DM_SC name
    #[arg(long)]
    external: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Whom an item binds.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Binds {
    /// The DM Client.
    Client,
    /// The DM_SC Server.
    Server,
    /// The device.
    Device,
}

impl Binds {
    fn class(self) -> Class {
        match self {
            Self::Client => Class::Client,
            Self::Server => Class::Server,
            Self::Device => Class::Device,
        }
    }
}

impl List {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let tables = Tables::builtin();
        let wanted = |class: Class| self.class.is_none_or(|only| only.class() == class);
        let own = tables.items().iter().filter(|item| wanted(item.class));
        let external = tables.external().iter().filter(|item| self.external && wanted(item.id.class()));
        if self.json {
            let all: Vec<Value> = own.map(own_json).chain(external.map(external_json)).collect();
            terminal.json(&all)?;
            return Ok(Exit::Conforms);
        }
        let mut table = Table::new(["item", "status", "reference", "function"]);
        for item in own {
            let name = Cell::new(BOLD, item.id.as_str());
            table.row([
                name,
                item.status.to_string().into(),
                item.reference.as_str().into(),
                item.function.as_str().into(),
            ]);
        }
        for item in external {
            let name = Cell::new(BOLD, item.id.as_str());
            table.row([name, item.status.to_string().into(), item.document.as_str().into(), item.what.as_str().into()]);
        }
        terminal.out(&table.render(terminal))?;
        Ok(Exit::Conforms)
    }
}

/// An item of DM_SC for scripts.
pub(super) fn own_json(item: &Item) -> Value {
    json!({
        "id": item.id,
        "class": item.class.to_string(),
        "status": item.status.to_string(),
        "function": item.function,
        "reference": item.reference,
        "requirement": item.requirement,
        "external": false,
    })
}

/// An item of another enabler for scripts.
pub(super) fn external_json(item: &External) -> Value {
    json!({
        "id": item.id,
        "class": item.id.class().to_string(),
        "status": item.status.to_string(),
        "function": item.what,
        "reference": item.document,
        "requirement": null,
        "external": true,
        "basis": item.basis,
        "confidence": item.confidence,
    })
}
