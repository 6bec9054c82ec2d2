//! `dmsc scr`: the SCR tables.

mod check;
mod clauses;
mod coverage;
mod interpretations;
mod list;
mod purposes;
mod requirements;
mod show;

use clap::{Args, Subcommand};
use dmsc_scr::{ItemId, Tables};

use crate::failure::{Done, Failure};
use crate::terminal::Terminal;

/// Look up SCR items, clauses, requirements, test purposes and open points
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Scr {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::List),
    Show(show::Show),
    Check(check::Check),
    Coverage(coverage::Coverage),
    Clauses(clauses::Clauses),
    Requirements(requirements::Requirements),
    Purposes(purposes::Purposes),
    Interpretations(interpretations::Interpretations),
}

impl Scr {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        match &self.verb {
            Verb::List(list) => list.run(terminal),
            Verb::Show(show) => show.run(terminal),
            Verb::Check(check) => check.run(terminal),
            Verb::Coverage(coverage) => coverage.run(terminal),
            Verb::Clauses(clauses) => clauses.run(terminal),
            Verb::Requirements(requirements) => requirements.run(terminal),
            Verb::Purposes(purposes) => purposes.run(terminal),
            Verb::Interpretations(interpretations) => interpretations.run(terminal),
        }
    }
}

/// The item of the tables that the user named; `C-001` and `DM_SC-C-001` stand for `DM_SC-C-001-M`.
///
/// # Errors
/// There is none; the nearest is proposed.
pub(crate) fn item(name: &str) -> Result<&'static ItemId, Failure> {
    let tables = Tables::builtin();
    tables.ids().find(|known| stands_for(name, known.as_str())).ok_or_else(|| {
        Failure::Input(match tables.nearest(name) {
            Some(near) => format!("there is no SCR item `{name}`; did you mean `{near}`?"),
            None => format!("there is no SCR item `{name}`; `dmsc scr list --external` shows all"),
        })
    })
}

fn stands_for(name: &str, id: &str) -> bool {
    let stem = id.strip_suffix("-M").or(id.strip_suffix("-O")).unwrap_or(id);
    let short = stem.strip_prefix("DM_SC-").unwrap_or(stem);
    [id, stem, short].iter().any(|form| form.eq_ignore_ascii_case(name))
}

/// Names in one line.
fn names<T: ToString>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    if all.is_empty() { Vec::new() } else { vec![all.join(", ")] }
}
