//! `dmsc ics draft`: a statement from a probe of the DUT.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use dmsc_language::case::{Case, Cases};
use dmsc_language::dut::Dut;
use dmsc_report::RunFolder;
use dmsc_runner::audit::{Answered, Audit, answers};
use dmsc_runner::run::{RunConfig, run};
use dmsc_runner::select::Selection;
use dmsc_scr::{ItemId, Tables};

use crate::cmd::run::progress::Progress;
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::library::{self, CasesArg};
use crate::new_file::write_new;
use crate::terminal::Terminal;

/// Write a statement from what a DUT shows
///
/// Runs the cases of the optional items as if the DUT claimed them all, and one of each mandatory item, and writes the
/// answers that what was seen calls for. What nothing could show is left open, to be answered by hand. The statement
/// that the DUT file names is not looked at but for its readings.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc ics draft --dut my-card.yaml -o my-card-ics.yaml
  dmsc ics draft --dut my-phone.yaml --keep reports/probe && dmsc ics audit reports/probe")]
pub(super) struct Draft {
    /// The DUT file
    #[arg(long, value_name = "FILE")]
    dut: PathBuf,
    #[command(flatten)]
    cases: CasesArg,
    /// Where to write the statement; standard output unless given. A file that exists is not overwritten
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep the run folder of the probe here
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl Draft {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let tables = Tables::builtin();
        let bundle = self.cases.bundle()?;
        let cases = library::cases(&bundle)?;
        let mut duts = library::duts(std::slice::from_ref(&self.dut), &bundle, terminal)?;
        let Some(dut) = duts.first_mut() else { return Err(Failure::rig("no DUT was read; this is a defect")) };
        let kind = dut.ics.dut().kind;
        let all: BTreeMap<ItemId, bool> = kind.items(tables).into_iter().map(|id| (id, true)).collect();
        dut.ics = dut.ics.with_answers(&all, tables)?;
        let probes = probes(&cases, dut);
        let folder = Folder::of(self.keep.as_deref());
        let config = RunConfig {
            duts: &duts,
            cases: &Cases::from(&probes[..]),
            bundle: &bundle,
            selection: Selection::default(),
            seed: 0,
            strict: false,
            person: false,
            out: Some(folder.path.clone()),
            resume: false,
            all: true,
            stop_after: None,
            jobs: None,
        };
        let mut progress = Progress::new(terminal, false);
        let finished = run(&config, &mut progress);
        progress.end();
        finished.map_err(Failure::rig)?;
        let seen = RunFolder::open(&folder.path).map_err(Failure::rig)?;
        let audits = Audit::of(&seen, tables).map_err(Failure::rig)?;
        let Some(audit) = audits.first() else { return Err(Failure::rig("nothing was recorded; this is a defect")) };
        let answers = answers(audit, kind, tables);
        let text = statement(audit, kind.as_str(), &answers, tables);
        match &self.output {
            None => terminal.out(&text)?,
            Some(path) => {
                write_new(path, &text)?;
                terminal.note(&format!("{} is there; read it, then run `dmsc ics check {0}`", path.display()));
            }
        }
        let open = answers.values().any(|one| one.claimed.is_none());
        Ok(if open { Exit::Inconclusive } else { Exit::Conforms })
    }
}

/// The cases that show most: every case of an optional item, and one of each mandatory item.
fn probes(cases: &[Case], dut: &Dut) -> Vec<Case> {
    let tables = Tables::builtin();
    let mut begun: Vec<&ItemId> = Vec::new();
    let mut probes = Vec::new();
    // A topic is nothing that a statement claims.
    let counts = |case: &&Case| case.role == dut.role() && tables.topic(case.item.as_str()).is_none();
    for case in cases.iter().filter(counts) {
        let mandatory = tables.item(case.item.as_str()).is_some_and(dmsc_scr::Item::is_mandatory);
        if !mandatory || !begun.contains(&&case.item) {
            begun.push(&case.item);
            probes.push(case.clone());
        }
    }
    probes
}

/// The statement.
fn statement(audit: &Audit, kind: &str, answers: &BTreeMap<ItemId, Answered>, tables: &Tables) -> String {
    let mut text = format!(
        "# Drafted from what the DUT showed. What stands after the answers is why; read it before you sign.\n\
         ics: 1\ndut:\n  name: {}\n  kind: {kind}\nanswers:\n",
        serde_json::Value::from(audit.dut.as_str())
    );
    let mut own = true;
    for id in tables.ids().filter(|id| answers.contains_key(*id)) {
        let Some(Answered { claimed, why }) = answers.get(id) else { continue };
        if own && tables.item(id.as_str()).is_none() {
            own = false;
            text.push_str("\n  # Items of other enablers, which the items above rest on.\n");
        }
        let answer = match claimed {
            Some(true) => " yes",
            Some(false) => " no",
            None => "",
        };
        let line = format!("  {id}:{answer}");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line:28} # {why}");
    }
    text
}

/// Where the probe is recorded; removed at the end unless it is to be kept.
struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    fn of(kept: Option<&Path>) -> Self {
        let path = match kept {
            Some(path) => path.to_owned(),
            None => std::env::temp_dir().join(format!("dmsc-draft-{}", std::process::id())),
        };
        Self { path, kept: kept.is_some() }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            // What is left in the folder for temporary files harms nobody.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
