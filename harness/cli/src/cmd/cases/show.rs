//! `dmsc cases show`.

use clap::Args;
use dmsc_language::case::Case;
use dmsc_runner::select::CaseName;
use dmsc_scr::Tables;

use super::list::as_json;
use crate::exit::Exit;
use crate::failure::Done;
use crate::layout::sheet;
use crate::library::{self, CasesArg};
use crate::terminal::Terminal;

/// Show a case: what it shows, what it rests on, and its text
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc cases show DM_SC-C-001-M/session-id
  dmsc cases show --json DM_SC-C-001-M/session-id | jq '.[].name'")]
pub(super) struct Show {
    /// Its name, with or without `DM_SC-`; of a case with parameters, the name of an instance or of the file. With *,
    /// which is any text, all cases that fit
    case: String,
    #[command(flatten)]
    cases: CasesArg,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let bundle = self.cases.bundle()?;
        let all = library::cases(&bundle)?;
        let named = library::named(&CaseName::new(&self.case), &all)?;
        if self.json {
            let all: Vec<_> = named.iter().map(|case| as_json(case)).collect();
            terminal.json(&all)?;
            return Ok(Exit::Conforms);
        }
        let files = named.chunk_by(|one, next| one.id == next.id);
        let sheets = files.filter_map(|instances| {
            let case = instances.first()?;
            let text = bundle.text(&format!("testcases/{}.yaml", case.id)).unwrap_or_default();
            Some(format!("{}\n{text}", as_sheet(instances, case, terminal)))
        });
        terminal.out(&sheets.collect::<Vec<_>>().join("\n"))?;
        Ok(Exit::Conforms)
    }
}

fn as_sheet(instances: &[&Case], case: &Case, terminal: &Terminal) -> String {
    let tables = Tables::builtin();
    let cited = case.spec.iter().map(|citation| {
        // What follows the place is a remark: `DM_SC 7.1-14 "in any case"`.
        let place: Vec<&str> = citation.split_whitespace().take(2).collect();
        match tables.clause(&place.join(" ")) {
            Some(clause) => format!("{citation}: {}", clause.summary),
            None => citation.clone(),
        }
    });
    let list = |all: &[dmsc_scr::ItemId]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let function = tables.item(case.item.as_str()).map(|item| format!(": {}", item.function));
    let topic = || tables.topic(case.item.as_str()).map(|topic| format!(", which is no item: {}", topic.what));
    let function = function.or_else(topic);
    let names = instances.iter().map(|case| case.name());
    let fields = [
        ("title", vec![case.title.to_string()]),
        ("purpose", vec![case.purpose.to_string()]),
        ("item", vec![format!("{}{}", case.item, function.unwrap_or_default())]),
        ("covers", list(&case.covers)),
        ("claims", list(&case.claims)),
        ("unclaimed", list(&case.unclaimed)),
        ("clauses", cited.collect()),
        ("refs", case.refs.iter().map(ToString::to_string).collect()),
        ("role", vec![format!("the harness plays the {}, the DUT is a {}", case.role, case.role.other())]),
        ("aim", vec![case.aim.to_string()]),
        ("trust", vec![case.trust.as_str().to_owned()]),
        ("when", case.when.iter().map(|(id, reading)| format!("{id} is read as {reading}")).collect()),
        ("acts", case.acts().into_iter().map(str::to_owned).collect()),
        ("instances", if instances.len() > 1 { names.collect() } else { Vec::new() }),
        ("file", vec![case.file.to_string()]),
    ];
    sheet(terminal, &case.id, &fields)
}
