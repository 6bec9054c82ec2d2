//! `dmsc scr`: the SCR tables.

mod check;
mod clauses;
mod coverage;
mod interpretations;
mod list;
mod purposes;
mod requirements;
mod show;
mod subject;

use clap::{Args, Subcommand};

use crate::failure::Done;
use crate::terminal::Terminal;

pub(crate) use self::subject::{Subjects, subject};

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

/// Names in one line.
fn names<T: ToString>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    if all.is_empty() { Vec::new() } else { vec![all.join(", ")] }
}
