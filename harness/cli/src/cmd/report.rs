//! `dmsc report`: renders the reports of a run again, or those of several runs as one.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use dmsc_report::folder::{Entry, Record, RunFolder, journal_files};
use dmsc_report::journal::Event;
use dmsc_report::log::log;
use dmsc_report::matrix::Matrix;
use dmsc_report::{Logs, Turn, render_all};
use dmsc_runner::key_log::RunKeys;
use dmsc_runner::notes::decode;
use dmsc_runner::select::CaseName;
use dmsc_scr::{Tables, Unshown};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::library;
use crate::new_file::write_secret;
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

/// Which cases have a log in the run folder.
#[derive(Debug, Args)]
pub(crate) struct LogsArg {
    /// The cases that have a log in the run folder; `dmsc report log` shows that of any
    #[arg(long, value_name = "WHICH", value_enum, default_value_t, ignore_case = true)]
    logs: WhichLogs,
}

/// The choices, as [`Logs`] has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum WhichLogs {
    /// Those that were begun and did not pass.
    #[default]
    NotPassed,
    /// All.
    All,
    /// None.
    None,
}

impl LogsArg {
    /// The choice.
    pub(crate) fn logs(&self) -> Logs {
        match self.logs {
            WhichLogs::NotPassed => Logs::NotPassed,
            WhichLogs::All => Logs::All,
            WhichLogs::None => Logs::Nothing,
        }
    }
}

/// Width of the summary where standard output is no terminal.
const PLAIN_WIDTH: usize = 100;

/// Render the reports of a run folder again
///
/// Everything in a run folder but its journals is rendered from them: junit.xml, the matrix in four forms, a log for
/// each case that came to no pass. The exit code is that of the run, with the same choice of --inconclusive.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  dmsc report reports/2026-01-31T10-00-00Z
  dmsc report reports/nightly --json | jq '.rows[] | {item, state: .cells[0].state}'
  dmsc report log reports/nightly DM_SC-C-001-M/session-id
  dmsc report merge part-1 part-2 -o reports/whole
  dmsc report keys reports/nightly --dut handset.yaml -o keys.txt"
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
    #[command(flatten)]
    logs: LogsArg,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Log(LogOf),
    Merge(Merge),
    Keys(Keys),
}

/// Show the log of a case: what passed, with every field decoded, and what was judged
///
/// A run folder has logs of the cases that came to no pass. That of any case is made from the journal. With --json each case
/// is an object on a line of its own: `dut`, `case`, `outcome`, and `entries`, which are its messages and checks as the
/// journal names them, each message with all its fields.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc report log reports/nightly DM_SC-C-001-M/session-id
  dmsc report log reports/nightly 'DM_SC-C-009-O/*' --dut handset | less
  dmsc report log reports/nightly '*' --json | jq -c '.entries[] | select(.kind == \"sms\") | .fields'")]
struct LogOf {
    /// The run folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The case; `*` stands for anything, without values in brackets it is all cases of the file
    #[arg(value_name = "CASE")]
    case: String,
    /// Only against the DUT of this name
    #[arg(long, value_name = "NAME")]
    dut: Option<String>,
    /// Write each case as JSON, on a line of its own
    #[arg(long)]
    json: bool,
}

impl LogOf {
    fn run(&self, terminal: &Terminal) -> Done {
        let mut run = RunFolder::open(&self.folder).map_err(Failure::input)?;
        run.decode = decode;
        let name = CaseName::new(self.case.as_str());
        let wanted = |record: &Record| {
            let ours = self.dut.as_ref().is_none_or(|name| run.dut(record).name == *name);
            ours && name.is_of_named(&run.case(record).id)
        };
        if !run.records.iter().any(wanted) {
            let of = self.dut.as_ref().map(|name| format!(" against a DUT named `{name}`")).unwrap_or_default();
            return Err(no_case(&run, &self.folder, &name, &of));
        }
        let mut told = Ok(());
        let mut show = |record: &Record, entries: Vec<Entry>| {
            if told.is_ok() {
                told = match self.json {
                    true => terminal.json_line(&as_json(&run, record, entries)),
                    false => terminal.out(&log(&run, record, &entries)),
                };
            }
        };
        run.visit(wanted, &mut show).map_err(Failure::input)?;
        told?;
        Ok(Exit::Conforms)
    }
}

fn no_case(run: &RunFolder, folder: &Path, name: &CaseName, of: &str) -> Failure {
    let near = name.nearest(run.header.cases.iter().map(|case| case.id.as_str()));
    let meant = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    Failure::Input(format!(
        "no case of {} is named `{name}`{of}; {meant}the names are in its matrix.csv",
        folder.display()
    ))
}

