//! `dmsc ics`: conformance statements.

mod audit;
mod draft;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use dmsc_scr::{Draft, DutKind, Tables};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Done;
use crate::new_file::write_new;
use crate::source;
use crate::terminal::Terminal;

/// Write and check conformance statements (ICS), or hold them against a run
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Ics {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(New),
    Check(Check),
    Audit(audit::Audit),
    Draft(draft::Draft),
}

/// Write a statement to fill in
///
/// Mandatory items, and what they require, are answered; the others are left open. Every item has to be answered
/// before a run can rest on the statement.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc ics new card -o my-card-ics.yaml
  dmsc ics new terminal | less")]
struct New {
    /// What the DUT is
    #[arg(value_enum)]
    kind: Kind,
    /// Where to write it; standard output unless given. A file that exists is not overwritten
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Check that a statement is complete and free of contradictions
///
/// Shows the smallest set of answers that contradict each other and why, the nearest statement that is consistent,
/// and which answers the others leave free. Ends with exit code 3 when a run cannot rest on the statement.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc ics check my-card-ics.yaml
  dmsc ics check --json my-card-ics.yaml | jq .report.unanswered")]
struct Check {
    /// The statement
    file: PathBuf,
    /// Write the result as JSON: valid, report, problems
    #[arg(long)]
    json: bool,
}

/// What a DUT is.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A card with a DM_SC Server.
    Card,
    /// A device with a DM Client.
    Terminal,
}

impl Ics {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        match &self.verb {
            Verb::New(new) => new.run(terminal),
            Verb::Check(check) => check.run(terminal),
            Verb::Audit(audit) => audit.run(terminal),
            Verb::Draft(draft) => draft.run(terminal),
        }
    }
}

impl New {
    fn run(&self, terminal: &Terminal) -> Done {
        let kind = match self.kind {
            Kind::Card => DutKind::Card,
            Kind::Terminal => DutKind::Terminal,
        };
        let text = dmsc_scr::Ics::template(kind, Tables::builtin());
        match &self.output {
            None => terminal.out(&text)?,
            Some(path) => {
                write_new(path, &text)?;
                terminal
                    .note(&format!("{} is there; answer what is open, then run `dmsc ics check {0}`", path.display()));
            }
        }
        Ok(Exit::Conforms)
    }
}

impl Check {
    fn run(&self, terminal: &Terminal) -> Done {
        let tables = Tables::builtin();
        let source = source::read(&self.file, "the statement", "`dmsc ics new` writes one to fill in")?;
        // A statement whose form is wrong has nothing that could be reported on as a whole.
        let draft = Draft::parse(&source, tables);
        let report = draft.as_ref().ok().map(|draft| draft.check(tables));
        let parsed = dmsc_scr::Ics::parse(&source, tables);
        let problems = parsed.as_ref().err();
        if self.json {
            let found = problems.as_ref().map_or_else(|| json!([]), |problems| problems.to_json());
            terminal.json(&json!({ "valid": problems.is_none(), "report": report, "problems": found }))?;
            return Ok(if problems.is_none() { Exit::Conforms } else { Exit::Input });
        }
        if let Some(report) = &report {
            terminal.out(&report.to_string())?;
        }
        parsed.map_or_else(|problems| Err(problems.into()), |_| Ok(Exit::Conforms))
    }
}
