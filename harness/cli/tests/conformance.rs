//! The conformance suite as a test target: one trial a case instance.
//!
//! `DMSC_DUT` names DUT files to test instead of the reference card and the reference terminal, separated by `:`;
//! `DMSC_CASES` a folder of cases instead of the built-in ones; `DMSC_RUN_DIR` a folder for the journal, from which
//! `dmsc report` renders; `DMSC_SEED` the seed. A case that does not apply or comes to no verdict is ignored with the
//! reason; a filter such as `DM_SC-C-001` selects an item.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use dmsc_language::case::Library;
use dmsc_language::dut::Dut;
use dmsc_language::fault;
use dmsc_runner::piecewise::Piecewise;
use dmsc_runner::run::Finished;
use dmsc_scr::{Outcome, Verdict};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

fn main() -> ExitCode {
    // Processes of a DUT have groups of their own, which a Ctrl-C does not reach.
    let _ = ctrlc::try_set_handler(|| {
        dmsc_link::end_processes();
        std::process::exit(130);
    });
    match trials() {
        Ok(trials) => libtest_mimic::run(&Arguments::from_args(), trials).exit_code(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}

fn trials() -> Result<Vec<Trial>, String> {
    let lines =
        |problems: Vec<dmsc_doc::Problems>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n");
    let library = match std::env::var_os("DMSC_CASES") {
        Some(folder) => Library::from_dir(Path::new(&folder)).map_err(|e| e.to_string())?,
        None => Library::builtin(),
    };
    let cases = library.load().map_err(lines)?;
    let faults = fault::load(library.bundle()).map_err(lines)?;
    let mut duts = match std::env::var_os("DMSC_DUT") {
        Some(files) => std::env::split_paths(&files)
            .map(|file| Dut::load(&from_root(&file), &faults).map_err(|e| e.to_string()))
            .collect::<Result<Vec<_>, _>>()?,
        None => ["reference-card", "reference-terminal"]
            .iter()
            .map(|name| Dut::from_bundle(library.bundle(), name, &faults).map_err(|e| e.to_string()))
            .collect::<Result<Vec<_>, _>>()?,
    };
    // To name the trials no device is needed.
    if !Arguments::from_args().list {
        duts.iter_mut().filter_map(Dut::settle).for_each(|choice| eprintln!("{choice}"));
    }
    let seed = match std::env::var("DMSC_SEED") {
        Ok(text) => text.parse().map_err(|_| format!("DMSC_SEED: \"{text}\" is not a whole number"))?,
        Err(_) => 1,
    };
    let folder = std::env::var_os("DMSC_RUN_DIR").map(|folder| from_root(Path::new(&folder)));
    let run = Piecewise::new(duts, cases, library.bundle().clone(), seed, false, folder).map_err(|e| e.to_string())?;
    let run = Arc::new(run);
    let trials = run.pieces().into_iter().filter_map(|piece| {
        let (case, dut) = run.names(&piece)?;
        let run = Arc::clone(&run);
        let trial = Trial::ignorable_test(case, move || match run.run(&piece) {
            Ok(Some(finished)) => judge(&finished),
            Ok(None) => Err(Failed::from("the case is gone")),
            Err(error) => Err(Failed::from(error.to_string())),
        });
        Some(trial.with_kind(dut))
    });
    Ok(trials.collect())
}

/// A test is run in the folder of its package; paths are meant from the root of the workspace.
fn from_root(path: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if path.is_absolute() || path.exists() { path.to_owned() } else { root.join(path) }
}

fn judge(finished: &Finished) -> Result<Completion, Failed> {
    match &finished.outcome {
        Outcome::Verdict(Verdict::Pass) => Ok(Completion::Completed),
        Outcome::Verdict(Verdict::Inconclusive) => {
            Ok(Completion::ignored_with(format!("inconclusive: {}", finished.reason)))
        }
        Outcome::NotApplicable(reason) => Ok(Completion::ignored_with(format!("not applicable: {reason}"))),
        Outcome::NotRun(reason) => Ok(Completion::ignored_with(format!("not run: {reason}"))),
        Outcome::Verdict(verdict @ (Verdict::Fail | Verdict::Error)) => {
            let clause = finished.decisive.as_ref().and_then(|check| check.clause.clone()).unwrap_or_default();
            Err(Failed::from(format!("{}: {} [{clause}]", verdict.as_str(), finished.reason)))
        }
    }
}
