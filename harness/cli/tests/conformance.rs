//! The conformance suite as a test target: one trial a case instance.
//!
//! `DMSC_DUT` names DUT files to test instead of the reference card and the reference terminal, separated by `:`;
//! `DMSC_CASES` a folder of cases instead of the built-in ones; `DMSC_RUN_DIR` a folder for the journal, from which
//! `dmsc report` renders; `DMSC_SEED` the seed; `DMSC_STRICT=1` makes a missed recommendation a fail. A case that does
//! not apply is ignored with the reason. One that is inconclusive or did not run fails, unless `DMSC_INCONCLUSIVE=skip`
//! has it ignored. A filter such as `DM_SC-C-001` selects an item, one such as `bootstrap/` a topic.
//!
//! Where all cases run in this process, the items are judged at the end, too: one that is claimed and has no case keeps
//! the gate shut as it does for `dmsc run`.

#[path = "common/trial.rs"]
mod trial;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use dmsc_language::bundle::Bundle;
use dmsc_language::case::Library;
use dmsc_language::dut::Dut;
use dmsc_language::fault;
use dmsc_language::secrets::without_secrets;
use dmsc_report::matrix::Matrix;
use dmsc_runner::piecewise::Piecewise;
use dmsc_runner::redact::hide_in_name;
use dmsc_scr::{Tables, Unshown};
use libtest_mimic::{Arguments, Conclusion, Failed, Trial};

use trial::{completion, verdict_of_the_whole};

fn main() -> ExitCode {
    // Processes of a DUT have groups of their own, which a Ctrl-C does not reach.
    let _ = ctrlc::try_set_handler(|| {
        dmsc_link::end_processes();
        std::process::exit(130);
    });
    let arguments = Arguments::from_args();
    let suite = match Suite::from_environment(&arguments) {
        Ok(suite) => suite,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(3);
        }
    };
    let conclusion = libtest_mimic::run(&arguments, suite.trials());
    dmsc_link::end_what_is_left();
    match suite.as_a_whole(&arguments, &conclusion) {
        Ok(()) => conclusion.exit_code(),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(101)
        }
    }
}

/// The cases, and what becomes of them.
struct Suite {
    run: Arc<Piecewise>,
    unshown: Unshown,
}

impl Suite {
    /// What the variables name. No device is needed to list the cases.
    fn from_environment(arguments: &Arguments) -> Result<Suite, String> {
        let lines = |problems: Vec<dmsc_doc::Problems>| {
            let shown = problems.into_iter().map(|problems| without_secrets(problems).to_string());
            shown.collect::<Vec<_>>().join("\n\n")
        };
        let library = match std::env::var_os("DMSC_CASES") {
            Some(folder) => Library::from_dir(Path::new(&folder)).map_err(|e| e.to_string())?,
            None => Library::new(Bundle::builtin_as_checked()),
        };
        let cases = library.cases().map_err(lines)?;
        let mut duts = match std::env::var_os("DMSC_DUT") {
            Some(files) => {
                let faults = fault::load(library.bundle()).map_err(lines)?;
                std::env::split_paths(&files)
                    .map(|file| Dut::load(&from_root(&file), &faults).map_err(|e| e.to_string()))
                    .collect::<Result<Vec<_>, _>>()?
            }
            None => ["reference-card", "reference-terminal"]
                .iter()
                .map(|name| Dut::from_bundle(library.bundle(), name, &[]).map_err(|e| e.to_string()))
                .collect::<Result<Vec<_>, _>>()?,
        };
        duts.iter_mut().for_each(hide_in_name);
        if !arguments.list {
            duts.iter_mut().filter_map(Dut::settle).for_each(|choice| eprintln!("{choice}"));
        }
        let seed = match std::env::var("DMSC_SEED") {
            Ok(text) => text.parse().map_err(|_| format!("DMSC_SEED: \"{text}\" is not a whole number"))?,
            Err(_) => 1,
        };
        let strict = match std::env::var("DMSC_STRICT").as_deref() {
            Ok("1") => true,
            Ok("" | "0") | Err(_) => false,
            Ok(text) => return Err(format!("DMSC_STRICT: \"{text}\" is neither 0 nor 1")),
        };
        let unshown = match std::env::var("DMSC_INCONCLUSIVE") {
            Ok(text) => text.parse().map_err(|error| format!("DMSC_INCONCLUSIVE: {error}"))?,
            Err(_) => Unshown::default(),
        };
        let folder = std::env::var_os("DMSC_RUN_DIR").map(|folder| from_root(Path::new(&folder)));
        let run = Piecewise::new(duts, cases, library.bundle().clone(), seed, strict, folder);
        Ok(Suite { run: Arc::new(run.map_err(|e| e.to_string())?), unshown })
    }

    fn trials(&self) -> Vec<Trial> {
        let trials = self.run.pieces().into_iter().filter_map(|piece| {
            let (case, dut) = self.run.names(&piece)?;
            let (run, unshown) = (Arc::clone(&self.run), self.unshown);
            let trial = Trial::ignorable_test(case, move || match run.run(&piece) {
                Ok(Some(finished)) => completion(run.gate(&finished, unshown), &finished),
                Ok(None) => Err(Failed::from("the case is gone")),
                Err(error) => Err(Failed::from(error.to_string())),
            });
            Some(trial.with_kind(dut))
        });
        trials.collect()
    }

    /// What no single case shows: items that no case of theirs explains, and a run in which nothing ran. Only where
    /// this process was given them all; under cargo-nextest each case has a process of its own, and `dmsc report` judges
    /// the items.
    fn as_a_whole(&self, arguments: &Arguments, conclusion: &Conclusion) -> Result<(), String> {
        let ran = conclusion.num_passed + conclusion.num_failed + conclusion.num_ignored;
        if arguments.list || ran == 0 || std::env::var_os("NEXTEST").is_some() {
            return Ok(());
        }
        let run = self.run.so_far().map_err(|error| error.to_string())?;
        let matrix = Matrix::new(&run, Tables::builtin()).map_err(|error| error.to_string())?;
        let all = conclusion.num_filtered_out == 0 && !arguments.ignored;
        verdict_of_the_whole(&matrix, all, self.unshown)
    }
}

/// A test is run in the folder of its package; paths are meant from the root of the workspace.
fn from_root(path: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if path.is_absolute() || path.exists() { path.to_owned() } else { root.join(path) }
}
