//! `dmsc cases check`: cases, includes and faults against their schemas.

use std::path::{Path, PathBuf};

use clap::Args;
use dmsc_doc::Problems;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Library;
use dmsc_language::fault;
use dmsc_language::secrets::without_secrets;
use dmsc_language::variant;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::library;
use crate::source;
use crate::terminal::Terminal;

/// Check cases, and the faults beside them
///
/// Shows the line, what was found, what is allowed and the nearest name. A single file is checked as the case of the
/// item that its folder names.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc cases check
  dmsc cases check testcases
  dmsc cases check testcases/DM_SC-C-001-M/session-id.yaml")]
pub(super) struct Check {
    /// Folders and files; what is part of dmsc unless given
    #[arg(value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// Write JSON: cases, problems
    #[arg(long)]
    json: bool,
}

/// How many cases are right, and what is wrong with the others.
#[derive(Default)]
struct Found {
    cases: usize,
    problems: Vec<Problems>,
}

impl Check {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let mut found = Found::default();
        if self.paths.is_empty() {
            found.bundle(&Bundle::builtin());
        }
        for path in &self.paths {
            if path.is_dir() {
                found.bundle(&library::bundle(Some(path))?);
            } else {
                found.file(path)?;
            }
        }
        let sound = found.problems.is_empty();
        if self.json {
            let problems = found.problems.into_iter().map(without_secrets);
            let problems: Vec<Value> = problems.map(|problems| problems.to_json()).collect();
            let problems: Vec<&Value> = problems.iter().filter_map(Value::as_array).flatten().collect();
            terminal.json(&json!({ "cases": found.cases, "problems": problems }))?;
            return Ok(if sound { Exit::Conforms } else { Exit::Input });
        }
        if !sound {
            return Err(found.problems.into());
        }
        let cases = if found.cases == 1 { "1 case is".to_owned() } else { format!("{} cases are", found.cases) };
        terminal.out(&format!("{cases} well-formed\n"))?;
        Ok(Exit::Conforms)
    }
}

impl Found {
    fn bundle(&mut self, bundle: &Bundle) {
        match Library::new(bundle.clone()).load() {
            Ok(cases) => self.cases += cases.len(),
            Err(problems) => self.problems.extend(problems),
        }
        self.problems.extend(fault::load(bundle).err().into_iter().flatten());
        self.problems.extend(variant::load(bundle).err().into_iter().flatten());
    }

    /// One file on disk, with the includes beside it, or else those that are part of dmsc.
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let source = source::read(path, "the case", "name a folder of cases or a case file")?;
        let part = |at: Option<&Path>| at.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = part(whole.parent()).unwrap_or_default();
        let inside = format!("testcases/{folder}/{}", part(Some(&whole)).unwrap_or_default());
        let mut files: Vec<(String, String)> = includes(&whole)?;
        files.push((inside.clone(), source.text));
        match Library::new(Bundle::of(files)).load() {
            Ok(cases) => self.cases += cases.len(),
            Err(all) => self.problems.extend(all.into_iter().map(|mut problems| {
                if problems.source.name == inside {
                    problems.source.name = path.display().to_string();
                }
                problems
            })),
        }
        Ok(())
    }
}

/// The includes that a case file can use, by their path in a bundle.
fn includes(case: &Path) -> Result<Vec<(String, String)>, Failure> {
    const INCLUDES: &str = "testcases/include/";
    let beside =
        case.parent().and_then(Path::parent).map(|cases| cases.join("include")).filter(|folder| folder.is_dir());
    let Some(folder) = beside else {
        let builtin = Bundle::builtin();
        return Ok(builtin.under(INCLUDES).map(|(path, text)| (path.to_owned(), text.to_owned())).collect());
    };
    let unreadable = |error: std::io::Error| {
        Failure::Input(format!("cannot read {}: {error}; check that it may be read", folder.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            let source = source::read(&entry.path(), "the include", "check that it may be read")?;
            files.push((format!("{INCLUDES}{name}"), source.text));
        }
    }
    Ok(files)
}