/// A case, with what passed and what was judged.
fn as_json(run: &RunFolder, record: &Record, entries: Vec<Entry>) -> Value {
    let events = entries.into_iter().map(|entry| match entry {
        Entry::Message(message) => Event::Message(message),
        Entry::Check(check) => Event::Check(check),
    });
    json!({
        "dut": run.dut(record).name,
        "case": run.case(record).id,
        "outcome": record.outcome,
        "entries": events.collect::<Vec<_>>(),
    })
}

/// Write what Wireshark needs to read the TLS connections of a run
///
/// A run folder holds no secrets. Those of a connection follow from its handshake and the pre-shared keys of the DUT file;
/// they are written as a key log, for a capture that was made of the run: `wireshark -o tls.keylog_file:keys.txt`. With
/// the log anybody can read those connections.
#[derive(Debug, Args)]
struct Keys {
    /// The run folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The DUT file whose keys they are; those of the reference DUTs unless given
    #[arg(long, value_name = "FILE")]
    dut: Vec<PathBuf>,
    /// Only the connections of this case; `*` stands for anything. Wireshark finds a connection by the random value of its
    /// client, which reference DUTs draw alike in each case
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Where to write the log; standard output unless given. A file that exists is not overwritten
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Put several run folders together and render them as one
///
/// For the parts of a run that was spread over machines (`dmsc run --shard`), and for runs of the same cases against
/// different DUTs. The new folder is a run folder itself: the journals of parts that came to their end become one, others are
/// copied. Runs that differ in the harness, the cases or what a DUT claims are refused.
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
    #[command(flatten)]
    logs: LogsArg,
}

impl Report {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        match (&self.verb, &self.folder) {
            (Some(Verb::Merge(merge)), _) => merge.run(terminal),
            (Some(Verb::Keys(keys)), _) => keys.run(terminal),
            (Some(Verb::Log(log)), _) => log.run(terminal),
            (None, Some(folder)) => render(folder, terminal, self.json, self.inconclusive.unshown(), self.logs.logs()),
            (None, None) => Err(Failure::Input("name a run folder, as `dmsc run` printed it".into())),
        }
    }
}

impl Keys {
    fn run(&self, terminal: &Terminal) -> Done {
        let bundle = library::bundle(None)?;
        let faults = library::faults(&bundle)?;
        let mut duts = Vec::new();
        for path in &self.dut {
            duts.push(library::dut(path, &faults)?);
        }
        if duts.is_empty() {
            for name in ["reference-card", "reference-terminal"] {
                duts.push(library::reference(&bundle, name, &[])?);
            }
        }
        let ixits = duts.iter().map(|dut| &dut.ixit);
        let accounts = ixits.flat_map(|ixit| std::iter::once(&ixit.account).chain(&ixit.other_account));
        let mut run = RunFolder::open(&self.folder).map_err(Failure::input)?;
        if let Some(case) = &self.case {
            let ids: Vec<String> = run.header.cases.iter().map(|known| known.id.clone()).collect();
            let case = CaseName::new(case.as_str());
            run.records.retain(|record| ids.get(record.case).is_some_and(|id| case.is_of_named(id)));
            if run.records.is_empty() {
                return Err(no_case(&run, &self.folder, &case, ""));
            }
        }
        let found = RunKeys::of(&run, accounts.map(|account| &account.psk)).map_err(Failure::input)?;
        if found.lines.is_empty() {
            return Err(Failure::Input(match found.unknown {
                0 => format!("{} has no TLS connection whose handshake came to its end", self.folder.display()),
                count => format!(
                    "none of the {count} TLS connections in {} has a key of the DUT file; name the file of that run with --dut",
                    self.folder.display()
                ),
            }));
        }
        let text = found.lines.join("\n") + "\n";
        match &self.output {
            None => terminal.out(&text)?,
            Some(path) => write_secret(path, &text)?,
        }
        let others = match found.unknown {
            0 => String::new(),
            count => format!("; {count} have another key, such as the wrong one that a case is about"),
        };
        terminal.note(&format!("secrets of {} connections{others}", found.lines.len()));
        Ok(Exit::Conforms)
    }
}

impl Merge {
    fn run(&self, terminal: &Terminal) -> Done {
        // Nothing is written before it is known that the runs go together.
        let run = RunFolder::merge(&self.folders).map_err(Failure::input)?;
        if journal_files(&self.output).is_ok() {
            return Err(Failure::Input(format!(
                "{} is a run folder already, and a record is never overwritten; name another folder with -o",
                self.output.display()
            )));
        }
        run.write_journals(&self.output).map_err(Failure::rig)?;
        render(&self.output, terminal, self.json, self.inconclusive.unshown(), self.logs.logs())
    }
}

/// Renders the reports of a folder into it, and shows what they come to.
fn render(folder: &Path, terminal: &Terminal, json: bool, unshown: Unshown, logs: Logs) -> Done {
    let _turn = Turn::at(folder);
    let mut run = RunFolder::open(folder).map_err(Failure::input)?;
    (run.logs, run.decode) = (logs, decode);
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
