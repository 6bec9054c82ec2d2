//! `dmsc shake`: whether a DUT comes back from what goes wrong on its link.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dmsc_doc::parse_duration;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Case;
use dmsc_language::dut::Dut;
use dmsc_octets::one_line;
use dmsc_runner::select::Selection;
use dmsc_runner::shake::{Finding, Limit, ShakeConfig, Shaken, Watcher, What, keep, shake};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::library::{self, CasesArg};
use crate::terminal::{BOLD, DIM, ERROR, GOOD, Terminal, Verbosity, paint};

/// How many rounds there are unless something else is said.
const ROUNDS: u64 = 10;

/// Repeat cases on links where things go wrong
///
/// In each round every case runs under a random schedule: commands and responses are lost, late or stalled, the card
/// is reset in the middle of a command, streams are split, merged and cut, channel data come in odd pieces. What the
/// case misses then is explained by it. After it the same case runs undisturbed, with the DUT left as it is: if it does
/// worse than before, the DUT has not recovered, and the schedule is shrunk to the least that does it.
///
/// Everything follows from the seed. A schedule can be put into the `setup` of a case; see `disturb` there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc shake                                   (the reference card and the reference terminal)
  dmsc shake --dut my-card.yaml --rounds 100 --seed 7
  dmsc shake --dut my-card.yaml --case 'S-001-*' --for '30 min' --keep found
  dmsc shake --json | jq '.findings[].setup'

Exit codes: 0 everything recovers, 1 something does not, 2 nothing was disturbed, 3 wrong input, 4 rig,
130 ended by a signal (Ctrl-C, SIGTERM, SIGHUP); see dmsc help exit-codes")]
pub(crate) struct Shake {
    /// A DUT file; several are shaken one after the other
    #[arg(long, value_name = "FILE")]
    dut: Vec<PathBuf>,
    #[command(flatten)]
    cases: CasesArg,
    /// The case of this name, with or without `DM_SC-` and the values in brackets; * in it is any text
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    case: Vec<String>,
    /// What all schedules follow from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How many schedules each case runs under [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rounds: Option<u64>,
    /// Go on for so long with each DUT, such as `10 min`
    #[arg(long = "for", value_name = "TIME", value_parser = duration, conflicts_with = "rounds")]
    time: Option<Duration>,
    /// Write each finding into this folder of cases, with what it includes
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Write what was found as JSON
    #[arg(long)]
    json: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
}

impl Shake {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        let bundle = self.cases.bundle()?;
        let cases = library::cases(&bundle)?;
        let duts = self.duts(&bundle, terminal)?;
        let limit = self.time.map_or(Limit::Rounds(self.rounds.unwrap_or(ROUNDS)), Limit::For);
        let config = ShakeConfig {
            duts: &duts,
            cases: &cases,
            bundle: &bundle,
            selection: Selection {
                cases: library::case_names(&self.case, cases.iter().map(|case| &case.head))?,
                ..Selection::default()
            },
            seed: self.seed,
            limit,
        };
        let mut progress = Progress::new(terminal, limit);
        let shaken = shake(&config, &mut progress);
        progress.bar.finish_and_clear();
        let shaken = shaken.map_err(Failure::rig)?;

        let kept = self.kept(&shaken, &cases, &bundle)?;
        if self.json {
            terminal.json(&as_json(&shaken, &kept)?)?;
        } else {
            terminal.out(&report(&shaken, &kept, terminal))?;
        }
        Ok(match (shaken.disturbed, shaken.findings.is_empty()) {
            (_, false) => Exit::Fails,
            (0, true) => Exit::Inconclusive,
            (_, true) => Exit::Conforms,
        })
    }

    fn duts(&self, bundle: &Bundle, terminal: &Terminal) -> Result<Vec<Dut>, Failure> {
        if self.dut.is_empty() {
            let names = ["reference-card", "reference-terminal"];
            return names.iter().map(|name| library::reference(bundle, name, &[])).collect();
        }
        library::duts(&self.dut, bundle, terminal)
    }

    /// Writes the findings down; gives the file of each.
    fn kept(&self, shaken: &Shaken, cases: &[Case], bundle: &Bundle) -> Result<Vec<Option<PathBuf>>, Failure> {
        let Some(folder) = &self.keep else { return Ok(vec![None; shaken.findings.len()]) };
        let write = |finding: &Finding| match cases.iter().find(|case| case.name() == finding.case) {
            Some(case) => keep(folder, finding, case, bundle, self.seed).map(Some).map_err(Failure::rig),
            None => Ok(None),
        };
        shaken.findings.iter().map(write).collect()
    }
}

/// What is shown while it goes.
struct Progress<'t> {
    terminal: &'t Terminal,
    bar: ProgressBar,
    limit: Limit,
    findings: usize,
}

