//! `dmsc cases`: the catalogue of cases and the language they are written in.

mod check;
mod kinds;
mod list;
mod schema;
mod show;

use clap::{Args, Subcommand};

use crate::failure::Done;
use crate::terminal::Terminal;

/// List, show and check cases; look up their language
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Cases {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::List),
    Show(show::Show),
    Check(check::Check),
    Kinds(kinds::Kinds),
    Schema(schema::Schema),
}

impl Cases {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        match &self.verb {
            Verb::List(list) => list.run(terminal),
            Verb::Show(show) => show.run(terminal),
            Verb::Check(check) => check.run(terminal),
            Verb::Kinds(kinds) => kinds.run(terminal),
            Verb::Schema(schema) => schema.run(terminal),
        }
    }
}
