//! `dmsc prove --choices`: the choices that the documents leave and the reference DUTs have.

use std::path::Path;

use dmsc_engine::choice::Choice;
use dmsc_language::catalogue::Role;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::layout::{Cell, Table};
use crate::terminal::{BOLD, Terminal};

/// Lists the choices of these sides.
pub(super) fn list(sides: Vec<Role>, file: Option<&Path>, terminal: &Terminal) -> Done {
    let ours: Vec<&Choice> =
        Choice::all().filter(|choice| choice.sides.iter().any(|side| sides.contains(side))).collect();
    match file {
        Some(path) if path == Path::new("-") => terminal.json(&as_json(&ours))?,
        Some(path) => {
            let text = format!("{:#}\n", as_json(&ours));
            std::fs::write(path, text).map_err(|error| {
                let path = path.display();
                Failure::Rig(format!("cannot write {path}: {error}; name a file in a folder that is writable"))
            })?;
        }
        None => terminal.out(&table(&ours).render(terminal))?,
    }
    Ok(Exit::Conforms)
}

fn as_json(choices: &[&Choice]) -> Value {
    let one = |choice: &&Choice| {
        let alternatives = choice.alternatives.iter();
        let alternatives = alternatives.map(|one| json!({ "name": one.name, "what": one.doc, "claims": one.claims }));
        json!({
            "choice": choice.name,
            "what": choice.doc,
            "sides": choice.sides,
            "clause": choice.clause,
            "alternatives": alternatives.collect::<Vec<_>>(),
        })
    };
    choices.iter().map(one).collect()
}

fn table(choices: &[&Choice]) -> Table<5> {
    let mut table = Table::new(["choice", "side", "clause", "alternative", "what"]);
    for choice in choices {
        let sides: Vec<&str> = choice.sides.iter().map(|side| side.as_str()).collect();
        let head = [Cell::new(BOLD, choice.name), sides.join(", ").into(), choice.clause.into()];
        let [name, sides, clause] = head;
        table.row([name, sides, clause, "".into(), choice.doc.into()]);
        for alternative in choice.alternatives {
            table.row(["".into(), "".into(), "".into(), alternative.name.into(), alternative.doc.into()]);
        }
    }
    table
}
