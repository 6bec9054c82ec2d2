//! `dmsc report`: renders the reports of a run again, or those of several runs as one.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use dmsc_report::folder::{RunFolder, journal_files};
use dmsc_report::matrix::Matrix;
use dmsc_report::render_all;
use dmsc_scr::{Tables, Unshown};

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::terminal::{Terminal, Verbosity};

/// What is made of cases that are claimed and inconclusive, or were not run.
#[derive(Debug, Args)]
pub(crate) struct InconclusiveArg {
    /// What the exit code and junit.xml make of a case that is claimed and inconclusive, or was not run
    #[arg(long, value_name = "WHAT", value_enum, default_value_t, ignore_case = true)]
    inconclusive: OnInconclusive,
}

/// The choices; the words are those of [`Unshown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum OnInconclusive {
    /// An error: what is claimed and not shown keeps the gate shut.
    #[default]
    Error,
    /// Skipped: looked past.
    Skip,
}

impl InconclusiveArg {
    /// The choice.
    pub(crate) fn unshown(&self) -> Unshown {
        match self.inconclusive {
            OnInconclusive::Error => Unshown::Error,
            OnInconclusive::Skip => Unshown::Skip,
        }
    }
}

/// Width of the summary where standard output is no terminal.
const PLAIN_WIDTH: usize = 100;

/// Render the reports of a run folder again
///
/// Everything in a run folder but its journals is rendered from them: junit.xml, the matrix in four forms, a log for
/// each case. The exit code is that of the run, with the same choice of --inconclusive.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  dmsc report reports/2026-01-31T10-00-00Z
  dmsc report reports/nightly --json | jq '.rows[] | {item, state: .cells[0].state}'
  dmsc report merge part-1 part-2 -o reports/whole"
)]
pub(crate) struct Report {
    /// The run folder
    #[arg(value_name = "DIR", required = true)]
    folder: Option<PathBuf>,
    /// Write the matrix as JSON instead of the table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    inconclusive: InconclusiveArg,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Merge(Merge),
}

/// Put several run folders together and render them as one
///
/// For the parts of a run that was spread over machines (`dmsc run --shard`), and for runs of the same cases against
/// different DUTs. The journals are copied, so the new folder is a run folder itself. Runs that differ in the harness,
/// the cases or what a DUT claims are refused.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc run --shard 1/2 --out part-1; dmsc run --shard 2/2 --out part-2
  dmsc report merge part-1 part-2 -o reports/whole")]
struct Merge {
    /// The run folders
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// The folder to make
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Write the matrix as JSON instead of the table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    inconclusive: InconclusiveArg,
}

impl Report {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        match (&self.verb, &self.folder) {
            (Some(Verb::Merge(merge)), _) => merge.run(terminal),
            (None, Some(folder)) => render(folder, terminal, self.json, self.inconclusive.unshown()),
            (None, None) => Err(Failure::Input("name a run folder, as `dmsc run` printed it".into())),
        }
    }
}

impl Merge {
    fn run(&self, terminal: &Terminal) -> Done {
        // Nothing is written before it is known that the runs go together.
        RunFolder::merge(&self.folders).map_err(Failure::input)?;
        let mut journals = Vec::new();
        for folder in &self.folders {
            journals.extend(journal_files(folder).map_err(Failure::input)?);
        }
        if journal_files(&self.output).is_ok() {
            return Err(Failure::Input(format!(
                "{} is a run folder already, and a record is never overwritten; name another folder with -o",
                self.output.display()
            )));
        }
        let broken = |path: &Path, error: std::io::Error| {
            Failure::Rig(format!(
                "cannot write {}: {error}; check that there is room and that the folder is writable",
                path.display()
            ))
        };
        std::fs::create_dir_all(&self.output).map_err(|error| broken(&self.output, error))?;
        for (number, journal) in (1..).zip(&journals) {
            let copy = self.output.join(format!("journal-{number}.jsonl"));
            std::fs::copy(journal, &copy).map_err(|error| broken(&copy, error))?;
        }
        render(&self.output, terminal, self.json, self.inconclusive.unshown())
    }
}

/// Renders the reports of a folder into it, and shows what they come to.
fn render(folder: &Path, terminal: &Terminal, json: bool, unshown: Unshown) -> Done {
    let run = RunFolder::open(folder).map_err(Failure::input)?;
    let written = render_all(&run, Tables::builtin(), unshown, folder).map_err(Failure::rig)?;
    if json {
        terminal.json(&written.matrix)?;
    } else {
        terminal.out(&summary(&written.matrix, terminal))?;
    }
    terminal.note(&format!("{} reports in {}", written.files.len(), folder.display()));
    if terminal.verbosity == Verbosity::Verbose {
        for file in &written.files {
            terminal.note(&format!("  {}", file.display()));
        }
    }
    Ok(Exit::of(&written.matrix, unshown))
}

/// The matrix as the end of a command shows it.
pub(crate) fn summary(matrix: &Matrix, terminal: &Terminal) -> String {
    matrix.summary(terminal.color, terminal.width.unwrap_or(PLAIN_WIDTH))
}
