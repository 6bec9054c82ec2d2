//! Cases, faults and DUTs: those that are part of dmsc, or those of a folder.

use std::path::{Path, PathBuf};

use clap::Args;
use dmsc_language::bundle::{Bundle, BundleError};
use dmsc_language::case::{Case, Cases, Head, Library};
use dmsc_language::dut::{Dut, DutError};
use dmsc_language::fault::{self, Fault};
use dmsc_language::variant::{self, Variant};

use dmsc_runner::redact::hide_in_name;
use dmsc_runner::select::CaseName;

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Which cases.
#[derive(Debug, Args)]
pub(crate) struct CasesArg {
    /// A folder of cases, or one with `testcases` and `fixtures` in it, instead of those that are part of dmsc
    #[arg(long, value_name = "DIR")]
    pub(crate) cases: Option<PathBuf>,
    /// A file with the numbers that a laboratory or another body has for the cases
    #[arg(long, value_name = "FILE")]
    refs: Vec<PathBuf>,
}

impl CasesArg {
    /// The files.
    ///
    /// # Errors
    /// The folder cannot be read, or holds no cases; a file with numbers cannot be read.
    pub(crate) fn bundle(&self) -> Result<Bundle, Failure> {
        let cases = bundle(self.cases.as_deref())?;
        self.refs.iter().try_fold(cases, |cases, path| {
            cases.with_refs(path).map_err(|error| match error {
                BundleError::NoText(problems) => problems.into(),
                error => Failure::Input(format!("{error}; name a file that holds a list of `case` and `refs`")),
            })
        })
    }
}

/// The files of a folder, or those that are part of dmsc.
///
/// # Errors
/// The folder cannot be read, or holds no cases.
pub(crate) fn bundle(folder: Option<&Path>) -> Result<Bundle, Failure> {
    let Some(folder) = folder else { return Ok(Bundle::builtin_as_checked()) };
    Bundle::from_dir(folder).map_err(|error| match error {
        BundleError::Read { .. } => {
            Failure::Input(format!("{error}; name a folder of cases, or none for the cases that are part of dmsc"))
        }
        BundleError::NoText(problems) => problems.into(),
        BundleError::Empty(_) => Failure::input(error),
    })
}

/// Every case of a bundle.
///
/// # Errors
/// All that is wrong with the cases.
pub(crate) fn cases(bundle: &Bundle) -> Result<Vec<Case>, Failure> {
    Ok(Library::new(bundle.clone()).load()?)
}

/// The cases of a bundle, each to be read once it is asked for where they are those that are part of dmsc.
///
/// # Errors
/// All that is wrong with the cases.
pub(crate) fn heads(bundle: &Bundle) -> Result<Cases<'static>, Failure> {
    Ok(Library::new(bundle.clone()).cases()?)
}

/// The cases that a name or pattern of the user's stands for; never none.
///
/// # Errors
/// There is none; the nearest is proposed.
pub(crate) fn named<'c>(name: &CaseName, cases: &'c [Case]) -> Result<Vec<&'c Case>, Failure> {
    let found: Vec<&Case> = cases.iter().filter(|case| name.is_of(case)).collect();
    if found.is_empty() {
        return Err(unlike(name, cases.iter().map(|case| &case.head)));
    }
    Ok(found)
}

fn unlike<'h>(name: &CaseName, cases: impl Iterator<Item = &'h Head> + Clone) -> Failure {
    let near = name.nearest(cases.map(|case| &*case.name));
    Failure::unlike("case", name.as_str(), near.as_deref(), "dmsc cases list")
}

/// The names of `--case`, each of which stands for some case.
///
/// # Errors
/// There is none for one of them; the nearest is proposed.
pub(crate) fn case_names<'h>(
    names: &[String],
    cases: impl Iterator<Item = &'h Head> + Clone,
) -> Result<Vec<CaseName>, Failure> {
    let known = |name: CaseName| {
        let some = cases.clone().any(|case| name.is_of(case));
        if some { Ok(name) } else { Err(unlike(&name, cases.clone())) }
    };
    names.iter().map(CaseName::new).map(known).collect()
}

/// Every fault of a bundle.
///
/// # Errors
/// All that is wrong with the faults.
pub(crate) fn faults(bundle: &Bundle) -> Result<Vec<Fault>, Failure> {
    Ok(fault::load(bundle)?)
}

/// Every variant of a bundle.
///
/// # Errors
/// All that is wrong with the variants.
pub(crate) fn variants(bundle: &Bundle) -> Result<Vec<Variant>, Failure> {
    Ok(variant::load(bundle)?)
}

/// A DUT that is part of the fixtures.
///
/// # Errors
/// All that is wrong with its file.
pub(crate) fn reference(bundle: &Bundle, name: &str, faults: &[Fault]) -> Result<Dut, Failure> {
    Dut::from_bundle(bundle, name, faults).map_err(dut_failure)
}

/// The DUTs of these files, each settled on one of its interfaces, which is told.
///
/// # Errors
/// All that is wrong with the first file that is wrong, or with the statement it names.
pub(crate) fn duts(files: &[PathBuf], bundle: &Bundle, terminal: &Terminal) -> Result<Vec<Dut>, Failure> {
    let faults = faults(bundle)?;
    let mut duts = files.iter().map(|path| dut(path, &faults)).collect::<Result<Vec<_>, _>>()?;
    for choice in duts.iter_mut().filter_map(Dut::settle) {
        terminal.note(&choice);
    }
    Ok(duts)
}

/// A DUT of a file; its name is without its secrets.
///
/// # Errors
/// All that is wrong with the file, or with the statement it names.
pub(crate) fn dut(path: &Path, faults: &[Fault]) -> Result<Dut, Failure> {
    let mut dut = Dut::load(path, faults).map_err(dut_failure)?;
    hide_in_name(&mut dut);
    Ok(dut)
}

fn dut_failure(error: DutError) -> Failure {
    match error {
        DutError::Wrong(problems) => problems.into(),
        error @ DutError::Read { .. } => Failure::input(error),
    }
}