impl<'t> Progress<'t> {
    /// Nothing has happened yet. The bar hides itself where standard error is no terminal.
    fn new(terminal: &'t Terminal, limit: Limit) -> Self {
        let quiet = terminal.verbosity == Verbosity::Quiet;
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_message("each case undisturbed, for comparison");
        Self { terminal, bar, limit, findings: 0 }
    }
}

impl Watcher for Progress<'_> {
    fn planned(&mut self, _dut: &str, cases: usize) {
        let template = match self.limit {
            Limit::Rounds(rounds) => {
                let cases = u64::try_from(cases).unwrap_or(u64::MAX);
                self.bar.set_position(0);
                self.bar.set_length(cases.saturating_mul(rounds));
                "{bar:30} {pos}/{len}  {elapsed}  {wide_msg}"
            }
            Limit::For(_) => "{spinner} {pos}  {elapsed}  {wide_msg}",
        };
        // The templates are constants; a bar without one is still a bar.
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    fn disturbing(&mut self, round: u64, dut: &str, case: &str) {
        let findings = match self.findings {
            0 => String::new(),
            1 => "1 finding  ".into(),
            count => format!("{count} findings  "),
        };
        self.bar.set_message(format!("{findings}round {round}  {dut}: {case}"));
        self.bar.inc(1);
    }

    fn found(&mut self, finding: &Finding) {
        self.findings += 1;
        if self.terminal.verbosity == Verbosity::Verbose {
            let text = format!("found in round {}: {}: {}", finding.round, finding.dut, finding.case);
            self.bar.suspend(|| self.terminal.note(&text));
        }
    }
}

fn as_json(shaken: &Shaken, kept: &[Option<PathBuf>]) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(shaken).map_err(|error| Failure::Rig(format!("no JSON: {error}")))?;
    let findings = value.get_mut("findings").and_then(Value::as_array_mut);
    for (finding, path) in findings.into_iter().flatten().zip(kept) {
        if let (Value::Object(map), Some(path)) = (finding, path) {
            map.insert("kept".into(), json!(path.display().to_string()));
        }
    }
    Ok(value)
}

/// The findings, what was left out, and one line that sums it up.
fn report(shaken: &Shaken, kept: &[Option<PathBuf>], terminal: &Terminal) -> String {
    let color = terminal.color;
    let mut out = String::new();
    // Writing to a String cannot fail.
    for (finding, path) in shaken.findings.iter().zip(kept) {
        let _ = writeln!(
            out,
            "{} {} {}",
            paint(color, ERROR, "found"),
            one_line(&finding.dut),
            paint(color, BOLD, &finding.case)
        );
        let who = match finding.what {
            What::NotRecovered => "the DUT does not come back from it",
            What::HarnessError => "the harness breaks in the disturbed session: please report it",
        };
        let mut field = |name: &str, text: &str| {
            let _ = writeln!(out, "  {} {text}", paint(color, DIM, &format!("{name:<9}")));
        };
        field("what", who);
        field(
            "verdict",
            &format!("{}, was {}: {}", finding.came.as_str(), finding.usual.as_str(), one_line(&finding.reason)),
        );
        let shrunk = match finding.shrunk_in {
            Some(1) => "shrunk in 1 try".to_owned(),
            Some(tries) => format!("shrunk in {tries} tries"),
            None => "not shrunk, since nothing brings the DUT back to its start".to_owned(),
        };
        field("round", &format!("{}, {shrunk}", finding.round));
        if let Some(path) = path {
            field("kept", &path.display().to_string());
        }
        let _ = writeln!(out, "  setup:");
        for line in finding.plan.lines() {
            let _ = writeln!(out, "    {line}");
        }
        out.push('\n');
    }
    for stopped in &shaken.stopped {
        let _ =
            writeln!(out, "{} {}: {}: {}\n", paint(color, ERROR, "stopped"), stopped.dut, stopped.case, stopped.reason);
    }
    if terminal.verbosity == Verbosity::Verbose {
        for one in &shaken.left_out {
            let _ = writeln!(out, "{} {}: {}", paint(color, DIM, "left out"), one.case, one_line(&one.reason));
        }
    }
    let verdict = match (shaken.disturbed, shaken.findings.len()) {
        (_, 1) => paint(color, ERROR, "1 finding"),
        (_, count @ 2..) => paint(color, ERROR, &format!("{count} findings")),
        (0, 0) => paint(color, ERROR, "nothing was disturbed"),
        (_, 0) => paint(color, GOOD, "everything recovers"),
    };
    let left_out = match shaken.left_out.len() {
        0 => String::new(),
        count => format!(", {count} left out"),
    };
    let cases = u64::try_from(shaken.cases).unwrap_or(u64::MAX);
    let counts = [(cases, "case"), (shaken.rounds, "round"), (shaken.sessions, "session")];
    let [cases, rounds, sessions] = counts.map(|(count, noun)| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    });
    out + &format!("{cases}{left_out}, {rounds}, {sessions}, seed {}: {verdict}\n", shaken.seed)
}
